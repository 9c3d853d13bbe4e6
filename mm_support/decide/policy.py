"""What kind of reply a turn gets: an answer, a question back, a refusal, or a person.

In this order: the customer asks for a person or is angry; only greets or thanks; the knowledge
reserves the matter for people; the evidence suffices, is ambiguous, or is missing; two failed turns
in a row. Decided in code from scores and sentence
vectors, never by the language model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mm_support.decide.confidence import Gate
from mm_support.encode.text import TextEncoder
from mm_support.knowledge.query import SearchQuery
from mm_support.language import identifiers as codes
from mm_support.types import Action, Entry, Hit, Past, Question

WANTS_PERSON = (
    "I want to talk to a person",
    "connect me to a human agent",
    "can I speak with a real human being please",
    "let me chat with someone from your team",
    "get me a representative",
    "put me through to your support staff",
    "transfer me to a customer service agent",
    "is there a real person here who can help me, not a robot",
    "I would rather speak to somebody than to a machine",
    "stop, I do not want to talk to a bot",
    "let me talk to your manager",
    "can somebody from your team call me back",
    "human please",
    "real person",
    "live agent",
    "operator",
)
ANGER = (
    "this is ridiculous, I am furious",
    "you are completely useless",
    "I am sick of this terrible service",
    "this is a scam, you people are thieves",
    "you ripped me off",
    "I am so angry right now",
    "what a stupid bot, this is garbage",
    "this is bullshit",
    "what the hell is wrong with you",
    "I have had enough of this nonsense, I am fed up with you",
    "what a joke of a company, worst service ever",
    "are you kidding me, nothing works and nobody helps",
)
# cosine above which a sentence means one of the above; tests/test_policy.py holds both sides
SURE = 0.58
FAILED: tuple[Action, ...] = ("clarify", "refuse")
NO_FAILURE = (
    "greeting",
    "thanks",
    "silence",
)  # reasons of a question back that say nothing about the help given
CANDIDATES = 3  # entries that a question back may name
CLOSE = 0.8  # share of the best score that makes another entry a candidate

_GREETING = re.compile(
    r"\W*(?:(?:hi|hey|hello|good (?:morning|afternoon|evening|day)|thanks?|thank you|thx|cheers)(?: (?:there|again|you|so much|very much|a lot|all))*\W*)+",
    re.IGNORECASE,
)
_THANKS = re.compile(r"thank|thx|cheers", re.IGNORECASE)
Reason = Literal[
    "asked",
    "upset",
    "greeting",
    "thanks",
    "human_only",
    "stuck",
    "evidence",
    "ambiguous",
    "unknown",
    "silence",
    "waiting",
    "person",
    "closed",
]


@dataclass(frozen=True)
class Decision:
    """What to do and why, how likely the evidence suffices (0..1), and the hits that the reply is
    made from.
    """

    action: Action
    reason: Reason
    confidence: float
    hits: tuple[Hit, ...]


SILENCE = Decision(
    "clarify", "silence", 0.0, ()
)  # a recording in which nobody speaks, and nothing else


class Policy:
    """Decides with a calibrated gate and a text encoder."""

    def __init__(self, gate: Gate, encoder: TextEncoder) -> None:
        self._gate, self._encoder = gate, encoder
        self._signs = {"asked": encoder.encode(WANTS_PERSON), "upset": encoder.encode(ANGER)}

    def decide(
        self, question: Question, query: SearchQuery, hits: Sequence[Hit], past: Sequence[Past]
    ) -> Decision:
        """hits: best first. past: earlier turns of the session, oldest first."""
        words = " ".join((question.typed, question.heard))
        confidence = self._gate.probability(words, query, hits)
        sign = self._sign(words)
        if sign:
            return Decision("handoff", sign, confidence, ())
        courtesy = _courtesy(words, query)
        if courtesy:
            return Decision("clarify", courtesy, confidence, ())
        if confidence >= self._gate.clarify and hits[0].entry.human_only:
            return Decision("handoff", "human_only", confidence, tuple(hits[:1]))
        if confidence >= self._gate.answer and not names_another_code(query, hits[0].entry):
            return Decision("answer", "evidence", confidence, close(hits))
        if past and past[-1].action in FAILED and past[-1].reason not in NO_FAILURE:
            return Decision("handoff", "stuck", confidence, ())
        if confidence >= self._gate.clarify:
            return Decision("clarify", "ambiguous", confidence, candidates(hits))
        return Decision("refuse", "unknown", confidence, ())

    def _sign(self, words: str) -> Reason | None:
        """What the customer's words are a sign of, if anything."""
        if not words.strip():
            return None
        vector = self._encoder.encode([words])[0]
        closest = {sign: float(np.max(vectors @ vector)) for sign, vectors in self._signs.items()}
        sign = max(closest, key=closest.__getitem__)
        return sign if closest[sign] >= SURE else None


def _courtesy(words: str, query: SearchQuery) -> Reason | None:
    """Whether a turn without a photo only greets or thanks."""
    if "photo" in query.fused.weights or not _GREETING.fullmatch(words):
        return None
    return "thanks" if _THANKS.search(words) else "greeting"


def names_another_code(query: SearchQuery, entry: Entry) -> bool:
    """Whether the customer typed or said an identifier of a kind that the entry's title names, but
    not one of the entry's.

    An entry about E41 does not answer a question about E99 or "error 10"; an order number, of a
    kind that the entry does not name at all, changes nothing.
    """
    texts = (query.identifiers.get(name, frozenset()) for name in ("text", "speech"))
    asked = frozenset().union(*texts)
    titled = codes.named_in_title(entry.title)
    return not codes.match(asked, codes.identifiers_of(entry)) and any(
        codes.same_kind(code, other) for code in asked for other in titled
    )


def close(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The entries that may hold the answer: the best one, and those whose score is close to its."""
    return tuple(hit for hit in hits if hit.score >= CLOSE * hits[0].score)


def candidates(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The two or three entries that a question back names."""
    return close(hits[:CANDIDATES]) if len(close(hits)) > 1 else tuple(hits[:2])
