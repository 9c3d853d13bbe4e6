"""A line of a PDF's page: its text and where it stands, in points. Knows no column and no table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mm_support.knowledge.readers.tables import Cells
from mm_support.runs import runs


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


def shared_height(one: Line, other: Line) -> float:
    """Points that both lines stand beside each other; below 0 where one is above the other."""
    return min(one.top, other.top) - max(one.bottom, other.bottom)


def heights_of(pieces: Sequence[Line]) -> list[list[Line]]:
    """Pieces line by line from above, in each from left to right."""

    def level(line: list[Line], piece: Line) -> bool:
        return shared_height(line[0], piece) > 0.5 * min(line[0].size, piece.size)

    found = runs(sorted(pieces, key=lambda piece: -piece.top), level)
    return [sorted(line, key=lambda piece: piece.left) for line in found]
