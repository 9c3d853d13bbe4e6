"""A step of a turn: a generator of the events that people see, which returns what it came to; and
the time that each step takes. Knows nothing of what the steps do.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mm_support.tracing import span
from mm_support.types import Event

Result = TypeVar("Result")
Step = Generator[Event, None, Result]


def drained(step: Step[Result]) -> Result:
    """What a step comes to; its events are dropped."""
    while True:
        try:
            next(step)
        except StopIteration as end:
            return end.value


class Clock:
    """Milliseconds by step of one reply, counted from its creation."""

    def __init__(self) -> None:
        self._start, self._times = time.perf_counter(), {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds what the block takes."""
        started = time.perf_counter()
        with span(name):
            yield
        self._times[name] = 1000 * (time.perf_counter() - started)

    def mark(self, name: str) -> None:
        """Notes how long after the beginning this was reached, the first time that it is."""
        self._times.setdefault(name, 1000 * (time.perf_counter() - self._start))

    def milliseconds(self) -> dict[str, float]:
        return {**self._times, "total": 1000 * (time.perf_counter() - self._start)}
