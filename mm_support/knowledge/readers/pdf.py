"""PDF -> one document: paragraphs and tables in reading order, headings by their size.

Lines that repeat at the edges of pages are left out, and reported. A page without text is a "scan"
block, whose picture the caller may have read. Runs in the sandbox.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise, product
from math import inf
from statistics import median
from typing import Any

from mm_support.knowledge.readers.base import Block, Document, File, Remarks, quoted
from mm_support.knowledge.readers.pdf_contents import without_contents
from mm_support.knowledge.readers.pdf_hyphens import joined, words_of
from mm_support.knowledge.readers.pdf_line import Line
from mm_support.knowledge.readers.pdf_lines import page_lines, rows_of
from mm_support.knowledge.readers.pdf_tables import continued, with_tables, with_whole_rows
from mm_support.knowledge.readers.question_pairs import with_questions
from mm_support.knowledge.readers.reach import has_contact
from mm_support.knowledge.readers.spans import MARK
from mm_support.knowledge.readers.tables import table_lines
from mm_support.language.sentences import ASKING, COLONS, ENDS, is_clause, is_step, may_head
from mm_support.language.terms import UNSPACED
from mm_support.runs import runs

MAX_PAGES = 2_000
MAX_SCANS = 100  # pages rendered for OCR
SCAN_SIDE = 2_000  # pixels
LARGER = 1.15  # times the usual height of a line, from which it is a heading
TITLES = 1.6  # times the usual height, from which it is of the highest level
SMALLER = 1.08  # times smaller, from which a heading is of the next level
GAP = 1.3  # usual distances of lines, from which a paragraph ends
WIDEST = 2.2  # heights of the font; lines farther apart are in no paragraph
FULL = 0.8  # of the width, from which a line is not the last one of its paragraph
EVEN = 0.4  # heights of the font by which blanks of one width differ
ITEM_FULL = 0.7  # of the longest line, from which one may go on in the next
FLOWING = ("text", "list")
LEAST_BOLD = 2  # headings in bold letters
BOLD_GAP = 0.7  # heights of the font between two lines of one
LEAST_LINE = 20  # characters of a full line
LEADER = re.compile(r"(?<=[\w)?!”»])\s?(?:[.…·]\s?){4,}(?=[$€£¥]?\s?\d)(?!\s?\d+$)")
NOTE = re.compile(r"\d{1,2}|\w")  # the sign of a note
MAX_COUNTING = 4  # numbers of a line, any of which may count the pages
_UNSPACED = re.compile(f"[{UNSPACED}]")
_NUMBER = re.compile(r"(\d{1,6})")
_NUMBERED = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,4})\.?\s+\D")

Numbers = tuple[int, ...]  # of a heading


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
    pages = [page_lines(pdf[at]) for at in range(count)]
    usual = _usual_size(pages)
    told, repeated = _without_repeated(pages, usual)
    frame = tuple(Block("text", text) for text in repeated if has_contact(text))
    for text, times in repeated.items():
        if not has_contact(text):
            where = f"stands at the edges of {times} pages"
            remarks.skip(0, f"{quoted(text)} {where} and was left out")
    told, contents = without_contents(told)
    for text in contents:
        remarks.skip_navigation(0, [text])
    told = _with_bold_heads(told, usual)
    words = words_of(line.text for line in chain.from_iterable(pages))
    levels = _levels({line.font for page in told for line in page if _is_large(line, usual)}, usual)
    blocks: list[Block] = []
    before: Line | None = None  # the last one of the page before
    tabled = with_whole_rows([with_tables(lines, LARGER * usual) for lines in told])
    for number, own in enumerate(tabled, 1):
        if not pages[number - 1]:
            blocks += _scan(pdf[number - 1], number, file, blocks)
        if own and own[0].cells:
            own[0] = continued(before, own[0])
        before = own[-1] if own else None
        blocks = _with_page(blocks, list(_blocks(own, usual, number, words, levels)), words)
    title = str(pdf.get_metadata_dict().get("Title") or "").strip()
    chapters = _begins_with_chapter(list(chain.from_iterable(told)), usual)
    yield replace(_titled(_numbered(blocks), title, file, chapters), frame=frame)


def _with_bold_heads(pages: Sequence[list[Line]], usual: float) -> list[list[Line]]:
    """The pages of a text without headings below its first line of text, where lines in bold
    letters over others count as large: many who write letters and leaflets have no others. The
    first line is larger, as a title is, where it stands in the middle or apart over another one.
    """
    lines = list(chain.from_iterable(pages))
    large = [_is_large(line, usual) for line in lines]
    if any(large[large.index(False) :] if False in large else large):
        return list(pages)
    heads = {id(own) for page in pages for own in _bold_heads(page)}
    if len(heads) < LEAST_BOLD:
        return list(pages)
    (first, second), margin = lines[:2], min(line.left for line in lines)
    alone = id(second) in heads and first.bottom - second.top > first.font
    titles = alone or first.left > margin + 2 * first.font

    def told(own: Line) -> Line:
        if id(own) not in heads:
            return own
        larger = TITLES if own is first and titles else 1.01 * LARGER
        return replace(own, font=max(own.font, larger * usual))

    return [[told(own) for own in page] for page in pages]


def _bold_heads(page: Sequence[Line]) -> Iterator[Line]:
    """The bold lines of a page, each alone on its height or going on in the next, that are in no
    sentence but a question and have text in other letters, or others of them, below."""
    groups = list(runs(rows_of(page), lambda group, row: _is_one_bold(group[-1], row)))
    over = False  # whether the group below is one
    for above, group, under in reversed([*zip([[], *groups], groups, groups[1:])]):
        first, last, below = group[0][0], group[-1][0], under[0][0]
        apart = below.cells or below.top < last.bottom
        plain_above = bool(above) and not (above[-1][-1].bold or _ends(above[-1][-1].text))
        within = plain_above and first.text[0].islower()
        short = may_head([last.text]) or last.text.endswith(ASKING)
        heads = _is_bold(group[0]) and short and not is_step(first.text)
        over = bool(heads and apart and (over or not below.bold) and not within)
        if over:
            yield from (row[0] for row in group)


def _is_bold(row: Sequence[Line]) -> bool:
    return len(row) == 1 and row[0].bold and not row[0].cells


def _is_one_bold(row: Sequence[Line], under: Sequence[Line]) -> bool:
    """Whether a line in bold letters goes on in the next."""
    both = _is_bold(row) and _is_bold(under) and not _ends(row[0].text)
    return both and 0 <= row[0].bottom - under[0].top < BOLD_GAP * row[0].font


def _begins_with_chapter(lines: Sequence[Line], usual: float) -> bool:
    """Whether the first heading stands over text and in a size in which others stand, too: it is
    no title.
    """
    large = [_is_large(line, usual) for line in lines]
    first = large.index(True) if any(large) else len(lines)
    text = next((at for at in range(first, len(lines)) if not large[at]), len(lines))
    sizes = {line.font for line in lines[first:text]}
    later = {line.font for at, line in enumerate(lines) if at > text and large[at]}
    return len(sizes) == 1 and sizes <= later


def _with_page(before: list[Block], page: list[Block], words: frozenset[str]) -> list[Block]:
    """Blocks and those of the next page; a sentence that goes on in small letters is whole."""
    flows = before and page and before[-1].kind in FLOWING and page[0].kind == "text"
    if not flows or _ends(before[-1].text) or not _goes_on(before[-1].text, page[0].text):
        return before + page
    *lines, last = before[-1].text.split("\n")
    whole = "\n".join([*lines, _flowing([last, page[0].text], words)])
    return [*before[:-1], replace(before[-1], text=whole), *page[1:]]


def _ends(text: str) -> bool:
    return text.endswith((*ENDS, *COLONS))


def _goes_on(before: str, text: str) -> bool:
    """Whether a text may go on where another one ends no sentence: in small letters, or behind a
    long line of a script that has none."""
    long = len(before.rpartition("\n")[2]) >= LEAST_LINE and _UNSPACED.match(before[-1])
    return text[:1].islower() or bool(long) and text[:1].isalnum() and not is_step(text)


def _usual_size(pages: Sequence[Sequence[Line]]) -> float:
    """The median size of letters, by the length of the lines."""
    sizes: list[float] = []
    for line in chain.from_iterable(pages):
        sizes += [line.font] * (len(line.text) // 10 + 1)
    return median(sizes) if sizes else 0.0


def _levels(fonts: Collection[float], usual: float) -> dict[float, int]:
    """Font of a heading -> its level: the largest ones are 1, each smaller one is below."""
    levels: dict[float, int] = {}
    level, first = 1, inf  # the largest font of the level
    for font in sorted(fonts, reverse=True):
        if font <= TITLES * usual and font * SMALLER < first:
            level, first = level + 1, font
        levels[font] = level
    return levels


def _numbered(blocks: Sequence[Block]) -> list[Block]:
    """Headings with their levels, of which numbers tell more than sizes: 4.2 is under 4, and 4.2.1
    under 4.2, where the heading 4 is there."""
    numbers = [_number_of(block) for block in blocks]
    found: dict[Numbers, int] = {}  # numbers -> level
    told = []
    for block, own in zip(blocks, numbers):
        above = own[:-1]
        if own and above in found:
            block = replace(block, level=found[above] + 1)
        if own:
            found[own] = block.level
        told.append(block)
    return told


def _number_of(block: Block) -> Numbers:
    """(4, 2) of the heading "4.2 Departure"; nothing of others."""
    match = _NUMBERED.match(block.text) if block.kind == "heading" else None
    return tuple(map(int, match[1].split("."))) if match else ()


def _titled(blocks: Sequence[Block], title: str, file: File, chapters: bool) -> Document:
    """The document without the heading that is its title. title: of the file's properties; the
    first heading is trusted more unless the first blocks say the same, or it is a chapter's.
    """
    first = blocks[:5]
    headings = [block for block in first if block.kind == "heading"]
    told = bool(title) and title in [block.text for block in first]
    if headings and not told:
        title = file.stem if chapters else headings[0].text
    same = next((block for block in headings if block.text == title), None)
    rest = [block for block in blocks if block is not same]
    return Document(title or file.stem, with_questions(rest), file.name)


# -- running heads -------------------------------------------------------------------------


def _without_repeated(
    pages: Sequence[Sequence[Line]], usual: float
) -> tuple[list[list[Line]], dict[str, int]]:
    """The pages without lines at their edges that stand on most of at least three pages, or on both
    of two, smaller than the text or below it with the page's number; these lines, and on how many
    pages each stands.
    """
    lowest = [min((line.bottom for line in page), default=0.0) for page in pages]
    wordings = [
        [_wordings(line, at, usual, line.bottom > lowest[at]) for line in page]
        for at, page in enumerate(pages)
    ]
    counts = Counter(chain.from_iterable(set().union(*page) for page in wordings))
    filled = sum(map(bool, pages))
    least = max(2 if filled == 2 else 3, 0.5 * filled)
    told: dict[str, str] = {}  # wording -> the first line of it
    kept: list[list[Line]] = []
    for page, own, low in zip(pages, wordings, lowest):
        kept.append([])
        for line, said in zip(page, own):
            repeated = max(said, key=counts.__getitem__, default="")
            small, counting = line.font * SMALLER < usual, "#" in repeated
            aside = small or counting and line.bottom - low < line.size
            if repeated and counts[repeated] >= least and (aside or filled > 2):
                told.setdefault(repeated, line.text)
            else:
                kept[-1].append(line)
    return kept, {text: counts[wording] for wording, text in told.items()}


def _wordings(line: Line, page: int, usual: float, above: bool) -> set[str]:
    """What a line at the edge of a page says, as it stands and with the page's distance in place of
    numbers: "3 of 9" is "#2 of 9" on the second page. Numbers of headings count no pages:
    "Error 21". above: whether it stands above others, as each heading does.
    """
    if not line.at_edge:
        return set()
    plain = " ".join(line.text.split()).casefold()
    parts = _NUMBER.split(plain)
    heads = above and _is_large(line, usual) and any(map(str.isalpha, plain))
    if heads or len(parts) > 2 * MAX_COUNTING + 1:
        return {plain}
    choices = [
        {part, f"#{int(part) - page}"} if at % 2 else {part} for at, part in enumerate(parts)
    ]
    return {"".join(chosen) for chosen in product(*choices)}


# -- lines -> blocks -----------------------------------------------------------------------


def _blocks(
    lines: Sequence[Line],
    usual: float,
    number: int,
    words: frozenset[str],
    levels: Mapping[float, int],
) -> Iterator[Block]:
    """words: of the document. levels: of headings, by their fonts."""
    distance = _line_distance(lines, usual)
    for group in runs(lines, lambda group, line: _continues(group[-1], line, usual, distance)):
        if group[0].cells:
            rows = tuple(table_lines(group[0].cells, group[0].bold or None))
            yield Block("table", "\n".join(rows), page=number, parts=rows)
        else:
            yield _block(group, usual, number, words, levels)


def _continues(last: Line, line: Line, usual: float, distance: float) -> bool:
    """Whether a line goes on with the one before. distance: of this page's lines of text; a heading
    has that of its font, as has a page that does not tell. A numbered clause begins a paragraph."""
    large = _is_large(line, usual)
    begins = line.cells or not large and is_clause(line.text)
    if last.cells or begins or _is_large(last, usual) != large:
        return False
    own = min(last.font, line.font) if large or not distance else distance
    return line.top > last.top or _down(last, line) < GAP * own


def _line_distance(lines: Sequence[Line], usual: float) -> float:
    """Points from a line of text to the next one of its paragraph; 0 where no line is full."""
    margins: dict[int, float] = {}  # where lines that begin at one place end, at most
    for line in lines:
        margins[round(line.left)] = max(line.right, margins.get(round(line.left), 0.0))
    found = []
    for last, line in zip(lines, lines[1:]):
        width = margins[round(last.left)] - last.left
        is_text = not (last.cells or line.cells or _is_large(last, usual) or _is_large(line, usual))
        if is_text and last.right - last.left > FULL * width:
            found.append(_down(last, line))
    near = [distance for distance in found if 0.5 * usual < distance < WIDEST * usual]
    return median(near) if near else 0.0


def _down(last: Line, line: Line) -> float:
    """Points that a line stands below another, whichever letters reach up or down in them."""
    return min(last.top - line.top, last.bottom - line.bottom)


def _is_large(line: Line, usual: float) -> bool:
    return line.font > LARGER * usual and len(line.text) < 150


def _block(
    group: Sequence[Line],
    usual: float,
    number: int,
    words: frozenset[str],
    levels: Mapping[float, int],
) -> Block:
    rows = _rows(group)
    if _is_large(group[0], usual):
        return Block("heading", " ".join(rows), levels[group[0].font], page=number)
    if any(map(is_step, rows)):
        items = [_flowing(item, words) for item in _items(rows)]
        return Block("list", "\n".join(items), page=number)
    return Block("text", _flowing(rows, words), page=number)


def _items(rows: Sequence[str]) -> Iterator[list[str]]:
    """The rows of each item of a list; a row behind one that is not full is a line of its own."""
    full = ITEM_FULL * max(map(len, rows))
    return runs(rows, lambda item, row: not is_step(row) and len(item[-1]) >= full)


def _rows(group: Sequence[Line]) -> list[str]:
    """Texts of lines; those on one height are one row, of which two blanks part the cells."""
    rows = rows_of(group)
    blanks = " " if _is_justified(rows) else "  "
    return [_row_text(row, blanks) for row in rows]


def _row_text(row: Sequence[Line], blanks: str) -> str:
    """The texts of a row; the bullet or number before them, or that of a note, is no cell. Dots
    that lead to a figure that is no page part cells."""
    first, *others = row
    rest = blanks.join(line.text for line in others)
    small = any(first.font * SMALLER < own.font for own in others)
    marks = bool(MARK.fullmatch(first.text)) or small and bool(NOTE.fullmatch(first.text))
    text = f"{first.text}{' ' if marks else blanks}{rest}" if others else first.text
    return LEADER.sub("  ", text)


def _is_justified(rows: Sequence[Sequence[Line]]) -> bool:
    """Whether rows in several pieces are justified text: all reach both margins of their column,
    and most rows are in one piece, or those in several have blanks of one width.
    """
    several = [row for row in rows if len(row) > 1]
    full = all(_inset(row, rows) < row[0].font for row in several)
    even = all(len(row) > 2 and _is_even(row) for row in several)
    return full and (even or 2 * len(several) < len(rows))


def _inset(row: Sequence[Line], rows: Sequence[Sequence[Line]]) -> float:
    """Points by which a row falls short of a margin of its column."""
    start, end = row[0].left, row[-1].right
    column = [own for own in rows if own[0].left < end and own[-1].right > start]
    left, right = min(own[0].left for own in column), max(own[-1].right for own in column)
    return max(start - left, right - end)


def _is_even(row: Sequence[Line]) -> bool:
    """Whether the blanks between the pieces of a row are of one width."""
    blanks = [after.left - before.right for before, after in pairwise(row)]
    return max(blanks) - min(blanks) < EVEN * row[0].font


def _flowing(rows: Sequence[str], words: frozenset[str]) -> str:
    """Rows as running text; a word cut at a line's end is joined, rows of a table stay."""
    if any("  " in row for row in rows):
        return "\n".join(rows)
    text = ""
    for row in rows:
        chinese = re.search(r"[\u3000-\u9fff\uff00-\uff60]$", text) and re.match(
            r"[\u3000-\u9fff\uff00-\uff60]", row
        )
        if whole := joined(text, row, words):
            text = whole
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
