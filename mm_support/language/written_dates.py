"""Days that are written by numbers alone: 2026-11-24, 24.11.2026, 3/4, 2026年11月24日.

    [day.readings for day in written_dates("am 03.04.2026", "de")]    [((2026, 4, 3),)]
    [day.readings for day in written_dates("on 03/04/2026", "en")]    [((2026, 3, 4), (2026, 4, 3))]

Which number is the month is told by the Unicode locale data. Where people of a language write it in
both places, both readings are given. Knows no words for days and no day of today.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from mm_support.language.amounts import locale_of

LEAP_YEAR = 2000  # has all days that a date without a year may name
YEAR_FIRST = re.compile(
    r"(?<!\d)(?:(\d{4})([-/.])(?=\d{1,2}\2)|(?:(\d{4})年)?(?=\d{1,2}月))"
    r"(\d{1,2})[-/.月](\d{1,2})(?:[日号]|(?!\d))"
)
YEAR_LAST = re.compile(r"(?<![\w.,:/-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\w|[.,:/-]\d)")
WITHOUT_YEAR = re.compile(r"(?<![\w.,:/-])(\d{1,2})(?:/(\d{1,2})|\.(\d{1,2})\.)(?![\w/-]|[.,:]\d)")

Day = tuple[int, int, int]  # year, 0 where none is written; month; day


class WrittenDate(NamedTuple):
    """A date at a place of a text. readings: the days that it may name, each one that there is."""

    start: int
    end: int
    readings: tuple[Day, ...]


def written_dates(text: str, language: str) -> Iterator[WrittenDate]:
    """In their order, those that name a day that there is."""
    end = 0
    for start, stop, days in sorted(_candidates(text, language)):
        readings = tuple(dict.fromkeys(day for day in days if _exists(day)))
        if readings and start >= end:
            yield WrittenDate(start, stop, readings)
            end = stop


def _candidates(text: str, language: str) -> Iterator[tuple[int, int, list[Day]]]:
    for match in YEAR_FIRST.finditer(text):
        year = int(match[1] or match[3] or 0)
        yield *match.span(), [(year, int(match[4]), int(match[5]))]
    for match in YEAR_LAST.finditer(text):
        yield *match.span(), _readings(match[1], match[3], match[4], match[2], language)
    for match in WITHOUT_YEAR.finditer(text):
        sign = "/" if match[2] else "."
        yield *match.span(), _readings(match[1], match[2] or match[3], "", sign, language)


def _readings(first: str, second: str, last: str, sign: str, language: str) -> list[Day]:
    """The days that three numbers may name. Full stops part them with the day in front; of numbers
    that name no day as a language orders them, the other order is meant.
    """
    year = int(last) + 2000 * (0 < len(last) < 4) if last else 0
    day_first, month_first = (year, int(second), int(first)), (year, int(first), int(second))
    order = order_of(language)
    if sign == "." or order == "DMY":
        return [day_first] if _exists(day_first) else [month_first]
    years_first = order.startswith("Y") and len(last) == 2
    turned = [(2000 + int(first), int(second), int(last))] if years_first else []
    return [*turned, month_first, day_first]


@functools.lru_cache(None)
def order_of(language: str) -> str:
    """How a language orders day, month and year where it writes them by numbers: "DMY"."""
    from babel.dates import get_date_format

    pattern = get_date_format("short", locale=locale_of(language)).pattern.upper()
    return "".join(sorted("DMY", key=pattern.index))


def _exists(day: Day) -> bool:
    year, month, number = day
    try:
        return bool(date(year or LEAP_YEAR, month, number))
    except ValueError:
        return False
