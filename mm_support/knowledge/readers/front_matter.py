"""The head of a Markdown or MDX file (YAML, or Hugo's TOML) -> a document's fields.

What it says is never shown as text; what else stands between two rulers is text. Knows nothing of
the text below it.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from mm_support.knowledge.readers.base import Remarks
from mm_support.language.field_names import field_of
from mm_support.language.sentences import ENDS

_YAML = re.compile(r"\A\s*---[ \t]*\n(.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\A\s*\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_PLAIN = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*:[ \t]+(.+)$", re.MULTILINE)
MOST = 64 * 2**10  # characters


def split_front_matter(text: str, remarks: Remarks) -> tuple[dict[str, Any], str, int]:
    """(fields, the text below, the number of its first line)."""
    toml = _TOML.match(text)
    match = toml or _YAML.match(text)
    if match is None or len(match[1]) > MOST:
        return {}, text, 1
    values = _read_toml(match[1]) if toml else _read_yaml(match[1])
    plain = {name: value.strip("\"' ") for name, value in _PLAIN.findall(match[1])}
    if not toml and _is_text(match[1] if values is None else "", values or plain):
        return {}, text, 1  # between two rulers
    if values is None:
        remarks.warn(1, "its front matter is not valid; lines of the form 'name: value' were read")
        values = plain
    return values, text[match.end() :], text[: match.end()].count("\n") + 1


def _is_text(invalid: str, values: dict[str, Any]) -> bool:
    """Whether what stands between two rulers has no name that is known, and is no valid front
    matter or holds a sentence."""
    if any(field_of(str(name)) for name in values):
        return False
    return bool(invalid) or any(_ends_sentence(value) for value in values.values())


def _ends_sentence(value: Any) -> bool:
    return isinstance(value, str) and value.strip().endswith(ENDS)


@cache
def _texts() -> Any:
    """Reads numbers, days and words such as "no" as they are written; null stays null."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Texts(loader):
        yaml_implicit_resolvers = {
            sign: [(tag, pattern) for tag, pattern in known if tag.endswith((":null", ":merge"))]
            for sign, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return Texts


def _read_yaml(text: str) -> dict[str, Any] | None:
    import yaml

    if text.count("&") and text.count("*") > 20:  # aliases can grow without bound
        return None
    try:
        values = yaml.load(text, Loader=_texts())
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None if text.strip() else {}


def _read_toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
