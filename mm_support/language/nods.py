"""What is said to somebody who speaks: whether words only show that one follows ("mhm", "okay", 嗯;
"stop", "no", 等一下 do not), and whether they ask for what was not said yet ("go on", 还有呢).

Learned in five languages (assets/training/nods.py), by words and the letters in them: what it was
never shown is neither, so it stops whoever speaks.
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
    return _is("nods", text)


def goes_on(text: str) -> bool:
    """Raises WeightsError where its weights are damaged."""
    return _is("going-on", text)


def _is(name: str, text: str) -> bool:
    words = words_of(text)
    return bool(words) and _learned(name).logit(features(words)) > SURE


def features(words: list[str]) -> Iterator[str]:
    said = f" {' '.join(words)} "
    yield f"all {said}"
    yield f"count {min(len(words), 5)}"
    yield from (f"word {word}" for word in words)
    for length in range(2, LONGEST + 1):
        yield from (said[start : start + length] for start in range(len(said) - length + 1))


@functools.cache
def _learned(name: str) -> Hashed:
    return load_hashed(WEIGHTS, name)
