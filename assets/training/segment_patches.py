"""Draws the patches from which the reader of seven-segment displays learns, and what it should say
of them.

A patch is 128 pixels wide and holds characters 13 to 36 pixels high: displays
(segment_displays.py), with what surrounds and disturbs them - printed words, bars and dots in rows,
photos - and often no display at all. It knows nothing of the network or of how it learns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from assets.training.segment_displays import PATCH, Character, paint, place_display, place_screen
from mm_support.encode.segment_net import MARKS, SEGMENTS, STRIDE, UNIT
from mm_support.errors import InputError

GRID = PATCH // STRIDE
WORDS = (
    "Start Pause Menu OK Eco 40°C 60 1200 rpm Spin Timer kWh bpm SYS DIA mmHg kg AM PM SET "
    "MODE ERROR"
).split()
NO_TYPE = re.compile("Display|Siz|NonUni|cmex|cmsy|cmmi|LastResort|seg", re.I)  # names of fonts


class Patches(torch.utils.data.IterableDataset):
    """Endless (photo (3, 128, 128) uint8, target (14, 32, 32), weight (32, 32)), the same for the
    same seed.
    """

    def __init__(self, photos: list[Path], seed: int) -> None:
        self.photos, self.seed = photos, seed

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        cv2.setNumThreads(1)
        words = _printed_words(rng, 600)
        scenery = [_read(path) for path in self.photos]
        while True:
            photo, characters = draw_patch(rng, words, scenery)
            pixels, (target, weight) = photo.transpose(2, 0, 1), targets(characters)
            yield pixels.copy(), target, weight
            # once more in other colours: drawing costs as much as learning
            yield pixels[rng.permutation(3)], target, weight


def _read(path: Path) -> np.ndarray:
    """(h, w, 3) uint8. Raises InputError for a file that is no photo."""
    photo = cv2.imread(str(path))
    if photo is None:
        raise InputError(f"{path} cannot be read as a photo; take it out of the folder.")
    return photo


def draw_patch(
    rng: np.random.Generator, words: list[np.ndarray], scenery: list[np.ndarray]
) -> tuple[np.ndarray, list[Character]]:
    """A photo (128, 128, 3) uint8 and the characters in it."""
    canvas = _background(rng, scenery)
    characters: list[Character] = []
    _clutter(canvas, rng, words, int(rng.integers(0, 4)))
    if rng.random() < 0.85:
        if rng.random() < 0.2:
            place_screen(canvas, rng, words)
        else:
            characters = place_display(canvas, rng)
        _clutter(canvas, rng, words, int(rng.integers(0, 2)), keep_off=characters)
    smallest = min([character.height for character in characters], default=20.0)
    return _camera(canvas, smallest, rng), characters


def targets(characters: list[Character]) -> tuple[np.ndarray, np.ndarray]:
    """What the network should say, and how much each cell counts: characters cut by the edge do
    not.
    """
    target = np.zeros((1 + 4 + SEGMENTS + MARKS, GRID, GRID), np.float32)
    weight = np.ones((GRID, GRID), np.float32)
    rows, columns = np.mgrid[:GRID, :GRID]
    for item in characters:
        x, y = item.centre / STRIDE - 0.5
        spread = max(0.6, 0.09 * (item.height / STRIDE))
        heat = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2))
        if _is_cut(item):
            weight[heat > 0.05] = 0
            continue
        closer = heat > target[0]
        target[0] = np.maximum(target[0], heat)
        values = np.concatenate([item.up / UNIT, item.right / UNIT, item.lit])
        target[1:, closer] = values[:, None]
        row, column = (int(np.clip(round(place), 0, GRID - 1)) for place in (y, x))
        target[0, row, column] = 1
    return target, weight


def _is_cut(item: Character) -> bool:
    """Whether the edge of the patch cuts a character, by more than two pixels."""
    up, right = item.up, item.right
    corners = item.centre + np.array([up + right, up - right, -up - right, right - up])
    return bool((corners < -2).any() or (corners > PATCH + 2).any())


# -- what is drawn -------------------------------------------------------------------------


def _background(rng: np.random.Generator, scenery: list[np.ndarray]) -> np.ndarray:
    """A photo's crop, or a shaded surface. (128, 128, 3) float32 in 0..255."""
    if scenery and rng.random() < 0.3:
        photo = scenery[rng.integers(len(scenery))]
        size = int(rng.integers(40, min(photo.shape[:2])))
        top = rng.integers(0, photo.shape[0] - size + 1)
        left = rng.integers(0, photo.shape[1] - size + 1)
        crop = photo[top : top + size, left : left + size]
        return cv2.resize(crop, (PATCH, PATCH)).astype(np.float32)
    colour = rng.uniform(0, 255) + rng.uniform(-20, 20, 3)
    small = np.clip(colour + rng.normal(0, rng.uniform(0, 25), (3, 3, 1)), 0, 255)
    return cv2.resize(small.astype(np.float32), (PATCH, PATCH), interpolation=cv2.INTER_CUBIC)


def _printed_words(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Masks (h, w) uint8 of words and numbers in ordinary type, which are not to be read here."""
    fonts = sorted(path for path in font_manager.findSystemFonts() if not NO_TYPE.search(path))
    masks = []
    for _ in range(count):
        text = _word(rng)
        font = ImageFont.truetype(fonts[rng.integers(len(fonts))], int(rng.integers(8, 56)))
        left, top, right, bottom = font.getbbox(text)
        size = (max(1, int(right - left)) + 4, max(1, int(bottom - top)) + 4)
        image = Image.new("L", size)
        ImageDraw.Draw(image).text((2 - left, 2 - top), text, font=font, fill=255)
        masks.append(np.asarray(image))
    return masks


def _word(rng: np.random.Generator) -> str:
    if rng.random() < 0.4:
        return WORDS[rng.integers(len(WORDS))]
    return "".join(rng.choice(list("0123456789EFHPCALUbdnort8:.-"), rng.integers(1, 7)))


def _clutter(
    canvas: np.ndarray,
    rng: np.random.Generator,
    words: list[np.ndarray],
    count: int,
    keep_off: Sequence[Character] = (),
) -> None:
    """Paints words, lines, frames and patterns onto the canvas, away from the characters given."""
    for _ in range(count):
        mask = _shape(rng, words)
        for item in keep_off:
            centre = tuple(int(place) for place in item.centre)
            cv2.circle(mask, centre, int(np.hypot(*item.up) * 1.4), 0, -1)
        paint(canvas, mask, rng.uniform(0, 255, 3), rng.uniform(0.4, 1))


def _shape(rng: np.random.Generator, words: list[np.ndarray]) -> np.ndarray:
    """Mask (128, 128) uint8 of a word, a frame, a line or a pattern."""
    mask = np.zeros((PATCH, PATCH), np.uint8)
    kind, (x, y) = rng.integers(6), rng.uniform(0, PATCH, 2)
    if kind == 5:
        return _pattern(rng)
    if kind <= 2:
        word = words[rng.integers(len(words))]
        middle = (word.shape[1] / 2, word.shape[0] / 2)
        turn = cv2.getRotationMatrix2D(middle, rng.normal(0, 8), 1)
        turn[:, 2] += (x - middle[0], y - middle[1])
        return cv2.warpAffine(word, turn, mask.shape)
    if kind == 3:
        left, top, wide, tall = (int(place) for place in (x, y, *rng.uniform(4, PATCH / 2, 2)))
        line = int(rng.choice([-1, 1, 3, 8]))
        cv2.rectangle(mask, (left, top), (left + wide, top + tall), 255, line, cv2.LINE_AA)
        return mask
    end = tuple(int(place) for place in rng.uniform(0, PATCH, 2))
    cv2.line(mask, (int(x), int(y)), end, 255, int(rng.integers(1, 8)), cv2.LINE_AA)
    return mask


def _pattern(rng: np.random.Generator) -> np.ndarray:
    """Bars, slots or dots in rows, as on barcodes, grilles and buttons: much like rows of ones and
    noughts.
    """
    mask = np.zeros((PATCH, PATCH), np.uint8)
    x, y = rng.uniform(0, PATCH * 0.7, 2).astype(int)
    step, tall, rows = rng.integers(4, 16, 2), int(rng.integers(2, 40)), int(rng.integers(1, 5))
    bars, dots, open_ = rng.random() < 0.5, int(rng.integers(2, 8)), int(rng.choice([-1, 1, 2]))
    down = (tall if bars else 2 * dots) + step[1]
    for row, column in np.ndindex(rows, int(rng.integers(3, 16))):
        left, top = int(x + column * step[0]), int(y + row * down)
        if bars:
            right = left + int(rng.integers(1, max(2, step[0] - 1)))
            cv2.rectangle(mask, (left, top), (right, top + tall), 255, open_)
        else:
            cv2.circle(mask, (left + column * dots, top), dots, 255, open_, cv2.LINE_AA)
    return mask


def _camera(canvas: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    """Blur (in proportion to the height of what is to be read), shake, glare, exposure, noise and
    JPEG; (128, 128, 3) float32 -> uint8 RGB."""
    photo = np.clip(canvas, 0, 255)
    if rng.random() < 0.6:
        photo = cv2.GaussianBlur(photo, (0, 0), height * rng.uniform(0.015, 0.07))
    if rng.random() < 0.25:
        photo = _shaken(photo, int(rng.integers(2, 3 + int(height // 7))), rng)
    if rng.random() < 0.4:
        photo += (255 - photo) * _glare(rng)[..., None]
    exposed = 255 * (np.clip(photo, 0, 255) / 255) ** rng.uniform(0.6, 1.6)
    photo = exposed * rng.uniform(0.45, 1.2) + rng.uniform(0, 35) * (rng.random() < 0.4)
    photo += rng.standard_normal(photo.shape, np.float32) * rng.uniform(0, 14)
    photo = np.clip(photo, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))]
        packed = cv2.imencode(".jpg", photo, quality)[1]
        photo = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    if rng.random() < 0.9:
        return photo
    return np.repeat(photo.mean(2, keepdims=True), 3, 2).astype(np.uint8)


def _shaken(photo: np.ndarray, reach: int, rng: np.random.Generator) -> np.ndarray:
    """The photo as a camera sees it that moves by `reach` pixels."""
    line = np.zeros((reach, reach), np.float32)
    cv2.line(line, (0, int(rng.integers(reach))), (reach - 1, int(rng.integers(reach))), 1.0)
    return cv2.filter2D(photo, -1, (line if rng.random() < 0.5 else line.T) / line.sum())


def _glare(rng: np.random.Generator) -> np.ndarray:
    """(128, 128) float32, the share of white that a bright spot adds."""
    spot = np.zeros((PATCH, PATCH), np.float32)
    middle, axes = rng.uniform(0, PATCH, 2).tolist(), rng.uniform(5, 70, 2).tolist()
    ellipse = (middle, axes, rng.uniform(0, 180))
    cv2.ellipse(spot, ellipse, float(rng.uniform(0.1, 0.75)), -1)
    return cv2.GaussianBlur(spot, (0, 0), rng.uniform(2, 14))
