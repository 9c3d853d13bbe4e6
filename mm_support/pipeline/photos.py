"""Several photos in one message, each looked up by itself, where they show different matters.

    photos of two displays: "What do these mean?"

At first they are read as photos of one matter. Where they lead by themselves to different entries,
each is answered from its own; where one is answered, of another that leads elsewhere the reply
tells the code that nothing names, or asks what it is about. Else they stay one question. Knows
nothing of how a reply is worded.
"""

from __future__ import annotations

from collections.abc import Sequence

from mm_support.decide.decision import Decision
from mm_support.decode.compose import Asked
from mm_support.encode.turn import Seen, shown_by
from mm_support.knowledge.actions import entries_of
from mm_support.parts import Parts
from mm_support.pipeline.decompose import topics
from mm_support.pipeline.fuse import fuse
from mm_support.pipeline.perceive import Perceived
from mm_support.pipeline.retrieve import OPEN, searched
from mm_support.types import Question, Transcript


def by_photo(
    parts: Parts, question: Question, perceived: Perceived, decision: Decision, knowledge: str
) -> list[Asked]:
    """The questions of a message with several photos, in their order; none where they are one.
    decision: on all of them as one.
    """
    heard, seen = perceived
    if seen is None or len(seen.each) < 2 or decision.reason not in OPEN:
        return []
    read = [_looked_up(parts, question, heard, one, knowledge) for one in seen.each]
    asked = [_asked(question, decision) for question, decision in read]
    answered = topics(asked)
    matters = [one for one in asked if one.hits or _elsewhere(one, answered)]
    return matters if answered and len(matters) > 1 and not _same(matters) else []


def _looked_up(
    parts: Parts, whole: Question, heard: Transcript | None, seen: Seen, knowledge: str
) -> tuple[Question, Decision]:
    """One of the photos with the words beside it, and what it comes to as if it were sent alone."""
    question = shown_by(whole, seen)
    query = fuse(parts.encoders, parts.fusion, question, heard, seen)
    query, hits = searched(parts, knowledge, query)
    return question, parts.policy.decide(question, query, entries_of(hits), ())


def _asked(question: Question, told: Decision) -> Asked:
    """A photo as a question that is answered, if it is; else with what is open about it."""
    if told.action == "answer":
        return Asked(question, told.hits, told.confidence)
    return Asked(question, (), told.confidence, unknown=told.unknown, among=told.hits)


def _elsewhere(one: Asked, answered: set[str]) -> bool:
    """Whether a photo that is not answered shows another matter than those that are: a code that
    nothing names, or what comes close to it is not among what was answered.
    """
    near = {hit.entry.id for hit in one.among}
    return bool(one.unknown) or bool(near) and near.isdisjoint(answered)


def _same(matters: Sequence[Asked]) -> bool:
    """Whether all of them are answered from one entry."""
    return all(one.hits for one in matters) and len(topics(matters)) == 1
