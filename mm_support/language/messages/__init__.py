"""The sentences that the assistant says of its own: a file a language, en.toml the complete one.

    message("refusal", "zh")
    message("photo.shows", "en", text="E24")

A language without a file, or a key that its file lacks, falls back to English. Knows no model.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from pathlib import Path

from mm_support.language.short_names import short_names
from mm_support.types import Hit

DEFAULT = "en"
HERE = Path(__file__).parent
MAX_CANDIDATES = 3  # that a question back names


def message(key: str, language: str = DEFAULT, /, **values: object) -> str:
    """The message of a dotted key with its values filled in. Raises KeyError for an unknown key."""
    return (messages(language).get(key) or messages(DEFAULT)[key]).format(**values)


def has_message(key: str) -> bool:
    return key in messages(DEFAULT)


@functools.lru_cache(None)
def messages(language: str) -> dict[str, str]:
    """Dotted key -> message, as the language's file has them; empty where there is no file."""
    path = HERE / f"{language}.toml"
    if not language.isalpha() or not path.is_file():
        return {}
    return dict(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))


def languages() -> list[str]:
    """Those that have a file."""
    return sorted(path.stem for path in HERE.glob("*.toml"))


def listed(key: str) -> list[str]:
    """The words that a key lists, parted by commas, of all languages that have a file: that of a
    short text is easily mistaken.
    """
    every = (messages(language).get(key, "").split(", ") for language in languages())
    return [word for words in every for word in words if word]


def _flat(table: dict, above: str = ""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def clarify_text(candidates: Sequence[Hit], language: str = DEFAULT) -> str:
    """Asks which of the candidates is meant, best first; at most three are named."""
    names = short_names([hit.entry for hit in candidates])[:MAX_CANDIDATES]
    titles = [message("clarify.title", language, title=name) for name in names]
    if not titles:
        return message("clarify.none", language)
    if len(titles) == 1:
        return message("clarify.one", language, title=titles[0])
    others = message("clarify.between", language).join(titles[:-1])
    return message("clarify.several", language, others=others, last=titles[-1])
