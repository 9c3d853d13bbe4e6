"""The vectors of a version on disk: appended as entries come, read as tensors that stay on disk
until their rows are used.

    facets    (K, d_text) float16     each entry's title, questions and sentences, one after another
    characters     (K,) bool          which of them are written in Chinese characters
    centres   (n, d_text) float16     the mean of an entry's texts, as a unit vector
    pieces    (P, d_text) int8        each entry's word pieces; times piece_scales, unit rows
    pictures  (M, d_picture) float16  each entry's pictures
    titles    (n, d_picture) float16  each entry's title, by the image encoder's text tower
    looks     (n, d_picture) float16  the mean of an entry's pictures and title, as a unit vector

facet_ends, piece_ends and picture_ends hold where the rows of each entry end; picture_lengths how
long the mean of its pictures is. Knows no entry.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_support.knowledge.late_interaction import quantised, unit

if TYPE_CHECKING:
    from torch import Tensor

TEXT, PICTURE, ONE = "d_text", "d_picture", "1"  # what the rows of an array are long
LAYOUT: dict[str, tuple[str, str]] = {
    "facets": ("float16", TEXT),
    "characters": ("bool", ONE),
    "centres": ("float16", TEXT),
    "pieces": ("int8", TEXT),
    "piece_scales": ("float32", ONE),
    "pictures": ("float16", PICTURE),
    "titles": ("float16", PICTURE),
    "looks": ("float16", PICTURE),
    "picture_lengths": ("float32", ONE),
    "facet_ends": ("int64", ONE),
    "piece_ends": ("int64", ONE),
    "picture_ends": ("int64", ONE),
}


class ArrayWriter:
    """Appends the vectors of one entry after another to the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: (folder / name).open("wb") for name in LAYOUT}
        self._ends: dict[str, int] = {"facet_ends": 0, "piece_ends": 0, "picture_ends": 0}

    def add(
        self,
        text: np.ndarray,
        picture: np.ndarray,
        words: np.ndarray,
        pieces: np.ndarray,
        characters: np.ndarray,
    ) -> None:
        small, scales = quantised(pieces)
        rows = {
            "facets": text,
            "characters": characters,
            "centres": unit(text.mean(axis=0, keepdims=True)),
            "pieces": small,
            "piece_scales": scales,
            "picture_lengths": _mean_length(picture),
            "pictures": picture,
            "titles": words,
            "looks": unit(np.concatenate([picture, words[None]]).mean(axis=0, keepdims=True)),
        }
        for name, own in (("facet", text), ("piece", pieces), ("picture", picture)):
            self._ends[f"{name}_ends"] += len(own)
        for name, own in {**rows, **self._ends}.items():
            self._files[name].write(np.asarray(own, LAYOUT[name][0]).tobytes())

    def close(self) -> None:
        """Everything is on the disk when this returns; may be called again."""
        for file in self._files.values():
            if file.closed:
                continue
            file.flush()
            os.fsync(file.fileno())
            file.close()


@dataclass(frozen=True, eq=False)
class Arrays:
    """A version's arrays as tensors. starts: entry i has the rows starts[i] to starts[i + 1]."""

    facets: Tensor
    characters: Tensor
    centres: Tensor
    pieces: Tensor
    piece_scales: Tensor
    pictures: Tensor
    titles: Tensor
    looks: Tensor
    picture_lengths: Tensor
    facet_starts: Tensor
    piece_starts: Tensor
    picture_starts: Tensor

    def fit(self, entries: int) -> bool:
        """Whether there are as many rows as so many entries say that they have."""
        rows = (self.facets, self.characters, self.pieces, self.pictures)
        starts = (self.facet_starts, self.facet_starts, self.piece_starts, self.picture_starts)
        whole = all(len(own) == first[-1] for own, first in zip(rows, starts))
        return whole and all(len(first) == entries + 1 for first in starts)


def open_arrays(folder: Path, d_text: int, d_picture: int) -> Arrays:
    """Maps the files into memory; nothing of them is read before it is used."""
    import torch

    widths = {TEXT: d_text, PICTURE: d_picture, ONE: 1}
    found: dict[str, Tensor] = {}
    for name, (dtype, width) in LAYOUT.items():
        mapped = torch.from_numpy(_mapped(folder / name, np.dtype(dtype), widths[width]))
        if name.endswith("_ends"):
            zero = torch.zeros(1, dtype=torch.int64)
            found[name.replace("_ends", "_starts")] = torch.cat([zero, mapped[:, 0]])
        else:
            found[name] = mapped[:, 0] if width == ONE else mapped
    return Arrays(**found)


def _mean_length(rows: np.ndarray) -> np.float32:
    return np.float32(np.linalg.norm(rows.mean(axis=0)) if len(rows) else 0.0)


def _mapped(path: Path, dtype: np.dtype, width: int) -> np.ndarray:
    rows = path.stat().st_size // (dtype.itemsize * width)
    if not rows:  # an empty file cannot be mapped
        return np.zeros((0, width), dtype)
    return np.memmap(path, dtype, mode="c", shape=(rows, width))


def span(starts: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Where the parts of some entries lie. starts: (n + 1,), rows: (c,) -> indices of their parts,
    one entry after another, and (c,) how many each has.
    """
    import torch

    first, counts = starts[rows], starts[rows + 1] - starts[rows]
    before = counts.cumsum(0) - counts
    shift = torch.repeat_interleave(first - before, counts)
    return torch.arange(len(shift)) + shift, counts
