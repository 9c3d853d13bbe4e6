"""How well customers are helped: figures (figures.py), questions that found no answer (gaps.py),
and how replies and people were rated. All of it is read from the store.

What people did counts where a conversation was handed over to them: the outcome, rated and
satisfied (4 or 5) on the day on which it was closed, the first answer on the day of the hand-over.
Definitions are in docs/people.md.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from mm_support.desk.conversations import OUTCOMES
from mm_support.desk.figures import LONGEST, Figures, Where, counted, turns_of
from mm_support.desk.gaps import MOST_GROUPED, Gap, Gaps, Questions
from mm_support.desk.usage import Use, of_base, together, used
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
from mm_support.types import Encode

MOST_DISLIKED = MOST_SCORED = 100
End = tuple[str, int | None]  # a conversation's outcome, and its customer's score
OfDay = tuple[list[Figures], list[Use]]
SATISFIED = 4  # of 5, from which a customer counts as satisfied
FORMULA = "=+-@\t\r"  # with which a table's program begins a formula


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
    """A closed conversation that its customer rated, from 1 to 5. agent: who closed it, with which
    outcome.
    """

    created: datetime
    agent: str
    outcome: str
    score: int
    comment: str


class Insights:
    """encode, questions: called only where questions are grouped; titles: a base -> those of its
    entries, by id.
    """

    def __init__(
        self,
        store: Store,
        encode: Encode,
        questions: Questions,
        titles: Callable[[str], Mapping[str, str]] = lambda base: {},
    ) -> None:
        self._store, self._gaps, self._titles = store, Gaps(encode, questions), titles

    def figures(self, days: int) -> tuple[Figures, ...]:
        """One a day, base and language, the latest day first, of the last days; today counts as
        one.
        """
        since = _since(days)
        with self._store.reading() as session:
            waits, ends = _waits(session, since), _ends(session, since)
        rows = (row for figures, _ in self._days(since) for row in figures)
        found = {(row.day, row.knowledge, row.language): row for row in rows}
        for where, own in _gathered(waits).items():
            found[where] = replace(found.get(where, Figures(*where)), first_answer=median(own))
        for where, own in _gathered(ends).items():
            found[where] = replace(found.get(where, Figures(*where)), **_ended(own))
        return tuple(found[where] for where in sorted(found, reverse=True))

    def add_up(self) -> None:
        """Adds up the days of the longest time that is looked at, so that nobody waits for that."""
        self.figures(LONGEST)

    def _days(self, since: datetime) -> Iterator[OfDay]:
        """Each day since then, from the first on which something was asked."""
        with self._store.reading() as session:
            known = session.scalars(select(DayRow).where(DayRow.day >= since.date().isoformat()))
            added_up = {row.day: row for row in known if row.figures is not None}
            asked = select(func.min(TurnRow.created)).where(TurnRow.created >= since)
            first = session.scalar(asked)
        day = in_utc(first).date() if first else now().date()
        while day <= now().date():
            row = added_up.get(day.isoformat())
            yield self._of_day(day) if row is None or row.used is None else _read(day, row)
            day += timedelta(days=1)

    def _of_day(self, day: date) -> OfDay:
        """What is counted of a day; of one that is over it is stored."""
        if not is_over(day):
            with self._store.reading() as session:
                return counted(session, day), used(session, turns_of(day))
        with self._store.writing() as session:
            row = locked_day(session, day)
            figures, uses = counted(session, day), used(session, turns_of(day))
            row.figures = [{**asdict(each), "day": None} for each in figures]
            row.used = [asdict(each) for each in uses]
        return figures, uses

    def entries(self, days: int) -> tuple[Use, ...]:
        """How the entries are used of those bases that were asked something, by base: those first
        after which people were called most, those last that were never cited.
        """
        each = [*self._days(_since(days))]
        bases = sorted({row.knowledge for figures, _ in each for row in figures})
        whole = together(use for _, uses in each for use in uses)
        return tuple(use for base in bases for use in of_base(base, self._titles(base), whole))

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
            ended = _ended([end for _, end in _ends(session, _since(days))])
        return ended["satisfied"], ended["rated"]

    def scored(self, days: int, most: int | None = MOST_SCORED) -> tuple[Scored, ...]:
        """Closed conversations that were rated, the latest first; most: None for all."""
        latest = (
            select(ConversationRow)
            .where(*_closed(_since(days)), ConversationRow.score.is_not(None))
            .order_by(ConversationRow.since.desc())
            .limit(most)
        )
        with self._store.reading() as session:
            rows = session.scalars(latest).all()
        return tuple(
            Scored(in_utc(row.since), row.agent, row.outcome, row.score or 0, row.comment)
            for row in rows
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
        """figures, gaps, entries or scores as a table with a header."""
        if what == "figures":
            return as_csv(Figures, self.figures(days))
        if what == "entries":
            return as_csv(Use, self.entries(days))
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


def _closed(since: datetime) -> Sequence[Any]:
    """Conditions for conversations that were closed since then."""
    return ConversationRow.owner == "closed", ConversationRow.since >= since


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


def _ends(session: Session, since: datetime) -> list[tuple[Where, End]]:
    """How each conversation ended that was closed since then."""
    columns = ConversationRow.since, TurnRow.knowledge, TurnRow.language
    end = ConversationRow.outcome, ConversationRow.score
    closed = select(*columns, *end).where(*_closed(since))
    rows = session.execute(closed.join(TurnRow, _led_to(ConversationRow.id)))
    return [
        ((in_utc(closed).date(), base, language), (outcome, score))
        for closed, base, language, outcome, score in rows
    ]


def _ended(ends: Sequence[End]) -> dict[str, int]:
    """The figures of conversations that were closed."""
    outcomes = Counter(outcome for outcome, _ in ends)
    scores = [score for _, score in ends if score is not None]
    return {
        "closed": len(ends),
        **{outcome: outcomes[outcome] for outcome in OUTCOMES},
        "rated": len(scores),
        "satisfied": sum(score >= SATISFIED for score in scores),
    }


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


def _read(day: date, row: DayRow) -> OfDay:
    figures = [Figures(**{**values, "day": day}) for values in row.figures or ()]
    return figures, [Use(**values) for values in row.used or ()]
