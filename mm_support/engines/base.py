"""The Protocol of language models: messages go in, text comes out. Knows no engine, evidence or
reply.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mm_support.errors import GenerationError

log = logging.getLogger(__name__)

# {"role": "system" | "user" | "assistant", "content": text, or parts for a model that sees photos}
Message = dict[str, Any]

SILENCE_LIMIT = 60.0  # s without a token after which an engine counts as stuck
STOP_POLL = 0.02  # s between looks at the stop event while no token arrives
# what a reasoning model thinks before it answers, where nothing has parted the two
_TAG = r"[<\[](think(?:ing)?|thought|reasoning)[>\]]"
OPENED = re.compile(rf"\s*{_TAG}", re.IGNORECASE)
THOUGHTS = re.compile(rf"\s*{_TAG}.*?[<\[]/\1[>\]]", re.IGNORECASE | re.DOTALL)
MAY_OPEN = re.compile(r"\s*(?:[<\[]\w*)?")


class StopSignal(Protocol):
    """Whether to stop: threading.Event is one."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True)
class Capabilities:
    """What a model and its engine can do; what a prompt holds and how long is waited follow.

    context: tokens of prompt and reply together. writes: it may put an answer into words of its
    own; else it only points at sentences of the evidence. speed: "fast" where a whole reply takes a
    second or two. sees: it takes photos in messages.
    """

    context: int = 2_048
    writes: bool = False
    speed: Literal["fast", "slow"] = "fast"
    sees: bool = False


class LanguageModel(Protocol):
    """name: for people. can: what it can do. Several threads may stream at once. One whose
    attribute `alive` is false answers no more.
    """

    name: str
    can: Capabilities

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


def context_of(config: Any) -> int:
    """Tokens that a model of transformers was trained to read, by its configuration."""
    text = getattr(config, "text_config", None) or config
    return int(getattr(text, "max_position_embeddings", 0) or Capabilities().context)


def speed_on(device: Any) -> Literal["fast", "slow"]:
    """How fast a model decodes in this process, by its torch device."""
    return "slow" if device.type == "cpu" else "fast"


class Channel:
    """Carries pieces of text from the thread that decodes to the one that reads."""

    def __init__(self) -> None:
        self._pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        self.abandoned = threading.Event()  # the reader has gone: stop decoding

    def filled_by(self, work: Callable[..., None], *given: Any, name: str) -> Channel:
        """This channel. The work, in a thread of its own, is handed what is given and the channel,
        which ends with it. Whatever the work raises is a GenerationError for who reads.
        """

        def fill() -> None:
            try:
                work(*given, self)
            except GenerationError as exc:
                self.finish(exc)
            except Exception as exc:
                log.exception("the language model failed")
                self.finish(failed(exc))
            else:
                self.finish()

        threading.Thread(target=fill, name=name, daemon=True).start()
        return self

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


def without_thoughts(pieces: Generator[str, None, None]) -> Generator[str, None, None]:
    """The pieces of a reply behind the thoughts in tags that it begins with, if it does."""
    text = ""
    with closing(pieces):
        for piece in pieces:
            text += piece
            if thoughts := THOUGHTS.match(text):
                text = text[thoughts.end() :]
            if not (OPENED.match(text) or MAY_OPEN.fullmatch(text)):
                yield text
                yield from pieces
                return
    if text and not OPENED.match(text):
        yield text


def failed(exc: Exception) -> GenerationError:
    """What people are told of an error that a model's library raised."""
    return GenerationError(f"The language model failed ({exc}); ask again.")
