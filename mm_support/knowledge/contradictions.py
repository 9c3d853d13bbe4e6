"""Entries that answer the same and say it otherwise: other amounts, other times, "closed".

    Returns         "Send it back within 30 days."              "... within 14 days."
    Opening hours   "We are open on Sundays from 10 to 16."     "We are closed on Sundays."

Compared are the clauses of entries that share a title or a question. Two clauses contradict each
other where they are about the same and differ in their figures, or where only one has figures. So
do two whole sentences that differ in nothing but their figures, where one entry's title says no
more than the other's ("Returns", "Returns of lamps"). Whether a person would call it a
contradiction is for whoever reads it to say: both are kept. Knows no index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import NamedTuple

from mm_support.language.detect import language_of
from mm_support.language.facts import NUMBER
from mm_support.language.folding import folded
from mm_support.language.sentences import (
    CELL,
    COLUMNS,
    column_names,
    sentences_holding,
    split_sentences,
)
from mm_support.language.terms import terms
from mm_support.language.versions import Numbered, numbered
from mm_support.types import Entry

MOST_NAMED = 8  # entries of one name; a name that more have says too little
MOST_CLAUSES = 40  # of an entry
ALIKE = 0.5  # share of two clauses' terms that both have (Dice), from which they are about one
TELLING = 4  # terms of a sentence that may be about one thing wherever it stands
_CLAUSE_ENDS = re.compile(r"\n|,(?=\s)|[，、]")
_AMOUNT = re.compile(NUMBER)


Frame = tuple[tuple[str, ...], Numbered]  # a sentence's terms, and its names with a number


class Contradiction(NamedTuple):
    """Two entries, and the clauses in which they differ."""

    entry: Entry
    other: Entry
    said: str
    instead: str


class _Clause(NamedTuple):
    text: str
    amounts: frozenset[str]
    terms: frozenset[str]


def contradictions(entries: Iterable[Entry]) -> Iterator[Contradiction]:
    """Each pair once, the later entry first."""
    named: dict[str, list[Entry]] = defaultdict(list)
    entries = [entry for entry in entries if not entry.declaration]
    for entry in entries:
        for name in _names(entry):
            named[name].append(entry)
    seen: set[tuple[str, str]] = set()
    for name, group in named.items():
        for one, other in _pairs(group, seen):
            if first := next(_differing(other, one, name), None):
                yield Contradiction(other, one, *first)
    for group in _of_one_frame(entries):
        for one, other in _pairs(group, seen):
            if first := next(_said_otherwise(other, one), None):
                yield Contradiction(other, one, *first)


def _pairs(group: list[Entry], seen: set[tuple[str, str]]) -> Iterator[tuple[Entry, Entry]]:
    """Those that may both hold and were not seen before; of a name that many have, none."""
    for one, other in combinations(group, 2) if len(group) <= MOST_NAMED else ():
        if (one.id, other.id) not in seen and _may_both_hold(one, other):
            seen.add((one.id, other.id))
            yield one, other


def differing(one: Entry, other: Entry) -> Iterator[tuple[str, str]]:
    """Every two clauses in which two entries contradict each other, the first entry's first."""
    for name in _names(one) & _names(other):
        yield from _differing(one, other, name)
    yield from _said_otherwise(one, other)


def by_id(found: Iterable[Contradiction]) -> dict[str, list[str]]:
    """The id of each entry that is contradicted -> those of the entries that do."""
    pairs: dict[str, list[str]] = defaultdict(list)
    for entry, other, *_ in found:
        pairs[entry.id].append(other.id)
        pairs[other.id].append(entry.id)
    return dict(pairs)


def _names(entry: Entry) -> set[str]:
    return {folded(text) for text in (entry.title, *entry.questions)} - {""}


def _of_one_frame(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Those that have sentences of one frame. Names with a number are looked for only where the
    terms are the same, since that takes long."""
    worded: dict[tuple[str, ...], list[tuple[Entry, str]]] = defaultdict(list)
    for entry in entries:
        for words, sentence in _worded(entry):
            worded[words].append((entry, sentence))
    for held in worded.values():
        groups: dict[Numbered, dict[str, Entry]] = defaultdict(dict)
        for entry, sentence in held if len(held) > 1 else ():
            groups[numbered(sentence, title=True)][entry.id] = entry
        yield from (list(group.values()) for group in groups.values())


def _worded(entry: Entry) -> Iterator[tuple[tuple[str, ...], str]]:
    """The terms of each sentence without its figures, where they say enough to be about one thing,
    and the sentence."""
    language = _language(entry)
    for sentence in sentences_holding(_AMOUNT, entry.answer, language):
        words = terms(_AMOUNT.sub(" ", sentence), language)
        if len(words) >= TELLING:
            yield words, sentence


def _frames(entry: Entry) -> dict[Frame, str]:
    """Frame -> sentence; names with a number are no figures."""
    return {(words, numbered(said, title=True)): said for words, said in _worded(entry)}


def _said_otherwise(entry: Entry, other: Entry) -> Iterator[tuple[str, str]]:
    """Their sentences that differ in nothing but figures, where one's title says no more than the
    other's: "Returns" and "Returns of lamps", not those of two shops.
    """
    one, second = (frozenset(terms(each.title, _language(each))) for each in (entry, other))
    mine, theirs = _frames(entry), _frames(other)
    shared = mine.keys() & theirs.keys() if one <= second or second <= one else ()
    pairs = ((mine[frame], theirs[frame]) for frame in shared)
    return ((a, b) for a, b in pairs if _AMOUNT.findall(a) != _AMOUNT.findall(b))


def _may_both_hold(one: Entry, other: Entry) -> bool:
    """Whether they stand in two documents, in one language, hold both on some day, and are no two
    variants.
    """
    first = max(one.valid_from or date.min, other.valid_from or date.min)
    last = min(one.valid_until or date.max, other.valid_until or date.max)
    apart = one.document != other.document or not one.document
    alike = _language(one) == _language(other) and not _are_variants(one, other)
    return first <= last and apart and alike


def _are_variants(one: Entry, other: Entry) -> bool:
    """Whether they are rows of one table that differ in several cells: two sizes of a product have
    two numbers and two prices.
    """
    rows = [[cell.strip() for cell in CELL.split(entry.answer)] for entry in (one, other)]
    table = len(column_names(one.answer) & column_names(other.answer)) >= COLUMNS
    files = {entry.source.rpartition(":")[0] for entry in (one, other)}
    return table and len(files) == 1 and len({*rows[0]} - {*rows[1]}) > 1


def _language(entry: Entry) -> str:
    return entry.language or language_of(entry.text)


def _clauses(entry: Entry, name: str) -> list[_Clause]:
    """What an entry says, clause by clause; what its name says is said in all of them."""
    language = _language(entry)
    known = set(terms(name, language))
    pieces = (p for s in split_sentences(entry.answer) for p in _CLAUSE_ENDS.split(s))
    clauses = []
    for text in list(filter(str.strip, pieces))[:MOST_CLAUSES]:
        amounts = frozenset(map(_normal, _AMOUNT.findall(text)))
        words = (term for term in terms(_AMOUNT.sub(" ", text), language) if not term.isdigit())
        clauses.append(_Clause(text.strip(), amounts, frozenset(words) - known))
    return clauses


def _differing(entry: Entry, against: Entry, name: str) -> Iterator[tuple[str, str]]:
    """Their clauses that contradict each other; what both entries say does not count."""
    one, other = _clauses(entry, name), _clauses(against, name)
    known = {folded(clause.text) for clause in one} & {folded(clause.text) for clause in other}
    alone = len(one) == len(other) == 1
    mine, theirs = ([own for own in c if folded(own.text) not in known] for c in (one, other))
    return ((a.text, b.text) for a in mine for b in theirs if _contradict(a, b, alone))


def _contradict(one: _Clause, other: _Clause, alone: bool) -> bool:
    """alone: whether each is all that its entry says, so that both are about the name."""
    if not (one.amounts and other.amounts):
        return bool(one.amounts or other.amounts) and _alike(one.terms, other.terms)
    differ = not (one.amounts <= other.amounts or other.amounts <= one.amounts)
    return differ and (alone or _alike(one.terms, other.terms))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two clauses are about the same; one without terms is about the name alone."""
    return not one or not other or 2 * len(one & other) >= ALIKE * (len(one) + len(other))


def _normal(amount: str) -> str:
    return re.sub(r"[.,:]0+$", "", amount).replace(",", ".")
