"""Product photos to train on, in the layout of GroceryStoreDataset, and how they are varied.

    classes.csv               name, coarse name, picture and description of each product
    train.txt, val.txt        "path, product, coarse product" of each photo; val from other shops and days

Knows nothing of models.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from mm_support.errors import InputError
from mm_support.inputs.photo import load_photo

TURN = 20  # degrees, either way
CROP = (0.4, 1.0)  # share of the photo's area that is kept
SHAPE = 1.3  # width : height of the crop, at most, and its inverse
LIGHT = 0.35  # how much brightness, contrast and saturation vary
TINT = 0.1  # how much each colour channel varies


@dataclass(frozen=True)
class Product:
    """title and kind are words ("Granny Smith", "Apple"); picture: its one picture in the catalogue."""

    title: str
    kind: str
    description: str
    picture: Path


@dataclass(frozen=True)
class Shot:
    """A photo of a product. split: "train", "val" or "catalogue"."""

    path: Path
    product: int
    split: str


@dataclass(frozen=True)
class Products:
    """products, and all their photos: those of train.txt, val.txt and the catalogue's, one each, in this order."""

    products: tuple[Product, ...]
    shots: tuple[Shot, ...]


def read_products(folder: Path) -> Products:
    """Raises InputError for a folder of another layout."""
    try:
        with (folder / "classes.csv").open(encoding="utf-8", newline="") as file:
            products = tuple(_product(folder, row) for row in csv.DictReader(file))
        shots = [shot for split in ("train", "val") for shot in _shots(folder, split)]
    except (OSError, KeyError, ValueError) as exc:
        raise InputError(f"{folder} is not laid out like GroceryStoreDataset (classes.csv, train.txt, val.txt): {exc}.") from exc
    shots += [Shot(product.picture, number, "catalogue") for number, product in enumerate(products)]
    if any(not 0 <= shot.product < len(products) for shot in shots):
        raise InputError(f"The photos of {folder} name products that classes.csv does not have.")
    return Products(products, tuple(shots))


def varied(path: Path, seed: int) -> Image.Image:
    """The photo as another customer might have taken it: turned, cropped, mirrored, in other light, not as sharp.

    The same for the same seed; seed 0 is the photo as it is.
    """
    photo = load_photo(path)
    if seed == 0:
        return photo
    chance = random.Random(f"{path.name} {seed}")
    photo = _cropped(photo.rotate(chance.uniform(-TURN, TURN), Image.Resampling.BILINEAR), chance)
    if chance.random() < 0.5:
        photo = ImageOps.mirror(photo)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        photo = enhance(photo).enhance(chance.uniform(1 - LIGHT, 1 + LIGHT))
    tint = np.array([chance.uniform(1 - TINT, 1 + TINT) for _ in range(3)])
    photo = Image.fromarray((np.asarray(photo) * tint).clip(0, 255).astype(np.uint8))
    return photo.filter(ImageFilter.GaussianBlur(max(0.0, chance.uniform(-2.0, 1.5))))


def _cropped(photo: Image.Image, chance: random.Random) -> Image.Image:
    area, shape = photo.width * photo.height * chance.uniform(*CROP), chance.uniform(1 / SHAPE, SHAPE)
    width, height = min(photo.width, round((area * shape) ** 0.5)), min(photo.height, round((area / shape) ** 0.5))
    left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height))


def _product(folder: Path, row: dict[str, str]) -> Product:
    description = folder / row["Product Description Path (str)"].lstrip("/")
    return Product(
        row["Class Name (str)"].replace("-", " "),
        row["Coarse Class Name (str)"].replace("-", " "),
        " ".join(description.read_text(encoding="utf-8").split()),
        folder / row["Iconic Image Path (str)"].lstrip("/"),
    )


def _shots(folder: Path, split: str) -> list[Shot]:
    lines = (folder / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(", ") for line in lines if line.strip()]
    return [Shot(folder / path, int(product), split) for path, product, _ in rows]
