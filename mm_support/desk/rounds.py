"""What has to be done again and again beside the replies: a thread that does each task at the start
and then at its interval. Knows no task.
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
    """name: for the log; every: seconds between the ends and the next beginnings."""

    name: str
    every: float
    do: Callable[[], object]


class Rounds:
    """Runs the tasks one after the other until it is closed. What goes wrong is logged and tried
    again at the next round.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._due = dict.fromkeys(tasks, 0.0)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="rounds")
        if tasks:
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        wait = 0.0
        while not self._closed.wait(wait):
            for task in [task for task, due in self._due.items() if due <= time.monotonic()]:
                _try(task)
                self._due[task] = time.monotonic() + task.every
            wait = max(0.0, min(self._due.values()) - time.monotonic())


def _try(task: Task) -> None:
    try:
        task.do()
    except SupportError as exc:
        log.warning("%s: %s It is tried again.", task.name, exc)
    except Exception:  # one that fails must not keep the others from their rounds
        log.exception("%s failed; it is tried again", task.name)
