"""Trains a text intent classifier on anybody's CSV of text,label and measures it on other rows.

The label `oos` marks texts that are out of scope. Thresholds are set on validation data: --val, or
a part of --train that is held out for it and given back to training afterwards.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.evaluate import metrics
from mm_support.train.hidden_states import HiddenStates, load_hidden_states
from mm_support.train.intent_model import PASSES, IntentModel, Votes, calibrate, fit
from mm_support.train.labelled import (
    OUT_OF_SCOPE,
    BadRow,
    Example,
    keep_known,
    read_labelled,
    split_off,
)
from mm_support.train.upper_layers import Progress

RECALLS = (0.8, 0.9)  # shares of the out-of-scope questions that the thresholds are to catch
HELD_OUT = 0.15  # share of the training rows that calibrate where there is no validation file


@dataclass(frozen=True)
class Splits:
    """validation is empty where no file was given. bad: rows that were left out, with the reason."""

    train: list[Example]
    validation: list[Example]
    test: list[Example]
    bad: list[BadRow]


@dataclass(frozen=True, eq=False)
class Judged:
    """What the model made of cases: predicted intents (n,), confidence (n,) and the true labels."""

    predicted: list[str]
    confidence: np.ndarray
    labels: list[str]

    @property
    def inside(self) -> np.ndarray:
        """(n,) true where a case is in scope."""
        return np.array([label != OUT_OF_SCOPE for label in self.labels], dtype=bool)

    @property
    def right(self) -> np.ndarray:
        """(n,) true where the predicted intent is the case's; never for one out of scope."""
        return np.array([p == label for p, label in zip(self.predicted, self.labels)], dtype=bool)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--train",
        type=Path,
        required=True,
        help="CSV with the columns text and label (oos: out of scope)",
    )
    parser.add_argument(
        "--val", type=Path, help="CSV to set thresholds on (default: a part of --train)"
    )
    parser.add_argument("--test", type=Path, required=True, help="CSV to measure on")
    parser.add_argument(
        "--figures",
        type=Path,
        metavar="FOLDER",
        help="also draw the confusion matrix and the reliability diagram",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON only")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    splits = read_splits(args.train, args.val, args.test)
    for row in splits.bad:
        print(f"skipped {row.file}, line {row.line}: {row.reason}", file=sys.stderr)
    device = resolve_device(settings.device)
    encoder = load_text_encoder(settings, device, "torch")  # its upper layers are trained
    readers = encoder, load_hidden_states(settings, device)
    report, judged = evaluate(*readers, splits, args.seed)
    if args.figures:
        draw(judged, args.figures)
    print(json.dumps(report, indent=1) if args.json else as_text(report))
    return 0


def read_splits(train: Path, validation: Path | None, test: Path) -> Splits:
    """Rows of the files. Raises InputError where training or testing on them is impossible."""
    rows, bad = read_labelled(train)
    intents = {e.label for e in rows} - {OUT_OF_SCOPE}
    if len(intents) < 2:
        raise InputError(
            f"{train} holds {len(intents)} intent; two or more are needed besides {OUT_OF_SCOPE!r}."
        )
    others = []
    for path in (validation, test):
        found, unreadable = read_labelled(path) if path else ([], [])
        known, unknown = keep_known(found, intents, path.name if path else "")
        bad += sorted(unreadable + unknown, key=lambda row: row.line)
        others.append(known)
    if not any(e.label != OUT_OF_SCOPE for e in others[1]):
        raise InputError(
            f"{test} holds no text with a label of {train}; both files must use the same labels."
        )
    return Splits(rows, *others, bad)


def evaluate(
    encoder, reader: HiddenStates, splits: Splits, seed: int
) -> tuple[dict[str, Any], Judged]:
    """Trains, calibrates and measures. encoder: see encode/text.py; reader: what a language model
    makes of a text.
    """
    started = time.perf_counter()
    with _Bar() as progress:
        model, thresholds = train(encoder, reader, splits, seed, progress)
        trained = time.perf_counter()
        judged = judge(model, votes_of(model, splits.test, progress), splits.test)
    seen = {e.text.lower() for e in splits.train}
    report = {
        "rows": {name: len(getattr(splits, name)) for name in ("train", "validation", "test")},
        "intents": len(model.intents),
        "skipped": [asdict(row) for row in splits.bad],
        "test_texts_seen_in_training": sum(e.text.lower() in seen for e in splits.test),
        **figures(judged, thresholds),
        "seconds": {
            "train": round(trained - started, 1),
            "test": round(time.perf_counter() - trained, 1),
        },
        "seed": seed,
    }
    return report, judged


def train(
    encoder, reader: HiddenStates, splits: Splits, seed: int, progress: Progress
) -> tuple[IntentModel, dict[float, float]]:
    """The calibrated model, and out-of-scope recall -> threshold (none without such cases to set it
    on).
    """
    if splits.validation:
        return calibrated(
            fit(encoder, reader, splits.train, PASSES, seed, progress), splits.validation, progress
        )
    rest, held_out = split_off(splits.train, HELD_OUT, seed)
    trial, thresholds = calibrated(
        fit(encoder, reader, rest, PASSES // 2, seed, progress), held_out, progress
    )
    final = fit(encoder, reader, splits.train, PASSES, seed, progress)
    return replace(final, mix=trial.mix, calibrator=trial.calibrator), thresholds


def calibrated(
    model: IntentModel, validation: Sequence[Example], progress: Progress
) -> tuple[IntentModel, dict[float, float]]:
    votes = votes_of(model, validation, progress)
    model = calibrate(model, votes, [e.label for e in validation])
    judged = judge(model, votes, validation)
    if judged.inside.all():
        return model, {}
    foreign = judged.confidence[~judged.inside]
    return model, {recall: metrics.threshold_for_recall(foreign, recall) for recall in RECALLS}


def judge(model: IntentModel, votes: Votes, examples: Sequence[Example]) -> Judged:
    best, confidence = model.predict(votes)
    return Judged([model.intents[i] for i in best], confidence, [e.label for e in examples])


def votes_of(model: IntentModel, examples: Sequence[Example], progress: Progress) -> Votes:
    return model.votes([e.text for e in examples], progress)


def figures(judged: Judged, thresholds: dict[float, float]) -> dict[str, Any]:
    """Accuracy and macro F1 of the cases in scope, calibration of all, and what the thresholds do."""
    inside = judged.inside
    truth = [label for label, known in zip(judged.labels, inside) if known]
    predicted = [name for name, known in zip(judged.predicted, inside) if known]
    return {
        "accuracy": asdict(metrics.bootstrap_interval(judged.right[inside])),
        "macro_f1": metrics.macro_f1(truth, predicted),
        "calibration_error": metrics.expected_calibration_error(judged.confidence, judged.right),
        "out_of_scope": out_of_scope(judged, thresholds),
    }


def out_of_scope(judged: Judged, thresholds: dict[float, float]) -> dict[str, Any] | None:
    """None where the test holds no such case. calibrated: at the thresholds that validation set;
    at_recall: at the thresholds that catch exactly this share of the test's own cases."""
    inside = judged.inside
    if inside.all():
        return None
    known, right, foreign = (
        judged.confidence[inside],
        judged.right[inside],
        judged.confidence[~inside],
    )

    def points(limits: dict[float, float]) -> dict[str, Any]:
        return {
            f"{r:.0%}": asdict(metrics.operating_point(t, known, right, foreign))
            for r, t in limits.items()
        }

    return {
        "cases": len(foreign),
        "area_under_curve": metrics.area_under_curve(known, foreign),
        "calibrated": points(thresholds),
        "at_recall": points(
            {recall: metrics.threshold_for_recall(foreign, recall) for recall in RECALLS}
        ),
    }


def draw(judged: Judged, folder: Path) -> None:
    """confusion.png and reliability.png."""
    from mm_support.evaluate import plots

    labels = sorted(set(judged.labels) - {OUT_OF_SCOPE} | set(judged.predicted))
    cases = [(t, p) for t, p in zip(judged.labels, judged.predicted) if t != OUT_OF_SCOPE]
    plots.draw_confusion_matrix(
        metrics.confusion_matrix(*zip(*cases), labels), labels, folder / "confusion.png"
    )
    bins = metrics.reliability(judged.confidence, judged.right)
    error = metrics.expected_calibration_error(judged.confidence, judged.right)
    plots.draw_reliability(bins, error, folder / "reliability.png")


def as_text(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    rows, accuracy = report["rows"], report["accuracy"]
    lines = [
        (
            f"{report['intents']} intents; {rows['train']} rows to train, {rows['test']} to test,"
            f" {len(report['skipped'])} skipped"
        ),
        (
            f"accuracy           {accuracy['value']:.1%}  ({accuracy['low']:.1%} to"
            f" {accuracy['high']:.1%})"
        ),
        f"macro F1           {report['macro_f1']:.1%}",
        f"calibration error  {report['calibration_error']:.1%}",
    ]
    if report["test_texts_seen_in_training"]:
        lines.append(
            f"{report['test_texts_seen_in_training']} test texts also occur in the training file"
        )
    foreign = report["out_of_scope"]
    if foreign is None:
        return "\n".join(
            [
                *lines,
                f"no test row is out of scope (label {OUT_OF_SCOPE}), so refusals are not measured",
            ]
        )
    lines.append(
        f"out of scope       {foreign['cases']} rows, area under the curve"
        f" {foreign['area_under_curve']:.1%}"
    )
    if not foreign["calibrated"]:
        lines.append(
            f"no validation row has the label {OUT_OF_SCOPE}, so no threshold could be set ahead of"
            " the test"
        )
    for heading, points in (
        ("threshold from validation", foreign["calibrated"]),
        ("at that recall on the test", foreign["at_recall"]),
    ):
        for recall, point in points.items():
            lines.append(
                f"  {heading}, {recall}: {point['out_of_scope_recall']:.1%} caught, "
                f"{point['kept_right']:.1%} of in-scope right and kept"
            )
    return "\n".join(lines)


class _Bar:
    """A progress bar that is called with (done, total, what); a new `what` starts a new bar."""

    def __enter__(self) -> _Bar:
        from tqdm import tqdm

        self._bar, self._open = None, tqdm
        return self

    def __call__(self, done: int, total: int, what: str) -> None:
        step = what.split(",")[0]
        if self._bar is None or self._step != step or done < self._bar.n:
            self.__exit__()
            self._bar, self._step = self._open(total=total, disable=None), step
        self._bar.set_description(what, refresh=False)
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
