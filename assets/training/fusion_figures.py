"""Figures of fusion strategies on the test turns, for each subset of modalities.

Grocery task: the one entry among all products and topics, and the topic. Packs: the entry; those
that training never saw stand for other people's knowledge. Knows no file of weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from sklearn.metrics import confusion_matrix, f1_score
from torch import Tensor

from assets.training.grocery import BASE
from mm_support.config import Settings
from mm_support.evaluate import metrics
from mm_support.fuse.strategies import FusionStrategy
from mm_support.train.encoded_set import EncodedSet
from mm_support.train.fusion_training import BATCH, prepare, train
from mm_support.train.turns import Turns
from mm_support.types import MODALITIES

SHOWN = ("text", "speech", "photo")  # what a photo says comes with the photo
SUBSETS = [subset for size in (1, 2, 3) for subset in combinations(SHOWN, size)]
UNTRAINED = "untrained"
TOPICS_A_PHOTO = 3
PHOTOS_A_PRODUCT = (1, 2, 4, 8, 16)  # of the learning curve
ASKED_AND_SHOWN = ("text", "photo")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came of t turns. rank: how many entries score above the right one; intent: (t, c)
    probabilities of the base's intents, true: (t,) the right column, -1 where the strategy knows no
    intents.
    """

    rank: np.ndarray
    intent: np.ndarray
    true: np.ndarray


def label(subset: Sequence[str]) -> str:
    return " + ".join(subset)


def topics(made: EncodedSet, base: str) -> list[str]:
    return sorted({entry.intent for entry in made.rows.entries[base]})


def kept(turns: Turns, subset: Sequence[str]) -> Tensor:
    """(t, 4): the modalities of the subset that each turn has; the photo's text with the photo."""
    wanted = [name in subset or (name == "photo_text" and "photo" in subset) for name in MODALITIES]
    return turns.mask & torch.tensor(wanted)


@torch.inference_mode()
def ask(
    fusion: FusionStrategy, turns: Turns, subset: Sequence[str], made: EncodedSet, base: str
) -> Outcomes:
    """Turns that have the whole subset, with nothing else; the answer is what the whole turn asks
    for.
    """
    mask, names = kept(turns, subset), topics(made, base)
    whole = mask[:, [MODALITIES.index(name) for name in subset]].all(1).nonzero()[:, 0]
    columns = [fusion.intents.index(name) for name in names if name in fusion.intents]
    ranks, intents = [], []
    for rows in whole.split(BATCH):
        tokens, matches, _ = turns.batch(rows, mask[rows])
        answers = turns.batch(rows, turns.mask[rows])[2]
        fused = fusion(tokens)
        scores = turns.shelf.score(fused, matches)
        ranks.append((scores > scores.masked_fill(~answers, -1).amax(1, keepdim=True)).sum(1))
        intents.append(fused.intents[:, columns].softmax(-1))
    known = len(columns) == len(names)
    true = turns.intent[whole].numpy() if known else np.full(len(whole), -1)
    if not len(whole):
        return Outcomes(*[np.zeros((0,))] * 3)
    return Outcomes(torch.cat(ranks).numpy(), torch.cat(intents).numpy(), true)


def figures(outcomes: Outcomes, worded: bool = True) -> dict[str, Any]:
    """recall@1 and @5 of the entry; accuracy, macro F1 and calibration error of the intent, where
    there is a head and the turns have words: no photo says what is asked."""
    found = {f"recall@{k}": metrics.share(outcomes.rank < k) for k in (1, 5)}
    if not worded or not len(outcomes.true) or outcomes.true[0] < 0:
        return found
    guess = outcomes.intent.argmax(1)
    right = guess == outcomes.true
    return found | {
        "intent accuracy": metrics.share(right),
        "macro F1": round(f1_score(outcomes.true, guess, average="macro"), 4),
        "calibration error": round(
            metrics.expected_calibration_error(outcomes.intent.max(1), right), 4
        ),
    }


def packs(
    strategies: dict[str, FusionStrategy], test: dict[str, Turns], made: EncodedSet
) -> dict[str, dict]:
    """Base and subset -> strategy -> recall@1, where there are such turns."""
    found: dict[str, dict] = {}
    for base in sorted(set(test) - {BASE}):
        for subset in SUBSETS:
            outcomes = {
                name: ask(fusion, test[base], subset, made, base)
                for name, fusion in strategies.items()
            }
            if len(outcomes[UNTRAINED].rank):
                found[f"{base}: {label(subset)}"] = {
                    name: round(float((o.rank < 1).mean()), 4) for name, o in outcomes.items()
                }
    return found


def curve(made: EncodedSet, test: Turns, seed: int, settings: Settings) -> dict[str, dict]:
    """Photos of a product to train on -> recall@1 of question and photo."""
    found = {}
    for count in PHOTOS_A_PRODUCT:
        data = prepare(fewer(made, count), seed, torch.device("cpu"))
        fusion, _ = train(settings.fusion, data, seed, torch.device("cpu"))
        found[str(count)] = metrics.share(ask(fusion, test, ASKED_AND_SHOWN, made, BASE).rank < 1)
    return found


def fewer(made: EncodedSet, count: int) -> EncodedSet:
    """Only the first `count` training photos of each product."""
    taken: dict[tuple[str, ...], int] = {}
    pictures = []
    for picture in made.rows.pictures:
        few = picture.base == BASE and picture.split == "train"
        taken[picture.targets] = taken.get(picture.targets, 0) + few
        if not few or taken[picture.targets] <= count:
            pictures.append(picture)
    return replace(made, rows=replace(made.rows, pictures=tuple(pictures)))


def read_intents(outcomes: Outcomes, names: Sequence[str]) -> dict[str, Any]:
    """Which share of each intent was read as which, and how often those alike sure are right; empty
    where the strategy knows no intents.
    """
    if not len(outcomes.true) or outcomes.true[0] < 0:
        return {}
    guess, sure = outcomes.intent.argmax(1), outcomes.intent.max(1)
    labels = range(len(names))
    table = confusion_matrix(outcomes.true, guess, labels=labels, normalize="true").round(4)
    bins = metrics.reliability(sure, guess == outcomes.true)
    return {
        "confusion": {name: dict(zip(names, row)) for name, row in zip(names, table.tolist())},
        "reliability": {
            f"{own.low:.2f}–{own.high:.2f}": {
                "confidence": round(own.confidence, 4),
                "right": round(own.accuracy, 4),
            }
            for own in bins
        },
    }
