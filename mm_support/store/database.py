"""The store: finished turns, feedback and hand-offs, through SQLAlchemy. SQLite in the data folder
by default; PostgreSQL where several machines share it.

What is kept of a turn is what was understood - text, transcript, labels, hits, reply - never the
photo or the recording itself. Knows nothing of models or of the page; who owns a conversation is
decided in desk/ownership.py, within the transactions that are opened here.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, Select, create_engine, event, make_url, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from mm_support.errors import InputError, StoreError, no_such_turn
from mm_support.store.days import changed
from mm_support.store.migrate import upgrade
from mm_support.store.models import FeedbackRow, TurnRow
from mm_support.store.records import in_utc, past_of
from mm_support.types import Past

RATINGS = ("up", "down")
MAX_COMMENT = 2_000  # characters
PAST = 4  # earlier turns that a later one may need
BUSY = 5_000  # ms to wait for another process that writes
ANSWER = 5  # s in which a database server must answer
AT_ONCE = 200  # turns that are read at once
POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg")  # how its URLs begin


class Store:
    """Tables are made, or brought up to date, when it is opened. channels: by which others are told
    what happens (desk/notices.py). Raises StoreError where the database cannot be opened, or was
    made by a newer version.
    """

    def __init__(self, url: str, channels: Collection[str] = ()) -> None:
        try:
            self._engine = _engine(url)
            writing = self._engine.execution_options(write=True)
            with writing.begin() as connection:
                upgrade(connection)
        except (SQLAlchemyError, ImportError) as exc:
            raise StoreError(f"The store cannot be opened ({_why(exc)}); {_remedy(url)}.") from exc
        alone = self._engine.dialect.name == "sqlite"
        self._one_writes: contextlib.AbstractContextManager = (
            threading.RLock() if alone else contextlib.nullcontext()
        )
        told = {"channels": tuple(channels)}
        self._reading = sessionmaker(self._engine, expire_on_commit=False)
        self._writing = sessionmaker(writing, expire_on_commit=False, info=told)

    def add_feedback(self, turn_id: str, rating: str, comment: str = "") -> None:
        """Stores a rating, "up" or "down". Raises InputError for an unknown turn or rating."""
        check_feedback(rating, comment)
        with self.writing() as session:
            turn = session.get(TurnRow, turn_id, with_for_update=True)
            if turn is None:
                raise no_such_turn()
            changed(session, [in_utc(turn.created)])
            session.add(FeedbackRow(turn_id=turn_id, rating=rating, comment=comment))

    def session_of(self, turn_id: str) -> str:
        """The session of a turn. Raises InputError for an unknown one."""
        with self.reading() as session:
            row = session.get(TurnRow, turn_id)
        if row is None:
            raise no_such_turn()
        return row.session_id

    def past(self, session_id: str, limit: int = PAST) -> tuple[Past, ...]:
        """The latest turns of a session, oldest first."""
        with self.reading() as session:
            rows = list(session.scalars(_latest(session_id, limit)))
        return tuple(past_of(vars(row)) for row in reversed(rows))

    def interrupted(self, session_id: str, unheard: str) -> None:
        """Notes what was not heard of the latest reply of a session. Raises StoreError."""
        with self.writing() as session:
            row = session.scalars(_latest(session_id, 1)).first()
            if row is not None:
                row.unheard = unheard

    def turns(self) -> Iterator[tuple[TurnRow, list[FeedbackRow]]]:
        """All turns, oldest first, each with its feedback, the latest last."""
        with self.reading() as session:
            every = select(TurnRow).order_by(TurnRow.created)
            for row in session.scalars(every.execution_options(yield_per=AT_ONCE)):
                own = select(FeedbackRow).where(FeedbackRow.turn_id == row.id)
                yield row, list(session.scalars(own.order_by(FeedbackRow.id)))

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads. Raises StoreError."""
        with _told("The database cannot be read; check the disk and database_url."):
            with self._reading() as session:
                yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed when the block ends well. Raises StoreError.

        Of SQLite's, only one writes at a time; the threads of this process queue for it here, since
        SQLite, which each of them asks again and again, may leave one out for too long. On a server
        they run side by side: whoever writes what it has read locks that row first
        (with_for_update), or adds it with `add_unless_there`.
        """
        with _told("Nothing could be stored in the database; check the disk and database_url."):
            with self._one_writes, self._writing() as session:
                yield session
                session.commit()

    def checkpoint(self) -> bool:
        """Takes what was deleted off the disk too, where SQLite's write-ahead log keeps it. Whether
        it was done: not while somebody reads all the time.
        """
        return self._outside("PRAGMA wal_checkpoint(TRUNCATE)") in (None, 0)

    def vacuum(self) -> None:
        """Writes the SQLite file anew without what earlier versions left of deleted rows; others
        wait. Raises StoreError.
        """
        self._outside("VACUUM")
        self.checkpoint()

    def _outside(self, statement: str) -> int | None:
        """Runs what SQLite runs outside of transactions only; the first number of its answer."""
        if self._engine.dialect.name != "sqlite":
            return None
        with (
            _told("The database cannot be tidied up; check that nobody else uses it."),
            self._engine.connect() as connection,
        ):
            connection.exec_driver_sql("COMMIT")
            answer = connection.exec_driver_sql(statement)
            row = answer.fetchone() if answer.returns_rows else None
            return row[0] if row else None

    def close(self) -> None:
        self._engine.dispose()


@contextlib.contextmanager
def _told(sentence: str) -> Iterator[None]:
    """Raises StoreError with that sentence where the database raises what it does."""
    try:
        yield
    except SQLAlchemyError as exc:
        raise StoreError(sentence) from exc


def _latest(session_id: str, limit: int) -> Select[TurnRow]:
    own = select(TurnRow).where(TurnRow.session_id == session_id)
    return own.order_by(TurnRow.created.desc()).limit(limit)


def check_feedback(rating: str, comment: str) -> None:
    """Raises InputError for a rating that does not exist and a comment that is too long."""
    if rating not in RATINGS:
        raise InputError.of("bad_rating", known=", ".join(RATINGS))
    check_comment(comment)


def check_comment(comment: str) -> None:
    """Raises InputError for one that is too long."""
    if len(comment) > MAX_COMMENT:
        raise InputError.of("comment_long", limit=MAX_COMMENT)


def _engine(address: str) -> Engine:
    """Raises ArgumentError for what is no URL, ImportError where its driver is not installed."""
    url = make_url(address)
    if url.drivername in POSTGRESQL:
        return _postgresql(url.set(drivername="postgresql+psycopg"))
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)  # so no log shows them
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: URL) -> Engine:
    """A server that is gone is noticed soon; nothing is prepared, since a pooler may change
    connections.
    """
    beside = {"connect_timeout": ANSWER, "tcp_user_timeout": 1_000 * ANSWER}
    usual = {name: value for name, value in beside.items() if name not in url.query}
    how = {"prepare_threshold": None, **usual}
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=how)
    event.listen(engine, "begin", _bound_waits)
    return engine


def _bound_waits(connection: Connection) -> None:
    """Nobody waits for ever for a row that another front has locked."""
    if connection.get_execution_options().get("write", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY}")


def _why(exc: Exception) -> str:
    """What is wrong, without addresses and passwords."""
    if isinstance(exc, ImportError) and "psycopg" in str(exc):
        return "PostgreSQL needs a package: pip install '.[postgresql]'"
    origin = getattr(exc, "orig", None)
    if isinstance(origin, sqlite3.Error):  # it knows no addresses
        return str(origin)
    if isinstance(exc, OperationalError):  # what the server says, if it says anything
        _, refused, said = str(origin).partition("FATAL:")
        return said.strip() if refused else "the server does not answer"
    return type(exc).__name__


def _remedy(url: str) -> str:
    if not url.startswith("sqlite:///"):
        return "check database_url"
    path = url.removeprefix("sqlite:///")
    return f"make {path} and its folder writable, or set MM_SUPPORT_DATA or database_url"


def _set_up_sqlite(connection: Any, _: Any) -> None:
    """A write-ahead log: readers do not wait for the writer, and a crash loses no committed turn.
    `_begin`, not Python's driver, begins transactions.
    """
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten


def _begin(connection: Connection) -> None:
    """One that writes takes the write lock at once: what it reads stays true until it ends."""
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
