"""What kind of reply a turn gets: an answer, a question back, a refusal, or a person.

RULES are tried in their order. Decided in code from what was read in the message (intents.py) and
from how likely the evidence suffices (confidence.py), never by the language model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mm_support.decide.coded import (
    close,
    names_another_code,
    names_unknown_code,
    photo_names,
    titled_by_code,
    titled_otherwise,
    unknown_in_photo,
)
from mm_support.decide.confidence import Gate
from mm_support.decide.intents import IntentReader, Reads
from mm_support.decide.named import (
    AS_GOOD,
    asks_amount_of,
    named_first,
    names_another_thing,
    told_before,
    which,
)
from mm_support.knowledge.query import SearchQuery
from mm_support.language.codes import COMPOUND
from mm_support.language.emergency import emergency_sentences
from mm_support.language.surely_heard import SURELY
from mm_support.language.terms import term_set
from mm_support.types import Action, Entry, Hit, Past, Question

CANDIDATES = 3  # entries that a question back may name
# confidence from which a refusal names what comes closest: of 1,425 questions with 0.1 to 0.15 that
# was right for 25
NEAREST = 0.15
LIKELY = 0.5  # probability from which a message more likely leans on what is not there than not

Reason = Literal[
    "self_harm",
    "safety",
    "asked",
    "upset",
    "abuse",
    "greeting",
    "thanks",
    "goodbye",
    "acknowledged",
    "rejected",
    "misheard",
    "rest",  # of a reply that was interrupted
    "unnamed",
    "human_only",
    "account",
    "stuck",
    "evidence",
    "contradicted",  # by another entry: see pipeline/disputed.py
    "ambiguous",
    "unknown",
    "silence",
    "waiting",
    "person",
    "closed",
    "action",  # those of actions/flow.py
    "action_asks",
    "action_confirms",
    "action_left",
    "action_given_up",
    "action_sign_in",
    "action_missing",
    "action_failed",
    "action_unsure",
]
# label of intents.py -> why a person takes over, the most pressing first
PRESSING: dict[str, Reason] = {
    "self_harm": "self_harm",
    "danger": "safety",
    "person": "asked",
    "upset": "upset",
}
PERIL: tuple[Reason, ...] = ("safety", "self_harm")  # spoken of before anything that was found
# probability from which a courtesy, anger and the wish for a person count though an entry answers
CERTAIN = 0.5
BEYOND_DOUBT = 0.9  # and from which it does though the knowledge uses all of its words
# label -> reason of a short friendly reply
COURTESIES: dict[str, Reason] = {
    "goodbye": "goodbye",
    "thanks": "thanks",
    "greeting": "greeting",
    "acknowledge": "acknowledged",
    "yes": "acknowledged",
}
FAILED: tuple[Action, ...] = ("clarify", "refuse")
# reasons of a question back that say nothing about the help given
UNDER_WAY: tuple[Reason, ...] = ("action_asks", "action_confirms", "action_left")
SAY_AGAIN: tuple[Reason, ...] = ("rejected", "unnamed")  # of those that ask for it in other words
SAME = 0.5  # share of terms (Dice) above which two messages are about the same
NO_FAILURE = (*COURTESIES.values(), *UNDER_WAY, "silence", "misheard")


@dataclass(frozen=True)
class Decision:
    """What to do and why, how likely the evidence suffices (0..1), the hits that the reply is made
    from, whether products like the one in the photo are wanted, and the code in it that nothing is
    known of.
    """

    action: Action
    reason: Reason
    confidence: float
    hits: tuple[Hit, ...]
    similar: bool = False
    unknown: str = ""


# a recording in which nobody speaks, and nothing else
SILENCE = Decision("clarify", "silence", 0.0, ())


@dataclass(frozen=True, eq=False)
class Situation:
    """All that is decided from. hits: best first; past: earlier turns, oldest first; confidence:
    that the best hit answers the question; read: what is read in other words.
    """

    question: Question
    query: SearchQuery
    hits: tuple[Hit, ...]
    past: tuple[Past, ...]
    reads: Reads
    gate: Gate
    confidence: float
    read: Callable[[str], Reads]

    def says(self, label: str) -> bool:
        return label in self.reads.says

    @property
    def before(self) -> Past | None:
        return self.past[-1] if self.past else None

    def goes_on(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Those of hits that were answered from just before and state what alone is asked now."""
        leans = "context" in self.query.texts
        cited = self.before.citations if self.before and leans else ()
        return told_before(self.question.asked, hits, cited)

    def may_be(self, hits: Sequence[Hit]) -> bool:
        """Whether what is meant may be among hits, the best one first: that is likely enough, or
        the title of one has the very code that is asked about.
        """
        titled = any(titled_by_code(self.query, hit.entry) for hit in hits)
        return titled or self.confidence >= self.gate.clarify

    @property
    def reserved(self) -> bool:
        """Whether the matter is found, and only people may handle it."""
        best = self.hits[:1]
        return bool(best) and self.may_be(best) and best[0].entry.human_only

    @property
    def sure(self) -> bool:
        """Whether the best hit answers the question."""
        if not self.hits:
            return False
        words, best = self.question.asked, self.hits[0].entry
        told = asks_amount_of(words, best) or self.hits[0] in self.goes_on(self.hits)
        enough = told or self.confidence >= self.gate.answer
        if not enough or names_another_code(self.query, best):
            return False
        unknown = names_unknown_code(self.query, self.hits)
        return not unknown and not names_another_thing(words, self.hits)

    def without_cited(self) -> Situation:
        """The same where what the turn before cited was not found again, nor what is titled by
        another code: who did all that E24 asks for has no E20.
        """
        cited = self.before.citations if self.before else ()
        told = [hit.entry for hit in self.hits if hit.entry.id in cited]
        hits = tuple(
            hit
            for hit in self.hits
            if hit.entry.id not in cited and not any(titled_otherwise(hit.entry, e) for e in told)
        )
        confidence = self.gate.probability(self.question.asked, self.query, hits)
        return replace(self, hits=hits, confidence=confidence)

    def decide(self, action: Action, reason: Reason, hits: Sequence[Hit] = ()) -> Decision:
        return Decision(action, reason, self.confidence, tuple(hits), self.says("similar"))


class Policy:
    """Decides with a calibrated gate and a head that reads what the customer is doing."""

    def __init__(self, gate: Gate, intents: IntentReader) -> None:
        self._gate, self._intents = gate, intents

    def read(self, question: Question) -> Reads:
        """What the customer's words, typed and heard, are doing beside asking."""
        return self.reads(question.asked)

    def reads(self, words: str) -> Reads:
        """What words of the customer are doing beside asking."""
        return self._intents.read(words)

    def confidence(
        self,
        question: Question,
        query: SearchQuery,
        hits: Sequence[Hit],
    ) -> float:
        """How likely the best hit answers the question, 0..1."""
        words = question.asked
        hits = meant_first(words, query, hits)
        return self._suiting(query, hits).probability(words, query, hits)

    def threshold(self, precision: float, query: SearchQuery) -> float:
        """The confidence from which on that share of the answers is right."""
        gate = self._gate.suiting(query)
        return gate.wishing(precision).answer

    def decide(
        self,
        question: Question,
        query: SearchQuery,
        hits: Sequence[Hit],
        past: Sequence[Past],
        reads: Reads | None = None,
    ) -> Decision:
        """hits: best first. past: earlier turns of the session, oldest first. reads: of the
        question, where they are there already.
        """
        reads = self.read(question) if reads is None else reads
        words = question.asked
        hits = meant_first(words, query, hits)
        gate = self._suiting(query, hits)
        confidence = gate.probability(words, query, hits)
        found, before = tuple(hits), tuple(past)
        here = Situation(question, query, found, before, reads, gate, confidence, self.reads)
        if told := here.goes_on(found):
            here = replace(here, hits=(*told, *(hit for hit in found if hit not in told)))
        decision = next(filter(None, (rule(here) for rule in RULES)))
        misheard = question.heard_right < SURELY
        meant = question.typed.strip() or _said_again(question, before)
        if misheard and (decision.action == "handoff" or not meant):
            return here.decide("clarify", "misheard")
        unknown = unknown_in_photo(query, hits) if decision.action in FAILED else ""
        return replace(decision, unknown=unknown)

    def _suiting(self, query: SearchQuery, hits: Sequence[Hit]) -> Gate:
        """The gate for what was found: a code is as good in a photo as typed."""
        return self._gate if photo_names(query, hits) else self._gate.suiting(query)


def _said_again(question: Question, past: Sequence[Past]) -> bool:
    """Whether the customer said the same again after it was read back to them."""
    if not past or past[-1].reason != "misheard":
        return False
    now, before = (re.sub(r"\W+", "", text).casefold() for text in (question.heard, past[-1].text))
    return now == before


def meant_first(words: str, query: SearchQuery, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits, in front what is named, by words and what was read in the photo together ("a belt
    for this one"), or else one nearly as good that the turn before quoted, where the question leans
    on it.
    """
    shown = query.identifiers.get("photo_text", frozenset()) if term_set(words) else frozenset()
    hits = named_first(" ".join((words, *sorted(shown))), hits)
    if not hits or query.leans < LIKELY:
        return hits
    named = term_set(words) & term_set(hits[0].entry.title)
    near = (hit for hit in hits if hit.score >= AS_GOOD * hits[0].score)
    quoted = (hit for hit in near if hit.entry.id in query.cited)
    meant = next((hit for hit in quoted if named <= term_set(hit.entry.text)), hits[0])
    others = (hit for hit in hits if hit is not meant)
    return (replace(meant, score=hits[0].score), *others)


def _pressing(here: Situation) -> Decision | None:
    """Danger goes to a person whatever was found, with what the company says of emergencies; so do
    the wish for one and anger, unless they are read in doubt and the knowledge surely answers, or a
    title tells what is meant ("Wren"). Where they are not beyond doubt, what answers is told too.
    """
    label = next(filter(here.says, PRESSING), None)
    if label is None:
        return None
    reason = PRESSING[label]
    perilous = reason in PERIL
    doubtful = here.reads.probability[label] < CERTAIN and here.sure
    if not perilous and (doubtful or _only_names(here, label)):
        return None
    likely = here.sure and here.reads.probability[label] < BEYOND_DOUBT
    told = _instructions(here) if perilous else here.hits[:1] if likely else ()
    return here.decide("handoff", reason, told)


def _instructions(here: Situation) -> tuple[Hit, ...]:
    """What was found that tells what to do in an emergency, or else what surely answers: "If the
    battery swells, put it outside". To somebody who may harm themselves only the former is read.
    """
    found = close(here.hits) if here.confidence >= here.gate.clarify else ()
    told = [hit for hit in found if _for_emergencies(hit.entry, here.read)]
    answers = here.sure and not here.says("self_harm")
    return tuple(told or (here.hits if answers else ()))[:1]


def _for_emergencies(entry: Entry, read: Callable[[str], Reads]) -> bool:
    """Whether only people may handle what an entry is about, it tells whom to call, or it is headed
    by a danger.
    """
    told = entry.human_only or bool(emergency_sentences(entry.answer))
    return told or any("danger" in read(head).says for head in (entry.title, *entry.questions))


def _only_names(here: Situation, label: str) -> bool:
    """Whether a message holds nothing but words of titles that were found, or of what surely
    answers ("complaints phone number"), and what was read in it beside them is not beyond doubt.
    """
    asked = term_set(here.question.asked)
    titled = frozenset().union(*(term_set(hit.entry.title) for hit in here.hits))
    known = asked <= titled or here.sure and asked <= terms_of(here.hits[:1])
    return here.reads.probability[label] < BEYOND_DOUBT and bool(asked) and known


def _courtesy(here: Situation) -> Decision | None:
    """A message that only greets, thanks, takes leave or agrees gets a short friendly reply."""
    said = [label for label in COURTESIES if here.says(label)]
    read = [here.reads.probability[label] for label in said]
    certain = max(read, default=0.0) >= CERTAIN
    if "photo" in here.query.fused.weights or (here.sure and not certain):
        return None  # "Brew 2" may look like a farewell to whoever does not sell it
    words, surely = here.question.asked, max(read, default=0.0) >= BEYOND_DOUBT
    if is_a_number(words) or (is_a_code(words) and not surely):
        return None  # a bare number or code is what somebody asked for; "gr8" is surely none
    asked = term_set(words)
    if not surely and asked and asked <= terms_of(here.hits):
        return None  # "Family" may be a card of that name
    reason: Reason | None = COURTESIES[said[0]] if said else None
    if reason == "acknowledged" and here.before is None and not certain:
        return None  # "it's broken" begins a conversation; there is nothing yet to agree with
    if reason == "acknowledged" and here.before and here.before.asked_about:
        return None  # "Is it about A or B?" - "Yes": it is still to be told which
    if here.says("no") and here.before and here.before.reason in COURTESIES.values():
        reason = "goodbye"  # "Is there anything else?" - "No"
    return here.decide("clarify", reason) if reason else None


def terms_of(hits: Sequence[Hit]) -> frozenset[str]:
    """The terms of all that was found."""
    return frozenset().union(*(term_set(hit.entry.text) for hit in hits))


def is_a_number(words: str) -> bool:
    return any(map(str.isdigit, words)) and not any(map(str.isalpha, words))


def is_a_code(words: str) -> bool:
    """Whether every letter stands beside a digit: "E08", "x9", "KE-2 E04"."""
    rest = COMPOUND.sub(lambda found: "" if any(map(str.isdigit, found[0])) else found[0], words)
    return rest != words and not any(map(str.isalpha, rest))


def _reserved(here: Situation) -> Decision | None:
    return here.decide("handoff", "human_only", here.hits[:1]) if here.reserved else None


def _rejected(here: Situation) -> Decision | None:
    """What was answered or offered is not what the customer meant."""
    rejected = here.says("no") or here.reads.choice == "neither"
    return here.decide("clarify", "rejected") if rejected and here.before else None


def _unresolved(here: Situation) -> Decision | None:
    """What was answered did not help: another entry, or a person, but not the same again."""
    if not here.says("unresolved") or here.before is None or here.before.action != "answer":
        return None
    rest = here.without_cited()
    return _evidence(rest) or rest.decide("handoff", "stuck")


def _evidence(here: Situation) -> Decision | None:
    return here.decide("answer", "evidence", close(here.hits)) if here.sure else None


def _which(here: Situation) -> Decision | None:
    """A name that several things share is no one of them, unless the turn before tells which."""
    words = here.question.asked
    if not here.sure or "context" in here.query.texts or asks_amount_of(words, here.hits[0].entry):
        return None
    meant = which(words, here.hits)[:CANDIDATES]
    return here.decide("clarify", "ambiguous", meant) if meant else None


def _account(here: Situation) -> Decision | None:
    """Something has to be done that the assistant cannot do, and the knowledge does not surely tell
    how, or told it just before. What an action surely does, it can.
    """
    told = here.before.answered_from if here.before else ()
    if not here.says("account") or (here.sure and here.hits[0].entry.id not in told):
        return None
    return here.decide("handoff", "account", here.hits[:1] if here.sure else ())


def _abuse(here: Situation) -> Decision | None:
    """Insults get a calm offer once; whoever goes on is handed over."""
    if not here.says("abuse") or _only_names(here, "abuse"):
        return None
    again = here.before is not None and here.before.reason == "abuse"
    return here.decide("handoff", "upset") if again else here.decide("clarify", "abuse")


def _stuck(here: Situation) -> Decision | None:
    """Two turns in a row that gave nothing in one matter are enough; a question back that quotes
    gave something.
    """
    before = here.before
    quoted = before is not None and before.action == "clarify" and before.citations
    if before is None or quoted or before.reason in NO_FAILURE:
        return None
    again = before.reason in SAY_AGAIN or here.reads.follow_up >= LIKELY
    named = tuple(hit.entry.title for hit in candidates(here.hits)) == before.asked_about
    if before.action in FAILED and (again or named or alike(before.words, here.question.asked)):
        return here.decide("handoff", "stuck")
    return None


def alike(one: str, other: str) -> bool:
    """Whether two messages have most of their terms in common, or say nothing that can be told."""
    mine, theirs = term_set(one), term_set(other)
    return 2 * len(mine & theirs) > SAME * (len(mine) + len(theirs)) or not (mine and theirs)


def _unnamed(here: Situation) -> Decision | None:
    """The message leans on something that is not there: no turn before, no photo, no code; beyond
    doubt, where an entry may be meant.
    """
    there = here.query.fused.weights.keys() | here.query.texts.keys()
    named = here.past or here.query.identifiers or there & {"photo", "context"}
    leans = here.reads.follow_up >= (BEYOND_DOUBT if here.may_be(here.hits) else LIKELY)
    return here.decide("clarify", "unnamed") if leans and not named else None


def _surely_unnamed(here: Situation) -> Decision | None:
    """The same beyond doubt ("It doesn't work"), where the answer is not."""
    surely = here.reads.follow_up >= BEYOND_DOUBT > here.confidence
    return _unnamed(here) if surely else None


def _open(here: Situation) -> Decision:
    """What is left: it is asked which entry is meant, or said that nothing was found, with what
    comes closest.
    """
    if here.may_be(close(here.hits)):
        return here.decide("clarify", "ambiguous", candidates(here.hits))
    near = candidates(here.hits) if here.confidence >= NEAREST else ()
    return here.decide("refuse", "unknown", near)


RULES: tuple[Callable[[Situation], Decision | None], ...] = (
    _pressing,
    _courtesy,
    _account,
    _reserved,
    _rejected,
    _unresolved,
    _which,
    _surely_unnamed,
    _evidence,
    _abuse,
    _stuck,
    _unnamed,
    _open,
)


def candidates(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The two or three entries that a question back names; of those with one title, the best."""
    named = close(hits[:CANDIDATES]) if len(close(hits)) > 1 else hits[:2]
    return tuple({hit.entry.title: hit for hit in reversed(named)}.values())[::-1]
