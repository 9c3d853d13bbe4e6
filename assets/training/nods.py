"""Learns what people say only to show that they follow, and what asks a speaker to go on.

    python -m assets.training.nods

Nods are the short examples of "acknowledge" and "yes" in assets/training/intents, and those of
interjections.json; everything else there, and what stops a speaker, is none. What asks to go on
stands in interjections.json alone. held_out.jsonl judges, and what was written there to be unseen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from assets.training.command import main
from assets.training.hashed import fit
from mm_support.config import Settings
from mm_support.language.utterances import SURE, nod_features, words_of
from mm_support.paths import WEIGHTS

HERE = Path(__file__).parent
LABELS = {"acknowledge", "yes"}
PLACES = 1 << 15  # for features
SHORT = 3  # words, or Chinese characters
Examples = dict[tuple[str, ...], bool]  # words -> whether they are it
WEIGHT = 8  # of an example in interjections.json, written for this


def examples(file: Path) -> Examples:
    """Words -> whether they are a nod; what is said in both ways is none."""
    found: dict[tuple[str, ...], bool] = {}
    for row in map(json.loads, file.open(encoding="utf-8")):
        words, labels = tuple(words_of(row["text"])), set(row["labels"])
        if words and not (labels and labels <= LABELS and len(words) > SHORT):
            found[words] = bool(labels) and labels <= LABELS and found.get(words, True)
    return found


def run(args: argparse.Namespace, settings: Settings) -> int:
    known: dict[tuple[str, ...], bool] = {}
    for file in sorted((HERE / "intents").glob("??.jsonl")):
        known |= examples(file)
    written = json.loads((HERE / "interjections.json").read_text(encoding="utf-8"))
    judged = examples(HERE / "intents" / "held_out.jsonl")
    own = dict.fromkeys(told(written["stops"]), False) | dict.fromkeys(told(written["nods"]), True)
    learn("nods", "a nod from words that stop a speaker", known, own, judged)
    others = dict.fromkeys(known | own, False)
    own = dict.fromkeys(told(written["goes_on"]), True)
    judged = dict.fromkeys(judged, False) | dict.fromkeys(told(written["goes_on_unseen"]), True)
    learn("going-on", "what asks a speaker to go on from other words", others, own, judged)
    return 0


def told(texts: Iterable[str]) -> list[tuple[str, ...]]:
    return [tuple(words_of(text)) for text in texts]


def learn(name: str, what: str, known: Examples, written: Examples, judged: Examples) -> None:
    """Writes the weights, and a card with what they make of examples kept apart. written: those
    that count more.
    """
    from safetensors.numpy import save_file

    known = known | written
    texts = [nod_features(list(words)) for words in known]
    weights = np.array([WEIGHT if words in written else 1 for words in known], np.float64)
    learned = fit(texts, np.array(list(known.values())), PLACES, weights)
    logits = {words: learned.logit(nod_features(list(words))) for words in judged}
    found = [logits[words] > SURE for words, is_one in judged.items() if is_one]
    taken = [logits[words] > SURE for words, is_one in judged.items() if not is_one]
    card = {
        "what": f"tells {what} (mm_support/language/utterances.py)",
        "trained_by": "python -m assets.training.nods",
        "data": "assets/training/intents and interjections.json, written for this project",
        "licence": "as the project",
        "bias": learned.bias,
        "held_out": {
            "found": f"{sum(found)} of {len(found)}",
            "others_taken_for_it": f"{sum(taken)} of {len(taken)}",
        },
    }
    save_file({"weights": learned.weights}, WEIGHTS / f"{name}.safetensors")
    text = json.dumps(card, indent=1) + "\n"
    (WEIGHTS / f"{name}.json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(__doc__, lambda parser: None, run)
