"""The support set of the fusion weights that ship: the grocery task and the packs.

    python -m assets.training.support_set --grocery FOLDER

    grocery   a folder in the layout of GroceryStoreDataset; entries and questions are ours
    (grocery.py)
    packs     the knowledge bases that come with the project, and the cases written for them

No text, file or near-duplicate photo is in two splits (`leaks` checks it).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assets.training.command import main
from assets.training.grocery import BASE, TOPICS, grocery_entries
from assets.training.products import Products, read_products
from mm_support import arguments
from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.knowledge.ingest import read_knowledge
from mm_support.paths import PACKS
from mm_support.train.encoded_set import EncodedSet, build, card
from mm_support.train.feedback import Feedback
from mm_support.train.support_set import (
    Picture,
    SupportSet,
    Wording,
    near,
    normalised,
    own_wordings,
    seed_of,
)
from mm_support.types import Entry

TRAINED_PACKS = ("shopping", "smart-home", "finance")  # the others stand for other people's own
VALIDATION_WORDINGS, TEST_WORDINGS = (10, 11), (12, 13, 14, 15)  # places within Topic.asked
# every third photo of val.txt, which has other shops and days than train.txt, validates; the rest
# tests
VALIDATED = 3
TEST_PICTURES = 4  # every fourth picture of a pack is kept for the test
TAKES = {"train": 3, "validation": 1, "test": 2}  # recordings of a question of the grocery task
SPOKEN_EVERY = {"train": 90, "validation": 90, "test": 24}  # of the packs' questions
READ_EVERY = {"train": 150, "validation": 50, "test": 40}  # photos
SOURCES = (
    "Photos, pictures and descriptions: GroceryStoreDataset (Klasson et al. 2019), MIT. Questions, "
    "entries and the packs' pictures: written and drawn for this project. Speech: Piper voice "
    "en_US-joe-medium (CC0 data)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grocery",
        type=arguments.existing,
        required=True,
        help="folder in the layout of GroceryStoreDataset",
    )
    arguments.cases_folder(parser)


def run(args: argparse.Namespace, settings: Settings) -> int:
    print(json.dumps(card(build_grocery(args.grocery, args.cases, settings)), indent=1))
    return 0


def build_grocery(
    grocery: Path, cases: Path, settings: Settings, feedback: Feedback | None = None
) -> EncodedSet:
    """The set, encoded as far as it is not yet.

    Raises InputError for unusable folders and where splits leak.
    """
    made = build(collect(grocery, PACKS, cases), settings, feedback)
    leaked = leaks(made.rows, lambda picture: made.journals.photos[picture.key]["fingerprint"])
    if leaked:
        raise InputError(f"The splits are not apart: {leaked[0]} ({len(leaked)} in all).")
    return made


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
    return SupportSet(
        entries,
        tuple(replace(wording, takes=_takes(wording)) for wording in wordings),
        tuple(replace(p, read=seed_of(p.key) % READ_EVERY[p.split] == 0) for p in pictures),
        trained=(BASE, *TRAINED_PACKS),
        familiar=(BASE,),
    )


def _takes(wording: Wording) -> int:
    """How often a question is spoken: all of the grocery task, some of the packs'."""
    if wording.base == BASE:
        return TAKES[wording.split]
    return int(seed_of(f"{wording.base}: {wording.text}") % SPOKEN_EVERY[wording.split] == 0)


def _grocery_wordings() -> Iterator[Wording]:
    for topic in TOPICS:
        for place, text in enumerate(topic.asked):
            split = "test" if place in TEST_WORDINGS else "train"
            if place in VALIDATION_WORDINGS:
                split = "validation"
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
            f"{cases / base}.jsonl cannot be read; give a folder with a JSONL file of cases for"
            " each pack."
        ) from exc
    for row in rows:
        if row.get("kind") == "answerable":
            yield Wording(base, row["expect"], row["text"], "test")
    if base in TRAINED_PACKS:
        yield from own_wordings(base, entries)


def _pack_pictures(base: str, entries: Sequence[Entry]) -> Iterator[Picture]:
    paths = sorted({path for entry in entries for path in entry.pictures})
    for place, path in enumerate(paths):
        targets = tuple(entry.id for entry in entries if path in entry.pictures)
        tested = base not in TRAINED_PACKS or place % TEST_PICTURES == 0
        yield Picture(base, targets, path, 1, "test" if tested else "train")


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
            near(own, prints[1]) for own in prints[0]
        )
    return found


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
