"""Teaches clip-lite product photos: what tells products apart, and which words go with them.

    python -m assets.training.image --photos FOLDER

FOLDER is laid out like GroceryStoreDataset. First the tower's last stages are tuned (tower.py),
then the head is solved in closed form from what the tower sees (image_head.py). Figures come from
the photos of other shops and days, and, with a second tower, from products that it was not tuned on
(image_judge.py). Writes a safetensors file and a card beside it. What was done is kept in the cache
until then, so that a run which was interrupted goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from assets.training import image_judge, tower
from assets.training.command import main
from assets.training.image_head import Head, Photos, unit
from assets.training.image_judge import Words
from assets.training.products import Products, read_products
from mm_support.config import Settings
from mm_support.device import Device, resolve_device
from mm_support.encode import clip_lite
from mm_support.encode.clip_lite_encoder import load_reader, pixels_of
from mm_support.encode.image import TEMPLATE, Calibration
from mm_support.encode.text import TextEncoder
from mm_support.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 32
JUDGED_EPOCHS = tower.EPOCHS // 2  # of the second tower, which is only judged


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--photos", type=Path, required=True, help="folder in GroceryStoreDataset's layout"
    )
    parser.add_argument(
        "--out", type=Path, default=clip_lite.TRAINED, help="safetensors file to write"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of the views, the order of photos, and the products left out of the second tower",
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    print(json.dumps(train_image(args.photos, args.out, settings, args.seed), indent=1))
    return 0


def train_image(folder: Path, out: Path, settings: Settings, seed: int) -> dict[str, Any]:
    """Tunes, fits, measures, and writes `out` (float16) and its card `out`.json. Returns the card.

    Raises InputError for a folder of another layout, WeightsError where the towers cannot be had.
    """
    products, device = read_products(folder), resolve_device(settings.device)
    reader = load_reader(settings, device)
    visual = untrained(settings.cache_dir, reader).to(device.device)
    work = settings.cache_dir / "train-image" / _key(products, seed)
    paths = [shot.path for shot in products.shots]
    maps = tower.kept_maps(visual, pixels_of, paths, work, device, seed)
    untuned = look_at(visual, maps, products, device)
    learned = untuned.split != "val"
    left_out = image_judge.products_of_fold(len(products.products), seed)

    def tuned(name: str, learned: np.ndarray, epochs: int) -> tuple[dict[str, Tensor], Photos]:
        """What changes of a tower tuned on the photos `learned` (m,) bool, and what it sees of all
        photos.
        """
        goal = np.where(learned, untuned.product, -1)
        roots = untuned.details[:, : clip_lite.FEATURES]
        checkpoint = work / f"{name}.checkpoint"
        differences = tower.tune(visual, maps, goal, roots, seed, checkpoint, device, epochs)
        trunk = clip_lite.tuned_trunk(visual.trunk, differences)
        changed = clip_lite.Visual(visual.trunk, visual.head, trunk)
        return differences, look_at(changed, maps, products, device)

    differences, photos = tuned("shipped", learned, tower.EPOCHS)
    _, strange = tuned("apart", learned & ~np.isin(untuned.product, left_out), JUDGED_EPOCHS)
    words = vectors_of_words(visual, reader, products)
    head = image_judge.learn(photos[learned], words)
    labels, matches, figures = image_judge.judge(head, photos, strange, untuned, words, left_out)
    write(out, head, words, labels, differences)
    card = {
        **_origin(int(learned.sum()), len(products.products), seed),
        "picture_calibration": {name: round(value, 2) for name, value in asdict(matches).items()},
        "figures": figures,
    }
    out.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(work)
    return card


def untrained(cache_dir: Path, reader: TextEncoder) -> clip_lite.Visual:
    """The start: each class has MiniLM's vector of its names and definition."""
    visual = clip_lite.build_visual(cache_dir, trained=False)
    from timm.data.imagenet_info import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    definitions = [info.index_to_description(n, detailed=True) for n in range(clip_lite.CLASSES)]
    visual.head.class_words.data.copy_(torch.from_numpy(reader.encode(definitions)))
    return visual


def _origin(photos: int, products: int, seed: int) -> dict[str, Any]:
    """What the card says of where the weights are from. photos: how many were learned from."""
    return {
        "what": (
            "clip-lite (mm_support/encode/clip_lite.py): what tuning changed of the tower's last"
            " stages; what tells products apart, and the words for them"
        ),
        "trained_by": f"python -m assets.training.image --photos FOLDER --seed {seed}",
        "data": (
            f"GroceryStoreDataset (Klasson et al. 2019), MIT: train and catalogue, {photos}"
            f" photos of {products} products; val is only judged on"
        ),
        "licence": (
            "MIT; tower EfficientNet-Lite2 (Apache 2.0); text tower all-MiniLM-L6-v2 (Apache 2.0),"
            " unchanged"
        ),
        "seed": seed,
    }


def _key(products: Products, seed: int) -> str:
    """Names what is done with these photos: the same for the same files."""
    files = [(str(shot.path.resolve()), shot.path.stat().st_size) for shot in products.shots]
    asked = repr((files, seed, clip_lite.SIZE, clip_lite.MAPS))
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def look_at(
    visual: clip_lite.Visual, maps: tower.Maps, products: Products, device: Device
) -> Photos:
    """What the upper stages see of every photo."""
    import torch
    from tqdm import tqdm

    rows: list[tuple[np.ndarray, ...]] = []
    shots = products.shots
    with (
        torch.inference_mode(),
        tqdm(total=len(shots), desc="seeing", unit="photo", disable=None) as bar,
    ):
        for start in range(0, len(shots), BATCH):
            parts = (part[start : start + BATCH] for part in (maps.whole, maps.close, maps.colours))
            batch = [torch.from_numpy(part.astype(np.float32)).to(device.device) for part in parts]
            whole, close, colours = batch
            looks = visual.seen(whole), visual.seen(close)
            features, details = clip_lite.joined(*looks, colours)
            label = visual.head.classifier(features).argmax(-1)
            found = (details, visual.head.consensus(features), label)
            rows.append(tuple(values.cpu().numpy() for values in found))
            bar.update(len(details))
    product = np.array([shot.product for shot in shots])
    split = np.array([shot.split for shot in shots])
    details, meaning, label = map(np.concatenate, zip(*rows))
    return Photos(details, meaning, label, product, split)


def vectors_of_words(visual: clip_lite.Visual, reader: TextEncoder, products: Products) -> Words:
    names = list(dict.fromkeys(product.kind for product in products.products))

    def encode(words: list[str]) -> np.ndarray:
        return unit(reader.encode([TEMPLATE.format(word) for word in words]))

    return Words(
        titles=encode([product.title for product in products.products]),
        kinds=encode(names),
        classes=visual.head.class_words.cpu().numpy(),
        kind_of=np.array([names.index(product.kind) for product in products.products]),
    )


def write(
    out: Path, head: Head, words: Words, labels: Calibration, differences: dict[str, Tensor]
) -> None:
    from safetensors.numpy import save_file

    changed = {clip_lite.TRUNK + name: value.numpy() for name, value in differences.items()}
    values = {
        **changed,
        **vars(head),
        "class_words": words.classes,
        "scale": np.array([labels.scale]),
        "none": np.array([labels.none]),
    }
    halves = {name: np.ascontiguousarray(value, np.float16) for name, value in values.items()}
    with replacing(out) as beside:
        save_file(halves, beside)


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
