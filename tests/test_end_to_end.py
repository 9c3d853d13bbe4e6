"""The whole assistant with its real models: from Python, through gradio_client, and in Chromium."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import pytest
from jiwer import wer
from PIL import Image, ImageDraw

from demo.ui import build_demo, launch_options
from mm_support.evaluate.cases import OUT_OF_SCOPE, read_cases
from mm_support.evaluate.cases import ask as ask_case
from mm_support.service import SupportService
from mm_support.types import Finished, Said, UserTurn
from tests.test_browser import CHROMIUM, DESKTOP, FLAGS, ask, expect, finished, sync_api

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "assets" / "examples"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTED = [
    code
    for page in PAGES
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
]
DISPLAY, SPOKEN = EXAMPLES / "washer-e24.jpg", EXAMPLES / "display-code.wav"
HUB = EXAMPLES / "hub-red.jpg"
QUESTION = "what does this code on the display mean"


@pytest.fixture(scope="module")
def address(service):
    demo = build_demo(service)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url
    demo.close()


@pytest.fixture(scope="module")
def client(address):
    from gradio_client import Client

    return Client(address, verbose=False)


@pytest.fixture(scope="module")
def microphone(tmp_path_factory):
    """The spoken question with a pause of a second behind it."""
    with wave.open(str(SPOKEN)) as spoken:
        form, sound = spoken.getparams(), spoken.readframes(spoken.getnframes())
    path = tmp_path_factory.mktemp("microphone") / "asked.wav"
    with wave.open(str(path), "wb") as asked:
        asked.setparams(form)
        asked.writeframes(sound + bytes(form.framerate * form.sampwidth * form.nchannels))
    return path


@pytest.fixture(scope="module")
def page(address, microphone):
    """A page in Chromium whose microphone plays the spoken question again and again."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; install it to test the page")
    with sync_api.sync_playwright() as playwright:
        plays = f"--use-file-for-fake-audio-capture={microphone}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, plays])
        page = browser.new_context(viewport=DESKTOP, permissions=["microphone"]).new_page()
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        page.goto(address)
        expect(page.locator("#box textarea")).to_be_visible()
        yield page
        browser.close()


def words(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum() or c == " ")


def test_every_pack_is_there(service):
    bases = {base.name: base for base in service.knowledge.list() if not base.own}
    assert set(bases) == {"education", "finance", "healthcare", "shopping", "smart-home"}
    assert all(base.entries >= 30 and base.pictures > 0 for base in bases.values())


def test_a_typed_question_is_answered_from_its_entry(service):
    events = list(service.reply(UserTurn("how long do i have to send something back")))
    reply = events[-1].reply
    assert isinstance(events[-1], Finished) and reply.action == "answer"
    assert reply.citations[0].entry_id == "return-unopened" and "30 days" in reply.text
    assert "".join(event.text for event in events if isinstance(event, Said)) == reply.text


def test_a_spoken_question_and_a_photo_of_the_display_cite_the_right_entry(service):
    reply = service.answer(
        UserTurn(audio=SPOKEN, image=DISPLAY, knowledge="smart-home", speak=True)
    )
    assert wer(QUESTION, words(reply.transcript.text)) <= 0.15
    assert "E24" in [line.text for line in reply.image.text]
    assert reply.action == "answer" and reply.citations[0].entry_id == "washer-e24"
    assert reply.pictures and all(path.is_file() for path in reply.pictures)
    assert abs(sum(reply.fusion.weights.values()) - 1) < 1e-5
    heard_back = service.transcribe((reply.audio.rate, reply.audio.samples))
    assert "water" in heard_back.text.lower() and reply.audio.seconds > 2


def test_a_photo_beside_words_that_only_point_at_it_finds_what_they_do_not(service):
    """The photo shows the product and its code; the words ask what to do with it."""
    words = "What does this mean and what should I do?"
    words_only = service.knowledge.search(UserTurn(words, knowledge="smart-home"), 1)
    both = service.knowledge.search(UserTurn(words, DISPLAY, knowledge="smart-home"), 1)
    alone = service.knowledge.search(UserTurn(image=DISPLAY, knowledge="smart-home"), 1)
    assert words_only[0].entry.id != "washer-e24" and both[0].entry.id == "washer-e24"
    assert both[0].by["photo_text"] > 0 and both[0].by["photo"] > 0
    assert both[0].by == pytest.approx(alone[0].by)


@pytest.mark.parametrize("asked", ["", "What does this mean?", "这是什么意思？"])
def test_a_makers_name_in_a_photo_does_not_speak_for_what_it_shows(service, asked):
    reply = service.answer(UserTurn(asked, image=HUB, knowledge="smart-home"))
    assert reply.citations[0].entry_id == "hub-red"


def message_on_a_screen(text: str) -> Image.Image:
    """A photo of a message."""
    photo = Image.new("RGB", (900, 300), "white")
    ImageDraw.Draw(photo).text((60, 120), text, fill="black", font_size=34)
    return photo


@pytest.mark.parametrize("asked", ["", "What does this mean?"])
def test_a_message_in_a_photo_counts_as_if_it_had_been_typed(service, asked):
    """Where it names no code, and what is shown is nothing that the knowledge has a picture of."""
    shown = message_on_a_screen("The ring of the hub glows red")
    reply = service.answer(UserTurn(asked, image=shown, knowledge="smart-home"))
    assert reply.action == "answer" and reply.citations[0].entry_id == "hub-red"
    assert reply.confidence > 0.8
    shown = message_on_a_screen("The castle was built in 1204")
    reply = service.answer(UserTurn(asked, image=shown, knowledge="smart-home"))
    assert reply.action != "answer"


def test_a_policy_asked_of_a_product_is_answered_by_the_policy(service, tmp_path):
    (tmp_path / "kettles.csv").write_text(
        "name,description,price\n"
        "Ovo kettle (KE-2),Steel kettle with a lead of one metre,59.00\n"
        "Ovo kettle large (KE-3),Steel kettle for two litres,79.00\n",
        encoding="utf-8",
    )
    (tmp_path / "shop.md").write_text(
        "# Orders\n\n## Sending something back\n\nUnused goods can be sent back within 20 days.\n\n"
        "## Guarantee\n\nEvery appliance has a guarantee of three years.\n\n"
        "## Where we deliver\n\nWe deliver within Ireland for 6 euros.\n",
        encoding="utf-8",
    )
    service.knowledge.ingest("kettles", tmp_path)
    for asked, told in {
        "can I send back the KE-2?": "20 days",
        "KE-3 guarantee": "three years",
        "how much is the KE-3": "79",
    }.items():
        assert told in service.answer(UserTurn(asked, knowledge="kettles")).text, asked
    service.knowledge.remove("kettles")
    entries = {entry.id: entry for entry in service.knowledge.entries("shopping")}
    returned = service.answer(UserTurn("can I return the Wren 300?", knowledge="shopping"))
    assert entries[returned.citations[0].entry_id].intent == "return_or_cancel"
    wet = service.answer(UserTurn("is the Wren 300 waterproof", knowledge="shopping"))
    assert wet.action == "clarify" and "Linnet" not in wet.text
    code = service.answer(UserTurn("what does E24 mean", knowledge="smart-home"))
    assert code.action == "answer" and code.citations[0].entry_id == "washer-e24"


ELSEWHERE = (
    "What is the capital of France?|write me a poem about the sea|asdf qwer zxcv|who "
    "discovered penicillin|how far is the moon|draw me a horse|what language do they speak in"
    " Peru|recommend a film for tonight|how do i boil an egg|what is 17 times 23|when did the"
    " berlin wall fall|tell me something funny|why do cats purr|best stretch for a stiff "
    "neck|what is a haiku|how do you say thank you in greek|who is the fastest man alive|what"
    " should i cook for six people|is pluto a planet|how do i whistle|translate cheese to "
    "spanish|why is the sea salty|whats the score of the game|write an essay about "
    "trees|qqqq|how long do turtles live|what is inflation"
).split("|")


def test_what_the_knowledge_does_not_hold_is_not_answered(service):
    """Nor is it asked, but for one in ten at most, which of its entries is meant."""
    replies = [service.answer(UserTurn(text)) for text in ELSEWHERE]
    assert {reply.action for reply in replies} <= {"refuse", "clarify"}
    assert sum(bool(reply.citations) for reply in replies) <= len(ELSEWHERE) / 10


def test_the_same_through_gradio_client(client):
    from gradio_client import handle_file

    result, sound = client.predict(
        message="",
        image=handle_file(str(DISPLAY)),
        audio=handle_file(str(SPOKEN)),
        knowledge="smart-home",
        session_id=None,
        speak=True,
        api_name="/chat",
    )
    assert result["action"] == "answer" and result["citations"][0]["id"] == "washer-e24"
    assert Path(sound).stat().st_size > 40_000
    heard = client.predict(audio=handle_file(str(SPOKEN)), api_name="/transcribe")
    assert wer(QUESTION, words(heard["text"])) <= 0.15
    seen = client.predict(
        image=handle_file(str(DISPLAY)), labels=["washing machine", "banana"], api_name="/describe"
    )
    assert "E24" in [line["text"] for line in seen["text"]]
    own = {"turn_id": result["turn_id"], "token": result["token"]}
    assert client.predict(**own, rating="up", comment="", api_name="/feedback")


def test_the_documented_client_example_runs(address, monkeypatch, capsys):
    """The block that imports gradio_client, as it is but for the address."""
    (block,) = (code for code in DOCUMENTED if "gradio_client" in code)
    monkeypatch.chdir(ROOT)
    exec(block.replace("http://127.0.0.1:7860", address), {})
    said = capsys.readouterr().out
    assert "washer-e24" in said and "smart-home" in said


@pytest.mark.parametrize("block", [code for code in DOCUMENTED if "SupportService" in code])
def test_every_documented_python_example_runs(service, block, monkeypatch, capsys):
    """As it is, but that the service is loaded already and stays open."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(SupportService, "load", classmethod(lambda cls: service))
    monkeypatch.setattr(SupportService, "close", lambda self: None)
    exec(block, {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("page", ["tutorial.md", "tutorial.zh.md"])
def test_the_tutorial_can_be_followed(service, page, tmp_path):
    """With its own table and questions, and drawings for photos."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    tables, (cases,) = blocks_of(text, "csv"), blocks_of(text, "jsonl")
    (tmp_path / "tern").mkdir()
    (tmp_path / "tern" / "faq.csv").write_text(tables[0], encoding="utf-8")
    for folder, tilt in ((tmp_path / "tern", 0), (tmp_path, 7)):
        draw_display("E07", tilt).save(folder / ("e07.jpg" if tilt == 0 else "customer.jpg"))
        draw_lock(tilt).save(folder / ("lock.jpg" if tilt == 0 else "customer-lock.jpg"))
    (tmp_path / "cases.jsonl").write_text(cases, encoding="utf-8")
    report = service.knowledge.ingest("tern", tmp_path / "tern")
    assert report.entries == 6 and report.pictures == 2 and not report.skipped
    ids = {entry.id for entry in service.knowledge.entries("tern")}
    asked, skipped = read_cases(tmp_path / "cases.jsonl", "tern", ids)
    outcomes = [ask_case(service, case) for case in asked]
    assert not skipped and all(out.rank == 1 for out in outcomes if out.expect != OUT_OF_SCOPE)
    assert outcomes[0].answered and outcomes[2].answered and not outcomes[-1].answered
    told = service.answer(UserTurn(asked[0].turn.text, knowledge="tern")).text
    assert "".join(told.split()) in "".join(text.split())  # as the tutorial says
    (tmp_path / "tern" / "faq.csv").write_text(tables[0] + tables[1], encoding="utf-8")
    assert service.knowledge.sync("tern", tmp_path / "tern").entries == 7
    assert "helmet" in [entry.id for entry in service.knowledge.entries("tern")]


def blocks_of(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.S)


def draw_display(words: str, tilt: float) -> Image.Image:
    picture = Image.new("RGB", (900, 640), (70, 78, 72))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((180, 120, 720, 520), 40, fill=(25, 27, 30))
    pen.rounded_rectangle((240, 180, 660, 430), 14, fill=(196, 214, 190))
    pen.text((300, 215), words, fill=(20, 24, 22), font_size=150)
    return picture.rotate(tilt, fillcolor=(70, 78, 72))


def draw_lock(tilt: float) -> Image.Image:
    picture = Image.new("RGB", (900, 640), (120, 122, 118))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((250, 80, 650, 480), outline=(30, 30, 32), width=46)
    pen.rounded_rectangle((330, 330, 570, 560), 26, fill=(34, 36, 40))
    pen.ellipse((425, 420, 475, 470), fill=(220, 40, 30))
    return picture.rotate(tilt, fillcolor=(120, 122, 118))


def test_a_bad_file_is_said_in_a_sentence_and_the_next_question_works(client, tmp_path):
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    fake = tmp_path / "song.mp3"
    fake.write_text("this is no sound")
    with pytest.raises(AppError) as caught:
        client.predict(audio=handle_file(str(fake)), api_name="/transcribe")
    assert "Traceback" not in str(caught.value) and str(caught.value).strip().endswith(".")
    found = client.predict(
        message="late parcel",
        image=None,
        audio=None,
        knowledge="shopping",
        limit=3,
        api_name="/search",
    )
    assert len(found) == 3 and set(found[0]) >= {"id", "title", "score", "by", "snippet"}


def test_in_chromium_a_typed_question_with_a_photo(page):
    ask(page, "What does this code mean?", DISPLAY, "Smart home")
    expect(finished(page)).to_contain_text("E24")
    expect(page.locator("#source-1-1")).to_contain_text("E24")


def test_in_chromium_a_recorded_question(page):
    """The recording begins anywhere in the question, so it is long enough to hold it once as a
    whole; the same words three times on end would look like a loop to Whisper.
    """
    page.get_by_role("button", name="New conversation").click()
    page.get_by_label("Smart home", exact=True).check()
    page.get_by_label("Record audio").click()
    page.get_by_label("Stop recording").wait_for()
    page.wait_for_timeout(5500)
    page.get_by_label("Stop recording").click()
    expect(page.get_by_label("Remove file")).to_be_attached()
    page.get_by_label("Submit").click()
    finished(page)
    heard = page.locator("#transcript textarea").input_value()
    assert {"code", "display"} <= set(words(heard).split())
    expect(page.locator("#source-1-1")).to_be_attached()
