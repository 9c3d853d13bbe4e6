"""Knowledge: what the service and the command line call. Files in, entries kept, hits out.

ingest, sync, edit, remove, undo   change a base; each makes a whole new version of it
renew                              makes a base again with the models of today
search                             a customer's turn -> search query -> hits
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mm_support.encode.image import ImageEncoder
from mm_support.encode.text import TextEncoder
from mm_support.errors import InputError, KnowledgeError
from mm_support.knowledge.actions import FILE, DeclaredAction, once
from mm_support.knowledge.contradictions import contradictions
from mm_support.knowledge.declarations import action_of
from mm_support.knowledge.entries import remark
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.ingest import Reading, ReadingOptions, is_address, read_source
from mm_support.knowledge.oddities import told
from mm_support.knowledge.points import PointMaker
from mm_support.knowledge.publishing import Progress, Publisher
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.sources import Recipe, Source, SourceFolder, origin_of
from mm_support.knowledge.wanted import BY_HAND, Wanted, held, merged
from mm_support.types import Entry, Hit, IngestReport, KnowledgeBase, Remark, Sureness, UserTurn

if TYPE_CHECKING:
    from mm_support.knowledge.own_questions import Trial  # imports torch

log = logging.getLogger(__name__)

OWN = "own"  # label of bases that did not come with the project
PACK = "pack"  # begins the label of those that did
MAX_LIMIT = 100  # entries that one search gives
STALE = "It is made again for other models and answers by its words meanwhile."

NOTHING = ReadingOptions()


def check_limit(limit: int) -> None:
    """Raises InputError for a number of entries that no search gives."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"The limit must be between 1 and {MAX_LIMIT}.")


class Fitter(Protocol):
    """Learns from what a base's questions find; `fit` gives plain JSON. foreign: questions that no
    base answers. needed: whether what is kept beside a base is out of date.
    """

    foreign: Sequence[str]

    def fit(self, trials: Iterable[Trial]) -> dict[str, Any]: ...

    def needed(self, fitted: Mapping[str, Any]) -> bool: ...

    def sureness(self, fitted: Mapping[str, Any]) -> Sureness | None: ...


class Knowledge:
    """All knowledge bases of a service.

    understand: a turn -> its search query. fitter: learns about bases of one's own. acts: whether
    actions that bases declare are read and found.
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
    ) -> None:
        self.fitter, self._acts = fitter, acts
        self._index, self._understand, self._reading = index, understand, reading
        self._maker = PointMaker(text, image, index.pictures_dir)
        self._sources = SourceFolder(index.sources_dir)
        self._publisher = Publisher(index, self._maker, self._sources, lambda: self.give_way())
        self.pictures_dir = index.pictures_dir
        self._renewing: dict[str, str] = {}  # base -> how far it is
        self.give_way: Callable[[], None] = lambda: None  # before each batch that is encoded

    # -- reading -------------------------------------------------------------------------------

    def list(self) -> list[KnowledgeBase]:
        """All bases, by name; one that is damaged has no entries, and a note that says so."""
        return [self._listed(name) for name in self._index.names()]

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a base. Raises KnowledgeError for a name that does not exist."""
        return self._index.open(name).entries.all()

    def search(self, turn: UserTurn, limit: int = 5) -> list[Hit]:
        """The best entries for a turn, best first. Raises InputError or KnowledgeError."""
        check_limit(limit)
        self.check(turn.knowledge)
        query = self.recognise(turn.knowledge, self._understand(turn))
        return self._found(turn.knowledge, query, limit, False)

    def check(self, name: str) -> None:
        """Raises KnowledgeError where the base does not exist."""
        self._index.open(name)

    def names(self, name: str) -> tuple[str, ...]:
        """Names in the base that customers are likely to say, the most frequent first."""
        return self._index.open(name).names

    def respelled(self, name: str, text: str) -> str:
        """A question with misspelt words as this base writes them: see index/spelling.py."""
        from mm_support.knowledge.index.spelling import respelled

        return respelled(self._index.open(name), text)

    def recognise(self, name: str, query: SearchQuery) -> SearchQuery:
        """The query as this base reads it: see index/search.py."""
        from mm_support.knowledge.index.search import recognise

        return recognise(self._index.open(name), query)

    def find(self, name: str, query: SearchQuery, limit: int = 5) -> list[Hit]:
        """The best entries for a query; actions among them where they are switched on."""
        return self._found(name, query, limit, self._acts)

    def _found(self, name: str, query: SearchQuery, limit: int, actions: bool) -> list[Hit]:
        from mm_support.knowledge.index.search import search

        version = self._index.open(name)
        fits, score = self._index.fits(version), self._index.text_score
        most = limit + len(version.entries.declared()) if actions else limit
        hits = search(version, query, most, date.today(), fits, score, actions)
        return once(hits, limit) if actions else hits

    def actions(self, name: str) -> tuple[DeclaredAction, ...]:
        """What can be done with this base; nothing where actions are switched off."""
        declared = self._index.open(name).entries.declared() if self._acts else ()
        found = filter(None, (action_of(record.entry) for record in declared))
        return tuple({action.name: action for action in found}.values())

    def contradictions(self, name: str, entry_id: str) -> tuple[Entry, ...]:
        """The entries that hold today and answer the same as one of them otherwise: other amounts,
        other times. Whoever answers from one says both, with sources.
        """
        found, today = self._index.open(name).contradictions(entry_id), date.today()
        return tuple(entry for entry in found if entry.holds_on(today))

    def trials(self, name: str, foreign: Sequence[str] = ()) -> Iterator[Trial]:
        """Some of the base's questions, and what each finds where it is not written down; then
        questions that it does not answer, and what they find.
        """
        from mm_support.knowledge.own_questions import asked_again, asked_in_vain

        version = self._index.open(name)

        def points(entries: Sequence[Entry]) -> Iterator[Point]:
            return self._maker.points(name, entries, [""] * len(entries), [])

        def ask(text: str) -> SearchQuery:
            return self._understand(UserTurn(text=text, knowledge=name))

        yield from asked_again(version, self._index, points, ask)
        yield from asked_in_vain(version, self._index, ask, foreign)

    def fitted(self, name: str) -> dict[str, Any]:
        """What was learned about a base from its own questions; empty where nothing was."""
        return self._index.open(name).fitted

    def sureness(self, name: str) -> Sureness | None:
        """The same for people; None where nothing was learned."""
        return self.fitter.sureness(self.fitted(name)) if self.fitter else None

    def fit(self, name: str) -> None:
        """Learns from a base's own questions how sure its answers are."""
        version = self._index.open(name)
        if self.fitter is not None and self._index.fits(version):
            version.keep(self.fitter.fit(self.trials(name, self.fitter.foreign)))

    def unfitted(self) -> list[str]:
        """Bases of one's own about which nothing was learned yet, or for an earlier gate."""
        own = [base.name for base in self.list() if base.own and base.entries]
        return [n for n in own if self.fitter is not None and self.fitter.needed(self.fitted(n))]

    def version(self, name: str) -> str | None:
        """The base's label, "" where it is damaged; None where there is no such base."""
        if name not in self._index.names():
            return None
        version = self._readable(name)
        return version.about.label if version else ""

    # -- changing ------------------------------------------------------------------------------

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
        started = time.perf_counter()
        with self._index.changing(name):
            read = self._read(name, path, progress, actions)
            origin = origin_of(path)
            wanted = [Wanted(entry, origin) for entry in read.entries]
            recipe, copied = Recipe((Source(origin),)), path if version == OWN else None
            self._publisher.publish(name, wanted, recipe, version, read.skipped, progress, copied)
            if version == OWN:
                self._learn(name, progress)
            return self._report(name, read, started)

    def sync(
        self, name: str, source: Path | str, progress: Progress | None = None, actions: bool = False
    ) -> IngestReport:
        """Makes the base hold what the source holds now, beside what it holds from others.

        What people edited or removed stays so; what did not change keeps its vectors; where nothing
        changed, nothing is written. A base that does not exist is made.
        """
        started = time.perf_counter()
        with self._index.changing(name):
            read = self._read(name, source, progress, actions)
            old, recipe, wanted = self._present(name)
            origin = origin_of(source)
            new = [Wanted(entry, origin) for entry in read.entries]
            wanted = merged(wanted, new, recipe, read.skipped)
            recipe = recipe.with_source(Source(origin))
            if old is None or not self._publisher.holds(old, wanted):
                self._publisher.publish(name, wanted, recipe, OWN, read.skipped, progress, source)
                self._learn(name, progress)
            return self._report(name, read, started)

    def sites(self) -> Iterator[tuple[str, str]]:
        """Each base, and the address of each site that it is made of."""
        for name in self._index.names():
            if version := self._readable(name):
                sources = Recipe.read(version.about.recipe).sources
                yield from ((name, s.origin) for s in sources if is_address(s.origin))

    def edit(self, name: str, entry: Entry) -> None:
        """Puts an entry in place of the one with its id, or adds it. Raises KnowledgeError."""
        if not (entry.id.strip() and entry.title.strip() and entry.answer.strip()):
            raise KnowledgeError("An entry needs an id, a title and an answer.")
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

    def adopt(
        self, name: str, entries: Sequence[Entry], progress: Progress | None = None
    ) -> IngestReport:
        """Makes a base of entries that come from no file; the base itself is what is kept."""
        started, remarks = time.perf_counter(), []
        wanted = [Wanted(entry, BY_HAND) for entry in entries]
        with self._index.changing(name):
            self._publisher.publish(name, wanted, Recipe(), OWN, remarks, progress)
        return IngestReport(len(wanted), remarks, time.perf_counter() - started)

    def undo(self, name: str) -> None:
        """Takes the last change of a base back, and the second time that. Raises KnowledgeError."""
        self._index.undo(name)

    def stale(self) -> list[str]:
        """Bases whose vectors were made by other models; they answer by their words meanwhile."""
        opened = ((name, self._readable(name)) for name in self._index.names())
        return [name for name, own in opened if own and not self._index.fits(own)]

    def renew(self, name: str, progress: Progress | None = None) -> IngestReport:
        """Makes a base again with the models of today, of what was kept of its sources. What people
        edited stays; the entries of a source that cannot be read any more stay too.
        """
        started, remarks = time.perf_counter(), []
        with self._index.changing(name):
            old = self._index.open(name)
            if not self._index.fits(old):
                remarks = self._renew(name, old, progress)
            return IngestReport(len(self._index.open(name)), remarks, time.perf_counter() - started)

    # -- how -----------------------------------------------------------------------------------

    def _read(
        self, name: str, source: Path | str, progress: Progress | None = None, actions: bool = False
    ) -> Reading:
        """What a source holds. The pages of a site are kept between two readings."""
        said = (lambda what: progress(0, 1, f"reading {what}")) if progress else None
        pages, acts = self._sources.pages(name), actions and self._acts
        options = replace(self._reading, pages=pages, progress=said, actions=acts)
        return read_source(source, options)

    def _report(self, name: str, read: Reading, started: float) -> IngestReport:
        version = self._index.open(name)
        read.warnings += _with_others(read.entries, version.entries.all())
        return read.report(version.about.pictures, time.perf_counter() - started)

    def _present(self, name: str) -> tuple[Version | None, Recipe, list[Wanted]]:
        """The version of a base, what it was made of, and what it holds; nothing of a new one."""
        if name not in self._index.names():
            return None, Recipe(), []
        old = self._index.open(name)
        return old, Recipe.read(old.about.recipe), held(old)

    def _listed(self, name: str) -> KnowledgeBase:
        try:
            version = self._index.open(name)
        except KnowledgeError as exc:
            return KnowledgeBase(name, 0, 0, note=str(exc))
        note = "" if self._index.fits(version) else self._renewing.get(name, STALE)
        about, own = version.about, not version.about.label.startswith(PACK)
        return KnowledgeBase(name, about.entries, about.pictures, own, note)

    def _readable(self, name: str) -> Version | None:
        """None for a base that is damaged, or gone by now."""
        with suppress(KnowledgeError):
            return self._index.open(name)
        return None

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
                wanted = merged(wanted, new, recipe, [])
        noted, label = self._noted(name, progress), old.about.label
        try:
            self._publisher.publish(name, wanted, recipe, label, remarks, noted)
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
            self._renewing[name] = f"{STALE} {done} of {total} entries are done."
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


def _with_others(read: Sequence[Entry], entries: Sequence[Entry]) -> list[Remark]:
    """Contradictions between what was read and what a base holds from other sources."""
    ids = {entry.id for entry in read}
    if len(entries) <= len(ids):
        return []
    found = [c for c in contradictions(entries) if (c.entry.id in ids) != (c.other.id in ids)]
    return [remark(c.entry, told(c)) for c in found]
