"""Draws the pictures of the shopping pack: products, displays, labels, receipts, damage.

Fennel & Finch Electronics and everything it sells are invented.
Run it from anywhere: python assets/knowledge/shopping/draw.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import products  # noqa: E402
from documents import app_message, barcode, card, receipt, type_label  # noqa: E402
from drawing import Canvas, draw_all, mix, photographed, seven_segment, studio  # noqa: E402

GREEN, INK = "#2f6f5e", "#1d2129"


def siskin_display(code: str, hint: str) -> Image.Image:
    """The espresso machine's panel from near, with a code and the symbol's name below it."""
    canvas = Canvas(760, 520, "#b9bec5")
    canvas.gradient((0, 0, 760, 520), "#d9dde2", "#a3a9b1")
    canvas.shadow((70, 60, 690, 330), 30, 10, 0.4, 4)
    canvas.gradient((70, 60, 690, 330), "#24262b", "#0e0f12", 30)
    seven_segment(canvas, (220, 104), code, 150, "#7fe3ff", "#17242a")
    canvas.text((380, 294), hint, 24, "#ffb454", "bold", "mm")
    for x, name in ((170, "1 cup"), (310, "2 cups"), (450, "steam"), (590, "power")):
        canvas.shadow((x - 34, 360, x + 34, 428), 34, 6, 0.35, 4)
        canvas.gradient((x - 34, 360, x + 34, 428), "#fafbfc", "#c6cbd1", 34)
        canvas.text((x, 454), name, 21, INK, "sans", "mm")
    return photographed(
        canvas.picture(),
        seed=int(code[1:]),
        tilt=3,
        glare=0.3,
        noise=3,
        surface=None,
        size=(720, 500),
    )


def power_bank_front() -> Image.Image:
    canvas = studio(720, 600, "#e2e6ea")
    canvas.ground(260, 460, 530)
    canvas.gradient((256, 70, 464, 530), "#4d545e", "#23272d", 36)
    canvas.text((360, 280), "NUTHATCH", 26, "#e9edf2", "bold", "mm")
    canvas.text((360, 316), "NB20  20,000 mAh", 18, "#b9c1cb", "sans", "mm")
    for light in range(4):
        canvas.circle((318 + 28 * light, 120), 7, "#5fd08a" if light < 3 else "#555c66")
    canvas.rounded((300, 508, 340, 522), 7, "#0f1114")
    canvas.rounded((378, 508, 424, 522), 3, "#0f1114")
    products.shine(canvas, (272, 100, 284, 360), 6, 0.3, 8)
    return canvas.picture()


def power_bank_label() -> Image.Image:
    rows = [
        ("MODEL", "NB20"),
        ("S/N", "NB20-4517"),
        ("CAPACITY", "20000 mAh 74 Wh"),
        ("OUTPUT", "5-12 V 22.5 W"),
    ]
    label = type_label("Nuthatch", "Power bank NB20", rows, "501774000451")
    return photographed(
        label, seed=31, tilt=5, glare=0.35, noise=4, surface="slate", size=(760, 570)
    )


def damaged_parcel() -> Image.Image:
    """A crushed cardboard box with a torn corner and its address label."""
    canvas = studio(720, 600, "#d8d2c8")
    canvas.ground(110, 610, 520)
    front = [(110, 220), (330, 236), (420, 262), (606, 214), (600, 520), (122, 516)]
    lid = [(110, 220), (196, 132), (540, 122), (606, 214), (420, 262), (330, 236)]
    canvas.polygon(front, "#c49a6c")
    canvas.polygon(lid, "#d8b285")
    canvas.polygon([(330, 236), (420, 262), (392, 340), (352, 318)], "#8a663f")
    canvas.polygon([(344, 250), (404, 270), (386, 316)], "#3b2a18")
    for start, end in (
        ((420, 262), (470, 380)),
        ((330, 236), (296, 372)),
        ((470, 380), (440, 460)),
        ((606, 214), (540, 300)),
    ):
        canvas.line([start, end], "#a37b4f", 4)
    canvas.soft(
        lambda c: c.polygon([(420, 262), (470, 380), (392, 340)], "white"), "#2b1c0c", 9, 0.5
    )
    canvas.polygon([(286, 128), (392, 125), (386, 178), (276, 182)], "#e9dcc4")
    canvas.rounded((150, 378, 300, 486), 6, "#fbfaf6")
    canvas.text((162, 390), "FENNEL & FINCH", 14, INK, "bold")
    canvas.text((162, 410), "Order 70418832", 14, INK, "sans")
    barcode(canvas, (162, 432, 288, 480), "507041883200")
    canvas.text((520, 456), "FRAGILE", 34, "#b3392f", "bold", "mm")
    return canvas.picture()


def till_receipt() -> Image.Image:
    rows = [
        ("Wren 500 NC cream", "189.00"),
        ("Finch Care 2 years", "59.00"),
        ("Carrier bag", "0.20"),
    ]
    facts = [("DATE", "2026-03-14 16:42"), ("ORDER", "70418832"), ("CARD", "**** **** **** 4417")]
    paper = receipt(
        "FENNEL & FINCH",
        ["ELECTRONICS", "12 Harbour Lane"],
        rows,
        "$ 248.20",
        facts,
        "507041883200",
    )
    return photographed(
        paper, seed=12, tilt=5, glare=0.3, noise=4, surface="walnut", size=(660, 840)
    )


def invoice() -> Image.Image:
    canvas = Canvas(700, 860, "#fdfdfb")
    canvas.text((60, 84), "Fennel & Finch", 34, GREEN, "bold", "lm")
    canvas.text((640, 84), "INVOICE", 30, INK, "bold", "rm")
    facts = (
        ("Invoice number", "FF-2026-118204"),
        ("Invoice date", "2 February 2026"),
        ("Order number", "70391150"),
    )
    for number, (name, value) in enumerate(facts):
        canvas.text((60, 170 + 38 * number), name, 21, "#68707c")
        canvas.text((640, 170 + 38 * number), value, 21, INK, "bold", "ra")
    canvas.rounded((60, 316, 640, 360), 8, mix(GREEN, "#ffffff", 0.82))
    for x, name, anchor in ((78, "Item", "lm"), (420, "Qty", "mm"), (622, "Price", "rm")):
        canvas.text((x, 338), name, 20, GREEN, "bold", anchor)
    for number, (name, price) in enumerate(
        (("Siskin espresso machine, red", "$249.00"), ("Descaler, 6 sachets", "$12.00"))
    ):
        y = 396 + 52 * number
        canvas.text((78, y), name, 21, INK, "sans", "lm")
        canvas.text((420, y), "1", 21, INK, "sans", "mm")
        canvas.text((622, y), price, 21, INK, "sans", "rm")
        canvas.line([(60, y + 27), (640, y + 27)], "#dfe3e7", 1.5)
    canvas.text((420, 530), "Total", 26, INK, "bold", "mm")
    canvas.text((622, 530), "$261.00", 26, INK, "bold", "rm")
    canvas.paragraph(
        (60, 620),
        "Paid by card on 3 February 2026. Please keep this invoice as proof of purchase.",
        20,
        560,
        "#68707c",
    )
    barcode(canvas, (60, 730, 300, 810), "500703911500")
    return canvas.picture()


def missed_delivery() -> Image.Image:
    canvas = Canvas(780, 520, "#fff6dd")
    canvas.rounded((0, 0, 780, 92), 0, "#e0a100")
    canvas.text((40, 46), "Sorry, we missed you", 38, INK, "bold", "lm")
    lines = (
        ("Your parcel from", "Fennel & Finch"),
        ("Waiting at", "Corner Kiosk, 8 Mill Street"),
        ("From", "tomorrow, 10 am"),
        ("Kept until", "21 March"),
    )
    for number, (name, value) in enumerate(lines):
        canvas.text((40, 142 + 54 * number), name, 24, "#6d5a1e", "sans", "lm")
        canvas.text((290, 142 + 54 * number), value, 26, INK, "bold", "lm")
    canvas.text((40, 384), "Bring this card and a photo ID.", 23, INK, "sans", "lm")
    barcode(canvas, (40, 412, 340, 500), "507041883211")
    canvas.text((740, 470), "PX 4402 918", 32, INK, "mono-bold", "rm")
    return photographed(
        canvas.picture(), seed=8, tilt=6, glare=0.3, noise=4, surface="linen", size=(780, 580)
    )


def declined() -> Image.Image:
    text = "Your bank did not approve this payment. Nothing has been charged."
    return app_message(
        "Fennel & Finch", "#b3392f", "!", "Payment declined", text, "Try another card", "PAY-31"
    )


BLACK, SAND, TEAL, CREAM = "#34363c", "#cbb491", "#2e8a8a", "#ece3d4"
PICTURES = {
    "wren-300-black.jpg": lambda: products.wren_300(BLACK),
    "wren-300-sand.jpg": lambda: products.wren_300(SAND),
    "wren-300-teal.jpg": lambda: products.wren_300(TEAL),
    "wren-500-cream.jpg": lambda: products.wren_500(CREAM, "#6f665a"),
    "wren-500-black.jpg": lambda: products.wren_500("#2b2c31", "#9a9ca4"),
    "linnet-buds-white.jpg": lambda: products.linnet_buds("#f1f2f3"),
    "linnet-buds-coral.jpg": lambda: products.linnet_buds("#f08a72"),
    "robin-mini-red.jpg": lambda: products.robin_mini("#cf3f3a"),
    "robin-mini-blue.jpg": lambda: products.robin_mini("#2f66c4"),
    "robin-mini-yellow.jpg": lambda: products.robin_mini("#efb52e"),
    "heron-10-tablet.jpg": lambda: products.tablet(products.home_screen),
    "heron-10-screen-locked.jpg": lambda: products.tablet(products.locked_screen),
    "heron-10-cracked.jpg": lambda: products.tablet(products.cracked_screen),
    "plover-watch-green.jpg": lambda: products.plover("#4d7a5a"),
    "plover-watch-rose.jpg": lambda: products.plover("#d99aa0"),
    "siskin-steel.jpg": lambda: products.siskin("#b4bac2"),
    "siskin-red.jpg": lambda: products.siskin("#b8322f"),
    "siskin-display-e02.jpg": lambda: siskin_display("E02", "WATER TANK"),
    "siskin-display-e05.jpg": lambda: siskin_display("E05", "DESCALE"),
    "siskin-display-e07.jpg": lambda: siskin_display("E07", "TOO HOT"),
    "nuthatch-65.jpg": products.charger,
    "nb20-label-front.jpg": power_bank_front,
    "nb20-label-batch.jpg": power_bank_label,
    "damaged-parcel.jpg": damaged_parcel,
    "receipt-shop.jpg": till_receipt,
    "receipt-email.jpg": invoice,
    "missed-delivery-card.jpg": missed_delivery,
    "gift-card.jpg": lambda: card(
        "Fennel & Finch", "Gift card", ["5021 7740 1193 6628", "$50"], (GREEN, "#174238")
    ),
    "app-payment-declined.jpg": declined,
}

if __name__ == "__main__":
    draw_all(PICTURES, HERE / "pictures")
