"""What plastic cards share: the gold contacts of a chip, and rounded corners. Knows no pack."""

from __future__ import annotations

from drawing import Canvas, Point
from PIL import Image


def chip(canvas: Canvas, at: Point) -> None:
    """The contacts of a chip, 116 x 90 px, with their top left corner at a point."""
    x, y = at
    canvas.gradient((x, y, x + 116, y + 90), "#efd9a0", "#c9a24f", radius=14)
    for part in (0.33, 0.67):
        canvas.line([(x, y + 90 * part), (x + 116, y + 90 * part)], "#9a7a34", 2)
    canvas.rounded((x + 38, y + 14, x + 78, y + 76), 10, "#e0c379", "#9a7a34", 2)


def cut_out(picture: Image.Image, radius: int) -> Image.Image:
    """The picture as RGBA with round, transparent corners; radius in px."""
    mask = Canvas(*picture.size, "black")
    mask.rounded((0, 0, picture.width - 1, picture.height - 1), radius, "white")
    picture.putalpha(mask.picture().convert("L"))
    return picture
