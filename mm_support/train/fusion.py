"""Trains the fusion strategies on the support set and writes assets/weights/fusion-*.safetensors.

    python -m mm_support train fusion --grocery FOLDER [--feedback FILE]

A run goes on where it was interrupted; weights are replaced only by a run that ended.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from mm_support.config import Settings
from mm_support.fuse.weights import made_for
from mm_support.paths import WEIGHTS
from mm_support.train import feedback
from mm_support.train.grocery import BASE
from mm_support.train.support_set import TRAINED_PACKS
from mm_support.train.support_set_encoded import PACKS, ROOT, SOURCES, EncodedSet, build, folder_of
from mm_support.train.support_set_encoded import card as set_card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--grocery", type=Path, required=True, help="folder in the layout of GroceryStoreDataset"
    )
    parser.add_argument(
        "--cases",
        type=Path,
        default=ROOT / "tests" / "cases",
        help="folder of <knowledge base>.jsonl files",
    )
    feedback.add_arguments(parser)
    parser.add_argument("--strategy", nargs="+", metavar="NAME", help="strategies (default: all)")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder of the weights")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.fuse.strategies import STRATEGIES, build_fusion
    from mm_support.fuse.weights import save_fusion
    from mm_support.train.fusion_training import prepare, train

    for name in args.strategy or ():
        build_fusion(name, 1, 1)  # a name that does not exist is said before the work begins
    corrected = (
        feedback.read_feedback(args.feedback, args.feedback_knowledge, PACKS, settings)
        if args.feedback
        else None
    )
    made = build(args.grocery, args.cases, settings, corrected)
    run_name = f"{args.seed}-{corrected.digest}" if corrected else str(args.seed)
    device = resolve_device(settings.device).device
    data = prepare(made, args.seed, device)
    for name in args.strategy or STRATEGIES:
        started = time.perf_counter()
        checkpoint = folder_of(settings) / f"{name}-{run_name}.checkpoint"
        fusion, figures = train(name, data, args.seed, checkpoint, device)
        seconds = round(time.perf_counter() - started)
        print(
            save_fusion(fusion.cpu(), card(settings, made, figures, args.seed, seconds), args.out),
            json.dumps(figures),
        )
        checkpoint.unlink(missing_ok=True)
    return 0


def card(
    settings: Settings, made: EncodedSet, figures: dict[str, float], seed: int, seconds: int
) -> dict:
    return {
        "what": "weights of the modalities, what the strategy adds to the query, and a linear head for the intents",
        "made_for": made_for(settings),
        "encoders": [settings.text_model, settings.image_model],
        "data": SOURCES,
        "trained_on": list(dict.fromkeys((BASE, *TRAINED_PACKS, *made.rows.corrected))),
        "corrected_by_customers": list(made.rows.corrected),
        "rows": {
            name: rows
            for name, rows in set_card(made).items()
            if name in ("questions", "spoken_and_heard", "photos")
        },
        "licence": "MIT",
        "validation_recall_at_1": {
            key: round(value, 4) for key, value in figures.items() if key != "epochs"
        },
        "epochs": figures["epochs"],
        "seconds": seconds,
        "command": f"python -m mm_support train fusion --grocery FOLDER --seed {seed}"
        + " --feedback FILE" * bool(made.rows.corrected),
    }
