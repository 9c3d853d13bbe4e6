"""Things in order -> runs of those that belong together: lines of a row, sentences of a passage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def runs(items: Iterable[T], goes_on: Callable[[list[T], T], bool]) -> Iterator[list[T]]:
    """goes_on: whether an item belongs to the run before it; else it begins one."""
    run: list[T] = []
    for item in items:
        if run and not goes_on(run, item):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def packed(items: Iterable[T], size: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """Items together up to a size; one that is larger alone is a run of its own."""
    run, held = list[T](), 0
    for item in items:
        own = size(item)
        if run and held + own > most:
            yield run
            run, held = [], 0
        run.append(item)
        held += own
    if run:
        yield run
