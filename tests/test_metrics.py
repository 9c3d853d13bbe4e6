"""Metrics against hand-computed cases and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from mm_support.evaluate import metrics


@pytest.fixture
def labels():
    generator = np.random.default_rng(3)
    truth = generator.choice(list("abcdef"), size=200)
    predicted = np.where(
        generator.random(200) < 0.6, truth, generator.choice(list("abcdefg"), size=200)
    )
    return truth.tolist(), predicted.tolist()


def test_accuracy_and_macro_f1_by_hand():
    truth, predicted = ["a", "a", "b", "c"], ["a", "b", "b", "b"]
    assert metrics.accuracy(truth, predicted) == 0.5
    # a: tp 1, fn 1 -> 2/3; b: tp 1, fp 2 -> 1/2; c: never found -> 0
    assert metrics.macro_f1(truth, predicted) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_agree_with_scikit_learn(labels):
    truth, predicted = labels
    names = sorted(set(truth) | set(predicted))
    assert metrics.accuracy(truth, predicted) == pytest.approx(
        reference.accuracy_score(truth, predicted)
    )
    assert metrics.macro_f1(truth, predicted) == pytest.approx(
        reference.f1_score(truth, predicted, average="macro", zero_division=0)
    )
    table = metrics.confusion_matrix(truth, predicted, names)
    assert (table == reference.confusion_matrix(truth, predicted, labels=names)).all()
    assert table.sum() == len(truth)


def test_calibration_error_by_hand():
    # two bins of 0..0.5 and 0.5..1: |0.4 - 1/2| over two cases, |0.9 - 1/2| over two cases
    error = metrics.expected_calibration_error([0.4, 0.4, 0.9, 0.9], [1, 0, 1, 0], bins=2)
    assert error == pytest.approx(0.5 * 0.1 + 0.5 * 0.4)


def test_calibrated_confidences_have_a_small_error():
    generator = np.random.default_rng(0)
    confidence = generator.random(20_000)
    honest = generator.random(20_000) < confidence
    assert metrics.expected_calibration_error(confidence, honest) < 0.02
    assert metrics.expected_calibration_error(np.sqrt(confidence), honest) > 0.1


def test_bins_cover_both_ends_and_every_case():
    filled = metrics.reliability([0.0, 1.0, 0.1, 0.1], [0, 1, 0, 1], bins=10)
    assert [(b.count, b.accuracy) for b in filled] == [(3, pytest.approx(1 / 3)), (1, 1.0)]


def test_bootstrap_interval_is_seeded_and_covers_the_known_error():
    cases = np.random.default_rng(1).random(400) < 0.8
    interval = metrics.bootstrap_interval(cases, seed=5)
    assert interval == metrics.bootstrap_interval(cases, seed=5)
    assert interval.value == pytest.approx(cases.mean())
    assert interval.low < interval.value < interval.high
    half_width = 1.96 * np.sqrt(
        cases.mean() * (1 - cases.mean()) / len(cases)
    )  # normal approximation
    assert (interval.high - interval.low) / 2 == pytest.approx(half_width, rel=0.15)


def test_threshold_reaches_the_recall_and_not_more_than_needed():
    out_of_scope = [0.1, 0.2, 0.3, 0.4, 0.9]
    assert metrics.threshold_for_recall(out_of_scope, 0.8) == 0.4
    assert metrics.threshold_for_recall(out_of_scope, 1.0) == 0.9
    assert metrics.threshold_for_recall(out_of_scope, 0.0) == -np.inf


def test_operating_point_by_hand():
    point = metrics.operating_point(
        0.4, [0.9, 0.8, 0.5, 0.4], [True, False, True, True], [0.1, 0.4, 0.6]
    )
    assert (point.out_of_scope_recall, point.kept, point.kept_right) == (
        pytest.approx(2 / 3),
        0.75,
        0.5,
    )


def test_area_under_curve_agrees_with_scikit_learn():
    generator = np.random.default_rng(2)
    inside, outside = generator.normal(1, 1, 80).round(1), generator.normal(0, 1, 50).round(1)
    expected = reference.roc_auc_score([1] * 80 + [0] * 50, np.concatenate([inside, outside]))
    assert metrics.area_under_curve(inside, outside) == pytest.approx(expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.accuracy([], []),
        lambda: metrics.macro_f1(["a"], ["a", "b"]),
        lambda: metrics.expected_calibration_error([], []),
        lambda: metrics.bootstrap_interval([]),
        lambda: metrics.threshold_for_recall([], 0.8),
    ],
)
def test_nothing_to_score_is_an_error(call):
    with pytest.raises(ValueError):
        call()
