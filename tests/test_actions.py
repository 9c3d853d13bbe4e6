"""Actions in a conversation: found, asked for, confirmed, performed, cited, left; and what is kept
of them.
"""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from acting_service import ACTIONS, ReadsWords, System, acting_service, declared
from conftest import WordEncoder
from PIL import Image

from mm_support.actions import flow
from mm_support.actions.performing import Actions
from mm_support.decide.intents import Reads
from mm_support.decode.compose import Asked
from mm_support.desk.visits import Signatures, customer_in, signed_customer
from mm_support.errors import KnowledgeError, StoreError
from mm_support.knowledge.actions import FILE, each_once
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.ingest import ACTIONS_LEFT_OUT
from mm_support.loading import ingest_packs, load_actions
from mm_support.pipeline.act import Considered, act
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.types import Entry, Finished, Found, Question, UserTurn

SPOKEN = (16_000, np.full(16_000, 0.5, np.float32))


@pytest.fixture
def system(monkeypatch):
    monkeypatch.setenv("MM_SUPPORT_ACTION_KEY", "secret")
    running = System()
    yield running
    running.close()


@pytest.fixture
def make(tmp_settings, tmp_path, system):
    """Builds the service; its base may call the system."""
    made = []

    def build(text=ACTIONS, on=True, **parts):
        folder = declared(tmp_path / "kb", system.url, text)
        settings = replace(tmp_settings, actions=on, customer_secret="the-secret-of-the-site")
        made.append(acting_service(settings, folder, system.host, **parts))
        return made[-1]

    yield build
    for service in made:
        service.close()


@pytest.fixture
def talk(make):
    """say(words) in one conversation gives the replies; say.service, say.events of the last one."""

    class Say:
        def __init__(self, service=None, customer=""):
            self.service, self.session, self.customer = service or make(), None, customer

        def __call__(self, words="", **changes):
            turn = UserTurn(words, knowledge="kb", session_id=self.session, **changes)
            turn = replace(turn, customer=self.customer)
            self.events = list(self.service.reply(turn))
            self.session = self.events[-1].reply.session_id
            return self.events[-1].reply

    return Say


def calls(system: System) -> list[tuple[str, str]]:
    return [(method, path) for method, path, *_ in system.asked]


# -- looking something up ---------------------------------------------------------------------


def test_what_is_written_in_photos_asks_for_no_action(make):
    """Of two photos, one with the words that begin an action when they are typed."""
    service = make()
    judged = drained(judge(service.parts, UserTurn("where is my parcel?", knowledge="kb")))
    hits = service.parts.knowledge.find("kb", judged.query)
    asked = [
        Asked(Question("where is my parcel 104822"), (), 0.9),
        Asked(Question("refund"), hits[:1], 0.9),
    ]
    declared = service.parts.knowledge.actions("kb")
    typed = Question("where is my parcel 104822 and my refund")
    shown = replace(typed, typed="", photo=Image.new("RGB", (9, 9)))
    begun = []
    for question in (typed, shown):
        here = Considered(
            judged.turn, question, judged.query, hits, judged.decision, asked, (), declared, None
        )
        begun.append(act(service.parts, here).step is not None)
    assert begun == [True, False]


def test_what_is_said_at_once_is_looked_up_at_once_and_cited(talk, system):
    say = talk()
    reply = say("where is my parcel 104822")
    assert (reply.action, reply.text) == ("answer", "Parcel 104822 is sent. [1]")
    (citation,) = reply.citations
    assert citation.title.startswith("Your parcel, ") and citation.entry_id == "action:status"
    assert "104822 is sent" in citation.snippet and reply.pending is None
    assert calls(system) == [("GET", "/orders/104822")]
    assert system.asked[0][3]["Authorization"] == "Bearer secret"
    found = [event for event in say.events if isinstance(event, Found)]
    assert found[-1].hits[0].entry.answer == "Parcel 104822 is sent."
    assert isinstance(say.events[-1], Finished)


def test_what_is_missing_is_asked_for_and_may_be_said_or_shown(talk, make, system, red):
    say = talk(make(lines=("No. 104822", "Thank you")))
    for given in ({"words": "104822"}, {"words": "10 48 22"}, {"audio": SPOKEN}, {"image": red}):
        asked = say("where is my parcel")
        assert (asked.action, asked.text) == ("clarify", "Which number?")
        assert (asked.form.name, asked.form.type, asked.form.example) == (
            "order",
            "identifier",
            "104822",
        )
        assert say(**given).text == "Parcel 104822 is sent. [1]"
    assert calls(system) == [("GET", "/orders/104822")] * 4


def test_what_was_done_is_kept_though_the_customer_stops_before_it_is_told(talk, system):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")
    service, session = say.service, say.session
    events = service.reply(UserTurn("yes", knowledge="kb", session_id=session))
    while not calls(system):
        next(events)
    events.close()
    last = service.conversation(session)[-1]
    assert (last.text, last.reply, last.action) == ("yes", "Parcel 104830 is cancelled.", "answer")
    say("yes")
    assert calls(system) == [("POST", "/orders/104830/cancel")]


def test_a_photo_that_shows_the_value_may_come_with_two_questions(talk, make, system, red):
    say = talk(make(lines=("No. 104822",)))
    reply = say("Where is my parcel? And is the warranty broken?", image=red)
    assert "The warranty is two years." in reply.text and "Parcel 104822 is sent." in reply.text
    assert calls(system) == [("GET", "/orders/104822")]


def test_a_value_that_nobody_gave_is_never_sent(talk, system):
    say = talk()
    for words in ("where is my parcel", "1048", "zebra giraffe", "1048229"):
        reply = say(words)
    assert reply.action == "refuse" and system.asked == []


def test_of_several_values_the_customer_chooses(talk, system):
    say = talk()
    asked = say("where is my parcel 104822 or 104830")
    assert asked.choices == ("104822", "104830") and asked.form is None
    assert say("104830").text == "Parcel 104830 is received. [1]"


def test_a_place_chooses_nothing_where_nothing_was_offered(talk, monkeypatch):
    say, last = talk(), Reads({"choose": 1.0}, frozenset({"choose"}), "last")
    for words, text in (
        ("where is my parcel", "Which number?"),
        ("where is my parcel 104822 or 104830", "Parcel 104830 is received. [1]"),
    ):
        say(words)
        with monkeypatch.context() as reading:
            reading.setattr(ReadsWords, "read", lambda *_: last)
            assert say("the last one").text.startswith(text)
        say("no")


def test_something_else_is_answered_and_the_action_waits(talk, system):
    say = talk()
    say("where is my parcel")
    other = say("warranty broken")
    assert other.citations[0].entry_id == "warranty" and other.choices == ("Parcel whereabouts",)
    assert other.text.endswith("Shall we go on with “Parcel whereabouts” now?")
    again = say("warranty broken")
    assert "Shall we" not in again.text and again.choices == ("Parcel whereabouts",)
    assert say("104822").text == "Parcel 104822 is sent. [1]"


@pytest.mark.parametrize("words", ["Stop a delivery", "yes"])
def test_what_was_set_aside_is_confirmed_anew_before_it_is_done(talk, system, words):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")
    assert say("warranty broken").pending.aside
    assert say(words).text == "Shall I stop 104830?" and system.asked == []
    assert say("yes").text == "Parcel 104830 is cancelled. [1]"


def test_what_was_set_aside_is_left_when_it_is_not_wanted(talk, system):
    say = talk()
    say("where is my parcel")
    say("warranty broken")
    assert say("no").pending is None
    assert say("104822").action != "answer" and system.asked == []


def test_another_question_of_the_message_is_answered_too(talk, system):
    say = talk()
    for words in ("where is my parcel 104822? warranty?", "warranty? where is my parcel 104822?"):
        reply = say(words)
        assert reply.text.endswith("Parcel 104822 is sent. [2]")
        assert [own.entry_id for own in reply.citations] == ["warranty", "action:status"]
    assert calls(system) == [("GET", "/orders/104822")] * 2


def test_what_is_asked_beside_the_missing_value_is_answered_too(talk, system):
    say = talk()
    say("where is my parcel")
    reply = say("104822 and warranty?")
    assert reply.text.endswith("Parcel 104822 is sent. [2]")
    assert [own.entry_id for own in reply.citations] == ["warranty", "action:status"]


def test_of_several_values_that_find_nothing_the_last_is_asked_for_again(talk, system):
    say = talk()
    say("please stop my delivery 104830")
    say("90211")
    gone = say("yes")
    assert (gone.form.name, gone.pending.values) == ("postcode", {"order": "104830"})
    assert say("no, the order is 104822").form.name == "postcode"
    assert say("90210").text == "Shall I stop 104822?"


def test_who_declines_or_wants_a_person_leaves_it_too(talk):
    say = talk()
    say("where is my parcel")
    assert say("no").pending is None
    say("where is my parcel")
    assert say("a person please").action == "handoff"


def test_what_is_not_there_is_told_and_asked_for_again(talk, system):
    say = talk()
    gone = say("where is my parcel 999999")
    assert gone.action == "clarify" and "999999" in gone.text and gone.citations == ()
    assert say("104822").text == "Parcel 104822 is sent. [1]"


def test_an_action_does_not_wait_for_ever(talk, monkeypatch):
    say = talk()
    say("where is my parcel")
    later = time.time() + flow.PATIENCE + 1
    monkeypatch.setattr(flow.time, "time", lambda: later)
    assert say("104822").text != "Parcel 104822 is sent. [1]"


# -- changing something -----------------------------------------------------------------------


def test_what_changes_something_is_confirmed_with_what_is_sent(talk, system):
    say = talk()
    assert say("please stop my delivery 104830").text == "Which postcode?"
    asked = say("90210")
    assert (asked.text, asked.choices) == ("Shall I stop 104830?", ("Yes", "No"))
    assert system.asked == []
    assert say("well maybe").text == "Shall I stop 104830? Please answer yes or no."
    done = say("Yes")
    assert (done.action, done.text) == ("answer", "Parcel 104830 is cancelled. [1]")
    ((method, path, body, headers),) = system.asked
    assert (method, path, body) == ("POST", "/orders/104830/cancel", {"postcode": "90210"})
    assert headers["Idempotency-Key"] == asked.pending.key


@pytest.mark.parametrize("words", ["No", "no", "thanks", "yes no"])
def test_without_a_plain_yes_nothing_is_changed(talk, system, words):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")
    assert say(words).pending is None and say("yes").action != "answer" and system.asked == []


def test_a_yes_to_another_value_is_confirmed_anew(talk, system):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")
    assert say("yes, 104822").text == "Shall I stop 104822?" and system.asked == []
    assert say("yes 104822").text == "Parcel 104822 is packed. [1]"
    assert calls(system) == [("POST", "/orders/104822/cancel")]


def test_a_yes_that_was_hardly_heard_is_no_yes(talk, system, monkeypatch):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")
    speech = say.service.parts.encoders.speech
    heard = replace(speech.transcribe(SPOKEN[1]), text="yes", confidence=0.3)
    monkeypatch.setattr(type(speech), "transcribe", lambda *_, **__: heard)
    assert say(audio=SPOKEN).choices == ("Yes", "No") and system.asked == []


def test_what_was_begun_is_not_begun_again(talk, system):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")
    service, session = say.service, say.session
    past, _ = service._keeper.before(session)
    assert say("yes").action == "answer"
    service._keeper.before = lambda _: (past, "assistant")  # the other "yes" read this
    again = say("yes")
    assert again.action == "refuse" and len(system.asked) == 1


def test_a_question_how_it_is_done_is_answered_and_the_action_offered(talk, make, system):
    text = ACTIONS.replace("please stop my delivery", "warranty broken")
    say = talk(make(text.replace("Stop a delivery", "Warranty broken")))
    for words in ("how can I warranty broken", "how do I warranty broken?"):
        reply = say(words)
        assert (reply.action, reply.pending) == ("answer", None)
        assert [citation.entry_id for citation in reply.citations] == ["warranty"]
        assert reply.choices == ("Warranty broken",)
    assert say("Warranty broken").text == "Which delivery?" and system.asked == []


def test_what_is_told_rather_than_asked_begins_though_an_entry_is_about_it(talk, make):
    text = ACTIONS.replace("please stop my delivery", "warranty broken")
    say = talk(make(text.replace("Stop a delivery", "Warranty broken")))
    assert say("warranty broken").text == "Which delivery?"


@pytest.mark.parametrize("words", ["do not", "don’t", "dont", "never"])
def test_what_is_denied_is_not_begun(talk, system, words):
    reply = talk()(f"please {words} stop my delivery 104830")
    assert reply.pending is None and reply.text == "Parcel 104830 is received. [1]"
    assert calls(system) == [("GET", "/orders/104830")]


@pytest.mark.parametrize(
    "words", ["please stop my delivery 104830, it is not for me", "not for me! stop my delivery"]
)
def test_another_clause_that_denies_something_denies_no_action(talk, words):
    assert talk()(words).pending.action == "cancel"


def test_what_was_done_is_looked_up_before_it_is_offered_to_be_done(talk, system):
    say = talk()
    reply = say("did you stop my delivery 104830?")
    offer = "Shall we go on with “Stop a delivery” now?"
    assert reply.text == f"Parcel 104830 is received. [1] {offer}"
    assert reply.pending.aside and reply.choices == ("Stop a delivery",)
    assert say("yes").text == "Which postcode?"
    assert say("did you stop my delivery 104830?").text.count(offer) == 1
    assert {method for method, _ in calls(system)} == {"GET"}


def test_what_cannot_be_looked_up_is_not_offered_behind_that(talk):
    reply = talk()("did you stop my delivery 999999?")
    assert "Shall we" not in reply.text and reply.pending.action == "status"


def test_what_nothing_else_answers_is_looked_up_though_it_is_less_sure(talk, monkeypatch):
    monkeypatch.setattr("mm_support.decide.policy.Policy.threshold", lambda *_: 2.0)
    say = talk()
    assert say("where is my parcel").text == "Which number?"
    assert talk(say.service)("please stop my delivery").pending is None


def test_days_and_hours_are_those_of_the_company(talk, make, monkeypatch):
    here = datetime(2026, 1, 1, 23, 30)
    monkeypatch.setattr(Actions, "now", lambda _: here)
    say = talk(make(COMPLAINT, functions="complain=test_actions:filed"))
    for words in ("complaint please", "It is late", "2"):
        say(words)
    assert say("yesterday").pending.values["day"] == "2025-12-31"
    say("nothing")
    assert say("Yes").citations[0].title.endswith(", 23:30")


def test_the_hours_of_people_tell_the_time_zone(tmp_settings, tmp_path):
    hours = tmp_path / "hours.toml"
    hours.write_text('time_zone = "Pacific/Kiritimati"\n[open]\nmonday = "9:00-17:00"\n')
    with ExitStack() as opened:
        actions = load_actions(opened, replace(tmp_settings, actions=True, hours=str(hours)))
        assert actions.now().utcoffset() == timedelta(hours=14)


COMPLAINT = """
[[action]]
name = "complain"
title = "File a complaint"
examples = ["complaint please"]
writes = true
confirm = "{count} of {day}, {why}: {note}?"
result = "Filed as {number}."

[[action.parameter]]
name = "why"
type = "choice"
ask = "What is wrong?"
options = [{ value = "late", label = "It is late" }, { value = "broken", label = "It is broken" }]

[[action.parameter]]
name = "count"
type = "number"
min = 1
max = 9
example = "2"
ask = "How many?"

[[action.parameter]]
name = "day"
type = "date"
ask = "Since when?"

[[action.parameter]]
name = "note"
type = "text"
ask = "Anything else?"
"""
FILED = []


def filed(values, customer):
    FILED.append(dict(values))
    return {"number": 7}


def test_each_kind_of_value_is_asked_for_and_done_by_a_function(talk, make):
    say = talk(make(COMPLAINT, functions="complain=test_actions:filed"))
    FILED.clear()
    asked = say("complaint please")
    assert (asked.text, asked.choices) == ("What is wrong?", ("It is late", "It is broken"))
    assert asked.form is None
    assert say("It is broken").form.type == "number"
    assert say("twelve").text == "How many? For example: 2"
    assert say("three of them").form.type == "date"
    assert say("2026-11-24").form.type == "text"
    sure = say("the lid fell off [1]")
    assert (
        sure.text == "3 of November 24, 2026, It is broken: the lid fell off (1)?" and FILED == []
    )
    assert say("Yes").text == "Filed as 7. [1]"
    note = "the lid fell off [1]"
    assert FILED == [{"why": "broken", "count": "3", "day": "2026-11-24", "note": note}]


def test_a_date_that_may_name_two_days_is_asked_about(talk, make):
    say = talk(make(COMPLAINT, functions="complain=test_actions:filed"))
    for words in ("complaint please", "It is broken", "three of them"):
        say(words)
    assert say("03/04/2026").choices == ("2026-03-04", "2026-04-03")
    assert say("2026-04-03").form.type == "text"
    assert "April 3, 2026" in say("it fell").text


def test_a_question_is_no_answer_to_what_is_asked_in_free_words(talk, make):
    say = talk(make(COMPLAINT, functions="complain=test_actions:filed"))
    FILED.clear()
    for words in ("complaint please", "It is late", "2", "2026-11-24"):
        say(words)
    assert say("warranty broken?").citations[0].entry_id == "warranty"
    assert say("Yes").action != "answer" and FILED == []


# -- who may ----------------------------------------------------------------------------------


def test_what_is_only_for_whom_the_site_has_signed_in(talk, system):
    nobody = talk()
    refused = nobody("show purchases overview")
    assert refused.action == "refuse" and "signed in" in refused.text and system.asked == []
    known = talk(nobody.service, customer="c-17")
    assert known("show purchases overview").text == "You have 104822, 104830. [1]"
    assert calls(system) == [("GET", "/customers/c-17/orders")]


def test_who_is_signed_in_only_the_site_can_say(make, system):
    service = make()
    turn = UserTurn("show purchases overview", knowledge="kb", customer="c-17")
    signed = signed_customer("the-secret-of-the-site", "c-17", 60)
    forged = signed_customer("other", "c-17", 60)
    for given, allowed in ((signed, True), (forged, False), ("c-17", False), ("", False)):
        *_, last = service.visit(customer=given).reply(turn)
        assert (last.reply.action == "answer") is allowed
    assert len(system.asked) == 1


def test_a_signed_customer_is_good_for_a_while_and_for_one_secret():
    signed = signed_customer("the-secret-of-the-site", "c-17", 60)
    assert customer_in("the-secret-of-the-site", signed) == "c-17"
    bodies = ["", "e30", "bm9uZQ", signed.partition(".")[0][:-2]]
    made = [Signatures(b"the-secret-of-the-site").token(body) for body in bodies]
    for bad in (
        signed_customer("the-secret-of-the-site", "c-17", -1),
        signed + "x",
        signed[:-1],
        *made,
        "x" * 2000,
    ):
        assert customer_in("the-secret-of-the-site", bad) == ""
    assert customer_in("", Signatures(b"").token(signed.partition(".")[0])) == ""
    assert (
        customer_in("the-secret-of-the-site", signed_customer("the-secret-of-the-site", "c 17", 60))
        == ""
    )


# -- what is kept -----------------------------------------------------------------------------


def test_the_audit_log_says_what_was_done_and_nothing_of_whom(talk):
    say = talk(customer="c-17")
    say("please stop my delivery 104830")
    say("90210")
    say("yes")
    say("where is my parcel 999999")
    noted = [(row.who, row.what, row.detail) for row in say.service.audited()]
    assert noted == [
        ("assistant", "action", "status: missing"),
        ("assistant", "action", "cancel: done"),
        ("assistant", "action", "cancel: begun"),
    ]


def test_what_cannot_be_noted_is_not_changed(talk, system, monkeypatch):
    say = talk()
    say("please stop my delivery 104830")
    say("90210")

    def fails(*_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(say.service, "note", fails)
    assert say("yes").action == "refuse" and system.asked == []


MAIL = """
[[action]]
name = "stop"
title = "Stop a delivery"
examples = ["please stop my delivery"]
writes = true
confirm = "Shall I stop {order}?"
result = "Parcel {order} is {status}."
call = { method = "POST", url = "SYSTEM/orders/{order}/cancel", body = { mail = "{mail}" } }

[[action.parameter]]
name = "mail"
type = "text"
pattern = "[^ ]+@[^ ]+"
ask = "Which address?"

[[action.parameter]]
name = "order"
type = "identifier"
pattern = "[0-9]{6}"
example = "104822"
ask = "Which delivery?"
"""


def test_a_value_that_is_personal_waits_in_memory_and_is_masked_on_the_disk(talk, make, system):
    say = talk(make(MAIL))
    assert say("please stop my delivery").text == "Which address?"
    assert say("ada@example.com").text == "Which delivery?"
    rows = [row for row, _ in say.service._keeper.store.turns()]
    assert "ada@" not in str([vars(row) for row in rows])
    assert rows[-1].pending["values"] == {}
    assert say("104830").text == "Shall I stop 104830?"
    say("yes")
    assert system.asked[0][2] == {"mail": "ada@example.com"}


def addressed(values, customer):
    return {"status": "sent to ada@example.com"}


def test_what_is_personal_in_an_answer_is_shown_and_not_kept(talk, make):
    say = talk(make(functions="status=test_actions:addressed"))
    assert "ada@example.com" in say("where is my parcel 104822").text
    rows = [row for row, _ in say.service._keeper.store.turns()]
    assert "ada@" not in str([vars(row) for row in rows])
    assert "[e-mail 1]" in rows[0].reply and "[e-mail 1]" in rows[0].hits[0]["snippet"]


def test_a_value_that_this_process_does_not_know_is_asked_for_again(talk, make, system):
    say = talk(make(MAIL))
    say("please stop my delivery")
    say("ada@example.com")
    say.service._keeper._pending.clear()  # what another process knows
    assert say("104830").text == "Which address?"
    assert say("ada@example.com").text == "Shall I stop 104830?"
    say.service._keeper._pending.clear()
    assert say("yes").text == "Which address?" and system.asked == []


# -- whose actions are read -------------------------------------------------------------------


def test_switched_off_nothing_of_an_action_is_read_or_found(make, tmp_settings, tmp_path, system):
    service = make()
    ids = {entry.id for entry in service.knowledge.entries("kb")}
    assert {"action:status", "action:cancel", "action:mine"} <= ids
    off = acting_service(replace(tmp_settings, data_dir=tmp_path / "other"), tmp_path / "kb")
    assert not {entry.id for entry in off.knowledge.entries("kb")} & ids & {"action:status"}
    off.close()
    settings = replace(tmp_settings, actions=False)
    service.knowledge._acts = False  # the same base, by a service that is started without
    assert service.knowledge.actions("kb") == ()
    turn = UserTurn("where is my parcel 104822", knowledge="kb")
    assert not any(hit.entry.declaration for hit in service.knowledge.search(turn))
    assert service.answer(turn).action != "answer" and system.asked == [] and not settings.actions


def test_a_search_gives_knowledge_and_no_actions(make):
    found = make().knowledge.search(UserTurn("where is my parcel", knowledge="kb"))
    assert not any(hit.entry.declaration for hit in found)


def test_actions_are_read_from_the_folder_of_the_operator_alone(make, tmp_path):
    knowledge = make().knowledge
    folder = tmp_path / "kb"
    packed = tmp_path / "zipped"
    packed.mkdir()
    shutil.make_archive(str(packed / "all"), "zip", folder)
    below = tmp_path / "below"
    shutil.copytree(folder, below / "deeper")
    (below / "faq.csv").write_text((folder / "faq.csv").read_text().replace("refund", "r"))
    for place, allowed in ((folder, False), (packed / "all.zip", True), (below, True)):
        report = knowledge.ingest("other", place, actions=allowed)
        assert [reason for *_, reason in report.skipped].count(ACTIONS_LEFT_OUT) == 1
        assert not knowledge.actions("other")


def test_actions_go_with_the_versions_of_their_base(make, tmp_path, system):
    knowledge = make().knowledge
    folder = declared(tmp_path / "kb", system.url, ACTIONS.replace('"status"', '"where"', 1))
    knowledge.sync("kb", folder, actions=True)
    assert [action.name for action in knowledge.actions("kb")] == ["where", "cancel", "mine"]
    knowledge.undo("kb")
    assert [action.name for action in knowledge.actions("kb")] == ["status", "cancel", "mine"]
    entry = next(e for e in knowledge.entries("kb") if e.declaration)
    with pytest.raises(KnowledgeError, match=FILE):
        knowledge.edit("kb", replace(entry, declaration="", answer="now it is text"))
    knowledge.remove("kb", "action:status")
    assert [action.name for action in knowledge.actions("kb")] == ["cancel", "mine"]


def test_a_wrong_file_leaves_the_base_as_it_was(make, tmp_path, system):
    knowledge = make().knowledge
    declared(tmp_path / "kb", system.url, ACTIONS.replace("examples", "exampels", 1))
    with pytest.raises(KnowledgeError, match="exampels: there is no such key"):
        knowledge.ingest("kb", tmp_path / "kb", actions=True)
    assert len(knowledge.actions("kb")) == 3


def test_a_pack_has_its_actions_where_they_are_switched_on(make, tmp_path, system):
    knowledge, pack = make().knowledge, tmp_path / "packs" / "shop"
    pack.mkdir(parents=True)
    declared(pack, system.url)
    (pack / "faq.csv").rename(pack / "entries.csv")
    (pack / "entries.jsonl").write_text('{"id": "a", "title": "A bell", "answer": "Ring it."}\n')
    for acts, names in ((True, 3), (False, 0), (True, 3)):
        ingest_packs(knowledge, tmp_path / "packs", lambda _: None, acts)
        assert len(knowledge.actions("shop")) == names
    said = []
    ingest_packs(knowledge, tmp_path / "packs", said.append, True)
    assert said == []  # nothing has changed


def test_a_base_that_is_made_again_keeps_its_actions(make, tmp_path):
    service = make()
    shutil.rmtree(tmp_path / "kb")  # what was ingested is gone; its copy is not
    encoders = service.parts.encoders
    text, image = WordEncoder(), encoders.image
    index = FolderIndex(service.settings.data_dir, "others", text.dim, image.dim)
    renewed = Knowledge(index, text, image, lambda turn: None, acts=True)
    assert renewed.stale() == ["kb"]
    renewed.renew("kb")
    assert [action.name for action in renewed.actions("kb")] == ["status", "cancel", "mine"]
    index.close()


def test_people_see_an_action_once_whatever_its_languages():
    entries = [Entry("a", "A", "x", declaration="{}"), Entry("a:zh", "B", "y", declaration="{}")]
    plain = Entry("b", "B", "z")
    assert each_once([*entries, plain]) == [entries[0], plain]
