"""Words for what an action gave: its template, filled in from the answer of the company's system.

The answer is data of somebody else's: each value is cut, put on one line, and freed of what could
be taken for a citation. Nothing in it is executed or read as a template. Knows no call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from mm_support.knowledge.actions import PLACE, DeclaredAction, Words, said
from mm_support.language.messages import DEFAULT, messages

MAX_VALUE = 300  # characters of a value
MAX_LISTED = 20  # values of a list
MAX_RESULT = 2_000  # characters of what is said
NO_VALUES: Mapping[str, str] = MappingProxyType({})
NO_CITATION = str.maketrans("[]", "()")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def worded(
    template: Words,
    action: DeclaredAction,
    given: Mapping[str, Any],
    language: str,
    values: Mapping[str, str] = NO_VALUES,
) -> str:
    """The template in a language, with the values of a JSON answer. A line whose values are not all
    there is left out; "" where nothing is left. values: what the customer gave, which comes before
    a value of the same name in the answer, and not before those within it (order.id).
    """
    lines = said(template, language).splitlines()
    filled = (_line(line, action, given, language, values) for line in lines)
    return "\n".join(line for line in filled if line)[:MAX_RESULT]


def _line(
    line: str,
    action: DeclaredAction,
    given: Mapping[str, Any],
    language: str,
    values: Mapping[str, str],
) -> str:
    names = PLACE.findall(line)
    filled = {
        name: _value(name, action, values if name in values else given, language) for name in names
    }
    if not all(filled.values()):
        return ""
    return PLACE.sub(lambda match: filled[match[1]], line).strip()


def _value(name: str, action: DeclaredAction, given: Mapping[str, Any], language: str) -> str:
    """A value as it is said; "" where there is none."""
    parameter = action.parameter(name)
    words = {**(parameter.options if parameter else {}), **action.terms.get(name, {})}
    found = [_plain(one, language) for one in _at(given, name.split("."))[:MAX_LISTED]]
    return ", ".join(said(words[one], language) if one in words else one for one in found if one)


def _at(value: Any, path: list[str]) -> list[Any]:
    """The values at a path; through a list, those of each of its items."""
    if isinstance(value, list):
        return [found for item in value[:MAX_LISTED] for found in _at(item, path)]
    if not path:
        return [] if value is None or isinstance(value, Mapping) else [value]
    return _at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


def _plain(value: Any, language: str) -> str:
    """A value as text on one line; a day as it is written in the language."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if DAY.fullmatch(text):
        return _day(text, language)
    text = UNPRINTABLE.sub(" ", text[: 4 * MAX_VALUE]).translate(NO_CITATION)
    return " ".join(text.split())[:MAX_VALUE]


def _day(text: str, language: str) -> str:
    from babel.dates import format_date

    try:
        locale = language if messages(language) else DEFAULT
        return format_date(date.fromisoformat(text), "long", locale=locale)
    except ValueError:
        return text
