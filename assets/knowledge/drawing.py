"""Primitives for the pictures of the knowledge packs: a supersampled canvas, displays, and
`photographed`, which turns a drawing into something like a customer's phone photo.

Paper, barcodes and phone screens are in documents.py; products are drawn
by each pack's own draw.py. Knows no pack. Fonts are the ones that matplotlib carries.

A pack's draw.py names its pictures and hands them over:

    PICTURES = {"kettle-red.jpg": lambda: kettle("#b3202a"), ...}    # name -> function -> Image
    if __name__ == "__main__":
        draw_all(PICTURES, Path(__file__).parent / "pictures")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

Box = tuple[float, float, float, float]  # left, top, right, bottom in px
Point = tuple[float, float]

SUPERSAMPLING = 3  # canvas pixels per picture pixel
LONGEST_SIDE = 900  # px, of a saved picture
JPEG_QUALITY = 85

FONTS = {
    "sans": "DejaVuSans",
    "bold": "DejaVuSans-Bold",
    "oblique": "DejaVuSans-Oblique",
    "mono": "DejaVuSansMono",
    "mono-bold": "DejaVuSansMono-Bold",
    "serif": "STIXGeneral",
    "serif-bold": "STIXGeneralBol",
    "serif-italic": "STIXGeneralItalic",
}


@cache
def font(size: int, style: str = "sans") -> ImageFont.FreeTypeFont:
    """A font of FONTS; size in px."""
    import matplotlib

    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{FONTS[style]}.ttf", size)


def mix(first: str, second: str, share: float) -> tuple[int, int, int]:
    """The colour between two: share 0 is the first, 1 the second."""
    pair = zip(ImageColor.getrgb(first), ImageColor.getrgb(second))
    return tuple(round(a + (b - a) * share) for a, b in pair)


# -- canvas --------------------------------------------------------------------------------


class Canvas:
    """A picture that is drawn larger and reduced at the end, so that its edges are smooth.

    All sizes and positions are px of the finished picture; a colour is anything Pillow knows.
    """

    def __init__(self, width: int, height: int, colour: object = "white") -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SUPERSAMPLING, height * SUPERSAMPLING), colour)
        self._draw = ImageDraw.Draw(self._image)

    def picture(self) -> Image.Image:
        """The finished picture, RGB, (width, height)."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def rounded(self, box: Box, radius: float, fill=None, outline=None, width: float = 0) -> None:
        self._draw.rounded_rectangle(_grow(box), _px(radius), fill, outline, _px(width))

    def ellipse(self, box: Box, fill=None, outline=None, width: float = 0) -> None:
        self._draw.ellipse(_grow(box), fill, outline, _px(width))

    def circle(
        self, centre: Point, radius: float, fill=None, outline=None, width: float = 0
    ) -> None:
        (x, y), r = centre, radius
        self.ellipse((x - r, y - r, x + r, y + r), fill, outline, width)

    def polygon(self, points: Sequence[Point], fill) -> None:
        self._draw.polygon([(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points], fill)

    def arc(self, box: Box, start: float, end: float, fill, width: float) -> None:
        """Part of an ellipse's outline; degrees, clockwise from three o'clock."""
        self._draw.arc(_grow(box), start, end, fill, _px(width))

    def line(self, points: Sequence[Point], fill, width: float = 1) -> None:
        """A line with round joints and ends."""
        scaled = [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points]
        self._draw.line(scaled, fill, _px(width), joint="curve")
        for x, y in points:
            self.circle((x, y), width / 2, fill)

    def text(
        self, at: Point, text: str, size: int, fill="#1d2129", style="sans", anchor="la"
    ) -> float:
        """One line of text; anchor as in Pillow. Returns its width in px."""
        face = font(size * SUPERSAMPLING, style)
        self._draw.text((at[0] * SUPERSAMPLING, at[1] * SUPERSAMPLING), text, fill, face, anchor)
        return face.getlength(text) / SUPERSAMPLING

    def paragraph(
        self,
        at: Point,
        text: str,
        size: int,
        width: float,
        fill="#1d2129",
        style="sans",
        spacing: float = 1.45,
    ) -> float:
        """Text wrapped to a width in px. Returns the y below its last line."""
        x, y = at
        for line in wrapped(text, size, width, style):
            self.text((x, y), line, size, fill, style)
            y += size * spacing
        return y

    def gradient(self, box: Box, first, second, radius: float = 0, sideways: bool = False) -> None:
        """A rounded box whose colour runs from top to bottom, or from left to right."""
        left, top, right, bottom = (round(v) for v in _grow(box))
        size = (right - left, bottom - top)
        ramp = Image.linear_gradient("L").rotate(90) if sideways else Image.linear_gradient("L")
        colours = Image.composite(
            Image.new("RGB", size, second), Image.new("RGB", size, first), ramp.resize(size)
        )
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), _px(radius), 255)
        self._image.paste(colours, (left, top), mask)

    def soft(self, shape: Callable[[Canvas], None], colour, blur: float, opacity: float) -> None:
        """A blurred shape in one colour - a shadow, a shine or a glow. `shape` draws in white on
        black.
        """
        layer = Canvas(self.width, self.height, "black")
        shape(layer)
        small = layer.picture().convert("L").filter(ImageFilter.GaussianBlur(blur))
        mask = small.resize(self._image.size, Image.Resampling.BILINEAR).point(
            lambda v: round(v * opacity)
        )
        self._image.paste(Image.new("RGB", self._image.size, colour), (0, 0), mask)

    def shadow(
        self, box: Box, radius: float = 12, blur: float = 12, opacity: float = 0.3, drop: float = 8
    ) -> None:
        """The soft shadow of a rounded box that lies a little above the ground."""
        lower = (box[0], box[1] + drop, box[2], box[3] + drop)
        self.soft(lambda layer: layer.rounded(lower, radius, "white"), "#10141c", blur, opacity)

    def ground(self, left: float, right: float, y: float) -> None:
        """The shadow of something that stands on the floor between left and right."""
        self.soft(
            lambda layer: layer.ellipse((left - 13, y - 14, right + 13, y + 16), "white"),
            "#151a22",
            12,
            0.5,
        )

    def paste(self, at: Point, picture: Image.Image) -> None:
        """Another picture with its top left corner at a point; transparency is kept."""
        large = picture.resize((_px(picture.width), _px(picture.height)), Image.Resampling.LANCZOS)
        self._image.paste(large, (_px(at[0]), _px(at[1])), large if large.mode == "RGBA" else None)


def studio(width: int, height: int, colour: str = "#dfe6ee") -> Canvas:
    """The backdrop of a product shot: a wall that grows lighter to the floor."""
    canvas = Canvas(width, height, colour)
    canvas.gradient(
        (0, 0, width, height * 0.74), mix(colour, "#ffffff", 0.15), mix(colour, "#ffffff", 0.65)
    )
    canvas.gradient(
        (0, height * 0.74, width, height), mix(colour, "#ffffff", 0.4), mix(colour, "#8894a4", 0.12)
    )
    canvas.soft(
        lambda c: c.ellipse((0, height * 0.7, width, height * 0.78), "white"), "#ffffff", 30, 0.6
    )
    return canvas


def wrapped(text: str, size: int, width: float, style: str = "sans") -> list[str]:
    """The text as lines that are at most `width` px wide; a longer word gets a line of its own."""
    face, lines = font(size, style), [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if face.getlength(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _px(value: float) -> int:
    return round(value * SUPERSAMPLING)


def _grow(box: Box) -> Box:
    return tuple(v * SUPERSAMPLING for v in box)


# -- displays ------------------------------------------------------------------------------

#   a      The segments of a digit, as they are named on data sheets.
# f   b
#   g
# e   c
#   d
SEGMENTS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abdeg",
    "3": "abcdg",
    "4": "bcfg",
    "5": "acdfg",
    "6": "acdefg",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "-": "g",
    " ": "",
    "A": "abcefg",
    "b": "cdefg",
    "C": "adef",
    "d": "bcdeg",
    "E": "adefg",
    "F": "aefg",
    "H": "bcefg",
    "h": "cefg",
    "i": "c",
    "J": "bcde",
    "L": "def",
    "n": "ceg",
    "o": "cdeg",
    "P": "abefg",
    "r": "eg",
    "S": "acdfg",
    "t": "defg",
    "U": "bcdef",
    "u": "cde",
    "y": "bcdfg",
}
_CORNERS = {
    "a": (0, 0, 1, 0),
    "b": (1, 0, 1, 1),
    "c": (1, 1, 1, 2),
    "d": (0, 2, 1, 2),
    "e": (0, 1, 0, 2),
    "f": (0, 0, 0, 1),
    "g": (0, 1, 1, 1),
}


def seven_segment(
    canvas: Canvas,
    at: Point,
    text: str,
    height: float,
    lit="#ff4a3d",
    unlit=None,
    slant: float = 0.08,
) -> float:
    """Digits, some letters (SEGMENTS), ':' and '.' on a seven-segment display. Returns the width in
    px.

    unlit: colour of the dark segments, None where they cannot be seen. slant: lean, as a share of
    the height.
    """
    x, y = at
    for char in text:
        if char in ":.":
            for level in (0.3, 0.7) if char == ":" else (0.95,):
                canvas.circle(
                    (x + height * (0.09 + slant * (1 - level)), y + height * level),
                    height * 0.055,
                    lit,
                )
            x += height * 0.2
            continue
        for name, ends in _CORNERS.items():
            colour = lit if name in SEGMENTS[char] else unlit
            if colour is not None:
                canvas.polygon(_segment((x, y), ends, height, slant), colour)
        x += height * 0.7
    return x - at[0]


def _segment(at: Point, ends: Box, height: float, slant: float) -> list[Point]:
    """The six corners of one bar; ends on the digit's grid of one by two."""
    half, gap, unit = height * 0.055, height * 0.018, height * 0.445
    left, top, right, bottom = ends
    along = (1, 0) if top == bottom else (0, 1)
    points = []
    for grid_x, grid_y, step in ((left, top, 1), (right, bottom, -1)):
        x, y = half + grid_x * unit, half + grid_y * unit
        tip = (x + along[0] * gap * step, y + along[1] * gap * step)
        inner = (tip[0] + along[0] * half * step, tip[1] + along[1] * half * step)
        sides = [(inner[0] + along[1] * half * s, inner[1] - along[0] * half * s) for s in (1, -1)]
        points += [sides[0], tip, sides[1]] if step < 0 else [sides[1], tip, sides[0]]
    return [(at[0] + x + slant * (height - y), at[1] + y) for x, y in points]


def dot_matrix(
    canvas: Canvas, at: Point, text: str, pitch: float, lit="#17301f", unlit=None
) -> float:
    """Text in dots, as on an LCD; pitch is the px from dot to dot, a letter is 6 x 11 dots. Returns
    the width.
    """
    face = ImageFont.load_default_imagefont()
    left, top, right, bottom = face.getbbox(text)
    bitmap = Image.new("1", (right, bottom))
    ImageDraw.Draw(bitmap).text((0, 0), text, 1, face)
    for row in range(bottom):
        for column in range(right):
            colour = lit if bitmap.getpixel((column, row)) else unlit
            if colour is not None:
                x, y = at[0] + column * pitch, at[1] + row * pitch
                canvas.rounded((x, y, x + pitch * 0.88, y + pitch * 0.88), pitch * 0.2, colour)
    return right * pitch


# -- like a phone photo --------------------------------------------------------------------

SURFACES = {
    "oak": "#b98d5f",
    "walnut": "#6a4a35",
    "slate": "#5d646c",
    "linen": "#cfc6b8",
    "steel": "#c4c9ce",
}


def photographed(
    picture: Image.Image,
    seed: int,
    tilt: float = 6,
    blur: float = 0.7,
    glare: float = 0.4,
    noise: float = 5,
    surface: str | None = "oak",
    size: tuple[int, int] = (900, 700),
) -> Image.Image:
    """A drawing as a customer would photograph it; the same seed gives the same photo.

    tilt: about the degrees by which the camera is turned and leaned. blur: px. glare: 0..1,
    strength of the lamp's reflection. noise: standard deviation in grey levels. surface: what the
    thing lies on (SURFACES), or None where the thing fills the photo. size: (width, height) in px.
    """
    random = np.random.default_rng(seed)
    ground = _surface(surface or "steel", size, random)
    corners = _framed(_leaned(picture.size, tilt, random), size, fill=surface is None)
    sheet = _warped(picture.convert("RGBA"), corners, size)
    if surface:
        shadow = sheet.getchannel("A").filter(ImageFilter.GaussianBlur(9)).point(lambda v: v * 0.55)
        ground.paste("#120d08", (7, 10), shadow)
    ground.paste(sheet, (0, 0), sheet)
    lit = _lit(ground, glare, random).filter(ImageFilter.GaussianBlur(blur))
    grain = random.normal(0, noise, (size[1], size[0], 1)) + random.normal(
        0, noise / 2, (size[1], size[0], 3)
    )
    return Image.fromarray(np.clip(np.asarray(lit, np.float32) + grain, 0, 255).astype(np.uint8))


def _surface(name: str, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """A table: its colour with a grain that runs from left to right."""
    rows, columns, strength = (120, 5, 9) if name in ("oak", "walnut") else (90, 120, 4)
    grain = random.normal(128, strength, (rows, columns))
    stretched = Image.fromarray(grain.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    shade = np.asarray(stretched, np.float32)[:, :, None] - 128
    flat = np.array(ImageColor.getrgb(SURFACES[name]), np.float32)
    return Image.fromarray(np.clip(flat + shade, 0, 255).astype(np.uint8))


def _leaned(inner: tuple[int, int], tilt: float, random: np.random.Generator) -> np.ndarray:
    """Corners (4, 2) around the origin of a picture seen by a camera that is turned and leaned."""
    corners = np.array(inner) / max(inner) * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    turn = np.radians(tilt) * random.uniform(0.5, 1.0) * random.choice((-1, 1))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    lean = np.radians(tilt) * random.uniform(-1, 1, 2)
    turned = corners @ rotation.T
    return turned / (1 + turned @ lean)[:, None]


def _framed(corners: np.ndarray, size: tuple[int, int], fill: bool) -> np.ndarray:
    """Those corners moved into a photo of that size: inside it, or with the photo inside them."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    if fill:  # the photo must lie within the middle of each side
        edges = np.sort(corners, axis=0)
        low, high = edges[1], edges[2]
    ratios = np.array(size) / (high - low)
    scale = ratios.max() * 1.03 if fill else ratios.min() * 0.88
    return np.array(size) / 2 + (corners - (low + high) / 2) * scale


def _warped(picture: Image.Image, corners: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """The picture drawn between four corners (4, 2) of a transparent photo of that size."""
    width, height = picture.size
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    rows, targets = [], []
    for (x, y), (u, v) in zip(corners * 2, source):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        targets += [u, v]
    coefficients = np.linalg.solve(np.array(rows), np.array(targets))
    doubled = (size[0] * 2, size[1] * 2)
    large = picture.transform(
        doubled, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC
    )
    return large.resize(size, Image.Resampling.LANCZOS)


def _lit(photo: Image.Image, glare: float, random: np.random.Generator) -> Image.Image:
    """Light that falls in from one side, a warm or cool tint, darker corners and a lamp's
    reflection.
    """
    width, height = photo.size
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = random.uniform(0, 2 * np.pi)
    light = (
        1 + 0.1 * (across * np.cos(angle) + down * np.sin(angle)) - 0.11 * (across**2 + down**2) / 2
    )
    tint = 1 + random.uniform(-0.035, 0.035) * np.array([1, 0, -1])
    spot_x, spot_y = random.uniform(-0.7, 0.7, 2)
    spot = np.exp(-(((across - spot_x) / 0.3) ** 2 + ((down - spot_y) / 0.2) ** 2))
    pixels = np.asarray(photo, np.float32) * light[:, :, None] * tint
    pixels += (255 - pixels) * (spot * glare * 0.6)[:, :, None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


# -- files ---------------------------------------------------------------------------------


def draw_all(pictures: Mapping[str, Callable[[], Image.Image]], folder: Path) -> None:
    """Draws every picture into a folder, at most LONGEST_SIDE px, as JPEG or by its suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in pictures.items():
        picture = draw()
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        picture.save(folder / name, quality=JPEG_QUALITY, optimize=True)
