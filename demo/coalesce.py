"""Lets a reply be worked on while the page is still busy with what happened before. Knows nothing
of Gradio.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

from mm_support.types import Event, Working

OVER, STOP = object(), object()


class Stopped(Exception):
    """The reply was stopped before it was over."""


class Run:
    """A reply that is worked on. Whoever holds it can stop it; ended: it works no more."""

    def __init__(self) -> None:
        self.happened: SimpleQueue[Any] = SimpleQueue()
        self.ended = threading.Event()
        self.replaced = False

    def stop(self) -> None:
        self.happened.put(STOP)

    def give_way(self, seconds: float = 5.0) -> None:
        """Stops it without a word, because another reply takes its place; waits until it ended."""
        self.replaced = True
        self.stop()
        self.ended.wait(seconds)


def batches(
    events: Generator[Event, None, None], run: Run | None = None
) -> Generator[list[Event], None, None]:
    """The events, each list with what has happened since the one before was taken: a slow page
    skips steps.

    What the events raise is raised behind the last of them, Stopped as soon as the run is stopped.
    Once this is closed, the events are after the next one.
    """
    run = run or Run()
    closed = threading.Event()
    threading.Thread(
        target=work, args=(events, run.happened, closed), daemon=True, name="reply"
    ).start()
    try:
        while True:
            happened = everything_in(run.happened)
            if any(each is STOP for each in happened):
                raise Stopped
            *batch, last = happened
            over = last is OVER or isinstance(last, Exception)
            if not over:
                batch.append(last)
            if batch:
                yield batch
            if isinstance(last, Exception):
                raise last
            if over:
                return
    finally:
        closed.set()


def work(
    events: Generator[Event, None, None], happened: SimpleQueue, closed: threading.Event
) -> None:
    """Puts the events into the queue, then OVER or the problem that ended them."""
    last = None
    try:
        with closing(events):
            for event in events:
                if closed.is_set():
                    return
                if event != last or not isinstance(event, Working):  # who waits says so repeatedly
                    happened.put(event)
                last = event
        happened.put(OVER)
    except Exception as problem:
        happened.put(problem)


def everything_in(queue: SimpleQueue) -> list[Any]:
    """At least one thing, waited for, and what came behind it."""
    found = [queue.get()]
    while not queue.empty():
        found.append(queue.get())
    return found
