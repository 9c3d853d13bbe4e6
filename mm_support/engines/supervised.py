"""Keeps a language model that runs in a process of its own alive: one that died or hangs is opened
again, after a longer pause each time. Knows no engine.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from mm_support.engines.base import Message, StopSignal
from mm_support.errors import GenerationError

if TYPE_CHECKING:
    from mm_support.engines.openvino import OpenVinoModel

log = logging.getLogger(__name__)

LOOK = 0.5  # s between looks at the process
PAUSES = (1.0, 5.0, 20.0, 60.0)  # s before it is opened again; the last for all further times
ENDING = 10.0  # s that a start which is under way may take to end
STEADY = 300.0  # s that it must run until the pauses begin anew
RESTARTING = "The language model is being started again; ask again in a moment."
CLOSED = "The language model was closed; start the service again."


class SupervisedModel:
    """A LanguageModel. open_model: gives a new process; the first time what it raises is raised
    here, later it is tried again. restarts: how often another process was opened.
    """

    def __init__(
        self,
        open_model: Callable[[], OpenVinoModel],
        pauses: tuple[float, ...] = PAUSES,
        look: float = LOOK,
    ) -> None:
        self._open, self._pauses, self._look = open_model, pauses, look
        self._model: OpenVinoModel | None = open_model()
        self.name, self.can, self.restarts = self._model.name, self._model.can, 0
        self._closing, self._lock = threading.Event(), threading.Lock()
        self._watching = threading.Thread(target=self._watch, daemon=True, name="watch model")
        self._watching.start()

    @property
    def alive(self) -> bool:
        """Whether it answers; false while it is being started again."""
        model = self._model
        return model is not None and model.alive and not model.hangs

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        model = self._model
        if model is None or self._closing.is_set():
            raise GenerationError(CLOSED if self._closing.is_set() else RESTARTING)
        yield from model.stream(messages, max_tokens, stop)

    def close(self) -> None:
        self._closing.set()
        self._watching.join(ENDING)
        with self._lock:
            if self._model is not None:
                self._model.close()

    def _watch(self) -> None:
        """Looks at the process until this is closed."""
        failures = looks = 0
        while not self._closing.wait(self._look):
            looks += 1
            if looks * self._look > STEADY:
                failures = 0
            if self.alive:
                continue
            self._give_up()
            pause = self._pauses[min(failures, len(self._pauses) - 1)]
            failures, looks = failures + 1, 0
            log.warning("the language model does not answer; started again in %.0f s", pause)
            if not self._closing.wait(pause):
                self._start()

    def _give_up(self) -> None:
        """Ends the process, and with it what is still read from it."""
        with self._lock:
            model, self._model = self._model, None
        if model is not None:
            model.close()

    def _start(self) -> None:
        try:
            model = self._open()
        except Exception as exc:  # whatever it is, it is tried again
            log.warning("the language model could not be started again: %s", exc)
            return
        with self._lock:
            if self._closing.is_set():
                model.close()
                return
            self._model = model
        self.restarts += 1
