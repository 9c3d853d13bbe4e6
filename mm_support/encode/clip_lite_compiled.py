"""clip-lite on a processor: its networks compiled for it, without open_clip, timm and transformers,
which take seconds and 300 MB to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor, nn

from mm_support.config import Settings
from mm_support.device import Device, torch_threads, usable_threads
from mm_support.encode.clip_lite import (
    CLASSIFIER,
    MEANING,
    NAME,
    READER,
    SIZE,
    TOWER,
    TRAINED,
    Head,
    Visual,
    build_clip_lite,
    calibration_of,
    colours,
    head_of,
    joined,
    middle,
    trained_values,
)
from mm_support.encode.compiled import Compiled, compiled
from mm_support.encode.image import PHOTOS, TEMPLATE, Calibration, Labelling
from mm_support.encode.text import TextEncoder, load_text_encoder
from mm_support.weights import PREFIX, package_weights, sha256_of


class OneLook(nn.Module):
    """(n, 3, SIZE, SIZE) -> (n, 1280 + d): what is compiled."""

    def __init__(self, visual: Visual) -> None:
        super().__init__()
        self.visual = visual

    def forward(self, pixels: Tensor) -> Tensor:
        return self.visual.seen(self.visual.lower(pixels))


class CompiledClipLite(Labelling):
    """look: OneLook, compiled. reader: of words, MEANING values each."""

    def __init__(
        self, look: Compiled, head: Head, reader: TextEncoder, calibration: Calibration
    ) -> None:
        self._look, self._head, self._reader = look, head, reader
        self.dim: int = MEANING + head.stretch.shape[1]
        super().__init__(calibration)

    def encode(self, photos: Sequence[Image.Image]) -> np.ndarray:
        """(n, dim) float32 unit rows; photos of any size, in RGB."""
        groups = [photos[start : start + PHOTOS] for start in range(0, len(photos), PHOTOS)]
        with ThreadPoolExecutor(usable_threads()) as pool:
            rows = list(pool.map(self._encode, groups))
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), np.float32)

    def encode_words(self, words: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows; zeros where a photo has its look."""
        meaning = self._reader.encode([TEMPLATE.format(word) for word in words])
        return np.pad(meaning, ((0, 0), (0, self.dim - MEANING)))

    def _encode(self, photos: Sequence[Image.Image]) -> np.ndarray:
        """What is compiled has threads of its own; the rest is little."""
        with torch.inference_mode(), torch_threads(1):
            pixels = torch.from_numpy(np.stack([_pixels(photo) for photo in photos]))
            whole, close = self._look(torch.cat([pixels, middle(pixels)])).chunk(2)
            return self._head(*joined(whole, close, colours(pixels))).numpy()


def _pixels(photo: Image.Image) -> np.ndarray:
    """(3, SIZE, SIZE) in -1..1: squeezed into a square, as clip_lite.PREPROCESSING says."""
    small = photo.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return (np.asarray(small, np.float32) / 127.5 - 1).transpose(2, 0, 1)


def load_compiled(settings: Settings, device: Device) -> CompiledClipLite | None:
    """None where nothing can be compiled. Raises WeightsError for weights that are missing or
    damaged.
    """
    values, tower = trained_values(), package_weights(TOWER, settings.cache_dir)
    look = compiled(
        f"{NAME}-{tower.name}-{sha256_of(TRAINED)[:12]}",
        lambda: OneLook(cast("Visual", build_clip_lite(settings.cache_dir).model.visual)).eval(),
        (torch.zeros(2, 3, SIZE, SIZE),),
        (0,),
        device.dtype,
        settings.cache_dir,
    )
    if look is None:
        return None
    with safe_open(tower / "model.safetensors", "pt") as file:
        head = head_of({name: file.get_tensor(name) for name in CLASSIFIER}, values)
    reader = load_text_encoder(settings.with_changes(text_model=PREFIX + READER), device)
    return CompiledClipLite(look, head, reader, Calibration(*calibration_of(values)))
