"""What a company's file says, and what is told about one that is wrong."""

from __future__ import annotations

from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from PIL import Image

from demo.brand import Brand, brand_of, greeting, load_brand
from demo.chat import Chat
from demo.colours import ENOUGH, contrast_with_white, legible, shades
from demo.conversation_state import Conversation
from demo.examples import card
from demo.live import Ears
from demo.opening import Opening
from demo.page_head import choice
from demo.page_parts import Desk
from demo.ui import build_demo, launch_options
from demo.words import languages
from mm_support.errors import InputError
from mm_support.paths import ASSETS
from tests.fake_service import FakeService

EXAMPLE = ASSETS / "brand" / "brand.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "brand.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_says_all_that_can_be_said_and_dresses_the_page():
    brand = load_brand(EXAMPLE)
    assert brand.name == "Fernhill Outdoor" and brand.logo.startswith("data:image/svg+xml;base64,")
    assert len(brand.examples) == 3 and {card.knowledge for card in brand.examples} == {"shopping"}
    greetings = {greeting(brand, language) for language in languages()}
    assert len(greetings) == len(languages()) and all("Fernhill" in text for text in greetings)
    demo = build_demo(FakeService(), brand=brand)
    shown = "".join(str(block.value) for block in demo.blocks.values() if hasattr(block, "value"))
    assert "Fernhill Outdoor" in shown and "Multimodal Support" not in shown
    assert brand.privacy_url in shown and "30 days" in shown
    (picker,) = (block for block in demo.blocks.values() if isinstance(block, gr.Radio))
    assert picker.value == "shopping" and picker.visible is False
    options = launch_options(brand)
    assert brand.accent in options["theme"]._get_theme_css()
    assert '["en", "zh"]' in choice(brand)


def test_what_is_left_out_stays_as_it_is(tmp_path):
    brand = load_brand(written(tmp_path, 'name = "Emailwerk"'))
    assert brand == Brand(name="Emailwerk")


def test_a_brand_with_a_base_of_its_own_and_no_cards_shows_none_of_others(tmp_path):
    assert load_brand(written(tmp_path, 'knowledge = "kayaks"')).examples == ()
    cards = load_brand(written(tmp_path, 'knowledge = "healthcare"')).examples
    assert {card.knowledge for card in cards} == {"healthcare"}


WRONG = {
    "unknown": ('nmae = "x"', "there is no 'nmae'"),
    "colour": ('accent = "teal"', "#rrggbb"),
    "pale": ('accent = "#ffcc00"', "contrast of 1.5 and needs 4.5; #"),
    "language": ('languages = ["xx"]', "offered are"),
    "input": ('inputs = ["fax"]', "offered are photo"),
    "logo": ('logo = "gone.png"', "cannot be read"),
    "logo format": ('logo = "/etc/passwd"', "must be SVG"),
    "link": ('privacy_url = "javascript:alert(1)"', "must begin with"),
    "card": ('[[examples]]\ncaption = "x"\nknowledge = "a"', "needs a text"),
    "card without a base": ('[[examples]]\ntext = "x"', "knowledge base"),
    "number": ("name = 3", "must be a text"),
    "no TOML": ("name", "cannot be read"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_in_a_sentence_before_anything_starts(tmp_path, kind):
    text, told = WRONG[kind]
    with pytest.raises(InputError, match=told) as caught:
        load_brand(written(tmp_path, text))
    assert "brand.toml" in str(caught.value) and str(caught.value).endswith(".")


def test_a_file_that_is_gone_is_told(tmp_path):
    with pytest.raises(InputError, match="toml cannot be read: No such file or directory[.]$"):
        load_brand(tmp_path / "brand.toml")


@pytest.mark.parametrize("accent", ["#0f766e", "#8a3d12", "#1d4ed8", "#000000"])
def test_white_can_be_read_on_an_accent_and_its_shades_run_from_light_to_dark(accent):
    assert contrast_with_white(legible(accent)) >= ENOUGH
    run = [contrast_with_white(shade) for shade in shades(accent).values()]
    assert run == sorted(run) and shades(accent)["c700"] == accent


def test_the_colour_that_is_offered_instead_would_do():
    with pytest.raises(InputError) as caught:
        legible("#ffcc00")
    offered = str(caught.value).split("; ")[1][:7]
    assert legible(offered) == offered


def test_contrast_is_that_of_the_guidelines():
    assert contrast_with_white("#000000") == pytest.approx(21)
    assert contrast_with_white("#777777") == pytest.approx(4.48, abs=0.01)


def test_a_companys_name_shows_as_text():
    demo = build_demo(FakeService(), brand=brand_of({"name": "<img src=x>"}, Path(".")))
    shown = "".join(str(block.value) for block in demo.blocks.values() if hasattr(block, "value"))
    assert "<img src=x>" not in shown and "&lt;img" in shown


def tags_of(page: str) -> list[tuple[str, str]]:
    """(name, content) of what a page's head says about it, as one reads it that runs no scripts."""
    found = []

    class Head(HTMLParser):
        def handle_starttag(self, tag, attributes):
            said = dict(attributes)
            if tag == "meta" and "content" in said:
                found.append((said.get("property") or said.get("name"), said["content"]))

    Head().feed(page)
    return found


def test_a_link_to_a_page_is_shown_with_the_companys_name_and_greeting():
    texts = {"en": 'Ask "us" & see', "zh": "有问题，问我们"}
    brand = Brand(name="Fern <Hill>", welcome=texts)
    demo = build_demo(FakeService(), desk_key="key", brand=brand)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options(brand))
    try:
        for path, language in {"": "en", "?lang=zh": "zh", "desk": "en", "?lang=xx": "en"}.items():
            page = httpx.get(url + path).text
            said = tags_of(page)
            names = [name for name, _ in said]
            assert "Gradio" not in str(said) and len(names) == len(set(names)), said
            assert dict(said)["og:title"] == "Fern <Hill>"
            assert dict(said)["og:description"] == dict(said)["description"] == texts[language]
            assert page.count("<title>Fern &lt;Hill&gt;</title>") == 1
    finally:
        demo.close()


def test_of_a_companys_folder_only_what_its_cards_show_is_served(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "part.png")
    (tmp_path / "prices.xlsx").write_bytes(b"secret")
    text = '[[examples]]\ntext = "x"\nknowledge = "shopping"\nphoto = "part.png"\n'
    brand = load_brand(written(tmp_path, text))
    demo = build_demo(FakeService(), tmp_path, brand=brand)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_options(brand))
    try:
        address = f"{url}gradio_api/file={tmp_path}"
        assert httpx.get(f"{address}/part.png").status_code == 200
        for name in ("prices.xlsx", "brand.toml"):
            assert httpx.get(f"{address}/{name}").status_code == 403
    finally:
        demo.close()


def test_a_card_sends_the_text_of_the_pages_language(tmp_path):
    asked = 'text = {en = "How do I return it?", zh = "怎么退货？"}\n'
    cards = f'[[examples]]\n{asked}knowledge = "shopping"\n'
    more = '[[examples]]\ntext = "Only English"\nknowledge = "shopping"\n'
    (tmp_path / "brand.toml").write_text(cards + more, encoding="utf-8")
    both, one = load_brand(tmp_path / "brand.toml").examples
    assert card(both, tmp_path, "zh")["text"] == card(both, tmp_path, "zh")["display_text"]
    service = FakeService()
    page = Desk(*(field.name for field in fields(Desk)))
    chat = Chat(service, page, Ears(service), [both, one], tmp_path)
    sent = {}
    for language in ("en", "zh", "de"):
        for index in (0, 1):
            event = SimpleNamespace(index=index)
            list(chat.send_example(event, False, Conversation(language=language)))
            sent[language, index] = service.turns[-1].text
    assert sent["en", 0] == sent["de", 0] == "How do I return it?" and sent["zh", 0] == "怎么退货？"
    assert {sent[language, 1] for language in ("en", "zh", "de")} == {"Only English"}


@pytest.mark.parametrize("language, asks", [("en", "person"), ("zh", "人工")])
def test_talk_to_a_person_is_asked_in_the_pages_language(tmp_path, language, asks):
    service = FakeService()
    page = Desk(*(field.name for field in fields(Desk)))
    chat = Chat(service, page, Ears(service), [], tmp_path)
    shown = Opening(chat).open({"language": language}, None, Conversation())
    list(chat.ask_for_person("shopping", False, shown["conversation"]))
    assert asks in service.turns[-1].text
