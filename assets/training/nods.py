"""Learns what people say only to show that they follow.

    python -m assets.training.nods

Nods are the short examples of "acknowledge" and "yes" in assets/training/intents, and those of
interjections.json; everything else there, and what stops a speaker, is none. held_out.jsonl judges.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from assets.training.command import main
from assets.training.hashed import fit
from mm_support.config import Settings
from mm_support.language.completeness import words_of
from mm_support.language.nods import features
from mm_support.paths import WEIGHTS

HERE = Path(__file__).parent
LABELS = {"acknowledge", "yes"}
PLACES = 1 << 15  # for features
SHORT = 3  # words, or Chinese characters
WEIGHT = 8  # of an example in interjections.json, written for this


def examples(file: Path) -> dict[tuple[str, ...], bool]:
    """Words -> whether they are a nod; what is said in both ways is none."""
    found: dict[tuple[str, ...], bool] = {}
    for row in map(json.loads, file.open(encoding="utf-8")):
        words, labels = tuple(words_of(row["text"])), set(row["labels"])
        if words and not (labels and labels <= LABELS and len(words) > SHORT):
            found[words] = bool(labels) and labels <= LABELS and found.get(words, True)
    return found


def run(args: argparse.Namespace, settings: Settings) -> int:
    from safetensors.numpy import save_file

    known: dict[tuple[str, ...], bool] = {}
    for file in sorted((HERE / "intents").glob("??.jsonl")):
        known |= examples(file)
    own = json.loads((HERE / "interjections.json").read_text(encoding="utf-8"))
    written = {tuple(words_of(text)): True for text in own["nods"]}
    written |= {tuple(words_of(text)): False for text in own["stops"]}
    known |= written
    texts = [features(list(words)) for words in known]
    weights = np.array([WEIGHT if words in written else 1 for words in known], np.float64)
    learned = fit(texts, np.array(list(known.values())), PLACES, weights)
    judged = examples(HERE / "intents" / "held_out.jsonl")
    logits = {words: learned.logit(features(list(words))) for words in judged}
    nods = [logits[words] > 0 for words, nod in judged.items() if nod]
    others = [logits[words] > 0 for words, nod in judged.items() if not nod]
    card = {
        "what": "tells a nod from words that stop a speaker (mm_support/language/nods.py)",
        "trained_by": "python -m assets.training.nods",
        "data": "assets/training/intents and interjections.json, written for this project",
        "licence": "as the project",
        "bias": learned.bias,
        "held_out": {
            "nods_found": f"{sum(nods)} of {len(nods)}",
            "others_taken_for_nods": f"{sum(others)} of {len(others)}",
        },
    }
    save_file({"weights": learned.weights}, WEIGHTS / "nods.safetensors")
    text = json.dumps(card, indent=1) + "\n"
    (WEIGHTS / "nods.json").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    main(__doc__, lambda parser: None, run)
