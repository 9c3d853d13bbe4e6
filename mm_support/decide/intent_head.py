"""Fits, stores and finds the head of intents.py.

The shipped head was fitted by assets/training/customer_intents.py for the text encoder that its
file names. For any other encoder one is fitted here when the service loads, from the examples that
ship with the project, and kept in the cache folder: no number of one encoder decides with another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_support.decide.intents import CHOICES, LABELS, LONGEST, N_GRAMS, Head, n_grams
from mm_support.errors import WeightsError
from mm_support.files import readable, replacing
from mm_support.paths import ASSETS, PACKS, WEIGHTS
from mm_support.types import Encode

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

EXAMPLES = ASSETS / "training" / "intents"
HELD_OUT = "held_out"  # name of the examples that no head is fitted to
FOLDS = 5
# share of ordinary questions that may be misread: a person too many costs a company less than a
# customer who does not get one; a question that is taken for a greeting is not answered
FALSE_ALARMS = dict.fromkeys(("person", "upset", "account", "danger"), 0.005) | {
    "follow_up": 0.005,
    "unresolved": 0.005,
}  # these two count only beside a turn before
FALSE_ALARM = 0.002  # of every other label
LEAST = 0.05  # no threshold lies below: what is so unlikely is not said of anything
NEVER = -30.0  # logit of a class without examples
SPREAD = 0.3  # length of a scaled vector: 1 / SPREAD, against 1 of the letters
INVERSE_PENALTY = 3.0  # of the logistic regression (C), chosen by cross-validation on the examples


@dataclass(frozen=True)
class Example:
    """A message and what it does: labels of intents.LABELS, none for an ordinary question; and the
    candidate that it chooses, if any. group: examples of one group are never on both sides of a
    cross-validation.
    """

    text: str
    labels: tuple[str, ...] = ()
    choice: str = ""
    language: str = "en"
    group: str = ""


def read_examples(folder: Path = EXAMPLES, held_out: bool = False) -> list[Example]:
    """The written examples, or those that are held out. Raises WeightsError for a damaged file."""
    files = sorted(path for path in folder.glob("*.jsonl") if (path.stem == HELD_OUT) == held_out)
    if not files:
        raise WeightsError(f"There are no examples of intents in {folder}; install it again.")
    return [_example(path, line) for path in files for line in path.read_text("utf-8").splitlines()]


def _example(path: Path, line: str) -> Example:
    try:
        row = json.loads(line)
        labels = tuple(row["labels"])
        if not set(labels) <= set(LABELS) or row.get("choice", "") not in CHOICES:
            raise ValueError(labels)
        language = row.get("language", path.stem)
        return Example(row["text"], labels, row.get("choice", ""), language)
    except (ValueError, KeyError, TypeError) as exc:
        raise WeightsError(f"{path.name} holds a line that is no example: {line[:80]}") from exc


def everyday(folder: Path = PACKS) -> list[Example]:
    """The questions of all packs as ordinary ones; those of entries that only people may handle are
    left out: they report dangers and complaints.
    """
    found = []
    for path in sorted(folder.glob("*/entries.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if not entry.get("human_only"):
                group = path.parent.name
                found += [Example(text, group=group) for text in entry.get("questions", ())]
    return found


def fit(
    examples: Sequence[Example],
    ordinary: Sequence[Example],
    encode: Encode,
    made_for: str,
    readers: Sequence[Example] = (),
) -> Head:
    """A head for the encoder that `encode` stands for. Labels get a temperature and thresholds by
    cross-validation, in which no group of ordinary questions judges a head that has seen it.
    readers: questions that customers do not ask; they are learned from and set no threshold.
    """
    rows = [*examples, *ordinary, *readers]
    vectors = encode([row.text for row in rows])
    table = Table.of([row.text for row in rows], vectors)
    told = cross_validated(table, rows)
    temperature = find_temperature(told, rows)
    customers = slice(len(examples), len(examples) + len(ordinary))
    thresholds = find_thresholds(tempered(told, temperature)[customers])
    labels = table.regression(*_targets(rows), len(LABELS))
    chosen = np.array([place for place, row in enumerate(examples) if "choose" in row.labels])
    which = np.array([CHOICES.index(rows[place].choice) for place in chosen])
    choices = table.regression(chosen, which, np.ones(len(chosen)), len(CHOICES))
    weights = np.hstack([labels.weights / temperature, choices.weights])
    bias = np.concatenate([labels.bias / temperature, choices.bias])
    return Head(weights.astype(np.float32), bias.astype(np.float32), thresholds, made_for)


@dataclass(frozen=True, eq=False)
class Linear:
    """weights: (d_text + N_GRAMS, classes), bias: (classes,), for features that are not scaled."""

    weights: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True, eq=False)
class Table:
    """Features of n texts. values: (n, d_text + N_GRAMS), the vectors scaled with mean and
    deviation, both (d_text,).
    """

    values: csr_matrix
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], vectors: np.ndarray) -> Table:
        from scipy.sparse import csr_matrix, hstack

        mean = vectors.mean(axis=0)
        deviation = vectors.std(axis=0)
        deviation = (deviation + deviation.mean() / 10) * SPREAD * vectors.shape[1] ** 0.5
        grams = [n_grams(text) for text in texts]
        ends = np.cumsum([0, *(len(places) for places, _ in grams)])
        places = np.concatenate([own for own, _ in grams])
        shares = np.concatenate([own for _, own in grams])
        letters = csr_matrix((shares, places, ends), shape=(len(texts), N_GRAMS))
        scaled = csr_matrix((vectors - mean) / deviation)
        return cls(csr_matrix(hstack([scaled, letters])), mean, deviation)

    def regression(
        self, places: np.ndarray, classes: np.ndarray, weights: np.ndarray, count: int
    ) -> Linear:
        """Multinomial logistic regression of the rows at `places` on their classes, of which there
        are `count`; one without a row is never likely.
        """
        fitted, d_text = self._fitted(places, classes, weights), len(self.mean)
        found = fitted.coef_.T.copy()
        found[:d_text] /= self.deviation[:, None]
        coefficients = np.zeros((len(found), count))
        coefficients[:, fitted.classes_] = found
        bias = np.full(count, NEVER)
        bias[fitted.classes_] = fitted.intercept_ - self.mean @ found[:d_text]
        return Linear(coefficients, bias)

    def probabilities(
        self, places: np.ndarray, classes: np.ndarray, weights: np.ndarray, wanted: np.ndarray
    ) -> np.ndarray:
        """(len(wanted), labels): of other rows, by a regression on those at `places`."""
        fitted = self._fitted(places, classes, weights)
        told = np.zeros((len(wanted), len(LABELS)))
        told[:, fitted.classes_] = fitted.predict_proba(self.values[wanted])
        return told

    def _fitted(self, places: np.ndarray, classes: np.ndarray, weights: np.ndarray):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=300)
        return model.fit(self.values[places], classes, sample_weight=weights)


def _targets(
    rows: Sequence[Example], kept: Sequence[int] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(m,) places of rows, (m,) their labels, (m,) weights: a row with two labels counts half for
    each.
    """
    pairs = [
        (place, LABELS.index(label), 1 / max(len(rows[place].labels), 1))
        for place in (range(len(rows)) if kept is None else kept)
        for label in rows[place].labels or ("none",)
    ]
    places, labels, weights = zip(*pairs)
    return np.array(places), np.array(labels), np.array(weights)


def cross_validated(table: Table, rows: Sequence[Example]) -> np.ndarray:
    """(n, labels): each row's probabilities by a head that has not seen its group."""
    from sklearn.model_selection import GroupKFold

    groups = [row.group or f"{row.text} {place}" for place, row in enumerate(rows)]
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    told = np.zeros((len(rows), len(LABELS)))
    for seen, unseen in folds.split(rows, groups=groups):
        told[unseen] = table.probabilities(*_targets(rows, seen.tolist()), unseen)
    return told


def find_temperature(told: np.ndarray, rows: Sequence[Example]) -> float:
    """The temperature by which unseen rows become likeliest (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    places, labels, weights = _targets(rows)

    def loss(logarithm: float) -> float:
        right = tempered(told, float(np.exp(logarithm)))[places, labels]
        return float(-(weights * np.log(right + 1e-12)).sum())

    found: Any = minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded")
    return float(np.exp(found.x))


def tempered(told: np.ndarray, temperature: float) -> np.ndarray:
    """(n, classes) probabilities of logits that are divided by the temperature."""
    raised = (told + 1e-12) ** (1 / temperature)
    return raised / raised.sum(axis=1, keepdims=True)


def find_thresholds(ordinary: np.ndarray) -> dict[str, float]:
    """label -> the least probability that no more of the ordinary questions reach than may.

    ordinary: (n, labels).
    """
    return {
        label: max(_exceeded(ordinary[:, place], FALSE_ALARMS.get(label, FALSE_ALARM)), LEAST)
        for place, label in enumerate(LABELS[:-1])
    }


def _exceeded(told: np.ndarray, share: float) -> float:
    """What at most this share of the probabilities lies above."""
    return float(np.quantile(told, 1 - share, method="higher"))


def head_file(text_model: str, folder: Path = WEIGHTS) -> Path:
    """Where the head for a text encoder is shipped, by the last part of the encoder's name."""
    name = text_model.rstrip("/").replace(":", "/").rpartition("/")[2]
    return folder / f"intents-{name}.safetensors"


def save_head(head: Head, path: Path, card: Mapping[str, object]) -> None:
    from safetensors.numpy import save_file

    values = {"weights": head.weights.astype(np.float16), "bias": head.bias}
    thresholds = json.dumps(head.thresholds)
    told = {"made_for": head.made_for, "thresholds": thresholds, "card": json.dumps(card)}
    with replacing(path) as beside:
        save_file(values, beside, told)


def load_head(path: Path) -> Head:
    """Raises WeightsError where the file is missing or damaged."""
    from safetensors import safe_open

    with readable(path, "install it again, or run `python -m assets.training.customer_intents`"):
        with safe_open(path, "numpy") as file:
            told = file.metadata()
            weights = file.get_tensor("weights").astype(np.float32)
            bias = file.get_tensor("bias")
        if bias.shape != (len(LABELS) + len(CHOICES),) or len(weights) <= N_GRAMS:
            raise ValueError(bias.shape)
        return Head(weights, bias, json.loads(told["thresholds"]), told["made_for"])


def head_for(text_model: str, encode: Encode, cache_dir: Path, say: Callable[[str], None]) -> Head:
    """The shipped head where there is one for this text encoder; otherwise one that is fitted now,
    once, and kept in the cache folder.
    """
    shipped = head_file(text_model)
    if shipped.is_file():
        head = load_head(shipped)
        if head.made_for == text_model:
            return head
    kept = cache_dir / "derived" / f"intents-{_version(text_model)}.safetensors"
    if kept.is_file():
        return load_head(kept)
    say("Learning what customers do from examples, for this text encoder")
    head = fit(read_examples(), everyday(), encode, text_model)
    save_head(head, kept, {"data": "the examples and packs that ship with the project"})
    return head


def _version(text_model: str) -> str:
    """Names the encoder, what is read, the examples and the packs: with others a head is fitted
    anew.
    """
    shape = (text_model, LABELS, CHOICES, N_GRAMS, LONGEST)
    digest = hashlib.sha256(repr(shape).encode())
    for path in sorted([*EXAMPLES.glob("*.jsonl"), *PACKS.glob("*/entries.jsonl")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
