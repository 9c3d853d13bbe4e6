"""Whether words are a whole utterance, or break off: "how can I" does, "how can I pay" does not.

Learned in five languages from utterances and their beginnings (assets/training/end_of_turn.py), by
their last words and their first two. Knows no sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mm_support.language.hashed import Hashed, load_hashed

COUNTED = 6  # words; from so many on, an utterance is long
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:'[^\W_]+)*")


@dataclass(frozen=True, eq=False)
class Completeness:
    learned: Hashed

    def logit(self, text: str) -> float:
        """Above 0: rather whole; below: rather not. 0 where there are no words."""
        words = words_of(text)
        return self.learned.logit(features(words)) if words else 0.0


def words_of(text: str) -> list[str]:
    """In small letters, numbers as one word; Chinese by characters."""
    words = WORD.findall(text.lower().replace("’", "'"))
    return ["9" if word.isdigit() else word for word in words]


def features(words: list[str]) -> Iterator[str]:
    first = " ".join(words[:2])
    yield f"count {min(len(words), COUNTED)}"
    yield f"ending {words[-1][-3:]}"
    yield from (f"last {length}: {' '.join(words[-length:])}" for length in range(1, 5))
    yield f"first: {first}"
    yield from (f"{begin} ... {words[-1]}" for begin in (words[0], first))


def load_completeness(folder: Path) -> Completeness:
    """Raises WeightsError where the folder does not hold its weights."""
    return Completeness(load_hashed(folder, "end-of-turn"))
