"""Voice: sentences -> sound, with a Piper voice. Knows nothing of replies or browsers."""

from __future__ import annotations

import functools
import itertools
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.decode.piper_model import PiperModel
from mm_support.errors import GenerationError, WeightsError
from mm_support.language.spoken import spoken
from mm_support.types import Audio
from mm_support.weights import PREFIX, package_weights

ESPEAK_NAMES = {"zh": "cmn", "no": "nb"}  # of ISO 639-1, where espeak-ng has another
CACHED = 128  # sentences kept: about 50 MB at 5 seconds each
MAX_CHARACTERS = 300  # spoken in one breath: what is longer is cut at a comma or a space
PAUSE = 0.25  # seconds between two sentences
QUIETEST = 0.1  # amplitude that is made no louder than the loudest that a sound may be


class Voice(Protocol):
    """text: a sentence or a few, as shown on the screen. The sound is empty where nothing can be
    said; `sounds` is the same piece by piece, as soon as each is made. speaks: whether it can say
    words of a language (ISO 639-1).
    """

    def speak(self, text: str) -> Audio: ...

    def sounds(self, text: str) -> Iterator[Audio]: ...

    def speaks(self, language: str) -> bool: ...


class PiperVoice:
    """A Piper voice that remembers what it said last; any number of threads may use one object."""

    def __init__(self, piper: PiperModel, speed: float = 1.0) -> None:
        """speed: 1.2 speaks a fifth faster than the voice was trained to."""
        self._piper, self._speed = piper, speed
        self._loudest = QUIETEST  # sample so far
        self._remembered = functools.lru_cache(CACHED)(self._sound)

    def speak(self, text: str) -> Audio:
        """Raises GenerationError where the text cannot be put into words, or the synthesiser
        fails.
        """
        pieces = [piece.samples for piece in self.sounds(text)]
        return Audio(np.concatenate([np.zeros(0, np.float32), *pieces]), self._piper.rate)

    def sounds(self, text: str) -> Iterator[Audio]:
        """The same piece by piece."""
        try:
            for piece in self._remembered(spoken(text, self._piper.language)):
                yield Audio(piece, self._piper.rate)
        # an address that is none, a number beyond all names; whatever onnxruntime and espeak-ng may
        # raise
        except Exception as exc:
            self._remembered.cache_clear()
            raise GenerationError("The reply could not be spoken; please read it instead.") from exc

    def speaks(self, language: str) -> bool:
        """Piper speaks one language, named as espeak-ng does: "en-us", "de", "cmn"."""
        return ESPEAK_NAMES.get(language, language) == self._piper.language.split("-")[0]

    def _sound(self, words: str) -> Sound:
        return Sound(self._made(words))

    def _made(self, words: str) -> Iterator[np.ndarray]:
        """(n,) float32 in -1..1, read-only, since they are shared by everybody who asks for these
        words; a pause between breaths.
        """
        pause = 0
        for breath in breaths(words):
            for piece in self._piper.pieces(breath, self._speed):
                self._loudest = max(self._loudest, float(np.abs(piece).max(initial=0.0)))
                samples = np.pad(piece / self._loudest, (pause, 0))
                samples.flags.writeable = False
                yield samples
                pause = 0
            pause = round(PAUSE * self._piper.rate)


class Sound:
    """A sound that is made as far as somebody has listened; any number may listen at once."""

    def __init__(self, coming: Iterator[np.ndarray]) -> None:
        self._coming, self._made, self._lock = coming, list[np.ndarray](), threading.Lock()

    def __iter__(self) -> Iterator[np.ndarray]:
        for at in itertools.count():
            with self._lock:
                if at == len(self._made):
                    self._made.extend(itertools.islice(self._coming, 1))
                if at == len(self._made):
                    return
            yield self._made[at]


def breaths(words: str, limit: int = MAX_CHARACTERS) -> list[str]:
    """The sentences, each no longer than `limit` characters."""
    pieces = []
    for sentence in re.split(r"(?<=[.!?])\s+", words):
        while len(sentence) > limit:
            cut = (
                max(sentence.rfind(", ", 0, limit) + 1, 0)
                or max(sentence.rfind(" ", 0, limit), 0)
                or limit
            )
            pieces.append(sentence[:cut])
            sentence = sentence[cut:].lstrip()
        pieces.append(sentence)
    return [piece for piece in pieces if piece]


def load_voice(settings: Settings) -> PiperVoice:
    """The voice that the settings name: package:NAME, or a Piper .onnx file with its .onnx.json
    beside it.

    Raises WeightsError where it cannot be had.
    """
    name = settings.voice_model
    path = Path(name)
    if name.startswith(PREFIX):
        path = _onnx_file(package_weights(name, settings.cache_dir))
    try:
        voice = PiperVoice(PiperModel(path), settings.voice_speed)
        voice.speak("Hello.")  # the first sentence sets things up, the customer's shall not
    except Exception as exc:  # onnxruntime has errors of its own for each kind of damage
        raise WeightsError(
            f"{path} is not a Piper voice (an .onnx file with its .onnx.json beside it); correct"
            " voice_model."
        ) from exc
    return voice


def _onnx_file(folder: Path) -> Path:
    return next(iter(sorted(folder.glob("*.onnx"))), folder / "voice.onnx")
