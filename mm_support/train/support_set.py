"""The multimodal support set: which questions, photos and entries there are, and how they are
split.

    grocery   a folder in the layout of GroceryStoreDataset; entries and questions are ours
    (grocery.py)
    packs     the knowledge bases that come with the project, and the cases written for them

A question's wording and a photo belong to one split each; `cleaned` sees to it, `leaks` checks it.
Knows no model: encoded.py turns the set into vectors.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from assets.training.products import Products, read_products
from mm_support.errors import InputError
from mm_support.knowledge.ingest import read_knowledge
from mm_support.train.grocery import BASE, TOPICS, grocery_entries
from mm_support.types import Entry

SPLITS = ("train", "validation", "test")
TRAINED_PACKS = (
    "shopping",
    "smart-home",
    "finance",
)  # no other base is trained on: they stand for other people's own
VALIDATION_WORDINGS, TEST_WORDINGS = (10, 11), (12, 13, 14, 15)  # places within Topic.asked
# every third photo of val.txt, which has other shops and days than train.txt, validates; the rest
# tests
VALIDATED = 3
VARIANTS = 1  # photos taken of each picture of a pack
TEST_PICTURES = 4  # every fourth picture of a pack is kept for the test
SAME_PHOTO = (
    2  # bits in which the fingerprints of two photos may differ and still be of the same moment
)


@dataclass(frozen=True)
class Wording:
    """A question in words. target: the entry that answers it; in the grocery base its intent, the
    photo says whose. photo: the one that a customer sent with it."""

    base: str
    target: str
    text: str
    split: str
    photo: Path | None = None


@dataclass(frozen=True)
class Picture:
    """A photo that a customer may send. targets: the entries that it shows. variant: 0 as it is,
    otherwise a seed.
    """

    base: str
    targets: tuple[str, ...]
    path: Path
    variant: int
    split: str

    @property
    def key(self) -> str:
        """Names the photo, wherever the folders lie."""
        return "/".join((self.base, *self.path.parts[-5:])) + f"#{self.variant}"


@dataclass(frozen=True)
class SupportSet:
    """entries: base -> its entries, in order. corrected: the base that customers' feedback is
    about, if any.
    """

    entries: dict[str, tuple[Entry, ...]]
    wordings: tuple[Wording, ...]
    pictures: tuple[Picture, ...]
    corrected: tuple[str, ...] = ()


def collect(grocery: Path, knowledge: Path, cases: Path) -> SupportSet:
    """Everything there is, not cleaned yet.

    Raises InputError where a folder does not hold what it should.
    """
    products = read_products(grocery)
    entries = {BASE: tuple(grocery_entries(products.products))}
    wordings, pictures = list(_grocery_wordings()), list(_grocery_pictures(products, entries[BASE]))
    for folder in sorted(path.parent for path in knowledge.glob("*/entries.jsonl")):
        entries[folder.name] = tuple(read_knowledge(folder)[0])
        wordings += _pack_wordings(folder.name, entries[folder.name], cases)
        pictures += _pack_pictures(folder.name, entries[folder.name])
    return SupportSet(entries, tuple(wordings), tuple(pictures))


def _grocery_wordings() -> Iterator[Wording]:
    for topic in TOPICS:
        for place, text in enumerate(topic.asked):
            split = (
                "validation"
                if place in VALIDATION_WORDINGS
                else "test"
                if place in TEST_WORDINGS
                else "train"
            )
            yield Wording(BASE, topic.intent, text, split)


def _grocery_pictures(products: Products, entries: Sequence[Entry]) -> Iterator[Picture]:
    for product in range(len(products.products)):
        targets = tuple(
            entry.id for entry in entries[product * len(TOPICS) : (product + 1) * len(TOPICS)]
        )
        taken = [
            shot for shot in products.shots if shot.product == product and shot.split != "catalogue"
        ]
        others = [shot.path for shot in taken if shot.split != "train"]
        yield from (
            Picture(BASE, targets, shot.path, 0, "train") for shot in taken if shot.split == "train"
        )
        for place, path in enumerate(others):
            yield Picture(
                BASE, targets, path, 0, "validation" if place % VALIDATED == 1 else "test"
            )


def _pack_wordings(base: str, entries: Sequence[Entry], cases: Path) -> Iterator[Wording]:
    """Entries' own questions teach (in the packs that are trained on); the cases that were kept
    apart test.
    """
    try:
        rows = [
            json.loads(line)
            for line in (cases / f"{base}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
    except (OSError, ValueError) as exc:
        raise InputError(
            f"{cases / base}.jsonl cannot be read; give a folder with a JSONL file of cases for each pack."
        ) from exc
    for row in rows:
        if row.get("kind") == "answerable":
            yield Wording(base, row["expect"], row["text"], "test")
    if base in TRAINED_PACKS:
        yield from own_wordings(base, entries)


def own_wordings(base: str, entries: Sequence[Entry]) -> list[Wording]:
    """The entries' questions; the first one of each validates, as does the title of an entry that
    has none.
    """
    asked = [
        (entry, place, text)
        for entry in entries
        for place, text in enumerate(entry.questions or (entry.title,))
    ]
    return [
        Wording(base, entry.id, text, "validation" if place == 0 else "train")
        for entry, place, text in asked
    ]


def _pack_pictures(base: str, entries: Sequence[Entry]) -> Iterator[Picture]:
    paths = sorted({path for entry in entries for path in entry.pictures})
    for place, path in enumerate(paths):
        targets = tuple(entry.id for entry in entries if path in entry.pictures)
        tested = base not in TRAINED_PACKS or place % TEST_PICTURES == 0
        for variant in range(1, VARIANTS + 1):
            yield Picture(base, targets, path, variant, "test" if tested else "train")


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
        if picture.variant or not _near(own, prints):
            kept_pictures.append(picture)
            prints += [] if picture.variant else [own]
    return replace(found, wordings=tuple(kept_wordings), pictures=tuple(kept_pictures))


def leaks(checked: SupportSet, fingerprint: Callable[[Picture], int]) -> list[str]:
    """What occurs in two splits, in words; empty where nothing does."""
    found = []
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        texts = [
            {(w.base, normalised(w.text)) for w in checked.wordings if w.split == split}
            for split in (one, other)
        ]
        found += [
            f"the question {text!r} is in {one} and {other}" for _, text in texts[0] & texts[1]
        ]
        files = [{p.path for p in checked.pictures if p.split == split} for split in (one, other)]
        found += [f"{path} is in {one} and {other}" for path in sorted(files[0] & files[1])]
        prints = [
            [fingerprint(p) for p in checked.pictures if p.split == split and not p.variant]
            for split in (one, other)
        ]
        found += [f"a photo in {one} is also in {other}"] * sum(
            _near(own, prints[1]) for own in prints[0]
        )
    return found


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


def _near(own: int, others: Sequence[int]) -> bool:
    return any((own ^ other).bit_count() <= SAME_PHOTO for other in others)
