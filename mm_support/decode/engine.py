"""The language model behind one Protocol, and which engine runs it where.

    a server by llm_url           engine_server.py        any OpenAI-compatible one
    a package's GGUF on the CPU   engine_openvino.py      batched, with a cache of prompt beginnings
    a hub or folder name, or GPU  engine_transformers.py
    the same, of a model that sees   engine_image_text.py   gets the photo itself

Knows nothing of knowledge, evidence or replies: messages go in, text comes out.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from mm_support.errors import GenerationError

if TYPE_CHECKING:
    from mm_support.config import Settings
    from mm_support.device import Device

Message = dict[str, Any]  # {"role": "system" | "user" | "assistant", "content": text, or parts for a model that sees photos}

SILENCE_LIMIT = 60.0  # s without a token after which an engine counts as stuck
STOP_POLL = 0.02  # s between looks at the stop event while no token arrives


class LanguageModel(Protocol):
    """name: for people. Several threads may stream at once. One that has a true attribute `sees` takes photos in messages."""

    name: str

    def stream(self, messages: list[Message], max_tokens: int, stop: threading.Event | None = None) -> Iterator[str]:
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

    def read(self, stop: threading.Event | None, silence: float = SILENCE_LIMIT) -> Iterator[str]:
        """The pieces, until the writer finishes, `stop` is set or the iterator is closed.

        Raises GenerationError when the writer failed, or was silent for `silence` seconds.
        """
        try:
            while (piece := self._next(stop, time.monotonic() + silence)) is not None:
                yield piece
        finally:
            self.abandoned.set()

    def _next(self, stop: threading.Event | None, deadline: float) -> str | None:
        while not (stop and stop.is_set()):
            try:
                piece = self._pieces.get(timeout=STOP_POLL)
            except queue.Empty:
                if time.monotonic() < deadline:
                    continue
                raise GenerationError("The language model has stopped responding; ask again.") from None
            if isinstance(piece, BaseException):
                raise piece
            return piece
        return None


def load_language_model(settings: "Settings", device: "Device") -> LanguageModel:
    """The reply model of the settings on the engine that suits it. Raises WeightsError, GenerationError."""
    if settings.llm_url:
        from mm_support.decode.engine_server import ServerModel

        return ServerModel(settings.llm_url, settings.llm_model, settings.llm_key)
    if settings.reply_model.startswith("package:") and device.device.type == "cpu":
        from mm_support.decode.engine_openvino import load_openvino_model

        return load_openvino_model(settings)
    from mm_support.decode.engine_transformers import load_transformers_model

    return load_transformers_model(settings, device)
