"""One turn of a customer, step by step: perceive -> fuse -> retrieve -> decide -> decode.

    steps(parts, turn, past)    what the page, the API and the command line run
    judge(parts, turn, past)    the same up to the decision, for evaluations that need no reply

Both are generators: they yield the events that people see, and return what they came to
(`drained` runs one and gives just that). Nothing is kept and nothing is stored here: the past comes
in, and `turn_record` says what a store should keep.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from mm_support import as_json
from mm_support.actions.flow import Step as ActionStep
from mm_support.actions.flow import Told, waiting
from mm_support.actions.performing import Performed
from mm_support.decide.follow_up import likelier
from mm_support.decide.policy import LIKELY, SILENCE, Decision, words_of
from mm_support.decode.compose import Asked, Speech, compose, evidence_of, intent_of, one_by_one
from mm_support.decode.sentence import Meanwhile, Numbers, Sentence
from mm_support.encode.turn import Encoders, Seen, check_turn, clean_text, question_of
from mm_support.inputs.photo import painted_over
from mm_support.knowledge.actions import entries_of
from mm_support.knowledge.pictures import gallery
from mm_support.knowledge.query import SearchQuery
from mm_support.language.detect import told_language
from mm_support.language.messages import MAX_CANDIDATES, message
from mm_support.language.personal import Masks, masked_question
from mm_support.language.terms import term_set
from mm_support.parts import Parts
from mm_support.pipeline.act import Considered, act
from mm_support.pipeline.decompose import merged, several
from mm_support.pipeline.disputed import disputed
from mm_support.pipeline.resume import asks_for_rest, cited_before, rest_of
from mm_support.pipeline.retrieve import Searched, asked_alone, fuse, read_with, searched
from mm_support.store.records import past_of
from mm_support.tracing import span
from mm_support.types import (
    Audio,
    Citation,
    Entry,
    Event,
    Found,
    Fusion,
    Heard,
    Hit,
    Intent,
    Owner,
    Past,
    Pending,
    Question,
    Reply,
    Said,
    Saw,
    Spoken,
    Transcript,
    UserTurn,
    Working,
)

if TYPE_CHECKING:
    from mm_support.fuse.strategies import FusionStrategy  # imports torch

PHOTO = "photo"
SHOWN = 0.75  # probability below which a photo hardly shows an entry
WORDED = 2  # terms of a question that can be searched for without its photo
LOOK = 0.1  # s between looks whether the customer who waits is still there

Result = TypeVar("Result")
Step = Generator[Event, None, Result]
After = Callable[[str, str], str]  # a hand-over's reason and a language -> what is said then
Note = Callable[[str], None]  # adds what an action did to the audit log
Perceived = tuple[Transcript | None, Seen | None]  # what was heard and seen
# reasons of decisions -> those that are worth more to whoever misspelt something
HELPED_BY: dict[str, tuple[str, ...]] = {
    "unknown": ("evidence", "ambiguous"),
    "ambiguous": ("evidence",),
    "unnamed": ("evidence", "ambiguous"),
}


class LookedUp(NamedTuple):
    """A question, its query, what was found, best first, and what that comes to."""

    question: Question
    query: SearchQuery
    hits: tuple[Hit, ...]
    decision: Decision


class Clock:
    """Milliseconds by step of one reply, counted from its creation."""

    def __init__(self) -> None:
        self._start, self._times = time.perf_counter(), {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds what the block takes."""
        started = time.perf_counter()
        with span(name):
            yield
        self._times[name] = 1000 * (time.perf_counter() - started)

    def mark(self, name: str) -> None:
        """Notes how long after the beginning this was reached, the first time that it is."""
        self._times.setdefault(name, 1000 * (time.perf_counter() - self._start))

    def milliseconds(self) -> dict[str, float]:
        return {**self._times, "total": 1000 * (time.perf_counter() - self._start)}


@dataclass(frozen=True, eq=False)
class Judged:
    """A turn up to the decision. query: None where nothing was searched for. asked: its questions,
    where it holds several or its entries contradict each other. told: whether the customer was told
    already what the decision says, that a person has the conversation. intent: what is wanted, by
    the base's classifier or its entries. step: what it does with an action; offered: titles of
    others that may have been meant; aside: the one that waits behind this turn; performed: what
    came of it. rest: the turn whose reply is gone on with.
    """

    turn: UserTurn
    question: Question
    heard: Transcript | None
    seen: Seen | None
    decision: Decision
    hits: tuple[Hit, ...] = ()
    query: SearchQuery | None = None
    asked: tuple[Asked, ...] = ()
    told: bool = False
    intent: Intent | None = None
    step: ActionStep | None = None
    offered: tuple[str, ...] = ()
    aside: Pending | None = None
    performed: Performed | None = None
    rest: Past | None = None

    @property
    def acted(self) -> Told | None:
        """What the customer is told of an action."""
        return self.performed.told if self.performed else self.step.told if self.step else None

    @property
    def fusion(self) -> Fusion | None:
        if self.query is None:
            return None
        return Fusion(self.query.fused.strategy, self.query.fused.weights)


@dataclass(frozen=True, eq=False)
class Answered:
    """A turn and its reply. question: what was asked, with masks for what is personal in it.
    sentences: those of the reply.
    """

    judged: Judged
    reply: Reply
    question: Question
    sentences: tuple[Sentence, ...] = field(default=())


def drained(step: Step[Result]) -> Result:
    """What a step comes to; its events are dropped."""
    while True:
        try:
            next(step)
        except StopIteration as end:
            return end.value


def steps(
    parts: Parts,
    turn: UserTurn,
    past: Sequence[Past] = (),
    owner: Owner = "assistant",
    after: After | None = None,
    note: Note = lambda what: None,
) -> Step[Answered]:
    """The whole turn. past: earlier turns of the conversation, oldest first; owner: whose it is;
    after: what is said after a hand-over; note: adds to the audit log.
    """
    clock = Clock()
    judged = yield from judge(parts, turn, past, owner, clock=clock)
    if parts.actions and judged.step and judged.acted is None:
        judged = yield from perform(parts, judged, judged.step, clock, note)
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
    before = language_before(past) or turn.language
    question = question_of(clean_text(turn.text), heard, seen, before)
    if settled := without_search(parts, turn, question, perceived, past, owner):
        return settled
    yield Working("search", "Searching the knowledge")
    declared = parts.knowledge.actions(turn.knowledge) if parts.actions else ()
    pending = waiting(past, turn.knowledge) if declared else None
    # what is given to an action leans on nothing
    before, past = past, () if pending and not pending.aside else past
    looked = look_up(parts, turn.knowledge, question, perceived, past, clock)
    with clock.step("decide"):
        looked = spelled_better(parts, turn.knowledge, looked, perceived, past)
        question, query, hits, decision = looked
        told = entries_of(hits)  # the knowledge by itself
        asked = several(parts, question, decision, told, turn.knowledge, past)
        here = Considered(turn, question, query, hits, decision, asked, before, declared, pending)
        acting = act(parts, here)
        decision, asked = disputed(parts, question, acting, turn.knowledge)
        hits = cited_first(decision, acting.hits)
    wanted = parts.intents.of(turn.knowledge, words_of(question)) if parts.intents else None
    intent = wanted or intent_of(hits)
    judged = Judged(turn, question, heard, seen, decision, hits, query, asked, intent=intent)
    yield Found(hits, Fusion(query.fused.strategy, query.fused.weights))
    return replace(judged, step=acting.step, offered=acting.offered, aside=acting.aside)


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
        readings, question = read_with(parts, query, question, past, knowledge)
    with clock.step("search"):
        found = [searched(parts, knowledge, reading) for reading in readings]
    with clock.step("decide"):
        likely = likelier(parts.policy, question, found, past[-1] if past else None)
        query, hits = words_alone(parts, knowledge, question, perceived[0], likely)
        if "context" in query.texts:
            question = replace(question, context=past[-1].words)
        decision = parts.policy.decide(question, query, entries_of(hits), past)
    return LookedUp(question, query, hits, decision)


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


def perceive(
    encoders: Encoders,
    turn: UserTurn,
    language: str | None = None,
    clock: Clock | None = None,
    names: Sequence[str] = (),
) -> Step[Perceived]:
    """What is heard in a turn's recording and seen in its photo. language: the one spoken before;
    names: words that are expected.

    Raises InputError for a recording or a photo that cannot be used.
    """
    clock, heard, seen = clock or Clock(), None, None
    looking = _look_beside(encoders, turn.image, clock) if turn.image is not None else None
    if turn.audio is not None:
        yield Working("listen", "Listening")
        with clock.step("listen"):
            heard = turn.heard or (yield from listen(encoders, turn.audio, language, names))
        yield Heard(heard)
    if looking is not None:
        yield Working("look", "Looking at the photo")
        while wait([looking], LOOK).not_done:
            yield Working("look", "Looking at the photo")
        seen = looking.result()
        yield Saw(seen.view)
    return heard, seen


def _look_beside(encoders: Encoders, photo: str | Path | Image.Image, clock: Clock) -> Future[Seen]:
    """Begins to look in a thread, in which whoever listens meanwhile does not wait."""

    def look() -> Seen:
        with clock.step("look"):
            return encoders.see(photo)

    beside = ThreadPoolExecutor(1, "look")
    looking = beside.submit(copy_context().run, look)
    beside.shutdown(wait=False)
    return looking


def listen(
    encoders: Encoders,
    audio: str | Path | tuple[int, np.ndarray],
    language: str | None,
    names: Sequence[str],
) -> Step[Transcript]:
    """What a recording says; of a long one it is told how far it was heard."""
    whole = Transcript("")
    for share, heard in encoders.hear_parts(audio, language, names):
        whole = heard
        if share < 1:
            yield Working("listen", f"Listening: {share:.0%}")
    return whole


def words_alone(
    parts: Parts, knowledge: str, question: Question, heard: Transcript | None, found: Searched
) -> Searched:
    """The search by the words alone, where these stand alone and are surely answered, and the photo
    looks like nothing that the base knows, nor shows a code of what the words name: it would only
    make an answer less sure. Else what was found.
    """
    query, hits = found
    weight, asked = query.fused.weights.get(PHOTO, 0.0), term_set(words_of(question))
    shown = max((hit.by.get(PHOTO, 0.0) for hit in hits), default=0.0)
    coded = "photo_text" in query.identifiers and asked & term_set(hits[0].entry.title)
    if not weight or coded or shown >= SHOWN * weight or len(asked) < WORDED:
        return found
    if parts.policy.read(question).follow_up >= LIKELY:  # on the photo
        return found
    plain = replace(question, photo=None, read_in_photo=(), labels=())
    alone = asked_alone(parts, knowledge, plain, heard)
    decision = parts.policy.decide(plain, *alone, ())
    return alone if decision.reason == "evidence" else found


def perform(
    parts: Parts, judged: Judged, step: ActionStep, clock: Clock, note: Note
) -> Step[Judged]:
    """The turn with what its action gave, which comes first among what was found."""
    assert parts.actions is not None
    yield Working("act", "Asking the company's system")
    with clock.step("act"):
        done = parts.actions.perform(step, judged.turn.customer, note)
    others = merged(judged.decision, judged.asked).hits if judged.asked else ()
    cited = (*others, done.hit) if done.hit else others
    told = done.told
    decision = Decision(told.action, told.reason, judged.decision.confidence, cited)
    hits = cited_first(decision, judged.hits)
    if judged.fusion:
        yield Found(hits, judged.fusion)
    return replace(judged, decision=decision, hits=hits, performed=done)


def acted_sentences(judged: Judged, told: Told) -> Iterator[Sentence]:
    """What is told of an action; its answer is the last of what is cited."""
    last = (len(judged.decision.hits),)
    for sentence in told.sentences:
        yield replace(sentence, citations=last) if sentence.citations else sentence


def decode(
    parts: Parts,
    judged: Judged,
    clock: Clock,
    past: Sequence[Past] = (),
    after: After | None = None,
) -> Step[Answered]:
    """Checked sentences as they come, their sound behind them, and the reply that they make. What
    was found is told again where its order changes: a citation's number is the place of its entry.

    Once a conversation it is said that there is no voice for its language, where there is none.
    """
    if judged.query is not None:
        yield Working("write", "Writing")
    said: list[tuple[Sentence, str]] = []  # each sentence, and how it is shown behind the last
    ranked, numbers = judged.hits, Numbers()
    question = masked(judged)
    speech, stop = Speech(parts.voice, judged.turn.speak), threading.Event()
    written = write(parts, judged, question, past, stop)
    written = iter(()) if judged.told else followed(written, judged, past, after)
    try:
        for piece in with_notice(speech, written, past):
            if isinstance(piece, Spoken):
                clock.mark("first_sound")
                yield piece
                continue
            clock.mark("first_words")
            if isinstance(piece, Meanwhile):
                yield Working("quote", piece.text)
                continue
            piece = numbers.counted(piece)
            fusion, hits = judged.fusion, numbers.ordered(ranked)
            if fusion and judged.hits != hits:
                judged = replace(judged, hits=hits)
                yield Found(hits, fusion)
            said.append((piece, piece.shown(said[-1][0] if said else None)))
            yield Said(said[-1][1])
    finally:
        stop.set()
        speech.close()
    sentences = tuple(sentence for sentence, _ in said)
    text = "".join(shown for _, shown in said)
    reply = reply_of(judged, sentences, text, speech.whole(), clock)
    return Answered(judged, reply, question, sentences)


def write(
    parts: Parts, judged: Judged, question: Question, past: Sequence[Past], stop: threading.Event
) -> Iterator[Sentence | Meanwhile]:
    """What the decision comes to in sentences; what is told of an action stands last. question: as
    a language model may read it.
    """
    if judged.rest:
        return rest_of(judged.rest, judged.hits)
    asked = [replace(one, question=masked_question(one.question)) for one in judged.asked]
    if not judged.acted:
        before = masked_turns(past)
        return compose(parts.writer, question, judged.decision, stop, before, asked)
    others = one_by_one(parts.writer, asked, judged.decision.hits, stop) if asked else ()
    return chain(others, acted_sentences(judged, judged.acted))


def with_notice(
    speech: Speech, written: Iterator[Sentence | Meanwhile], past: Sequence[Past]
) -> Iterator[Sentence | Meanwhile | Spoken]:
    """The sentences with their sound, and at the end that some were not spoken, if so."""
    yield from speech.alongside(written)
    if notice := no_voice(speech.unspoken, past):
        yield notice


def followed(
    sentences: Iterator[Sentence | Meanwhile],
    judged: Judged,
    past: Sequence[Past],
    after: After | None,
) -> Iterator[Sentence | Meanwhile]:
    """The sentences; after a hand-over when to expect a person, and after the first answer beside
    an action that waits, whether to go on with that. Nothing where the customer was told already.
    """
    if judged.told:
        return
    yield from sentences
    action, language = judged.decision.action, judged.question.language
    if action == "handoff" and after and (said := after(judged.decision.reason, language)):
        yield Sentence(said)
    before = past[-1].pending if past and judged.aside else None
    if action == "answer" and before and not before.aside:
        yield Sentence(message("action.go_on", language, title=judged.offered[0]))


def masked(judged: Judged) -> Question:
    """What was asked without what is personal in it, also in the photo: as a language model may
    read it, wherever it runs.
    """
    asked, question = judged.question, masked_question(judged.question)
    if judged.seen is None or asked.read_in_photo == question.read_in_photo:
        return question
    read = zip(judged.seen.view.text, question.read_in_photo)
    boxes = [line.box for line, shown in read if line.text != shown]
    return replace(question, photo=painted_over(judged.seen.photo, boxes))


def masked_turns(past: Sequence[Past]) -> list[Past]:
    """Earlier turns in words that a language model may read; what an action gave is none of it."""
    masks = Masks()
    return [
        replace(
            turn,
            text=masks.text(turn.text),
            reply="" if turn.reason == "action" else masks.known(turn.reply),
            read=(),
        )
        for turn in past
    ]


def no_voice(language: str, past: Sequence[Past]) -> Sentence | None:
    """Says that sentences of a language were not spoken, unless that was said before. language: ""
    where all were.
    """
    notice = message("voice.none", language)
    said = any(notice in turn.reply for turn in past)
    return Sentence(notice) if language and not said else None


def reply_of(
    judged: Judged, sentences: Sequence[Sentence], text: str, audio: Audio | None, clock: Clock
) -> Reply:
    """The finished reply, with what it cites."""
    decision = judged.decision
    acted = judged.acted
    wanted = judged.seen and decision.similar and decision.action in ("answer", "clarify")
    similar = gallery(judged.hits) if wanted else ()
    return Reply(
        text=text,
        action=decision.action,
        choices=acted.choices if acted else (*choices_of(decision), *judged.offered),
        form=acted.form if acted else None,
        pending=acted.pending if acted else judged.aside,
        audio=audio,
        transcript=judged.heard,
        image=judged.seen.view if judged.seen else None,
        intent=judged.intent,
        fusion=judged.fusion,
        timings=clock.milliseconds(),
        session_id=judged.turn.session_id or "",
        turn_id=uuid.uuid4().hex,
        **evidence_of(sentences, judged.hits, similar),
    )


def choices_of(decision: Decision) -> tuple[str, ...]:
    """The titles that a question back names, for whoever would rather tap than type."""
    if decision.action != "clarify":
        return ()
    return tuple(hit.entry.title for hit in decision.hits[:MAX_CANDIDATES])


def query_of(encoders: Encoders, fusion: FusionStrategy, turn: UserTurn) -> SearchQuery:
    """The query of a turn that nothing came before. Raises InputError."""
    check_turn(turn)
    heard, seen = drained(perceive(encoders, turn))
    question = question_of(clean_text(turn.text), heard, seen)
    return fuse(encoders, fusion, question, heard, seen)


def language_of(past: Sequence[Past]) -> str | None:
    """The language that was spoken last; None where nothing was."""
    return next((turn.language for turn in reversed(past) if turn.language), None)


def language_before(past: Sequence[Past]) -> str | None:
    """The language that was spoken or typed last; None where no words tell it."""
    told = (turn.language or told_language(turn.text) for turn in reversed(past))
    return next(filter(None, told), None)


def turn_record(judged: Judged, reply: Reply) -> dict[str, Any]:
    """What is kept of a turn: what was understood and said, never the photo or the recording."""
    decision, values = judged.decision, as_json.reply_dict(reply)
    asked_back = decision.hits if decision.action == "clarify" else ()
    return {
        "id": reply.turn_id,
        "session_id": reply.session_id,
        "created": datetime.now(UTC),
        "knowledge": judged.turn.knowledge,
        "text": clean_text(judged.turn.text),
        "transcript": values["transcript"],
        "image": values["image"],
        "hits": [as_json.hit_dict(hit) for hit in judged.hits],
        "reply": reply.text,
        "action": decision.action,
        "reason": decision.reason,
        "confidence": decision.confidence,
        "citations": [citation.entry_id for citation in reply.citations],
        "asked_about": [hit.entry.id for hit in asked_back],
        "intent": reply.intent.name if reply.intent else "",
        "fusion": values["fusion"],
        "timings": values["timings_ms"],
        "pending": asdict(reply.pending) if reply.pending else None,
        "language": judged.question.language,
    }


def past_after(judged: Judged, cited: Sequence[Entry], text: str = "") -> Past:
    """What the next turn needs to know of this one, where nothing is stored.

    cited: entries that the reply names, the first of them its topic; text: what it says.
    """
    citations = tuple(
        Citation(number, entry.id, entry.title, entry.source, "")
        for number, entry in enumerate(cited, 1)
    )
    reply = Reply(
        text,
        judged.decision.action,
        citations,
        transcript=judged.heard,
        image=judged.seen.view if judged.seen else None,
    )
    return past_of(turn_record(judged, reply))
