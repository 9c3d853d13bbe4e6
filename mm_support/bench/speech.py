"""Hearing as whisper does it by itself, and how many words of two transcripts differ."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from mm_support.encode.speech import WhisperEncoder


def plain_text(encoder: WhisperEncoder, waveform: np.ndarray) -> str:
    """whisper.transcribe on the encoder's weights. waveform: (n,) float32, 16 kHz."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that a CPU has no float16
        return str(encoder.model.transcribe(waveform)["text"])


def word_errors(said: Sequence[str], heard: Sequence[str]) -> float:
    """Word error rate in percent, after Whisper's own English normalisation."""
    import jiwer
    from whisper.normalizers import EnglishTextNormalizer

    normal = EnglishTextNormalizer()
    return round(100 * jiwer.wer([*map(normal, said)], [*map(normal, heard)]), 2)
