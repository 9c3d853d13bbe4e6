"""The service: what the page, the API, the command line and other people's code call.

    SupportService.reply(turn)   input -> encode -> fuse -> retrieve -> decode, top to bottom

Models load once, in the background if wanted (`start`); calls wait until they are there. No state
of a conversation is held here: what a later turn needs is read from the store.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support import as_json as wire
from mm_support.config import Settings
from mm_support.decide.follow_up import checked_session, resolve
from mm_support.decide.policy import SILENCE, Decision
from mm_support.decode.compose import Speech, compose, evidence_of, intent_of
from mm_support.decode.reply import Sentence
from mm_support.desk.summary import summarise
from mm_support.encode.live import LiveTurn
from mm_support.encode.turn import Seen, check_turn, clean_text, question_of
from mm_support.errors import SupportError
from mm_support.inputs.audio import load_waveform
from mm_support.inputs.photo import load_photo
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.pictures import gallery
from mm_support.knowledge.query import SearchQuery
from mm_support.parts import Parts
from mm_support.pipeline import fused
from mm_support.store.database import Handoff, Store
from mm_support.types import (
    SAMPLE_RATE,
    Audio,
    Event,
    Finished,
    Found,
    Fusion,
    Heard,
    Hit,
    ImageView,
    Past,
    Question,
    Reply,
    Said,
    Saw,
    Spoken,
    Status,
    Transcript,
    UserTurn,
    Working,
)

log = logging.getLogger(__name__)

FOUND = 5  # entries that are shown and may be cited
MATCHES = 5  # entries that `describe` names


@dataclass(frozen=True, eq=False)
class Asked:
    """A turn, understood: the typed text, what was heard and seen, the question in words, the turns
    before.
    """

    turn: UserTurn
    session_id: str
    text: str
    heard: Transcript | None
    seen: Seen | None
    question: Question
    past: tuple[Past, ...] = ()

    @property
    def says_something(self) -> bool:
        return bool(self.text or self.seen or (self.heard and self.heard.text))


class Clock:
    """Milliseconds by step of one reply, counted from its creation."""

    def __init__(self) -> None:
        self._start, self._times = time.perf_counter(), {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds what the block takes."""
        started = time.perf_counter()
        yield
        self._times[name] = 1000 * (time.perf_counter() - started)

    def mark(self, name: str) -> None:
        """Notes how long after the beginning this was reached, the first time that it is."""
        self._times.setdefault(name, 1000 * (time.perf_counter() - self._start))

    def milliseconds(self) -> dict[str, float]:
        return {**self._times, "total": 1000 * (time.perf_counter() - self._start)}


class SupportService:
    """Built by `load` (waits for the models) or `start` (returns at once, loads in the background)."""

    def __init__(self, settings: Settings, store: Store, parts: Future[Parts]) -> None:
        self.settings, self._store, self._parts = settings, store, parts
        self._message = "Models are loading"

    @classmethod
    def start(cls, settings: Settings | None = None) -> SupportService:
        """A service whose models load in a thread; `status` says how far it is."""
        from mm_support.loading import load_parts

        settings = settings or Settings.from_env()
        service = cls(settings, open_store(settings), Future())
        threading.Thread(
            target=service._fill, args=(load_parts,), daemon=True, name="load models"
        ).start()
        return service

    @classmethod
    def load(cls, settings: Settings | None = None) -> SupportService:
        """A service that is ready. Raises SupportError where something is missing."""
        service = cls.start(settings)
        service.wait()
        return service

    def wait(self, timeout: float | None = None) -> bool:
        """Whether the models are there within `timeout` seconds. Raises SupportError where loading
        failed.
        """
        try:
            self._parts.result(timeout)
        except FutureTimeout:
            return False
        return True

    def _fill(self, load_parts: Callable[[Settings, Callable[[str], None]], Parts]) -> None:
        try:
            self._parts.set_result(load_parts(self.settings, self._say))
        except SupportError as exc:
            self._parts.set_exception(exc)
        except Exception as exc:  # the page must say it, whatever it is
            log.exception("loading failed")
            self._parts.set_exception(
                SupportError(f"The models could not be loaded: {type(exc).__name__}: {exc}")
            )

    def _say(self, message: str) -> None:
        self._message = message

    def status(self) -> Status:
        """Whether replies can be given yet, and what is going on."""
        if not self._parts.done():
            return Status(False, self._message)
        error = self._parts.exception()
        if error is not None:
            return Status(False, str(error), failed=True)
        return Status(True, "Ready", self._parts.result().device)

    def close(self) -> None:
        """Gives the index, the models and the store back."""
        if self._parts.done() and self._parts.exception() is None:
            self._parts.result().close()
        self._store.close()

    @property
    def knowledge(self) -> Knowledge:
        return self._parts.result().knowledge

    def decide(
        self, turn: UserTurn, past: Sequence[Past] = ()
    ) -> tuple[tuple[Hit, ...], SearchQuery, Decision]:
        """Everything up to the reply: hits, the query that found them, the decision. past: oldest
        first.
        """
        return self.judge(turn, *self.perceive(turn), past)[1:]

    def compose(
        self, turn: UserTurn, past: Sequence[Past] = ()
    ) -> tuple[tuple[Hit, ...], Decision, list[Sentence]]:
        """A whole reply that is neither spoken nor stored: hits, decision, sentences. For
        evaluation.
        """
        question, hits, _, decision = self.judge(turn, *self.perceive(turn), past)
        return (
            hits,
            decision,
            list(compose(self._parts.result().writer, question, decision, threading.Event())),
        )

    def perceive(self, turn: UserTurn) -> tuple[Transcript | None, Seen | None]:
        """What is heard in a turn's recording and seen in its photo."""
        return self._parts.result().encoders.perceive(turn)

    def judge(
        self, turn: UserTurn, heard: Transcript | None, seen: Seen | None, past: Sequence[Past] = ()
    ) -> tuple[Question, tuple[Hit, ...], SearchQuery, Decision]:
        """What is asked, found and decided, of a turn that was perceived before."""
        parts = self._parts.result()
        question = question_of(clean_text(turn.text), heard, seen)
        query = parts.knowledge.recognise(
            turn.knowledge, fused(parts.encoders, parts.fusion, question, heard, seen)
        )
        query, question = resolve(query, question, past, turn.knowledge, parts.encoders.text)
        hits = tuple(parts.knowledge.find(turn.knowledge, query, FOUND))
        return question, hits, query, parts.policy.decide(question, query, hits, past)

    def handoffs(self, limit: int = 100) -> tuple[Handoff, ...]:
        """Conversations handed over, newest first: why, and a summary for the person who takes
        over.
        """
        return self._store.handoffs(limit)

    def transcribe(self, audio: str | Path | tuple[int, np.ndarray]) -> Transcript:
        """What is said in a recording. Raises InputError for one that cannot be used."""
        return self._parts.result().encoders.hear(audio)

    def listen(self, previous: str | None = None) -> LiveTurn:
        """A turn that is transcribed while it is spoken. previous: the language spoken so far."""
        speech = self._parts.result().encoders.speech
        return LiveTurn(speech, speech.voice, previous=previous)

    def describe(
        self, image: str | Path | Image.Image, labels: Sequence[str] | None = None
    ) -> ImageView:
        """What a photo shows and says, and the entries of all knowledge bases that look most like
        it.
        """
        parts = self._parts.result()
        seen = parts.encoders.see(image, labels)
        query = fused(parts.encoders, parts.fusion, question_of("", None, seen), None, seen)
        found = [
            hit
            for base in parts.knowledge.list()
            for hit in parts.knowledge.find(
                base.name, parts.knowledge.recognise(base.name, query), MATCHES
            )
        ]
        return replace(
            seen.view, matches=tuple(sorted(found, key=lambda hit: -hit.score)[:MATCHES])
        )

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        """Stores a rating ("up" or "down") of a reply. Raises InputError for an unknown turn or
        rating.
        """
        self._store.add_feedback(turn_id, rating, comment)

    def answer(self, turn: UserTurn) -> Reply:
        """The finished reply to a turn, without the events on the way."""
        *_, last = self.reply(turn)
        assert isinstance(last, Finished)
        return last.reply

    def reply(self, turn: UserTurn) -> Iterator[Event]:
        """Events while the turn is worked on; the last is Finished. Closing the iterator stops the
        work.

        Raises SupportError where the turn cannot be answered; the next one can.
        """
        check_turn(turn)
        session_id = checked_session(turn.session_id)
        if not self._parts.done():
            yield Working("load", self._message)
        parts, clock = self._parts.result(), Clock()
        parts.knowledge.check(turn.knowledge)  # before anything is encoded
        text, heard, seen = clean_text(turn.text), None, None
        past = self._store.past(session_id)

        if turn.audio is not None:
            yield Working("listen", "Listening")
            with clock.step("listen"):
                heard = turn.heard or parts.encoders.hear(turn.audio, language_of(past))
            yield Heard(heard)
        if turn.image is not None:
            yield Working("look", "Looking at the photo")
            with clock.step("look"):
                seen = parts.encoders.see(turn.image)
            yield Saw(seen.view)

        asked = Asked(turn, session_id, text, heard, seen, question_of(text, heard, seen), past)
        if not asked.says_something:
            yield from self._decode(parts, asked, SILENCE, (), None, clock)
            return

        yield Working("search", "Searching the knowledge")
        with clock.step("fuse"):
            query = parts.knowledge.recognise(
                turn.knowledge, fused(parts.encoders, parts.fusion, asked.question, heard, seen)
            )
            query, question = resolve(
                query, asked.question, past, turn.knowledge, parts.encoders.text
            )
        with clock.step("search"):
            hits = tuple(parts.knowledge.find(turn.knowledge, query, FOUND))
            decision = parts.policy.decide(question, query, hits, past)
        fusion = Fusion(query.fused.strategy, query.fused.weights)
        yield Found(hits, fusion)

        yield Working("write", "Writing")
        yield from self._decode(
            parts, replace(asked, question=question), decision, hits, fusion, clock
        )

    def _decode(
        self,
        parts: Parts,
        asked: Asked,
        decision: Decision,
        hits: tuple[Hit, ...],
        fusion: Fusion | None,
        clock: Clock,
    ) -> Iterator[Event]:
        """Checked sentences as they come, their sound behind them, then the stored reply."""
        said, speech = [], Speech(parts.voice, asked.turn.speak)
        stop = threading.Event()
        try:
            for piece in speech.alongside(compose(parts.writer, asked.question, decision, stop)):
                if isinstance(piece, Audio):
                    clock.mark("first_sound")
                    yield Spoken(piece)
                    continue
                clock.mark("first_words")
                said.append((piece, piece.shown(said[-1][0] if said else None)))
                yield Said(said[-1][1])
        finally:
            stop.set()
            speech.close()
        words = f"{asked.question.typed} {asked.question.heard}"
        similar = (
            gallery(words, hits) if asked.seen and decision.action in ("answer", "clarify") else ()
        )
        reply = Reply(
            text="".join(shown for _, shown in said),
            action=decision.action,
            audio=speech.whole(),
            transcript=asked.heard,
            image=asked.seen.view if asked.seen else None,
            intent=intent_of(hits),
            fusion=fusion,
            timings=clock.milliseconds(),
            session_id=asked.session_id,
            turn_id=uuid.uuid4().hex,
            **evidence_of([sentence for sentence, _ in said], decision.hits, similar),
        )
        if self.settings.keep_media:
            keep_media(self.settings.data_dir / "media", asked.turn, reply.turn_id)
        summary = (
            summarise(asked.past, asked.question, decision.reason)
            if decision.action == "handoff"
            else ""
        )
        self._store.add_turn(summary, **turn_row(asked, decision, hits, reply))
        yield Finished(reply)


def language_of(past: Sequence[Past]) -> str | None:
    """The language that was spoken last; None where nothing was."""
    return next((turn.language for turn in reversed(past) if turn.language), None)


def open_store(settings: Settings) -> Store:
    """The store that the settings name; SQLite in the data folder by default."""
    if settings.database_url:
        return Store(settings.database_url)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SupportError(
            f"The data folder {settings.data_dir} cannot be made ({exc}); set MM_SUPPORT_DATA."
        ) from exc
    return Store(f"sqlite:///{settings.data_dir / 'turns.sqlite'}")


def keep_media(folder: Path, turn: UserTurn, turn_id: str) -> None:
    """Writes the customer's photo and recording under the turn's id."""
    folder.mkdir(parents=True, exist_ok=True)
    if turn.image is not None:
        load_photo(turn.image).save(folder / f"{turn_id}.jpg", quality=92)
    if turn.audio is not None:
        Audio(load_waveform(turn.audio), SAMPLE_RATE).save(folder / f"{turn_id}.wav")


def turn_row(asked: Asked, decision: Decision, hits: Sequence[Hit], reply: Reply) -> dict:
    """The columns of a turn: what was understood and said, never the photo or the recording."""
    values = wire.reply_dict(reply)
    return {
        "id": reply.turn_id,
        "session_id": reply.session_id,
        "knowledge": asked.turn.knowledge,
        "text": asked.text,
        "transcript": values["transcript"],
        "image": values["image"],
        "hits": [wire.hit_dict(hit) for hit in hits],
        "reply": reply.text,
        "action": reply.action,
        "reason": decision.reason,
        "confidence": decision.confidence,
        "citations": [citation.entry_id for citation in reply.citations],
        "intent": reply.intent.name if reply.intent else "",
        "fusion": values["fusion"],
        "timings": values["timings_ms"],
    }
