"""A question -> its query -> what a base finds for it: the pipeline's middle, which parts of a
message go through by themselves too (several.py, acting.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_support.encode.turn import Encoders, Seen
from mm_support.knowledge.query import SearchQuery, search_query
from mm_support.parts import Parts
from mm_support.tracing import span
from mm_support.types import Hit, Question, Transcript

if TYPE_CHECKING:
    from mm_support.fuse.strategies import FusionStrategy  # imports torch

FOUND = 5  # entries that are shown and may be cited

Searched = tuple[SearchQuery, tuple[Hit, ...]]  # best first


def fuse(
    encoders: Encoders,
    fusion: FusionStrategy,
    question: Question,
    heard: Transcript | None = None,
    seen: Seen | None = None,
) -> SearchQuery:
    """What is asked, as one query. Raises InputError where there is nothing in any modality."""
    with span("encode"):
        encoded = encoders.encode(question, heard, seen)
    return search_query(fusion.fuse(encoded.tokens), question, encoded.pieces)


def searched(parts: Parts, knowledge: str, query: SearchQuery) -> Searched:
    """The query as the base reads it, and the entries that it finds."""
    query = parts.knowledge.recognise(knowledge, query)
    return query, tuple(parts.knowledge.find(knowledge, query, FOUND))


def asked_alone(
    parts: Parts, knowledge: str, question: Question, heard: Transcript | None = None
) -> Searched:
    """A question without a photo, searched for by itself."""
    return searched(parts, knowledge, fuse(parts.encoders, parts.fusion, question, heard))
