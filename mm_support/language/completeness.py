"""Whether words are a whole utterance, or break off: "how can I" does, "how can I pay" does not.

Logistic regression over the last words of an utterance and its first two (their checksums are the
features), learned in five languages from utterances and their beginnings
(assets/training/end_of_turn.py). Knows no sound.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.errors import WeightsError

FEATURES = 1 << 15
COUNTED = 6  # words; from so many on, an utterance is long
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:'[^\W_]+)*")


@dataclass(frozen=True, eq=False)
class Completeness:
    """weights: (FEATURES,) float32; bias: its logit for an utterance without any known feature."""

    weights: np.ndarray
    bias: float

    def logit(self, text: str) -> float:
        """Above 0: rather whole; below: rather not. 0 where there are no words."""
        words = words_of(text)
        if not words:
            return 0.0
        return float(self.weights[features(words)].sum() + self.bias)


def words_of(text: str) -> list[str]:
    """In small letters, numbers as one word; Chinese by characters."""
    words = WORD.findall(text.lower().replace("’", "'"))
    return ["9" if word.isdigit() else word for word in words]


def features(words: list[str]) -> list[int]:
    return sorted({zlib.crc32(name.encode()) % FEATURES for name in _named(words)})


def _named(words: list[str]) -> Iterator[str]:
    first = " ".join(words[:2])
    yield f"count {min(len(words), COUNTED)}"
    yield f"ending {words[-1][-3:]}"
    yield from (f"last {length}: {' '.join(words[-length:])}" for length in range(1, 5))
    yield f"first: {first}"
    yield from (f"{begin} ... {words[-1]}" for begin in (words[0], first))


def load_completeness(folder: Path) -> Completeness:
    """folder: of end-of-turn.safetensors and .json. Raises WeightsError where they cannot be
    read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = load_file(folder / "end-of-turn.safetensors")["weights"].astype(np.float32)
        card = json.loads((folder / "end-of-turn.json").read_text(encoding="utf-8"))
        return Completeness(weights, float(card["bias"]))
    except (OSError, ValueError, KeyError, SafetensorError) as exc:
        raise WeightsError(f"{folder} holds no end-of-turn weights: {exc}") from exc
