"""The audit log: who did what with conversations and knowledge, and when. Rows are only added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mm_support.store.database import Store
from mm_support.store.models import AuditRow, now
from mm_support.store.records import in_utc


@dataclass(frozen=True)
class Audited:
    """subject: the conversation, the knowledge base or the person that it was done with."""

    created: datetime
    who: str
    what: str
    subject: str
    detail: str = ""


def note(session: Session, who: str, what: str, subject: str, detail: str = "") -> None:
    """Within the transaction of what is noted: both are there or neither."""
    added = AuditRow(created=now(), who=who[:64], what=what, subject=subject[:128], detail=detail)
    session.add(added)


def audited(store: Store, limit: int = 200) -> tuple[Audited, ...]:
    """The latest, newest first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    with store.reading() as session:
        rows = list(session.scalars(query))
    return tuple(Audited(in_utc(r.created), r.who, r.what, r.subject, r.detail) for r in rows)
