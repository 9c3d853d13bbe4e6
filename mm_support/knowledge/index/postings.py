"""Which entries of a base hold a term, and how often: coverage by rarity, and BM25.

Terms come from the language room, so that pairs of Chinese characters are found like words. A
posting is (entries (k,) int32, counts (k, FIELDS) uint8), as bytes in a table that is indexed by
term; nothing is read but the terms of the question. Knows no vector.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
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

    def coverage(self, asked: frozenset[str], found: Mapping[str, Posting]) -> np.ndarray:
        """(n,) float32 in 0..1: the share of what is asked, by rarity, that each entry has."""
        scores = np.zeros(self._n, np.float32)
        total = sum(self._rarity(term, found) for term in asked)
        for term in sorted(asked & found.keys()):
            scores[found[term][0]] += self._rarity(term, found) / total
        return scores

    def bm25(self, asked: frozenset[str], found: Mapping[str, Posting]) -> np.ndarray:
        """(n, FIELDS) float32, at least 0: BM25 of the terms in each field by itself."""
        scores = np.zeros((self._n, len(FIELDS)), np.float32)
        lengths = self._relative_lengths
        for term in sorted(asked & found.keys()):
            entries, counts = found[term]
            damping = SATURATION * (1 - LENGTH + LENGTH * lengths[entries])
            often = counts.astype(np.float32)
            gained = often * (SATURATION + 1) / (often + damping)
            scores[entries] += self._rarity(term, found) * gained
        return scores

    def everywhere(self, terms: Iterable[str]) -> bool:
        """Whether so many entries have each of the terms that none of them tells entries apart."""
        wanted = set(terms)
        found = self.find(wanted)
        least = max(FEW, EVERYWHERE * self._n)
        return all(term in found and len(found[term][0]) > least for term in wanted)

    def _rarity(self, term: str, found: Mapping[str, Posting]) -> float:
        return rarity(self._n, len(found[term][0]) if term in found else 0)

    @cached_property
    def _relative_lengths(self) -> np.ndarray:
        """(n, FIELDS): how long each field is, compared with its mean."""
        named = dict(self._table.rows("SELECT field, counts FROM lengths"))
        lengths = np.stack([np.frombuffer(named[field], np.int32) for field in FIELDS], 1)
        return lengths / np.maximum(lengths.mean(axis=0, keepdims=True), 1)


def rarity(n: int, having: int) -> float:
    """Inverse document frequency (Robertson and Sparck Jones 1976) of a term that so many of n
    entries have.
    """
    return math.log(1 + (n - having + 0.5) / (having + 0.5))


def _posting(entries: bytes, counts: bytes) -> Posting:
    rows = np.frombuffer(entries, np.int32)
    return rows, np.frombuffer(counts, np.uint8).reshape(len(rows), len(FIELDS))
