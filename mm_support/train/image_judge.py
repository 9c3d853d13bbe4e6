"""How well clip-lite's head does on products and sessions that it has not learned from.

    products left out   a fifth of the products at a time: found by one catalogue picture, named by words of their kind
    sessions left out   a quarter of each product's photos at a time, those most alike together, so that a held-out
                        photo is about as far from the nearest learned one as in the data set's own val split
    val                 the split that comes with the data set: other shops and days

Entries are scored as knowledge/pictures.py scores them. Knows no model and no file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mm_support.encode.clip_lite import MEANING_SHARE
from mm_support.encode.image import Calibration
from mm_support.knowledge.pictures import PictureCalibration
from mm_support.train.image_head import Head, Photos, fit_head, fit_label_calibration, fit_picture_calibration, means, unit

FOLDS = 5  # of products
SESSIONS = 4  # of each product's photos
TOP = 5  # class words among which a photo's own one counts as kept


@dataclass(frozen=True, eq=False)
class Words:
    """Unit vectors of titles (p, 384), of the words for their kinds (k, 384), of ImageNet's classes (1000, 384);
    kind_of: (p,) -> row of kinds."""

    titles: np.ndarray
    kinds: np.ndarray
    classes: np.ndarray
    kind_of: np.ndarray


@dataclass(frozen=True, eq=False)
class Found:
    """Photos compared with entries. cosines: (q, p, 3) nearest, mean and words; truth: (q,) the right entry."""

    cosines: np.ndarray
    truth: np.ndarray

    def best(self, weights: PictureCalibration) -> np.ndarray:
        """(q,) the entry with the highest score."""
        return (self.cosines @ [weights.nearest, weights.mean, weights.words]).argmax(axis=1)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What one fold of products gave. one, many: with one picture an entry, and with half of its photos more;
    kinds: (q, k) cosines of photos and kinds; truth: (q,) their kinds; kept: (2,) share of photos whose own class
    word is near, before and after the correction."""

    one: Found
    many: Found
    kinds: np.ndarray
    truth: np.ndarray
    kept: np.ndarray


def learn(photos: Photos, words: Words) -> Head:
    return fit_head(photos, words.kind_of, words.kinds)


def compare(head: Head, queries: Photos, entries: Photos, titles: np.ndarray) -> Found:
    """entries: the pictures of all p products, each at least one."""
    query, pictures = head.encode(queries), head.encode(entries)
    order = np.argsort(entries.product, kind="stable")
    begins = np.searchsorted(entries.product[order], np.arange(len(titles)))
    nearest = np.maximum.reduceat((query @ pictures.T)[:, order], begins, axis=1)
    centre = query @ unit(means(pictures, entries.product)).T
    worded = query[:, : titles.shape[1]] @ titles.T
    return Found(np.stack([nearest, centre, worded], axis=2), queries.product)


def products_left_out(photos: Photos, words: Words, seed: int, fold: int) -> LeftOut:
    out = np.isin(photos.product, np.flatnonzero(np.random.default_rng(seed).permutation(len(words.titles)) % FOLDS == fold))
    head = learn(photos[~out], words)
    catalogue, early = photos.split == "catalogue", np.isin(sessions(photos), range(SESSIONS // 2))
    asked = out & ~catalogue
    queries = photos[asked]
    return LeftOut(
        compare(head, queries, photos[catalogue], words.titles),
        compare(head, photos[asked & ~early], photos[catalogue | early], words.titles),
        MEANING_SHARE * head.meaning(queries) @ words.kinds.T,
        words.kind_of[queries.product],
        class_words_kept(head, queries, words.classes),
    )


def class_words_kept(head: Head, photos: Photos, classes: np.ndarray) -> np.ndarray:
    """(2,) share of photos whose most likely class is among the TOP nearest class words, before and after the correction."""

    def share(meaning: np.ndarray) -> float:
        cosines = meaning @ unit(classes).T
        own = cosines[np.arange(len(photos)), photos.label]
        return float(((cosines > own[:, None]).sum(axis=1) < TOP).mean())

    return np.array([share(photos.consensus), share(head.meaning(photos))])


def calibrate(folds: list[LeftOut]) -> tuple[Calibration, PictureCalibration]:
    found = [each for fold in folds for each in (fold.one, fold.many)]
    cosines = np.concatenate([each.cosines.reshape(-1, 3) for each in found])
    same = np.concatenate([(np.arange(each.cosines.shape[1]) == each.truth[:, None]).ravel() for each in found])
    labels = fit_label_calibration(np.concatenate([fold.kinds for fold in folds]), np.concatenate([fold.truth for fold in folds]))
    return Calibration(*labels), fit_picture_calibration(cosines, same)


def shares_of_left_out(folds: list[LeftOut], labels: Calibration, matches: PictureCalibration) -> dict[str, float]:
    """Figures over all folds, as shares of photos."""
    kinds, truth = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("kinds", "truth"))
    sure = np.array([labels.probabilities(row).max() for row in kinds])
    right = kinds.argmax(axis=1) == truth
    before, after = np.average([fold.kept for fold in folds], axis=0, weights=[len(fold.truth) for fold in folds])
    return {
        "found_by_one_picture": _mean([fold.one.best(matches) == fold.one.truth for fold in folds]),
        "found_by_half_of_the_photos": _mean([fold.many.best(matches) == fold.many.truth for fold in folds]),
        "kind_named": float(right.mean()),
        "kind_mean_probability": float(sure.mean()),
        "class_word_kept_before": float(before),
        "class_word_kept": float(after),
    }


def right_on_other_photos(photos: Photos, words: Words, asked: np.ndarray, matches: PictureCalibration) -> np.ndarray:
    """(q, 2) bool: product and kind right for the photos asked after, by a head and entries made of all others."""
    others = photos[~asked]
    found = compare(learn(others, words), photos[asked], others, words.titles)
    best = found.best(matches)
    return np.stack([best == found.truth, words.kind_of[best] == words.kind_of[found.truth]], axis=1)


def sessions(photos: Photos) -> np.ndarray:
    """(m,) 0 to SESSIONS - 1: each product's photos, those alike together (Ward 1963); -1 for catalogue pictures."""
    from sklearn.cluster import AgglomerativeClustering

    found = np.full(len(photos), -1)
    for product in np.unique(photos.product):
        rows = np.flatnonzero((photos.split != "catalogue") & (photos.product == product))
        groups = min(SESSIONS, len(rows))
        found[rows] = AgglomerativeClustering(groups).fit_predict(photos.details[rows]) if groups > 1 else 0
    return found


def _mean(rows: list[np.ndarray]) -> float:
    return float(np.concatenate(rows).mean())
