"""What a customer takes for granted ("you said I get 90 days, right?"), and what the entry says
about it.

A claim is not agreed with: the reply opens with what cannot be confirmed, and shows the entry's
sentences that are closest to the claim, denials among them. This changes how an answer is worded,
never whether there is one. Knows no language model; that a question is a claim is told by its
wording, in English only (language/english.py).
"""

from __future__ import annotations

import re

import numpy as np

from mm_support.language.english import denies
from mm_support.language.facts import facts_of
from mm_support.language.fences import without_fences
from mm_support.language.messages import message
from mm_support.language.sentences import split_sentences
from mm_support.language.terms import term_set, terms
from mm_support.types import EncodeKind, Entry

CLOSEST, DENIALS = 2, 2  # sentences that are shown beside a claim
_AMOUNT = re.compile(r"\d+(?:[.,]\d+)? ?(?:[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+)")


def opening(words: str, entry: Entry, language: str = "en") -> str:
    """The first sentence of a reply to a claim; names an amount that the entry contradicts."""
    known = amounts(entry.answer)
    units, held = {unit for _, unit in known}, facts_of(entry.answer).amounts
    for (number, unit), written in amounts(words).items():
        claimed = {(own.kind, own.value) for own in facts_of(written).amounts if own.kind}
        stated = any((own.kind, own.value) in claimed for own in held)  # 24 months, as 2 years
        if unit in units and (number, unit) not in known and not stated:
            return message("premise.not_confirmed", language, amount=written)
    return message("premise.checked", language)


def amounts(text: str) -> dict[tuple[str, str], str]:
    """(number, term behind it) of each amount of a text -> as it is written: 90 days, 90天."""
    found = {}
    for match in _AMOUNT.finditer(text):
        key = terms(match[0])
        if len(key) == 2:
            found[key] = match[0]
    return found


def sentences_about(words: str, entry: Entry, encode: EncodeKind) -> list[str]:
    """The entry's sentences that speak to a claim, in its order: the closest ones, and the closest
    that deny something.
    """
    sentences = split_sentences(entry.answer)
    if not sentences:
        return []
    read = [entry.titled(without_fences(sentence)) for sentence in sentences]
    (claim,) = encode([words], "query")
    order = np.argsort(-(encode(read, "passage") @ claim))
    asked = term_set(words)
    denying = [i for i in order if denies(sentences[i]) and asked & term_set(sentences[i])]
    return [sentences[i] for i in sorted({*order[:CLOSEST], *denying[:DENIALS]})]
