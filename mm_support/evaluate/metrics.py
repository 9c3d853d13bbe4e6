"""How good a classifier or a ranking is, as numbers: pure numpy, no model, no file, no picture.

truth and predicted are sequences of names (or anything that compares), one a case. Confidences
and scores are (n,) floats. An empty set of cases has no score: every function raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

CALIBRATION_BINS = 15  # Guo et al. 2017, "On Calibration of Modern Neural Networks"


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


def accuracy(truth: Sequence, predicted: Sequence) -> float:
    """Share of the cases whose prediction is the truth."""
    return float(np.mean(_matches(truth, predicted)))


def macro_f1(truth: Sequence, predicted: Sequence) -> float:
    """Mean over the classes of F1 = 2 tp / (2 tp + fp + fn), each class weighing the same.

    Classes are those that occur in truth or in predicted, as in scikit-learn.
    """
    labels = sorted(set(truth) | set(predicted))
    table = confusion_matrix(truth, predicted, labels)
    hits = np.diag(table)
    return float(np.mean(2 * hits / (table.sum(axis=0) + table.sum(axis=1))))


def confusion_matrix(truth: Sequence, predicted: Sequence, labels: Sequence) -> np.ndarray:
    """(len(labels), len(labels)) counts; rows are the truth, columns the prediction."""
    place = {label: index for index, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)), dtype=int)
    _matches(truth, predicted)
    for wanted, given in zip(truth, predicted):
        table[place[wanted], place[given]] += 1
    return table


def reliability(
    confidence: Sequence[float], correct: Sequence[bool], bins: int = CALIBRATION_BINS
) -> list[ReliabilityBin]:
    """The bins of equal width that hold at least one case, lowest confidence first.

    confidence: (n,) in 0..1. correct: (n,) whether the prediction was right.
    """
    _require_cases(confidence, correct)
    confidence, correct = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    members = [(index, bin_of == index) for index in np.unique(bin_of)]
    return [
        ReliabilityBin(
            i / bins,
            (i + 1) / bins,
            int(held.sum()),
            float(confidence[held].mean()),
            float(correct[held].mean()),
        )
        for i, held in members
    ]


def expected_calibration_error(
    confidence: Sequence[float], correct: Sequence[bool], bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance between how sure and how often right, weighted by the cases of each bin."""
    filled = reliability(confidence, correct, bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in filled) / sum(
        b.count for b in filled
    )


def bootstrap_interval(
    cases: Sequence,
    statistic: Callable[[np.ndarray], float] = np.mean,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap (Efron 1979) of a statistic over cases (n, ...), resampled by case."""
    cases = np.asarray(cases)
    _require_cases(cases)
    generator = np.random.default_rng(seed)
    samples = [
        statistic(cases[generator.integers(len(cases), size=len(cases))]) for _ in range(draws)
    ]
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(cases)), float(low), float(high))


def threshold_for_recall(out_of_scope_scores: Sequence[float], recall: float) -> float:
    """The lowest threshold at which at least this share of out-of-scope cases is not above it."""
    _require_cases(out_of_scope_scores)
    ordered = np.sort(np.asarray(out_of_scope_scores, dtype=float))
    needed = int(np.ceil(round(recall * len(ordered), 9)))
    return float(ordered[needed - 1]) if needed else -np.inf


def operating_point(
    threshold: float,
    scores: Sequence[float],
    right: Sequence[bool],
    out_of_scope_scores: Sequence[float],
) -> OperatingPoint:
    """What the threshold does. scores, right: (n,) of the in-scope cases; out_of_scope_scores:
    (m,).
    """
    _require_cases(scores, right)
    _require_cases(out_of_scope_scores)
    kept = np.asarray(scores, dtype=float) > threshold
    caught = np.asarray(out_of_scope_scores, dtype=float) <= threshold
    kept_right = kept & np.asarray(right, dtype=bool)
    return OperatingPoint(
        float(threshold), float(caught.mean()), float(kept_right.mean()), float(kept.mean())
    )


def area_under_curve(scores: Sequence[float], out_of_scope_scores: Sequence[float]) -> float:
    """Chance that an in-scope case scores above an out-of-scope one (ties count half)."""
    _require_cases(scores)
    _require_cases(out_of_scope_scores)
    ordered = np.sort(np.asarray(out_of_scope_scores, dtype=float))
    below = np.searchsorted(ordered, scores, side="left")
    not_above = np.searchsorted(ordered, scores, side="right")
    return float(np.mean(below + not_above) / 2 / len(ordered))


def _matches(truth: Sequence, predicted: Sequence) -> np.ndarray:
    _require_cases(truth, predicted)
    return np.array([wanted == given for wanted, given in zip(truth, predicted)])


def _require_cases(*columns: Sequence) -> None:
    if len({len(column) for column in columns}) != 1:
        raise ValueError(f"columns differ in length: {[len(column) for column in columns]}")
    if len(columns[0]) == 0:
        raise ValueError("there are no cases to score")
