"""What kind of reply a turn gets: an answer, a question back, a refusal, or a person.

Decided in code (rules.py) from what was read in the message (intents.py) and from how likely the
evidence suffices (confidence.py), never by the language model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from mm_support.decide.coded import photo_names, unknown_in_photo
from mm_support.decide.confidence import Gate
from mm_support.decide.decision import FAILED, Decision
from mm_support.decide.intents import IntentReader, Reads
from mm_support.decide.named import AS_GOOD, named_first
from mm_support.decide.rules import LIKELY, RULES
from mm_support.decide.situation import Situation
from mm_support.knowledge.query import SearchQuery
from mm_support.language.surely_heard import SURELY
from mm_support.language.terms import term_set
from mm_support.types import Hit, Past, Question


class Policy:
    """Decides with a calibrated gate and a head that reads what the customer is doing."""

    def __init__(self, gate: Gate, intents: IntentReader) -> None:
        self._gate, self._intents = gate, intents

    def read(self, words: str) -> Reads:
        """What words of the customer are doing beside asking."""
        return self._intents.read(words)

    def confidence(
        self,
        question: Question,
        query: SearchQuery,
        hits: Sequence[Hit],
    ) -> float:
        """How likely the best hit answers the question, 0..1."""
        words = question.asked
        hits = meant_first(words, query, hits)
        return self._suiting(query, hits).probability(words, query, hits)

    def threshold(self, precision: float, query: SearchQuery) -> float:
        """The confidence from which on that share of the answers is right."""
        gate = self._gate.suiting(query)
        return gate.wishing(precision).answer

    def decide(
        self,
        question: Question,
        query: SearchQuery,
        hits: Sequence[Hit],
        past: Sequence[Past],
        reads: Reads | None = None,
    ) -> Decision:
        """hits: best first. past: earlier turns of the session, oldest first. reads: of the
        question, where they are there already.
        """
        words = question.asked
        reads = self.read(words) if reads is None else reads
        hits = meant_first(words, query, hits)
        gate = self._suiting(query, hits)
        confidence = gate.probability(words, query, hits)
        before = tuple(past)
        here = Situation(question, query, hits, before, reads, gate, confidence, self.read)
        if told := here.told_before:
            here = replace(here, hits=(*told, *(hit for hit in hits if hit not in told)))
        decision = next(filter(None, (rule(here) for rule in RULES)))
        misheard = question.heard_right < SURELY
        meant = question.typed.strip() or _said_again(question, before)
        if misheard and (decision.action == "handoff" or not meant):
            return here.decide("clarify", "misheard")
        unknown = unknown_in_photo(query, hits) if decision.action in FAILED else ""
        return replace(decision, unknown=unknown)

    def _suiting(self, query: SearchQuery, hits: Sequence[Hit]) -> Gate:
        """The gate for what was found: a code is as good in a photo as typed."""
        return self._gate if photo_names(query, hits) else self._gate.suiting(query)


def _said_again(question: Question, past: Sequence[Past]) -> bool:
    """Whether the customer said the same again after it was read back to them."""
    if not past or past[-1].reason != "misheard":
        return False
    now, before = (re.sub(r"\W+", "", text).casefold() for text in (question.heard, past[-1].text))
    return now == before


def meant_first(words: str, query: SearchQuery, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits, in front what is named, by words and what was read in the photo together ("a belt
    for this one"), or else one nearly as good that the turn before quoted, where the question leans
    on it.
    """
    shown = query.identifiers.get("photo_text", frozenset()) if term_set(words) else frozenset()
    hits = named_first(" ".join((words, *sorted(shown))), hits)
    if not hits or query.leans < LIKELY:
        return hits
    named = term_set(words) & term_set(hits[0].entry.title)
    near = (hit for hit in hits if hit.score >= AS_GOOD * hits[0].score)
    quoted = (hit for hit in near if hit.entry.id in query.cited)
    meant = next((hit for hit in quoted if named <= term_set(hit.entry.text)), hits[0])
    others = (hit for hit in hits if hit is not meant)
    return (replace(meant, score=hits[0].score), *others)
