"""Colours that text can be read on, and the shades of one for Gradio's themes."""

from __future__ import annotations

import re

from PIL import ImageColor

from demo.convert import WordedError
from mm_support.errors import InputError

ENOUGH = 4.5  # contrast of text with what it stands on, WCAG 2.1, 1.4.3
# shade of Gradio's themes -> share of white or black in it; c700 is the colour itself
LIGHTER = {50: 0.94, 100: 0.87, 200: 0.72, 300: 0.54, 400: 0.36, 500: 0.2, 600: 0.1}
DARKER = {800: 0.18, 900: 0.34, 950: 0.52}

Colour = tuple[float, float, float]  # red, green, blue, 0..1
WHITE: Colour = (1.0, 1.0, 1.0)
BLACK: Colour = (0.0, 0.0, 0.0)


def legible(accent: str) -> str:
    """The colour, if white text can be read on it. Raises InputError, with one that would do."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise InputError(f"accent {accent!r} must be written as #rrggbb.")
    found = contrast_with_white(accent)
    if found >= ENOUGH:
        return accent
    darker = (mixed(rgb(accent), BLACK, step / 50) for step in range(51))
    better = hexadecimal(next(each for each in darker if contrast(each, WHITE) >= ENOUGH))
    told = {"contrast": f"{found:.1f}", "needed": ENOUGH, "better": better}
    raise WordedError("brand_pale", accent=accent, **told)


def shades(accent: str) -> dict[str, str]:
    """The eleven shades that Gradio's themes ask of a colour, from light to dark."""
    colour = rgb(accent)
    light = {f"c{n}": hexadecimal(mixed(colour, WHITE, own)) for n, own in LIGHTER.items()}
    dark = {f"c{n}": hexadecimal(mixed(colour, BLACK, own)) for n, own in DARKER.items()}
    return {**light, "c700": accent, **dark}


def contrast_with_white(accent: str) -> float:
    return contrast(rgb(accent), WHITE)


def contrast(one: Colour, other: Colour) -> float:
    """From 1, the same, to 21, black and white (WCAG 2.1)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def rgb(colour: str) -> Colour:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red / 255, green / 255, blue / 255


def hexadecimal(colour: Colour) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """share: of the other colour, 0..1."""
    red, green, blue = ((1 - share) * own + share * its for own, its in zip(colour, other))
    return red, green, blue
