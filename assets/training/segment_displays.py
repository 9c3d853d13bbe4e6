"""Draws seven-segment displays of every make: LED, VFD and LCD, and screens of ordinary type that
must not be read for one.

Knows nothing of what surrounds a display, of cameras or of what a network should say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from mm_support.encode.segment_glyphs import GLYPHS, SHAPES
from mm_support.encode.segment_net import MARKS, SEGMENTS

PATCH = 128  # pixels, a side of what is drawn on
SHORTEST, TALLEST = 13, 36  # character height in pixels
LINE = 1.35  # character heights from one row to the next
MOST = 8  # characters a row
FRACTION = 4  # binary places of the coordinates that OpenCV is given
HUES = (0, 8, 60, 85, 95, 115, 20, 150)  # of 180: red, amber, green, cyan, blue, magenta


@dataclass(frozen=True)
class Character:
    """A drawn character. centre, up (centre to top), right (centre to right edge): (2,) pixels;
    lit: (9,) 0 or 1.
    """

    centre: np.ndarray
    up: np.ndarray
    right: np.ndarray
    lit: np.ndarray

    @property
    def height(self) -> float:
        """In pixels."""
        return 2 * np.hypot(*self.up)


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


@dataclass(frozen=True)
class Bars:
    """The seven segments of a cell (width, 1). thick: of upright ones; flat: of level ones; gap:
    by which they stop short; ends: "pointed", "cut" or "square".
    """

    width: float
    thick: float
    flat: float
    gap: float
    ends: str

    def polygons(self) -> tuple[np.ndarray, ...]:
        """(k, 2) of each segment, from a to g; y grows downwards."""
        left, right = self.thick / 2, self.width - self.thick / 2
        top, low = self.flat / 2, 1 - self.flat / 2
        reach = self.flat * 0.5 if self.ends == "square" else 0.0
        return (
            self._level(top, 1),
            self._upright(right, top + reach, 0.5),
            self._upright(right, 0.5, low - reach),
            self._level(low, -1),
            self._upright(left, 0.5, low - reach),
            self._upright(left, top + reach, 0.5),
            self._level(0.5, 0),
        )

    def _level(self, y: float, outward: int) -> np.ndarray:
        """outward: 1 for the top segment, -1 for the bottom one, 0 between them."""
        tip, above, below = self.thick * 0.5, y - self.flat / 2, y + self.flat / 2
        indent = 0.0 if self.ends == "cut" else tip
        left, right = self.gap + indent, self.width - self.gap - indent
        if self.ends == "square":
            return _trapezium(left, right, above, below, tip, tip)
        if self.ends == "cut" and outward:
            insets = (0.0, self.thick) if outward == 1 else (self.thick, 0.0)
            return _trapezium(left, right, above, below, *insets)
        upper = [(left + tip, above), (right - tip, above)]
        lower = [(right - tip, below), (left + tip, below)]
        return np.array([(left, y), *upper, (right, y), *lower])

    def _upright(self, x: float, top: float, low: float) -> np.ndarray:
        half, top, low = self.thick / 2, top + self.gap, low - self.gap
        tip = 0 if self.ends == "square" else self.flat * 0.5
        right = [(x + half, top + tip), (x + half, low - tip)]
        left = [(x - half, low - tip), (x - half, top + tip)]
        return np.array([(x, top), *right, (x, low), *left])


def _trapezium(
    left: float, right: float, above: float, below: float, inset_above: float, inset_below: float
) -> np.ndarray:
    """(4, 2), its level sides shortened by the insets at both ends."""
    upper = [(left + inset_above, above), (right - inset_above, above)]
    lower = [(right - inset_below, below), (left + inset_below, below)]
    return np.array([*upper, *lower])


@dataclass(frozen=True)
class Row:
    """Where the characters of a row lie. frame: (2, 2), turns character heights into pixels;
    origin: (2,) pixels; bend: (2,) of the perspective.
    """

    frame: np.ndarray
    origin: np.ndarray
    bend: np.ndarray
    style: Style

    @property
    def fitting(self) -> int:
        """How many characters fit between the origin and the right edge."""
        pitch = self.style.pitch * np.hypot(*self.frame[:, 0])
        return int((PATCH - self.origin[0]) / pitch + 0.3)

    def place(self, points: np.ndarray | Sequence, column: int) -> np.ndarray:
        """Points (n, 2) of a cell -> (n, 2) pixels."""
        cell = np.asarray(points, float).reshape(-1, 2)
        shift = column * self.style.pitch + self.style.slant * (1 - cell[:, 1])
        flat = cell @ self.frame.T + shift[:, None] * self.frame[:, 0] + self.origin
        centred = flat - PATCH / 2
        return centred / (1 + centred @ self.bend)[:, None] + PATCH / 2

    def character(self, column: int, lit: np.ndarray) -> Character:
        width = self.style.width
        middle, top, side = self.place([(width / 2, 0.5), (width / 2, 0.0), (width, 0.5)], column)
        return Character(middle, top - middle, side - middle, lit)


def place_screen(canvas: np.ndarray, rng: np.random.Generator, words: list[np.ndarray]) -> None:
    """Paints a display that shows ordinary type, which is not to be read here."""
    glass, lit, _, shines = _colours(rng)
    left, top = rng.uniform(-20, 40, 2).astype(int)
    low, right = top + rng.integers(50, 110), left + rng.integers(70, 130)
    canvas[max(top, 0) : low, max(left, 0) : right] = glass
    on = np.zeros(canvas.shape[:2], np.uint8)
    turn = rng.normal(0, 6)
    for _ in range(rng.integers(1, 4)):
        word = words[rng.integers(len(words))]
        place = cv2.getRotationMatrix2D((0, 0), turn, 1)
        place[:, 2] += (left + rng.uniform(0, 30), top + rng.uniform(0, 70))
        cv2.bitwise_or(on, cv2.warpAffine(word, place, on.shape[::-1]), dst=on)
    _light(canvas, on, lit, 24.0, shines, rng)


def place_display(canvas: np.ndarray, rng: np.random.Generator) -> list[Character]:
    """Paints a display of one to four rows onto the canvas: the characters that can be read."""
    glass, lit, unlit, shines = _colours(rng)
    height = float(np.exp(rng.uniform(np.log(SHORTEST), np.log(TALLEST))))
    on, off = (np.zeros(canvas.shape[:2], np.uint8) for _ in range(2))
    characters = [
        character for row in _rows(height, rng) for character in _draw_row(on, off, row, rng)
    ]
    if rng.random() < 0.85:
        reach = int(height * rng.uniform(0.1, 0.3))
        window = cv2.dilate(on | off, np.ones((3, 3), np.uint8), iterations=reach)
        _fill(canvas, window, glass, rng.uniform(0.85, 1))
    else:
        surface = canvas.mean((0, 1))
        brighter = 1 if canvas.mean() < rng.uniform(90, 160) else -1
        lit = np.clip(surface + brighter * rng.uniform(90, 200), 0, 255)
        unlit = surface * 0.9 + lit * 0.1
    paint(canvas, off, unlit)
    _light(canvas, on, lit, height, shines, rng)
    return [c for c in characters if SHORTEST * 0.75 <= c.height <= TALLEST * 1.3]


def _rows(height: float, rng: np.random.Generator) -> Iterator[Row]:
    """Rows of one display whose first has characters of that height, in pixels."""
    angle, style = rng.normal(0, 7) * np.pi / 180, _style(rng)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    fitting = max(1, int(PATCH * 0.9 / (LINE * height)))
    rows = int(rng.integers(1, min(fitting, 4) + 1))
    lowest = max(0.1, 0.95 - LINE * rows * height / PATCH)
    origin = np.array([rng.uniform(-0.05, 0.25), rng.uniform(0.05, lowest)]) * PATCH
    bend = rng.normal(0, 0.0006, 2)
    for number in range(rows):
        frame = turn * (height * (1 if number == 0 else rng.uniform(0.7, 1.15)))
        start = origin + frame @ [rng.uniform(-0.2, 0.3), LINE * number]
        yield Row(frame, start, bend, style)


def paint(canvas: np.ndarray, mask: np.ndarray, colour: ArrayLike, opacity: float = 1.0) -> None:
    """Mixes the colour (RGB 0..255) into the canvas where the mask (uint8) is."""
    left, top, width, height = cv2.boundingRect(mask)
    part = canvas[top : top + height, left : left + width]
    share = mask[top : top + height, left : left + width, None] * np.float32(opacity / 255)
    part += (np.asarray(colour, np.float32) - part) * share


def _fill(canvas: np.ndarray, mask: np.ndarray, colour: np.ndarray, opacity: float) -> None:
    """Mixes the colour into the whole rectangle around the mask."""
    left, top, width, height = cv2.boundingRect(mask)
    part = canvas[top : top + height, left : left + width]
    part += (np.asarray(colour, np.float32) - part) * np.float32(opacity)


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
        paint(canvas, on, lit + (255 - lit) * rng.uniform(0, 0.9) * (rng.random() < 0.6))
        return
    if rng.random() < 0.4:
        right, down = height * rng.uniform(0, 0.05), height * rng.uniform(0, 0.05)
        shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
        shadow = cv2.warpAffine(on, shift, on.shape[::-1])
        paint(canvas, shadow, (0, 0, 0), rng.uniform(0.05, 0.35))
    paint(canvas, on, lit, rng.uniform(0.7, 1))


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Colours of the glass, of lit and of unlit segments (RGB 0..255), and whether the lit ones
    shine.
    """
    shines = rng.random() < 0.6
    if shines:
        glass = rng.uniform(0, 70) + rng.uniform(-15, 25, 3)
        hue = np.array([[[rng.choice(HUES), rng.integers(0, 256), 255]]], np.uint8)
        lit = cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0] * rng.uniform(0.6, 1)
    else:
        glass = rng.uniform(90, 225) + rng.uniform(-45, 35, 3)
        lit = glass * rng.uniform(0.05, 0.62) + rng.uniform(-5, 15, 3)
        if rng.random() < 0.12:
            glass, lit = lit, glass
    ghost = rng.uniform(0, 0.22) if rng.random() < 0.6 else 0
    unlit = glass + (lit - glass) * ghost
    return np.clip(glass, 0, 255), np.clip(lit, 0, 255), np.clip(unlit, 0, 255), shines


def _style(rng: np.random.Generator) -> Style:
    width, thick = rng.uniform(0.38, 0.72), rng.uniform(0.06, 0.22)
    gap = rng.uniform(0, 0.05) * (rng.random() < 0.8)
    thick = min(thick, width * 0.29)
    ends = rng.choice(["pointed", "cut", "square"])
    flat = thick * rng.uniform(0.75, 1.2)
    slant = rng.uniform(-0.03, 0.27) if rng.random() < 0.6 else 0.0
    pitch, dot = width + rng.uniform(0.08, 0.6), thick * rng.uniform(0.45, 0.75)
    return Style(width, pitch, slant, dot, Bars(width, thick, flat, gap, ends).polygons())


def _draw_row(
    on: np.ndarray, off: np.ndarray, row: Row, rng: np.random.Generator
) -> Iterator[Character]:
    """Draws as many characters as fit, their lit segments onto one mask and the others onto
    another.
    """
    for column in range(rng.integers(1, max(2, min(row.fitting, MOST) + 1))):
        lit = _lit_segments(rng)
        for bar, polygon in enumerate(row.style.bars):
            corners = [_fixed(row.place(polygon, column))]
            cv2.fillPoly(on if lit[bar] else off, corners, 255, cv2.LINE_AA, FRACTION)
        if lit[SEGMENTS]:
            _draw_dot(on, row, column, 1 - row.style.dot)
        if lit[SEGMENTS + 1]:
            _draw_dot(on, row, column, 0.3)
            _draw_dot(on, row, column, 0.7)
        if lit[:SEGMENTS].any():
            yield row.character(column, lit)


def _draw_dot(on: np.ndarray, row: Row, column: int, y: float) -> None:
    """A dot behind a character, at that height of its cell."""
    style = row.style
    centre = _fixed(row.place([(style.width + style.pitch) / 2, y], column)[0])
    radius = int(np.hypot(*row.frame[0]) * style.dot * 2**FRACTION)
    cv2.circle(on, tuple(centre), radius, 255, -1, cv2.LINE_AA, FRACTION)


def _fixed(points: np.ndarray) -> np.ndarray:
    """Pixels as OpenCV takes parts of them: integers with FRACTION binary places."""
    return (points * 2**FRACTION).round().astype(np.int32)


def _lit_segments(rng: np.random.Generator) -> np.ndarray:
    """(9,) bool: mostly glyphs in use, sometimes any pattern, sometimes a blank cell; now and then
    a mark.
    """
    lit = np.zeros(SEGMENTS + MARKS, bool)
    draw = rng.random()
    if draw < 0.5:
        glyph = GLYPHS["0123456789"[rng.integers(10)]]
        lit[["abcdefg".index(segment) for segment in glyph]] = True
    elif draw < 0.88:
        lit[:SEGMENTS] = SHAPES[rng.integers(len(SHAPES))][1]
    elif draw < 0.92:
        lit[:SEGMENTS] = rng.random(SEGMENTS) < 0.55
    if lit.any() and rng.random() < 0.16:
        lit[SEGMENTS + int(rng.random() < 0.4)] = True
    return lit
