"""Is a claim what a passage says? A small network on the token vectors of the text encoder.

Each token of the claim attends to those of the passage, and back; what it finds is compared with
it, and the comparisons are added up (decomposable attention, Parikh et al. 2016). The token vectors
are those that the encoder computes anyway and are not trained. Fitted by
assets/training/verifier.py; numbers and names are checked elsewhere (language/facts.py). Knows no
entry and no model. The vectors are used in fewer dimensions, the cosines in all.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.files import readable

SENTENCES = 3  # of a passage that a claim is compared with, the closest ones
BACK = 2  # of them that are looked for in the claim in turn
MOST = 128  # tokens
CLASSES = ("not said", "contradicted", "supported")


@dataclass(frozen=True, eq=False)
class Alignment:
    """members: networks that were trained apart, whose probabilities are averaged. threshold:
    probability of "supported" from which a claim is; card: what it was fitted to, and how well.
    """

    members: tuple[Member, ...]
    threshold: float
    card: dict

    def probabilities(
        self, claim: np.ndarray, title: np.ndarray, sentences: Sequence[np.ndarray]
    ) -> np.ndarray:
        """(3,) float64, in CLASSES order. claim: (n, d) unit rows, one a token; title and
        sentences: those of the passage, likewise.
        """
        found = [member.probabilities(claim, title, sentences) for member in self.members]
        return np.mean(found, axis=0)


@dataclass(frozen=True, eq=False)
class Member:
    """weights: arrays by name, as the recipe writes them."""

    weights: dict[str, np.ndarray]

    def probabilities(
        self, claim: np.ndarray, title: np.ndarray, sentences: Sequence[np.ndarray]
    ) -> np.ndarray:
        w = self.weights
        asked, about, *rows = (centre(part, w["centre"]) for part in (claim, title, *sentences))
        held, closest = evidence(asked, about, rows)
        there, back = asked @ held.T, closest @ asked.T
        close = closeness(asked, held, closest)
        claim, held, closest = (part @ w["basis"] for part in (asked, held, closest))
        logits = self._logits(claim, held, closest, there, back, close)
        grown = np.exp(logits - logits.max())
        return grown / grown.sum()

    def _logits(
        self,
        claim: np.ndarray,
        held: np.ndarray,
        closest: np.ndarray,
        there: np.ndarray,
        back: np.ndarray,
        close: np.ndarray,
    ) -> np.ndarray:
        """there, back: cosines of the claim's tokens with those held, and of the closest ones with
        the claim's.
        """
        w = self.weights
        own, other = (unit(rows.mean(axis=0)) @ w["whole.weight"].T for rows in (claim, closest))
        compared = self._compared(claim, held, there, "there")
        in_turn = self._compared(closest, claim, back, "back")
        hidden = np.concatenate([compared, in_turn, np.abs(own - other), own * other, close])
        hidden = np.maximum(hidden @ w["hidden.weight"].T + w["hidden.bias"], 0)
        return hidden @ w["out.weight"].T + w["out.bias"]

    def _compared(
        self, asking: np.ndarray, held: np.ndarray, cosines: np.ndarray, way: str
    ) -> np.ndarray:
        """Mean and maximum over the asking tokens of how each compares with what it finds."""
        w = self.weights
        query, key = asking @ w["attend.weight"].T, held @ w["attend.weight"].T
        scores = w["scale"] * cosines + query @ key.T
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        found = (share / share.sum(axis=1, keepdims=True)) @ held
        own, other = asking @ w["project.weight"].T, found @ w["project.weight"].T
        best = cosines.max(axis=1, keepdims=True)
        rows = np.concatenate([own, other, np.abs(own - other), own * other, best], axis=1)
        rows = np.maximum(rows @ w[f"{way}.weight"].T + w[f"{way}.bias"], 0)
        return np.concatenate([rows.mean(axis=0), rows.max(axis=0)])


def centre(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(n, d) float32 unit rows without what all tokens have in common."""
    return unit(rows.astype(np.float32) - mean)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-6)


def evidence(
    claim: np.ndarray, title: np.ndarray, sentences: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The tokens that a claim is compared with: title and closest sentences, and of those the very
    closest. All centred; one sentence at least.
    """
    near = [float((claim @ rows.T).max(axis=1).mean()) if len(rows) else -1.0 for rows in sentences]
    order = np.argsort(near)[::-1]
    held = [title, *(sentences[i] for i in sorted(order[:SENTENCES]))]
    closest = [sentences[i] for i in sorted(order[:BACK])]
    return np.concatenate(held)[:MOST], np.concatenate(closest)[:MOST]


def closeness(claim: np.ndarray, held: np.ndarray, closest: np.ndarray) -> np.ndarray:
    """(7,) float32: how well the claim's tokens are met, the passage's, and both as a whole."""
    there, back = (claim @ held.T).max(axis=1), (closest @ claim.T).max(axis=1)
    lowest = np.sort(there)[: max(1, len(there) // 4)]
    mean, least, weak = there.mean(), there.min(), lowest.mean()
    whole = unit(claim.mean(axis=0)) @ unit(closest.mean(axis=0))
    found = [mean, least, weak, back.mean(), back.min(), whole, len(claim) / 50]
    return np.array(found, np.float32)


def load_alignment(path: Path) -> Alignment:
    """path: the safetensors file, its card beside it. Raises WeightsError."""
    from safetensors.numpy import load_file

    with readable(path, "run `python -m assets.training.verifier`"):
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        members: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
        for name, rows in load_file(path).items():
            number, _, own = name.partition("/")
            members[number][own] = rows.astype(np.float32)
        networks = tuple(Member(members[number]) for number in sorted(members))
        return Alignment(networks, float(card["threshold"]), card)
