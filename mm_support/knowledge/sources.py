"""What bases were made of, kept as it came, so that they can be made again with other models.

    <folder>/<base>/<digest>/...   a file or folder that was ingested; the digest is of its content

A base's recipe says which of them it was made of and what people changed since; the index keeps it
beside each version and removes the sources that no version needs. Knows nothing of vectors.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mm_support.knowledge.actions import FILE as ACTIONS
from mm_support.knowledge.ingest import SUFFIXES, is_address
from mm_support.knowledge.readers import PICTURE_SUFFIXES

DIGITS = 16  # of a digest


@dataclass(frozen=True)
class Source:
    """A file, folder or site. origin: where it was. kept: the digest of its copy, or "". name: of
    the file or folder within the copy.
    """

    origin: str
    kept: str = ""
    name: str = ""


@dataclass(frozen=True)
class Recipe:
    """sources: in order. edited, removed: ids that people changed or took out in spite of them."""

    sources: tuple[Source, ...] = ()
    edited: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Recipe:
        sources = tuple(Source(**source) for source in stored.get("sources", ()))
        lists = (tuple(stored.get(name, ())) for name in ("edited", "removed"))
        return cls(sources, *lists)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"kept": [source.kept for source in self.sources if source.kept]}

    def with_source(self, source: Source) -> Recipe:
        """In place of the one from the same origin, or as the last one."""
        kept = {own.origin: own for own in self.sources} | {source.origin: source}
        return replace(self, sources=tuple(kept.values()))

    def with_edited(self, entry_id: str) -> Recipe:
        removed = tuple(own for own in self.removed if own != entry_id)
        edited = dict.fromkeys((*self.edited, entry_id))
        return replace(self, edited=tuple(edited), removed=removed)

    def with_removed(self, entry_id: str) -> Recipe:
        edited = tuple(own for own in self.edited if own != entry_id)
        removed = dict.fromkeys((*self.removed, entry_id))
        return replace(self, edited=edited, removed=tuple(removed))


class SourceFolder:
    """The copies of all bases' sources."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pages(self, name: str) -> Path:
        """Where the pages of sites lie between two readings."""
        return self._folder / ".pages" / name

    def forget_pages(self, name: str) -> None:
        shutil.rmtree(self.pages(name), ignore_errors=True)

    def keep(self, name: str, source: Path | str, pictures: Iterable[Path] = ()) -> Source:
        """Copies what can be read of a file or folder, once a content; a site has its pages.
        pictures: that its entries have; those that lie beside or below a single file go with it.
        """
        if is_address(source):
            return Source(str(source))
        path = Path(source)
        shown = [*_pictures_of(path, pictures)]
        kept = Source(str(path.resolve()), _digest([*_files(path), *shown]), path.resolve().name)
        target = self._folder / name / kept.kept
        if target.exists():
            return kept
        beside = target.with_suffix(f".{uuid.uuid4().hex[:8]}")
        files = [(file, Path(kept.name, place)) for file, place in _files(path)]
        for file, place in (*files, *shown):
            copy = beside / place
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
        try:
            os.replace(beside, target)
        except OSError:  # another process was faster
            shutil.rmtree(beside, ignore_errors=True)
        return kept

    def path(self, name: str, source: Source) -> Path:
        return self._folder / name / source.kept / source.name


def origin_of(source: Path | str) -> str:
    """What names a source: a site's address, or where a file or folder lies."""
    return str(source) if is_address(source) else str(Path(source).resolve())


def digest(path: Path) -> str:
    """16 hex digits that change when any knowledge file or picture of a file or folder does."""
    return _digest(_files(path))


def _digest(files: Iterable[tuple[Path, str]]) -> str:
    total = hashlib.sha256()
    for file, place in files:
        total.update(f"{place}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:DIGITS]


def _pictures_of(path: Path, pictures: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """The pictures of a single file's entries that lie in its folder, and their place there."""
    folder = path.resolve().parent
    for picture in dict.fromkeys(pictures) if path.is_file() else ():
        if picture.is_relative_to(folder) and picture.is_file():
            yield picture, picture.relative_to(folder).as_posix()


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Files that hold knowledge or are pictures, and their place below; "" for a single file."""
    if path.is_file():
        yield path, ""
        return
    root = path.resolve()
    for file in sorted(path.rglob("*")):
        kind = file.suffix.lower() in SUFFIXES.keys() | PICTURE_SUFFIXES
        wanted = (kind or file.name == ACTIONS) and file.is_file()
        if wanted and file.resolve().is_relative_to(root):  # no link leads out of the folder
            yield file, file.relative_to(path).as_posix()
