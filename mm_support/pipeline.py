"""One turn, step by step. Knows the steps and their order; stores nothing."""

from __future__ import annotations

from mm_support.encode.turn import Encoders, Seen, clean_text, question_of
from mm_support.fuse.strategies import FusionStrategy
from mm_support.knowledge.query import SearchQuery, search_query
from mm_support.types import Question, Transcript, UserTurn


def query_of(encoders: Encoders, fusion: FusionStrategy, turn: UserTurn) -> SearchQuery:
    """A turn that stands alone, as a search query. Raises InputError."""
    heard, seen = encoders.perceive(turn)
    question = question_of(clean_text(turn.text), heard, seen)
    return fused(encoders, fusion, question, heard, seen)


def fused(
    encoders: Encoders,
    fusion: FusionStrategy,
    question: Question,
    heard: Transcript | None,
    seen: Seen | None,
) -> SearchQuery:
    """What was asked, encoded and fused. Raises InputError where there is nothing in any modality."""
    encoded = encoders.encode(question, heard, seen)
    return search_query(fusion.fuse(encoded.tokens), question, encoded.pieces)
