"""The tables: turns, feedback, hand-offs, conversations with their owners, agents' messages, what
masks stand for, notices to be sent, the audit log, and accounts with their sign-ins. Of rows that
two processes add at the same time one is kept.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, String, Text, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

INTENT, LANGUAGE = 64, 8  # characters of names that are kept

Json = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC)


class Words(TypeDecorator):
    """Text of any origin, without what databases refuse: zero characters and halves of pairs."""

    impl, cache_ok = Text, True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.replace("\0", "").encode("utf-8", "replace").decode()


class Line(Words):
    """The same with a length, which PostgreSQL holds everybody to."""

    impl, cache_ok = String, True


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Words,
        datetime: DateTime(timezone=True),
        **dict.fromkeys((Json, list[Json], list[str], dict[str, float]), JSON),
    }


class Numbered:
    """Rows in the order in which they came."""

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now)


class OfConversation(Numbered):
    """Rows of a conversation."""

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)


class TurnRow(Base):
    """A finished turn; the JSON is as the API shows it.

    asked_about: ids of the entries that a question back named. withheld: what the assistant wrote
    while a person took over; reply then holds what the customer was told instead. pending: the
    action that waits for the next turn. unheard: the end of a spoken reply that was interrupted.
    language: of the reply, "" where that was not kept.
    """

    __tablename__ = "turns"
    __table_args__ = (
        Index("turns_by_session", "session_id", "created"),
        Index("turns_by_time", *"created session_id knowledge language action reason".split()),
    )

    id: Mapped[str] = mapped_column(Line(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(Line(64))
    created: Mapped[datetime] = mapped_column(default=now)
    knowledge: Mapped[str] = mapped_column(Line(64))
    text: Mapped[str]
    transcript: Mapped[Json | None]
    image: Mapped[Json | None]
    hits: Mapped[list[Json]]
    reply: Mapped[str]
    action: Mapped[str] = mapped_column(Line(16))
    reason: Mapped[str] = mapped_column(Line(16))
    confidence: Mapped[float]
    citations: Mapped[list[str]]
    intent: Mapped[str] = mapped_column(Line(64), default="")
    fusion: Mapped[Json | None]
    timings: Mapped[dict[str, float]]
    asked_about: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    withheld: Mapped[str] = mapped_column(default="", server_default="")
    pending: Mapped[Json | None]
    unheard: Mapped[str] = mapped_column(default="", server_default="")
    language: Mapped[str] = mapped_column(Line(LANGUAGE), default="", server_default="")


class FeedbackRow(Numbered, Base):
    """A rating of a turn by the customer."""

    __tablename__ = "feedback"

    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id"), index=True)
    rating: Mapped[str] = mapped_column(Line(8))
    comment: Mapped[str] = mapped_column(default="")


class HandoffRow(Base):
    """A conversation that a person takes over. code: the kind of reason; summary: read first."""

    __tablename__ = "handoffs"

    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id"), primary_key=True)
    session_id: Mapped[str] = mapped_column(Line(64), index=True)
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    reason: Mapped[str] = mapped_column(Line(16))
    code: Mapped[str] = mapped_column(Line(16), default="other", server_default="other")
    summary: Mapped[str]


class ConversationRow(Base):
    """id: of its session. agent: who has it, or had it last; since: when it changed hands; snoozed:
    until when it is put off; agent_typed, customer_typed: when they last did; outcome: what the
    person said who closed it last, "" where nobody did; score, comment: how the customer rated it
    once it was closed.
    """

    __tablename__ = "conversations"
    __table_args__ = (Index("conversations_by_owner", "owner", "since"),)

    id: Mapped[str] = mapped_column(Line(64), primary_key=True)
    owner: Mapped[str] = mapped_column(Line(16), default="assistant")
    agent: Mapped[str] = mapped_column(Line(64), default="")
    since: Mapped[datetime] = mapped_column(default=now)
    snoozed: Mapped[datetime | None]
    agent_typed: Mapped[datetime | None]
    customer_typed: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(Line(16), default="", server_default="")
    score: Mapped[int | None]
    comment: Mapped[str] = mapped_column(default="", server_default="")


class OwnershipRow(OfConversation, Base):
    """One change of a conversation's owner: who made it, and why."""

    __tablename__ = "ownerships"
    __table_args__ = (Index("ownerships_by_owner", "owner", "created"),)

    owner: Mapped[str] = mapped_column(Line(16))
    who: Mapped[str] = mapped_column(Line(64))
    why: Mapped[str]


class MessageRow(OfConversation, Base):
    """What a person wrote to a customer. origin: its name where it was written elsewhere, kept
    once.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("messages_by_origin", "origin", unique=True),
        {"sqlite_autoincrement": True},  # a number is never given twice
    )

    author: Mapped[str] = mapped_column(Line(64))
    text: Mapped[str]
    origin: Mapped[str | None] = mapped_column(Line(64))


class InboxRow(Base):
    """Where a conversation is in the team's own inbox: its contact and number there; last_message:
    of the customer's, the latest that got there.
    """

    __tablename__ = "inbox_conversations"
    __table_args__ = (Index("inbox_conversations_by_number", "number", unique=True),)

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    contact: Mapped[str] = mapped_column(Line(255))
    number: Mapped[int]
    last_message: Mapped[int] = mapped_column(default=0)


class NoteRow(OfConversation, Base):
    """What a person noted about a conversation for the others at the desk."""

    __tablename__ = "notes"

    author: Mapped[str] = mapped_column(Line(64))
    text: Mapped[str]


class OriginalRow(Base):
    """What a mask in a turn stands for, as long as the conversation is open at the desk."""

    __tablename__ = "originals"

    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.id"), primary_key=True)
    mask: Mapped[str] = mapped_column(Line(32), primary_key=True)
    session_id: Mapped[str] = mapped_column(Line(64), index=True)
    value: Mapped[str]


class NoticeRow(Numbered, Base):
    """A notice on its way. key: the same however often it is sent; channel: webhook, mail or
    chatwoot; due: when it is tried next; failed: nobody tries any longer.
    """

    __tablename__ = "notices"
    __table_args__ = (Index("notices_by_due", "failed", "due"),)

    key: Mapped[str] = mapped_column(Line(32), unique=True)
    conversation_id: Mapped[str] = mapped_column(Line(64), index=True)
    channel: Mapped[str] = mapped_column(Line(16))
    event: Mapped[Json]
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime] = mapped_column(default=now)
    failed: Mapped[bool] = mapped_column(default=False)


class DayRow(Base):
    """The figures of a day of UTC (store/days.py); None: something changed since. used: how often
    entries were cited.
    """

    __tablename__ = "days"

    day: Mapped[str] = mapped_column(Line(10), primary_key=True)
    figures: Mapped[list[Json] | None]
    used: Mapped[list[Json] | None]


class AuditRow(Base):
    """Something that was done with conversations or knowledge: by whom, what, and to which."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    who: Mapped[str] = mapped_column(Line(64))
    what: Mapped[str] = mapped_column(Line(32))
    subject: Mapped[str] = mapped_column(Line(128), index=True)
    detail: Mapped[str] = mapped_column(default="")


class AccountRow(Base):
    """A person who works with the assistant. key: the name as compared; hash: argon2's of the
    password, "" where none leads in; subject: who it is where they sign in elsewhere.
    """

    __tablename__ = "accounts"
    __table_args__ = (Index("accounts_by_subject", "subject", unique=True),)

    key: Mapped[str] = mapped_column(Line(64), primary_key=True)
    name: Mapped[str] = mapped_column(Line(64))
    role: Mapped[str] = mapped_column(Line(16))
    hash: Mapped[str]
    subject: Mapped[str | None] = mapped_column(Line(512))
    created: Mapped[datetime] = mapped_column(default=now)


class SignInRow(Base):
    """A browser in which somebody is signed in; without the row its token opens nothing."""

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(Line(32), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.key"), index=True)
    created: Mapped[datetime] = mapped_column(default=now)


class TriesRow(Base):
    """Tries to sign in under a name that have not succeeded, whether or not it is an account's."""

    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(Line(64), primary_key=True)
    tries: Mapped[int]
    latest: Mapped[datetime] = mapped_column(default=now)


def add_unless_there(session: Session, table: type[Base], **values: Any) -> bool:
    """Adds a row unless there is one with its key, whoever adds it; whether it was added."""
    dialects = {"sqlite": sqlite, "postgresql": postgresql}
    dialect = dialects[session.connection().dialect.name]
    insert = dialect.insert(table).values(**values).on_conflict_do_nothing()
    added = session.execute(insert.returning(*inspect(table).primary_key))
    return added.first() is not None
