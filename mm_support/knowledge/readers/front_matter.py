"""The head of a Markdown or MDX file (YAML, or Hugo's TOML) -> a document's fields.

What it says is never shown as text. Knows nothing of the text below it.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from mm_support.knowledge.readers.base import Remarks

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
    if values is None and not toml and not _PLAIN.search(match[1]):
        return {}, text, 1  # text between two rulers
    if values is None:
        remarks.warn(1, "its front matter is not valid; lines of the form 'name: value' were read")
        values = {name: value.strip("\"' ") for name, value in _PLAIN.findall(match[1])}
    return values, text[match.end() :], text[: match.end()].count("\n") + 1


def _read_yaml(text: str) -> dict[str, Any] | None:
    import yaml

    if text.count("&") and text.count("*") > 20:  # aliases can grow without bound
        return None
    try:
        values = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None if text.strip() else {}


def _read_toml(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
