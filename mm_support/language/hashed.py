"""Logistic regression over named features of a text; their checksums are their places.

Small enough to come with the code, and in any language that it was shown. Knows no feature.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.files import SHIPPED, readable


@dataclass(frozen=True, eq=False)
class Hashed:
    """weights: (size,) float32. bias: the logit of a text without any known feature."""

    weights: np.ndarray
    bias: float

    def logit(self, names: Iterable[str]) -> float:
        return float(self.weights[places(names, len(self.weights))].sum() + self.bias)


def places(names: Iterable[str], size: int) -> list[int]:
    return sorted({zlib.crc32(name.encode()) % size for name in names})


def load_hashed(folder: Path, name: str) -> Hashed:
    """Of NAME.safetensors and NAME.json. Raises WeightsError where they cannot be read."""
    from safetensors.numpy import load_file

    file = folder / f"{name}.safetensors"
    with readable(file, SHIPPED):
        weights = load_file(file)["weights"].astype(np.float32)
        card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        return Hashed(weights, float(card["bias"]))
