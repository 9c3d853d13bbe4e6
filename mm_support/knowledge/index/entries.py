"""Entries in the SQLite file of a version: what they say, when they hold, where pictures lie."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter

from mm_support.knowledge.actions import PREFIX
from mm_support.knowledge.index.table import Table
from mm_support.types import Entry

SCHEMA = """
CREATE TABLE entries (row INTEGER PRIMARY KEY, id TEXT UNIQUE, digest TEXT, origin TEXT,
    valid_from TEXT, valid_until TEXT, content TEXT);
CREATE TABLE pictures (place TEXT PRIMARY KEY) WITHOUT ROWID;
"""
ENTRY = TypeAdapter(Entry)  # from JSON; fields of other versions are left out
VALIDITY = ("valid_from", "valid_until")
BATCH = 500  # rows asked for at once


class Record(NamedTuple):
    """An entry, its number, and what is stored beside it (Point)."""

    row: int
    entry: Entry
    digest: str
    origin: str


class EntriesWriter:
    """Stores one entry after another; its pictures by their place in pictures_dir."""

    def __init__(self, connection: sqlite3.Connection, pictures_dir: Path) -> None:
        self._connection, self._pictures_dir = connection, pictures_dir
        self.rows, self.pictures = 0, 0

    def add(self, entry: Entry, digest: str, origin: str) -> None:
        places = [path.relative_to(self._pictures_dir).as_posix() for path in entry.pictures]
        content = {**asdict(entry), "pictures": places}
        since, until = (_written(getattr(entry, name, None)) for name in VALIDITY)
        text = json.dumps(content, ensure_ascii=False, default=_written)
        row = (self.rows, entry.id, digest, origin, since, until, text)
        self._connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        named = [(place,) for place in places]
        self._connection.executemany("INSERT OR IGNORE INTO pictures VALUES (?)", named)
        self.rows += 1
        self.pictures += len(places)


class Entries:
    """The entries of a base, in the order in which they were added."""

    def __init__(self, table: Table, pictures_dir: Path, n: int) -> None:
        self._table, self._pictures_dir, self._n = table, pictures_dir, n
        self._valid: tuple[date, np.ndarray] | None = None
        self._declared: tuple[Record, ...] | None = None

    def all(self) -> tuple[Entry, ...]:
        rows = self._table.rows("SELECT content FROM entries ORDER BY row")
        return tuple(self._entry(content) for (content,) in rows)

    def some(self, rows: Sequence[int]) -> list[Entry]:
        """The entries with these numbers, in their order."""
        return [record.entry for record in self.records(rows)]

    def records(self, rows: Sequence[int]) -> list[Record]:
        """The same, with what is stored beside them."""
        found: dict[int, Record] = {}
        for start in range(0, len(rows), BATCH):
            wanted = list(rows[start : start + BATCH])
            marks = ",".join("?" * len(wanted))
            query = f"SELECT row, content, digest, origin FROM entries WHERE row IN ({marks})"
            for row, content, *beside in self._table.rows(query, wanted):
                found[row] = Record(row, self._entry(content), *beside)
        return [found[row] for row in rows]

    def contents(self) -> dict[str, str]:
        """id -> entry as JSON, in order."""
        return dict(self._table.rows("SELECT id, content FROM entries ORDER BY row"))

    def row(self, entry_id: str) -> int | None:
        rows = self._table.rows("SELECT row FROM entries WHERE id = ?", [entry_id])
        return rows[0][0] if rows else None

    def digests(self) -> dict[tuple[str, str], int]:
        """Entry id, and what its vectors were made of (Point.digest) -> its number."""
        rows = self._table.rows("SELECT id, digest, row FROM entries")
        return {(name, digest): row for name, digest, row in rows}

    def pictures(self) -> set[str]:
        """Places of all pictures in the folder of pictures."""
        return {place for (place,) in self._table.rows("SELECT place FROM pictures")}

    def valid(self, on: date) -> np.ndarray:
        """(n,) bool: whether each entry holds on a day."""
        if self._valid is None or self._valid[0] != on:
            query = "SELECT row FROM entries WHERE valid_from > ? OR valid_until < ?"
            outside = [row for (row,) in self._table.rows(query, [on.isoformat()] * 2)]
            holds = np.ones(self._n, bool)
            holds[outside] = False
            self._valid = on, holds
        return self._valid[1]

    def declared(self) -> tuple[Record, ...]:
        """The entries that stand for actions."""
        if self._declared is None:
            query = "SELECT row FROM entries WHERE id >= ? AND id < ? ORDER BY row"
            last = PREFIX[:-1] + chr(ord(PREFIX[-1]) + 1)
            rows = [row for (row,) in self._table.rows(query, [PREFIX, last])]
            found = self.records(rows)
            self._declared = tuple(record for record in found if record.entry.declaration)
        return self._declared

    def _entry(self, content: str) -> Entry:
        return stored_entry(json.loads(content), self._pictures_dir)


def stored_entry(stored: Mapping[str, Any], pictures_dir: Path) -> Entry:
    """An entry as it was stored; its pictures lie in a folder."""
    pictures = [pictures_dir / place for place in stored["pictures"]]
    return ENTRY.validate_python({**stored, "pictures": pictures})


def _written(value: Any) -> str | None:
    """Dates as text that sorts; None stays None."""
    return value.isoformat() if isinstance(value, date) else value or None
