"""Many conversations and agents at once, and a process that ends in the middle: no message to the
wrong one, none lost, none twice, and the assistant silent while a person has it.
"""

import random
import threading
import time

import pytest
from sqlalchemy import event as sql
from test_conversations import desk, hand_over, store  # noqa: F401  (fixtures)
from test_store import turn

from mm_support.desk.conversations import Desk, keep_turn
from mm_support.errors import InputError, StoreError
from mm_support.store.database import Store
from mm_support.store.models import ConversationRow, HandoffRow, OwnershipRow, TurnRow

CONVERSATIONS, AGENTS, ROUNDS = 200, 5, 3


def customers(store, said, failures):  # noqa: F811
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


def agent(store, name, sent, stop, failures):  # noqa: F811
    """Takes whatever waits, writes to whatever is theirs, closes at random."""
    desk, rng = Desk(store), random.Random(name)  # noqa: F811
    try:
        while not stop.is_set():
            cases = desk.open()
            for case in rng.sample(cases, min(8, len(cases))):
                act(desk, rng, name, case.conversation, sent)
            time.sleep(0.01)
    except Exception as exc:
        failures.append(exc)


def act(desk, rng, name, conversation, sent):  # noqa: F811
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


def test_a_crowd_is_served_without_a_mix_up(database_url):
    stores = [Store(database_url) for _ in range(2)]  # two fronts
    names = [f"c{number:03}" for number in range(CONVERSATIONS)]
    said = [(number, name) for number in range(ROUNDS) for name in names]
    sent, failures, stop = [], [], threading.Event()
    writers = [
        threading.Thread(target=customers, args=(stores[part % 2], said[part::4], failures))
        for part in range(4)
    ]
    people = [
        threading.Thread(target=agent, args=(stores[n % 2], f"agent {n}", sent, stop, failures))
        for n in range(AGENTS)
    ]
    [thread.start() for thread in (*people, *writers)]
    [thread.join(120) for thread in writers]
    stop.set()
    [thread.join(60) for thread in people]
    assert failures == []
    desk = Desk(stores[0])  # noqa: F811
    kept = [(m.author, m.text, name) for name in names for m in desk.messages(name)]
    assert sorted(kept) == sorted((author, text, name) for name, author, text in sent)
    assert len(kept) == len({text for _, text, _ in kept}) > 50
    assert all(f"to {name}:" in text and text.startswith(author) for author, text, name in kept)
    turns = {row.id: row for row, _ in stores[0].turns()}
    assert len(turns) == CONVERSATIONS * ROUNDS
    assert all(row.text.startswith(row.session_id) for row in turns.values())
    assert_silent_while_a_person_has_it(stores[0], turns.values())
    [each.close() for each in stores]


def assert_silent_while_a_person_has_it(store, turns):  # noqa: F811
    """A reply that was begun before a person took over is withheld, and a conversation changes
    hands in no other way than it may.
    """
    shown = [row for row in turns if row.action == "answer"]
    withheld = [row for row in turns if row.withheld]
    assert all(row.reason in ("waiting", "person", "closed") for row in withheld)
    assert all(row.reply.startswith("the assistant") for row in shown)
    with store.reading() as session:
        for row in session.query(ConversationRow):
            changes = session.query(OwnershipRow).filter_by(conversation_id=row.id)
            owners = [change.owner for change in changes.order_by(OwnershipRow.id)]
            assert owners[-1] == row.owner
            steps = list(zip(["assistant", *owners], owners))
            assert set(steps) <= {
                ("assistant", "waiting"),
                ("waiting", "person"),
                ("person", "assistant"),
                ("person", "closed"),
            }


@pytest.mark.parametrize("statement", range(8))
def test_a_hand_over_is_there_or_it_is_not(store, statement):  # noqa: F811
    """The process ends at each statement that writes."""
    written = []

    def ends(connection, cursor, sql_text, *_):
        if sql_text.startswith(("INSERT", "UPDATE")):
            written.append(sql_text)
            if len(written) == statement + 1:
                raise SystemExit

    sql.listen(store._engine, "before_cursor_execute", ends)
    try:
        hand_over(store)
        ended = False
    except (SystemExit, StoreError):
        ended = True
    sql.remove(store._engine, "before_cursor_execute", ends)
    with store.reading() as session:
        tables = (TurnRow, HandoffRow, OwnershipRow, ConversationRow)
        counts = {session.query(table).count() for table in tables}
    assert counts == ({0} if ended else {1})
    assert ended == (statement < len(written)) and len(written) >= min(statement + 1, 4)
    if ended:
        hand_over(store)  # the journal's next attempt
    assert [case.conversation for case in Desk(store).waiting()] == ["s"]
