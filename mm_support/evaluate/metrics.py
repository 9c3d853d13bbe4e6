"""What scikit-learn does not have of how good a classifier is: intervals and calibration error.

An empty set of cases has no score: every function but `share` raises ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

CALIBRATION_BINS = 15  # Guo et al. 2017, "On Calibration of Modern Neural Networks"
DRAWS = 1000  # of the bootstrap


class Bin(NamedTuple):
    """Cases whose confidence lies in (low, high]: how many, how sure and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> list[Bin]:
    """The bins of equal width that hold at least one case, lowest confidence first.

    confidence: (n,) in 0..1. correct: (n,) whether the prediction was right.
    """
    sure, right = np.asarray(confidence, float), np.asarray(correct, float)
    if not len(sure) or len(sure) != len(right):
        raise ValueError(f"{len(sure)} confidences of {len(right)} cases")
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    members = ((int(n), place == n) for n in np.unique(place))
    return [
        Bin(n / bins, (n + 1) / bins, int(own.sum()), sure[own].mean(), right[own].mean())
        for n, own in members
    ]


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance between how sure and how often right, weighted by the cases of each bin."""
    filled = reliability(confidence, correct, bins)
    apart = [abs(own.confidence - own.accuracy) for own in filled]
    return float(np.average(apart, weights=[own.count for own in filled]))


def interval(statistic: Any, *samples: ArrayLike, seed: int = 0) -> dict[str, float]:
    """A statistic of the samples with its 95 % percentile bootstrap bounds (Efron 1979)."""
    from scipy.stats import bootstrap

    rows = [np.asarray(sample, float) for sample in samples]
    if not all(map(len, rows)):
        raise ValueError("there are no cases to score")
    value = low = high = float(statistic(*rows))
    if max(map(len, rows)) > 1:
        low, high = bootstrap(
            rows, statistic, n_resamples=DRAWS, method="percentile", rng=seed
        ).confidence_interval
    bounds = {"value": value, "low": low, "high": high}
    return {name: round(float(bound), 4) for name, bound in bounds.items()}


def share(flags: Sequence[bool] | np.ndarray) -> dict[str, float] | None:
    """The share of true flags with its bounds; None of nothing."""
    return interval(np.mean, flags) if len(flags) else None


def lines_of(figures: Mapping[str, Any]) -> Iterator[str]:
    """Those that have bounds, a line each, for a terminal."""
    for name, own in figures.items():
        if isinstance(own, dict) and "low" in own:
            yield f"  {name:28} {own['value']:6.1%}  ({own['low']:.1%} to {own['high']:.1%})"
