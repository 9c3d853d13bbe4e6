"""Which entries name an identifier (E24, WH-1000XM5), exactly or nearly.

What is nearly the same is the language room's business; here it is only made sure that a question
is compared with few identifiers of a base, not with all. Knows no vector.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from functools import cached_property

import numpy as np

from mm_support.language import codes

STORED = "SELECT name, entries FROM identifiers"
SCHEMA = "CREATE TABLE identifiers (name TEXT PRIMARY KEY, entries BLOB) WITHOUT ROWID;"


class IdentifiersWriter:
    """Collects the identifiers of entries; a row whose title names one is kept as ~row, below 0."""

    def __init__(self) -> None:
        self._entries: dict[str, list[int]] = {}

    def add(self, row: int, named: Iterable[str], titled: Collection[str] = ()) -> None:
        """named: all that the entry names; titled: what of it its title does."""
        for name in named:
            self._entries.setdefault(name, []).append(~row if name in titled else row)

    def rows(self) -> list[tuple[str, bytes]]:
        """Of the table."""
        named = sorted(self._entries.items())
        return [(name, np.array(own, np.int32).tobytes()) for name, own in named]

    def store(self, connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO identifiers VALUES (?, ?)", self.rows())


class Identifiers:
    """The identifiers of a base of n entries. read: gives the rows of the table, once needed."""

    def __init__(self, read: Callable[[], Iterable[tuple[str, bytes]]], n: int) -> None:
        self._read, self._n = read, n

    @cached_property
    def _entries(self) -> dict[str, np.ndarray]:
        return {name: np.frombuffer(entries, np.int32) for name, entries in self._read()}

    @cached_property
    def _alike(self) -> dict[str, list[str]]:
        """Names by what they have in common with those that may be taken for them."""
        found: dict[str, list[str]] = {}
        for name in self._entries:
            for key in _keys(name):
                found.setdefault(key, []).append(name)
        return found

    def matches(self, named: frozenset[str]) -> np.ndarray:
        """(n,) float32 in 0..1: how surely each entry is what an identifier names; less where
        several name the same, and less so where its title does: it is found among the parts that
        fit it, and does not hide the part that is asked for.
        """
        scores = np.zeros(self._n, np.float32)
        for code in named:
            near = {name for key in _keys(code) for name in self._alike.get(key, ())}
            sharing = max(1, self._sharing(code))
            for name in near:
                likeness = codes.match(frozenset({code}), frozenset({name}))
                kept = self._entries[name]
                rows = np.where(kept < 0, ~kept, kept)
                shares = likeness / np.where(kept < 0, sharing**0.5, sharing)
                scores[rows] = np.maximum(scores[rows], shares)
        return scores

    def _sharing(self, code: str) -> int:
        """How many entries name it, or what looks the same."""
        same = [self._entries[name] for name in self._alike.get(codes.fold(code), ())]
        kept = np.concatenate(same) if same else np.zeros(0, np.int32)
        return len(np.unique(np.where(kept < 0, ~kept, kept)))


def _keys(code: str) -> set[str]:
    """What two identifiers share that may be taken for each other; of errors also their number."""
    numbered = codes.NUMBERED.fullmatch(code)
    number = numbered[2] if numbered else code.lstrip("0") if code.isdigit() else ""
    return {codes.fold(code)} | ({f"#{number}"} if number else set())
