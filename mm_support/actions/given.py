"""What a turn brings to actions: which of them is meant, and values for what they ask.

A value is what the customer typed, said or showed and nothing else. Decides nothing of what is done
with it (flow.py does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from mm_support.decide.intents import Reads
from mm_support.decide.policy import Decision, close, words_of
from mm_support.knowledge.actions import DeclaredAction, Parameter
from mm_support.knowledge.declarations import action_of
from mm_support.language import values
from mm_support.language.codes import shaped
from mm_support.types import Hit, Question


@dataclass(frozen=True, eq=False)
class Given:
    """What a turn brings: its question, what was read in it, and who is signed in. decision, hits:
    where the actions count as entries do; own: what the knowledge says by itself. before: the words
    of the turn before, where this one only chooses. surely: whether the confidence is enough to
    begin an action without any value.
    """

    question: Question
    reads: Reads
    decision: Decision
    own: Decision
    hits: tuple[Hit, ...]
    customer: str = ""
    before: str = ""
    surely: bool = False
    today: date = field(default_factory=date.today)

    @property
    def words(self) -> str:
        return words_of(self.question)


def wanted(given: Given) -> DeclaredAction | None:
    """The action that a turn asks for: one that was surely found, or that the turn names itself.

    One that changes something has to be asked for: by what the message says ("account"), by one of
    its values, or since no entry is about the matter. Else it may only be asked how that is done.
    One that only looks something up is also begun where a value for it is all that is understood.
    """
    action, decision = likeliest(given), given.decision
    if action is None:
        return None
    if given.words in action.title.values():
        return action
    doing = "account" in given.reads.says
    told, _ = found_in(given, action.parameters)
    sure = decision.reason == "evidence" or (decision.reason == "account" and decision.hits)
    if action.writes and given.own.action == "handoff" and not given.surely:
        return None  # a person does what no entry is about
    if decision.action not in ("answer", "handoff") or not sure:
        nothing_else = given.own.reason == "unknown" and not action.writes
        return action if told and nothing_else else None
    alone = all(hit.entry.declaration for hit in close(given.hits))
    meant = doing or told or alone or not action.writes
    return action if meant and (told or given.surely) else None


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
