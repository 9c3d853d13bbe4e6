"""The contents in front of a PDF: lines of headings and pages, which say nothing that is not read.

    4.1 What you need . . . . . . . . 7

A page's lines are contents where what they say stands elsewhere as lines of their own, and their
numbers are pages in order: names of a menu and their prices stay. Knows no page beside its lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from mm_support.knowledge.readers.pdf_line import Line
from mm_support.knowledge.readers.pdf_lines import rows_of
from mm_support.language.folding import folded

LEAST = 4  # lines of contents on a page
_ENTRY = re.compile(r"(.*?[^\W\d_].*?)(?:(?:\s?[.·…_]){3,}\s*|\s+)(?:(\d{1,4})|[ivxlc]{1,6})")
_NUMBER = re.compile(r"^(?:\d+\s)+(?=\D)")  # 4.1, as folded

Row = list[Line]


class _Entry(NamedTuple):
    """A heading, as compared, and its page: 0 for one in Roman figures."""

    head: str
    page: int


def without_contents(pages: Sequence[Sequence[Line]]) -> tuple[list[list[Line]], list[str]]:
    """The lines of pages without their contents, and what these say, a text a page."""
    tabled = [rows_of(page) for page in pages]
    entries = [[_entry(row) for row in rows] for rows in tabled]
    plain = [
        row for rows, own in zip(tabled, entries) for row, entry in zip(rows, own) if not entry
    ]
    heads = {_head(line.text) for row in plain for line in row}
    kept, left = list[list[Line]](), list[str]()
    for rows, own in zip(tabled, entries):
        start, end = _contents(own, heads, len(pages))
        kept.append([line for row in (*rows[:start], *rows[end:]) for line in row])
        if start < end:
            left.append(" ".join(map(_text, rows[start:end])))
    return kept, left


def _contents(entries: Sequence[_Entry | None], heads: set[str], last: int) -> tuple[int, int]:
    """Where a page's contents begin and end. heads: lines of all pages; last: the highest page."""
    found = [at for at, own in enumerate(entries) if own and own.head in heads]
    if len(found) < LEAST or 2 * len(found) < found[-1] + 1 - found[0]:
        return 0, 0
    numbers = [own.page for own in entries[found[0] : found[-1] + 1] if own and own.page]
    falling = sum(one > other for one, other in pairwise(numbers))
    if max(numbers, default=0) > last or 10 * falling > len(numbers):
        return 0, 0
    start, end = found[0], found[-1] + 1
    while start and entries[start - 1]:
        start -= 1
    while end < len(entries) and entries[end]:
        end += 1
    return start, end


def _entry(row: Row) -> _Entry | None:
    """What a row says that ends with a number."""
    found = _ENTRY.fullmatch(_text(row))
    return _Entry(_head(found[1]), int(found[2] or 0)) if found else None


def _head(text: str) -> str:
    """A heading as compared: without its number."""
    return _NUMBER.sub("", folded(text))


def _text(row: Row) -> str:
    return " ".join(line.text for line in row).strip()
