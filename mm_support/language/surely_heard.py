"""How likely a transcript is right: by its confidence and its length.

Whisper's confidence is that of all its tokens, those of time included, of which even the clearest
word needs two or three: a short sentence seems less sure than it is. What both together say is
learned from sentences whose words are known (assets/training/surely_heard.py).
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping

from mm_support.paths import WEIGHTS
from mm_support.types import Transcript

SURELY = 0.5  # probability from which the words are rather right than wrong
CLEARLY = 0.9  # that a number must have, of which each sign counts
LEAST = 1e-3  # confidence that is told apart from none


def heard_right(heard: Transcript) -> float:
    """The probability that the words are those that were said."""
    learned = _learned()
    logit = learned["bias"] + sum(learned[name] * value for name, value in features(heard).items())
    return 1 / (1 + math.exp(-logit))


def features(heard: Transcript) -> dict[str, float]:
    """The confidence as the mean over tokens that it is, and one by the length in bytes, which
    tokens are made of.
    """
    logarithm, length = math.log(max(LEAST, heard.confidence)), len(heard.text.encode())
    return {"confidence": logarithm, "shortness": 1 / max(1, length)}


@functools.cache
def _learned() -> Mapping[str, float]:
    return json.loads((WEIGHTS / "surely-heard.json").read_text(encoding="utf-8"))
