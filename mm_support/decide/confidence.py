"""The evidence gate: how likely does the best entry answer the question?

A logistic regression on a few facts about the hits (Platt 1999), fitted by `train gate` on
validation cases; its numbers and the thresholds lie in assets/weights, a file for each text
encoder. Above `answer` the assistant answers, above `clarify` it asks which of the candidates is
meant, below it says that it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.config import Settings
from mm_support.errors import WeightsError
from mm_support.files import readable
from mm_support.knowledge.query import SearchQuery
from mm_support.language import codes, identifiers
from mm_support.language.detect import language_of, partly_in
from mm_support.language.terms import term_set
from mm_support.paths import fitted_file
from mm_support.types import SAID, Hit, of_one_document

GATE_FILE = "gate.json"
HARDLY = 1e-3  # probability that a sentence answers, under which it tells nothing more
FEATURES = (
    "score",
    "margin",
    "coverage",
    "score_covered",
    "brevity",
    "photo_share",
    "photo_score",
    "photo_code",
    "photo_margin",
    "photo_and_words",
    "photo_says",
    "context_share",
    "leans",
    "leans_cited",
    "code_found",
    "code_unknown",
    "foreign",
    "foreign_score",
)


@dataclass(frozen=True)
class Gate:
    """weights: one a feature, in FEATURES order. answer, clarify: thresholds on the probability.
    made_for: names the encoders whose scores it was fitted to. wishes: (share of the answers that
    is to be right, threshold from which on it is), in order. with_photo: the gate of turns with a
    photo, whose scores mean something else; None where it is the same."""

    weights: tuple[float, ...]
    bias: float
    answer: float
    clarify: float
    made_for: str = ""
    wishes: tuple[tuple[float, float], ...] = ()
    with_photo: Gate | None = None

    def __post_init__(self) -> None:
        if len(self.weights) != len(FEATURES) or not 0 <= self.clarify <= self.answer <= 1:
            raise WeightsError(
                "gate.json does not fit this version; run `python -m mm_support train calibrate`."
            )

    def probability(self, words: str, query: SearchQuery, hits: Sequence[Hit]) -> float:
        """That the best hit answers the question, 0 where nothing was found. words: typed, said."""
        return float(sigmoid(self.logit(words, query, hits)))

    def logit(self, words: str, query: SearchQuery, hits: Sequence[Hit]) -> float:
        """The log odds of that; minus infinity where nothing was found."""
        if not hits:
            return -np.inf
        return float(np.dot(self.weights, features(words, query, hits)) + self.bias)

    def suiting(self, query: SearchQuery) -> Gate:
        """The gate for a query: that of turns with a photo, where it has one."""
        return self.with_photo if self.with_photo and _shows(query) else self

    def wishing(self, precision: float) -> Gate:
        """The same that answers where that share of the answers is right."""
        shown = self.with_photo.wishing(precision) if self.with_photo else None
        answer = self.answer
        if self.wishes:
            wished, thresholds = zip(*self.wishes)
            answer = float(np.interp(precision, wished, thresholds))
        clarify = min(self.clarify, answer)
        return replace(self, answer=answer, clarify=clarify, with_photo=shown)

    @property
    def key(self) -> str:
        """8 hex digits that name its numbers."""
        numbers = (*self.weights, self.bias)
        return hashlib.sha256(repr(numbers).encode()).hexdigest()[:8]


def sigmoid(logits: Any) -> Any:
    """Log odds -> probabilities."""
    return 1 / (1 + np.exp(-logits))


def own_gate_file(settings: Settings) -> Path:
    """Where a gate that was fitted to somebody's own cases lies."""
    return settings.own_weights / GATE_FILE


def gate_file(settings: Settings) -> Path:
    """The gate that ships for the settings' text encoder."""
    return fitted_file(GATE_FILE, settings.text_model)


def load_gate(path: Path) -> Gate:
    """The gate of a JSON file. Raises WeightsError where it is missing or does not fit."""
    with readable(path, "run `python -m mm_support train calibrate`"):
        return _read(json.loads(path.read_text(encoding="utf-8")))


def _read(values: Mapping[str, Any]) -> Gate:
    shown = values.get("with_photo")
    return Gate(
        tuple(values["weights"]),
        values["bias"],
        values["answer"],
        values["clarify"],
        values.get("made_for", ""),
        tuple(map(tuple, values.get("wishes", ()))),
        _read(shown) if shown else None,
    )


def features(words: str, query: SearchQuery, hits: Sequence[Hit]) -> np.ndarray:
    """(18,) float64 in FEATURES order.

    margin: to the next document. coverage: share of the question's words that carry meaning which
    the entry uses, a code that it names in another spelling ("error 24", E24) among them.
    score_covered: score times that. brevity: the fewer such words, the more. photo_score: how well
    the photo alone fits. photo_code: whether the entry names a code that was read in it.
    photo_margin: photo_score less that of the next hit that looks most like it. photo_and_words:
    photo_score times how well the words alone fit: what it shows, and says of it. photo_says: log
    probability that a sentence answers the words beside the photo, by what these weigh there.
    context_share: what the turn before weighs. leans: how likely the question leans on it;
    leans_cited: that, where it quoted the entry. code_found, code_unknown: whether a code was named
    that the best entry has, or has not. foreign: whether the question is in a language of which the
    entry has nothing, so that it shares no words with it and is less alike.
    """
    best = hits[0]
    weights = query.fused.weights
    photo, worded = weights.get("photo", 0.0), sum(weights.get(name, 0.0) for name in SAID)
    words = words if worded or not photo else ""  # those that only point at the photo
    language = language_of(words)
    margin = best.score - _next_document(hits, language)
    named = frozenset().union(*query.identifiers.values()) if query.identifiers else frozenset()
    known = identifiers.identifiers_of(best.entry)
    matched = codes.match(named, known) if named else 0.0
    asked = term_set(words)
    held = term_set(best.entry.text) | (
        frozenset(filter(_of_code, asked)) if matched else frozenset()
    )
    coverage = len(asked & held) / len(asked) if asked else 0.0
    fits = [hit.by.get("photo", 0.0) / photo if photo else 0.0 for hit in hits]
    foreign = bool(asked) and not partly_in(best.entry.text, language)
    read = query.identifiers.get("photo_text", frozenset())
    return np.array(
        [
            best.score,
            margin,
            coverage,
            best.score * coverage,
            1 / (1 + len(asked)),
            photo,
            fits[0],
            codes.match(read, known) if read else 0.0,
            fits[0] - max(fits[1:], default=0.0),
            fits[0] * _said(query, best),
            worded / (worded + photo) * np.log(max(best.says, HARDLY)) if photo else 0.0,
            weights.get("context", 0.0),
            query.leans,
            query.leans * (best.entry.id in query.cited),
            matched,
            float(bool(named)) * (1 - matched),
            float(foreign),
            foreign * best.score,
        ]
    )


def _said(query: SearchQuery, hit: Hit) -> float:
    """How well a hit fits what was typed and said, without what was read in a photo."""
    weights = query.fused.weights
    words = [name for name in SAID if weights.get(name)]
    total = sum(weights[name] for name in words)
    return sum(hit.by.get(name, 0.0) for name in words) / total if words else 0.0


def _next_document(hits: Sequence[Hit], asked: str) -> float:
    """The score of the first hit that may say something else than the best one: neither a passage
    of its document nor in another language, as translations are, unless it is in that of the
    question; where all are, that of the last one; 0 where there is one hit.
    """
    best = hits[0].entry
    languages = (asked, language_of(best.text))
    others = (
        hit.score
        for hit in hits[1:]
        if not of_one_document(hit.entry, best) and language_of(hit.entry.text) in languages
    )
    return next(others, hits[-1].score if len(hits) > 1 else 0.0)


def _shows(query: SearchQuery) -> bool:
    return query.fused.weights.get("photo", 0.0) > 0


def _of_code(stem: str) -> bool:
    """Whether a term is an identifier or a part of one."""
    return any(character.isdigit() for character in stem)
