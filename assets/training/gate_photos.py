"""Photos that customers took of products, asked about in a base of these and in one of others.

The photos are GroceryStoreDataset's of shops and days that the image encoder has not learned from,
the knowledge its descriptions and catalogue pictures. Every second product is in one base, the rest
in another, so that the other base holds what looks alike. A photo is asked about with the fusion as
it ships, which was trained on photos of these products, and with the untrained one, as others'
products are. The questions were written for this project; what the descriptions never say, nobody
may answer.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from assets.training.grocery import TOPICS
from assets.training.products import Products, read_products
from mm_support.decide.confidence import features
from mm_support.fuse.strategies import build_fusion
from mm_support.inputs.photo import load_photo
from mm_support.parts import Parts
from mm_support.pipeline.perceive import Perceived, perceive
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.progress import each
from mm_support.train.calibrate import Example
from mm_support.types import UserTurn

PHOTOS = 150
SEED = 1
WHAT_IT_IS, NEVER_SAID = "what it is", "never said"  # what is asked beside the topics of grocery.py
# language -> what is asked about -> questions beside a photo
ASKED = {
    "en": {
        WHAT_IT_IS: ("", "what is this", "Do you have this one?", "tell me about this please"),
        "storage": ("fridge or cupboard?", "how long will it last", "how do i keep it fresh"),
        "origin": ("where's it from", "who grows these"),
        "taste": ("is it sour?", "what's the taste like"),
        "use": ("what can i make from it", "can I have it raw"),
        "nutrition": ("any allergens in here", "vitamins?"),
        NEVER_SAID: (
            "how much is it",
            "price?",
            "is it in stock right now",
            "can I bring it back if I don't like it",
            "do you deliver this to my door",
            "any discount on these this week",
        ),
    },
    "de": {
        WHAT_IT_IS: ("", "Was ist das?", "Haben Sie das hier auch?"),
        "storage": ("Wie lange hält sich das?", "gehört das in den kühlschrank"),
        "origin": ("Woher kommt das?",),
        "taste": ("Wie schmeckt das?",),
        "use": ("Was kann ich damit kochen?", "kann man das roh essen"),
        "nutrition": ("Ist da Laktose drin?",),
        NEVER_SAID: ("Was kostet das?", "Ist das gerade im Angebot?", "liefern sie das auch"),
    },
    "fr": {
        WHAT_IT_IS: ("C'est quoi ?", "vous avez ça en magasin"),
        "storage": ("comment le conserver",),
        "origin": ("d'où ça vient",),
        "taste": ("quel goût ça a",),
        "use": ("comment on le cuisine", "ça se mange cru ?"),
        "nutrition": ("il y a des allergènes ?",),
        NEVER_SAID: ("combien ça coûte", "je peux le rendre ?"),
    },
    "zh": {
        WHAT_IT_IS: ("", "这是什么", "帮我看看这个"),
        "storage": ("怎么保存", "能放多久"),
        "origin": ("产地在哪",),
        "taste": ("什么味道", "甜吗"),
        "use": ("这个怎么吃",),
        "nutrition": ("含不含乳糖", "有什么营养"),
        NEVER_SAID: ("多少钱", "可以退货吗", "今天有货吗"),
    },
}
ABOUT = {topic.intent: re.compile(topic.about, re.IGNORECASE) for topic in TOPICS}


def of_products(
    service, folder: Path, work: Path, languages: Sequence[str] = tuple(ASKED)
) -> Iterator[Example]:
    """folder: see products.py. work: for the files of the two bases. languages: of questions."""
    known = read_products(folder)
    bases = [_ingested(service, known, half, work) for half in (0, 1)]
    parts = service.parts
    fusion = build_fusion(parts.fusion.name, parts.fusion.d_text, parts.fusion.d_picture)
    rng = np.random.default_rng(SEED)
    shots = [shot for shot in known.shots if shot.split == "val"]
    some = [shots[place] for place in rng.permutation(len(shots))[:PHOTOS]]
    for shot in each(some, "showing products"):
        photo = load_photo(shot.path)
        perceived = drained(perceive(parts.encoders, UserTurn(image=photo)))
        said = known.products[shot.product].description
        asked = [own for _ in range(2) for own in _questions(said, languages, rng)]
        for used, some_asked in zip((parts, replace(parts, fusion=fusion)), (asked[:4], asked[4:])):
            yield from _of_photo(used, str(shot.product), photo, perceived, some_asked, bases)


def _ingested(service, known: Products, half: int, work: Path) -> str:
    """The name of a base of every second product."""
    rows = []
    for number, one in enumerate(known.products):
        if number % 2 == half:
            copied = shutil.copy(one.picture, work / f"{number}{one.picture.suffix}")
            row = {"id": str(number), "title": one.title, "answer": one.description}
            rows.append({**row, "pictures": [Path(copied).name]})
    file = work / f"products-{half}.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    service.knowledge.ingest(file.stem, file)
    return file.stem


def _questions(
    said: str, languages: Sequence[str], rng: np.random.Generator
) -> list[tuple[str, bool]]:
    """Four questions about what a product is, two topics, and what nothing says; whether its
    description answers each.
    """
    topics = rng.permutation([own for own in ABOUT if own in ASKED["en"]])[:2]
    answered = {WHAT_IT_IS: True, NEVER_SAID: False}
    answered |= {own: bool(ABOUT[own].search(said)) for own in topics}
    found = []
    for about, has in answered.items():
        texts = ASKED[languages[int(rng.integers(len(languages)))]][about]
        found.append((texts[int(rng.integers(len(texts)))], has))
    return found


def _of_photo(
    parts: Parts,
    product: str,
    photo: Image.Image,
    perceived: Perceived,
    asked: Sequence[tuple[str, bool]],
    bases: Sequence[str],
) -> Iterator[Example]:
    """An example for each question beside the photo in each base. product: the id of its entry."""
    for (text, answered), (half, base) in itertools.product(asked, enumerate(bases)):
        turn = UserTurn(text=text, image=photo, knowledge=base)
        judged = drained(judge(parts, turn, perceived=perceived))
        if judged.query is None or not judged.found:
            continue
        own = half == int(product) % 2
        known = own and answered
        right = known and judged.found[0].entry.id == product
        x = features(text, judged.query, judged.found)
        yield Example(base, x, known, right, shown=True, near=own and not answered)
