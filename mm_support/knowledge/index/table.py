"""The SQLite file of a version, opened for reading: entries, terms, identifiers.

A version never changes, so it is opened as immutable: no lock is taken and no journal is looked
for. Knows no table by name.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Table:
    """Reads may come from several threads."""

    def __init__(self, path: Path) -> None:
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._lock = threading.Lock()  # not every build of SQLite lets threads share a connection

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()


def create(path: Path, schemas: Sequence[str]) -> sqlite3.Connection:
    """A new file with these tables; without a journal, since a version is whole or thrown away."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript("".join(schemas))
    connection.execute("BEGIN")
    return connection
