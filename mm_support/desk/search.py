"""Finding conversations: by what was said in them, in any order of the words, by whose they are, by
their base and by the day.

The database picks the conversations that have every word somewhere; which line is shown of each,
and what is marked in it, is decided here. What masks stand for is looked at only where agents may
read it: in conversations at the desk. Knows the store and no page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    and_,
    case,
    column,
    func,
    intersect,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from mm_support.desk.cases import cases_of
from mm_support.desk.kept import originals_of
from mm_support.desk.ownership import AT_THE_DESK
from mm_support.errors import InputError
from mm_support.language.personal import revealed
from mm_support.language.written_dates import MONTH, leading_date
from mm_support.store.models import (
    ConversationRow,
    MessageRow,
    NoteRow,
    OriginalRow,
    TurnRow,
    now,
)
from mm_support.store.records import in_utc, words_of
from mm_support.types import Case, CaseMatch, Holder

LONGEST = 200  # characters of a search
FOUND = 50  # conversations that one search finds at most
BEFORE, LINE = 40, 160  # characters of a line that are shown before the first mark, and in all
PARTS = re.compile(r"""["“„”]([^"“„”]+)["“„”]|(\S+)""")

COLUMNS = (  # of a turn, without what was found for it, which is far larger
    TurnRow.id,
    TurnRow.session_id,
    TurnRow.created,
    TurnRow.knowledge,
    TurnRow.text,
    TurnRow.transcript,
    TurnRow.image,
    TurnRow.reply,
)

Also = Callable[[str], Iterable[str]]
Who = Literal["customer", "assistant", "person", "note"]


class Days(NamedTuple):
    """From the first of these times to before the second."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Line:
    """Something that was said or noted. author: of what a person wrote; knowledge: the base of a
    turn.
    """

    who: Who
    author: str
    text: str
    created: datetime
    knowledge: str = ""


@dataclass(frozen=True)
class Term:
    """What has to be somewhere in a conversation: one of these spellings, whatever their case, or
    something that was said on these days.
    """

    spellings: tuple[str, ...]
    days: Days | None = None

    def within(self, line: Line) -> bool:
        said = line.text.casefold()
        on_day = self.days is not None and self.days.start <= line.created < self.days.end
        return on_day or any(each.casefold() in said for each in self.spellings)


def terms_of(words: str, also: Also = lambda term: ()) -> tuple[Term, ...]:
    """The words of a search, and what stands between quotation marks as a whole. also: what else a
    word may stand for. Raises InputError for a search that is too long.
    """
    if len(words) > LONGEST:
        raise InputError.of("search_long", limit=LONGEST)
    parts = [quoted.strip() or word for quoted, word in PARTS.findall(words.replace("\0", ""))]
    return tuple(
        Term(_spellings([part, *also(part)]), _days(part)) for part in dict.fromkeys(parts) if part
    )


def _spellings(words: Iterable[str]) -> tuple[str, ...]:
    """The words as written and in plain letters and digits. Of other letters than English ones
    SQLite does not know which small and capital ones belong together.
    """
    plain = [each for word in words for each in (word, unicodedata.normalize("NFKC", word))]
    cases = [
        each if word.isascii() else change(each)
        for word in plain
        for each in [word]
        for change in (str, str.lower, str.upper, str.capitalize)
    ]
    return tuple(dict.fromkeys(cases))


def _days(word: str) -> Days | None:
    """The day or the month of UTC that a word names in figures; None where it names none."""
    plain = unicodedata.normalize("NFKC", word)
    written, month = leading_date(plain), MONTH.fullmatch(plain)
    try:
        if month:
            start = datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
            return Days(start, (start + timedelta(days=32)).replace(day=1))
        if written and written.written == plain and len(written.readings) == 1:
            start = datetime(*written.readings[0], tzinfo=UTC)
            return Days(start, start + timedelta(days=1))
    except (ValueError, OverflowError):
        pass
    return None


def found_cases(session: Session, terms: Sequence[Term], reveal: bool) -> tuple[CaseMatch, ...]:
    """The conversations that have all of the terms, the one in which somebody said something last
    first, each with the line that has most of them. No more than FOUND.
    """
    if not terms:
        return ()
    names: list[str] = list(session.scalars(_latest(session, terms, reveal)))
    cases, lines = _cases(session, names), _lines(session, names, reveal)
    return tuple(_match(cases[name], lines[name], terms) for name in names)


# -- which conversations --------------------------------------------------------------------


def _latest(session: Session, terms: Sequence[Term], reveal: bool) -> Select[Any]:
    """The names of the conversations that have every term somewhere, the latest first."""
    dialect = session.get_bind().dialect.name
    places = (union_all(*_places(dialect, term, reveal)).subquery() for term in terms)
    named = intersect(*(select(place.c.name).distinct() for place in places)).subquery()
    asked = select(func.max(TurnRow.created)).where(TurnRow.session_id == named.c.name)
    own = MessageRow.conversation_id == named.c.name
    wrote = select(func.max(MessageRow.created)).where(own)
    both = select(
        named.c.name, asked.scalar_subquery().label("asked"), wrote.scalar_subquery().label("wrote")
    ).subquery()
    asked_last = or_(both.c.wrote.is_(None), both.c.wrote < both.c.asked)
    last = case((asked_last, both.c.asked), else_=both.c.wrote)
    return select(both.c.name).order_by(last.desc(), both.c.name).limit(FOUND)


def _places(dialect: str, term: Term, reveal: bool) -> list[Select]:
    """One query a table in which a term may stand: the names of the conversations with it."""
    turn, message, noted, original = TurnRow, MessageRow, NoteRow, OriginalRow
    said = [turn.text, turn.transcript["text"].as_string(), turn.reply]
    in_turn = _has(term, said, turn.created) | _read_in_photo(dialect, term) | _names_base(term)
    places = [
        select(turn.session_id.label("name")).where(in_turn),
        *(
            select(each.conversation_id).where(_has(term, [each.text, each.author], each.created))
            for each in (message, noted)
        ),
        select(ConversationRow.id).where(_is_whose(term)),
    ]
    if reveal:
        open_ = select(ConversationRow.id).where(ConversationRow.owner.in_(AT_THE_DESK))
        masked = _has(term, [original.value]) & original.session_id.in_(open_)
        places.append(select(original.session_id).where(masked))
    return places


def _has(term: Term, columns: Sequence[Any], created: Any = None) -> ColumnElement[bool]:
    patterns = [f"%{_escaped(spelling)}%" for spelling in term.spellings]
    texts = [each.ilike(pattern, escape="/") for each in columns for pattern in patterns]
    if term.days is not None and created is not None:
        texts.append(and_(created >= term.days.start, created < term.days.end))
    return or_(*texts)


def _names_base(term: Term) -> ColumnElement[bool]:
    """Whether the turn's base is so called, from the beginning of a word on."""
    begins = [f"{before}{_escaped(each)}%" for each in term.spellings for before in ("", "%-")]
    return or_(*(TurnRow.knowledge.ilike(each, escape="/") for each in begins))


def _is_whose(term: Term) -> ColumnElement[bool]:
    """Whether the conversation is so called, or is a visitor's or an agent's who is. An id counts
    as a whole: every number would be in some.
    """
    own = (ConversationRow.id.startswith(f"{each}-", autoescape=True) for each in term.spellings)
    named = ConversationRow.id.in_(term.spellings)
    return or_(named, *own, _has(term, [ConversationRow.agent]))


def _escaped(spelling: str) -> str:
    """For LIKE, in which two characters stand for others."""
    return re.sub(r"([%_/])", r"/\1", spelling)


def _read_in_photo(dialect: str, term: Term) -> ColumnElement[bool]:
    """Whether a line that was read in a turn's photo has a term."""
    each = func.json_each if dialect == "sqlite" else func.json_array_elements
    given = (TurnRow.image, "$.text") if dialect == "sqlite" else (TurnRow.image["text"],)
    lines = each(*given).table_valued(column("value", JSON), name="line")
    text = lines.c.value["text"].as_string()
    return select(1).select_from(lines).where(_has(term, [text])).exists()


# -- what is shown of them ------------------------------------------------------------------


def _cases(session: Session, names: Sequence[str]) -> dict[str, Case]:
    """Turns from before owners were kept have none, and are the assistant's."""
    rows = session.scalars(select(ConversationRow).where(ConversationRow.id.in_(names))).all()
    found = {each.conversation: each for each in cases_of(session, rows)}
    return {name: found.get(name, Case(name, Holder(), now(), "", "")) for name in names}


def _lines(session: Session, names: Sequence[str], reveal: bool) -> dict[str, list[Line]]:
    """All that was said and noted in these conversations; what was said is as agents read it."""
    lines: dict[str, list[Line]] = {name: [] for name in names}
    own = ConversationRow.id.in_(names), ConversationRow.owner.in_(AT_THE_DESK)
    values = originals_of(session, select(ConversationRow.id).where(*own)) if reveal else {}
    for turn in session.execute(select(*COLUMNS).where(TurnRow.session_id.in_(names))):
        lines[turn.session_id] += _said(turn, values.get(turn.id, {}))
    people: dict[Who, type[MessageRow] | type[NoteRow]] = {"person": MessageRow, "note": NoteRow}
    for who, table in people.items():
        for row in session.scalars(select(table).where(table.conversation_id.in_(names))):
            lines[row.conversation_id].append(Line(who, row.author, row.text, in_utc(row.created)))
    return lines


def _said(turn: Any, values: dict[str, str]) -> list[Line]:
    """What the customer said, what was read in their photo, and what the assistant answered."""
    read = " ".join(line["text"] for line in (turn.image or {}).get("text", ()))
    said: list[tuple[Who, str]] = [
        ("customer", words_of(turn)),
        ("customer", read),
        ("assistant", turn.reply),
    ]
    created = in_utc(turn.created)
    return [
        Line(who, "", revealed(text, values), created, turn.knowledge) for who, text in said if text
    ]


def _match(found: Case, lines: Sequence[Line], terms: Sequence[Term]) -> CaseMatch:
    """The line that has most of the terms, of several the last; what the customer said last where
    only names and bases have them.
    """

    def worth(line: Line) -> tuple[int, bool, datetime]:
        fits = sum(term.within(line) for term in terms)
        return fits, line.who == "customer", line.created

    best = max(lines, key=worth, default=Line("customer", "", "", found.since))
    last = max((line.created for line in lines), default=found.since)
    base = found.knowledge or next((line.knowledge for line in lines if line.knowledge), "")
    text, marks = _cut(" ".join(best.text.split()), terms)
    return CaseMatch(replace(found, knowledge=base), best.who, best.author, text, marks, last)


def _cut(text: str, terms: Sequence[Term]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of a text around the first word that was looked for, and where those stand in it."""
    marks = _marks(text, terms)
    start = max(0, marks[0][0] - BEFORE) if marks and len(text) > LINE else 0
    if start:  # where a word begins, if one does before the mark
        start += text[start : marks[0][0]].find(" ") + 1
    shown = text[start : start + LINE]
    shown = f"{'… ' if start else ''}{shown}{' …' if start + LINE < len(text) else ''}"
    return shown, _marks(shown, terms)


def _marks(text: str, terms: Sequence[Term]) -> tuple[tuple[int, int], ...]:
    spellings = sorted({each for term in terms for each in term.spellings}, key=len, reverse=True)
    looked_for = re.compile("|".join(map(re.escape, spellings)), re.IGNORECASE)
    return tuple(found.span() for found in looked_for.finditer(text))
