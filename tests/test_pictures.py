"""Photos against an entry's pictures and words, and the gallery of products that look alike; by
hand, no models.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mm_support.decode.compose import gallery
from mm_support.knowledge import scoring
from mm_support.knowledge.scoring import PictureCalibration
from mm_support.types import Entry, Hit

WEIGHTS = PictureCalibration(
    nearest=4.0, mean=2.0, words=1.0, bias=-3.0, only_words=5.0, only_words_bias=-2.0
)


def unit(*values: float) -> np.ndarray:
    return np.array(values) / np.linalg.norm(values)


def picture_logit(query, pictures, words, weights):
    """Log odds of one entry."""
    shown, worded = torch.tensor(np.array([pictures @ query])), torch.tensor([[words @ query]])
    length = np.linalg.norm(pictures.mean(axis=0)) if len(pictures) else 0.0
    lists = scoring.Pictures(torch.tensor([len(pictures)]), torch.tensor([length]))
    return scoring.picture_logits(shown, worded, lists, weights).item()


def picture_scores(logits):
    return scoring.picture_scores(torch.from_numpy(logits)[None])[0].numpy()


def test_the_log_odds_are_the_weighed_cosines():
    query, words = unit(1, 0, 0), unit(0.5, 0, 1)
    pictures = np.stack([unit(1, 1, 0), unit(0, 1, 0)])
    centre = pictures.mean(axis=0)
    logit = 4 * pictures[0, 0] + 2 * centre[0] / np.linalg.norm(centre) + words[0] - 3
    assert picture_logit(query, pictures, words, WEIGHTS) == pytest.approx(logit)
    assert picture_logit(query, pictures[:0], words, WEIGHTS) == pytest.approx(5 * words[0] - 2)


def test_a_picture_more_like_the_photo_never_lowers_the_score():
    rng = np.random.default_rng(0)
    query, words = unit(*rng.normal(size=8)), unit(*rng.normal(size=8))
    pictures = np.stack([unit(*rng.normal(size=8)) for _ in range(3)])
    before = picture_logit(query, pictures, words, WEIGHTS)
    assert picture_logit(query, np.concatenate([pictures, [query]]), words, WEIGHTS) > before


def test_an_entry_loses_by_as_much_as_another_one_is_likelier():
    logits = np.array([7.0, 5.0, 7.0, -4.0])
    scores = picture_scores(logits)
    plain = 1 / (1 + np.exp(-logits))
    assert (
        scores[0] == scores[2] == pytest.approx(plain[0]) and (scores[[1, 3]] < plain[[1, 3]]).all()
    )
    assert np.argsort(-scores, kind="stable").tolist() == [0, 2, 1, 3]
    assert scores[0] - scores[1] > 10 * (
        plain[0] - plain[1]
    )  # where all are likely, as pictures by one hand are
    assert picture_scores(np.array([-3.0])) == pytest.approx(
        1 / (1 + np.exp(3.0))
    )  # one alone is compared with nothing


def hit(name: str, photo: float, pictures: int = 1) -> Hit:
    return Hit(
        Entry(
            name, name, "answer", pictures=tuple(Path(f"{name}-{i}.jpg") for i in range(pictures))
        ),
        photo,
        {"photo": photo},
    )


HITS = [hit("lamp", 0.5), hit("stand", 0.4, 2), hit("chair", 0.1), hit("terms", 0.5, 0)]


def test_what_looks_like_the_photo_is_shown_best_first():
    assert gallery(HITS) == (Path("lamp-0.jpg"), Path("stand-0.jpg"))
    assert gallery(HITS[::-1]) == gallery(HITS)


def test_without_a_photo_or_pictures_there_is_nothing_to_show():
    assert gallery([]) == gallery([HITS[3]]) == ()
    assert gallery([Hit(HITS[0].entry, 0.9, {"text": 0.9})]) == ()
