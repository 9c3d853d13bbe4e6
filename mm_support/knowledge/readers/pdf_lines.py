"""A PDF's page -> its lines in reading order: column by column; tables are one line each.

PDFium knows no lines, only letters and what is drawn at once; of these come pieces, which part no
word (`_pieces`). Those within a grid of drawn rules become a table (`_ruled`); of the others, what
stands close together on one height is joined to a line. Then the page is cut, over and over, along
gutters and under what runs over all columns (`in_order`). Knows no heading, no paragraph and no
other page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from ctypes import addressof, create_string_buffer
from dataclasses import dataclass, replace
from itertools import groupby
from math import hypot
from operator import attrgetter, itemgetter
from statistics import median
from typing import Any

from mm_support.knowledge.readers.letter_spacing import unspaced
from mm_support.knowledge.readers.pdf_rules import Rule, grids, rules_of
from mm_support.knowledge.readers.tables import Cells
from mm_support.runs import runs

BOLD = (b"bold", b"black", b"heavy", b"demi")  # in names of fonts
MAX_NAME = 100  # bytes of one
GUTTER = 0.02  # of the page's width, free between two columns
NARROW = 0.01  # the same, where lines begin below each other behind it
FLOWING = 0.8  # of the longest line, from which most lines of a column of text are
LEVEL = (
    0.6  # of the lines of a column, from which on they may be level with others as a table's are
)
LARGER_HEAD = 1.05  # times the usual font of a column, from which a line may head others
LEVELLED = 1.0  # points by which level lines differ
ALIGNED = 4.0  # points by which lines that begin below each other differ
WIDE = 0.6  # of what all lines cover, from which one runs over all columns
TALLEST = 1.6  # heights of a letter, up to which its font's size is believed
EDGE = 0.1  # of the page's height, above and below
TOUCHING = 0.1  # sizes of letters between pieces, below which no space parts them
LINE_HYPHEN = "\x02"  # for which PDFium takes one between a line and the next
SPACED = re.compile(r"\S(?: \S){3,}")  # letters with blanks between them
WORD_GAP = 1.5  # distances of such letters, from which another word begins
LEAST_LEVEL = 3  # rows of a table between columns of text
SPLIT_FROM = 3  # lines in each cell of a row, from which they are rows without rules between


@dataclass(frozen=True)
class Line:
    """Its box in points from the page's lower left corner; size of its letters; whether it stands
    where running heads do. font: its height, whatever the letters. cells: of a table, its rows;
    bold: whether the first alone is.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    at_edge: bool = False
    font: float = 0.0
    cells: tuple[Cells, ...] = ()
    bold: bool = False


SIZE, FONT = attrgetter("size"), attrgetter("font")  # heights: of its letters, of its font


def page_lines(page: Any) -> list[Line]:
    text = page.get_textpage()
    pieces = _pieces(text, page.get_height())
    text.close()
    tables: list[Line] = []
    for grid in grids(rules_of(page)):
        inside = [piece for piece in pieces if _inside(piece, grid)]
        if (table := _ruled(inside, *grid)) is not None:
            tables.append(table)
            pieces = [piece for piece in pieces if piece not in inside]
    return in_order([*_joined(pieces), *tables], page.get_width())


def _pieces(text: Any, height: float) -> list[Line]:
    """The page's words or more, each in one piece: a word of kerned letters is drawn in several.
    height: of the page."""
    letters = _letters(text)
    pieces: list[Line] = []
    start = 0  # of the last piece
    for first, after in _drawn(text, len(letters)):
        if not text.count_rects(first, after - first):
            continue
        piece = _piece(text, first, letters[first:after], height)
        seam = letters[first - 1 : first + 1]
        if pieces and _goes_on(pieces[-1], piece, seam):
            piece = _around([pieces.pop(), piece], _plain(letters[start:after]))
        else:
            start = first
        pieces.append(piece)
    return [piece for piece in pieces if piece.text]


def _letters(text: Any) -> str:
    """What each of PDFium's places holds; one beyond 16 bits is in two places."""
    from pypdfium2.raw import FPDFText_GetUnicode

    return "".join(chr(FPDFText_GetUnicode(text, at)) for at in range(text.count_chars()))


def _drawn(text: Any, count: int) -> Iterator[tuple[int, int]]:
    """The first place and that after the last one of what is drawn at once. Spaces and breaks that
    PDFium adds are drawn by nothing."""
    from pypdfium2.raw import FPDFText_GetTextObject

    drawn = ((at, FPDFText_GetTextObject(text, at)) for at in range(count))
    own = ((at, addressof(by.contents)) for at, by in drawn if by)
    for _, places in groupby(own, itemgetter(1)):
        numbers = [at for at, _ in places]
        yield numbers[0], numbers[-1] + 1


def _piece(text: Any, first: int, letters: str, height: float) -> Line:
    """What is drawn at once; the box is that of the range that was counted last."""
    left, bottom, right, top = text.get_rect(0)
    size, at_edge = top - bottom, bottom > (1 - EDGE) * height or top < EDGE * height
    font, bold = _font(text, first)
    said = _plain(_spaced_out(text, first, letters) if SPACED.fullmatch(letters) else letters)
    return Line(said, left, bottom, right, top, size, at_edge, max(font, size), bold=bold)


def _spaced_out(text: Any, first: int, letters: str) -> str:
    """Single letters with blanks between them, of which those between words are doubled: PDFium
    gives one for several, but the letters' places tell."""
    places = [at for at, letter in enumerate(letters) if not letter.isspace()]
    boxes = [text.get_charbox(first + at) for at in places]
    gaps = [after[0] - before[2] for before, after in zip(boxes, boxes[1:])]
    wide = WORD_GAP * median(gaps)
    blanks = ["  " if gap > wide else " " for gap in gaps]
    return "".join(letters[at] + blank for at, blank in zip(places, [*blanks, ""]))


def _plain(letters: str) -> str:
    whole = letters.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    plain = whole.replace("\0", "").replace(LINE_HYPHEN, "-")
    return " ".join(unspaced(plain.strip()).split())


def _goes_on(last: Line, piece: Line, seam: str) -> bool:
    """Whether no space parts two pieces, or one that is too narrow to part cells. seam: the letters
    on both sides; of a break alone, the distance of the pieces tells (`_joined`)."""
    after = piece.left - last.right
    if any(map(str.isspace, seam)):
        told = "\n" not in seam or seam[-1].isspace()
        return told and after < TOUCHING * piece.font and _same_line(last, piece)
    distance = max(after, last.left - piece.right, -shared_height(last, piece))
    return distance < last.font and not seam.startswith(LINE_HYPHEN)


def _font(text: Any, at: int) -> tuple[float, bool]:
    """The height of a letter's font, and whether its name says that it is bold. Where a font tells
    no height, PDFium gives the letter's own, and its size tells more.
    """
    from pypdfium2.raw import (
        FS_MATRIX,
        FPDFText_GetFontInfo,
        FPDFText_GetFontSize,
        FPDFText_GetMatrix,
    )

    _, low, _, high = text.get_charbox(at, loose=True)
    name, drawn = create_string_buffer(MAX_NAME), FS_MATRIX()
    FPDFText_GetFontInfo(text, at, name, MAX_NAME, None)
    told = FPDFText_GetMatrix(text, at, drawn)
    size = FPDFText_GetFontSize(text, at) * hypot(drawn.c, drawn.d) if told else 0.0
    height = max(high - low, min(size, TALLEST * (high - low)))
    return height, any(word in name.value.lower() for word in BOLD)


def _joined(pieces: Sequence[Line]) -> list[Line]:
    """Pieces that follow each other closely on one height are one line."""
    lines: list[Line] = []
    for piece in pieces:
        if lines and _same_line(lines[-1], piece):
            last = lines.pop()
            space = "" if piece.left - last.right < TOUCHING * piece.size else " "
            piece = _around([last, piece], f"{last.text}{space}{piece.text}")
        lines.append(piece)
    return lines


def _around(lines: Sequence[Line], text: str) -> Line:
    """One line in place of several."""
    return Line(
        text,
        min(line.left for line in lines),
        min(line.bottom for line in lines),
        max(line.right for line in lines),
        max(line.top for line in lines),
        max(line.size for line in lines),
        lines[0].at_edge,
        max(line.font for line in lines),
        bold=all(line.bold for line in lines),
    )


def _same_line(one: Line, other: Line) -> bool:
    lower = min(one.top - one.bottom, other.top - other.bottom)
    level = shared_height(one, other) > 0.5 * lower
    return level and -one.size < other.left - one.right < 1.5 * one.size


def shared_height(one: Line, other: Line) -> float:
    """Points that both lines stand beside each other; below 0 where one is above the other."""
    return min(one.top, other.top) - max(one.bottom, other.bottom)


def in_order(lines: Sequence[Line], width: float) -> list[Line]:
    """Lines as they are read: down each column, columns from left to right; what runs over all
    columns parts what stands above from what stands below (recursive x-y cut, Nagy 1984)."""
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
    return [line for level in _heights(lines) for line in level]


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
    rows = [_heights(group) for group in groups]
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
    larger = sum(line.font > LARGER_HEAD * usual for line in begins)
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
    groups, rows = _gutters(lines, width), _heights(lines)
    several = sum(len(row) > 1 for row in rows)
    full = len(groups) > 1 and min(map(len, groups)) >= LEAST_LEVEL
    return full and not _are_columns(groups) and several >= max(LEAST_LEVEL, len(rows) - 1)


# -- tables --------------------------------------------------------------------------------


def table_line(rows: Sequence[Cells], lines: Sequence[Line], first: Sequence[Line]) -> Line:
    """A table in place of the lines that it was made of. first: those of its first row."""
    bold = all(line.bold for line in first) and not all(line.bold for line in lines)
    whole = _around(lines, " ".join(cell for row in rows for cell in row))
    size, font = median(line.size for line in lines), median(line.font for line in lines)
    return replace(whole, size=size, font=font, at_edge=False, cells=tuple(rows), bold=bold)


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that follow each other on one height, as in a table, are one row."""

    def beside(row: list[Line], line: Line) -> bool:
        last = row[-1]
        return line.left > last.right and shared_height(last, line) > 0.5 * min(
            last.size, line.size
        )

    return list(runs(lines, beside))


def _middle(line: Line) -> tuple[float, float]:
    return (line.left + line.right) / 2, (line.bottom + line.top) / 2


def _inside(piece: Line, grid: tuple[Rule, Rule]) -> bool:
    x, y = _middle(piece)
    columns, rows = grid
    return columns[0] < x < columns[-1] and rows[0] < y < rows[-1]


def _ruled(pieces: Sequence[Line], columns: Rule, rows: Rule) -> Line | None:
    """The table of a grid; None where most of it is empty, as of a chart."""
    filled = [row for row in _fields(pieces, columns, rows) if any(row)]
    written = [bool(field) for row in filled for field in row]
    if len(filled) < 2 or 3 * sum(written) < len(written):
        return None
    texts = [text for row in filled for text in _texts(row)]
    used = [at for at in range(len(columns) - 1) if any(row[at] for row in texts)]
    if len(used) < 2:
        return None
    return table_line([[row[at] for at in used] for row in texts], pieces, sum(filled[0], []))


def _fields(pieces: Sequence[Line], columns: Rule, rows: Rule) -> list[list[list[Line]]]:
    """The pieces in each field of a grid, row by row from above."""
    fields: list[list[list[Line]]] = [[[] for _ in columns[1:]] for _ in rows[1:]]
    for piece in pieces:
        x, y = _middle(piece)
        own_row = fields[len(rows) - 1 - bisect_left(rows, y)]
        own_row[bisect_left(columns, x) - 1].append(piece)
    return fields


def _texts(row: Sequence[Sequence[Line]]) -> list[Cells]:
    """A row of a grid as one row of texts, or as several that stand in it without rules between."""
    fields = [
        [" ".join(piece.text for piece in level) for level in _heights(field)] for field in row
    ]
    several = [lines for lines in fields if lines]
    count = len(several[0])
    if len(several) > 1 and count >= SPLIT_FROM and all(len(own) == count for own in several):
        return [[lines[at] if lines else "" for lines in fields] for at in range(count)]
    return [[" ".join(lines) for lines in fields]]


def _heights(pieces: Sequence[Line]) -> list[list[Line]]:
    """Pieces line by line from above, in each from left to right."""

    def level(line: list[Line], piece: Line) -> bool:
        return shared_height(line[0], piece) > 0.5 * min(line[0].size, piece.size)

    found = runs(sorted(pieces, key=lambda piece: -piece.top), level)
    return [sorted(line, key=lambda piece: piece.left) for line in found]
