"""Notes below a table -> the cells that they belong to.

    Room    Weekday   Peak*
    Loft    75        110          "110 (July and August)"
    * July and August

Knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from mm_support.knowledge.readers.columns import is_sentence
from mm_support.language.sentences import ASKING

Row = tuple[int, list[str]]  # its line in the file, its cells
SIGNS = "*＊†‡§※¹²³⁴⁵⁶⁷⁸⁹"
_MARK = re.compile(rf"([{SIGNS}]+|\[?\d{{1,2}}[\])])\s*(?=\S)")
_MARKED = re.compile(rf"(?<=\S)\s?(?P<mark>[{SIGNS}]+|\[\d{{1,2}}\]|\d{{1,2}}\))$")


def split_notes(rows: Sequence[Row]) -> tuple[Sequence[Row], dict[str, str], list[Row]]:
    """(the rows above the notes, mark -> its note, the notes that no cell has a mark for). Notes
    stand alone in the last rows, and begin with a mark or are sentences that ask nothing.
    """
    count = len(rows)
    while count and _is_note(rows[count - 1][1]):
        count -= 1
    if not any(_is_full(cells) for _, cells in rows[:count]):
        return rows, {}, []
    table = rows[:count]
    marks = {mark for _, cells in table for cell in cells if (mark := _mark_of(cell))}
    notes, others = dict[str, str](), list[Row]()
    for line, cells in rows[count:]:
        begun = _MARK.match(text := _alone(cells))
        if begun and begun[1] in marks:
            notes[begun[1]] = text[begun.end() :].rstrip(".。")
        else:
            others.append((line, cells))
    return table, notes, others


def with_notes(names: Sequence[str], cells: Sequence[str], notes: Mapping[str, str]) -> list[str]:
    """The cells of a row, behind each the note that its mark, or that of its column, stands for."""
    pairs = zip_longest(names[: len(cells)], cells, fillvalue="")
    return [_noted(cell, (_mark_of(name), _mark_of(cell)), notes) for name, cell in pairs]


def _noted(cell: str, marks: Sequence[str], notes: Mapping[str, str]) -> str:
    told = dict.fromkeys(notes[mark] for mark in marks if mark in notes)
    return f"{cell} ({', '.join(told)})" if cell and told else cell


def _mark_of(text: str) -> str:
    found = _MARKED.search(text.strip())
    closes = found and found["mark"][-1] == ")" and "(" in text  # "Loft (level 2)"
    return found["mark"] if found and not closes else ""


def _is_note(cells: Sequence[str]) -> bool:
    text = "" if _is_full(cells) else _alone(cells)
    return bool(_MARK.match(text)) or bool(text) and is_sentence(text) and text[-1] not in ASKING


def _is_full(cells: Sequence[str]) -> bool:
    return len({*filter(None, cells)}) > 1


def _alone(cells: Sequence[str]) -> str:
    return next(filter(None, map(str.strip, cells)), "")
