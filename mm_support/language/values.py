"""Values in a customer's words: numbers, dates, options of a choice, identifiers of a kind.

Each finder gives what it found, each value once, and the text without it. Nothing is guessed: what
is not written or said is not found. Knows no action and no conversation.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mm_support.language.amounts import number_told
from mm_support.language.messages import listed
from mm_support.language.terms import edged, with_digits
from mm_support.language.written_dates import Day, WrittenDate, order_of, replaced
from mm_support.language.written_numbers import plain_numbers

MAX_TEXT = 500  # characters of a value in free words
MAX_DATED = 1_000  # characters in which days are looked for
NUMBER = re.compile(r"(?<![A-Za-z0-9.,])[-+]?\d[\d.,]*(?![A-Za-z0-9])")

CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、،؟\n]")

Found = tuple[tuple[str, ...], str]  # values, and what is left of the text


def numbers(text: str, language: str, least: float | None, most: float | None) -> Found:
    """Numbers within bounds, as 12 or 12.5; in words (thirty) and with fractions (½) too."""
    plain = unicodedata.normalize("NFKC", plain_numbers(text, language))
    plain = with_digits(plain, language)
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
    today ("yesterday"). Of a date that may name two days (03/04/2026) both are given.
    """
    plain = with_digits(unicodedata.normalize("NFKC", text[:MAX_DATED]), language)
    found: dict[str, None] = {}

    def taken(written: WrittenDate) -> str:
        days = (_in_a_year(reading, today) for reading in written.readings)
        found.update(dict.fromkeys(day for day in days if day))
        return " "

    rest = replaced(plain, order_of(language), taken)
    if not found:
        for told, day in _told_dates(plain, language, today):
            found[day.isoformat()] = None
            rest = rest.replace(told, " ", 1)
    return tuple(found), rest if found else text


def _in_a_year(day: Day, today: date) -> str:
    """The day, of this year where none is written; "" where that year has none such."""
    try:
        return date(day[0] or today.year, *day[1:]).isoformat()
    except ValueError:
        return ""


def _told_dates(text: str, language: str, today: date) -> list[tuple[str, date]]:
    """The days that are told in words, with these. Not of a week or a month: "last week"."""
    from dateparser.search import search_dates

    base = datetime.combine(today, datetime.min.time())
    settings = {
        "RELATIVE_BASE": base,
        "REQUIRE_PARTS": ["day", "month"],
        "PARSERS": ["relative-time", "absolute-time"],
        "DATE_ORDER": order_of(language),
    }
    languages: list[str] | None = [language]
    try:
        told = search_dates(text, languages=languages, settings=settings)
    except ValueError:  # a language that it does not know
        languages = None
        told = search_dates(text, settings=settings)
    spelled = ((own, day.date()) for own, day in told or () if any(map(str.isalnum, own)))
    return [(own, day) for own, day in spelled if _is_a_day(own, languages, settings)]


def _is_a_day(told: str, languages: list[str] | None, settings: dict[str, Any]) -> bool:
    """Whether words name a day, and not the week or the month around one."""
    from dateparser.date import DateDataParser

    return DateDataParser(languages, settings=settings).get_date_data(told).period == "day"


def options(text: str, labels: Mapping[str, tuple[str, ...]]) -> Found:
    """The options whose value or label a text holds as words of its own, and does not deny in the
    same clause ("not broken"). labels: by value.
    """
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    found, rest = dict[str, None](), plain
    named = [(label, value) for value, own in labels.items() for label in (*own, value)]
    for label, value in sorted(named, key=lambda pair: -len(pair[0])):
        matches = (match for match in _as_words(label).finditer(rest) if not _is_denied(match))
        without, end = "", 0
        for match in matches:
            without, end = f"{without}{rest[end : match.start()]} ", match.end()
        if end:
            found[value], rest = None, without + rest[end:]
    return tuple(found), rest if found else text


def _as_words(label: str) -> re.Pattern[str]:
    """A label as words of its own; the m of "I'm" is none."""
    written = unicodedata.normalize("NFKC", label).replace("’", "'").casefold()
    begins = r"\b(?<![^\W\d_]')" if label[:1].isascii() else ""
    ends = r"\b(?!'[^\W\d_])" if label[-1:].isascii() else ""
    return re.compile(f"{begins}{re.escape(written)}{ends}")


def _is_denied(match: re.Match[str]) -> bool:
    """Whether a word that denies stands before a label in its clause, or behind it as the last one.
    Elsewhere it denies something else: "the size does not fit".
    """
    text = match.string
    before = CLAUSE_END.split(text[: match.start()])[-1]
    behind = CLAUSE_END.split(text[match.end() :], maxsplit=1)[0]
    return bool(_denying().search(before) or _denying().fullmatch(behind.strip()))


@functools.cache
def _denying() -> re.Pattern[str]:
    return re.compile(f"(?:{edged(map(str.casefold, listed('action.denied')))})")


def texts(text: str, pattern: str) -> Found:
    """What fits a pattern; all of the text where there is none."""
    if not pattern:
        return ((text.strip(),) if 0 < len(text.strip()) <= MAX_TEXT else ()), ""
    found = tuple(dict.fromkeys(match[0] for match in re.finditer(pattern, text)))
    return found, re.sub(pattern, " ", text) if found else text
