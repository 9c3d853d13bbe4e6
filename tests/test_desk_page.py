"""The desk and what its people write on the customer's page: handlers over the real desk and
SQLite, with a service without models. What needs a browser is in test_browser.py.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace as given

import gradio as gr
import pytest
from PIL import Image
from sqlalchemy import update

# fixtures of the real pipeline with fake models; pytest finds them by these names
from test_service import folder, make  # noqa: F401

from demo.api import Endpoints
from demo.bubbles import bubbles
from demo.chat import Chat
from demo.conversation_state import Conversation
from demo.desk import DeskPage, Parts, Seen, desk_key, desk_link
from demo.desk_cases import case_list, minutes
from demo.door import Door
from demo.insights import satisfaction_card
from demo.live import Ears
from demo.opening import Opening
from demo.page_parts import Desk as Page
from demo.panels import people_line
from demo.rating import Rating, turn_of_message
from demo.replay import conversation_of
from demo.sign_in import SignIn
from demo.ui import build_demo
from demo.words import said, word
from mm_support.errors import InputError, StoreError
from mm_support.store.models import TurnRow
from mm_support.types import Case, Holder, KeptTurn, Message, UserTurn
from tests.fake_service import (
    HEARD,
    HOSTILE,
    SEEN,
    WAITING,
    FakeService,
    make_picture,
    write_wav,
)

KEY = "a-key-that-nobody-guesses"


class Picked:
    """What Gradio hands to `pick`."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation


@pytest.fixture
def service():
    return FakeService()


def desk_page(service, key=KEY):
    """The page's handlers, with names for its parts."""
    parts, form = (kind(*(f.name for f in fields(kind))) for kind in (Parts, SignIn))
    return DeskPage(service, Door(key, service.accounts), parts, form)


@pytest.fixture
def page(service):
    return desk_page(service)


@pytest.fixture
def chat(service):
    page = Page(*(field.name for field in fields(Page)))
    return Chat(service, page, Ears(service), [], service.folder)


def asked(chat, text, conversation=Conversation()):
    """The conversation after a question was answered, and what the page shows then."""
    *_, shown = chat.send({"text": text}, "smart-home", False, conversation)
    return shown["conversation"], shown


def handed_over(chat, text="What does E24 mean?"):
    before, _ = asked(chat, text)
    *_, shown = chat.ask_for_person("smart-home", False, before)
    return shown["conversation"], shown


def kept(conversation):
    """What the browser keeps of a conversation."""
    own = {"token": conversation.token, "session": conversation.session_id}
    return {**own, "language": conversation.language}


def contents(shown) -> list[str]:
    return [bubble["content"][0] for bubble in shown["chat"]]


# -- the door -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], KEY + "x", "ключ", None, 7])
def test_without_the_key_nothing_is_shown(page, chat, key):
    handed_over(chat)
    shown = page.enter(key, "Ada")
    assert shown["box"].visible and not shown["room"].visible and not shown["timer"].active
    drawn = ("key", "cases", "found", "search", "chat", "about", "reply", "picked")
    assert not any(shown[part] for part in drawn)
    assert not {"figures", "accounts"} & shown.keys()


@pytest.mark.parametrize("key", ["", "wrong", None])
def test_every_handler_checks_the_key(page, chat, service, key):
    session = handed_over(chat)[0].session_id
    where = (key, session, "Ada", Seen())
    calls = {
        "look": lambda: page.look(key, session, Seen()),
        "pick": lambda: page.pick(Picked(session), key, Seen()),
        "take": lambda: page.take(*where),
        "give_back": lambda: page.give_back(*where),
        "close": lambda: page.close(given(outcome="solved"), *where),
        "open_again": lambda: page.open_again(*where),
        "say": lambda: page.say(*where, "hello"),
        "note": lambda: page.note(*where, "hello"),
        "snooze": lambda: page.snooze(*where, 15),
        "suggest": lambda: page.suggest(key, session, ""),
        "search": lambda: page.search(key, "", "E24"),
    }
    handlers = {name for name, value in vars(DeskPage).items() if callable(value)}
    inner = {"__init__", "act", "also", "emptied", "read", "show_conversation", "enter"}
    assert calls.keys() == handlers - inner  # each one that an event calls
    for name, call in calls.items():
        with pytest.raises(gr.Error, match="Open it with the link"):
            call()
        assert service.desk.owner(session) == "waiting" and not service.messages(session), name


def test_the_key_is_made_at_each_start_unless_it_is_set_and_never_on_a_public_space():
    made = {desk_key("", {}) for _ in range(3)}
    assert len(made) == 3 and all(len(key) > 20 for key in made)
    assert desk_key("", {"SPACE_ID": "somebody/space"}) == ""
    assert desk_key(KEY, {"SPACE_ID": "somebody/space"}) == desk_key(KEY, {}) == KEY
    with pytest.raises(InputError, match="characters"):
        desk_key("short", {})
    assert desk_link("http://127.0.0.1:7860/", "k") == "http://127.0.0.1:7860/desk?key=k"


def test_without_a_key_there_is_neither_desk_nor_workshop(service, tmp_path):
    assert [path for path, *_ in build_demo(service, tmp_path).pages] == [""]
    pages = build_demo(service, tmp_path, desk_key=KEY).pages
    assert [(path, in_navigation) for path, _, in_navigation in pages] == [
        ("", True),
        ("desk", False),
        ("workshop", False),
        ("preview", False),
    ]
    assert KEY not in str(build_demo(service, tmp_path, desk_key=KEY).config)


# -- at the desk ----------------------------------------------------------------------------


def test_a_conversation_is_listed_read_taken_answered_and_given_back(page, chat, service):
    conversation, _ = handed_over(chat)
    session = conversation.session_id
    shown = page.enter(KEY, "Ada")
    assert shown["room"].visible and shown["timer"].active and shown["agent"].value == "Ada"
    for words in ("What does E24 mean?", "Asked for a person", "Smart home", "Waiting"):
        assert words in shown["cases"]
    shown = page.pick(Picked(session), KEY, shown["seen"])
    assert contents(shown) == contents({"chat": bubbles(as_stored(service, session))})
    assert "Customer: I would like to talk to a person." in shown["about"]
    assert shown["take"].interactive and "data-outcome" not in shown["close"]
    assert shown["reply"].interactive  # the first answer takes it
    shown = page.take(KEY, session, "Ada", shown["seen"])
    assert service.desk.holder(session) == Holder("person", "Ada", turns=2)
    assert not shown["take"].interactive and shown["give_back"].interactive
    shown = page.say(KEY, session, "Ada", shown["seen"], "Is the filter clean?")
    assert "Is the filter clean?" in contents(shown)[-1]
    shown = page.give_back(KEY, session, "Ada", shown["seen"])
    assert service.desk.holder(session).owner == "assistant"
    assert "Nobody is waiting" in shown["cases"]
    assert not shown["reply"].interactive and "With the assistant" in shown["about"]


def as_stored(service, session):
    return conversation_of(service.conversation(session), service.desk.holder(session))


def test_the_first_answer_takes_a_conversation_that_waits(page, chat, service):
    session = handed_over(chat)[0].session_id
    page.say(KEY, session, "Ada", Seen(), "hello")
    assert service.desk.holder(session) == Holder("person", "Ada", turns=2)
    assert [message.text for message in service.messages(session)] == ["hello"]


def test_an_answer_or_name_that_cannot_be_used_takes_nothing(page, chat, service):
    session = handed_over(chat)[0].session_id
    for name, text in (("Ada", " "), ("Ada", "x" * 4_001), ("", "hello"), (" ", "hello")):
        with pytest.raises(gr.Error):
            page.say(KEY, session, name, Seen(), text)
        assert service.desk.owner(session) == "waiting" and not service.messages(session)


def test_who_comes_second_is_told_who_has_it(page, chat, service):
    session = handed_over(chat)[0].session_id
    page.take(KEY, session, "Ada", Seen())
    close = partial(page.close, given(outcome="spam"))
    for act in (page.take, page.give_back, close):
        with pytest.raises(gr.Error, match="is with Ada"):
            act(KEY, session, "Bo", Seen())
    with pytest.raises(gr.Error, match="is with Ada"):
        page.say(KEY, session, "Bo", Seen(), "me too")
    assert service.desk.holder(session) == Holder("person", "Ada", turns=2)
    assert not service.messages(session)


def test_what_is_suggested_answers_what_was_asked_while_a_person_has_it(page, chat, service):
    conversation, _ = handed_over(chat)
    session = conversation.session_id
    page.take(KEY, session, "Ada", Seen())
    assert "does not drain" in page.suggest(KEY, session, "")["reply"]
    asked(chat, "My router blinks", conversation)
    suggested = page.suggest(KEY, session, "Hello.")["reply"]
    assert suggested.startswith("Hello.\n\n") and "Unplug the router" in suggested
    assert "does not drain" not in suggested
    asked(chat, "zebra", conversation)  # nothing is known of that
    assert "does not drain" in page.suggest(KEY, session, "")["reply"]


def test_where_nothing_is_found_that_is_said(page, chat, service):
    *_, shown = chat.ask_for_person("smart-home", False, Conversation())
    with pytest.raises(gr.Error, match="Nothing that fits"):
        page.suggest(KEY, shown["conversation"].session_id, "")


def test_the_list_names_the_language_in_its_own_words(page, chat, service):
    store, session = service.store, handed_over(chat)[0].session_id
    with store.writing() as written:
        written.execute(update(TurnRow).values(language="fr"))
    assert "français" in page.enter(KEY, "Ada")["cases"]
    assert "français" in page.pick(Picked(session), KEY, Seen())["about"]


def test_a_photo_that_is_kept_is_shown_at_the_desk_and_becomes_no_file(page, chat, service):
    photo = make_picture(service.folder / "mine.png", "E24", (1, 2, 3))
    *_, shown = chat.send(
        {"text": "what is this", "files": [str(photo)]}, "smart-home", False, Conversation()
    )
    turn = shown["conversation"].latest.reply.turn_id
    *_, shown = chat.ask_for_person("smart-home", False, shown["conversation"])
    session = shown["conversation"].session_id
    assert "data:image" not in str(page.pick(Picked(session), KEY, Seen())["chat"])
    kept = service.folder / "media" / f"{turn}.jpg"
    kept.parent.mkdir()
    Image.open(photo).convert("RGB").save(kept)
    (question, *_) = page.pick(Picked(session), KEY, Seen())["chat"]
    address = re.search(r"\(data:image/jpeg;base64,(.+)\)", str(question["content"]))
    assert Image.open(io.BytesIO(base64.b64decode(address[1]))).size == (480, 360)
    service.archive.erase([session], "test")
    assert not kept.exists()


def test_only_what_changed_is_drawn_again(page, chat):
    session = handed_over(chat)[0].session_id
    first = page.look(KEY, session, Seen())
    assert {"cases", "about", "chat"} <= first.keys()
    assert page.look(KEY, session, first["seen"]).keys() == {"seen"}
    handed_over(chat, "router")
    assert page.look(KEY, session, first["seen"]).keys() == {"seen", "cases"}


def test_those_who_wait_come_first_and_a_customer_who_wrote_last_is_marked(page, chat, service):
    sessions = [handed_over(chat, text)[0].session_id for text in ("E24", "router", "code")]
    service.desk.take(sessions[0], "Ada")
    service.desk.say(sessions[0], "Ada", "hello")
    cases = service.desk.open()
    assert [case.conversation for case in cases] == [*sessions[1:], sessions[0]]
    assert [case.unanswered for case in cases] == [True, True, False]
    assert [case.led for case in cases] == ["router", "code", "E24"]  # before the wish for a person
    assert [case.conversation for case in service.desk.waiting()] == sessions[1:]
    list(service.reply(UserTurn("Are you there?", session_id=sessions[0])))
    assert service.desk.open()[-1].unanswered


def test_where_somebody_may_be_in_danger_comes_first_and_is_marked(page, chat, service):
    sessions = [handed_over(chat, text)[0].session_id for text in ("E24", "router", "code")]
    asked_here, _ = asked(chat, "E24")
    service.desk.hand_over(asked_here.session_id, "sensors", "safety")
    service.desk.take(asked_here.session_id, "Ada")
    first, *others = service.desk.open()
    assert (first.conversation, first.danger) == (asked_here.session_id, True)
    assert [case.conversation for case in others] == sessions
    listed = page.enter(KEY, "Ada")["cases"]
    assert listed.count("ms-danger") == listed.count(said("desk_danger")) == 1
    assert listed.index(first.conversation) < listed.index(sessions[0])


@pytest.mark.parametrize(
    "seconds, words", [(0, "< 1 min"), (59, "< 1 min"), (60, "1 min"), (7200, "2 h")]
)
def test_waiting_times_are_said_plainly(seconds, words):
    assert minutes(seconds) == words


def test_hostile_words_are_shown_as_words(page, chat, service):
    session = handed_over(chat, HOSTILE)[0].session_id
    service.desk.take(session, HOSTILE[:60])
    service.desk.say(session, HOSTILE[:60], HOSTILE)
    shown = page.look(KEY, session, Seen())
    drawn = shown["cases"] + shown["about"] + people_line(service.desk.holder(session))
    assert "<img" not in drawn and "&lt;img" in drawn
    assert all("<img" not in text and "](javascript" not in text for text in contents(shown))
    odd = Case('"><script>', Holder("waiting"), datetime.now(UTC), "<b>", "<i>", "<u>", "{{x}}")
    listed = case_list([odd], "", datetime.now(UTC) + timedelta(hours=1))
    assert not any(tag in listed for tag in ("<script", "<u>", "{{", "<B>"))


# -- searching ------------------------------------------------------------------------------


def test_a_conversation_is_found_opened_and_read_whosever_it_is(page, chat, service):
    conversation, _ = asked(chat, "What does E24 mean?")
    session = conversation.session_id
    handed_over(chat, "router")
    found = page.search(KEY, "", "MEAN e24")["found"]
    assert session in found and found.count("data-conversation") == 1
    assert "What does <mark>E24</mark> <mark>mean</mark>?" in found
    assert said("desk_found", count=1) in found and said("desk_assistant", agent="") in found
    shown = page.pick(Picked(session), KEY, Seen())
    assert contents(shown) == contents({"chat": bubbles(as_stored(service, session))})
    assert said("base_smart_home") in shown["about"] and not shown["reply"].interactive
    assert 'aria-current="true"' in page.search(KEY, session, "e24")["found"]


def test_a_search_that_finds_nothing_says_so_and_none_shows_nothing(page, chat):
    handed_over(chat)
    assert page.search(KEY, "", "zebra")["found"].count(said("desk_not_found")) == 1
    assert page.search(KEY, "", "  ")["found"] == ""
    with pytest.raises(gr.Error, match="200"):
        page.search(KEY, "", "x" * 201)


def test_a_search_knows_what_the_page_calls_a_base_and_the_company_a_customer(page, chat, service):
    session = handed_over(chat)[0].session_id
    visit = service.visit_of("c-17")
    list(visit.reply(UserTurn("return", knowledge="shopping", session_id=visit.session("x"))))
    for words, own in (("智能家居", session), ("smart", session), ("购物", visit.session("x"))):
        found = page.search(KEY, "", words)["found"]
        assert own in found and found.count("data-conversation") == 1, words
    found = page.search(KEY, "", "c-17")["found"]
    assert visit.session("x") in found and session not in found


def test_hostile_words_that_are_found_are_shown_as_words(page, chat):
    handed_over(chat, HOSTILE)
    found = page.search(KEY, "", "onerror")["found"]
    assert "<img" not in found and "&lt;img" in found and "<mark>onerror</mark>" in found
    found = page.search(KEY, "", "<img")["found"]
    assert "<img" not in found and "<mark>&lt;img</mark>" in found


# -- on the customer's page -----------------------------------------------------------------


def test_the_customer_sees_who_has_the_conversation_and_what_they_write(chat, service):
    conversation, shown = handed_over(chat)
    session = conversation.session_id
    assert "Waiting for a person" in shown["people"] and shown["timer"].active
    assert shown["session"] == kept(conversation)
    service.desk.take(session, "Ada")
    shown = chat.follow(conversation)
    assert "Ada has joined" in shown["people"] and shown["timer"].active
    service.desk.say(session, "Ada", "first")
    service.desk.say(session, "Ada", "second")
    shown = chat.follow(shown["conversation"])
    assert [text for text in contents(shown) if "Ada" in text] == [
        "**Ada**\n\nfirst",
        "**Ada**\n\nsecond",
    ]
    again = chat.follow(shown["conversation"])
    assert again.keys() == {"people"}  # nothing new, nothing drawn
    conversation, shown = asked(chat, "thank you", shown["conversation"])
    assert contents(shown)[-2] == "thank you" and "Ada has joined" in shown["people"]
    service.desk.give_back(session, "Ada")
    shown = chat.follow(conversation)
    assert "Ada has left" in shown["people"] and not shown["timer"].active
    conversation, shown = asked(chat, "What does E24 mean?", shown["conversation"])
    assert conversation.latest.reply.action == "answer" and shown["people"] == ""


def test_what_a_person_writes_is_spoken_where_replies_are(chat, service):
    conversation, _ = handed_over(chat)
    service.desk.take(conversation.session_id, "Ada")
    service.desk.say(conversation.session_id, "Ada", "One moment. I look.")
    silent = chat.follow(conversation)
    assert "voice" not in silent and not silent["conversation"].latest.sounds
    for how in ({"speak": True}, {"hands_free": True}):
        shown = chat.follow(conversation, **how)
        assert len(shown["voice"]["sounds"]) == 2
        again = chat.follow(shown["conversation"], **how)
        assert again.keys() == {"people"}  # nothing is said twice


def test_what_one_tab_sends_appears_in_the_other_while_a_person_has_the_conversation(chat, service):
    one, _ = handed_over(chat)
    session = one.session_id
    two = Opening(chat).resume(kept(one), Conversation())["conversation"]
    two = chat.follow(two).get("conversation", two)
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", "hello")
    one, _ = asked(chat, "from the first tab", one)
    service.desk.say(session, "Ada", "got it")
    shown = chat.follow(two)
    *_, hello, sent, acknowledged, answered = contents(shown)
    assert (hello, sent) == ("**Ada**\n\nhello", "from the first tab")
    assert answered == "**Ada**\n\ngot it" and acknowledged.startswith(WAITING)
    two, _ = asked(chat, "from the second", shown["conversation"])
    assert contents(chat.follow(one))[-2:] == ["**Ada**\n\ngot it", "from the second"]
    assert chat.follow(two).keys() == {"people"}  # its own words are there already


def closed(chat, service):
    """A conversation that a person had and closed, which its page does not know yet."""
    conversation, _ = handed_over(chat)
    service.desk.take(conversation.session_id, "Ada")
    service.desk.close(conversation.session_id, "Ada", "solved")
    return conversation


def test_what_was_closed_is_opened_again_and_both_pages_say_so(page, chat, service):
    conversation, _ = handed_over(chat)
    session = conversation.session_id
    shown = page.take(KEY, session, "Ada", Seen())
    assert shown["close"].count("data-outcome") == 4
    shown = page.close(given(outcome="not_solved"), KEY, session, "Ada", shown["seen"])
    assert "Nobody is waiting" in shown["cases"] and session in shown["cases"]
    assert shown["open_again"].visible and not shown["take"].visible
    assert said("figure_not_solved") in shown["about"]
    left = chat.follow(conversation)
    assert "Ada has closed" in left["people"] and left["timer"].active  # it may be opened again
    shown = page.open_again(KEY, session, "Bo", shown["seen"])
    assert service.desk.holder(session).owner == "person"
    assert said("did_opened_again") in shown["about"]
    shown = chat.follow(left["conversation"])
    assert "Bo has joined" in shown["people"] and shown["form"] == ""


def test_what_is_sent_to_a_closed_conversation_begins_a_new_one(chat, service):
    before = closed(chat, service)
    for conversation in (before, chat.follow(before)["conversation"]):  # also where it is known
        after, shown = asked(chat, "What does E24 mean?", conversation)
        assert after.latest.reply.action == "answer" and shown["people"] == ""
        assert shown["session"] == kept(after) != kept(before)
        assert any("A new conversation" in text for text in contents(shown))
        again, shown = asked(chat, "What does E24 mean?", after)
        assert again.session_id == after.session_id
        assert sum("A new conversation" in text for text in contents(shown)) == 1
    said = service.conversation(after.session_id)
    assert [turn.text for turn in said] == ["What does E24 mean?"] * 4


def test_a_closed_conversation_is_said_to_be_closed_and_asks_no_more(chat, service):
    conversation = closed(chat, service)
    shown = chat.follow(conversation)
    assert "Ada has closed" in shown["people"]
    again = Opening(chat).restart(conversation)
    assert again["people"] == ""
    assert again["session"]["token"] == conversation.token
    assert again["session"]["session"] not in ("", conversation.session_id)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_conversation_that_people_have_is_left_once_that_was_said(chat, language):
    conversation, _ = handed_over(chat)
    opening, conversation = Opening(chat), replace(conversation, language=language)
    shown = opening.restart(conversation, label=word("new_conversation", language))
    assert word("person_has_it", language) in shown["notice"] and "conversation" not in shown
    begun = opening.restart(conversation, label=shown["restart"].value)
    assert begun["restart"].value == word("new_conversation", language)
    assert begun["conversation"].exchanges == () and begun["notice"] == ""


def test_at_closing_the_customer_is_asked_once_how_well_they_were_helped(chat, service):
    conversation = closed(chat, service)
    before, rating = replace(conversation, holder=Holder()), Rating(service, chat.desk)
    told = rating.rate_closed(given(score=4, comment=""), replace(before, session_id="x-1"))
    assert "another visitor" in told["notice"] and told.keys() == {"notice"}
    shown = chat.follow(conversation)
    assert shown["form"].count("radio") == 5
    said = given(score=4, comment=" kind; write to jane@example.org ")
    shown = rating.rate_closed(said, shown["conversation"])
    assert shown["form"] == "" and "Thank you" in shown["notice"]
    again = Opening(chat).resume(kept(conversation), Conversation())
    assert "Ada has closed" in again["people"] and again["form"] == ""
    assert service.insights.satisfaction(7) == (1, 1)
    (scored,) = service.insights.scored(7)
    assert (scored.agent, scored.score) == ("Ada", 4)
    assert scored.comment.startswith("kind") and "jane" not in scored.comment
    exported = service.archive.export([conversation.session_id])["conversations"][0]
    assert (exported["score"], exported["comment"]) == (4, scored.comment)
    last = exported["owners"][-1]
    assert (last["owner"], last["who"], last["why"]) == ("closed", "Ada", exported["outcome"])


def test_only_a_closed_conversation_is_rated_and_only_from_one_to_five(service, chat):
    conversation, _ = handed_over(chat)
    mine, over = {"token": conversation.token}, closed(chat, service)
    with pytest.raises(gr.Error, match="still going on"):
        Endpoints(service).rate(conversation.session_id, 5, **mine)
    for score in (0, 6, 3.5, None, "5"):
        with pytest.raises(gr.Error, match="from 1 to 5"):
            Endpoints(service).rate(over.session_id, score, token=over.token)
    Endpoints(service).rate(over.session_id, 2, token=over.token)
    told = Endpoints(service).messages(over.session_id, token=over.token)
    assert (told["owner"], told["score"]) == ("closed", 2)
    assert service.insights.satisfaction(7) == (0, 1)
    assert "0 of 1" in satisfaction_card((0, 1), service.insights.scored(7))


def test_while_the_assistant_has_it_nothing_is_asked(chat):
    conversation, shown = asked(chat, "What does E24 mean?")
    assert not shown["timer"].active and shown["people"] == ""


def test_a_message_that_comes_while_a_reply_streams_is_shown_with_it(chat, service):
    conversation, _ = handed_over(chat)
    service.desk.take(conversation.session_id, "Ada")
    steps = chat.send({"text": "And now?"}, "smart-home", False, conversation)
    begun = next(steps)["conversation"]
    service.desk.say(conversation.session_id, "Ada", "wait")
    assert chat.follow(begun).keys() == {"people"}
    *_, shown = steps
    assert "wait" in contents(shown)[-1]
    assert len(shown["conversation"].latest.messages) == 1


def test_a_database_that_does_not_answer_costs_the_page_nothing(chat, service, monkeypatch):
    conversation, _ = handed_over(chat)

    def fails(*_):
        raise StoreError("The database cannot be read.")

    monkeypatch.setattr(service.desk, "holder", fails)
    assert chat.follow(conversation).keys() == {"people"}
    assert Opening(chat).resume(kept(conversation), Conversation()).keys() == {"people"}


def test_a_reload_shows_the_conversation_as_it_was(chat, service, tmp_path):
    recording = write_wav(tmp_path / "question.wav", 0.5)
    turn = UserTurn("E24", service.folder / "e24.png", recording, "smart-home")
    *_, shown = chat.answer(Conversation().ask(turn))
    browser = shown["session"]
    session = browser["session"]
    list(service.reply(UserTurn("a person please", session_id=session, knowledge="smart-home")))
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", "hello")
    shown = Opening(chat).resume(browser, Conversation())
    texts = contents(shown)
    typed, seen, *_, heard = shown["chat"][0]["content"]
    assert (typed, heard) == ("E24", HEARD.text)
    assert "[1](#passage-1-1" in texts[1] and "hello" in texts[-1]
    assert SEEN.labels[0].name in seen and SEEN.text[0].text in seen
    assert "Ada has joined" in shown["people"] and shown["timer"].active
    assert "Error E24 on the washing machine" in str(shown["panel"]["turns"])
    assert shown["picker"].value == "smart-home" and shown["session"] == browser
    assert turn_of_message(shown["conversation"], 1) == service.turn_ids[0]
    assert turn_of_message(shown["conversation"], len(texts) - 1) == service.turn_ids[1]


@pytest.mark.parametrize("token", ["", "made.up", None])
@pytest.mark.parametrize("session", ["", "nobody-knows-it", "../etc", None])
def test_a_session_that_is_not_there_begins_a_new_one(chat, session, token):
    for browser in ({"token": token, "session": session}, session, None):
        shown = Opening(chat).resume(browser, Conversation())
        begun = shown["conversation"]
        assert begun.exchanges == () and shown["session"]["token"] == begun.token != token
        assert begun.session_id.startswith(begun.token.partition(".")[0])


def test_a_session_without_its_token_is_not_shown(chat, service):
    conversation, _ = handed_over(chat)
    other = asked(chat, "router")[0].token
    for token in ("", other):
        browser = {"token": token, "session": conversation.session_id}
        assert Opening(chat).resume(browser, Conversation())["conversation"].exchanges == ()


def test_a_visitor_keeps_the_token_through_a_reload_without_a_conversation(chat):
    before, _ = asked(chat, "router")
    browser = Opening(chat).restart(before)["session"]
    known = Opening(chat).resume(browser, Conversation())["conversation"]
    assert asked(chat, "E24", known)[0].token == before.token


def test_a_conversation_that_has_begun_is_not_replaced_by_an_older_one(chat):
    older, _ = handed_over(chat)
    newer, _ = asked(chat, "router")
    assert Opening(chat).resume(kept(older), newer).keys() == {"people"}


def test_talk_to_a_person_works_on_an_empty_conversation(chat, service):
    *_, shown = chat.ask_for_person("finance", False, Conversation())
    (case,) = service.desk.waiting()
    assert case.conversation == shown["session"]["session"] and case.knowledge == "finance"


# -- the endpoint and the store -------------------------------------------------------------


def test_messages_of_a_conversation_since_one_of_them(chat, service):
    endpoints, conversation = Endpoints(service), handed_over(chat)[0]
    session, token = conversation.session_id, conversation.token
    assert endpoints.messages(session, token=token) == {
        "owner": "waiting",
        "agent": "",
        "minutes": None,
        "typing": False,
        "turns": 2,
        "score": None,
        "late": False,
        "messages": [],
    }
    service.desk.take(session, "Ada")
    first, second = (service.desk.say(session, "Ada", text) for text in ("one", "two"))
    answer = endpoints.messages(session, token=token)
    assert (answer["owner"], answer["agent"]) == ("person", "Ada")
    assert [(m["number"], m["author"], m["text"]) for m in answer["messages"]] == [
        (first.number, "Ada", "one"),
        (second.number, "Ada", "two"),
    ]
    assert datetime.fromisoformat(answer["messages"][0]["created"]) == first.created
    assert len(endpoints.messages(session, first.number, token)["messages"]) == 1
    for wrong in ("", None, "../etc"):
        with pytest.raises(gr.Error):
            endpoints.messages(wrong, token=token)
    with pytest.raises(gr.Error, match="another visitor"):
        endpoints.messages(session)


def test_a_transcript_holds_turns_and_messages_in_the_order_in_which_they_came(chat, service):
    conversation, _ = handed_over(chat)
    session = conversation.session_id
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", "one")
    asked(chat, "two", conversation)
    service.desk.say(session, "Ada", "three")
    said = service.conversation(session)
    kinds = [KeptTurn, KeptTurn, Message, KeptTurn, Message]
    assert [type(each) for each in said] == kinds
    assert [each.created for each in said] == sorted(each.created for each in said)
    assert all(each.created.tzinfo for each in said)
    kept = said[0]
    assert kept.citations == ("e24",) and kept.hits[0].entry.title.startswith("Error E24")


def test_the_real_pipeline_keeps_what_the_pages_show(make, service):  # noqa: F811
    """What was understood is read again as it was, and both services tell the same story."""
    for asked_of, base in ((make(), "kb"), (service, "smart-home")):
        (*_, last) = asked_of.reply(UserTurn("refund late E24", knowledge=base))
        session = last.reply.session_id
        list(asked_of.reply(UserTurn("I want to talk to a person", None, None, base, session)))
        asked_of.desk.take(session, "Ada")
        asked_of.desk.say(session, "Ada", "hello")
        list(asked_of.reply(UserTurn("thank you", None, None, base, session)))
        said = asked_of.conversation(session)
        assert [type(each) for each in said] == [KeptTurn, KeptTurn, Message, KeptTurn]
        assert [turn.action for turn in said if isinstance(turn, KeptTurn)][1:] == ["handoff"] * 2
        first = conversation_of(said, asked_of.desk.holder(session)).exchanges[0].reply
        kept = (first.text, first.fusion, first.transcript, first.image, first.turn_id)
        reply = last.reply
        assert kept == (reply.text, reply.fusion, reply.transcript, reply.image, reply.turn_id)
        assert [(c.number, c.entry_id, c.title) for c in first.citations] == [
            (c.number, c.entry_id, c.title) for c in reply.citations
        ]
        (case,) = asked_of.desk.open()
        assert (case.holder, case.reason) == (Holder("person", "Ada"), "asked")
        with pytest.raises(InputError):
            asked_of.conversation("../etc")
