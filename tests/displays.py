"""Photos of displays, drawn for tests: a panel with a display that shows a known text.

draw_displays(count, seed) gives the same photos for the same seed. Half are seven-segment
displays (LED, VFD and LCD; segment shape, thickness, slant and spacing all vary), half are screens
with ordinary type. Around the display stand what stands there in kitchens: a brand, labels of
buttons, a knob. Then the phone: tilt, perspective, blur, glare, exposure, noise, JPEG.

Knows nothing of the reader: it draws polygons and type with Pillow and shares no code, glyph table
or parameter with mm_support.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
SCREEN_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSansMono-Bold.ttf",
    "cmtt10.ttf",
    "DejaVuSerif-Bold.ttf",
)
PRINT_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "STIXGeneral.ttf")

# Which of the seven segments a character lights: a top, b upper right, c lower right, d bottom,
# e lower left, f upper left, g middle.
LIT = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "A": "abcefg",
    "b": "cdefg",
    "C": "adef",
    "d": "bcdeg",
    "E": "adefg",
    "F": "aefg",
    "H": "bcefg",
    "h": "cefg",
    "L": "def",
    "n": "ceg",
    "o": "cdeg",
    "P": "abefg",
    "r": "eg",
    "t": "defg",
    "U": "bcdef",
    "-": "g",
}
# Prefixes of error codes found on washing machines, boilers, ovens, air conditioners and routers.
SEGMENT_PREFIXES = (
    "E",
    "F",
    "H",
    "P",
    "C",
    "A",
    "L",
    "U",
    "Er",
    "dE",
    "E-",
    "F-",
    "EH",
    "FA",
    "nt",
    "tE",
    "oC",
    "UE",
    "bE",
)
SCREEN_PREFIXES = (
    "E",
    "F",
    "H",
    "P",
    "Err ",
    "Error ",
    "E-",
    "F-",
    "ERR-",
    "C",
    "A",
    "SE",
    "NW-",
    "0x",
    "Fault ",
    "W",
)
BRANDS = ("Nordwell", "AQUALINE", "Havena", "BOSKO", "Lumera", "ELTRIC", "vantro")
LABELS = (
    "Start",
    "Pause",
    "Menu",
    "Cottons",
    "Eco",
    "Spin",
    "OK",
    "Mode",
    "Timer",
    "Power",
    "Delay",
    "Quick",
    "40 °C",
    "60 °C",
    "1200 rpm",
    "Child lock",
)
LED_COLOURS = (
    (255, 40, 30),
    (60, 255, 80),
    (60, 120, 255),
    (255, 170, 40),
    (235, 245, 255),
    (90, 255, 230),
)
LCD_COLOURS = (
    (170, 185, 160),
    (150, 165, 150),
    (190, 195, 190),
    (120, 170, 210),
    (200, 205, 175),
    (230, 170, 80),
)


@dataclass(frozen=True, eq=False)
class Display:
    """A photo and the text that its display shows. kind: "segments" or "screen"."""

    photo: Image.Image
    text: str
    kind: str


def draw_displays(count: int, seed: int = 0) -> Iterator[Display]:
    """count photos, each with another text."""
    rng = np.random.default_rng(seed)
    seen: set[str] = set()
    while len(seen) < count:
        kind = "segments" if len(seen) % 2 == 0 else "screen"
        text = _error_code(rng, kind)
        key = "".join(filter(str.isalnum, text)).upper()
        if key not in seen:
            seen.add(key)
            yield draw_display(text, kind, rng)


def draw_display(text: str, kind: str, rng: np.random.Generator) -> Display:
    """A phone's photo of an appliance whose display shows text."""
    display = _segment_display(text, rng) if kind == "segments" else _screen(text, rng)
    return Display(_photograph(_panel(display, rng), rng), text, kind)


def draw_numbers(count: int, seed: int = 0) -> Iterator[Display]:
    """Clocks, temperatures and meters: seven-segment numbers with points, colons and signs."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        number = rng.integers(0, 10000)
        text = (
            f"{number % 24:02d}:{number % 60:02d}",
            f"{number / 10:.1f}",
            f"-{number % 30}",
            f"{number}",
        )[rng.integers(4)]
        yield draw_display(text, "segments", rng)


def _error_code(rng: np.random.Generator, kind: str) -> str:
    prefixes = SEGMENT_PREFIXES if kind == "segments" else SCREEN_PREFIXES
    prefix = prefixes[rng.integers(len(prefixes))]
    digits = rng.integers(1 if kind == "segments" else 2, 4)
    return prefix + "".join(str(rng.integers(10)) for _ in range(digits))


# -- the display ---------------------------------------------------------------------------


def _segment_display(text: str, rng: np.random.Generator) -> Image.Image:
    """Light or dark segments on glass, characters 120 px high."""
    height = 120
    glass, on, off, is_led = _segment_colours(rng)
    lit, unlit = _draw_segments(text, height, rng)
    image = Image.new("RGB", lit.size, glass)
    image.paste(off, mask=unlit)
    if is_led:
        halo = lit.filter(ImageFilter.GaussianBlur(height * rng.uniform(0.01, 0.07)))
        image = ImageChops.add(
            image,
            ImageChops.multiply(
                Image.merge("RGB", [halo] * 3),
                Image.new("RGB", lit.size, tuple(int(c * rng.uniform(0.2, 0.8)) for c in on)),
            ),
        )
        hot = tuple(int(c + (255 - c) * h) for c, h in zip(on, [rng.uniform(0, 0.7)] * 3))
        image.paste(hot, mask=lit)
    else:
        shadow = ImageChops.offset(
            lit, int(height * rng.uniform(0, 0.03)), int(height * rng.uniform(0, 0.03))
        )
        image.paste(tuple(int(c * 0.8) for c in glass), mask=shadow.point(lambda v: v * 0.5))
        image.paste(on, mask=lit)
    return image


def _segment_colours(rng: np.random.Generator) -> tuple[tuple, tuple, tuple, bool]:
    """Glass, lit, unlit, and whether lit segments shine."""
    ghost = rng.uniform(0, 0.14) * (rng.random() < 0.6)
    if rng.random() < 0.6:
        glass = tuple(int(v) for v in rng.uniform(5, 45) + rng.uniform(-5, 12, 3))
        on = LED_COLOURS[rng.integers(len(LED_COLOURS))]
    else:
        glass = LCD_COLOURS[rng.integers(len(LCD_COLOURS))]
        on = tuple(int(v) for v in rng.uniform(15, 60, 3))
        if rng.random() < 0.15:
            glass, on = (25, 50, 150), (225, 240, 255)
    off = tuple(int(g + (o - g) * ghost) for g, o in zip(glass, on))
    return glass, on, off, max(on) > max(glass)


def _draw_segments(
    text: str, height: int, rng: np.random.Generator
) -> tuple[Image.Image, Image.Image]:
    """Masks of what is lit and of what is not, drawn twice as large and reduced."""
    scale = 2 * height
    width, thick, gap = rng.uniform(0.36, 0.56), rng.uniform(0.08, 0.17), rng.uniform(0, 0.035)
    shape, slant = (
        rng.choice(["mitre", "butt", "round"]),
        rng.uniform(0, 0.24) * (rng.random() < 0.7),
    )
    thick = min(thick, 0.13) if shape == "butt" else thick  # square bars are longer than wide
    pitch = width + thick + rng.uniform(0.06, 0.35)
    cells, marks = _layout(text)
    margin = rng.uniform(0.15, 0.7, 2) + thick
    blanks = int(rng.integers(0, 2))
    size = (
        int(scale * (2 * margin[0] + slant + (len(cells) + blanks) * pitch)),
        int(scale * (1 + 2 * margin[1])),
    )
    lit, unlit = Image.new("L", size), Image.new("L", size)

    def place(x: float, y: float, column: int) -> tuple[float, float]:
        return scale * (margin[0] + column * pitch + x + slant * (1 - y)), scale * (margin[1] + y)

    for column, character in enumerate(cells + [" "] * blanks):
        for name, line in _segment_lines(width, thick).items():
            mask = lit if name in LIT.get(character, "") else unlit
            outline = [place(x, y, column) for x, y in _outline(line, thick, gap, shape)]
            ImageDraw.Draw(mask).polygon(outline, fill=255)
    for column, mark in marks:
        for y in (1.0,) if mark == "." else (0.3, 0.72):
            x0, y0 = place((width + pitch) / 2, y, column)
            r = scale * thick * 0.6
            ImageDraw.Draw(lit).ellipse((x0 - r, y0 - r, x0 + r, y0 + r), fill=255)
    return tuple(
        mask.resize((size[0] // 2, size[1] // 2), Image.Resampling.BOX) for mask in (lit, unlit)
    )


def _layout(text: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Characters that take a cell, and points or colons with the column that they follow."""
    cells: list[str] = []
    marks: list[tuple[int, str]] = []
    for character in text:
        if character in ".:":
            marks.append((len(cells) - 1, character))
        else:
            cells.append(character)
    return cells, marks


def _segment_lines(
    width: float, thick: float
) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Centre lines of the segments in a cell that is 1 high and `width` wide; y points down."""
    top, mid, bottom = thick / 2, 0.5, 1 - thick / 2
    return {
        "a": ((0, top), (width, top)),
        "b": ((width, top), (width, mid)),
        "c": ((width, mid), (width, bottom)),
        "d": ((0, bottom), (width, bottom)),
        "e": ((0, mid), (0, bottom)),
        "f": ((0, top), (0, mid)),
        "g": ((0, mid), (width, mid)),
    }


def _outline(line: tuple, thick: float, gap: float, shape: str) -> list[tuple[float, float]]:
    """The polygon of a segment: pointed ends, square ends, or ends with many corners."""
    (x0, y0), (x1, y1) = np.asarray(line[0]), np.asarray(line[1])
    along = np.array([x1 - x0, y1 - y0])
    length = np.hypot(*along)
    along, across = along / length, np.array([-along[1], along[0]]) / length * thick / 2
    start, end = np.array([x0, y0]) + along * gap, np.array([x1, y1]) - along * gap
    if shape == "mitre":
        inner = along * thick / 2
        corners = [
            start,
            start + inner + across,
            end - inner + across,
            end,
            end - inner - across,
            start + inner - across,
        ]
    elif shape == "butt":
        inner = along * thick * 0.55
        corners = [
            start + inner + across,
            end - inner + across,
            end - inner - across,
            start + inner - across,
        ]
    else:
        inner = along * thick * 0.45
        angles = np.linspace(-np.pi / 2, np.pi / 2, 9)
        cap = [np.cos(a) * along * thick / 2 + np.sin(a) * across for a in angles]
        corners = [end - inner + c for c in cap] + [start + inner - c for c in cap]
    return [tuple(corner) for corner in corners]


def _screen(text: str, rng: np.random.Generator) -> Image.Image:
    """A screen with type: white on dark, dark on light or one colour on black, perhaps with a
    caption.
    """
    font = ImageFont.truetype(FONTS / SCREEN_FONTS[rng.integers(len(SCREEN_FONTS))], 90)
    dark = tuple(int(v) for v in rng.uniform(5, 60, 3))
    light = LED_COLOURS[rng.integers(len(LED_COLOURS))] if rng.random() < 0.5 else (235, 238, 240)
    paper, ink = (
        (dark, light)
        if rng.random() < 0.6
        else (LCD_COLOURS[rng.integers(len(LCD_COLOURS))], tuple(v // 2 for v in dark))
    )
    box = font.getbbox(text)
    margin = rng.uniform(18, 96, 2).astype(int)
    image = Image.new("RGB", (box[2] + 2 * margin[0], 114 + 2 * margin[1]), paper)
    ImageDraw.Draw(image).text((margin[0], margin[1]), text, font=font, fill=ink)
    if rng.random() < 0.4 and margin[1] > 36:
        caption = ("Service required", "Check the water tap", "Door open", "Please wait")[
            rng.integers(4)
        ]
        ImageDraw.Draw(image).text(
            (margin[0], margin[1] + 117),
            caption,
            font=ImageFont.truetype(FONTS / "DejaVuSans.ttf", 26),
            fill=ink,
        )
    return image


# -- the appliance -------------------------------------------------------------------------


def _panel(display: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A front panel with the display, a brand, labels and a knob."""
    share = rng.uniform(0.3, 0.85)
    width = int(display.width / share)
    height = int(max(display.height / rng.uniform(0.3, 0.75), width * rng.uniform(0.45, 0.9)))
    light, dark = (
        (rng.uniform(0.75, 0.95), 30) if rng.random() < 0.6 else (rng.uniform(0.08, 0.3), 225)
    )
    tint = 255 * light + rng.uniform(-8, 8, 3)
    ramp = np.linspace(rng.uniform(-18, 18), rng.uniform(-18, 18), height)[:, None, None]
    brushed = rng.normal(0, rng.uniform(0, 4), (height, 1, 1))
    panel = Image.fromarray(
        np.clip(np.broadcast_to(tint + ramp + brushed, (height, width, 3)), 0, 255).astype(np.uint8)
    )
    x, y = (
        int(rng.uniform(0.02, 0.98) * (width - display.width)),
        int(rng.uniform(0.1, 0.9) * (height - display.height)),
    )
    frame = int(rng.uniform(0, 12))
    ImageDraw.Draw(panel).rectangle(
        (x - frame, y - frame, x + display.width + frame, y + display.height + frame),
        fill=tuple(int(v) for v in rng.uniform(5, 90, 3)),
    )
    panel.paste(display, (x, y))
    _furnish(
        panel,
        (x - frame, y - frame, x + display.width + frame, y + display.height + frame),
        (dark,) * 3,
        rng,
    )
    return panel


def _furnish(
    panel: Image.Image, taken: tuple[int, int, int, int], ink: tuple, rng: np.random.Generator
) -> None:
    """Prints a brand, some labels with their buttons and perhaps a knob where nothing stands
    yet.
    """
    draw, boxes = ImageDraw.Draw(panel), [taken]
    words = [
        BRANDS[rng.integers(len(BRANDS))],
        *rng.choice(LABELS, rng.integers(0, 6), replace=False),
    ]
    for number, word in enumerate(words):
        size = int(
            panel.width * (rng.uniform(0.035, 0.06) if number == 0 else rng.uniform(0.018, 0.032))
        )
        font = ImageFont.truetype(FONTS / PRINT_FONTS[rng.integers(len(PRINT_FONTS))], size)
        width, height = int(font.getlength(word)), size * 2
        for _ in range(12):
            x, y = (
                rng.integers(0, max(1, panel.width - width)),
                rng.integers(0, max(1, panel.height - height)),
            )
            box = (x - size // 2, y - size // 2, x + width + size // 2, y + height)
            if not any(_overlap(box, other) for other in boxes):
                draw.text((x, y), word, font=font, fill=ink)
                if number and rng.random() < 0.5:
                    draw.rounded_rectangle(
                        (x - size // 3, y - size // 4, x + width + size // 3, y + int(size * 1.4)),
                        size // 2,
                        outline=ink,
                        width=max(1, size // 14),
                    )
                boxes.append(box)
                break
    radius = int(panel.height * rng.uniform(0.08, 0.16))
    x, y = (int(rng.uniform(radius, side - radius)) for side in panel.size)
    if rng.random() < 0.5 and not any(
        _overlap((x - radius, y - radius, x + radius, y + radius), other) for other in boxes
    ):
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius),
            fill=tuple(int(v) for v in rng.uniform(60, 200, 3)),
            outline=ink,
            width=3,
        )
        draw.line((x, y, x, y - radius), fill=ink, width=6)


def _overlap(one: tuple, other: tuple) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


# -- the phone -----------------------------------------------------------------------------


def _photograph(panel: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The panel as a phone's camera sees it."""
    photo = _aim(panel, rng)
    photo = _glare(photo, rng)
    photo = photo.filter(ImageFilter.GaussianBlur(photo.width * rng.uniform(0, 0.0022)))
    if rng.random() < 0.3:
        photo = _shake(photo, rng)
    photo = _expose(photo, rng)
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=int(rng.integers(35, 92)))
    return Image.open(buffer).convert("RGB")


def _aim(panel: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Tilt and perspective: the panel lands on a quadrilateral in a photo of 0.3 to 1.5
    megapixels.
    """
    width = int(rng.uniform(640, 1400))
    height = int(width * panel.height / panel.width)
    backdrop = Image.fromarray(rng.integers(20, 220, (4, 5, 3), dtype=np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    angle = rng.normal(0, 6) * np.pi / 180
    corners = (
        np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
        * (width, height)
        * rng.uniform(0.9, 1.05)
    )
    corners += rng.uniform(-0.05, 0.05, (4, 2)) * (width, height)
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    target = corners @ turn + np.array((width, height)) / 2
    source = np.array(
        [(0, 0), (panel.width, 0), (panel.width, panel.height), (0, panel.height)], float
    )
    coefficients = _perspective(target, source)
    small = (
        panel.resize((width, height), Image.Resampling.LANCZOS)
        if panel.width > 2 * width
        else panel
    )
    if small is not panel:
        coefficients = _perspective(target, source * (width / panel.width, height / panel.height))
    warped = small.transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC
    )
    mask = Image.new("L", small.size, 255).transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients
    )
    backdrop.paste(warped, mask=mask)
    return backdrop


def _perspective(target: np.ndarray, source: np.ndarray) -> list[float]:
    """Pillow's eight coefficients of the map from target (4, 2) to source (4, 2)."""
    rows = []
    for (x, y), (u, v) in zip(target, source):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    return np.linalg.solve(np.array(rows), source.reshape(8)).tolist()


def _glare(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Up to two soft bright patches and a faint reflected streak."""
    shine = Image.new("L", photo.size)
    draw = ImageDraw.Draw(shine)
    for _ in range(rng.integers(0, 3)):
        x, y = rng.uniform(0, photo.width), rng.uniform(0, photo.height)
        a, b = photo.width * rng.uniform(0.02, 0.12), photo.width * rng.uniform(0.02, 0.08)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=int(rng.uniform(60, 170)))
    if rng.random() < 0.35:
        x, tilt = rng.uniform(0, photo.width), rng.uniform(-0.4, 0.4) * photo.height
        draw.line(
            (x, 0, x + tilt, photo.height),
            fill=int(rng.uniform(20, 60)),
            width=int(photo.width * rng.uniform(0.03, 0.12)),
        )
    soft = ImageFilter.GaussianBlur(photo.width * rng.uniform(0.015, 0.04))
    if not shine.getbbox():
        return photo
    shine = shine.filter(soft)
    return Image.composite(Image.new("RGB", photo.size, (255, 255, 250)), photo, shine)


def _shake(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Motion blur along a random direction, up to 0.5 % of the photo's width."""
    reach, angle = photo.width * rng.uniform(0.001, 0.005), rng.uniform(0, np.pi)
    frames = [
        np.asarray(
            ImageChops.offset(
                photo, round(s * reach * np.cos(angle)), round(s * reach * np.sin(angle))
            ),
            np.float32,
        )
        for s in np.linspace(-0.5, 0.5, 7)
    ]
    return Image.fromarray((sum(frames) / np.float32(len(frames))).astype(np.uint8))


def _expose(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposure, white balance and the sensor's noise, coarser in the dark."""
    curve = (np.arange(256, dtype=np.float32) / 255) ** np.float32(rng.uniform(0.75, 1.4))
    light = curve[np.asarray(photo)] * (rng.uniform(0.7, 1.15) * rng.uniform(0.93, 1.07, 3)).astype(
        np.float32
    )
    noise = (
        rng.standard_normal(light.shape, np.float32)
        * np.float32(rng.uniform(0.004, 0.035))
        * (0.6 + 0.8 * np.sqrt(np.clip(light, 0, 1)))
    )
    noisy = np.clip(light + noise, 0, 1, out=noise)
    return Image.fromarray((noisy * 255).astype(np.uint8))
