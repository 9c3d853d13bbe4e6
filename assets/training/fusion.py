"""Makes the fusion weights that ship for a text encoder, assets/weights/*/fusion-*.safetensors.

    python -m assets.training.fusion --grocery FOLDER [--feedback FILE]

Trained on the grocery task and three packs (support_set.py), and on what customers corrected about
another base. About half an hour on two cores, most of it for encoding the set once.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assets.training.command import main
from assets.training.grocery import BASE
from assets.training.support_set import SOURCES, add_arguments, build_grocery
from mm_support import arguments
from mm_support.config import FUSIONS, Settings
from mm_support.errors import InputError
from mm_support.knowledge.ingest import read_knowledge
from mm_support.paths import PACKS, fitted_to
from mm_support.train.feedback import Feedback, read_feedback
from mm_support.train.fusion import ingested, train_strategies


def declare(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    arguments.feedback(parser)
    parser.add_argument("--strategy", nargs="+", choices=FUSIONS, default=FUSIONS)
    parser.add_argument("--out", type=Path, help="folder of the weights")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace, settings: Settings) -> int:
    feedback = corrected(args, settings) if args.feedback else None
    made = build_grocery(args.grocery, args.cases, settings, feedback)
    command = f"python -m assets.training.fusion --grocery FOLDER --seed {args.seed}"
    about = {
        "data": SOURCES,
        "licence": "MIT",
        "command": command + " --feedback FILE" * bool(feedback),
    }
    out = args.out or fitted_to(settings.text_model)
    train_strategies(args.strategy, made, settings, args.seed, about, out)
    return 0


def corrected(args: argparse.Namespace, settings: Settings) -> Feedback:
    """About a pack, or about a base that was ingested. Raises InputError where that cannot be."""
    base = args.feedback_knowledge or args.feedback.stem
    if base == BASE:
        raise InputError(
            f"The base {BASE} is made from the photos of --grocery and takes no feedback; "
            "name another one."
        )
    pack = PACKS / base
    if (pack / "entries.jsonl").is_file():
        return read_feedback(args.feedback, base, read_knowledge(pack)[0])
    return read_feedback(args.feedback, base, ingested([base], settings)[base])


if __name__ == "__main__":
    main(__doc__, declare, run)
