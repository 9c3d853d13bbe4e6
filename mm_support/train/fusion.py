"""Trains the fusion strategies on one's own bases; the weights lie in the data folder, used there.

    mm-support train fusion --knowledge NAME [--feedback FILE]

What is learned from: the entries' pictures as customers might photograph them, their questions,
typed and spoken, and what customers corrected. What was heard and seen is kept for the next run;
weights are replaced only by a run that ended. Those that ship are of assets/training/fusion.py.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mm_support import terminal
from mm_support.config import FUSIONS, Settings
from mm_support.errors import InputError
from mm_support.fuse.weights import made_for
from mm_support.train.encoded_set import EncodedSet, build, card
from mm_support.train.feedback import read_feedback
from mm_support.train.support_set import own_set
from mm_support.types import Entry

SOURCES = "pictures and questions of the bases' entries, and turns that customers rated"


def run(args: argparse.Namespace, settings: Settings) -> int:
    entries = ingested(args.knowledge, settings)
    feedback = None
    if args.feedback:
        base = args.feedback_knowledge or (
            args.knowledge[0] if len(args.knowledge) == 1 else args.feedback.stem
        )
        if base not in entries:
            raise InputError(f"{base} is not among the bases of --knowledge; add it there.")
        feedback = read_feedback(args.feedback, base, entries[base])
    made = build(own_set(entries), settings, feedback)
    about = {"data": SOURCES, "command": "mm-support train fusion"}
    names, out = args.strategy or FUSIONS, args.out or settings.own_weights
    train_strategies(names, made, settings, args.seed, about, out)
    return 0


def ingested(names: Sequence[str], settings: Settings) -> dict[str, tuple[Entry, ...]]:
    """The entries of each base. Raises KnowledgeError where there is none of that name."""
    with closing(terminal.load_service(settings)) as service:
        return {name: tuple(service.knowledge.entries(name)) for name in names}


def train_strategies(
    names: Sequence[str],
    made: EncodedSet,
    settings: Settings,
    seed: int,
    about: dict[str, str],
    out: Path,
) -> None:
    """Trains each strategy and writes it into the folder; prints where, and its figures."""
    from mm_support.device import resolve_device
    from mm_support.fuse.weights import save_fusion
    from mm_support.train.fusion_training import prepare, train

    device = resolve_device(settings.device).device
    data = prepare(made, seed, device)
    for name in names:
        started = time.perf_counter()
        fusion, figures = train(name, data, seed, device)
        seconds = round(time.perf_counter() - started)
        written = about | weights_card(settings, made, figures) | {"seed": seed, "seconds": seconds}
        print(save_fusion(fusion.cpu(), written, out), json.dumps(figures))


def weights_card(settings: Settings, made: EncodedSet, figures: dict[str, float]) -> dict[str, Any]:
    """What the weights are and how they came about, for people; made_for is checked on loading."""
    rows = card(made)
    return {
        "what": (
            "weights of the modalities, what the strategy adds to the query, a head for intents"
        ),
        "made_for": made_for(settings),
        "encoders": [settings.text_model, settings.image_model],
        "trained_on": list(made.rows.trained),
        "corrected_by_customers": list(made.rows.corrected),
        "rows": {name: rows[name] for name in ("questions", "spoken_and_heard", "photos")},
        "validation_recall_at_1": {
            key: round(value, 4) for key, value in figures.items() if key != "epochs"
        },
        "epochs": figures["epochs"],
    }
