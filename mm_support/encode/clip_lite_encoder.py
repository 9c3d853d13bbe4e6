"""clip-lite as an image encoder: compiled on a processor, where neither timm nor transformers is
imported, which takes seconds and 300 MB; by torch elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor

from mm_support.config import Settings
from mm_support.device import Device, torch_threads, usable_threads
from mm_support.encode.clip_lite import (
    CLASSIFIER,
    MEANING,
    NAME,
    SIZE,
    TOWER,
    TRAINED,
    Head,
    build_visual,
    calibration_of,
    colours,
    head_of,
    joined,
    middle,
    trained_values,
)
from mm_support.encode.compiled import compiled
from mm_support.encode.image import PHOTOS, TEMPLATE, Calibration, Labelling
from mm_support.encode.text import TextEncoder, load_text_encoder
from mm_support.weights import PREFIX, package_weights, sha256_of

READER = "all-MiniLM-L6-v2"
Look = Callable[[Tensor], Tensor]  # as Visual.forward, on the CPU


class ClipLite(Labelling):
    """reader: of words, MEANING values each."""

    def __init__(
        self, look: Look, head: Head, reader: TextEncoder, calibration: Calibration
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
        """What looks has threads of its own; the rest is little."""
        with torch.inference_mode(), torch_threads(1):
            pixels = torch.stack([pixels_of(photo) for photo in photos])
            whole, close = self._look(torch.cat([pixels, middle(pixels)])).chunk(2)
            return self._head(*joined(whole, close, colours(pixels))).numpy()


def pixels_of(photo: Image.Image) -> Tensor:
    """(3, SIZE, SIZE) in -1..1: squeezed into a square."""
    small = photo.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return torch.from_numpy((np.asarray(small, np.float32) / 127.5 - 1).transpose(2, 0, 1))


def load_clip_lite(settings: Settings, device: Device) -> ClipLite:
    """Raises WeightsError for weights that are missing or damaged."""
    values, tower = trained_values(), package_weights(TOWER, settings.cache_dir)
    with safe_open(tower / "model.safetensors", "pt") as file:
        head = head_of({name: file.get_tensor(name) for name in CLASSIFIER}, values)
    look, reader = _look(settings, device), load_reader(settings, device)
    return ClipLite(look, head, reader, Calibration(*calibration_of(values)))


def load_reader(settings: Settings, device: Device) -> TextEncoder:
    """Raises WeightsError where it cannot be had."""
    return load_text_encoder(settings.with_changes(text_model=PREFIX + READER), device)


def _look(settings: Settings, device: Device) -> Look:
    tower = package_weights(TOWER, settings.cache_dir)
    made = device.device.type == "cpu" and compiled(
        f"{NAME}-{tower.name}-{sha256_of(TRAINED)[:12]}",
        lambda: build_visual(settings.cache_dir),
        (torch.zeros(2, 3, SIZE, SIZE),),
        (0,),
        device.dtype,
        settings.cache_dir,
    )
    return made or _by_torch(settings, device)


def _by_torch(settings: Settings, device: Device) -> Look:
    visual, kind = build_visual(settings.cache_dir).to(device.device), device.device.type

    def look(pixels: Tensor) -> Tensor:
        lower = torch.autocast(kind, device.dtype, enabled=device.dtype != torch.float32)
        with lower, torch_threads():
            return visual(pixels.to(device.device)).float().cpu()

    return look
