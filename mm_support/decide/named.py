"""Names that are asked for must be those that are answered: what is told apart by a code, a number
or a word of the title. Knows the hits of one question, and no probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from mm_support.knowledge.query import SearchQuery
from mm_support.language import identifiers
from mm_support.language.terms import term_set
from mm_support.language.versions import holds, names_another, numbered
from mm_support.types import Entry, Hit

CODE = re.compile(r"[^\W\d_]\d")  # letters that run into digits
CLOSE = 0.8  # share of the best score that makes another entry a candidate


def names_another_code(query: SearchQuery, entry: Entry) -> bool:
    """Whether the customer typed or said an identifier of a kind that the entry's title names, or
    with letters that all of it names, but not one of the entry's.

    An entry about E41 does not answer a question about E99 or "error 10", one that explains PAY-31
    none about PAY-32; an order number, of a kind that the entry does not name at all, changes
    nothing.
    """
    texts = (query.identifiers.get(name, frozenset()) for name in ("text", "speech"))
    asked = frozenset().union(*texts)
    titled, known = identifiers.named_in_title(entry.title), identifiers.identifiers_of(entry)
    lettered = frozenset(code for code in known if not code.isdigit())
    return not identifiers.match(asked, known) and any(
        identifiers.same_kind(code, other)
        for code in asked
        for other in (titled if code.isdigit() else titled | lettered)
    )


def photo_names(query: SearchQuery, hits: Sequence[Hit]) -> bool:
    """Whether the photo shows an identifier of the best entry, read exactly."""
    read = query.identifiers.get("photo_text", frozenset())
    return bool(hits) and not read.isdisjoint(identifiers.identifiers_of(hits[0].entry))


def names_another_thing(words: str, hits: Sequence[Hit]) -> bool:
    """Whether the best entry is not what a question names.

    An entry about the Aster 60 does not answer for the Aster 50, nor one about jugs what the Brew 2
    costs, as long as there is an entry about the Brew 2; nor one about the shade of a lamp which
    charger it takes, where there are entries about chargers.
    """
    return _numbered_otherwise(words, hits) or any(better_named(term_set(words), hits))


def _numbered_otherwise(words: str, hits: Sequence[Hit]) -> bool:
    """Whether a name with a number in the question is not what the best entry is about: its title
    has the name with another number, or holds nothing that was asked where the title of a close one
    holds the very name.
    """
    asked, best = numbered(words), hits[0].entry
    if not asked or names_another(asked, best.title, best.text):
        return bool(asked)
    titles = [numbered(hit.entry.title, title=True) for hit in close(hits)[1:]]
    elsewhere = any(holds(name, titled) for name in asked for titled in titles)
    return elsewhere and term_set(words).isdisjoint(term_set(best.title))


def named_first(words: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits, in front of them the one that is meant: of those that hold every code asked for the
    one whose title names most of the question; else a sibling of the best one that is named better
    and holds all that is asked of the best one's title.

    Who asks for "Aster 40" means it, not the filter for it; "HE-220" alone is the machine, and "a
    tank for my HE-220" is the tank.
    """
    asked = term_set(words)
    if not hits:
        return ()
    meant = asked & term_set(hits[0].entry.title)
    better = (hit for hit in better_named(asked, hits) if meant <= _terms(hit.entry))
    named = _holder(asked, hits) or next(better, hits[0])
    first = replace(named, score=hits[0].score)  # as near as what only looked nearer
    return (first, *(hit for hit in hits if hit is not named))


def codes_in(asked: frozenset[str]) -> frozenset[str]:
    return frozenset(term for term in asked if term.isalnum() and CODE.search(term))


def _holder(asked: frozenset[str], hits: Sequence[Hit]) -> Hit | None:
    """The hit that holds every code of the question, and more of it in its title than the others
    that do, or as much in fewer words; None where there is no code, or no such hit.
    """
    codes = codes_in(asked)
    holders = [hit for hit in hits if codes <= _terms(hit.entry)] if codes else []
    titles = [term_set(hit.entry.title) for hit in holders]
    ranks = [(len(asked & title), -len(title)) for title in titles]
    return holders[ranks.index(max(ranks))] if ranks else None


def both_named(words: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Two hits that a question names, as where two models are compared: by a code or a name with a
    number each, or by titles that differ in nothing but what was asked; those whose titles say the
    least else; nothing where there is no such pair.
    """
    asked = term_set(words)
    titled = [(hit, term_set(hit.entry.title), _named_in(words, hit.entry.title)) for hit in hits]
    pairs = [
        (len((title | other) - asked), (hit, second))
        for (hit, title, own), (second, other, others) in combinations(titled, 2)
        if title & other and title - other and other - title
        if title ^ other <= asked or (own - others and others - own)
    ]
    return min(pairs, key=lambda pair: pair[0])[1] if pairs else ()


def _named_in(words: str, title: str) -> frozenset[str | tuple[str, str]]:
    """The codes of a question, and its names with a number, that a title holds."""
    titled = numbered(title, title=True)
    names = (name for name in numbered(words) if holds(name, titled))
    return frozenset((*names, *(codes_in(term_set(words)) & term_set(title))))


def better_named(asked: frozenset[str], hits: Sequence[Hit]) -> Iterator[Hit]:
    """Close entries whose titles share words with the best one's and name what it says nowhere, a
    code that its title has not, or nothing but what was asked, where its own goes on about
    something else.
    """
    if not hits:
        return
    best, held = term_set(hits[0].entry.title), _terms(hits[0].entry)
    codes = codes_in(asked)
    for hit in close(hits)[1:]:
        title = term_set(hit.entry.title)
        missing = asked & title - held | codes & title - best
        whole = len(title) > 1 and title <= asked and not best <= asked and asked & best <= title
        if title & best and title != best and (missing or whole):
            yield hit


def _terms(entry: Entry) -> frozenset[str]:
    return term_set(entry.title) | term_set(entry.text)


def close(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The entries that may hold the answer: the best one, and those whose score is close to its."""
    return tuple(hit for hit in hits if hit.score >= CLOSE * hits[0].score)
