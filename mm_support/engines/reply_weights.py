"""The files of the packaged reply model: its GGUF with the adapter folded in that was trained for
it, and the hub's layout of either.

Both are made once and kept in the cache folder. Knows no engine.
"""

from __future__ import annotations

from pathlib import Path

from mm_support.config import Settings
from mm_support.engines.gguf_file import PEFT_WEIGHTS, fold_adapter, write_hub_folder
from mm_support.paths import WEIGHTS
from mm_support.weights import PREFIX, derived_weights, package_weights, sha256_of

ADAPTERS = {"SmolLM2-135M-Instruct": WEIGHTS / "reply-lora.safetensors"}


def packaged_gguf(settings: Settings) -> Path:
    """The GGUF of settings.reply_model as the package has it. Raises WeightsError."""
    return next(package_weights(settings.reply_model, settings.cache_dir).glob("*.gguf"))


def trained_gguf(settings: Settings) -> Path:
    """The same with its adapter, <model>-grounded.gguf, one's own where there is one; as packaged
    where there is none for it. Raises WeightsError.
    """
    plain, name = packaged_gguf(settings), settings.reply_model.removeprefix(PREFIX)
    own = own_adapter(settings)
    adapter = own if own.is_dir() else ADAPTERS.get(name)
    if adapter is None or not adapter.exists():
        return plain
    target = f"{name}-grounded.gguf"
    weights = adapter / PEFT_WEIGHTS if adapter.is_dir() else adapter
    folder = derived_weights(
        f"{plain.parent.name}-{sha256_of(weights)[:12]}",
        settings.cache_dir,
        lambda folder: fold_adapter(plain, adapter, folder / target),
    )
    return folder / target


def own_adapter(settings: Settings) -> Path:
    """The folder of an adapter that was trained here for settings.reply_model
    (assets/training/reply.py)."""
    name = settings.reply_model.removeprefix(PREFIX)
    return settings.own_weights / f"reply-{name}"


def hub_folder(gguf: Path, settings: Settings) -> Path:
    """config.json, tokenizer and model.safetensors of one of these files. Raises WeightsError."""
    name = f"{gguf.parent.name}-hub"
    return derived_weights(name, settings.cache_dir, lambda folder: write_hub_folder(gguf, folder))
