"""Teaches clip-lite product photos: what tells products apart, and which words go with them.

    python -m mm_support train image --photos FOLDER

FOLDER is laid out like GroceryStoreDataset. The tower looks at every photo once, and what it saw is kept
in the cache; what is learned from that is solved in closed form (image_head.py). Figures come from products and from sessions that were left out (image_judge.py); what is
shipped is fitted on all. Writes a safetensors file and a card beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device, resolve_device
from mm_support.encode import clip_lite
from mm_support.encode.image import TEMPLATE, Calibration, preprocessing_of
from mm_support.inputs.photo import load_photo
from mm_support.knowledge.pictures import PictureCalibration
from mm_support.train import image_judge
from mm_support.train.image_head import Head, Photos, unit
from mm_support.train.image_judge import Words
from mm_support.train.products import Products, read_products

BATCH = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, help="folder in GroceryStoreDataset's layout")
    parser.add_argument("--out", type=Path, default=clip_lite.TRAINED, help="safetensors file to write")
    parser.add_argument("--seed", type=int, default=0, help="of the split of products into those learned from and those judged on")


def run(args: argparse.Namespace, settings: Settings) -> int:
    print(json.dumps(train_image(args.photos, args.out, settings, args.seed), indent=1))
    return 0


def train_image(folder: Path, out: Path, settings: Settings, seed: int) -> dict[str, Any]:
    """Fits, measures, and writes `out` (float16) and its card `out`.json. Returns the card.

    Raises InputError for a folder of another layout, WeightsError where the towers cannot be had.
    """
    products = read_products(folder)
    parts = clip_lite.build_clip_lite(settings.cache_dir, trained=None)
    photos = look_at(parts, products, settings)
    words = vectors_of_words(parts, products)
    labels, matches, figures = judge(photos, words, seed)
    write(out, image_judge.learn(photos, words), words, labels)
    card = {
        "what": "head of clip-lite (mm_support/encode/clip_lite.py): what tells products apart, and the words for them",
        "trained_by": "python -m mm_support train image",
        "data": f"GroceryStoreDataset (MIT), train, val and catalogue: {len(products.shots)} photos of {len(products.products)} products",
        "tower": "EfficientNet-Lite2 (Apache 2.0), unchanged; text tower all-MiniLM-L6-v2 (Apache 2.0), unchanged",
        "seed": seed,
        "picture_calibration": {name: round(value, 2) for name, value in asdict(matches).items()},
        "figures": figures,
    }
    out.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def judge(photos: Photos, words: Words, seed: int) -> tuple[Calibration, PictureCalibration, dict[str, Any]]:
    """Calibrations and figures, each from photos that the head judged has not learned from."""
    from tqdm import tqdm

    with tqdm(total=image_judge.FOLDS + image_judge.SESSIONS + 1, desc="judging", unit="head", disable=None) as bar:
        folds = []
        for fold in range(image_judge.FOLDS):
            folds.append(image_judge.products_left_out(photos, words, seed, fold))
            bar.update()
        labels, matches = image_judge.calibrate(folds)
        session = image_judge.sessions(photos)
        right = []
        for asked in (*(session == each for each in range(image_judge.SESSIONS)), photos.split == "val"):
            right.append(image_judge.right_on_other_photos(photos, words, asked, matches))
            bar.update()
    figures = {
        "products_left_out": image_judge.shares_of_left_out(folds, labels, matches),
        "sessions_left_out": dict(zip(("product", "kind"), np.concatenate(right[:-1]).mean(axis=0).tolist())),
        "val_split": dict(zip(("product", "kind"), right[-1].mean(axis=0).tolist())),
    }
    return labels, matches, {name: {key: round(value, 4) for key, value in shares.items()} for name, shares in figures.items()}


def look_at(parts: clip_lite.Parts, products: Products, settings: Settings) -> Photos:
    """What the tower sees of every photo, from the cache where it has seen the same files before."""
    kept = settings.cache_dir / "train-image" / f"{_key(products)}.npz"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = kept.with_suffix(".part.npz")
        np.savez(beside, **_look(parts, products, resolve_device(settings.device)))
        beside.replace(kept)
    shots = products.shots
    return Photos(**np.load(kept), product=np.array([s.product for s in shots]), split=np.array([s.split for s in shots]))


def _key(products: Products) -> str:
    """Names what the tower sees of these photos: the same for the same files."""
    files = [(str(shot.path), shot.path.stat().st_size) for shot in products.shots]
    return hashlib.sha256(repr((files, clip_lite.SIZE, clip_lite.DETAILS)).encode()).hexdigest()[:16]


def _look(parts: clip_lite.Parts, products: Products, device: Device) -> dict[str, np.ndarray]:
    """details, consensus and label of image_head.Photos."""
    import torch
    from tqdm import tqdm

    prepare, visual = preprocessing_of(parts.preprocessing), parts.model.visual.to(device.device)
    rows: list[tuple[np.ndarray, ...]] = []
    with torch.inference_mode(), tqdm(total=len(products.shots), desc="looking", unit="photo", disable=None) as bar:
        for paths in _batches([shot.path for shot in products.shots]):
            pixels = torch.stack([prepare(load_photo(path)) for path in paths]).to(device.device)
            features, details = visual.look_at(pixels.contiguous(memory_format=torch.channels_last))
            found = details, visual.head.consensus(features), visual.head.classifier(features).argmax(-1)
            rows.append(tuple(values.cpu().numpy() for values in found))
            bar.update(len(paths))
    return dict(zip(("details", "consensus", "label"), map(np.concatenate, zip(*rows))))


def _batches(items: list[Path]) -> Iterator[list[Path]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def vectors_of_words(parts: clip_lite.Parts, products: Products) -> Words:
    import torch

    names = list(dict.fromkeys(product.kind for product in products.products))

    def encode(words: list[str]) -> np.ndarray:
        with torch.inference_mode():
            vectors = parts.model.encode_text(parts.tokenize([TEMPLATE.format(word) for word in words]))
        return unit(vectors[:, : clip_lite.MEANING].numpy())

    return Words(
        titles=encode([product.title for product in products.products]),
        kinds=encode(names),
        classes=parts.model.visual.head.class_words.numpy(),
        kind_of=np.array([names.index(product.kind) for product in products.products]),
    )


def write(out: Path, head: Head, words: Words, labels: Calibration) -> None:
    """Beside the old file, then renamed: a run that breaks off leaves the old one."""
    from safetensors.numpy import save_file

    values = {**vars(head), "class_words": words.classes, "scale": np.array([labels.scale]), "none": np.array([labels.none])}
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_suffix(".part")
    save_file({name: np.ascontiguousarray(value, np.float16) for name, value in values.items()}, beside)
    beside.replace(out)
