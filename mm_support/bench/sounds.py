"""Sounds to measure and train with: noise to mix in, and sentences spoken by Piper."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mm_support.decode.voice import Voice
from mm_support.inputs.audio import load_waveform

SENTENCES = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()


def pink(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count,) noise with a power of 1/f, peak 1."""
    spectrum = np.fft.rfft(rng.normal(size=count))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    return noise / np.abs(noise).max()


def with_noise(waveform: np.ndarray, decibels: float, noise: np.ndarray) -> np.ndarray:
    """(n,) float32: the waveform with the noise, `decibels` below its mean power."""
    power = np.mean(waveform**2) / 10 ** (decibels / 10)
    return (waveform + noise * np.sqrt(power / np.mean(noise**2))).astype(np.float32)


def spoken_by_piper(voice: Voice, sentence: str) -> np.ndarray:
    """(n,) float32, 16 kHz."""
    sound = voice.speak(sentence)
    return load_waveform((sound.rate, sound.samples))
