"""Fits what mm_support/language/hashed.py reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mm_support.language.hashed import FEATURES, Hashed


def fit(rows: Sequence[list[int]], whole: np.ndarray, weights: np.ndarray | None = None) -> Hashed:
    """Logistic regression. rows: places of each text's features; whole: (n,) its labels, 0 or 1."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    index = np.repeat(np.arange(len(rows)), list(map(len, rows)))
    ones = np.ones(len(index), np.float32)
    x = csr_matrix((ones, (index, np.concatenate(rows))), (len(rows), FEATURES))
    model = LogisticRegression(max_iter=300, class_weight="balanced")
    fitted = model.fit(x, whole, sample_weight=weights)
    return Hashed(fitted.coef_[0].astype(np.float16), float(fitted.intercept_[0]))
