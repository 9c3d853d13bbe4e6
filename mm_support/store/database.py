"""The store: finished turns, feedback and hand-offs, through SQLAlchemy. SQLite in the data folder
by default.

What is kept of a turn is what was understood - text, transcript, labels, hits, reply - never the
photo or the recording itself. Knows nothing of models or of the page.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, create_engine, event, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from mm_support.errors import InputError, SupportError, no_such_turn
from mm_support.types import Past

RATINGS = ("up", "down")
MAX_COMMENT = 2_000  # characters


def _now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    pass


class TurnRow(Base):
    """A finished turn. transcript, image, hits, fusion, timings: JSON as the API shows them."""

    __tablename__ = "turns"
    __table_args__ = (Index("turns_by_session", "session_id", "created"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
    knowledge: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    transcript: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    image: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    hits: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reply: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[float]
    citations: Mapped[list[str]] = mapped_column(JSON)
    intent: Mapped[str] = mapped_column(String(64), default="")
    fusion: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    timings: Mapped[dict[str, float]] = mapped_column(JSON)


class FeedbackRow(Base):
    """A rating of a turn by the customer."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id"), index=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
    rating: Mapped[str] = mapped_column(String(8))
    comment: Mapped[str] = mapped_column(Text, default="")


class HandoffRow(Base):
    """A conversation that a person takes over. summary: what they read first."""

    __tablename__ = "handoffs"

    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id"), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now, index=True)
    reason: Mapped[str] = mapped_column(String(16))
    summary: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Handoff:
    """A hand-off as the person who takes over reads it. reason: that of the decision (asked, upset,
    ...).
    """

    turn_id: str
    session_id: str
    created: datetime
    reason: str
    summary: str


def check_feedback(rating: str, comment: str) -> None:
    """Raises InputError for a rating that is none, and for a comment that is too long."""
    if rating not in RATINGS:
        raise InputError(f"The rating must be one of {', '.join(RATINGS)}.")
    if len(comment) > MAX_COMMENT:
        raise InputError(f"The comment is longer than {MAX_COMMENT} characters; shorten it.")


class Store:
    """Turns and feedback behind a SQLAlchemy URL; tables are created where they are missing."""

    def __init__(self, url: str) -> None:
        try:
            self._engine = create_engine(url, pool_pre_ping=True)
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _use_wal)
            Base.metadata.create_all(self._engine)
        except (SQLAlchemyError, ImportError) as exc:
            raise SupportError(
                f"The store cannot be opened ({type(exc).__name__}); check database_url."
            ) from exc
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)

    def add_turn(self, summary: str = "", **columns: Any) -> None:
        """Stores a finished turn; columns are those of TurnRow. Committed when this returns.

        summary: of the conversation, where a person takes over; a hand-off is stored with the turn
        then.
        """
        with self._session() as session:
            session.add(TurnRow(**columns))
            if summary:
                session.flush()
                session.add(
                    HandoffRow(
                        turn_id=columns["id"],
                        session_id=columns["session_id"],
                        reason=columns["reason"],
                        summary=summary,
                    )
                )

    def handoffs(self, limit: int = 100) -> tuple[Handoff, ...]:
        """The latest hand-offs, newest first."""
        query = select(HandoffRow).order_by(HandoffRow.created.desc()).limit(limit)
        with self._session() as session:
            rows = list(session.scalars(query))
        return tuple(
            Handoff(row.turn_id, row.session_id, row.created, row.reason, row.summary)
            for row in rows
        )

    def add_feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        """Stores a rating, "up" or "down". Raises InputError for an unknown turn or rating."""
        check_feedback(rating, comment)
        with self._session() as session:
            if session.get(TurnRow, turn_id) is None:
                raise no_such_turn()
            session.add(FeedbackRow(turn_id=turn_id, rating=rating, comment=comment))

    def past(self, session_id: str, limit: int = 4) -> tuple[Past, ...]:
        """The latest turns of a session, oldest first."""
        query = (
            select(TurnRow)
            .where(TurnRow.session_id == session_id)
            .order_by(TurnRow.created.desc())
            .limit(limit)
        )
        with self._session() as session:
            rows = list(session.scalars(query))
        return tuple(map(_past, reversed(rows)))

    def turns(self) -> Iterator[tuple[TurnRow, list[FeedbackRow]]]:
        """All turns, oldest first, each with its feedback, the latest last."""
        with self._session() as session:
            for row in session.scalars(select(TurnRow).order_by(TurnRow.created)):
                own = (
                    select(FeedbackRow)
                    .where(FeedbackRow.turn_id == row.id)
                    .order_by(FeedbackRow.id)
                )
                yield row, list(session.scalars(own))

    def close(self) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def _session(self) -> Iterator[Session]:
        """A session that commits when the block ends well; database trouble becomes a SupportError."""
        with self._sessions() as session:
            try:
                yield session
                session.commit()
            except SQLAlchemyError as exc:
                raise SupportError(
                    "The turn could not be stored; check the disk and database_url."
                ) from exc


def _past(row: TurnRow) -> Past:
    titles = {hit["id"]: hit["title"] for hit in row.hits}
    return Past(
        text=_asked(row),
        reply=row.reply,
        action=row.action,  # type: ignore[arg-type]
        citations=tuple(row.citations),
        reason=row.reason,
        knowledge=row.knowledge,
        topic=titles.get(row.citations[0], "") if row.citations else "",
        asked_about=tuple(title for title in titles.values() if f"“{title}”" in row.reply)
        if row.action == "clarify"
        else (),
        read=tuple(line["text"] for line in (row.image or {}).get("text", ())),
        language=_language(row),
    )


def _asked(row: TurnRow) -> str:
    """What the customer typed and said in a turn."""
    return " ".join(filter(None, (row.text, (row.transcript or {}).get("text", ""))))


def _language(row: TurnRow) -> str | None:
    transcript = row.transcript or {}
    return transcript.get("language") if transcript.get("text") else None


def _use_wal(connection: Any, _: Any) -> None:
    """Readers do not wait for the writer, and a crash loses no committed turn (SQLite's write-ahead
    log).
    """
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA foreign_keys=ON")
