"""Values in a customer's words: numbers, dates, options of a choice, identifiers of a kind.

Each finder gives what it found, each value once, and the text without it. Nothing is guessed: what
is not written or said is not found. Knows no action and no conversation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from mm_support.language.amounts import number_told
from mm_support.language.terms import with_digits

MAX_TEXT = 500  # characters of a value in free words
MAX_DATED = 1_000  # characters in which days are looked for
NUMBER = re.compile(r"(?<![A-Za-z0-9.,])[-+]?\d[\d.,]*(?![A-Za-z0-9])")
# written by numbers alone: 2026-11-24, 2026年11月24日, 11月24日
NUMERIC_DATE = re.compile(
    r"(?<!\d)(?:(\d{4})-(?=\d{1,2}-)|(?:(\d{4})年)?(?=\d{1,2}月))"
    r"(\d{1,2})[-月](\d{1,2})(?:[日号]|(?!\d))"
)

Found = tuple[tuple[str, ...], str]  # values, and what is left of the text


def numbers(text: str, language: str, least: float | None, most: float | None) -> Found:
    """Numbers within bounds, as 12 or 12.5; in words too (thirty)."""
    plain = with_digits(unicodedata.normalize("NFKC", text), language)
    found: dict[str, None] = {}

    def taken(match: re.Match[str]) -> str:
        written = match[0].rstrip(".,")
        value = number_told(written, language)
        if value is None or not _within(value, least, most):
            return match[0]
        found[f"{value.normalize():f}"] = None
        return " " + match[0][len(written) :]

    rest = NUMBER.sub(taken, plain)
    return tuple(found), rest if found else text


def _within(value: Decimal, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def dates(text: str, language: str, today: date) -> Found:
    """Days as 2026-11-26: written so, or in any way in which a day and a month are told, or from
    today ("yesterday").
    """
    plain = with_digits(unicodedata.normalize("NFKC", text[:MAX_DATED]), language)
    found: dict[str, None] = {}

    def taken(match: re.Match[str]) -> str:
        year = int(match[1] or match[2] or today.year)
        try:
            found[date(year, int(match[3]), int(match[4])).isoformat()] = None
        except ValueError:
            return match[0]
        return " "

    rest = NUMERIC_DATE.sub(taken, plain)
    if not found:
        for written, day in _told_dates(plain, language, today):
            found[day.isoformat()] = None
            rest = rest.replace(written, " ", 1)
    return tuple(found), rest if found else text


def _told_dates(text: str, language: str, today: date) -> list[tuple[str, date]]:
    from dateparser.search import search_dates

    base = datetime.combine(today, datetime.min.time())
    parsers = ["relative-time", "absolute-time"]
    settings = {"RELATIVE_BASE": base, "REQUIRE_PARTS": ["day", "month"], "PARSERS": parsers}
    try:
        told = search_dates(text, languages=[language], settings=settings)
    except ValueError:  # a language that it does not know
        told = search_dates(text, settings=settings)
    return [(written, day.date()) for written, day in told or () if any(map(str.isalnum, written))]


def options(text: str, labels: Mapping[str, tuple[str, ...]]) -> Found:
    """The options whose value or label a text holds as words of its own. labels: by value."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    found, rest = dict[str, None](), plain
    named = [(label, value) for value, own in labels.items() for label in (*own, value)]
    for label, value in sorted(named, key=lambda pair: -len(pair[0])):
        written = re.escape(unicodedata.normalize("NFKC", label).casefold())
        begins, ends = (r"\b" if own.isascii() else "" for own in (label[:1], label[-1:]))
        without = re.sub(f"{begins}{written}{ends}", " ", rest)
        if without != rest:
            found[value], rest = None, without
    return tuple(found), rest if found else text


def texts(text: str, pattern: str) -> Found:
    """What fits a pattern; all of the text where there is none."""
    if not pattern:
        return ((text.strip(),) if 0 < len(text.strip()) <= MAX_TEXT else ()), ""
    found = tuple(dict.fromkeys(match[0] for match in re.finditer(pattern, text)))
    return found, re.sub(pattern, " ", text) if found else text
