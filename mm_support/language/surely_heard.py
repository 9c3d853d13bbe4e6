"""Whether a transcript is likely right: by its confidence and its length.

Whisper's confidence is that of all its tokens, those of time included, of which even the clearest
word needs two or three: a short sentence seems less sure than it is. What both together say is
learned from sentences whose words are known (assets/training/surely_heard.py).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping

from mm_support.paths import WEIGHTS
from mm_support.types import Transcript


def surely_heard(heard: Transcript) -> bool:
    """Whether the words are rather right than wrong."""
    learned = _learned()
    measured = dict(zip(("confidence", "shortness"), features(heard)))
    return learned["bias"] + sum(learned[name] * value for name, value in measured.items()) > 0


def features(heard: Transcript) -> tuple[float, float]:
    """Confidence, and one by the length in bytes, which Whisper's tokens are made of."""
    return heard.confidence, 1 / max(1, len(heard.text.encode()))


@functools.cache
def _learned() -> Mapping[str, float]:
    return json.loads((WEIGHTS / "surely-heard.json").read_text(encoding="utf-8"))
