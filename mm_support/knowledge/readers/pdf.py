"""PDF -> one document: paragraphs in reading order, column by column, headings by their size.

Lines that repeat at the edges of pages are left out. A page without text is a "scan" block, whose
picture the caller may have read. Runs in the sandbox.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Any

from mm_support.knowledge.readers.base import Block, Document, File, Remarks

MAX_PAGES = 2_000
MAX_SCANS = 100  # pages rendered for OCR
SCAN_SIDE = 2_000  # pixels
LARGER = 1.15  # times the usual height of a line, from which it is a heading
GAP = 1.6  # usual distances of lines, from which a paragraph ends
GUTTER = 0.02  # of the page's width, free between two columns
EDGE = 0.1  # of the page's height, above and below
_MASK = re.compile(r"\d+")


@dataclass(frozen=True)
class Line:
    """A line of text; its box in points from the page's lower left corner; size of its letters;
    whether it stands where running heads and page numbers do."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    at_edge: bool = False


def read_pdf(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file. An encrypted one is remarked."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(file.data)
    except pypdfium2.PdfiumError as exc:
        secret = "password" in str(exc).lower()
        encrypted = "it is encrypted; save it without a password"
        remarks.skip(0, encrypted if secret else "it is damaged or no PDF")
        return
    if len(pdf) > MAX_PAGES:
        remarks.skip(0, f"it has {len(pdf)} pages; the first {MAX_PAGES} were read")
    count = min(len(pdf), MAX_PAGES)
    pages = [_page_lines(pdf[at]) for at in range(count)]
    repeated, usual = repeated_lines(pages), _usual_size(pages)
    blocks: list[Block] = []
    for number, lines in enumerate(pages, 1):
        if not lines:
            blocks += _scan(pdf[number - 1], number, file, blocks)
        own = [line for line in lines if not (line.at_edge and _mask(line.text) in repeated)]
        blocks += _blocks(own, usual, number)
    yield _titled(blocks, str(pdf.get_metadata_dict().get("Title") or "").strip(), file)


def _usual_size(pages: Sequence[Sequence[Line]]) -> float:
    """The median size of letters, by the length of the lines."""
    sizes: list[float] = []
    for line in chain.from_iterable(pages):
        sizes += [line.size] * (len(line.text) // 10 + 1)
    return median(sizes) if sizes else 0.0


def _titled(blocks: Sequence[Block], title: str, file: File) -> Document:
    """The document, without the heading that is its title. title: of the file's properties; the
    first heading is trusted more where the first blocks do not say the same.
    """
    first = blocks[:5]
    headings = [block for block in first if block.kind == "heading"]
    told = bool(title) and title in [block.text for block in first]
    if headings and not told:
        title = headings[0].text
    same = next((block for block in headings if block.text == title), None)
    rest = tuple(block for block in blocks if block is not same)
    return Document(title or file.stem, rest, file.name)


def _mask(text: str) -> str:
    return _MASK.sub("0", " ".join(text.split()).casefold())


def repeated_lines(pages: Sequence[Sequence[Line]]) -> set[str]:
    """Masked texts of lines at the edges that stand on most of at least three pages."""
    edges = [{_mask(line.text) for line in lines if line.at_edge} for lines in pages if lines]
    counts = Counter(text for edge in edges for text in edge)
    return {text for text, times in counts.items() if times >= max(3, 0.5 * len(edges))}


# -- a page's lines ------------------------------------------------------------------------


def _page_lines(page: Any) -> list[Line]:
    text = page.get_textpage()
    height = page.get_height()
    pieces = [_piece(text, at, height) for at in range(text.count_rects())]
    text.close()
    lines = _joined([piece for piece in pieces if piece.text])
    return in_order(lines, page.get_width())


def _piece(text: Any, at: int, height: float) -> Line:
    left, bottom, right, top = text.get_rect(at)
    said = " ".join(text.get_text_bounded(left, bottom, right, top).split())
    at_edge = bottom > (1 - EDGE) * height or top < EDGE * height
    return Line(said, left, bottom, right, top, top - bottom, at_edge)


def _joined(pieces: Sequence[Line]) -> list[Line]:
    """Pieces that follow each other closely on one height are one line."""
    lines: list[Line] = []
    for piece in pieces:
        last = lines[-1] if lines else None
        if last and _same_line(last, piece):
            space = "" if piece.left - last.right < 0.1 * piece.size else " "
            lines[-1] = Line(
                f"{last.text}{space}{piece.text}",
                min(last.left, piece.left),
                min(last.bottom, piece.bottom),
                max(last.right, piece.right),
                max(last.top, piece.top),
                max(last.size, piece.size),
                last.at_edge,
            )
        else:
            lines.append(piece)
    return lines


def _same_line(one: Line, other: Line) -> bool:
    lower = min(one.top - one.bottom, other.top - other.bottom)
    level = _shared_height(one, other) > 0.5 * lower
    return level and -one.size < other.left - one.right < 1.5 * one.size


def _shared_height(one: Line, other: Line) -> float:
    """Points that both lines stand beside each other; below 0 where one is above the other."""
    return min(one.top, other.top) - max(one.bottom, other.bottom)


def in_order(lines: Sequence[Line], width: float) -> list[Line]:
    """Lines as they are read: down each column, columns from left to right; what runs over all
    columns parts what stands above from what stands below (recursive x-y cut, Nagy 1984)."""
    if len(lines) < 2:
        return list(lines)
    columns = _columns(lines, width)
    if len(columns) > 1:
        return [line for column in columns for line in in_order(column, width)]
    bands = _bands(lines, width)
    if len(bands) > 1:
        return [line for band in bands for line in in_order(band, width)]
    return sorted(lines, key=lambda line: (-round(line.top), line.left))


def _columns(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """Groups of lines between which a gutter runs from top to bottom."""
    ordered = sorted(lines, key=lambda line: line.left)
    groups, reach = [[ordered[0]]], ordered[0].right
    for line in ordered[1:]:
        if line.left - reach > GUTTER * width:
            groups.append([])
        groups[-1].append(line)
        reach = max(reach, line.right)
    return groups if _are_columns(groups) else [list(lines)]


def _are_columns(groups: Sequence[Sequence[Line]]) -> bool:
    """Whether groups are columns of text and not those of a table, whose lines are level."""
    if len(groups) < 2 or min(map(len, groups)) < 3:
        return False
    usual = [median(len(line.text) for line in group) for group in groups]
    return min(usual) > 15


def _bands(lines: Sequence[Line], width: float) -> list[list[Line]]:
    """The widest lines cut the page into bands that may have columns of their own."""
    ordered = sorted(lines, key=lambda line: -line.top)
    span = max(line.right for line in lines) - min(line.left for line in lines)
    wide = [line.right - line.left > 0.6 * span for line in ordered]
    bands: list[list[Line]] = []
    for at, line in enumerate(ordered):
        if not at or wide[at] != wide[at - 1]:
            bands.append([])
        bands[-1].append(line)
    narrow = [band for band in bands if len(_columns(band, width)) > 1]
    return bands if narrow else [list(lines)]


# -- lines -> blocks -----------------------------------------------------------------------


def _blocks(lines: Sequence[Line], usual: float, number: int) -> Iterator[Block]:
    group: list[Line] = []
    for line in lines:
        if group and not _continues(group, line, usual):
            yield _block(group, usual, number)
            group = []
        group.append(line)
    if group:
        yield _block(group, usual, number)


def _continues(group: Sequence[Line], line: Line, usual: float) -> bool:
    last = group[-1]
    if _is_large(last, usual) != _is_large(line, usual):
        return False
    below = last.bottom - line.top
    return line.top > last.top or below < (GAP - 1) * max(usual, line.size)


def _is_large(line: Line, usual: float) -> bool:
    return line.size > LARGER * usual and len(line.text) < 150


def _block(group: Sequence[Line], usual: float, number: int) -> Block:
    rows = _rows(group)
    if _is_large(group[0], usual):
        level = 1 if group[0].size > 1.6 * usual else 2
        return Block("heading", " ".join(rows), level, page=number)
    if any(re.match(r"(?:\d{1,2}[.)]|[•▪◦●-])\s", row) for row in rows):
        return Block("list", "\n".join(rows), page=number)
    return Block("text", _flowing(rows), page=number)


def _rows(group: Sequence[Line]) -> list[str]:
    """Texts of lines; those on one height, as in a table, are one row."""
    rows: list[str] = []
    last: Line | None = None
    for line in group:
        behind = last is not None and line.left > last.right
        if last and behind and _shared_height(last, line) > 0.5 * line.size:
            rows[-1] += f"  {line.text}"
        else:
            rows.append(line.text)
        last = line
    return rows


def _flowing(rows: Sequence[str]) -> str:
    """Rows as running text; a word cut at a line's end is joined, rows of a table stay."""
    if any("  " in row for row in rows):
        return "\n".join(rows)
    text = ""
    for row in rows:
        chinese = re.search(r"[\u3000-\u9fff]$", text) and re.match(r"[\u3000-\u9fff]", row)
        if re.search(r"[^\W\d_]-$", text) and row[:1].islower():
            text = text[:-1] + row
        elif chinese or not text:
            text += row
        else:
            text += f" {row}"
    return text


def _scan(page: Any, number: int, file: File, before: Sequence[Block]) -> Iterator[Block]:
    """A page without text that shows something, rendered for OCR."""
    scans = sum(block.kind == "scan" for block in before)
    if file.room is None or scans >= MAX_SCANS or not any(True for _ in page.get_objects()):
        return
    scale = min(3.0, SCAN_SIDE / max(page.get_width(), page.get_height(), 1.0))
    path = file.room / f"page-{number}.png"
    page.render(scale=scale, grayscale=True).to_pil().save(path)
    yield Block("scan", page=number, pictures=(str(path),))
