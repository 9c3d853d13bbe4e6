"""How sure the answers of one base are, for people who set the threshold.

The gate was fitted to other bases. A base's questions, each asked as if nobody had written it down
(knowledge/own_questions.py), show what its confidence means here: those that find their entry
count for it; the same questions in a base that lacks the entry, and questions of nobody's business,
count against it. They are shown, and decide nothing: they are harder than what customers ask, and
a slope and a shift of the log odds (Platt 1999) that were fitted to them refused four of five
questions on three help centres that the gate as it ships answers, most of them rightly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_support.decide.confidence import Gate, sigmoid
from mm_support.paths import WEIGHTS
from mm_support.types import Sureness

if TYPE_CHECKING:
    from mm_support.knowledge.own_questions import Trial  # imports torch

OUT_OF_SCOPE = WEIGHTS / "out_of_scope.txt"
FEWEST = 12  # questions of a base below which nothing is shown
# questions without an answer for each with one: about matters that the base knows, and others
NEAR, FOREIGN = 0.15, 0.3
EVEN = 0.5  # probability below which an answer is more likely wrong than right
LEAST = -12.0  # log odds; nothing counts as less likely
CURVE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # thresholds that people are shown


@dataclass(frozen=True)
class Judged:
    """What the gate said to n questions: its log odds (n,), whether the best entry was the right
    one (n,), and how much each counts (n,).
    """

    logits: np.ndarray
    right: np.ndarray
    weights: np.ndarray


def out_of_scope() -> tuple[str, ...]:
    """Questions in several languages that are no company's business, written for this."""
    return tuple(OUT_OF_SCOPE.read_text(encoding="utf-8").splitlines())


class Calibrator:
    """Learns how sure one base after another is. foreign: questions that no base answers."""

    def __init__(self, gate: Gate, foreign: Sequence[str]) -> None:
        self._gate, self.foreign = gate, foreign

    def fit(self, trials: Iterable[Trial]) -> dict[str, Any]:
        """What is to be kept beside the base: how sure it is, or only the key where its
        questions are too few.
        """
        found = calibrated(self._gate, trials)
        return _key(self._gate) | (asdict(found) if found else {})

    def needed(self, fitted: Mapping[str, Any]) -> bool:
        """Whether what is kept beside a base is not what this would find."""
        return not _key(self._gate).items() <= fitted.items()

    def sureness(self, fitted: Mapping[str, Any]) -> Sureness | None:
        """What people are shown of that; None where nothing was learned with this gate."""
        if self.needed(fitted) or "curve" not in fitted:
            return None
        curve = tuple((level, answered, right) for level, answered, right in fitted["curve"])
        return Sureness(self._gate.answer, fitted["questions"], fitted["found"], curve)


def _key(gate: Gate) -> dict[str, Any]:
    """What a calibration was made with: a gate, and which of a base's texts are asked."""
    return {"gate": gate.key, "asked": "questions"}


def calibrated(gate: Gate, trials: Iterable[Trial]) -> Sureness | None:
    """From what a base's questions find. None where they are too few to tell."""
    judged, own = judged_by(gate, trials)
    if own.sum() < FEWEST or not judged.right.any():
        return None
    p = sigmoid(judged.logits)
    return Sureness(
        gate.answer,
        int(own.sum()),
        round(float(judged.right[own].mean()), 4),
        tuple(_point(p, judged, own, level) for level in sorted({*CURVE, round(gate.answer, 2)})),
    )


def judged_by(gate: Gate, trials: Iterable[Trial]) -> tuple[Judged, np.ndarray]:
    """What the gate says to what a base's questions find, and (n,) bool: which it answers."""
    asked = list(trials)
    own = [trial for trial in asked if trial.expected]
    near = [trial.without_answer() for trial in own]
    foreign = [trial for trial in asked if not trial.expected]
    groups = ((own, 1.0), (near, NEAR), (foreign, FOREIGN))
    told = [_judged(gate, group, share * len(own)) for group, share in groups]
    columns = zip(*((one.logits, one.right, one.weights) for one in told))
    judged = Judged(*map(np.concatenate, columns))
    return judged, np.arange(len(judged.right)) < len(own)


def _judged(gate: Gate, trials: Sequence[Trial], weight: float) -> Judged:
    """Together the questions count as much as `weight`. Where nothing is found, that counts against
    the gate as surely as can be.
    """
    logits = [gate.logit(trial.text, trial.query, trial.hits) for trial in trials]
    right = [bool(t.hits) and t.hits[0].entry.id == t.expected for t in trials]
    weights = np.full(len(trials), weight / max(len(trials), 1))
    return Judged(np.maximum(np.array(logits), LEAST), np.array(right, bool), weights)


def threshold(p: np.ndarray, weights: np.ndarray, precision: float) -> float:
    """The lowest probability from which on the answers are right as often as is wished, by the
    probabilities themselves; where none are, the wish itself. Never so low that an answer is more
    likely wrong than right.
    """
    order = np.argsort(-p)
    expected = np.cumsum(weights[order] * p[order]) / np.cumsum(weights[order])
    enough = np.flatnonzero(expected >= precision)
    return max(EVEN, float(p[order[enough[-1]]])) if len(enough) else precision


def _point(
    p: np.ndarray, judged: Judged, own: np.ndarray, level: float
) -> tuple[float, float, float]:
    """Threshold, share of the base's own questions that are answered, share of all answers that
    are right.
    """
    answered = p >= level
    weights = judged.weights[answered]
    right = float(np.average(judged.right[answered], weights=weights)) if len(weights) else 1.0
    return level, round(float(answered[own].mean()), 4), round(right, 4)
