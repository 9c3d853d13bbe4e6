"""What customers photograph besides products: receipts, type labels, letters, cards and phone
screens.

Built on drawing.Canvas; knows no pack and no company. Every function returns a finished picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from drawing import Box, Canvas, Point, mix, wrapped
from PIL import Image

INK, GREY, PAPER = "#1d2129", "#68707c", "#fdfcf8"
Rows = Sequence[tuple[str, str]]


# -- barcodes (EAN-13, ISO/IEC 15420) -------------------------------------------------------

LEFT_ODD = "0001101 0011001 0010011 0111101 0100011 0110001 0101111 0111011 0110111 0001011".split()
PARITY = "LLLLLL LLGLGG LLGGLG LLGGGL LGLLGG LGGLLG LGGGLL LGLGLG LGLGGL LGGLGL".split()


def check_digit(digits: str) -> str:
    """The thirteenth digit, which makes the weighted sum a multiple of ten."""
    return str(
        -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    )


def ean13(digits: str) -> str:
    """Twelve digits as the 95 bars (1) and gaps (0) of a barcode, check digit added."""
    digits += check_digit(digits)
    left = "".join(_symbol(kind, digit) for kind, digit in zip(PARITY[int(digits[0])], digits[1:7]))
    right = "".join(_symbol("R", digit) for digit in digits[7:])
    return f"101{left}01010{right}101"


def _symbol(kind: str, digit: str) -> str:
    """L as listed, R with bars and gaps exchanged, G is R mirrored."""
    odd = LEFT_ODD[int(digit)]
    swapped = odd.translate(str.maketrans("01", "10"))
    return {"L": odd, "R": swapped, "G": swapped[::-1]}[kind]


def barcode(canvas: Canvas, box: Box, digits: str) -> None:
    """A barcode of twelve digits with its number below, inside a box."""
    left, top, right, bottom = box
    size = max(12, round((bottom - top) * 0.18))
    pitch, foot = (right - left) / 95, bottom - size * 1.25
    for place, mark in enumerate(ean13(digits)):
        if mark == "1":
            x = left + place * pitch
            canvas.polygon([(x, top), (x + pitch, top), (x + pitch, foot), (x, foot)], INK)
    number = f"{digits[0]} {digits[1:7]} {digits[7:]}{check_digit(digits)}"
    canvas.text(((left + right) / 2, bottom), number, size, INK, "mono", "md")


# -- paper ---------------------------------------------------------------------------------


def receipt(
    shop: str,
    address: Sequence[str],
    rows: Rows,
    total: str,
    facts: Rows,
    digits: str,
    thanks: str = "THANK YOU FOR SHOPPING WITH US",
) -> Image.Image:
    """A till receipt. rows: (item, price), a continuation line has no price; facts: (name, value)
    below the total.
    """
    height = 430 + 34 * len(rows) + 32 * len(facts) + 28 * len(address)
    canvas = Canvas(520, height, PAPER)
    canvas.text((260, 64), shop, 30, INK, "mono-bold", "mm")
    y = 108.0
    for line in address:
        canvas.text((260, y), line, 19, GREY, "mono", "mm")
        y += 28
    y = _columns(canvas, rows, _dashes(canvas, y + 4, 520), 22, 34, (36, 484), "mono")
    y = _dashes(canvas, y + 4, 520)
    y = _columns(canvas, [("TOTAL", total)], y, 30, 56, (36, 484), "mono-bold")
    y = _columns(canvas, facts, y, 20, 32, (36, 484), "mono")
    barcode(canvas, (110, y + 28, 410, y + 128), digits)
    canvas.text((260, height - 40), thanks, 18, GREY, "mono", "mm")
    return canvas.picture()


def type_label(
    maker: str,
    product: str,
    rows: Rows,
    digits: str,
    marks: str = "CE",
    colour: str = "#f3f4f2",
    size: tuple[int, int] = (760, 520),
) -> Image.Image:
    """The type label of a device. rows: (name, value), for example ("S/N", "AW2514003817")."""
    width, height = size
    canvas = Canvas(width, height, colour)
    canvas.rounded((14, 14, width - 14, height - 14), 18, None, "#9aa1a8", 3)
    canvas.text((44, 66), maker, 38, INK, "bold", "lm")
    canvas.text((width - 44, 66), product, 28, INK, "sans", "rm")
    canvas.line([(44, 104), (width - 44, 104)], INK, 2)
    bottom = _columns(canvas, rows, 126, 27, 44, (44, width - 44), "mono")
    barcode(canvas, (44, max(bottom + 8, height - 150), 404, height - 36), digits)
    canvas.text((width - 54, height - 84), marks, 54, INK, "bold", "rm")
    return canvas.picture()


def letter(
    sender: str,
    colour: str,
    contact: Sequence[str],
    date: str,
    subject: str,
    paragraphs: Sequence[str],
    signature: str,
) -> Image.Image:
    """A business letter on A4 paper with the sender's name in its colour."""
    canvas = Canvas(760, 1075, PAPER)
    canvas.gradient((0, 0, 760, 14), colour, mix(colour, "#ffffff", 0.4), sideways=True)
    canvas.text((70, 82), sender, 34, colour, "bold", "lm")
    for number, line in enumerate(contact):
        canvas.text((690, 66 + 24 * number), line, 16, GREY, "sans", "rm")
    canvas.text((690, 190), date, 19, INK, "serif", "rs")
    y = canvas.paragraph((70, 236), subject, 26, 620, INK, "serif-bold", 1.3) + 22
    for text in paragraphs:
        y = canvas.paragraph((70, y), text, 23, 620, INK, "serif", 1.42) + 18
    canvas.text((70, y + 34), signature, 38, mix(colour, "#000000", 0.35), "serif-italic")
    return canvas.picture()


def card(
    title: str, subtitle: str, lines: Sequence[str], colours: tuple[str, str], size=(860, 540)
) -> Image.Image:
    """The front of a plastic card with rings in one corner; lines stand large at the bottom."""
    width, height = size
    canvas = Canvas(width, height, colours[0])
    canvas.gradient((0, 0, width, height), *colours, sideways=True)
    for radius in range(90, 620, 66):
        canvas.circle((width, 0), radius, outline=mix(colours[1], "#ffffff", 0.16), width=3)
    canvas.text((58, 86), title, 44, "white", "bold", "lm")
    canvas.text((58, 142), subtitle, 26, mix(colours[1], "#ffffff", 0.75), "sans", "lm")
    for number, line in enumerate(reversed(lines)):
        canvas.text(
            (58, height - 62 - 62 * number), line, 44 if number else 34, "white", "mono", "lm"
        )
    return canvas.picture()


def _columns(
    canvas: Canvas, rows: Rows, y: float, size: int, step: float, edges: Point, style: str
) -> float:
    """Names at the left edge and values at the right one. Returns the y below."""
    for name, value in rows:
        canvas.text((edges[0], y), name, size, INK, style)
        canvas.text((edges[1], y), value, size, INK, style, "ra")
        y += step
    return y


def _dashes(canvas: Canvas, y: float, width: float) -> float:
    for x in range(36, round(width) - 36, 16):
        canvas.line([(x, y), (x + 8, y)], GREY, 1.5)
    return y + 18


# -- phone screens -------------------------------------------------------------------------


def phone(colour: str = "#14161a", screen: str = "#f5f6f8") -> Canvas:
    """An empty phone screen in its case, 540 x 900; content goes between x 50 and 490, y 100 and
    860.
    """
    canvas = Canvas(540, 900, "#e4e8ee")
    canvas.shadow((30, 14, 510, 880), 56, 10, 0.35)
    canvas.rounded((26, 10, 514, 890), 60, colour)
    canvas.rounded((38, 22, 502, 878), 48, screen)
    canvas.rounded((216, 34, 324, 56), 11, colour)
    canvas.text((64, 46), "9:41", 18, INK, "bold", "lm")
    canvas.rounded((440, 38, 470, 53), 4, None, INK, 2)
    canvas.rounded((443, 41, 462, 50), 2, INK)
    return canvas


def app_message(
    app: str, colour: str, symbol: str, heading: str, text: str, button: str, code: str = ""
) -> Image.Image:
    """An app that shows one message: a symbol (one character), a heading, an explanation, a code
    and a button.
    """
    canvas = phone()
    canvas.text((270, 104), app, 24, colour, "bold", "mm")
    canvas.circle((270, 262), 84, mix(colour, "#ffffff", 0.82))
    canvas.circle((270, 262), 58, colour)
    canvas.text((270, 262), symbol, 64, "white", "bold", "mm")
    y = _centred(canvas, heading, 400, 32, "bold", INK)
    y = _centred(canvas, text, y + 14, 23, "sans", GREY)
    if code:
        canvas.rounded((150, y + 20, 390, y + 76), 12, mix(colour, "#ffffff", 0.86))
        canvas.text((270, y + 48), code, 30, colour, "mono-bold", "mm")
    _button(canvas, button, colour)
    return canvas.picture()


def app_list(app: str, colour: str, heading: str, rows: Rows, button: str) -> Image.Image:
    """An app that shows a heading and a list of (name, value)."""
    canvas = phone()
    canvas.text((66, 104), app, 22, colour, "bold", "lm")
    canvas.text((66, 158), heading, 34, INK, "bold", "lm")
    for number, (name, value) in enumerate(rows):
        top = 200 + number * 94
        canvas.rounded((58, top, 482, top + 82), 18, "white", "#e1e5ea", 2)
        canvas.text((82, top + 41), name, 23, INK, "sans", "lm")
        canvas.text((460, top + 41), value, 23, colour, "bold", "rm")
    _button(canvas, button, colour)
    return canvas.picture()


def _centred(canvas: Canvas, text: str, y: float, size: int, style: str, fill: str) -> float:
    for line in wrapped(text, size, 390, style):
        canvas.text((270, y), line, size, fill, style, "mm")
        y += size * 1.4
    return y


def _button(canvas: Canvas, label: str, colour: str) -> None:
    canvas.rounded((66, 774, 474, 838), 32, colour)
    canvas.text((270, 806), label, 24, "white", "bold", "mm")
