"""Text in photos: seconds a photo, beside RapidOCR as it comes, on the pictures of the knowledge
packs and one without text.

What was read is not judged here: the tests do that on displays whose text is known.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mm_support.bench.cost import median, seconds
from mm_support.config import Settings
from mm_support.paths import ASSETS

PHOTOS = 8
LARGEST = 1280  # pixels; a photo of about one megapixel


def measure(settings: Settings) -> dict[str, Any]:
    """Medians over the same photos for both, taken in turn so that a busy machine slows both."""
    from rapidocr import RapidOCR

    from mm_support.encode.ocr import load_text_reader

    reader, plain = load_text_reader(settings), RapidOCR(params={"Global.log_level": "critical"})
    paths = sorted(path for path in ASSETS.rglob("*.jpg"))
    photos = [_photo(path) for path in paths[:: max(1, len(paths) // PHOTOS)][:PHOTOS]]
    empty = Image.linear_gradient("L").resize((1024, 1024)).convert("RGB")
    reader.read(photos[0])
    plain(_bgr(photos[0]))
    taken = [
        (seconds(partial(reader.read, photo)), seconds(partial(plain, _bgr(photo))))
        for photo in photos
    ]
    ours, theirs = map(median, zip(*taken))
    return {
        "photo_s": ours,
        "photo_rapidocr_as_it_comes_s": theirs,
        "photo_without_text_s": median(seconds(lambda: reader.read(empty)) for _ in range(5)),
        "photos": len(photos),
    }


def _photo(path: Path) -> Image.Image:
    photo = Image.open(path).convert("RGB")
    photo.thumbnail((LARGEST, LARGEST))
    return photo


def _bgr(photo: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(photo)[:, :, ::-1])
