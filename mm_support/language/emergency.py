"""Whether a sentence says whom to call in an emergency: by an emergency number of a country whose
language it is in (phonenumbers) that is to be called, or in English words.

A guess: it may bring a sentence into a reply and keeps none out of an answer.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.detect import DEFAULT, language_of, region_of, stop_words
from mm_support.language.facts import facts_of
from mm_support.language.messages import languages, listed
from mm_support.language.sentences import split_sentences
from mm_support.language.telephone import without_phones
from mm_support.language.terms import edged, one_of

NUMBER = re.compile(r"(?<![A-Za-z0-9.,/:+-])\d{3}(?![A-Za-z0-9/:%-]|[.,]\d)")  # of two: too much
BEFORE = re.compile(r"([^\W\d_]+)\s*$")  # the word right before
LONGEST = 40  # characters of it
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
    text, language = without_phones(sentence), language_of(sentence)
    numbers = [
        number
        for number in NUMBER.finditer(text)
        if number[0] not in counted and _is_answered(number[0], language)
    ]
    if not numbers or language not in languages():
        return bool(numbers)
    return says_to_call(text) or any(_stands_alone(n, language) for n in numbers)


def says_to_call(text: str) -> bool:
    """Whether a text has a word for calling somebody, or for who is called in an emergency."""
    return bool(_calling().search(text))


def _stands_alone(number: re.Match[str], language: str) -> bool:
    """Whether a number belongs to no word right before it, as in "In case of fire: 112", but not in
    "error 911"; to an article it may ("die 112"), which English has none of there.
    """
    word = BEFORE.search(number.string[max(0, number.start() - LONGEST) : number.start()])
    is_article = word and language != DEFAULT and word[1].lower() in stop_words(language)
    return not word or bool(is_article)


@functools.cache
def _calling() -> re.Pattern[str]:
    said = listed("emergency.call")
    words = [word for word in said if not word.endswith("-")]
    stems = [word.removesuffix("-") for word in said if word.endswith("-")]
    return re.compile(rf"{edged(words)}|(?<!\w){one_of(stems)}", re.IGNORECASE)


@functools.cache
def _is_answered(number: str, language: str) -> bool:
    """Whether an emergency service answers a number where a language is mostly spoken."""
    from phonenumbers import is_emergency_number

    regions = ENGLISH if language == "en" else (region_of(language),)
    return any(is_emergency_number(number, region) for region in regions)
