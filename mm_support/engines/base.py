"""The Protocol of language models: messages go in, text comes out. Knows no engine, evidence or
reply.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator
from typing import Any, Protocol

from mm_support.errors import GenerationError

# {"role": "system" | "user" | "assistant", "content": text, or parts for a model that sees photos}
Message = dict[str, Any]

SILENCE_LIMIT = 60.0  # s without a token after which an engine counts as stuck
STOP_POLL = 0.02  # s between looks at the stop event while no token arrives


class StopSignal(Protocol):
    """Whether to stop: threading.Event is one."""

    def is_set(self) -> bool: ...


class LanguageModel(Protocol):
    """name: for people. Several threads may stream at once. One that has a true attribute `sees`
    takes photos in messages; one whose attribute `alive` is false answers no more.
    """

    name: str

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        """Pieces of the model's greedy reply as they are decoded.

        Setting `stop` or closing the iterator ends the decoding within one token.
        Raises GenerationError.
        """
        ...

    def close(self) -> None:
        """Ends all streams and gives threads and memory back; a second call does nothing."""
        ...


class Channel:
    """Carries pieces of text from the thread that decodes to the one that reads."""

    def __init__(self) -> None:
        self._pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        self.abandoned = threading.Event()  # the reader has gone: stop decoding

    def put(self, piece: str) -> None:
        self._pieces.put(piece)

    def finish(self, error: BaseException | None = None) -> None:
        self._pieces.put(error)

    def read(
        self, stop: StopSignal | None, silence: float = SILENCE_LIMIT
    ) -> Generator[str, None, None]:
        """The pieces, until the writer finishes, `stop` is set or the iterator is closed.

        Raises GenerationError when the writer failed, or was silent for `silence` seconds.
        """
        try:
            while (piece := self._next(stop, time.monotonic() + silence)) is not None:
                yield piece
        finally:
            self.abandoned.set()

    def _next(self, stop: StopSignal | None, deadline: float) -> str | None:
        while not (stop and stop.is_set()):
            try:
                piece = self._pieces.get(timeout=STOP_POLL)
            except queue.Empty:
                if time.monotonic() < deadline:
                    continue
                raise GenerationError(
                    "The language model has stopped responding; ask again."
                ) from None
            if isinstance(piece, BaseException):
                raise piece
            return piece
        return None
