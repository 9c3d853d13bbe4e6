"""XLSX -> one document a row of every sheet that is seen; merged cells hold their text everywhere.

Runs in the sandbox.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from mm_support.knowledge.readers.base import Document, File, Remarks, quoted
from mm_support.knowledge.readers.delimited import table_documents
from mm_support.knowledge.readers.fields import as_text
from mm_support.knowledge.readers.groups import Row
from mm_support.knowledge.readers.number_formats import formatted

MAX_ROWS = 200_000  # of a sheet
MAX_COLUMNS = 200
# a formula of a sheet that holds no value, as programs write it
UNCOUNTED = re.compile(rb"</f>\s*(?:<v\s*/>\s*|<v></v>\s*)?</c>")


def read_workbook(file: File, remarks: Remarks) -> Iterator[Document]:
    """The rows of each sheet, in the workbook's order."""
    from openpyxl import load_workbook

    if empty := _uncounted(file.data):
        remarks.skip(
            0, f"{empty} formulas hold no value; open and save it in a spreadsheet program"
        )
    book = load_workbook(io.BytesIO(file.data), data_only=True, keep_links=False)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            remarks.skip(0, f"sheet '{sheet.title}' is hidden")
            continue
        several = len(book.worksheets) > 1
        if not several:
            yield from table_documents(_rows(sheet, remarks), file.stem, remarks)
            continue
        told = len(remarks.mapping)
        for document in table_documents(_rows(sheet, remarks), sheet.title, remarks):
            yield replace(document, part=sheet.title)
        name = f"{remarks.file}: "
        named = (
            note.replace(name, f"{remarks.file} ({sheet.title}): ", 1)
            for note in remarks.mapping[told:]
        )
        remarks.mapping[told:] = list(named)


def _uncounted(data: bytes) -> int:
    """How many formulas hold no value: they are counted when a spreadsheet program opens it."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(len(UNCOUNTED.findall(parts.read(name))) for name in names)


def _rows(sheet, remarks: Remarks) -> Iterator[Row]:
    merged, last = _merged(sheet), min(MAX_COLUMNS + 1, sheet.max_column)
    columns, rows = _hidden(sheet, remarks)
    wide = False
    # without a bound of its own openpyxl makes a cell for each column up to the most
    for number, cells in enumerate(sheet.iter_rows(max_col=last), 1):
        if number > MAX_ROWS:
            remarks.skip(number, f"sheet '{sheet.title}' has more than {MAX_ROWS} rows")
            return
        if number in rows:
            continue
        values = [
            merged.get((number, at)) or as_shown(cell)
            for at, cell in enumerate(cells, 1)
            if at not in columns
        ]
        if not wide and any(values[MAX_COLUMNS:]):
            remarks.skip(number, f"sheet '{sheet.title}' has more than {MAX_COLUMNS} columns")
            wide = True
        values = values[:MAX_COLUMNS]
        while values and not values[-1]:
            values.pop()
        if values:
            yield number, values


def _hidden(sheet, remarks: Remarks) -> tuple[set[int], set[int]]:
    """(columns, rows) that the sheet does not show, by their numbers; what they hold is told."""
    columns = {
        at
        for own in sheet.column_dimensions.values()
        if own.hidden
        for at in range(own.min or 1, min(own.max or 1, MAX_COLUMNS) + 1)
    }
    rows = {at for at, own in sheet.row_dimensions.items() if own.hidden}
    for at in sorted(columns):
        texts = (
            cell_text(sheet.cell(row, at).value) for row in range(1, min(sheet.max_row, 50) + 1)
        )
        if name := next(filter(None, texts), ""):
            remarks.skip(0, f"column {quoted(name)} of sheet '{sheet.title}' is hidden")
    if rows:
        first = min(rows)
        remarks.skip(
            first, f"{len(rows)} rows of sheet '{sheet.title}' are hidden, from this one on"
        )
    return columns, rows


def _merged(sheet) -> dict[tuple[int, int], str]:
    """(row, column) -> text of every cell that a merged one covers downwards or sideways; not of
    one that is its whole row, a heading.
    """
    covered: dict[tuple[int, int], str] = {}
    for area in sheet.merged_cells.ranges:
        if area.min_row == area.max_row and area.max_col - area.min_col + 1 >= sheet.max_column:
            continue
        text = as_shown(sheet.cell(area.min_row, area.min_col))
        last = min(area.max_row, area.min_row + MAX_ROWS), min(area.max_col, MAX_COLUMNS)
        for row in range(area.min_row, last[0] + 1):
            covered |= {(row, column): text for column in range(area.min_col, last[1] + 1)}
    return covered


def as_shown(cell) -> str:
    """A cell as a spreadsheet shows it to people: 15%, 129.00 €, 9:00."""
    value, form = cell.value, str(cell.number_format or "").split(";")[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return cell_text(value)
    if "%" in form:
        return f"{cell_text(round(value * 100, 10))}%"
    return formatted(value, form, cell_text(value))


def cell_text(value: object) -> str:
    """A cell as people read it: numbers without exponents, days without midnight."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}".removesuffix(":00")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.12g}"
    return as_text(value)
