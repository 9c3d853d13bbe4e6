"""Knowledge: what the service and the command line call. Files in, entries kept, hits out.

ingest, sync, edit, remove, undo   change a base; each makes a whole new version of it
renew                              makes a base again with the models of today
search and what else only reads    bases.py
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from os.path import exists
from pathlib import Path

from pydantic import TypeAdapter

from mm_support.encode.image import ImageEncoder
from mm_support.encode.text import TextEncoder
from mm_support.errors import KnowledgeError
from mm_support.knowledge.actions import FILE
from mm_support.knowledge.bases import Bases, Fitter
from mm_support.knowledge.entries import fault_of, remark
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.ingest import Reading, ReadingOptions, is_address, read_source
from mm_support.knowledge.oddities import told
from mm_support.knowledge.points import PointMaker
from mm_support.knowledge.publishing import Progress, Publisher
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.sources import Recipe, Source, SourceFolder, digest, origin_of
from mm_support.knowledge.wanted import BY_HAND, Wanted, held, merged, with_pictures
from mm_support.types import Entry, IngestReport, Remark, UserTurn

log = logging.getLogger(__name__)

OWN = "own"  # label of bases that did not come with the project
NOTHING = ReadingOptions()
REPORT = TypeAdapter(IngestReport)  # from JSON


class Knowledge(Bases):
    """The bases of a service, and how they change. reading: what the readers of files are helped
    by. acts: whether actions that bases declare are read, too.
    """

    def __init__(
        self,
        index: FolderIndex,
        text: TextEncoder,
        image: ImageEncoder,
        understand: Callable[[UserTurn], SearchQuery],
        reading: ReadingOptions = NOTHING,
        fitter: Fitter | None = None,
        acts: bool = False,
        ahead: Callable[[Sequence[str]], object] = len,
    ) -> None:
        maker = PointMaker(text, image, index.pictures_dir)
        super().__init__(index, maker, understand, fitter, acts, ahead)
        self._reading, self._sources = reading, SourceFolder(index.sources_dir)
        self._publisher = Publisher(index, self._maker, self._sources, lambda: self.give_way())
        self.give_way: Callable[[], None] = lambda: None  # before each batch that is encoded

    def changing(self, name: str) -> AbstractContextManager[None]:
        """Whoever is in it changes a base alone, over all processes."""
        return self._index.changing(name)

    def ingest(
        self,
        name: str,
        path: Path | str,
        progress: Progress | None = None,
        version: str = OWN,
        actions: bool = False,
    ) -> IngestReport:
        """Makes the base hold what a file, folder or site holds, in place of what it held before.

        version: a label that is kept beside it. actions: whether the folder is the operator's own,
        so that its actions are read. A base of one's own keeps a copy of what it was made of. What
        cannot be read is reported. Raises KnowledgeError where that is everything; the old base
        stays.
        """
        started, state = time.perf_counter(), self._state(path, actions)
        with self._index.changing(name):
            read = self._read(name, path, progress, actions)
            origin = origin_of(path)
            wanted = [Wanted(entry, origin) for entry in read.entries]
            recipe, copied = Recipe((Source(origin),)), path if version == OWN else None
            self._publisher.publish(name, wanted, recipe, version, read.skipped, progress, copied)
            if version == OWN:
                self._learn(name, progress)
            return self._report(name, read, started, state)

    def sync(
        self, name: str, source: Path | str, progress: Progress | None = None, actions: bool = False
    ) -> IngestReport:
        """Makes the base hold what the source holds now, beside what it holds from others.

        What people edited or removed stays so; what did not change keeps its vectors; where nothing
        changed, nothing is written. A base that does not exist is made.
        """
        started, state = time.perf_counter(), self._state(source, actions)
        with self._index.changing(name):
            old, recipe, wanted = self._present(name)
            if old is not None and state in old.read and self._index.is_current(old):
                known = REPORT.validate_python(old.read[state])
                return replace(known, seconds=time.perf_counter() - started)
            read = self._read(name, source, progress, actions)
            origin = origin_of(source)
            new = [Wanted(entry, origin) for entry in read.entries]
            wanted = merged(wanted, new, recipe, read.skipped)
            recipe = recipe.with_source(Source(origin))
            if old is None or not self._publisher.holds(old, wanted):
                self._publisher.publish(name, wanted, recipe, OWN, read.skipped, progress, source)
                self._learn(name, progress)
            return self._report(name, read, started, state)

    def edit(self, name: str, entry: Entry) -> None:
        """Puts an entry in place of the one with its id, or adds it. Raises KnowledgeError."""
        if not (entry.id.strip() and entry.title.strip() and entry.answer.strip()):
            raise KnowledgeError("An entry needs an id, a title and an answer.")
        if fault := fault_of(entry):
            raise KnowledgeError(f"The entry {entry.id!r} cannot be kept: {fault}.")
        with self._index.changing(name):
            old = self._index.open(name)
            wanted = held(old)
            place = _place(wanted, entry.id)
            present = wanted[place] if place < len(wanted) else Wanted(entry, BY_HAND)
            if entry.declaration or present.entry.declaration:
                raise KnowledgeError(f"{entry.title!r} is an action; change it in {FILE}.")
            wanted[place : place + 1] = [Wanted(entry, present.origin)]
            remarks: list[Remark] = []
            recipe = Recipe.read(old.about.recipe).with_edited(entry.id)
            self._publisher.publish(name, wanted, recipe, OWN, remarks)
            if remarks:
                log.warning("%s: %s", name, "; ".join(reason for *_, reason in remarks))

    def remove(self, name: str, entry_id: str | None = None) -> None:
        """Removes an entry, or a base, which `undo` brings back; removed again it goes for good,
        with its pictures and sources. Raises KnowledgeError.
        """
        with self._index.changing(name):
            if entry_id is None:
                if name in self._index.removed():
                    self._sources.forget_pages(name)
                self._index.remove(name)
                return
            old = self._index.open(name)
            wanted, recipe = held(old), Recipe.read(old.about.recipe)
            place = _place(wanted, entry_id)
            if place == len(wanted):
                raise KnowledgeError(f"The knowledge base {name!r} has no entry {entry_id!r}.")
            named = wanted[place].entry
            gone = {own.entry.id for own in wanted if _goes_with(own.entry, named)}
            for one in gone:
                recipe = recipe.with_removed(one)
            wanted = [own for own in wanted if own.entry.id not in gone]
            self._publisher.publish(name, wanted, recipe, OWN, [])

    def undo(self, name: str) -> None:
        """Takes the last change of a base back, and the second time that. What is brought back from
        before an upgrade is made again. Raises KnowledgeError.
        """
        self._index.undo(name)
        self.renew(name)

    def renew(self, name: str, progress: Progress | None = None) -> IngestReport:
        """Makes a base again with the models of today, of what was kept of its sources. What people
        edited stays; the entries of a source that cannot be read any more stay too.
        """
        started, remarks = time.perf_counter(), []
        with self._index.changing(name):
            old = self._index.open(name)
            if not self._index.is_current(old):
                remarks = self._renew(name, old, progress)
            return IngestReport(len(self._index.open(name)), remarks, time.perf_counter() - started)

    def _read(
        self, name: str, source: Path | str, progress: Progress | None, actions: bool
    ) -> Reading:
        """What a source holds. The pages of a site are kept between two readings."""
        said = (lambda what: progress(0, 1, f"reading {what}")) if progress else None
        pages, acts = self._sources.pages(name), actions and self._acts
        options = replace(self._reading, pages=pages, progress=said, actions=acts)
        return read_source(source, options)

    def _state(self, source: Path | str, actions: bool) -> str:
        """Names a source and what it holds now; "" where that is not known before it is read."""
        if is_address(source) or not exists(source) or self._reading.picture_hosts:
            return ""
        how = bool(self._reading.ocr), actions and self._acts
        return json.dumps([origin_of(source), digest(Path(source)), *how])

    def _report(self, name: str, read: Reading, started: float, state: str) -> IngestReport:
        """state: of the source, beside which the report is kept until the base changes."""
        version = self._index.open(name)
        ids = {entry.id for entry in read.entries}
        found = (c for c in version.all_contradictions() if {c.entry.id, c.other.id} & ids)
        read.warnings += [remark(c.entry, told(c)) for c in found]
        report = read.report(version.about.pictures, time.perf_counter() - started)
        if state:
            version.keep_read(state, asdict(report))
        return report

    def _present(self, name: str) -> tuple[Version | None, Recipe, list[Wanted]]:
        """The version of a base, what it was made of, and what it holds; nothing of a new one."""
        if name not in self._index.names():
            return None, Recipe(), []
        old = self._index.open(name)
        return old, Recipe.read(old.about.recipe), held(old)

    def _renew(self, name: str, old: Version, progress: Progress | None) -> list[Remark]:
        """Returns what could not be read."""
        recipe, wanted, remarks = Recipe.read(old.about.recipe), held(old), list[Remark]()
        acting = {own.origin for own in wanted if own.entry.declaration}
        readings = []  # all at once: pictures of files exist as long as these do
        for source in recipe.sources:
            if read := self._read_again(name, source, source.origin in acting):
                readings.append(read)
                remarks += read.skipped
                new = [Wanted(entry, source.origin) for entry in read.entries]
                wanted = merged(wanted, with_pictures(new, wanted), recipe, [])
        noted, label = self._noted(name, progress), old.about.label
        try:
            self._publisher.publish(name, wanted, recipe, label, remarks, noted, again=True)
        finally:
            self._renewing.pop(name, None)
        return remarks

    def _read_again(self, name: str, source: Source, actions: bool) -> Reading | None:
        """What a kept source holds; None where it cannot be read any more."""
        place = self._sources.path(name, source) if source.kept else source.origin
        try:
            return self._read(name, place, None, actions)
        except KnowledgeError as exc:
            log.warning("%s: %s Its entries are taken as they were read before.", name, exc)
            return None

    def _learn(self, name: str, progress: Progress | None) -> None:
        if self.fitter is not None:
            entries = len(self._index.open(name))
            (progress or (lambda *_: None))(entries, entries, "asking its own questions")
            self.fit(name)

    def _noted(self, name: str, progress: Progress | None) -> Progress:
        """Progress that a list of bases shows too."""

        def note(done: int, total: int, what: str) -> None:
            self._renewing[name] = f"{done} of {total} entries are done."
            if progress:
                progress(done, total, what)

        return note


def _place(wanted: Sequence[Wanted], entry_id: str) -> int:
    """Where the entry of an id stands; behind the last one where there is none."""
    return next((n for n, own in enumerate(wanted) if own.entry.id == entry_id), len(wanted))


def _goes_with(entry: Entry, removed: Entry) -> bool:
    """Whether an entry goes with one that is removed: itself, an action in all its languages."""
    same = bool(entry.declaration) and entry.declaration == removed.declaration
    return same or entry.id == removed.id
