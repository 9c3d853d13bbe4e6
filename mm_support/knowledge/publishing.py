"""What a base shall hold -> a version of it, in which only what changed is encoded anew.

Knows no file that knowledge comes in, and no search.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from mm_support.ahead import ahead
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.points import PointMaker, entry_digest
from mm_support.knowledge.sources import Recipe, SourceFolder, origin_of
from mm_support.knowledge.wanted import Wanted, held
from mm_support.types import Entry, Remark

CHUNK = 128  # entries whose texts and pictures are encoded together
WORK = "reading and encoding"

Progress = Callable[[int, int, str], None]  # entries done, entries in all, what is going on


class Publisher:
    """Writes versions into an index. give_way: is called before each batch that is encoded."""

    def __init__(
        self,
        index: FolderIndex,
        maker: PointMaker,
        sources: SourceFolder,
        give_way: Callable[[], None],
    ) -> None:
        self._index, self._maker, self._sources = index, maker, sources
        self._give_way = give_way

    def publish(
        self,
        name: str,
        wanted: Sequence[Wanted],
        recipe: Recipe,
        label: str,
        remarks: list[Remark],
        progress: Progress | None = None,
        copied: Path | str | None = None,
        again: bool = False,
    ) -> None:
        """Writes a version. copied: a source to copy, the last one of the recipe or of its origin.
        again: it is the present one, made again, and no change that somebody takes back.
        What was learned about the version before holds until it is learned anew.
        """
        before = self._index.open(name).fitted if name in self._index.names() else {}
        report = _timed(progress or (lambda *_: None))
        with self._index.writing(name) as new:
            if copied is not None:
                origin = origin_of(copied)
                own = (one.entry.pictures for one in wanted if one.origin == origin)
                kept = self._sources.keep(name, copied, chain.from_iterable(own))
                recipe = recipe.with_source(kept)
            for point in self._points(name, wanted, remarks, report):
                new.add(point)
            report(len(wanted), len(wanted), "done")
            new.publish(label, recipe.as_json(), again)
        if before:
            self._index.open(name).keep(before)

    def _points(
        self, name: str, wanted: Sequence[Wanted], remarks: list[Remark], report: Progress
    ) -> Iterator[Point]:
        """Points in order; entries whose digest did not change keep their vectors. The next ones
        are encoded while some are written.
        """
        old = self._index.open(name) if name in self._index.names() else None
        known = old.entries.digests() if old is not None and self._index.fits(old) else {}

        def encoded(start: int) -> tuple[int, list[int | None], Iterator[Point]]:
            chunk = wanted[start : start + CHUNK]
            digests = [own.digest or entry_digest(own.entry) for own in chunk]
            rows = [known.get((own.entry.id, digest)) for own, digest in zip(chunk, digests)]
            new = [place for place, row in enumerate(rows) if row is None]
            made = self._made(name, [(chunk[n].entry, digests[n]) for n in new], remarks)
            return start, rows, made

        report(0, len(wanted), WORK)
        for start, rows, made in ahead(encoded, range(0, len(wanted), CHUNK), 1):
            if start:
                report(start, len(wanted), WORK)
            kept = iter(old.points([row for row in rows if row is not None]) if old else ())
            for own, row in zip(wanted[start : start + CHUNK], rows):
                point = next(made) if row is None else _renamed(next(kept), own)
                yield replace(point, origin=own.origin)

    def _made(
        self, name: str, keyed: Sequence[tuple[Entry, str]], remarks: list[Remark]
    ) -> Iterator[Point]:
        """keyed: entries with the digests of what their vectors are made of."""
        if not keyed:
            return iter(())
        self._give_way()
        entries, digests = zip(*keyed)
        return self._maker.points(name, entries, digests, remarks)

    def holds(self, old: Version, wanted: Sequence[Wanted]) -> bool:
        """Whether a version holds just that already, read and with vectors as they are today."""
        if not self._index.is_current(old) or len(old) != len(wanted):
            return False
        for one, other in zip(held(old), wanted):
            given = other.digest or entry_digest(other.entry)
            entry = replace(other.entry, pictures=one.entry.pictures)
            if (one.entry, one.origin, one.digest) != (entry, other.origin, given):
                return False
        return True


def _renamed(point: Point, own: Wanted) -> Point:
    """A stored point with what its entry says now; what its vectors are made of is the same."""
    return replace(point, entry=replace(own.entry, pictures=point.entry.pictures))


def _timed(report: Progress) -> Progress:
    """Adds the time that is left, as far as it can be told from what is done."""
    started = time.perf_counter()

    def with_time(done: int, total: int, what: str) -> None:
        left = (time.perf_counter() - started) * (total - done) / done if done else 0.0
        report(done, total, f"{what}, about {left:.0f} s left" if left >= 1 else what)

    return with_time
