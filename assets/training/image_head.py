"""What clip-lite learns from product photos, in closed form: no epochs, no learning rate, the same
every time.

    stretch      the directions in which photos differ most, measured by how much those of one
    product
                 do (Fisher 1936)
    correction   ridge regression from details to what words still lack after ImageNet's say
                 (ESZSL, Romera-Paredes and Torr 2015, on the residual of ConSE)
    calibration  of labels and of picture matches, on products that were left out of both

Rows are photos. Knows no model and no file: what goes in are arrays, see Photos.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from mm_support.encode.clip_lite import LOOK_SHARE, MEANING_SHARE
from mm_support.knowledge.late_interaction import unit
from mm_support.knowledge.scoring import PictureCalibration

LOOK = 512  # directions kept
SHRINKAGE = 0.5  # of the covariance within products towards a multiple of the identity
RIDGE_PHOTOS, RIDGE_WORDS = 1.0, 0.3
TARGET = 0.6  # cosine that a photo's own word is pulled up to, over the others
LISTED = 0.8  # how often a list of words holds the right one
PENALTY = 1.0  # inverse strength of the regressions' ridge


@dataclass(frozen=True, eq=False)
class Photos:
    """details: (m, d), consensus: (m, 384) and label: (m,) most likely class, as clip_lite has
    them; product: (m,); split: (m,) "train", "val" or "catalogue"."""

    details: np.ndarray
    consensus: np.ndarray
    label: np.ndarray
    product: np.ndarray
    split: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Photos:
        return Photos(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.product)


@dataclass(frozen=True, eq=False)
class Head:
    """The learned values of clip_lite.Head: mean (d,), stretch (d, LOOK), correction (d, 384)."""

    mean: np.ndarray
    stretch: np.ndarray
    correction: np.ndarray

    def meaning(self, photos: Photos) -> np.ndarray:
        """(m, 384) unit rows."""
        return unit(photos.consensus + (photos.details - self.mean) @ self.correction)

    def encode(self, photos: Photos) -> np.ndarray:
        """(m, 384 + LOOK) unit rows, as clip_lite.Head makes them."""
        look = unit((photos.details - self.mean) @ self.stretch)
        return np.concatenate([MEANING_SHARE * self.meaning(photos), LOOK_SHARE * look], axis=1)


def fit_head(photos: Photos, kinds: np.ndarray, words: np.ndarray) -> Head:
    """kinds: (products,) -> row of words; words: (k, 384) unit rows."""
    mean = photos.details.mean(axis=0)
    centred = photos.details - mean
    correction = fit_correction(centred, photos.consensus, kinds[photos.product], words)
    return Head(mean, fit_stretch(centred, photos.product), correction)


def fit_stretch(centred: np.ndarray, product: np.ndarray) -> np.ndarray:
    """(d, LOOK): the directions along which photos differ most, measured by how much those of one
    product do. Entries of at most 1.
    """
    from scipy.linalg import eigh

    within = centred - means(centred, product)[np.unique(product, return_inverse=True)[1]]
    covariance = within.T @ within / len(within)
    size = len(covariance)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / size * np.eye(size)
    widest = [max(0, size - LOOK), size - 1]
    stretch = eigh(centred.T @ centred / len(centred), shrunk, subset_by_index=widest)[1][:, ::-1]
    return stretch / np.abs(stretch).max()


def fit_correction(
    centred: np.ndarray, consensus: np.ndarray, kind: np.ndarray, words: np.ndarray
) -> np.ndarray:
    """(d, 384): what to add to the consensus so that a photo's own word stands out. Every kind
    weighs the same.
    """
    present, row = np.unique(kind, return_inverse=True)
    words = words[present]
    weight = (1 / np.bincount(row))[row]
    weight *= len(weight) / weight.sum()
    lacking = TARGET * np.eye(len(words))[row] - consensus @ words.T
    lacking -= lacking.mean(axis=1, keepdims=True)
    words = words - words.mean(axis=0)
    left = (centred * weight[:, None]).T
    by_photos = np.linalg.solve(
        left @ centred + RIDGE_PHOTOS * np.eye(centred.shape[1]), left @ lacking @ words
    )
    return by_photos @ np.linalg.inv(words.T @ words + RIDGE_WORDS * np.eye(words.shape[1]))


def fit_label_calibration(cosines: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """(scale, none) of image.Calibration, the likeliest for cosines (m, k) of photos with words and
    the right one, truth (m,).

    Each photo is asked about with all words and without its own, where "none of these" is right; a
    list holds the right word with probability LISTED.
    """
    rows = np.arange(len(truth))
    without = cosines.copy()
    without[rows, truth] = -np.inf
    grid = [
        (scale, none) for scale in np.geomspace(5, 80, 25) for none in np.linspace(0.1, 0.6, 51)
    ]

    def surprise(scale: float, none: float) -> float:
        logits = scale * (cosines - none)
        all_words = np.logaddexp(np.logaddexp.reduce(logits, axis=1), 0) - logits[rows, truth]
        none_of_these = np.logaddexp(np.logaddexp.reduce(scale * (without - none), axis=1), 0)
        return LISTED * all_words.mean() + (1 - LISTED) * none_of_these.mean()

    return min(grid, key=lambda pair: surprise(*pair))


def fit_picture_calibration(cosines: np.ndarray, same: np.ndarray) -> PictureCalibration:
    """cosines: (p, 3) nearest, mean and words cosine of pairs of a photo and an entry; same: (p,)
    bool.

    Both answers weigh the same, whatever their number.
    """
    from sklearn.linear_model import LogisticRegression

    def fit(columns: np.ndarray) -> list[float]:
        model = LogisticRegression(C=PENALTY, class_weight="balanced").fit(columns, same)
        return [float(value) for value in (*model.coef_[0], model.intercept_[0])]

    return PictureCalibration(*fit(cosines), *fit(cosines[:, 2:]))


def means(rows: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Mean of each group's rows, in the order of np.unique(group)."""
    _, place, count = np.unique(group, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), rows.shape[1]))
    np.add.at(sums, place, rows)
    return sums / count[:, None]
