"""Whose a conversation is: who may change it, what is stored meanwhile, and that races have one
winner.
"""

import threading
from typing import get_args

import pytest
from sqlalchemy import event, select
from test_service import ask, folder, make  # noqa: F401  (fixtures)
from test_store import turn

from mm_support.decide.decision import Reason
from mm_support.desk import kept
from mm_support.desk.audit import audited
from mm_support.desk.conversations import Desk
from mm_support.desk.kept import keep_turn
from mm_support.desk.ownership import successor
from mm_support.desk.reasons import CODES, code_of
from mm_support.errors import InputError
from mm_support.language.messages import message
from mm_support.store.models import ConversationRow, HandoffRow
from mm_support.types import Finished, Found, Said, UserTurn


@pytest.fixture
def desk(store):
    return Desk(store)


def hand_over(store, session="s", number=1, reason="asked"):
    record = turn(number, session=session, action="handoff", reason=reason)
    keep_turn(store, record, f"why: {reason}")


def test_the_list_asks_the_database_as_often_for_many_as_for_one(store, desk):
    asked = []
    event.listen(store._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for number in range(3):
        hand_over(store, f"s{number}", number)
    desk.take("s1", "Ada")
    keep_turn(store, turn(9, session="s1", text="and then?"), owner="person")
    desk.say("s1", "Ada", "hello")
    asked.clear()
    cases = {case.conversation: case for case in desk.open()}
    assert len(asked) <= 6 and cases["s2"].led == "question 2" and cases["s0"].unanswered
    assert (cases["s1"].led, cases["s1"].summary) == ("question 1", "why: asked")
    assert not cases["s1"].unanswered


def test_the_list_shows_what_led_to_the_latest_hand_over(store, desk):
    for number, reason in enumerate(("evidence", "stuck", "evidence", "asked")):
        action = "answer" if reason == "evidence" else "handoff"
        keep_turn(store, turn(number, action=action, reason=reason))
        if reason == "stuck":
            assert [case.led for case in desk.open()] == ["question 1"]
            desk.take("s", "Ada")
            desk.give_back("s", "Ada")
    assert [case.led for case in desk.open()] == ["question 2"]


def test_a_conversation_goes_from_the_assistant_to_a_person_and_back(store, desk):
    hand_over(store)
    (waiting,) = desk.waiting()
    assert (waiting.conversation, waiting.reason, waiting.summary) == ("s", "asked", "why: asked")
    desk.take("s", "Ada")
    assert desk.owner("s") == "person" and desk.waiting() == ()
    desk.give_back("s", "Ada", "solved")
    assert desk.owner("s") == "assistant"
    hand_over(store, number=2)
    desk.take("s", "Bo")
    desk.close("s", "Bo", "solved")
    assert desk.owner("s") == "closed"
    desk.open_again("s", "Ada")
    assert desk.owner("s") == "person" and desk.closed() == ()
    noted = [(change.owner, change.who, change.why) for change in desk.history("s")]
    assert noted[:3] == [
        ("waiting", "assistant", "asked"),
        ("person", "Ada", "took the conversation"),
        ("assistant", "Ada", "solved"),
    ]
    assert noted[4:] == [
        ("person", "Bo", "took the conversation"),
        ("closed", "Bo", "solved"),
        ("person", "Ada", "opened again"),
    ]


@pytest.mark.parametrize("state", ["unknown", "assistant", "waiting", "person", "closed"])
def test_nothing_else_is_possible(store, desk, state):
    if state != "unknown":
        keep_turn(store, turn(0))
    if state not in ("unknown", "assistant"):
        hand_over(store)
    if state in ("person", "closed"):
        desk.take("s", "Ada")
    if state == "closed":
        desk.close("s", "Ada", "solved")
    allowed = {
        "waiting": ["take"],
        "person": ["say", "give_back", "close"],
        "closed": ["open_again"],
    }.get(state, [])
    calls = {
        "take": lambda: desk.take("s", "Ada"),
        "say": lambda: desk.say("s", "Ada", "hello"),
        "give_back": lambda: desk.give_back("s", "Ada"),
        "close": lambda: desk.close("s", "Ada", "solved"),
        "open_again": lambda: desk.open_again("s", "Ada"),
    }
    for name in calls.keys() - set(allowed):
        before = None if state == "unknown" else desk.owner("s")
        with pytest.raises(InputError) as caught:
            calls[name]()
        assert str(caught.value).endswith(".") and "{" not in str(caught.value)
        assert before is None or desk.owner("s") == before


def test_another_agent_neither_writes_nor_closes(store, desk):
    hand_over(store)
    desk.take("s", "Ada")
    for call in (
        desk.give_back,
        lambda s, a: desk.close(s, a, "spam"),
        lambda s, a: desk.say(s, a, "hi"),
    ):
        with pytest.raises(InputError, match="Ada"):
            call("s", "Bo")
    assert desk.owner("s") == "person" and desk.messages("s") == ()


def test_a_conversation_is_closed_with_an_outcome_that_there_is(store, desk):
    hand_over(store)
    desk.take("s", "Ada")
    for wrong in ("", "whim", None):
        with pytest.raises(InputError, match="outcome"):
            desk.close("s", "Ada", wrong)
    assert desk.owner("s") == "person"
    desk.close("s", "Ada", "abandoned")
    assert [case.conversation for case in desk.closed()] == ["s"] and desk.open() == ()
    with store.reading() as session:
        assert session.get(ConversationRow, "s").outcome == "abandoned"
    assert [(row.what, row.detail) for row in audited(store, 1)] == [("closed", "abandoned")]


def test_what_was_closed_stays_so_where_the_customer_went_on_elsewhere(store, desk):
    hand_over(store)
    desk.take("s", "Ada")
    desk.close("s", "Ada", "solved")
    keep_turn(store, turn(2, session=successor("s")))
    with pytest.raises(InputError, match="gone on in another"):
        desk.open_again("s", "Ada")
    assert desk.owner("s") == "closed" and desk.chain("s")[-1] != "s"


def test_messages_come_in_order_and_only_those_not_seen_yet(store, desk):
    for number, session in enumerate(("s", "other")):
        hand_over(store, session, number)
        desk.take(session, "Ada")
    first = desk.say("s", "Ada", " hello ")
    desk.say("other", "Ada", "not for s")
    second = desk.say("s", "Ada", "how can I help?")
    assert [(m.author, m.text) for m in desk.messages("s")] == [
        ("Ada", "hello"),
        ("Ada", "how can I help?"),
    ]
    assert desk.messages("s", first.number) == (second,) and second.created.tzinfo is not None
    for text in ("", " ", "x" * 4001):
        with pytest.raises(InputError):
            desk.say("s", "Ada", text)


def test_of_many_who_take_a_conversation_one_has_it(store, desk):
    hand_over(store)
    took, told = [], []

    def take(name):
        try:
            desk.take("s", name)
            took.append(name)
        except InputError as exc:
            told.append(str(exc))

    threads = [threading.Thread(target=take, args=(f"agent {n}",)) for n in range(8)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert len(took) == 1 and len(told) == 7 and all(took[0] in text for text in told)


def test_a_turn_is_kept_once_however_often_it_is_written(store, desk):
    for _ in range(3):
        hand_over(store)
    assert len(list(store.turns())) == 1
    assert [case.reason for case in desk.waiting()] == ["asked"]


# -- in the service ---------------------------------------------------------------------------


def test_while_a_person_has_the_conversation_turns_are_kept_and_acknowledged(make):  # noqa: F811
    service = make()
    session = ask(service, "I want to talk to a person").session_id
    events = list(service.reply(UserTurn("refund late", knowledge="kb", session_id=session)))
    reply = events[-1].reply
    assert (reply.action, reply.text) == ("handoff", message("handoff.waiting"))
    assert not reply.citations and not any(isinstance(event, Found) for event in events)
    service.desk.take(session, "Ada")
    assert ask(service, "refund late", session_id=session).text == message("handoff.person")
    said = service.desk.say(session, "Ada", "Your refund is on its way.")
    assert service.messages(session) == (said,) and service.messages(session, said.number) == ()
    service.desk.give_back(session, "Ada")
    assert ask(service, "refund late", session_id=session).citations[0].entry_id == "refund"
    ask(service, "I want to talk to a person", session_id=session)
    service.desk.take(session, "Ada")
    service.desk.close(session, "Ada", "solved")
    afterwards = [ask(service, "refund late", session_id=session) for _ in range(2)]
    assert {reply.action for reply in afterwards} == {"answer"}  # in a conversation of its own
    (anew,) = {reply.session_id for reply in afterwards}
    assert service.desk.chain(session) == (session, anew) and anew != session
    rows = [row for row, _ in service._keeper.store.turns()]
    assert [row.text for row in rows].count("refund late") == 5  # none was lost
    exported = service.archive.export([session])["conversations"][0]
    assert len(exported["handoffs"]) == 2  # an acknowledgement hands nothing over again
    assert ask(service, "refund late").action == "answer"  # another conversation goes on


def test_a_draft_answers_what_was_written_last_and_nothing_of_it_is_kept(make):  # noqa: F811
    service = make()
    session = ask(service, "I want to talk to a person").session_id
    service.desk.take(session, "Ada")
    ask(service, "refund late", session_id=session)
    before = service.archive.export([session])
    assert "5 days" in (draft := service.draft(session)) and "[1]" not in draft
    assert service.archive.export([session]) == before
    ask(service, "I want to talk to a person", session_id=session)
    assert service.draft(session) == "" == service.draft("nobody-has-heard-of-it")


def test_a_reply_that_a_person_overtakes_is_not_stored_as_shown(make):  # noqa: F811
    """The person takes the conversation after the owner was read and before the reply is stored."""
    service = make()
    session = ask(service, "warranty").session_id
    events = service.reply(UserTurn("refund late", knowledge="kb", session_id=session))
    while not isinstance(next(events), Said):
        pass
    ask(service, "I want to talk to a person", session_id=session)
    service.desk.take(session, "Ada")
    (last,) = [event for event in events if isinstance(event, Finished)]
    assert (last.reply.action, last.reply.text) == ("handoff", message("handoff.person"))
    assert not last.reply.citations
    row = next(row for row, _ in service._keeper.store.turns() if row.id == last.reply.turn_id)
    assert (row.reply, row.action, row.citations) == (message("handoff.person"), "handoff", [])
    assert "5 days" in row.withheld and row.text == "refund late"


def test_who_was_told_that_a_person_reads_it_has_one_though_it_was_given_back_meanwhile(
    store, desk
):
    hand_over(store)
    desk.take("s", "Ada")
    desk.give_back("s", "Ada")
    told = turn(2, action="handoff", reason="person", reply="passed on")
    keep_turn(store, told, "the summary", owner="person")
    (case,) = desk.waiting()
    assert (case.reason, case.summary, case.unanswered) == ("asked", "the summary", True)


def test_who_writes_while_a_person_closes_is_asked_to_send_it_again(make, monkeypatch):  # noqa: F811
    service = make()
    ask(service, "I want to talk to a person", session_id="s")
    service.desk.take("s", "Ada")
    assert ask(service, "hello", session_id="s").text == message("handoff.person")
    keep = service._keeper.keep

    def closed_before(*given):
        service.desk.close("s", "Ada", "solved")
        return keep(*given)

    monkeypatch.setattr(service._keeper, "keep", closed_before)
    reply = ask(service, "one more thing", session_id="s")  # which would be told nothing
    assert (reply.action, reply.text) == ("handoff", message("handoff.closed"))


def test_what_a_person_overtakes_is_told_in_the_language_of_the_turn(store):
    hand_over(store)
    spoken = turn(2, text="", transcript={"text": "Wo ist mein Paket?"}, language="de")
    before_it_was_kept = turn(3, text="Wo ist denn mein Paket geblieben?")
    for record in (spoken, before_it_was_kept):
        assert keep_turn(store, record)["reply"] == message("handoff.waiting", "de")


def test_nobody_waits_while_the_language_of_a_turn_is_told(store, monkeypatch):
    """The first time loads what tells it, which takes seconds on a busy machine."""
    hand_over(store)

    def others_write(text):
        other = threading.Thread(target=keep_turn, args=(store, turn(3, language="en")))
        other.start()
        other.join(2)
        return "" if other.is_alive() else "de"

    monkeypatch.setattr(kept, "language_of", others_write)
    assert keep_turn(store, turn(2))["reply"] == message("handoff.waiting", "de")


def test_messages_of_a_session_that_cannot_be_are_refused(make):  # noqa: F811
    with pytest.raises(InputError):
        make().messages("../etc")


@pytest.mark.parametrize("code", CODES)
def test_a_program_hands_a_conversation_over_for_each_kind_of_reason(store, desk, code):
    keep_turn(store, turn(1))
    desk.hand_over("s", "fraud check", code, "three cards in a minute")
    (case,) = desk.waiting()
    assert (case.reason, case.summary) == (code, "three cards in a minute")
    with store.reading() as session:
        assert [row.code for row in session.scalars(select(HandoffRow))] == [code]
    desk.take("s", "Ada")
    desk.give_back("s", "Ada")
    desk.hand_over("s", "fraud check", "other")  # of the same turn once more
    assert desk.waiting()[0].reason == "other"


def test_only_a_conversation_of_the_assistant_is_handed_over_and_for_a_known_reason(store, desk):
    keep_turn(store, turn(1))
    for name, who, code in (("s", "me", "whim"), ("s", "", "fraud"), ("nobody", "me", "fraud")):
        with pytest.raises(InputError):
            desk.hand_over(name, who, code)
    assert desk.waiting() == ()
    desk.hand_over("s", "me", "fraud")
    with pytest.raises(InputError, match="waiting for a person"):
        desk.hand_over("s", "me", "fraud")


def test_each_reason_of_the_assistant_is_of_a_kind():
    given = {code_of(reason) for reason in get_args(Reason)} - {"other"}
    assert given == {"asked", "upset", "reserved", "stuck", "safety"}
