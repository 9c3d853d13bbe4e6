"""What the page says of its own: a file a language, en.toml the complete one.

    word("too_long", "zh", count=5_000, limit=4_000)

One table for the components (through Gradio's I18n), our own HTML, and the scripts. It has the
service's errors too, whose English sentences are in mm_support/errors.py. What the assistant says
is the service's business. A language without a file falls back to English.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData

from demo.markup import esc
from mm_support.errors import SENTENCES

HERE = Path(__file__).resolve().parent / "words"
DEFAULT = "en"
BASE = "base_"  # how the keys of titles of bases begin


@functools.cache
def tables() -> dict[str, dict[str, str]]:
    """Language -> key -> words; every language has every key of the default one."""
    files = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in HERE.glob("*.toml")}
    english = {**SENTENCES, **files[DEFAULT]}
    return {language: {**english, **table} for language, table in files.items()}


def languages() -> list[str]:
    """Those that the page speaks, the default one first."""
    return sorted(tables(), key=lambda name: (name != DEFAULT, name))


def spoken(locale: str, offered: tuple[str, ...] = ()) -> str:
    """The language for a browser's locale ("zh-CN" -> "zh") among those offered; the first of them
    where the page does not speak it.
    """
    known = [name for name in offered or languages() if name in tables()] or [DEFAULT]
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in known else known[0]


def word(key: str, language: str = DEFAULT, /, **values: object) -> str:
    """The words of a key with its values filled in. Raises KeyError for an unknown key."""
    text = tables().get(language, tables()[DEFAULT])[key]
    return text.format(**values) if values else text


@functools.cache
def _seen_in(language: str) -> dict[str, str]:
    """What photos show -> what that is called; empty for English, in which it is seen."""
    file = HERE / "labels" / f"{language}.toml"
    return tomllib.loads(file.read_text("utf-8")) if language in tables() and file.exists() else {}


def seen_thing(name: str, language: str = DEFAULT) -> str:
    """What the image encoder has named in a photo, as it is called in the page's language; a
    caller's own words stay as they are.
    """
    return _seen_in(language).get(name, name)


@functools.cache
def part_names() -> dict[str, dict[str, str]]:
    """Language -> what Gradio calls a part of its components, in English whatever it speaks ->
    what that is called.
    """
    files = sorted((HERE / "components").glob("*.toml"))
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in files}


def has_word(key: str) -> bool:
    return key in tables()[DEFAULT]


def bases_called(words: str) -> list[str]:
    """The bases that come with the project whose title, in any language, has a word that begins so;
    in Chinese, where no blanks tell words apart, whose title has it.
    """
    begins = re.compile(rf"\b{re.escape(words)}" if words.isascii() else re.escape(words), re.I)
    titles = ((key, title) for table in tables().values() for key, title in table.items())
    called = (key for key, title in titles if key.startswith(BASE) and begins.search(title))
    return [key.removeprefix(BASE).replace("_", "-") for key in dict.fromkeys(called)]


def i18n(own: Mapping[str, Mapping[str, str]] | None = None) -> gr.I18n:
    """The table for components, in the browser's language. own: more words, by language."""
    more = own or {}
    return gr.I18n(**{name: {**table, **more.get(name, {})} for name, table in tables().items()})


def language_name(language: str) -> str:
    """What a language is called by those who speak it; the code itself where nobody knows it."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale(language).get_language_name() or language
    except (UnknownLocaleError, ValueError):
        return language


def label(key: str) -> I18nData:
    """A component's label, in the browser's language."""
    return I18nData(key)


def said(key: str, **values: object) -> str:
    """HTML of a key, which page.js sets in the language of the browser; escaped."""
    filled = {name: str(value) for name, value in values.items()}
    more = f' data-values="{esc(json.dumps(filled))}"' if values else ""
    return f'<span data-word="{key}"{more}>{esc(word(key, DEFAULT, **values))}</span>'


def said_or(words: str) -> str:
    """HTML of what the table calls a figure, a chart, an input, a base or something that was done,
    or the words themselves.
    """
    name = words.lower().replace(" ", "_")
    known = filter(has_word, (f"figure_{name}", f"base_{name.replace('-', '_')}", f"did_{name}"))
    key = next(known, "")
    return said(key) if key else esc(words)


def script() -> str:
    """The tables for the scripts, which say msWord(key) in the language that was chosen."""
    named = {"msTables": tables(), "msPartNames": part_names()}
    return "".join(f"window.{name} = {in_script(table)};" for name, table in named.items())


def in_script(values: object) -> str:
    """JSON that ends no script."""
    return json.dumps(values, ensure_ascii=False).replace("<", "\\u003c")
