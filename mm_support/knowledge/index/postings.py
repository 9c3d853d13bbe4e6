"""Which entries of a base hold a term, and how often: BM25, and coverage by rarity.

Terms come from the language room, so that pairs of Chinese characters are found like words. A
posting is (entries (k,) int32, counts (k, FIELDS) uint8), as bytes in a table that is indexed by
term; nothing is read but the terms of the question. Knows no vector.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from mm_support.knowledge.index.table import Table

FIELDS = ("title", "questions", "answer")
FEW, EVERYWHERE = 3, 0.25  # entries, and share of them; a term that more have names none
MOST = 255  # occurrences of a term in a field that are counted
SATURATION, LENGTH = 1.2, 0.75  # k1 and b of BM25, as usual (Robertson and Zaragoza 2009)

SCHEMA = """
CREATE TABLE terms (term TEXT PRIMARY KEY, entries BLOB, counts BLOB) WITHOUT ROWID;
CREATE TABLE lengths (field TEXT PRIMARY KEY, counts BLOB) WITHOUT ROWID;
"""

Posting = tuple[np.ndarray, np.ndarray]


class PostingsWriter:
    """Collects the terms of one entry after another."""

    def __init__(self) -> None:
        self._entries: dict[str, list[int]] = {}
        self._counts: dict[str, bytearray] = {}
        self._lengths: list[tuple[int, ...]] = []

    def add(self, fields: Iterable[Iterable[str]]) -> None:
        """fields: the terms of an entry's title, of its questions, and of its answer."""
        counted = [Counter(terms) for terms in fields]
        for term in set().union(*counted):
            self._entries.setdefault(term, []).append(len(self._lengths))
            row = bytes(min(MOST, field[term]) for field in counted)
            self._counts.setdefault(term, bytearray()).extend(row)
        self._lengths.append(tuple(field.total() for field in counted))

    def store(self, connection: sqlite3.Connection) -> None:
        rows = (
            (term, np.array(own, np.int32).tobytes(), bytes(self._counts[term]))
            for term, own in sorted(self._entries.items())
        )
        connection.executemany("INSERT INTO terms VALUES (?, ?, ?)", rows)
        lengths = np.array(self._lengths, np.int32).reshape(-1, len(FIELDS))
        named = [(field, own.tobytes()) for field, own in zip(FIELDS, lengths.T)]
        connection.executemany("INSERT INTO lengths VALUES (?, ?)", named)


class Postings:
    """The terms of a base of n entries."""

    def __init__(self, table: Table, n: int) -> None:
        self._table, self._n = table, n

    def find(self, terms: Iterable[str]) -> Mapping[str, Posting]:
        """The postings of those terms that an entry has."""
        wanted = sorted(set(terms))
        marks = ",".join("?" * len(wanted))
        query = f"SELECT term, entries, counts FROM terms WHERE term IN ({marks})"
        rows = self._table.rows(query, wanted)
        return {term: _posting(entries, counts) for term, entries, counts in rows}

    def beginning_with(self, letter: str) -> dict[str, int]:
        """The terms that begin with a letter -> how many entries have each."""
        query = "SELECT term, length(entries) FROM terms WHERE term >= ? AND term < ?"
        rows = self._table.rows(query, (letter, chr(ord(letter) + 1)))
        return {term: size // np.dtype(np.int32).itemsize for term, size in rows}

    def coverage(self, asked: frozenset[str], found: Mapping[str, Posting]) -> np.ndarray:
        """(n,) float32 in 0..1: the share of what is asked, by rarity, that each entry has."""
        scores = np.zeros(self._n, np.float32)
        total = sum(self._rarity(term, found) for term in asked)
        for term in sorted(asked & found.keys()):
            scores[found[term][0]] += self._rarity(term, found) / total
        return scores

    def words(
        self, asked: Sequence[frozenset[str]], found: Mapping[str, Posting]
    ) -> list[np.ndarray]:
        """For each set of terms (n,) float32 in 0..1: BM25 of what is asked, as a share of the most
        that it can be. What a term adds is worked out once for all.
        """
        scores = [np.zeros(self._n, np.float32) for _ in asked]
        totals = [sum(self._rarity(term, found) for term in own) for own in asked]
        lengths = self._relative_lengths
        for term in sorted(frozenset().union(*asked) & found.keys()):
            entries, counts = found[term]
            gained = self._rarity(term, found) * saturated(_often(counts), lengths[entries])
            for own, score, total in zip(asked, scores, totals):
                if term in own:
                    score[entries] += gained / total
        return scores

    def everywhere(self, terms: Iterable[str], share: float = EVERYWHERE) -> bool:
        """Whether more than a share of the entries have each of the terms: so many that none of
        them tells entries apart."""
        wanted = set(terms)
        found = self.find(wanted)
        least = max(FEW, share * self._n)
        return bool(wanted) and all(
            term in found and len(found[term][0]) > least for term in wanted
        )

    def _rarity(self, term: str, found: Mapping[str, Posting]) -> float:
        return rarity(self._n, len(found[term][0]) if term in found else 0)

    @cached_property
    def _relative_lengths(self) -> np.ndarray:
        """(n,): how many terms each entry has, compared with the mean."""
        rows = self._table.rows("SELECT counts FROM lengths")
        lengths = sum(np.frombuffer(counts, np.int32) for (counts,) in rows)
        return (lengths / np.maximum(np.mean(lengths), 1)).astype(np.float32)


def saturated(often: np.ndarray, length: np.ndarray) -> np.ndarray:
    """What a term adds, in 0..1: less each time it occurs, and less in a long entry."""
    return often / (often + SATURATION * (1 - LENGTH + LENGTH * length))


def rarity(n: int, having: int) -> float:
    """Inverse document frequency (Robertson and Sparck Jones 1976); `having`: of the n entries."""
    return math.log(1 + (n - having + 0.5) / (having + 0.5))


def _often(counts: np.ndarray) -> np.ndarray:
    """(k, FIELDS) -> (k,) float32: how often in all fields. A sum over so short an axis is slow."""
    often = counts[:, 0].astype(np.float32)
    for field in range(1, len(FIELDS)):
        often += counts[:, field]
    return often


def _posting(entries: bytes, counts: bytes) -> Posting:
    rows = np.frombuffer(entries, np.int32)
    return rows, np.frombuffer(counts, np.uint8).reshape(len(rows), len(FIELDS))
