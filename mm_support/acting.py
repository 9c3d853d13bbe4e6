"""Whether a turn does something with an action, beside what it asks of the knowledge.

An identifier that only a company's system knows ("order 104822") is in no entry and hides what is
wanted, so such a message is also searched for without it. Performs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mm_support.actions.flow import Given, Step, begin, go_on, likeliest, wanted, without_values
from mm_support.decide.policy import Decision
from mm_support.decode.compose import Asked
from mm_support.knowledge.actions import DeclaredAction, action_of, said
from mm_support.parts import Parts
from mm_support.several import merged
from mm_support.types import Hit, Past, Pending, Question, UserTurn


@dataclass(frozen=True, eq=False)
class Acting:
    """What is decided, and what was found for that. step: with an action; None: nothing. asked: the
    questions of the message beside that. offered: titles of actions that may have been meant.
    """

    decision: Decision
    hits: tuple[Hit, ...]
    step: Step | None = None
    asked: tuple[Asked, ...] = ()
    offered: tuple[str, ...] = ()


def act(
    parts: Parts,
    turn: UserTurn,
    question: Question,
    decision: Decision,
    hits: tuple[Hit, ...],
    asked: Sequence[Asked],
    past: Sequence[Past],
    pending: Pending | None,
) -> Acting:
    """decision, hits: of the question by itself; asked: the questions of a message that holds
    several. pending: the action that waits for this turn.
    """
    declared = parts.knowledge.actions(turn.knowledge)
    if parts.actions is None or not declared:
        decision = merged(decision, asked) if asked else decision
        return Acting(decision, hits, asked=tuple(asked))
    reads = parts.policy.read(question)
    chooses = past and past[-1].asked_about
    given = Given(question, reads, decision, hits, turn.customer, past[-1].text if chooses else "")
    given = _plainly(parts, turn.knowledge, given, declared)
    if pending and (action := _named(declared, pending.action)):
        if step := go_on(action, pending, given):
            return Acting(step.decision(hits, decision.confidence), hits, step)
    if asked:
        return _among(parts, turn, given, asked, declared)
    if action := wanted(given):
        step = begin(action, given)
        return Acting(step.decision(given.hits, given.decision.confidence), given.hits, step)
    return _told(given)


def _among(
    parts: Parts,
    turn: UserTurn,
    given: Given,
    asked: Sequence[Asked],
    declared: Sequence[DeclaredAction],
) -> Acting:
    """Several questions, of which the first that asks for an action begins it."""
    decision = given.decision
    for place, one in enumerate(asked):
        found = replace(decision, action="answer" if one.hits else "refuse", hits=one.hits)
        found = replace(found, reason="evidence" if one.hits else "unknown")
        reads = parts.policy.read(one.question)
        part = Given(one.question, reads, found, one.hits, turn.customer)
        part = _plainly(parts, turn.knowledge, part, declared)
        if action := wanted(part):
            others = tuple(map(_spoken, (*asked[:place], *asked[place + 1 :])))
            step = begin(action, part)
            begun = step.decision(part.hits, decision.confidence)
            own = merged(begun, others).hits
            return Acting(replace(begun, hits=own), given.hits, step, others)
    parts_told = tuple(map(_spoken, asked))
    told = replace(_told(given), decision=merged(decision, parts_told), asked=parts_told)
    return told


def _spoken(one: Asked) -> Asked:
    """What the knowledge says to a question."""
    return replace(one, hits=tuple(hit for hit in one.hits if not hit.entry.declaration))


def _named(declared: Sequence[DeclaredAction], name: str) -> DeclaredAction | None:
    return next((action for action in declared if action.name == name), None)


def _plainly(
    parts: Parts, knowledge: str, given: Given, declared: Sequence[DeclaredAction]
) -> Given:
    """The same with what is found without the identifiers of the actions, where no entry answers
    with them: an action, or an entry that does.
    """
    from mm_support.pipeline import fuse, searched

    plain = without_values(given.question, declared)
    answered = given.decision.action == "answer" and not given.hits[0].entry.declaration
    if plain is None or plain.photo is not None or answered:
        return given
    query, hits = searched(parts, knowledge, fuse(parts.encoders, parts.fusion, plain, None, None))
    fitted = parts.knowledge.fitted(knowledge)
    decision = parts.policy.decide(plain, query, hits, (), given.reads, fitted)
    plainly = replace(given, decision=decision, hits=hits)
    return plainly if likeliest(plainly) or decision.action == "answer" else given


def _told(given: Given) -> Acting:
    """What the knowledge says without the actions, which are offered beside it."""
    decision, hits = given.decision, given.decision.hits
    if decision.action == "clarify":
        return Acting(decision, given.hits)
    language = given.question.language
    own = tuple(hit for hit in hits if not hit.entry.declaration)
    actions = [action_of(hit.entry) for hit in hits if hit.entry.declaration]
    offered = tuple(said(action.title, language) for action in actions if action)
    if decision.action == "answer" and not own:
        decision = replace(decision, action="clarify", reason="ambiguous")
        return Acting(decision, given.hits)
    return Acting(replace(decision, hits=own), given.hits, offered=offered)
