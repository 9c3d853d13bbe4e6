"""What customers were told is kept, whatever happens to the database."""

import json
import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime

import pytest
from clock import until
from conftest import on_postgresql
from test_service import ask, folder, make  # noqa: F401  (fixtures)
from test_store import turn

from mm_support.config import Settings
from mm_support.desk import keeper as keeper_module
from mm_support.desk.keeper import JOURNALED, Keeper, open_store
from mm_support.errors import InputError, StoreError
from mm_support.store import journal as journal_module
from mm_support.store.database import Store
from mm_support.store.journal import Journal
from mm_support.types import Said, UserTurn


class Flaky(Store):
    """A store whose database can be taken away."""

    broken = reading_broken = False

    def writing(self):
        if self.broken:
            raise StoreError("Nothing could be stored.")
        return super().writing()

    def reading(self):
        if self.reading_broken:
            raise StoreError("Nothing can be read.")
        return super().reading()


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "turns.journal")


@pytest.fixture
def keeper(database_url, journal, monkeypatch):
    monkeypatch.setattr(keeper_module, "RETRY", 0.05)
    keeper = Keeper(Flaky(database_url), journal)
    yield keeper
    keeper.close()


def stored(keeper):
    return [row.id for row, _ in keeper.store.turns()]


def test_turns_that_the_database_does_not_take_are_written_when_it_is_back(keeper):
    keeper.keep(turn(1), "", "assistant")
    keeper.store.broken = True
    keeper.keep(turn(2), "", "assistant")
    assert keeper.keep(turn(3, action="handoff", reason="asked"), "why", "assistant")["id"] == "t3"
    assert keeper.trouble == JOURNALED and stored(keeper) == ["t1"]
    past, owner = keeper.before("s")
    assert [before.text for before in past] == ["question 1", "question 2", "question 3"]
    assert owner == "waiting"  # as if it had been stored
    keeper.feedback("t2", "up", "thanks")
    keeper.store.broken = False
    until(lambda: not keeper.trouble)
    assert stored(keeper) == ["t1", "t2", "t3"] and not keeper.journal.path.exists()
    assert keeper.desk.owner("s") == "waiting" and keeper.desk.waiting()[0].summary == "why"
    assert {row.id: len(ratings) for row, ratings in keeper.store.turns()}["t2"] == 1
    past, owner = keeper.before("s")
    assert len(past) == 3 and owner == "waiting"


def test_what_a_crash_left_in_the_journal_is_written_at_the_next_start(
    keeper, journal, database_url
):
    keeper.store.broken = True
    keeper.keep(turn(1), "", "assistant")
    keeper.close()
    with journal.path.open("a") as file:
        file.write('{"id": "t2", "sess')  # the power went
    again = Keeper(Store(database_url), journal)
    assert stored(again) == ["t1"] and again.trouble == ""
    again.close()


def test_a_row_that_is_written_twice_is_there_once(keeper, journal):
    keeper.keep(turn(1), "", "assistant")
    journal.append({**turn(1), "summary": ""})  # written, but the journal was not emptied any more
    again = Keeper(keeper.store, journal)
    until(lambda: not journal)
    assert stored(again) == ["t1"]


def test_a_row_that_the_database_refuses_keeps_none_of_the_others_waiting(keeper, journal):
    feedback = {"turn_id": "t1", "rating": "up", "comment": ""}
    for row in (turn(1, text=None), feedback, turn(2, what="a column of a later version"), turn(3)):
        journal.append({**row, "summary": ""} if "id" in row else row)
    until(lambda: not journal)
    assert stored(keeper) == ["t3"]
    refused = [json.loads(line) for line in journal.refused.read_text().split("\n\n")]
    assert [row.get("id", "feedback") for row in refused] == ["t1", "feedback", "t2"]


def test_a_line_that_a_crash_cut_off_takes_no_other_with_it(journal):
    journal.append({"id": "t1"})
    with journal.path.open("a") as file:
        file.write('{"id": "t2", "created": "yesterday"}\n7\n{"id": "t2", "sess')
    journal.append({"id": "t3"})
    assert [row["id"] for row in journal.rows()] == ["t1", "t3"]


def test_a_text_with_line_separators_of_unicode_is_one_row(journal):
    row = {"id": "t1", "text": "one\u2028two\u2029three\x85four\x0bfive"}
    journal.append(row)
    assert journal.rows() == [row]


def test_what_is_appended_while_rows_are_handed_over_stays(journal):
    journal.append({"id": "t1"})
    journal.append({"id": "t2"})

    def take(row):
        if row["id"] == "t2":
            raise StoreError("It is gone again.")
        journal.append({"id": "t3"})
        Journal(journal.path).hand_over(lambda _: pytest.fail("one at a time"))
        return True

    with pytest.raises(StoreError):
        journal.hand_over(take)
    assert [row["id"] for row in journal.rows()] == ["t2", "t3"]


def test_feedback_without_a_database_is_clearly_answered(keeper):
    keeper.keep(turn(1), "", "assistant")
    keeper.store.broken = True
    with pytest.raises(StoreError):
        keeper.feedback("t1", "up", "")  # whether there is such a turn cannot be looked up
    keeper.keep(turn(2), "", "assistant")
    with pytest.raises(InputError):
        keeper.feedback("t2", "sideways", "")


@pytest.fixture
def full_disk(monkeypatch):
    """No journal takes a row while it is set."""
    full = threading.Event()

    def append(path, *rows, append=journal_module._append):
        if full.is_set():
            raise OSError(28, "No space left on device")
        append(path, *rows)

    monkeypatch.setattr(journal_module, "_append", append)
    full.set()
    return full


def test_what_neither_database_nor_disk_takes_waits_in_memory_and_the_status_says_so(
    keeper, full_disk
):
    keeper.store.broken = True
    keeper.keep(turn(1), "", "assistant")
    keeper.keep(turn(2, action="handoff", reason="asked"), "why", "assistant")
    assert "memory" in keeper.trouble
    past, owner = keeper.before("s")
    assert [before.text for before in past] == ["question 1", "question 2"] and owner == "waiting"
    keeper.keep(turn(3, session="gone"), "", "assistant")
    assert keeper.forget(["gone"]) == {"t3"}
    full_disk.clear()
    keeper.keep(turn(4), "", "assistant")
    assert keeper.trouble == JOURNALED
    keeper.store.broken = False
    until(lambda: not keeper.trouble)
    assert sorted(stored(keeper)) == ["t1", "t2", "t4"]
    assert keeper.desk.waiting()[0].summary == "why"


def test_what_waits_in_memory_is_written_before_the_process_ends(keeper, full_disk, database_url):
    keeper.store.broken = True
    keeper.keep(turn(1), "", "assistant")
    keeper.store.broken = False
    keeper.close()
    assert [row.id for row, _ in Store(database_url).turns()] == ["t1"]


def test_what_waits_in_memory_goes_to_the_disk_before_what_comes_after_it(
    keeper, full_disk, database_url
):
    keeper.store.broken = True
    keeper.keep(turn(1), "", "assistant")
    full_disk.clear()
    keeper.feedback("t1", "up", "")
    assert [row.get("id", row.get("turn_id")) for row in Journal(keeper.journal.path).rows()] == [
        "t1",
        "t1",
    ]
    assert keeper.trouble == JOURNALED
    keeper.store.broken = False
    until(lambda: not keeper.trouble)
    assert [len(rated) for _, rated in Store(database_url).turns()] == [1]
    assert not keeper.journal.refused.exists()


def test_a_row_that_memory_hands_over_does_not_stay_on_the_disk(journal, full_disk):
    for name in ("a", "b"):
        journal.hold({"id": name, "session_id": "s", "created": datetime(2026, 1, 2, tzinfo=UTC)})
    taken = []

    def take(row):
        if not taken:
            full_disk.clear()
            journal.append({"id": "c", "session_id": "s"})
        taken.append(row["id"])
        return True

    journal.hand_over(take)
    assert taken == ["a"] and [row["id"] for row in journal.rows()] == ["b", "c"]
    journal.hand_over(take)
    assert taken == ["a", "b", "c"] and not journal


def test_rows_of_memory_stay_in_order_where_one_is_not_taken_and_another_comes(journal, full_disk):
    for name in ("a", "b"):
        journal.hold({"id": name, "session_id": "s"})

    def take(row):
        full_disk.clear()
        journal.append({"id": "c", "session_id": "s"})
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        journal.hand_over(take)
    assert [row["id"] for row in journal.rows()] == ["a", "b", "c"] and not journal.holds


def test_memory_takes_no_more_than_it_has_room_for(keeper, full_disk, monkeypatch):
    monkeypatch.setattr("mm_support.store.journal.MOST_HELD", 1)
    keeper.store.broken = True
    for number in (1, 2):
        assert keeper.keep(turn(number), "", "assistant")["id"] == f"t{number}"
    assert "cannot be kept" in keeper.trouble
    keeper.store.broken = False
    until(lambda: not keeper.trouble)
    assert stored(keeper) == ["t1"]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
@pytest.mark.parametrize(
    "before, after",
    [(None, 0o700), (0o755, 0o700), (0o2775, 0o2770), (0o750, 0o750), (0o1777, 0o1777)],
)
def test_what_customers_said_is_for_the_services_user_alone(tmp_path, before, after):
    data = tmp_path / "data"
    if before is not None:
        data.mkdir()
        data.chmod(before)
    open_store(Settings(data_dir=data)).close()
    assert stat.S_IMODE(data.stat().st_mode) == after


def test_many_threads_lose_nothing_while_the_database_comes_and_goes(keeper):
    def write(numbers):
        for number in numbers:
            keeper.store.broken = number % 3 == 0
            keeper.keep(turn(number), "", "assistant")

    threads = [threading.Thread(target=write, args=(range(n, 40, 4),)) for n in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    keeper.store.broken = False
    until(lambda: not keeper.trouble)
    assert sorted(stored(keeper)) == sorted(f"t{number}" for number in range(40))


@on_postgresql
def test_a_server_that_crashes_under_load_loses_and_doubles_nothing(
    postgres, database_url, journal, monkeypatch
):
    monkeypatch.setattr(keeper_module, "RETRY", 0.05)
    postgres.execute(f"ALTER DATABASE {postgres.name(database_url)} SET synchronous_commit = on")
    keeper, written = Keeper(Store(database_url), journal), threading.Semaphore(0)

    def write(numbers):
        for number in numbers:
            keeper.keep(turn(number, session=f"s{number % 5}"), "", "assistant")
            written.release()

    threads = [threading.Thread(target=write, args=(range(n, 200, 4),)) for n in range(4)]
    [thread.start() for thread in threads]
    [written.acquire() for _ in range(40)]
    postgres.crash()
    [written.acquire() for _ in range(40)]  # replies go on meanwhile
    assert keeper.trouble == JOURNALED
    postgres.start()
    [thread.join() for thread in threads]
    until(lambda: not keeper.trouble)
    assert sorted(stored(keeper)) == sorted(f"t{number}" for number in range(200))
    assert not journal.refused.exists()
    keeper.close()


# -- in the service ---------------------------------------------------------------------------


def test_a_database_that_fails_in_mid_reply_costs_the_customer_nothing(
    make,  # noqa: F811
    tmp_settings,
    monkeypatch,
):
    monkeypatch.setattr(keeper_module, "RETRY", 0.05)
    service = make()
    events = service.reply(UserTurn("washing machine e24", knowledge="kb", session_id="s"))
    while not isinstance(next(events), Said):
        pass
    database = sqlite3.connect(tmp_settings.data_dir / "turns.sqlite", isolation_level=None)
    database.executescript("ALTER TABLE turns RENAME TO gone;")
    reply = list(events)[-1].reply
    assert "Clean the filter. [1]" in reply.text and reply.turn_id
    assert reply.citations[0].entry_id == "e24"
    status = service.status()
    assert status.ready and status.degraded and JOURNALED in status.message
    service.feedback(reply.turn_id, "up")
    second = ask(service, "and then?", session_id="s")
    assert second.citations[0].entry_id == "e24"  # it is still known what was asked before
    database.executescript("ALTER TABLE gone RENAME TO turns;")
    until(lambda: service.status().message == "Ready")
    rows = {row.id: ratings for row, ratings in service._keeper.store.turns()}
    assert set(rows) == {reply.turn_id, second.turn_id} and len(rows[reply.turn_id]) == 1
    database.close()
