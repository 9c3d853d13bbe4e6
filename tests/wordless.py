"""Sounds without a word, and a second synthetic voice."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from mm_support.bench.sounds import pink
from mm_support.inputs.audio import load_waveform
from mm_support.types import SAMPLE_RATE

SECONDS = 4  # of each sound without speech
# Hz
CHORDS = ((440,), (262, 330, 392), (220, 277, 330, 440), (523, 659, 784), (196, 247, 294))


def wordless(seed: int = 0) -> dict[str, np.ndarray]:
    """40 clips without a word: silence, white and pink noise, hum, clicks, coughs, chords,
    melodies, telephone tones.
    """
    rng = np.random.default_rng(seed)
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    clips: dict[str, np.ndarray] = {"digital silence": np.zeros(len(time))}
    for decibels in (-80, -70, -60):
        clips[f"silence {-decibels} dB"] = rng.normal(0, 10 ** (decibels / 20), len(time))
    for level in (0.003, 0.01, 0.03, 0.1, 0.3):
        clips[f"white noise {level}"] = rng.normal(0, level, len(time))
    for level in (0.01, 0.05, 0.2, 0.5, 0.9):
        clips[f"pink noise {level}"] = level * pink(rng, len(time))
    clips |= {f"hum {pitch} Hz": 0.3 * tone(time, pitch, 5) for pitch in (50, 60, 100, 120)}
    clips |= {f"{count} clicks": bursts(rng, time, count, 0.006) for count in (3, 6, 12, 24)}
    clips |= {f"{count} coughs": bursts(rng, time, count, 0.25) for count in (1, 2, 3)}
    for number, pitches in enumerate(CHORDS):
        tones = [tone(time, pitch, 3) for pitch in pitches]
        clips[f"chord {number}"] = 0.2 * np.sum(tones, axis=0)
    clips |= {f"melody {number}": melody(rng, time) for number in range(5)}
    for pitch in (300, 700):
        wobble = 8 * np.sin(11 * np.pi * time)
        clips[f"vibrato {pitch} Hz"] = 0.3 * np.sin(2 * np.pi * pitch * time + wobble)
    for rate in (200, 800):
        rising = 100 + rate / 2 * time
        clips[f"sweep {rate} Hz/s"] = 0.3 * np.sin(2 * np.pi * rising * time)
    clips["ringing"] = 0.3 * (tone(time, 440, 1) + tone(time, 480, 1)) * (time % 2 < 1)
    return {name: np.clip(clip, -1, 1).astype(np.float32) for name, clip in clips.items()}


def tone(time: np.ndarray, pitch: float | np.ndarray, overtones: int) -> np.ndarray:
    """A tone of `pitch` Hz; the k-th overtone has an amplitude of 1/k."""
    waves = [np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, overtones + 1)]
    return np.sum(waves, axis=0)


def bursts(rng: np.random.Generator, time: np.ndarray, count: int, seconds: float) -> np.ndarray:
    """Dying bursts of pink noise at random moments over a quiet floor: clicks when short, coughs
    when long.
    """
    clip, length = rng.normal(0, 0.001, len(time)), round(seconds * SAMPLE_RATE)
    dying = np.exp(-np.arange(length) / (length / 4))
    for start in rng.integers(0, len(time) - length, count):
        clip[start : start + length] += 0.6 * pink(rng, length) * dying
    return clip


def melody(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Plucked notes of random pitch within two octaves, three a second."""
    pitches = 220 * 2 ** (rng.integers(0, 24, 3 * SECONDS + 1) / 12)
    return 0.4 * tone(time, pitches[(3 * time).astype(int)], 2) * np.exp(-6 * (time % (1 / 3)))


def spoken_by_espeak(sentence: str) -> np.ndarray | None:
    """(n,) float32, 16 kHz, by the espeak-ng command; None where it is not installed."""
    if shutil.which("espeak-ng") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sentence.wav")
        subprocess.run(
            ["espeak-ng", "-v", "en-us", "-w", str(path), "--", sentence], check=True, timeout=60
        )
        return load_waveform(path)
