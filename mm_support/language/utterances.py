"""What words are in a talk: a whole utterance or its beginning, a nod, a wish to go on.

    "how can I" breaks off, "how can I pay" is whole
    "mhm", "okay", 嗯 only show that one follows; "stop", "no", 等一下 do not
    "go on", 还有呢 ask for what was not said yet

Logistic regressions over named features of a text, whose checksums are their places: small enough
to come with the code. Learned in five languages (assets/training/end_of_turn.py, nods.py). What a
nod was never shown is none, so it stops whoever speaks. Knows no sound.
"""

from __future__ import annotations

import functools
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.files import SHIPPED, readable
from mm_support.paths import WEIGHTS

COUNTED = 6  # words; from so many on, an utterance is long
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:'[^\W_]+)*")
SURE = 1.0  # logit: to stop for a nod costs a moment, to talk over "stop" costs a customer
LONGEST = 3  # letters in a row that count


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


@dataclass(frozen=True, eq=False)
class Completeness:
    learned: Hashed

    def logit(self, text: str) -> float:
        """Above 0: rather whole; below: rather not. 0 where there are no words."""
        words = words_of(text)
        return self.learned.logit(ending_features(words)) if words else 0.0


def words_of(text: str) -> list[str]:
    """In small letters, numbers as one word; Chinese by characters."""
    words = WORD.findall(text.lower().replace("’", "'"))
    return ["9" if word.isdigit() else word for word in words]


def ending_features(words: list[str]) -> Iterator[str]:
    """By the last words and the first two."""
    first = " ".join(words[:2])
    yield f"count {min(len(words), COUNTED)}"
    yield f"ending {words[-1][-3:]}"
    yield from (f"last {length}: {' '.join(words[-length:])}" for length in range(1, 5))
    yield f"first: {first}"
    yield from (f"{begin} ... {words[-1]}" for begin in (words[0], first))


def load_completeness(folder: Path) -> Completeness:
    """Raises WeightsError where the folder does not hold its weights."""
    return Completeness(load_hashed(folder, "end-of-turn"))


def is_nod(text: str) -> bool:
    """Raises WeightsError where its weights are damaged."""
    return _is("nods", text)


def goes_on(text: str) -> bool:
    """Raises WeightsError where its weights are damaged."""
    return _is("going-on", text)


def _is(name: str, text: str) -> bool:
    words = words_of(text)
    return bool(words) and _learned(name).logit(nod_features(words)) > SURE


def nod_features(words: list[str]) -> Iterator[str]:
    """By the words and the letters in them."""
    said = f" {' '.join(words)} "
    yield f"all {said}"
    yield f"count {min(len(words), 5)}"
    yield from (f"word {word}" for word in words)
    for length in range(2, LONGEST + 1):
        yield from (said[start : start + length] for start in range(len(said) - length + 1))


@functools.cache
def _learned(name: str) -> Hashed:
    return load_hashed(WEIGHTS, name)
