"""How sure the answers of one base are: the gate, calibrated on that base's own questions.

The gate that ships was fitted to other bases. A base's questions, each asked as if nobody had
written it down (knowledge/own_questions.py), show what the gate's log odds mean here: those that
find their entry count for it; the same questions in a base that lacks the entry, and questions of
nobody's business, count against it. A slope and a shift are fitted to them (Platt 1999), held near
1 and 0 by a prior, so few questions change little. Such questions are harder than customers', who
may well ask what is written down; so what is applied is how the fit differs from the one that the
gate's own bases have on average (Gate.own_questions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_support.decide.confidence import Gate
from mm_support.paths import WEIGHTS
from mm_support.types import Sureness

if TYPE_CHECKING:
    from mm_support.knowledge.own_questions import Trial  # imports torch

OUT_OF_SCOPE = WEIGHTS / "out_of_scope.txt"
FEWEST = 12  # questions of a base below which the gate stays as it is
FAIR = 0.5  # share of them that find their entry, below which they are no customers' questions
# variances of the prior around a slope of 1 and a shift of 0: about what bases differ by
SLOPE_VARIANCE, SHIFT_VARIANCE = 0.02, 0.1
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


@dataclass(frozen=True)
class Calibration:
    """slope, shift: of the gate's log odds. questions: how many it was fitted to. found: share of
    them whose entry came first. curve: (threshold, share of them answered, share of the answers
    that are right) at several thresholds.
    """

    slope: float
    shift: float
    questions: int
    found: float
    curve: tuple[tuple[float, float, float], ...] = ()

    def applied(self, gate: Gate) -> Gate:
        weights = tuple(self.slope * weight for weight in gate.weights)
        return replace(gate, weights=weights, bias=self.slope * gate.bias + self.shift)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Calibration:
        """Of what `as_json` gave."""
        return cls(**{item.name: values[item.name] for item in fields(cls)})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def out_of_scope() -> tuple[str, ...]:
    """Questions in several languages that are no company's business, written for this."""
    return tuple(OUT_OF_SCOPE.read_text(encoding="utf-8").splitlines())


class Calibrator:
    """Calibrates the gate on one base after another. foreign: questions that no base answers."""

    def __init__(self, gate: Gate, foreign: Sequence[str]) -> None:
        self._gate, self.foreign = gate, foreign

    def fit(self, trials: Iterable[Trial]) -> dict[str, Any]:
        """What is to be kept beside the base: a calibration, or only the key where its questions
        are too few.
        """
        found = calibrated(self._gate, trials)
        return _key(self._gate) | (found.as_json() if found else {})

    def needed(self, fitted: Mapping[str, Any]) -> bool:
        """Whether what is kept beside a base is not what this would find."""
        return not _key(self._gate).items() <= fitted.items()

    def sureness(self, fitted: Mapping[str, Any]) -> Sureness | None:
        """What people are shown of that; None where nothing was learned with this gate."""
        if self.needed(fitted) or "slope" not in fitted:
            return None
        own = Calibration.read(fitted)
        curve = tuple((level, answered, right) for level, answered, right in own.curve)
        return Sureness(self._gate.answer, own.questions, own.found, curve)


def _key(gate: Gate) -> dict[str, Any]:
    """What a calibration was made with: a gate, and which of a base's texts are asked."""
    return {"gate": gate.key, "asked": "questions"}


def gate_for(gate: Gate, fitted: Mapping[str, Any]) -> Gate:
    """The gate of a base beside which this was kept; as it ships where that was for another one."""
    if not _key(gate).items() <= fitted.items() or "slope" not in fitted:
        return gate
    return Calibration.read(fitted).applied(gate)


def calibrated(gate: Gate, trials: Iterable[Trial]) -> Calibration | None:
    """From what a base's questions find. None where they are too few to tell, or most of them say
    too little by themselves to find their entry.
    """
    judged, own = judged_by(gate, trials)
    if own.sum() < FEWEST or judged.right[own].mean() < FAIR:
        return None
    slope, shift = fit(judged)
    usual_slope, usual_shift = gate.own_questions
    slope, shift = slope / usual_slope, shift - usual_shift
    p = _sigmoid(slope * judged.logits + shift)
    return Calibration(
        round(slope, 4),
        round(shift, 4),
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


def fit(judged: Judged) -> tuple[float, float]:
    """The likeliest slope and shift, with the prior."""
    from scipy.optimize import minimize

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        slope, shift = parameters
        logits = slope * judged.logits + shift
        missed = judged.weights * np.logaddexp(0, np.where(judged.right, -logits, logits))
        off = judged.weights * (_sigmoid(logits) - judged.right)
        prior = (slope - 1) ** 2 / (2 * SLOPE_VARIANCE) + shift**2 / (2 * SHIFT_VARIANCE)
        pull = np.array([(slope - 1) / SLOPE_VARIANCE, shift / SHIFT_VARIANCE])
        return missed.sum() + prior, np.array([off @ judged.logits, off.sum()]) + pull

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=[(0.1, None), (None, None)])
    slope, shift = found.x
    return float(slope), float(shift)


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


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))
