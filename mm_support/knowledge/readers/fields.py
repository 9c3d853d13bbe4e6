"""Values as people write them -> booleans, days, lists. Knows no format."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from mm_support.knowledge.readers.base import Remarks
from mm_support.language.field_names import NO, YES
from mm_support.language.written_dates import leading_date

_DAY_AS_NUMBER = re.compile(r"(\d{4})(\d\d)(\d\d)(?!\d)")
_SECONDS = re.compile(r"1\d{9}(?:\d{3})?")  # or milliseconds since 1970, as programs count
_IN_NUMBERS = re.compile(r"\d+[-/.年]\d")  # what begins so is no day in words
_TAGS = re.compile(r"[,;|，、；،\n]")
MAX_DATED = 100  # characters of a day in words
MAX_SLUG = 120  # characters of an id that is made of a name or of headings


def slug(text: str, otherwise: str = "document") -> str:
    """Letters and digits of a name, joined by hyphens: what an id is made of."""
    stem = re.sub(r"\.[A-Za-z]\w{1,4}$", "", text)
    return re.sub(r"\W+", "-", stem.lower())[:MAX_SLUG].strip("-_") or otherwise


def as_bool(value: Any, name: str, line: int, remarks: Remarks) -> bool:
    """Whether it says yes. What can be read neither way counts as yes and is remarked: the column
    keeps answers from being given without a person."""
    text = "" if value is None else str(value).strip().casefold()
    if not text or text in NO:
        return False
    if text not in YES:
        remarks.warn(line, f"{name} is {text[:40]!r}, neither yes nor no; it counts as yes")
    return True


def as_day(value: Any, name: str, line: int, remarks: Remarks) -> date | None:
    """The day, from a date or from text; one that cannot be read for sure is remarked."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date) or value is None:
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        return _day_of(text)
    except (ValueError, OverflowError) as exc:
        remarks.warn(line, f"{name} is {text[:40]!r}: {exc or 'no date'}; it was left out")
        return None


def _day_of(text: str) -> date:
    """Raises ValueError where the text is no date, or may be two."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC).date()
    if found := _DAY_AS_NUMBER.match(text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if written := leading_date(text):
        day, *others = written.readings
        if others:
            raise ValueError("could be read as several days; write 2026-01-31")
        return date(*day)
    in_words = len(text) <= MAX_DATED and not _IN_NUMBERS.match(text)
    if in_words and (day := _told_day(text)):
        return day
    raise ValueError("a day of the calendar is needed, with month and year")


@functools.lru_cache(1_000)  # what no language knows takes a tenth of a second, and comes again
def _told_day(text: str) -> date | None:
    """The day that a text is in any language ("31. Dezember 2026"); None where it is none."""
    from dateparser import parse

    parts = ["day", "month", "year"]
    found = parse(text, settings={"REQUIRE_PARTS": parts, "PARSERS": ["absolute-time"]})
    return found.date() if found else None


def as_list(value: Any) -> list[str]:
    """Texts from a list or from one text with | between them, none empty, each once."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else None
    texts = items if items is not None else as_text(value).split("|")
    return list(dict.fromkeys(text for text in map(as_text, texts) if text))


def as_tags(value: Any) -> list[str]:
    """Tags from a list of texts or of what has names, or from one text in which signs part them."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        named = (own.get("name") if isinstance(own, Mapping) else own for own in value)
        return as_list([*named])
    found = _TAGS.split(as_text(value).strip("[]"))
    return as_list([text.strip("\"' #") for text in found])


def as_text(value: Any) -> str:
    """Without what no database stores: zeros and halves of surrogate pairs. Whole numbers that a
    spreadsheet or a YAML file holds are written out: 1.23E+12 is 1230000000000."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = str(value).encode("utf-8", "ignore").decode()
    return text.replace("\x00", "").strip()
