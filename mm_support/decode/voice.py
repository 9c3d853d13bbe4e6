"""Voice: sentences -> sound, with a Piper voice. Knows nothing of replies or browsers."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.errors import GenerationError, WeightsError
from mm_support.language.spoken import spoken
from mm_support.types import Audio
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    from piper import PiperVoice as Piper
    from piper import SynthesisConfig

ESPEAK_NAMES = {"zh": "cmn", "no": "nb"}  # of ISO 639-1, where espeak-ng has another
CACHED = 128  # sentences kept: about 50 MB at 5 seconds each
MAX_CHARACTERS = 300  # spoken in one breath: what is longer is cut at a comma or a space
CLAUSE = 20  # characters at the least: what is shorter is over before the next is spoken
PAUSE = 0.25  # seconds between two sentences


class Voice(Protocol):
    """text: a sentence or a few, as shown on the screen. The sound is empty where nothing can be
    said. speaks: whether it can say words of a language (ISO 639-1).
    """

    def speak(self, text: str) -> Audio: ...

    def speaks(self, language: str) -> bool: ...


class PiperVoice:
    """A Piper voice that remembers what it said last; any number of threads may use one object."""

    def __init__(self, piper: Piper, speed: float = 1.0) -> None:
        """speed: 1.2 speaks a fifth faster than the voice was trained to."""
        self._piper, self._speed = piper, speed
        self._language = piper.config.espeak_voice
        self._remembered = functools.lru_cache(CACHED)(self._synthesise)

    def speak(self, text: str) -> Audio:
        """Raises GenerationError where the text cannot be put into words, or the synthesiser
        fails.
        """
        try:
            words = spoken(text, self._language)
        except (
            ValueError,
            OverflowError,
        ) as exc:  # an address that is none, a number beyond all names
            raise GenerationError("The reply could not be spoken; please read it instead.") from exc
        return Audio(self._remembered(words), self._piper.config.sample_rate)

    def _options(self) -> SynthesisConfig | None:
        """None where the voice speaks as it was trained to."""
        if self._speed == 1.0:
            return None
        from piper import SynthesisConfig

        return SynthesisConfig(length_scale=1 / self._speed)

    def speaks(self, language: str) -> bool:
        """Piper speaks one language, named as espeak-ng does: "en-us", "de", "cmn"."""
        return ESPEAK_NAMES.get(language, language) == self._language.split("-")[0]

    def _synthesise(self, words: str) -> np.ndarray:
        """(n,) float32 in -1..1, read-only, since it is shared by everybody who asks for these
        words.
        """
        pause = np.zeros(round(PAUSE * self._piper.config.sample_rate), np.float32)
        sounds: list[np.ndarray] = []
        try:
            for breath in breaths(words):
                for chunk in self._piper.synthesize(breath, self._options()):
                    sounds += (
                        [pause, chunk.audio_float_array] if sounds else [chunk.audio_float_array]
                    )
        except Exception as exc:  # whatever onnxruntime and espeak-ng may raise
            raise GenerationError("The reply could not be spoken; please read it instead.") from exc
        samples = np.concatenate([np.zeros(0, np.float32), *sounds])
        samples.flags.writeable = False
        return samples


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


def clauses(sentence: str) -> list[str]:
    """The sentence in two, where a comma or the like leaves enough on both sides; else as it is.

    The first clause is spoken in half the time, and gives the time to speak the second.
    """
    for pause in re.finditer(r"[,;:]\s+(?=[^\W\d_])", sentence):
        if pause.end() >= CLAUSE and len(sentence) - pause.end() >= CLAUSE:
            return [sentence[: pause.end()].rstrip(), sentence[pause.end() :]]
    return [sentence]


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
        voice = PiperVoice(_opened(path), settings.voice_speed)
        voice.speak("Hello.")  # the first sentence sets things up, the customer's shall not
    except Exception as exc:  # onnxruntime has errors of its own for each kind of damage
        raise WeightsError(
            f"{path} is not a Piper voice (an .onnx file with its .onnx.json beside it); correct"
            " voice_model."
        ) from exc
    return voice


def _opened(path: Path) -> Piper:
    """As Piper.load does, but with threads that sleep while they wait: spinning, they take the
    processor from everybody else.
    """
    import onnxruntime
    from piper import PiperConfig
    from piper import PiperVoice as Piper

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    config = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
    return Piper(session, PiperConfig.from_dict(config))


def _onnx_file(folder: Path) -> Path:
    return next(iter(sorted(folder.glob("*.onnx"))), folder / "voice.onnx")
