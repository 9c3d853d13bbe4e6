"""Stretches of text in a photo -> lines in reading order, of which no two stand in one place.

Knows no model and no pixels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mm_support.runs import runs
from mm_support.types import TextLine

# ordinary type, taken for segments, stays below this; true displays are mostly above
SURE_DISPLAY = 0.8
# type that segments are seen in is read this surely; displays mostly are not
SURE_PRINT, LIKELY_DISPLAY = 0.97, 0.65
PRICE = re.compile(
    r"[-+]?[€$£¥]?\s?-?\d{1,6}([.,]\d{3})*[.,]\d{2}\s?([€$£¥]|EUR|USD|CNY|GBP|元)?( ?[A-Z*])?"
)


@dataclass(frozen=True)
class Piece:
    """A stretch of text. corners: (4, 2) pixels, clockwise from where its first letter begins."""

    text: str
    confidence: float
    corners: np.ndarray

    @property
    def height(self) -> float:
        return float(np.linalg.norm(self.corners[0] - self.corners[3]))

    @property
    def along(self) -> np.ndarray:
        """(2,) pixels, from the beginning to the end."""
        return (self.corners[1] + self.corners[2] - self.corners[0] - self.corners[3]) / 2


def unturn(line: TextLine, turns: int) -> TextLine:
    """A line of a photo turned clockwise by so many quarters, its box as before the turns."""
    left, top, right, bottom = line.box
    for _ in range(turns):
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    return replace(line, box=(left, top, right, bottom))


def lines_in_order(pieces: Sequence[Piece], size: tuple[int, int]) -> list[TextLine]:
    """Pieces as lines from top to bottom and left to right, along the text's own direction. A piece
    that follows within a character's width joins, and so does a price in its row. size: of the
    photo.
    """
    if not pieces:
        return []
    direction = np.sum([piece.along for piece in pieces], axis=0)
    right = direction / max(float(np.hypot(*direction)), 1e-6)
    down = np.array([-right[1], right[0]])

    def follows(group: list[Piece], piece: Piece) -> bool:
        return _belongs(group[-1], piece, right)

    groups = (group for row in rows(pieces, right, down) for group in runs(row, follows))
    return [_joined(group, size) for group in groups]


def rows(pieces: Sequence[Piece], right: np.ndarray, down: np.ndarray) -> list[list[Piece]]:
    """Pieces that stand beside one another, rows from top to bottom, each from left to right."""

    def beside(row: list[Piece], piece: Piece) -> bool:
        lower = abs((piece.corners.mean(0) - row[-1].corners.mean(0)) @ down)
        return lower < 0.5 * min(piece.height, row[-1].height)

    found = runs(sorted(pieces, key=lambda piece: piece.corners.mean(0) @ down), beside)
    return [sorted(row, key=lambda piece: piece.corners.mean(0) @ right) for row in found]


def _belongs(one: Piece, other: Piece, right: np.ndarray) -> bool:
    height = (one.height + other.height) / 2
    gap = ((other.corners @ right).min() - (one.corners @ right).max()) / height
    alike = 0.6 < one.height / other.height < 1.6
    return alike and (gap < 1.0 or bool(PRICE.fullmatch(other.text.strip())))


def _joined(group: Sequence[Piece], size: tuple[int, int]) -> TextLine:
    corners = np.concatenate([piece.corners for piece in group]) / size
    left, top = np.clip(corners.min(0), 0, 1).tolist()
    right, bottom = np.clip(corners.max(0), 0, 1).tolist()
    return TextLine(
        " ".join(piece.text.strip() for piece in group),
        min(piece.confidence for piece in group),
        (left, top, right, bottom),
    )


def believe_one(printed: Sequence[TextLine], displays: Sequence[TextLine]) -> list[TextLine]:
    """Printed lines with displays in place of those that they cover: no place is read twice.

    Where a display is unsure, or covers only a part of a line that was read more surely, segments
    were seen in ordinary type: the line stays.
    """
    lines = list(printed)
    for display in displays:
        touched = [line for line in lines if _shared(line.box, display.box) > 0.3]
        surer = [line for line in touched if line.confidence > display.confidence]
        if not all(_outdone(line, display) for line in surer):
            continue
        after = touched[:1] or [line for line in lines if line.box[1] > display.box[1]]
        place = lines.index(after[0]) if after else len(lines)
        lines = [line for line in lines if line not in touched]
        lines.insert(place, display)
    return lines


def _outdone(line: TextLine, by: TextLine) -> bool:
    """Whether a display is sure and long enough to stand for a line that was read more surely. Less
    is asked where the line is not almost certain: ordinary type nearly always is.
    """
    least = SURE_DISPLAY if line.confidence >= SURE_PRINT else LIKELY_DISPLAY
    shown, read = (len(re.findall(r"\w", text)) for text in (by.text, line.text))
    return by.confidence >= least and shown >= read


def _shared(one: Sequence[float], other: Sequence[float]) -> float:
    """Covered share of the smaller of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(width, 0) * max(height, 0) / max(smaller, 1e-9)
