"""An append-only file of what a database did not take, so that it can be written there later.

A row is a line of JSON. It is on the disk when `append` returns. What the disk does not take either
is held in memory. Knows no database and no conversation; several processes may use one file.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

Row = dict[str, Any]

MOST_HELD = 1_000  # rows in memory


class Journal:
    """The rows in a file, oldest first, and those held in memory. The file is there only while
    there are rows.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.refused = Path(path), Path(path).with_suffix(".refused")
        self._lock = FileLock(self.path.with_suffix(".lock"))  # while the file changes
        self._handing = FileLock(self.path.with_suffix(".handing"))
        self._held: list[Row] = []
        self._holding = threading.Lock()

    def __bool__(self) -> bool:
        """Whether there are rows."""
        return bool(self._held) or self.path.exists()

    @property
    def holds(self) -> bool:
        """Whether rows are in memory only."""
        return bool(self._held)

    def append(self, row: Row) -> None:
        """What is held in memory goes to the disk before it. Raises OSError where the disk does not
        take it.
        """
        self._held_to_disk()
        with self._lock:
            _append(self.path, row)

    def _held_to_disk(self) -> None:
        """One row after another, so that one that is cut off is still held."""
        with self._lock, self._holding:
            while self._held:
                _append(self.path, self._held[0])
                del self._held[0]

    def hold(self, row: Row) -> bool:
        """Holds a row in memory until it is handed over; False where there is no room for it."""
        with self._holding:
            if room := len(self._held) < MOST_HELD:
                self._held.append(row)
        return room

    def rows(self) -> list[Row]:
        """All rows that can be read; a line that a crash cut off is reported and left out."""
        with self._holding:
            return [*_rows(self.path), *self._held]

    def all_rows(self) -> list[Row]:
        """The same with those that were refused, which come first."""
        return [*_rows(self.refused), *self.rows()]

    def remove_sessions(self, sessions: Collection[str]) -> set[str]:
        """Removes all rows of these sessions, refused ones too; returns the ids of their turns."""
        turns: set[str] = set()
        with self._handing, self._lock:
            for path in (self.path, self.refused):
                rows = _rows(path)
                turns |= {row["id"] for row in rows if row.get("session_id") in sessions}
            for path in (self.path, self.refused):
                rows = _rows(path)
                kept = [row for row in rows if row.get("id", row.get("turn_id")) not in turns]
                if path.exists() and kept != rows:
                    _replace(path, kept)
            with self._holding:
                turns |= {row["id"] for row in self._held if row["session_id"] in sessions}
                self._held = [row for row in self._held if row["id"] not in turns]
        return turns

    def hand_over(self, take: Callable[[Row], bool]) -> None:
        """Offers each row, oldest first; those that `take` takes leave the file, those that it
        refuses move to a file beside. Where it raises, the rest stays.

        Rows may be appended meanwhile. Does nothing while another process hands rows over.
        """
        with contextlib.suppress(Timeout), self._handing.acquire(timeout=0):
            with contextlib.suppress(OSError):  # the database may have room
                self._held_to_disk()
            self._hand_over_file(take)
            for row in [*self._held]:
                self._offer(row, take)

    def _offer(self, row: Row, take: Callable[[Row], bool]) -> None:
        """Hands a row over that is held. It goes to the disk with those behind it where one is
        appended meanwhile, so that they stay in order if it is not taken, and leaves it then.
        """
        if not self._is_held(row):
            return
        if not take(row):
            _append(self.refused, row)
        with self._holding:
            kept = [own for own in self._held if own is not row]
            held, self._held = len(kept) < len(self._held), kept
        if not held:
            self._leave(row)

    def _is_held(self, row: Row) -> bool:
        with self._holding:
            return any(own is row for own in self._held)

    def _leave(self, row: Row) -> None:
        """Removes a row from the file."""
        written = _read(_line(row))
        with self._lock:
            rows = _rows(self.path)
            if written in rows:
                rows.remove(written)
                _replace(self.path, rows)

    def _hand_over_file(self, take: Callable[[Row], bool]) -> None:
        done = 0
        try:
            for row in _rows(self.path):
                if not take(row):
                    _append(self.refused, row)
                done += 1
        finally:
            with self._lock:
                _replace(self.path, _rows(self.path)[done:])


def _rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    # not splitlines: it also breaks where a customer's text holds a line separator of Unicode
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [row for line in lines if line and (row := _read(line)) is not None]


def _replace(path: Path, rows: list[Row]) -> None:
    """Replaces the file's rows: all of them or, after a crash, none."""
    if not rows:
        path.unlink(missing_ok=True)
        return
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    _append(beside, *rows)
    beside.replace(path)


def _append(path: Path, *rows: Row) -> None:
    """Each row a line, on the disk when this returns; it begins one, whatever stands before."""
    lines = [f"\n{_line(row)}\n" for row in rows]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, default=_as_text)


def _read(line: str) -> Row | None:
    try:
        row = json.loads(line)
        if "created" in row:
            row["created"] = datetime.fromisoformat(row["created"])
        return row
    except (ValueError, TypeError):
        log.error("a line of the journal cannot be read and is left out: %d characters", len(line))
        return None


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be kept in the journal")
