"""What the desk does beside answering: notes, putting off, who types, and suggestions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from test_conversations import desk, hand_over  # noqa: F401  (fixtures)
from test_desk_page import (  # noqa: F401  (fixtures)
    KEY,
    Picked,
    chat,
    handed_over,
    page,
    service,
)
from test_store import turn

from demo.desk_cases import Seen, case_list, suggestion
from mm_support.desk.audit import audited
from mm_support.desk.cases import TYPING
from mm_support.desk.conversations import LONGEST_SNOOZE
from mm_support.desk.kept import keep_turn
from mm_support.errors import InputError
from mm_support.store.models import ConversationRow, now
from mm_support.types import KeptTurn, UserTurn
from tests.fake_service import HOSTILE


def set_back(store, **times):  # noqa: F811
    """As if these columns had been written so many seconds earlier."""
    values = {name: now() - timedelta(seconds=seconds) for name, seconds in times.items()}
    with store.writing() as session:
        session.execute(update(ConversationRow).values(values))


def test_a_note_is_for_the_desk_and_never_for_the_customer(page, chat, service):  # noqa: F811
    conversation, _ = handed_over(chat)
    session = conversation.session_id
    shown = page.note(KEY, session, "Ada", Seen(), f"Was rude. {HOSTILE}")
    assert "Was rude." in shown["about"] and "<img" not in shown["about"]
    assert service.desk.owner(session) == "waiting"  # noting takes nothing
    visit = service.visit(conversation.token)
    read = f"{visit.conversation(session)}{visit.messages(session)}{visit.holder(session)}"
    assert "rude" not in read and chat.follow(conversation).keys() == {"people"}
    row = audited(service.store, 1)[0]
    assert (row.who, row.what, row.subject, row.detail) == ("Ada", "noted", session, "")
    with pytest.raises(Exception, match="1 to 4,000"):
        page.note(KEY, session, "Ada", Seen(), " ")
    assert len(service.desk.notes(session)) == 1
    (exported,) = service.archive.export([session])["conversations"]
    assert "rude" in exported["notes"][0]["text"]
    visit.erase()
    assert service.desk.notes(session) == ()


def test_what_is_put_off_comes_last_until_its_time_or_until_the_customer_writes(store, desk):  # noqa: F811
    for number, name in enumerate("abc"):
        hand_over(store, name, number)
    desk.snooze("a", "Ada", 15)
    assert [case.conversation for case in desk.open()] == ["b", "c", "a"]
    assert "Put off, 15 min" in case_list(desk.open(), "", datetime.now(UTC))
    assert (audited(store, 1)[0].what, audited(store, 1)[0].detail) == ("put off", "15 min")
    keep_turn(store, turn(5, session="a"))
    assert desk.open()[0].conversation == "a" and desk.open()[0].snoozed is None
    desk.snooze("a", "Ada", 15)
    desk.snooze("a", "Ada", 0)
    assert desk.open()[0].snoozed is None
    desk.snooze("a", "Ada", 15)
    set_back(store, snoozed=1)
    assert not any(case.snoozed for case in desk.open())


def test_the_assistant_does_not_take_back_what_is_put_off(store, desk):  # noqa: F811
    hand_over(store)
    desk.take("s", "Ada")
    desk.snooze("s", "Ada", 60)
    set_back(store, since=7200)
    assert desk.return_silent(30) == ()
    set_back(store, snoozed=29 * 60)  # its time has come: the agent has half an hour from then on
    assert desk.return_silent(30) == ()
    set_back(store, snoozed=31 * 60)
    assert desk.return_silent(30) == ("s",) and desk.owner("s") == "assistant"


def test_only_who_has_it_puts_it_off_and_not_for_ever(store, desk):  # noqa: F811
    hand_over(store)
    desk.take("s", "Ada")
    for agent, span in (("Bo", 15), ("", 15), ("Ada", -1), ("Ada", LONGEST_SNOOZE + 1)):
        with pytest.raises(InputError):
            desk.snooze("s", agent, span)
    with pytest.raises(InputError):
        desk.note("unknown", "Ada", "hello")
    assert desk.open()[0].snoozed is None


def test_each_side_sees_for_a_moment_that_the_other_types(page, chat, service):  # noqa: F811
    conversation, _ = handed_over(chat)
    session = conversation.session_id
    page.look(KEY, session, Seen(), "Ada", True)  # waits: nobody in particular writes
    assert not service.desk.holder(session).typing
    service.desk.take(session, "Ada")
    page.look(KEY, session, Seen(), "Bo", True)  # not theirs
    assert not service.desk.holder(session).typing
    page.look(KEY, session, Seen(), "Ada", True)
    shown = chat.follow(conversation)
    assert "Ada is typing" in shown["people"]
    chat.follow(shown["conversation"], typing=True)
    assert "Typing" in page.look(KEY, session, Seen())["cases"]
    for ago in (TYPING, -6 * 3600):  # or by a clock that was set back since
        set_back(service.store, agent_typed=ago, customer_typed=ago)
        assert "has joined" in chat.follow(conversation)["people"]
        assert "Typing" not in page.look(KEY, session, Seen())["cases"]


def test_what_was_typed_is_over_once_it_is_said(chat, service):  # noqa: F811
    session = handed_over(chat)[0].session_id
    service.desk.take(session, "Ada")
    service.desk.agent_types(session, "Ada")
    service.desk.customer_types(session)
    service.desk.say(session, "Ada", "hello")
    list(service.reply(UserTurn("hello", session_id=session)))
    assert not service.desk.holder(session).typing and not service.desk.open()[0].typing


def test_a_visitor_types_in_no_conversation_of_somebody_else(chat, service):  # noqa: F811
    session = handed_over(chat)[0].session_id
    with pytest.raises(InputError):
        service.visit().types(session)
    assert not service.desk.open()[0].typing


def test_the_suggestion_is_the_evidence_that_was_found(page, chat, service):  # noqa: F811
    session = handed_over(chat)[0].session_id
    (cited,) = [e for e in service.knowledge.entries("smart-home") if "E24" in e.answer]
    shown = page.pick(Picked(session), KEY, Seen())
    assert shown["suggest"].interactive
    assert page.suggest(KEY, session, "")["reply"] == cited.answer
    whole = page.suggest(KEY, session, "Dear customer,")["reply"]
    assert whole == f"Dear customer,\n\n{cited.answer}"
    assert suggestion(()) == "" and not service.messages(session)


def test_a_suggestion_ends_with_a_sentence(chat, service):  # noqa: F811
    session = handed_over(chat)[0].session_id
    kept = service.desk.transcript(session)
    found = next(t for t in kept if isinstance(t, KeptTurn) and t.hits)
    entry = replace(found.hits[0].entry, answer="Open it. Then close the second …")
    cut = replace(found, hits=(replace(found.hits[0], entry=entry),))
    assert suggestion([cut]) == "Open it."
    steps = replace(entry, answer="It is easy. 1. Open it. 2. Close the second …")
    cut = replace(found, hits=(replace(found.hits[0], entry=steps),))
    assert suggestion([cut]) == "It is easy. 1. Open it."


def test_a_suggestion_keeps_code_as_the_reply_shows_it(chat, service):  # noqa: F811
    kept = service.desk.transcript(handed_over(chat)[0].session_id)
    found = next(t for t in kept if isinstance(t, KeptTurn) and t.hits)
    shown = replace(found, reply="Run this: [1]\n```\nfor a in b:\n    show(a[1])\n```\nWait. [1]")
    assert suggestion([shown]) == "Run this:\n```\nfor a in b:\n    show(a[1])\n```\nWait."


def test_what_fits_a_wish_for_a_person_is_suggested_only_where_nothing_was_asked(chat, service):  # noqa: F811
    session = handed_over(chat)[0].session_id
    kept = service.desk.transcript(session)
    asked = next(t for t in kept if isinstance(t, KeptTurn) and t.hits)
    other = replace(asked.hits[0].entry, id="hurt", answer="Look after the person first.")
    hits = (replace(asked.hits[0], entry=other),)
    wish = replace(asked, hits=hits, action="handoff", citations=())
    assert suggestion([asked, wish]) == suggestion([asked]) != suggestion([wish])
    assert suggestion([wish]) == "Look after the person first."
