"""Tables of plain text: cells parted by tabs, by bars, or by blanks and dots below each other.

    Region         Standard     Express         a cell is what no two blanks part; a column is
    Germany        4.90 EUR     9.90 EUR        where cells of several lines lie

Lines whose cells do not begin or end below each other are text. Knows no file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from statistics import median
from typing import NamedTuple

from mm_support.knowledge.readers.spans import MARK, Span, column_at, with_row
from mm_support.knowledge.readers.tables import Cells, table_lines
from mm_support.language.sentences import COLONS, ENDS

LABEL = 30  # characters; in one column at least most cells are as short
LEAST_ROWS = 2  # with several cells
MOST_ROWS = 2_000
LONGEST = 1_000  # characters of a line in columns
_RULED = frozenset(" \t+|:=_~-")  # what a rule is drawn with, and at its crossings
_RULE = re.compile(r"[=_~-]{2}")
_LEADERS = re.compile(r"[ \t]{0,9}(?:\.{4,}|…{2,}|(?: \.){3,})[ \t]{0,9}")  # Coffee ..... 3.50
_CELL = re.compile(r"\S+(?: \S+)*")
_DASH = re.compile(r"^[-–—]{1,2} +(?=\S)")  # Open   -- opens a file


class Table(NamedTuple):
    """rows: as lines that say what each cell means; none where it is no table. count: how many
    lines of the file were looked at."""

    rows: list[str]
    count: int


class _Place(NamedTuple):
    """A cell of aligned columns, and where it stands in its line."""

    start: int
    end: int
    text: str


def table_at(lines: Sequence[str], at: int) -> Table:
    """The table that begins on a line."""
    first = lines[at + 1] if _is_rule(lines[at]) and at + 1 < len(lines) else lines[at]
    if len(_by_bars(first)) > 1:
        return _parted([*_block(lines, at)], _by_bars)
    if len(_by_tabs(first)) > 1:
        own = [*_block(lines, at)]
        shown = _aligned(own) if _is_indented(own) else Table([], 0)
        return shown if shown.rows else _parted(own, _by_tabs)
    if _is_rule(lines[at]) or len(_places(first)) < 2:
        return Table([], 0)
    return _aligned(_block(lines, at))


def _block(lines: Sequence[str], at: int) -> Iterator[str]:
    """The lines up to a blank one."""
    end = min(len(lines), at + MOST_ROWS)
    return takewhile(str.strip, (lines[place] for place in range(at, end)))


def _is_rule(line: str) -> bool:
    return bool(_RULE.search(line)) and _RULED.issuperset(line)


def _by_bars(line: str) -> Cells:
    own = line.strip()
    if "|" not in own or _is_rule(line):
        return []
    return [cell.strip() for cell in own.removeprefix("|").removesuffix("|").split("|")]


def _by_tabs(line: str) -> Cells:
    return [cell.strip() for cell in line.split("\t")] if "\t" in line.strip() else []


def _is_indented(lines: Sequence[str]) -> bool:
    """Whether several tabs move a cell to its column, as many as it takes in each line."""
    counts = {line.count("\t") for line in lines if "\t" in line.strip()}
    return len(counts) > 1 and any("\t\t" in line.strip() for line in lines)


def _parted(lines: Sequence[str], cells_of: Callable[[str], Cells]) -> Table:
    """The table of lines that a sign parts; one of a single cell belongs to it where others
    follow."""
    rows = [cells_of(line) for line in lines]
    count = 1 + max(at for at, row in enumerate(rows) if len(row) > 1)
    kept = [row or [line.strip()] for row, line in zip(rows[:count], lines) if not _is_rule(line)]
    if not _are_rows(kept) or cells_of is _by_bars and not _are_even(kept):
        return Table([], count)
    width = max(map(len, kept))
    filled = [at for at in range(width) if any(row[at : at + 1] > [""] for row in kept)]
    return _table([[row[at] for at in filled if at < len(row)] for row in kept], lines, count)


def _are_rows(rows: Sequence[Sequence[str]]) -> bool:
    """Whether most have several cells, at least two, and do not begin with the marks of a list or
    with labels that repeat ("Q:")."""
    several = [row for row in rows if len(row) > 1]
    firsts = [next(filter(None, row), "") for row in several]
    listed = all(map(MARK.fullmatch, firsts))
    labelled = len(set(firsts)) < len(firsts) and all(text.endswith(COLONS) for text in firsts)
    enough = len(several) >= LEAST_ROWS and 2 * len(several) >= len(rows)
    return enough and not listed and not labelled


def _are_even(rows: Sequence[Cells]) -> bool:
    """Whether most rows of several cells have the same number of them."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return 3 * widths.most_common(1)[0][1] >= 2 * widths.total()


def _table(rows: Sequence[Cells], lines: Sequence[str], count: int) -> Table:
    """count: of the lines that the rows were made of. A rule below the first of them alone tells
    that it names the columns."""
    rules = [_is_rule(line) for line in lines[:count]]
    below = rules[rules.index(False) + 1 :]
    ruled = below[:1] == [True] and not any(below[1:])
    closed = count < len(lines) and _is_rule(lines[count])
    return Table(table_lines(rows, ruled or None), count + closed)


# -- columns of blanks ---------------------------------------------------------------------


def _places(line: str) -> list[_Place]:
    """The cells of a line in places as they are shown: wide signs take two. None of a line that is
    longer than anybody's."""
    if len(line) > LONGEST:
        return []
    plain = _LEADERS.sub(lambda dots: " " * len(dots[0]), line)
    found = []
    for cell in _CELL.finditer(plain):
        start = _width(plain[: cell.start()].expandtabs())
        found.append(_Place(start, start + _width(cell[0]), cell[0]))
    return found


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)


def _aligned(lines: Iterable[str]) -> Table:
    seen: list[str] = []
    rows: list[list[_Place]] = []
    columns: list[Span] = []
    count = 0  # of the lines up to the last one with several cells
    for line in lines:
        seen.append(line)
        places = [] if _is_rule(line) else _places(line)
        wider = with_row(columns, [(place.start, place.end) for place in places])
        if wider is None or len({column_at(wider, own.start) for own in places}) < len(places):
            break  # a cell lies in two columns, or two in one
        columns = wider
        rows.append(places)
        count = len(rows) if len(places) > 1 else count
    rows = [row for row in rows[:count] if row]
    texts = [[place.text for place in row] for row in rows]
    if not _are_rows(texts) or not _are_columns(rows, columns):
        return Table([], max(1, count))
    return _table(_cells(rows, columns), seen, count)


def _are_columns(rows: Sequence[Sequence[_Place]], columns: Sequence[Span]) -> bool:
    """Whether cells stand below each other, those of one column are short, and few are sentences
    that two blanks part. Two rows alone must have figures below each other."""
    several = [row for row in rows if len(row) > 1]
    held: list[list[_Place]] = [[] for _ in columns]
    for place in (place for row in several for place in row):
        held[column_at(columns, place.start)].append(place)
    filled = [column for column in held if column]
    ended = sum(row[0].text.endswith(ENDS) for row in several)
    if len(filled) < 2 or 2 * ended > len(several):
        return False
    figures = any(all(map(_has_digit, column)) for column in filled)
    short = min(median(len(place.text) for place in column) for column in filled)
    enough = len(several) > LEAST_ROWS or figures
    return enough and short <= LABEL and all(map(_is_even, filled))


def _has_digit(place: _Place) -> bool:
    return any(map(str.isdecimal, place.text))


def _is_even(column: Sequence[_Place]) -> bool:
    """Whether most cells begin, or end, below each other."""
    ends = Counter(place.start for place in column), Counter(place.end for place in column)
    return any(own.most_common(1)[0][1] * 2 > len(column) for own in ends)


def _cells(rows: Sequence[Sequence[_Place]], columns: Sequence[Span]) -> list[Cells]:
    """The texts of each row; a line that only goes on with a cell above is joined to it."""
    found: list[Cells] = []
    for row in rows:
        cells = ["" for _ in columns]
        for place in row:
            at = column_at(columns, place.start)
            cells[at] = _DASH.sub("", place.text) if at else place.text
        if found and len(row) == 1 and not cells[0]:
            found[-1] = [f"{above} {cell}".strip() for above, cell in zip(found[-1], cells)]
        else:
            found.append(cells)
    return found
