"""The company's look, tried in the workshop: what the form says, the file it makes, who may."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import fields
from pathlib import Path

import gradio as gr
import pytest

from demo.brand import Brand, brand_of, load_brand
from demo.branding import (
    BrandDesk,
    BrandForm,
    BrandTab,
    Drafts,
    card_of,
    columns,
    hexadecimal,
    row_of,
)
from demo.door import Door
from demo.theme import theme
from demo.ui import build_demo
from demo.words import languages
from mm_support.errors import InputError
from mm_support.paths import ASSETS
from tests.fake_service import FakeService

KEY = "a key that is long enough"
TAB = BrandTab(*(field.name for field in fields(BrandTab)))
TEXTS = [""] * 3 * len(languages())


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ASSETS / "brand", tmp_path / "brand")
    return tmp_path / "brand"


@pytest.fixture
def service():
    return FakeService()


def desk_of(service, brand, folder, saves=True):
    return BrandDesk(service, Door(KEY), brand, folder, saves)


def form(brand, **changed):
    """The fields as the form shows them, with some of them changed."""
    texts = [
        getattr(brand, key).get(language, "")
        for language in languages()
        for key in ("title", "welcome", "legal")
    ]
    cards = [row_of(card, brand) for card in brand.examples]
    own = {"name": brand.name, "accent": brand.accent, "inputs": list(brand.inputs)}
    own |= {"cards": cards, "texts": texts} | changed
    return own["name"], own["accent"], own["inputs"], own["cards"], *own["texts"]


def shown(desk, *form):
    return BrandForm(desk, TAB).show(KEY, *form)


def test_a_form_that_nobody_touched_is_the_file_as_it_was_written(service, folder):
    brand = load_brand(folder / "brand.toml")
    text, same = desk_of(service, brand, folder).draft(*form(brand))
    assert text == (folder / "brand.toml").read_text("utf-8") and same == brand


def test_what_is_changed_is_in_the_file_and_all_else_stays_with_its_comments(service, folder):
    brand = load_brand(folder / "brand.toml")
    cards = [*form(brand)[3][1:], [""] * len(columns())]
    cards.append(["Shipping?", "How is it sent?", "怎么寄？", "怎么寄？", "", "", "", ""])
    changed = form(
        brand, name="Tern", accent="rgba(29.2, 78, 216, 1)", inputs=["photo"], cards=cards
    )
    text, tried = desk_of(service, brand, folder).draft(*changed)
    assert (tried.name, tried.accent, tried.inputs) == ("Tern", "#1d4ed8", ("photo",))
    assert [card.caption for card in tried.examples][-2:] == [
        brand.examples[-1].caption,
        "Shipping?",
    ]
    assert tried.examples[-1].texts == {"en": "How is it sent?", "zh": "怎么寄？"}
    assert (tried.logo, tried.legal, tried.privacy_url) == (
        brand.logo,
        brand.legal,
        brand.privacy_url,
    )
    assert "# What a company decides" in text and tomllib.loads(text)["knowledge"] == "shopping"


def test_fields_that_were_emptied_leave_the_pages_own_words(service, folder):
    brand = load_brand(folder / "brand.toml")
    text, tried = desk_of(service, brand, folder).draft(*form(brand, texts=TEXTS))
    assert not {"title", "welcome", "legal"} & set(tomllib.loads(text)) and tried.legal == {}


@pytest.mark.parametrize("own", [True, False])
def test_nothing_at_all_is_said_too(service, folder, own):
    brand = load_brand(folder / "brand.toml") if own else Brand()
    text, tried = desk_of(service, brand, folder).draft(*form(brand, inputs=[], cards=[]))
    assert tried.inputs == () and tried.examples == ()
    assert (tried.legal, tried.name) == (brand.legal, brand.name)
    assert tomllib.loads(text)["examples"] == []


def test_without_a_file_the_cards_of_the_page_stay_and_no_file_is_changed(service):
    desk = desk_of(service, Brand(), ASSETS / "examples")
    text, tried = desk.draft(*form(Brand(), name="Emailwerk"))
    assert "examples" not in text and tried.examples == Brand().examples
    assert desk.saves is False
    with pytest.raises(gr.Error, match="MM_SUPPORT_EDIT_BRAND"):
        BrandForm(desk, TAB).save(KEY, *form(Brand()))


def test_the_preview_shows_the_draft_and_a_pale_colour_is_told_with_one_that_would_do(service):
    desk = desk_of(service, Brand(), ASSETS / "examples")
    now = shown(desk, *form(Brand(), accent="#8a3d12"))
    (name,) = desk.drafts._kept
    assert f"draft={name}" in now[TAB.frame] and "7." in now[TAB.told]
    assert "#8a3d12" in theme(desk.drafts.get(name))._get_theme_css()
    assert Path(now[TAB.download].value["path"]).read_text("utf-8").count("#8a3d12") == 1
    pale = shown(desk, *form(Brand(), accent="#ffcc00"))
    assert TAB.frame not in pale and "would do" in pale[TAB.told]
    assert pale[TAB.download].interactive is False and pale[TAB.save].interactive is False
    assert desk.drafts.get("made up") == desk.drafts.get(None) == Brand()


def test_only_those_who_may_edit_try_a_look_or_save_it(service, folder):
    brand = load_brand(folder / "brand.toml")
    desk = desk_of(service, brand, folder)
    for call in (BrandForm(desk, TAB).show, BrandForm(desk, TAB).save):
        with pytest.raises(gr.Error):
            call("", *form(brand))
    assert BrandForm(desk, TAB).save(KEY, *form(brand, name="Tern"))[TAB.told]
    assert load_brand(folder / "brand.toml").name == "Tern"
    BrandForm(desk, TAB).save(KEY, *form(brand, cards=form(brand)[3][:1]))
    assert len(load_brand(folder / "brand.toml").examples) == 1
    BrandForm(desk, TAB).save(KEY, *form(brand))  # as it was
    assert load_brand(folder / "brand.toml").examples == brand.examples
    assert "Tern" in {done.subject for done in service.audited()}
    closed = desk_of(service, brand, folder, saves=False)
    with pytest.raises(gr.Error):
        BrandForm(closed, TAB).save(KEY, *form(brand))


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "brand.toml", "prices.xlsx"])
@pytest.mark.parametrize("kind", ["photo", "picture", "recording"])
def test_a_card_shows_no_file_from_elsewhere_and_none_that_is_no_photo(folder, kind, name):
    card = {"text": "x", "knowledge": "shopping", kind: name}
    with pytest.raises(InputError, match="beside brand.toml"):
        brand_of({"examples": [card]}, folder)


def test_too_much_is_told_in_a_sentence(service):
    desk = desk_of(service, Brand(), ASSETS / "examples")
    for changed in ({"name": "x" * 2_001}, {"cards": [["x", "x", *[""] * 6]] * 25}):
        assert "shorten" in shown(desk, *form(Brand(), **changed))[TAB.told]


def test_rows_and_cards_are_the_same_and_colours_are_read_as_they_are_sent(folder):
    brand = load_brand(folder / "brand.toml")
    rows = [row_of(card, brand) for card in brand.examples]
    again = brand_of({"knowledge": "shopping", "examples": list(map(card_of, rows))}, folder)
    assert again.examples == brand.examples
    assert hexadecimal("rgba(255.4, 0, 16, 1)") == "#ff0010" and hexadecimal("#abcdef") == "#abcdef"


def test_of_many_drafts_the_latest_are_kept():
    drafts = Drafts(Brand())
    names = [drafts.keep(Brand(name=str(number))) for number in range(60)]
    assert drafts.get(names[0]) == Brand() and drafts.get(names[-1]).name == "59"


def test_the_preview_is_laid_out_as_the_customers_page_and_only_where_there_is_a_workshop(service):
    def names(demo):
        return [block.elem_id for block in demo.blocks.values() if block.elem_id == "ms-legal"]

    assert len(names(build_demo(service))) == 1
    assert len(names(build_demo(service, desk_key=KEY))) == 3  # customers, workshop, preview
