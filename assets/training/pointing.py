"""Fits what tells words that only point at a photo beside them ("What is this?", "do you sell it?")
from those that ask something of it ("is it vegan?"), for a text encoder.

A logistic regression on the messages of assets/training/pointing.jsonl; questions of the packs ask
something too. Figures are of the messages of each group of languages, read by what was fitted to
the others, and of questions of packs that were left out.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.training.command import main
from assets.training.readouts import add_out, fit_readout, save_readout
from mm_support.config import Settings
from mm_support.decide.intent_examples import everyday
from mm_support.encode.readout import Readout
from mm_support.encode.turn import POINTING_FILE, POINTS

MESSAGES = Path(__file__).with_suffix(".jsonl")
GROUPS = ("en", "zh", "de nl", "fr", "es it pt", "pl ru", "tr ar", "ja ko", "vi")
EVERYDAY = 400  # questions of packs that are learned from; as many more are left out
SEED = 0


@dataclass(frozen=True, eq=False)
class Message:
    """A message as the regression sees it. x: (d_text,)."""

    language: str
    points: bool
    x: np.ndarray


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_out(parser)
    parser.add_argument("--english", action="store_true", help="for an encoder of English")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encode = load_text_encoder(settings, resolve_device(settings.device)).encode
    told = [own for own in read() if own[0] == "en" or not args.english]
    vectors = encode([text for _, _, text in told], "query")
    messages = [Message(language, points, x) for (language, points, _), x in zip(told, vectors)]
    asked = [example.text for example in everyday()]
    some = np.random.default_rng(SEED).permutation(len(asked))[: 2 * EVERYDAY]
    learned, apart = np.split(encode([asked[place] for place in some], "query"), [EVERYDAY])
    fitted = fit(messages, learned)
    card = {
        "what": "Logistic regression: do these words only point at the photo beside them?",
        "data": "Messages in assets/training/pointing.jsonl, written for this project, and"
        " questions of the packs",
        "command": "python -m assets.training.pointing" + " --english" * args.english,
        "languages_left_out": {} if args.english else measure(messages, learned),
        "questions_left_out": {
            "questions": len(apart),
            "read_as_pointing": int((fitted.probabilities(apart) >= POINTS).sum()),
        },
    }
    save_readout(fitted, settings, POINTING_FILE, card, args.out)
    return 0


def read() -> list[tuple[str, bool, str]]:
    """(language, whether it points, message)."""
    rows = map(json.loads, MESSAGES.read_text(encoding="utf-8").splitlines())
    return [
        (row["language"], kind == "points", text)
        for row in rows
        for kind in ("points", "asks")
        for text in row[kind]
    ]


def fit(messages: list[Message], everyday: np.ndarray) -> Readout:
    """everyday: (n, d_text), questions that point at nothing."""
    x = np.vstack([*(own.x for own in messages), everyday])
    y = np.array([*(own.points for own in messages), *([False] * len(everyday))])
    return fit_readout(x, y, balanced=True)


def measure(messages: list[Message], everyday: np.ndarray) -> dict[str, dict[str, int]]:
    """Of each group of languages how many messages point, how many of these are read so, how many
    ask something, and how many of those are read as pointing.
    """
    found = {}
    for group in GROUPS:
        apart = [own for own in messages if own.language in group.split()]
        fitted = fit([own for own in messages if own not in apart], everyday)
        read = fitted.probabilities(np.stack([own.x for own in apart])) >= POINTS
        points = np.array([own.points for own in apart])
        found[group] = {
            "point": int(points.sum()),
            "read_so": int(read[points].sum()),
            "ask": int((~points).sum()),
            "read_as_pointing": int(read[~points].sum()),
        }
    return found


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
