"""What agents see of the conversations at the desk, and for how long customers wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import NamedTuple, cast

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from mm_support.desk.ownership import just_now, to_come
from mm_support.desk.reasons import SAFETY
from mm_support.store.models import (
    ConversationRow,
    HandoffRow,
    MessageRow,
    OwnershipRow,
    TurnRow,
    now,
)
from mm_support.store.records import in_utc, words_of
from mm_support.types import Case, Holder, Owner

MEASURED, MEASURED_DAYS, FEWEST_MEASURED = 50, 14, 5  # waits that the usual one is told from
TYPING = 6  # s for which somebody who typed is told to be typing


class Ends(NamedTuple):
    """What a list shows of a conversation's turns: base, language and words of the one that led to
    its latest hand-over, and the time of the last.
    """

    knowledge: str
    language: str
    words: str
    last: datetime


def cases_of(session: Session, rows: Sequence[ConversationRow]) -> list[Case]:
    """One query a table, however many conversations there are: every agent asks all the time."""
    names = [row.id for row in rows]
    handed = select(HandoffRow).where(HandoffRow.session_id.in_(names)).order_by(HandoffRow.created)
    handoffs: dict[str, list[HandoffRow]] = {name: [] for name in names}
    for row in session.scalars(handed):
        handoffs[row.session_id].append(row)
    name = MessageRow.conversation_id
    said = select(name, func.max(MessageRow.created)).where(name.in_(names)).group_by(name)
    wrote = {own: at for own, at in session.execute(said)}
    ends = _ends(session, names)
    return [_case(row, handoffs[row.id], ends.get(row.id), wrote.get(row.id)) for row in rows]


def _case(
    row: ConversationRow,
    handoffs: Sequence[HandoffRow],
    ends: Ends | None,
    wrote: datetime | None,
) -> Case:
    """handoffs: all of them, the latest last; wrote: when a person wrote last."""
    handoff = handoffs[-1] if handoffs else None
    return Case(
        row.id,
        holder_of(row),
        in_utc(row.since),
        handoff.reason if handoff else "",
        handoff.summary if handoff else "",
        ends.knowledge if ends else "",
        ends.words if ends else "",
        unanswered=ends is not None and (wrote is None or wrote < ends.last),
        typing=just_now(row.customer_typed, TYPING),
        danger=any(each.code == SAFETY for each in handoffs),
        language=ends.language if ends else "",
        snoozed=in_utc(row.snoozed) if row.snoozed and to_come(row.snoozed) else None,
    )


def _ends(session: Session, names: Sequence[str]) -> dict[str, Ends]:
    """What led to the hand-over to a person who was asked for is in the turn before, if any."""
    own = TurnRow.session_id.in_(names)
    latest = select(TurnRow.session_id, func.max(TurnRow.created).label("last")).where(own)
    last = latest.group_by(TurnRow.session_id).subquery()
    turn, handed = aliased(TurnRow), HandoffRow.created
    earlier = turn.session_id == HandoffRow.session_id, turn.created < handed
    before = select(func.max(turn.created)).where(*earlier).scalar_subquery()
    led = case((HandoffRow.reason == "asked", func.coalesce(before, handed)), else_=handed)
    columns = TurnRow.session_id, TurnRow.knowledge, TurnRow.language
    words = TurnRow.text, TurnRow.transcript
    query = (
        select(*columns, *words, last.c.last)
        .join(last, TurnRow.session_id == last.c.session_id)
        .join(HandoffRow, (HandoffRow.session_id == TurnRow.session_id) & (TurnRow.created == led))
        .order_by(handed)
    )
    return {
        row.session_id: Ends(row.knowledge, row.language, words_of(row), row.last)
        for row in session.execute(query)
    }


def holder_of(row: ConversationRow) -> Holder:
    typing = just_now(row.agent_typed, TYPING)
    return Holder(cast(Owner, row.owner), row.agent, typing=typing, score=row.score)


def usual_wait(session: Session) -> float | None:
    """Seconds; the median of those who were taken last: what was opened again had not waited."""
    begun, earlier = aliased(OwnershipRow), aliased(OwnershipRow)
    own = earlier.conversation_id == OwnershipRow.conversation_id, earlier.id < OwnershipRow.id
    before = begun.id == select(func.max(earlier.id)).where(*own).scalar_subquery()
    recent = OwnershipRow.created >= now() - timedelta(days=MEASURED_DAYS)
    taken = select(OwnershipRow.created, begun.created).join(begun, before)
    waited = taken.where(OwnershipRow.owner == "person", begun.owner == "waiting", recent)
    rows = session.execute(waited.order_by(OwnershipRow.created.desc()).limit(MEASURED)).all()
    waits = [(end - start).total_seconds() for end, start in rows]
    return median(waits) if len(waits) >= FEWEST_MEASURED else None


def minutes_left(usual: float | None, waited: float) -> int | None:
    """Rounded up; None for who has waited longer than usual: nothing is known of them."""
    if usual is None or waited > usual:
        return None
    return max(1, ceil((usual - waited) / 60))
