"""Seeing: seconds a photo, one by one and in a batch, beside the same tower as timm builds it, and
all that a photo is asked.

Photos are drawn, of about a megapixel. How well the encoder recognises is not judged here:
assets/training/image.py does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from mm_support.bench.cost import median, seconds
from mm_support.config import Settings
from mm_support.device import Device, resolve_device
from mm_support.encode.image import load_image_encoder
from mm_support.encode.ocr import load_text_reader
from mm_support.knowledge.scoring import Lists, picture_logits, picture_scores
from mm_support.paths import EXAMPLES

PHOTOS = 64
ROUNDS = 2
SIDE = 1_000  # pixels
DISPLAY = EXAMPLES / "washer-e24.jpg"
ENTRIES = 1_000  # each with one picture and a title


def measure(settings: Settings) -> dict[str, Any]:
    """Medians in seconds a photo; one by one and as a batch in turn, so that a busy machine slows
    both.
    """
    device = resolve_device(settings.device)
    encoder, plain = load_image_encoder(settings, device), _plain_tower(device)
    photos = _photos()
    encoder.encode(photos[:2])
    plain(photos[0])
    single, batch, theirs = [], [], []
    for start in range(0, ROUNDS * 8, 8):
        few = photos[start : start + 8]
        single += [seconds(partial(encoder.encode, [photo])) for photo in few]
        theirs += [seconds(partial(plain, photo)) for photo in few]
        batch.append(seconds(lambda: encoder.encode(photos)) / PHOTOS)
    vectors = encoder.encode(photos)
    pictures = vectors[np.arange(ENTRIES) % PHOTOS]
    words = encoder.encode_words(["washing machine"])[0]
    match = [seconds(partial(_match, v, pictures, words)) for v in vectors[:5]]
    label = [seconds(partial(encoder.label, v)) for v in vectors[:20]]
    reader, shown = load_text_reader(settings), Image.open(DISPLAY).convert("RGB")

    def everything() -> None:
        vector = encoder.encode([shown])[0]
        encoder.label(vector)
        reader.read(shown)
        _match(vector, pictures, words)

    whole = [seconds(everything) for _ in range(6)][1:]
    one, many = median(single, 6), median(batch, 6)
    return {
        "photo_s": round(one, 4),
        "photo_in_a_batch_of_64_s": round(many, 4),
        "batch_is_faster_by": round(one / many, 2),
        "photo_timm_as_it_comes_s": median(theirs, 4),
        "labels_s": median(label, 4),
        "match_against_1000_entries_s": median(match, 4),
        "display_labelled_read_and_matched_s": median(whole, 4),
    }


def _match(photo: np.ndarray, pictures: np.ndarray, words: np.ndarray) -> np.ndarray:
    """(n,) scores of n entries with a picture each, as a search gives them."""
    import torch

    one = torch.ones(len(pictures), dtype=torch.long)
    shown = torch.from_numpy(pictures @ photo)[None]
    worded = torch.full_like(shown, float(words @ photo))
    return picture_scores(picture_logits(shown, worded, Lists(one, one)))[0].numpy()


def _photos() -> list[Image.Image]:
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (PHOTOS, 8, 8, 3), np.uint8)
    return [
        Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for pixels in small
    ]


def _plain_tower(device: Device) -> Callable[[Image.Image], object]:
    """EfficientNet-Lite2 of timm with its own preprocessing, one photo at a time; speed does not
    depend on its weights.
    """
    import timm
    import torch
    from timm.data.config import resolve_model_data_config
    from timm.data.transforms_factory import create_transform

    tower = timm.create_model("tf_efficientnet_lite2", num_classes=0).eval().to(device.device)
    prepare: Any = create_transform(
        **{**resolve_model_data_config(tower), "input_size": (3, 288, 288)}
    )

    def encode(photo: Image.Image) -> object:
        with torch.inference_mode():
            return tower(prepare(photo)[None].to(device.device)).cpu()

    return encode
