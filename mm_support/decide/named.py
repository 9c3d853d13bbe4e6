"""Names that are asked for must be those that are answered: what is told apart by a code, a number
or a word of the title. Knows the hits of one question, and no probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from mm_support.decide.coded import close, code_of_another, codes_in
from mm_support.decide.name_terms import (
    as_titled,
    asked_terms,
    entry_terms,
    language_of_title,
    naming,
    said_terms,
    terms_of_title,
    title_terms,
    unmarked,
    with_first,
)
from mm_support.decide.rows import (
    beyond_rows,
    columns_of,
    holds_amount,
    in_range,
    of_another_size,
    of_no_row,
    with_row,
)
from mm_support.language.asks import affirmed, amounts_asked, amounts_stated, without_amounts
from mm_support.language.countries import countries_in, covered_by
from mm_support.language.detect import language_of
from mm_support.language.sentences import COLON
from mm_support.language.terms import term_set, terms
from mm_support.language.versions import Numbered, holds, names_another, numbered
from mm_support.types import Entry, Hit, of_one_document

# share of the best score from which on an entry is as good: what was quoted just before is meant
# then (policy.py). Right entries first of 93 follow-ups of the packs and 198 of
# assets/training/questions, with 0.8: 74, 170; 0.9: 81, 164; 0.95: 81, 162; without: 81, 156
AS_GOOD = 0.9


def asks_amount_of(words: str, entry: Entry) -> bool:
    """Whether a question is no more than the code that an entry's title has alone, words of that
    title, and words that ask for an amount of a kind that the entry states: "How much is the
    HE-220?".
    """
    asked, title = amounts_asked(words), term_set(entry.title)
    named = term_set(without_amounts(affirmed(words)))
    codes = codes_in(named)
    alone = bool(codes) and named <= title and codes == codes_in(title)
    return alone and bool(asked) and asked <= amounts_stated(entry.text)


def told_before(words: str, hits: Sequence[Hit], cited: Collection[str]) -> tuple[Hit, ...]:
    """The hits that the turn before cited and that state what a question asks for which is no more
    than words for an amount, or names of their columns: "And how much is it?", "And per week?".
    cited: ids of entries.
    """
    asked, named = amounts_asked(words), term_set(without_amounts(words))
    if not asked and not named:
        return ()
    told = (hit for hit in hits if hit.entry.id in cited)
    return tuple(
        hit
        for hit in told
        if asked <= amounts_stated(hit.entry.text) and named <= columns_of(hit.entry)
    )


def names_another_thing(words: str, hits: Sequence[Hit]) -> bool:
    """Whether the best entry is not what a question names.

    An entry about the Aster 60 does not answer for the Aster 50, nor one about jugs what the Brew 2
    costs, as long as there is an entry about the Brew 2; nor one about the shade of a lamp which
    charger it takes, where there are entries about chargers; nor one product's E7 for another's,
    nor what is for 4 to 10 kg for a dog of 15 kg, nor the branch in one town for another's, nor an
    entry for a country that it does not name: of 14 such answers to questions of the packs and
    assets/training eight were wrong.
    """
    if _of_another_country(words, hits[0].entry):
        return True
    words = as_titled(words, hits)
    otherwise = _numbered_otherwise(words, hits) or code_of_another(words, hits)
    held = holds_amount(words, hits[0].entry)
    otherwise = otherwise or (of_no_row(words, hits) if held is None else not held)
    near = [hit.entry for hit in close(hits)[1:]]
    otherwise = otherwise or of_another_size(words, hits[0].entry, near)
    return otherwise or any(better_named(words, hits))


def _of_another_country(words: str, entry: Entry) -> bool:
    """Whether the question names a country that the entry names in no language, nor what it is part
    of: the EU, of Spain.
    """
    asked = {names for _, names in countries_in(words)}
    return bool(asked) and asked.isdisjoint(covered_by(entry.text))


def _numbered_otherwise(words: str, hits: Sequence[Hit]) -> bool:
    """Whether a name with a number in the question is not what the best entry is about: its title
    has the name with another number, as other titles have where nothing found has it, or holds
    nothing that was asked where the title of a close one holds the very name.
    """
    asked, best = numbered(words), hits[0].entry
    every = [with_first(hit.entry.title) for hit in hits], [hit.entry.text for hit in hits]
    if not asked or names_another(asked, [best.title], [best.text]) or names_another(asked, *every):
        return bool(asked)
    titles = [numbered(hit.entry.title, title=True) for hit in close(hits)[1:]]
    elsewhere = any(holds(name, titled) for name in asked for titled in titles)
    return elsewhere and asked_terms(words).isdisjoint(terms_of_title(hits[0], words))


def named_first(words: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits, in front of them the one that is meant: of those that hold every code or name with
    a number asked for the one whose title names most of the question; else a sibling of the best
    one that is named better and holds all that is asked of the best one's title.

    Who asks for "Aster 40" means it, not the filter for it; "HE-220" alone is the machine, and "a
    tank for my HE-220" is the tank.
    """
    if not hits:
        return ()
    words = as_titled(words, hits)
    asked = asked_terms(words)
    meant = asked & terms_of_title(hits[0], words)
    better = (hit for hit in better_named(words, hits) if meant <= entry_terms(hit.entry))
    named = _holder(words, hits) or _thing(words, hits) or next(better, hits[0])
    named = with_row(
        term_set(affirmed(words)), named, [hit for hit in hits if hit.score >= hits[0].score / 2]
    )
    named = beyond_rows(words, in_range(words, named, hits), close(hits))
    named = stating(words, named, hits)
    first = replace(named, score=hits[0].score)  # as near as what only looked nearer
    return (first, *(hit for hit in hits if hit is not named))


def stating(words: str, best: Hit, hits: Sequence[Hit]) -> Hit:
    """The best hit, or where a price is asked for and it states none, the first that does of those
    that are as good: what a thing costs stands in another entry than how it is used. A time is
    stated by most entries, so it tells none apart.
    """
    if "price" not in amounts_asked(words) or _priced(best):
        return best
    near = (hit for hit in hits if hit.score >= AS_GOOD * hits[0].score)
    return next(filter(_priced, near), best)


def _priced(hit: Hit) -> bool:
    return "price" in amounts_stated(hit.entry.text)


def with_named(words: str, hits: Sequence[Hit], most: int) -> tuple[Hit, ...]:
    """So many of the hits, best first, among them those that a code in the question names by their
    titles, however far behind the others they were found.
    """
    codes = codes_in(asked_terms(words))
    found = [hit for at, hit in enumerate(hits) if at < most or codes & terms_of_title(hit)]
    named = (*named_first(words, found)[:1], *both_named(words, found))
    ids = {hit.entry.id for hit in named}
    others = [hit.entry.id for hit in found if hit.entry.id not in ids][: most - len(ids)]
    return tuple(hit for hit in found if hit.entry.id in ids or hit.entry.id in others)


def which(words: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits between which a question is open, the best one among them: their names differ by
    codes or words of which it has none ("ScanBox", of ScanBox S2 and ScanBox S2 Mini), or their
    titles have the code that it names and different things beside it ("F1", of an oven and a hob),
    and they say as much of what it asks; nothing where there is one.
    """
    asked = asked_terms(as_titled(words, hits))
    codes = codes_in(asked)
    if not hits or not (meant := asked & _coded(hits[0])):
        return ()
    said = asked & entry_terms(hits[0].entry)
    alike = [hit for hit in close(hits) if asked & _coded(hit) == meant]
    told = [hit for hit in alike if asked & entry_terms(hit.entry) == said]
    if codes:
        told = [hit for hit in told if hit is hits[0] or _other_thing(hit, hits[0], codes)]
    best = {_coded(hit): hit for hit in reversed(told)}
    return tuple(hit for hit in told if hit in best.values()) if len(best) > 1 else ()


def _other_thing(hit: Hit, best: Hit, codes: frozenset[str]) -> bool:
    """Whether a hit is no part or translation of the best one's document, nor something for it, and
    neither has the other's name within its own.
    """
    entry, other, own, name = hit.entry, best.entry, _coded(hit), _coded(best)
    apart = not of_one_document(entry, other) and language_of(entry.text) == language_of(other.text)
    equal = _begins_with(entry.title, codes) == _begins_with(other.title, codes)
    return apart and equal and not (own <= name or name <= own)


def named_among(words: str, titles: Sequence[str]) -> str:
    """The title that has all words of a message, by its code where several do; "" for none."""
    asked = term_set(affirmed(words))
    held = [Hit(Entry("", title, ""), 0.0) for title in titles if asked <= term_set(title)]
    found = held[0] if asked and len(held) == 1 else _holder(words, held)
    return found.entry.title if found else ""


def _coded(hit: Hit) -> frozenset[str]:
    """The part of a title, between colons, that has a code; nothing where none has."""
    parts = map(title_terms, COLON.split(hit.entry.title))
    return next(filter(codes_in, parts), frozenset())


def _holder(words: str, hits: Sequence[Hit]) -> Hit | None:
    """The hit that holds what a question names, is not named at greater length than another that
    does (ScanBox S2 Mini, of ScanBox S2) by what nobody asked for, and has more of the question in
    its title than the others, or is that thing and not something for it, or has as much in a
    shorter name, or else in its text; None where nothing is named, or by no such hit.
    """
    asked = asked_terms(words)
    codes = codes_in(asked)
    holders = [hit for hit in hits if codes <= entry_terms(hit.entry)] if codes else []
    holders = holders or _numbered_alike(words, hits)  # brew-3 is the Brew 3
    names = [_name(hit, codes, words) for hit in holders]
    ranks = [
        (
            not any(other < name and asked.isdisjoint(name - other) for other in names),
            len(asked & terms_of_title(hit, words)),
            not codes < codes_in(name),
            _begins_with(hit.entry.title, codes),
            -len(name - asked),
            len(asked & entry_terms(hit.entry)),
        )
        for hit, name in zip(holders, names)
    ]
    return holders[ranks.index(max(ranks))] if ranks else None


def _thing(words: str, hits: Sequence[Hit]) -> Hit | None:
    """The hit whose title holds all that a question says beside words for an amount, where the best
    one's holds nothing of it: filters cost what their row says, not what the machine with one does.
    """
    named = naming(term_set(without_amounts(affirmed(words))))
    if not amounts_asked(words) or not named or named & terms_of_title(hits[0], words):
        return None
    return next((hit for hit in hits if named <= unmarked(terms_of_title(hit, words))), None)


def _numbered_alike(words: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits that are what a question names with a number, and whose titles hold all of it that
    titles of close ones do: none for "a jug for the Brew 2" where there is an entry about jugs.
    """
    names, asked = numbered(affirmed(words)), asked_terms(words)
    meant = frozenset(word for word, _ in names)
    titled = asked & _titled(words, close(hits))
    return [
        hit
        for hit in hits
        if names and titled <= terms_of_title(hit, words) and _holds_all(names, hit.entry.title)
        if _begins_with(hit.entry.title, meant)
    ]


def _holds_all(names: Numbered, title: str) -> bool:
    titled = numbered(title, title=True)
    return all(holds(name, titled) for name in names)


def _begins_with(title: str, meant: frozenset[str]) -> bool:
    """Whether a title is of the thing that it names, and not of something for it: "Aster 40 vacuum
    cleaner", but "Filter for the Aster 40", where a word of grammar leads from one to the other,
    or "Filter (Aster 40)".
    """
    before = list[str]()
    for word in title.split():
        if term_set(word) & meant:
            leads = word.startswith("(") or not before or not term_set(before[-1])
            return not leads or not term_set(" ".join(before))
        before.append(word)
    return True


def _name(hit: Hit, codes: frozenset[str], words: str) -> frozenset[str]:
    """What a title says between the colons around a code; all of it where it has none."""
    language = language_of_title(hit, words)
    parts = (title_terms(part, language) for part in COLON.split(hit.entry.title))
    return next((part for part in parts if part & codes), terms_of_title(hit, words))


def both_named(words: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Two hits that a question names, as where two models are compared; those whose titles are most
    alike, and say the least else; nothing where there is no such pair, or where another one tells
    what is asked of both.
    """
    words = as_titled(words, hits)
    asked = asked_terms(words)
    pairs = [pair for pair in combinations(hits, 2) if _are_both_named(words, *pair)]
    if not pairs:
        return ()
    pair = min(pairs, key=lambda pair: _said_else(words, *pair))
    best, named = named_first(words, hits)[0].entry, _titled(words, pair)
    told = not unmarked(asked) <= unmarked(named) and asked <= entry_terms(best)
    return () if told and all(best is not hit.entry for hit in pair) else pair


def only_names(words: str, hits: Sequence[Hit]) -> bool:
    """Whether most of a question's terms are those by whose titles it names the hits: "Basic or
    Plus?".
    """
    asked, titled = naming(term_set(affirmed(words))), unmarked(_titled(words, hits))
    return 2 * len(asked & titled) > len(asked)


def _are_both_named(words: str, hit: Hit, second: Hit) -> bool:
    """Whether a question names each of two: by a code or a name with a number, or by titles that
    differ in nothing but what was asked; the shorter of "T10" and "T10 Go" where it is said more
    often than what the other one has beside it.
    """
    said, title, other = (
        Counter(said_terms(affirmed(words))),
        terms_of_title(hit, words),
        terms_of_title(second, words),
    )
    if not title & other or title == other:
        return False
    own, others = (_named_in(words, each.entry.title) for each in (hit, second))
    if title - other and other - title:
        return title ^ other <= said.keys() or bool(own - others and others - own)
    codes = codes_in(asked_terms(words))
    shared = _name(hit, codes, words) & _name(second, codes, words)
    beside = [said[term] for term in title ^ other]
    return 0 < min(beside) <= max(beside) < max((said[term] for term in shared), default=0)


def _titled(words: str, hits: Sequence[Hit]) -> frozenset[str]:
    return frozenset().union(*(terms_of_title(hit, words) for hit in hits))


def _said_else(words: str, hit: Hit, second: Hit) -> tuple[int, int]:
    """In how many words that were not asked for two titles differ, and how much they say."""
    lengths = (len(terms(each.entry.title)) for each in (hit, second))
    differ = terms_of_title(hit, words) ^ terms_of_title(second, words)
    return len(differ - asked_terms(words)), sum(lengths)


def _named_in(words: str, title: str) -> frozenset[str | tuple[str, str]]:
    """The codes of a question, and its names with a number, that a title holds."""
    titled = numbered(title, title=True)
    names = (name for name in numbered(words) if holds(name, titled))
    return frozenset((*names, *(codes_in(asked_terms(words)) & term_set(title))))


def better_named(words: str, hits: Sequence[Hit]) -> Iterator[Hit]:
    """Close entries whose titles share words with the best one's and name what it says nowhere, a
    code that its title has not, or nothing but what was asked, where its own goes on about
    something else. Words that ask for an amount name nothing: "how long" in two titles.
    """
    asked, best = asked_terms(words), terms_of_title(hits[0], words)
    codes, held = codes_in(asked), best | entry_terms(hits[0].entry)
    naming = asked & asked_terms(without_amounts(words))
    for hit in close(hits)[1:]:
        title = terms_of_title(hit, words)
        missing = naming & title - held | codes & title - best
        whole = len(title) > 1 and title <= asked and not best <= asked and asked & best <= title
        if title & best and title != best and (missing or whole):
            yield hit
