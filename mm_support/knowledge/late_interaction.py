"""Late interaction: how well each word piece of a question is met by the best piece of an entry.

A vector of a whole sentence forgets words; here each word of the question looks for its own
counterpart, in context (MaxSim, Khattab and Zaharia 2020). An entry keeps one vector for each piece
that it uses, the mean of all places where it does, in bytes: about 30 kB. Knows no model, file or
index; how the best piece is found, scoring.py does for many entries at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mm_support.encode.text import Pieces

MOST = 1_000  # pieces that an entry keeps, the first ones
LARGEST = 127  # of a signed byte


def merged(texts: Sequence[Pieces]) -> np.ndarray:
    """(m, d) float32 unit rows, one for each piece of the texts, in order of first use."""
    vectors = np.concatenate([text.vectors for text in texts]).astype(np.float32)
    ids = np.array([piece for text in texts for piece in text.ids], np.int64)
    if not len(ids):
        return unit(vectors)
    _, first, place = np.unique(ids, return_index=True, return_inverse=True)
    order = np.argsort(place, kind="stable")
    begins = np.flatnonzero(np.diff(place[order], prepend=-1))
    sums = np.add.reduceat(vectors[order], begins, axis=0)
    return unit(sums[np.argsort(first)[:MOST]])


def likeness(asked: np.ndarray, kept: np.ndarray) -> float:
    """(t, d) asked, (m, d) kept unit rows -> the mean of each asked row's highest cosine; or 0."""
    return max(0.0, float((asked @ kept.T).max(axis=1).mean())) if len(asked) and len(kept) else 0.0


def quantised(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(m, d) -> (m, d) int8, stretched to the full range, and (m,) float32 scales: a row times its
    scale has length 1 again.
    """
    peaks = np.abs(rows).max(axis=1, keepdims=True, initial=1e-9)
    small = np.round(LARGEST * rows / peaks).astype(np.int8)
    lengths = np.linalg.norm(small.astype(np.float32), axis=1)
    return small, 1 / np.maximum(lengths, 1e-9)


def unit(rows: np.ndarray) -> np.ndarray:
    """(d,) or (n, d) -> the same with length 1 each."""
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
