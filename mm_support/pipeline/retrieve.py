"""Retrieve: what a base finds for a question, and what that comes to by itself.

A question is looked up with the turn before and without it, by its words without the photo, and in
the base's spelling; the reading that is answered best stays. Parts of a message are searched for by
themselves too (decompose.py, act.py). Knows nothing of replies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from mm_support.decide.contact import contact_first
from mm_support.decide.decision import Decision, Reason
from mm_support.decide.follow_up import completed, likelier, with_matter
from mm_support.decide.intents import Reads
from mm_support.decide.named import with_named
from mm_support.decide.nameless import (
    by_words,
    elsewhere,
    in_doubt,
    says_nothing,
    without_name,
    without_things,
)
from mm_support.decide.policy import meant_first
from mm_support.encode.turn import Seen
from mm_support.knowledge.actions import entries_of
from mm_support.knowledge.query import SearchQuery
from mm_support.language.terms import term_set
from mm_support.parts import Parts
from mm_support.pipeline.fuse import fuse, read_with
from mm_support.pipeline.perceive import Perceived
from mm_support.pipeline.step import Clock
from mm_support.types import SAID, Entry, Hit, Past, Question

FOUND = 5  # entries that are shown and may be cited
LOOKED_AT = 20  # entries among which what a question names is looked for
PHOTO = "photo"
# reasons of decisions that a closer look at a message may change
OPEN: tuple[Reason, ...] = ("evidence", "ambiguous", "unknown")
# share of right answers from which on an answer replaces a sure one that only the name found
SURER = 0.9
# reasons of decisions for what is said to "What is your question about?" that may name a thing, not
# for thanks or danger; and how likely that completes the message before
NAMING: tuple[Reason, ...] = (*OPEN, "unnamed", "stuck")
COMPLETES = 0.8
# reasons of decisions -> those that are worth more to whoever misspelt something
HELPED_BY: dict[str, tuple[str, ...]] = {
    "unknown": ("evidence", "ambiguous", "account"),
    "ambiguous": ("evidence",),
    "unnamed": ("evidence", "ambiguous"),
}

Searched = tuple[SearchQuery, tuple[Hit, ...]]  # best first


class LookedUp(NamedTuple):
    """A question, its query, what was found, best first, and what that comes to."""

    question: Question
    query: SearchQuery
    hits: tuple[Hit, ...]
    decision: Decision


def searched(parts: Parts, knowledge: str, query: SearchQuery, most: int = FOUND) -> Searched:
    """The query as the base reads it, and so many of the entries that it finds; beside a photo with
    how likely they answer words that ask something of it.
    """
    query = parts.knowledge.recognise(knowledge, query)
    said = (text for name in ("text", "speech") for text in query.texts.get(name, ()))
    words = " ".join(said)
    hits = contact_first(words, parts.knowledge.find(knowledge, query, LOOKED_AT))
    hits = with_named(words, hits, most)
    weights = query.fused.weights
    if weights.get(PHOTO) and not SAID.isdisjoint(weights):
        hits = tuple(replace(own, says=parts.writer.says(words, own.entry)) for own in hits)
    return query, hits


def asked_alone(
    parts: Parts,
    knowledge: str,
    question: Question,
    perceived: Perceived = (None, None),
    reads: Reads | None = None,
    most: int = FOUND,
) -> LookedUp:
    """A question as if nothing had come before it. reads: see Policy.decide. most: entries that are
    found, of which FOUND decide.
    """
    query = fuse(parts.encoders, parts.fusion, question, *perceived)
    query, hits = searched(parts, knowledge, query, most)
    decision = parts.policy.decide(question, query, entries_of(hits[:FOUND]), (), reads)
    return LookedUp(question, query, hits, decision)


def look_up(
    parts: Parts,
    knowledge: str,
    question: Question,
    perceived: Perceived,
    past: Sequence[Past],
    clock: Clock,
) -> LookedUp:
    """What the knowledge says to a question, with the turn before and without it. Raises
    InputError where nothing is asked.
    """
    with clock.step("fuse"):
        query = fuse(parts.encoders, parts.fusion, question, *perceived)
        leant_on = with_matter(past)
        readings, asked = read_with(parts, query, question, leant_on, knowledge)
    with clock.step("search"):
        most = LOOKED_AT if len(readings) > 1 else FOUND
        found = [searched(parts, knowledge, reading, most) for reading in readings]
    with clock.step("decide"):
        before = leant_on[-1] if leant_on else None
        shown = [(reading, with_named(asked.asked, hits, FOUND)) for reading, hits in found]
        query, hits = likelier(parts.policy, asked, shown, before, found[-1][1])
        if "context" in query.texts:
            asked = replace(asked, context=leant_on[-1].words)
        decision = parts.policy.decide(asked, query, entries_of(hits), past)
        own = nameless(parts, knowledge, LookedUp(asked, query, hits, decision))
        own = beside_photo(parts, knowledge, own, perceived)
    whole = completed(question, past, knowledge)
    if whole is question or own.decision.reason not in NAMING:
        return own
    both = look_up(parts, knowledge, whole, perceived, past, clock)
    completes = COMPLETES * both.decision.confidence, (1 - COMPLETES) * own.decision.confidence
    return both if completes[0] >= completes[1] else own


def _photo_alone(
    parts: Parts, knowledge: str, question: Question, seen: Seen | None
) -> Decision | None:
    """What the photo of a question comes to without the words."""
    if seen is None:
        return None
    wordless = replace(question, typed="", heard="")
    return asked_alone(parts, knowledge, wordless, (None, seen)).decision


def beside_photo(parts: Parts, knowledge: str, looked: LookedUp, perceived: Perceived) -> LookedUp:
    """What is said elsewhere than of what a photo shows, by the words beside it ("can I pay by
    card?" beside a carton); where nothing answers, what it shows or may show is the closest ("can
    you eat it raw?" beside a pear). Else what was looked up.
    """
    question, _, _, decision = looked
    if question.photo is None or not question.asked or decision.reason not in OPEN:
        return looked
    wordless = _photo_alone(parts, knowledge, question, perceived[1])
    known = wordless.hits if wordless and wordless.reason in ("evidence", "ambiguous") else ()
    if decision.reason == "unknown" and known:
        decision = replace(decision, hits=known)
    looked = looked._replace(decision=decision)
    if SAID.isdisjoint(looked.query.fused.weights):  # the words only point at the photo
        return looked
    plain = replace(question, photo=None, read_in_photo=(), labels=())
    alone, surer = _without_matter(parts, knowledge, plain, (perceived[0], None))
    meant, found = known[0].entry if known else None, entries_of(alone.hits)
    says = partial(parts.writer.says, question.asked)
    decided = by_words(decision, meant, question.asked, alone.decision, found, surer, says)
    shown = (*decision.hits[:1], *known[:1])
    if decided is None or not _says_more(says, decided, shown):
        return looked
    told = _told(question, alone, decided)
    return told._replace(hits=_with_shown(told, known))


def _says_more(says: Callable[[Entry], float], decided: Decision, shown: Sequence[Hit]) -> bool:
    """Whether what is decided more likely says what is asked than other entries do that a photo
    shows or may show: not what codes are for, where "what does this code mean?" stands beside one.
    """
    best = decided.hits[0].entry
    others = {hit.entry.id: hit.entry for hit in shown if hit.entry.id != best.id}
    least = says(best)
    return all(says(other) < least for other in others.values())


def _with_shown(told: LookedUp, known: Sequence[Hit]) -> tuple[Hit, ...]:
    """What the words found, and in the last place what the photo shows, if that is known and is
    not quoted.
    """
    if not known or known[0].entry.id in {hit.entry.id for hit in told.decision.hits}:
        return told.hits
    others = (hit for hit in told.hits if hit.entry.id != known[0].entry.id)
    return (*[*others][: FOUND - 1], known[0])


def _without_matter(
    parts: Parts, knowledge: str, question: Question, perceived: Perceived = (None, None)
) -> tuple[LookedUp, float]:
    """A question without what it leans on, which is shown or named, with LOOKED_AT entries; and the
    confidence from which on it is surer than what that by itself found.
    """
    reads = parts.policy.read(question.asked).alone()
    alone = asked_alone(parts, knowledge, question, perceived, reads, LOOKED_AT)
    return alone, parts.policy.threshold(SURER, alone.query)


def _told(question: Question, alone: LookedUp, decided: Decision) -> LookedUp:
    """A question with what was decided of what was found without what it leans on."""
    first = {hit.entry.id for hit in decided.hits}
    others = (hit for hit in alone.hits if hit.entry.id not in first)
    return LookedUp(question, alone.query, (*decided.hits, *others)[:FOUND], decided)


def nameless(parts: Parts, knowledge: str, looked: LookedUp) -> LookedUp:
    """What is said elsewhere of what is asked about a named thing (nameless.py); else what was
    looked up.
    """
    question, query, hits, decision = looked
    told, words = entries_of(hits), question.asked
    if decision.reason not in (*OPEN, "account") or not told or question.photo is not None:
        return looked
    named = meant_first(words, query, told)[0].entry
    rest = without_name(words, named)
    has_name = rest != words
    rest = rest if has_name else without_things(words, named)
    if rest == words or not term_set(rest):
        return looked
    alone, surer = _without_matter(parts, knowledge, replace(question, typed=rest, heard=""))
    found, decided = entries_of(alone.hits), None
    if has_name:
        says = partial(parts.writer.says, rest)
        decided = elsewhere(decision, named, rest, alone.decision, found, surer, says)
    if decided is not None:
        return _told(question, alone, decided)
    lacks = decision.reason == "evidence" and says_nothing(named, rest, found)
    return looked._replace(decision=in_doubt(decision, alone.decision)) if lacks else looked


def spelled_better(
    parts: Parts, knowledge: str, looked: LookedUp, perceived: Perceived, past: Sequence[Past]
) -> LookedUp:
    """The same question with what was typed in the base's spelling, where that helps."""
    typed, helped = looked.question.typed, HELPED_BY.get(looked.decision.reason, ())
    meant = parts.knowledge.respelled(knowledge, typed) if helped and typed else typed
    if meant == typed:
        return looked
    question = replace(looked.question, typed=meant)
    again = look_up(parts, knowledge, question, perceived, past, Clock())
    return again if again.decision.reason in helped else looked
