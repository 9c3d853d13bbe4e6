"""How well customers are helped: figures by day, knowledge base and language, questions that found
no answer, and how replies and people were rated. All of it is read from the store.

Definitions (also in docs/people.md): a conversation counts on each day on which something was
asked in it, with the language of the first of it. Answered: it got an answer. Handed over: a person
was asked to take it. Resolved confirmed: answered, not handed over, nothing rated down, and rated
up or ended with thanks; assumed: the same without a sign, its last reply being an answer. Reopened:
the customer came back after a person had closed the one before. What people did counts where the
conversation was handed over: rated and satisfied (4 or 5) on the day on which it was closed, the
first answer on the day of the hand-over.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, String, case, cast, func, or_, select
from sqlalchemy.orm import Session

from mm_support.desk.gaps import MOST_GROUPED, Encode, Gap, Gaps, Questions
from mm_support.desk.ownership import successor
from mm_support.store.database import Store
from mm_support.store.days import is_over, locked_day
from mm_support.store.models import (
    ConversationRow,
    DayRow,
    FeedbackRow,
    HandoffRow,
    MessageRow,
    OwnershipRow,
    TurnRow,
    now,
)
from mm_support.store.records import in_utc, words_of

THANKED = ("thanks", "goodbye", "acknowledged")  # reasons of turns that end a conversation well
MOST_DISLIKED = MOST_SCORED = 100
SATISFIED = 4  # of 5, from which a customer counts as satisfied
LONGEST = 90  # days that are looked at
FORMULA = "=+-@\t\r"  # with which a table's program begins a formula

Where = tuple[date, str, str]  # a day, a base and a language


@dataclass(frozen=True)
class Figures:
    """Of one day, base and language ("": not known). spoken, photos: turns with a recording or a
    photo. first_answer: seconds, in the middle; None where no person answered.
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
    rated: int = 0
    satisfied: int = 0
    first_answer: float | None = None


@dataclass(frozen=True)
class Disliked:
    """A reply that was rated down."""

    created: datetime
    knowledge: str
    question: str
    reply: str
    comment: str


@dataclass(frozen=True)
class Scored:
    """A closed conversation that its customer rated, from 1 to 5. agent: who closed it."""

    created: datetime
    agent: str
    score: int
    comment: str


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


class Insights:
    """encode, questions: called only where questions are grouped."""

    def __init__(self, store: Store, encode: Encode, questions: Questions) -> None:
        self._store, self._gaps = store, Gaps(encode, questions)

    def figures(self, days: int) -> tuple[Figures, ...]:
        """One a day, base and language, the latest day first, of the last days; today counts as
        one.
        """
        since = _since(days)
        with self._store.reading() as session:
            waits, scores = _waits(session, since), _scores(session, since)
            added_up = _added_up(session, since.date())
            first = session.scalar(
                select(func.min(TurnRow.created)).where(TurnRow.created >= since)
            )
        day, rows = in_utc(first).date() if first else now().date(), []
        while day <= now().date():
            known = added_up.get(day.isoformat())
            rows += self._of_day(day) if known is None else _read(day, known)
            day += timedelta(days=1)
        found = {(row.day, row.knowledge, row.language): row for row in rows}
        for where, own in _gathered(waits).items():
            found[where] = replace(found.get(where, Figures(*where)), first_answer=median(own))
        for where, own in _gathered(scores).items():
            happy = sum(score >= SATISFIED for score in own)
            known = found.get(where, Figures(*where))
            found[where] = replace(known, rated=len(own), satisfied=happy)
        return tuple(found[where] for where in sorted(found, reverse=True))

    def add_up(self) -> None:
        """Adds up the days of the longest time that is looked at, so that nobody waits for that."""
        self.figures(LONGEST)

    def _of_day(self, day: date) -> list[Figures]:
        """Those of a day; what comes of one that is over is stored."""
        if not is_over(day):
            with self._store.reading() as session:
                return _counted(session, day)
        with self._store.writing() as session:
            row, found = locked_day(session, day), _counted(session, day)
            row.figures = [{**asdict(each), "day": None} for each in found]
        return found

    def first_answer(self, days: int) -> float | None:
        """Seconds from the hand-over to the first words of a person, in the middle; None where
        nobody answered.
        """
        with self._store.reading() as session:
            waits = [seconds for _, seconds in _waits(session, _since(days))]
        return median(waits) if waits else None

    def satisfaction(self, days: int) -> tuple[int, int]:
        """How many customers were satisfied with a conversation that was closed, and how many rated
        one.
        """
        with self._store.reading() as session:
            scores = [score for _, score in _scores(session, _since(days))]
        return sum(score >= SATISFIED for score in scores), len(scores)

    def scored(self, days: int, most: int | None = MOST_SCORED) -> tuple[Scored, ...]:
        """Closed conversations that were rated, the latest first; most: None for all."""
        rated = select(ConversationRow).where(*_rated(_since(days)))
        latest = rated.order_by(ConversationRow.since.desc()).limit(most)
        with self._store.reading() as session:
            rows = session.scalars(latest).all()
        return tuple(
            Scored(in_utc(row.since), row.agent, row.score or 0, row.comment) for row in rows
        )

    def gaps(self, days: int) -> tuple[Gap, ...]:
        """Questions without an answer, grouped by meaning, the largest group first."""
        acted = TurnRow.reason.startswith("action")  # no knowledge was missing
        unanswered = or_(TurnRow.action == "refuse", TurnRow.reason == "stuck") & ~acted
        columns = TurnRow.knowledge, TurnRow.text, TurnRow.transcript, TurnRow.hits
        query = (
            select(TurnRow.created, *columns)
            .where(TurnRow.created >= _since(days), unanswered)
            .order_by(TurnRow.created.desc())
            .limit(MOST_GROUPED)
        )
        by_base: dict[str, list[Row]] = defaultdict(list)
        with self._store.reading() as session:
            for row in session.execute(query):
                if words_of(row):
                    by_base[row.knowledge].append(row)
        gaps = [gap for base, rows in by_base.items() for gap in self._gaps.of(base, rows)]
        return tuple(sorted(gaps, key=lambda gap: (-gap.count, -gap.latest.timestamp())))

    def disliked(self, days: int) -> tuple[Disliked, ...]:
        """Replies that were rated down, the latest first."""
        query = (
            select(FeedbackRow, TurnRow)
            .join(TurnRow, TurnRow.id == FeedbackRow.turn_id)
            .where(FeedbackRow.rating == "down", FeedbackRow.created >= _since(days))
            .order_by(FeedbackRow.id.desc())
            .limit(MOST_DISLIKED)
        )
        with self._store.reading() as session:
            rows = session.execute(query).all()
        return tuple(
            Disliked(
                in_utc(rated.created), turn.knowledge, words_of(turn), turn.reply, rated.comment
            )
            for rated, turn in rows
        )

    def csv(self, what: str, days: int) -> str:
        """figures, gaps or scores as a table with a header."""
        if what == "figures":
            return as_csv(Figures, self.figures(days))
        if what == "scores":
            return as_csv(Scored, self.scored(days, None))
        return as_csv(Gap, self.gaps(days))


def as_csv(kind: type, rows: Sequence[Any]) -> str:
    """Rows of a dataclass as a table with a header. No cell begins a formula."""
    names, written = [item.name for item in fields(kind)], io.StringIO()
    table = csv.writer(written)
    table.writerow(names)
    for row in rows:
        table.writerow([_cell(getattr(row, name)) for name in names])
    return written.getvalue()


def _cell(value: Any) -> Any:
    text = " | ".join(value) if isinstance(value, tuple) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in tuple(FORMULA) else text


def _rated(since: datetime) -> Sequence[Any]:
    """Conditions for conversations that were closed since then and rated."""
    closed = ConversationRow.owner == "closed", ConversationRow.since >= since
    return *closed, ConversationRow.score.is_not(None)


def _waits(session: Session, since: datetime) -> list[tuple[Where, float]]:
    """Seconds from each hand-over to the first words of a person, where there were any."""
    said = (
        select(func.min(MessageRow.created))
        .where(MessageRow.conversation_id == OwnershipRow.conversation_id)
        .where(MessageRow.created >= OwnershipRow.created)
    )
    columns = TurnRow.knowledge, TurnRow.language, said.scalar_subquery()
    handed = OwnershipRow.owner == "waiting", OwnershipRow.created >= since
    led = select(OwnershipRow.created, *columns).where(*handed)
    rows = session.execute(led.join(TurnRow, _led_to(OwnershipRow.conversation_id)))
    return [
        ((in_utc(start).date(), base, language), (end - start).total_seconds())
        for start, base, language, end in rows
        if end is not None
    ]


def _scores(session: Session, since: datetime) -> list[tuple[Where, int]]:
    """What each conversation was rated with, once it was closed."""
    columns = ConversationRow.since, TurnRow.knowledge, TurnRow.language, ConversationRow.score
    rated = select(*columns).where(*_rated(since))
    rows = session.execute(rated.join(TurnRow, _led_to(ConversationRow.id)))
    return [((in_utc(closed).date(), *where), score) for closed, *where, score in rows]


def _led_to(conversation: Any) -> ColumnElement[bool]:
    """The condition for the turn that led to the latest hand-over of a conversation."""
    handed = select(HandoffRow.turn_id).where(HandoffRow.session_id == conversation)
    latest = handed.order_by(HandoffRow.created.desc()).limit(1)
    return TurnRow.id == latest.scalar_subquery()


def _gathered(values: Iterable[tuple[Where, Any]]) -> dict[Where, list[Any]]:
    found: dict[Where, list[Any]] = defaultdict(list)
    for where, value in values:
        found[where].append(value)
    return found


def _since(days: int) -> datetime:
    today = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days - 1)


def _added_up(session: Session, since: date) -> dict[str, list[dict[str, Any]]]:
    """Days that are added up, and their figures."""
    rows = session.scalars(select(DayRow).where(DayRow.day >= since.isoformat()))
    return {row.day: row.figures for row in rows if row.figures is not None}


def _read(day: date, stored: Sequence[dict[str, Any]]) -> list[Figures]:
    return [Figures(**{**values, "day": day}) for values in stored]


def _counted(session: Session, day: date) -> list[Figures]:
    """The figures of a day, from its turns."""
    start = datetime.combine(day, time(), UTC)
    of_day = TurnRow.created >= start, TurnRow.created < start + timedelta(days=1)
    talks, returned = _talks(session, of_day), _returned(session, start)
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
