"""Voice activity: where in a recording somebody speaks.

Silero VAD (Silero Team, MIT) as an ONNX model that takes a whole recording in one call; its file is
read out of the installed package, whose code is never imported. Knows nothing of words or
languages.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_support.errors import WeightsError
from mm_support.types import SAMPLE_RATE

if TYPE_CHECKING:
    import onnxruntime

FRAME = 512  # samples, 32 ms: what one probability stands for
CONTEXT = 64  # samples before a frame that the model sees too
STATE = (1, 1, 128)  # of its LSTM
FRAMES_PER_SECOND = SAMPLE_RATE / FRAME

SPEECH = 0.5  # probability above which speech begins
SILENCE = 0.35  # probability down to which it goes on
MIN_SPEECH = 0.2  # seconds; a cough or a click is shorter
MIN_PAUSE = 0.3  # seconds; a shorter gap belongs to the sentence
# seconds of silence that are listened to once more by themselves: behind a louder voice the model
# takes somebody who is farther away for noise
AFRESH = 1.0

Span = tuple[int, int]  # first sample, sample after the last


class VoiceActivity:
    """Silero VAD. Any number of threads may use one object: it keeps no state between calls."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def probabilities(self, waveform: np.ndarray) -> np.ndarray:
        """(n,) float32, 16 kHz -> (ceil(n / 512),) probability of speech of each frame."""
        count = -(-len(waveform) // FRAME)
        padded = np.zeros(CONTEXT + count * FRAME, np.float32)
        padded[CONTEXT : CONTEXT + len(waveform)] = waveform
        frames = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + FRAME)[::FRAME]
        state = np.zeros(STATE, np.float32)
        inputs = {"input": np.ascontiguousarray(frames), "h": state, "c": state}
        return np.asarray(self._session.run(["speech_probs"], inputs)[0])

    def spans(self, waveform: np.ndarray, least: float = MIN_SPEECH) -> tuple[Span, ...]:
        """Stretches of speech in samples, in order, of `least` seconds each; empty where nobody
        speaks.
        """
        spans = self._spans(waveform, least)
        stops = [stop for _, stop in spans]
        pauses = zip(stops, [*(start for start, _ in spans[1:]), len(waveform)])
        missed = (
            (stop + first, stop + last)
            for stop, start in pauses
            if start - stop >= AFRESH * SAMPLE_RATE
            for first, last in self._spans(waveform[stop:start], least)
        )
        return without_gaps(sorted([*spans, *missed]))

    def _spans(self, waveform: np.ndarray, least: float) -> list[Span]:
        """The same as heard from one end to the other."""
        if not len(waveform):
            return []
        spans = speech_frames(self.probabilities(waveform), least)
        return [(start * FRAME, min(stop * FRAME, len(waveform))) for start, stop in spans]


def speech_frames(probabilities: np.ndarray, least: float = MIN_SPEECH) -> list[Span]:
    """Stretches of frames with speech: begun above SPEECH, held down to SILENCE, short gaps closed.
    What has less than `least` seconds above SPEECH is none.
    """
    spans: list[Span] = []
    for held, frames in groupby(range(len(probabilities)), lambda i: probabilities[i] >= SILENCE):
        frames = list(frames)
        if not held or max(probabilities[frames]) < SPEECH:
            continue
        start, stop = frames[0], frames[-1] + 1
        if spans and start - spans[-1][1] < MIN_PAUSE * FRAMES_PER_SECOND:
            start = spans.pop()[0]
        spans.append((start, stop))
    return [
        span
        for span in spans
        if (probabilities[slice(*span)] >= SPEECH).sum() >= least * FRAMES_PER_SECOND
    ]


def without_gaps(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans, in order; those that are less than a pause apart as one."""
    whole: list[Span] = []
    for start, stop in spans:
        if whole and start - whole[-1][1] < MIN_PAUSE * SAMPLE_RATE:
            start = whole.pop()[0]
        whole.append((start, stop))
    return tuple(whole)


def load_voice_activity() -> VoiceActivity:
    """Raises WeightsError where the package that carries the model is missing."""
    return VoiceActivity(one_thread_session(_model_file()))  # a second of sound takes 3 ms


def one_thread_session(file: Path) -> onnxruntime.InferenceSession:
    """A small ONNX model on one thread of a processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])


def _model_file() -> Path:
    """The package is not imported: that would limit torch to one thread for everybody."""
    spec = importlib.util.find_spec("silero_vad")
    if spec and spec.origin:
        path = Path(spec.origin).parent / "data" / "silero_vad_16k_sequence.onnx"
        if path.is_file():
            return path
    raise WeightsError(
        "The voice activity model is missing; run `pip install 'silero-vad>=6.2.3,<7'`."
    )
