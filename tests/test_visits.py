"""A session id alone opens nothing: what a visitor may see hangs on a token of this service."""

import os
import stat
import threading

import gradio as gr
import pytest
from test_service import folder, make  # noqa: F401  (fixtures)

from demo.api import Endpoints
from mm_support.desk.visits import SECRET_FILE, signatures_in
from mm_support.errors import SENTENCES, InputError, StoreError, SupportError
from mm_support.types import UserTurn
from tests.fake_service import FakeService


def said_by(visit, text="refund late"):
    (*_, last) = visit.reply(UserTurn(text, knowledge="kb"))
    return last.reply


@pytest.fixture
def service(make):  # noqa: F811
    return make()


def test_each_call_of_somebody_else_is_refused_with_one_sentence(service):
    owner, other = service.visit(), service.visit()
    reply = said_by(owner)
    turn = UserTurn("refund late", knowledge="kb", session_id=reply.session_id)
    calls = {
        "reply": lambda visit: list(visit.reply(turn)),
        "feedback": lambda visit: visit.feedback(reply.turn_id, "down", "mine"),
        "holder": lambda visit: visit.holder(reply.session_id),
        "messages": lambda visit: visit.messages(reply.session_id),
        "conversation": lambda visit: visit.conversation(reply.session_id),
    }
    turns = len(list(service._keeper.store.turns()))
    for call in calls.values():
        with pytest.raises(InputError) as caught:
            call(other)
        assert str(caught.value) == SENTENCES["not_yours"]
    assert len(list(service._keeper.store.turns())) == turns
    assert not any(ratings for _, ratings in service._keeper.store.turns())
    for call in calls.values():
        call(service.visit(owner.token))  # the token opens it again


def test_a_name_that_the_company_gives_is_always_the_same_visitor(service):
    ada, reply = service.visit_of("ada"), said_by(service.visit_of("ada"))
    assert ada.token == service.visit_of("ada").token != service.visit_of("ben").token
    assert ada.conversation(reply.session_id)
    with pytest.raises(InputError):
        service.visit_of("ben").conversation(reply.session_id)
    assert ada.own(ada.session("7")) == ada.session("7") != ada.session("8")
    assert not service.visit(ada.token).visitor.startswith("ada")


def test_a_made_up_token_or_session_opens_nothing(service):
    reply = said_by(owner := service.visit())
    visitor = owner.visitor
    forged = [f"{visitor}.", f"{visitor}.{'A' * 43}", visitor, owner.token[:-1], owner.token + "A"]
    for token in [*forged, "ключ.x", "\ud800.x", ".", reply.session_id]:
        with pytest.raises(InputError):
            service.visit(token)
    other = service.visit()
    for session in ("", "../etc", f"{other.visitor}x", visitor, reply.session_id.upper()):
        with pytest.raises(InputError):
            other.holder(session)


def test_the_session_of_trusted_code_is_no_visitors(service):
    reply = service.answer(UserTurn("refund late", knowledge="kb"))
    with pytest.raises(InputError):
        service.visit().conversation(reply.session_id)
    assert service.conversation(reply.session_id)


def test_a_visitor_is_known_while_the_database_does_not_answer(service, monkeypatch):
    visit = service.visit()
    reply = said_by(visit)

    def broken():
        raise StoreError("Nothing answers.")

    monkeypatch.setattr(service._keeper.store, "writing", broken)
    monkeypatch.setattr(service._keeper.store, "reading", broken)
    more = UserTurn("refund late", knowledge="kb", session_id=reply.session_id)
    (*_, last) = visit.reply(more)
    visit.feedback(last.reply.turn_id, "up")  # it is in the journal
    with pytest.raises(InputError):
        service.visit().feedback(last.reply.turn_id, "up")


# -- the secret -----------------------------------------------------------------------------


def test_the_secret_is_made_once_for_all_fronts_and_read_by_nobody_else(tmp_path):
    made, folder = [], tmp_path / "data"  # noqa: F811
    start = threading.Barrier(8)

    def front():
        start.wait()
        made.append(signatures_in(folder).token("someone"))

    threads = [threading.Thread(target=front) for _ in range(8)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert len(made) == 8 and len(set(made)) == 1
    assert [path.name for path in folder.iterdir()] == [SECRET_FILE]
    assert stat.S_IMODE((folder / SECRET_FILE).stat().st_mode) == 0o600
    assert signatures_in(folder).visitor(made[0]) == "someone"
    with pytest.raises(InputError):
        signatures_in(tmp_path / "another").visitor(made[0])


@pytest.mark.skipif(os.name != "posix", reason="a path below a file")
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SupportError, match="MM_SUPPORT_DATA") as caught:
        signatures_in(tmp_path / "file" / "data")
    assert "\n" not in str(caught.value)


# -- through the API ------------------------------------------------------------------------


def test_the_api_gives_a_token_and_asks_for_it():
    endpoints = Endpoints(FakeService())
    *_, (result, _) = endpoints.chat("E24", knowledge="smart-home")
    again = {"knowledge": "smart-home", "session_id": result["session_id"]}
    *_, (more, _) = endpoints.chat("E24", **again, token=result["token"])
    assert (more["session_id"], more["token"]) == (result["session_id"], result["token"])
    *_, (stranger, _) = endpoints.chat("E24", knowledge="smart-home")
    assert stranger["token"] != result["token"]
    for token in (None, "", stranger["token"]):
        with pytest.raises(gr.Error, match="another visitor"):
            list(endpoints.chat("E24", **again, token=token))
        with pytest.raises(gr.Error, match="another visitor"):
            endpoints.feedback(result["turn_id"], "down", "", token)
        with pytest.raises(gr.Error, match="another visitor"):
            endpoints.messages(result["session_id"], 0, token)
