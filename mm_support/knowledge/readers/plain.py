"""Plain text -> one document: paragraphs, lists, tables, questions, and headings that are
underlined or in capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mm_support.knowledge.readers.base import Block, Document, File, Kind, Remarks
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.letter_spacing import unspaced
from mm_support.knowledge.readers.question_pairs import LEVEL, with_questions
from mm_support.knowledge.readers.text_tables import Table, table_at
from mm_support.language.sentences import ASKING, BULLETS, COLONS

MAX_HEADING = 60  # characters of a line in capitals
MAX_TITLE = 120  # characters; a longer first line is text
LEAST_MESSAGES = 3
CONVERSATION = (
    "it is a conversation of single people and was not read; write down what holds for all of them"
)
_DAY_AND_TIME = (
    r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},?\s+\d{1,2}[:.]\d\d[^\]\n:]{0,9}(?::\d\d[^\]\n:]{0,9})?"
)
# [12.03.26, 09:15:00] Ines: ..., 12/03/2026, 09:15 - Ines: ..., or "Ines, [12.03.2026 09:15]" above
_MESSAGE = re.compile(
    rf"\W{{0,3}}(?P<when>{_DAY_AND_TIME})\]?\s*(?:-\s+)?(?P<who>[^\s:][^:\n]{{0,60}}):\s"
    rf"|(?P<writer>[^\n\[]{{1,60}}),\s\[(?P<at>{_DAY_AND_TIME})\]"
)
_ROUND = re.compile(r"\s\d{1,2}[:.]\d[05]\b")  # to five minutes
MOST_PLANNED = 0.75  # share of the times of a chat that may be round by chance
_STEP = re.compile(r"\s*\d{1,2}[.)]\s")
_ITEM = re.compile(rf"\s*[{BULLETS}]\s")
_WORD = re.compile(r"[^\W\d_]{3}")
_RULE = re.compile(r"\s*([=\-~*#])\1{2,}\s*$")


def read_plain(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file; a short first line that ends no sentence is its title. It stays in
    the text where the next one looks alike: both may be facts."""
    lines = unspaced(decode(file.data, remarks)).split("\n")
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if not filled:
        return
    if is_conversation([lines[at] for at in filled]):
        remarks.skip(filled[0] + 1, CONVERSATION)
        return
    title, first = file.stem, filled[0]
    labelled = len(filled) > 1 and _is_label(lines[first].strip())
    if labelled and not _is_first_section(lines, first) and not _is_within(lines, first):
        title, stays = _title(lines, *filled[:2])
        lines[first] = lines[first] if stays else ""
    yield Document(title, with_questions([*text_blocks(lines)]), file.name)


def is_conversation(lines: Sequence[str]) -> bool:
    """Whether lines are what a messenger exports: most begin with a day, a time and a name, or are
    between such lines. Somebody writes more than once, and hardly ever to five minutes, as
    timetables and release notes are.
    """
    found = [match for match in map(_MESSAGE.match, lines) if match]
    if len(found) < LEAST_MESSAGES or 3 * len(found) < len(lines):
        return False
    writers = {match["who"] or match["writer"] for match in found}
    planned = sum(bool(_ROUND.search(match["when"] or match["at"])) for match in found)
    return len(writers) < len(found) and planned <= MOST_PLANNED * len(found)


def _title(lines: list[str], first: int, second: int) -> tuple[str, bool]:
    """The title that a line is, and whether it says a fact as well. second: the next line."""
    own, after = lines[first].strip(), lines[second].strip()
    opens = own.endswith(COLONS) or _is_in_capitals(own) and not _is_in_capitals(after)
    opens = opens or not _is_label(after) or _is_marked(after)
    return own.rstrip(":："), not opens and not table_at(lines, second).rows


def _is_first_section(lines: Sequence[str], first: int) -> bool:
    """Whether the first line is a heading in capitals over sentences, as others below are."""
    others = [at for at in range(first + 1, len(lines)) if _is_heading(lines, at)]
    under = "".join(lines[first + 1 : first + 2]).strip()
    return bool(others) and _is_heading(lines, first) and under.endswith((".", "!"))


def _is_heading(lines: Sequence[str], at: int) -> bool:
    """Whether a line in capitals begins a paragraph or is one, over text that is not."""
    if at and lines[at - 1].strip() or not _is_in_capitals(lines[at].strip()):
        return False
    below = (lines[place].strip() for place in range(at + 1, len(lines)))
    under = next(filter(None, below), "")
    return bool(under) and not _RULE.match(under) and under.upper() != under


def _is_in_capitals(line: str) -> bool:
    """Whether a short line is in capitals, has a word of three letters and ends no sentence."""
    short = 0 < len(line) <= MAX_HEADING and _is_label(line) and not _is_marked(line)
    return short and line.isupper() and bool(_WORD.search(line))


def _is_within(lines: list[str], first: int) -> bool:
    """Whether the first line is of a table, or the first of several questions."""
    if table_at(lines, first).rows:
        return True
    told = with_questions([*text_blocks(lines)])
    asking = [block for block in told if block.kind == "heading" and block.level == LEVEL]
    return bool(asking) and asking[0] is told[0]


def _is_label(line: str) -> bool:
    return len(line) <= MAX_TITLE and line[-1] not in ".!。！;；,，"


def _is_marked(line: str) -> bool:
    """Whether a line is of a list, a rule, or asks: none looks like a fact above it."""
    return line.endswith(ASKING) or any(mark.match(line) for mark in (_STEP, _ITEM, _RULE))


def text_blocks(lines: Sequence[str]) -> Iterator[Block]:
    """Tables, and what stands before, between and behind them."""
    at = start = 0
    while at < len(lines):
        table = table_at(lines, at) if lines[at].strip() else Table([], 0)
        if table.rows:
            yield from _paragraphs(lines[start:at], start + 1)
            yield Block("table", "\n".join(table.rows), line=at + 1, parts=tuple(table.rows))
            start = at + table.count
        at += max(1, table.count)
    yield from _paragraphs(lines[start:], start + 1)


def _paragraphs(lines: Sequence[str], first: int) -> Iterator[Block]:
    """first: the number of the first line."""
    group: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], first):
        if not group and line.strip() and _is_heading(lines, number - first):
            yield Block("heading", line.strip().rstrip(":："), 2, number)
        elif _RULE.match(line) and len(group) == 1:
            yield Block("heading", group[0][1].strip(), 2, group[0][0])
            group = []
        elif line.strip() and not _RULE.match(line):
            group.append((number, line.rstrip()))
        elif group:
            yield _block(group)
            group = []


def _block(group: list[tuple[int, str]]) -> Block:
    lines = [line for _, line in group]
    kind: Kind = "text"
    if sum(map(bool, map(_STEP.match, lines))) > 1:
        kind = "steps"
    elif all(map(_ITEM.match, lines)):
        kind = "list"
    parts = tuple(lines) if kind == "list" else ()
    return Block(kind, "\n".join(lines).strip(), line=group[0][0], parts=parts)
