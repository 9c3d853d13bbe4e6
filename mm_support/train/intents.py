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
from mm_support.train.labelled import (
    OUT_OF_SCOPE,
    BadRow,
    Example,
    keep_known,
    read_labelled,
    split_off,
)
from mm_support.types import Encode

RECALLS = (0.8, 0.9)  # shares of the out-of-scope questions that the thresholds are to catch
HELD_OUT = 0.15  # share of the training rows that calibrate where there is no validation file
RIDGE = 0.1
INVERSE_PENALTY = 10.0  # weak: only keeps separable cases from infinite weights
MOST_SUPPORT = 16_000  # examples kept, at random: the kernel of more does not fit into a gigabyte
CHUNK = 512  # texts between two steps of the progress bar
UNFITTED = np.array([0.0, 8.0, 0.0, -4.0])  # calibration: a score of 1 is an example itself
MOST_LABELS = 30  # in a confusion matrix; more cannot be read
UNSURE = 0.5  # threshold where no row is out of scope: rather wrong than right


@dataclass(frozen=True)
class Splits:
    """validation is empty where no file was given. bad: rows left out, with the reason."""

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


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    splits = read_splits(args.train, args.val, args.test)
    for row in splits.bad:
        print(f"skipped {row.file}, line {row.line}: {row.reason}", file=sys.stderr)
    encode = load_text_encoder(settings, resolve_device(settings.device)).encode
    classifier, report, judged = evaluate(encode, splits, args.seed, settings.text_model)
    if args.figures and judged:
        draw(judged, args.figures)
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
) -> tuple[IntentClassifier, dict[str, Any], Judged | None]:
    """The classifier, and how well it does on the test rows, where there are any."""
    started = time.perf_counter()
    classifier, thresholds = train(encode, splits, seed, made_for)
    report = about(splits, time.perf_counter() - started, seed)
    if not splits.test:
        return classifier, report, None
    judged = judge(classifier, encode, splits.test)
    return classifier, report | figures(judged, thresholds), judged


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


def train(
    encode: Encode, splits: Splits, seed: int, made_for: str
) -> tuple[IntentClassifier, dict[float, float]]:
    """The calibrated classifier, and out-of-scope recall -> threshold (empty where no row is out of
    scope). Confidence is fitted to rows that the intents were not: validation, or a part of the
    training rows, and all that are out of scope.
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

    calibration, thresholds = calibrate(fitted(learned), encode, [*held_out, *foreign])
    threshold = thresholds.get(RECALLS[0], UNSURE)
    return replace(fitted(rows), calibration=calibration, threshold=threshold), thresholds


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
) -> tuple[np.ndarray, dict[float, float]]:
    """The calibration and thresholds that fit examples which the intents were not fitted to. Where
    it is right about all of them, or wrong, there is nothing to calibrate with.
    """
    if not examples:
        return UNFITTED, {}
    best, evidence = classifier.judge(in_chunks(encode, [e.text for e in examples], "calibrating"))
    right = np.array([classifier.intents[i] == e.label for i, e in zip(best, examples)])
    if right.all() or not right.any():
        return UNFITTED, {}
    weights = probability_weights(evidence, right)
    foreign = np.array([e.label == OUT_OF_SCOPE for e in examples])
    sure = expit(evidence[foreign] @ weights[:-1] + weights[-1])
    recalls = RECALLS if foreign.any() else ()
    return weights, {recall: metrics.threshold_for_recall(sure, recall) for recall in recalls}


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


def judge(classifier: IntentClassifier, encode: Encode, examples: Sequence[Example]) -> Judged:
    """What the classifier says of examples that it has not learned from."""
    vectors = in_chunks(encode, [e.text for e in examples], "judging")
    best, confidence = classifier.predict(vectors)
    return Judged([classifier.intents[i] for i in best], confidence, [e.label for e in examples])


def in_chunks(encode: Encode, texts: Sequence[str], what: str) -> np.ndarray:
    """(n, d) vectors of n texts, with a progress bar."""
    from tqdm import tqdm

    starts = tqdm(range(0, len(texts), CHUNK), desc=what, disable=None, leave=False)
    return np.vstack([encode(texts[start : start + CHUNK]) for start in starts])


def names_of(examples: Sequence[Example]) -> tuple[str, ...]:
    return tuple(sorted({e.label for e in examples} - {OUT_OF_SCOPE}))


def spoken(name: str) -> str:
    """An intent's name as one more example of it: "card_not_working" -> "card not working"."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return " ".join(apart.replace("_", " ").replace("-", " ").split())


def figures(judged: Judged, thresholds: dict[float, float]) -> dict[str, Any]:
    """Accuracy and macro F1 in scope, calibration of all, and what the thresholds do."""
    from sklearn.metrics import f1_score

    inside = judged.inside
    truth, predicted = np.array(judged.labels)[inside], np.array(judged.predicted)[inside]
    return {
        "accuracy": asdict(metrics.bootstrap_interval(judged.right[inside])),
        "macro_f1": float(f1_score(truth, predicted, average="macro")),
        "calibration_error": metrics.expected_calibration_error(judged.confidence, judged.right),
        "out_of_scope": out_of_scope(judged, thresholds),
    }


def out_of_scope(judged: Judged, thresholds: dict[float, float]) -> dict[str, Any] | None:
    """None where the test holds no such case. calibrated: at the thresholds that validation set;
    at_recall: at the thresholds that catch exactly this share of the test's own cases."""
    from sklearn.metrics import roc_auc_score

    inside = judged.inside
    if inside.all():
        return None
    known, right = judged.confidence[inside], judged.right[inside]
    foreign = judged.confidence[~inside]

    def points(limits: dict[float, float]) -> dict[str, Any]:
        found = {r: metrics.operating_point(t, known, right, foreign) for r, t in limits.items()}
        return {f"{recall:.0%}": asdict(point) for recall, point in found.items()}

    reached = {recall: metrics.threshold_for_recall(foreign, recall) for recall in RECALLS}
    return {
        "cases": len(foreign),
        "area_under_curve": float(roc_auc_score(inside, judged.confidence)),
        "calibrated": points(thresholds),
        "at_recall": points(reached),
    }


def draw(judged: Judged, folder: Path) -> None:
    """confusion.png, in shares of each true label, and reliability.png."""
    from matplotlib.figure import Figure
    from sklearn.calibration import CalibrationDisplay
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    labels = sorted(set(judged.labels) - {OUT_OF_SCOPE} | set(judged.predicted))
    cases = [(t, p) for t, p in zip(judged.labels, judged.predicted) if t != OUT_OF_SCOPE]
    counts = confusion_matrix(*zip(*cases), labels=labels)
    shown = most_confused(counts, MOST_LABELS)
    shares = (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[np.ix_(shown, shown)]
    side = 3 + 0.3 * len(shown)  # inches
    matrix, curve = Figure((side, side), layout="constrained"), Figure(layout="constrained")
    named = ConfusionMatrixDisplay(shares, display_labels=[labels[place] for place in shown])
    named.plot(ax=matrix.add_subplot(), values_format=".2f", xticks_rotation="vertical")
    bins, axes = metrics.CALIBRATION_BINS, curve.add_subplot()
    CalibrationDisplay.from_predictions(judged.right, judged.confidence, n_bins=bins, ax=axes)
    folder.mkdir(parents=True, exist_ok=True)
    matrix.savefig(folder / "confusion.png")
    curve.savefig(folder / "reliability.png")


def most_confused(counts: np.ndarray, most: int) -> list[int]:
    """Places of the labels with most errors, as truth or as prediction, in their own order."""
    errors = counts - np.diag(np.diag(counts))
    worst = np.argsort(-(errors.sum(axis=0) + errors.sum(axis=1)), kind="stable")[:most]
    return sorted(worst.tolist())


def as_text(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    rows = report["rows"]
    counted = f"{rows['train']} rows to train, {rows['test']} to test"
    lines = [f"{report['intents']} intents; {counted}, {len(report['skipped'])} skipped"]
    if seen := report["test_texts_seen_in_training"]:
        lines.append(f"{seen} test texts also occur in the training file")
    if accuracy := report.get("accuracy"):
        between = f"{accuracy['low']:.1%} to {accuracy['high']:.1%}"
        lines += [
            f"accuracy           {accuracy['value']:.1%}  ({between})",
            f"macro F1           {report['macro_f1']:.1%}",
            f"calibration error  {report['calibration_error']:.1%}",
            *_out_of_scope_lines(report["out_of_scope"]),
        ]
    return "\n".join(lines)


def _out_of_scope_lines(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return [f"no test row is out of scope (label {OUT_OF_SCOPE}): refusals are not measured"]
    curve = f"area under the curve {found['area_under_curve']:.1%}"
    lines = [f"out of scope       {found['cases']} rows, {curve}"]
    if not found["calibrated"]:
        lines.append(f"no other row has the label {OUT_OF_SCOPE}: the threshold was not set on any")
    headings = {
        "calibrated": "threshold set ahead of the test",
        "at_recall": "at that recall on the test",
    }
    for name, heading in headings.items():
        for recall, point in found[name].items():
            caught = f"{point['out_of_scope_recall']:.1%} caught"
            kept = f"{point['kept_right']:.1%} of in-scope right and kept"
            lines.append(f"  {heading}, {recall}: {caught}, {kept}")
    return lines
