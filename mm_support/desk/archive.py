"""What is kept of people: erased, given out, and forgotten when it is old.

Everything of a conversation goes: its rows in the database, in the journal and beside it, what its
masks stand for, and its media. Knows the keeper and the folder of media; knows no page.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session

from mm_support.desk.audit import ERASED, checksum, note
from mm_support.desk.keeper import Keeper
from mm_support.desk.ownership import locked
from mm_support.files import private_folder, remove_kinds
from mm_support.store.days import changed
from mm_support.store.journal import Row
from mm_support.store.models import (
    AuditRow,
    ConversationRow,
    FeedbackRow,
    HandoffRow,
    InboxRow,
    MessageRow,
    NoteRow,
    NoticeRow,
    OriginalRow,
    OwnershipRow,
    TurnRow,
    now,
)
from mm_support.store.records import in_utc

log = logging.getLogger(__name__)

ELSEWHERE = ".files"  # ends the name of a note of files that lie elsewhere
AT_ONCE = 200  # conversations erased in one transaction
# tables with rows of conversations; those that others refer to come last
_OWN: tuple[tuple[type[DeclarativeBase], InstrumentedAttribute[str]], ...] = (
    (OriginalRow, OriginalRow.session_id),
    (HandoffRow, HandoffRow.session_id),
    (MessageRow, MessageRow.conversation_id),
    (NoteRow, NoteRow.conversation_id),
    (InboxRow, InboxRow.conversation_id),
    (OwnershipRow, OwnershipRow.conversation_id),
    (NoticeRow, NoticeRow.conversation_id),
    (ConversationRow, ConversationRow.id),
    (TurnRow, TurnRow.session_id),
)
AMONG_US = ("notes", "handoffs", "owners")  # what the desk writes for itself
_TOLD = ("id", "knowledge", "text", "transcript", "image", "reply", "action", "citations")


class Archive:
    """media: where photos and recordings are kept, if they are."""

    def __init__(self, keeper: Keeper, media: Path) -> None:
        self._keeper, self._store, self._media = keeper, keeper.store, media

    def sessions_of(self, visitor: str) -> tuple[str, ...]:
        """All conversations of a visitor, also those that are in the journal or beside it."""
        named = TurnRow.session_id.startswith(f"{visitor}-", autoescape=True)
        opened = ConversationRow.id.startswith(f"{visitor}-", autoescape=True)
        with self._store.reading() as session:
            kept = {*session.scalars(select(TurnRow.session_id).where(named).distinct())}
            kept |= {*session.scalars(select(ConversationRow.id).where(opened))}
        waiting = (row.get("session_id", "") for row in self._keeper.journal.all_rows())
        return tuple(sorted(kept | {own for own in waiting if own.startswith(f"{visitor}-")}))

    def knows(self, session_id: str) -> bool:
        """Whether anything is kept of a conversation."""
        with self._store.reading() as session:
            turn = session.scalar(
                select(TurnRow.id).where(TurnRow.session_id == session_id).limit(1)
            )
            kept = turn is not None or session.get(ConversationRow, session_id) is not None
        waiting = (row.get("session_id") for row in self._keeper.journal.all_rows())
        return kept or session_id in waiting

    def erase(self, sessions: Iterable[str], who: str) -> int:
        """Erases these conversations; returns how many turns that were. who: noted in the audit
        log, which names the conversations by their checksums only.

        Raises StoreError where the database does not answer; what was erased until then stays so.
        """
        erased, left = 0, iter(sessions)
        while some := tuple(islice(left, AT_ONCE)):
            turns = self._keeper.forget(some)
            with self._store.writing() as session:
                turns |= _locked_turns(session, some)
                _delete(session, some)
                for conversation in some:
                    note(session, who, ERASED, checksum(conversation))
            self.remove_media(turns)
            erased += len(turns)
        self._store.checkpoint()
        return erased

    def erase_visitor(self, visitor: str, who: str) -> int:
        """The same for all of a visitor; what they are being answered meanwhile is not kept."""
        with self._store.writing() as session:
            note(session, who, ERASED, checksum(visitor))
        return self.erase(self.sessions_of(visitor), who)

    def erase_older(self, days: float) -> int:
        """Erases conversations in which nothing was said for so long."""
        return self.erase(self._silent_since(now() - timedelta(days=days)), "retention")

    def export(self, sessions: Iterable[str], whole: bool = True) -> dict[str, Any]:
        """All that is kept of these conversations, as plain values for JSON; of photos and
        recordings the names in the folder of media. whole: with what the people at the desk wrote
        for each other.
        """
        rows = self._keeper.journal.all_rows()
        with self._store.reading() as session:
            kept = [_conversation(session, name, rows) for name in sessions]
        for turn in chain.from_iterable(each["turns"] for each in kept):
            turn["media"] = self._media_of(turn["id"])
        left_out = () if whole else AMONG_US
        shown = [{key: row[key] for key in row if key not in left_out} for row in kept]
        return {"conversations": shown}

    def _silent_since(self, before: datetime) -> Sequence[str]:
        last = select(TurnRow.session_id).group_by(TurnRow.session_id)
        said = MessageRow.conversation_id == TurnRow.session_id
        recent = select(MessageRow.id).where(said, MessageRow.created >= before).exists()
        old = last.having(func.max(TurnRow.created) < before).where(~recent)
        rows = [row for row in self._keeper.journal.all_rows() if "created" in row]
        latest: dict[str, datetime] = {}
        for row in rows:
            name, created = row["session_id"], row["created"]
            latest[name] = max(created, latest.get(name, created))
        with self._store.reading() as session:
            stored = select(TurnRow.session_id).where(TurnRow.session_id.in_(latest))
            silent = {*session.scalars(old)} | (set(latest) - {*session.scalars(stored)})
        return [name for name in sorted(silent) if latest.get(name, before) <= before]

    def photo(self, turn: str) -> Path | None:
        """The photo of a turn, where it is kept."""
        path = self._media / f"{turn}.jpg"
        return path if path.is_file() else None

    def _media_of(self, turn: str) -> list[str]:
        found = self._media.glob(f"{turn}.*")
        return sorted(path.name for path in found if path.suffix != ELSEWHERE)

    def remove_media(self, turns: Iterable[str]) -> None:
        """What is kept of these turns. A file elsewhere that another turn came with too stays: the
        same bytes are one upload, whoever sends them.
        """
        gone: set[str] = set()
        for turn in turns if self._media.is_dir() else ():
            for path in self._media.glob(f"{turn}.*"):
                if path.suffix == ELSEWHERE:
                    gone.update(_listed(path))
                path.unlink(missing_ok=True)
        if gone:
            kept = set(chain.from_iterable(map(_listed, self._media.glob(f"*{ELSEWHERE}"))))
            for name in gone - kept:
                remove_kinds(Path(name))

    def goes_with(self, turn: str, files: Iterable[Path]) -> None:
        """Notes files elsewhere that are removed with a turn, such as uploads."""
        names = "".join(f"{json.dumps(str(path))}\n" for path in files)
        if not names:
            return
        try:
            private_folder(self._media)
            with (self._media / f"{turn}{ELSEWHERE}").open("a", encoding="utf-8") as noted:
                noted.write(names)
        except OSError:  # they go by their age
            log.exception("files of the turn %s are not noted", turn)

    def forget_uploads(self, seconds: float) -> None:
        """Removes the notes of files that are older: the files are gone by then."""
        for path in self._media.glob(f"*{ELSEWHERE}"):
            if path.stat().st_mtime < time.time() - seconds:
                path.unlink(missing_ok=True)


def _listed(noted: Path) -> Iterator[str]:
    with suppress(FileNotFoundError):  # another process may remove it meanwhile
        for line in noted.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):  # a full disk has cut it off
                yield json.loads(line)


def _locked_turns(session: Session, sessions: Sequence[str]) -> set[str]:
    """The turns of these conversations, to which nobody adds anything before the transaction ends:
    no turn, also where there is none yet, no message and no rating. In order, so that two who erase
    the same ones do not wait for each other.
    """
    for name in sorted(sessions):
        locked(session, name)
    own = select(TurnRow.id).where(TurnRow.session_id.in_(sessions)).order_by(TurnRow.id)
    return set(session.scalars(own.with_for_update()))


def _delete(session: Session, sessions: Sequence[str]) -> None:
    own = TurnRow.session_id.in_(sessions)
    changed(session, map(in_utc, session.scalars(select(TurnRow.created).where(own))))
    turns = select(TurnRow.id).where(own)
    session.execute(delete(FeedbackRow).where(FeedbackRow.turn_id.in_(turns)))
    for table, of_conversation in _OWN:
        session.execute(delete(table).where(of_conversation.in_(sessions)))
    for name in sessions:  # what was done stays, without saying with whom
        done = update(AuditRow).where(AuditRow.subject == name)
        session.execute(done.values(subject=checksum(name), detail=""))


def _conversation(session: Session, name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """rows: of the journal, in which some of its turns may still be."""
    holder = session.get(ConversationRow, name)
    own = select(TurnRow).where(TurnRow.session_id == name).order_by(TurnRow.created)
    said = select(MessageRow).where(MessageRow.conversation_id == name).order_by(MessageRow.id)
    noted = select(NoteRow).where(NoteRow.conversation_id == name).order_by(NoteRow.id)
    handed = select(HandoffRow).where(HandoffRow.session_id == name).order_by(HandoffRow.created)
    owned = select(OwnershipRow).where(OwnershipRow.conversation_id == name)
    originals = select(OriginalRow).where(OriginalRow.session_id == name)
    stored = list(session.scalars(own))
    waiting = [row for row in rows if row.get("session_id") == name]
    return {
        "session_id": name,
        "owner": holder.owner if holder else "assistant",
        "outcome": holder.outcome if holder else "",
        "score": holder.score if holder else None,
        "comment": holder.comment if holder else "",
        "turns": [_turn(session, row) for row in stored] + _waiting(waiting, stored),
        "messages": list(_columns(session, said, ("author", "text"))),
        "notes": list(_columns(session, noted, ("author", "text"))),
        "handoffs": list(_columns(session, handed, ("reason", "code", "summary"))),
        "owners": list(_columns(session, owned.order_by(OwnershipRow.id), ("owner", "who", "why"))),
        "originals": {f"{o.turn_id} {o.mask}": o.value for o in session.scalars(originals)},
    }


def _turn(session: Session, row: TurnRow) -> dict[str, Any]:
    own = select(FeedbackRow).where(FeedbackRow.turn_id == row.id).order_by(FeedbackRow.id)
    ratings = list(_columns(session, own, ("rating", "comment")))
    told = {name: getattr(row, name) for name in _TOLD}
    return {"created": in_utc(row.created).isoformat(), **told, "ratings": ratings}


def _waiting(rows: Sequence[Row], stored: Sequence[TurnRow]) -> list[dict[str, Any]]:
    """The turns of the journal that are not stored yet, with the same keys."""
    there = {row.id for row in stored}
    return [
        {"created": str(row.get("created", "")), **{name: row.get(name) for name in _TOLD}}
        | {"ratings": []}
        for row in rows
        if row["id"] not in there
    ]


def _columns(session: Session, query: Select, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each row's time and these columns."""
    for row in session.scalars(query):
        created = in_utc(row.created).isoformat()
        yield {"created": created, **{name: getattr(row, name) for name in names}}
