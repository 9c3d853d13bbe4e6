"""What a customer wants, among the intents of somebody's own examples; or that it is none of them.

A kernel ridge regression on the text encoder's vectors as they are (train/intents.py fits it), and
a logistic regression that tells from its scores how likely the best intent is right. Knows no
encoder: what goes in are vectors.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.config import Settings
from mm_support.encode.text_models import version_of
from mm_support.errors import WeightsError
from mm_support.files import readable, replacing
from mm_support.types import Encode, Intent

log = logging.getLogger(__name__)

Stamps = tuple[int, ...]  # when each file was changed; 0 where there is none
KERNEL_WIDTH = 2.0  # kernel = exp(-KERNEL_WIDTH * (1 - cosine))


@dataclass(frozen=True, eq=False)
class IntentClassifier:
    """intents: names of the c classes. support: (m, d) unit vectors of examples; weights: (m, c)
    what each says about each intent. calibration: (4,) weights of the evidence and a bias.
    threshold: what is less likely to be right belongs to no intent. made_for: the text encoder
    whose vectors these are.
    """

    intents: tuple[str, ...]
    support: np.ndarray
    weights: np.ndarray
    calibration: np.ndarray
    threshold: float
    made_for: str

    def predict(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) unit vectors -> (n,) indices of the best intents, (n,) probabilities."""
        best, evidence = self.judge(vectors)
        logit = evidence @ self.calibration[:-1] + self.calibration[-1]
        return best, 0.5 * (1 + np.tanh(logit / 2))

    def judge(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) indices of the best intents, and (n, 3) what speaks for each: how far it is ahead of
        the second, its score, and the cosine to the nearest example. Far from every example all
        scores are close to 0.
        """
        cosines = vectors @ self.support.T
        scores = np.exp(KERNEL_WIDTH * (cosines - 1)) @ self.weights
        ordered = np.sort(scores, axis=1)
        ahead = ordered[:, -1] - ordered[:, -2]
        return scores.argmax(axis=1), np.stack([ahead, ordered[:, -1], cosines.max(axis=1)], axis=1)

    def intent(self, vector: np.ndarray) -> Intent | None:
        """The intent of a text's (d,) unit vector; None where it is none of them."""
        (best,), (probability,) = self.predict(vector[None])
        if probability < self.threshold:
            return None
        return Intent(self.intents[best], float(probability))


def intents_file(settings: Settings, knowledge: str = "") -> Path:
    """Where the classifier of a base lies, or the one of all bases."""
    name = f"intents-{knowledge}" if knowledge else "intents"
    return settings.own_weights / f"{name}.safetensors"


def save_intents(classifier: IntentClassifier, card: dict[str, Any], path: Path) -> None:
    from safetensors.numpy import save_file

    values = {name: getattr(classifier, name) for name in ("support", "weights", "calibration")}
    about = {name: getattr(classifier, name) for name in ("intents", "threshold", "made_for")}
    packed = {name: np.ascontiguousarray(value, np.float32) for name, value in values.items()}
    with replacing(path) as beside:
        save_file(packed, beside, {"classifier": json.dumps(about), "card": json.dumps(card)})


def load_intents(settings: Settings, knowledge: str = "") -> IntentClassifier | None:
    """The classifier of a base, or else of all bases; None where there is none for this encoder.

    Raises WeightsError for a damaged file.
    """
    paths = dict.fromkeys([intents_file(settings, knowledge), intents_file(settings)])
    found = (_read(path) for path in paths if path.is_file())
    return next((one for one in found if one.made_for == version_of(settings.text_model)), None)


class BaseIntents:
    """The intents of bases, where somebody trained a classifier: a file that is new or changed is
    read when the next customer asks. A damaged one is said in the log and predicts nothing.
    """

    def __init__(self, settings: Settings, encode: Encode) -> None:
        self._settings, self._encode = settings, encode
        self._known: dict[str, tuple[Stamps, IntentClassifier | None]] = {}

    def of(self, knowledge: str, words: str) -> Intent | None:
        """What is wanted with these words; None where nothing was trained, or it is no intent."""
        classifier = self._classifier(knowledge) if words else None
        return classifier.intent(self._encode([words])[0]) if classifier else None

    def _classifier(self, knowledge: str) -> IntentClassifier | None:
        paths = (intents_file(self._settings, knowledge), intents_file(self._settings))
        stamps = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths)
        if self._known.get(knowledge, (None,))[0] != stamps:
            self._known[knowledge] = stamps, self._load(knowledge)
        return self._known[knowledge][1]

    def _load(self, knowledge: str) -> IntentClassifier | None:
        try:
            return load_intents(self._settings, knowledge)
        except WeightsError as exc:
            log.warning("intents are not predicted: %s", exc)
            return None


def _read(path: Path) -> IntentClassifier:
    from safetensors import safe_open

    with readable(path, "delete it or run `mm-support train intents`"):
        with safe_open(path, "np") as file:
            about = json.loads(file.metadata()["classifier"])
            values = {name: file.get_tensor(name) for name in file.keys()}
        return IntentClassifier(tuple(about.pop("intents")), **about, **values)
