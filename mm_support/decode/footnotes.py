"""Footnotes of a text, and what bears their marks: "Sunday: closed*" and "* Open in April".

Knows lines and sentences, and nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mm_support.language.sentences import split_lines

_MARK = r"\*{1,3}|[†‡§]{1,2}|[¹²³⁰⁴-⁹]{1,2}"
_NOTE = re.compile(rf"({_MARK})\)?\s*(?=[^\W_]|[\"'“„«(])")
# behind a word or a bracket; m² and cm³ are units
_BORNE = re.compile(rf"(?<=[^\s*†‡§¹²³⁰⁴-⁹])(?<![mM](?=[²³]))({_MARK})(?!\w|[*†‡§])")


class Footnote(NamedTuple):
    """The sentences of a note, and those in front of it or behind it that bear its mark."""

    sentences: tuple[str, ...]
    bearers: frozenset[str]


def footnotes(text: str) -> list[Footnote]:
    """The notes of a text whose mark some other line bears, and that begin one line alone: several
    are a list.
    """
    lines = split_lines(text)
    marks = [found[1] if (found := _NOTE.match(line[0])) else "" for line in lines]
    notes = [(mark, line) for mark, line in zip(marks, lines) if mark and marks.count(mark) == 1]
    notes = [(mark, line) for mark, line in notes if mark not in _BORNE.findall(line[0])]  # no bold
    found = [Footnote(line, _bearing(mark, line, lines)) for mark, line in notes]
    return [note for note in found if note.bearers]


def _bearing(mark: str, note: Sequence[str], lines: Sequence[Sequence[str]]) -> frozenset[str]:
    """The sentences of the other lines that bear a mark."""
    others = (sentence for line in lines if line is not note for sentence in line)
    return frozenset(text for text in others if mark in _BORNE.findall(text))
