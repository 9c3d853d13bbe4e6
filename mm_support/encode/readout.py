"""What a text encoder's vectors tell: a logistic regression on them, so that it tells so in every
language that the encoder knows. Fitted by assets/training; knows no question and no entry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.files import readable


@dataclass(frozen=True)
class Readout:
    """weights: (d_text,)."""

    weights: tuple[float, ...]
    bias: float

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """(n, d_text) -> (n,)."""
        return vectors @ np.array(self.weights, np.float32) + self.bias

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """(n, d_text) -> (n,) in 0..1."""
        return 1 / (1 + np.exp(-self.logits(vectors)))


def load_readout(path: Path, module: str) -> Readout | None:
    """That of a JSON file; None where there is none for a text encoder. module: what fits it.
    Raises WeightsError.
    """
    if not path.is_file():
        return None
    with readable(path, f"run `python -m {module}`"):
        values = json.loads(path.read_text(encoding="utf-8"))
        return Readout(tuple(values["weights"]), values["bias"])
