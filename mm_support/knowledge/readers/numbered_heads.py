"""Numbered short lines over others are the headings of a text that has none.

    一、会员卡的使用          § 1 Scope              2. Fees
    会员卡仅限本人使用。      These terms hold for   A month costs 30 euros.

Rules and terms are written so, in every kind of file. Lines count as headings where all that are
numbered alike are short, go up from one and have text under them, and much text where steps of a
procedure are numbered so, too; within them others may be numbered otherwise. Items of one list, or
each of a list of its own, are such lines, and Word says no number of those. Knows no file.
"""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

from mm_support.knowledge.readers.base import Block, Document, stem_of
from mm_support.knowledge.readers.question_pairs import LEVEL
from mm_support.language.asks import asks_steps
from mm_support.language.sentences import PAUSES, is_step, without_step_number
from mm_support.language.terms import UNSPACED

LEAST = 2  # lines that are numbered alike
# letters under a heading, on average, in a text with a title, as a procedure has, and without one;
# of a script without blanks a third of them
MUCH, SOME = 200, 140
LONGEST = 60  # characters of a heading
HIGHEST, LOWEST = 2, 4  # levels of headings
SPLIT = ("text", "list", "steps")
CHINESE = "一二三四五六七八九"
ROMAN = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX".split()
_COUNTED = "[一二三四五六七八九十]{1,3}"
_NUMBER = re.compile(
    rf"(?:第\s?(?P<zh>{_COUNTED}|\d{{1,3}})\s?(?P<part>[章节節条條部分篇編])"
    rf"|(?P<listed>{_COUNTED})(?P<after>[、.．])|[（(](?P<boxed>{_COUNTED}|\d{{1,2}})[)）]"
    r"|(?P<sign>§+)\s?(?P<clause>\d{1,3})\b[.:]?|(?P<digits>\d{1,2})(?P<dot>[.、．)])(?=\D)"
    r"|(?P<roman>[IVX]{1,5})(?P<roman_dot>[.)])(?=\s)|(?P<letter>[A-Z])(?P<letter_dot>[.)])(?=\s)"
    r"|(?P<word>[^\W\d_]{3,12}) (?P<worded>\d{1,3}|[IVX]{1,5})(?=$|[.:]|\s[^\W\d_]|\s[-–—])[.:]?)"
    r"\s*"
)
# what tells one style from another, and numbers that no step has
MARKS = frozenset({"part", "after", "sign", "dot", "roman_dot", "letter_dot", "word"})
NO_STEPS = ("zh", "listed", "clause")
_UNSPACED = re.compile(f"[{UNSPACED}]")


class _Line(NamedTuple):
    """A line of a block. style: how it is numbered, "" where it is not; number: from 1. short: as
    a heading is; step: whether steps are numbered so, too; listed: whether it is a whole list.
    """

    block: int
    place: int
    text: str
    style: str = ""
    number: int = 0
    short: bool = False
    step: bool = True
    listed: bool = False


class _Head(NamedTuple):
    level: int
    text: str


def with_numbered_heads(document: Document) -> Document:
    """The document with such lines as headings, if it has none but those that ask. A short line
    above the first of them is the title of a document that is named as its file.
    """
    blocks = document.blocks
    if document.row or any(own.kind == "heading" and own.level < LEVEL for own in blocks):
        return document
    title, first = document.title, blocks[0].text if blocks else ""
    unnamed = title in (stem_of(document.file), first)
    lines = [line for at, block in enumerate(blocks) for line in _lines(at, block, unnamed)]
    least = _least(title, first, unnamed)
    heads = {(line.block, line.place): head for line, head in _heads(lines, HIGHEST, least)}
    if not heads:
        return document
    own = lines[0]
    if unnamed and (0, 0) not in heads and _is_name(own, blocks[0]):
        title, blocks = own.text, blocks[1:]
        heads = {(at - 1, place): head for (at, place), head in heads.items()}
    told = (part for at, block in enumerate(blocks) for part in _parted(at, block, heads))
    return replace(document, title=title, blocks=tuple(told))


def _least(title: str, first: str, unnamed: bool) -> float:
    """Letters under a heading that is numbered as a step may be. A title that asks how something is
    done, or says so, stands over steps."""
    if asks_steps(title) or unnamed and asks_steps(first.partition("\n")[0]):
        return inf
    return SOME if unnamed else MUCH


def _is_name(line: _Line, block: Block) -> bool:
    return block.kind == "text" and block.text == line.text and _is_short(line.text)


def _lines(at: int, block: Block, unnamed: bool) -> Iterator[_Line]:
    """The lines of a block that may be cut; another one is a line that nothing numbers."""
    if block.kind not in SPLIT or block.parts and not _may_be_cut(block, unnamed):
        yield _Line(at, 0, block.text)
        return
    lines = block.text.split("\n")
    for place, text in enumerate(lines):
        if block.parts and text.startswith(" "):
            yield _Line(at, place, text.strip())
        else:
            yield _numbered(at, place, text.strip())._replace(listed=len(block.parts) == 1)


def _may_be_cut(block: Block, unnamed: bool) -> bool:
    """Whether a list is numbered, and one line, or clauses are numbered below each of its items."""
    clauses = [is_step(part.partition("\n")[2].lstrip("-* ")) for part in block.parts]
    single = len(clauses) == 1 and "\n" not in block.text
    return block.kind == "steps" and (single or unnamed and all(clauses))


def _numbered(at: int, place: int, text: str) -> _Line:
    found = _NUMBER.match(text)
    number = _value(found) if found else 0
    if not found or not number:
        return _Line(at, place, text)
    given = {name: value for name, value in found.groupdict().items() if value}
    style = "".join(value if name in MARKS else name for name, value in given.items())
    step = not any(name in NO_STEPS for name in given) and text[1:2] not in CHINESE
    return _Line(at, place, text, style, number, _is_short(text), step)


def _is_short(text: str) -> bool:
    return 0 < len(text) <= LONGEST and not text.endswith(PAUSES)


def _value(found: re.Match[str]) -> int:
    """The number that a line begins with, from 1; 0 for none that is known."""
    if letter := found["letter"]:
        return ord(letter) - ord("A") + 1
    text = next(
        filter(None, found.group("zh", "listed", "boxed", "clause", "digits", "roman", "worded"))
    )
    if text.isascii():
        return int(text) if text.isdigit() else ROMAN.index(text) + 1 if text in ROMAN else 0
    tens, ten, ones = text.rpartition("十")
    value = (CHINESE.find(tens) + 1 or 1) * 10 if ten else 0
    return value + (CHINESE.find(ones) + 1 if ones else 0)


def _heads(lines: Sequence[_Line], level: int, least: float) -> Iterator[tuple[_Line, _Head]]:
    """The lines that are headings, as such; then those of the text under each."""
    heads = _series(lines, least)
    if not heads or level > LOWEST:
        return
    alike = len({line.number for line in heads}) == 1
    starts = _places(heads[0].style, lines)
    for line, start, end in zip(heads, starts, [*starts[1:], len(lines)]):
        yield line, _Head(level, without_step_number(line.text) if alike else line.text)
        yield from _heads(lines[start + 1 : end], level + 1, least)


def _series(lines: Sequence[_Line], least: float) -> list[_Line]:
    """The first lines numbered alike that are headings; nothing where there are none."""
    alike: Mapping[str, list[_Line]] = defaultdict(list)
    for line in lines:
        if line.style:
            alike[line.style].append(line)
    return next((own for own in alike.values() if _are_heads(own, lines, least)), [])


def _are_heads(own: Sequence[_Line], lines: Sequence[_Line], least: float) -> bool:
    """Whether lines that are numbered alike are headings: each but one has others under it. least:
    letters, where steps are numbered so.
    """
    numbers = [line.number for line in own]
    counted = numbers == list(range(1, len(own) + 1))
    counted = counted or set(numbers) == {1} and all(line.listed for line in own)
    if len(own) < LEAST or not counted or not all(line.short for line in own):
        return False
    starts = _places(own[0].style, lines)
    under = [lines[at + 1 : end] for at, end in zip(starts, [*starts[1:], len(lines)])]
    filled = [part for part in under if part]
    if len(filled) < max(LEAST, len(own) - 1):
        return False
    letters = sum(_length(line.text) for part in filled for line in part)
    return not any(line.step for line in own) or letters >= least * len(filled)


def _places(style: str, lines: Sequence[_Line]) -> list[int]:
    return [at for at, line in enumerate(lines) if line.style == style]


def _length(text: str) -> int:
    """Letters of a text; one of a script without blanks counts as three."""
    return len(text) + 2 * len(_UNSPACED.findall(text))


def _parted(at: int, block: Block, heads: Mapping[tuple[int, int], _Head]) -> Iterator[Block]:
    """The block with its headings apart."""
    lines = block.text.split("\n")
    places = [place for place in range(len(lines)) if (at, place) in heads]
    if not places:
        yield block
        return
    first = 0
    for place in [*places, len(lines)]:
        if text := textwrap.dedent("\n".join(lines[first:place])).strip("\n"):
            yield replace(block, text=text, line=block.line and block.line + first, parts=())
        if place < len(lines):
            level, text = heads[at, place]
            line = block.line and block.line + place
            yield Block("heading", text, level, line, block.page)
        first = place + 1
