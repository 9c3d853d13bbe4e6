"""The page's values and the endpoints, with a service without models. What needs a browser is in
test_browser.py.
"""

from __future__ import annotations

import base64
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from assets.training import fusion_report
from demo import bubbles as bubbles_module
from demo.api import Endpoints
from demo.brand import Brand
from demo.bubbles import SHOWN, bubbles, reply_bubble
from demo.chat import Chat, continued, with_files, with_words
from demo.conversation_state import Conversation, Exchange
from demo.convert import publish_audio, turn_from_box
from demo.door import Door
from demo.evaluation import HOW_TO_EVALUATE
from demo.examples import EXAMPLES, available, bases, card
from demo.knowledge_tab import BROWSED, HOW_TO_OPEN, KnowledgeDesk, knowledge_tab
from demo.live import TABS, Ears
from demo.markup import as_markdown, esc
from demo.opening import Opening, named
from demo.page_parts import EMPTY_BOX, Desk
from demo.panels import (
    customer_status,
    entry_list,
    panel,
    reply_markdown,
    status_line,
    thumbnail,
)
from demo.rating import turn_of_message
from demo.replay import caught_up
from demo.report import report_tables
from demo.ui import ASSETS, build_demo, door_of, launch_options
from demo.uploads import own_folder, remove_old, stage
from demo.words import word
from mm_support.__main__ import build_parser
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError, SupportError
from mm_support.knowledge.ingest import read_knowledge
from mm_support.types import (
    Audio,
    Heard,
    KeptTurn,
    Reply,
    Said,
    Saw,
    Spoken,
    Status,
    Transcript,
    UserTurn,
    Working,
)
from tests.fake_service import HEARD, HOSTILE, SEEN, SENTENCE, FakeEar, FakeService, tone, write_wav

TONE = (22_050, tone(440, 0.5))
RESULT_KEYS = {
    "reply",
    "action",
    "citations",
    "pictures",
    "choices",
    "form",
    "transcript",
    "image",
    "intent",
    "fusion",
    "timings_ms",
    "session_id",
    "turn_id",
    "language",
    "confidence",
    "token",
}


@pytest.fixture(scope="module", autouse=True)
def gradio_folder(tmp_path_factory):
    """Gradio's copies of files: a folder of these tests, because a closing app empties its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield


@pytest.fixture(scope="module")
def service():
    return FakeService()


@pytest.fixture(scope="module")
def app(service, tmp_path_factory):
    demo = build_demo(service, tmp_path_factory.mktemp("assets"))
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url.rstrip("/")
    demo.close()


@pytest.fixture(scope="module")
def client(app):
    return Client(app, verbose=False)


@pytest.fixture
def photo(service):
    return service.folder / "e24.png"


@pytest.fixture
def recording(tmp_path):
    return write_wav(tmp_path / "question.wav", 0.5)


# -- endpoints ------------------------------------------------------------------------------


def test_exactly_the_documented_endpoints_are_public(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    names = {
        name: [p["parameter_name"] for p in facts["parameters"]]
        for name, facts in endpoints.items()
    }
    assert names == {
        "/chat": [
            "message",
            "image",
            "audio",
            "knowledge",
            "session_id",
            "speak",
            "token",
            "customer",
            "language",
        ],
        "/transcribe": ["audio"],
        "/describe": ["image", "labels"],
        "/search": ["message", "image", "audio", "knowledge", "limit"],
        "/feedback": ["turn_id", "rating", "comment", "token"],
        "/rate": ["session_id", "score", "comment", "token"],
        "/messages": ["session_id", "since", "token"],
        "/my_data": ["token"],
        "/erase": ["token", "session_id"],
        "/status": [],
        "/knowledge_bases": [],
    }
    for facts in endpoints.values():
        assert facts["description"]
        assert all(p["python_type"]["description"].endswith(".") for p in facts["parameters"])
        assert facts["returns"][0]["python_type"]["description"].startswith("A ")


def test_the_status_is_told_without_what_it_runs_on(client):
    status = client.predict(api_name="/status")
    assert status == {"ready": True, "message": "Ready", "failed": False, "degraded": False}


def test_chat_answers_with_sources_pictures_and_sound(client, photo):
    result, sound = client.predict(
        "What does E24 mean?", handle_file(photo), None, "smart-home", None, True, api_name="/chat"
    )
    assert set(result) == RESULT_KEYS
    assert result["action"] == "answer" and "[1]" in result["reply"]
    assert [c["id"] for c in result["citations"]] == ["e24"]
    assert result["image"]["text"][0]["text"] == "E24" and result["transcript"] is None
    assert sum(result["fusion"]["weights"].values()) == pytest.approx(1)
    [picture] = result["pictures"]
    assert Path(picture).read_bytes() == photo.read_bytes()  # downloaded, and the very picture
    with wave.open(sound) as file:
        assert file.getframerate() == 22_050 and file.getnframes() == 3 * len(
            tone(440, SENTENCE)
        )  # three sentences


@pytest.mark.parametrize("locale, language", [("zh-CN", "zh"), ("DE_at", "de"), ("xx", "")])
def test_chat_knows_the_language_of_the_callers_page(client, service, locale, language):
    client.predict("E24", language=locale, api_name="/chat")
    assert service.turns[-1].language == language


def test_chat_streams_pieces_that_add_up(client):
    job = client.submit("How do I return an order?", api_name="/chat")
    final, sound = job.result()
    replies = [result["reply"] for result, _ in job.outputs()]
    assert len(set(replies)) > 3 and sound is None
    assert all(later.startswith(earlier) for earlier, later in zip(replies, replies[1:]))
    assert replies[-1] == final["reply"] and [r["action"] for r, _ in job.outputs()][:-1] == [
        None
    ] * (len(replies) - 1)
    assert all(set(result) == RESULT_KEYS for result, _ in job.outputs())


def test_chat_continues_a_session(client, service):
    first, _ = client.predict("return", api_name="/chat")
    own = {"session_id": first["session_id"], "token": first["token"]}
    again, _ = client.predict("return", **own, api_name="/chat")
    assert again["token"] == first["token"]
    assert service.turns[-1].session_id == first["session_id"] == again["session_id"]
    assert first["turn_id"] != again["turn_id"]


def test_chat_hears_a_recording(client, recording):
    result, _ = client.predict("", None, handle_file(recording), "smart-home", api_name="/chat")
    assert result["transcript"]["text"] == HEARD.text and result["citations"]


def test_transcribe(client, recording):
    result = client.predict(handle_file(recording), api_name="/transcribe")
    assert (
        result["text"] == HEARD.text and result["language"] == "en" and result["confidence"] == 0.93
    )
    assert result["segments"][0]["end"] == 2.1


@pytest.mark.parametrize("labels", [["cat", "dog"], "cat, dog"])
def test_describe_chooses_among_the_given_labels(client, photo, labels):
    result = client.predict(handle_file(photo), labels, api_name="/describe")
    assert [label["name"] for label in result["labels"]] == ["cat", "dog"]


def test_describe_without_labels(client, photo):
    result = client.predict(image=handle_file(photo), api_name="/describe")
    assert result["labels"][0] == {"name": "washing machine", "probability": 0.81}
    assert result["matches"][0]["id"] == "e24"


def test_search_gives_what_the_service_finds(client, service, photo):
    hits = client.predict("E24", handle_file(photo), None, "smart-home", 2, api_name="/search")
    expected = service.knowledge.search(UserTurn("E24", photo, knowledge="smart-home"), 2)
    assert [(h["id"], h["title"]) for h in hits] == [(h.entry.id, h.entry.title) for h in expected]
    assert set(hits[0]) == {"id", "title", "score", "by", "snippet"}
    assert sum(hits[0]["by"].values()) == pytest.approx(hits[0]["score"], abs=1e-3)


def test_feedback_reaches_the_service(client, service):
    result, _ = client.predict("return", api_name="/chat")
    turn_id, token = result["turn_id"], result["token"]
    stored = client.predict(turn_id, "down", "wrong shop", token, api_name="/feedback")
    assert stored == {"stored": True, "turn_id": turn_id, "rating": "down"}
    assert service.ratings[-1] == (turn_id, "down", "wrong shop")


def test_knowledge_bases(client, service):
    listed = client.predict(api_name="/knowledge_bases")
    assert {base["name"]: base["entries"] for base in listed} == {
        n: len(e) for n, e in service.knowledge.bases.items()
    }


@pytest.mark.parametrize(
    "endpoint, arguments, sentence",
    [
        ("/chat", {"message": ""}, "There is nothing to answer"),
        ("/chat", {"message": "hi", "knowledge": "<b>"}, "There is no knowledge base '<b>'"),
        ("/search", {"message": "hi", "limit": 0}, "The limit is a number from 1 to 50."),
        ("/search", {"message": "hi", "knowledge": "nope"}, "There is no knowledge base"),
        ("/feedback", {"turn_id": "x", "rating": "up"}, "There is no such turn"),
        ("/feedback", {"turn_id": "turn-1", "rating": "meh"}, "The rating must be one of"),
        ("/transcribe", {"audio": None}, "Send a recording"),
        ("/describe", {"image": None}, "Send a photo"),
    ],
)
def test_errors_reach_the_client_as_one_sentence(client, endpoint, arguments, sentence):
    with pytest.raises(AppError) as caught:
        client.predict(**arguments, api_name=endpoint)
    assert caught.value.message.startswith(sentence)
    assert "Traceback" not in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize("endpoint, argument", [("/describe", "image"), ("/transcribe", "audio")])
def test_unreadable_files_are_refused_and_the_next_call_works(
    client, tmp_path, photo, endpoint, argument
):
    (tmp_path / "note.jpg").write_text("not a photo")
    with pytest.raises(AppError, match="can(not)? be read"):
        client.predict(**{argument: handle_file(tmp_path / "note.jpg")}, api_name=endpoint)
    assert client.predict(image=handle_file(photo), api_name="/describe")["labels"]


def test_what_goes_wrong_inside_is_not_told(client, service, monkeypatch, recording):
    monkeypatch.setattr(service, "transcribe", lambda audio: 1 / 0)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(recording), api_name="/transcribe")
    assert caught.value.message == word("our_fault")


def test_cancelling_stops_the_service(client, service):
    service.delay = 0.15
    try:
        job = client.submit("How do I return an order?", api_name="/chat")
        while not job.outputs():
            time.sleep(0.02)
        job.cancel()
        assert service.closed.wait(5)
    finally:
        service.delay = 0.0


def test_files_of_the_server_cannot_be_named_as_input(app):
    file = {"path": str(Path(__file__)), "meta": {"_type": "gradio.FileData"}}
    answer = httpx.post(f"{app}/gradio_api/call/describe", json={"data": [file, None]})
    events = httpx.get(f"{app}/gradio_api/call/describe/{answer.json()['event_id']}").text
    assert "event: error" in events and "complete" not in events


@pytest.mark.parametrize(
    "given, told",
    [
        ({"message": ["a"]}, "Send message as text."),
        ({"message": 123}, "Send message as text."),
        ({"message": {"text": "a"}}, "Send message as text."),
        ({"session_id": 7}, "Send session_id as text."),
        ({"image": "/etc/passwd"}, "Send the photo as a file"),
        ({"audio": 5}, "Send the recording as a file"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused_in_a_sentence(client, caplog, capfd, given, told):
    with pytest.raises(AppError, match=told):
        client.predict(**{"message": "x", **given}, api_name="/chat")
    assert "Traceback" not in caplog.text + "".join(capfd.readouterr())


def test_folders_of_the_server_are_not_served(app, photo):
    assert httpx.get(f"{app}/gradio_api/file={photo}").status_code == 403
    assert httpx.get(f"{app}/gradio_api/file={Path(__file__)}").status_code == 403


def test_uploads_are_bounded(app):
    too_much = b"\0" * (51 * 1024**2)
    answer = httpx.post(
        f"{app}/gradio_api/upload", files={"files": ("x.jpg", too_much)}, timeout=60
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("named", ["", "; filename*=utf-8''a.csv"])
def test_a_file_without_a_name_is_refused_in_a_sentence(app, named):
    head = f'Content-Disposition: form-data; name="files"{named}\r\nContent-Type: text/csv'
    answer = httpx.post(
        f"{app}/gradio_api/upload",
        content=f"--b\r\n{head}\r\n\r\na,b\r\n--b--\r\n".encode(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert (answer.status_code, "needs a name" in answer.text) == (400, True), answer.text


def test_nothing_is_recorded_or_sent_elsewhere(app):
    config = httpx.get(f"{app}/config").json()
    assert config["analytics_enabled"] is False
    assert httpx.get(f"{app}/gradio_api/monitoring").status_code in (403, 404)


# -- text that must show literally ----------------------------------------------------------


TEXTS = [
    HOSTILE,
    "**bold** _em_ `code` ~~gone~~",
    "# head",
    "- item\n- item",
    "1. one\n2) two",
    "> quote",
    "a | b\n--|--",
    "Title\n=====",
    "    indented",
    "$$x$$ {{value}} ${value}",
    "https://evil.example www.evil.example a@evil.example",
    "<script>x</script>",
    "back\\slash",
]


@pytest.mark.parametrize("text", TEXTS)
def test_markdown_is_escaped_and_says_the_same(text):
    escaped = as_markdown(text)
    assert html.unescape(escaped) == re.sub(r"(?m)^\s+", "", text)
    assert not re.search(r"[<>*_`~|\\$\[\]{}]", escaped)
    assert not re.search(r"(?m)^([-+>#=]|\d+[.)]\s)|://|www\.|@", escaped)


@pytest.mark.parametrize("text", TEXTS)
def test_html_is_escaped_and_says_the_same(text):
    assert html.unescape(esc(text)) == text
    assert not re.search(r"[<>\"'{}$`\\]", esc(text))


def test_ordinary_words_stay_readable():
    text = "It's 5.5 GHz - see the flap (left): clean it, e.g. with water; done?"
    assert as_markdown(text) == text


def exchange_about(service, text, **turn):
    exchange = Exchange(UserTurn(text, **turn))
    for event in service.reply(exchange.question):
        exchange = with_files(exchange.after(event), event)
    return exchange


def test_what_is_quoted_while_a_model_writes_is_shown_until_its_words_come():
    done = exchange_about(FakeService(), "E24", knowledge="smart-home")
    asked = Exchange(UserTurn("E24"), hits=done.hits).after(Working("write", "Writing"))
    quoting = asked.after(Working("quote", "The water does not drain. [1]"))
    (shown,) = reply_bubble(quoting, 3, "en")["content"]
    assert "does not drain. [1](#passage-3-1 " in shown and word("step_write", "en") in shown
    (shown,) = reply_bubble(quoting.after(Said("Clean the filter. [1]")), 3, "en")["content"]
    assert "Clean the filter" in shown and "drain. [1]" not in shown
    assert "drain. [1]" not in str(reply_bubble(replace(quoting, stopped=True), 3, "en"))


def test_why_is_told_of_what_was_found_and_not_of_a_person_who_was_asked_for():
    found = exchange_about(FakeService(), "E24", knowledge="smart-home")
    called = exchange_about(FakeService(), "E24: a person", knowledge="smart-home")
    assert called.reply.action == "handoff" and called.hits
    told = [str(reply_bubble(each, 1, "en")["content"]) for each in (found, called)]
    assert [word("why_this_answer", "en") in each for each in told] == [True, False]


def test_of_a_long_recording_it_is_shown_how_far_it_was_heard():
    asked = Exchange(UserTurn(audio="call.wav")).after(Working("listen", "Listening: 40%", 0.4))
    (shown,) = reply_bubble(asked, 1, "en")["content"]
    assert f"{word('step_listen', 'en')} · 40%" in shown
    (shown,) = reply_bubble(asked.after(Working("search", "Searching")), 1, "en")["content"]
    assert "%" not in shown


def test_only_numbers_that_stand_for_a_source_become_links():
    exchange = exchange_about(FakeService(), "E24", knowledge="smart-home")
    shown = reply_markdown(exchange, 3)
    assert (
        shown.count("](#passage-3-1 ") == 3
        and "drain. [1]" in shown
        and '[1](#passage-3-1 "1: Error E24' in shown
    )
    unknown = Exchange(UserTurn("x"), hits=exchange.hits, text="See [9] and [0].")
    assert (
        "](" not in reply_markdown(unknown, 1)
        and html.unescape(reply_markdown(unknown, 1)) == "See [9] and [0]."
    )


def test_hostile_knowledge_and_questions_show_as_text():
    conversation = Conversation((exchange_about(FakeService(), f"hostile {HOSTILE}"),))
    shown = sections(conversation)
    assert "<img src=x" not in shown and "&lt;img src=x" in shown
    question, reply = bubbles(conversation)
    assert "<" not in question["content"][0] and "![" not in reply["content"][0]
    assert re.findall(r"\]\((.)", reply["content"][0]) == ["#"] * reply["content"][0].count("](")


# -- the conversation -----------------------------------------------------------------------


def test_an_exchange_grows_with_its_events():
    exchange = (
        Exchange(UserTurn("typed"))
        .after(Heard(HEARD))
        .after(Saw(SEEN))
        .after(Said("Hello "))
        .after(Said("you"))
    )
    assert exchange.text == "Hello you" and exchange.transcript is HEARD and exchange.image is SEEN
    assert exchange.wording == f"typed {HEARD.text}" and not exchange.over


def test_a_conversation_keeps_its_session_and_its_turns_apart():
    service = FakeService()
    chat = chat_with(service)
    *_, shown = chat.send({"text": "return"}, "shopping", False, Conversation())
    begun = shown[chat.desk.conversation]
    done = begun.latest
    *_, shown = chat.send({"text": "return"}, "shopping", False, begun)
    assert shown[chat.desk.conversation].latest.reply.session_id == done.reply.session_id
    conversation = begun.ask(UserTurn("more"))
    assert turn_of_message(conversation, 1) == done.reply.turn_id
    for index in (3, 9):
        with pytest.raises(InputError):
            turn_of_message(conversation, index)


def test_photo_and_recording_are_in_the_question_and_pictures_in_the_reply(photo, recording):
    exchange = exchange_about(
        FakeService(), "E24", image=photo, audio=recording, knowledge="smart-home"
    )
    question, reply = bubbles(Conversation((exchange,)))
    typed, *attached, heard = question["content"]  # what comes last moves nothing
    assert [Path(part["path"]).name for part in attached] == [photo.name, recording.name]
    assert (typed, heard) == ("E24", HEARD.text)
    assert Path(reply["content"][1]["path"]).suffix == ".png"


def test_a_photo_that_could_not_be_read_is_named_instead_of_shown(photo):
    asked = Exchange(UserTurn("what is it", image=photo))
    failed, stopped = (
        replace(asked, problem="That file is no photo."),
        replace(asked, stopped=True),
    )
    names = [
        bubbles(Conversation((exchange,)))[0]["content"][1] for exchange in (failed, stopped, asked)
    ]
    assert names[0] == as_markdown(photo.name) and all(
        Path(part["path"]) == photo for part in names[1:]
    )


def test_a_conversation_goes_on_when_a_picture_in_it_is_gone():
    service = FakeService()
    with gr.Blocks():
        desk = Desk(*(gr.Textbox() for _ in fields(Desk)))
    chat, asked = Chat(service, desk, Ears(service), [], service.folder), {"text": "E24"}
    *_, shown = chat.send(asked, "smart-home", False, Conversation())
    (service.folder / "e24.png").unlink()
    *_, shown = chat.send(asked, "smart-home", False, shown[desk.conversation])
    before, after = (reply["content"] for reply in shown[desk.chat][1::2])
    assert Path(before[1]["path"]).is_file() and len(after) == 1 and "drain. [1]" in after[0]


def test_a_picture_that_is_gone_is_left_out_wherever_it_would_be_shown(photo):
    service = FakeService()
    (service.folder / "e24.png").unlink()
    endpoints = Endpoints(service)
    *_, (result, _) = endpoints.chat("E24", knowledge="smart-home")
    assert result["action"] == "answer" and result["pictures"] == []
    assert (
        endpoints.search("E24", knowledge="smart-home")[0]["id"]
        == endpoints.describe(str(photo))["matches"][0]["id"]
        == "e24"
    )
    shown = entry_list(service.knowledge.entries("smart-home"))  # e24, code, router
    assert shown.count("<img") == 1 and shown.count("ms-thumb") == 1


def held_by(value) -> Iterator[object]:
    """The value and all that it holds, through dataclasses, lists and dictionaries."""
    yield value
    parts = value.values() if isinstance(value, dict) else value
    if is_dataclass(value):
        parts = [getattr(value, field.name) for field in fields(value)]
    elif not isinstance(parts, (list, tuple)) and not isinstance(value, dict):
        return
    for part in parts:
        yield from held_by(part)


def test_the_conversation_of_a_tab_keeps_files_but_no_samples():
    exchange = exchange_about(FakeService(), "return", audio=TONE, speak=True)
    assert exchange.spoken.is_file() and exchange.sounds and exchange.reply.audio is None
    kept = replace(exchange, question=UserTurn("return"))  # the page's own questions name files
    assert not [part for part in held_by(Conversation((kept,))) if isinstance(part, np.ndarray)]


def test_a_reply_that_is_over_is_drawn_once_and_as_it_is_then(monkeypatch):
    drawn, draw = [], bubbles_module.reply_bubble
    count = lambda exchange, *rest: drawn.append(exchange) or draw(exchange, *rest)  # noqa: E731
    monkeypatch.setattr(bubbles_module, "reply_bubble", count)
    over = Exchange(UserTurn("a"), text="Yes.", reply=Reply("Yes.", "answer"))
    growing = Exchange(UserTurn("b"), text="No")
    first, again = (bubbles(Conversation((over, growing))) for _ in range(2))
    assert first == again and [drawn.count(one) for one in (over, growing)] == [1, 2]
    again[1]["content"].append("changed")
    assert bubbles(Conversation((over, growing))) == first
    assert "Yes." in str(bubbles(Conversation((over,)))[1]) and drawn.count(over) == 2  # now last


def test_a_long_conversation_shows_its_latest_part_and_rates_the_right_reply():
    service = FakeService()
    exchanges = tuple(exchange_about(service, "return") for _ in range(SHOWN + 3))
    whole, long = Conversation(exchanges[:SHOWN]), Conversation(exchanges)
    assert len(bubbles(whole)) == 2 * SHOWN and len(bubbles(long)) == 2 * SHOWN + 1
    assert "no longer shown" in bubbles(long)[0]["content"][0]
    assert turn_of_message(long, 2) == exchanges[3].reply.turn_id
    assert turn_of_message(long, 2 * SHOWN) == exchanges[-1].reply.turn_id
    assert f"(#passage-{SHOWN + 3}-1 " in bubbles(long)[-1]["content"][0]


def test_each_turn_has_a_section_of_the_panel_and_files_are_for_the_workshop():
    exchanges = tuple(
        exchange_about(FakeService(), text, knowledge="smart-home") for text in ("E24", "router")
    )
    shown = sections(Conversation(exchanges))
    assert 'id="source-1-1"' in shown and 'id="source-2-1"' in shown
    assert "faults.csv" not in shown
    assert "faults.csv:24" in sections(Conversation(exchanges), workshop=True)


def test_of_the_panel_only_the_latest_turn_is_sent_again():
    exchanges = tuple(exchange_about(FakeService(), "E24") for _ in range(3))
    sent = panel(Conversation(exchanges), whole=False)
    assert [number for number, _ in sent["turns"]] == [3] and not sent["whole"]
    assert panel(Conversation(), whole=False)["whole"]  # what was there goes


def sections(conversation, workshop=False):
    return "".join(html for _, html in panel(conversation, workshop)["turns"])


@pytest.mark.parametrize("none", [None, ""])
def test_a_call_without_a_knowledge_base_asks_the_usual_one(none):
    endpoints = Endpoints(FakeService())
    *_, (result, _) = endpoints.chat("How do I return an order?", knowledge=none)
    assert result["action"] == "answer"
    assert endpoints.search("return", knowledge=none) == endpoints.search("return")


def test_a_client_that_names_no_knowledge_base_sends_none(client):
    for parameters in client.view_api(return_format="dict")["named_endpoints"].values():
        named = [own for own in parameters["parameters"] if own["parameter_name"] == "knowledge"]
        assert all(own["parameter_has_default"] and not own["parameter_default"] for own in named)


def test_a_call_without_a_knowledge_base_asks_the_only_one_of_ones_own():
    service = FakeService()
    endpoints = Endpoints(service)
    service.knowledge.change("healthcare")
    assert endpoints.search("visiting hours") == endpoints.search(
        "visiting hours", knowledge="healthcare"
    )
    service.knowledge.change("finance")
    with pytest.raises(gr.Error, match="name one: finance, healthcare"):
        list(endpoints.chat("hours"))


def test_files_are_sorted_by_what_they_are():
    turn = turn_from_box({"text": "hi", "files": ["/a/b.webp", "/a/c.webm"]}, "finance", True)
    assert (turn.text, turn.image, turn.audio, turn.knowledge, turn.speak) == (
        "hi",
        Path("/a/b.webp"),
        Path("/a/c.webm"),
        "finance",
        True,
    )
    two = turn_from_box({"files": ["/a/b.webp", "/a/d.png"]}, "finance", False)
    assert (
        two.photos == (Path("/a/b.webp"), Path("/a/d.png"))
        and not turn_from_box({"text": "hi"}, "finance", False).photos
    )
    for files, told in ((["a.jpg"] * 5, "has 5 photos"), (["a.wav", "b.mp3"], "one recording")):
        with pytest.raises(InputError, match=told):
            turn_from_box({"files": files}, "finance", False)


def test_a_telephones_photo_is_shown_by_every_browser(tmp_path):
    photo = tmp_path / "IMG_0001.HEIC"
    shutil.copyfile(Path(__file__).parent / "photos" / "red-blue.heic", photo)
    turn = turn_from_box({"text": "hi", "files": [str(photo)]}, "finance", True)
    assert turn.image == tmp_path / "IMG_0001.jpg" and Image.open(turn.image).size == (96, 48)
    photo.write_bytes(b"none")
    with pytest.raises(InputError, match="HEIC"):
        turn_from_box({"text": "hi", "files": [str(photo)]}, "finance", True)


def test_speech_survives_being_published():
    samples = np.array([0.0, 0.5, -0.5, 1.0, -1.0, 1.7], np.float32)
    with wave.open(str(publish_audio(Audio(samples, 16_000)))) as file:
        written = np.frombuffer(file.readframes(6), "<i2") / 32767
    np.testing.assert_allclose(written, np.clip(samples, -1, 1), atol=1 / 32767)


def test_a_sound_that_is_being_read_is_not_written_again():
    sound = Audio(tone(440, 0.3), 22_050)
    path = publish_audio(sound)
    before = path.stat()
    assert publish_audio(sound) == path and path.stat().st_mtime_ns == before.st_mtime_ns
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_picture_that_could_not_be_read_is_tried_again(tmp_path):
    path = tmp_path / "a.png"
    assert thumbnail(path) == ""
    Image.new("RGB", (90, 60), "red").save(path)
    assert thumbnail(path).startswith("data:image/webp;base64,")


def test_the_status_says_what_is_going_on():
    assert "ms-loading" in status_line(
        Status(False, "Models are <loading>")
    ) and "&lt;loading&gt;" in status_line(Status(False, "Models are <loading>"))
    assert "CPU" in status_line(Status(True, "Ready", "CPU"))
    assert "ms-failed" in status_line(Status(False, "The weights are damaged.", failed=True))
    degraded = Status(True, "Degraded: replies are quotes.", "CPU", degraded=True)
    assert "ms-degraded" in status_line(degraded) and "are quotes" in status_line(degraded)


def looks_of(service) -> list:
    """How each page looks after the models: the customers' and the workshop's."""
    events = build_demo(service, open_workshop=True).fns.values()
    customers, _, workshop, *_ = (event.fn for event in events if event.name == "look")
    return [lambda picked: customers(picked, Conversation()), workshop]


def test_the_page_asks_for_the_status_until_models_are_there_or_never_will_be():
    service = FakeService()
    looks = looks_of(service)

    def asks_again(status: Status) -> bool:
        service.status = lambda: status
        timers = [part for look in looks for part in look("finance").values()]
        active = {timer.active for timer in timers if isinstance(timer, gr.Timer)}
        return active.pop() if len(active) == 1 else None

    states = (
        Status(False, "Loading"),
        Status(True, "Ready"),
        Status(False, "No network.", failed=True),
    )
    assert [asks_again(state) for state in states] == [True, False, False]


def test_the_base_that_was_picked_while_models_load_stays_picked():
    service = FakeService()
    for look in looks_of(service):

        def update_after(picked, look=look):
            shown = look(picked)
            (picker,) = (part for part in shown if isinstance(part, gr.Radio))
            return shown[picker]

        assert "value" not in update_after("smart-home")  # by now another one may be picked
        assert update_after("gone")["value"] == "shopping"


@pytest.mark.parametrize("loaded, base", [(False, "smart-home"), (True, "shopping")])
def test_while_models_load_the_base_of_the_address_is_asked(loaded, base):
    """Afterwards the one that is picked: the page picks that of the address by itself."""
    service = FakeService(loaded=loaded)
    chat = chat_with(service)
    here = Conversation(knowledge="smart-home").ask(UserTurn("x", knowledge="shopping"))
    assert chat.open(named(service, here)).latest.question.knowledge == base


def test_what_is_left_of_a_reply_begins_with_the_sentence_that_was_not_heard_to_its_end():
    exchange = Exchange(
        UserTurn("x"), text="Print it. [2] Hand it in. [3]\n1. Open it [2]\nDone. [3]"
    )
    for text, seconds in (("Print it.", 1.0), ("Hand it in.", 1.0), ("Hand it in.", 0.5)):
        exchange = exchange.after(Spoken(Audio(np.zeros(round(100 * seconds)), 100), text))
    assert exchange.unheard(0.3) == exchange.text
    for seconds in (0.9, 1.5):
        assert exchange.unheard(seconds) == "Hand it in. [3]\n1. Open it [2]\nDone. [3]"
    assert exchange.unheard(9.0) == "1. Open it [2]\nDone. [3]"  # not spoken yet


# -- talking hands-free ---------------------------------------------------------------------


LOUD, QUIET = (np.full(8_000, level, "<i2").tobytes() for level in (10_000, 0))  # half a second


def say(ears, *sounds, tab="a", **more):
    """What the last of some pieces is answered with."""
    return [
        ears.hear({"tab": tab, "rate": 16_000, "sound": base64.b64encode(sound).decode(), **more})
        for sound in sounds
    ][-1]


def test_what_is_said_becomes_a_turn_that_can_be_taken_once():
    service = FakeService()
    ears = Ears(service)
    answer = {"speaking": True, "stops": False, "ended": False, "text": "My washing"}
    assert say(ears, QUIET, LOUD) == answer
    assert say(ears, LOUD, LOUD, QUIET, QUIET, QUIET) == {
        "speaking": False,
        "stops": False,
        "ended": True,
        "text": HEARD.text,
    }
    say(ears, LOUD, muted=True)  # the next turn is no part of this one
    (rate, samples), heard = ears.take("a")
    assert (rate, len(samples), heard) == (16_000, 7 * 8_000, HEARD)
    with pytest.raises(InputError):
        ears.take("a")
    say(ears, LOUD)
    assert service.expected == [None, "en"]


def test_while_the_assistant_speaks_words_stop_it_and_its_own_do_not():
    ears = Ears(FakeService())
    said = "My washing machine is not the matter."
    nothing = {"speaking": False, "stops": False, "ended": False, "text": ""}
    assert say(ears, QUIET, muted=True) == nothing
    assert say(ears, LOUD, muted=True, said=said) == {**nothing, "speaking": True}  # it waits
    assert say(ears, QUIET, muted=True, said=said) == nothing  # and goes on: it heard itself
    assert say(ears, LOUD, QUIET, muted=True, said="Yes.") == {**nothing, "stops": True}
    assert say(ears, LOUD, LOUD, LOUD)["text"] == HEARD.text


def test_who_is_cut_off_goes_on_with_the_same_question():
    def asked(text, language="en", confidence=0.9):
        heard = Transcript(text, language, confidence)
        return Conversation((Exchange(UserTurn(heard=heard)),)), heard

    before, rest = asked("my number is")[0], asked("24 18", confidence=0.6)[1]
    assert continued(before, rest) == Transcript("my number is 24 18", "en", 0.6)
    assert (
        continued(asked("我的订单号是", "zh")[0], asked("104822", "zh")[1]).text
        == "我的订单号是104822"
    )
    assert continued(Conversation(), rest) == rest
    assert continued(Conversation((Exchange(UserTurn("typed")),)), rest) == rest


def test_noise_without_words_is_no_turn(monkeypatch):
    monkeypatch.setattr(FakeEar, "transcribe", lambda *_, **__: Transcript(""))
    ears = Ears(FakeService())
    assert not say(ears, LOUD, QUIET, QUIET, QUIET)["ended"]
    with pytest.raises(InputError):
        ears.take("a")


BAD_PIECES = {
    "nothing": {},
    "no sound": {"tab": "a", "rate": 16_000, "sound": ""},
    "not base64": {"tab": "a", "rate": 16_000, "sound": "§"},
    "half a sample": {"tab": "a", "rate": 16_000, "sound": "AA=="},
    "no rate": {"tab": "a", "rate": 0, "sound": "AAAA"},
    "too much": {"tab": "a", "rate": 16_000, "sound": "A" * 4_000_001},
    "a list": [],
    "words": {"tab": "a", "rate": "fast", "sound": "AAAA"},
}


@pytest.mark.parametrize("kind", BAD_PIECES)
def test_bad_pieces_are_answered_with_a_sentence(kind):
    ears = Ears(FakeService())
    assert re.fullmatch(r"[A-Z][^\n]+\.", ears.hear(BAD_PIECES[kind])["problem"])
    assert say(ears, LOUD)["speaking"]  # and the tab can be heard again


def test_as_many_tabs_as_the_server_can_hear(monkeypatch):
    ears = Ears(FakeService())
    for tab in range(TABS):
        assert "problem" not in say(ears, QUIET, tab=str(tab))
    assert "Too many people" in say(ears, QUIET, tab="one more")["problem"]
    monkeypatch.setattr("demo.live.IDLE", -1.0)  # all have fallen silent
    assert "problem" not in say(ears, QUIET, tab="one more")


# -- examples, evaluation, uploads ----------------------------------------------------------


def test_examples_without_their_files_are_left_out(tmp_path):
    typed_only = [example for example in EXAMPLES if not example.files(tmp_path)]
    assert available(tmp_path) == typed_only and typed_only
    whole = next(example for example in EXAMPLES if len(example.files(tmp_path)) == 2)
    for file in whole.files(tmp_path):
        file.touch()
    assert whole in available(tmp_path) and card(whole, tmp_path)["icon"].startswith(str(tmp_path))


def test_examples_cover_every_way_of_asking():
    kinds = {(bool(e.text), bool(e.photo), bool(e.recording)) for e in EXAMPLES}
    assert {
        (True, False, False),
        (True, True, False),
        (False, False, True),
        (True, True, True),
    } <= kinds
    assert available(ASSETS / "examples") == list(EXAMPLES)
    assert all("icon" in card(example, ASSETS / "examples") for example in EXAMPLES)


def test_a_card_asks_the_base_of_the_pages_language_where_there_is_one():
    typed, heard = EXAMPLES[0], next(example for example in EXAMPLES if example.recording)
    known = ["shopping", "shopping-zh", "healthcare", "healthcare-zh"]
    assert typed.base("zh", known) == "shopping-zh" and typed.texts["zh"] != typed.text
    assert typed.base("zh", known[:1]) == typed.base("en", known) == "shopping"
    assert heard.base("zh", known) == heard.knowledge  # its recording is English
    assert all(set(example.captions) >= {"zh"} for example in EXAMPLES)


def test_cards_whose_base_is_not_there_are_left_out():
    service = FakeService(loaded=False)
    chat = chat_with(service)
    chat.examples = list(EXAMPLES)
    service.knowledge.bases = {"healthcare": service.knowledge.bases["healthcare"]}
    assert chat.cards() == list(EXAMPLES)  # nobody knows yet
    service.loaded.set()
    (left,) = [example for example in EXAMPLES if example.knowledge == "healthcare"]
    (shown,) = Opening(chat).open({"language": "en"}, None, Conversation())[chat.desk.chat].examples
    assert shown["display_text"] == left.caption
    *_, shown = chat.send_example(SimpleNamespace(index=0), False, Conversation())
    assert shown[chat.desk.conversation].latest.question.knowledge == "healthcare"
    assert chat.desk.picker not in shown
    list(chat.send_example(SimpleNamespace(index=1), False, Conversation()))
    assert len(service.turns) == 1


def test_a_page_that_still_shows_a_base_that_is_not_there_asks_the_first():
    service = FakeService()
    chat = chat_with(service)
    service.knowledge.bases = {"kayaks": service.knowledge.bases["finance"]}
    *_, shown = chat.send({"text": "I lost my card"}, "shopping", False, Conversation())
    latest = shown[chat.desk.conversation].latest
    assert latest.question.knowledge == "kayaks" and latest.reply.action == "answer"


def test_report_figures_become_tables():
    shown = report_tables({"recall@1": 0.81234, "bank <b>": {"entries": 30}, "curve": [1, 2]})
    assert (
        "81.2%" in shown
        and "<td>30</td>" in shown
        and "bank &lt;b&gt;" in shown
        and "curve" not in shown
    )


def test_the_command_that_the_page_names_writes_what_the_page_shows(tmp_path):
    [command] = re.findall("<code>python -m mm_support (.+?)</code>", HOW_TO_EVALUATE)
    args = build_parser().parse_args(command.replace("FOLDER", str(tmp_path)).split())
    assert args.out is None and fusion_report.ASSETS == ASSETS


def test_that_not_all_entries_are_listed_is_told():
    service = FakeService()
    desk = KnowledgeDesk(service, door_of(service, "", False, True))
    assert "more_entries" not in desk.browse("shopping", "")
    entry, *_ = service.knowledge.entries("shopping")
    for number in range(BROWSED):
        service.knowledge.edit("shopping", replace(entry, id=f"more-{number}"))
    assert "more_entries" in desk.browse("shopping", "")


@pytest.mark.parametrize("may_add", [False, True])
def test_where_everybody_may_enter_the_workshop_only_a_setting_lets_them_add(may_add, tmp_path):
    (tmp_path / "bell.md").write_text("# A bell\n\nRing it.")
    service = FakeService()
    door = door_of(service, "", may_add, True)
    desk, files = KnowledgeDesk(service, door), [str(tmp_path / "bell.md")]
    assert "Returning" in desk.browse("shopping", "")
    if may_add:
        assert "Entries: 1" in desk.ingest("mine", files)
    else:
        with pytest.raises(gr.Error, match="Open it with the link"):
            desk.ingest("mine", files)
    with gr.Blocks():
        shown = knowledge_tab(desk).shown(door, "")
    adds, reads = (part.visible for part in list(shown.values())[:2])
    assert adds == may_add and reads != may_add


def test_customers_are_shown_no_technology():
    """Neither the words nor the handlers of the workshop are part of a page without one."""
    service = FakeService()
    demo = build_demo(service)
    shown = "".join(str(block.value) for block in demo.blocks.values() if hasattr(block, "value"))
    assert not {"ingest", "browse"} & {event.name for event in demo.fns.values()}
    for word_ in ("Evaluation", "MM_SUPPORT", service.status().device, "bfloat16"):
        assert word_ not in shown
    looks = [event.fn for event in demo.fns.values() if event.name == "look"]
    told = looks[0]("shopping", Conversation())
    assert service.status().device not in str(list(told.values()))


def test_what_customers_are_told_about_the_service():
    assert customer_status(Status(True, "Ready", "CPU")) == ""
    assert customer_status(Status(False, "Models are still loading")) == ""
    for status in (
        Status(False, "The weights are damaged.", failed=True),
        Status(True, "Degraded: replies are quotes.", "CPU", degraded=True),
    ):
        told = customer_status(status, "zh")
        assert status.message not in told and "客服程序" in told


def test_who_has_not_the_key_reads_and_changes_nothing_in_the_workshop(tmp_path):
    (tmp_path / "bell.md").write_text("# A bell\n\nRing it.")
    service = FakeService()
    desk = KnowledgeDesk(service, Door("the-right-key-0123"))
    for key in ("", "wrong", None):
        with pytest.raises(gr.Error, match="Open it with the link"):
            desk.browse("shopping", "", key)
        with pytest.raises(gr.Error, match="Open it with the link"):
            desk.ingest("mine", [str(tmp_path / "bell.md")], key)
    assert "mine" not in service.knowledge.bases
    assert "Returning" in desk.browse("shopping", "", "the-right-key-0123")
    assert "Entries: 1" in desk.ingest("mine", [str(tmp_path / "bell.md")], "the-right-key-0123")


def test_the_page_starts_without_stubs_for_editors():
    code = """if True:
        import jinja2
        from demo.stubs import import_gradio
        rendered = []
        jinja2.Template.render = lambda *_, **values: rendered.append(values) or ""
        import_gradio()
        import gradio
        stubs = [values for values in rendered if "contents" in values]
        print(len(rendered) > 100, len(stubs), gradio.Button.click is not None)
    """
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True 0 True"


def test_the_setting_that_the_page_names_opens_it():
    (name,) = re.findall("<code>(MM_SUPPORT_[A-Z_]+)=1</code>", HOW_TO_OPEN)
    assert not Settings.from_env({}).open_knowledge
    assert Settings.from_env({name: "1"}).open_knowledge


def test_what_comes_with_the_project_is_listed_first_and_stays_as_it_is(tmp_path):
    service = FakeService()
    (tmp_path / "bell.md").write_text("# A bell\n\nRing it.")
    desk = KnowledgeDesk(service)
    desk.ingest("a-shop", [str(tmp_path / "bell.md")])
    names = [name for _, name in desk.choices()]
    assert names[: len(bases())] == bases() and names[-1] == "a-shop"
    with pytest.raises(gr.Error, match="stays as it is"):
        desk.ingest(" shopping ", [str(tmp_path / "bell.md")])
    assert "Entries: 1" in desk.ingest("a-shop", [str(tmp_path / "bell.md")])


def test_a_base_is_replaced_only_when_that_was_asked(tmp_path):
    service, files = FakeService(), [str(tmp_path / "bell.md")]
    Path(files[0]).write_text("# A bell\n\nRing it.")
    desk, first = KnowledgeDesk(service), word("add_knowledge", "en")
    assert "Entries: 1" in desk.add(first, "a-shop", files)[1]
    held = service.knowledge.bases["a-shop"]
    button, question = desk.add(first, "A shop", files)
    assert "would be replaced" in question and service.knowledge.bases["a-shop"] is held
    again = button["value"]
    assert desk.pickers("a-shop", "", again) == (gr.skip(), gr.skip())
    button, report = desk.add(again, "A shop", files)
    assert "Entries: 1" in report and button["value"] == first
    assert service.knowledge.bases["a-shop"] is not held
    with pytest.raises(gr.Error, match="stays as it is"):
        desk.add(first, "shopping", files)


@pytest.mark.parametrize("noted", [True, False])
def test_visitors_replace_what_visitors_added_and_no_base_of_the_company(tmp_path, noted):
    service, bell = FakeService(), str(tmp_path / "bell.md")
    Path(bell).write_text("# A bell\n\nRing it.")
    desk = KnowledgeDesk(service, door_of(service, "the-right-key-0123", True, False))
    assert "Entries: 1" in desk.ingest("a-shop", [bell])
    assert "Entries: 1" in desk.ingest("a-shop", [bell], "the-right-key-0123")  # now the company's
    service.knowledge.ingest("by-program", Path(bell))
    if noted:
        service.note("command line", "ingest", "by-program", "1 entries")
    for name in ("a-shop", " by-program"):
        with pytest.raises(gr.Error, match="not added by visitors"):
            desk.ingest(name, [bell])
    assert "Entries: 1" in desk.ingest("by-program", [bell], "the-right-key-0123")


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def staged(tmp_path, *uploads):
    folder = tmp_path / "staged"
    folder.mkdir()
    return stage(uploads, folder)


def test_every_uploaded_file_is_read_with_the_pictures_beside_it(tmp_path, photo):
    (tmp_path / "faq.csv").write_text(f"title,answer,pictures\nA tyre,Patch it.,{photo.name}\n")
    (tmp_path / "bell.md").write_text("# A bell\nRing it.")
    more = write_zip(tmp_path / "more.zip", {"chain.md": "# A chain\nOil it."})
    entries, skipped = read_knowledge(
        staged(tmp_path, tmp_path / "faq.csv", tmp_path / "bell.md", photo, more)
    )
    assert {entry.title: len(entry.pictures) for entry in entries} == {
        "A tyre": 1,
        "A bell": 0,
        "A chain": 0,
    } and skipped == []


def test_old_uploads_are_removed_whoever_left_them_and_nothing_else(tmp_path):
    folder, elsewhere = tmp_path / "gradio", tmp_path / "elsewhere"
    upload, other = folder / ("a" * 64) / "photo.png", folder / "notes" / "mine.txt"
    outside = elsewhere / "theirs.txt"
    for path in (upload, other, outside):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    os.utime(upload, (0, 0))  # a copy that came just now of a file of 1970
    links = upload.with_name("link"), folder / ("b" * 64)
    [link.symlink_to(elsewhere) for link in links]
    remove_old(folder, 60)
    assert upload.exists() and links[0].is_symlink()
    remove_old(folder, -60)  # as if a minute and more had passed
    assert not upload.parent.exists() and other.exists() and outside.exists()


def test_uploads_lie_in_a_folder_of_this_users_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    own = own_folder()
    assert own == own_folder() and own.parent == tmp_path and own.stat().st_mode & 0o77 == 0
    own.rmdir()
    (tmp_path / "elsewhere").mkdir()
    own.symlink_to(tmp_path / "elsewhere")  # as somebody else may have left it
    other = own_folder()
    assert other != own and other.stat().st_mode & 0o77 == 0


def test_two_files_of_one_name_are_refused_because_one_would_be_lost(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "faq.md").write_text(folder)
    with pytest.raises(InputError, match="are called faq.md; rename one"):
        staged(tmp_path, tmp_path / "a" / "faq.md", tmp_path / "b" / "faq.md")


def test_files_of_one_name_in_zips_are_all_read(tmp_path):
    (tmp_path / "faq.md").write_text("# A lock\nTurn it.")
    archives = [
        write_zip(tmp_path / f"{name}.zip", {"faq.md": f"# Part {name}\nIt is {name}."})
        for name in "cd"
    ]
    entries, skipped = read_knowledge(staged(tmp_path, tmp_path / "faq.md", *archives))
    assert {entry.title for entry in entries} == {"A lock", "Part c", "Part d"} and not skipped


@pytest.mark.parametrize(
    "packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_damaged_zip_is_told_wherever_the_damage_is(tmp_path, packing):
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", packing) as archive:
        archive.writestr("shop/größe.md", "# Sizes\n" + "All of them. " * 9)
    whole, damage = (tmp_path / "whole.zip").read_bytes(), np.random.default_rng(0)
    damaged = tmp_path / "damaged.zip"
    for place in range(30, len(whole) - 22, 4):  # behind the first header, before the end
        changed = bytearray(whole)
        changed[place : place + 3] = damage.bytes(3)
        damaged.write_bytes(changed)
        with tempfile.TemporaryDirectory() as folder:
            try:
                read_knowledge(stage([damaged], Path(folder)))  # some bytes mean nothing
            except SupportError as problem:
                assert "damaged.zip" in str(problem)


def test_a_zip_that_promises_more_than_it_holds_is_told(tmp_path):
    path = write_zip(tmp_path / "short.zip", {"a.md": "# A"})
    content = bytearray(path.read_bytes())
    sizes = content.index(b"PK\1\2") + 20  # in the directory: packed, unpacked
    content[sizes : sizes + 8] = 2 * (9_999).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(SupportError, match="cannot be unpacked"):
        read_knowledge(staged(tmp_path, path))


def test_bad_uploads_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 not a zip")
    desk = KnowledgeDesk(FakeService())
    with pytest.raises(gr.Error, match="cannot be unpacked"):
        desk.ingest("mine", [str(tmp_path / "broken.zip")])
    with pytest.raises(gr.Error, match="Choose the files"):
        desk.ingest("mine", [])


def test_the_report_of_an_upload_tells_all_that_was_left_out(tmp_path):
    rows = "".join(f"No answer {number},\n" for number in range(30))
    (tmp_path / "faq.csv").write_text(f"title,answer\nA bell,Ring it.\n{rows}")
    (tmp_path / "logo.xyz").write_bytes(b"\0\1")
    report = KnowledgeDesk(FakeService()).ingest(
        "mine", [str(tmp_path / "faq.csv"), str(tmp_path / "logo.xyz")]
    )
    assert "Entries: 1" in report and "left out: 30" in report
    assert "<td>30</td>" in report and report.count("it has no answer") == 1
    assert "logo.xyz" in report


# -- the conversation's handlers ------------------------------------------------------------


def chat_with(service, **more) -> Chat:
    with gr.Blocks():
        desk = Desk(*(gr.Textbox() for _ in fields(Desk)))
    return Chat(service, desk, Ears(service), [], service.folder, **more)


def test_a_reply_that_is_stopped_says_so_and_the_service_works_no_more():
    service = FakeService(delay=0.1)
    chat = chat_with(service)
    steps = chat.send({"text": "return"}, "shopping", False, Conversation())
    shown = next(steps)
    conversation = shown[chat.desk.conversation]
    chat.stop(conversation)
    chat.stop(conversation)
    *_, shown = steps
    latest = shown[chat.desk.conversation].latest
    run = conversation.latest.run
    assert latest.stopped and run.ended.is_set() and service.closed.wait(5)
    assert latest.run is None  # it holds the sound of all of the reply
    assert "Stopped." in bubbles(shown[chat.desk.conversation])[1]["content"][0]
    chat.stop(shown[chat.desk.conversation])  # what is over stays as it is


def test_a_reply_that_was_stopped_is_shown_once_also_where_a_person_has_the_conversation():
    asked = Exchange(UserTurn("how long"), text="It takes ", stopped=True)
    silent = Exchange(UserTurn("how much"), stopped=True)  # of which nothing was kept
    said = [
        KeptTurn(name, "s", datetime.now(UTC), "k", text, None, None, (), None, "r", "answer", ())
        for name, text in (("a", "how long"), ("b", "a person please"))
    ]
    page = caught_up(Conversation((asked, silent)), said)
    assert [one.question.text for one in page.exchanges] == [
        "how long",
        "how much",
        "a person please",
    ]
    assert caught_up(page, said) == page


def test_what_was_heard_is_shown_again_only_where_the_page_has_lost_it(recording):
    chat = chat_with(FakeService())
    field = chat.desk.transcript
    spoken = {"files": [str(recording)]}
    *_, shown = chat.send(spoken, "smart-home", False, Conversation())
    heard = shown[chat.desk.conversation]
    assert chat.offer(heard, "")[field].value == HEARD.text
    assert field not in chat.offer(heard, "My router blinks")
    *_, shown = chat.send({"text": "return"}, "shopping", False, heard)
    assert field not in chat.offer(shown[chat.desk.conversation], "")
    assert field not in chat.offer(Conversation(), "")


def test_a_corrected_transcript_takes_the_place_of_the_reply_that_is_written(recording):
    service = FakeService(delay=0.05)
    chat = chat_with(service)
    first = chat.send({"files": [str(recording)]}, "smart-home", False, Conversation())
    conversation = next(first)[chat.desk.conversation]
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(first))
    reader.start()
    *_, shown = chat.send_edited("My router blinks", conversation)
    reader.join(5)
    exchanges = shown[chat.desk.conversation].exchanges
    assert [exchange.stopped for exchange in exchanges] == [True, False]
    assert "Unplug" in exchanges[1].reply.text
    last = seen[-1][chat.desk.conversation] if seen else conversation
    assert not last.latest.over  # the first one said no more, so nothing of it comes later


def test_a_corrected_transcript_that_is_too_long_is_told_and_not_kept(recording):
    chat = chat_with(FakeService())
    *_, shown = chat.send({"files": [str(recording)]}, "smart-home", False, Conversation())
    (told,) = chat.send_edited("x" * 5_000, shown[chat.desk.conversation])
    assert list(told) == [chat.desk.notice] and "5,000" in told[chat.desk.notice]


def test_what_is_not_sent_changes_nothing_but_the_line_above_the_box():
    chat = chat_with(FakeService())
    spoken_in = Conversation(language="zh")
    for box in ({"text": ""}, {"text": "a" * 5_000}, {"files": ["a.exe"]}, None):
        (shown,) = chat.send(box, "shopping", False, spoken_in)
        assert list(shown) == [chat.desk.notice]
        assert 'role="alert"' in shown[chat.desk.notice]
    (hostile,) = chat.send({"files": [f"{HOSTILE[:40]}.exe"]}, "shopping", False, spoken_in)
    assert "<img" not in hostile[chat.desk.notice]


@pytest.mark.parametrize("language, told", [("en", "about 7 s"), ("zh", "约 7 秒")])
def test_who_is_not_let_in_is_told_when_and_finds_what_was_sent_in_the_box(
    photo, monkeypatch, language, told
):
    service = FakeService()
    chat, before = chat_with(service), Conversation(language=language)

    def busy(turn):
        raise BusyError("busy", 7.0)
        yield

    monkeypatch.setattr(service, "reply", busy)
    box = {"text": "return", "files": [str(photo)]}
    first, last = chat.send(box, "smart-home", False, before)
    assert first[chat.desk.box].value == EMPTY_BOX
    back = last[chat.desk.box].value
    assert back["text"] == "return" and back["files"][0]["orig_name"] == photo.name
    assert told in last[chat.desk.notice] and not last[chat.desk.conversation].exchanges
    monkeypatch.undo()
    *_, shown = chat.send(box, "smart-home", False, last[chat.desk.conversation])
    assert shown[chat.desk.conversation].latest.reply


def test_what_was_said_and_not_let_in_is_written_in_the_box():
    assert with_words({"text": "see", "files": ["a"]}, "it leaks") == {
        "text": "see it leaks",
        "files": ["a"],
    }
    assert with_words(None, "it leaks") == {"text": "it leaks", "files": []}


def named_in_the_address(chat, name, picked=None):
    return Opening(chat).pick(picked, Conversation(knowledge=name))


def test_an_address_names_a_base_or_is_told_which_one_answers():
    chat = chat_with(FakeService())
    picker, told = chat.desk.picker, chat.desk.notice
    picked = named_in_the_address(chat, "smart-home")[picker]
    assert picked.value == "smart-home"
    assert picked.choices == KnowledgeDesk(chat.service).choices()
    assert named_in_the_address(chat, "") == {}
    shown = named_in_the_address(chat, "<b>nope", "finance")
    assert picker not in shown and "“&lt;b&gt;nope”" in shown[told] and "“Finance”" in shown[told]
    only = chat_with(FakeService(), brand=Brand(knowledge="finance"))
    assert "“Finance”" in named_in_the_address(only, "smart-home")[only.desk.notice]
    loading = chat_with(FakeService(loaded=False))
    assert named_in_the_address(loading, "smart-home") == {}


def test_what_the_address_names_wins_over_what_was_asked_before():
    service = FakeService()
    chat = chat_with(service)
    *_, shown = chat.send({"text": "return"}, "shopping", False, Conversation())
    kept = chat.desk.kept(shown[chat.desk.conversation])
    again = Opening(chat).resume(kept, Conversation(knowledge="smart-home"))
    assert again[chat.desk.picker].value == "smart-home"
    again = Opening(chat).resume(kept, Conversation(knowledge="nope"))
    assert again[chat.desk.picker].value == "shopping"
    assert "“Shopping”" in again[chat.desk.notice]


def test_what_was_asked_before_is_asked_again_once_the_models_are_there():
    service = FakeService()
    chat = chat_with(service)
    *_, shown = chat.send({"text": "return"}, "smart-home", False, Conversation())
    kept = chat.desk.kept(shown[chat.desk.conversation])
    service.loaded.clear()
    again = Opening(chat).resume(kept, Conversation())
    assert chat.desk.picker not in again
    here = again[chat.desk.conversation]
    service.loaded.set()
    assert Opening(chat).pick("shopping", here)[chat.desk.picker].value == "smart-home"


def test_what_the_service_refuses_stays_in_the_box():
    service = FakeService()
    service.failure = InputError.of("too_long", count=5, limit=4)
    chat = chat_with(service)
    box = {"text": "is this covered?", "files": [str(service.folder / "e24.png")]}
    *_, shown = chat.send(box, "shopping", False, Conversation())
    value = shown[chat.desk.box].value
    assert value["text"] == box["text"] and value["files"][0]["orig_name"] == "e24.png"
    assert "ms-notice" in shown[chat.desk.notice]
    assert shown[chat.desk.conversation].exchanges == ()


def test_a_page_that_is_left_finds_its_turn_again_while_it_is_worked_on_and_after():
    service = FakeService(loaded=False)
    chat = chat_with(service)
    opened = Opening(chat).resume(None, Conversation())
    kept, conversation = opened[chat.desk.session], opened[chat.desk.conversation]
    steps = chat.send({"text": "return"}, "shopping", False, conversation)
    next(steps)
    steps.close()  # the page is left before the browser was told anything
    again = Opening(chat).resume(kept, Conversation())[chat.desk.conversation]
    assert again.latest.question.text == "return" and not again.latest.over
    service.loaded.set()
    *_, shown = chat.rejoin(again)
    assert shown[chat.desk.conversation].latest.reply.text
    after = Opening(chat).resume(kept, Conversation())[chat.desk.conversation]
    assert [own.question.text for own in after.exchanges] == ["return"] and after.latest.over
    (nothing,) = chat.rejoin(after)
    assert nothing.keys() == {chat.desk.people} and chat.running == {}


def test_the_page_opens_in_the_language_that_the_browser_says():
    chat = chat_with(FakeService())
    for where, language in (
        ({"language": "zh-CN"}, "zh"),
        ({"language": "de-DE"}, "en"),
        ({}, "en"),
        (None, "en"),
        ({"language": 7, "knowledge": ["x"]}, "en"),
    ):
        shown = Opening(chat).open(where, None, Conversation())
        assert shown[chat.desk.conversation].language == language
    only = chat_with(FakeService(), brand=Brand(languages=("zh",)))
    opened = Opening(only).open({"language": "en"}, None, Conversation())
    assert opened[only.desk.conversation].language == "zh"


def test_what_a_pages_address_says_is_kept_only_as_far_as_it_can_mean_anything():
    chat = chat_with(FakeService())
    where = {"language": "en", "customer": "c" * 100_000, "knowledge": "k" * 100_000}
    opened = Opening(chat).open(where, None, Conversation())[chat.desk.conversation]
    assert len(opened.customer) < 5_000 > len(opened.knowledge)


def test_a_server_that_nobody_asks_looks_for_work_less_often_than_gradio_does():
    """Which is a fifteenth of a core, day and night."""
    ours, gradios = build_demo(FakeService())._queue, gr.Blocks()._queue
    assert ours.sleep_when_free >= 10 * gradios.sleep_when_free > 0
