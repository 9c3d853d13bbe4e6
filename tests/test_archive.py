"""What is erased is on the disk no longer, in no file; what is old is forgotten; what is kept can
be given out.
"""

import json
import sqlite3
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import gradio as gr
import pytest
from clock import until
from conftest import on_postgresql, on_sqlite
from sqlalchemy import text as sql
from test_personal import bytes_of
from test_service import SPEECH, folder, make  # noqa: F401  (fixtures)
from test_store import turn

from demo.api import Endpoints
from demo.chat import Chat
from demo.conversation_state import Conversation
from demo.live import Ears
from demo.opening import Opening
from demo.page_parts import Desk as Page
from demo.words import word
from mm_support.__main__ import main
from mm_support.config import Settings
from mm_support.desk.audit import audited, checksum
from mm_support.desk.keeper import Keeper
from mm_support.errors import StoreError, SupportError
from mm_support.rounds import Rounds, Task
from mm_support.store.journal import Journal, _append
from mm_support.store.models import Base, TurnRow, now
from mm_support.types import UserTurn
from tests.fake_service import FakeService

CANARY = "zirkonkolibri"
EMPTY = Conversation()


def talk(visit, service, word, red):
    """Every place where a customer's words may come to lie; returns the conversation."""
    asked = UserTurn(f"refund late {word} {word}@example.org", red, SPEECH, "kb")
    *_, last = visit.reply(asked)
    session, turn_id = last.reply.session_id, last.reply.turn_id
    visit.feedback(turn_id, "down", f"{word} was wrong")
    say = {"knowledge": "kb", "session_id": session}
    for text in (f"I want to talk to a person {word}", f"{word} is waiting " * 150):
        list(visit.reply(UserTurn(text, **say)))
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", f"About {word}: hello")
    list(visit.reply(UserTurn(f"thank you {word}", **say)))
    return session


def journaled(visit, service, word, monkeypatch):
    """A turn and a rating that the database did not take, and one that it refuses."""

    def broken():
        raise StoreError("Nothing could be stored.")

    with monkeypatch.context() as patch:
        patch.setattr(service._keeper.store, "writing", broken)
        *_, last = visit.reply(UserTurn(f"refund late {word}", knowledge="kb"))
        visit.feedback(last.reply.turn_id, "down", f"{word} again")
    journal = service._keeper.journal
    refused = {"id": "r", "session_id": last.reply.session_id, "text": word}
    journal.path.with_suffix(".refused").write_text(json.dumps(refused) + "\n")


@pytest.fixture
def tmp_settings(tmp_path, database_url, monkeypatch):
    """The commands read them from the environment too."""
    url = "" if database_url.startswith("sqlite") else database_url
    monkeypatch.setenv("MM_SUPPORT_DATABASE_URL", url)
    return Settings.from_env(data_dir=tmp_path / "data")


@pytest.fixture
def service(make, tmp_settings):  # noqa: F811
    service = make(lines=(f"{CANARY} label",))
    service.settings = tmp_settings.with_changes(keep_media=True)
    return service


@on_sqlite
def test_after_forgetting_no_file_holds_a_trace(service, tmp_settings, red, monkeypatch):
    data = tmp_settings.data_dir
    visit, other = service.visit(), service.visit()
    session = talk(visit, service, CANARY, red)
    kept = talk(other, service, "smaragdmeise", red)
    journaled(visit, service, CANARY, monkeypatch)
    media = set((data / "media").iterdir())
    assert bytes_of(data).count(CANARY.encode()) > 20 and len(media) == 4
    assert (data / "turns.journal").exists() and (data / "turns.refused").exists()
    assert visit.erase() == 6
    # the label is read in everybody's photos
    rest = bytes_of(data).replace(f"{CANARY} label".encode(), b"")
    assert CANARY.encode() not in rest and CANARY[:7].encode() not in rest
    assert session.encode() not in rest and visit.visitor.encode() not in rest
    assert not (data / "turns.journal").exists() and not (data / "turns.refused").exists()
    left = {path.stem for path in (data / "media").iterdir()}
    assert left == {turn.id for turn in service.conversation(kept) if hasattr(turn, "id")} & left
    assert len(left) == 1
    assert len(service.conversation(kept)) == 5  # of another visitor nothing is gone
    assert service.conversation(session) == ()
    *_, last = visit.reply(UserTurn("refund late", knowledge="kb"))
    assert last.reply.action == "answer"  # and the service goes on
    assert other.erase() == 4
    assert CANARY.encode() not in bytes_of(data)


@on_postgresql
def test_after_forgetting_no_table_holds_a_trace(service, red, monkeypatch):
    def holding(*words):
        with service._keeper.store.reading() as session:
            for table in Base.metadata.tables:
                rows = session.execute(sql(f"SELECT t::text FROM {table} AS t")).scalars()
                yield from (f"{table}: {row}" for row in rows if any(w in row for w in words))

    visit, other = service.visit(), service.visit()
    session = talk(visit, service, CANARY, red)
    talk(other, service, "smaragdmeise", red)
    journaled(visit, service, CANARY, monkeypatch)
    assert len(list(holding(CANARY, session))) > 10
    assert visit.erase() == 6
    rest = [row.replace(f"{CANARY} label", "") for row in holding(CANARY, session, visit.visitor)]
    assert not any(word in row for row in rest for word in (CANARY, session, visit.visitor))
    assert other.erase() == 4 and list(holding(CANARY)) == []


@pytest.mark.parametrize("ends", ["finished", "left"])
def test_a_reply_that_is_on_its_way_is_not_kept_once_its_visitor_is_forgotten(
    service, tmp_settings, red, ends, monkeypatch
):
    service.settings = replace(service.settings, keep_media=True)
    visit, before = service.visit(), service.visit()
    *_, kept = before.reply(UserTurn("refund late", knowledge="kb"))
    events = visit.reply(UserTurn(f"refund late {CANARY}", image=red, knowledge="kb"))
    next(events)
    assert visit.erase() == 0
    list(events) if ends == "finished" else events.close()
    assert CANARY.encode() not in bytes_of(tmp_settings.data_dir)
    assert not list(tmp_settings.data_dir.glob("media/*"))
    assert [row.id for row, _ in service._keeper.store.turns()] == [kept.reply.turn_id]
    list(visit.reply(UserTurn("refund late", knowledge="kb")))
    assert len(list(service._keeper.store.turns())) == 2


@on_sqlite
def test_erasing_leaves_nothing_between_the_rows_of_many_others(service, tmp_settings):
    """Pages are split, merged and freed among hundreds of rows of all sizes."""
    store, names = service._keeper.store, {}
    for number in range(60):
        visit = service.visit()
        word = f"{CANARY}{number:03}x"
        size = 1 + (number * 37) % 130
        *_, last = visit.reply(UserTurn(f"refund late {word} " * size, knowledge="kb"))
        names[word] = last.reply.session_id
    gone = [word for number, word in enumerate(names) if number % 3]
    for word in gone:
        service.archive.erase([names[word]], "test")
    data = bytes_of(tmp_settings.data_dir)
    assert [word for word in names if word.encode() in data] == [
        word for word in names if word not in gone
    ]
    assert len(list(store.turns())) == 20
    (integrity,) = sqlite3.connect(tmp_settings.data_dir / "turns.sqlite").execute(
        "PRAGMA integrity_check"
    )
    assert integrity == ("ok",)


@on_sqlite
def test_what_another_version_left_in_the_file_goes_with_the_command(tmp_settings, service):
    """It deleted rows without overwriting them."""
    *_, last = service.visit().reply(UserTurn(f"refund late {CANARY} " * 50, knowledge="kb"))
    path = tmp_settings.data_dir / "turns.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA secure_delete=OFF")
    database.execute("DELETE FROM turns")
    database.commit()
    database.close()
    service._keeper.store.checkpoint()
    assert CANARY.encode() in bytes_of(tmp_settings.data_dir)
    (session,) = [last.reply.session_id]
    assert main(["--data", str(tmp_settings.data_dir), "erase", "--session", session]) == 0
    assert CANARY.encode() not in bytes_of(tmp_settings.data_dir)


def test_the_commands_erase_and_export(service, tmp_settings, red, capsys, tmp_path):
    visit = service.visit()
    session = talk(visit, service, CANARY, red)
    data = ["--data", str(tmp_settings.data_dir)]
    assert main([*data, "export", "--session", session]) == 0
    (exported,) = json.loads(capsys.readouterr().out)["conversations"]
    assert exported["session_id"] == session and exported["owner"] == "person"
    assert [turn["action"] for turn in exported["turns"]][1:] == ["handoff"] * 3
    assert exported["turns"][0]["ratings"][0]["comment"] == f"{CANARY} was wrong"
    assert exported["messages"][0]["text"] == f"About {CANARY}: hello"
    assert f"{CANARY}@example.org" in exported["originals"].values()
    out = tmp_path / "mine.json"
    assert main([*data, "export", "--visitor", visit.token, "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == {"conversations": [exported]}
    assert {*exported} - {*visit.export()["conversations"][0]} == {"notes", "handoffs", "owners"}
    assert main([*data, "erase", "--visitor", visit.visitor]) == 0
    assert "4 turns are erased." in capsys.readouterr().out
    gone = {row.subject for row in audited(service._keeper.store) if row.what == "erased"}
    assert gone == {checksum(session), checksum(visit.visitor)}  # and what is being answered
    for command in ("erase", "export"):
        for whose in (("--session", session), ("--visitor", visit.token)):
            assert main([*data, command, *whose]) == 2
            error = capsys.readouterr().err
            assert error.startswith("error: Nothing is kept") and error.count("\n") == 1


def test_what_is_given_out_names_the_photos_and_recordings_that_are_kept(
    service, tmp_settings, red
):
    session = talk(visit := service.visit(), service, CANARY, red)
    first, *others = (turn.id for turn, _ in service._keeper.store.turns())
    media = tmp_settings.data_dir / "media"
    media.mkdir(exist_ok=True)
    for name in ("wav", "jpg", "files"):
        (media / f"{first}.{name}").write_bytes(b"")
    for exported in (service.archive.export([session]), visit.export()):
        (talked,) = exported["conversations"]
        named = {turn["id"]: turn["media"] for turn in talked["turns"]}
        assert named == {first: [f"{first}.jpg", f"{first}.wav"], **{name: [] for name in others}}


def test_erasures_are_noted_without_naming_anybody(service, red):
    visit = service.visit()
    session = talk(visit, service, CANARY, red)
    visit.erase()
    noted = next(row for row in audited(service._keeper.store) if row.what == "erased")
    assert (noted.who, noted.subject) == ("visitor", checksum(session))


def test_what_another_machines_journal_holds_of_an_erased_conversation_does_not_come_back(
    service, tmp_path, monkeypatch
):
    store, visit = service._keeper.store, service.visit()
    *_, last = visit.reply(UserTurn("refund late", knowledge="kb"))
    (kept,) = [vars(row) for row, _ in store.turns()]
    record = {name: value for name, value in kept.items() if not name.startswith("_")}
    elsewhere = Journal(tmp_path / "elsewhere.journal")
    elsewhere.append({**record, "id": "t2", "text": CANARY, "summary": ""})
    elsewhere.append({"turn_id": "t2", "rating": "down", "comment": CANARY})
    elsewhere.append({**record, "id": "t3", "session_id": "other", "summary": ""})
    visit.erase()
    keeper = Keeper(store, elsewhere)
    until(lambda: not elsewhere)  # its own round may have taken the rows before we look
    assert [row.id for row, _ in store.turns()] == ["t3"]
    assert not elsewhere.refused.exists()
    again = {**record, "id": "t4", "created": now(), "summary": ""}
    elsewhere.append(again)  # they came back later
    keeper.catch_up()
    until(lambda: not elsewhere)
    assert [row.id for row, _ in store.turns()] == ["t3", "t4"]


def test_what_was_silent_for_too_long_is_forgotten(service):
    store, sessions = service._keeper.store, []
    for days in (1, 9, 11, 30):
        *_, last = service.visit().reply(UserTurn("refund late", knowledge="kb"))
        sessions.append(last.reply.session_id)
        with store.writing() as session:
            turn = session.get(TurnRow, last.reply.turn_id)
            turn.created -= timedelta(days=days)
    handed = service.visit()
    *_, last = handed.reply(UserTurn("I want to talk to a person", knowledge="kb"))
    with store.writing() as session:
        session.get(TurnRow, last.reply.turn_id).created -= timedelta(days=40)
    service.desk.take(last.reply.session_id, "Ada")
    service.desk.say(last.reply.session_id, "Ada", "here I am")  # today
    assert service.archive.erase_older(10) == 2
    assert [bool(service.conversation(name)) for name in sessions] == [True, True, False, False]
    assert service.conversation(last.reply.session_id)


@on_sqlite
def test_what_the_database_refused_is_given_out_and_forgotten_too(service):
    visit, journal = service.visit(), service._keeper.journal
    rows = [
        {**turn(days, session=visit.new_session()), "created": now() - timedelta(days=days)}
        for days in (1, 11)
    ]
    for row in rows:
        _append(journal.refused, row)
    exported = visit.export()["conversations"]
    assert [own["text"] for each in exported for own in each["turns"]] == [
        row["text"] for row in sorted(rows, key=lambda row: row["session_id"])
    ]
    service.archive.erase_older(10)
    assert [row["id"] for row in journal.all_rows()] == ["t1"]
    visit.erase()
    assert not journal.all_rows()


@on_sqlite
def test_retention_runs_at_the_start_and_only_where_it_is_wanted(service):
    assert "erasing what is old" not in [task.name for task in service.tasks()]
    service.settings = service.settings.with_changes(retention_days=10)
    (task,) = [task for task in service.tasks() if task.name == "erasing what is old"]
    assert task.every == 86_400
    import threading

    done = threading.Event()
    rounds = Rounds([Task("fails", 0.01, lambda: 1 / 0), Task("does", 3600, done.set)])
    assert done.wait(5)
    rounds.close()
    with pytest.raises(SupportError, match="RETENTION_DAYS"):
        service.settings.with_changes(retention_days=-1)


def test_one_conversation_is_erased_through_the_api_and_no_other_visitors():
    endpoints = Endpoints(FakeService())
    *_, (first, _) = endpoints.chat(f"E24 {CANARY}", knowledge="smart-home")
    *_, (second, _) = endpoints.chat("E24", knowledge="smart-home", token=first["token"])
    *_, (foreign, _) = endpoints.chat("E24", knowledge="smart-home")
    assert first["session_id"] != second["session_id"]
    with pytest.raises(gr.Error, match="another"):
        endpoints.erase(foreign["token"], first["session_id"])
    assert endpoints.erase(first["token"], first["session_id"]) == {"turns": 1}
    [left] = endpoints.my_data(first["token"])["conversations"]
    assert left["session_id"] == second["session_id"]


def test_the_service_erases_a_conversation(service):
    reply = service.answer(UserTurn(f"refund {CANARY}", knowledge="kb"))
    assert service.conversation(reply.session_id)
    assert service.erase(reply.session_id) == 1
    assert service.conversation(reply.session_id) == ()


def test_my_data_and_erase_through_the_api():
    service = FakeService()
    endpoints = Endpoints(service)
    *_, (result, _) = endpoints.chat(f"E24 {CANARY}", knowledge="smart-home")
    mine = endpoints.my_data(result["token"])
    assert CANARY in mine["conversations"][0]["turns"][0]["text"]
    assert endpoints.erase(result["token"]) == {"turns": 1}
    assert endpoints.my_data(result["token"]) == {"conversations": []}
    assert CANARY.encode() not in bytes_of(service.folder)


def test_forget_me_on_the_page_asks_first_and_takes_the_files_too(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    service = FakeService()
    page = Page(*(field.name for field in fields(Page)))
    chat = Chat(service, page, Ears(service), [], service.folder)
    uploaded, kept = tmp_path / "photo.png", service.folder / "e24.png"
    uploaded.write_bytes(kept.read_bytes())
    *_, shown = chat.send({"text": "E24", "files": [str(uploaded)]}, "smart-home", True, EMPTY)
    *_, shown = chat.answer(shown["conversation"].ask(UserTurn("E24", kept, None, "smart-home")))
    conversation = shown["conversation"]
    assert len(service.conversation(conversation.session_id)) == 2
    shown = Opening(chat).forget_me(word("forget_me"), conversation)
    assert shown.keys() == {"forget"} and uploaded.exists()
    shown = Opening(chat).forget_me(shown["forget"].value, conversation)
    assert service.conversation(conversation.session_id) == () and not uploaded.exists()
    assert not list(tmp_path.rglob("*.wav")) and kept.exists()
    assert shown["conversation"] == EMPTY and shown["forget"].value == word("forget_me")
    assert shown["session"] == {"token": "", "session": "", "language": "en"}


def test_what_else_erases_a_conversation_takes_its_uploads_too(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    service = FakeService()
    page = Page(*(field.name for field in fields(Page)))
    chat = Chat(service, page, Ears(service), [], service.folder)
    kept, photos = service.folder / "e24.png", []
    for name in ("page", "api"):
        photos.append(tmp_path / name / "photo.png")
        photos[-1].parent.mkdir()
        photos[-1].write_bytes(kept.read_bytes())
    *_, shown = chat.send({"text": "E24", "files": [str(photos[0])]}, "smart-home", True, EMPTY)
    *_, (result, sound) = Endpoints(service).chat(
        "E24", str(photos[1]), None, "smart-home", speak=True
    )
    *_, other = chat.answer(EMPTY.ask(UserTurn("E24", kept, None, "smart-home", speak=True)))
    assert Path(sound).is_file() and all(photo.is_file() for photo in photos)
    sessions = [shown["conversation"].session_id, result["session_id"]]
    service.archive.erase([*sessions, other["conversation"].session_id], "command line")
    assert not [*tmp_path.rglob("*.wav"), *(photo for photo in photos if photo.exists())]
    assert kept.exists()  # what was not uploaded stays
    assert not list((service.folder / "media").iterdir())


def test_an_upload_that_another_visitor_sent_too_stays_until_both_are_erased(tmp_path):
    archive = FakeService(folder=tmp_path).archive
    same, own = tmp_path / "same.png", tmp_path / "own.png"
    for file in (same, own):
        file.write_bytes(b"bytes")
    archive.goes_with("t1", [same, own])
    archive.goes_with("t2", [same])
    archive.remove_media(["t1"])
    assert same.exists() and not own.exists()
    archive.remove_media(["t2"])
    assert not same.exists()


def test_notes_of_uploads_go_once_those_are_too_old_to_be_there(tmp_path):
    archive = FakeService().archive
    archive.forget_uploads(0)  # nothing was noted yet
    archive.goes_with("t1", [tmp_path / "a.png"])
    archive.forget_uploads(60)
    assert len(list(archive._media.iterdir())) == 1
    archive.forget_uploads(0)
    assert not list(archive._media.iterdir())


def test_a_note_that_a_full_disk_has_cut_off_keeps_nobody_from_erasing(tmp_path):
    archive, own = FakeService(folder=tmp_path).archive, tmp_path / "own.png"
    own.write_bytes(b"bytes")
    archive.goes_with("t1", [tmp_path / "a.png"])
    (note,) = archive._media.iterdir()
    note.write_text(note.read_text()[:-6])
    archive.goes_with("t2", [own])
    archive.remove_media(["t2"])
    assert not own.exists()


def test_a_name_of_two_lines_names_no_other_file(tmp_path):
    archive, other = FakeService().archive, tmp_path / "other.png"
    odd = tmp_path / f"odd\u2028{other}"
    other.write_bytes(b"stays")
    archive.goes_with("t1", [odd])
    archive.remove_media(["t1"])
    assert other.exists() and not list(archive._media.iterdir())


def test_a_tab_that_was_open_for_too_long_goes_on_and_is_forgotten_as_any_other():
    service = FakeService()
    page = Page(*(field.name for field in fields(Page)))
    chat = Chat(service, page, Ears(service), [], service.folder)
    box = {"text": "E24", "files": []}
    *_, shown = chat.send(box, "smart-home", False, replace(EMPTY, language="zh"))
    session, kept = shown["conversation"].session_id, shown["session"]
    *_, shown = chat.send(box, "smart-home", False, EMPTY, kept)  # nothing of it is held
    gone_on = shown["conversation"]
    assert (gone_on.session_id, len(gone_on.exchanges), gone_on.language) == (session, 2, "zh")
    service.desk.hand_over(session, "a program", "fraud")
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", "I am here.")
    followed = chat.follow(EMPTY, False, kept)["conversation"]
    assert followed.latest.messages[0].text == "I am here."
    Opening(chat).forget_me(word("really_forget", "zh"), EMPTY, kept)
    assert service.conversation(session) == ()
