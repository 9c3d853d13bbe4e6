"""Whether a sentence says whom to call in an emergency: by an emergency number of a country whose
language it is in (phonenumbers), or in English words.

A guess: it may bring a sentence into a reply and keep none out.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.detect import language_of
from mm_support.language.facts import facts_of

NUMBER = re.compile(r"(?<![A-Za-z0-9.,/:+-])\d{3}(?![A-Za-z0-9/:%-]|[.,]\d)")  # of two: too much
ENGLISH = ("US", "GB", "AU")
WORDS = re.compile(
    r"\b(?:call|dial|phone|ring)\b[^.;]*\b(?:ambulance|emergency)\b|\bemergency number\b",
    re.IGNORECASE,
)


def is_emergency(sentence: str) -> bool:
    if WORDS.search(sentence):
        return True
    numbers = NUMBER.findall(sentence)
    counted = {amount.said for amount in facts_of(sentence).amounts if amount.kind}
    return any(map(_answers(language_of(sentence)), set(numbers) - counted)) if numbers else False


@functools.cache
def _answers(language: str):
    """Tells of a number whether an emergency service answers it where a language is spoken."""
    from babel.core import get_global
    from phonenumbers import is_emergency_number

    likely = get_global("likely_subtags").get(language, "")
    regions = ENGLISH if language == "en" else (likely.rpartition("_")[2],)
    return functools.cache(lambda number: any(is_emergency_number(number, r) for r in regions))
