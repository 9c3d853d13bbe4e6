"""Questions that found no answer, grouped by meaning: by vectors, and by how alike questions of one
meaning are in the base that was asked. Knows no store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Row

from mm_support.store.records import in_utc, words_of
from mm_support.types import Encode

MOST_GROUPED = 1_000  # latest questions without an answer
EXAMPLES = 3  # of a group
FALSE_MATCHES = 0.001  # share of questions about different entries that may count as alike
LEARNT_FROM = 300  # entries whose questions tell how alike questions of one meaning are

Questions = Callable[[str], Sequence[Sequence[str]]]  # a base -> the questions of each entry


@dataclass(frozen=True)
class Gap:
    """Questions of one meaning that found no answer. nearest: the title of the entry that came
    nearest to the latest of them, "" where none did; score: its score.
    """

    knowledge: str
    count: int
    examples: tuple[str, ...]
    latest: datetime
    nearest: str = ""
    score: float = 0.0


class Gaps:
    """Groups questions by meaning. encode, questions: called only here."""

    def __init__(self, encode: Encode, questions: Questions) -> None:
        self._encode, self._questions = encode, questions
        # of a base: the questions from which it was learnt how alike those of one meaning are
        self._alike: dict[str, tuple[Sequence[Sequence[str]], float]] = {}

    def of(self, base: str, rows: Sequence[Row]) -> list[Gap]:
        """Those of a base. rows: its turns without an answer, the latest first."""
        asked = [words_of(row) for row in rows]
        labels = grouped(self._encode(asked), self._threshold(base))
        groups: dict[int, list[Row]] = defaultdict(list)
        for label, row in zip(labels, rows):
            groups[label].append(row)
        return [_gap(base, own) for own in groups.values()]

    def _threshold(self, base: str) -> float:
        questions = self._questions(base)
        if base not in self._alike or self._alike[base][0] != questions:
            self._alike[base] = questions, alike_from(self._encode, questions)
        return self._alike[base][1]


def alike_from(encode: Encode, questions: Sequence[Sequence[str]]) -> float:
    """How similar two questions of one meaning are at least, whatever encodes them: halfway from
    what hardly any two questions about different entries reach to what two about the same one do.
    1, the same words, where the base has too few questions to tell.

    questions: of each entry.
    """
    several = [own[:2] for own in questions if len(own) > 1][:LEARNT_FROM]
    firsts = [own[0] for own in several or [own for own in questions if own][:LEARNT_FROM]]
    pairs = len(firsts) * (len(firsts) - 1) / 2
    if pairs < (1 if several else 1 / FALSE_MATCHES):
        return 1.0
    vectors = encode([*firsts, *(own[1] for own in several)])
    similarity = vectors[: len(firsts)] @ vectors.T
    different = similarity[np.triu_indices(len(firsts), 1)]
    rarely = float(np.quantile(different, 1 - FALSE_MATCHES))
    usually = np.median(np.diagonal(similarity, len(firsts))) if several else rarely
    return max(rarely, (rarely + float(usually)) / 2)


def grouped(vectors: np.ndarray, threshold: float) -> Sequence[int]:
    """(n, d) unit rows -> n labels: groups of which the members are so similar on average."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(vectors) < 2:
        return [0] * len(vectors)
    tree = linkage(vectors, "average", metric="cosine")
    return fcluster(tree, max(0.0, 1 - threshold) + 1e-6, "distance").tolist()


def _gap(base: str, rows: Sequence[Row]) -> Gap:
    """rows: of one meaning, the latest first."""
    examples = tuple(dict.fromkeys(words_of(row) for row in rows))[:EXAMPLES]
    nearest = rows[0].hits[0] if rows[0].hits else {"title": "", "score": 0.0}
    latest = in_utc(rows[0].created)
    return Gap(base, len(rows), examples, latest, nearest["title"], round(nearest["score"], 2))
