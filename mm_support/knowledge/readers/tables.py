"""Cells -> lines that say what each cell means: "Plan: Basic; Price: 9 euros".

A cell is found by its row and its column, whatever of the table is cut off. Knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MAX_SPAN = 50  # columns or rows that one cell may cover

Cells = list[str]


def row_line(header: Sequence[str], row: Sequence[str]) -> str:
    """A row in words; cells under no header, and a cell that covers the row, stand alone."""
    if len(row) > 2 and len(set(row)) == 1:
        return row[0]
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
    rows = [row for row in rows if any(row)]
    if not rows:
        return []
    width = max(map(len, rows))
    if width == 1:
        return [row[0] for row in rows]
    if header is None:
        header = looks_like_header(rows)
    if header and len(rows) > 1:
        return [row_line(rows[0], row) for row in rows[1:]]
    if width == 2 and not header:
        rows = [[_pair(*row)] if len(row) == 2 and all(row) else row for row in rows]
    return [row_line((), row) for row in rows]


def looks_like_header(rows: Sequence[Cells]) -> bool:
    """Whether a table's first row names its columns: all but its corner filled, all different,
    no figures, no sentences. Where it may be a name and its value, the first column must tell."""
    first = rows[0]
    names = first[1:] if not first[0] else first
    plain = all(name and not re.search(r"\d|[.!。！]$", name) for name in names)
    if len(rows) < 2 or len(first) < 2 or not plain or len(set(first)) < len(first):
        return False
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


@dataclass
class Table:
    """A table that is being read. lists: how many lists were open when it began."""

    lists: int = 0
    line: int = 0
    in_head: bool = False
    rows: list[Cells] = field(default_factory=list)
    _heads: list[bool] = field(default_factory=list)  # whether a row is all headers
    _down: dict[tuple[int, int], str] = field(default_factory=dict)  # row, column -> text
    _cell: list[str] | None = None
    _names: bool = False  # whether the cell is one of a header
    _plain: bool = False  # whether any of its text is not bold
    _span: tuple[int, int] = (1, 1)

    def open_row(self) -> None:
        self.rows.append([])
        self._heads.append(True)
        self._from_above()

    def open_cell(self, attrs: dict[str, str], head: bool) -> None:
        if not self.rows:
            self.open_row()
        self._cell = []
        self._names, self._plain = head or self.in_head, False
        self._span = _span(attrs.get("colspan", "")), _span(attrs.get("rowspan", ""))

    def write(self, text: str, bold: bool) -> None:
        """Text comes into the open cell; `add` gets it when it is whole."""
        self._plain = self._plain or not (bold or text.isspace())

    def add(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text.removeprefix("- ").replace("\n- ", ", "))  # a list in a cell
        elif text:  # a caption, or text between the cells
            self.rows.append([text])
            self._heads.append(False)

    def close_cell(self) -> None:
        if self._cell is None:
            return
        text = " ".join(" ".join(self._cell).split())
        across, down = self._span
        self._cell = None
        row, place = self.rows[-1], len(self.rows) - 1
        bold = not self._plain if text else not row  # a header's corner is empty
        self._heads[-1] = self._heads[-1] and (self._names or bold)
        for _ in range(across):
            self._down |= {(place + below, len(row)): text for below in range(1, down)}
            row.append(text)
        self._from_above()

    def _from_above(self) -> None:
        """Fills the places that a cell of an earlier row covers."""
        row, place = self.rows[-1], len(self.rows) - 1
        while (place, len(row)) in self._down:
            row.append(self._down.pop((place, len(row))))

    def lines(self) -> list[str]:
        rows = [row for row in self.rows if any(row)]
        heads = [head for row, head in zip(self.rows, self._heads) if any(row)]
        captions = []
        while len(rows) > 1 and len(rows[0]) == 1:  # above the header
            captions += rows.pop(0)
            heads.pop(0)
        if heads[:2] == [True, True] and not all(heads):
            rows[:2], heads[:2] = [_joined(rows[0], rows[1])], [True]
        known = True if heads[:1] == [True] and not all(heads) else None
        return captions + table_lines(rows, known)


def _joined(upper: Cells, lower: Cells) -> Cells:
    """Two rows of headers as one: "Price" over "monthly" is "Price monthly"."""
    filled = upper + [""] * (len(lower) - len(upper))
    pairs = zip(filled, lower)
    return [above if above == below else f"{above} {below}".strip() for above, below in pairs]


def _span(text: str) -> int:
    """As browsers read it: the number that it begins with, 1 where there is none."""
    number = re.match(r"\s*\d{1,4}", text)
    return min(MAX_SPAN, max(1, int(number[0]))) if number else 1
