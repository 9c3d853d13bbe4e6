"""A version of a base, as it lies in a folder: written once, then read by anybody.

    about.json      which models made its vectors, what it was read from (About)
    names.json      the identifiers that its entries define
    contradictions.json   entries that answer the same and say it otherwise, by their ids
    fitted.json     what was learned about the base from its own questions; added once it is known
    read.json       what was reported of the sources that it was read from; added likewise
    entries.sqlite  entries, terms, identifiers
    facets ...      vectors (arrays.py)

Knows no other version and no base's name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from mm_support.files import make_durable, write_json
from mm_support.knowledge.contradictions import (
    Contradiction,
    by_id,
    contradictions,
    differing,
)
from mm_support.knowledge.index import About, Point, entries, identified, postings
from mm_support.knowledge.index.arrays import Arrays, ArrayWriter, open_arrays
from mm_support.knowledge.index.entries import Entries, EntriesWriter
from mm_support.knowledge.index.identified import STORED, Identifiers, IdentifiersWriter
from mm_support.knowledge.index.postings import Postings, PostingsWriter
from mm_support.knowledge.index.table import Table, create
from mm_support.language import defined, identifiers
from mm_support.language.detect import language_of
from mm_support.language.names import names
from mm_support.language.terms import term_set, terms
from mm_support.types import Entry

ABOUT, ENTRIES, NAMES = "about.json", "entries.sqlite", "names.json"
FITTED, CONTRADICTIONS, READ = "fitted.json", "contradictions.json", "read.json"
SCHEMAS = (entries.SCHEMA, postings.SCHEMA, identified.SCHEMA)
MAX_NAMES = 20  # the most frequent of a base
HALF = 0.5  # share of the entries
LOOKED_AT = 50  # entries, about, that tell the languages of a base
# of the files, and of how texts are cut into sentences and terms; it belongs to the signature, so
# what is in another one answers by its words until it is made again
LAYOUT = 12
# how sources are read: what was read otherwise answers as before until it is made again, and keeps
# the vectors of what says the same
READING = 5


class VersionWriter:
    """Writes the files of a version into a folder."""

    def __init__(self, folder: Path, pictures_dir: Path) -> None:
        self._folder, self._pictures_dir = folder, pictures_dir
        self._connection = create(folder / ENTRIES, SCHEMAS)
        self._entries = EntriesWriter(self._connection, pictures_dir)
        self._arrays = ArrayWriter(folder)
        self._postings, self._identifiers = PostingsWriter(), IdentifiersWriter()

    def add(self, point: Point) -> None:
        entry = point.entry
        named, titled = identifiers.identifiers_of(entry), defined.named_in_title(entry.title)
        self._identifiers.add(self._entries.rows, named, titled)
        texts = (entry.title, " ".join((*entry.questions, *entry.tags)), entry.answer)
        language = language_of(entry.text)
        self._postings.add([terms(text, language) for text in texts])
        characters = point.characters
        if characters is None:
            characters = np.zeros(len(point.text), bool)
        self._arrays.add(point.text, point.picture, point.words, point.pieces, characters)
        self._entries.add(entry, point.digest, point.origin)

    def close(self) -> None:
        """Closes the files; all of them are on the disk then."""
        self._arrays.close()
        self._connection.close()

    def finish(self, about: dict[str, Any]) -> None:
        """Stores what is known only at the end. about: the fields of About but for the counts."""
        self._postings.store(self._connection)
        self._identifiers.store(self._connection)
        self._connection.execute("COMMIT")
        self.close()
        stored = Entries(Table(self._folder / ENTRIES), self._pictures_dir, self._entries.rows)
        names = defined.Names.of(stored.all())
        write_json(self._folder / NAMES, names._asdict())
        pairs = by_id(contradictions(stored.all()))
        write_json(self._folder / CONTRADICTIONS, pairs)
        rows, shown = self._entries.rows, self._entries.pictures
        of_one = is_of_one(stored.all(), Postings(Table(self._folder / ENTRIES), rows))
        made = About(**about, entries=rows, pictures=shown, of_one=of_one)
        write_json(self._folder / ABOUT, asdict(made))
        for path in (self._folder / ENTRIES, self._folder):
            make_durable(path)


def names_of(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The products and other names that customers are likely to say, the most frequent first."""
    return names([text for e in entries for text in (e.title, *e.questions)], MAX_NAMES)


def is_of_one(entries: Iterable[Entry], found: Postings) -> bool:
    """Whether more than HALF of the entries have all terms of one name."""
    return any(found.everywhere(term_set(name), HALF) for name in names_of(entries))


def is_later(folder: Path) -> bool:
    """Whether a later release wrote the files of a version, which this one may not know."""
    with suppress(OSError, ValueError, TypeError):
        about = About.read(json.loads((folder / ABOUT).read_bytes()))
        _, _, layout = about.signature.rpartition("-")
        return about.reading > READING or int(layout) > LAYOUT
    return False


class Version:
    """A version that is being read. held: an open file that says so to whoever removes old ones."""

    def __init__(self, folder: Path, pictures_dir: Path, held: IO[bytes] | None = None) -> None:
        self.key, self._folder, self._held = folder.name, folder, held
        self.about = About.read(json.loads((folder / ABOUT).read_text(encoding="utf-8")))
        self._table = Table(folder / ENTRIES)
        self._fitted: dict[str, Any] = {}
        self._fitted_at = 0  # when it was written
        self.told: Callable[[dict[str, Any]], None] | None = None  # what `keep` tells others by
        n = self.about.entries
        self.entries = Entries(self._table, pictures_dir, n)
        self.postings = Postings(self._table, n)
        self.identifiers = Identifiers(partial(self._table.rows, STORED), n)

    def __len__(self) -> int:
        return self.about.entries

    def check(self, vectors: bool) -> None:
        """Raises what SQLite, NumPy or the system do where the files cannot be read. vectors: read
        too.
        """
        self._table.rows("SELECT name FROM sqlite_schema")
        if vectors and not self.arrays.fit(len(self)):
            raise ValueError("The files of vectors are of another length than the entries.")

    @cached_property
    def dictionary(self) -> identifiers.Dictionary:
        """The identifiers that the base knows, to find them in a question."""
        file = self._folder / NAMES
        if not file.is_file():  # a version that was made before they were kept
            return identifiers.Dictionary.of(self.entries.all())
        values = json.loads(file.read_text(encoding="utf-8"))
        return identifiers.Dictionary(defined.Names.read(values))

    @property
    def fitted(self) -> dict[str, Any]:
        """What `keep` was given, here or in another process; empty before."""
        file = self._folder / FITTED
        with suppress(FileNotFoundError):
            if (kept := file.stat().st_mtime_ns) != self._fitted_at:
                self._fitted = json.loads(file.read_text(encoding="utf-8"))
                self._fitted_at = kept
        return self._fitted

    def keep(self, fitted: dict[str, Any], tell: bool = True) -> None:
        """Writes what was learned about the base beside what it holds. tell: others too."""
        write_json(self._folder / FITTED, fitted)
        if tell and self.told is not None:
            self.told(fitted)

    @cached_property
    def read(self) -> dict[str, Any]:
        """What `keep_read` was given, by the state of the source."""
        file = self._folder / READ
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def keep_read(self, state: str, report: dict[str, Any]) -> None:
        """Writes what was reported of a source, all of which the version holds."""
        self.read[state] = report
        write_json(self._folder / READ, self.read)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return names_of(self.entries.all())

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that a tenth of the entries are in, the most frequent first."""
        n = len(self)
        looked_at = self.entries.some(range(0, n, max(1, n // LOOKED_AT)))
        found = Counter(language_of(entry.text) for entry in looked_at).most_common()
        return tuple(language for language, count in found if count >= len(looked_at) / 10)

    def contradictions(self, entry_id: str) -> tuple[Entry, ...]:
        """The entries that answer the same as one and say it otherwise."""
        rows = (self.entries.row(other) for other in self._contradictions.get(entry_id, ()))
        return tuple(self.entries.some([row for row in rows if row is not None]))

    def all_contradictions(self) -> Iterator[Contradiction]:
        """Each pair of entries that contradict each other once, the later one first."""
        known: dict[str, Entry] = {}
        for entry in self.entries.all() if self._contradictions else ():
            pairs = (known.get(other) for other in self._contradictions.get(entry.id, ()))
            for other in filter(None, pairs):
                first = next(differing(entry, other), None)
                yield from [Contradiction(entry, other, *first)] if first else []
            known[entry.id] = entry

    @cached_property
    def _contradictions(self) -> dict[str, list[str]]:
        file = self._folder / CONTRADICTIONS
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

    @cached_property
    def arrays(self) -> Arrays:
        return open_arrays(self._folder, self.about.d_text, self.about.d_picture)

    def texts(self, row: int) -> np.ndarray:
        """(k, d_text) the vectors of an entry's texts."""
        own = slice(*self.arrays.facet_starts[row : row + 2].tolist())
        return self.arrays.facets[own].float().numpy()

    def points(self, rows: Sequence[int]) -> Iterator[Point]:
        """Entries with their vectors as they are stored, to be added to another version."""
        arrays = self.arrays
        for row, entry, digest, origin in self.entries.records(rows):
            text, pieces, picture = (
                slice(*starts[row : row + 2].tolist())
                for starts in (arrays.facet_starts, arrays.piece_starts, arrays.picture_starts)
            )
            yield Point(
                entry,
                self.texts(row),
                arrays.pictures[picture].float().numpy(),
                arrays.titles[row].float().numpy(),
                (arrays.pieces[pieces] * arrays.piece_scales[pieces, None]).numpy(),
                digest,
                origin,
                arrays.characters[text].numpy(),
            )
