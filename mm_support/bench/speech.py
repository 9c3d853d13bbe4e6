"""Hearing and speaking: this project's speech encoder against whisper.transcribe on the same
weights.

Speed, and what is heard where nobody speaks. Word error rates are in speech_accuracy.py.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from mm_support.bench.cost import median, seconds
from mm_support.bench.sounds import SENTENCES, spoken_by_piper, wordless
from mm_support.config import Settings
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode.speech import WhisperEncoder, load_speech_encoder
from mm_support.inputs.audio import load_waveform
from mm_support.types import SAMPLE_RATE

Clip = tuple[str, np.ndarray]  # what is said, (n,) float32 at 16 kHz
GAP = np.zeros(SAMPLE_RATE // 2, np.float32)  # between two sentences of a clip
SHORT_CLIPS = 8
LONG_CLIPS = 2  # each takes as long as ten short ones, and differs less


def measure(settings: Settings) -> dict[str, Any]:
    """Medians in seconds; each clip goes through both ways in turn, after one clip that warms both
    up.
    """
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    voice = load_voice(settings)
    spoken = [
        (sentence, spoken_by_piper(voice, sentence)) for sentence in SENTENCES[: 2 * SHORT_CLIPS]
    ]
    short = [spoken[i] if i % 2 else joined(spoken[2 * i : 2 * i + 2]) for i in range(SHORT_CLIPS)]
    long = ("", joined(spoken)[1][: 30 * SAMPLE_RATE])
    compare(encoder, short[:1])
    return {
        "clips_of_2_to_8_s": compare(encoder, short),
        "clip_of_30_s": compare(encoder, [long] * LONG_CLIPS),
        "without_speech": silence(encoder),
        "voice": speaking(settings),
    }


def compare(encoder: WhisperEncoder, clips: Sequence[Clip]) -> dict[str, float]:
    ours, plain = [], []
    for _, waveform in clips:
        ours.append(seconds(partial(encoder.transcribe, waveform)))
        plain.append(seconds(partial(plain_text, encoder, waveform)))
    middle_ours, middle_plain = median(ours, 6), median(plain, 6)
    return {
        "clip_s": median((len(waveform) / SAMPLE_RATE for _, waveform in clips), 2),
        "ours_s": round(middle_ours, 3),
        "whisper_transcribe_s": round(middle_plain, 3),
        "times_faster": round(middle_plain / middle_ours, 2),
    }


def silence(encoder: WhisperEncoder) -> dict[str, float]:
    clips = [load_waveform((SAMPLE_RATE, clip)) for clip in wordless().values()]
    times = [seconds(partial(encoder.transcribe, clip)) for clip in clips]
    return {
        "clips": len(clips),
        "with_a_transcript": sum(bool(encoder.transcribe(clip).text) for clip in clips),
        "seconds_each": median(times, 4),
    }


def speaking(settings: Settings) -> dict[str, float]:
    """Seconds of work for a second of speech, and seconds to the sound of one sentence, none of it
    remembered.
    """
    voice = load_voice(settings)
    voice.speak("One sentence to warm up.")
    times, lengths = [], []
    for sentence in SENTENCES[:10]:
        started = time.perf_counter()
        lengths.append(voice.speak(sentence).seconds)
        times.append(time.perf_counter() - started)
    return {
        "real_time_factor": round(sum(times) / sum(lengths), 3),
        "sentence_s": median(times),
    }


def plain_text(encoder: WhisperEncoder, waveform: np.ndarray) -> str:
    """The straightforward way, in float32 on a CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that a CPU has no float16
        return str(encoder.model.transcribe(waveform)["text"])


def word_errors(said: Sequence[str], heard: Sequence[str]) -> float:
    """Word error rate in percent, after Whisper's own English normalisation."""
    import jiwer
    from whisper.normalizers import EnglishTextNormalizer

    normal = EnglishTextNormalizer()
    return round(
        100 * jiwer.wer([normal(text) for text in said], [normal(text) for text in heard]), 2
    )


def joined(clips: Sequence[Clip]) -> Clip:
    """Several clips as one, with a pause behind each."""
    return " ".join(text for text, _ in clips), np.concatenate(
        [part for _, waveform in clips for part in (waveform, GAP)]
    )
