"""Whether a sentence says whom to call in an emergency: by an emergency number of a country whose
language it is in (phonenumbers), or in English words.

A guess: it may bring a sentence into a reply and keeps none out of an answer.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.detect import language_of
from mm_support.language.facts import facts_of
from mm_support.language.regions import region_of
from mm_support.language.sentences import split_sentences

NUMBER = re.compile(r"(?<![A-Za-z0-9.,/:+-])\d{3}(?![A-Za-z0-9/:%-]|[.,]\d)")  # of two: too much
ENGLISH = ("US", "GB", "AU")
WORDS = re.compile(
    r"\b(?:call|dial|phone|ring)\b[^.;]*\b(?:ambulance|emergency|at once|immediately)\b"
    r"|\bimmediately (?:call|dial|phone|ring)\b|\bemergency number\b",
    re.IGNORECASE,
)


def emergency_sentences(text: str) -> list[str]:
    """Those of a text that say whom to call."""
    return [sentence for sentence in split_sentences(text) if is_emergency(sentence)]


def is_emergency(sentence: str) -> bool:
    counted = {amount.said for amount in facts_of(sentence).amounts if amount.kind}
    numbers = set(NUMBER.findall(sentence)) - counted
    language = language_of(sentence)
    named = any(_is_answered(number, language) for number in numbers)
    return named or bool(WORDS.search(sentence))


@functools.cache
def _is_answered(number: str, language: str) -> bool:
    """Whether an emergency service answers a number where a language is mostly spoken."""
    from phonenumbers import is_emergency_number

    regions = ENGLISH if language == "en" else (region_of(language),)
    return any(is_emergency_number(number, region) for region in regions)
