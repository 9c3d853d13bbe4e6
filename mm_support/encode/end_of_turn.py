"""End of turn: whether somebody who has fallen silent has said all, or is only looking for words.

Smart Turn v3.2 (Daily, BSD-2), trained on 23 languages, hears intonation and wording in the last
8 seconds of a turn; the transcript says whether its words are a whole (language/utterances.py).
It is optional: without it a turn ends after a fixed pause (live.py).
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_support.config import Settings
from mm_support.encode.vad import one_thread_session
from mm_support.errors import WeightsError
from mm_support.language.utterances import Completeness, load_completeness
from mm_support.paths import WEIGHTS
from mm_support.types import SAMPLE_RATE
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)

SECONDS = 8  # of a turn that the model hears; a shorter turn stands at their end
N_MELS = 80
PROBABLE = 1e-3  # the least probability that is told apart from none
VARIANCE_FLOOR = 1e-7  # keeps silence from being divided by nothing


class SmartTurn:
    """Any number of threads may use one object: it keeps no state between calls."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def logit(self, waveform: np.ndarray) -> float:
        """Above 0: the turn is rather over, by its sound alone."""
        features = log_mel(waveform)[None]
        outputs = self._session.run(None, {"input_features": features})
        probability = np.asarray(outputs[0]).item()
        probability = min(max(probability, PROBABLE), 1 - PROBABLE)
        return math.log(probability / (1 - probability))


@dataclass(frozen=True, eq=False)
class SoundAndWords:
    """Both together: a flat voice breaks off as it ends, and "a pair of" ends nothing. sound,
    words: weights of their logits, both: the bias.
    """

    smart_turn: SmartTurn
    completeness: Completeness
    sound: float
    words: float
    both: float

    def probability(self, waveform: np.ndarray, text: str) -> float:
        """waveform: (n,) float32, 16 kHz, of a turn and the silence behind it. text: its
        transcript.
        """
        sound, words = self.smart_turn.logit(waveform), self.completeness.logit(text)
        logit = self.sound * sound + self.words * words + self.both
        return 1 / (1 + math.exp(-logit))


def log_mel(waveform: np.ndarray) -> np.ndarray:
    """(n,) float32, 16 kHz -> (80, 800) float32, Whisper's log-mel of the last 8 seconds; of mean 0
    and variance 1, padding included, as in the model's training.
    """
    import torch
    from whisper.audio import log_mel_spectrogram

    length = SECONDS * SAMPLE_RATE
    samples = np.zeros(length, np.float32)
    last = waveform[-length:]
    samples[length - len(last) :] = last
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR)
    return log_mel_spectrogram(torch.from_numpy(samples), N_MELS).numpy()


def load_end_of_turn(settings: Settings) -> SoundAndWords | None:
    """None where the model cannot be had, which is logged: turns then end after a fixed pause."""
    try:
        smart_turn, completeness = load_smart_turn(settings), load_completeness(WEIGHTS)
    except WeightsError as exc:
        log.warning("spoken turns end after a fixed pause: %s", exc)
        return None
    card = json.loads((WEIGHTS / "end-of-turn.json").read_text(encoding="utf-8"))
    return SoundAndWords(smart_turn, completeness, card["sound"], card["words"], card["both"])


def load_smart_turn(settings: Settings) -> SmartTurn:
    """Raises WeightsError where it cannot be had."""
    name = settings.turn_model
    folder = package_weights(name, settings.cache_dir) if name.startswith(PREFIX) else Path(name)
    return SmartTurn(_opened(folder))


def _opened(path: Path) -> onnxruntime.InferenceSession:
    """path: an .onnx file, or a folder that holds one. Raises WeightsError for anything else."""
    file = next(iter(sorted(path.glob("*.onnx"))), path)
    try:
        return one_thread_session(file)
    except Exception as exc:  # onnxruntime has errors of its own for each kind of damage
        raise WeightsError(f"{file} is not a Smart Turn model; correct turn_model.") from exc
