"""Decide: what a turn comes to, from what was found for it.

In this order: its words in the base's spelling (retrieve.py), several photos (photos.py) or
questions (decompose.py) in one message, what it does with an action (act.py), entries that
contradict each other (disputed.py). What a single question comes to: decide/policy.py. Knows
nothing of how a reply is worded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mm_support.decide.decision import SILENCE, Decision
from mm_support.decide.policy import meant_first
from mm_support.decode.compose import intent_of
from mm_support.knowledge.actions import entries_of
from mm_support.parts import Parts
from mm_support.pipeline.act import Available, Considered, act
from mm_support.pipeline.decompose import several
from mm_support.pipeline.disputed import disputed
from mm_support.pipeline.perceive import Perceived
from mm_support.pipeline.photos import by_photo
from mm_support.pipeline.results import Judged
from mm_support.pipeline.resume import asks_for_rest, cited_before
from mm_support.pipeline.retrieve import LookedUp, spelled_better
from mm_support.types import Hit, Intent, Owner, Past, Question, UserTurn


def decide(
    parts: Parts,
    turn: UserTurn,
    perceived: Perceived,
    looked: LookedUp,
    past: Sequence[Past],
    actions: Available,
) -> Judged:
    """The turn with what is decided; its intent is still missing. looked: what the knowledge says
    to it as it was typed.
    """
    leant_on = actions.leant_on(past)
    looked = spelled_better(parts, turn.knowledge, looked, perceived, leant_on)
    question, query, hits, decision = looked
    told = entries_of(hits)  # the knowledge by itself
    asked = by_photo(parts, question, perceived, decision, turn.knowledge)
    seen = perceived[1]
    asked = asked or several(parts, question, decision, told, turn.knowledge, leant_on, seen)
    here = Considered(turn, question, query, hits, decision, asked, past, *actions)
    acting = act(parts, here)
    decision, quoted = disputed(parts, question, acting, turn.knowledge)
    hits = cited_first(decision, acting.hits)
    judged = Judged(turn, question, *perceived, decision, hits, query, quoted)
    found = meant_first(question.asked, query, told)
    return replace(
        judged, step=acting.step, offered=acting.offered, aside=acting.aside, found=found
    )


def intended(parts: Parts, judged: Judged) -> Intent | None:
    """What the customer wants, by the base's classifier or the entries that were found."""
    words = judged.question.asked
    wanted = parts.intents.of(judged.turn.knowledge, words) if parts.intents else None
    return wanted or intent_of(judged.hits)


def without_search(
    parts: Parts,
    turn: UserTurn,
    question: Question,
    perceived: Perceived,
    past: Sequence[Past],
    owner: Owner,
) -> Judged | None:
    """What is decided without a look at the knowledge: while a person has the conversation, where
    nothing was said, and where the rest of the last answer is asked for.
    """
    judged = partial(Judged, turn, question, *perceived)
    if owner != "assistant":
        told = bool(past) and past[-1].reason == owner
        return judged(Decision("handoff", owner, 0.0, ()), told=told)
    if not (question.words or perceived[1]):
        return judged(SILENCE)
    if not asks_for_rest(question.words, past, turn.knowledge):
        return None
    hits = cited_before(past[-1], parts.knowledge.entries(turn.knowledge))
    return judged(Decision("answer", "rest", 1.0, hits), hits, rest=past[-1])


def cited_first(decision: Decision, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """What was found, in the order by whose numbers the reply cites it."""
    ids = {hit.entry.id for hit in decision.hits}
    return (*decision.hits, *(hit for hit in hits if hit.entry.id not in ids))
