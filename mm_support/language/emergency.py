"""Whether a sentence says whom to call in an emergency: by an emergency number of a country whose
language it is in (phonenumbers) that is to be called, or in English words.

A guess: it may bring a sentence into a reply and keeps none out of an answer.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.detect import language_of
from mm_support.language.facts import facts_of
from mm_support.language.messages import languages, message
from mm_support.language.regions import region_of
from mm_support.language.sentences import split_sentences, without_step_number
from mm_support.language.telephone import without_phones
from mm_support.language.terms import edged, one_of

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
    if WORDS.search(sentence):
        return True
    counted = {amount.said for amount in facts_of(sentence).amounts if amount.kind}
    numbers = set(NUMBER.findall(without_phones(sentence))) - counted
    language = language_of(sentence)
    named = any(_is_answered(number, language) for number in numbers)
    return named and _is_to_be_called(sentence, language)


def _is_to_be_called(sentence: str, language: str) -> bool:
    """Whether a sentence with such a number speaks of calling or of who is called, and not of error
    911 or room 112; or is nothing but the number. Unknown of a language that has no file.
    """
    alone = not re.search(r"[^\W\d_]", without_step_number(sentence))
    return alone or language not in languages() or bool(_calling().search(sentence))


@functools.cache
def _calling() -> re.Pattern[str]:
    """Of all languages, since that of a short sentence is easily mistaken."""
    listed = ", ".join(message("emergency.call", language) for language in languages())
    words, stems = list[str](), list[str]()
    for word in listed.split(", "):
        (stems if word.endswith("-") else words).append(word.removesuffix("-"))
    return re.compile(rf"{edged(words)}|(?<!\w){one_of(stems)}", re.IGNORECASE)


@functools.cache
def _is_answered(number: str, language: str) -> bool:
    """Whether an emergency service answers a number where a language is mostly spoken."""
    from phonenumbers import is_emergency_number

    regions = ENGLISH if language == "en" else (region_of(language),)
    return any(is_emergency_number(number, region) for region in regions)
