"""What a turn does with an action: it asks for what is missing, has it confirmed, performs it or
leaves it.

One parameter is asked for at a time; what is known waits in the conversation (Past.pending), also
while something else is asked. Nothing is performed here (performing.py does); knows no model and no
page.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mm_support.actions.given import Given, found_in, wanted
from mm_support.actions.result import worded
from mm_support.decide.decision import Decision, Reason
from mm_support.decide.follow_up import PLACES
from mm_support.decide.rules import COURTESIES, PRESSING
from mm_support.decode.compose import TELLING
from mm_support.decode.sentence import Sentence
from mm_support.knowledge.actions import DeclaredAction, Parameter, said
from mm_support.knowledge.declarations import action_of
from mm_support.language.messages import message
from mm_support.language.sentences import ASKING, split_sentences
from mm_support.language.surely_heard import SURELY
from mm_support.language.terms import term_set
from mm_support.types import Action, FormField, Past, Pending

PATIENCE = 15 * 60.0  # s that an action waits for the customer
TRIES = 2  # questions for the same value, before it is given up
SURE = 0.5  # probability from which a yes is likelier than everything else together


@dataclass(frozen=True, eq=False)
class Told:
    """What the customer is told. choices: what may be tapped; pending: what waits for the next
    turn.
    """

    action: Action
    reason: Reason
    sentences: tuple[Sentence, ...]
    choices: tuple[str, ...] = ()
    form: FormField | None = None
    pending: Pending | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """What a turn does with an action. pending: what is known for it; told: None where it is to be
    performed.
    """

    action: DeclaredAction
    pending: Pending
    told: Told | None = None

    def decision(self, confidence: float) -> Decision:
        if self.told is None:
            return Decision("answer", "action", confidence, ())
        return Decision(self.told.action, self.told.reason, confidence, ())


def waiting(past: Sequence[Past], knowledge: str) -> Pending | None:
    """The action that waits for this turn, if it does not wait for too long already."""
    last = past[-1] if past else None
    pending = last.pending if last and last.knowledge == knowledge else None
    return pending if pending and 0 <= time.time() - pending.since < PATIENCE else None


def begin(action: DeclaredAction, given: Given) -> Step:
    """The first turn of an action."""
    language = given.question.language
    pending = Pending(action.name, uuid.uuid4().hex, time.time(), language=language)
    if action.signed_in and not given.customer:
        text = message("action.sign_in", language)
        return Step(action, pending, Told("refuse", "action_sign_in", (Sentence(text),)))
    found, _ = found_in(given, action.parameters)
    if given.before:
        earlier = replace(given, question=replace(given.question, typed=given.before, heard=""))
        found = {**found_in(earlier, action.parameters)[0], **found}
    return onward(action, pending, found)


def go_on(action: DeclaredAction, pending: Pending, given: Given) -> Step | None:
    """The next turn of an action that waits; None where the customer asks something else."""
    told = len(term_set(given.words)) > TELLING
    pending = replace(pending, language=given.question.language if told else pending.language)
    if pending.aside:
        return _come_back(action, replace(pending, aside=False), given)
    known = all(own.name in pending.values for own in action.parameters)
    asked = action.parameter(pending.asks)
    found, rest = found_in(given, _open_to(action, pending), asked)
    nothing_but = bool(found) and not (asked and asked.free) and not term_set(rest)
    if given.own.reason in (*PRESSING.values(), "abuse") and not nothing_but:
        return None
    if known and not asked and not _corrected(pending, found):
        agreed = _agreement(given, pending)
        if agreed is not None:
            return Step(action, pending) if agreed else _left(action, pending)
    if asked and asked.name not in found and (chosen := _chosen(given, pending)):
        found[asked.name] = (chosen,)
    if not nothing_but and _asks_else(given, action, asked, found):
        return None
    if not found and _declines(given):
        return _left(action, pending)
    forgotten = not (known or asked)  # what was personal, by another process
    return onward(action, pending, found) if found or forgotten else _again(action, pending)


def _come_back(action: DeclaredAction, pending: Pending, given: Given) -> Step | None:
    """The next turn of an action that was set aside. It goes on where the customer agrees to that,
    names it or gives a value, and nothing is done without being asked again.
    """
    if "no" in given.reads.says:
        return _left(action, pending)
    found, rest = found_in(given, _open_to(action, pending))
    if found and term_set(rest) and _asks_else(given, action, None, found):
        return None
    back = given.words in action.title.values() or _agreement(given, pending)
    return onward(action, pending, found) if found or back else None


def stays(decision: Decision, step: Step | None, given: Given) -> bool:
    """Whether an action still waits behind a turn that was about something else."""
    left = given.reads.says & {"no", "goodbye"}
    return step is None and decision.action != "handoff" and not left


def _open_to(action: DeclaredAction, pending: Pending) -> Sequence[Parameter]:
    """What a turn may give: all where it is to be confirmed; else what is missing, and identifiers
    that are known and may be corrected, unless they may be part of free words.
    """
    asked = action.parameter(pending.asks)
    if asked is None:
        return action.parameters
    missing = [own for own in action.parameters if own.name not in pending.values]
    known = [own for own in action.parameters if own.name in pending.values]
    return missing + [own for own in known if own.type == "identifier" and not asked.free]


def _corrected(pending: Pending, found: Mapping[str, Sequence[str]]) -> bool:
    """Whether another value is given than the one that is to be confirmed."""
    return any(tuple(own) != (pending.values.get(name),) for name, own in found.items())


def _asks_else(
    given: Given,
    action: DeclaredAction,
    asked: Parameter | None,
    found: Mapping[str, Sequence[str]],
) -> bool:
    """Whether the customer leaves the action with a question that something else answers."""
    decision, best = given.own, action_of(given.hits[0].entry) if given.hits else action
    asks = given.words.rstrip().endswith(ASKING)
    # in another language than the entries', the action may come first for every question
    others = best is None or best.name != action.name or (asks and not given.surely)
    told, other = asked and asked.name in found, wanted(given)
    if other and other.name != action.name and ("account" in given.reads.says or not told):
        return True  # another action; "it is order 104822" is none, "cancel order 104822" is
    if asked and asked.free:
        told = not asks
    if told or not others or decision.reason in COURTESIES.values():
        return False
    return decision.action in ("answer", "handoff") or decision.reason == "ambiguous"


def _declines(given: Given) -> bool:
    """Whether the customer does not want to go on."""
    return bool(given.reads.says & {"no", "goodbye", "thanks"})


def _chosen(given: Given, pending: Pending) -> str:
    """The one of the values that were offered whose place the customer names; "" for none."""
    place = PLACES.get(given.reads.choice) if "choose" in given.reads.says else None
    return "" if place is None else next(iter(pending.offered[place:]), "")


def onward(action: DeclaredAction, pending: Pending, found: Mapping[str, Sequence[str]]) -> Step:
    """Asks for what is missing or unclear, has it confirmed, or performs it. found: parameter ->
    values that the turn brings.
    """
    told = {name: own[0] for name, own in found.items() if len(own) == 1}
    known = {**pending.values, **told}
    pending = replace(pending, values=known, tries=0)
    for parameter in action.parameters:
        if parameter.name not in known:
            return _asking(action, pending, parameter, found.get(parameter.name, ()))
    if action.writes:
        return _confirming(action, pending)
    return Step(action, pending)


def _agreement(given: Given, pending: Pending) -> bool | None:
    """Whether the customer says yes or no; None for neither, and for what was not heard surely."""
    if given.question.heard_right < SURELY:
        return None
    if given.words in yes_or_no(pending.language):
        return given.words == yes_or_no(pending.language)[0]
    if _declines(given):
        return False
    return True if given.reads.probability.get("yes", 0.0) >= SURE else None


def yes_or_no(language: str) -> tuple[str, str]:
    """What the two buttons say."""
    return message("action.yes", language), message("action.no", language)


def _asking(
    action: DeclaredAction, pending: Pending, parameter: Parameter, several: Sequence[str] = ()
) -> Step:
    language = pending.language
    text = said(parameter.ask, language)
    offered = tuple(several) if len(several) > 1 else tuple(parameter.options)
    labels = tuple(said(parameter.options.get(own, {}), language) or own for own in offered)
    if len(several) > 1:
        text = message("action.which", language, values=", ".join(labels))
    form = None if labels else form_of(parameter, language)
    waits = replace(pending, asks=parameter.name, offered=offered)
    told = Told("clarify", "action_asks", (Sentence(text),), labels, form, waits)
    return Step(action, pending, told)


def form_of(parameter: Parameter, language: str) -> FormField:
    label = said(parameter.ask, language)
    return FormField(parameter.name, parameter.type, label, parameter.example)


def _confirming(action: DeclaredAction, pending: Pending) -> Step:
    text = worded(action.confirm, action, pending.values, pending.language)
    choices = yes_or_no(pending.language)
    waits = replace(pending, asks="", offered=())
    sentences = tuple(map(Sentence, split_sentences(text)))
    told = Told("clarify", "action_confirms", sentences, choices, None, waits)
    return Step(action, pending, told)


def _again(action: DeclaredAction, pending: Pending) -> Step:
    """The same question once more, with an example; then a person is offered."""
    language, tries = pending.language, pending.tries + 1
    if tries > TRIES:
        given_up = (Sentence(message("action.given_up", language)),)
        return Step(action, pending, Told("refuse", "action_given_up", given_up))
    pending = replace(pending, tries=tries)
    parameter = action.parameter(pending.asks)
    step = _asking(action, pending, parameter) if parameter else _confirming(action, pending)
    assert step.told is not None
    hint = message("action.yes_or_no", language)
    if parameter:
        example = parameter.example
        hint = message("action.example", language, example=example) if example else ""
    sentences = (*step.told.sentences, *([Sentence(hint)] if hint else []))
    return replace(step, told=replace(step.told, sentences=sentences))


def _left(action: DeclaredAction, pending: Pending) -> Step:
    sentence = Sentence(message("action.left", pending.language))
    return Step(action, pending, Told("clarify", "action_left", (sentence,)))
