"""Adding rows that another process may add at the same time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mm_support.store.models import Base


def add_unless_there(session: Session, table: type[Base], **values: Any) -> bool:
    """Adds a row unless there is one with its key, whoever adds it; whether it was added."""
    dialects = {"sqlite": sqlite, "postgresql": postgresql}
    dialect = dialects[session.connection().dialect.name]
    insert = dialect.insert(table).values(**values).on_conflict_do_nothing()
    added = session.execute(insert.returning(*inspect(table).primary_key))
    return added.first() is not None
