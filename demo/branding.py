"""The company's look, tried in the workshop before it counts: what brand.toml says as a form, the
customers' page beside it as it would look, and the file to take away.

The preview is laid out by the functions of the customers' page, see demo/ui.py; here is only what
is tried. Drafts live in memory, and whoever has a draft's name may look at it.
"""

from __future__ import annotations

import re
import secrets
import tempfile
import threading
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import tomlkit
from gradio.utils import get_upload_folder

from demo.brand import INPUTS, Brand, brand_of, load_brand
from demo.colours import contrast_with_white
from demo.convert import QUIET, WordedError, plain_errors, said_problem
from demo.door import Door
from demo.examples import Example
from demo.markup import html_notice
from demo.service import Service
from demo.words import DEFAULT, label, languages, said, word
from mm_support.errors import InputError
from mm_support.files import replacing

DRAFTS = 50  # that are remembered
MAX_TEXT, MAX_CARDS = 2_000, 24  # characters of a field, and rows
TEXTS = ("title", "welcome", "legal")
FILES = ("photo", "recording", "picture", "knowledge")  # of a card, beside its words
CARD_COLUMN = 140  # pixels
COLOUR = re.compile(r"rgba?\(([\d.]+),\s*([\d.]+),\s*([\d.]+)")  # as the colour picker sends it


class Drafts:
    """Looks that are being tried, the latest ones. present: what is shown for any other name."""

    def __init__(self, present: Brand) -> None:
        self._present, self._kept, self._lock = present, {}, threading.Lock()

    def keep(self, brand: Brand) -> str:
        name = secrets.token_urlsafe(16)
        with self._lock:
            latest = [*self._kept.items(), (name, brand)]
            self._kept: dict[str, Brand] = dict(latest[-DRAFTS:])
        return name

    def get(self, name: object) -> Brand:
        return self._kept.get(str(name), self._present)


# -- the form's values, and the file's ------------------------------------------------------


def columns() -> list[str]:
    """Column names of the table of cards, as in brand.toml; page.js says them in words."""
    words = [f"{name}.{language}" for language in languages() for name in ("caption", "text")]
    return [*words, *FILES]


def row_of(card: Example, brand: Brand) -> list[str]:
    """A card as a row of the table."""
    plain = brand.folder is None  # a card of the page's own, whose words are in English
    captions = {DEFAULT: card.caption, **card.captions} if plain else card.captions
    texts = {DEFAULT: card.text, **card.texts} if plain else card.texts
    words = [own.get(language, "") for language in languages() for own in (captions, texts)]
    base = "" if card.knowledge == brand.knowledge else card.knowledge
    return [*words, card.photo, card.recording, card.picture, base]


def card_of(row: Sequence[Any]) -> dict[str, Any]:
    """A row of the table as a card of brand.toml; empty where nothing is in it."""
    filled = {name: str(cell).strip() for name, cell in zip(columns(), row) if str(cell).strip()}
    card: dict[str, Any] = {}
    for name, words in filled.items():
        key, _, language = name.partition(".")
        if language:
            card.setdefault(key, {})[language] = words
        else:
            card[key] = words
    return card


def hexadecimal(colour: str) -> str:
    """#rrggbb of what a colour picker sends."""
    parts = COLOUR.match(colour)
    if parts is None:
        return colour
    return "#" + "".join(f"{min(255, round(float(part))):02x}" for part in parts.groups())


def file_text(old: str, values: Mapping[str, Any]) -> str:
    """brand.toml with what was changed: all else stays as it was written, comments too. A text that
    is empty is left out, for the page's own.
    """
    document, known = tomlkit.parse(old), tomllib.loads(old)
    for name, value in values.items():
        if value in ("", {}):
            document.pop(name, None)
        elif known.get(name) != value:
            if value == []:  # no table, so it stands above them
                document.pop(name, None)
            document[name] = written(value)
    return tomlkit.dumps(document)


def written(value: Any) -> Any:
    """Cards as tables whose words by language stand in one line."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return value
    cards = tomlkit.aot()
    for card in value:
        table = tomlkit.table()
        for name, own in card.items():
            table[name] = in_one_line(own) if isinstance(own, dict) else own
        cards.append(table)
    return cards


def in_one_line(values: Mapping[str, str]) -> Any:
    table = tomlkit.inline_table()
    table.update(values)
    return table


# -- the tab --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class BrandTab:
    """tab: with all of it, for those who may edit. texts: TEXTS of each language in turn."""

    tab: gr.Tab
    name: gr.Textbox
    accent: gr.ColorPicker
    inputs: gr.CheckboxGroup
    cards: gr.Dataframe
    texts: list[gr.Textbox]
    told: gr.HTML
    frame: gr.HTML
    download: gr.DownloadButton
    save: gr.Button

    def fields(self) -> list:
        return [self.name, self.accent, self.inputs, self.cards, *self.texts]

    def outputs(self) -> list:
        return [self.told, self.frame, self.download, self.save]

    def shown(self, door: Door, key: str) -> dict:
        return {self.tab: gr.Tab(visible=door.may(key, "edit"))}


class BrandDesk:
    """What is tried. door: who may try. saves: the operator lets the brand's file be changed."""

    def __init__(
        self, service: Service, door: Door, brand: Brand, folder: Path, saves: bool = False
    ) -> None:
        self.service, self.door, self.brand, self.folder = service, door, brand, folder
        self.saves = saves and brand.file is not None
        self.drafts = Drafts(brand)

    def old(self) -> str:
        """The file as it is now; empty where there is none."""
        return self.brand.file.read_text(encoding="utf-8") if self.brand.file else ""

    def read(self, name: str, colour: str, inputs: list, cards: list, *texts: str) -> str:
        """The brand.toml that a form describes. Raises InputError for what cannot be used."""
        filled = [card for card in map(card_of, cards or []) if card]
        every = [name, *texts, *(str(cell) for row in cards or [] for cell in row)]
        if len(filled) > MAX_CARDS or any(len(text or "") > MAX_TEXT for text in every):
            raise WordedError("brand_much", cards=MAX_CARDS, characters=MAX_TEXT)
        values: dict[str, Any] = {"name": name.strip(), "accent": hexadecimal(colour or "")}
        values["inputs"] = [each for each in INPUTS if each in (inputs or [])]
        said_in = {language: texts[place * 3 :][:3] for place, language in enumerate(languages())}
        for place, key in enumerate(TEXTS):
            own = {language: (words[place] or "").strip() for language, words in said_in.items()}
            values[key] = {language: text for language, text in own.items() if text}
        now = load_brand(self.brand.file) if self.brand.file else self.brand
        before = [card_of(row_of(card, now)) for card in now.examples]
        if filled != before:
            values["examples"] = filled
        return file_text(self.old(), values)

    def draft(self, *fields: Any) -> tuple[str, Brand]:
        text = self.read(*fields)
        return text, brand_of(tomllib.loads(text), self.folder)


class BrandForm:
    """The tab's handlers."""

    def __init__(self, desk: BrandDesk, tab: BrandTab) -> None:
        self.desk, self.tab = desk, tab

    def show(self, key: str, *fields: Any) -> dict:
        """The page beside the form, and the file; or what is wrong, and the page stays."""
        desk, tab = self.desk, self.tab
        with plain_errors(said_problem):
            desk.door.check(key, "edit")
            try:
                text, brand = desk.draft(*fields)
            except InputError as problem:
                off = {tab.download: gr.DownloadButton(interactive=False)}
                return {
                    tab.told: html_notice(said_problem(problem)),
                    tab.save: gr.Button(interactive=False),
                    **off,
                }
            ratio = f"{contrast_with_white(brand.accent):.1f}"
            return {
                tab.told: right("brand_contrast", accent=brand.accent, contrast=ratio),
                tab.frame: frame(desk.drafts.keep(brand)),
                tab.download: gr.DownloadButton(value=published(text), interactive=True),
                tab.save: gr.Button(interactive=True),
            }

    def save(self, key: str, *fields: Any) -> dict:
        """Changes the operator's file; the page shows it from its next start."""
        desk, tab = self.desk, self.tab
        with plain_errors(said_problem):
            person = desk.door.check(key, "edit")
            if not desk.saves or desk.brand.file is None:
                raise WordedError("brand_not_saved")
            text, brand = desk.draft(*fields)
            replace_file(desk.brand.file, text)
            desk.service.note(desk.door.named(person), "changed brand", brand.name)
            return {tab.told: right("brand_saved")}


def right(key: str, **values: object) -> str:
    return html_notice(said(key, **values), quiet=True)


def frame(draft: str) -> str:
    """The page to look at: nothing in it can be pressed or reached with the keyboard."""
    shown = (
        f'src="preview?draft={draft}" data-title="brand_preview" title="{word("brand_preview")}"'
    )
    return f'<iframe class="ms-preview" {shown} tabindex="-1" inert></iframe>'


def published(text: str) -> str:
    """The file where Gradio serves files from."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=folder)) / "brand.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def replace_file(path: Path, text: str) -> None:
    """As a whole or not at all. Raises InputError where it cannot be written."""
    try:
        with replacing(path) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise WordedError("brand_locked", why=problem.strerror or "") from problem


def brand_tab(desk: BrandDesk) -> BrandTab:
    """Lays the tab out; only those see it who may edit."""
    brand, opened = desk.brand, "edit" in desk.door.visitors
    tab = gr.Tab(label("tab_brand"), id="brand", visible=opened, elem_id="branding")
    with tab, gr.Row(elem_classes="ms-desk"):
        with gr.Column(scale=3, min_width=320):
            gr.HTML(f'<section class="ms-card"><p>{said("brand_how")}</p></section>')
            name = gr.Textbox(brand.name, label=label("brand_name"), elem_id="brand-name")
            accent = gr.ColorPicker(brand.accent, label=label("brand_accent"))
            told = gr.HTML(elem_id="brand-told", padding=False)
            inputs = gr.CheckboxGroup(
                choices_of_inputs(),
                value=list(brand.inputs),
                label=label("brand_inputs"),
            )
            texts = [text_field(brand, key, lang) for lang in languages() for key in TEXTS]
            cards = card_table(brand)
            with gr.Row():
                words: Any = label("brand_download")
                download = gr.DownloadButton(words, interactive=False, size="sm")
                save = gr.Button(label("save"), size="sm", interactive=False, visible=desk.saves)
        with gr.Column(scale=4, min_width=320):
            view = gr.HTML(elem_id="brand-preview", padding=False)
    return BrandTab(tab, name, accent, inputs, cards, texts, told, view, download, save)


def choices_of_inputs() -> list[Any]:
    keys = (re.sub(r"\W", "_", name) for name in INPUTS)
    return [(label(f"brand_{key}"), name) for key, name in zip(keys, INPUTS)]


def text_field(brand: Brand, key: str, language: str) -> gr.Textbox:
    own = getattr(brand, key).get(language, "")
    pages = word({"title": "how_can_i_help"}.get(key, key), language)
    title, names = label(f"brand_{key}"), word("language_name", language)
    written_in = gr.InputHTMLAttributes(lang=language)
    return gr.Textbox(
        own,
        label=title,
        info=names,
        placeholder=pages,
        lines=1,
        max_lines=4,
        html_attributes=written_in,
    )


def card_table(brand: Brand) -> gr.Dataframe:
    widths: list[str | int] = [CARD_COLUMN] * len(columns())
    return gr.Dataframe(
        [row_of(card, brand) for card in brand.examples],
        headers=columns(),
        datatype="str",
        type="array",
        interactive=True,
        wrap=True,
        column_count=len(columns()),
        column_widths=widths,
        label=label("brand_cards"),  # type: ignore[arg-type]
        elem_id="brand-cards",
    )


def connect_brand(desk: BrandDesk, tab: BrandTab, key: gr.BrowserState) -> None:
    """The preview is made when the tab is looked at, and after each change."""
    form = BrandForm(desk, tab)
    fields, shown = [key, *tab.fields()], tab.outputs()
    words = [event for field in (tab.name, *tab.texts) for event in (field.blur, field.submit)]
    picked = [tab.accent.change, tab.inputs.input, tab.cards.input, tab.tab.select]
    gr.on([*words, *picked], form.show, fields, shown, trigger_mode="always_last", **QUIET)
    tab.save.click(form.save, fields, tab.told, concurrency_limit=1, **QUIET)
