"""What the page shows of an action: a form for what it asks for, buttons, and who is signed in."""

from __future__ import annotations

import threading
from dataclasses import fields, replace
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from acting_service import System, acting_service, declared

from demo.api import Endpoints
from demo.chat import Chat
from demo.conversation_state import Conversation
from demo.form import MAX_VALUE, drawn
from demo.live import Ears
from demo.opening import Opening
from demo.page_parts import Desk
from demo.shop import server
from mm_support.desk.visits import customer_in, signed_customer
from mm_support.types import FormField


@pytest.fixture
def service(tmp_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("MM_SUPPORT_ACTION_KEY", "secret")
    system = System()
    settings = replace(tmp_settings, actions=True, customer_secret="the-secret-of-the-site")
    made = acting_service(settings, declared(tmp_path / "kb", system.url), system.host)
    yield made
    made.close()
    system.close()


@pytest.fixture
def page(service):
    with gr.Blocks():
        desk = Desk(*(gr.Textbox() for _ in fields(Desk)))
    return Chat(service, desk, Ears(service), [], service.settings.data_dir), desk


def buttons(shown, desk):
    return [option["label"] for option in shown[desk.chat][-1].get("options", ())]


def test_what_is_asked_for_can_be_filled_in(page):
    chat, desk = page
    *_, asked = chat.send({"text": "where is my parcel"}, "kb", False, Conversation())
    assert 'placeholder="104822"' in asked[desk.form] and "Which number?" in asked[desk.form]
    assert buttons(asked, desk) == ["Talk to a person"]
    given = SimpleNamespace(value="104822")
    first, *_, told = chat.send_given(given, "kb", False, asked[desk.conversation])
    assert first[desk.form] == told[desk.form] == ""
    assert "Parcel 104822 is sent" in told[desk.chat][-1]["content"][0]
    assert "passage-2-1" in told[desk.chat][-1]["content"][0]  # its source opens in place


def test_a_confirmation_has_two_buttons(page):
    chat, desk = page
    conversation = Conversation()
    for text in ("please stop my delivery 104830", "90210"):
        *_, shown = chat.send({"text": text}, "kb", False, conversation)
        conversation = shown[desk.conversation]
    assert buttons(shown, desk) == ["Yes", "No", "Talk to a person"] and shown[desk.form] == ""
    *_, done = chat.send_choice(SimpleNamespace(value="Yes"), "kb", False, conversation)
    assert "Parcel 104830 is cancelled" in done[desk.chat][-1]["content"][0]


def test_what_is_too_long_or_empty_is_told_above_the_box(page):
    chat, desk = page
    for value in ("", "x" * 5_000):
        for send in (chat.send_given, chat.send_choice):
            (shown,) = send(SimpleNamespace(value=value), "kb", False, Conversation())
            assert "alert" in shown[desk.notice] and desk.conversation not in shown


def test_what_a_page_says_of_itself_is_kept_no_longer_than_it_can_be(page):
    """The server holds it for each tab."""
    chat, desk = page
    where = {"language": "en", "customer": "c" * 2_000_000, "knowledge": "k" * 2_000_000}
    kept = Opening(chat).open(where, None, Conversation())[desk.conversation]
    assert len(kept.customer) + len(kept.knowledge) < 10_000
    *_, shown = chat.send({"text": "hello"}, where["knowledge"], False, Conversation())
    assert len(shown[desk.conversation].latest.question.knowledge) < 100


@pytest.mark.parametrize("kind", ["date", "number", "identifier", "text", "choice"])
def test_a_form_shows_its_words_as_they_are(kind):
    shown = drawn(FormField("x", kind, '<img src=x onerror="a()">', '"><script>'), "zh")
    assert "<img" not in shown and "<script" not in shown and shown.count('"') % 2 == 0
    assert ('type="date"' in shown) is (kind == "date") and f'maxlength="{MAX_VALUE}"' in shown


def test_who_is_signed_in_on_the_site_is_so_on_the_page_and_for_programs(page):
    chat, desk = page
    signed = signed_customer("the-secret-of-the-site", "c-17", 60)
    opened = Opening(chat).open({"language": "en", "customer": signed}, None, Conversation())[
        desk.conversation
    ]
    ask = {"text": "show purchases overview"}
    *_, known = chat.send(ask, "kb", False, opened)
    assert "You have 104822" in known[desk.chat][-1]["content"][0]
    fresh = Opening(chat).restart(known[desk.conversation])[desk.conversation]
    assert (fresh.exchanges, fresh.customer) == ((), signed)
    for given, action in ((signed, "answer"), (None, "refuse")):
        *_, (result, _) = Endpoints(chat.service).chat(ask["text"], knowledge="kb", customer=given)
        assert result["action"] == action


def test_an_endpoint_says_what_is_asked_for(service):
    *_, (result, _) = Endpoints(service).chat("where is my parcel", knowledge="kb")
    assert result["form"] == {
        "name": "order",
        "type": "identifier",
        "label": "Which number?",
        "example": "104822",
    }
    assert "pending" not in result


def test_the_shop_signs_who_is_signed_in():
    shop = server("http://127.0.0.1:1", 0, "c-17", "the-secret-of-the-site")
    threading.Thread(target=shop.serve_forever, args=(0.02,), daemon=True).start()
    page = httpx.get(f"http://127.0.0.1:{shop.server_port}").text
    shop.shutdown()
    shop.server_close()
    given = page.split('data-customer="')[1].split('"')[0]
    assert customer_in("the-secret-of-the-site", given) == "c-17"
