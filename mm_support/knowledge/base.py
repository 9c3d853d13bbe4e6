"""Knowledge: what the service and the command line call. Files in, entries kept, hits out.

ingest   files -> entries (ingest.py) -> vectors -> index (index.py), pictures copied to the data
folder
search   a customer's turn -> search query -> hits
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.device import usable_threads
from mm_support.encode.image import ImageEncoder
from mm_support.encode.text import TextEncoder
from mm_support.errors import InputError, KnowledgeError
from mm_support.inputs.photo import load_photo
from mm_support.knowledge.index import Point, VectorIndex
from mm_support.knowledge.ingest import PICTURE_SUFFIXES, SUFFIXES, Skipped, read_source
from mm_support.knowledge.late_interaction import merged
from mm_support.knowledge.query import SearchQuery
from mm_support.language.sentences import split_sentences
from mm_support.types import Entry, Hit, IngestReport, KnowledgeBase, UserTurn

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
MAX_TEXT_VECTORS = 32  # an entry; sentences of longer answers are joined until they fit
PICTURE_SIDE = 1_024  # pixels, longest side of a kept picture
CHUNK = 128  # entries whose texts and pictures are encoded together
# counts the ways in which entries have been read; the packs are ingested again where it changes
READING = b"2"
PACK = "pack"  # begins the version of a base that comes with the project
MAX_LIMIT = 100  # entries that one search gives
OPENED = 4  # pictures at once, at full size
PHOTOS = 16  # pictures that are in memory and encoded together

Progress = Callable[[int, int, str], None]  # entries done, entries in all, what is going on


def check_name(name: str) -> None:
    """Raises KnowledgeError for what cannot name a knowledge base."""
    if not NAME.fullmatch(name):
        raise KnowledgeError(
            f"{name!r} cannot be a name; use small letters, digits, - and _, at most 63."
        )


def check_limit(limit: int) -> None:
    """Raises InputError for a number of entries that no search gives."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"The limit must be between 1 and {MAX_LIMIT}.")


class Knowledge:
    """All knowledge bases of a service.

    understand: a turn -> its search query; how that is done is the service's business.
    """

    def __init__(
        self,
        index: VectorIndex,
        text: TextEncoder,
        image: ImageEncoder,
        pictures_dir: Path,
        understand: Callable[[UserTurn], SearchQuery],
    ) -> None:
        self._index, self._text, self._image = index, text, image
        self._pictures_dir, self._understand = Path(pictures_dir), understand
        self._ingesting = (
            threading.Lock()
        )  # what one has kept for a base that is not there yet, another would remove

    def list(self) -> list[KnowledgeBase]:
        """All bases, by name; `own` tells those of a company from the packs."""
        return [replace(base, own=not self._is_pack(base.name)) for base in self._index.list()]

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a base. Raises KnowledgeError for a name that does not exist."""
        return self._index.entries(name)

    def search(self, turn: UserTurn, limit: int = 5) -> list[Hit]:
        """The best entries for a turn, best first. Raises InputError or KnowledgeError."""
        check_limit(limit)
        self._index.entries(turn.knowledge)  # an unknown base is said before anything is encoded
        return self.find(
            turn.knowledge, self.recognise(turn.knowledge, self._understand(turn)), limit
        )

    def recognise(self, name: str, query: SearchQuery) -> SearchQuery:
        """The query as this base reads it: see scoring.recognise."""
        return self._index.recognise(name, query)

    def find(self, name: str, query: SearchQuery, limit: int = 5) -> list[Hit]:
        """The best entries for a query that is made already."""
        return self._index.search(name, query, limit)

    def _is_pack(self, name: str) -> bool:
        return (self.version(name) or "").startswith(PACK)

    def version(self, name: str) -> str | None:
        """The version given when these models ingested the base; None where there is no such base."""
        return self._index.version(name)

    def ingest(
        self, name: str, path: Path | str, progress: Progress | None = None, version: str = "own"
    ) -> IngestReport:
        """Makes the base `name` hold what the file, folder or site holds, in place of what it held
        before.

        version: letters and digits, kept beside the base. Rows and pictures that cannot be read are
        skipped and reported. Raises KnowledgeError where nothing can be read; the old base then
        stays as it was.
        """
        check_name(name)
        started = time.perf_counter()
        reading = read_source(path)
        entries, skipped = reading.entries, reading.skipped
        report = progress or (lambda *_: None)
        with self._ingesting:
            try:
                self._index.replace(name, self._points(name, entries, skipped, report), version)
            finally:
                self._remove_unused_pictures(name)
        pictures = sum(len(entry.pictures) for entry in self._index.entries(name))
        return reading.report(pictures, time.perf_counter() - started)

    def _points(
        self, name: str, entries: Sequence[Entry], skipped: list[Skipped], report: Progress
    ) -> Iterator[Point]:
        for start in range(0, len(entries), CHUNK):
            report(start, len(entries), "reading and encoding")
            yield from self._encode(name, entries[start : start + CHUNK], skipped)
        report(len(entries), len(entries), "done")

    def _encode(
        self, name: str, entries: Sequence[Entry], skipped: list[Skipped]
    ) -> Iterator[Point]:
        texts = [entry_texts(entry) for entry in entries]
        whole, pieces = self._text.encode_pieces(sum(texts, []), "passage")
        ends = np.cumsum([len(t) for t in texts])
        text_vectors, text_pieces = (
            iter(np.split(whole, ends[:-1])),
            (pieces[end - len(t) : end] for end, t in zip(ends, texts)),
        )
        words = self._image.encode_words([entry.title for entry in entries])
        pictures = self._encode_pictures(name, entries, skipped)
        for entry, word in zip(entries, words):
            own = pictures[entry.id]
            stored = replace(entry, pictures=tuple(path for path, _ in own))
            vectors = np.array([vector for _, vector in own], np.float32).reshape(
                -1, self._image.dim
            )
            yield Point(stored, next(text_vectors), vectors, word, merged(next(text_pieces)))

    def _encode_pictures(
        self, name: str, entries: Sequence[Entry], skipped: list[Skipped]
    ) -> dict[str, list[tuple[Path, np.ndarray]]]:
        """Entry id -> (path under the data folder, (d_picture,) vector) of each picture that opens;
        PHOTOS are in memory at once, small.
        """
        found: dict[str, list[tuple[Path, np.ndarray]]] = {entry.id: [] for entry in entries}
        wanted = ((entry, source) for entry in entries for source in entry.pictures)
        with ThreadPoolExecutor(min(OPENED, usable_threads())) as pool:
            while group := list(islice(wanted, PHOTOS)):
                opened = list(
                    zip(group, pool.map(lambda pair: self._keep_picture(name, pair[1]), group))
                )
                skipped += [
                    _not_opened(*pair, kept)
                    for pair, kept in opened
                    if isinstance(kept, InputError)
                ]
                kept = [
                    (entry.id, *kept)
                    for (entry, _), kept in opened
                    if not isinstance(kept, InputError)
                ]
                for (entry_id, path, _), vector in zip(
                    kept, self._image.encode([photo for *_, photo in kept])
                ):
                    found[entry_id].append((path, vector))
        return found

    def _keep_picture(self, name: str, source: Path) -> tuple[Path, Image.Image] | InputError:
        """Path under the data folder and photo of at most PICTURE_SIDE, or why it does not open;
        named by content, so kept once.
        """
        try:
            photo = load_photo(source)
        except InputError as exc:
            return exc
        target = (
            self._pictures_dir
            / name
            / f"{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}.jpg"
        )
        photo.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            photo.save(target, quality=88)
        return target, photo

    def _remove_unused_pictures(self, name: str) -> None:
        entries = self._index.entries(name) if self._index.version(name) else ()
        used = {path.name for entry in entries for path in entry.pictures}
        for path in (self._pictures_dir / name).glob("*.jpg"):
            if path.name not in used:
                path.unlink()


def _not_opened(entry: Entry, source: Path, reason: InputError) -> Skipped:
    file, line = entry.source.rsplit(":", 1)
    return file, int(line), f"picture {source.name}: {reason}"


def entry_texts(entry: Entry) -> list[str]:
    """What an entry can be found by: its title, its questions, the sentences of its answer; each
    once.
    """
    head = [entry.title, *entry.questions]
    sentences = split_sentences(entry.answer)
    room = max(1, MAX_TEXT_VECTORS - len(head))
    step = -(-len(sentences) // room) if sentences else 1
    joined = [" ".join(sentences[i : i + step]) for i in range(0, len(sentences), step)]
    return list(dict.fromkeys(head + joined))


def digest(path: Path) -> str:
    """16 hex digits that change when any knowledge file or picture of a folder does."""
    total = hashlib.sha256(READING)
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in SUFFIXES.keys() | PICTURE_SUFFIXES:
            total.update(
                str(file.relative_to(path)).encode()
                + b"\0"
                + hashlib.sha256(file.read_bytes()).digest()
            )
    return total.hexdigest()[:16]
