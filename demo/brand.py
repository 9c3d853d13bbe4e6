"""A company's own: what brand.toml says about how the page looks and what it offers.

MM_SUPPORT_BRAND names the file; pictures and recordings lie beside it. What can be said in several
languages is a text, or a table of texts by language. Knows no layout.
"""

from __future__ import annotations

import base64
import mimetypes
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from demo.colours import legible
from demo.examples import EXAMPLES, Example
from demo.markup import as_markdown
from demo.words import DEFAULT, tables, word
from mm_support.errors import InputError, reason_of

NAME = "Multimodal Support"
ACCENT = "#0f766e"
INPUTS = ("photo", "voice", "hands-free", "spoken reply")
LARGEST_LOGO = 200_000  # bytes; it is sent with the page
LOGO_FORMATS = ("image/png", "image/jpeg", "image/webp", "image/svg+xml")
Texts = Mapping[str, str]  # language -> text


@dataclass(frozen=True)
class Brand:
    """What a company decides about its page. Empty texts leave the page's own.

    accent: a colour as #rrggbb that white text can be read on. languages: those that are offered.
    inputs: some of INPUTS. knowledge: the base that is asked; empty, and customers choose.
    examples: the cards of the empty conversation; their files lie in `folder`, or in the page's own
    folder of examples where it is None. logo: a data URI. file: from which this was read.
    """

    name: str = NAME
    accent: str = ACCENT
    logo: str = ""
    title: Texts = field(default_factory=dict)
    welcome: Texts = field(default_factory=dict)
    legal: Texts = field(default_factory=dict)
    privacy_url: str = ""
    languages: tuple[str, ...] = ()
    inputs: tuple[str, ...] = INPUTS
    knowledge: str = ""
    examples: tuple[Example, ...] = EXAMPLES
    folder: Path | None = None
    file: Path | None = field(default=None, compare=False)

    def says(self, key: str, language: str) -> str:
        """The company's text in a language, in the default one, or in the only one; "" without."""
        texts: Texts = getattr(self, key)
        return texts.get(language) or texts.get(DEFAULT) or next(iter(texts.values()), "")


def greeting(brand: Brand, language: str) -> str:
    """What an empty conversation says, as Markdown."""
    title = brand.says("title", language) or word("how_can_i_help", language)
    welcome = brand.says("welcome", language) or word("welcome", language)
    return f"## {as_markdown(title)}\n{as_markdown(welcome)}"


def load_brand(path: Path) -> Brand:
    """The brand that a file describes. Raises InputError with what is wrong in it."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        told = f"The brand file {path} cannot be read: {reason_of(problem)}."
        raise InputError(told) from problem
    try:
        return replace(brand_of(values, path.parent), file=path)
    except (InputError, TypeError) as problem:
        raise InputError(f"{path.name}: {problem}") from problem


def brand_of(values: Mapping[str, Any], folder: Path) -> Brand:
    known = {item.name for item in fields(Brand)} - {"folder", "file"}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(f"there is no {unknown[0]!r}; known are {', '.join(sorted(known))}.")
    texts = {
        name: texts_of(values[name], name) for name in ("title", "welcome", "legal") & values.keys()
    }
    lists: dict[str, Any] = {
        name: chosen(values, name) for name in ("languages", "inputs") & values.keys()
    }
    return Brand(
        name=words_of(values.get("name", NAME), "name"),
        accent=legible(words_of(values.get("accent", ACCENT), "accent")),
        logo=picture(folder, values["logo"]) if values.get("logo") else "",
        privacy_url=link(words_of(values.get("privacy_url", ""), "privacy_url")),
        knowledge=words_of(values.get("knowledge", ""), "knowledge"),
        examples=examples_of(values, folder),
        folder=folder if "examples" in values else None,
        **texts,
        **lists,
    )


def chosen(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list whose members are offered by the page. Raises InputError for another."""
    offered = {"languages": tuple(tables()), "inputs": INPUTS}[name]
    wanted = tuple(values[name])
    other = [each for each in wanted if each not in offered]
    if other:
        raise InputError(f"{name} has {other[0]!r}; offered are {', '.join(offered)}.")
    return wanted


def words_of(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name} must be a text, not {value!r}.")
    return value.strip()


def texts_of(value: object, name: str) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(language): words_of(text, name) for language, text in value.items()}
    return {DEFAULT: words_of(value, name)}


def examples_of(values: Mapping[str, Any], folder: Path) -> tuple[Example, ...]:
    """The file's cards; without any, those that come with the project, of the base that the file
    names if it names one.
    """
    if "examples" in values:
        return cards_of(values["examples"], values, folder)
    own = values.get("knowledge")
    return tuple(example for example in EXAMPLES if not own or example.knowledge == own)


def cards_of(
    cards: Sequence[Mapping[str, Any]], values: Mapping[str, Any], folder: Path
) -> tuple[Example, ...]:
    examples = tuple(example_of(card, values) for card in cards)
    for example in examples:
        beside(folder, example.photo, "image")
        beside(folder, example.picture, "image")
        beside(folder, example.recording, "audio", "video")
    return examples


def beside(folder: Path, name: str, *kinds: str) -> None:
    """Raises InputError for a file that is not in the folder, or of another kind."""
    if not name:
        return
    inside = (folder / name).resolve().is_relative_to(folder.resolve())
    if not inside or (mimetypes.guess_type(name)[0] or "").partition("/")[0] not in kinds:
        raise InputError(f"an example has {name!r}, which is no {kinds[0]} file beside brand.toml.")


def example_of(card: Mapping[str, Any], values: Mapping[str, Any]) -> Example:
    """A card: caption, and text, photo or recording. It asks the brand's base or one of its own."""
    known = {item.name for item in fields(Example)} - {"captions", "texts", "bases"}
    unknown = sorted(set(card) - known)
    if unknown:
        raise InputError(f"an example has {unknown[0]!r}; known are {', '.join(sorted(known))}.")
    if not any(card.get(name) for name in ("text", "photo", "recording")):
        raise InputError("an example needs a text, a photo or a recording.")
    base = card.get("knowledge") or values.get("knowledge")
    if not base:
        raise InputError("an example needs a knowledge base, or the whole page one.")
    plain = {name: card[name] for name in ("photo", "recording", "picture") & card.keys()}
    texts = texts_of(card["text"], "text") if "text" in card else {}
    captions = texts_of(card.get("caption", card.get("text", "")), "caption")
    return Example(
        caption=captions.get(DEFAULT) or next(iter(captions.values())),
        knowledge=base,
        captions=captions,
        text=texts.get(DEFAULT) or next(iter(texts.values()), ""),
        texts=texts,
        **plain,
    )


def link(address: str) -> str:
    if address and not re.match(r"https?://|/", address):
        raise InputError("privacy_url must begin with https:// or /.")
    return address


def picture(folder: Path, name: str) -> str:
    """A picture beside the file as a data URI, so that no folder has to be opened to visitors."""
    path, kind = folder / name, mimetypes.guess_type(name)[0]
    if kind not in LOGO_FORMATS:
        raise InputError(f"the logo {name!r} must be SVG, PNG, JPEG or WEBP.")
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise InputError(f"the logo {name!r} cannot be read: {problem.strerror}.") from problem
    if len(content) > LARGEST_LOGO:
        raise InputError(f"the logo has {len(content):,} bytes; up to {LARGEST_LOGO:,} are sent.")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
