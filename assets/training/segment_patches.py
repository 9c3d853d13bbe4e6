"""Draws the patches from which the reader of seven-segment displays learns, and what it should say
of them.

A patch is 128 pixels wide and holds characters 13 to 36 pixels high: on displays of every make
(LED, VFD, LCD), with what surrounds and disturbs them - printed words, bars and dots in rows,
photos - and often with no display at all. It knows nothing of the network or of how it learns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from mm_support.encode.segment_net import MARKS, SEGMENTS, STRIDE, UNIT
from mm_support.encode.segments import GLYPHS, SHAPES

PATCH = 128  # pixels
GRID = PATCH // STRIDE
SHORTEST, TALLEST = 13, 36  # character height in pixels
WORDS = (
    "Start Pause Menu OK Eco 40°C 60 1200 rpm Spin Timer kWh bpm SYS DIA mmHg kg AM PM SET "
    "MODE ERROR"
).split()


@dataclass(frozen=True)
class Character:
    """A drawn character. centre, up (centre to top), right (centre to right edge): (2,) pixels;
    lit: (9,) 0 or 1.
    """

    centre: np.ndarray
    up: np.ndarray
    right: np.ndarray
    lit: np.ndarray


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
        scenery = [cv2.imread(str(path)) for path in self.photos]
        while True:
            photo, characters = draw_patch(rng, words, scenery)
            shown = photo.transpose(2, 0, 1), *targets(characters)
            yield shown[0].copy(), *shown[1:]
            yield (
                shown[0][rng.permutation(3)],
                *shown[1:],
            )  # once more in other colours: drawing costs as much as learning


def draw_patch(
    rng: np.random.Generator, words: list[np.ndarray], scenery: list[np.ndarray]
) -> tuple[np.ndarray, list[Character]]:
    """A photo (128, 128, 3) uint8 and the characters in it."""
    canvas = _background(rng, scenery)
    characters: list[Character] = []
    _clutter(canvas, rng, words, rng.integers(0, 4))
    if rng.random() < 0.85:
        if rng.random() < 0.2:
            _place_screen(canvas, rng, words)
        else:
            _place_display(canvas, characters, rng)
        _clutter(canvas, rng, words, rng.integers(0, 2), keep_off=characters)
    return _camera(
        canvas, min([2 * np.hypot(*c.up) for c in characters], default=20.0), rng
    ), characters


def targets(characters: list[Character]) -> tuple[np.ndarray, np.ndarray]:
    """What the network should say, and how much each cell counts: characters cut by the edge do
    not.
    """
    target = np.zeros((1 + 4 + SEGMENTS + MARKS, GRID, GRID), np.float32)
    weight = np.ones((GRID, GRID), np.float32)
    rows, columns = np.mgrid[:GRID, :GRID]
    for item in characters:
        x, y = item.centre / STRIDE - 0.5
        height = 2 * np.hypot(*item.up) / STRIDE
        heat = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * max(0.6, 0.09 * height) ** 2))
        corners = item.centre + np.array(
            [
                item.up + item.right,
                item.up - item.right,
                -item.up - item.right,
                item.right - item.up,
            ]
        )
        if (corners < -2).any() or (corners > PATCH + 2).any():
            weight[heat > 0.05] = 0
            continue
        closer = heat > target[0]
        target[0] = np.maximum(target[0], heat)
        values = np.concatenate([item.up / UNIT, item.right / UNIT, item.lit])
        target[1:, closer] = values[:, None]
        target[0, int(np.clip(round(y), 0, GRID - 1)), int(np.clip(round(x), 0, GRID - 1))] = 1
    return target, weight


# -- what is drawn -------------------------------------------------------------------------


def _background(rng: np.random.Generator, scenery: list[np.ndarray]) -> np.ndarray:
    """A photo's crop, or a shaded surface. (128, 128, 3) float32 in 0..255."""
    side = PATCH
    if scenery and rng.random() < 0.3:
        photo = scenery[rng.integers(len(scenery))]
        size = int(rng.integers(40, min(photo.shape[:2])))
        top, left = (
            rng.integers(0, photo.shape[0] - size + 1),
            rng.integers(0, photo.shape[1] - size + 1),
        )
        return cv2.resize(photo[top : top + size, left : left + size], (side, side)).astype(
            np.float32
        )
    small = (
        rng.uniform(0, 255) + rng.uniform(-20, 20, 3) + rng.normal(0, rng.uniform(0, 25), (3, 3, 1))
    )
    return cv2.resize(
        np.clip(small, 0, 255).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC
    )


def _printed_words(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Masks (h, w) uint8 of words and numbers in ordinary type, which are not to be read here."""
    fonts = sorted(
        path
        for path in font_manager.findSystemFonts()
        if not re.search("Display|Siz|NonUni|cmex|cmsy|cmmi|LastResort|seg", path, re.I)
    )
    masks = []
    for _ in range(count):
        text = (
            WORDS[rng.integers(len(WORDS))]
            if rng.random() < 0.4
            else "".join(rng.choice(list("0123456789EFHPCALUbdnort8:.-"), rng.integers(1, 7)))
        )
        font = ImageFont.truetype(fonts[rng.integers(len(fonts))], int(rng.integers(8, 56)))
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(1, right - left) + 4, max(1, bottom - top) + 4))
        ImageDraw.Draw(image).text((2 - left, 2 - top), text, font=font, fill=255)
        masks.append(np.asarray(image))
    return masks


def _clutter(
    canvas: np.ndarray,
    rng: np.random.Generator,
    words: list[np.ndarray],
    count: int,
    keep_off: Sequence[Character] = (),
) -> None:
    """Paints words, lines, frames and discs onto the canvas, away from the characters given."""
    side = canvas.shape[0]
    for _ in range(count):
        mask = np.zeros((side, side), np.uint8)
        kind, (x, y) = rng.integers(6), rng.uniform(0, side, 2)
        if kind == 5:
            mask = _pattern(rng, side)
        elif kind <= 2:
            word = words[rng.integers(len(words))]
            turn = cv2.getRotationMatrix2D(
                (word.shape[1] / 2, word.shape[0] / 2), rng.normal(0, 8), 1
            )
            turn[:, 2] += (x - word.shape[1] / 2, y - word.shape[0] / 2)
            mask = cv2.warpAffine(word, turn, (side, side))
        elif kind == 3:
            box = np.array([x, y, *rng.uniform(4, side / 2, 2)]).astype(int)
            cv2.rectangle(
                mask, box[:2], box[:2] + box[2:], 255, int(rng.choice([-1, 1, 3, 8])), cv2.LINE_AA
            )
        else:
            cv2.line(
                mask,
                (int(x), int(y)),
                tuple(int(v) for v in rng.uniform(0, side, 2)),
                255,
                int(rng.integers(1, 8)),
                cv2.LINE_AA,
            )
        for item in keep_off:
            cv2.circle(
                mask, tuple(int(v) for v in item.centre), int(np.hypot(*item.up) * 1.4), 0, -1
            )
        _paint(canvas, mask, rng.uniform(0, 255, 3), rng.uniform(0.4, 1))


def _pattern(rng: np.random.Generator, side: int) -> np.ndarray:
    """Bars, slots or dots in rows, as on barcodes, grilles and buttons: much like rows of ones and
    noughts.
    """
    mask = np.zeros((side, side), np.uint8)
    x, y = rng.uniform(0, side * 0.7, 2).astype(int)
    step, tall, rows = rng.integers(4, 16, 2), int(rng.integers(2, 40)), int(rng.integers(1, 5))
    bars, dots, open_ = rng.random() < 0.5, rng.integers(2, 8), int(rng.choice([-1, 1, 2]))
    for row, column in np.ndindex(rows, int(rng.integers(3, 16))):
        left, top = (
            int(x + column * step[0]),
            int(y + row * (tall + step[1] if bars else 2 * dots + step[1])),
        )
        if bars:
            cv2.rectangle(
                mask,
                (left, top),
                (left + int(rng.integers(1, max(2, step[0] - 1))), top + tall),
                255,
                open_,
            )
        else:
            cv2.circle(mask, (left + column * int(dots), top), int(dots), 255, open_, cv2.LINE_AA)
    return mask


def _paint(canvas: np.ndarray, mask: np.ndarray, colour: np.ndarray, opacity: float = 1.0) -> None:
    left, top, width, height = cv2.boundingRect(mask)
    part = canvas[top : top + height, left : left + width]
    part += (np.asarray(colour, np.float32) - part) * (
        mask[top : top + height, left : left + width, None] * np.float32(opacity / 255)
    )


def _place_screen(canvas: np.ndarray, rng: np.random.Generator, words: list[np.ndarray]) -> None:
    """Paints a display that shows ordinary type, which is not to be read here."""
    glass, lit, _, shines = _colours(rng)
    left, top = rng.uniform(-20, 40, 2).astype(int)
    canvas[
        max(top, 0) : top + rng.integers(50, 110), max(left, 0) : left + rng.integers(70, 130)
    ] = glass
    on = np.zeros(canvas.shape[:2], np.uint8)
    turn = rng.normal(0, 6)
    for _ in range(rng.integers(1, 4)):
        word = words[rng.integers(len(words))]
        place = cv2.getRotationMatrix2D((0, 0), turn, 1)
        place[:, 2] += (left + rng.uniform(0, 30), top + rng.uniform(0, 70))
        on |= cv2.warpAffine(word, place, on.shape[::-1])
    _light(canvas, on, lit, 24.0, shines, rng)


def _place_display(
    canvas: np.ndarray, characters: list[Character], rng: np.random.Generator
) -> None:
    """Paints a display of one or two rows onto the canvas and adds its characters to the list."""
    glass, lit, unlit, shines = _colours(rng)
    height = float(np.exp(rng.uniform(np.log(SHORTEST), np.log(TALLEST))))
    angle, style = rng.normal(0, 7) * np.pi / 180, _style(rng)
    fitting = max(1, int(PATCH * 0.9 / (1.35 * height)))
    rows = int(rng.integers(1, min(fitting, 4) + 1))
    origin = (
        np.array(
            [
                rng.uniform(-0.05, 0.25),
                rng.uniform(0.05, max(0.1, 0.95 - 1.35 * rows * height / PATCH)),
            ]
        )
        * PATCH
    )
    bend = rng.normal(0, 0.0006, 2)
    on, off = (np.zeros(canvas.shape[:2], np.uint8) for _ in range(2))
    for row in range(rows):
        size = height * (1 if row == 0 else rng.uniform(0.7, 1.15))
        frame = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * size
        characters += _draw_row(
            on, off, frame, origin + frame @ [rng.uniform(-0.2, 0.3), 1.35 * row], bend, style, rng
        )
    characters[:] = [
        c for c in characters if SHORTEST * 0.75 <= 2 * np.hypot(*c.up) <= TALLEST * 1.3
    ]
    if rng.random() < 0.85:
        window = cv2.dilate(
            on | off, np.ones((3, 3), np.uint8), iterations=int(height * rng.uniform(0.1, 0.3))
        )
        left, top, width, tall = cv2.boundingRect(window)
        canvas[top : top + tall, left : left + width] += (
            np.asarray(glass, np.float32) - canvas[top : top + tall, left : left + width]
        ) * np.float32(rng.uniform(0.85, 1))
    else:
        brighter = 1 if canvas.mean() < rng.uniform(90, 160) else -1
        lit = np.clip(canvas.mean((0, 1)) + brighter * rng.uniform(90, 200), 0, 255)
        unlit = canvas.mean((0, 1)) * 0.9 + lit * 0.1
    _paint(canvas, off, unlit)
    _light(canvas, on, lit, height, shines, rng)


def _light(
    canvas: np.ndarray,
    on: np.ndarray,
    lit: np.ndarray,
    height: float,
    shines: bool,
    rng: np.random.Generator,
) -> None:
    """Lit segments with their halo and hot core, or dark ones with their shadow."""
    if shines:
        halo = cv2.GaussianBlur(on, (0, 0), height * rng.uniform(0.02, 0.12)).astype(np.float32)
        canvas += halo[..., None] / 255 * lit * np.float32(rng.uniform(0, 0.9))
        _paint(canvas, on, lit + (255 - lit) * rng.uniform(0, 0.9) * (rng.random() < 0.6))
    else:
        if rng.random() < 0.4:
            shift = np.float32(
                [[1, 0, height * rng.uniform(0, 0.05)], [0, 1, height * rng.uniform(0, 0.05)]]
            )
            _paint(
                canvas,
                cv2.warpAffine(on, shift, on.shape[::-1]),
                (0, 0, 0),
                rng.uniform(0.05, 0.35),
            )
        _paint(canvas, on, lit, rng.uniform(0.7, 1))


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Colours of the glass, of lit and of unlit segments (RGB 0..255), and whether the lit ones
    shine.
    """
    shines = rng.random() < 0.6
    if shines:
        glass = rng.uniform(0, 70) + rng.uniform(-15, 25, 3)
        hue = rng.choice(
            [0, 8, 60, 85, 95, 115, 20, 150]
        )  # of 180: red, amber, green, cyan, blue, magenta
        lit = cv2.cvtColor(np.uint8([[[hue, rng.integers(0, 256), 255]]]), cv2.COLOR_HSV2RGB)[
            0, 0
        ] * rng.uniform(0.6, 1)
    else:
        glass = rng.uniform(90, 225) + rng.uniform(-45, 35, 3)
        lit = glass * rng.uniform(0.05, 0.62) + rng.uniform(-5, 15, 3)
        if rng.random() < 0.12:
            glass, lit = lit, glass
    ghost = rng.uniform(0, 0.22) if rng.random() < 0.6 else 0
    return (
        np.clip(glass, 0, 255),
        np.clip(lit, 0, 255),
        np.clip(glass + (lit - glass) * ghost, 0, 255),
        shines,
    )


@dataclass(frozen=True)
class Style:
    """Proportions of one make of display, in character heights. bars: seven polygons (k, 2) in a
    cell (width, 1).
    """

    width: float
    pitch: float
    slant: float
    dot: float
    bars: tuple[np.ndarray, ...]


def _style(rng: np.random.Generator) -> Style:
    width, thick, gap = (
        rng.uniform(0.38, 0.72),
        rng.uniform(0.06, 0.22),
        rng.uniform(0, 0.05) * (rng.random() < 0.8),
    )
    thick = min(thick, width * 0.29)
    ends = rng.choice(["pointed", "cut", "square"])
    flat = thick * rng.uniform(0.75, 1.2)
    slant = rng.uniform(-0.03, 0.27) if rng.random() < 0.6 else 0.0
    return Style(
        width,
        width + rng.uniform(0.08, 0.6),
        slant,
        thick * rng.uniform(0.45, 0.75),
        _bars(width, thick, flat, gap, ends),
    )


def _bars(width: float, thick: float, flat: float, gap: float, ends: str) -> tuple[np.ndarray, ...]:
    """Polygons of segments a to g: upright ones `thick`, level ones `flat`; their ends meet, point
    or stop short.
    """
    inset = {"pointed": 0.5, "cut": 1.0, "square": 0.5}[ends]

    def level(y: float, outward: int) -> np.ndarray:
        left, right, half = (
            gap + thick * (0 if ends == "cut" else 0.5),
            width - gap - thick * (0 if ends == "cut" else 0.5),
            flat / 2,
        )
        top, low = thick * inset * (outward != -1), thick * inset * (outward != 1)
        if ends == "square":
            return np.array(
                [
                    (left + thick / 2, y - half),
                    (right - thick / 2, y - half),
                    (right - thick / 2, y + half),
                    (left + thick / 2, y + half),
                ]
            )
        if ends == "cut" and outward:
            return np.array(
                [
                    (left + low, y - half),
                    (right - low, y - half),
                    (right - top, y + half),
                    (left + top, y + half),
                ]
            )
        tip = thick * 0.5
        return np.array(
            [
                (left, y),
                (left + tip, y - half),
                (right - tip, y - half),
                (right, y),
                (right - tip, y + half),
                (left + tip, y + half),
            ]
        )

    def upright(x: float, y0: float, y1: float) -> np.ndarray:
        half, y0, y1 = thick / 2, y0 + gap, y1 - gap
        tip = 0 if ends == "square" else flat * 0.5
        return np.array(
            [
                (x, y0),
                (x + half, y0 + tip),
                (x + half, y1 - tip),
                (x, y1),
                (x - half, y1 - tip),
                (x - half, y0 + tip),
            ]
        )

    left, right, top, low = thick / 2, width - thick / 2, flat / 2, 1 - flat / 2
    reach = flat * 0.5 if ends == "square" else 0.0
    return (
        level(top, 1),
        upright(right, top + reach, 0.5),
        upright(right, 0.5, low - reach),
        level(low, -1),
        upright(left, 0.5, low - reach),
        upright(left, top + reach, 0.5),
        level(0.5, 0),
    )


def _draw_row(
    on: np.ndarray,
    off: np.ndarray,
    frame: np.ndarray,
    origin: np.ndarray,
    bend: np.ndarray,
    style: Style,
    rng: np.random.Generator,
) -> list[Character]:
    """Draws as many characters as fit from origin on; frame (2, 2) turns character heights into
    pixels.
    """
    drawn = []

    def place(points: np.ndarray, column: int) -> np.ndarray:
        cell = np.asarray(points, float).reshape(-1, 2)
        shift = column * style.pitch + style.slant * (1 - cell[:, 1])
        flat = cell @ frame.T + shift[:, None] * frame[:, 0] + origin
        centred = flat - on.shape[0] / 2
        return centred / (1 + centred @ bend)[:, None] + on.shape[0] / 2

    fitting = int((PATCH - origin[0]) / (style.pitch * np.hypot(*frame[:, 0])) + 0.3)
    for column in range(rng.integers(1, max(2, min(fitting, 8) + 1))):
        lit = _lit_segments(rng)
        for bar, polygon in enumerate(style.bars):
            cv2.fillPoly(
                on if lit[bar] else off,
                [(place(polygon, column) * 16).round().astype(np.int32)],
                255,
                cv2.LINE_AA,
                4,
            )
        for mark, spots in ((SEGMENTS, [1 - style.dot]), (SEGMENTS + 1, [0.3, 0.7])):
            for y in spots if lit[mark] else ():
                x = place([(style.width + style.pitch) / 2, y], column)[0]
                cv2.circle(
                    on,
                    tuple((x * 16).round().astype(int)),
                    int(np.hypot(*frame[0]) * style.dot * 16),
                    255,
                    -1,
                    cv2.LINE_AA,
                    4,
                )
        if lit[:SEGMENTS].any():
            middle, top, side = place(
                [(style.width / 2, 0.5), (style.width / 2, 0.0), (style.width, 0.5)], column
            )
            drawn.append(Character(middle, top - middle, side - middle, lit))
    return drawn


def _lit_segments(rng: np.random.Generator) -> np.ndarray:
    """(9,) bool: mostly glyphs in use, sometimes any pattern, sometimes a blank cell; now and then
    a mark.
    """
    lit = np.zeros(SEGMENTS + MARKS, bool)
    draw = rng.random()
    if draw < 0.5:
        lit[["abcdefg".index(s) for s in GLYPHS["0123456789"[rng.integers(10)]]]] = True
    elif draw < 0.88:
        lit[:SEGMENTS] = SHAPES[rng.integers(len(SHAPES))][1]
    elif draw < 0.92:
        lit[:SEGMENTS] = rng.random(SEGMENTS) < 0.55
    if lit.any() and rng.random() < 0.16:
        lit[SEGMENTS + int(rng.random() < 0.4)] = True
    return lit


def _camera(canvas: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    """Blur (in proportion to the height of what is to be read), shake, glare, exposure, noise and
    JPEG; (128, 128, 3) float32 -> uint8 RGB."""
    photo = np.clip(canvas, 0, 255)
    if rng.random() < 0.6:
        photo = cv2.GaussianBlur(photo, (0, 0), height * rng.uniform(0.015, 0.07))
    if rng.random() < 0.25:
        reach = int(rng.integers(2, 3 + height // 7))
        line = np.zeros((reach, reach), np.float32)
        cv2.line(line, (0, int(rng.integers(reach))), (reach - 1, int(rng.integers(reach))), 1.0)
        photo = cv2.filter2D(photo, -1, (line if rng.random() < 0.5 else line.T) / line.sum())
    if rng.random() < 0.4:
        spot = np.zeros((PATCH, PATCH), np.float32)
        cv2.ellipse(
            spot,
            (rng.uniform(0, PATCH, 2), rng.uniform(5, 70, 2), rng.uniform(0, 180)),
            float(rng.uniform(0.1, 0.75)),
            -1,
        )
        photo += (255 - photo) * cv2.GaussianBlur(spot, (0, 0), rng.uniform(2, 14))[..., None]
    photo = 255 * (np.clip(photo, 0, 255) / 255) ** rng.uniform(0.6, 1.6) * rng.uniform(
        0.45, 1.2
    ) + rng.uniform(0, 35) * (rng.random() < 0.4)
    photo += rng.standard_normal(photo.shape, np.float32) * rng.uniform(0, 14)
    photo = np.clip(photo, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        photo = cv2.imdecode(
            cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])[1],
            cv2.IMREAD_COLOR,
        )
    return (
        photo
        if rng.random() < 0.9
        else np.repeat(photo.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    )
