"""The embedded index: a folder a knowledge base, in it a folder a version and a pointer.

    <folder>/<base>/current     the key of the version that is read, and of the one before
    <folder>/<base>/changes.jsonl   what it held before (history.py)
    <folder>/<base>/<key>/      a version (version.py); its file "held" is locked by all who read it
    <folder>/<base>/<key>.new/  one that is being written, locked by who writes it

A version is written beside, brought to the disk and made current by one rename. So a process that
ends at any moment leaves the old base whole; what it leaves behind is removed by whoever looks
next. Readers never wait. Knows nothing of how entries are scored.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from mm_support.errors import KnowledgeError, no_such_base
from mm_support.files import make_durable, write_json
from mm_support.knowledge.index import NAME, Point, check_name, history
from mm_support.knowledge.index.entries import stored_entry
from mm_support.knowledge.index.locks import share, take, waiting
from mm_support.knowledge.index.version import (
    LAYOUT,
    READING,
    Version,
    VersionWriter,
    is_later,
)
from mm_support.knowledge.text_score import UNKNOWN, TextScore
from mm_support.types import Entry

log = logging.getLogger(__name__)

CURRENT, HELD, LOCK, NEW, GONE = "current", "held", ".lock", ".new", ".gone"
KEY_DIGITS = 8
TRIES = 20  # openings of a base that is being replaced over and over


class Pointer(NamedTuple):
    """The keys of the current version and the one before, or ""; a removed base has no current."""

    current: str
    before: str = ""


class FolderIndex:
    """Knowledge bases in a data folder that any number of processes read and write.

    signature: names the models that make vectors; a version of others answers by its words.
    text_score: of their texts' likenesses. pictures_dir, sources_dir: a folder a base; what no
    version uses any more is removed there.
    """

    def __init__(
        self,
        data_dir: Path,
        signature: str,
        d_text: int,
        d_picture: int,
        text_score: TextScore = UNKNOWN,
    ) -> None:
        self._models = signature, d_text, d_picture, text_score
        self._folder = data_dir / "bases"
        self.pictures_dir, self.sources_dir = data_dir / "pictures", data_dir / "sources"
        self.signature = f"{signature}-{LAYOUT}"
        self.text_score = text_score
        self._dims = {"d_text": d_text, "d_picture": d_picture}
        self._opened: dict[str, Version] = {}
        self._lock = threading.Lock()
        self._begin()
        for name in self._all_names():
            try:
                self._sweep(name)
            except KnowledgeError as exc:
                log.error("%s", exc)

    def _begin(self) -> None:
        """Raises KnowledgeError for a data folder that nothing can be written to."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with waiting(self._folder / LOCK):
                pass
        except OSError as exc:
            raise KnowledgeError(
                f"The data folder cannot be written to ({exc.strerror}: {exc.filename}); make it"
                " writable, or set MM_SUPPORT_DATA."
            ) from exc

    def like(self, data_dir: Path) -> FolderIndex:
        """Another one for vectors of the same models."""
        return FolderIndex(data_dir, *self._models)

    def follow(self) -> None:
        """Does nothing: whoever opens a base looks which version is current."""

    def names(self) -> list[str]:
        """All knowledge bases, in order."""
        return [name for name, pointer in self._pointers() if pointer.current]

    def removed(self) -> list[str]:
        """Bases that were removed and that `undo` brings back."""
        return [name for name, pointer in self._pointers() if not pointer.current]

    def open(self, name: str) -> Version:
        """The current version. Raises KnowledgeError for a base that does not exist."""
        for _ in range(TRIES):
            pointer = self._pointer(name)
            if pointer is None or not pointer.current:
                raise no_such_base(name, self.names())
            with self._lock:
                version = self._opened.get(name)
                if version is not None and version.key == pointer.current:
                    return version
                version = self._read(name, pointer.current)
                if version is not None:
                    self._opened[name] = version
                    return version
        raise KnowledgeError(f"The knowledge base {name!r} cannot be opened; try again.")

    def changes(self, name: str) -> list[history.Change]:
        """The changes of a base, latest first. Raises KnowledgeError for one that never was."""
        with waiting(self._folder / LOCK):
            return list(history.changes(self._folder / name, self._known(name).current))

    def held_at(self, name: str, when: datetime) -> list[Entry]:
        """What a base held at a time. Raises KnowledgeError for a time before its first change."""
        changes = self.changes(name)
        if not changes or when < changes[-1].at:
            raise KnowledgeError(f"Nothing is known of {name!r} at that time.")
        now = self._said(name, changes[0].after)
        held = history.held_at(when, changes, now)
        return [stored_entry(said, self.pictures_dir) for said in held.values()]

    def fits(self, version: Version) -> bool:
        """Whether these models made its vectors."""
        return version.about.signature == self.signature

    def is_current(self, version: Version) -> bool:
        """Whether they did, of sources that were read as they are today."""
        return self.fits(version) and version.about.reading == READING

    @contextmanager
    def changing(self, name: str) -> Iterator[None]:
        """One at a time, over all processes: whoever makes a version out of the one before."""
        check_name(name)
        with waiting(self._folder / f".{name}{LOCK}"):
            yield

    @contextmanager
    def writing(self, name: str) -> Iterator[FolderWriter]:
        """A new version of a base; left without `publish`, it leaves no trace."""
        check_name(name)
        key = f"{time.time_ns():x}-{uuid.uuid4().hex[:KEY_DIGITS]}"
        with told_in_words(), self._beside(name, key) as (folder, held):
            writer = FolderWriter(self, name, folder, held)
            try:
                yield writer
            finally:
                writer.close()

    @contextmanager
    def _beside(self, name: str, key: str) -> Iterator[tuple[Path, IO[bytes] | None]]:
        """A new folder for a version and its lock; what is not made current leaves no trace."""
        folder = self._folder / name / f"{key}{NEW}"
        with waiting(self._folder / LOCK):
            folder.mkdir(parents=True)
            held = take(folder / HELD)
        try:
            yield folder, held
        finally:
            if held:
                held.close()
            self._sweep(name)

    def publish(self, name: str, folder: Path, held: IO[bytes] | None, again: bool) -> None:
        """Makes a finished folder the current version. again: it says what the current one says,
        in whose place it comes; `undo` still brings back the one before that.
        """
        base, key = folder.parent, folder.name.removesuffix(NEW)
        with waiting(self._folder / LOCK):
            if held:
                held.close()  # readers hold it from now on; nobody removes it while we wait here
            pointer = self._pointer(name) or Pointer("")
            os.replace(folder, base / key)
            make_durable(base)
            self._point(name, Pointer(key, pointer.before if again else pointer.current))
        self._close(name)

    def undo(self, name: str) -> None:
        """Makes the version before current again; a second time brings back what was undone."""
        with told_in_words(), waiting(self._folder / LOCK):
            pointer = self._known(name)
            if not (self._folder / name / pointer.before / HELD).is_file():
                raise KnowledgeError(f"The knowledge base {name!r} has no version before this one.")
            self._point(name, Pointer(pointer.before, pointer.current))

    def remove(self, name: str) -> None:
        """Takes a base out of use; one that is so already goes for good, with its pictures and
        sources. Raises KnowledgeError for one that never was.
        """
        with told_in_words(), waiting(self._folder / LOCK):
            pointer = self._known(name)
            if pointer.current:
                self._point(name, Pointer("", pointer.current))
        if pointer.current:
            self._close(name)
        else:
            self._forget(name)

    def _forget(self, name: str) -> None:
        """Removes all files of a base but those of versions that somebody reads."""
        with waiting(self._folder / LOCK):
            for file in (CURRENT, history.FILE):
                (self._folder / name / file).unlink(missing_ok=True)
        self._close(name)
        self._sweep(name)

    def _close(self, name: str) -> None:
        with self._lock:
            self._opened.pop(name, None)

    def close(self) -> None:
        with self._lock:
            self._opened.clear()

    def _all_names(self) -> list[str]:
        """Of bases, and of what a base has left behind."""
        return sorted(path.name for path in self._folder.iterdir() if NAME.fullmatch(path.name))

    def _known(self, name: str) -> Pointer:
        """Of a base that is or was. Raises KnowledgeError."""
        pointer = self._pointer(name)
        if pointer is None:
            raise no_such_base(name, self.names())
        return pointer

    def _pointers(self) -> Iterator[tuple[str, Pointer]]:
        """Of all bases but those whose pointer is damaged."""
        for name in self._all_names():
            with suppress(KnowledgeError):
                if pointer := self._pointer(name):
                    yield name, pointer

    def _pointer(self, name: str) -> Pointer | None:
        if not NAME.fullmatch(name or ""):
            return None
        with self._readable(name), suppress(FileNotFoundError, NotADirectoryError):
            return Pointer(*json.loads((self._folder / name / CURRENT).read_bytes()))
        return None

    @contextmanager
    def _readable(self, name: str, key: str = "") -> Iterator[None]:
        """Raises KnowledgeError where a base's files are missing or cannot be read. key: the
        version that is read.
        """
        try:
            yield
        except (OSError, ValueError, TypeError, sqlite3.DatabaseError) as exc:
            if key and is_later(self._folder / name / key):
                raise KnowledgeError(
                    f"The knowledge base {name!r} was made by a later release of this program:"
                    " start that one, or ingest the base again with this one."
                ) from exc
            raise KnowledgeError(
                f"The knowledge base {name!r} is damaged: bring the folder bases/{name} of the "
                "data folder back from a backup, or remove it and ingest the base again."
            ) from exc

    def _point(self, name: str, pointer: Pointer) -> None:
        self._note(name, pointer.current)
        write_json(self._folder / name / CURRENT, pointer)
        make_durable(self._folder / name)

    def _note(self, name: str, key: str) -> None:
        """Keeps what a version that is to be current changes."""
        with suppress(KnowledgeError):  # of a damaged one nothing is known
            before = (self._pointer(name) or Pointer("")).current
            if before != key:
                was, shall = self._said(name, before), self._said(name, key)
                history.note(self._folder / name, before, key, was, shall)

    def _said(self, name: str, key: str) -> dict[str, str]:
        """id -> entry as JSON, of a version; nothing of none."""
        with self._readable(name, key):
            folder = self._folder / name / key
            return Version(folder, self.pictures_dir).entries.contents() if key else {}

    def _read(self, name: str, key: str) -> Version | None:
        """None where the version was removed after its key was read."""
        folder = self._folder / name / key
        try:
            held = share(folder / HELD)
        except FileNotFoundError:
            return None
        if not held:
            return None
        with self._readable(name, key):
            version = Version(folder, self.pictures_dir, held)
            version.check(self.fits(version))
            return version

    def _sweep(self, name: str) -> None:
        """Removes the versions that nobody uses, and the files that no version uses."""
        base = self._folder / name
        with waiting(self._folder / LOCK):
            pointer = self._pointer(name) or ()
            folders = [path for path in base.glob("*") if path.is_dir()]
            left = [path for path in folders if path.name in pointer or not _removed(path)]
            if any(path.suffix == NEW for path in left):
                return  # its writer may have stored files already that no version names yet
            left = [path for path in left if path.suffix != GONE]
            with self._readable(name):
                used = _used_by([Version(path, self.pictures_dir) for path in left])
            self._sweep_files(name, *used)
            if not left and not pointer:
                shutil.rmtree(base, ignore_errors=True)

    def _sweep_files(self, name: str, pictures: set[str], sources: set[str]) -> None:
        """Removes a base's pictures and sources but for these."""
        for path in (self.pictures_dir / name).glob("*"):
            if path.relative_to(self.pictures_dir).as_posix() not in pictures:
                path.unlink()
        for path in (self.sources_dir / name).glob("*"):
            if path.name not in sources:
                shutil.rmtree(path, ignore_errors=True)


class FolderWriter:
    """A version that is being written, see FolderIndex.writing. held: its lock."""

    def __init__(self, index: FolderIndex, name: str, folder: Path, held: IO[bytes] | None) -> None:
        self._index, self._name, self._folder, self._held = index, name, folder, held
        self._version = VersionWriter(folder, index.pictures_dir)

    def add(self, point: Point) -> None:
        self._version.add(point)

    def publish(
        self, label: str, recipe: dict[str, Any] | None = None, again: bool = False
    ) -> None:
        about = {"label": label, "signature": self._index.signature, "recipe": recipe or {}}
        self._version.finish(about | self._index._dims | {"reading": READING})
        self._index.publish(self._name, self._folder, self._held, again)

    def close(self) -> None:
        """Closes the files of a version that was not published."""
        with suppress(OSError, sqlite3.Error):
            self._version.close()


@contextmanager
def told_in_words() -> Iterator[None]:
    """Raises KnowledgeError where a version, its pictures or its sources cannot be written."""
    try:
        yield
    except sqlite3.IntegrityError as exc:
        raise KnowledgeError("Two entries have the same id; give each one of its own.") from exc
    except (OSError, sqlite3.Error) as exc:
        raise KnowledgeError(
            f"The knowledge base could not be written ({getattr(exc, 'strerror', '') or exc}); "
            "the old one stays. Make room, or choose another data folder."
        ) from exc


def _used_by(versions: list[Version]) -> tuple[set[str], set[str]]:
    """The pictures and the sources of versions."""
    pictures = (version.entries.pictures() for version in versions)
    sources = (version.about.recipe.get("kept", ()) for version in versions)
    return set().union(*pictures), set().union(*sources)


def _removed(folder: Path) -> bool:
    """Removes a version that nobody holds. False where somebody does."""
    held = take(folder / HELD)
    if held is None:
        return False
    held.close()
    gone = folder.with_suffix(GONE)
    try:
        os.replace(folder, gone)  # fails where a system does not let go of files that are read
    except OSError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return not gone.exists()
