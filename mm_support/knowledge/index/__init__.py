"""The index: versions of knowledge bases, each whole and never changed once it is published.

    Point        an entry and its vectors, as they are added
    About        what is written beside a version: which models made its vectors, what it was read
                 from
    FolderIndex  the bases of a data folder (folder.py); SharedIndex (shared.py) is one whose
                 versions several machines share

Whoever reads keeps the version that it opened; whoever writes makes a new one beside it and
publishes it in one step. Knows nothing of files that knowledge comes in, encoders or conversations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from mm_support.errors import KnowledgeError
from mm_support.types import Entry

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
    origin: names the source that it came from. characters: (k,) which of the texts are written in
    Chinese characters; None: none is.
    """

    entry: Entry
    text: np.ndarray
    picture: np.ndarray
    words: np.ndarray
    pieces: np.ndarray
    digest: str = ""
    origin: str = ""
    characters: np.ndarray | None = None


@dataclass(frozen=True)
class About:
    """What is written beside a version. label: given by whoever ingested. signature: names the
    models and the layout of the vectors; reading: how sources were read. d_text, d_picture: their
    lengths. recipe: what the base was made of (sources.py), as JSON. of_one: whether half of the
    entries name one thing, such as the only product, which "it" stands for where nothing else was
    named.
    """

    label: str
    signature: str
    d_text: int
    d_picture: int
    entries: int = 0
    pictures: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)
    of_one: bool = False
    reading: int = 0

    @classmethod
    def read(cls, written: dict[str, Any]) -> About:
        """What was written; what a later release added is left out."""
        known = {own.name for own in fields(cls)}
        return cls(**{name: value for name, value in written.items() if name in known})
