"""The audit log: who did what with conversations and knowledge, and when. Rows are only added."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mm_support.store.database import Store
from mm_support.store.models import AuditRow, now
from mm_support.store.records import in_utc

ERASED = "erased"


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


def audited(store: Store, limit: int = 200, subject: str = "") -> tuple[Audited, ...]:
    """The latest, newest first. subject: only what was done with it."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if subject:
        query = query.where(AuditRow.subject == subject[:128])
    with store.reading() as session:
        rows = list(session.scalars(query))
    return tuple(Audited(in_utc(r.created), r.who, r.what, r.subject, r.detail) for r in rows)


def checksum(conversation: str) -> str:
    """Names a conversation to whoever knows its id, and to nobody else."""
    return hashlib.sha256(conversation.encode()).hexdigest()[:16]


def erased_since(session: Session, conversation: str, since: datetime) -> bool:
    """Whether a conversation, or all of its visitor, was erased at that time or later."""
    names = [checksum(conversation), checksum(conversation.partition("-")[0])]
    own = AuditRow.subject.in_(names), AuditRow.what == ERASED
    found = select(AuditRow.id).where(*own, AuditRow.created >= since).limit(1)
    return session.scalar(found) is not None
