"""Lets a reply be worked on while the page is still busy with what happened before. Knows nothing
of Gradio.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

from mm_support.types import Event

OVER = object()


def batches(events: Generator[Event, None, None]) -> Generator[list[Event], None, None]:
    """The events, each list with what has happened since the one before was taken: a slow page
    skips steps.

    What the events raise is raised behind the last of them. Once this is closed, the events are
    after the next one.
    """
    happened, stopped = SimpleQueue(), threading.Event()
    threading.Thread(
        target=work, args=(events, happened, stopped), daemon=True, name="reply"
    ).start()
    try:
        while True:
            *batch, last = everything_in(happened)
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
        stopped.set()


def work(
    events: Generator[Event, None, None], happened: SimpleQueue, stopped: threading.Event
) -> None:
    """Puts the events into the queue, then OVER or the problem that ended them."""
    try:
        with closing(events):
            for event in events:
                if stopped.is_set():
                    return
                happened.put(event)
        happened.put(OVER)
    except Exception as problem:
        happened.put(problem)


def everything_in(queue: SimpleQueue) -> list[Any]:
    """At least one thing, waited for, and what came behind it."""
    found = [queue.get()]
    while not queue.empty():
        found.append(queue.get())
    return found
