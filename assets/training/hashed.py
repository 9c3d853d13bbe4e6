"""Fits what mm_support/language/utterances.py reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mm_support.language.utterances import Hashed, places


def fit(
    texts: Sequence[Iterable[str]],
    whole: np.ndarray,
    size: int,
    weights: np.ndarray | None = None,
) -> Hashed:
    """Logistic regression. texts: the names of each text's features; whole: (n,) its labels, 0 or
    1; size: places for features, more than there are, or they disturb each other.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    rows = [places(names, size) for names in texts]
    index = np.repeat(np.arange(len(rows)), list(map(len, rows)))
    ones = np.ones(len(index), np.float32)
    x = csr_matrix((ones, (index, np.concatenate(rows))), (len(rows), size))
    model = LogisticRegression(max_iter=300, class_weight="balanced")
    fitted = model.fit(x, whole, sample_weight=weights)
    return Hashed(fitted.coef_[0].astype(np.float16), float(fitted.intercept_[0]))
