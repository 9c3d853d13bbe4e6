"""When a spoken turn ends, by file: how often it is cut off in a pause, and how long its end takes;
and whether the assistant can be interrupted, and does not interrupt itself.

Sentences are spoken by the Piper voice with a pause inside, where people look for words, clean and
with a noise behind. Each is listened to in pieces, as a browser sends them, once with the model
that hears the end of a turn and once without. Seconds are of sound: computing is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.bench.cost import median
from mm_support.bench.sounds import SENTENCES, pink, spoken_by_piper
from mm_support.decode.voice import Voice
from mm_support.encode.end_of_turn import EndOfTurn
from mm_support.encode.live import LiveTurn
from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.vad import VoiceActivity
from mm_support.types import SAMPLE_RATE

EVERY = 3  # of the sentences: each is listened to twice, piece by piece
HESITATIONS = (
    Path(__file__).with_name("hesitations.txt").read_text(encoding="utf-8").splitlines()[::EVERY]
)
PAUSES = (0.4, 1.1)  # seconds, the shortest and the longest
PIECE = 0.2  # seconds that a browser sends at once
NOISE = 0.01  # peak of the pink noise behind half of the recordings
QUICK = 0.1  # the same while the assistant speaks
ECHOES = (-90, -20, -10)  # dB of its own voice in the microphone; -90 is none
INTERRUPTED = 4  # replies
BEHIND = 2.0  # seconds of silence behind the last word


def measure(encoder: SpeechEncoder, voice: Voice, end_of_turn: EndOfTurn | None) -> dict[str, Any]:
    """Figures with the model and with a fixed pause alone, and of interruptions. end_of_turn: None
    where the model cannot be had.
    """
    takes = list(recordings(encoder.voice, voice))
    ways = {"by_sound_and_words": end_of_turn, "by_a_fixed_pause": None}
    ends = {name: _ended(takes, encoder, way) for name, way in ways.items()}
    return {"turns": ends, "interruptions": interruptions(encoder, voice)}


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


def _ended(
    takes: list[tuple[np.ndarray, float]], encoder: SpeechEncoder, end_of_turn: EndOfTurn | None
) -> dict[str, Any]:
    ends = [
        (_end(LiveTurn(encoder, encoder.voice, end_of_turn=end_of_turn), waveform), spoken)
        for waveform, spoken in takes
    ]
    late = [end - spoken for end, spoken in ends if end >= spoken]
    return {
        "turns": len(ends),
        "cut_off_percent": round(100 * (len(ends) - len(late)) / len(ends), 1),
        "end_of_speech_to_end_of_turn_s": median(late, 2) if late else None,
        "slowest_s": round(max(late), 2) if late else None,
    }


def _end(turn: LiveTurn, waveform: np.ndarray) -> float:
    """The second in which the turn ends."""
    step = round(PIECE * SAMPLE_RATE)
    for start in range(0, len(waveform), step):
        if turn.add(SAMPLE_RATE, waveform[start : start + step]).ended:
            return (start + step) / SAMPLE_RATE
    return len(waveform) / SAMPLE_RATE


def interruptions(encoder: SpeechEncoder, voice: Voice) -> dict[str, Any]:
    """The assistant's own voice, alone and with a customer who speaks over it from the first second
    on.
    """
    replies = [spoken_by_piper(voice, text) for text in SENTENCES[-INTERRUPTED:]]
    said = SENTENCES[-INTERRUPTED:]
    customers = [spoken_by_piper(voice, text) for text in SENTENCES[:INTERRUPTED]]
    results: dict[str, Any] = {}
    for decibels in ECHOES:
        echoes = [10 ** (decibels / 20) * reply for reply in replies]
        alone = [_interjected(encoder, echo, text) for echo, text in zip(echoes, said)]
        over = [
            _interjected(encoder, _over(echo, customer), text)
            for echo, customer, text in zip(echoes, customers, said)
        ]
        stopped = [stop for _, stop in over if stop is not None]
        waited = [wait for wait, _ in over if wait is not None]
        results[f"echo_{decibels}_db"] = {
            "replies": len(said),
            "stopped_by_its_own_voice": sum(stop is not None for _, stop in alone),
            "stopped_by_the_customer": len(stopped),
            "speech_to_waiting_s": median((wait - 1 for wait in waited), 2) if waited else None,
            "speech_to_stop_s": median((stop - 1 for stop in stopped), 2) if stopped else None,
        }
    return results


def _over(echo: np.ndarray, customer: np.ndarray) -> np.ndarray:
    """The echo with a customer who begins to speak a second later."""
    mixed = np.zeros(max(len(echo), SAMPLE_RATE + len(customer)), np.float32)
    mixed[: len(echo)] += echo
    mixed[SAMPLE_RATE : SAMPLE_RATE + len(customer)] += customer
    return mixed


def _interjected(
    encoder: SpeechEncoder, waveform: np.ndarray, said: str
) -> tuple[float | None, float | None]:
    """The seconds in which the assistant waits for the last time, and in which it stops."""
    waveform = np.pad(waveform, (0, SAMPLE_RATE // 2))
    turn, step, waits = LiveTurn(encoder, encoder.voice), round(QUICK * SAMPLE_RATE), None
    for start in range(0, len(waveform), step):
        second = (start + step) / SAMPLE_RATE
        now = turn.interject(SAMPLE_RATE, waveform[start : start + step], said)
        if now.stops:
            return waits, second
        waits = (waits or second) if now.speaking else None
    return waits, None
