"""What a turn brings to actions: which of them is meant, and values for what they ask.

A value is what the customer typed, said or showed and nothing else. Decides nothing of what is done
with it (flow.py does).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from mm_support.decide.coded import close
from mm_support.decide.decision import Decision
from mm_support.decide.intents import Reads
from mm_support.knowledge.actions import DeclaredAction, Parameter
from mm_support.knowledge.declarations import action_of
from mm_support.language import values
from mm_support.language.asks import asks_in_words, asks_steps
from mm_support.language.codes import shaped
from mm_support.language.messages import listed
from mm_support.language.sentences import ASKING, split_sentences
from mm_support.language.terms import BARE, edged, terms
from mm_support.types import Hit, Question

LAST = 4  # characters of a sentence's last word: "ましたか"
NOWHERE = r"(?!)"


@dataclass(frozen=True, eq=False)
class Given:
    """What a turn brings: its question, what was read in it, and who is signed in. decision, hits:
    where the actions count as entries do; own: what the knowledge says by itself. before: the words
    of the turn before, where this one only chooses. surely: whether the confidence is enough to
    begin an action without any value. today: where the company is. declared: the actions of the
    base.
    """

    question: Question
    reads: Reads
    decision: Decision
    own: Decision
    hits: tuple[Hit, ...]
    today: date
    customer: str = ""
    before: str = ""
    surely: bool = False
    declared: Sequence[DeclaredAction] = ()

    @property
    def words(self) -> str:
        return self.question.asked


def wanted(given: Given) -> DeclaredAction | None:
    """The action that a turn asks for: one that was surely found, or that the turn names itself.

    One that changes something has to be wanted. Where it is only asked about or denied, what can be
    looked up by the same values is; where it is asked how that is done, an entry that says so
    answers.
    """
    action = likeliest(given)
    if action is None or given.words in action.title.values():
        return action
    meant = _found_surely(given, action)
    if meant and meant.writes:
        if asks_steps(given.words) and asks_in_words(given.words):
            return None if given.own.action == "answer" else meant
        if asked_about(given, meant) or denied(given, meant):
            return _looked_up(given)
    return meant


def _found_surely(given: Given, action: DeclaredAction) -> DeclaredAction | None:
    """The action, unless it is in doubt. One that only looks something up is also meant where a
    value for it is all that is understood, and where what the knowledge says is less sure.
    """
    told, _ = found_in(given, action.parameters)
    decision = given.decision
    sure = decision.reason == "evidence" or (decision.reason == "account" and decision.hits)
    if action.writes and given.own.action == "handoff" and not given.surely:
        return None  # a person does what no entry is about
    if decision.action not in ("answer", "handoff") or not sure:
        nothing_else = given.own.reason == "unknown" and not action.writes
        return action if told and nothing_else else None
    surer = not action.writes and decision.confidence > given.own.confidence
    return action if told or given.surely or surer else None


def asked_about(given: Given, action: DeclaredAction) -> bool:
    """Whether each sentence that names what an action does is a question: "did you cancel?"."""
    names, sentences = _naming(given, action), split_sentences(given.words)
    naming = [own for own in sentences if names.search(own)] or sentences
    return bool(naming) and all(map(_ends_asking, naming))


def denied(given: Given, action: DeclaredAction) -> bool:
    """Whether each clause that names what an action does denies it: "do not cancel it"."""
    names, clauses = _naming(given, action), values.CLAUSE_END.split(given.words)
    naming = [_plain(own) for own in clauses if names.search(own)]
    return bool(naming) and all(map(_denying().search, naming))


def _ends_asking(sentence: str) -> bool:
    """By its mark; in a script without blanks, which often leaves that out, by its last word."""
    last = sentence[-LAST:] if BARE.search(sentence) else ""
    return sentence.rstrip().endswith(ASKING) or asks_in_words(last)


def _naming(given: Given, action: DeclaredAction) -> re.Pattern[str]:
    """Words that begin like those which only this action's title has: "cancelled"."""
    others = {_terms_of(own) for own in given.declared if own.name != action.name}
    own = _terms_of(action).difference(*others)
    begun = [term if BARE.match(term) else rf"(?<![^\W_]){re.escape(term)}" for term in own]
    return re.compile("|".join(begun) or NOWHERE, re.IGNORECASE)


def _terms_of(action: DeclaredAction) -> frozenset[str]:
    titles = action.title.items()
    return frozenset(term for language, title in titles for term in terms(title, language))


def _plain(words: str) -> str:
    """Without apostrophes, which are often left out: "dont"."""
    return words.replace("’", "").replace("'", "")


@functools.cache
def _denying() -> re.Pattern[str]:
    return re.compile(edged(map(_plain, listed("action.denied"))), re.IGNORECASE)


def _looked_up(given: Given) -> DeclaredAction | None:
    """What else only looks something up, by values that the turn gives all: what was found, or
    whose title has a word of the turn.
    """
    found = (action_of(hit.entry) for hit in given.hits)
    asked = frozenset(terms(given.words, given.question.language))
    named = (own for own in given.declared if asked & _terms_of(own))
    for own in (*filter(None, found), *named):
        told = len(found_in(given, own.parameters)[0]) == len(own.parameters) > 0
        if told and not own.writes and (given.customer or not own.signed_in):
            return own
    return None


def near(given: Given) -> tuple[DeclaredAction, ...]:
    """The actions that the customer may have meant."""
    if given.decision.reason not in ("evidence", "ambiguous"):
        return ()
    found = (action_of(hit.entry) for hit in close(given.hits))
    return tuple(filter(None, found))


def likeliest(given: Given) -> DeclaredAction | None:
    """The action that was found first; also close behind an entry, which says how it is done, where
    the customer wants it done, or gives a value that only the action has a use for. Behind several
    entries the message is about something else that nothing may be changed for: a refund.
    """
    near_by = [action_of(hit.entry) for hit in close(given.hits)] if given.hits else []
    found = [
        own
        for place, own in enumerate(near_by)
        if not (own and own.writes) or near_by[:place].count(None) < 2
    ]
    known = [own for own in found if own and found_in(given, own.parameters)[0]]
    doing = "account" in given.reads.says
    return next(filter(None, (*known, *(found if doing else found[:1]))), None)


def found_in(
    given: Given, parameters: Sequence[Parameter], asked: Parameter | None = None
) -> tuple[dict[str, tuple[str, ...]], str]:
    """Parameter -> the values that the turn gives for it: typed, said, or read in the photo, the
    first of these that gives any; and what is left of the words. asked: the one that was asked for,
    whose value may be free words.
    """
    language, question = given.question.language, given.question
    texts = [question.typed, question.heard, "\n".join(question.read_in_photo)]
    found: dict[str, tuple[str, ...]] = {}
    for parameter in sorted(parameters, key=lambda own: own.type == "text"):
        if parameter.free and parameter is not asked:
            continue
        for place, text in enumerate(texts[:2] if parameter.free else texts):
            own, rest = find(parameter, text, language, given.today)
            if own:
                found[parameter.name], texts[place] = own, rest
                break
    return found, " ".join(texts[:2])


def find(parameter: Parameter, text: str, language: str, today: date) -> values.Found:
    """The values of a parameter in a text, and the text without them."""
    if not text.strip():
        return (), text
    if parameter.type == "identifier":
        return shaped(text, parameter.pattern, language)
    if parameter.type == "number":
        return values.numbers(text, language, parameter.least, parameter.most)
    if parameter.type == "date":
        return values.dates(text, language, today)
    if parameter.type == "choice":
        labels = {value: tuple(own.values()) for value, own in parameter.options.items()}
        return values.options(text, labels)
    return values.texts(text, parameter.pattern)


def without_values(question: Question, actions: Sequence[DeclaredAction]) -> Question | None:
    """The question without identifiers that only a company's system knows; None where it has none.

    An order's number is in no entry, and hides what the customer wants.
    """
    texts = {"typed": question.typed, "heard": question.heard}
    plain = dict(texts)
    for parameter in (own for action in actions for own in action.parameters):
        if parameter.type == "identifier":
            for name, text in plain.items():
                plain[name] = shaped(text, parameter.pattern, question.language)[1]
    said_more = any(map(str.strip, plain.values()))
    return replace(question, **plain) if plain != texts and said_more else None
