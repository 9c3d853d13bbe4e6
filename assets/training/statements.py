"""Fits what tells lists of statements from the steps of a procedure, for a text encoder.

A logistic regression on the lists of assets/training/statements.jsonl. Figures are measured on the
lists of each group of languages with a regression fitted to the others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.training.command import main
from assets.training.readouts import add_out, fit_readout, save_readout
from mm_support.config import Settings
from mm_support.decode.statements import STATEMENTS_FILE
from mm_support.encode.readout import Readout

LISTS = Path(__file__).with_suffix(".jsonl")
GROUPS = (("en",), ("zh",), ("de",), ("fr",), ("es", "pt", "it"), ("ja", "ko"), ("ru",))


@dataclass(frozen=True, eq=False)
class Listed:
    """A list as the regression sees it. x: (n_items, d_text)."""

    language: str
    steps: bool
    x: np.ndarray


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encode = load_text_encoder(settings, resolve_device(settings.device)).encode
    rows = [json.loads(line) for line in LISTS.read_text(encoding="utf-8").splitlines()]
    lists = [
        Listed(row["language"], row["kind"] == "steps", np.asarray(encode(row["items"], "passage")))
        for row in rows
    ]
    card = {
        "what": "Logistic regression: are the items of this list steps of one procedure?",
        "data": "Lists in assets/training/statements.jsonl, written for this project",
        "command": "python -m assets.training.statements",
        "languages_left_out": measure(lists),
    }
    save_readout(fit(lists), settings, STATEMENTS_FILE, card, args.out)
    return 0


def fit(lists: Sequence[Listed]) -> Readout:
    x = np.vstack([own.x for own in lists])
    y = np.concatenate([np.full(len(own.x), own.steps) for own in lists])
    return fit_readout(x, y)


def measure(lists: Sequence[Listed]) -> dict[str, dict[str, int]]:
    """Of each group of languages how many lists there are, and how many are read right by what was
    fitted to the others.
    """
    found = {}
    for group in GROUPS:
        apart = [own for own in lists if own.language in group]
        fitted = fit([own for own in lists if own.language not in group])
        right = [(fitted.logits(own.x).mean() > 0) == own.steps for own in apart]
        found[" ".join(group)] = {"lists": len(apart), "right": sum(map(bool, right))}
    return found


if __name__ == "__main__":
    main(__doc__, add_out, run)
