"""Draws the pictures of the course pack: certificates, a transcript, a voucher, app and web
screens.

Fernhill Academy and everybody named here are invented.
Run it from anywhere: python assets/knowledge/education/draw.py
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from documents import app_message  # noqa: E402
from drawing import Canvas, draw_all, mix, photographed  # noqa: E402

photo = partial(photographed, noise=2)
INK, GREY, VIOLET, LILAC, CORAL, GOLD = (
    "#231f36",
    "#6d6880",
    "#4b3a8f",
    "#efecf8",
    "#e2604c",
    "#b8923a",
)


def logo(canvas: Canvas, at: tuple[float, float], size: int, colour: str = VIOLET) -> None:
    """The academy's mark, a fern that unrolls over a hill, and its name."""
    x, y = at
    canvas.arc((x, y, x + size, y + size), 100, 400, colour, size * 0.13)
    canvas.arc(
        (x + size * 0.28, y + size * 0.24, x + size * 0.74, y + size * 0.7),
        90,
        390,
        colour,
        size * 0.11,
    )
    canvas.line(
        [(x - size * 0.1, y + size), (x + size * 0.44, y + size * 0.93)], colour, size * 0.13
    )
    canvas.text(
        (x + size * 1.3, y + size * 0.54),
        "Fernhill Academy",
        round(size * 0.62),
        colour,
        "bold",
        "lm",
    )


# -- papers --------------------------------------------------------------------------------


def certificate() -> Image.Image:
    canvas = Canvas(1000, 720, "#fdfbf5")
    canvas.rounded((22, 22, 978, 698), 4, None, VIOLET, 7)
    canvas.rounded((36, 36, 964, 684), 2, None, GOLD, 2)
    for corner in ((22, 22), (978, 22), (22, 698), (978, 698)):
        canvas.circle(corner, 54, LILAC)
    canvas.rounded((0, 0, 1000, 720), 0, None, "#fdfbf5", 18)
    logo(canvas, (338, 84), 44)
    canvas.text((500, 214), "Certificate", 74, INK, "serif", "ms")
    canvas.text((500, 268), "This is to certify that", 25, GREY, "serif-italic", "ms")
    canvas.text((500, 338), "Mara J. Lindholm", 56, VIOLET, "serif-bold", "ms")
    canvas.line([(250, 356), (750, 356)], GOLD, 2)
    canvas.text((500, 404), "has completed the course", 25, GREY, "serif-italic", "ms")
    canvas.text((500, 458), "Statistics for Everyday Decisions", 40, INK, "serif-bold", "ms")
    canvas.text((500, 500), "48 hours   |   12 June 2026", 25, GREY, "serif", "ms")
    seal(canvas, (500, 594))
    canvas.text((84, 592), "Code", 18, GREY, anchor="ls")
    canvas.text((84, 624), "FH-7Q2M94KT", 28, INK, "mono-bold", "ls")
    canvas.text((84, 650), "fernhill.example/verify", 17, GREY, anchor="ls")
    canvas.text((916, 616), "H. Brandvold", 38, "#23418c", "serif-italic", "rs")
    canvas.line([(676, 628), (916, 628)], GREY, 1.5)
    canvas.text((916, 650), "Head of Studies", 17, GREY, anchor="rs")
    return canvas.picture()


def seal(canvas: Canvas, centre: tuple[float, float]) -> None:
    x, y = centre
    for side in (-1, 1):
        canvas.polygon(
            [
                (x, y),
                (x + side * 20, y + 74),
                (x + side * 32, y + 56),
                (x + side * 52, y + 62),
                (x + side * 40, y),
            ],
            VIOLET,
        )
    canvas.circle(centre, 56, GOLD)
    canvas.circle(centre, 46, mix(GOLD, "#ffffff", 0.3), "#fdfbf5", 2)
    canvas.text((x, y - 2), "FH", 38, "#fdfbf5", "serif-bold", "mm")


TRANSCRIPT = [
    ("Python for Beginners", "40", "88", "-"),
    ("Statistics for Everyday Decisions", "48", "91", "3"),
    ("Data and Charts", "36", "79", "2"),
    ("Academic Writing", "30", "84", "2"),
    ("Machine Learning Basics", "60", "73", "5"),
]


def transcript() -> Image.Image:
    canvas = Canvas(720, 960, "white")
    logo(canvas, (60, 52), 40)
    canvas.text((56, 176), "Transcript of records", 42, INK, "bold", "ls")
    canvas.text((56, 222), "Mara J. Lindholm", 25, INK, anchor="ls")
    canvas.text((56, 254), "Student number 220 418      Issued 3 July 2026", 19, GREY, anchor="ls")
    canvas.rounded((48, 296, 672, 348), 4, VIOLET)
    columns = [(64, "ls"), (478, "rs"), (556, "rs"), (656, "rs")]
    for (x, anchor), name in zip(columns, ("Course", "Hours", "Mark", "Credits")):
        canvas.text((x, 330), name, 20, "white", "bold", anchor)
    for row, cells in enumerate([*TRANSCRIPT, ("Total", "214", "", "12")]):
        y = 394 + row * 56
        for (x, anchor), cell in zip(columns, cells):
            canvas.text((x, y), cell, 20, INK, "bold" if cells[0] == "Total" else "sans", anchor)
        canvas.line([(48, y + 20), (672, y + 20)], "#d9d5e6", 1.5)
    canvas.paragraph(
        (56, 742),
        "Marks from 0 to 100; 70 is needed to pass. Credits are ECTS points of Northmere"
        " University.",
        18,
        600,
        GREY,
    )
    canvas.text((664, 862), "H. Brandvold", 38, "#23418c", "serif-italic", "rs")
    canvas.line([(440, 874), (664, 874)], GREY, 1.5)
    canvas.text((664, 898), "Examination office", 17, GREY, anchor="rs")
    return canvas.picture()


def gift_voucher() -> Image.Image:
    canvas = Canvas(940, 500, VIOLET)
    canvas.gradient((0, 0, 940, 500), "#4b3a8f", "#8a5aa8", sideways=True)
    for place in range(9):
        canvas.circle(
            (760 + place * 26, 40 + place * 58), 110, None, mix("#8a5aa8", "#ffffff", 0.14), 2
        )
    logo(canvas, (62, 54), 44, "white")
    canvas.text((58, 196), "A present for you", 58, "white", "serif-bold", "ls")
    canvas.text((58, 250), "One course of your choice", 30, "#e8e2f5", anchor="ls")
    canvas.rounded((58, 300, 560, 392), 14, "white")
    canvas.text((82, 346), "GFT84K20X7", 46, INK, "mono-bold", "lm")
    canvas.text(
        (58, 440), "Redeem until 30 June 2027 at fernhill.example/gift", 22, "white", anchor="ls"
    )
    canvas.rounded((716, 250, 876, 400), 8, CORAL)
    canvas.rounded((700, 216, 892, 262), 8, mix(CORAL, "#ffffff", 0.2))
    canvas.rounded((782, 216, 810, 400), 0, "#ffe9b8")
    for side in (-1, 1):
        canvas.arc((796 - 34 + side * 34, 164, 796 + 34 + side * 34, 222), 0, 360, "#ffe9b8", 11)
    return canvas.picture()


# -- screens -------------------------------------------------------------------------------


def web_page(address: str, title: str) -> Canvas:
    """A browser window with the academy's page in it; content goes below y 150."""
    canvas = Canvas(900, 600, "white")
    canvas.rounded((0, 0, 900, 62), 0, "#dcd8e8")
    for place, colour in enumerate(["#e0645a", "#e8b83a", "#4fae6a"]):
        canvas.circle((32 + place * 28, 31), 9, colour)
    canvas.rounded((132, 13, 868, 49), 18, "white")
    canvas.text((156, 31), f"fernhill.example/{address}", 19, GREY, anchor="lm")
    logo(canvas, (48, 82), 34)
    canvas.text((856, 100), title, 22, GREY, anchor="rm")
    canvas.line([(0, 136), (900, 136)], "#e4e0ef", 2)
    return canvas


def notice(canvas: Canvas, top: float, code: str, text: str) -> None:
    """A red box with an error code and one sentence; top: its upper edge in px."""
    canvas.rounded((60, top, 840, top + 104), 10, mix(CORAL, "#ffffff", 0.86), CORAL, 2.5)
    canvas.circle((116, top + 52), 28, CORAL)
    canvas.text((116, top + 52), "!", 40, "white", "bold", "mm")
    canvas.text((166, top + 44), code, 30, INK, "mono-bold", "ls")
    canvas.text((166, top + 80), text, 23, INK, anchor="ls")


def button(canvas: Canvas, box: tuple[float, float, float, float], label: str) -> None:
    canvas.rounded(box, 12, VIOLET)
    canvas.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), label, 24, "white", "bold", "mm")


def checkout(code: str, text: str, course: str, total: str, voucher: str) -> Image.Image:
    """The last page before buying, refused."""
    canvas = web_page("checkout", "Checkout")
    notice(canvas, 164, code, text)
    canvas.text((64, 330), course, 28, INK, "bold", "ls")
    canvas.text((836, 330), total, 28, INK, "bold", "rs")
    canvas.text((64, 394), "Voucher", 21, GREY, anchor="ls")
    canvas.rounded((60, 408, 430, 462), 8, "white", "#c9c2de", 2)
    canvas.text((80, 435), voucher, 26, INK, "mono", "lm")
    canvas.text((490, 394), "Card", 21, GREY, anchor="ls")
    canvas.rounded((486, 408, 840, 462), 8, "white", "#c9c2de", 2)
    canvas.text((506, 435), "**** **** **** 7899", 24, INK, "mono", "lm")
    button(canvas, (560, 504, 840, 566), "Pay now")
    return canvas.picture()


def upload_page() -> Image.Image:
    canvas = web_page("assignments/3", "Hand in: assignment 3")
    notice(canvas, 164, "UP-413", "The file is larger than 50 MB.")
    canvas.rounded((60, 296, 840, 470), 14, LILAC, "#b9aee0", 3)
    canvas.rounded((104, 334, 172, 430), 6, "white", VIOLET, 3)
    canvas.text((138, 384), "PDF", 24, VIOLET, "bold", "mm")
    canvas.text((206, 370), "portfolio_final.pdf", 28, INK, "bold", "ls")
    canvas.text((206, 412), "81.4 MB", 24, GREY, anchor="ls")
    button(canvas, (540, 504, 840, 566), "Choose a file")
    return canvas.picture()


def video_page() -> Image.Image:
    canvas = web_page("lessons/12", "Lesson 12: Random samples")
    canvas.rounded((60, 160, 840, 560), 12, "#16131f")
    canvas.circle((450, 258), 52, None, "#8f88a8", 6)
    canvas.polygon([(434, 230), (434, 286), (482, 258)], "#8f88a8")
    canvas.text((450, 360), "This video cannot be played", 34, "white", "bold", "mm")
    canvas.rounded((330, 390, 570, 446), 10, "#332d47")
    canvas.text((450, 418), "VID-204", 30, "#f3c969", "mono-bold", "mm")
    canvas.line([(90, 516), (810, 516)], "#4a4560", 6)
    canvas.text((90, 540), "0:00 / 14:26", 17, "#a7a1bd", "mono", "lm")
    return canvas.picture()


def exam_screen() -> Image.Image:
    """The exam software during the room check, without a camera picture."""
    canvas = Canvas(900, 600, "#2a2440")
    canvas.text((48, 56), "Fernhill Exam", 30, "white", "bold", "lm")
    canvas.text((852, 56), "Room check   2 of 4", 24, "#c9c2de", anchor="rm")
    canvas.rounded((48, 104, 500, 444), 12, "#0e0b17")
    canvas.text((274, 274), "no picture", 30, "#6f6889", anchor="mm")
    canvas.text((540, 146), "EX-12", 52, "#f3c969", "mono-bold", "ls")
    canvas.text((540, 198), "Camera not found", 32, "white", "bold", "ls")
    canvas.paragraph(
        (540, 224),
        "Close other programs that use the camera. The clock has not started.",
        23,
        310,
        "#d9d3ea",
    )
    for place, (name, done) in enumerate(
        [("Identity", True), ("Camera", False), ("Microphone", False), ("Desk", False)]
    ):
        x = 62 + place * 206
        canvas.circle((x + 16, 520), 16, "#4fae6a" if done else "#5b5378")
        canvas.text((x + 44, 520), name, 23, "white", anchor="lm")
    return canvas.picture()


def monitor(screen: Image.Image) -> Image.Image:
    """A screen in the frame of a monitor."""
    width, height = screen.size
    canvas = Canvas(width + 200, height + 170, "#c9ced6")
    canvas.rounded((40, 30, width + 160, height + 140), 20, "#17181c")
    canvas.paste((100, 85), screen)
    return canvas.picture()


PICTURES = {
    "certificate.jpg": lambda: photo(certificate(), 3, surface="walnut", size=(840, 660)),
    "transcript.jpg": lambda: photo(transcript(), 4, tilt=4, size=(680, 880)),
    "gift_voucher.jpg": lambda: photo(gift_voucher(), 5, surface="linen", size=(820, 600)),
    "app_pay07.jpg": lambda: checkout(
        "PAY-07",
        "Your bank refused the payment. Nothing was charged.",
        "Statistics for Everyday Decisions",
        "89.00 EUR",
        "",
    ),
    "app_vc3.jpg": lambda: checkout(
        "VC-3",
        "This voucher code cannot be used here.",
        "Guided course: Data and Charts",
        "240.00 EUR",
        "FRN2K81X4B",
    ),
    "app_up413.jpg": upload_page,
    "app_vid204.jpg": lambda: photo(
        monitor(video_page()), 6, tilt=3, surface=None, size=(840, 600)
    ),
    "app_ex12.jpg": lambda: photo(monitor(exam_screen()), 7, tilt=3, surface=None, size=(840, 600)),
    "app_sync31.jpg": lambda: app_message(
        "Fernhill",
        VIOLET,
        "!",
        "Progress not saved",
        "Your offline progress could not be sent.",
        "Sync now",
        "SYNC-31",
    ),
    "app_dev5.jpg": lambda: app_message(
        "Fernhill",
        CORAL,
        "5",
        "Too many devices",
        "You are signed in on five devices.",
        "Manage devices",
        "DEV-5",
    ),
}

if __name__ == "__main__":
    draw_all(PICTURES, Path(__file__).parent / "pictures")
