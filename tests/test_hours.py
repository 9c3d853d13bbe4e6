"""When a person will answer: business hours, what is said outside of them, how long it usually
takes, and that the assistant comes back where an agent says nothing.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from test_conversations import desk, hand_over  # noqa: F401  (fixtures)
from test_service import ask, folder, make  # noqa: F401  (fixtures)

from demo.panels import people_line
from mm_support.desk import promises
from mm_support.desk.conversations import Desk
from mm_support.desk.hours import read_hours
from mm_support.desk.promises import Promises, told_time
from mm_support.errors import InputError
from mm_support.language.messages import message
from mm_support.store.models import ConversationRow, MessageRow, OwnershipRow
from mm_support.types import Holder, UserTurn

FILE = """\
time_zone = "Europe/Berlin"
closed = [2026-12-24]
[open]
monday = "9:00-12:30, 13:30-17:00"
tuesday = "9:00 - 17:00"
Thursday = "9:00–17:00"
saturday = "22:00-24:00"
"""


@pytest.fixture
def hours(tmp_path):
    path = tmp_path / "hours.toml"
    path.write_text(FILE)
    return read_hours(path)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "moment, is_open, opens",
    [
        ("2026-11-23T08:00", True, "2026-11-23T13:30+01:00"),  # Monday, 9:00 in Berlin
        ("2026-11-23T07:59", False, "2026-11-23T09:00+01:00"),
        ("2026-11-23T11:30", False, "2026-11-23T13:30+01:00"),  # at noon
        ("2026-11-23T16:00", False, "2026-11-24T09:00+01:00"),
        ("2026-11-24T16:30", False, "2026-11-26T09:00+01:00"),  # nobody on Wednesdays
        ("2026-11-28T22:59", True, "2026-11-30T09:00+01:00"),  # Saturday, up to midnight
        ("2026-11-28T23:00", False, "2026-11-30T09:00+01:00"),
        ("2026-12-23T10:00", False, "2026-12-26T22:00+01:00"),  # the 24th is closed
        ("2026-07-06T07:00", True, "2026-07-06T13:30+02:00"),  # summer time
    ],
)
def test_hours_of_a_week_in_a_time_zone(hours, moment, is_open, opens):
    assert hours.open_at(utc(moment)) is is_open
    assert hours.next_opening(utc(moment)) == datetime.fromisoformat(opens)


def test_holidays_are_closed(tmp_path):
    pytest.importorskip("holidays")
    path = tmp_path / "hours.toml"
    path.write_text('holidays = "DE-BE"\n[open]\nfriday = "9:00-17:00"\n')
    assert not read_hours(path).open_at(utc("2026-12-25T10:00"))
    assert read_hours(path).open_at(utc("2026-12-18T10:00"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[open]\n",
        "[open]\nmoonday = '9:00-17:00'",
        "[open]\nmonday = '9-17'",
        "[open]\nmonday = '17:00-9:00'",
        "[open]\nmonday = '9:00-25:00'",
        "[open]\nmonday = '9:00-17:61'",
        "time_zone = 'Atlantis'\n[open]\nmonday = '9:00-17:00'",
        "open = 'always'",
        "closed = 5\n[open]\nmonday = '9:00-17:00'",
        "holidays = 'XX'\n[open]\nmonday = '9:00-17:00'",
        "color = 'red'\n[open]\nmonday = '9:00-17:00'",
        "not toml",
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(tmp_path, text):
    (tmp_path / "hours.toml").write_text(text)
    with pytest.raises(InputError, match="hours.toml") as caught:
        read_hours(tmp_path / "hours.toml")
    assert "\n" not in str(caught.value)


def test_a_time_zone_that_is_none_is_told_with_one_that_is(tmp_path):
    (tmp_path / "hours.toml").write_text(
        "time_zone = 'Mars/Olympus'\n[open]\nmonday = '9:00-17:00'"
    )
    with pytest.raises(InputError, match="read: no time zone is called Mars/Olympus; write one as"):
        read_hours(tmp_path / "hours.toml")


def test_a_file_that_is_gone_is_told_without_numbers_of_the_system(tmp_path):
    with pytest.raises(InputError, match="toml cannot be read: No such file or directory[.]$"):
        read_hours(tmp_path / "hours.toml")


def test_a_time_is_told_as_the_language_does(hours):
    opening = hours.next_opening(utc("2026-11-27T10:00"))
    assert told_time(opening, utc("2026-11-27T10:00"), "zh") == "星期六 22:00"
    english = told_time(opening, utc("2026-11-27T10:00"), "en").replace("\u202f", " ")
    assert english == told_time(opening, utc("2026-11-27T10:00"), "xx").replace("\u202f", " ")
    assert english == "Saturday 10:00 PM"
    assert "2026" in told_time(opening, utc("2026-11-01T10:00"), "en")


# -- in the service -------------------------------------------------------------------------


def at(monkeypatch, service, hours, moment):  # noqa: F811
    monkeypatch.setattr(promises, "now", lambda: utc(moment))
    service._promises = Promises(service.desk, hours)


def test_outside_hours_it_is_said_when_people_are_back(make, hours, monkeypatch):  # noqa: F811
    service = make()
    at(monkeypatch, service, hours, "2026-11-24T20:00")
    reply = ask(service, "I want to talk to a person")
    assert reply.text.startswith(message("handoff.asked")) and "Thursday" in reply.text
    assert reply.text.endswith(message("team.address")) and reply.action == "handoff"
    assert service.desk.owner(reply.session_id) == "waiting"
    more = ask(service, "jane@example.org", session_id=reply.session_id)
    assert "Thursday" in more.text and message("team.address") not in more.text
    (_, told) = service.desk.transcript(reply.session_id, reveal=True)
    assert told.text == "jane@example.org"  # the agent can answer there
    service._promises = Promises(service.desk, hours, asks=False)
    assert message("team.address") not in ask(service, "I want to talk to a person").text
    at(monkeypatch, service, hours, "2026-11-24T10:00")
    assert ask(service, "I want to talk to a person").text == message("handoff.asked")


def test_an_acknowledgement_is_said_once(make):  # noqa: F811
    service = make()
    session = ask(service, "I want to talk to a person").session_id
    said = [ask(service, f"and {n}", session_id=session) for n in range(3)]
    assert [reply.text for reply in said] == [message("handoff.waiting"), "", ""]
    assert {reply.action for reply in said} == {"handoff"}
    service.desk.take(session, "Ada")
    said = [ask(service, f"but {n}", session_id=session).text for n in range(3)]
    assert said == [message("handoff.person"), "", ""]
    assert len(service.conversation(session)) == 7  # all are kept


# -- how long it takes ----------------------------------------------------------------------


def waited(store, desk, *minutes, first=0):  # noqa: F811
    """Conversations that were taken after so many minutes."""
    for number, length in enumerate(minutes, first):
        name = f"w{number}"
        hand_over(store, name, 100 + number)
        desk.take(name, "Ada")
        begun = OwnershipRow.conversation_id == name, OwnershipRow.owner == "waiting"
        with store.writing() as session:
            taken = datetime.now(UTC) - timedelta(minutes=length)
            session.execute(update(OwnershipRow).where(*begun).values(created=taken))


def test_the_usual_wait_is_measured(store, desk):  # noqa: F811
    waited(store, desk, 1, 2, 30, 4)
    assert desk.usual_wait() is None  # too few to tell
    waited(store, desk, 4, first=4)
    assert desk.usual_wait() == 4
    hand_over(store, "s", 1)
    assert desk.holder("s") == Holder("waiting", "", 4, turns=1)
    assert "about 4 min" in people_line(desk.holder("s"))
    ago = datetime.now(UTC) - timedelta(minutes=2)
    with store.writing() as session:
        session.execute(update(ConversationRow).values(since=ago))
    assert desk.holder("s").minutes == 2
    with store.writing() as session:
        session.execute(update(ConversationRow).values(since=ago - timedelta(minutes=9)))
    assert desk.holder("s").minutes is None and "about" not in people_line(desk.holder("s"))
    assert desk.holder("w1").minutes is None


def test_what_was_opened_again_had_not_waited(store, desk):  # noqa: F811
    waited(store, desk, *[3] * 5)
    with store.writing() as session:
        long_ago = datetime.now(UTC) - timedelta(days=1)
        waiting = OwnershipRow.owner == "waiting"
        session.execute(update(OwnershipRow).where(waiting).values(created=long_ago))
    for number in range(5):
        desk.close(f"w{number}", "Ada", "solved")
        desk.open_again(f"w{number}", "Ada")
    waited(store, desk, *[3] * 6, first=5)
    assert desk.usual_wait() == 3


def test_no_wait_is_told_while_nobody_is_there(make, hours, monkeypatch):  # noqa: F811
    service = make()
    waited(service._keeper.store, service.desk, *[3] * 5)
    visit = service.visit()
    *_, last = visit.reply(UserTurn("I want to talk to a person", knowledge="kb"))
    for moment, minutes in (("2026-11-24T10:00", 3), ("2026-11-24T20:00", None)):
        at(monkeypatch, service, hours, moment)
        assert visit.holder(last.reply.session_id).minutes == minutes


def test_the_wait_is_told_with_the_hand_over(make):  # noqa: F811
    service = make()
    waited(service._keeper.store, service.desk, *[3] * 5)
    reply = ask(service, "I want to talk to a person")
    assert reply.text == f"{message('handoff.asked')} {message('team.about', minutes=3)}"


def test_where_many_wait_already_the_next_one_is_told_and_waits_too(make):  # noqa: F811
    service = make()
    service._promises = Promises(service.desk, None, limit=2)
    replies = [ask(service, "I want to talk to a person") for _ in range(3)]
    busy = f"{message('team.busy')} {message('team.address')}"
    assert [reply.text for reply in replies[:2]] == [message("handoff.asked")] * 2
    assert replies[2].text == f"{message('handoff.asked')} {busy}"
    assert {service.desk.owner(reply.session_id) for reply in replies} == {"waiting"}
    service.desk.take(replies[0].session_id, "Ada")
    service.desk.take(replies[1].session_id, "Ada")
    assert ask(service, "I want to talk to a person").text == message("handoff.asked")


def test_who_waits_for_too_long_is_told_and_goes_on_waiting(store):  # noqa: F811
    patient, desk = Desk(store), Desk(store, patience=20)  # noqa: F811
    hand_over(store, "s", 1)
    assert not desk.holder("s").late
    earlier(store, 21)
    assert desk.holder("s").late and not patient.holder("s").late
    assert "Nobody could answer yet" in people_line(desk.holder("s"))
    assert [case.conversation for case in desk.waiting()] == ["s"]
    desk.take("s", "Ada")
    assert not desk.holder("s").late


# -- an agent who says nothing --------------------------------------------------------------


def earlier(store, minutes):  # noqa: F811
    """As if all that was done so long before."""
    ago = datetime.now(UTC) - timedelta(minutes=minutes)
    with store.writing() as session:
        session.execute(update(ConversationRow).values(since=ago))
        session.execute(update(MessageRow).values(created=ago))


def test_after_silence_the_assistant_comes_back(store, desk):  # noqa: F811
    for number, name in enumerate(("silent", "lively", "waits", "closed")):
        hand_over(store, name, number)
        if name != "waits":
            desk.take(name, "Ada")
    desk.say("silent", "Ada", "One moment.")
    desk.close("closed", "Ada", "solved")
    earlier(store, 31)
    desk.say("lively", "Ada", "Here I am.")
    assert desk.return_silent(30) == ("silent",) and desk.return_silent(30) == ()
    assert [desk.owner(name) for name in ("silent", "lively", "waits", "closed")] == [
        "assistant",
        "person",
        "waiting",
        "closed",
    ]
    assert "Ada has left" in people_line(desk.holder("silent"))
    with pytest.raises(InputError, match="with the assistant"):
        desk.say("silent", "Ada", "Are you there?")


def test_the_next_message_finds_the_assistant_without_waiting_for_a_round(make):  # noqa: F811
    service = make()
    service._keeper._silence = 30
    session = ask(service, "I want to talk to a person").session_id
    service.desk.take(session, "Ada")
    assert ask(service, "refund late", session_id=session).action == "handoff"
    earlier(service._keeper.store, 31)
    assert ask(service, "refund late", session_id=session).action == "answer"
    assert "looking for silence" in [task.name for task in service.tasks()]


def test_the_documented_hours_can_be_read(tmp_path):
    text = (Path(__file__).parents[1] / "docs" / "people.md").read_text(encoding="utf-8")
    (tmp_path / "hours.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    assert read_hours(tmp_path / "hours.toml").next_opening(datetime.now(UTC))
