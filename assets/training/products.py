"""Product photos to train on, in the layout of GroceryStoreDataset.

    classes.csv               name, coarse name, picture and description of each product
    train.txt, val.txt        "path, product, coarse product" of each photo; val from other shops
    and days

Knows nothing of models.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from mm_support.errors import InputError


@dataclass(frozen=True)
class Product:
    """title and kind are words ("Granny Smith", "Apple"); picture: its one picture in the
    catalogue.
    """

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
    """products, and all their photos: those of train.txt, val.txt and the catalogue's, one each, in
    this order.
    """

    products: tuple[Product, ...]
    shots: tuple[Shot, ...]


def read_products(folder: Path) -> Products:
    """Raises InputError for a folder of another layout."""
    try:
        with (folder / "classes.csv").open(encoding="utf-8", newline="") as file:
            products = tuple(_product(folder, row) for row in csv.DictReader(file))
        shots = [shot for split in ("train", "val") for shot in _shots(folder, split)]
    except (OSError, KeyError, ValueError) as exc:
        raise InputError(
            f"{folder} is not laid out like GroceryStoreDataset (classes.csv, train.txt, val.txt):"
            f" {exc}."
        ) from exc
    shots += [Shot(product.picture, number, "catalogue") for number, product in enumerate(products)]
    if any(not 0 <= shot.product < len(products) for shot in shots):
        raise InputError(f"The photos of {folder} name products that classes.csv does not have.")
    return Products(products, tuple(shots))


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
