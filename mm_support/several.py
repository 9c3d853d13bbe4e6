"""Several questions in one message: each is searched for by itself.

    "What colours does it come in? And how long is the warranty?"

Where the questions lead to different entries, each is answered from its own; of one that nothing
answers the reply says so. Where they lead to the same, or nothing is found for any, the message
stays one question. Sentences are told apart, not clauses: two questions that share a sentence are
for a language model to tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mm_support.decide.policy import Decision, words_of
from mm_support.decode.compose import Asked
from mm_support.knowledge.actions import entries_of
from mm_support.language.sentences import split_sentences
from mm_support.language.terms import term_set
from mm_support.parts import Parts
from mm_support.types import Question

FEWEST = 2  # terms of a question that is searched for by itself
MOST = 4  # questions of one message
OPEN = ("evidence", "ambiguous", "unknown")  # reasons of decisions that a closer look may change


def several(parts: Parts, question: Question, decision: Decision, knowledge: str) -> list[Asked]:
    """The questions of a message, in its order, where they are several that different entries
    answer; else none.
    """
    texts = questions_in(words_of(question))
    if len(texts) < 2 or decision.reason not in OPEN or question.photo is not None:
        return []
    asked = [_asked(parts, replace(question, typed=text, heard=""), knowledge) for text in texts]
    topics = {one.hits[0].entry.id for one in asked if one.hits}
    partly = len(topics) == 1 and not all(one.hits for one in asked)
    return asked if len(topics) > 1 or partly else []


def questions_in(words: str) -> list[str]:
    """The sentences that may be questions by themselves; those behind the last question mark, and
    in front of a question what only leads to it, stay with the question beside them.
    """
    found: list[str] = []
    before = ""
    for sentence in split_sentences(words):
        before = f"{before} {sentence}".strip()
        if sentence.rstrip(" \"'»”").endswith(("?", "？", "؟")) and len(term_set(before)) >= FEWEST:
            found.append(before)
            before = ""
    if found and before:
        found[-1] = f"{found[-1]} {before}"
    return found[:MOST]


def _asked(parts: Parts, question: Question, knowledge: str) -> Asked:
    from mm_support.pipeline import FOUND, fuse

    query = fuse(parts.encoders, parts.fusion, question, None, None)
    query = parts.knowledge.recognise(knowledge, query)
    hits = entries_of(parts.knowledge.find(knowledge, query, FOUND))
    fitted = parts.knowledge.fitted(knowledge)
    decision = parts.policy.decide(question, query, hits, (), fitted=fitted)
    return Asked(question, decision.hits if decision.action == "answer" else ())


def merged(decision: Decision, asked: Sequence[Asked]) -> Decision:
    """The decision to answer all of them: the hits of each, every entry once."""
    hits = {hit.entry.id: hit for one in asked for hit in one.hits}
    return replace(decision, action="answer", reason="evidence", hits=tuple(hits.values()))
