"""Whose a conversation is: the assistant's, nobody's yet (it waits for a person), a person's, or
closed.

    assistant -> waiting -> person -> assistant | closed -> person

Each function works in the transaction that looked at the owner: what is changed is noted with who
made it and why, and others are told of it. Knows no page and no wording of replies.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from mm_support.desk.audit import note
from mm_support.desk.notices import OPENED_AGAIN, TOLD_OF
from mm_support.desk.reasons import code_of
from mm_support.errors import InputError
from mm_support.store.days import changed
from mm_support.store.models import (
    ConversationRow,
    HandoffRow,
    MessageRow,
    NoticeRow,
    OriginalRow,
    OwnershipRow,
    TurnRow,
    add_unless_there,
    now,
)
from mm_support.store.records import in_utc
from mm_support.types import Owner

AT_THE_DESK: tuple[Owner, ...] = ("waiting", "person")  # owners of an open conversation
ASSISTANT = "assistant"  # who hands a conversation over
DONE = {  # what is noted of an event
    "person": "took",
    "assistant": "gave back",
    "closed": "closed",
    "waiting": "handed over",
    OPENED_AGAIN: "opened again",
}
STATES = ("assistant", "waiting", "person", "closed")
VISITOR = 31  # characters of a visitor's id in a conversation's name, at most


def locked(session: Session, conversation: str) -> ConversationRow:
    """The conversation, made where it is new; nobody changes it before the transaction ends."""
    new = {"id": conversation, "owner": ASSISTANT, "agent": "", "since": now()}
    while (row := session.get(ConversationRow, conversation, with_for_update=True)) is None:
        add_unless_there(session, ConversationRow, **new)
    return row


def known(session: Session, conversation: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation, with_for_update=True)
    if row is None:
        raise InputError.of("no_such_conversation")
    return row


def owned(
    session: Session, conversation: str, before: Sequence[Owner], agent: str
) -> ConversationRow:
    """The conversation, where it is in one of these states, and the agent's if it is a person's."""
    row = known(session, conversation)
    if row.owner not in before or (row.owner == "person" and row.agent != agent.strip()):
        raise InputError.of(f"held_{row.owner}", agent=row.agent)
    return row


def hand(
    session: Session,
    row: ConversationRow,
    owner: Owner,
    who: str,
    why: str,
    event: str = "",
    **told: str,
) -> None:
    """The conversation changes hands, and it is noted who did that and why. event: its name, where
    that is not the owner's; told: what a notice says beside that.
    """
    row.owner, row.since, row.snoozed, row.agent_typed = owner, now(), None, None
    if owner not in AT_THE_DESK:
        session.execute(delete(OriginalRow).where(OriginalRow.session_id == row.id))
    row.agent = who if owner == "person" else row.agent
    session.add(
        OwnershipRow(conversation_id=row.id, created=row.since, owner=owner, who=who, why=why)
    )
    if who != ASSISTANT:
        note(session, who, DONE[event or owner], row.id, why)
    tell(session, row.id, event or owner, who=who, why=why, **told)


def hand_over(
    session: Session, row: ConversationRow, turn: TurnRow, summary: str, who: str, reason: str
) -> None:
    """The conversation waits for a person from this turn on."""
    told = {"code": code_of(reason), "knowledge": turn.knowledge, "summary": summary}
    hand(session, row, "waiting", who, reason, **told)
    changed(session, [in_utc(turn.created)])
    own = {"turn_id": turn.id, "session_id": turn.session_id, "created": turn.created}
    session.merge(HandoffRow(**own, reason=reason, code=told["code"], summary=summary))


def tell(session: Session, conversation: str, event: str, **told: str) -> None:
    """Notices of what happened, one a channel, within its transaction."""
    for channel in session.info["channels"]:
        if event in TOLD_OF.get(channel, (event,)):
            created, key, name = now(), uuid.uuid4().hex, f"conversation.{event}"
            about = {"event": name, "conversation": conversation, "time": created.isoformat()}
            row = NoticeRow(key=key, conversation_id=conversation, created=created, due=created)
            row.channel, row.event = channel, {**about, **told}
            session.add(row)


def chain_of(session: Session, conversation: str) -> tuple[str, ...]:
    """The conversation, and those in which its customer went on after it was closed, in order: the
    last one is open. Their names follow from the first, so every caller goes on in the same one.
    """
    names = [conversation]
    while (row := session.get(ConversationRow, names[-1])) and row.owner == "closed":
        names.append(successor(row.id))
    return tuple(names)


def successor(conversation: str) -> str:
    """The name of the one in which its customer goes on once it is closed."""
    visitor, digest = conversation.partition("-")[0], hashlib.sha256(conversation.encode())
    return f"{visitor[:VISITOR]}-{digest.hexdigest()[:32]}"


def silent_rows(before: datetime, conversation: str | None) -> Select[ConversationRow]:
    """Conversations of people who took them and wrote last before that time."""
    own = MessageRow.conversation_id == ConversationRow.id
    written = select(MessageRow.id).where(own, MessageRow.created >= before).exists()
    held = ConversationRow.owner == "person", ConversationRow.since < before
    put_off = ConversationRow.snoozed.is_not(None) & (ConversationRow.snoozed >= before)
    query = select(ConversationRow).where(*held, ~written, ~put_off)
    return query.where(ConversationRow.id == conversation) if conversation else query


def to_come(time: datetime | None) -> bool:
    return time is not None and in_utc(time) > now()


def just_now(time: datetime | None, seconds: float) -> bool:
    """Whether a time is no more than so many seconds away: one that is hours ahead, since the clock
    was set back, is not.
    """
    return time is not None and abs(now() - in_utc(time)) < timedelta(seconds=seconds)


def checked(text: str, most: int, what: str) -> str:
    """what: name, message or note. Raises InputError for an empty text and one that is too long."""
    text = text.strip()
    if not text or len(text) > most:
        raise InputError.of(f"{what}_length", limit=most)
    return text
