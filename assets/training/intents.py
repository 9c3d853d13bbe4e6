"""How much three voters find beyond the classifier of intents that is served, at minutes of tuning.

    python -m assets.training.intents --train FILE [--val FILE] --test FILE [--json]

The same files and figures as `mm-support evaluate intents`, with the model of intent_voters.py,
which is kept nowhere: it is a measure of what the served classifier leaves on the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from assets.training.command import main
from assets.training.hidden_states import HiddenStates, load_hidden_states
from assets.training.intent_voters import PASSES, IntentModel, calibrate, fit
from assets.training.upper_layers import Progress
from mm_support import arguments
from mm_support.config import Settings
from mm_support.encode.text import TransformersTextEncoder
from mm_support.evaluate import metrics
from mm_support.train.intents import (
    HELD_OUT,
    RECALLS,
    Judged,
    Splits,
    about,
    as_text,
    draw,
    figures,
    read_splits,
)
from mm_support.train.labelled import Example, split_off


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    splits = read_splits(args.train, args.val, args.test)
    for row in splits.bad:
        print(f"skipped {row.file}, line {row.line}: {row.reason}", file=sys.stderr)
    device = resolve_device(settings.device)
    encoder = load_text_encoder(settings, device, "torch")  # its upper layers are trained
    readers = encoder, load_hidden_states(settings, device)
    started = time.perf_counter()
    with Bar() as progress:
        model, thresholds = train(*readers, splits, args.seed, progress)
        seconds = time.perf_counter() - started
        judged = judge(model, splits.test, progress)
    report = about(splits, seconds, args.seed) | figures(judged, thresholds)
    if args.figures:
        draw(judged, args.figures)
    print(json.dumps(report, indent=1) if args.json else as_text(report))
    return 0


def train(
    encoder: TransformersTextEncoder,
    reader: HiddenStates,
    splits: Splits,
    seed: int,
    progress: Progress,
) -> tuple[IntentModel, dict[float, float]]:
    """The calibrated model, and out-of-scope recall -> threshold (none without such cases to set it
    on).
    """
    if splits.validation:
        model = fit(encoder, reader, splits.train, PASSES, seed, progress)
        return calibrated(model, splits.validation, progress)
    rest, held_out = split_off(splits.train, HELD_OUT, seed)
    trial = fit(encoder, reader, rest, PASSES // 2, seed, progress)
    trial, thresholds = calibrated(trial, held_out, progress)
    final = fit(encoder, reader, splits.train, PASSES, seed, progress)
    return replace(final, mix=trial.mix, calibrator=trial.calibrator), thresholds


def calibrated(
    model: IntentModel, validation: Sequence[Example], progress: Progress
) -> tuple[IntentModel, dict[float, float]]:
    votes = model.votes([e.text for e in validation], progress)
    model = calibrate(model, votes, [e.label for e in validation])
    judged = judge(model, validation, progress)
    if judged.inside.all():
        return model, {}
    foreign = judged.confidence[~judged.inside]
    return model, {recall: metrics.threshold_for_recall(foreign, recall) for recall in RECALLS}


def judge(model: IntentModel, examples: Sequence[Example], progress: Progress) -> Judged:
    best, confidence = model.predict(model.votes([e.text for e in examples], progress))
    return Judged([model.intents[i] for i in best], confidence, [e.label for e in examples])


class Bar:
    """A progress bar that is called with (done, total, what); a new `what` starts a new bar."""

    def __enter__(self) -> Bar:
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


if __name__ == "__main__":
    main(__doc__, arguments.evaluate_intents, run)
