"""CSV and its kin, as spreadsheets and people save them -> one document a row.

Any separator, any line end, quotes that are not closed or not needed: what is broken costs its own
row and is remarked. A table without questions and answers becomes "header: value" lines.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice, zip_longest

from mm_support.knowledge.readers.base import Block, Document, File, Remarks
from mm_support.knowledge.readers.columns import (
    REST,
    SURE_GUARDS,
    Columns,
    are_of_customers,
    is_sentence,
    is_unpublished,
    map_columns,
    map_names,
)
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_list, as_text, slug
from mm_support.knowledge.readers.groups import (
    Row,
    by_group,
    has_group_rows,
    is_group,
    leads_down,
    led_down,
    with_more,
)
from mm_support.knowledge.readers.heads import split_beside, split_captions, split_tables
from mm_support.knowledge.readers.rows import row_document, text_of
from mm_support.knowledge.readers.table_notes import split_notes, with_notes
from mm_support.knowledge.readers.tables import row_line, says_anything, table_lines
from mm_support.language.field_names import is_own
from mm_support.language.written_dates import Order, leading_date, order_in

SEPARATORS = ",;\t|"
MAX_CELL = 2 * 2**20  # characters
MAX_RECORD_LINES = 2_000  # lines of one row; a quote that is open longer was never closed
JUDGED = 200  # rows by which separator and columns are judged
MAX_LENIENT = 5_000  # characters of a broken row in which its cells are looked for
_SEP_LINE = re.compile(r"\A\s*\"?sep=(.)\"?[ ]*\n", re.IGNORECASE)


def read_delimited(file: File, remarks: Remarks) -> Iterator[Document]:
    """A document a row, in the file's order."""
    text = decode(file.data, remarks)
    named = _SEP_LINE.match(text)
    # not splitlines: it also breaks where a cell holds a line separator of Unicode
    lines = text.split("\n") if not named else ["", *text[named.end() :].split("\n")]
    separator = named[1] if named else sniff(lines)
    rows = (row for row in _records(lines, separator, remarks) if any(row[1]))
    yield from table_documents(rows, file.stem, remarks)


def sniff(lines: Sequence[str]) -> str:
    """The separator that gives known column names, then the most even rows."""
    return max(SEPARATORS, key=lambda separator: _evenness(lines, separator))


def _evenness(lines: Sequence[str], separator: str) -> tuple[int, float, int]:
    """(known names in the first row, share of the rows of the commonest width, that width)."""
    head = list(islice(_records(lines[: JUDGED * 5], separator, Remarks("")), JUDGED))
    rows = [cells for _, cells in head if any(cells)]
    if not rows:
        return 0, 0.0, 0
    widths = Counter(len(cells) for cells in rows)
    width, times = widths.most_common(1)[0]
    names = sum(map(bool, map_names(rows[0]).fields))
    if width == 1:
        return min(names, 1), 0.0, width
    return names, times / len(rows), width


# -- rows ----------------------------------------------------------------------------------


def _records(lines: Sequence[str], separator: str, remarks: Remarks) -> Iterator[Row]:
    """(line, cells) of each row. A row that cannot be read is remarked; the next line is a row."""
    csv.field_size_limit(MAX_CELL)
    at = 0
    while at < len(lines):
        cells, after = _record(lines, at, separator)
        if cells is None and len(lines[at]) > MAX_CELL:
            remarks.skip(at + 1, f"it has a cell of more than {MAX_CELL:,} characters; split it")
            cells, after = [], at + 1
        elif cells is None:
            cells, after = _lenient(lines[at], separator), at + 1
            said = "a quote in it is not closed or not doubled"
            remarks.warn(at + 1, f"{said}; the row was read as far as it can be told")
        yield at + 1, [cell.strip() for cell in cells]
        at = after


def _record(lines: Sequence[str], at: int, separator: str) -> tuple[list[str] | None, int]:
    """The cells of the row that begins at a line, and the line after it; None if it is broken."""
    text, after = lines[at], at + 1
    while after - at < MAX_RECORD_LINES:
        try:
            rows = csv.reader([text], delimiter=separator, strict=True, skipinitialspace=True)
            return next(rows, []), after
        except csv.Error as exc:
            if "unexpected end" not in str(exc) or after >= len(lines):
                return None, at + 1
        ahead = range(after, min(len(lines), at + MAX_RECORD_LINES))
        more = next((place for place in ahead if '"' in lines[place]), None)
        if more is None:
            return None, at + 1
        text, after = "\n".join([text, *lines[after : more + 1]]), more + 1
    return None, at + 1


def _lenient(line: str, separator: str) -> list[str]:
    """Cells of one line in which a quote ends a cell only before a separator or the end."""
    if len(line) > MAX_LENIENT:
        return next(csv.reader([line], delimiter=separator))
    own = re.escape(separator)
    cell = re.compile(rf'\s*"((?:[^"]|"(?!\s*(?:{own}|$)))*)"\s*(?={own}|$)|([^{own}]*)')
    cells, place = [], 0
    while place <= len(line):
        found = cell.match(line, place)
        assert found is not None  # the second alternative matches anything
        quoted = found[1]
        cells.append(found[2] if quoted is None else quoted.replace('""', '"'))
        place = found.end() + 1
    return cells


# -- tables --------------------------------------------------------------------------------


def table_documents(rows: Iterator[Row], stem: str, remarks: Remarks) -> Iterator[Document]:
    """A document a row of all tables of a CSV file or a sheet. stem: their title for want of a
    better one, and what ids are made of."""
    tables = split_tables([row for row in rows if says_anything(row[1])])
    for table in chain.from_iterable(map(split_beside, tables)):
        yield from _documents(table, stem, remarks)


def _documents(rows: Sequence[Row], stem: str, remarks: Remarks) -> Iterator[Document]:
    """A document a row of one table."""
    table, notes, others = split_notes(rows)
    following = iter(table)
    captions, first = split_captions(list(islice(following, JUDGED)))
    if not first:
        return
    leading = leads_down([cells for _, cells in first])
    columns, header = _columns([cells for _, cells in first], leading)
    if header and are_of_customers(columns.names, first[0][0], remarks):
        return
    if not any(columns.fields):
        names = [name for name in columns.names if header]
        below = chain(first[header and len(names) > 1 :], following)
        texts = [*captions, *(row_line(names, cells) for _, cells in below)]
        yield Document(stem, (Block("list", "\n".join(texts), parts=tuple(texts)),), row=True)
        return
    if not _can_answer(columns):
        missing = [name for name in ("answer", "title") if name not in columns.fields]
        remarks.skip(first[0][0], f"the header lacks {' and '.join(missing)}")
        return
    if note := columns.note():
        remarks.mapping.append(f"{remarks.file}: {note}")
    name, said = _named(captions, stem, remarks)
    if said:
        yield Document(name, (Block("text", said),), "", first[0][0], row=True)
    orders = _day_orders(columns, [cells for _, cells in first])
    first = [_with_days(row, orders) for row in first]
    below = (_with_days(row, orders) for row in following)
    body = led_down(chain(first[header:], below)) if leading else chain(first[header:], below)
    grouped = has_group_rows([cells for _, cells in first[header:]], "answer" in columns.fields)
    for group, row, more in _with_groups(columns, body, grouped):
        for document in _row(columns, *row, _Table(stem, name, header, group, notes), remarks):
            yield _continued(document, columns, row[1], more)
    if others:
        texts = [" ".join(filter(None, cells)) for _, cells in others]
        block, own = Block("text", "\n".join(texts)), slug(f"{stem}: {texts[0]}")
        yield Document(name, (block,), "", others[0][0], own, row=True)


def _with_groups(
    columns: Columns, body: Iterable[Row], grouped: bool
) -> Iterator[tuple[str, Row, list[list[str]]]]:
    """(group, row, the rows that go on with it) of a table."""
    if grouped:
        yield from ((group, row, []) for group, row in by_group(body))
        return
    told = [at for at, field in enumerate(columns.fields) if field in ("title", "answer")]
    key = columns.fields.index("id") if "id" in columns.fields else 0
    keyed = len(told) > 1 and key not in told
    rows = with_more(body, key, told) if keyed else ((row, []) for row in body)
    yield from (("", row, more) for row, more in rows)


def _continued(
    document: Document, columns: Columns, cells: Sequence[str], more: Sequence[Sequence[str]]
) -> Document:
    """The document with what the rows say that go on with its own. cells: of its own row."""
    lines, pictures = [], list(document.pictures)
    for others in more:
        pictures += as_list(columns.values(others).get("pictures"))
        said = columns.rest(others, cells)
        lines += [row_line(*zip(*said))] if said else []
    block = Block("table", "\n".join(lines), line=document.line, parts=tuple(lines))
    blocks = (*document.blocks, block) if lines else document.blocks
    return replace(document, blocks=blocks, pictures=tuple(dict.fromkeys(pictures)))


def _day_orders(columns: Columns, rows: Sequence[Sequence[str]]) -> dict[int, Order]:
    """Column of days of change -> the order of those that may be read both ways, where it is told;
    where answers begin or cease to hold, people are asked instead."""
    days = [at for at, field in enumerate(columns.fields) if field == "updated"]
    orders = {at: order_in(row[at] for row in rows if at < len(row)) for at in days}
    return {at: order for at, order in orders.items() if order}


def _with_days(row: Row, orders: Mapping[int, Order]) -> Row:
    """The row with its days of change as 2026-02-03."""
    line, cells = row
    days = {
        at: leading_date(cell.strip(), orders[at]) for at, cell in enumerate(cells) if at in orders
    }
    said = {at: date(*day.readings[0]).isoformat() for at, day in days.items() if day}
    return line, [said.get(at, cell) for at, cell in enumerate(cells)]


@dataclass(frozen=True)
class _Table:
    """What a row lies in. stem: what ids are made of; header: whether the table names its columns;
    group: of the row, or ""; notes: mark -> what a note says."""

    stem: str
    name: str
    header: bool
    group: str
    notes: Mapping[str, str]


def _columns(rows: Sequence[Sequence[str]], leading: bool) -> tuple[Columns, bool]:
    """As map_columns; a first row that names a group of rows names no columns. leading: whether the
    first column holds groups of rows, their topics."""
    below = [row for row in rows if not is_group(row)]
    if is_group(rows[0]) and below and any(map(is_group, rows[1:])):
        return map_columns(below)[0], False
    if not leading:
        return map_columns(rows)
    columns, header = map_columns([row[1:] for row in rows])
    names = (rows[0][0] if header else "", *columns.names)
    guessed = frozenset(at + 1 for at in columns.guessed)
    return Columns(names, ("topic", *columns.fields), guessed), header


def _named(captions: Sequence[str], stem: str, remarks: Remarks) -> tuple[str, str]:
    """(name, text) of a table by what stands above its header."""
    named = bool(captions) and not is_sentence(captions[0])
    if named:
        remarks.mapping.append(f"{remarks.file}: '{captions[0]}' is the table's name")
    return captions[0] if named else stem, "\n".join(captions[named:])


def _can_answer(columns: Columns) -> bool:
    listed = bool({"", "category"} & {*columns.fields}) or {"title", "code"} <= set(columns.fields)
    return "answer" in columns.fields or listed and len(columns.fields) > 1


def _row(
    columns: Columns, line: int, cells: list[str], table: _Table, remarks: Remarks
) -> Iterator[Document]:
    if any(cells[len(columns.names) :]):
        said = "it has more cells than the header; quote cells that hold the separator"
        remarks.skip(line, said)
        return
    noted = with_notes(columns.names, cells, table.notes)
    row, told = columns.values(cells), columns.values(noted)
    row |= {field: told[field] for field in ("answer", REST) if field in told}
    named = zip_longest(columns.names, columns.fields, noted, fillvalue="")
    noted = ["" if is_own(name) or field in SURE_GUARDS else cell for name, field, cell in named]
    row |= {"topic": table.group} if table.group and not row.get("topic") else {}
    if "answer" not in columns.fields:
        if not is_unpublished(row, line, remarks, SURE_GUARDS):
            yield _table_row(columns, row, line, noted, table)
        return
    if "title" not in columns.fields and not row.get("questions"):
        row["title"] = table.name
    document = row_document(row, line, remarks)
    if document is not None:
        yield document


def _table_row(
    columns: Columns, row: dict[str, object], line: int, cells: list[str], table: _Table
) -> Document:
    """A row of a table that holds no questions and answers."""
    (text,) = [row_line(columns.names, cells)] if table.header else table_lines([cells], False)
    title, first = text_of(row.get("title")), next((cell for cell in cells if cell), table.stem)
    named = columns.names_rows and title
    topic = text_of(row.get("topic"))
    path = ["" if named else table.name, topic, title or first]
    called = ": ".join(dict.fromkeys(filter(None, path)))
    code = as_text(row.get("code")) or title or first
    own = as_text(row.get("id")) or slug(": ".join(filter(None, [table.stem, topic, code])))
    block = Block("table", text, line=line, parts=(text,))
    return Document(called, (block,), "", line, own, row=True)
