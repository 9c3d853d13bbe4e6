"""Columns of cells that stand below each other, in signs of a text or in points of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MARK = re.compile(r"\W*|(?:\d{1,3}|[^\W\d_]|[IVXivx]{2,4})[.)]")  # of a list, which is no cell

Span = tuple[float, float]  # where a cell or a column begins and ends


def with_row(columns: Sequence[Span], row: Iterable[Span]) -> list[Span] | None:
    """The columns from left to right with the cells of one more row; None where a cell lies in two
    of them.
    """
    found = list(columns)
    for cell in row:
        touched = [span for span in found if cell[0] < span[1] and span[0] < cell[1]]
        if len(touched) > 1:
            return None
        starts, ends = zip(cell, *touched)
        found = [span for span in found if span not in touched] + [(min(starts), max(ends))]
    return sorted(found)


def column_at(columns: Sequence[Span], start: float) -> int:
    """The place of the column in which a cell begins."""
    return next(at for at, span in enumerate(columns) if span[0] <= start < span[1])
