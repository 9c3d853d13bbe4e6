"""Performs what the flow has come to, and says what came of it.

    Actions.perform(step, customer, note)   -> Performed

Each run is noted in the audit log, without values and without names; one that changes something is
not begun unless that was noted. Knows no model.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import uuid4

from mm_support.actions.answer import CallError
from mm_support.actions.call import Caller
from mm_support.actions.flow import Step, Told, form_of
from mm_support.actions.result import worded
from mm_support.decide.decision import Reason
from mm_support.decode.sentence import Sentence
from mm_support.errors import SupportError
from mm_support.knowledge.actions import entry_id, said
from mm_support.language.messages import message
from mm_support.language.sentences import split_sentences
from mm_support.types import Entry, Hit, Pending

log = logging.getLogger(__name__)

REMEMBERED = 10_000  # runs that are not begun a second time
Note = Callable[[str], None]  # what is written to the audit log


@dataclass(frozen=True, eq=False)
class Performed:
    """What the customer is told, and the answer as an entry that is cited; None where there is
    none.
    """

    told: Told
    hit: Hit | None = None


class Actions:
    """What performs the actions of a service's bases."""

    def __init__(self, caller: Caller, zone: tzinfo | None = None) -> None:
        """zone: of the company; None: this machine's."""
        self._caller, self._zone = caller, zone
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The company's time."""
        return datetime.now(self._zone)

    def perform(self, step: Step, customer: str, note: Note) -> Performed:
        """Calls the action. Whatever happens, the customer is told it in a sentence."""
        action, language, values = step.action, step.pending.language, step.pending.values
        if action.signed_in and not customer:
            return Performed(_failure("action_sign_in", "sign_in", language))
        try:
            if action.writes:
                self._begin(step.pending.key)
                note(f"{action.name}: begun")
            given = self._caller.call(action, values, customer, step.pending.key)
        except CallError as exc:
            log.warning("the action %s: %s", action.name, exc)
            _noted(note, f"{action.name}: {exc.why}")
            return self._without_answer(step, exc)
        except SupportError as exc:  # what is not noted is not done
            log.warning("the action %s was not begun: %s", action.name, exc)
            return Performed(_failure("action_failed", "failed", language))
        _noted(note, f"{action.name}: done")
        text = worded(action.result, action, given, language, values)
        if not (text or action.writes):
            log.warning("the action %s: its answer lacks what 'result' needs", action.name)
            return Performed(_failure("action_failed", "failed", language))
        return _answered(step, text or message("action.done", language), self.now())

    def close(self) -> None:
        self._caller.close()

    def _begin(self, key: str) -> None:
        """Raises CallError for a run that was begun before: the customer said yes twice."""
        with self._lock:
            if key in self._begun:
                raise CallError("late", "it was begun before")
            self._begun[key] = None
            while len(self._begun) > REMEMBERED:
                self._begun.popitem(last=False)

    def _without_answer(self, step: Step, exc: CallError) -> Performed:
        action, language = step.action, step.pending.language
        if exc.why == "late" and action.writes:
            return Performed(_failure("action_unsure", "unsure", language))
        if exc.why != "missing":
            return Performed(_failure("action_failed", "failed", language))
        values = step.pending.values
        key = "action.missing" if values else "action.nothing"
        text = worded(action.missing, action, values, language)
        text = text or message(key, language, values=", ".join(values.values()))
        said_so = tuple(map(Sentence, split_sentences(text)))
        if not action.parameters:
            return Performed(Told("refuse", "action_missing", said_so))
        *others, last = action.parameters  # any of them may be wrong; go_on takes each
        known = {own.name: values[own.name] for own in others}
        again = Pending(action.name, uuid4().hex, time.time(), last.name, known, language=language)
        form = form_of(last, language)
        return Performed(Told("clarify", "action_missing", said_so, (), form, again))


def _noted(note: Note, what: str) -> None:
    try:
        note(what)
    except SupportError as exc:
        log.warning("an action could not be noted: %s", exc)


def _failure(reason: Reason, key: str, language: str) -> Told:
    return Told("refuse", reason, (Sentence(message(f"action.{key}", language)),))


def _answered(step: Step, text: str, at: datetime) -> Performed:
    """The answer in sentences, each bound to what it came from: "Your order, 14:02"."""
    action, language = step.action, step.pending.language
    named = said(action.source or action.title, language)
    source = message("action.source", language, source=named, time=f"{at:%H:%M}")
    entry = Entry(entry_id(action), source, text, source=source)
    sentences = tuple(Sentence(own, (1,)) for own in split_sentences(text))
    return Performed(Told("answer", "action", sentences), Hit(entry, 1.0, {}))
