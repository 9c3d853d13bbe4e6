"""Whether a turn does something with an action, beside what it asks of the knowledge.

The knowledge is asked without the actions, and what it says stays, unless an action is surely
wanted. An identifier that only a company's system knows ("order 104822") is in no entry and hides
what is wanted, so such a message is also searched for without it. Performs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from mm_support.actions.flow import Step, begin, go_on, stays, waiting
from mm_support.actions.given import (
    Given,
    asked_about,
    likeliest,
    near,
    wanted,
    without_values,
)
from mm_support.decide.decision import Decision
from mm_support.decode.compose import Asked
from mm_support.knowledge.actions import DeclaredAction, entries_of, said
from mm_support.knowledge.query import SearchQuery
from mm_support.language.sentences import ASKING
from mm_support.parts import Parts
from mm_support.pipeline.decompose import each, merged, short_ones
from mm_support.pipeline.retrieve import OPEN, asked_alone
from mm_support.types import Hit, Past, Pending, Question, UserTurn

PRECISION = 0.95  # share of the actions begun without any value that are to be meant


class Available(NamedTuple):
    """declared: what can be done with the base; pending: the action that waits for this turn."""

    declared: Sequence[DeclaredAction] = ()
    pending: Pending | None = None

    def leant_on(self, past: Sequence[Past]) -> Sequence[Past]:
        """The turns before that this one may lean on: what is given to an action leans on none."""
        return () if self.pending and not self.pending.aside else past


@dataclass(frozen=True, eq=False)
class Considered:
    """A turn, what it asks, what was found for that, actions among it, and what the knowledge says
    without them. asked: its questions, where it holds several. past: of the conversation; declared,
    pending: as of Available.
    """

    turn: UserTurn
    question: Question
    query: SearchQuery
    hits: tuple[Hit, ...]
    decision: Decision
    asked: Sequence[Asked]
    past: Sequence[Past]
    declared: Sequence[DeclaredAction]
    pending: Pending | None

    @property
    def answered(self) -> Decision:
        """The decision to answer all that is asked."""
        return merged(self.decision, self.asked) if self.asked else self.decision


@dataclass(frozen=True, eq=False)
class Acting:
    """What is decided, and what was found for that. step: with an action; None: nothing. asked: the
    questions of the message beside that. offered: titles of actions that may have been meant, or
    that go on. aside: the action that waits while something else is answered.
    """

    decision: Decision
    hits: tuple[Hit, ...]
    step: Step | None = None
    asked: tuple[Asked, ...] = ()
    offered: tuple[str, ...] = ()
    aside: Pending | None = None


def available(parts: Parts, turn: UserTurn, past: Sequence[Past]) -> Available:
    """What a turn may do; nothing where actions are switched off."""
    declared = parts.knowledge.actions(turn.knowledge) if parts.actions else ()
    return Available(declared, waiting(past, turn.knowledge) if declared else None)


def act(parts: Parts, here: Considered) -> Acting:
    """What the turn does with an action, or what the knowledge says."""
    own, pending = entries_of(here.hits), here.pending
    if not here.declared:
        return Acting(here.answered, own, asked=tuple(here.asked))
    given = _given(parts, here, here.question, here.query, here.hits, here.answered)
    waits = next((one for one in here.declared if pending and one.name == pending.action), None)
    if waits and pending and (step := go_on(waits, pending, given)):
        others = _asked_too(parts, here, waits)
        going = step.decision(here.decision.confidence)
        return Acting(replace(going, hits=merged(going, others).hits), own, step, others)
    acting = _anew(parts, here, given)
    if waits and pending and stays(acting.decision, acting.step, given):
        title = said(waits.title, given.question.language)
        return replace(acting, offered=(title,), aside=replace(pending, aside=True))
    return acting


def _anew(parts: Parts, here: Considered, given: Given) -> Acting:
    """What the turn does where no action waits for it."""
    own, action = entries_of(here.hits), wanted(given)
    if len(here.asked) > 1:
        # what is written in several photos asks for no action
        of_one_photo = all(one.question.photo is here.question.photo for one in here.asked)
        several = _among(parts, here, here.asked) if of_one_photo else None
        return several or Acting(here.answered, own, asked=tuple(here.asked))
    if both := _beside(parts, here, action):
        return both
    if action:
        step = begin(action, given)
        acting = Acting(step.decision(given.decision.confidence), own, step)
        return _with_question(acting, given, action)
    return Acting(given.own, own, asked=tuple(here.asked), offered=_offered(given))


def _with_question(acting: Acting, given: Given, action: DeclaredAction) -> Acting:
    """With the action that the turn only asked about, where another looks something up for that."""
    other = likeliest(given)
    if other is None or other.name == action.name or not asked_about(given, other):
        return acting
    told = begin(other, given).told
    if told is None or told.pending is None:
        return acting
    title = said(other.title, given.question.language)
    return replace(acting, offered=(title,), aside=replace(told.pending, aside=True))


def _beside(parts: Parts, here: Considered, action: DeclaredAction | None) -> Acting | None:
    """A message that asks for an action and something else that is answered. action: what all of
    it asks for, if anything.
    """
    found = any(hit.entry.declaration for hit in here.hits)
    if not found and without_values(here.question, here.declared) is None:
        return None
    for texts in short_ones(here.question.asked):
        asked = each(parts, here.question, texts, here.turn.knowledge)
        both = _among(parts, here, asked)
        same = both and both.step and action in (None, both.step.action)
        if both and same and any(one.hits for one in both.asked):
            return both
    return None


def _given(
    parts: Parts,
    here: Considered,
    question: Question,
    query: SearchQuery,
    hits: tuple[Hit, ...],
    own: Decision,
) -> Given:
    """A question as an action sees it, without the identifiers of the actions where that finds one,
    or an entry that answers where none did. What is understood without them counts as said.
    """
    assert parts.actions is not None
    reads, today = parts.policy.read(question.asked), parts.actions.now().date()
    before = here.past[-1].text if here.past and _chooses(here) else ""
    given = Given(
        question, reads, own, own, hits, today, here.turn.customer, before, declared=here.declared
    )
    given = _decided(parts, given, question, query)
    plain = without_values(question, here.declared)
    if plain is None or plain.photo is not None:
        return given
    _, query, hits, told = asked_alone(parts, here.turn.knowledge, plain, reads=reads)
    answers = told.action == "answer" and own.action != "answer"
    understood = own.reason == "unknown" and told.reason != "unknown"
    plainly = replace(given, own=told if answers or understood else own, hits=hits)
    plainly = _decided(parts, plainly, plain, query)
    return plainly if likeliest(plainly) or answers else given


def _chooses(here: Considered) -> bool:
    """Whether the message only chooses what the turn before named or offered."""
    titles = {title for action in here.declared for title in action.title.values()}
    return bool(here.past[-1].asked_about) or here.question.words in titles


def _decided(parts: Parts, given: Given, question: Question, query: SearchQuery) -> Given:
    """With what is decided where the actions count as entries do."""
    decision = parts.policy.decide(question, query, given.hits, (), given.reads)
    surely = decision.confidence >= parts.policy.threshold(PRECISION, query)
    return replace(given, decision=decision, surely=surely)


def _among(parts: Parts, here: Considered, asked: Sequence[Asked]) -> Acting | None:
    """Several questions, of which the first that asks for an action begins it; None where none
    does. What is about the same action asks for nothing more.
    """
    brought = [_part(parts, here, one) for one in asked]
    first = next((given for given in brought if wanted(given)), None)
    action = first and wanted(first)
    if not (first and action):
        return None
    others = tuple(one for one, given in zip(asked, brought) if not _same(action, given))
    step = begin(action, first)
    begun = step.decision(first.decision.confidence)
    hits = merged(begun, others).hits
    return Acting(replace(begun, hits=hits), entries_of(here.hits), step, others)


def _part(parts: Parts, here: Considered, one: Asked) -> Given:
    """One question of several as an action sees it."""
    alone = asked_alone(parts, here.turn.knowledge, one.question)
    told = replace(here.answered, action="answer" if one.hits else "refuse", hits=one.hits)
    return _given(parts, here, one.question, alone.query, alone.hits, told)


def _asked_too(parts: Parts, here: Considered, action: DeclaredAction) -> tuple[Asked, ...]:
    """What is asked beside the value that an action waited for, where that is answered."""
    words = here.question.asked
    if not words.endswith(ASKING) or without_values(here.question, here.declared) is None:
        return ()
    for texts in short_ones(words):
        asked = each(parts, here.question, texts, here.turn.knowledge)
        plain = [
            one for one in asked if one.hits and not without_values(one.question, here.declared)
        ]
        brought = (_part(parts, here, one) for one in plain)
        others = tuple(one for one, given in zip(plain, brought) if not _same(action, given))
        if others:
            return others
    return ()


def _same(action: DeclaredAction, given: Given) -> bool:
    best = likeliest(given)
    return best is not None and best.name == action.name


def _offered(given: Given) -> tuple[str, ...]:
    """The actions that the customer may have meant, beside what the knowledge says."""
    if given.own.reason not in OPEN:
        return ()
    return tuple(said(action.title, given.question.language) for action in near(given))
