"""How likely a photo shows an entry: its pictures and its words, each calibrated, as one number.

    nearest   cosine with the entry's most similar picture: one good picture is enough
    mean      cosine with the mean of its pictures: many pictures say what they have in common
    words     cosine with the entry's title, by the image encoder's text tower

A logistic regression weighs the three (assets/training/image.py fits it on photos of products that
were left out of training). Where pictures are all alike, drawn by one hand or taken before one
wall, every entry is likely; so an entry loses by as much as another one is likelier (scoring.py
computes it). Knows no model, file or index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


# assets/weights/clip-lite.json
CLIP_LITE = PictureCalibration(7.75, 8.88, 5.85, -7.89, 12.58, -2.64)


def gallery(hits: Sequence[Hit]) -> tuple[Path, ...]:
    """A picture of each entry that looks like the customer's photo, best first."""
    pictured = [hit for hit in hits if hit.entry.pictures and hit.by.get("photo", 0.0) > 0]
    best = max((hit.by["photo"] for hit in pictured), default=0.0)
    alike = [hit for hit in pictured if hit.by["photo"] >= ALIKE * best]
    return tuple(hit.entry.pictures[0] for hit in sorted(alike, key=lambda hit: -hit.by["photo"]))
