"""The index: versions of knowledge bases, each whole and never changed once it is published.

    Point    an entry and its vectors, as they are added
    About    what is written beside a version: which models made its vectors, what it was read from
    Index    what a place that holds bases can do: a folder (folder.py), or a server that several
             machines share (shared.py)

Whoever reads keeps the version that it opened; whoever writes makes a new one beside it and
publishes it in one step. Knows nothing of files that knowledge comes in, encoders or conversations.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mm_support.errors import KnowledgeError
from mm_support.knowledge.text_score import TextScore
from mm_support.types import Entry

if TYPE_CHECKING:
    from mm_support.knowledge.index.version import Version


NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def check_name(name: str) -> None:
    """Raises KnowledgeError for what cannot name a knowledge base."""
    if not NAME.fullmatch(name):
        raise KnowledgeError(
            f"{name!r} cannot be a name; use small letters, digits, - and _, at most 63."
        )


@dataclass(frozen=True, eq=False)
class Point:
    """An entry and its vectors, unit rows.

    text: (k, d_text) title, questions and sentences, k >= 1. picture: (m, d_picture), m may be 0.
    words: (d_picture,) its title, by the image encoder's text tower. pieces: (p, d_text) its word
    pieces. digest: changes when anything does that the vectors were made of; "" where unknown.
    origin: names the source that it came from.
    """

    entry: Entry
    text: np.ndarray
    picture: np.ndarray
    words: np.ndarray
    pieces: np.ndarray
    digest: str = ""
    origin: str = ""


@dataclass(frozen=True)
class About:
    """What is written beside a version.

    label: given by whoever ingested, e.g. the state of a pack. signature: names the models and the
    layout of the vectors. d_text, d_picture: lengths of the vectors. recipe: what the base was made
    of, so that it can be made again (sources.py); plain JSON.
    """

    label: str
    signature: str
    d_text: int
    d_picture: int
    entries: int = 0
    pictures: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """A version that is being made. Nothing of it is seen before `publish`."""

    def add(self, point: Point) -> None: ...

    def publish(self, label: str, recipe: dict[str, Any] | None = None) -> None:
        """Makes the version the one that is read from now on; the one before is kept for `undo`."""
        ...


class Index(Protocol):
    """A place that holds knowledge bases. Every method raises KnowledgeError where it cannot.

    text_score: how the likenesses of the text encoder add up that makes its vectors.
    """

    pictures_dir: Path
    sources_dir: Path
    text_score: TextScore

    def like(self, data_dir: Path) -> Index:
        """Another place, for vectors of the same models."""
        ...

    def follow(self) -> None:
        """Takes in what others have changed, where that does not show by itself."""
        ...

    def names(self) -> list[str]: ...

    def removed(self) -> list[str]:
        """Bases that were removed and that `undo` brings back."""
        ...

    def open(self, name: str) -> Version:
        """The version that is current; it stays readable for as long as it is held."""
        ...

    def fits(self, version: Version) -> bool:
        """Whether the models that the index was opened for made its vectors."""
        ...

    def changing(self, name: str) -> AbstractContextManager[None]:
        """One at a time: whoever makes a version out of the one before."""
        ...

    def writing(self, name: str) -> AbstractContextManager[Writer]:
        """A new version; left without `publish`, it leaves no trace."""
        ...

    def undo(self, name: str) -> None:
        """Makes the version before current again, and the current one the one before."""
        ...

    def remove(self, name: str) -> None:
        """Takes a base out of use; one that is so already goes for good."""
        ...

    def close(self) -> None: ...
