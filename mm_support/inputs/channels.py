"""Channels of a recording: those of a call are two people, those of a room are one sound.

Two people are heard apart, each without what leaks over from the other; of one sound the channels
are averaged, or the louder one is taken where they would cancel out. Knows no files and no speech.
"""

from __future__ import annotations

import numpy as np

from mm_support.types import SAMPLE_RATE

ALIKE = 0.3  # correlation of two channels from which they carry one sound
LAG = 0.02  # seconds that a sound may need from one microphone to the other: 7 m
FRAME = SAMPLE_RATE // 10  # samples whose power is compared
LEAK = 10.0  # times as strong as the other channel: there, that one only has a leak
SILENT = 1e-8  # power of a channel that carries nothing, -80 dB


def voices(channels: np.ndarray) -> list[np.ndarray]:
    """(c, n) float32 at 16 kHz -> one waveform (n,), or two where two channels hold two people. A
    constant offset, as cheap microphones add, is no sound.
    """
    channels = channels - channels.mean(axis=1, keepdims=True)
    power = np.mean(np.square(channels), axis=1, dtype=np.float64)
    used = channels[power > SILENT]
    if len(used) != 2:
        return [(used if len(used) else channels).mean(axis=0)]
    at_once, delayed = _correlations(*used)
    if delayed < ALIKE:
        return _without_leaks(used)
    return [used.mean(axis=0) if at_once >= ALIKE else channels[power.argmax()]]


def _correlations(left: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """At the same time, and the strongest with a delay of up to LAG, whatever its sign."""
    longest = round(LAG * SAMPLE_RATE)
    size = 1 << (len(left) + longest).bit_length()
    product = np.fft.rfft(left, size) * np.conj(np.fft.rfft(right, size))
    shifted = np.fft.irfft(product, size) / (np.linalg.norm(left) * np.linalg.norm(right))
    near = np.concatenate([shifted[: longest + 1], shifted[-longest:]])
    return float(shifted[0]), float(np.abs(near).max())


def _without_leaks(channels: np.ndarray) -> list[np.ndarray]:
    """Each channel, silent where the other one is far stronger."""
    length = channels.shape[1]
    frames = np.pad(channels, ((0, 0), (0, -length % FRAME))).reshape(2, -1, FRAME)
    power = np.square(frames).mean(axis=2)
    own = power * LEAK >= power[::-1]
    kept = frames * own[:, :, None]
    return list(kept.reshape(2, -1)[:, :length])
