"""Fits which sentences of an entry belong into a reply, for a text encoder.

A logistic regression on the questions of assets/training/reply_labels.json. Figures are measured on
each pack with a regression fitted to the others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.training.command import main
from assets.training.reply_examples import LABELS, Labelled, load_labelled
from mm_support.config import Settings
from mm_support.decode.blocks import blocks_of
from mm_support.decode.select import FEATURES, SELECTOR_FILE, Selector, features
from mm_support.files import write_json
from mm_support.paths import fitted_to
from mm_support.types import EncodeKind

INVERSE_PENALTY = 1.0
THRESHOLD = 0.36  # a sentence too many costs a customer less than one that is missing


@dataclass(frozen=True, eq=False)
class Fitted:
    """A labelled question as the regression sees it. x: (n_blocks, features); y: (n_blocks,) 1
    where it was chosen.
    """

    row: Labelled
    x: np.ndarray
    y: np.ndarray


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, help="JSON file (default: that of the text encoder)")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import RememberingEncoder, load_text_encoder

    text = load_text_encoder(settings, resolve_device(settings.device))
    encode = RememberingEncoder(text).encode
    packs = sorted(json.loads(LABELS.read_text(encoding="utf-8")))
    fitted = {pack: [as_seen(row, encode) for row in load_labelled([pack])] for pack in packs}
    figures = {}
    for pack in packs:
        selector = fit([case for other in packs if other != pack for case in fitted[other]])
        figures[pack] = measure(selector, [case.row for case in fitted[pack]], encode)
    selector = fit([case for cases in fitted.values() for case in cases])
    values = {
        "weights": list(selector.weights),
        "bias": selector.bias,
        "threshold": selector.threshold,
        "features": FEATURES,
        "made_for": settings.text_model,
        "card": {
            "what": (
                "Logistic regression: does this block of an entry's answer belong into the reply to"
                " this question?"
            ),
            "data": (
                "Questions of the packs in assets/knowledge, labelled by hand for this project with"
                " the sentences that answer them"
            ),
            "command": "python -m assets.training.sentences",
            "left_one_pack_out": figures,
        },
    }
    write_json(args.out or fitted_to(settings.text_model) / SELECTOR_FILE, values, indent=1)
    print(json.dumps(figures, indent=1))
    return 0


def as_seen(row: Labelled, encode: EncodeKind) -> Fitted:
    blocks = blocks_of(row.entry)
    chosen = np.array(
        [float(any(sentence in row.sentences for sentence in block.sentences)) for block in blocks]
    )
    return Fitted(row, features(row.question, row.entry, blocks, encode), chosen)


def fit(cases: Sequence[Fitted]) -> Selector:
    """Logistic regression on standardised features; the selector's weights are those of the raw
    ones.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x, y = np.vstack([case.x for case in cases]), np.concatenate([case.y for case in cases])
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000).fit(scaler.transform(x), y)
    raw = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - raw @ scaler.mean_)
    return Selector(tuple(raw.tolist()), bias, THRESHOLD)


def measure(selector: Selector, rows: Sequence[Labelled], encode: EncodeKind) -> dict[str, float]:
    """Means over questions: precision and recall of sentences, exactly the labelled ones, none of
    them.
    """
    weighed = [selector.weigh(row.question, row.entry, encode) for row in rows]
    found = [
        (set(own.chosen(selector.floor(own))), set(row.sentences))
        for own, row in zip(weighed, rows)
    ]
    return {
        "questions": len(rows),
        "precision": round(float(np.mean([len(got & gold) / len(got) for got, gold in found])), 3),
        "recall": round(float(np.mean([len(got & gold) / len(gold) for got, gold in found])), 3),
        "exact": round(float(np.mean([got == gold for got, gold in found])), 3),
        "none": round(float(np.mean([not got & gold for got, gold in found])), 3),
    }


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
