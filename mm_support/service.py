"""The service: what the page, the API, the command line and other people's code call.

    SupportService.reply(turn)   runs the pipeline, and keeps what came of it

Models load once, in the background if wanted (`start`); calls wait until they are there. No state
of a conversation is held here: what a later turn needs is read from the store.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.config import Settings
from mm_support.decide.follow_up import checked_session
from mm_support.desk.conversations import Desk
from mm_support.desk.keeper import Keeper
from mm_support.desk.summary import summarise
from mm_support.encode.live import LiveTurn
from mm_support.encode.turn import check_turn, question_of
from mm_support.errors import SupportError
from mm_support.inputs.audio import load_waveform
from mm_support.knowledge.base import Knowledge
from mm_support.parts import Parts
from mm_support.pipeline import Answered, fuse, steps, turn_record
from mm_support.store.database import Handoff, Store
from mm_support.store.journal import Journal
from mm_support.types import (
    SAMPLE_RATE,
    Audio,
    Event,
    Finished,
    Holder,
    ImageView,
    KeptTurn,
    Message,
    Owner,
    Past,
    Reply,
    Status,
    Transcript,
    UserTurn,
    Working,
)

log = logging.getLogger(__name__)

MATCHES = 5  # entries that `describe` names
LoadParts = Callable[[Settings, Callable[[str], None]], Parts]


class SupportService:
    """Built by `load` (waits for the models) or `start` (returns at once, loads in the
    background).
    """

    def __init__(self, settings: Settings, keeper: Keeper, parts: Future[Parts]) -> None:
        self.settings, self._keeper, self._parts = settings, keeper, parts
        self._message, self._closing = "Models are loading", threading.Event()
        self._loading: threading.Thread | None = None

    @classmethod
    def start(cls, settings: Settings | None = None) -> SupportService:
        """A service whose models load in a thread; `status` says how far it is."""
        from mm_support.loading import load_parts

        settings = settings or Settings.from_env()
        service = cls(settings, open_keeper(settings), Future())
        service._loading = threading.Thread(
            target=service._fill, args=(load_parts,), daemon=True, name="load models"
        )
        service._loading.start()
        return service

    @classmethod
    def load(cls, settings: Settings | None = None) -> SupportService:
        """A service that is ready. Raises SupportError where something is missing."""
        service = cls.start(settings)
        try:
            service.wait()
        except BaseException:
            service.close()
            raise
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

    def _fill(self, load_parts: LoadParts) -> None:
        try:
            self._parts.set_result(load_parts(self.settings, self._report))
        except SupportError as exc:
            self._parts.set_exception(exc)
        except Exception as exc:  # the page must say it, whatever it is
            log.exception("loading failed")
            self._parts.set_exception(
                SupportError(f"The models could not be loaded: {type(exc).__name__}: {exc}")
            )

    def _report(self, message: str) -> None:
        """Notes what loading is doing. Raises SupportError, which ends it, once `close` was
        called.
        """
        if self._closing.is_set():
            raise SupportError("The service was closed while it loaded; start it again.")
        self._message = message

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

    def close(self) -> None:
        """Gives the index, the models and the store back; ends the loading where it still goes
        on.
        """
        self._closing.set()
        if self._loading is not None:
            self._loading.join()
        if self._parts.done() and self._parts.exception() is None:
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

    def messages(self, session: str, since: int = 0) -> tuple[Message, ...]:
        """What people wrote to this customer, oldest first; only those with a number above
        `since`.
        """
        return self.desk.messages(checked_session(session), since)

    def holder(self, session: str) -> Holder:
        """Whose this customer's conversation is."""
        return self.desk.holder(checked_session(session))

    def conversation(self, session: str) -> tuple[KeptTurn | Message, ...]:
        """All that was said in this customer's conversation, in order; empty for one that nobody
        has heard of.
        """
        return self.desk.transcript(checked_session(session))

    def handoffs(self, limit: int = 100) -> tuple[Handoff, ...]:
        """Conversations handed over, newest first: why, and a summary for the person who takes
        over.
        """
        return self._keeper.store.handoffs(limit)

    def transcribe(self, audio: str | Path | tuple[int, np.ndarray]) -> Transcript:
        """What is said in a recording. Raises InputError for one that cannot be used."""
        return self.parts.encoders.hear(audio)

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
        )

    def describe(
        self, image: str | Path | Image.Image, labels: Sequence[str] | None = None
    ) -> ImageView:
        """What a photo shows and says, and the entries of all knowledge bases that look most like
        it.
        """
        parts = self.parts
        seen = parts.encoders.see(image, labels)
        query = fuse(parts.encoders, parts.fusion, question_of("", None, seen), None, seen)
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
        self._keeper.feedback(turn_id, rating, comment)

    def answer(self, turn: UserTurn) -> Reply:
        """The finished reply to a turn, without the events on the way."""
        *_, last = self.reply(turn)
        assert isinstance(last, Finished)
        return last.reply

    def reply(self, turn: UserTurn) -> Generator[Event, None, None]:
        """Events while the turn is worked on; the last is Finished. Closing the iterator stops the
        work.

        Raises SupportError where the turn cannot be answered; the next one can. While the
        conversation is not the assistant's, the turn is kept and acknowledged.
        """
        check_turn(turn)
        turn = replace(turn, session_id=checked_session(turn.session_id))
        if not self._parts.done():
            yield Working("load", self._message)
        parts = self.parts
        past, owner = self._keeper.before(str(turn.session_id))
        answered = yield from steps(parts, turn, past, owner)
        yield Finished(self._kept(answered, past, owner))

    def _kept(self, answered: Answered, past: Sequence[Past], owner: Owner) -> Reply:
        """The reply, once it is kept. It is another one where a person took over meanwhile."""
        judged, reply = answered.judged, answered.reply
        if self.settings.keep_media:
            keep_media(self.settings.data_dir / "media", answered)
        summary = ""
        if reply.action == "handoff":
            summary = summarise(past, judged.question, judged.decision.reason)
        kept = self._keeper.keep(turn_record(judged, reply), summary, owner)
        if kept["reply"] == reply.text:
            return reply
        return replace(
            reply, text=kept["reply"], action="handoff", citations=(), pictures=(), audio=None
        )


def open_keeper(settings: Settings) -> Keeper:
    """The store that the settings name, with the journal in the data folder beside it."""
    store = open_store(settings)
    return Keeper(store, Journal(settings.data_dir / "turns.journal"))


def open_store(settings: Settings) -> Store:
    """The store that the settings name; SQLite in the data folder by default."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SupportError(
            f"The data folder {settings.data_dir} cannot be made ({exc}); set MM_SUPPORT_DATA."
        ) from exc
    return Store(settings.database_url or f"sqlite:///{settings.data_dir / 'turns.sqlite'}")


def keep_media(folder: Path, answered: Answered) -> None:
    """Writes the customer's photo and recording under the turn's id. A disk that does not take them
    costs nobody the reply.
    """
    turn, name = answered.judged.turn, answered.reply.turn_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if answered.judged.seen is not None:
            answered.judged.seen.photo.save(folder / f"{name}.jpg", quality=92)
        if turn.audio is not None:
            Audio(load_waveform(turn.audio), SAMPLE_RATE).save(folder / f"{name}.wav")
    except (OSError, SupportError):
        log.exception("the photo or the recording of turn %s could not be kept", name)
