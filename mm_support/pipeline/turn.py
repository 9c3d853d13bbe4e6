"""One turn of a customer, step by step: perceive -> fuse -> retrieve -> decide -> decode.

    steps(parts, turn, past)    what the page, the API and the command line run
    judge(parts, turn, past)    the same up to the decision, for evaluations that need no reply

Both are generators: they yield the events that people see, and return what they came to (step.py).
Nothing is kept and nothing is stored here: the past comes in, and record.py says what a store
should keep. Knows the order of the steps, not what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from mm_support.encode.turn import check_turn, clean_text, question_of
from mm_support.language.sentences import without_markers
from mm_support.parts import Parts
from mm_support.pipeline.act import available
from mm_support.pipeline.decide import decide, intended, without_search
from mm_support.pipeline.decode import After, decode
from mm_support.pipeline.perceive import Perceived, expected_languages, language_of, perceive
from mm_support.pipeline.perform import Note, perform
from mm_support.pipeline.results import Answered, Judged
from mm_support.pipeline.retrieve import look_up
from mm_support.pipeline.step import Clock, Step, drained
from mm_support.tracing import span
from mm_support.types import Found, Owner, Past, Spoken, UserTurn, Working


def steps(
    parts: Parts,
    turn: UserTurn,
    past: Sequence[Past] = (),
    owner: Owner = "assistant",
    after: After | None = None,
    note: Note = lambda what: None,
    decided: Callable[[Judged], object] = lambda judged: None,
) -> Step[Answered]:
    """The whole turn. past: earlier turns of the conversation, oldest first; owner: whose it is;
    after: what is said after a hand-over; note: adds to the audit log; decided: is told what the
    turn has come to before the first word.
    """
    clock = Clock()
    judged = yield from judge(parts, turn, past, owner, clock=clock)
    if parts.actions and judged.step and judged.acted is None:
        judged = yield from perform(parts, judged, judged.step, clock, note)
    decided(judged)
    if judged.performed and judged.fusion:
        yield Found(judged.hits, judged.fusion)
    with span("decode"):
        return (yield from decode(parts, judged, clock, past, after))


def first_sound(parts: Parts, turn: UserTurn) -> None:
    """Works on a turn that may go on until its reply can be heard, for what is remembered of that.
    No action is performed and no language model drafts.
    """
    judged = drained(judge(parts, turn))
    if judged.step is None and not parts.writer.writes:
        with closing(decode(parts, judged, Clock())) as reply:
            next((event for event in reply if isinstance(event, Spoken)), None)


def draft(parts: Parts, turn: UserTurn, past: Sequence[Past] = ()) -> str:
    """What would be answered to a turn, without the numbers of its sources; "" where that is no
    answer. No action is performed.
    """
    judged = drained(judge(parts, turn, past))
    if judged.step is not None or judged.decision.action != "answer":
        return ""
    return without_markers(drained(decode(parts, judged, Clock(), past)).reply.text)


def judge(
    parts: Parts,
    turn: UserTurn,
    past: Sequence[Past] = (),
    owner: Owner = "assistant",
    perceived: Perceived | None = None,
    clock: Clock | None = None,
) -> Step[Judged]:
    """Everything up to the decision. perceived: given where the turn was listened to and looked at
    before.

    Raises InputError for a turn that cannot be used, KnowledgeError for an unknown base.
    """
    clock = clock or Clock()
    check_turn(turn)
    parts.knowledge.check(turn.knowledge)  # an unknown base ends the turn before anything runs
    if perceived is None:
        names = parts.knowledge.names(turn.knowledge) if turn.audio is not None else ()
        perceived = yield from perceive(parts.encoders, turn, language_of(past), clock, names)
    heard, seen = perceived
    languages = parts.knowledge.languages(turn.knowledge)
    expected = expected_languages(past, turn.language, languages)
    question = question_of(clean_text(turn.text), heard, seen, expected)
    if settled := without_search(parts, turn, question, perceived, past, owner):
        return settled
    yield Working("search", "Searching the knowledge")
    actions = available(parts, turn, past)
    leant_on = actions.leant_on(past)
    looked = look_up(parts, turn.knowledge, question, perceived, leant_on, clock)
    with clock.step("decide"):
        judged = decide(parts, turn, perceived, looked, past, actions)
    judged = replace(judged, intent=intended(parts, judged))
    if judged.fusion:
        yield Found(judged.hits, judged.fusion)
    return judged
