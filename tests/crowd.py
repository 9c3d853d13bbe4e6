"""Customers and agents who use one store at once, from threads and from processes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from test_store import turn

from mm_support.desk.archive import Archive
from mm_support.desk.conversations import Desk
from mm_support.desk.keeper import Keeper
from mm_support.desk.kept import keep_turn
from mm_support.desk.notices import WEBHOOK, Notices
from mm_support.errors import InputError
from mm_support.store.database import Store
from mm_support.store.journal import Journal

Sent = tuple[str, str, str]  # conversation, agent, text


def customers(store, said, failures):
    """Each of some customers writes several turns; the assistant replies as the service would."""
    try:
        for number, name in said:
            owner = Desk(store).owner(name)
            waits = number == 0
            record = turn(
                number,
                id=f"{name}-{number}",
                session=name,
                text=f"{name} says {number}",
                action="handoff" if waits or owner != "assistant" else "answer",
                reason="asked" if waits else owner if owner != "assistant" else "evidence",
                reply="" if owner != "assistant" else f"the assistant to {name}",
            )
            keep_turn(store, record, "", owner)
    except Exception as exc:
        failures.append(exc)


def agent(store, name, sent, stop, failures):
    """Takes whatever waits, writes to whatever is theirs, closes at random."""
    desk, rng = Desk(store), random.Random(name)
    try:
        while not stop.is_set():
            cases = desk.open()
            for case in rng.sample(cases, min(8, len(cases))):
                act(desk, rng, name, case.conversation, sent)
            time.sleep(0.01)
    except Exception as exc:
        failures.append(exc)


def act(desk, rng, name, conversation, sent):
    try:
        if desk.owner(conversation) == "waiting":
            desk.take(conversation, name)
        text = f"{name} to {conversation}: {rng.random()}"
        desk.say(conversation, name, text)
        sent.append((conversation, name, text))
        if rng.random() < 0.3:
            rng.choice([partial(desk.close, outcome="solved"), desk.give_back])(conversation, name)
    except InputError:  # another agent has it
        pass


def front(
    url: str, said: Sequence[tuple[int, str]], agents: Sequence[str], over: Any, told: Any
) -> None:
    """A process with its customers and agents. over: set when all customers have written; told:
    gets what the agents wrote, and what failed.
    """
    store = Store(url)
    sent: list[Sent] = []
    failures: list[Exception] = []
    people = [
        threading.Thread(target=agent, args=(store, name, sent, over, failures)) for name in agents
    ]
    [thread.start() for thread in people]
    customers(store, said, failures)
    told.put(None)
    [thread.join(120) for thread in people]
    told.put((sent, list(map(repr, failures))))
    store.close()


def write_and_erase(url: str, folder: Path, names: Sequence[str], number: int) -> None:
    """A front that does all that changes conversations, at random and to the same few."""
    store, rng, who = Store(url, (WEBHOOK,)), random.Random(number), f"agent {number}"
    keeper = Keeper(store, Journal(folder / f"{number}.journal"))
    desk, archive = keeper.desk, Archive(keeper, folder)
    notices = Notices(store, {WEBHOOK: lambda notice: None})

    def write(name: str, turn_id: str) -> None:
        record = turn(0, id=turn_id, session=name, action="handoff", reason="asked")
        keep_turn(store, record, "why", originals={turn_id: {"[card 1]": "x"}})

    calls = [
        lambda name, turn_id: store.add_feedback(turn_id, "up"),
        lambda name, turn_id: desk.take(name, who),
        lambda name, turn_id: desk.say(name, who, "hello"),
        lambda name, turn_id: desk.customer_types(name),
        lambda name, turn_id: desk.return_silent(0),
        lambda name, turn_id: archive.erase(rng.sample(names, 3), "test"),
        lambda name, turn_id: notices.send_due(),
    ]
    for step in range(30):
        name, turn_id = rng.choice(names), f"{number}-{step}"
        for call in (write, *rng.sample(calls, 3)):
            with suppress(InputError):  # what it needs is gone, or somebody else's
                call(name, turn_id)
    store.close()
