"""The figures of a day, counted from its turns, by knowledge base and language.

Definitions (also in docs/people.md): a conversation counts on each day on which something was
asked in it, with the language of the first of it. Answered: it got an answer. Handed over: a person
was asked to take it. Resolved confirmed: answered, not handed over, nothing rated down, and rated
up or ended with thanks; assumed: the same without a sign, its last reply being an answer. Reopened:
the customer came back after a person had closed the one before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import String, case, cast, func, or_, select
from sqlalchemy.orm import Session

from mm_support.desk.ownership import successor
from mm_support.store.models import ConversationRow, FeedbackRow, HandoffRow, TurnRow

LONGEST = 90  # days that are looked at
THANKED = ("thanks", "goodbye", "acknowledged")  # reasons of turns that end a conversation well

Where = tuple[date, str, str]  # a day, a base and a language


@dataclass(frozen=True)
class Figures:
    """Of one day, base and language ("": not known). spoken, photos: turns with a recording or a
    photo. closed, and by outcome: conversations that are closed, on the day of that. first_answer:
    seconds, in the middle; None where no person answered.
    """

    day: date
    knowledge: str
    language: str = ""
    conversations: int = 0
    turns: int = 0
    answered: int = 0
    handed_over: int = 0
    confirmed: int = 0
    assumed: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0
    spoken: int = 0
    photos: int = 0
    reopened: int = 0
    closed: int = 0
    solved: int = 0
    not_solved: int = 0
    abandoned: int = 0
    spam: int = 0
    rated: int = 0
    satisfied: int = 0
    first_answer: float | None = None


@dataclass
class _Talk:
    """What is known of a conversation on one day."""

    language: str = ""
    reopened: bool = False
    actions: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    handed: bool = False
    up: int = 0
    down: int = 0
    spoken: int = 0
    photos: int = 0

    @property
    def answered(self) -> bool:
        return "answer" in self.actions

    @property
    def helped(self) -> bool:
        return self.answered and not self.handed and not self.down

    @property
    def confirmed(self) -> bool:
        return self.helped and (self.up > 0 or self.reasons[-1] in THANKED)

    @property
    def assumed(self) -> bool:
        return self.helped and not self.confirmed and self.actions[-1] == "answer"


def turns_of(day: date) -> Sequence[Any]:
    """Conditions for its turns."""
    start = datetime.combine(day, time(), UTC)
    return TurnRow.created >= start, TurnRow.created < start + timedelta(days=1)


def counted(session: Session, day: date) -> list[Figures]:
    """The figures of a day, from its turns."""
    start = datetime.combine(day, time(), UTC)
    talks, returned = _talks(session, turns_of(day)), _returned(session, start)
    of_language: dict[tuple[str, str], list[_Talk]] = defaultdict(list)
    for (name, base), talk in talks.items():
        talk.reopened = name in returned
        of_language[base, talk.language].append(talk)
    return [_figures((day, *where), own) for where, own in of_language.items()]


def _talks(session: Session, of_day: Sequence[Any]) -> dict[tuple[str, str], _Talk]:
    """Conversation and base -> what is known of it on a day. of_day: conditions for turns."""
    talks: dict[tuple[str, str], _Talk] = defaultdict(_Talk)
    turn = TurnRow.session_id, TurnRow.knowledge, TurnRow.language
    query = select(*turn, TurnRow.action, TurnRow.reason).where(*of_day).order_by(TurnRow.created)
    for name, base, language, action, reason in session.execute(query):
        talk = talks[name, base]
        talk.language = talk.language or language
        talk.actions.append(action)
        talk.reasons.append(reason)
    for name, base, what, number in _marks(session, of_day):
        if talk := talks.get((name, base)):
            setattr(talk, what, getattr(talk, what) + number)
    return talks


def _returned(session: Session, day: datetime) -> set[str]:
    """The conversations in which customers went on, or would, after one that a person closed not
    too long before.
    """
    since = ConversationRow.since >= day - timedelta(days=LONGEST)
    closed = select(ConversationRow.id).where(ConversationRow.owner == "closed", since)
    return {successor(name) for name in session.scalars(closed)}


def _marks(session: Session, of_day: Sequence[Any]) -> Iterable[tuple[str, str, str, int]]:
    """What else is known of turns: their conversation and base, which figure, how many."""
    turn = TurnRow.session_id, TurnRow.knowledge
    handed = select(*turn).join(HandoffRow, HandoffRow.turn_id == TurnRow.id).where(*of_day)
    for name, base in session.execute(handed):
        yield name, base, "handed", 1
    rated = select(*turn, FeedbackRow.rating).join(FeedbackRow, FeedbackRow.turn_id == TurnRow.id)
    for name, base, rating in session.execute(rated.where(*of_day)):
        yield name, base, rating, 1
    heard, seen = _given(TurnRow.transcript), _given(TurnRow.image)
    given = select(*turn, heard, seen).where(*of_day, or_(heard == 1, seen == 1))
    for name, base, sound, photo in session.execute(given):
        yield name, base, "spoken", sound
        yield name, base, "photos", photo


def _given(column: Any) -> Any:
    """1 for a value, 0 for JSON's null and SQL's."""
    return case((func.coalesce(cast(column, String), "null") == "null", 0), else_=1)


def _figures(where: Where, talks: Sequence[_Talk]) -> Figures:
    return Figures(
        *where,
        conversations=len(talks),
        turns=sum(len(talk.actions) for talk in talks),
        answered=sum(talk.answered for talk in talks),
        handed_over=sum(bool(talk.handed) for talk in talks),
        confirmed=sum(talk.confirmed for talk in talks),
        assumed=sum(talk.assumed for talk in talks),
        thumbs_up=sum(talk.up for talk in talks),
        thumbs_down=sum(talk.down for talk in talks),
        spoken=sum(talk.spoken for talk in talks),
        photos=sum(talk.photos for talk in talks),
        reopened=sum(talk.reopened for talk in talks),
    )
