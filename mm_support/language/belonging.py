"""What an amount belongs to: "60 euros, for students 45 euros" does not say that students pay 60.

    misplaced("Students pay 60 euros.", ["It costs 60 euros, for students 45 euros."])    "60"

Of all amounts of a kind that passages state, the one meant stands closest to the words that claim
and passages share. Where another one stands clearly closer, the claim has taken the wrong one. Says
nothing of an amount that is not stated at all (facts.py), nor across languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mm_support.language.detect import language_of
from mm_support.language.facts import Amount, Facts, facts_of, same
from mm_support.language.sentences import split_sentences, without_markers, without_step_number
from mm_support.language.terms import placed_terms, stem
from mm_support.language.units import units_of

CLEARLY = 0.3  # share of another amount's closeness below which the claim's own is the wrong one
CLOSE = 0.5  # closeness from which another amount counts: a word beside it, or several farther off
HALF_WAY = 12  # letters at which a shared word counts half; a Chinese character counts as three
WIDE = 3


def misplaced(claim: str, passages: Sequence[str]) -> str:
    """The first amount of a claim that the passages state of something else; "" where none."""
    claim = without_step_number(without_markers(claim)).strip()
    own, language = facts_of(claim), language_of(claim)
    texts = [text for text in passages if language_of(text) == language]
    held = [facts_of(sentence) for text in texts for sentence in split_sentences(text)]
    named = [amount for amount in own.amounts if amount.said and amount.kind]
    for amount in named:
        about = _about(amount, named, own.text, language)
        right, wrong = 0.0, 0.0
        for other, facts in _alike(amount, held):
            close = _closeness(other, facts, about, language)
            if same(other, amount):
                right = max(right, close)
            elif not any(same(other, one) for one in named):
                wrong = max(wrong, close)
        if wrong >= CLOSE and right < CLEARLY * wrong:
            return amount.said
    return ""


def _alike(amount: Amount, held: Sequence[Facts]) -> Iterator[tuple[Amount, Facts]]:
    """The amounts of the same kind, each with the facts of its sentence."""
    for facts in held:
        for other in facts.amounts:
            if other.said and (other.kind == amount.kind or same(other, amount)):
                yield other, facts


def _about(amount: Amount, named: Sequence[Amount], text: str, language: str) -> frozenset[str]:
    """The words of a claim, but for units, that are closest to this one of its amounts."""
    units = {stem(unit, language) for unit in units_of(language)}
    return frozenset(
        term
        for term, at in placed_terms(text, language)
        if term not in units and not term[0].isdigit() and _closest(at, named) is amount
    )


def _closest(at: int, amounts: Sequence[Amount]) -> Amount:
    return min(amounts, key=lambda amount: abs(amount.at - at))


def _closeness(amount: Amount, facts: Facts, about: frozenset[str], language: str) -> float:
    """How close an amount of a sentence stands to the words of which it is the closest."""
    best: dict[str, float] = {}
    width = WIDE if language in ("zh", "ja") else 1
    rivals = [other for other in facts.amounts if other.said and other.kind == amount.kind]
    for term, at in placed_terms(facts.text, language):
        if term in about and _closest(at, rivals) is amount:
            close = 1 / (1 + width * abs(at - amount.at) / HALF_WAY)
            best[term] = max(close, best.get(term, 0.0))
    return sum(best.values())
