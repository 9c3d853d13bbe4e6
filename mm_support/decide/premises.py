"""What a customer takes for granted ("you said I get 90 days, right?"), and what the entry says
about it.

A claim is not agreed with: the reply opens with what cannot be confirmed, and shows the entry's
sentences that are closest to the claim, denials among them. Plain rules for English; knows no
language model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mm_support.language.sentences import content_words, evidence_sentences
from mm_support.types import Encode, Entry

CLOSEST, DENIALS = 2, 2  # sentences that are shown beside a claim

_CLAIM = re.compile(
    r"\b(?:you|they|he|she|colleague|support|nurse|doctor|agent) (?:\w+ )?(?:said|wrote)\b|\btold (?:me|us|my)\b|\bpromised\b|\bquoted\b"
    r"|\byour (?:\w+ ){0,3}(?:says?|said|recommends?|advertises?|claims?)\b|\bi (?:\w+ )?(?:heard|thought|know your|read that|was told)\b"
    r"|\b(?:since|as) (?:you|your|all|i can)\b|\b(?:as|what) it says\b"
    r"|,[^,]*\b(?:right|correct|true)\s*(?:[?.,]|$)|\bis(?:n't it| it not)\b|\b(?:do|does|is|are)n't (?:i|they|we)\b"
    r"|,\s*(?:do|does|is|are|can) (?:i|it|they|you|we)\W*$",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\b(\d+(?:[.,]\d+)?) ?(?:working |full )?(percent|[a-z]{3,}s)\b")
_DENIALS = frozenset({"not", "neither", "nor", "only", "without"})


def is_claim(words: str) -> bool:
    """Whether the words put something into the company's mouth or ask for agreement."""
    return bool(_CLAIM.search(words.replace("’", "'")))


def opening(words: str, entry: Entry) -> str:
    """The first sentence of a reply to a claim; names an amount that the entry contradicts."""
    known = _AMOUNT.findall(entry.answer)
    for number, unit in _AMOUNT.findall(words):
        if unit in {unit for _, unit in known} and (number, unit) not in known:
            return f"I cannot confirm {number} {unit}; our help pages say this:"
    return "Let me check that. Our help pages say this:"


def sentences_about(words: str, entry: Entry, encode: Encode) -> list[str]:
    """The entry's sentences that speak to a claim, in its order: the closest ones, and the closest
    that deny something.
    """
    sentences = evidence_sentences(entry.answer)
    if not sentences:
        return []
    vectors = encode([words, *sentences])
    order = np.argsort(-(vectors[1:] @ vectors[0]))
    denying = [i for i in order if _denies(sentences[i]) and _shares_a_word(words, sentences[i])]
    return [sentences[i] for i in sorted({*order[:CLOSEST], *denying[:DENIALS]})]


def _denies(sentence: str) -> bool:
    return any(word.stem in _DENIALS for word in content_words(sentence))


def _shares_a_word(one: str, other: str) -> bool:
    stems: Sequence[frozenset[str]] = [
        frozenset(word.stem for word in content_words(text)) - _DENIALS for text in (one, other)
    ]
    return bool(stems[0] & stems[1])
