"""How well customers are helped: figures by day and knowledge base, questions that found no answer
grouped by meaning, and replies that were rated down. All of it is read from the store.

Definitions (also in docs/people.md): a conversation counts on each day on which something was
asked in it. Answered: it got an answer. Handed over: a person was asked to take it. Resolved
confirmed: answered, not handed over, nothing rated down, and rated up or ended with thanks;
assumed: the same without a sign, its last reply being an answer. Satisfied: rated with 4 or 5
after a person closed it.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import Row, String, case, cast, func, or_, select
from sqlalchemy.orm import Session

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
MOST_GROUPED = 1_000  # latest questions without an answer
MOST_KNOWN = 10 * MOST_GROUPED  # texts whose vectors are kept
EXAMPLES = 3  # of a group
MOST_DISLIKED = MOST_SCORED = 100
SATISFIED = 4  # of 5, from which a customer counts as satisfied
LONGEST = 90  # days that are looked at
FALSE_MATCHES = 0.001  # share of questions about different entries that may count as alike
LEARNT_FROM = 300  # entries whose questions tell how alike questions of one meaning are
FORMULA = "=+-@\t\r"  # with which a table's program begins a formula

Encode = Callable[[Sequence[str]], np.ndarray]  # n texts -> (n, d) unit rows
Questions = Callable[[str], Sequence[Sequence[str]]]  # a base -> the questions of each entry


@dataclass(frozen=True)
class Figures:
    """Of one day and base. spoken, photos: turns with a recording or a photo."""

    day: date
    knowledge: str
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


@dataclass(frozen=True)
class Gap:
    """Questions of one meaning that found no answer. nearest: the title of the entry that came
    nearest to the latest of them, "" where none did; score: its score.
    """

    knowledge: str
    count: int
    examples: tuple[str, ...]
    latest: datetime
    nearest: str = ""
    score: float = 0.0


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
        self._store, self._encode, self._questions = store, encode, questions
        self._alike: dict[str, float] = {}
        self._known: dict[str, np.ndarray] = {}

    def figures(self, days: int) -> tuple[Figures, ...]:
        """One a day and base, the latest day first, of the last days; today counts as one."""
        since = _since(days)
        with self._store.reading() as session:
            added_up = _added_up(session, since.date())
            first = session.scalar(
                select(func.min(TurnRow.created)).where(TurnRow.created >= since)
            )
        day, rows = in_utc(first).date() if first else now().date(), []
        while day <= now().date():
            known = added_up.get(day.isoformat())
            rows += self._of_day(day) if known is None else _read(day, known)
            day += timedelta(days=1)
        return tuple(sorted(rows, key=lambda row: (row.day, row.knowledge), reverse=True))

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
        said = (
            select(func.min(MessageRow.created))
            .where(MessageRow.conversation_id == OwnershipRow.conversation_id)
            .where(MessageRow.created >= OwnershipRow.created)
        )
        handed = OwnershipRow.owner == "waiting", OwnershipRow.created >= _since(days)
        query = select(OwnershipRow.created, said.scalar_subquery()).where(*handed)
        with self._store.reading() as session:
            rows = session.execute(query).all()
        waits = [(end - start).total_seconds() for start, end in rows if end is not None]
        return median(waits) if waits else None

    def satisfaction(self, days: int) -> tuple[int, int]:
        """How many customers were satisfied with a conversation that was closed, and how many rated
        one.
        """
        happy = func.count().filter(ConversationRow.score >= SATISFIED)
        query = select(happy, func.count()).where(*_rated(days))
        with self._store.reading() as session:
            satisfied, rated = session.execute(query).one()
        return satisfied, rated

    def scored(self, days: int) -> tuple[Scored, ...]:
        """Closed conversations that were rated, the latest first."""
        latest = select(ConversationRow).where(*_rated(days)).order_by(ConversationRow.since.desc())
        with self._store.reading() as session:
            rows = session.scalars(latest.limit(MOST_SCORED)).all()
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
        gaps = [gap for base, rows in by_base.items() for gap in self._grouped(base, rows)]
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
        """figures or gaps as a table with a header."""
        if what == "figures":
            return as_csv(Figures, self.figures(days))
        return as_csv(Gap, self.gaps(days))

    def _grouped(self, base: str, rows: Sequence[Row]) -> list[Gap]:
        """rows: the latest first."""
        asked = [words_of(row) for row in rows]
        labels = grouped(self._vectors(asked), self._threshold(base))
        groups: dict[int, list[Row]] = defaultdict(list)
        for label, row in zip(labels, rows):
            groups[label].append(row)
        return [_gap(base, own) for own in groups.values()]

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Those of the texts; each is encoded once, however often it is looked at."""
        if len(self._known) > MOST_KNOWN:
            self._known = {}
        known = self._known
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, self._encode(new)) if new else ())
        return np.array([known[text] for text in texts])

    def _threshold(self, base: str) -> float:
        if base not in self._alike:
            self._alike[base] = alike_from(self._encode, self._questions(base))
        return self._alike[base]


def alike_from(encode: Encode, questions: Sequence[Sequence[str]]) -> float:
    """How similar two questions of one meaning are at least, whatever encodes them: halfway from
    what hardly any two questions about different entries reach to what two about the same one do.
    1, the same words, where the base has too few questions to tell.

    questions: of each entry.
    """
    several = [own[:2] for own in questions if len(own) > 1][:LEARNT_FROM]
    firsts = [own[0] for own in several or [own for own in questions if own][:LEARNT_FROM]]
    pairs = len(firsts) * (len(firsts) - 1) / 2
    if pairs < (1 if several else 1 / FALSE_MATCHES):
        return 1.0
    vectors = encode([*firsts, *(own[1] for own in several)])
    similarity = vectors[: len(firsts)] @ vectors.T
    different = similarity[np.triu_indices(len(firsts), 1)]
    rarely = float(np.quantile(different, 1 - FALSE_MATCHES))
    usually = np.median(np.diagonal(similarity, len(firsts))) if several else rarely
    return max(rarely, (rarely + float(usually)) / 2)


def grouped(vectors: np.ndarray, threshold: float) -> Sequence[int]:
    """(n, d) unit rows -> n labels: groups of which the members are so similar on average."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(vectors) < 2:
        return [0] * len(vectors)
    tree = linkage(vectors, "average", metric="cosine")
    return fcluster(tree, max(0.0, 1 - threshold) + 1e-6, "distance").tolist()


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


def _rated(days: int) -> Sequence[Any]:
    """Conditions for conversations that were closed in the last days and rated."""
    closed = ConversationRow.owner == "closed", ConversationRow.since >= _since(days)
    return *closed, ConversationRow.score.is_not(None)


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
    talks = _talks(session, of_day)
    return [_figures(day, base, own.values()) for base, own in talks.items()]


def _talks(session: Session, of_day: Sequence[Any]) -> dict[str, dict[str, _Talk]]:
    """A base -> its conversations on a day. of_day: conditions for turns."""
    talks: dict[str, dict[str, _Talk]] = defaultdict(lambda: defaultdict(_Talk))
    columns = TurnRow.session_id, TurnRow.knowledge, TurnRow.action, TurnRow.reason
    query = select(*columns).where(*of_day).order_by(TurnRow.created)
    for name, base, action, reason in session.execute(query):
        talk = talks[base][name]
        talk.actions.append(action)
        talk.reasons.append(reason)
    for name, base, what, number in _marks(session, of_day):
        if talk := talks.get(base, {}).get(name):
            setattr(talk, what, getattr(talk, what) + number)
    return talks


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


def _figures(day: date, base: str, talks: Iterable[_Talk]) -> Figures:
    talks = list(talks)
    return Figures(
        day,
        base,
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
    )


def _gap(base: str, rows: Sequence[Row]) -> Gap:
    """rows: of one meaning, the latest first."""
    examples = tuple(dict.fromkeys(words_of(row) for row in rows))[:EXAMPLES]
    nearest = rows[0].hits[0] if rows[0].hits else {"title": "", "score": 0.0}
    latest = in_utc(rows[0].created)
    return Gap(base, len(rows), examples, latest, nearest["title"], round(nearest["score"], 2))
