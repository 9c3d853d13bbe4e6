# pyright: reportMissingImports=false
"""The side of a front: what stands where the models would be, with the same Protocols.

Knows where each model is asked; knows nothing of how it is loaded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from ray.exceptions import TaskCancelledError

from mm_support.cluster.connection import ask, check_stages, connected, handle_of, plain_errors
from mm_support.config import Settings
from mm_support.encode.text import Pieces
from mm_support.encode.text_models import Kind
from mm_support.encode.vad import load_voice_activity
from mm_support.engines.base import Channel, Message, StopSignal
from mm_support.errors import GenerationError, SupportError
from mm_support.types import Audio, Label, TextLine, Transcript

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentResponseGenerator

CHUNK = 64  # texts or photos of one call; replicas share what is more
SIDE_BY_SIDE = 4  # calls of one such list


class Served:
    """A stage of the cluster. facts: what its model says of itself."""

    def __init__(self, stage: str) -> None:
        self.stage, self.handle = stage, handle_of(stage)
        self.facts: dict[str, Any] = ask(self.handle.facts.remote, stage)

    def one(self, method: str, *given: Any) -> Any:
        return ask(self.handle.one.remote, self.stage, method, *given)

    def many(self, method: str, items: Sequence[Any], *rest: Any) -> list[Any]:
        """The answer to each chunk; to one empty chunk where there are no items."""
        starts = range(0, max(1, len(items)), CHUNK)
        calls = [(self.stage, method, list(items[start : start + CHUNK]), rest) for start in starts]
        if len(calls) == 1:
            return [self._together(calls[0])]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(self._together, calls))

    def _together(self, call: tuple) -> Any:
        answer = ask(self.handle.together.remote, call)
        if isinstance(answer, SupportError):
            raise answer
        return answer


class ServedSpeech(Served):
    """As SpeechEncoder; where somebody speaks is found here."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.voice = load_voice_activity()

    def transcribe(
        self,
        waveform: np.ndarray,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript:
        return self.one("transcribe", waveform, previous, draft, tuple(names), before)


class ServedImage(Served):
    """As ImageEncoder."""

    @property
    def dim(self) -> int:
        return self.facts["dim"]

    def encode(self, photos: Sequence[Image.Image]) -> np.ndarray:
        return np.concatenate(self.many("encode", photos))

    def encode_words(self, words: Sequence[str]) -> np.ndarray:
        return np.concatenate(self.many("encode_words", words))

    def label(self, vector: np.ndarray, words: Sequence[str] | None = None) -> tuple[Label, ...]:
        return self.one("label", vector, words)


class ServedReader(Served):
    """As TextReader."""

    def read(self, photo: Image.Image) -> tuple[TextLine, ...]:
        return self.one("read", photo)


class ServedText(Served):
    """As TextEncoder."""

    @property
    def dim(self) -> int:
        return self.facts["dim"]

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray:
        return np.concatenate(self.many("encode", texts, kind))

    def encode_pieces(
        self, texts: Sequence[str], kind: Kind = "query"
    ) -> tuple[np.ndarray, list[Pieces]]:
        answers = self.many("encode_pieces", texts, kind)
        vectors = np.concatenate([vectors for vectors, _ in answers])
        return vectors, [piece for _, pieces in answers for piece in pieces]


class ServedVoice(Served):
    """As Voice. Raises GenerationError."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.speaks = functools.lru_cache(64)(functools.partial(self.one, "speaks"))

    def speak(self, text: str) -> Audio:
        try:
            return self.one("speak", text)
        except SupportError as exc:
            raise GenerationError(str(exc)) from exc

    def sounds(self, text: str) -> Iterator[Audio]:
        yield self.speak(text)


class ServedModel(Served):
    """As LanguageModel."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.name, self.can = self.facts["name"], self.facts["can"]

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        """A stop crosses the border: the replica's model is told to stop."""
        sending = self.handle.options(stream=True).stream.remote(messages, max_tokens)
        channel = Channel().filled_by(_pass_on, sending, name="pieces of the cluster")
        try:
            yield from channel.read(stop)
        finally:
            sending.cancel()

    def close(self) -> None:
        """Others go on using it."""


def _pass_on(sending: DeploymentResponseGenerator, channel: Channel) -> None:
    try:
        with plain_errors():
            for piece in sending:
                channel.put(piece)
    except SupportError as exc:
        if not isinstance(exc.__cause__, TaskCancelledError):
            raise GenerationError(str(exc)) from exc


KINDS: Mapping[str, Callable[[str], Served]] = {
    "hear": ServedSpeech,
    "see": ServedImage,
    "read": ServedReader,
    "embed": ServedText,
    "write": ServedModel,
    "speak": ServedVoice,
}


def join(opened: ExitStack, settings: Settings, stages: Sequence[str]) -> Callable[[str], Any]:
    """What gives the handle of a stage; the cluster is left with `opened`. Raises InputError."""
    opened.enter_context(connected(settings))
    check_stages(stages, settings)
    return lambda stage: KINDS[stage](stage)
