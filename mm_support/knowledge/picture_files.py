"""Addresses of pictures in documents -> files that may be shown. Knows no document."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os.path import isfile, realpath  # unlike Path's they raise nothing for any name
from pathlib import Path
from urllib.parse import unquote

from mm_support.knowledge.readers import FORMATS, MARKDOWN, PICTURE_SUFFIXES
from mm_support.knowledge.readers.base import Remarks, quoted

ELSEWHERE = ("http:", "https:", "data:")  # what addresses begin with that name no file
_NUMBER = re.compile(r"-\d+\Z")  # of one of several pictures


@dataclass(frozen=True)
class PictureFiles:
    """Finds pictures by their addresses. root: the folder that is read; room: of pictures that
    documents held; outside of both none is taken. others: folders of zips. remote: fetches one, or
    says why not.
    """

    root: Path
    room: Path
    others: tuple[Path, ...] = ()
    remote: Callable[[str], Path | str] = lambda address: "is no file"

    def found(
        self, addresses: Iterable[str], file: Path | None, line: int, remarks: Remarks
    ) -> list[Path]:
        """The pictures that a file names, each once; what is not found is remarked."""
        found = [self._path(address, file, line, remarks) for address in addresses if address]
        return list(dict.fromkeys(path for path in found if path))

    def _path(self, address: str, file: Path | None, line: int, remarks: Remarks) -> Path | None:
        shown, rest = quoted(address), "; the entry is kept without it"
        if file is None or address.strip().lower().startswith(ELSEWHERE):
            fetched = self.remote(address)
            if isinstance(fetched, Path):
                return fetched
            remarks.skip(line, f"picture {shown} {fetched}{rest}")
            return None
        inside = [path for path in self._candidates(address, file) if self._is_inside(path)]
        if not inside:
            remarks.skip(line, f"picture {shown} lies outside the folder{rest}")
            return None
        path = next((path for path in inside if isfile(path)), None)
        if path is None:
            remarks.skip(line, f"picture {shown} does not exist{rest}")
        return path

    def _candidates(self, address: str, file: Path) -> Iterator[Path]:
        """Where a picture may lie: beside the file, as written or without %20 and the like; an
        address from the site's top also under the folder that is read, and in a zip beside; where
        files were put into one folder, beside the file under its own name.
        """
        plain = address.split("?")[0].split("#")[0]
        for name in dict.fromkeys((address, plain, unquote(plain).replace("\0", ""))):
            yield Path(realpath(file.parent / name))
            for folder in (self.root, *self.others):
                yield Path(realpath(folder / name.lstrip("/")))
        own = file.parent / Path(unquote(plain).replace("\0", "")).name
        yield from (Path(realpath(path)) for path in (own,) if isfile(path))

    def _is_inside(self, path: Path) -> bool:
        return path.is_relative_to(self.root) or path.is_relative_to(self.room)


class NearPictures:
    """Finds the pictures that lie beside files under their names. Lists each folder once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, list[Path]]] = {}

    def beside(self, file: Path) -> list[str]:
        """Names of those of a file: lamp.md has lamp.jpg, lamp-2.jpg."""
        if file.parent not in self._folders:
            self._folders[file.parent] = _by_stem(file.parent)
        near = self._folders[file.parent].get(file.stem, [])
        near.sort(key=lambda n: (len(n.stem), n.name))  # lamp-2, lamp-10
        return [n.name for n in near if n.stem == file.stem or not _has_text(file.parent / n)]


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    """The names of the pictures in a folder, by those of the files that they may belong to."""
    found: dict[str, list[Path]] = {}
    names = (Path(name) for name in os.listdir(folder))
    for name in (name for name in names if name.suffix.lower() in PICTURE_SUFFIXES):
        for stem in {name.stem, _NUMBER.sub("", name.stem)}:
            found.setdefault(stem, []).append(name)
    return found


def _has_text(picture: Path) -> bool:
    """Whether a Markdown file of the picture's own name stands beside it."""
    suffixes = [suffix for suffix, form in FORMATS.items() if form is MARKDOWN]
    return any(picture.with_suffix(suffix).exists() for suffix in suffixes)
