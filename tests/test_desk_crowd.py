"""Many conversations and agents at once, and a process that ends in the middle: no message to the
wrong one, none lost, none twice, and the assistant silent while a person has it.
"""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from conftest import on_postgresql, on_sqlite
from crowd import agent, customers, front, write_and_erase
from sqlalchemy import event as sql
from test_conversations import desk, hand_over  # noqa: F401  (fixtures)

from mm_support.desk.conversations import Desk
from mm_support.errors import StoreError
from mm_support.store.database import Store
from mm_support.store.models import ConversationRow, HandoffRow, OwnershipRow, TurnRow

CONVERSATIONS, AGENTS, ROUNDS = 200, 5, 3


@on_sqlite
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
    assert_nothing_is_mixed_up(stores[0], names, sent)
    [each.close() for each in stores]


@on_postgresql
def test_a_crowd_at_two_processes_is_served_without_a_mix_up(database_url):
    names = [f"c{number:03}" for number in range(CONVERSATIONS)]
    said = [(number, name) for number in range(ROUNDS) for name in names]
    people, spawn = [f"agent {n}" for n in range(AGENTS)], multiprocessing.get_context("spawn")
    over, told = spawn.Event(), spawn.Queue()
    shares = [  # both write in all conversations: which turn comes first is open
        [each for place, each in enumerate(said) if (place + each[0]) % 2 == n] for n in range(2)
    ]
    fronts = [
        spawn.Process(target=front, args=(database_url, shares[n], people[n::2], over, told))
        for n in range(2)
    ]
    [each.start() for each in fronts]
    assert [told.get(timeout=120) for _ in fronts] == [None, None]
    over.set()
    answers = [told.get(timeout=120) for _ in fronts]
    [each.join(60) for each in fronts]
    assert [failures for _, failures in answers] == [[], []]
    store = Store(database_url)  # noqa: F811
    assert_nothing_is_mixed_up(store, names, [each for sent, _ in answers for each in sent])
    store.close()


@on_postgresql
def test_who_erases_and_who_writes_at_the_same_time_disturb_nobody(database_url, tmp_path):
    names = [f"v{number}-a" for number in range(6)]

    with ThreadPoolExecutor(6) as threads:
        busy = partial(write_and_erase, database_url, tmp_path, names)
        list(threads.map(busy, range(6)))  # raises what any of them raised


def assert_nothing_is_mixed_up(store, names, sent):  # noqa: F811
    desk = Desk(store)  # noqa: F811
    kept = [(m.author, m.text, name) for name in names for m in desk.messages(name)]
    assert sorted(kept) == sorted((author, text, name) for name, author, text in sent)
    assert len(kept) == len({text for _, text, _ in kept}) > 50
    assert all(f"to {name}:" in text and text.startswith(author) for author, text, name in kept)
    turns = {row.id: row for row, _ in store.turns()}
    assert len(turns) == CONVERSATIONS * ROUNDS
    assert all(row.text.startswith(row.session_id) for row in turns.values())
    assert_silent_while_a_person_has_it(store, turns.values())


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
