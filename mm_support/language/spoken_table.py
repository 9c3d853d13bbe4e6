"""A table as a person tells of it: how many rows there are, which, and from what to what a figure
goes. Who hears every cell soon knows no more where it stands.

    summary(["Plan: Basic; Price: $5", "Plan: Plus; Price: $9", "Plan: Pro; Price: $20"], "en")
        "There are 3: Basic, Plus, and Pro. Price: from $5 (Basic) to $20 (Pro). The table is ..."

Rows are lines as readers write them (knowledge/readers/tables.py): each names its cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from mm_support.language.amounts import NUMBER, PRICE, locale_of, number_in
from mm_support.language.heard import joint
from mm_support.language.messages import message

NAMED = 5  # rows that are named; nobody remembers more
PAIR = re.compile(r"\s*([^:：]*)[:：]\s*(.*)", re.DOTALL)  # a column may have no name

Row = tuple[str, dict[str, str]]  # what it is about; column -> what stands there


def summary(lines: Sequence[str], language: str) -> str:
    """Sentences about the rows of a table; "" where it has none."""
    from babel.lists import format_list

    rows = rows_of(lines)
    if not rows:
        return ""
    names, left = [name for name, _ in rows[:NAMED]], len(rows) - NAMED
    told = format_list(names, locale=locale_of(language))
    said = [message("spoken.rows", language, count=len(rows), names=told), *_range(rows, language)]
    rest = ("spoken.more", left) if left > 0 else ("spoken.table", len(rows))
    said.append(message(rest[0], language, count=rest[1]))
    return joint(language).join(said)


def as_rows(table: str) -> list[str]:
    """A table of Markdown, its columns named by its first row -> lines."""
    lines = map(str.strip, table.strip().splitlines())
    cells = [line.removeprefix("|").removesuffix("|").split("|") for line in lines]
    header, *rows = [[cell.strip() for cell in line] for line in cells]
    rows = [row for row in rows if any(cell.strip(":-") for cell in row)]  # the rule is none
    return ["; ".join(f"{name}: {cell}" for name, cell in zip(header, row)) for row in rows]


def rows_of(lines: Sequence[str]) -> list[Row]:
    """A row is about its first cell, or about what stands before that: "Basic: Price: $5"."""
    matches = [[PAIR.match(line) for line in row.split(";")] for row in lines]
    pairs = [[(found[1], found[2]) for found in row if found] for row in matches]
    alike = len({cells[0][0] for cells in pairs}) == 1
    return [_row(cells, alike) for cells in pairs]


def _row(cells: Sequence[tuple[str, str]], alike: bool) -> Row:
    (name, first), others = cells[0], dict(cells[1:])
    if alike:
        return first, others
    named = PAIR.match(first)
    return name, ({named[1]: named[2]} if named else {}) | others


def _range(rows: Sequence[Row], language: str) -> list[str]:
    """From what to what the price goes, or else the first column in which all have a figure."""
    named = filter(None, rows[0][1])
    columns = [column for column in named if all(column in cells for _, cells in rows)]
    told = {column: _ordered(rows, column, language) for column in columns}
    told = {column: ordered for column, ordered in told.items() if ordered}
    if not told:
        return []
    priced = (column for column in told if all(PRICE.search(cells[column]) for _, cells in rows))
    column = next(priced, next(iter(told)))
    (first, least), *_, (last, most) = told[column]
    ends = {"least": least[column], "first": first, "most": most[column], "last": last}
    return [message("spoken.span", language, column=column, **ends)]


def _ordered(rows: Sequence[Row], column: str, language: str) -> list[Row]:
    """The rows by their figures in a column; none where one has none, or all have the same."""
    amounts = [_amount(cells[column], language) for _, cells in rows]
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(rows) or len({*known}) < 2:
        return []
    places = sorted(range(len(rows)), key=known.__getitem__)
    return [rows[place] for place in places]


def _amount(cell: str, language: str) -> Decimal | None:
    found = re.search(NUMBER, cell)
    return number_in(found[0], language) if found else None
