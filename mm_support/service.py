"""The service: what the page, the API, the command line and other people's code call.

    SupportService.reply(turn)   runs the pipeline, and keeps what came of it

Models load once, in the background if wanted (`start`); calls wait until they are there. No state
of a conversation is held here: what a later turn needs is read from the store.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.behind import could_not_load
from mm_support.config import Settings
from mm_support.decode.sentence import Sentence
from mm_support.decode.speaking import Speech
from mm_support.desk.accounts import Accounts
from mm_support.desk.archive import Archive
from mm_support.desk.audit import Audited, audited, note
from mm_support.desk.chatwoot import chatwoot_of
from mm_support.desk.conversations import Desk
from mm_support.desk.hours import read_hours
from mm_support.desk.insights import Insights
from mm_support.desk.keeper import Keeper, media_folder, open_keeper
from mm_support.desk.notices import CHATWOOT, Notices, Send, channels_of
from mm_support.desk.oidc import provider_of
from mm_support.desk.promises import Promises
from mm_support.desk.summary import summarise
from mm_support.desk.visits import Signatures, Visit, checked_session, customer_in, signatures_in
from mm_support.encode.live import LiveTurn
from mm_support.encode.turn import check_turn, question_of
from mm_support.errors import BusyError, SupportError
from mm_support.inputs.audio import load_waveform
from mm_support.knowledge.base import Knowledge
from mm_support.language.sentences import split_sentences
from mm_support.memory import give_back
from mm_support.metrics import Metrics
from mm_support.parts import Parts
from mm_support.pipeline.fuse import fuse
from mm_support.pipeline.mask import masked_turns
from mm_support.pipeline.record import turn_record
from mm_support.pipeline.results import Answered, Judged
from mm_support.pipeline.retrieve import FOUND, searched
from mm_support.pipeline.step import Step
from mm_support.pipeline.turn import draft, first_sound, steps
from mm_support.rounds import Rounds, Task
from mm_support.store.database import PAST
from mm_support.store.records import interrupted_record, stopped_record
from mm_support.tracing import describe, open_tracer, span, traced
from mm_support.turnstile import LOOKUP, REPLY, Ticket, Turnstile
from mm_support.types import (
    SAMPLE_RATE,
    Audio,
    Entry,
    Event,
    Finished,
    Hit,
    Holder,
    ImageView,
    KeptTurn,
    Message,
    Owner,
    Past,
    Reply,
    Said,
    Spoken,
    Status,
    Transcript,
    UserTurn,
    Working,
)

log = logging.getLogger(__name__)

DAY, MINUTE, NOTICES = 86_400.0, 60.0, 2.0  # s between rounds
AT_A_SERVER = 16  # replies that are worked on at once where other processes do the work
LOOK = 0.1  # s between looks whether the customer who waits is still there
GIVE_WAY = 5.0  # s that each batch of new knowledge waits for customers, at most
PATIENCE = 10.0  # s that turns have to end before the service does
LoadParts = Callable[[Settings, Callable[[str], None]], Parts]


class SupportService:
    """Built by `load` (waits for the models) or `start` (returns at once, loads in the
    background).
    """

    def __init__(self, settings: Settings, keeper: Keeper, parts: Future[Parts]) -> None:
        self.settings, self._keeper, self._parts = settings, keeper, parts
        self._signatures: Signatures = signatures_in(settings.data_dir)
        hours = read_hours(Path(settings.hours)) if settings.hours else None
        limit = settings.waiting_limit
        self._promises = Promises(keeper.desk, hours, settings.show_personal, limit)
        self._insights = Insights(keeper.store, self._encode, self._questions, self._titles)
        self.archive = Archive(keeper, media_folder(settings))
        self.accounts = Accounts(keeper.store, self._signatures)
        self.provider = provider_of(settings, self._signatures)
        self.chatwoot = chatwoot_of(settings, keeper.store)
        self.metrics = Metrics()
        self.tracer, self._end_tracing = open_tracer(os.environ)
        self.queue = Turnstile(places_of(settings), settings.queue_length, closed=True)
        self._running: dict[Ticket, UserTurn] = {}
        self._preparing = threading.Lock()
        self._message, self._closing = "Models are loading", threading.Event()
        self._loading: threading.Thread | None = None
        self._rounds, self._sending = Rounds(()), Rounds(())
        self._watch()
        parts.add_done_callback(self._loaded)

    @classmethod
    def start(cls, settings: Settings | None = None, at_once: bool = True) -> SupportService:
        """A service whose models load in a thread; `status` says how far it is. at_once: also those
        that nothing typed needs; else they load when they are needed. Raises SupportError for what
        no waiting mends.
        """
        from mm_support.loading import check_packages, load_parts

        settings = settings or Settings.from_env()
        check_packages(settings)
        service = cls(settings, open_keeper(settings), Future())
        service._rounds = Rounds(service.tasks())
        service._sending = Rounds(service.notices())
        service._loading = threading.Thread(
            target=service._fill,
            args=(partial(load_parts, at_once=at_once),),
            daemon=True,
            name="load models",
        )
        service._loading.start()
        return service

    @classmethod
    def load(cls, settings: Settings | None = None) -> SupportService:
        """A service that is ready. Raises SupportError where something is missing."""
        service = cls.start(settings)
        try:
            service.wait()
            service.parts.behind.wait()
        except BaseException:
            service.close()
            raise
        return service

    def wait(self, timeout: float | None = None) -> bool:
        """Whether typed questions can be answered within `timeout` seconds. Raises SupportError
        where loading failed.
        """
        try:
            self._parts.result(timeout)
        except FutureTimeout:
            return False
        return True

    def _fill(self, load_parts: LoadParts) -> None:
        try:
            self._parts.set_result(load_parts(self.settings, self._report))
        except SupportError as exc:
            self._parts.set_exception(exc)
        except Exception as exc:  # the page must say it, whatever it is
            log.exception("loading failed")
            self._parts.set_exception(could_not_load(exc))

    def _loaded(self, parts: Future[Parts]) -> None:
        """Whoever waits may begin, or is told why not."""
        if parts.exception() is None:
            parts.result().knowledge.give_way = partial(self.queue.give_way, GIVE_WAY)
        self.queue.open()

    def _watch(self) -> None:
        """Names the figures that are read when somebody asks for them."""
        watch = self.metrics.watch
        watch("waiting", "Calls that wait for a place.", lambda: self.queue.waiting)
        watch("working", "Calls that have a place.", lambda: self.queue.working)
        watch("hearing_waiting", "Recordings that wait to be heard.", self._waiting_to_be_heard)
        watch("open_handovers", "Conversations at the desk.", lambda: len(self.desk.open()))
        watch("ready", "1 when turns are answered.", lambda: self.status().ready)
        watch("degraded", "1 when something does not work.", lambda: self.status().degraded)
        watch("model_restarts", "Starts of the language model again.", self._restarts)

    def _waiting_to_be_heard(self) -> int:
        turns = getattr(self.parts.encoders.speech, "turns", None) if self._is_loaded else None
        return turns.waiting if turns else 0

    def _restarts(self) -> int:
        return getattr(self.parts.model, "restarts", 0) if self._is_loaded else 0

    @property
    def _is_loaded(self) -> bool:
        return self._parts.done() and self._parts.exception() is None

    def _report(self, message: str) -> None:
        """Notes what loading is doing. Raises SupportError, which ends it, once `close` was
        called.
        """
        if self._closing.is_set():
            raise SupportError("The service was closed while it loaded; start it again.")
        self._message = message

    def tasks(self) -> list[Task]:
        """What is done again and again beside the replies."""
        days, minutes = self.settings.retention_days, self.settings.silence_minutes
        forget = Task("erasing what is old", DAY, lambda: self.archive.erase_older(days))
        back = Task("looking for silence", MINUTE, lambda: self.desk.return_silent(minutes))
        figures = Task("adding up figures", DAY, self._insights.add_up)
        notes = Task("forgetting uploads", DAY, partial(self.archive.forget_uploads, 2 * DAY))
        free = Task("giving memory back", MINUTE, give_back)
        return [figures, notes, free, *([forget] if days else []), *([back] if minutes else [])]

    def notices(self) -> list[Task]:
        """The sending of notices, apart from the other tasks: receivers may be slow."""
        channels: dict[str, Send] = channels_of(self.settings)
        if self.chatwoot is not None:
            channels[CHATWOOT] = self.chatwoot
        notices = Notices(self._keeper.store, channels, self._closing)
        return [Task("sending notices", NOTICES, notices.send_due)] if channels else []

    def status(self) -> Status:
        """Whether replies can be given yet, how well, and what is going on."""
        if not self._parts.done():
            return Status(False, self._message)
        error = self._parts.exception()
        if error is not None:
            return Status(False, str(error), failed=True)
        trouble = "; ".join(filter(None, (self.parts.trouble, self._keeper.trouble)))
        message = f"Degraded: {trouble}." if trouble else "Ready"
        return Status(True, message, self.parts.device, degraded=bool(trouble))

    def drain(self, seconds: float = PATIENCE) -> int:
        """Takes no new turns and lets those that were begun end. Of those that have not after
        `seconds`, the questions are kept, with word that they were not answered; returns how many.
        """
        self.queue.end()
        last = time.monotonic() + seconds
        while self._running and time.monotonic() < last:
            time.sleep(LOOK)
        left = list(self._running.values())
        for turn in left:
            self._keeper.keep(interrupted_record(turn), "", "assistant")
        return len(left)

    def close(self) -> None:
        """Gives the index, the models and the store back; ends the loading where it still goes
        on.
        """
        self._closing.set()
        self._end_tracing()
        self._rounds.close()
        self._sending.close()
        if self._loading is not None:
            self._loading.join()
        if self._is_loaded:
            self._parts.result().close()
        self._keeper.close()

    @property
    def parts(self) -> Parts:
        """What the pipeline runs on; waits until it is loaded. Raises SupportError where it
        failed.
        """
        return self._parts.result()

    @property
    def knowledge(self) -> Knowledge:
        return self.parts.knowledge

    @property
    def desk(self) -> Desk:
        """What people do who answer customers."""
        return self._keeper.desk

    def visit(self, token: str = "", customer: str = "") -> Visit:
        """The service as one visitor may use it: with their token, or as a new visitor. customer:
        who is signed in, signed by the company's site (visits.signed_customer). Raises InputError
        for a token that is not one.
        """
        signed_in = customer_in(self.settings.customer_secret, customer)
        return Visit(self, self._signatures, token, signed_in)

    def visit_of(self, customer: str) -> Visit:
        """The service as the customer whom the company's own system calls so may use it. Only for
        calls of that system: whoever knows the name would read what the customer said.
        """
        return self.visit(self._signatures.token_of(customer))

    def session_of(self, turn_id: str) -> str:
        """The conversation that a turn belongs to. Raises InputError for an unknown turn."""
        return self._keeper.session_of(turn_id)

    def holder(self, session: str) -> Holder:
        """Whose a conversation is. How long it waits is told only while somebody is there."""
        holder = self.desk.holder(checked_session(session))
        return holder if self._promises.open() else replace(holder, minutes=None)

    def messages(self, session: str, since: int = 0) -> tuple[Message, ...]:
        """What people wrote to this customer, oldest first; only those with a number above
        `since`.
        """
        return self.desk.messages(checked_session(session), since)

    def conversation(self, session: str) -> tuple[KeptTurn | Message, ...]:
        """All that was said in this customer's conversation, in order; empty for one that nobody
        has heard of.
        """
        return self.desk.transcript(checked_session(session))

    def erase(self, session: str) -> int:
        """Erases a conversation with everything in it; returns how many turns that were."""
        return self.archive.erase([checked_session(session)], "service")

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        return self.parts.encoders.text.encode(texts)

    def _questions(self, base: str) -> list[tuple[str, ...]]:
        """Of each entry of a base; none where it is gone."""
        return [(*entry.questions, entry.title) for entry in self._entries(base)]

    def _titles(self, base: str) -> dict[str, str]:
        """By the ids of the entries; none where the base is gone."""
        return {entry.id: entry.title for entry in self._entries(base)}

    def _entries(self, base: str) -> Sequence[Entry]:
        known = [listed.name for listed in self.knowledge.list() if listed.entries]
        return self.knowledge.entries(base) if base in known else ()

    @property
    def insights(self) -> Insights:
        """How well customers are helped. Grouping questions by meaning waits for the models."""
        return self._insights

    def audited(self, limit: int = 200, subject: str = "") -> tuple[Audited, ...]:
        """What was done with conversations and knowledge, the latest first. subject: with what."""
        return audited(self._keeper.store, limit, subject)

    def note(self, who: str, what: str, subject: str, detail: str = "") -> None:
        """Adds to the audit log. Raises StoreError."""
        with self._keeper.store.writing() as session:
            note(session, who, what, subject, detail)

    def transcribe(self, audio: str | Path | tuple[int, np.ndarray]) -> Transcript:
        """What is said in a recording. Raises InputError for one that cannot be used, BusyError."""
        with self._looking_up():
            return self.parts.encoders.hear(audio)

    def search(self, turn: UserTurn, limit: int = 5) -> Sequence[Hit]:
        """The best entries for a turn, best first. Raises InputError, KnowledgeError, BusyError."""
        with self._looking_up():
            return self.knowledge.search(turn, limit)

    @contextmanager
    def _looking_up(self) -> Iterator[None]:
        """A place behind those of replies. Raises BusyError."""
        try:
            with self.queue.place(LOOKUP):
                yield
        except BusyError as busy:
            self.metrics.refused(busy.kind)
            raise

    def speak(self, text: str) -> list[Audio]:
        """What a person wrote as sound, sentence by sentence; none in a language that the voice
        does not speak. Raises SupportError where there is no voice.
        """
        speech = Speech(self.parts.voice, True)
        said = (Sentence(sentence) for sentence in split_sentences(text))
        try:
            return [one.audio for one in speech.alongside(said) if isinstance(one, Spoken)]
        finally:
            speech.close()

    def draft(self, conversation: str) -> str:
        """What the assistant would answer to what a conversation's customer wrote last, for a
        person to edit; "" where it knows no answer. Nothing of it is kept. Raises BusyError.
        """
        past = self._keeper.store.past(checked_session(conversation))
        if not past:
            return ""
        *before, last = past
        words = " ".join(filter(None, (last.text, *last.read)))
        turn = UserTurn(words, knowledge=last.knowledge, session_id=conversation)
        with self._looking_up():
            return draft(self.parts, turn, before)

    def listen(self, previous: str | None = None, knowledge: str = "") -> LiveTurn:
        """A turn that is transcribed while it is spoken. previous: the language spoken so far;
        knowledge: the base whose names are expected.
        """
        parts = self.parts
        speech = parts.encoders.speech
        return LiveTurn(
            speech,
            speech.voice,
            previous=previous,
            end_of_turn=parts.end_of_turn,
            names=parts.knowledge.names(knowledge) if knowledge else (),
            prepare=partial(self._prepare, knowledge),
        )

    def _prepare(self, knowledge: str, turn: UserTurn) -> None:
        """Begins to answer what may be a whole turn, where nothing else is worked on: its vectors
        and the first sound of its reply are then remembered.
        """
        if not self.queue.working and self._preparing.acquire(blocking=False):
            spoken = replace(turn, knowledge=knowledge, speak=True)
            threading.Thread(target=self._prepared, args=(spoken,), daemon=True).start()

    def _prepared(self, turn: UserTurn) -> None:
        try:
            first_sound(self.parts, turn)
        except SupportError as problem:  # the turn itself is told
            log.debug("a reply could not be prepared: %s", problem)
        finally:
            self._preparing.release()

    def rehearse(self) -> None:
        """Works on a question of a base, once the models are there, so that no customer waits for
        what is made at the first one, such as lists of words. Nothing of it is kept or counted.
        """
        try:
            sizes = {base.name: base.entries for base in self.knowledge.list() if base.entries}
            for name in sorted(sizes, key=lambda name: sizes[name])[:1]:
                question, *_ = self._questions(name)[0]
                first_sound(self.parts, UserTurn(question, knowledge=name))
        except SupportError as problem:  # customers are told, and the status says it
            log.debug("no question could be rehearsed: %s", problem)

    def describe(
        self, image: str | Path | Image.Image, labels: Sequence[str] | None = None
    ) -> ImageView:
        """What a photo shows and says, and the entries of all knowledge bases that look most like
        it. Raises InputError, BusyError.
        """
        with self._looking_up():
            return self._described(image, labels)

    def _described(
        self, image: str | Path | Image.Image, labels: Sequence[str] | None
    ) -> ImageView:
        parts = self.parts
        seen = parts.encoders.see(image, labels)
        query = fuse(parts.encoders, parts.fusion, question_of("", None, seen), None, seen)
        bases = [base.name for base in parts.knowledge.list() if base.entries]
        found = [hit for base in bases for hit in searched(parts, base, query)[1]]
        best = sorted(found, key=lambda hit: -hit.score)[:FOUND]
        return replace(seen.view, matches=tuple(best))

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        """Stores a rating ("up" or "down") of a reply. Raises InputError for an unknown turn or
        rating.
        """
        self._keeper.feedback(turn_id, rating, comment)

    def answer(self, turn: UserTurn) -> Reply:
        """The finished reply to a turn, without the events on the way."""
        *_, last = self.reply(turn)
        assert isinstance(last, Finished)
        return last.reply

    def reply(self, turn: UserTurn) -> Generator[Event, None, None]:
        """Events while the turn is worked on; the last is Finished. Closing the iterator stops the
        work.

        Raises SupportError where the turn cannot be answered; the next one can. BusyError is raised
        at once, before the first event. While the conversation is not the assistant's, the turn is
        kept and acknowledged.
        """
        try:
            yield from traced(self.tracer, self._replied(turn))
        except BusyError as busy:
            self.metrics.refused(busy.kind)
            raise
        except Exception as problem:
            self.metrics.failed(problem)
            raise

    def _replied(self, turn: UserTurn) -> Generator[Event, None, None]:
        began = datetime.now(UTC)
        check_turn(turn)
        turn = replace(turn, session_id=checked_session(turn.session_id))
        with self._on_its_way(turn) as ticket:
            with span("wait"):
                yield from self._until_called(ticket)
            with span("prepare"):
                current = self._keeper.current(str(turn.session_id))
                turn = self._running[ticket] = replace(turn, session_id=current)
                past, owner = self._keeper.before(str(turn.session_id))
                if past and turn.unheard:
                    self._keeper.interrupted(str(turn.session_id), turn.unheard)
                    past = (*past[:-1], replace(past[-1], unheard=turn.unheard))
            past = as_told(past, turn.earlier)
            noted = partial(self.note, "assistant", "action", str(turn.session_id))
            happened: list[Event] = []
            judged: list[Judged] = []
            after = self._promises.after
            work = steps(self.parts, turn, past, owner, after, noted, judged.append)
            try:
                answered = yield from watched(work, happened)
            except GeneratorExit:
                self._keep_stopped(turn, judged, happened, past, owner, began)
                raise
            with span("keep"):
                reply = self._kept(answered, past, owner, began)
        language = answered.question.language
        self.metrics.finished(turn.knowledge, language, reply)
        describe(action=reply.action, base=turn.knowledge, language=language)
        yield Finished(reply)

    @contextmanager
    def _on_its_way(self, turn: UserTurn) -> Iterator[Ticket]:
        """A place, or one to wait for, given back at the end, whatever that is."""
        ticket = self.queue.enter(REPLY, visitor_of(str(turn.session_id)))
        self._running[ticket] = turn
        try:
            yield ticket
        except GeneratorExit:
            self.metrics.left()
            raise
        finally:
            del self._running[ticket]
            self.queue.leave(ticket)

    def _until_called(self, ticket: Ticket) -> Generator[Event, None, None]:
        """Says again and again that the turn waits, so that a customer who leaves is noticed."""
        while not self.queue.called(ticket, LOOK):
            if not self._parts.done():
                yield Working("load", self._message)
                continue
            seconds = max(1.0, self.queue.expected(ticket))
            yield Working("wait", f"Waiting for a place, about {seconds:.0f} s")
        self.metrics.waited(time.monotonic() - ticket.came)
        while not self.wait(LOOK):
            yield Working("load", self._message)
        turn = self._running[ticket]
        yield from self._until_loaded(stages_of(turn))
        if turn.speak:
            with suppress(SupportError):  # then the reply is not spoken
                yield from self._until_loaded(["speak"])

    def _until_loaded(self, stages: Sequence[str]) -> Generator[Event, None, None]:
        """Raises SupportError for one that cannot be had."""
        while not self.parts.behind.wait(stages, LOOK):
            yield Working("load", "Models are loading")

    def _keep_stopped(
        self,
        turn: UserTurn,
        judged: Sequence[Judged],
        happened: Sequence[Event],
        past: Sequence[Past],
        owner: Owner,
        began: datetime,
    ) -> None:
        """Keeps what was said of a reply that the customer stopped. What was said of a hand-over
        holds, and what was done or asked for an action. judged: what the turn had come to, if it
        had.
        """
        record, summary = stopped_record(turn, happened), ""
        for one in judged:
            handed = one.decision.action == "handoff"
            if one.performed or (record and (handed or one.acted)):
                record = turn_record(one, stopped_reply(one, happened))
                summary = summarise(past, one.question, one.decision.reason) if handed else ""
        if record:
            self._keeper.keep(record, summary, owner, began)

    def _kept(
        self, answered: Answered, past: Sequence[Past], owner: Owner, began: datetime
    ) -> Reply:
        """The reply, once it is kept. It is another one where a person took over meanwhile; where
        the customer was forgotten meanwhile, nothing of it is kept.
        """
        judged, reply = answered.judged, answered.reply
        if self.settings.keep_media:
            keep_media(media_folder(self.settings), answered)
        summary = ""
        if reply.action == "handoff":
            summary = summarise(past, answered.question, judged.decision.reason)
        kept = self._keeper.keep(turn_record(judged, reply), summary, owner, began)
        if kept is None:
            self.archive.remove_media([reply.turn_id])
        if kept is None or "withheld" not in kept:
            return reply
        return replace(
            reply, text=kept["reply"], action="handoff", citations=(), pictures=(), audio=None
        )


def watched(work: Step[Answered], happened: list[Event]) -> Step[Answered]:
    """The work, whose events are noted."""
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            happened.append(event)
            yield event


def stopped_reply(judged: Judged, happened: Sequence[Event]) -> Reply:
    """What was said of a reply until it was stopped; all that was told of an action."""
    told = judged.acted
    said = "".join(event.text for event in happened if isinstance(event, Said))
    return Reply(
        "\n".join(sentence.text for sentence in told.sentences) if told else said,
        judged.decision.action,
        transcript=judged.heard,
        image=judged.seen.view if judged.seen else None,
        pending=told.pending if told else None,
        session_id=str(judged.turn.session_id),
        turn_id=uuid.uuid4().hex,
        language=judged.question.language,
        confidence=judged.decision.confidence,
    )


def as_told(kept: Sequence[Past], earlier: Sequence[Past]) -> Sequence[Past]:
    """The earlier turns as they were told with this one, where they were; of those that are kept
    too it is known what they cited, and why they said what they said.
    """
    known = {turn.reply: turn for turn in kept}
    told = [known.get(turn.reply, turn) for turn in masked_turns(earlier[-PAST:])]
    return told or kept


def places_of(settings: Settings) -> int:
    """Replies that are worked on at once, where the settings leave it open: half the cores, at
    least two; more where a server or a cluster does the work.
    """
    here = max(2, (os.cpu_count() or 2) // 2)
    elsewhere = settings.llm_url or settings.cluster
    return settings.replies_at_once or (AT_A_SERVER if elsewhere else here)


def stages_of(turn: UserTurn) -> list[str]:
    """What it takes of the models that load behind to understand a turn."""
    heard = ["hear"] if turn.audio is not None and turn.heard is None else []
    seen = ["see", "read"] if turn.photos else []
    return heard + seen


def visitor_of(session: str) -> str:
    """Whose a conversation is, see desk/visits.py; one without a visitor is its own."""
    return session.partition("-")[0]


def keep_media(folder: Path, answered: Answered) -> None:
    """Writes the customer's photo and recording under the turn's id: a photo without what is
    personal in its text, no recording in which something personal was heard. A disk that does not
    take them costs nobody the reply.
    """
    turn, name = answered.judged.turn, answered.reply.turn_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if answered.question.photo is not None:
            answered.question.photo.save(folder / f"{name}.jpg", quality=92)
        if turn.audio is not None and answered.question.heard == answered.judged.question.heard:
            Audio(load_waveform(turn.audio), SAMPLE_RATE).save(folder / f"{name}.wav")
    except (OSError, SupportError):
        log.exception("the photo or the recording of turn %s could not be kept", name)
