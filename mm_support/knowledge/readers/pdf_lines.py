"""A PDF's page -> its lines in reading order: column by column; tables are one line each.

PDFium knows no lines, only letters and what is drawn at once; of these come pieces, which part no
word (`_pieces`). Those within a grid of drawn rules become a table (`_ruled`); of the others, what
stands close together on one height is joined to a line. Knows no heading, no paragraph and no other
page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from ctypes import addressof, create_string_buffer
from dataclasses import replace
from itertools import groupby
from math import hypot, isclose
from operator import itemgetter
from statistics import median
from typing import Any

from mm_support.knowledge.readers.letter_spacing import unspaced
from mm_support.knowledge.readers.pdf_columns import in_order
from mm_support.knowledge.readers.pdf_line import Line, heights_of, shared_height
from mm_support.knowledge.readers.pdf_rules import Rule, grids, rules_of
from mm_support.knowledge.readers.tables import Cells
from mm_support.runs import runs

BOLD = (b"bold", b"black", b"heavy", b"demi")  # in names of fonts
MAX_NAME = 100  # bytes of one
TALLEST = 1.6  # heights of a letter, up to which its font's size is believed
EDGE = 0.1  # of the page's height, above and below
TOUCHING = 0.1  # heights of the font, or of a letter beside others, that no space leaves free
ALIKE = 0.05  # by which heights of one font differ
LINE_HYPHEN = "\x02"  # for which PDFium takes one between a line and the next
SPACED = re.compile(r"\S(?: \S){3,}")  # letters with blanks between them
WORD_GAP = 1.5  # distances of such letters, from which another word begins
SPLIT_FROM = 3  # lines in each cell of a row, from which they are rows without rules between


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
            height = piece.font if isclose(last.font, piece.font, rel_tol=ALIKE) else piece.size
            space = "" if piece.left - last.right < TOUCHING * height else " "
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
        [" ".join(piece.text for piece in level) for level in heights_of(field)] for field in row
    ]
    several = [lines for lines in fields if lines]
    count = len(several[0])
    if len(several) > 1 and count >= SPLIT_FROM and all(len(own) == count for own in several):
        return [[lines[at] if lines else "" for lines in fields] for at in range(count)]
    return [[" ".join(lines) for lines in fields]]
