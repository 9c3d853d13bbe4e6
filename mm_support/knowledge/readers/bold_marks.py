"""Pairs of ** that people write and Markdown takes for asterisks: "**Why? **", with a blank inside,
and "用**（新）系统**预约", beside a bracket where no blank parts words, as in Chinese and Japanese.

They become <strong>. Knows one line, and no blocks.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

_MARK = re.compile(r"(?<![*\\])\*\*(?!\*)")


def with_bold_marks(line: str, code: Sequence[tuple[int, int]] = ()) -> str:
    """The line in which each pair of ** that Markdown would leave is a tag. code: from where to
    where code stands in it, in which nothing is one.
    """
    marks = [own.span() for own in _MARK.finditer(line)]
    marks = [own for own in marks if not is_within(own[0], code)]
    if len(marks) % 2:
        return line
    pieces, end = [], 0
    for opening, closing in zip(marks[::2], marks[1::2]):
        if _is_left(line, opening, closing):
            inside = line[opening[1] : closing[0]]
            left, text, right = inside.partition(inside.strip())
            pieces += [line[end : opening[0]], f"{left}<strong>{text}</strong>{right}"]
            end = closing[1]
    return "".join([*pieces, line[end:]])


def is_within(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether it lies in one of the spans, which stand in order and apart."""
    at = bisect_right(spans, position, key=itemgetter(0))
    return at > 0 and position < spans[at - 1][1]


def _is_left(line: str, opening: tuple[int, int], closing: tuple[int, int]) -> bool:
    """Whether two marks are meant as a pair, and Markdown takes one of them for none."""
    sides = [(line[start - 1 : start], line[end : end + 1]) for start, end in (opening, closing)]
    sums = any(own.isspace() and other.isspace() for own, other in sides)  # 2 ** 3
    empty = not line[opening[1] : closing[0]].strip()
    (before, first), (last, after) = sides
    read = _flanks(first, before) and _flanks(last, after)
    return not (sums or empty or read)


def _flanks(inside: str, outside: str) -> bool:
    """Whether Markdown reads a mark, by the characters on its two sides (CommonMark 0.31, 6.2)."""
    if inside.isspace():
        return False
    return not _is_sign(inside) or not outside or outside.isspace() or _is_sign(outside)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character or " ")[0] in "PS"
