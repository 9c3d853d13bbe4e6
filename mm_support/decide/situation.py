"""All that a rule may look at: the message as it was read, what was found for it, and the turns
before. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mm_support.decide.coded import (
    names_another_code,
    names_unknown_code,
    titled_by_code,
    titled_otherwise,
)
from mm_support.decide.confidence import Gate
from mm_support.decide.decision import Decision, Reason
from mm_support.decide.intents import Reads
from mm_support.decide.named import asks_amount_of, names_another_thing, told_before
from mm_support.knowledge.query import SearchQuery
from mm_support.types import Action, Hit, Past, Question

# confidence from which a person takes over what only people may handle: of the packs' questions
# all twelve above it are about that, and one of nine below it
MEANT = 0.5


@dataclass(frozen=True, eq=False)
class Situation:
    """All that is decided from. hits: best first; past: earlier turns, oldest first; confidence:
    that the best hit answers the question; read: what is read in other words.
    """

    question: Question
    query: SearchQuery
    hits: tuple[Hit, ...]
    past: tuple[Past, ...]
    reads: Reads
    gate: Gate
    confidence: float
    read: Callable[[str], Reads]

    def says(self, label: str) -> bool:
        return label in self.reads.says

    @property
    def before(self) -> Past | None:
        return self.past[-1] if self.past else None

    @property
    def completes(self) -> bool:
        """Whether the question holds the message before and what that is about (follow_up.py)."""
        before, asked = self.before, self.question.asked
        if before is None or before.reason != "unnamed":
            return False
        return before.text in asked and before.text != asked

    @property
    def told_before(self) -> tuple[Hit, ...]:
        """The hits that the turn quoted which this one leans on, and that state what alone is asked
        now.
        """
        return told_before(self.question.asked, self.hits, self.query.cited)

    def may_be(self, hits: Sequence[Hit]) -> bool:
        """Whether what is meant may be among hits, the best one first: that is likely enough, or
        the title of one has the very code that is asked about.
        """
        titled = any(titled_by_code(self.query, hit.entry) for hit in hits)
        return titled or self.confidence >= self.gate.clarify

    @property
    def reserved(self) -> bool:
        """Whether what is more likely meant than not is a matter that only people may handle."""
        best = self.hits[:1]
        if not best or not best[0].entry.human_only:
            return False
        likely = self.sure or self.confidence >= MEANT
        return likely or titled_by_code(self.query, best[0].entry)

    @property
    def sure(self) -> bool:
        """Whether the best hit answers the question."""
        if not self.hits:
            return False
        words, best = self.question.asked, self.hits[0].entry
        told = asks_amount_of(words, best) or self.hits[0] in self.told_before
        enough = told or self.confidence >= self.gate.answer
        if not enough or names_another_code(self.query, best):
            return False
        unknown = names_unknown_code(self.query, self.hits)
        return not unknown and not names_another_thing(words, self.hits)

    def without_cited(self) -> Situation:
        """The same where what the turn before cited was not found again, nor what is titled by
        another code: who did all that E24 asks for has no E20.
        """
        cited = self.before.citations if self.before else ()
        told = [hit.entry for hit in self.hits if hit.entry.id in cited]
        hits = tuple(
            hit
            for hit in self.hits
            if hit.entry.id not in cited and not any(titled_otherwise(hit.entry, e) for e in told)
        )
        confidence = self.gate.probability(self.question.asked, self.query, hits)
        return replace(self, hits=hits, confidence=confidence)

    def decide(self, action: Action, reason: Reason, hits: Sequence[Hit] = ()) -> Decision:
        return Decision(action, reason, self.confidence, tuple(hits), self.says("similar"))
