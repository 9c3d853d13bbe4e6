"""What a customer is told about when a person will answer: how long it takes at the moment, that
many wait, or when somebody is there again. Knows hours and what was measured at the desk; knows no
model.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mm_support.desk.conversations import Desk
from mm_support.desk.hours import Hours
from mm_support.desk.ownership import STATES
from mm_support.errors import StoreError
from mm_support.language.messages import DEFAULT, message, messages
from mm_support.store.models import now

DAY_AWAY = timedelta(days=6)  # from here on a day of the week would be misunderstood


class Promises:
    """hours: None where somebody is always there. asks: whether an e-mail address is asked for,
    which an agent could read. limit: conversations that wait at once, from which on the next one is
    told so; 0: none.
    """

    def __init__(self, desk: Desk, hours: Hours | None, asks: bool = True, limit: int = 0) -> None:
        self._desk, self._hours, self._asks, self._limit = desk, hours, asks, limit

    def open(self) -> bool:
        """Whether somebody is there now."""
        return self._hours is None or self._hours.open_at(now())

    def after(self, reason: str, language: str) -> str:
        """What is said after a hand-over, or after the acknowledgement that it waits; "" where
        there is nothing to say. reason: of the decision.
        """
        if reason in STATES and reason != "waiting":
            return ""
        if not self.open():
            return self._closed(reason == "waiting", language)
        if reason == "waiting":
            return ""
        if self._is_full():
            return self._asking(message("team.busy", language), language)
        minutes = self._minutes()
        return message("team.about", language, minutes=minutes) if minutes else ""

    def _closed(self, acknowledged: bool, language: str) -> str:
        opening = self._hours.next_opening(now()) if self._hours else None
        if opening is None:
            said = message("team.away", language)
        else:
            said = message("team.back", language, when=told_time(opening, now(), language))
        return said if acknowledged else self._asking(said, language)

    def _asking(self, said: str, language: str) -> str:
        """With the question for an e-mail address, where an agent could read it."""
        if not self._asks:
            return said
        between = message("team.between", language)
        return f"{said}{between}{message('team.address', language)}"

    def _is_full(self) -> bool:
        try:
            return 0 < self._limit <= self._desk.queue()
        except StoreError:
            return False

    def _minutes(self) -> int | None:
        try:
            return self._desk.usual_wait()
        except StoreError:  # then nothing is promised
            return None


def told_time(moment: datetime, today: datetime, language: str) -> str:
    """A day of the week and a time, as they are written in the language of the messages."""
    from babel.dates import format_date, format_time

    locale = language if messages(language) else DEFAULT
    near = moment - today < DAY_AWAY
    day = format_date(moment, "EEEE" if near else "long", locale=locale)
    return f"{day} {format_time(moment, 'short', tzinfo=moment.tzinfo, locale=locale)}"
