"""When people are there to answer: weekdays, hours, a time zone and holidays, from a small file.

    time_zone = "Europe/Berlin"
    holidays = "DE-BE"            # a country or a part of one; needs the package holidays
    closed = [2026-12-24]
    [open]
    monday = "9:00-12:30, 13:30-17:00"
    saturday = "10:00-14:00"

Days that are not named are closed. Knows no conversation.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mm_support.errors import InputError, reason_of

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KEYS = {"time_zone", "holidays", "closed", "open"}
AHEAD = 60  # days in which the next opening is looked for
MIDNIGHT = "24:00"  # the end of a day
_SPAN = re.compile(r"(\d{1,2}:\d\d)\s*[-\u2013]\s*(\d{1,2}:\d\d)")
Span = tuple[int, int]  # minutes of the day


class Days(Protocol):
    """Days on which nobody is there."""

    def __contains__(self, day: date, /) -> bool: ...


@dataclass(frozen=True, eq=False)
class Hours:
    """spans: for each day of the week, Monday first, from when to when somebody is there."""

    zone: ZoneInfo
    spans: tuple[tuple[Span, ...], ...]
    closed: Collection[date] = ()
    holidays: Days = field(default_factory=frozenset)

    def open_at(self, moment: datetime) -> bool:
        """moment: with a time zone."""
        here = moment.astimezone(self.zone)
        minute = here.hour * 60 + here.minute
        return any(start <= minute < end for start, end in self._spans_of(here.date()))

    def next_opening(self, moment: datetime) -> datetime | None:
        """When somebody is there again, in the file's time zone; None where that is far off."""
        here = moment.astimezone(self.zone)
        return next((start for start in self._openings(here.date()) if start > here), None)

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        free = day in self.closed or day in self.holidays
        return () if free else self.spans[day.weekday()]

    def _openings(self, first: date) -> Iterator[datetime]:
        for ahead in range(AHEAD):
            day = first + timedelta(days=ahead)
            for start, _ in self._spans_of(day):
                yield datetime.combine(day, time(*divmod(start, 60)), self.zone)


def read_hours(path: Path) -> Hours:
    """Raises InputError, which names what is wrong in the file."""
    try:
        return _hours_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        raise InputError(f"The hours in {path} cannot be read: {reason_of(exc)}.") from exc


def _hours_of(values: Mapping[str, Any]) -> Hours:
    opened = {day.lower(): _spans(str(text)) for day, text in values.get("open", {}).items()}
    if unknown := {*values} - KEYS | {*opened} - {*DAYS}:
        raise ValueError(f"{', '.join(sorted(unknown))} is not known")
    if not any(opened.values()):
        raise ValueError("no day is open")
    spans = tuple(opened.get(day, ()) for day in DAYS)
    return Hours(
        _zone(values.get("time_zone", "UTC")),
        spans,
        {*values.get("closed", ())},
        _holidays(values.get("holidays", "")),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as exc:  # shown as a KeyError is: in quotation marks
        raise ValueError(f"no time zone is called {name}; write one as Europe/Berlin") from exc


def _spans(text: str) -> tuple[Span, ...]:
    """Minutes of the day, in their order."""
    spans = [(_minutes(start), _minutes(end)) for start, end in _SPAN.findall(text)]
    ordered = all(start < end for start, end in spans)
    if not ordered or _SPAN.sub("", text).strip(" ,"):
        raise ValueError(f"{text!r} are no hours such as 9:00-17:00")
    return tuple(sorted(spans))


def _minutes(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours > 24 or (hours == 24 and text != MIDNIGHT):
        raise ValueError(f"{text} is no time of a day")
    return 60 * hours + minutes


def _holidays(place: str) -> Days:
    if not place:
        return frozenset()
    try:
        import holidays
    except ImportError as exc:
        raise ValueError("holidays need a package: pip install holidays") from exc
    country, _, part = place.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as exc:
        raise ValueError(f"{place} has no list of holidays") from exc
