"""Counts of calls in PostgreSQL, for fronts that share a server; a kind of storage of `limits`.

A row for each address holds when it called. The server's clock counts, so those of the fronts may
differ. The table is not logged: a server that crashed forgets it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from limits.storage import MovingWindowSupport, Storage
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError

ANSWER = 2  # s in which the server must answer
HOUR = 3600  # s after which addresses that call no more are forgotten again
MAKE = """CREATE UNLOGGED TABLE IF NOT EXISTS rates
    (key text PRIMARY KEY, calls double precision[] NOT NULL, taken boolean NOT NULL)"""
NOW = "extract(epoch FROM clock_timestamp())::float8"
# the calls of the window and, where there is room, this one; rows of the same key wait in line
TAKE = f"""INSERT INTO rates AS r VALUES (:key, ARRAY[{NOW}], true)
    ON CONFLICT (key) DO UPDATE SET (calls, taken) = (
        SELECT CASE WHEN count(*) < :limit THEN array_agg(at) || {NOW}
               ELSE array_agg(at) END, count(*) < :limit
        FROM unnest(r.calls) AS at WHERE at BETWEEN {NOW} - :expiry AND {NOW})
    RETURNING taken"""
WINDOW = f"""SELECT coalesce(min(at), {NOW}), count(*)
    FROM rates, unnest(calls) AS at WHERE key = :key
    AND at BETWEEN {NOW} - :expiry AND {NOW}"""
OLD = f"DELETE FROM rates WHERE {NOW} - calls[cardinality(calls)] > :window"


class PostgresStorage(Storage, MovingWindowSupport):
    """Of the moving window alone; the methods of other strategies are not used."""

    STORAGE_SCHEME = ["postgresql", "postgres", "postgresql+psycopg"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_: Any) -> None:
        super().__init__(uri, wrap_exceptions)
        url = make_url(uri.replace("postgres://", "postgresql://", 1))
        self._engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_size=2,
            pool_timeout=ANSWER,
            connect_args={"prepare_threshold": None, "connect_timeout": ANSWER},
        )
        self._longest = HOUR  # s that any limit has looked back
        self._due = 0.0  # when the table is tidied again

    @property
    def base_exceptions(self) -> type[Exception]:
        return SQLAlchemyError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether the call is one of the `limit` of the last `expiry` seconds."""
        return bool(self._first(TAKE, key=key, limit=limit, expiry=expiry)[0])

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the first call of the window was, and how many there are."""
        first, count = self._first(WINDOW, key=key, expiry=expiry)
        return float(first), int(count)

    def _first(self, statement: str, **values: Any) -> Any:
        with self._engine.connect() as connection:
            self._longest = max(self._longest, values.get("expiry", 0))
            if self._due <= time.monotonic():
                self._tidy(connection)
                self._due = time.monotonic() + HOUR
            return connection.execute(text(statement), values).one()

    def _tidy(self, connection: Connection) -> None:
        """Makes the table, and removes the rows of which no call counts any more."""
        with suppress(IntegrityError, ProgrammingError):  # another front makes it at this moment
            connection.execute(text(MAKE))
        connection.execute(text(OLD), {"window": self._longest})

    def check(self) -> bool:
        try:
            self._first("SELECT 1")
        except SQLAlchemyError:
            return False
        return True

    def reset(self) -> int | None:
        with self._engine.connect() as connection:
            return connection.execute(text("DELETE FROM rates")).rowcount

    def clear(self, key: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text("DELETE FROM rates WHERE key = :key"), {"key": key})

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError
