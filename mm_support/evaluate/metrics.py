"""What scikit-learn does not have of how good a classifier is: intervals, calibration error and
thresholds. No model, no file, no picture.

Confidences and scores are (n,) floats. An empty set of cases has no score: every function raises
ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

CALIBRATION_BINS = 15  # Guo et al. 2017, "On Calibration of Modern Neural Networks"
DRAWS = 1000  # of the bootstrap


@dataclass(frozen=True)
class Interval:
    """A figure and the bounds that bootstrap resampling puts around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold does: a case is kept as in scope when its score is above the threshold.

    out_of_scope_recall: share of the out-of-scope cases that are caught.
    kept_right: share of all in-scope cases that are both kept and answered right.
    kept: share of the in-scope cases that are kept, right or wrong.
    """

    threshold: float
    out_of_scope_recall: float
    kept_right: float
    kept: float


@dataclass(frozen=True, eq=False)
class ReliabilityBin:
    """Cases whose confidence lies in (low, high]: how many, how sure and how often right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> list[ReliabilityBin]:
    """The bins of equal width that hold at least one case, lowest confidence first.

    confidence: (n,) in 0..1. correct: (n,) whether the prediction was right.
    """
    sure, right = _cases(confidence, correct)
    bin_of = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    members = [(index, bin_of == index) for index in np.unique(bin_of)]
    return [
        ReliabilityBin(
            i / bins,
            (i + 1) / bins,
            int(held.sum()),
            float(sure[held].mean()),
            float(right[held].mean()),
        )
        for i, held in members
    ]


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance between how sure and how often right, weighted by the cases of each bin."""
    filled = reliability(confidence, correct, bins)
    apart = sum(held.count * abs(held.confidence - held.accuracy) for held in filled)
    return apart / sum(held.count for held in filled)


def bootstrap_interval(cases: ArrayLike, seed: int = 0) -> Interval:
    """The mean of n values with its 95 % percentile bootstrap interval (Efron 1979)."""
    from scipy.stats import bootstrap

    (values,) = _cases(cases)
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, mean, mean)
    drawn = bootstrap((values,), np.mean, n_resamples=DRAWS, method="percentile", rng=seed)
    return Interval(mean, *map(float, drawn.confidence_interval))


def share(flags: Sequence[bool] | np.ndarray) -> dict[str, float] | None:
    """The share of true flags with its bounds, for JSON; None of nothing."""
    if not len(flags):
        return None
    interval = asdict(bootstrap_interval(np.asarray(flags, float)))
    return {name: round(value, 4) for name, value in interval.items()}


def lines_of(figures: Mapping[str, Any]) -> list[str]:
    """Those that have bounds, a line each, for a terminal."""
    bounded = {name: f for name, f in figures.items() if isinstance(f, dict) and "low" in f}
    return [
        f"  {name:28} {f['value']:6.1%}  ({f['low']:.1%} to {f['high']:.1%})"
        for name, f in bounded.items()
    ]


def threshold_for_recall(out_of_scope_scores: ArrayLike, recall: float) -> float:
    """The lowest threshold at which at least this share of out-of-scope cases is not above it."""
    (scores,) = _cases(out_of_scope_scores)
    return float(np.quantile(scores, recall, method="inverted_cdf"))


def operating_point(
    threshold: float,
    scores: ArrayLike,
    right: ArrayLike,
    out_of_scope_scores: ArrayLike,
) -> OperatingPoint:
    """What the threshold does. scores, right: (n,) of the in-scope cases; out_of_scope_scores:
    (m,).
    """
    known, good = _cases(scores, right)
    (foreign,) = _cases(out_of_scope_scores)
    kept, caught = known > threshold, foreign <= threshold
    kept_right = kept & (good == 1)
    return OperatingPoint(
        float(threshold), float(caught.mean()), float(kept_right.mean()), float(kept.mean())
    )


def _cases(*columns: ArrayLike) -> list[np.ndarray]:
    """The columns as (n,) floats. Raises ValueError where they differ in length or are empty."""
    arrays = [np.asarray(column, dtype=float) for column in columns]
    if len({len(array) for array in arrays}) != 1:
        raise ValueError(f"columns differ in length: {[len(array) for array in arrays]}")
    if len(arrays[0]) == 0:
        raise ValueError("there are no cases to score")
    return arrays
