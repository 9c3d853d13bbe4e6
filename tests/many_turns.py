"""Figures and searches over very many turns: python tests/many_turns.py WHERE [TURNS] [DAYS]

Makes a store of so many turns, in a folder (SQLite) or at the address of a database: a million in
90 days unless told otherwise, three a conversation, with ratings, hand-overs and messages. Says how
long each figure takes, at first, and once days that are over are added up, and each search.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import insert, text

from mm_support.desk.audit import audited
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
FIGURES = "figures first_answer satisfaction scored gaps disliked entries".split()
SEARCHES = ("question", "4321", "words 4321", "zebra", "2026-11-20")  # of all, few, none, a day
# those that others point at first
ORDER = (TurnRow, ConversationRow, FeedbackRow, HandoffRow, OwnershipRow, MessageRow)
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


def is_over(turn: dict) -> bool:
    return turn["created"] < datetime.now(UTC) - timedelta(hours=2)


def conversation_of(turn: dict) -> dict:
    """Those of the last two hours still wait; who was answered rated it."""
    own = {"id": turn["session_id"], "agent": "", "outcome": "", "score": None, "comment": ""}
    if turn["action"] != "handoff":
        return {**own, "owner": "assistant", "since": turn["created"]}
    if not is_over(turn):
        return {**own, "owner": "waiting", "since": turn["created"]}
    rated = {"agent": "Ada", "outcome": "solved", "score": 1 + int(turn["id"][1:]) % 5}
    return {**own, **rated, "owner": "closed", "since": turn["created"] + timedelta(minutes=9)}


def rows_of(turn: dict) -> Iterator[tuple[type[Base], dict]]:
    """The turn, and what belongs to it in other tables."""
    number, name, at = int(turn["id"][1:]), turn["session_id"], turn["created"]
    yield TurnRow, turn
    if number % 3 == 2:
        yield ConversationRow, conversation_of(turn)
    if number % 12 == 0:
        rating = "down" if number % 36 == 0 else "up"
        own = {"turn_id": turn["id"], "created": at, "rating": rating, "comment": ""}
        yield FeedbackRow, own
    if turn["action"] == "handoff":
        own = {"turn_id": turn["id"], "session_id": name, "created": at, "reason": "asked"}
        yield HandoffRow, {**own, "code": "asked", "summary": "why"}
        changes = {"waiting": 0, "person": 1, "closed": 9} if is_over(turn) else {"waiting": 0}
        for owner, minutes in changes.items():
            owned = {"conversation_id": name, "owner": owner, "who": "Ada", "why": "asked"}
            yield OwnershipRow, {**owned, "created": at + timedelta(minutes=minutes)}
    if turn["action"] == "handoff" and is_over(turn):
        said = {"conversation_id": name, "author": "Ada", "text": "hello"}
        yield MessageRow, {**said, "created": at + timedelta(minutes=2)}


def fill(store: Store, count: int, days: float) -> None:
    """Past the keeper, which would keep one turn after the other."""
    waiting: dict[type[Base], list[dict]] = {}
    for n, turn in enumerate(turns(count, days, datetime.now(UTC)), 1):
        for table, row in rows_of(turn):
            waiting.setdefault(table, []).append(row)
        if n % 20_000 == 0 or n == count:
            with store.writing() as session:
                for table in sorted(waiting, key=ORDER.index):
                    session.execute(insert(table), waiting.pop(table))
    with store.writing() as session:
        session.execute(text("ANALYZE"))


def encode(texts: Sequence[str]) -> np.ndarray:
    """As fast as can be: how long a model takes is measured elsewhere."""
    rows = np.random.default_rng(0).normal(size=(len(texts), 32))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def timed(what: str, ask) -> None:
    began = time.perf_counter()
    found = ask()
    size = len(found) if isinstance(found, tuple) else found
    print(f"{what}: {time.perf_counter() - began:.2f} s ({size})", flush=True)


def main(where: str, count: str = "1000000", days: str = "90") -> None:
    store = Store(where if "://" in where else f"sqlite:///{Path(where) / 'turns.sqlite'}")
    with store.reading() as session:
        empty = session.query(TurnRow.id).first() is None
    if empty:
        timed("made", lambda: fill(store, int(count), float(days)))
    titles = {hit["id"]: hit["title"] for hit in HITS}
    insights = Insights(store, encode, lambda base: [], lambda base: titles)
    desk = Desk(store)
    for attempt in ("at first", "again"):
        print(attempt)
        for period in PERIODS:
            for what in FIGURES:
                timed(f"{what}, {period} days", partial(getattr(insights, what), period))
    timed("the audit log", lambda: audited(store))
    for what in (desk.open, desk.closed, desk.queue, desk.usual_wait):
        timed(f"desk, {what.__name__}", what)
    for words in SEARCHES:
        timed(f"search for {words}", partial(desk.search, words))


if __name__ == "__main__":
    main(*sys.argv[1:])
