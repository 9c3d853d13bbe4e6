"""The fitted score: floors, shares and figures on questions whose right passage is known."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from assets.training import retrieval
from assets.training.retrieval import Asking, save_text_score
from mm_support.encode.text import Pieces
from mm_support.knowledge.text_score import (
    UNKNOWN,
    Floors,
    TextScore,
    above,
    load_text_score,
)

NINE = ((0.9, 0.9), (0.9, 0.9))
FLOORS = Floors(NINE, NINE)


def asking(shares, noise=0.3, questions=300, passages=12, seed=0):
    """Questions whose right passage is drawn by a softmax over known shares of three features."""
    random = np.random.default_rng(seed)
    x = random.random((questions, passages, 3))
    logits = x @ np.array(shares) / noise + random.gumbel(size=(questions, passages))
    x[..., :2] = 0.8 + 0.2 * x[..., :2]  # an encoder whose cosines begin at 0.8
    return Asking(x, logits.argmax(axis=1), np.arange(questions) % 6)


def test_the_shares_that_made_the_choices_are_found():
    score = retrieval.fit([asking((0.5, 0.3, 0.2), questions=4_000, noise=0.05)], FLOORS)
    # a feature is measured from its floor, 0.9, so half of its range is stretched to the whole
    _, alike, words = np.array([0.25, 0.15, 0.2]) / 0.6
    assert score.alike == pytest.approx(alike, abs=0.05)
    assert score.words == pytest.approx(words, abs=0.05)


def test_a_feature_that_says_nothing_gets_nothing():
    score = retrieval.fit([asking((0.0, 1.0, 0.0), questions=2_000, noise=0.05)], FLOORS)
    assert score.alike > 0.9 and score.words < 0.05


def test_surprise_has_the_gradient_of_its_value():
    file, weights, step = asking((0.3, 0.2, 0.4)), np.array([1.0, 2.0, 3.0]), 1e-5
    _, slope = retrieval.surprise(file, weights)
    for place, own in enumerate(slope):
        ahead, back = weights.copy(), weights.copy()
        ahead[place], back[place] = ahead[place] + step, back[place] - step
        rise = retrieval.surprise(file, ahead)[0] - retrieval.surprise(file, back)[0]
        assert own == pytest.approx(rise / (2 * step), abs=1e-4)


def test_figures_are_of_articles_that_were_not_fitted_to(monkeypatch):
    file, seen = asking((0.5, 0.3, 0.2), noise=0.05), []
    fitted = retrieval.fit

    def fit(files, floors):
        seen.append({int(article) for own in files for article in own.article})
        return fitted(files, floors)

    monkeypatch.setattr(retrieval, "fit", fit)
    figures = retrieval.measured([file], file, FLOORS)
    assert seen == [{1, 3, 5}, {0, 2, 4}]
    assert 0.3 < figures["first"]["value"] <= figures["in_five"]["value"] <= 1


def test_maxsim_is_the_mean_of_the_best_match():
    kept = np.array([[1, 0], [0, 1]], np.float32)
    asked = [
        Pieces([1, 2], np.array([[1, 0], [0.6, 0.8]], np.float16)),
        Pieces([], np.zeros((0, 2), np.float16)),
        Pieces([3], np.array([[-1, 0]], np.float16)),
    ]
    np.testing.assert_allclose(retrieval.maxsim(asked, kept), [0.9, 0, 0], atol=1e-3)


def test_words_weigh_rare_terms_more_and_long_entries_less():
    held = [Counter("ab"), Counter("a"), Counter("a" + "z" * 9)]
    found = retrieval.words([frozenset("ab"), frozenset("x"), frozenset()], held)
    assert found.shape == (3, 3) and not found[1:].any()
    assert 1 > found[0, 0] > found[0, 1] > found[0, 2] > 0


def test_a_likeness_is_zero_at_the_floor_and_one_for_the_same_text():
    assert above(0.8, 0.8) == pytest.approx(0)
    assert above(1.0, 0.8) == pytest.approx(1)
    assert 0.5 * above(0.9, 0.8) == pytest.approx(above(0.45, 0.8, 0.5))


def test_each_pair_of_scripts_has_its_floor():
    score = TextScore(0.6, 0.1, Floors(((0.1, 0.2), (0.3, 0.4)), ((0.5, 0.6), (0.7, 0.8))))
    best, alike = score.between(torch.tensor([True, False]), torch.tensor([False, True, True]))
    np.testing.assert_allclose(best, [[0.3, 0.4, 0.4], [0.1, 0.2, 0.2]])
    np.testing.assert_allclose(alike, [[0.7, 0.8, 0.8], [0.5, 0.6, 0.6]])


def test_scores_of_encoders_lie_side_by_side(tmp_path):
    file, score = tmp_path / "retrieval.json", TextScore(0.6, 0.1, FLOORS)
    assert load_text_score("one", file) == UNKNOWN
    save_text_score("one", score, {"what": "a"}, file)
    save_text_score("two", UNKNOWN, {"what": "b"}, file)
    assert load_text_score("one", file) == score and load_text_score("two", file) == UNKNOWN
    assert json.loads(file.read_text())["cards"]["one"] == {"what": "a"}
