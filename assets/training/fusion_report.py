"""Measures the trained fusion on the test split: every strategy, every subset of modalities.

    python -m mm_support evaluate fusion --grocery FOLDER --json

Writes the report into a folder whose figures the demo draws.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from assets.training.grocery import BASE
from assets.training.support_set import build_grocery
from mm_support.config import Settings
from mm_support.files import write_json
from mm_support.paths import ASSETS, fitted_to
from mm_support.train.encoded_set import EncodedSet


def run(args: argparse.Namespace, settings: Settings) -> int:
    report = measure(
        build_grocery(args.grocery, args.cases, settings),
        settings,
        args.weights or fitted_to(settings.text_model),
        args.out or ASSETS / "evaluation",
        args.seed,
        args.curve,
    )
    print(json.dumps(report, indent=1) if args.json else as_text(report))
    return 0


def measure(
    made: EncodedSet, settings: Settings, weights: Path, out: Path, seed: int, with_curve: bool
) -> dict[str, Any]:
    """The report, also written to `out`."""
    from assets.training.fusion_figures import (
        SHOWN,
        SUBSETS,
        TOPICS_A_PHOTO,
        UNTRAINED,
        ask,
        curve,
        figures,
        label,
        packs,
        read_intents,
        topics,
    )
    from mm_support.fuse.strategies import STRATEGIES, build_fusion
    from mm_support.fuse.weights import load_fusion
    from mm_support.train.turns import make_turns

    test = {
        base: make_turns(made, base, "test", topics(made, base), seed, TOPICS_A_PHOTO)
        for base in made.rows.entries
    }
    dims = test[BASE].words.shape[1], test[BASE].photos.shape[1]
    strategies = {UNTRAINED: build_fusion("weighted-sum", *dims)}
    strategies |= {
        name: load_fusion(settings.with_changes(fusion=name), *dims, weights) for name in STRATEGIES
    }
    outcomes = {
        name: {label(s): ask(fusion, test[BASE], s, made, BASE) for s in SUBSETS}
        for name, fusion in strategies.items()
    }
    report: dict[str, Any] = {
        "grocery task": {
            name: {subset: figures(o, subset != "photo") for subset, o in own.items()}
            for name, own in outcomes.items()
        },
        "packs, recall@1": packs(strategies, test, made),
        "turns": {base: len(turns) for base, turns in test.items()},
    }
    if with_curve:
        report["photos a product"] = curve(made, test[BASE], seed, settings)
    report |= read_intents(outcomes[settings.fusion][label(SHOWN)], topics(made, BASE))
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "report.json", report, indent=1)
    return report


def as_text(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    lines = []
    for name, own in report["grocery task"].items():
        lines += [f"\n{name}"] + [
            f"  {subset:22}" + "  ".join(f"{key} {_short(value)}" for key, value in found.items())
            for subset, found in own.items()
        ]
    lines += ["\npacks, recall@1"] + [
        f"  {case:30}" + "  ".join(f"{n} {v:.1%}" for n, v in own.items())
        for case, own in report["packs, recall@1"].items()
    ]
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['value']:.1%} ({value['low']:.1%}-{value['high']:.1%})"
    return f"{value:.3f}"
