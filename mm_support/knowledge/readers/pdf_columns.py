"""The lines of a PDF's page in the order in which they are read: column by column.

The page is cut, over and over, along gutters and under what runs over all columns (recursive x-y
cut, Nagy 1984). Where something ends within the page, as the last line of a text above, a column is
told by lines that begin below each other. Knows no letter and no table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from statistics import median

from mm_support.knowledge.readers.pdf_line import Line, heights_of
from mm_support.runs import runs

GUTTER = 0.02  # of the page's width, free between two columns
NARROW = 0.01  # the same, where lines begin below each other behind it
ALIGNED = 4.0  # points by which lines that begin below each other differ
FLOWING = 0.8  # of the longest line, from which most lines of a column of text are
# share of the lines of a column, from which on they are level with others as a table's are
LEVEL = 0.6
LEVELLED = 1.0  # points by which level lines differ
LARGER = 1.05  # times the usual font of a column, from which a line may head others
WIDE = 0.6  # of what all lines cover, from which one runs over all columns
LEAST_LEVEL = 3  # rows of a table between columns of text
SIZE, FONT = attrgetter("size"), attrgetter("font")  # heights: of its letters, of its font


def in_order(lines: Sequence[Line], width: float) -> list[Line]:
    """Lines as they are read: down each column, columns from left to right; what runs over all
    columns parts what stands above from what stands below."""
    if len(lines) < 2:
        return list(lines)
    columns = _columns(lines, width)
    if len(columns) > 1:
        parts = _around_tables(lines, width)
        return [line for part in parts or columns for line in in_order(part, width)]
    if cut := _around_tables(lines, width) or _cut(lines, width):
        return [line for part in cut for line in in_order(part, width)]
    for bands in _bands(lines), _parted(lines):
        if any(len(_columns(band, width)) > 1 for band in bands):
            return [line for band in bands for line in in_order(band, width)]
    return [line for level in heights_of(lines) for line in level]


def _columns(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """Columns of text between which a gutter runs from top to bottom."""
    groups = _gutters(lines, width)
    return groups if _are_columns(groups) else [list(lines)]


def _gutters(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """Groups of lines, left and right of the gutters that run from top to bottom."""
    ordered = sorted(lines, key=lambda line: line.left)
    groups, reach = [[ordered[0]]], ordered[0].right
    for line in ordered[1:]:
        if line.left - reach > GUTTER * width:
            groups.append([])
        groups[-1].append(line)
        reach = max(reach, line.right)
    return groups


def _are_columns(groups: Sequence[Sequence[Line]]) -> bool:
    """Whether groups are columns of text and not those of a table, whose lines are level. Justified
    text may stand in several pieces on one height.
    """
    if len(groups) < 2 or min(map(len, groups)) < 3:
        return False
    rows = [heights_of(group) for group in groups]
    usual = [median(sum(len(line.text) for line in row) for row in own) for own in rows]
    return min(usual) > 15


def _cut(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """Columns, and what runs over them or ends just before the second one, from above; nothing
    where no lines begin below each other in a second column."""
    starts = Counter(round(line.left / ALIGNED) for line in lines)
    several = [start * ALIGNED for start, count in starts.items() if count >= LEAST_LEVEL]
    cuts = [_cut_at(start, lines, width) for start in sorted(several)[1:]]
    return max(cuts, key=len, default=[])


def _cut_at(start: float, lines: Sequence[Line], width: float) -> list[list[Line]]:
    """The same, where the second column begins at `start` points; nothing where none does."""

    def crosses(line: Line) -> bool:
        return line.left < start - ALIGNED and line.right > start - NARROW * width

    parts: list[list[Line]] = []
    found = False
    for across, band in groupby(sorted(lines, key=lambda line: -line.top), crosses):
        own = list(band)
        beside = [
            [line for line in own if (line.left < start - ALIGNED) == left] for left in (1, 0)
        ]
        columns = not across and _are_beside(*beside)
        found = found or columns
        parts += beside if columns else [own]
    return parts if found else []


def _are_beside(left: Sequence[Line], right: Sequence[Line]) -> bool:
    """Whether two groups of lines are columns of a page: texts, or others under headings of their
    own, not level as a table's are.
    """
    if min(len(left), len(right)) < LEAST_LEVEL:
        return False
    if _are_columns([left, right]) and _flows(left) and _flows(right):
        return True
    if not (_has_heading(left) and _has_heading(right)):
        return False
    fewer, more = sorted((left, right), key=len)
    level = sum(any(_are_level(line, other) for other in more) for line in fewer)
    return level < LEVEL * len(fewer)


def _has_heading(column: Sequence[Line]) -> bool:
    """Whether some lines that begin where the column does, but not most, are larger."""
    start, usual = min(line.left for line in column), median(line.font for line in column)
    begins = [line for line in column if line.left < start + ALIGNED]
    larger = sum(line.font > LARGER * usual for line in begins)
    return 0 < larger < 0.5 * len(begins)


def _are_level(one: Line, other: Line) -> bool:
    return min(abs(one.bottom - other.bottom), abs(one.top - other.top)) < LEVELLED


def _flows(column: Sequence[Line]) -> bool:
    """Whether most lines of a column are nearly as long as the longest, as those of a text are."""
    widths = [line.right - line.left for line in column]
    return median(widths) > FLOWING * max(widths)


def _bands(lines: Sequence[Line]) -> list[list[Line]]:
    """The widest lines cut the page into bands that may have columns of their own."""
    reach = max(line.right for line in lines) - min(line.left for line in lines)
    from_above = sorted(lines, key=lambda line: -line.top)
    parts = groupby(from_above, lambda line: line.right - line.left > WIDE * reach)
    return [list(band) for _, band in parts]


def _parted(lines: Sequence[Line], height: Callable[[Line], float] = SIZE) -> list[list[Line]]:
    """The bands between which the page is blank from side to side for more than a line's height."""

    def goes_on(band: list[Line], line: Line) -> bool:
        return min(one.bottom for one in band) - line.top < height(line)

    return list(runs(sorted(lines, key=lambda line: -line.top), goes_on))


def _around_tables(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """What stands above, in and below tables that have the gutters of the columns of text beside
    them; nothing where there are none."""

    def goes_on(bands: list[list[Line]], band: list[Line]) -> bool:
        return not (_is_level(bands[-1], width) or _is_level(band, width))

    bands = _parted(lines, FONT)
    parts = [sum(group, []) for group in runs(bands, goes_on)]
    return parts if len(parts) > 1 else []


def _is_level(lines: Sequence[Line], width: float) -> bool:
    """Whether nearly all lines stand beside others, in columns of which one has short texts."""
    groups, rows = _gutters(lines, width), heights_of(lines)
    several = sum(len(row) > 1 for row in rows)
    full = len(groups) > 1 and min(map(len, groups)) >= LEAST_LEVEL
    return full and not _are_columns(groups) and several >= max(LEAST_LEVEL, len(rows) - 1)
