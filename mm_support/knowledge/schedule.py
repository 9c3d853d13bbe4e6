"""Sites are read again every so many hours, beside the service: only what changed is encoded again.

When a site was read last is the time of an empty file, so several processes that share a data
folder read it once, and a restart reads nothing early. An error leaves the base as it is and is
tried again after the same time. One thread, which stops between two steps when it is told to.
"""

from __future__ import annotations

import hashlib
import logging
import time
from functools import partial
from pathlib import Path

from mm_support.knowledge.base import Knowledge
from mm_support.rounds import Rounds, Stopped, Stopping, Task, attempt

log = logging.getLogger(__name__)

PAUSE = 60.0  # seconds between two looks at what is due


class Schedule:
    """hours: between two readings of a site. folder: where it is noted when they were."""

    def __init__(self, knowledge: Knowledge, hours: float, folder: Path) -> None:
        self._knowledge, self._seconds, self._folder = knowledge, 3600 * hours, folder
        self._stop, self._rounds = Stopping(), Rounds(())

    def start(self) -> Schedule:
        self._rounds = Rounds([Task("reading sites again", PAUSE, self._look, first=PAUSE)])
        return self

    def close(self) -> None:
        self._stop.set()
        self._rounds.close()

    def follow(self) -> None:
        """Reads every site whose time has come."""
        for name, address in list(self._knowledge.sites()):
            note = self._note(name, address)
            if self._due(note):
                note.touch()  # first, so that no other process begins too
                failed = f"{name} was not brought in step with {address}"
                attempt(failed, partial(self._read, name, address))

    def _look(self) -> None:
        try:
            self.follow()
        except Stopped:
            log.info("A site that was not read to its end is read again when its time comes.")
        except OSError as exc:  # of the notes
            log.warning("When sites were read cannot be noted: %s", exc)

    def _due(self, note: Path) -> bool:
        """A site that was never noted was read when its base was made: its time begins now."""
        if not note.is_file():
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
            return False
        return time.time() - note.stat().st_mtime >= self._seconds

    def _note(self, name: str, address: str) -> Path:
        return self._folder / f"{name}-{hashlib.sha256(address.encode()).hexdigest()[:16]}"

    def _read(self, name: str, address: str) -> None:
        report = self._knowledge.sync(name, address, self._stop)
        log.info("%s is in step with %s: %d entries.", name, address, report.entries)
