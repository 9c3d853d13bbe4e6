"""A question -> its query -> what a base finds for it: the pipeline's middle, which parts of a
message go through by themselves too (several.py, acting.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mm_support.decide.follow_up import resolve
from mm_support.decide.named import with_named
from mm_support.encode.turn import Encoders, Seen
from mm_support.knowledge.query import SearchQuery, search_query
from mm_support.parts import Parts
from mm_support.tracing import span
from mm_support.types import Hit, Past, Question, Transcript

if TYPE_CHECKING:
    from mm_support.fuse.strategies import FusionStrategy  # imports torch

FOUND = 5  # entries that are shown and may be cited
LOOKED_AT = 20  # entries among which what a question names is looked for

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
    said = (text for name in ("text", "speech") for text in query.texts.get(name, ()))
    hits = parts.knowledge.find(knowledge, query, LOOKED_AT)
    return query, with_named(" ".join(said), hits, FOUND)


def read_with(
    parts: Parts, query: SearchQuery, question: Question, past: Sequence[Past], knowledge: str
) -> tuple[list[SearchQuery], Question]:
    """The query with the turn before and without it, where it may lean on that or may not; the one
    that it is elsewhere. And what is asked: a candidate's title, where one was chosen.
    """
    encoder, read = parts.encoders.text, parts.policy.reads
    leaning, meant = resolve(query, question, past, knowledge, encoder, read)
    open_to_both = leaning is not query and meant is question
    return [leaning, query] if open_to_both else [leaning], meant


def asked_alone(
    parts: Parts, knowledge: str, question: Question, heard: Transcript | None = None
) -> Searched:
    """A question without a photo, searched for by itself."""
    return searched(parts, knowledge, fuse(parts.encoders, parts.fusion, question, heard))
