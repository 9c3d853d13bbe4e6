"""How entries are used: how often replies cite each, and how often a person was called after it.

Counted by day from the turns, as figures are (figures.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mm_support.store.models import HandoffRow, TurnRow


@dataclass(frozen=True)
class Use:
    """Of an entry. cited: replies that cite it; handed_over: hand-overs by a reply that cites it,
    or of a conversation in which it was the last that a reply had cited on that day.
    """

    knowledge: str
    entry: str
    title: str = ""
    cited: int = 0
    handed_over: int = 0


def used(session: Session, of_day: Sequence[Any]) -> list[Use]:
    """The entries that were cited on a day. of_day: conditions for its turns."""
    turn = TurnRow.session_id, TurnRow.knowledge, TurnRow.citations
    query = (
        select(*turn, HandoffRow.turn_id)
        .outerjoin(HandoffRow, HandoffRow.turn_id == TurnRow.id)
        .where(*of_day)
        .order_by(TurnRow.created)
    )
    uses: dict[tuple[str, str], list[int]] = {}
    last: dict[tuple[str, str], Sequence[str]] = {}  # what was cited, by conversation and base
    for name, base, cited, handed in session.execute(query):
        for entry in cited:
            uses.setdefault((base, entry), [0, 0])[0] += 1
        last[name, base] = cited or last.get((name, base), ())
        for entry in last.pop((name, base)) if handed else ():
            uses[base, entry][1] += 1
    return [Use(*where, cited=cited, handed_over=handed) for where, (cited, handed) in uses.items()]


def together(days: Iterable[Use]) -> list[Use]:
    """Those of several days, one of each entry."""
    found: dict[tuple[str, str], Use] = {}
    for one in days:
        known = found.get((one.knowledge, one.entry), Use(one.knowledge, one.entry))
        cited, handed = known.cited + one.cited, known.handed_over + one.handed_over
        found[one.knowledge, one.entry] = replace(known, cited=cited, handed_over=handed)
    return list(found.values())


def of_base(base: str, titles: Mapping[str, str], uses: Iterable[Use]) -> list[Use]:
    """The entries that a base has, also those that were never cited: those first after which most
    was handed over, then those that were cited most. titles: by id.
    """
    known = {one.entry: one for one in uses if one.knowledge == base}
    rows = [
        replace(known.get(entry, Use(base, entry)), title=title) for entry, title in titles.items()
    ]
    return sorted(rows, key=lambda one: (-one.handed_over, -one.cited))
