"""Fuse: what is typed, heard, seen and read becomes one query, alone or with the turn before.

How vectors are combined is fuse/strategies.py. Knows nothing of what a base finds for the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mm_support.decide.follow_up import resolve
from mm_support.encode.turn import Encoders, Seen, check_turn, clean_text, question_of
from mm_support.knowledge.query import SearchQuery, search_query
from mm_support.parts import Parts
from mm_support.pipeline.perceive import perceive
from mm_support.pipeline.step import drained
from mm_support.tracing import span
from mm_support.types import Past, Question, Transcript, UserTurn

if TYPE_CHECKING:
    from mm_support.fuse.strategies import FusionStrategy  # imports torch


def fuse(
    encoders: Encoders,
    fusion: FusionStrategy,
    question: Question,
    heard: Transcript | None = None,
    seen: Seen | None = None,
) -> SearchQuery:
    """What is asked, as one query; what was read in a photo belongs to the photo. Raises InputError
    where there is nothing in any modality.
    """
    if seen is None:
        question = replace(question, read_in_photo=())
    with span("encode"):
        encoded = encoders.encode(question, heard, seen)
    return search_query(fusion.fuse(encoded.tokens), question, encoded.pieces)


def read_with(
    parts: Parts, query: SearchQuery, question: Question, past: Sequence[Past], knowledge: str
) -> tuple[list[SearchQuery], Question]:
    """The query with the turn before and without it, where it may lean on that or may not; the one
    that it is elsewhere. And what is asked: a candidate's title, where one was chosen.
    """
    encoder, read = parts.encoders.text, parts.policy.read
    leaning, meant = resolve(query, question, past, knowledge, encoder, read)
    open_to_both = leaning is not query and meant is question
    return [leaning, query] if open_to_both else [leaning], meant


def query_of(encoders: Encoders, fusion: FusionStrategy, turn: UserTurn) -> SearchQuery:
    """The query of a turn that nothing came before. Raises InputError."""
    check_turn(turn)
    heard, seen = drained(perceive(encoders, turn))
    question = question_of(clean_text(turn.text), heard, seen)
    return fuse(encoders, fusion, question, heard, seen)
