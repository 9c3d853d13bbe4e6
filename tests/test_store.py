"""The store: a turn is there once keep_turn returns, for every process."""

import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from conftest import on_postgresql, on_sqlite
from sqlalchemy import make_url, text

from mm_support.desk.kept import keep_turn
from mm_support.errors import InputError, StoreError, SupportError
from mm_support.language.messages import message
from mm_support.store import database
from mm_support.store.database import Store
from mm_support.store.models import ConversationRow
from mm_support.store.records import interrupted_record, stopped_record
from mm_support.types import Said, Transcript, UserTurn


def turn(number, session="s", action="answer", **changes):
    columns = dict(
        id=f"t{number}",
        session_id=session,
        knowledge="k",
        text=f"question {number}",
        transcript=None,
        image=None,
        hits=[],
        reply="r",
        action=action,
        reason="evidence",
        confidence=0.5,
        citations=["e1"],
        intent="",
        fusion=None,
        timings={},
        created=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        asked_about=[],
    )
    return {**columns, **changes}


@pytest.mark.parametrize(
    "asked, heard, language",
    [("Wo ist denn mein Paket?", "", "de"), ("", "Wo ist mein Paket?", "de"), ("", "", "fr")],
)
def test_a_turn_that_was_cut_off_is_told_in_its_language_or_else_the_pages(asked, heard, language):
    transcript = Transcript(heard, "de") if heard else None
    record = interrupted_record(UserTurn(asked, session_id="s", heard=transcript, language="fr"))
    assert record["language"] == language
    assert record["reply"] == message("interrupted", language)


def test_a_second_store_sees_what_the_first_wrote(database_url):
    keep_turn(Store(database_url), turn(1, transcript={"text": "spoken"}))
    (past,) = Store(database_url).past("s")
    assert (
        past.text == "question 1 spoken" and past.action == "answer" and past.citations == ("e1",)
    )


def test_sqlite_runs_in_wal_mode(tmp_path):
    database_url = f"sqlite:///{tmp_path / 'turns.sqlite'}"
    keep_turn(Store(database_url), turn(1))
    (mode,) = sqlite3.connect(tmp_path / "turns.sqlite").execute("PRAGMA journal_mode").fetchone()
    assert mode == "wal"


def test_past_is_the_latest_of_the_session_oldest_first(database_url):
    store = Store(database_url)
    for number in range(6):
        keep_turn(store, turn(number, session="s" if number % 2 else "other"))
    assert [past.text for past in store.past("s", limit=2)] == ["question 3", "question 5"]
    assert store.past("nobody") == ()


def test_feedback_belongs_to_a_turn(database_url):
    store = Store(database_url)
    keep_turn(store, turn(1))
    store.add_feedback("t1", "down", "wrong part")
    ((row, (feedback,)),) = store.turns()
    assert (row.id, feedback.rating, feedback.comment) == ("t1", "down", "wrong part")


def test_the_latest_feedback_of_a_turn_is_the_last(tmp_path):
    database_url = f"sqlite:///{tmp_path / 'turns.sqlite'}"
    store = Store(database_url)
    keep_turn(store, turn(1))
    for rating in ("up", "down"):
        store.add_feedback("t1", rating)
    with sqlite3.connect(
        tmp_path / "turns.sqlite"
    ) as database:  # rows come in the order of an index where none is asked for
        database.execute("CREATE INDEX by_rating ON feedback (turn_id, rating)")
        database.execute("DROP INDEX ix_feedback_turn_id")
    ((_, feedback),) = store.turns()
    assert [row.rating for row in feedback] == ["up", "down"]


@pytest.mark.parametrize("call", [("t9", "up", ""), ("t1", "maybe", ""), ("t1", "up", "x" * 2001)])
def test_bad_feedback_is_an_input_error_and_nothing_is_stored(database_url, call):
    store = Store(database_url)
    keep_turn(store, turn(1))
    with pytest.raises(InputError):
        store.add_feedback(*call)
    ((_, feedback),) = store.turns()
    assert feedback == []


def test_many_threads_lose_nothing(database_url):
    store = Store(database_url)
    threads = [threading.Thread(target=keep_turn, args=(store, turn(n))) for n in range(20)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert len(list(store.turns())) == 20


def test_a_failed_write_is_said_and_the_next_works(database_url):
    store = Store(database_url)
    with pytest.raises(StoreError, match="stored"):
        keep_turn(store, turn(1, hits=None, text=None))
    keep_turn(store, turn(2))


def test_an_impossible_url_is_a_support_error():
    with pytest.raises(SupportError, match="database_url") as caught:
        Store("sqlite:////nowhere/at/all/x.sqlite")
    assert "make /nowhere/at/all/x.sqlite and its folder writable" in str(caught.value)
    assert "(unable to open database file)" in str(caught.value)
    with pytest.raises(SupportError):
        Store("nosuchdb://x")


def test_the_past_knows_what_was_answered_asked_back_and_read(database_url):
    hits = [{"id": "e1", "title": "Refund"}, {"id": "e2", "title": "Return"}]
    image = {"text": [{"text": "E24"}]}
    store = Store(database_url)
    keep_turn(store, turn(1, hits=hits, citations=["e2"], image=image))
    keep_turn(
        store,
        turn(
            2,
            hits=hits,
            citations=[],
            action="clarify",
            asked_about=["e2", "e1"],
        ),
    )
    answered, asked_back = store.past("s")
    assert (answered.topic, answered.asked_about, answered.read, answered.knowledge) == (
        "Return",
        (),
        ("E24",),
        "k",
    )
    assert (asked_back.topic, asked_back.asked_about) == ("", ("Return", "Refund"))


def test_characters_that_a_database_refuses_cost_nobody_the_turn(database_url):
    store = Store(database_url)
    odd = "before\0after \ud83d \U0001f600"
    keep_turn(store, turn(1, text=odd, reply=odd, transcript={"text": odd}, intent="i" * 300))
    store.add_feedback("t1", "up", odd)
    ((row, (rated,)),) = store.turns()
    assert row.text == row.reply == rated.comment == "beforeafter ? \U0001f600"
    assert row.intent == "i" * 64 and store.past("s")[0].text.startswith("beforeafter ?")
    with pytest.raises(InputError):
        store.add_feedback("t\0", "up")


def test_of_many_that_begin_a_conversation_at_once_nobody_is_turned_away(database_url):
    """Two windows, two fronts; also the same turn, which a journal and a front both write."""
    stores = [Store(database_url) for _ in range(4)]

    def write(number):
        for name in ("a", "b", "c"):
            keep_turn(stores[number % 4], turn(number, id=f"{name}{number // 2}", session=name))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(16)))
    assert sorted(row.id for row, _ in stores[0].turns()) == sorted(
        f"{name}{number}" for name in "abc" for number in range(8)
    )
    [store.close() for store in stores]


@on_postgresql
def test_a_row_that_another_front_holds_is_waited_for_but_not_for_ever(database_url, monkeypatch):
    monkeypatch.setattr("mm_support.store.database.BUSY", 100)
    store, hangs = Store(database_url), Store(database_url)
    keep_turn(store, turn(1))
    with hangs.writing() as session:
        session.get(ConversationRow, "s", with_for_update=True)
        with pytest.raises(StoreError, match="stored"):
            keep_turn(store, turn(2))
        keep_turn(store, turn(3, session="other"))  # nobody else waits
    keep_turn(store, turn(2))
    assert len(list(store.turns())) == 3


def test_without_the_driver_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for url in ("postgresql://me:secret@host/db", "postgres://host/db"):
        with pytest.raises(StoreError, match=r"pip install '\.\[postgresql") as caught:
            Store(url)
        assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_one_sentence_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="database_url") as caught:
        Store("postgresql://me:secret@127.0.0.1:9/db?connect_timeout=2")
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


@on_postgresql
def test_what_the_server_refuses_is_told_in_its_words(database_url):
    other = make_url(database_url).set(database="none-such").render_as_string(False)
    with pytest.raises(StoreError, match='database "none-such" does not exist') as caught:
        Store(other)
    assert "@" not in str(caught.value) and "/tmp" not in str(caught.value)


def test_a_number_that_cites_nothing_is_no_citation_of_a_stopped_reply():
    record = stopped_record(UserTurn("how much"), [Said("It costs [0] or [7] euros.")])
    assert record and record["citations"] == [] and record["reply"].startswith("It costs")


@on_sqlite
def test_threads_queue_to_write_where_the_database_lets_one(database_url, monkeypatch):
    """Nobody is left out, though the database itself would not wait for anybody."""
    monkeypatch.setattr(database, "BUSY", 0)
    store = Store(database_url)

    def write(_):
        with store.writing() as session:
            session.execute(text("SELECT 1"))  # begins the transaction
            time.sleep(0.01)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(40)))  # raises what any of them raised
    store.close()
