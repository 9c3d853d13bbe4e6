"""Trained fusion on disk: one safetensors file a strategy, with a card inside, beside the code.

A trained strategy only fits the encoders whose vectors it learned from, so the file names them.
With other encoders, or without a file, the strategy starts untrained. Knows nothing of training.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from mm_support.config import Settings
from mm_support.encode.text_models import version_of
from mm_support.files import readable, replacing
from mm_support.paths import WEIGHTS, fitted_to
from mm_support.weights import sha256_of

if TYPE_CHECKING:
    from mm_support.fuse.strategies import FusionStrategy

log = logging.getLogger(__name__)

# an encoder whose weights are trained here
CLIP_LITE = ("package:clip-lite", WEIGHTS / "clip-lite.safetensors")


def fusion_file(strategy: str, folder: Path) -> Path:
    return folder / f"fusion-{strategy}.safetensors"


def load_fusion(
    settings: Settings, d_text: int, d_picture: int, folder: Path | None = None
) -> FusionStrategy:
    """The strategy of the settings, trained where there are weights for these encoders, else
    untrained. Without a folder, one's own weights come first, then those that ship.

    Raises InputError for an unknown strategy, WeightsError for a file that is damaged.
    """
    from mm_support.fuse.strategies import build_fusion

    untrained = build_fusion(settings.fusion, d_text, d_picture)
    shipped = fitted_to(settings.text_model)
    for place in (settings.own_weights, shipped) if folder is None else (folder,):
        path = fusion_file(settings.fusion, place)
        trained = _read(path, settings, d_text, d_picture) if path.is_file() else None
        if trained:
            return trained.eval()
    return untrained


def _read(path: Path, settings: Settings, d_text: int, d_picture: int) -> FusionStrategy | None:
    """What a file holds; None where it was trained for other encoders."""
    from safetensors import safe_open

    from mm_support.fuse.strategies import build_fusion

    with readable(path, "delete it or run `python -m mm_support train fusion`"):
        with safe_open(path, "pt") as file:
            card = json.loads(file.metadata()["card"])
            if card["made_for"] != made_for(settings):
                log.warning("%s was trained for other encoders and is not used", path)
                return None
            values = {name: file.get_tensor(name).float() for name in file.keys()}
        intents, kinds = tuple(card["intents"]), len(values["known"])
        trained = build_fusion(settings.fusion, d_text, d_picture, intents, kinds)
        trained.load_state_dict(values)
        return trained


def save_fusion(fusion: FusionStrategy, card: dict, folder: Path) -> Path:
    """card must name `made_for`."""
    from safetensors.torch import save_file

    path = fusion_file(fusion.name, folder)
    values = {name: value.half().contiguous() for name, value in fusion.state_dict().items()}
    with replacing(path) as beside:
        save_file(values, beside, {"card": json.dumps({**card, "intents": fusion.intents})})
    return path


def made_for(settings: Settings) -> str:
    """16 hex digits that name the encoders, their trained weights included."""
    name, weights = CLIP_LITE
    trained = sha256_of(weights) if settings.image_model == name and weights.is_file() else ""
    named = f"{version_of(settings.text_model)}\n{settings.image_model}\n{trained}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]
