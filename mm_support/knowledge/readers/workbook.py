"""XLSX -> one document a row of every sheet that is seen; merged cells hold their text everywhere.

Runs in the sandbox.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.delimited import Row, table_documents
from mm_support.knowledge.readers.fields import as_text

MAX_ROWS = 200_000  # of a sheet
MAX_COLUMNS = 200


def read_workbook(file: File, remarks: Remarks) -> Iterator[Document]:
    """The rows of each sheet, in the workbook's order."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(file.data), data_only=True, keep_links=False)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            remarks.skip(0, f"sheet '{sheet.title}' is hidden")
            continue
        several = len(book.worksheets) > 1
        stem = sheet.title if several else file.stem
        yield from table_documents(_rows(sheet, remarks), stem, remarks)


def _rows(sheet, remarks: Remarks) -> Iterator[Row]:
    merged = _merged(sheet)
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if number > MAX_ROWS:
            remarks.skip(number, f"sheet '{sheet.title}' has more than {MAX_ROWS} rows")
            return
        values = [merged.get((number, at)) or cell_text(c.value) for at, c in enumerate(cells, 1)]
        while values and not values[-1]:
            values.pop()
        if values:
            yield number, values


def _merged(sheet) -> dict[tuple[int, int], str]:
    """(row, column) -> text of every cell that a merged one covers downwards or sideways."""
    covered: dict[tuple[int, int], str] = {}
    for area in sheet.merged_cells.ranges:
        text = cell_text(sheet.cell(area.min_row, area.min_col).value)
        last = min(area.max_row, area.min_row + MAX_ROWS), min(area.max_col, MAX_COLUMNS)
        for row in range(area.min_row, last[0] + 1):
            covered |= {(row, column): text for column in range(area.min_col, last[1] + 1)}
    return covered


def cell_text(value: object) -> str:
    """A cell as people read it: numbers without exponents, days without midnight."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.12g}"
    return as_text(value)
