"""Metrics against hand-computed cases."""

import numpy as np
import pytest

from mm_support.evaluate import metrics


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


def test_the_interval_of_a_share_is_seeded_and_covers_the_known_error():
    cases = np.random.default_rng(1).random(400) < 0.8
    found = metrics.share(cases)
    assert found == metrics.share(cases)
    assert found["value"] == pytest.approx(cases.mean())
    assert found["low"] < found["value"] < found["high"]
    deviation = np.sqrt(cases.mean() * (1 - cases.mean()) / len(cases))  # normal approximation
    assert (found["high"] - found["low"]) / 2 == pytest.approx(1.96 * deviation, rel=0.15)


@pytest.mark.parametrize("cases", [[1.0], [1.0, 1.0, 1.0], [0.0]])
def test_cases_that_are_all_alike_have_an_interval_without_width(cases):
    assert metrics.share(cases) == dict.fromkeys(("value", "low", "high"), cases[0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.reliability([0.5], [True, False]),
        lambda: metrics.expected_calibration_error([], []),
        lambda: metrics.interval(np.mean, []),
    ],
)
def test_nothing_to_score_is_an_error(call):
    with pytest.raises(ValueError):
        call()
