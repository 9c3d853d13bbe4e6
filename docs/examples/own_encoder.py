"""A text encoder of your own, which plugs in without a change elsewhere.

    PYTHONPATH=docs/examples MM_SUPPORT_TEXT_MODEL=python:own_encoder:load \
        python -m mm_support ask "Where is my parcel?"

This one knows spelling and no meaning: a word is the sum of its letters in threes, each at a place
that its checksum names (Bojanowski et al. 2017, without training). Its first start takes minutes,
since what customers do is learned for it, once a name. A network of yours, or a service
that you call, fits into the same two methods. When its vectors change, change its name too: bases
are encoded anew for every name. When to answer was fitted to other encoders; fit it to yours with
`python -m mm_support train calibrate --cases FOLDER`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from mm_support.config import Settings
from mm_support.encode.text import Pieces

DIM = 512


class SpellingEncoder:
    dim = DIM

    def encode(self, texts: Sequence[str], kind: str = "query") -> np.ndarray:
        """n texts -> (n, DIM) float32, rows of length 1. kind: "query" or "passage"."""
        return self.encode_pieces(texts, kind)[0]

    def encode_pieces(
        self, texts: Sequence[str], kind: str = "query"
    ) -> tuple[np.ndarray, list[Pieces]]:
        """The same, and the vectors of each text's words, for late interaction."""
        words = [re.findall(r"\w+", text.lower()) or [""] for text in texts]
        pieces = [Pieces([place(word) for word in own], rows(own)) for own in words]
        sums = np.stack([own.vectors.sum(0, dtype=np.float32) for own in pieces])
        return sums / np.linalg.norm(sums, axis=1, keepdims=True), pieces


def rows(words: Sequence[str]) -> np.ndarray:
    return np.stack([vector(word) for word in words]).astype(np.float16)


@lru_cache(100_000)
def vector(word: str) -> np.ndarray:
    """(DIM,) float32 of length 1."""
    letters, row = f"<{word}>", np.zeros(DIM, np.float32)
    for begin in range(max(1, len(letters) - 2)):
        row[place(letters[begin : begin + 3])] += 1
    return row / np.linalg.norm(row)


def place(text: str) -> int:
    return zlib.crc32(text.encode()) % DIM


def load(settings: Settings) -> SpellingEncoder:
    """What the setting names; weights of yours would be read from settings.cache_dir."""
    return SpellingEncoder()
