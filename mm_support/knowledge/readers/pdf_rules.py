"""The rules that are drawn on a PDF's page -> grids, in whose fields the cells of tables lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

MOST = 5_000  # drawn objects of a page that are looked at
THIN = 2.0  # points; what is no thicker is a rule
LEAST = 8.0  # points; what is shorter is none
NEAR = 3.0  # points between rules that touch

Rule = tuple[float, ...]  # places of parallel rules, in order
Edge = tuple[float, float, float]  # where it lies, from, to


def rules_of(page: Any) -> tuple[list[Edge], list[Edge]]:
    """Horizontal and vertical edges of what is drawn."""
    from pypdfium2.raw import FPDF_PAGEOBJ_PATH

    level: list[Edge] = []
    upright: list[Edge] = []
    for drawn in islice(page.get_objects(filter=[FPDF_PAGEOBJ_PATH], max_depth=1), MOST):
        left, bottom, right, top = drawn.get_bounds()
        if right - left >= LEAST:
            level += [(y, left, right) for y in _sides(bottom, top)]
        if top - bottom >= LEAST:
            upright += [(x, bottom, top) for x in _sides(left, right)]
    return _merged(level), _merged(upright)


def _sides(start: float, end: float) -> set[float]:
    """The places of two edges; the middle of a rule, which is one."""
    return {start, end} if end - start > THIN else {(start + end) / 2}


def grids(rules: tuple[Sequence[Edge], Sequence[Edge]]) -> Iterator[tuple[Rule, Rule]]:
    """(places of vertical rules, of horizontal ones) of each grid of 2 by 2 fields or more."""
    left = [(own, True) for own in rules[0]] + [(own, False) for own in rules[1]]
    while left:
        group, left = [left[0]], left[1:]
        for one in group:  # it grows while it is gone through
            group += [other for other in left if _touch(one, other)]
            left = [other for other in left if other not in group]
        level = [edge for edge, is_level in group if is_level]
        upright = [edge for edge, is_level in group if not is_level]
        columns, rows = _places(upright, level), _places(level, upright)
        if len(columns) > 2 and len(rows) > 2:
            yield columns, rows


def _touch(one: tuple[Edge, bool], other: tuple[Edge, bool]) -> bool:
    """Whether a horizontal edge and a vertical one meet."""
    (place, start, end), level = one
    (at, begin, stop), other_level = other
    meets = start - NEAR <= at <= end + NEAR and begin - NEAR <= place <= stop + NEAR
    return level != other_level and meets


def _places(own: Sequence[Edge], across: Sequence[Edge]) -> Rule:
    """Where a grid's edges lie; without rules at its sides, the others' ends are its sides."""
    if not own or not across:
        return ()
    ends = min(start for _, start, _ in across), max(end for *_, end in across)
    places: list[float] = []
    for place in sorted([*(place for place, *_ in own), *ends]):
        if not places or place - places[-1] > NEAR:
            places.append(place)
    return tuple(places)


def _merged(edges: Sequence[Edge]) -> list[Edge]:
    """Edges on one line that touch are one."""
    found: list[Edge] = []
    for place, start, end in sorted((round(place), start, end) for place, start, end in edges):
        last = found[-1] if found else None
        if last and place == last[0] and start <= last[2] + NEAR:
            found[-1] = (last[0], last[1], max(end, last[2]))
        else:
            found.append((place, start, end))
    return found
