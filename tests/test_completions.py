"""Chat completions, asked for with OpenAI's own client as any program would."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import socket
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
from PIL import Image
from test_service import folder, make  # noqa: F401  (fixtures)

from demo.completion_values import FROM_THE_WEB, read_call, turn_of
from demo.completions import PATH, api_key, completion_routes
from demo.sizes import Limits
from demo.ui import build_demo, launch_options
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError
from mm_support.service import as_told
from mm_support.types import MAX_TEXT, Found, Past, UserTurn
from tests.fake_service import HEARD, FakeService, write_wav

ROOT = Path(__file__).parents[1]
KEY = "a key of the shop's own system"
ASKED = {"role": "user", "content": "How do I return an order?"}
E24 = {"role": "user", "content": "The washing machine shows E24"}
PERSON = {"role": "user", "content": "I want a person"}


def launched(service, key=""):
    options = launch_options(
        limits=Limits(calls="1000/minute"), more=completion_routes(service, key)
    )
    demo = build_demo(service)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **options)
    return demo, url.rstrip("/")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(service, address without a key, address with one)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        service = FakeService()
        (open_demo, opened), (closed_demo, closed) = launched(service), launched(service, KEY)
        yield service, opened, closed
        open_demo.close()
        closed_demo.close()


@pytest.fixture(scope="module")
def service(served):
    return served[0]


@pytest.fixture(scope="module")
def anybody(served):
    return openai.OpenAI(base_url=f"{served[1]}/v1", api_key="none", max_retries=0)


@pytest.fixture(scope="module")
def company(served):
    return openai.OpenAI(base_url=f"{served[2]}/v1", api_key=KEY, max_retries=0)


def ask(client, *messages, model="shopping", **more):
    return client.chat.completions.create(model=model, messages=list(messages), **more)


def photo(pixels=np.zeros((64, 64, 3), np.uint8)) -> dict:  # noqa: B008
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def said(text: str) -> dict:
    return {"role": "assistant", "content": text}


# -- what comes back ------------------------------------------------------------------------


def test_models_are_the_knowledge_bases(anybody, service):
    listed = [model.id for model in anybody.models.list()]
    assert listed == [base.name for base in service.knowledge.list()]
    assert anybody.models.retrieve("shopping").id == "shopping"
    with pytest.raises(openai.NotFoundError):
        anybody.models.retrieve("nowhere")


def test_an_answer_cites_in_its_text_and_in_annotations(anybody, service):
    answer = ask(anybody, E24, model="smart-home")
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "stop" and message.role == "assistant"
    assert answer.usage.total_tokens == 0  # nothing is counted in tokens
    entry = service.knowledge.entries("smart-home")[0]
    assert message.annotations
    for annotation in message.annotations:
        cited = annotation.url_citation
        assert message.content[cited.start_index : cited.end_index] == "[1]"
        assert cited.title == entry.title and cited.entry_id == entry.id
        assert cited.source == entry.source and cited.quote == entry.answer
        assert cited.url == f"urn:mm-support:{entry.id}"


@pytest.mark.parametrize(
    "url",
    ["https://clinic.example/hours", "javascript:alert(1)", "java\nscript:alert(1)", "data:x"],
)
def test_a_cited_page_is_the_address_of_its_citation_where_it_is_one_of_the_web(
    anybody, service, url
):
    known = service.knowledge.bases["healthcare"]
    before = known[0]
    known[0] = dataclasses.replace(before, url=url)
    try:
        answer = ask(anybody, {"role": "user", "content": "Opening hours"}, model="healthcare")
    finally:
        known[0] = before
    (cited,) = answer.choices[0].message.annotations
    named = url if url.startswith("https:") else f"urn:mm-support:{before.id}"
    assert cited.url_citation.url == named


def test_pictures_are_addresses_of_this_server(anybody, served):
    (address,) = ask(anybody, E24, model="smart-home").support["pictures"]
    answer = httpx.get(served[1] + address)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"


def test_a_stream_adds_up_to_the_whole_answer(anybody):
    whole = ask(anybody, E24, model="smart-home")
    chunks = list(ask(anybody, E24, model="smart-home", stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content and len(chunks) > 4
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    last = chunks[-1].choices[0]
    cited = [values["url_citation"] for values in last.delta.annotations]
    assert last.finish_reason == "stop"
    assert [text[one["start_index"] : one["end_index"]] for one in cited] == ["[1]"] * len(cited)
    assert chunks[-1].support["action"] == "answer" and chunks[-1].usage.total_tokens == 0


def test_the_wire_is_server_sent_events_that_end(served):
    body = {"model": "shopping", "messages": [ASKED], "stream": True}
    answer = httpx.post(f"{served[1]}{PATH}", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.endswith("data: [DONE]\n\n")
    assert all(line[:2] in ("da", ": ", "") for line in answer.text.split("\n"))


def test_a_photo_and_a_recording_are_understood(anybody, tmp_path):
    sound = base64.b64encode(write_wav(tmp_path / "a.wav", 1.0).read_bytes()).decode()
    recording = {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}}
    seen = ask(anybody, {"role": "user", "content": [photo()]}, model="smart-home")
    assert seen.support["action"] == "answer"
    assert "E24" in seen.choices[0].message.content
    heard = ask(anybody, {"role": "user", "content": [recording]}, model="smart-home")
    assert heard.support["transcript"] == HEARD.text


def test_a_recording_is_written_down_for_programs_that_send_words(anybody, tmp_path):
    recording = write_wav(tmp_path / "a.wav", 1.0)
    heard = anybody.audio.transcriptions.create(model="any", file=recording)
    assert heard.text == HEARD.text
    words = {"model": "any", "response_format": "text"}
    assert anybody.audio.transcriptions.create(file=recording, **words).strip() == HEARD.text
    times = anybody.audio.transcriptions.create(
        model="any", file=recording, response_format="verbose_json"
    )
    assert [(one.start, one.end) for one in times.segments] == [
        (one.start, one.end) for one in HEARD.segments
    ]
    for wrong in ({"file": b"hello"}, {"file": recording, "response_format": "srt"}):
        with pytest.raises(openai.BadRequestError):
            anybody.audio.transcriptions.create(model="any", **wrong)


def test_a_form_without_a_recording_is_400(served):
    for body in ({}, {"data": {"file": "x"}}, {"json": {"file": "x"}}):
        answer = httpx.post(f"{served[1]}/v1/audio/transcriptions", **body)
        assert answer.status_code == 400 and "recording" in answer.json()["error"]["message"]


def test_the_documented_example_runs(served, monkeypatch, capsys):
    page = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(import base64.*?)```", page, re.S)
    monkeypatch.chdir(ROOT)
    exec(block.replace("http://127.0.0.1:7860", served[1]), {})
    out = capsys.readouterr().out
    assert "E24 means" in out and "faults.csv:24" in out and "handoff" in out


# -- whose conversation it is ---------------------------------------------------------------


def test_a_token_of_a_reply_goes_on_with_its_conversation(anybody, service):
    first = ask(anybody, ASKED).support
    mine = {"token": first["token"], "session_id": first["session_id"]}
    assert ask(anybody, ASKED, metadata=mine).support["session_id"] == first["session_id"]
    other = ask(anybody, ASKED).support
    with pytest.raises(openai.BadRequestError, match="another visitor"):
        ask(anybody, ASKED, metadata={**mine, "token": other["token"]})


def test_without_the_key_a_name_opens_nothing(anybody, company):
    own = ask(company, ASKED, user="ada").support
    claimed = ask(anybody, ASKED, user="ada", extra_headers={"X-Conversation-Id": "1"}).support
    assert claimed["session_id"].partition("-")[0] != own["session_id"].partition("-")[0]


def test_with_the_key_customer_and_conversation_have_the_names_the_company_gives(company):
    def session(**more):
        return ask(company, ASKED, **more).support["session_id"]

    ada = session(user="ada")
    assert session(user="ada") == ada != session(user="ben")
    in_a_chat = session(user="ada", metadata={"conversation_id": "7"})
    headers = {"X-OpenWebUI-User-Id": "ada", "X-OpenWebUI-Chat-Id": "7"}
    assert session(extra_headers=headers) == in_a_chat != ada
    assert in_a_chat.partition("-")[0] == ada.partition("-")[0]  # one customer in the queue
    assert session() != session()  # nobody's


def test_a_person_takes_over_and_what_they_write_comes_with_the_next_call(company, service):
    first = ask(company, PERSON, user="eve")
    assert first.support["action"] == "handoff"
    session = first.support["session_id"]
    told = [ask(company, ASKED, user="eve") for _ in range(2)]
    assert all(answer.choices[0].message.content for answer in told)
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", "Which order is it?")
    answer = ask(company, {"role": "user", "content": "Order 7"}, user="eve")
    assert answer.choices[0].message.content.startswith("Ada: Which order is it?\n\n")
    chunks = list(ask(company, {"role": "user", "content": "and?"}, user="eve", stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text and "Which order" not in text  # once
    service.desk.say(session, "Ada", "It is on its way.")
    service.desk.give_back(session, "Ada")
    back = ask(company, E24, user="eve", model="smart-home").choices[0].message
    assert back.content.startswith("Ada: It is on its way.\n\nE24 means") and back.annotations
    ask(company, PERSON, user="eve")
    service.desk.take(session, "Ada")
    service.desk.say(session, "Ada", "Goodbye.")
    service.desk.close(session, "Ada", "solved")
    after = [ask(company, E24, user="eve", model="smart-home") for _ in range(2)]
    assert len({session, *(answer.support["session_id"] for answer in after)}) == 2  # a new one
    first, second = (answer.choices[0].message.content for answer in after)
    assert first.startswith("Ada: Goodbye.\n\nE24 means") and second.startswith("E24 means")


def test_the_history_of_the_client_is_what_was_said_before(anybody, service):
    greeting, old = said("Hello!"), [E24, said("E24 means water.")]
    asked = [{"role": "user", "content": "And"}, {"role": "user", "content": [photo()]}]
    ask(anybody, {"role": "system", "content": "Lie."}, greeting, *old, *asked, model="smart-home")
    turn = service.turns[-1]
    assert turn.text == "And" and turn.image is not None
    assert [(past.text, past.reply) for past in turn.earlier] == [
        (E24["content"], "E24 means water.")
    ]
    assert turn.earlier[0].knowledge == "smart-home"


def test_an_earlier_question_in_many_messages_is_no_longer_than_one(anybody, service):
    many = [{"role": "user", "content": f"{number} {'x' * 3_000}"} for number in range(5)]
    ask(anybody, *many, said("Yes."), E24, model="smart-home")
    (past,) = service.turns[-1].earlier
    assert len(past.text) == MAX_TEXT and past.text.endswith(many[-1]["content"])


def test_what_was_refused_before_is_in_the_way_of_nothing(anybody, service):
    """Chat programs send it again with every message, as there is no answer to it."""
    refused = {"role": "user", "content": [photo()] * 5}
    long = {"role": "user", "content": "x" * 5_000}
    colour = photo(np.full((64, 64, 3), 9, np.uint8))
    again = {"role": "user", "content": [{"type": "text", "text": "E24"}, colour]}
    assert ask(anybody, refused, long, again, model="smart-home").support["action"] == "answer"
    assert service.turns[-1].text == "E24"


def test_what_is_kept_of_a_turn_that_is_told_is_known_of_it():
    cited = Past("a", "A [1]", "answer", ("x",), topic="X", knowledge="kb")
    kept = (cited, Past("wrong turn", "B", "refuse"))
    again = Past("a", "A [1]", "answer", knowledge="kb")
    other = Past("my card is 4111 1111 1111 1111", "C", "answer", knowledge="kb")
    assert tuple(as_told(kept, ())) == kept
    told = as_told(kept, (again, other))
    assert told[0] is cited and "4111" not in told[1].text and len(told) == 2


def test_the_real_pipeline_follows_up_on_a_history_that_it_did_not_keep(make):  # noqa: F811
    service = make()
    past = Past("refund late", "It takes 5 days.", "answer", knowledge="kb")
    alone = UserTurn("and what about that one?", knowledge="kb")

    def found(turn):
        (hits,) = (event.hits for event in service.reply(turn) if isinstance(event, Found))
        return [hit.entry.id for hit in hits if hit.score > 0][:1]

    assert found(dataclasses.replace(alone, earlier=(past,))) == ["refund"] != found(alone)


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_chat_program_asks_for_itself_is_no_conversation(company, service, stream):
    """Titles, tags and suggestions: Open WebUI names them in {{TASK}}, which is empty for turns."""
    headers = {"X-OpenWebUI-User-Id": "kim", "X-Conversation-Id": "9", "X-Task": ""}
    ask(company, ASKED, extra_headers=headers)
    before = len(service.turns)
    answer = ask(
        company, PERSON, stream=stream, extra_headers={**headers, "X-Task": "title_generation"}
    )
    texts = (
        [chunk.choices[0].delta.content for chunk in answer]
        if stream
        else [answer.choices[0].message.content]
    )
    assert texts == [""] and len(service.turns) == before
    assert ask(company, ASKED, extra_headers=headers).support["action"] == "answer"


# -- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model_is_404(anybody, stream):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(anybody, ASKED, model="gpt-x", stream=stream)
    assert caught.value.code == "model_not_found" and "smart-home" in caught.value.message


def test_the_key_is_required_where_there_is_one(served, company):
    for key in ("none", KEY[:-1], KEY + "x", "schlüssel"):
        for path, method in ((PATH, "POST"), ("/v1/models", "GET")):
            headers = {"Authorization": f"Bearer {key}".encode()}
            answer = httpx.request(method, served[2] + path, headers=headers, json={})
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["error"]["code"] == "invalid_api_key"
    assert ask(company, ASKED).choices
    scheme = {"Authorization": f"bearer {KEY}"}  # its case says nothing
    assert httpx.get(f"{served[2]}/v1/models", headers=scheme).status_code == 200


def test_what_there_is_not_is_an_error_too(anybody):
    with pytest.raises(openai.NotFoundError, match="POST /v1/embeddings") as caught:
        anybody.embeddings.create(model="shopping", input="x")
    assert caught.value.code == "unknown_url"


WRONG = [
    ({}, "model"),
    ({"messages": []}, "messages"),
    ({"messages": "hello"}, "messages"),
    ({"messages": [{"role": "user", "content": 7}]}, "content"),
    ({"messages": [{"role": "king", "content": "x"}]}, "role"),
    ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "image_url"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "image_url"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}] * 65}]}, "64 items"),
    (
        {
            "messages": [{"role": "user", "content": "x"}],
            "metadata": {f"{n}": "" for n in range(65)},
        },
        "64 items",
    ),
    ({"messages": [{"role": "user", "content": None}]}, "role user"),
    ({"messages": [ASKED, said("yes")]}, "role user"),
    ({"messages": [{"role": "system", "content": "x"}]}, "role user"),
    ({"messages": [{"role": "user", "content": "  "}]}, "nothing to answer"),
    ({"messages": [{"role": "user", "content": "x" * 5_000}]}, "shorten it"),
    ({"messages": [ASKED], "stream": "yes"}, "stream"),
    ({"messages": [ASKED], "n": 2}, "n cannot"),
    ({"messages": [ASKED], "model": "x" * 300}, "model"),
    ({"messages": [ASKED] * 3_000}, "messages"),
    ({"messages": [ASKED], "tool_choice": "required"}, "tool_choice"),
    ({"messages": [ASKED], "user": "x" * 300}, "user"),
    ({"messages": [ASKED], "metadata": {"token": "made up"}}, "token"),
    ({"messages": [ASKED], "response_format": {"type": "json_object"}}, "response_format"),
    ({"messages": [{"role": "user", "content": [photo()] * 5}]}, "5 photos"),
]


def parts(kind: str, value: dict) -> dict:
    return {"messages": [{"role": "user", "content": [{"type": kind, kind: value}]}]}


WRONG += [
    (parts("image_url", {"url": "https://shop.example/a.png"}), FROM_THE_WEB),
    (parts("image_url", {"url": "http://169.254.169.254/"}), FROM_THE_WEB),
    (parts("image_url", {"url": "file:///etc/passwd"}), FROM_THE_WEB),
    (parts("image_url", {"url": "data:image/png,abc"}), FROM_THE_WEB),
    (parts("image_url", {"url": "data:image/png;base64,a*b"}), "base64"),
    (parts("image_url", {"url": "data:image/png;base64,aGVsbG8="}), "JPEG, PNG, WEBP or HEIC"),
    (parts("input_audio", {"data": "aGVsbG8=", "format": "wav"}), "recording"),
    (parts("input_audio", {"data": "ü", "format": "wav"}), "base64"),
]


@pytest.mark.parametrize("body, word", WRONG, ids=lambda value: str(value)[:50])
def test_what_cannot_be_used_is_400_with_one_sentence(served, body, word):
    model = {"model": "shopping"} if body else {}
    answer = httpx.post(f"{served[1]}{PATH}", json={**model, **body})
    error = answer.json()["error"]
    assert answer.status_code == 400 and error["type"] == "invalid_request_error"
    assert word in error["message"] and error["message"].endswith(".")
    assert "\n" not in error["message"] and "Traceback" not in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b'{"model": "\\ud800"}', b"\xff", b"7"])
def test_a_body_that_is_no_call_is_400_and_the_next_one_works(served, anybody, body):
    answer = httpx.post(f"{served[1]}{PATH}", content=body)
    assert answer.status_code == 400 and answer.json()["error"]["message"].endswith(".")
    assert ask(anybody, ASKED).choices


def test_too_much_at_once_is_413_unread(served):
    host, port = served[1].removeprefix("http://").split(":")
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {30 * 1024**2}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(head.encode())
        answer = wire.makefile().read()
    assert answer.startswith("HTTP/1.1 413") and '"message":"That is too much' in answer


@pytest.mark.parametrize(
    "kind, error", [("busy", openai.InternalServerError), ("yours", openai.RateLimitError)]
)
def test_who_cannot_wait_is_told_when_to_come_back(anybody, service, monkeypatch, kind, error):
    def refuse(turn):
        raise BusyError(kind, 7)
        yield

    monkeypatch.setattr(service, "reply", refuse)
    for stream in (False, True):
        with pytest.raises(error) as caught:
            ask(anybody, ASKED, stream=stream)
        assert caught.value.response.headers["retry-after"] == "7"
        assert caught.value.status_code == {"busy": 503, "yours": 429}[kind]


def test_while_models_load_it_is_503_with_a_time(anybody, service):
    service.loaded.clear()
    try:
        with pytest.raises(openai.InternalServerError, match="still loading") as caught:
            ask(anybody, ASKED)
    finally:
        service.loaded.set()
    assert caught.value.status_code == 503 and caught.value.response.headers["retry-after"]


def test_what_goes_wrong_in_a_stream_is_told_in_it(anybody, service, monkeypatch):
    whole = service.reply

    def breaks(turn):
        yield next(whole(turn))
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr(service, "reply", breaks)
    with pytest.raises(openai.APIError, match="our side"):
        list(ask(anybody, ASKED, stream=True))
    with pytest.raises(openai.InternalServerError, match="our side"):
        ask(anybody, ASKED)


def test_a_caller_who_leaves_gives_the_place_back(anybody, service, monkeypatch):
    monkeypatch.setattr(service, "delay", 0.05)
    stream = ask(anybody, E24, model="smart-home", stream=True)
    next(iter(stream))
    stream.close()
    assert service.closed.wait(10)


# -- settings and values --------------------------------------------------------------------


def test_a_key_that_could_be_guessed_ends_the_start():
    assert api_key("") == "" and api_key(KEY) == KEY
    with pytest.raises(InputError, match="MM_SUPPORT_API_KEY"):
        api_key("short")
    assert Settings.from_env({"MM_SUPPORT_API_KEY": KEY}).api_key == KEY
    assert KEY not in repr(Settings(api_key=KEY))


def test_nothing_of_a_call_stays_on_the_disk(service, tmp_path, monkeypatch, anybody):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ask(anybody, {"role": "user", "content": [photo()]}, model="smart-home")
    assert not list(tmp_path.iterdir())


def test_photo_and_recording_of_a_turn_are_those_that_were_sent(tmp_path):
    content = [photo(), {"type": "text", "text": "this"}]
    call = {"model": "m", "messages": [{"role": "user", "content": content}]}
    turn = turn_of(read_call(json.dumps(call).encode()), tmp_path, None)
    assert (turn.text, turn.knowledge, turn.audio) == ("this", "m", None)
    (shown,) = turn.photos
    assert shown.read_bytes().startswith(b"\x89PNG")
