"""Days whose figures are added up, so that nobody counts a million turns twice. What changes a day
that is over takes its figures away, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from mm_support.store.models import DayRow, add_unless_there, now

LATE = timedelta(hours=1)  # after its end in which turns of a day may still be stored


def is_over(day: date) -> bool:
    """Whether what comes to this day from now on says so, by `changed`."""
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    return now() >= end + LATE


def locked_day(session: Session, day: date) -> DayRow:
    """The day's figures, which nobody else changes before the transaction ends."""
    name = day.isoformat()
    while (row := session.get(DayRow, name, with_for_update=True)) is None:
        add_unless_there(session, DayRow, day=name, figures=None)
    return row


def changed(session: Session, times: Iterable[datetime]) -> None:
    """Turns of these times are no longer as they were when their days were added up."""
    today = now().date()
    for day in sorted({moment.date() for moment in times}):
        if day < today:
            locked_day(session, day).figures = None
