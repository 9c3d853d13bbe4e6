"""Keeps finished turns, masked, and what their masks stand for while a person may need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mm_support.desk.audit import erased_since
from mm_support.desk.ownership import (
    ASSISTANT,
    AT_THE_DESK,
    STATES,
    hand_over,
    locked,
    tell,
    to_come,
)
from mm_support.language.detect import language_of
from mm_support.language.messages import message
from mm_support.language.personal import revealed
from mm_support.store.database import Store
from mm_support.store.days import changed
from mm_support.store.models import INTENT, LANGUAGE, OriginalRow, TurnRow, now
from mm_support.store.records import in_utc, masked_record, words_of
from mm_support.types import KeptTurn, Owner


def keep_turn(
    store: Store,
    record: dict[str, Any],
    summary: str = "",
    owner: Owner | None = "assistant",
    originals: Mapping[str, Mapping[str, str]] | None = None,
    began: datetime | None = None,
) -> dict[str, Any] | None:
    """Stores a finished turn, with masks for what is personal in it, and returns the record as it
    was stored; a turn that is there already stays as it is. None: its conversation was erased since
    it `began`, so nothing is stored.

    owner: whose the conversation was when the reply was begun. If it is no longer the assistant's,
    its text is withheld and the customer is told that a person has the conversation; None: the
    reply was given already. Who was told that a person reads it has one again, where that person
    gave the conversation back meanwhile, and is asked to send it again, where it was closed.
    summary: for the person, where the turn hands the conversation over.
    originals: ids of turns -> what their masks stand for, kept while the conversation is at the
    desk.
    """
    record, _ = masked_record(record)
    # before others wait for this
    language = record.get("language") or language_of(record["text"] or "")
    with store.writing() as session:
        conversation = locked(session, record["session_id"])
        if began and erased_since(session, record["session_id"], began):
            session.rollback()  # nor the conversation
            return None
        if session.get(TurnRow, record["id"]) is not None:
            return record
        overtaken = owner == "assistant" or (owner and conversation.owner == "closed")
        if overtaken and conversation.owner not in ("assistant", owner):
            record = withheld(record, cast(Owner, conversation.owner), language)
        bounds = {"intent": INTENT, "language": LANGUAGE}
        bounded = {name: record.get(name, "")[:most] for name, most in bounds.items()}
        turn = TurnRow(**{**record, **bounded})
        session.add(turn)
        session.flush()
        changed(session, [in_utc(turn.created)])
        conversation.customer_typed = None
        if to_come(conversation.snoozed):  # who writes is not put off any longer
            conversation.snoozed = now()
        if conversation.owner in AT_THE_DESK:
            tell(session, turn.session_id, "message", text=words_of(turn), knowledge=turn.knowledge)
        elif turn.action == "handoff" and turn.reason != "closed":
            reason = "asked" if turn.reason in STATES else turn.reason
            hand_over(session, conversation, turn, summary, ASSISTANT, reason)
        if conversation.owner in AT_THE_DESK:
            _keep_originals(session, turn.session_id, originals or {})
    return record


def withheld(record: dict[str, Any], owner: Owner, language: str) -> dict[str, Any]:
    """A turn whose reply is not shown, since the conversation is no longer the assistant's."""
    return {
        **record,
        "reply": message(f"handoff.{owner}", language),
        "withheld": record["reply"],
        "action": "handoff",
        "reason": owner,
        "citations": [],
        "asked_about": [],
    }


def _keep_originals(
    session: Session, conversation: str, originals: Mapping[str, Mapping[str, str]]
) -> None:
    """Those of turns that are stored, once each."""
    for turn_id, values in originals.items():
        if session.get(TurnRow, turn_id) is not None:
            for mask, value in values.items():
                kept = {"turn_id": turn_id, "mask": mask, "session_id": conversation}
                session.merge(OriginalRow(**kept, value=value))


def originals_of(
    session: Session, conversations: Sequence[str] | Select[Any]
) -> dict[str, dict[str, str]]:
    """Ids of turns -> what their masks stand for."""
    values: dict[str, dict[str, str]] = {}
    own = select(OriginalRow).where(OriginalRow.session_id.in_(conversations))
    for row in session.scalars(own):
        values.setdefault(row.turn_id, {})[row.mask] = row.value
    return values


def with_originals(turn: KeptTurn, values: dict[str, str]) -> KeptTurn:
    """The turn as it was typed, heard and read."""
    heard, seen = turn.transcript, turn.image
    if seen:
        lines = (replace(line, text=revealed(line.text, values)) for line in seen.text)
        seen = replace(seen, text=tuple(lines))
    return replace(
        turn,
        text=revealed(turn.text, values),
        transcript=replace(heard, text=revealed(heard.text, values)) if heard else None,
        image=seen,
        reply=revealed(turn.reply, values),
    )
