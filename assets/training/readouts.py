"""Fits what tells something from a text encoder's vectors (encode/readout.py), and writes it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from mm_support.config import Settings
from mm_support.encode.readout import Readout
from mm_support.files import write_json
from mm_support.paths import fitted_to

INVERSE_PENALTY = 10.0


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="JSON file (default: that of the text encoder)")


def fit_readout(x: np.ndarray, y: np.ndarray, balanced: bool = False) -> Readout:
    """x: (n, d_text); y: (n,) bool. balanced: both outcomes count the same."""
    from sklearn.linear_model import LogisticRegression

    weights = "balanced" if balanced else None
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=3000, class_weight=weights).fit(x, y)
    return Readout(tuple(model.coef_[0].tolist()), float(model.intercept_[0]))


def save_readout(
    readout: Readout, settings: Settings, name: str, card: dict, out: Path | None = None
) -> None:
    """Beside what else was fitted to the settings' text encoder, or in a file that is named."""
    values = {
        "weights": [round(weight, 5) for weight in readout.weights],
        "bias": readout.bias,
        "made_for": settings.text_model,
        "card": card,
    }
    write_json(out or fitted_to(settings.text_model) / name, values, indent=1)
    print(json.dumps(card, indent=1, ensure_ascii=False))
