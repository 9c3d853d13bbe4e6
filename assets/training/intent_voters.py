"""A text intent classifier that works from ten examples an intent to thousands, out of scope
included.

Three voters, each a kernel ridge: one on the encoder's vectors as they are, one on those of the
encoder with upper layers tuned to the examples, one on what a language model makes of a text. How
they are mixed, how sure an answer is and when it is "not something I know" is calibrated on cases
kept out of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assets.training.hidden_states import HiddenStates, Standardised
from assets.training.upper_layers import Progress, fine_tune
from mm_support.train.calibration import Calibrator, fit_calibrator
from mm_support.train.intents import spoken
from mm_support.train.labelled import OUT_OF_SCOPE, Example

KERNEL_WIDTH = 2.0  # kernel = exp(-KERNEL_WIDTH * (1 - cosine))
RIDGE = 0.1
# examples that a ridge keeps, drawn at random: a gigabyte, and its work grows with their cube
MOST_SUPPORT = 16_000
CHUNK = 512  # texts between two steps of the progress bar
PASSES = (
    45_000  # examples shown to the fine-tuning, where they are many: what makes a run minutes long
)
START_MIX = 10.0  # what turns a voter's scores into logits, before it is fitted


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """Regression of class membership on unit vectors. support: (m, d); weights: (m, c)."""

    support: np.ndarray
    weights: np.ndarray

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """vectors: (n, d) -> (n, c). Far from every example all scores are close to 0."""
        return _kernel(vectors, self.support) @ self.weights


@dataclass(frozen=True, eq=False)
class Voter:
    """encode: n texts -> (n, d) unit rows."""

    encode: Callable[[Sequence[str]], np.ndarray]
    ridge: KernelRidge


@dataclass(frozen=True, eq=False)
class Votes:
    """What the model computes once for n texts. vectors: (n, d) of the encoder; scores: (v, n, c),
    one a voter.
    """

    vectors: np.ndarray
    scores: np.ndarray

    def of(self, rows: np.ndarray) -> Votes:
        """Only these rows (indices or mask)."""
        return Votes(self.vectors[rows], self.scores[:, rows])


@dataclass(frozen=True, eq=False)
class IntentModel:
    """intents: names of the c classes. voters: the first one's encoder is the encoder as it is.
    known: (n, d) vectors of the in-scope training texts by it, foreign: (m, d) of those out of
    scope. mix: what each voter's scores are multiplied with before they are added."""

    intents: tuple[str, ...]
    voters: tuple[Voter, ...]
    known: np.ndarray
    foreign: np.ndarray
    mix: tuple[float, ...]
    calibrator: Calibrator | None = None

    def votes(self, texts: Sequence[str], progress: Progress) -> Votes:
        vectors, scores = [], []
        for start in range(0, len(texts), CHUNK):
            seen = [voter.encode(texts[start : start + CHUNK]) for voter in self.voters]
            vectors.append(seen[0])
            scores.append([voter.ridge.scores(own) for voter, own in zip(self.voters, seen)])
            progress(min(start + CHUNK, len(texts)), len(texts), "judging")
        return Votes(np.vstack(vectors), np.concatenate(scores, axis=1))

    def predict(self, votes: Votes) -> tuple[np.ndarray, np.ndarray]:
        """Indices (n,) of the best intents, and (n,) the probability that they are right."""
        probabilities = mixed(votes, self.mix)
        best = probabilities.argmax(axis=1)
        if self.calibrator is None:
            return best, probabilities.max(axis=1)
        return best, self.calibrator.probability(self.evidence(votes))

    def evidence(self, votes: Votes) -> np.ndarray:
        """(n, 3 + v): what speaks for a text being known. The margin between the two best intents
        (log), how much each of the voters sees in it, and its cosine to the nearest text in scope
        and to the nearest one out of scope."""
        probabilities = np.sort(np.log(mixed(votes, self.mix) + 1e-12), axis=1)
        margin = probabilities[:, -1] - (probabilities[:, -2] if probabilities.shape[1] > 1 else 0)
        near, far = _nearest(votes.vectors, self.known), _nearest(votes.vectors, self.foreign)
        return np.stack([np.minimum(margin, 12), *votes.scores.max(axis=2), near, far], axis=1)


def fit(
    encoder,
    reader: HiddenStates,
    examples: Sequence[Example],
    passes: int,
    seed: int,
    progress: Progress,
) -> IntentModel:
    """Trains the voters; mixing and confidence are not calibrated yet.

    encoder: see encode/text.py; an intent's name in plain words counts as one more example of it.
    """
    intents = tuple(sorted({e.label for e in examples} - {OUT_OF_SCOPE}))
    texts = [e.text for e in examples] + [spoken(name) for name in intents]
    targets = membership([e.label for e in examples] + list(intents), intents)
    vectors = _in_chunks(encoder.encode, texts, progress, "encoding")
    inside = targets.max(axis=1) == 1
    starts = _unit(targets[inside].T @ vectors[inside])
    tuned, tuned_vectors = fine_tune(
        encoder.network.model, encoder.tokenizer, texts, targets, starts, passes, seed, progress
    )
    states = _in_chunks(reader.encode, texts, progress, "reading")
    standardised = Standardised.over(reader.encode, states)
    seen = (
        (encoder.encode, vectors),
        (tuned.encode, tuned_vectors),
        (standardised, standardised.of(states)),
    )
    voters = tuple(Voter(encode, fit_ridge(rows, targets, seed)) for encode, rows in seen)
    return IntentModel(
        intents, voters, vectors[inside], vectors[~inside], (START_MIX,) * len(voters)
    )


def calibrate(model: IntentModel, votes: Votes, labels: Sequence[str]) -> IntentModel:
    """The model with mixing and confidence fitted on votes for cases that it was not trained on.

    Where it is right about every one of them there is nothing to calibrate with: confidence is then
    the probability of the best intent.
    """
    place = np.array(
        [model.intents.index(label) if label != OUT_OF_SCOPE else -1 for label in labels]
    )
    inside = place >= 0
    mixing = replace(model, mix=fit_mix(votes.of(inside), place[inside]), calibrator=None)
    right = mixing.predict(votes)[0] == place
    if right.all():
        return mixing
    return replace(mixing, calibrator=fit_calibrator(mixing.evidence(votes), right))


def fit_mix(votes: Votes, truth: np.ndarray) -> tuple[float, ...]:
    """The factors of the voters under which the true intents (n,) are most likely."""
    from scipy.optimize import minimize

    def surprise(logs: np.ndarray) -> float:
        return -float(
            np.log(mixed(votes, np.exp(logs))[np.arange(len(truth)), truth] + 1e-12).mean()
        )

    start = np.log([START_MIX] * len(votes.scores))
    found = minimize(
        surprise,
        start,
        method="Nelder-Mead",
        options={"maxiter": 150, "xatol": 0.02, "fatol": 1e-4},
    )
    return tuple(float(factor) for factor in np.exp(found.x))


def mixed(votes: Votes, mix: Sequence[float]) -> np.ndarray:
    """(n, c) probabilities: softmax of the voters' scores, each times its factor."""
    logits = np.tensordot(mix, votes.scores, axes=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_ridge(vectors: np.ndarray, targets: np.ndarray, seed: int) -> KernelRidge:
    """Kernel ridge regression in closed form. vectors: (n, d) unit rows; targets: (n, c)."""
    from scipy.linalg import solve

    kept = np.random.default_rng(seed).permutation(len(vectors))[:MOST_SUPPORT]
    kernel = _kernel(vectors[kept], vectors[kept])
    kernel[np.diag_indices(len(kernel))] += RIDGE
    centred = targets[kept] - 1 / targets.shape[1]
    return KernelRidge(vectors[kept], solve(kernel, centred, assume_a="pos", overwrite_a=True))


def _in_chunks(
    encode: Callable[[Sequence[str]], np.ndarray],
    texts: Sequence[str],
    progress: Progress,
    what: str,
) -> np.ndarray:
    parts = []
    for start in range(0, len(texts), CHUNK):
        parts.append(encode(texts[start : start + CHUNK]))
        progress(min(start + CHUNK, len(texts)), len(texts), what)
    return np.vstack(parts)


def membership(labels: Sequence[str], intents: Sequence[str]) -> np.ndarray:
    """(n, c) float32: 1 at a text's intent, or a uniform row where it is out of scope."""
    place = {name: index for index, name in enumerate(intents)}
    rows = np.full((len(labels), len(intents)), 1 / len(intents), np.float32)
    for row, label in zip(rows, labels):
        if label != OUT_OF_SCOPE:
            row[:] = 0
            row[place[label]] = 1
    return rows


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, d) and (m, d) unit rows -> (n, m)."""
    kernel = a @ b.T
    kernel -= 1
    kernel *= KERNEL_WIDTH
    return np.exp(kernel, out=kernel)


def _nearest(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) cosine to the nearest of the others; -1 where there are none."""
    return (vectors @ others.T).max(axis=1, initial=-1)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
