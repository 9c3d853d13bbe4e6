"""Draws the customer photos of the demo's example cards. Other drawings than those in the packs.

Run it from anywhere: python assets/examples/draw.py
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
KNOWLEDGE = HERE.parent / "knowledge"
sys.path[:0] = [str(KNOWLEDGE), str(KNOWLEDGE / "shopping"), str(KNOWLEDGE / "smart-home")]
import appliances  # noqa: E402
import products  # noqa: E402
from documents import letter, receipt, type_label  # noqa: E402
from drawing import Canvas, draw_all, mix, photographed, studio  # noqa: E402


def washer() -> Image.Image:
    """The washing machine between two cupboards, with the upper half of its door."""
    canvas = Canvas(1240, 960, "#a98f72")
    canvas.gradient((0, 0, 1240, 96), "#6d6a66", "#8b8782")
    for left in (0, 1096):
        canvas.gradient((left, 96, left + 144, 960), "#b79d80", "#8f775d")
    canvas.gradient((150, 690, 1090, 960), "#eceff2", "#d9dde2")
    canvas.paste((150, 100), appliances.washer_panel("E24", "Mixed"))
    canvas.circle((620, 1010), 282, "#c2c8cf", "#9aa1a9", 4)
    canvas.circle((620, 1010), 226, "#30343b")
    scene = canvas.picture()
    return photographed(
        scene, seed=45, tilt=8, blur=0.9, glare=0.5, noise=7, surface=None, size=(880, 680)
    )


def headphones() -> Image.Image:
    shot = products.wren_300("#2e8a8a")
    return photographed(
        shot, seed=52, tilt=8, blur=1.2, glare=0.4, noise=7, surface=None, size=(800, 700)
    )


def espresso() -> Image.Image:
    shot = products.siskin("#b8322f")
    return photographed(
        shot, seed=6, tilt=7, blur=1.0, glare=0.5, noise=6, surface=None, size=(720, 760)
    )


def hub() -> Image.Image:
    lit = appliances.hub("#e8261c", 0.9)
    return photographed(
        lit, seed=14, tilt=9, blur=1.2, glare=0.3, noise=8, surface=None, size=(840, 640)
    )


def till_receipt() -> Image.Image:
    rows = [("Robin Mini blue", "59.00"), ("Nuthatch 65", "39.00"), ("USB-C cable 100 W", "14.00")]
    facts = [("DATE", "2026-05-30 11:08"), ("ORDER", "70455219"), ("CARD", "**** **** **** 0821")]
    paper = receipt(
        "FENNEL & FINCH",
        ["ELECTRONICS", "3 Station Square"],
        rows,
        "$ 112.00",
        facts,
        "507045521900",
    )
    return photographed(
        paper, seed=77, tilt=9, blur=0.8, glare=0.5, noise=6, surface="oak", size=(700, 880)
    )


def power_bank() -> Image.Image:
    rows = [
        ("MODEL", "NB20"),
        ("S/N", "NB20-4388"),
        ("CAPACITY", "20000 mAh 74 Wh"),
        ("OUTPUT", "5-12 V 22.5 W"),
    ]
    label = type_label("Nuthatch", "Power bank NB20", rows, "501774000438", colour="#d9dcde")
    return photographed(
        label, seed=64, tilt=10, blur=0.8, glare=0.6, noise=6, surface="walnut", size=(860, 640)
    )


def bank_letter() -> Image.Image:
    paragraphs = [
        "Dear Ms Lindholm,",
        (
            "Your new debit card is enclosed. It is activated with your first payment or withdrawal"
            " using the chip and your PIN."
        ),
        (
            "To pay online before that, enter this activation code in the Larkmoor app under Cards,"
            " Activate: LK-4820-7731."
        ),
        "The code is valid for 60 days from the date of this letter.",
    ]
    paper = letter(
        "Larkmoor Bank",
        "#0f5a63",
        ["1 Harbour Street", "0800 555 0140"],
        "4 May 2026",
        "Your new debit card",
        paragraphs,
        "J. Aske",
    )
    return photographed(
        paper, seed=21, tilt=7, blur=0.7, glare=0.4, noise=5, surface="linen", size=(680, 900)
    )


def cracked_tablet() -> Image.Image:
    shot = products.tablet(products.cracked_screen)
    return photographed(
        shot, seed=33, tilt=9, blur=1.0, glare=0.6, noise=7, surface=None, size=(820, 660)
    )


def returned_parcel() -> Image.Image:
    """Beside the typed example: a parcel with an arrow that leads back."""
    canvas = studio(720, 560, "#dfe8e2")
    canvas.ground(190, 530, 470)
    canvas.gradient((190, 210, 530, 470), "#d3a877", "#b78a59", 10)
    canvas.polygon([(190, 216), (240, 160), (480, 160), (530, 216)], "#e0ba8d")
    canvas.rounded((336, 160, 384, 290), 4, "#f0dfc4")
    canvas.arc((270, 300, 450, 430), 200, 90, "#2f6f5e", 20)
    canvas.polygon([(236, 366), (318, 372), (272, 306)], "#2f6f5e")
    return canvas.picture()


def spoken_question() -> Image.Image:
    """Beside the spoken example: the loudness of a voice, as a microphone shows it."""
    canvas = Canvas(720, 560, "#dfe6ee")
    canvas.gradient((0, 0, 720, 560), "#eef2f8", "#cfdaea")
    for place in range(23):
        height = 24 + 150 * abs(math.sin(place * 0.9) * math.sin((place + 1) * math.pi / 24))
        x = 96 + place * 24
        canvas.rounded(
            (x - 7, 280 - height, x + 7, 280 + height), 7, mix("#3d6be0", "#8a4fd8", place / 22)
        )
    return canvas.picture()


PICTURES = {
    "card-text.jpg": returned_parcel,
    "card-voice.jpg": spoken_question,
    "washer-e24.jpg": washer,
    "headphones-teal.jpg": headphones,
    "espresso-red.jpg": espresso,
    "hub-red.jpg": hub,
    "receipt.jpg": till_receipt,
    "power-bank-label.jpg": power_bank,
    "bank-letter.jpg": bank_letter,
    "cracked-tablet.jpg": cracked_tablet,
}

if __name__ == "__main__":
    draw_all(PICTURES, HERE)
