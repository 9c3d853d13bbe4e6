"""After an upgrade: bases are made again beside the service, which answers meanwhile.

Bases whose vectors are of other models are renewed from their kept sources, one's own before those
that come with the project, in one thread, which stops between two steps when it is told to.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial

from mm_support.knowledge.base import Knowledge
from mm_support.rounds import Stopped, Stopping, attempt

log = logging.getLogger(__name__)


class Renewal:
    """Begins at once. packs: ingests those that have changed; is called with what ends it."""

    def __init__(
        self, knowledge: Knowledge, packs: Callable[[Stopping], None] = lambda stop: None
    ) -> None:
        self._knowledge, self._packs, self._stop = knowledge, packs, Stopping()
        self.thread = threading.Thread(target=self._run, name="renew bases", daemon=True)
        self.thread.start()

    def close(self) -> None:
        self._stop.set()
        self.thread.join()

    def _run(self) -> None:
        try:
            own = self._knowledge.stale(packs=False)
            self._renew_all(own)
            attempt("The packs could not be made again", partial(self._packs, self._stop))
            self._renew_all(name for name in self._knowledge.stale() if name not in own)
            for name in self._knowledge.unfitted():
                attempt(f"Nothing was learned about {name}", partial(self._fit, name))
        except Stopped:
            log.info("Bases that were not made again yet are so at the next start.")

    def _renew_all(self, names: Iterable[str]) -> None:
        for name in names:
            attempt(f"{name} could not be made again", partial(self._renew, name))

    def _renew(self, name: str) -> None:
        log.info("Making the knowledge base %s again for the models of today.", name)
        report = self._knowledge.renew(name, self._stop)
        log.info("%s: %d entries in %.0f s.", name, report.entries, report.seconds)
        for file, line, reason in report.skipped:
            log.warning("%s, %s line %d: %s", name, file, line, reason)

    def _fit(self, name: str) -> None:
        self._stop()
        self._knowledge.fit(name)
