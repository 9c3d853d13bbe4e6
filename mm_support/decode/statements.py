"""Whether the items of a list say something each by itself, or are the steps of one procedure.

    "Dogs pay 3 euros.", "Children under six swim free."       statements
    "Unplug it.", "Wait for ten seconds.", "Plug it in."       steps

A logistic regression on the text encoder's vectors of the items, fitted by
assets/training/statements.py. Knows no entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mm_support.encode.readout import Readout, load_readout
from mm_support.language.fences import without_fences
from mm_support.types import EncodeKind

STATEMENTS_FILE = "statements.json"
Stating = Callable[[Sequence[str]], bool]  # the items of a list -> whether they are statements


@dataclass(frozen=True)
class Statements:
    """steps: whether an item is a step."""

    steps: Readout

    def logit(self, items: Sequence[str], encode: EncodeKind) -> float:
        """Above 0 for the steps of a procedure: the mean of the items."""
        vectors = encode(list(map(without_fences, items)), "passage")
        return float(self.steps.logits(vectors).mean())

    def told_by(self, encode: EncodeKind) -> Stating:
        return lambda items: self.logit(items, encode) < 0


def load_statements(path: Path) -> Statements | None:
    """Those of a JSON file; None where there is none for a text encoder. Raises WeightsError."""
    steps = load_readout(path, "assets.training.statements")
    return Statements(steps) if steps else None
