"""Trains a text intent classifier on anybody's CSV of text,label and measures it on other rows.

    mm-support train intents --train FILE [--val FILE] [--test FILE] [--knowledge NAME]
    mm-support evaluate intents --train FILE [--val FILE] --test FILE

`train` keeps the classifier in the data folder. The label `oos` marks texts that are out of scope.
Confidence and thresholds are set on validation data: --val, or a part of --train that is held out
for it and given back to training afterwards.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from mm_support.config import Settings
from mm_support.decide.intent_classifier import (
    KERNEL_WIDTH,
    IntentClassifier,
    intents_file,
    save_intents,
)
from mm_support.errors import InputError
from mm_support.evaluate import metrics
from mm_support.progress import each
from mm_support.train.labelled import (
    OUT_OF_SCOPE,
    BadRow,
    Example,
    keep_known,
    read_labelled,
    split_off,
)
from mm_support.types import Encode

CAUGHT = 0.8  # share of the out-of-scope questions that the threshold is to catch
HELD_OUT = 0.15  # share of the training rows that calibrate where there is no validation file
RIDGE = 0.1
INVERSE_PENALTY = 10.0  # weak: only keeps separable cases from infinite weights
MOST_SUPPORT = 16_000  # examples kept, at random: the kernel of more does not fit into a gigabyte
CHUNK = 512  # texts between two steps of progress
UNFITTED = np.array([0.0, 8.0, 0.0, -4.0])  # calibration: a score of 1 is an example itself
UNSURE = 0.5  # threshold where no row is out of scope: rather wrong than right


@dataclass(frozen=True)
class Splits:
    """validation is empty where no file was given. bad: rows left out, with the reason."""

    train: list[Example]
    validation: list[Example]
    test: list[Example]
    bad: list[BadRow]


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder
    from mm_support.encode.text_models import version_of

    splits = read_splits(args.train, args.val, args.test)
    for row in splits.bad:
        print(f"skipped {row.file}, line {row.line}: {row.reason}", file=sys.stderr)
    encode = load_text_encoder(settings, resolve_device(settings.device)).encode
    classifier, report = evaluate(encode, splits, args.seed, version_of(settings.text_model))
    if args.keep:
        path = intents_file(settings, args.knowledge or "")
        save_intents(classifier, {key: report[key] for key in report if key != "skipped"}, path)
        print(f"Written to {path}.", file=sys.stderr)
    print(json.dumps(report, indent=1) if args.json else as_text(report))
    return 0


def read_splits(train: Path, validation: Path | None, test: Path | None) -> Splits:
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
    if test and not any(e.label != OUT_OF_SCOPE for e in others[1]):
        raise InputError(
            f"{test} holds no text with a label of {train}; both files must use the same labels."
        )
    return Splits(rows, others[0], others[1], bad)


def evaluate(
    encode: Encode, splits: Splits, seed: int, made_for: str
) -> tuple[IntentClassifier, dict[str, Any]]:
    """The classifier, and how well it does on the test rows, where there are any."""
    started = time.perf_counter()
    classifier = train(encode, splits, seed, made_for)
    report = about(splits, time.perf_counter() - started, seed)
    if not splits.test:
        return classifier, report
    best, sure = classifier.predict(in_chunks(encode, [e.text for e in splits.test], "judging"))
    predicted = np.array(classifier.intents)[best]
    truth = np.array([e.label for e in splits.test])
    return classifier, report | figures(predicted, sure, truth, classifier.threshold)


def about(splits: Splits, seconds: float, seed: int) -> dict[str, Any]:
    """What was learned from."""
    seen = {e.text.lower() for e in splits.train}
    return {
        "rows": {name: len(getattr(splits, name)) for name in ("train", "validation", "test")},
        "intents": len(names_of(splits.train)),
        "skipped": [asdict(row) for row in splits.bad],
        "test_texts_seen_in_training": sum(e.text.lower() in seen for e in splits.test),
        "seconds": round(seconds, 1),
        "seed": seed,
    }


def train(encode: Encode, splits: Splits, seed: int, made_for: str) -> IntentClassifier:
    """Confidence and threshold are fitted to rows that the intents were not: validation, or a part
    of the training rows, and all that are out of scope.
    """
    rows = [e for e in splits.train if e.label != OUT_OF_SCOPE]
    foreign = [e for e in splits.train if e.label == OUT_OF_SCOPE]
    learned, held_out = (rows, splits.validation)
    if not held_out:
        learned, held_out = split_off(rows, HELD_OUT, seed)
    names = names_of(rows)
    vectors = dict(zip(rows, in_chunks(encode, [e.text for e in rows], "encoding")))
    named = encode([spoken(name) for name in names])

    def fitted(examples: Sequence[Example]) -> IntentClassifier:
        kept = np.random.default_rng(seed).permutation(len(examples))[:MOST_SUPPORT]
        chosen = [examples[i] for i in kept]
        own = np.concatenate([np.stack([vectors[e] for e in chosen]), named])
        return fit(own, [*(e.label for e in chosen), *names], names, made_for)

    calibration, threshold = calibrate(fitted(learned), encode, [*held_out, *foreign])
    return replace(fitted(rows), calibration=calibration, threshold=threshold)


def fit(
    vectors: np.ndarray, labels: Sequence[str], names: tuple[str, ...], made_for: str
) -> IntentClassifier:
    """Kernel ridge regression of membership, not calibrated yet. vectors: (n, d) unit rows."""
    from sklearn.kernel_ridge import KernelRidge

    belongs = np.array(labels)[:, None] == np.array(names)
    targets = belongs.astype(np.float32) - 1 / len(names)
    # |a - b|^2 = 2 - 2 cosine of unit vectors, so gamma is half the width
    ridge = KernelRidge(kernel="rbf", gamma=KERNEL_WIDTH / 2)
    ridge.set_params(alpha=RIDGE).fit(vectors, targets)
    return IntentClassifier(names, vectors, ridge.dual_coef_, UNFITTED, UNSURE, made_for)


def calibrate(
    classifier: IntentClassifier, encode: Encode, examples: Sequence[Example]
) -> tuple[np.ndarray, float]:
    """The calibration and threshold that fit examples which the intents were not fitted to. Where
    it is right about all of them, or wrong, there is nothing to calibrate with.
    """
    if not examples:
        return UNFITTED, UNSURE
    best, evidence = classifier.judge(in_chunks(encode, [e.text for e in examples], "calibrating"))
    right = np.array([classifier.intents[i] == e.label for i, e in zip(best, examples)])
    if right.all() or not right.any():
        return UNFITTED, UNSURE
    weights = probability_weights(evidence, right)
    foreign = np.array([e.label == OUT_OF_SCOPE for e in examples])
    if not foreign.any():
        return weights, UNSURE
    sure = expit(evidence[foreign] @ weights[:-1] + weights[-1])
    return weights, float(np.quantile(sure, CAUGHT, method="inverted_cdf"))


def probability_weights(evidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(f + 1,) weights of the evidence and a bias, whose sigmoid is how likely it is right (Platt
    1999): few numbers, so a hundred cases are enough. evidence: (n, f); right: (n,) bool.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = evidence.mean(axis=0), np.maximum(evidence.std(axis=0), 1e-9)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
    model.fit((evidence - mean) / spread, right)
    weights = np.ravel(model.coef_) / spread
    return np.append(weights, np.ravel(model.intercept_) - weights @ mean)


def in_chunks(encode: Encode, texts: Sequence[str], what: str) -> np.ndarray:
    """(n, d) vectors of n texts."""
    starts = each(range(0, len(texts), CHUNK), what)
    return np.vstack([encode(texts[start : start + CHUNK]) for start in starts])


def names_of(examples: Sequence[Example]) -> tuple[str, ...]:
    return tuple(sorted({e.label for e in examples} - {OUT_OF_SCOPE}))


def spoken(name: str) -> str:
    """An intent's name as one more example of it: "card_not_working" -> "card not working"."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return " ".join(apart.replace("_", " ").replace("-", " ").split())


def figures(
    predicted: np.ndarray, sure: np.ndarray, truth: np.ndarray, threshold: float
) -> dict[str, Any]:
    """Accuracy and macro F1 in scope, calibration of all, and what the threshold does to both.
    predicted, truth: (n,) labels; sure: (n,) confidence.
    """
    from sklearn.metrics import f1_score, roc_auc_score

    right, inside = predicted == truth, truth != OUT_OF_SCOPE
    found = {
        "accuracy": metrics.share(right[inside]),
        "macro_f1": float(f1_score(truth[inside], predicted[inside], average="macro")),
        "calibration_error": metrics.expected_calibration_error(sure, right),
        "out_of_scope": int((~inside).sum()),
    }
    if inside.all():
        return found
    return found | {
        "area_under_curve": float(roc_auc_score(inside, sure)),
        "out_of_scope_caught": metrics.share(sure[~inside] <= threshold),
        "right_and_kept": metrics.share((right & (sure > threshold))[inside]),
    }


def as_text(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    rows = report["rows"]
    counted = f"{rows['train']} rows to train, {rows['test']} to test"
    lines = [f"{report['intents']} intents; {counted}, {len(report['skipped'])} skipped"]
    if seen := report["test_texts_seen_in_training"]:
        lines.append(f"{seen} test texts also occur in the training file")
    if rows["test"] and not report["out_of_scope"]:
        lines.append(f"no test row is out of scope (label {OUT_OF_SCOPE}): refusals not measured")
    shares = ("macro_f1", "calibration_error", "area_under_curve")
    lines += [f"  {name:28} {report[name]:6.1%}" for name in shares if name in report]
    return "\n".join([*lines, *metrics.lines_of(report)])
