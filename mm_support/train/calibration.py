"""Scores -> probability that something holds, fitted on cases whose truth is known.

Logistic regression on the scores (Platt 1999; Guo et al. 2017 for networks): monotone in every
score, few parameters, so a hundred cases are enough. Knows nothing of where the scores come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mm_support.errors import InputError

INVERSE_PENALTY = 10.0  # weak: only keeps separable cases from infinite weights


@dataclass(frozen=True)
class Calibrator:
    """probability = sigmoid(weights . scores + bias). weights: one for each of the f scores."""

    weights: tuple[float, ...]
    bias: float

    def probability(self, scores: np.ndarray) -> np.ndarray:
        """scores: (n, f), or (n,) where there is one score -> (n,) in 0..1."""
        scores = np.asarray(scores, dtype=float).reshape(len(scores), -1)
        logit = scores @ np.array(self.weights) + self.bias
        return 0.5 * (1 + np.tanh(logit / 2))


def fit_calibrator(scores: np.ndarray, holds: np.ndarray) -> Calibrator:
    """scores: (n, f) or (n,); holds: (n,) bool. Raises InputError unless both outcomes occur."""
    from sklearn.linear_model import LogisticRegression

    scores, holds = np.asarray(scores, dtype=float), np.asarray(holds, dtype=bool)
    scores = scores.reshape(len(scores), -1)
    if holds.all() or not holds.any():
        raise InputError(
            "Confidence cannot be calibrated: the validation cases need both right and wrong ones."
        )
    mean, spread = scores.mean(axis=0), scores.std(axis=0)
    spread[spread < 1e-9] = 1.0
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000).fit(
        (scores - mean) / spread, holds
    )
    weights = model.coef_[0] / spread
    return Calibrator(tuple(map(float, weights)), float(model.intercept_[0] - weights @ mean))
