"""Cells -> lines that say what each cell means: "Plan: Basic; Price: 9 euros".

A cell is found by its row and its column, whatever of the table is cut off. Knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from mm_support.knowledge.readers.groups import grouped
from mm_support.language.field_names import field_of

MAX_SPAN = 50  # columns or rows that one cell may cover

Cells = list[str]
_RULE = re.compile(r"(?::?-{2,}:?)?")


def row_line(header: Sequence[str], row: Sequence[str]) -> str:
    """A row in words; cells under no header stand alone."""
    names = [*header, *[""] * len(row)]
    texts = [_pair(name, cell) for name, cell in zip(names, row) if cell]
    if header and not names[0] and row[0] and len(texts) > 1:  # a row named by its first cell
        return f"{texts[0].rstrip(':')}: {'; '.join(texts[1:])}"
    return "; ".join(texts)


def _pair(name: str, cell: str) -> str:
    cell = " ".join(cell.split())
    if not name:
        return cell
    return f"{name} {cell}" if name[-1:] in ":：?？" else f"{name}: {cell}"


def table_lines(rows: Sequence[Cells], header: bool | None = None) -> list[str]:
    """A line a row. header: whether the first row names the columns; None where nobody knows."""
    rows = [row for row in rows if says_anything(row)]
    if not rows:
        return []
    width = max(map(len, rows))
    if width == 1:
        return [row[0] for row in rows]
    if header is None:
        header = looks_like_header(rows)
    if header and len(rows) > 1:
        names, body = rows[0], grouped(rows[1:])
        return [row_line(names if len(row) > 1 else (), row) for row in body]
    rows = grouped(rows)
    if width == 2 and not header:
        rows = [[_pair(*row)] if len(row) == 2 and all(row) else row for row in rows]
    return [row_line((), row) for row in rows]


def says_anything(row: Sequence[str]) -> bool:
    """Whether a row has contents: one of blanks and of rules (|---|:--:|) parts others."""
    return not all(_RULE.fullmatch(cell.strip()) for cell in row)


def looks_like_header(rows: Sequence[Cells]) -> bool:
    """Whether a table's first row names its columns: all but its corner filled, all different,
    no figures, no sentences, and nothing that a row below has in the same place. Where it may be a
    name and its value, the first column must tell.
    """
    first = rows[0]
    names = first[1:] if not first[0] else first
    plain = all(name and not re.search(r"\d|[.!。！]$", name) for name in names)
    if len(rows) < 2 or len(first) < 2 or not plain or len(set(first)) < len(first):
        return False
    if any(name and name == cell for row in rows[1:] for name, cell in zip(first, row)):
        return False
    if {"questions", "answer"} <= {*map(field_of, first)}:
        return True
    return len(first) > 2 or _heads_amounts([row[0] for row in rows])


def _heads_amounts(column: Sequence[str]) -> bool:
    """Whether the first cell alone begins as a name does: all others with a figure or a small
    letter ("65-80 kg", "above 95 kg"), and most hold figures. Names that have values look alike,
    the first one too.
    """
    first, *others = (next(filter(str.isalnum, cell), "") for cell in column)
    figures = sum(any(map(str.isdigit, cell)) for cell in column[1:])
    return not _is_low(first) and all(map(_is_low, others)) and 2 * figures > len(others)


def _is_low(sign: str) -> bool:
    return sign.isdigit() or sign.islower()


class Cell(NamedTuple):
    """A cell of HTML. names: whether it is one of a header; bold: whether all of its text is."""

    text: str
    names: bool = False
    bold: bool = False
    across: int = 1
    down: int = 1


def grid_lines(table: Sequence[Sequence[Cell]]) -> list[str]:
    """A line a row, as table_lines; a cell that covers several columns or rows is in each, one that
    covers its row stands alone.
    """
    rows = [(texts, _is_head(own)) for texts, own in zip(_filled(table), table) if any(texts)]
    captions: Cells = []
    while len(rows) > 1 and len(rows[0][0]) == 1:  # above the header
        captions += rows.pop(0)[0]
    texts, heads = [row for row, _ in rows], [head for _, head in rows]
    if all(heads):  # as good as none
        return captions + table_lines(texts)
    if heads[:2] == [True, True]:
        texts[:2] = [joined_header(*texts[:2])]
    return captions + table_lines(texts, heads[0] or None)


def _is_head(row: Sequence[Cell]) -> bool:
    """Whether all cells are of a header, or look so; the corner may be empty."""
    return all(c.names or (c.bold if c.text else not at) for at, c in enumerate(row))


def _filled(table: Sequence[Sequence[Cell]]) -> list[Cells]:
    """The texts of each row, with those of cells that cover it from above or from the left."""
    covered: dict[tuple[int, int], str] = {}  # row, column -> text
    rows: list[Cells] = []
    for place, cells in enumerate(table):
        row: Cells = []
        alone = len(cells) == 1 and cells[0].down == 1
        for cell in cells:
            _add_covered(row, place, covered)
            for _ in range(1 if alone else cell.across):
                below = range(place + 1, place + cell.down)
                covered |= {(other, len(row)): cell.text for other in below}
                row.append(cell.text)
        _add_covered(row, place, covered)
        rows.append(row)
    return rows


def _add_covered(row: Cells, place: int, covered: dict[tuple[int, int], str]) -> None:
    """What covers the next columns of a row from above."""
    while (place, len(row)) in covered:
        row.append(covered.pop((place, len(row))))


def joined_header(upper: Sequence[str], lower: Sequence[str]) -> Cells:
    """Two rows of headers as one: "Price" over "monthly" is "Price monthly"."""
    pairs = zip_longest(upper, lower, fillvalue="")
    return [above if above == below else f"{above} {below}".strip() for above, below in pairs]


def span(text: str) -> int:
    """As browsers read it: the number that it begins with, 1 where there is none."""
    number = re.match(r"\s*\d{1,4}", text)
    return min(MAX_SPAN, max(1, int(number[0]))) if number else 1
