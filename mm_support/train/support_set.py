"""The multimodal support set: which questions, photos and entries there are, and their splits.

A question's wording and a photo belong to one split each; `cleaned` sees to it. Knows no model:
encoded_set.py turns the set into vectors.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.types import Entry

SPLITS = ("train", "validation", "test")
VARIANTS = 2  # photos that a customer might take of each picture of one's own base, to learn from
MOST_SPOKEN, MOST_READ = 200, 40  # questions and photos of one's own base: seconds each
SAME_PHOTO = 2  # bits in which fingerprints of photos of the same moment may differ


@dataclass(frozen=True)
class Wording:
    """A question in words. target: the entry that answers it; where the photo decides which entry
    is meant, an intent. photo: the one that a customer sent with it. takes: how often it is spoken.
    """

    base: str
    target: str
    text: str
    split: str
    photo: Path | None = None
    takes: int = 0


@dataclass(frozen=True)
class Picture:
    """A photo that a customer may send. targets: the entries that it shows. variant: 0 as it is,
    otherwise a seed. read: whether the text in it is looked for.
    """

    base: str
    targets: tuple[str, ...]
    path: Path
    variant: int
    split: str
    read: bool = False

    @property
    def key(self) -> str:
        """Names the photo, wherever the folders lie."""
        return "/".join((self.base, *self.path.parts[-5:])) + f"#{self.variant}"


@dataclass(frozen=True)
class SupportSet:
    """entries: base -> its entries, in order. trained: bases to learn from; familiar: those of them
    whose photos are known afterwards; corrected: those that customers' feedback is about.
    """

    entries: dict[str, tuple[Entry, ...]]
    wordings: tuple[Wording, ...]
    pictures: tuple[Picture, ...]
    trained: tuple[str, ...] = ()
    familiar: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()

    @property
    def photo_led(self) -> frozenset[str]:
        """Bases whose questions name an intent only: the photo decides which entry is meant."""
        ids = {base: {entry.id for entry in own} for base, own in self.entries.items()}
        named = {w.base for w in self.wordings if w.target in ids[w.base]}
        return frozenset({w.base for w in self.wordings} - named)


def catalogue(base: str, path: Path) -> Picture:
    """An entry's own picture, as it is."""
    return Picture(base, (), path, 0, "catalogue")


def own_set(entries: dict[str, tuple[Entry, ...]]) -> SupportSet:
    """What somebody's own bases hold to learn from: their questions and pictures."""
    wordings = [w for base, own in entries.items() for w in own_wordings(base, own)]
    pictures = [p for base, own in entries.items() for p in own_pictures(base, own)]
    spoken = set(sorted(wordings, key=lambda w: seed_of(w.text))[:MOST_SPOKEN])
    read = set(sorted(pictures, key=lambda p: seed_of(p.key))[:MOST_READ])
    return SupportSet(
        entries,
        tuple(replace(w, takes=int(w in spoken)) for w in wordings),
        tuple(replace(p, read=p in read) for p in pictures),
        trained=tuple(entries),
        familiar=tuple(entries),
    )


def own_wordings(base: str, entries: Sequence[Entry]) -> list[Wording]:
    """The entries' questions, and the titles of those that have one; the first text of each
    validates.
    """
    found = []
    for entry in entries:
        asked = (*entry.questions, entry.title) if len(entry.questions) == 1 else entry.questions
        found += [
            Wording(base, entry.id, text, "validation" if place == 0 else "train")
            for place, text in enumerate(asked)
        ]
    return found


def own_pictures(base: str, entries: Sequence[Entry]) -> list[Picture]:
    """Photos as customers might take them of each picture; one more of it validates."""
    found = []
    for path in sorted({path for entry in entries for path in entry.pictures}):
        targets = tuple(entry.id for entry in entries if path in entry.pictures)
        splits = ("validation", *["train"] * VARIANTS)
        found += [Picture(base, targets, path, n, split) for n, split in enumerate(splits, start=1)]
    return found


def cleaned(found: SupportSet, fingerprint: Callable[[Picture], int]) -> SupportSet:
    """Without wordings and photos that the test, or else the validation, or the same split, holds
    already.
    """
    texts: set[tuple[str, str]] = set()
    kept_wordings = []
    for wording in sorted(found.wordings, key=lambda item: -SPLITS.index(item.split)):
        key = (wording.base, normalised(wording.text))
        if key[1] and key not in texts:
            texts.add(key)
            kept_wordings.append(wording)
    prints: list[int] = []
    kept_pictures = []
    for picture in sorted(found.pictures, key=lambda item: -SPLITS.index(item.split)):
        own = fingerprint(picture)
        if picture.variant or not near(own, prints):
            kept_pictures.append(picture)
            prints += [] if picture.variant else [own]
    return replace(found, wordings=tuple(kept_wordings), pictures=tuple(kept_pictures))


def normalised(text: str) -> str:
    """Words only, small letters: two texts that differ in nothing else are the same question."""
    return " ".join(re.findall(r"\w+", text.lower()))


def photo_fingerprint(photo: Image.Image) -> int:
    """64 bits that hardly change when a photo is scaled or compressed: where it gets lighter to the
    right.
    """
    grey = np.asarray(photo.convert("L").resize((9, 8), Image.Resampling.LANCZOS), np.int16)
    return int("".join("1" if lighter else "0" for lighter in (np.diff(grey) > 0).ravel()), 2)


def seed_of(key: str) -> int:
    """The same number for the same key on every machine."""
    return zlib.crc32(key.encode())


def near(own: int, others: Sequence[int]) -> bool:
    return any((own ^ other).bit_count() <= SAME_PHOTO for other in others)
