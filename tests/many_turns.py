"""Figures and searches over very many turns: python tests/many_turns.py FOLDER [TURNS] [DAYS]

Makes a SQLite store of so many turns, a million in 90 days unless told otherwise, three a
conversation, with ratings, hand-overs and messages, and says how long each figure takes, at first,
and once days that are over are added up, and each search.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mm_support.desk.conversations import Desk
from mm_support.desk.insights import Insights
from mm_support.store.database import Store
from mm_support.store.models import (
    Base,
    ConversationRow,
    FeedbackRow,
    HandoffRow,
    MessageRow,
    OwnershipRow,
    TurnRow,
)

PERIODS = (1, 7, 30, 90)
ENTRY = {"title": "An entry", "answer": "words " * 40, "score": 0.5}
HITS = [{"id": f"e{n}", **ENTRY} for n in range(3)]


def turns(count: int, days: float, latest: datetime) -> Iterator[dict]:
    """Every tenth finds no answer; every twentieth of a conversation is handed over."""
    step = timedelta(days=days) / count
    for n in range(count):
        talk, place = divmod(n, 3)
        handed = place == 2 and talk % 20 == 0
        refused = n % 10 == 4
        yield {
            "id": f"t{n}",
            "session_id": f"s{talk}",
            "created": latest - timedelta(days=days) + n * step,
            "knowledge": ("shopping", "finance", "smart-home")[talk % 3],
            "text": f"question {n % 5_000} about {n % 300}",
            "transcript": {"text": "heard", "language": "en"} if n % 9 == 0 else None,
            "image": None,
            "hits": HITS,
            "reply": "words " * 30,
            "action": "handoff" if handed else "refuse" if refused else "answer",
            "reason": "asked" if handed else "unknown" if refused else "",
            "confidence": 0.9,
            "citations": ["e1"],
            "intent": "",
            "fusion": None,
            "timings": {},
            "asked_about": [],
            "withheld": "",
            "pending": None,
        }


def rows_of(turn: dict) -> Iterator[tuple[type[Base], dict]]:
    """The turn, and what belongs to it in other tables."""
    number, name, at = int(turn["id"][1:]), turn["session_id"], turn["created"]
    yield TurnRow, turn
    if number % 3 == 2:
        own = {"id": name, "owner": "assistant", "agent": "", "since": at}
        yield ConversationRow, own
    if number % 12 == 0:
        rating = "down" if number % 36 == 0 else "up"
        own = {"turn_id": turn["id"], "created": at, "rating": rating, "comment": ""}
        yield FeedbackRow, own
    if turn["action"] == "handoff":
        own = {"turn_id": turn["id"], "session_id": name, "created": at, "reason": "asked"}
        yield HandoffRow, {**own, "code": "asked", "summary": "why"}
        owned = {"conversation_id": name, "created": at, "owner": "waiting", "who": "assistant"}
        yield OwnershipRow, {**owned, "why": "asked"}
        later = at + timedelta(minutes=2)
        said = {"conversation_id": name, "author": "Ada", "text": "hello", "created": later}
        yield MessageRow, said


def fill(path: Path, count: int, days: float) -> None:
    """Past the store, which would keep one turn after the other."""
    raw = sqlite3.connect(path)
    raw.executescript("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF")
    waiting: dict[type[Base], list[tuple]] = {}
    for n, turn in enumerate(turns(count, days, datetime.now(UTC)), 1):
        for table, row in rows_of(turn):
            waiting.setdefault(table, []).append(tuple(map(plain, row.values())))
            if len(waiting[table]) == 1:
                names[table] = tuple(row)
        if n % 20_000 == 0 or n == count:
            for table, rows in waiting.items():
                columns, marks = ", ".join(names[table]), ", ".join("?" * len(names[table]))
                into = f"INSERT INTO {table.__tablename__} ({columns}) VALUES ({marks})"
                raw.executemany(into, rows)
            waiting.clear()
            raw.commit()
    raw.close()


names: dict[type[Base], tuple[str, ...]] = {}


def plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def encode(texts: Sequence[str]) -> np.ndarray:
    """As fast as can be: how long a model takes is measured elsewhere."""
    rows = np.random.default_rng(0).normal(size=(len(texts), 32))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def timed(what: str, ask) -> None:
    began = time.perf_counter()
    found = ask()
    size = len(found) if isinstance(found, tuple) else found
    print(f"{what}: {time.perf_counter() - began:.2f} s ({size})", flush=True)


def main(folder: str, count: str = "1000000", days: str = "90") -> None:
    path = Path(folder) / "turns.sqlite"
    store = Store(f"sqlite:///{path}")
    with store.reading() as session:
        empty = session.query(TurnRow.id).first() is None
    if empty:
        timed("made", lambda: fill(path, int(count), float(days)))
    insights = Insights(store, encode, lambda base: [])
    for attempt in ("at first", "again"):
        print(attempt)
        for period in PERIODS:
            timed(f"figures of {period} days", lambda: insights.figures(period))  # noqa: B023
            timed(f"first answer, {period} days", lambda: insights.first_answer(period))  # noqa: B023
            timed(f"no answer, {period} days", lambda: insights.gaps(period))  # noqa: B023
            timed(f"rated down, {period} days", lambda: insights.disliked(period))  # noqa: B023
    desk = Desk(store)
    for words in ("question", "4321", "words 4321", "zebra"):  # of all, of few, of none
        timed(f"search for {words}", lambda: desk.search(words))  # noqa: B023


if __name__ == "__main__":
    main(*sys.argv[1:])
