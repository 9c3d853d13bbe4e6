"""Whisper's weights: of a package, of a folder, or one of OpenAI's models by name.

Knows nothing of sound or of decoding.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mm_support.device import Device
from mm_support.errors import WeightsError
from mm_support.fast_init import without_random_weights
from mm_support.files import readable
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    from whisper.model import Whisper


def load_whisper(name: str, cache_dir: Path, device: Device) -> Whisper:
    """On the device, in its number format; layer norms stay in float32, as Whisper computes them.

    Raises WeightsError where the model cannot be had or is damaged.
    """
    from torch import nn

    model = _loaded(name, cache_dir).eval().requires_grad_(False).to(device.device)
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Embedding)):
            module.to(device.dtype)
    return model


def _loaded(name: str, cache_dir: Path) -> Whisper:
    if name.startswith(PREFIX):
        return _from_folder(package_weights(name, cache_dir))
    return _from_folder(Path(name)) if Path(name).is_dir() else _from_hub(name, cache_dir)


def _from_folder(folder: Path) -> Whisper:
    """folder: holds config.json (whisper's ModelDimensions) and model.safetensors."""
    from safetensors.torch import load_file
    from whisper.model import ModelDimensions, Whisper

    with readable(folder, "a Whisper model has config.json (its dimensions) and model.safetensors"):
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        with without_random_weights():
            model = Whisper(ModelDimensions(**config))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model


def _from_hub(name: str, cache_dir: Path) -> Whisper:
    """One of OpenAI's models by name; openai-whisper downloads it and checks its sha256."""
    import whisper

    if name not in whisper.available_models():
        raise WeightsError(
            f"No speech model is called {name!r}; choose one of"
            f" {', '.join(whisper.available_models())}."
        )
    try:
        return whisper.load_model(name, device="cpu", download_root=str(cache_dir / "whisper"))
    except (OSError, RuntimeError) as exc:
        raise WeightsError(
            f"Whisper {name!r} could not be downloaded: connect to the internet, or use the profile"
            " 'embedded'."
        ) from exc
