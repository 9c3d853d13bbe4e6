"""What is done beside the replies: tasks in a thread, each at its interval; work in steps that ends
between two of them. Knows no task.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mm_support.errors import SupportError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """name: for the log; every: seconds between the ends and the next beginnings; first: seconds
    until the first beginning.
    """

    name: str
    every: float
    do: Callable[[], object]
    first: float = 0.0


class Rounds:
    """Runs the tasks one after the other until it is closed. What goes wrong is logged and tried
    again at the next round.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._due = {task: time.monotonic() + task.first for task in tasks}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="rounds")
        if tasks:
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(max(0.0, min(self._due.values()) - time.monotonic())):
            for task in [task for task, due in self._due.items() if due <= time.monotonic()]:
                attempt(f"{task.name} failed and is tried again", task.do)
                self._due[task] = time.monotonic() + task.every


class Stopped(Exception):
    """What runs beside the service ends, as the service is being closed."""


class Stopping(threading.Event):
    """Set when work is to end, which calls it between two steps. Then a call raises Stopped."""

    def __call__(self, *_: object) -> None:
        if self.is_set():
            raise Stopped


def attempt(failed: str, do: Callable[[], object]) -> None:
    """Does one thing of several; what goes wrong is logged, so that the others have their turn.
    failed: for the log. Raises Stopped.
    """
    try:
        do()
    except Stopped:
        raise
    except SupportError as exc:
        log.warning("%s: %s", failed, exc)
    except Exception:
        log.exception("%s", failed)
