"""A bounded, fair queue in front of work that the machine can do only little of at once.

    with turnstile.place(REPLY, visitor): ...          waits for a place
    ticket = turnstile.enter(REPLY, visitor)           the same for who looks up between waits
    while not turnstile.called(ticket, 0.1): ...
    turnstile.leave(ticket)

Whoever would wait too long is told at once, with a time. Knows nothing of what the work is.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mm_support.errors import BusyError

FINAL, PARTIAL = 0, 1  # ranks of transcripts: of whole turns, of turns that are still spoken
REPLY, LOOKUP = 0, 1  # ranks of everything else
AGING = 20.0  # s of waiting that lift a ticket by one rank, so that nobody waits for ever
FIRST_GUESS = 2.0  # s that a place is taken, until some were
NEW = 0.2  # share of the latest time in the running mean of them
SOONEST = 1.0  # s, the shortest time that is told
RESTART = 30.0  # s that a restart takes, as it is told
LOOKS = 0.05  # s between looks of who gives way


@dataclass(eq=False)
class Ticket:
    """A place that is waited for or taken. nth: how many of its visitor were there before it."""

    rank: int
    visitor: str
    nth: int
    number: int
    came: float
    began: float = 0.0
    called: threading.Event = field(default_factory=threading.Event)


class Turnstile:
    """places: at once. most: that may wait in front of one of a rank. each: of one visitor, waiting
    and at work; visitors without a name have no such bound. longest: seconds that somebody may be
    expected to wait. closed: nobody is let in before `open`.
    """

    def __init__(
        self,
        places: int,
        most: int = 32,
        each: int = 3,
        longest: float = 30.0,
        closed: bool = False,
    ) -> None:
        self.places, self._most, self._each, self._longest = places, most, each, longest
        self._lock, self._numbers = threading.Lock(), itertools.count()
        self._waiting: set[Ticket] = set()
        self._inside: set[Ticket] = set()
        self._open, self._ended = not closed, False
        self._mean = FIRST_GUESS

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """How many have a place."""
        return len(self._inside)

    @property
    def ended(self) -> bool:
        """Whether nobody is taken any more."""
        return self._ended

    def open(self) -> None:
        """Lets the first in."""
        with self._lock:
            self._open = True
            self._call()

    def end(self) -> None:
        """Takes nobody any more; who waits already is still called."""
        with self._lock:
            self._ended = True

    def enter(self, rank: int, visitor: str = "", longest: float | None = None) -> Ticket:
        """A ticket, which `leave` gives back. Never waits.

        longest: in place of the turnstile's own. Raises BusyError where the queue is full, the wait
        too long, or too much of this visitor is on its way.
        """
        with self._lock:
            nth = self._of(visitor)
            ticket = Ticket(rank, visitor, nth, next(self._numbers), time.monotonic())
            self._check(ticket, self._longest if longest is None else longest)
            self._waiting.add(ticket)
            self._call()
        return ticket

    def called(self, ticket: Ticket, seconds: float) -> bool:
        """Whether it has a place, within `seconds`."""
        return ticket.called.wait(seconds)

    def leave(self, ticket: Ticket) -> None:
        """Gives the place back, also one that is waited for; a second time does nothing."""
        with self._lock:
            self._waiting.discard(ticket)
            if ticket in self._inside:
                self._inside.remove(ticket)
                self._mean += NEW * (time.monotonic() - ticket.began - self._mean)
            self._call()

    @contextmanager
    def place(self, rank: int, visitor: str = "", longest: float | None = None) -> Iterator[None]:
        """A place, once it is free. Raises BusyError, see `enter`."""
        ticket = self.enter(rank, visitor, longest)
        try:
            ticket.called.wait()
            yield
        finally:
            self.leave(ticket)

    def expected(self, ticket: Ticket) -> float:
        """About how many seconds it still waits."""
        with self._lock:
            return self._expected(ticket)

    def room(self) -> float:
        """Seconds after which somebody new may be let in or may wait; 0: now."""
        with self._lock:
            ticket = Ticket(REPLY, "", 0, next(self._numbers), time.monotonic())
            try:
                self._check(ticket, self._longest)
            except BusyError as busy:
                return busy.seconds
        return 0.0

    def give_way(self, seconds: float) -> None:
        """Waits while others are at work or wait, so that work without a place stands back; at most
        so long.
        """
        last = time.monotonic() + seconds
        while (self._inside or self._waiting) and time.monotonic() < last:
            time.sleep(LOOKS)

    def _of(self, visitor: str) -> int:
        return sum(ticket.visitor == visitor for ticket in self._waiting | self._inside)

    def _check(self, ticket: Ticket, longest: float) -> None:
        """Raises BusyError where the ticket cannot be taken."""
        if self._ended:
            raise BusyError("restart", RESTART)
        if ticket.visitor and ticket.nth >= self._each:
            raise BusyError("yours", self._rounded(self._mean * ticket.nth))
        expected, ahead = self._expected(ticket), self._ahead(ticket)
        if expected and (ahead >= self._most or expected > longest):
            raise BusyError("busy", self._rounded(expected))

    def _rounded(self, seconds: float) -> float:
        return float(math.ceil(max(SOONEST, seconds)))

    def _order(self, ticket: Ticket) -> tuple[int, int, int]:
        """Rank, then first those of whom nothing else is on its way, then who came first."""
        waited = time.monotonic() - ticket.came
        return max(0, ticket.rank - int(waited / AGING)), ticket.nth, ticket.number

    def _ahead(self, ticket: Ticket) -> int:
        own = self._order(ticket)
        return sum(self._order(other) < own for other in self._waiting)

    def _expected(self, ticket: Ticket) -> float:
        """0 where a place is free."""
        if ticket in self._inside or (self._free() > len(self._waiting - {ticket})):
            return 0.0
        return (self._ahead(ticket) + 1) * self._mean / self.places

    def _free(self) -> int:
        return self.places - len(self._inside)

    def _call(self) -> None:
        """Gives free places to the first of those who wait."""
        while self._open and self._waiting and self._free() > 0:
            first = min(self._waiting, key=self._order)
            self._waiting.remove(first)
            self._inside.add(first)
            first.began = time.monotonic()
            first.called.set()
