"""A closer look at photos: several of them, each by itself, and what is written in one.

    photos of two displays: "What do these mean?"

At first they are read as photos of one matter. Where they lead by themselves to different entries,
each is answered from its own; where one is answered, of another that leads elsewhere the reply
tells the code that nothing names, or asks what it is about. Else they stay one question.

    photo of a message, "The connection was reset": "What does this mean?"

Where a photo and its words are not answered as they are, what is written in it counts as if it had
been typed, if that is surely answered: it answers, and asks for no action and no person. Knows
nothing of how a reply is worded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mm_support.decide.decision import Decision
from mm_support.decide.rules import LIKELY
from mm_support.decode.compose import Asked
from mm_support.encode.turn import Seen, photo_text, shown_by
from mm_support.language.terms import term_set
from mm_support.parts import Parts
from mm_support.pipeline.decompose import topics
from mm_support.pipeline.fuse import fuse
from mm_support.pipeline.perceive import Perceived
from mm_support.pipeline.retrieve import OPEN, SURER, asked_alone
from mm_support.types import Question, Transcript


def by_photo(
    parts: Parts, question: Question, perceived: Perceived, decision: Decision, knowledge: str
) -> list[Asked]:
    """The questions of a message with several photos, in their order; none where they are one.
    decision: on all of them as one.
    """
    heard, seen = perceived
    if seen is None or decision.reason not in OPEN:
        return []
    if len(seen.each) < 2:
        typed = _typed(parts, question, seen, knowledge) if decision.action != "answer" else None
        return [typed] if typed else []
    asked = [_asked(parts, question, heard, one, knowledge) for one in seen.each]
    answered = topics(asked)
    matters = [one for one in asked if one.hits or _elsewhere(one, answered)]
    return matters if answered and len(matters) > 1 and not _same(matters) else []


def _asked(
    parts: Parts, whole: Question, heard: Transcript | None, seen: Seen, knowledge: str
) -> Asked:
    """One of the photos with the words beside it as a question of its own, as if it were sent
    alone; where nothing answers it, with what is open about it.
    """
    question = shown_by(whole, seen)
    told = asked_alone(parts, knowledge, question, (heard, seen)).decision
    if told.action == "answer":
        return Asked(question, told.hits, told.confidence)
    typed = _typed(parts, question, seen, knowledge)
    return typed or Asked(question, (), told.confidence, unknown=told.unknown, among=told.hits)


def _typed(parts: Parts, question: Question, seen: Seen, knowledge: str) -> Asked | None:
    """What is written in a photo as if it had been typed, behind the customer's words or, where
    these only point at it, alone; None where that is not surely answered, or not surely read, or
    tells no entries apart, as a maker's name does not.
    """
    read, surely = photo_text(seen.view)
    query = fuse(parts.encoders, parts.fusion, question, None, seen)
    if not parts.knowledge.recognise(knowledge, query).terms.get("photo_text"):
        return None
    points = parts.policy.read(question.asked).follow_up >= LIKELY or not term_set(question.asked)
    texts = dict.fromkeys([f"{question.asked} {read}".strip(), *([read] if points else [])])
    plain = replace(question, heard="", photo=None, read_in_photo=(), labels=())
    answered = []
    for one in (replace(plain, typed=text) for text in texts):
        alone = asked_alone(parts, knowledge, one)
        told, right = alone.decision, alone.decision.confidence * surely
        if told.reason == "evidence" and right >= parts.policy.threshold(SURER, alone.query):
            answered.append(Asked(one, told.hits, right))
    return max(answered, key=lambda one: one.confidence, default=None)


def _elsewhere(one: Asked, answered: set[str]) -> bool:
    """Whether a photo that is not answered shows another matter than those that are: a code that
    nothing names, or what comes close to it is not among what was answered.
    """
    near = {hit.entry.id for hit in one.among}
    return bool(one.unknown) or bool(near) and near.isdisjoint(answered)


def _same(matters: Sequence[Asked]) -> bool:
    """Whether all of them are answered from one entry."""
    return all(one.hits for one in matters) and len(topics(matters)) == 1
