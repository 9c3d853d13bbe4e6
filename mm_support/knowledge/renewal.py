"""After an upgrade: bases are made again beside the service, which answers meanwhile.

Bases whose vectors are of other models are renewed from their kept sources, in one thread, which
stops between two steps when it is told to.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from mm_support.errors import SupportError
from mm_support.knowledge.base import Knowledge

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The service is being closed."""


class Beside:
    """One thread, which stops between two steps when it is closed."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def close(self) -> None:
        self._stop.set()
        self.thread.join()

    def _run(self) -> None:
        raise NotImplementedError

    def _progress(self, *_: object) -> None:
        if self._stop.is_set():
            raise Stopped

    def _try(self, failed: str, do: Callable[[], None]) -> None:
        """Does something for one base; what goes wrong is logged, so that the others have their
        turn. failed: for the log. Raises Stopped.
        """
        try:
            do()
        except Stopped:
            raise
        except SupportError as exc:  # it may be gone by now
            log.warning("%s: %s", failed, exc)
        except Exception:
            log.exception("%s", failed)


class Renewal(Beside):
    """Begins at once."""

    def __init__(self, knowledge: Knowledge) -> None:
        super().__init__("renew bases")
        self._knowledge = knowledge
        self.thread.start()

    def _run(self) -> None:
        try:
            for name in self._knowledge.stale():
                self._try(f"{name} could not be made again", partial(self._renew, name))
            for name in self._knowledge.unfitted():
                self._try(f"Nothing was learned about {name}", partial(self._fit, name))
        except Stopped:
            log.info("Bases that were not made again yet are so at the next start.")

    def _renew(self, name: str) -> None:
        log.info("Making the knowledge base %s again for the models of today.", name)
        report = self._knowledge.renew(name, self._progress)
        log.info("%s: %d entries in %.0f s.", name, report.entries, report.seconds)
        for file, line, reason in report.skipped:
            log.warning("%s, %s line %d: %s", name, file, line, reason)

    def _fit(self, name: str) -> None:
        self._progress()
        self._knowledge.fit(name)
