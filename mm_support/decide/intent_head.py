"""Stores and finds the head of intents.py.

The shipped head was fitted by assets/training/customer_intents.py for the text encoder that its
file names. For any other encoder one is fitted when the service loads, from the examples that ship
with the project, and kept in the cache folder: no number of one encoder decides with another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mm_support.decide.intent_examples import EXAMPLES, everyday, read_examples
from mm_support.decide.intents import (
    CHOICES,
    LABELS,
    LONGEST,
    N_GRAMS,
    EncodePieces,
    Head,
    Layers,
)
from mm_support.encode.text_models import version_of
from mm_support.files import readable, replacing
from mm_support.paths import PACKS, WEIGHTS, last_part


def head_file(text_model: str) -> Path:
    """Where the head for a text encoder is shipped, by the last part of the encoder's name."""
    return WEIGHTS / f"intents-{last_part(text_model)}.safetensors"


def save_head(head: Head, path: Path, card: Mapping[str, object]) -> None:
    from safetensors.numpy import save_file

    values = {"linear": head.linear, **head.layers._asdict()}
    # laid out row by row: the file takes the memory as it is
    values = {name: np.ascontiguousarray(own, np.float16) for name, own in values.items()}
    values["bias"] = head.bias
    thresholds = json.dumps(head.thresholds)
    told = {"made_for": head.made_for, "thresholds": thresholds, "card": json.dumps(card)}
    with replacing(path) as beside:
        save_file(values, beside, told)


def load_head(path: Path) -> Head:
    """Raises WeightsError where the file is missing or damaged."""
    from safetensors import safe_open

    with readable(path, "install it again, or run `python -m assets.training.customer_intents`"):
        with safe_open(path, "numpy") as file:
            told, names = file.metadata(), ("linear", "bias", *Layers._fields)
            values = [file.get_tensor(name).astype(np.float32) for name in names]
        linear, bias, *layers = values
        if bias.shape != (len(LABELS) + len(CHOICES),) or len(linear) <= N_GRAMS:
            raise ValueError(bias.shape)
        thresholds = json.loads(told["thresholds"])
        return Head(Layers(*layers), linear, bias, thresholds, told["made_for"])


def head_for(
    text_model: str, encode: EncodePieces, cache_dir: Path, say: Callable[[str], None]
) -> Head:
    """The shipped head where there is one for this text encoder; otherwise one that is fitted now,
    once, and kept in the cache folder.
    """
    shipped = head_file(text_model)
    if shipped.is_file():
        head = load_head(shipped)
        if head.made_for == version_of(text_model):
            return head
    kept = cache_dir / "derived" / f"intents-{_version(text_model)}.safetensors"
    if kept.is_file():
        return load_head(kept)
    from mm_support.decide.intent_fitting import fit  # imports torch

    say("Learning what customers do from examples, for this text encoder")
    # of one network: the service waits for it
    head = fit(read_examples(), everyday(), encode, version_of(text_model), networks=1)
    save_head(head, kept, {"data": "the examples and packs that ship with the project"})
    return head


def _version(text_model: str) -> str:
    """Names the encoder, what is read, the examples and the packs: with others a head is fitted
    anew.
    """
    layers = (*Layers._fields, "of early pieces too", "of one network")
    shape = (version_of(text_model), LABELS, CHOICES, N_GRAMS, LONGEST, layers)
    digest = hashlib.sha256(repr(shape).encode())
    for path in sorted([*EXAMPLES.glob("*.jsonl"), *PACKS.glob("*/entries.jsonl")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
