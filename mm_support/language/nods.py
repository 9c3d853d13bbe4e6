"""Whether words only show that somebody follows: "mhm", "okay", 嗯. "Stop", "no", 等一下 do not.

Learned in five languages (assets/training/nods.py), by words and the letters in them: what it was
never shown is no nod, so it stops whoever speaks.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from mm_support.language.completeness import words_of
from mm_support.language.hashed import Hashed, load_hashed
from mm_support.paths import WEIGHTS

SURE = 1.0  # logit: to stop for a nod costs a moment, to talk over "stop" costs a customer
LONGEST = 3  # letters in a row that count


def is_nod(text: str) -> bool:
    """Raises WeightsError where its weights are damaged."""
    words = words_of(text)
    return bool(words) and _learned().logit(features(words)) > SURE


def features(words: list[str]) -> Iterator[str]:
    said = f" {' '.join(words)} "
    yield f"all {said}"
    yield f"count {min(len(words), 5)}"
    yield from (f"word {word}" for word in words)
    for length in range(2, LONGEST + 1):
        yield from (said[start : start + length] for start in range(len(said) - length + 1))


@functools.cache
def _learned() -> Hashed:
    return load_hashed(WEIGHTS, "nods")
