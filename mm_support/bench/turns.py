"""When a spoken turn ends: how often it is cut off in a pause, and how long its end takes.

Sentences are spoken by the Piper voice with a pause inside, where people look for words, half of
them with a noise behind, and listened to in pieces, as a browser sends them. Seconds are of sound:
computing is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.bench.cost import median
from mm_support.bench.sounds import pink, spoken_by_piper
from mm_support.decode.voice import Voice
from mm_support.encode.end_of_turn import SoundAndWords
from mm_support.encode.live import LiveTurn
from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.vad import VoiceActivity
from mm_support.types import SAMPLE_RATE

EVERY = 3  # of the sentences
HESITATIONS = (
    Path(__file__).with_name("hesitations.txt").read_text(encoding="utf-8").splitlines()[::EVERY]
)
PAUSES = (0.4, 1.1)  # seconds, the shortest and the longest
PIECE = 0.2  # seconds that a browser sends at once
NOISE = 0.01  # peak of the pink noise behind half of the recordings
BEHIND = 2.0  # seconds of silence behind the last word


def recordings(
    voice_activity: VoiceActivity, voice: Voice, seed: int = 0
) -> Iterator[tuple[np.ndarray, float]]:
    """(samples at 16 kHz, second in which the last word ends) of each sentence."""
    rng = np.random.default_rng(seed)
    for number, sentence in enumerate(HESITATIONS):
        first, last = sentence.split(" | ")
        spoken = [
            speech_of(voice_activity, spoken_by_piper(voice, part)) for part in (f"{first},", last)
        ]
        pause = np.zeros(round(rng.uniform(*PAUSES) * SAMPLE_RATE), np.float32)
        said = np.concatenate([spoken[0], pause, spoken[1]])
        waveform = np.pad(said, (SAMPLE_RATE // 2, round(BEHIND * SAMPLE_RATE)))
        if number % 2:
            waveform = waveform + NOISE * pink(rng, len(waveform)).astype(np.float32)
        yield waveform, 0.5 + len(said) / SAMPLE_RATE


def speech_of(voice_activity: VoiceActivity, waveform: np.ndarray) -> np.ndarray:
    """The recording without the silence around what is said."""
    spans = voice_activity.spans(waveform)
    return waveform[spans[0][0] : spans[-1][1]] if spans else waveform


def ends(
    takes: Sequence[tuple[np.ndarray, float]], encoder: SpeechEncoder, model: SoundAndWords | None
) -> dict[str, Any]:
    """model: hears the end of a turn; None: a fixed pause ends it."""
    heard = [
        (end_of(LiveTurn(encoder, encoder.voice, end_of_turn=model), waveform), spoken)
        for waveform, spoken in takes
    ]
    late = [end - spoken for end, spoken in heard if end >= spoken]
    return {
        "turns": len(heard),
        "cut_off_percent": round(100 * (1 - len(late) / len(heard)), 1),
        "end_of_speech_to_end_of_turn_s": median(late, 2) if late else None,
        "slowest_s": round(max(late), 2) if late else None,
    }


def end_of(turn: LiveTurn, waveform: np.ndarray) -> float:
    """The second in which the turn ends."""
    step = round(PIECE * SAMPLE_RATE)
    for start in range(0, len(waveform), step):
        if turn.add(SAMPLE_RATE, waveform[start : start + step]).ended:
            return (start + step) / SAMPLE_RATE
    return len(waveform) / SAMPLE_RATE
