"""Lets a reply be worked on while the page is still busy with what happened before, and go on where
the page was left: a page that is loaded again reads it from the beginning. Knows nothing of Gradio.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing

from mm_support.types import Event, Working


class Stopped(Exception):
    """The reply was stopped before it was over."""


class Run:
    """A reply that is worked on. Whoever holds it can read and stop it; ended: it is shown no
    more.
    """

    def __init__(self) -> None:
        self._happened: list[Event] = []
        self._changed = threading.Condition()
        self._over = self._stopped = False
        self._problem: Exception | None = None
        self.ended = threading.Event()
        self.replaced = False

    def start(self, events: Generator[Event, None, None]) -> None:
        """Works on it in a thread, whether or not somebody reads it."""
        threading.Thread(target=self._work, args=(events,), daemon=True, name="reply").start()

    def stop(self) -> None:
        """Ends the work with the next event, and whoever reads it at once."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def give_way(self, seconds: float = 5.0) -> None:
        """Stops it without a word, because another reply takes its place; waits until it ended."""
        self.replaced = True
        self.stop()
        self.ended.wait(seconds)

    def batches(self) -> Iterator[list[Event]]:
        """The events from the first on, each list with what has happened since the one before: a
        slow page skips steps.

        What the events raise is raised behind the last of them, Stopped as soon as it is stopped.
        """
        seen, over = 0, False
        while not over:
            with self._changed:
                while not (self._stopped or self._over or len(self._happened) > seen):
                    self._changed.wait()
                if self._stopped:
                    raise Stopped
                batch, over = self._happened[seen:], self._over
            seen += len(batch)
            if batch:
                yield batch
        if self._problem:
            raise self._problem

    def _work(self, events: Generator[Event, None, None]) -> None:
        try:
            with closing(events):
                for event in events:
                    if self._stopped:
                        break
                    self._add(event)
        except Exception as problem:
            self._problem = problem
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _add(self, event: Event) -> None:
        repeated = isinstance(event, Working) and self._happened[-1:] == [event]
        if not repeated:  # who waits says so again and again
            with self._changed:
                self._happened.append(event)
                self._changed.notify_all()
