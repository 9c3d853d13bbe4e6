"""Customers and agents who use one store at once, from threads and from processes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from typing import Any

from test_store import turn

from mm_support.desk.conversations import Desk, keep_turn
from mm_support.errors import InputError
from mm_support.store.database import Store

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
            rng.choice([desk.close, desk.give_back])(conversation, name)
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
