"""Follow-ups: "And for the blue one?" is read together with the turn before it.

What that turn said, and the title of the entry that it was answered from, become one more modality
of the fused query, "context". It weighs the more the less a question says by itself, and nothing
where the customer changes the subject. An answer to a question back ("the second one") stands for
the candidate. Knows no store and no index: the past comes in, a query goes out.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mm_support.encode.text import TextEncoder
from mm_support.errors import InputError
from mm_support.knowledge.query import SearchQuery
from mm_support.language.terms import term_set
from mm_support.types import Past, Question

MODALITY = "context"
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_WEIGHT = 0.4  # of the context, where a question says next to nothing by itself
CHOSEN_WEIGHT = 0.9  # of the candidate that the customer chose
TITLE_WEIGHT = 0.5  # of the cited entry's title beside the words of the turn before
WHOLE = 4  # words with meaning; a longer question that points at nothing is whole

_POINTS_BACK = re.compile(
    r"^\W*(?:and|or|but|so|then|ok|also|what about|how about|what if|mine)\b"
    r"|\b(?:it|its|that|this|those|these|them|they|one|ones|there|then|instead|another|other|same|afterwards|still)\b",
    re.IGNORECASE,
)
_NEW_SUBJECT = re.compile(
    r"\b(?:different|other|another|new) (?:thing|topic|subject|question|matter)\b|\bsomething else\b|\bby the way\b|\bbtw\b"
    r"|\bunrelated\b|\bchange of subject\b|\bon another note\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"\W*(?:(?:i mean|it'?s|is it|about)\s+)?(?:the )?(?:(?P<one>yes|yeah|yep|correct|right|exactly|first|former|1)|(?P<two>second|2)|(?P<three>third|3))"
    r"(?: one)?(?:,? please)?\W*",
    re.IGNORECASE,
)


def checked_session(session_id: str | None) -> str:
    """The session's id, a new one where there is none. Raises InputError for one that cannot be."""
    if session_id is None or session_id == "":
        return uuid.uuid4().hex
    if not SESSION_ID.fullmatch(session_id):
        raise InputError(
            "The session_id may hold 1 to 64 letters, digits, - and _; leave it out to start a new session."
        )
    return session_id


def resolve(
    query: SearchQuery,
    question: Question,
    past: Sequence[Past],
    knowledge: str,
    encoder: TextEncoder,
) -> tuple[SearchQuery, Question]:
    """The query with the latest turn of the session as its context, where it leans on that, and
    what is asked.

    past: oldest first. A choice among candidates asks for the candidate; any other question stays
    as it is.
    """
    if not past or past[-1].knowledge != knowledge:
        return query, question
    recent = [turn for turn in past if turn.knowledge == knowledge and turn.words + turn.topic]
    before = past[-1]
    choice, weight = chosen(question, before), context_weight(question)
    words = choice or f"{before.words} {before.topic}"
    if not choice and not (weight and term_set(words)):
        return query, question
    own, pieces = encoder.encode_pieces([words])
    if choice:
        return with_context(
            query, own[0], pieces[0].vectors, CHOSEN_WEIGHT, choice, choice
        ), replace(question, typed=choice, heard="")
    return with_context(
        query, context_vector(recent, encoder), pieces[0].vectors, weight, words, before.words
    ), question


def context_weight(question: Question) -> float:
    """How much the turn before counts, 0..MAX_WEIGHT: one share against one for each word with
    meaning.
    """
    asked = f"{question.typed} {question.heard}".strip()
    own = len(term_set(" ".join((asked, *question.read_in_photo, *question.labels[:1]))))
    if _NEW_SUBJECT.search(asked) or (own > WHOLE and not _POINTS_BACK.search(asked)):
        return 0.0
    return min(MAX_WEIGHT, 1 / (1 + own))


def chosen(question: Question, before: Past) -> str:
    """The title of the candidate that the customer chose with "the second one", or ""."""
    match = _CHOICE.fullmatch(f"{question.typed} {question.heard}".strip())
    if not match or not before.asked_about:
        return ""
    place = ("one", "two", "three").index(str(match.lastgroup))
    return before.asked_about[place] if place < len(before.asked_about) else ""


def context_vector(past: Sequence[Past], encoder: TextEncoder) -> np.ndarray:
    """(d_text,) float32, unit: the latest turn's words, what they themselves leaned on, and the
    topic of its reply.
    """
    words = [turn.words or turn.topic for turn in past]
    vectors = iter(
        encoder.encode([*words, *(turn.topic or said for turn, said in zip(past, words))])
    )
    said = [next(vectors) for _ in past]
    context = np.zeros(encoder.dim, np.float32)
    for turn, own, topic in zip(past, said, vectors):
        weight = (
            context_weight(Question(typed=turn.text, read_in_photo=turn.read))
            if context.any()
            else 0.0
        )
        context = _unit((1 - weight) * own + weight * context) + TITLE_WEIGHT * topic * bool(
            turn.topic
        )
        context = _unit(context)
    return context


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def with_context(
    query: SearchQuery,
    vector: np.ndarray,
    pieces: np.ndarray,
    weight: float,
    words: str,
    naming: str,
) -> SearchQuery:
    """The query with one more modality; the others keep 1 - weight of their own.

    vector: (d_text,) unit; pieces: (t, d_text) unit rows. words: what it says. naming: the part of
    it whose identifiers count, and only where the customer names none (scoring.recognise): "and
    what if it's E18?" is not about E24, nor is a code meant that only a title held.
    """
    return replace(
        query,
        fused=query.fused.beside(MODALITY, vector, weight),
        terms={**query.terms, MODALITY: term_set(words)},
        texts={**query.texts, MODALITY: (naming,)},
        pieces={**query.pieces, MODALITY: pieces.astype(np.float32)},
    )
