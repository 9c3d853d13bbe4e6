"""Keeps what customers were told, whatever happens to the database.

A turn that the database does not take goes to the journal, and from there into the database as soon
as that answers again; one that the disk does not take either waits in memory. Until then the
journal also says what was said before in a conversation.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError

from mm_support.config import Settings
from mm_support.desk.audit import erased_since
from mm_support.desk.conversations import Desk
from mm_support.desk.kept import keep_turn
from mm_support.desk.notices import CHATWOOT, channels_of
from mm_support.errors import InputError, StoreError, SupportError
from mm_support.files import private_folder
from mm_support.language.personal import Masks
from mm_support.rounds import Rounds, Task
from mm_support.store.database import PAST, Store, check_feedback
from mm_support.store.journal import Journal, Row
from mm_support.store.records import masked_record, past_of
from mm_support.types import Owner, Past, Pending

log = logging.getLogger(__name__)

REMEMBERED = 1_000  # conversations whose masks are known until a person takes them over
RETRY = 5.0  # s between attempts to write the journal's rows into the database
JOURNALED = "replies are kept in a journal until the database answers"
HELD = "replies are kept in memory only: neither the database nor the disk takes them"
LOST = "replies cannot be kept: neither the database, the disk nor the memory takes them"


class Keeper:
    """The store with a journal beside it. reveal: whether agents may read what masks stand for,
    while a conversation is at the desk. silence: minutes after which the assistant takes a
    conversation back from an agent who says nothing; 0: never. patience: see Desk.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        reveal: bool = True,
        silence: float = 0,
        patience: float = 0,
    ) -> None:
        self.store, self.desk, self.journal = store, Desk(store, reveal, patience), journal
        self._reveal, self._silence = reveal, silence
        self._originals: OrderedDict[str, dict[str, dict[str, str]]] = OrderedDict()
        self._pending: OrderedDict[str, Pending] = OrderedDict()  # with what is personal
        self._lock, self._trouble = threading.Lock(), HELD
        self._erased: set[str] = set()  # turns of the journal that are kept no longer
        self.catch_up()
        self._rounds = Rounds([Task("emptying the journal", RETRY, self.catch_up)])

    @property
    def trouble(self) -> str:
        """What is wrong with keeping, for people; "" where nothing is."""
        if not self.journal:
            return ""
        return self._trouble if self.journal.holds else JOURNALED

    def before(self, session_id: str) -> tuple[tuple[Past, ...], Owner]:
        """The latest turns of a conversation, oldest first, and whose it is."""
        past, owner = (), "assistant"
        try:
            past, owner = self.store.past(session_id), self.desk.owner(session_id)
            if owner == "person" and self._silence:
                self.desk.return_silent(self._silence, session_id)
                owner = self.desk.owner(session_id)
        except StoreError as exc:
            log.warning("what was said before is not known: %s", exc)
        rows = [row for row in self.journal.rows() if row.get("session_id") == session_id]
        waits = any(row["action"] == "handoff" for row in rows)
        past = (*past, *(past_of(row) for row in rows))[-PAST:]
        known = self._pending.get(session_id)
        if known and past and past[-1].pending and past[-1].pending.key == known.key:
            past = (*past[:-1], replace(past[-1], pending=known))
        return past, "waiting" if waits and owner == "assistant" else owner

    def current(self, session_id: str) -> str:
        """The conversation in which its customer goes on: another one once it was closed."""
        try:
            return self.desk.chain(session_id)[-1]
        except StoreError:  # `before` says so
            return session_id

    def interrupted(self, session_id: str, unheard: str) -> None:
        """Notes what the customer had not heard of the latest reply when they interrupted it."""
        try:
            self.store.interrupted(session_id, Masks().text(unheard))
        except StoreError as exc:
            log.warning("how far a reply was heard is not kept: %s", exc)

    def keep(
        self, record: dict[str, Any], summary: str, owner: Owner, began: datetime | None = None
    ) -> dict[str, Any] | None:
        """The record of a turn as it was kept, see keep_turn. Raises nothing: a reply that was
        given is not taken back. While the journal holds earlier turns, this one goes there too.
        """
        self._remember_pending(record["session_id"], record.get("pending"))
        record, values = masked_record(record)
        originals = self._remember(record["session_id"], record["id"], values)
        try:
            if not self.journal:
                return keep_turn(self.store, record, summary, owner, originals, began)
        except StoreError as exc:
            log.warning("a turn goes to the journal: %s", exc)
        self._to_journal({**record, "summary": summary})
        return record

    def _to_journal(self, row: Row) -> None:
        try:
            self.journal.append(row)
        except OSError as exc:
            self._trouble = HELD if self.journal.hold(row) else LOST
            log.error("the disk does not take the turn %s (%s): %s", row["id"], exc, self._trouble)

    def _remember(
        self, session_id: str, turn_id: str, values: dict[str, str]
    ) -> dict[str, dict[str, str]]:
        """What the masks of a conversation stand for, by turn. Nothing of it is on the disk before
        a person is to take the conversation over.
        """
        if not self._reveal:
            return {}
        with self._lock:
            known = self._originals.setdefault(session_id, {})
            if values:
                known[turn_id] = values
            self._originals.move_to_end(session_id)
            while len(self._originals) > REMEMBERED:
                self._originals.popitem(last=False)
            return dict(known)

    def _remember_pending(self, session_id: str, pending: dict[str, Any] | None) -> None:
        """The values that an action waits with; those that are personal are not on the disk."""
        with self._lock:
            self._pending.pop(session_id, None)
            if pending:
                self._pending[session_id] = Pending(**pending)
            while len(self._pending) > REMEMBERED:
                self._pending.popitem(last=False)

    def session_of(self, turn_id: str) -> str:
        """Raises InputError for an unknown turn, StoreError where the database does not answer."""
        for row in self.journal.rows():
            if row.get("id") == turn_id:
                return row["session_id"]
        return self.store.session_of(turn_id)

    def forget(self, sessions: Collection[str]) -> set[str]:
        """Takes all of these conversations out of the memory and the journal; returns the ids of
        their turns there. Raises StoreError where the disk does not let it.
        """
        with self._lock:
            for session_id in sessions:
                self._originals.pop(session_id, None)
                self._pending.pop(session_id, None)
        try:
            return self.journal.remove_sessions(sessions)
        except OSError as exc:
            raise StoreError(f"The journal cannot be changed ({exc}); check the disk.") from exc

    def feedback(self, turn_id: str, rating: str, comment: str) -> None:
        """Raises InputError for an unknown turn or rating, StoreError where nothing answers."""
        check_feedback(rating, comment)
        comment = Masks().text(comment)
        if any(row.get("id") == turn_id for row in self.journal.rows()):
            self._journal_feedback({"turn_id": turn_id, "rating": rating, "comment": comment})
        else:
            self.store.add_feedback(turn_id, rating, comment)

    def _journal_feedback(self, row: Row) -> None:
        try:
            self.journal.append(row)
        except OSError as exc:
            raise StoreError("The rating could not be stored; check the disk.") from exc

    def close(self) -> None:
        self._rounds.close()
        if self.journal.holds:  # what is in its file stays there
            self.catch_up()
        self.store.close()

    def catch_up(self) -> None:
        """Writes what the journal holds into the database, as far as that takes it, also what
        another process has left there.
        """
        try:
            if self.journal:
                self.journal.hand_over(self._write)
        except (StoreError, OSError) as exc:
            log.warning("the journal stays: %s", exc)

    def _write(self, row: Row) -> bool:
        """Whether the database takes the row, or need not. Raises StoreError where it does not
        answer.
        """
        if self._was_erased(row):
            return True
        try:
            if "turn_id" in row:
                self.store.add_feedback(**row)
            else:
                record = {name: value for name, value in row.items() if name != "summary"}
                keep_turn(self.store, record, row["summary"], owner=None)
        except (StoreError, InputError, TypeError, KeyError) as exc:
            unanswered = isinstance(exc, StoreError)
            if unanswered and not isinstance(exc.__cause__, (IntegrityError, DataError)):
                raise
            log.exception("a row of the journal is refused; it is kept in %s", self.journal.refused)
            return False
        return True

    def _was_erased(self, row: Row) -> bool:
        """Whether its conversation was erased, at another front, while the row lay here."""
        if "turn_id" in row or "created" not in row:
            return row.get("turn_id") in self._erased
        with self.store.reading() as session:
            erased = erased_since(session, row["session_id"], row["created"])
        if erased:
            self._erased.add(row["id"])
        return erased


def open_keeper(settings: Settings) -> Keeper:
    """The store that the settings name, with the journal in the data folder beside it."""
    store = open_store(settings)
    journal = Journal(settings.data_dir / "turns.journal")
    patience = settings.waiting_minutes
    return Keeper(store, journal, settings.show_personal, settings.silence_minutes, patience)


def open_store(settings: Settings) -> Store:
    """The store that the settings name; SQLite in the data folder by default."""
    try:
        private_folder(settings.data_dir)
    except OSError as exc:
        raise SupportError(
            f"The data folder {settings.data_dir} cannot be made ({exc}); set MM_SUPPORT_DATA."
        ) from exc
    url = settings.database_url or f"sqlite:///{settings.data_dir / 'turns.sqlite'}"
    bridge = (CHATWOOT,) if settings.chatwoot_url else ()
    return Store(url, (*channels_of(settings), *bridge))


def media_folder(settings: Settings) -> Path:
    """Where customers' photos and recordings are kept, if they are."""
    return settings.data_dir / "media"
