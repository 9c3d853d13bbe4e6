"""Tables without rules: lines that stand in columns below each other.

Rows are gathered from above as long as they stand near and each of their cells fits into one column
(`_run`): a column is where cells of several rows lie, and nothing crosses from one into the next.
They are a table where most have several cells and one column is of short labels (`_is_table`), for
columns of running text are none (pdf_lines.py reads those one after the other). Knows no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from statistics import median

from mm_support.knowledge.readers.pdf_line import Line
from mm_support.knowledge.readers.pdf_lines import rows_of, table_line
from mm_support.knowledge.readers.spans import MARK, Span, column_at, with_row
from mm_support.knowledge.readers.tables import Cells, looks_like_header

LEAST_ROWS = 3  # with several cells
NEAR = 2.5  # sizes of letters between two rows of a table, at most
TIGHT = 0.6  # of the usual distance of rows, below which a line goes on with the row above
LABEL = 15  # characters; in one column at least most cells are as short

Row = list[Line]


def with_tables(lines: Sequence[Line], large: float = inf) -> list[Line]:
    """Lines in reading order, where those of a table are one. large: height of a font, above which
    a line alone is a heading and ends a table."""
    rows, found = rows_of(lines), []
    at = 0
    while at < len(rows):
        columns, count = _run(rows[at:], large)
        body = rows[at : at + count]
        if _is_table(body, columns):
            cells, above = _cells(body, columns), rows[at - 1] if at else []
            if above == found[-len(columns) :] and _heads(above, body[0], columns):
                del found[-len(columns) :]
                cells, body = [[line.text for line in above], *cells], [above, *body]
            found.append(table_line(cells, sum(body, []), body[0]))
            at += count
        else:
            found += rows[at]
            at += 1
    return found


def continued(before: Line | None, table: Line) -> Line:
    """A table that goes on on the next page, under the header that it has on the page before."""
    if before is None or not before.cells or _has_header(table):
        return table
    header = before.cells[0]
    same = len(header) == len(table.cells[0]) and _has_header(before)
    return replace(table, cells=(header, *table.cells), bold=before.bold) if same else table


def with_whole_rows(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The lines of pages, where the row of a table that a page's end tears is whole."""
    found: list[list[Line]] = []
    for lines in map(list, pages):
        before = next((page for page in reversed(found) if page), [])
        if before and lines and _is_torn(before[-1], lines[0]):
            *above, row = before[-1].cells
            torn, *below = lines[0].cells
            whole = [f"{cell} {more}".strip() for cell, more in zip(row, torn)]
            before[-1] = replace(before[-1], cells=(*above, whole))
            lines = [*([replace(lines[0], cells=tuple(below))] if below else ()), *lines[1:]]
        found.append(lines)
    return found


def _is_torn(before: Line, table: Line) -> bool:
    """Whether the first row of a table only goes on with cells of the last one of another: it has
    none in the first column, and each begins with a small letter below a text that is not ended.
    """
    if not before.cells or not table.cells or len(before.cells[-1]) != len(table.cells[0]):
        return False
    first, *others = zip(before.cells[-1], table.cells[0])
    goes_on = [cell[0].islower() and bool(above) for above, cell in others if cell]
    return bool(first[0]) and not first[1] and bool(goes_on) and all(goes_on)


def _has_header(table: Line) -> bool:
    return table.bold or looks_like_header(table.cells)


def _run(rows: Sequence[Row], large: float) -> tuple[list[Span], int]:
    """The columns of the rows that may be a table, and how many rows these are."""
    columns: list[Span] = []
    count = 0
    for at, row in enumerate(rows):
        near = not at or _near(rows[at - 1], row)
        near = near and not (at and _is_heading(row, large))
        wider = with_row(columns, [(line.left, line.right) for line in row]) if near else None
        if wider is None or any(line.cells for line in row) or not at and len(row) < 2:
            break
        columns, count = wider, at + 1
    while count and len(rows[count - 1]) < 2:
        count -= 1
    return columns, count


def _is_heading(row: Row, large: float) -> bool:
    return len(row) == 1 and row[0].font > large


def _near(upper: Row, lower: Row) -> bool:
    return 0 <= _gap(upper, lower) + lower[0].size < (NEAR + 1) * lower[0].size


def _gap(upper: Row, lower: Row) -> float:
    return min(line.bottom for line in upper) - max(line.top for line in lower)


def _is_table(rows: Sequence[Row], columns: Sequence[Span]) -> bool:
    several = [row for row in rows if len(row) > 1]
    if len(several) < LEAST_ROWS or 2 * len(several) < len(rows):
        return False
    texts = [list(filter(None, column)) for column in zip(*_cells(several, columns))]
    if all(map(MARK.fullmatch, texts[0])) or min(map(len, texts)) < len(several) / 2:
        return False
    return min(median(map(len, column)) for column in texts) <= LABEL


def _heads(above: Row, first: Row, columns: Sequence[Span]) -> bool:
    """Whether a row has a text for each column of the table below it, wherever between the columns
    beside: a name at the left of its column, over prices at the right.
    """
    if len(above) != len(columns) or not _near(above, first) or any(own.cells for own in above):
        return False
    starts = [0.0, *(right for _, right in columns[:-1])]
    ends = [*(left for left, _ in columns[1:]), columns[-1][1]]
    return all(
        start <= own.left and own.right <= end for own, start, end in zip(above, starts, ends)
    )


def _cells(rows: Sequence[Row], columns: Sequence[Span]) -> list[Cells]:
    """The texts of a table; a line that only goes on with a cell above is joined to it."""
    found: list[Cells] = []
    usual = median(_gap(*pair) for pair in zip(rows, rows[1:])) if len(rows) > 1 else 0.0
    for at, row in enumerate(rows):
        cells = ["" for _ in columns]
        for line in row:
            place = column_at(columns, line.left)
            cells[place] = f"{cells[place]} {line.text}".strip()
        if found and len(row) == 1 and (not cells[0] or _gap(rows[at - 1], row) < TIGHT * usual):
            found[-1] = [f"{above} {cell}".strip() for above, cell in zip(found[-1], cells)]
        else:
            found.append(cells)
    return found
