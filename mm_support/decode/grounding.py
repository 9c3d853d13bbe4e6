"""Which sentence of the evidence does a drafted sentence quote?

A draft is never shown itself: what is shown is the evidence's own sentence, so that no condition,
amount or negation can be lost or added on the way. A drafted sentence quotes the one that

    holds it    all of the draft's terms are among the sentence's, or name the entry's subject
    is it       at least MIN_KEPT of the sentence's terms are in the draft

A draft that merges sentences, or adds something of its own, quotes none. Works on terms alone:
knows no language model and no encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mm_support.language.sentences import split_sentences, without_markers
from mm_support.language.terms import term_set
from mm_support.types import Entry

MIN_KEPT = 0.5  # share of the quoted sentence's terms


class Support(NamedTuple):
    """rank: 1-based place of the entry that holds the sentence. sentence: as it stands there."""

    rank: int
    sentence: str


class _Source(NamedTuple):
    support: Support
    title: frozenset[str]
    terms: frozenset[str]


class Grounding:
    """Looks drafted sentences up in entries, best entry first."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._sources = [
            source
            for rank, entry in enumerate(entries, start=1)
            for source in _sources(rank, entry)
        ]

    def check(self, sentence: str) -> Support | None:
        """The sentence that is quoted, or None. Markers such as [1] in the draft are not read."""
        asked = term_set(without_markers(sentence))
        holding = [source for source in self._sources if _holds(source, asked)]
        if not asked or not holding:
            return None
        return max(holding, key=lambda source: _kept(source, asked)).support


def _sources(rank: int, entry: Entry) -> Iterator[_Source]:
    title = term_set(entry.title)
    for sentence in split_sentences(entry.answer):
        yield _Source(Support(rank, sentence), title, term_set(sentence))


def _holds(source: _Source, asked: frozenset[str]) -> bool:
    return asked <= source.terms | source.title and _kept(source, asked) >= MIN_KEPT


def _kept(source: _Source, asked: frozenset[str]) -> float:
    """The share of the source's terms that a draft has."""
    return len(asked & source.terms) / max(len(source.terms), 1)
