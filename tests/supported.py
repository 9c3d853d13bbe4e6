"""Whether an entry holds a sentence of a reply: every number, name and denial of it must stand
there, and most of its words. Knows nothing of the check that let the sentence pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mm_support.types import Entry

MIN_SHARED = 0.8  # share of a sentence's words that its entry must have
DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|without|cannot|nothing|nobody)\b|n't\b", re.IGNORECASE
)
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]+")  # a capital inside a sentence


def supported(sentence: str, entry: Entry) -> bool:
    """Whether an entry holds a sentence: its numbers, names, denials, and most of its words."""
    held = f"{entry.title}. {entry.answer}"
    if not {*NUMBER.findall(sentence)} <= {*NUMBER.findall(held)}:
        return False
    if not all(name in held for name in NAME.findall(sentence)):
        return False
    if overlap(sentence, held) < MIN_SHARED:
        return False
    if DENIAL.search(sentence):
        return DENIAL.search(held) is not None
    closest = max(re.split(r"(?<=[.!?;])\s+", held), key=lambda own: overlap(sentence, own))
    return not DENIAL.search(closest) or overlap(sentence, closest) <= MIN_SHARED


def points_home(sentence: str, entry: Entry, pool: Sequence[Entry]) -> bool:
    """Whether no other entry of the base shares more of the sentence's words than the cited one."""
    best = max(overlap(sentence, f"{other.title} {other.answer}") for other in pool)
    return overlap(sentence, f"{entry.title} {entry.answer}") >= best


def overlap(sentence: str, text: str) -> float:
    """Share of the sentence's words that the text has."""
    own = set(words(sentence))
    return len(own & set(words(text))) / len(own) if own else 0.0


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
