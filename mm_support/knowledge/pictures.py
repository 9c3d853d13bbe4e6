"""How likely a photo shows an entry: its pictures and its words, each calibrated, as one number.

    nearest   cosine with the entry's most similar picture: one good picture is enough
    mean      cosine with the mean of its pictures: many pictures say what they have in common
    words     cosine with the entry's title, by the image encoder's text tower

A logistic regression weighs the three (assets/training/image.py fits it on photos of products that were left
out of training). Where pictures are all alike, drawn by one hand or taken before one wall, every
entry is likely; so an entry loses by as much as another one is likelier. Knows no model, file or
index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.types import Hit

# an entry's score falls by exp(-STAND_OUT) for each unit of log odds that the likeliest entry is
# ahead
STAND_OUT = 0.15
ALIKE = 0.6  # share of the best photo score from which on an entry looks similar


@dataclass(frozen=True)
class PictureCalibration:
    """Weights of the three cosines and the bias; and the same for an entry without pictures."""

    nearest: float
    mean: float
    words: float
    bias: float
    only_words: float
    only_words_bias: float


CLIP_LITE = PictureCalibration(
    7.75, 8.88, 5.85, -7.89, 12.58, -2.64
)  # assets/weights/clip-lite.json


def picture_scores(logits: np.ndarray) -> np.ndarray:
    """(n,) log odds of n >= 1 entries -> (n,) their probabilities, each lowered by how far the
    likeliest one is ahead.
    """
    return np.exp(STAND_OUT * (logits - logits.max())) / (1 + np.exp(-logits))


def picture_logit(
    query: np.ndarray,
    pictures: np.ndarray,
    words: np.ndarray | None,
    weights: PictureCalibration = CLIP_LITE,
) -> float:
    """Log odds that the photo shows the entry.

    query: (d,) unit vector of the photo. pictures: (n, d) unit vectors of the entry's pictures, n
    may be 0. words: (d,) unit vector of its title, or None where there are pictures.
    """
    worded = 0.0 if words is None else float(words @ query)
    if len(pictures):
        centre = pictures.mean(axis=0)
        logit = (
            weights.nearest * float((pictures @ query).max())
            + weights.words * worded
            + weights.bias
        )
        return logit + weights.mean * float(centre @ query) / max(
            float(np.linalg.norm(centre)), 1e-6
        )
    return weights.only_words * worded + weights.only_words_bias


def gallery(hits: Sequence[Hit]) -> tuple[Path, ...]:
    """A picture of each entry that looks like the customer's photo, best first."""
    pictured = [hit for hit in hits if hit.entry.pictures and hit.by.get("photo", 0.0) > 0]
    best = max((hit.by["photo"] for hit in pictured), default=0.0)
    alike = [hit for hit in pictured if hit.by["photo"] >= ALIKE * best]
    return tuple(hit.entry.pictures[0] for hit in sorted(alike, key=lambda hit: -hit.by["photo"]))
