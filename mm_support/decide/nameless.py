"""What is asked of a named thing and stands elsewhere: "can I return my HE-220?" is answered by
what is said of returns, not by what is said of the HE-220.

The name alone finds the thing, however little its entry says of the rest. So the rest is looked up
by itself too. Knows no index: what was found comes in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from mm_support.decide.coded import CLOSE, codes_in
from mm_support.decide.decision import Decision
from mm_support.decide.rows import columns_of, of_one_row, things_in
from mm_support.language.asks import affirmed, amounts_asked, amounts_stated, without_amounts
from mm_support.language.codes import COMPOUND, normalise, written
from mm_support.language.names import names_itself
from mm_support.language.sentences import COLON
from mm_support.language.terms import BARE, NUMERALS, TOKEN, term_set
from mm_support.language.versions import numbered
from mm_support.types import Entry, Hit

NUMBER = re.compile(rf"\d+|{NUMERALS}")
JOINTS = " -."  # between the words of a name
# share of the best score below which an entry says nothing of what is asked: of 12 rows that said
# it all had 0.54 or more, of 13 that did not twelve had less than 0.46
FAR = 0.5
# score up to which a row is hardly found: of 13 that were not asked for what they say twelve had
# less than 0.17, of 16 that were none less than 0.2
HARDLY = 0.18


def without_name(words: str, named: Entry) -> str:
    """A customer's words without the name of an entry: "can I return my", of my HE-220. A name is
    what stands together in both, with a code, or with a number beside a word; of a row of a table
    also several words, or all, of its title, or else a code in any of its cells.
    """
    asked = words
    row = of_one_row(named)
    parts = [part.strip() for part in COLON.split(named.title)]
    for start, end in reversed([*_titled_in(words, named.title)]):
        said, meant = words[start:end], term_set(words[start:end])
        number = any(map(NUMBER.fullmatch, said.split()))
        several = len(said.split()) > 1 and bool(meant)
        whole = row and said.lower() == parts[-1].lower()
        if codes_in(meant) or several and (number or row) or whole:
            words = f"{words[:start].rstrip()} {words[end:].lstrip()}"
    if row and BARE.match(parts[-1]):  # no blanks part it from what else is said
        words = words.replace(parts[-1], " ")
    rest = words.strip()
    if row and rest == asked.strip():
        own = written(named.text)
        rest = COMPOUND.sub(lambda code: " " if normalise(code[0]) in own else code[0], rest)
    return rest.strip()


def without_things(words: str, table: Entry) -> str:
    """A customer's words without what stands first in the rows of a table: "is there parking at the
    shop", of the shop in Hull.
    """
    for thing in things_in(words, table):
        words = re.sub(re.escape(thing), " ", words, flags=re.IGNORECASE)
    return words.strip()


def says_nothing(named: Entry, rest: str, found: Sequence[Hit]) -> bool:
    """Whether an entry, unless it is a text about a code, does not say what is asked beside its
    name: it has no word of it, states no such amount, and was hardly found by it ("does the M76
    have a reverse gear?").
    """
    asked = term_set(without_amounts(affirmed(rest)))
    coded = codes_in(term_set(named.title)) and not of_one_row(named)
    if coded or not asked or asked & term_set(named.text):
        return False
    return not any(hit.entry.id == named.id and hit.score > HARDLY for hit in found)


def elsewhere(
    by_name: Decision,
    named: Entry,
    rest: str,
    alone: Decision,
    found: Sequence[Hit],
    surer: float,
    says: Callable[[Entry], float],
) -> Decision | None:
    """What is decided where something else is said of the rest than by the entry of the name; None
    where nothing is, or it is about another thing with a name of its own.

    alone: what the rest by itself comes to; found: for that, best first. A sure answer by the name
    gives way to one that is sure though the name's entry says nothing of the rest, or as sure as
    `surer`; one in doubt is offered beside what is in doubt itself. What has the name stays where
    it states the price or time that is all that is asked beside it, or its title has some of the
    rest too, as does a row with a column for it; a text about a code where it says as likely what
    is asked ("what does E24 mean?"). says: how likely an entry says the rest, 0..1.
    """
    best = alone.hits[0].entry if alone.hits else named
    if best.id == named.id or is_another(best, named, rest):
        return None
    own = next((hit for hit in found if hit.entry.id == named.id), found[-1]).score
    share, sure = own / (found[0].score or 1.0), by_name.reason == "evidence"
    title = term_set(named.title)
    coded = codes_in(title) and not of_one_row(named)
    meant = says(named) >= says(best) if sure and coded else term_set(rest) & title
    if share >= CLOSE or sure and (meant or _states(named, rest)):
        return None
    asked = term_set(without_amounts(rest))
    if of_one_row(named) and len(asked) <= 2 * len(asked & columns_of(named)) > 0:
        return None
    if alone.reason == "evidence":
        return alone if not sure or share < FAR or alone.confidence >= surer else None
    if sure or alone.reason != "ambiguous" or share >= FAR or not by_name.hits:
        return None
    return replace(alone, hits=(alone.hits[0], by_name.hits[0]))


def by_words(
    by_photo: Decision,
    shown: Entry | None,
    words: str,
    alone: Decision,
    found: Sequence[Hit],
    surer: float,
    says: Callable[[Entry], float],
) -> Decision | None:
    """What is decided where the words beside a photo are answered elsewhere than by the entry that
    it shows, if it shows one; None where they are not, or by another thing that has pictures and
    is not named. The others as for `elsewhere`.
    """
    if alone.reason not in ("evidence", "ambiguous"):
        return None
    best = alone.hits[0].entry
    if pictured_unnamed(best, words):
        return None
    if shown is not None:
        return elsewhere(by_photo, shown, words, alone, found, surer, says)
    if by_photo.reason == "evidence" or is_another(best, None, words):
        return None
    return alone if alone.reason == "evidence" or by_photo.reason == "unknown" else None


def pictured_unnamed(entry: Entry, words: str) -> bool:
    """Whether an entry is about a thing that has pictures and of whose title no word is said."""
    return bool(entry.pictures) and term_set(words).isdisjoint(term_set(entry.title))


def in_doubt(by_name: Decision, alone: Decision) -> Decision:
    """A sure answer by a name, which says nothing of the rest, as a question back: beside it what
    the rest by itself may be about.
    """
    other = alone.hits[:1] if alone.reason == "ambiguous" else ()
    told = {hit.entry.id: hit for hit in (*by_name.hits[:1], *other)}
    return replace(by_name, action="clarify", reason="ambiguous", hits=tuple(told.values()))


def _states(named: Entry, rest: str) -> bool:
    """Whether the rest only asks for an amount, of a kind that an entry states."""
    asked = amounts_asked(rest)
    return (
        bool(asked) and not term_set(without_amounts(rest)) and asked <= amounts_stated(named.text)
    )


def is_another(entry: Entry, named: Entry | None, rest: str) -> bool:
    """Whether an entry is about another thing: of the same intent, or with a name of its own, with
    a code or a number, or one that is not asked about.
    """
    coded = codes_in(term_set(entry.title)) or numbered(entry.title, title=True)
    own = names_itself(entry.title, entry.answer)
    alike = named is not None and bool(entry.intent) and entry.intent == named.intent
    asked = rest.casefold()  # people type names in small letters
    return bool(alike or coded or own and not any(name.casefold() in asked for name in own))


def _titled_in(words: str, title: str) -> Iterator[tuple[int, int]]:
    """From where to where words stand together that a title has."""
    titled = frozenset(token[0].lower() for token in TOKEN.finditer(title)) | term_set(title)
    start = end = 0
    for token in TOKEN.finditer(words):
        inside = token[0].lower() in titled or frozenset() < term_set(token[0]) <= titled
        if end and (not inside or words[end : token.start()].strip(JOINTS)):
            yield start, end
            end = 0
        if inside:
            start, end = start if end else token.start(), token.end()
    if end:
        yield start, end
