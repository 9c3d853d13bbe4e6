"""Days that are written by numbers alone: 2026-11-24, 24.11.2026, 3/4, 2026年11月24日.

    [day.readings for day in written_dates("am 03.04.2026", "DMY")]   [((2026, 4, 3),)]
    [day.readings for day in written_dates("on 03/04/2026", "MDY")]   [((2026, 3, 4), (2026, 4, 3))]

Which number is the month is told by the order of a language (`order_of`) or of a table's column
(`order_in`). Where people write it in both places, both readings are given. Knows no words for days
and no day of today.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from mm_support.language.amounts import APART, BEHIND, locale_of

LEAP_YEAR = 2000  # has all days that a date without a year may name
MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")  # of a year, without a day
YEAR_FIRST = re.compile(
    rf"{APART}(?:(\d{{4}})([-/.])(?=\d{{1,2}}\2)|(?:(\d{{4}})年)?(?=\d{{1,2}}月))"
    r"(\d{1,2})[-/.月](\d{1,2})(?:[日号]|(?!\d))"
)
YEAR_LAST = [  # hyphens may stand between two dates, and part a longer number: 030-12-11-26
    re.compile(
        rf"{APART}(?<!\d[{signs}.,:/])(?<![^\W\d_]-)(\d{{1,2}})([{signs}])(\d{{1,2}})\2"
        rf"(\d{{4}}|\d\d)(?![{signs}.,:/]\d){BEHIND}"
    )
    for signs in ("./", "-")
]
WITHOUT_YEAR = re.compile(r"(?<![\w.,:/-])(\d{1,2})(?:/(\d{1,2})|\.(\d{1,2})\.)(?![\w/-]|[.,:]\d)")
SLASHES = re.compile(r"\s*(\d{1,2})/(\d{1,2})/(?:\d{4}|\d\d)\s*")

Day = tuple[int, int, int]  # year, 0 where none is written; month; day
Order = str  # of day, month and year: "DMY", "MDY" or "YMD"; "" where nobody knows


class WrittenDate(NamedTuple):
    """A date at a place of a text, as it is written there. readings: the days that it may name, the
    likeliest first, each one that there is.
    """

    start: int
    end: int
    written: str
    readings: tuple[Day, ...]

    @property
    def has_year(self) -> bool:
        return bool(self.readings[0][0])


def written_dates(text: str, order: Order = "") -> Iterator[WrittenDate]:
    """In their order, those that name a day that there is."""
    end = 0
    for start, stop, days in sorted(_candidates(text, order)):
        readings = tuple(dict.fromkeys(day for day in days if _exists(day)))
        if readings and start >= end:
            yield WrittenDate(start, stop, text[start:stop], readings)
            end = stop


def replaced(text: str, order: Order, said: Callable[[WrittenDate], str | None]) -> str:
    """The text with something else in place of its dates. said: what; None where a date stays."""
    parts, end = [], 0
    for found in written_dates(text, order):
        if (instead := said(found)) is not None:
            parts += [text[end : found.start], instead]
            end = found.end
    return "".join([*parts, text[end:]])


def leading_date(text: str, order: Order = "") -> WrittenDate | None:
    """The date with a year that a text begins with; None where it begins with none."""
    first = next(written_dates(text, order), None)
    return first if first and not first.start and first.has_year else None


def order_in(cells: Iterable[str]) -> Order:
    """The order of a column's days: one that may be read one way alone (17/01/2026) tells it for
    all that slashes part. "" where none tells, or they differ.
    """
    found = [match for match in map(SLASHES.fullmatch, cells) if match]
    told = {"DMY" for match in found if int(match[1]) > 12}
    told |= {"MDY" for match in found if int(match[2]) > 12}
    return told.pop() if len(told) == 1 else ""


def _candidates(text: str, order: Order) -> Iterator[tuple[int, int, list[Day]]]:
    for match in YEAR_FIRST.finditer(text):
        year = int(match[1] or match[3] or 0)
        yield *match.span(), [(year, int(match[4]), int(match[5]))]
    for pattern in YEAR_LAST:
        for match in pattern.finditer(text):
            yield *match.span(), _readings(match[1], match[3], match[4], match[2], order)
    for match in WITHOUT_YEAR.finditer(text):
        sign = "/" if match[2] else "."
        yield *match.span(), _readings(match[1], match[2] or match[3], "", sign, order)


def _readings(first: str, second: str, last: str, sign: str, order: Order) -> list[Day]:
    """The days that three numbers may name. Full stops part them with the day in front, as hyphens
    do where no order is known, but for a year; of numbers that name no day so, the other order is
    meant.
    """
    year = int(last) + 2000 * (0 < len(last) < 4) if last else 0
    day_first, month_first = (year, int(second), int(first)), (year, int(first), int(second))
    likeliest = [day_first] if _exists(day_first) else [month_first]
    if sign == "." or order == "DMY":
        return likeliest
    hyphens = not order and sign == "-"
    years_first = len(first) == len(last) == 2 and (hyphens or order.startswith("Y"))
    turned = [(2000 + int(first), int(second), int(last))] if years_first else []
    return [*turned, *(likeliest if hyphens else [month_first, day_first])]


@functools.lru_cache(None)
def order_of(language: str) -> Order:
    """How a language orders day, month and year where it writes them by numbers."""
    from babel.dates import get_date_format

    pattern = get_date_format("short", locale=locale_of(language)).pattern.upper()
    return "".join(sorted("DMY", key=pattern.index))


def _exists(day: Day) -> bool:
    year, month, number = day
    try:
        return bool(date(year or LEAP_YEAR, month, number))
    except ValueError:
        return False
