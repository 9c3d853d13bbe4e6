"""What a customer wants, among the intents of somebody's own examples; or that it is none of them.

A multinomial logistic regression on the text encoder's vectors as they are (train/intents.py fits
it), and a second, small one that tells from its scores how likely the best intent is right. Knows
no encoder: what goes in are vectors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.config import Settings
from mm_support.errors import WeightsError
from mm_support.types import Intent


@dataclass(frozen=True, eq=False)
class IntentClassifier:
    """intents: names of the c classes. weights: (c, d), bias: (c,) of their logits. centres: (c, d)
    unit vectors, the mean of each intent's examples. calibration: (4,), weights of the evidence and
    a bias. threshold: what is less likely to be right belongs to no intent. made_for: the text
    encoder whose vectors these are.
    """

    intents: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray
    centres: np.ndarray
    calibration: np.ndarray
    threshold: float
    made_for: str

    def predict(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) unit vectors -> (n,) indices of the best intents, (n,) probabilities."""
        logits = vectors @ self.weights.T + self.bias
        evidence = evidence_of(logits, vectors @ self.centres.T)
        logit = evidence @ self.calibration[:-1] + self.calibration[-1]
        return logits.argmax(axis=1), 0.5 * (1 + np.tanh(logit / 2))

    def intent(self, vector: np.ndarray) -> Intent | None:
        """The intent of a text's (d,) unit vector; None where it is none of them."""
        (best,), (probability,) = self.predict(vector[None])
        if probability < self.threshold:
            return None
        return Intent(self.intents[best], float(probability))


def evidence_of(logits: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    """(n, 3) what speaks for the best intent: its margin over the second, its logit, and the cosine
    to the nearest centre. logits, cosines: (n, c).
    """
    ordered = np.sort(logits, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    return np.stack([margin, ordered[:, -1], cosines.max(axis=1)], axis=1)


def intents_file(settings: Settings, knowledge: str = "") -> Path:
    """Where the classifier of a base lies, or the one of all bases."""
    name = f"intents-{knowledge}" if knowledge else "intents"
    return settings.data_dir / "weights" / f"{name}.safetensors"


def save_intents(classifier: IntentClassifier, card: dict[str, Any], path: Path) -> None:
    """Beside the old file, then renamed."""
    from safetensors.numpy import save_file

    values = {name: getattr(classifier, name) for name in ("weights", "bias", "centres")}
    values["calibration"] = classifier.calibration
    about = {name: getattr(classifier, name) for name in ("intents", "threshold", "made_for")}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    packed = {name: np.ascontiguousarray(value, np.float32) for name, value in values.items()}
    save_file(packed, beside, {"classifier": json.dumps(about), "card": json.dumps(card)})
    beside.replace(path)


def load_intents(settings: Settings, knowledge: str = "") -> IntentClassifier | None:
    """The classifier of a base, or else of all bases; None where there is none for this encoder.

    Raises WeightsError for a damaged file.
    """
    paths = dict.fromkeys([intents_file(settings, knowledge), intents_file(settings)])
    found = (_read(path) for path in paths if path.is_file())
    return next((one for one in found if one.made_for == settings.text_model), None)


def _read(path: Path) -> IntentClassifier:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            about = json.loads(file.metadata()["classifier"])
            values = {name: file.get_tensor(name) for name in file.keys()}
        return IntentClassifier(tuple(about.pop("intents")), **about, **values)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as exc:
        raise WeightsError(
            f"{path} cannot be read; delete it or run `mm-support train intents`."
        ) from exc
