"""How well clip-lite does on photos and products that it has not learned from.

    val                 the split that comes with the data set: other shops and days. Its photos
                        are found among entries with all other photos; neither tower nor head has
                        seen them
    products left out   a fifth of the products, seen by a second tower that was not tuned on them:
                        found by one catalogue picture, named by words of their kind. The
                        calibrations are fitted on these

Entries are scored as knowledge/scoring.py scores them. Knows no model and no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.training.image_head import (
    Head,
    Photos,
    fit_head,
    fit_label_calibration,
    fit_picture_calibration,
    means,
    unit,
)
from mm_support.encode.clip_lite import MEANING_SHARE
from mm_support.encode.image import Calibration
from mm_support.knowledge.scoring import PictureCalibration

FOLDS = 5  # of products; one is left out
SESSIONS = 4  # of each product's photos
TOP = 5  # class words among which a photo's own one counts as kept


@dataclass(frozen=True, eq=False)
class Words:
    """Unit vectors of titles (p, 384), of the words for their kinds (k, 384), of ImageNet's classes
    (1000, 384); kind_of: (p,) -> row of kinds."""

    titles: np.ndarray
    kinds: np.ndarray
    classes: np.ndarray
    kind_of: np.ndarray


@dataclass(frozen=True, eq=False)
class Found:
    """Photos compared with entries. cosines: (q, p, 3) nearest, mean and words; truth: (q,) the
    right entry.
    """

    cosines: np.ndarray
    truth: np.ndarray

    def best(self, weights: PictureCalibration) -> np.ndarray:
        """(q,) the entry with the highest score."""
        return (self.cosines @ [weights.nearest, weights.mean, weights.words]).argmax(axis=1)


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


def products_of_fold(count: int, seed: int) -> np.ndarray:
    """The products, of so many, that the second tower is not tuned on."""
    return np.random.default_rng(seed).permutation(count)[: count // FOLDS]


def judge(
    head: Head, photos: Photos, strange: Photos, untuned: Photos, words: Words, left_out: np.ndarray
) -> tuple[Calibration, PictureCalibration, dict[str, dict[str, float]]]:
    """Calibrations and figures. photos: as the shipped tower sees them, `head` has not seen those
    of val; strange: as the tower does that was not tuned on the products `left_out`; untuned: as
    the tower was.
    """
    out, catalogue = np.isin(photos.product, left_out), photos.split == "catalogue"
    partial, queries = learn(strange[~out], words), strange[out & ~catalogue]
    early = np.isin(sessions(untuned), range(SESSIONS // 2))
    late = strange[out & ~catalogue & ~early]
    one = compare(partial, queries, strange[catalogue], words.titles)
    many = compare(partial, late, strange[catalogue | early], words.titles)
    matches = calibrate((one, many))
    named = MEANING_SHARE * partial.meaning(queries) @ words.kinds.T
    kinds = words.kind_of[queries.product]
    labels = Calibration(*fit_label_calibration(named, kinds))
    left_out_shares = {
        "found_by_one_picture": np.mean(one.best(matches) == one.truth),
        "found_by_half_of_the_photos": np.mean(many.best(matches) == many.truth),
        "kind_named": np.mean(named.argmax(axis=1) == kinds),
        "kind_mean_probability": np.mean([labels.probabilities(row).max() for row in named]),
    }
    figures = {
        "val_split": _rounded(_on_val(head, photos, untuned, words, matches)),
        "products_left_out": _rounded(left_out_shares),
    }
    return labels, matches, figures


def _on_val(
    head: Head, photos: Photos, untuned: Photos, words: Words, matches: PictureCalibration
) -> dict[str, float]:
    """Shares of the photos of val whose product, its kind and ImageNet's class are told."""
    val = photos.split == "val"
    found = compare(head, photos[val], photos[~val], words.titles)
    best, label = found.best(matches), untuned.label[val]
    before, after = untuned.consensus[val], head.meaning(photos[val])
    return {
        "product": np.mean(best == found.truth),
        "kind": np.mean(words.kind_of[best] == words.kind_of[found.truth]),
        "class_word_kept_untuned": class_words_kept(before, label, words.classes),
        "class_word_kept": class_words_kept(after, label, words.classes),
    }


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(float(share), 4) for name, share in shares.items()}


def class_words_kept(meaning: np.ndarray, label: np.ndarray, classes: np.ndarray) -> float:
    """Share of photos whose most likely ImageNet class, label (m,), is among the TOP class words
    nearest to their meaning.
    """
    cosines = meaning @ unit(classes).T
    own = cosines[np.arange(len(label)), label]
    return float(((cosines > own[:, None]).sum(axis=1) < TOP).mean())


def calibrate(found: Sequence[Found]) -> PictureCalibration:
    cosines = np.concatenate([each.cosines.reshape(-1, 3) for each in found])
    same = np.concatenate(
        [(np.arange(each.cosines.shape[1]) == each.truth[:, None]).ravel() for each in found]
    )
    return fit_picture_calibration(cosines, same)


def sessions(photos: Photos) -> np.ndarray:
    """(m,) 0 to SESSIONS - 1: each product's photos, those alike together (Ward 1963); -1 for
    catalogue pictures.
    """
    from sklearn.cluster import AgglomerativeClustering

    found = np.full(len(photos), -1)
    for product in np.unique(photos.product):
        rows = np.flatnonzero((photos.split != "catalogue") & (photos.product == product))
        groups = min(SESSIONS, len(rows))
        found[rows] = (
            AgglomerativeClustering(groups).fit_predict(photos.details[rows]) if groups > 1 else 0
        )
    return found
