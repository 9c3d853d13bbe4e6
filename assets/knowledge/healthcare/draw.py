"""Draws the pictures of the clinic pack: cards, forms, letters, machines and portal screens.

Alder Street Clinic, its patients and its insurers are invented.
Run it from anywhere: python assets/knowledge/healthcare/draw.py
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from documents import app_message, letter  # noqa: E402
from drawing import Canvas, dot_matrix, draw_all, mix, photographed  # noqa: E402
from plastic import chip, cut_out  # noqa: E402

photo = partial(photographed, noise=2)
INK, GREY, GREEN, MINT, AMBER = "#1c2b27", "#66766f", "#2f7d5b", "#e4f1ea", "#d3891a"


def logo(canvas: Canvas, at: tuple[float, float], size: int, colour: str = GREEN) -> None:
    """The clinic's mark, an alder leaf, and its name."""
    x, y = at
    canvas.ellipse((x, y, x + size * 0.72, y + size), colour)
    canvas.line(
        [(x + size * 0.36, y + size * 0.2), (x + size * 0.36, y + size * 1.12)],
        mix(colour, "#ffffff", 0.75),
        size * 0.05,
    )
    for level in (0.4, 0.6, 0.8):
        for side in (-1, 1):
            ends = [
                (x + size * 0.36, y + size * level),
                (x + size * (0.36 + side * 0.2), y + size * (level - 0.14)),
            ]
            canvas.line(ends, mix(colour, "#ffffff", 0.75), size * 0.04)
    canvas.text(
        (x + size * 0.92, y + size * 0.52),
        "Alder Street Clinic",
        round(size * 0.56),
        colour,
        "bold",
        "lm",
    )


# -- cards ---------------------------------------------------------------------------------


def appointment_card() -> Image.Image:
    canvas = Canvas(860, 540, "#fffdf7")
    canvas.rounded((0, 0, 860, 108), 0, MINT)
    logo(canvas, (44, 26), 54)
    canvas.text((816, 54), "Appointment", 28, GREEN, "sans", "rm")
    rows = [("Date", "Thu 14 May"), ("Time", "08:40"), ("Doctor", "Dr. Ferrer"), ("Room", "2.07")]
    for row, (name, value) in enumerate(rows):
        y = 168 + row * 58
        canvas.text((48, y), name, 24, GREY, anchor="ls")
        canvas.text((190, y), value, 38, "#23418c", "serif-italic", "ls")
        canvas.line([(184, y + 10), (470, y + 10)], "#b9c6c0", 1.5)
    canvas.text((548, 168), "Booking number", 24, GREY, anchor="ls")
    canvas.text((548, 218), "AS 48217", 44, INK, "mono-bold", "ls")
    canvas.paragraph((548, 254), "Type this number in at the check-in machine.", 20, 270, GREY)
    canvas.text((48, 434), "Please prepare", 22, GREY, anchor="ls")
    for place, (word, ticked) in enumerate(
        [("FAST", True), ("CARD", True), ("REF", False), ("VAX", False)]
    ):
        x = 48 + place * 194
        canvas.rounded((x, 452, x + 34, 486), 4, "white", INK, 2.5)
        if ticked:
            canvas.line([(x + 6, 468), (x + 15, 479), (x + 36, 446)], "#23418c", 4.5)
        canvas.text((x + 48, 482), word, 32, INK, "bold", "ls")
    return cut_out(canvas.picture(), 18)


def insurance_card() -> Image.Image:
    canvas = Canvas(860, 540, "#2867a8")
    canvas.gradient((0, 0, 860, 540), "#2f78bf", "#7db7dd", sideways=True)
    for shift in range(0, 900, 46):
        canvas.line([(shift, 540), (shift + 240, 0)], mix("#5a9fd0", "#ffffff", 0.12), 1.5)
    canvas.text((52, 92), "Norvia", 56, "white", "bold", "ls")
    canvas.text((52, 126), "HEALTH INSURANCE", 20, "white", anchor="ls")
    chip(canvas, (60, 196))
    canvas.text((52, 374), "MARA J LINDHOLM", 36, "white", "bold", "ls")
    for place, (name, value) in enumerate(
        [("Insurer", "104 220 7"), ("Member no.", "N 583 914 206"), ("Valid to", "12/29")]
    ):
        x = (52, 290, 640)[place]
        canvas.text((x, 438), name, 19, "#e9f3fb", anchor="ls")
        canvas.text((x, 480), value, 32, "white", "mono", "ls")
    return cut_out(canvas.picture(), 30)


# -- machines ------------------------------------------------------------------------------


def card_reader() -> Image.Image:
    """The desk's card reader with its little LCD, a card in the slot."""
    canvas = Canvas(900, 700, "#cfd6da")
    canvas.gradient((0, 0, 900, 700), "#e6eaec", "#b9c2c7")
    canvas.gradient((330, 430, 570, 690), "#2f78bf", "#7db7dd", radius=14)
    canvas.shadow((120, 50, 780, 520), 40, 20, 0.4, 14)
    canvas.gradient((120, 50, 780, 520), "#f6f7f7", "#d5dadc", radius=40)
    canvas.rounded((300, 486, 600, 502), 8, "#20272a")
    canvas.rounded((180, 100, 720, 340), 16, "#222a2d")
    canvas.gradient((200, 120, 700, 320), "#b6c9a0", "#a4ba8c", radius=6)
    for row, line in enumerate(["EC-17", "CHIP ERROR", "CARD NOT READ"]):
        dot_matrix(canvas, (226, 134 + row * 60), line, 5.4, "#1b2a17")
    for place, colour in enumerate(["#c94b41", AMBER, "#3d9a5f"]):
        canvas.gradient(
            (250 + place * 148, 384, 350 + place * 148, 440),
            mix(colour, "#ffffff", 0.2),
            colour,
            radius=16,
        )
    return canvas.picture()


def check_in_machine() -> Image.Image:
    """The touch screen of the check-in machine in the entrance hall."""
    canvas = Canvas(900, 680, "#e9edee")
    canvas.gradient((0, 0, 900, 680), "#f4f6f6", "#c9d0d2")
    canvas.rounded((60, 40, 840, 640), 26, "#1b2123")
    canvas.rounded((84, 64, 816, 616), 8, "white")
    canvas.rounded((84, 64, 816, 146), 8, MINT)
    logo(canvas, (112, 82), 46)
    canvas.text((788, 106), "Self check-in", 24, GREEN, anchor="rm")
    canvas.circle((176, 236), 42, AMBER)
    canvas.text((176, 236), "!", 58, "white", "bold", "mm")
    canvas.text((244, 226), "No booking found for today", 34, INK, "bold", "ls")
    canvas.text((244, 268), "Message K-05", 30, INK, "mono-bold", "ls")
    canvas.text((132, 348), "Your booking number (begins with AS)", 24, GREY, anchor="ls")
    canvas.rounded((132, 366, 768, 440), 10, "white", GREEN, 3)
    canvas.text((154, 404), "AS _ _ _ _ _", 36, "#8b9993", "mono", "lm")
    canvas.rounded((132, 488, 432, 566), 12, "white", GREEN, 3)
    canvas.text((282, 528), "Call the desk", 28, GREEN, "bold", "mm")
    canvas.rounded((468, 488, 768, 566), 12, GREEN)
    canvas.text((618, 528), "Search again", 28, "white", "bold", "mm")
    return canvas.picture()


# -- forms and letters ---------------------------------------------------------------------

Fields = list[tuple[str, str]]


def form(
    title: str,
    number: str,
    colour: str,
    fields: Fields,
    ticks: list[tuple[str, bool]],
    paper: str = "#fffdf8",
    height: int = 800,
) -> Canvas:
    """A form filled in by hand: its number at the top right, one line a field, boxes that are
    ticked or not.
    """
    canvas = Canvas(760, height, paper)
    logo(canvas, (48, 40), 46, colour)
    canvas.text((712, 74), number, 24, INK, "mono-bold", "rs")
    canvas.text((48, 154), title, 40, INK, "bold", "ls")
    canvas.line([(48, 176), (712, 176)], colour, 4)
    for row, (name, value) in enumerate(fields):
        y = 238 + row * 68
        canvas.text((48, y), name, 21, GREY, anchor="ls")
        canvas.text((282, y), value, 32, "#23418c", "serif-italic", "ls")
        canvas.line([(276, y + 10), (712, y + 10)], "#a9b4ae", 1.5)
    for place, (name, ticked) in enumerate(ticks):
        tick_box(
            canvas,
            (48 + place % 2 * 340, 238 + len(fields) * 68 + place // 2 * 52 - 20),
            name,
            ticked,
        )
    return canvas


def tick_box(canvas: Canvas, at: tuple[float, float], name: str, ticked: bool) -> None:
    x, y = at
    canvas.rounded((x, y, x + 28, y + 28), 3, "white", INK, 2.5)
    if ticked:
        canvas.line([(x + 5, y + 14), (x + 13, y + 23), (x + 31, y - 4)], "#23418c", 4)
    canvas.text((x + 42, y + 14), name, 22, INK, anchor="lm")


def referral_form() -> Image.Image:
    fields = [
        ("Patient", "Mara J. Lindholm"),
        ("Referred to", "Orthopaedist"),
        ("Reason", "Pain in left knee"),
    ]
    canvas = form(
        "Referral",
        "14 May 2026",
        "#a03a5b",
        fields,
        [("URGENT", False), ("First visit", True)],
        "#fbe4ea",
        640,
    )
    canvas.rounded((48, 540, 712, 612), 6, "white", "#a03a5b", 2)
    canvas.text((66, 576), "Code", 22, GREY, anchor="lm")
    canvas.text((150, 576), "RF-4K7P-28QX-61", 38, INK, "mono-bold", "lm")
    return canvas.picture()


def authorisation_form() -> Image.Image:
    fields = [
        ("I,", "Mara J. Lindholm"),
        ("allow", "Tomas Lindholm"),
        ("to pick up until", "30 June 2026"),
        ("Signature", "M. Lindholm"),
    ]
    ticks = [("Test results", True), ("Prescriptions", False), ("Letters", True), ("Images", False)]
    return form("Authorisation for pick-up", "Form 3-B", GREEN, fields, ticks, height=640).picture()


def registration_form() -> Image.Image:
    fields = [
        ("Name", "Mara J. Lindholm"),
        ("Date of birth", "3 August 1988"),
        ("Address", "9 Mill Lane"),
        ("Mobile", "0700 555 2418"),
        ("Insurer", "Norvia"),
        ("Medicines I take", "none"),
    ]
    ticks = [("I want portal access", True), ("I need an interpreter", False)]
    return form(
        "New patient registration", "Page 1 of 2", GREEN, fields, ticks, height=740
    ).picture()


def prescription_slip() -> Image.Image:
    canvas = Canvas(760, 560, "#fffdf8")
    logo(canvas, (48, 40), 46)
    canvas.text((48, 150), "Electronic prescription", 36, INK, "bold", "ls")
    canvas.text((48, 190), "Show this code at any pharmacy", 22, GREY, anchor="ls")
    matrix_code(canvas, (54, 226), 260, seed=5)
    rows = [
        ("Patient", "Mara J. Lindholm"),
        ("Issued", "14 May 2026"),
        ("Valid for", "28 days"),
        ("Prescriptions", "1 of 1"),
        ("Doctor", "Dr. Ferrer"),
    ]
    for row, (name, value) in enumerate(rows):
        y = 262 + row * 52
        canvas.text((372, y), name, 21, GREY, anchor="ls")
        canvas.text((712, y), value, 22, INK, "bold", "rs")
    canvas.text(
        (48, 528), "The medicine is stored on your insurance card too.", 18, GREY, anchor="ls"
    )
    return canvas.picture()


def matrix_code(
    canvas: Canvas, at: tuple[float, float], side: float, seed: int, cells: int = 24
) -> None:
    """What looks like a square code: two solid edges, two dotted ones, random cells. It holds no
    data.
    """
    dark = np.random.default_rng(seed).random((cells, cells)) < 0.48
    dark[:, 0] = dark[-1, :] = True
    dark[0, :], dark[:, -1] = np.arange(cells) % 2 == 0, np.arange(cells) % 2 == 1
    pitch = side / cells
    for row, column in np.argwhere(dark):
        x, y = at[0] + column * pitch, at[1] + row * pitch
        canvas.polygon([(x, y), (x + pitch, y), (x + pitch, y + pitch), (x, y + pitch)], "#111614")


def invoice() -> Image.Image:
    canvas = Canvas(760, 860, "#fffdf8")
    logo(canvas, (48, 44), 46)
    canvas.text((48, 176), "Invoice", 46, INK, "bold", "ls")
    canvas.text((48, 222), "Reference", 21, GREY, anchor="ls")
    canvas.text((180, 224), "INV-20418-6", 32, INK, "mono-bold", "ls")
    canvas.text((712, 222), "20 May 2026", 21, GREY, anchor="rs")
    items = [
        ("Consultation, first visit", "85.00"),
        ("Ultrasound, abdomen", "64.00"),
        ("Laboratory, small blood count", "11.50"),
    ]
    canvas.rounded((40, 258, 720, 308), 4, GREEN)
    canvas.text((60, 291), "Service", 21, "white", "bold", "ls")
    canvas.text((700, 291), "Euros", 21, "white", "bold", "rs")
    for row, (name, price) in enumerate(items):
        y = 358 + row * 60
        canvas.text((60, y), name, 24, INK, anchor="ls")
        canvas.text((700, y), price, 24, INK, "mono", "rs")
        canvas.line([(40, y + 22), (720, y + 22)], "#d5ddd8", 1.5)
    canvas.text((60, 570), "Total", 30, INK, "bold", "ls")
    canvas.text((700, 570), "160.50", 34, INK, "mono-bold", "rs")
    canvas.text((60, 622), "Due by 19 June 2026", 26, "#b3472e", "bold", "ls")
    canvas.paragraph(
        (60, 690),
        "Please pay by transfer, by card at the desk or in the portal, and give the reference"
        " INV-20418-6.",
        21,
        640,
        GREY,
    )
    return canvas.picture()


def clinic_letter(subject: str, *paragraphs: str) -> Image.Image:
    """The upper part of a letter, folded where the text ends."""
    contact = ["14 Alder Street", "0800 555 0200"]
    page = letter(
        "Alder Street Clinic",
        GREEN,
        contact,
        "14 May 2026",
        subject,
        ["Dear Ms. Lindholm,", *paragraphs],
        "The front desk",
    )
    return page.crop((0, 0, page.width, 720))


# -- computer screens ----------------------------------------------------------------------


def video_page() -> Image.Image:
    """A browser window in which the video consultation cannot use the camera."""
    canvas = Canvas(900, 600, "#eef1f0")
    canvas.rounded((0, 0, 900, 66), 0, "#d3dad7")
    for place, colour in enumerate(["#e0645a", "#e8b83a", "#4fae6a"]):
        canvas.circle((32 + place * 28, 33), 9, colour)
    canvas.rounded((132, 14, 868, 52), 19, "white")
    canvas.text((158, 33), "video.alderstreet.example", 19, GREY, anchor="lm")
    canvas.rounded((48, 102, 852, 560), 14, "#1d2724")
    canvas.rounded((394, 156, 474, 216), 12, "#e9efec")
    canvas.polygon([(482, 180), (516, 160), (516, 212), (482, 192)], "#e9efec")
    canvas.line([(378, 228), (530, 146)], "#e0645a", 9)
    canvas.text((450, 290), "Camera or microphone is blocked", 36, "white", "bold", "mm")
    canvas.text(
        (450, 340), "Your browser does not allow this page to use them.", 23, "#c4d0cb", anchor="mm"
    )
    canvas.rounded((340, 374, 560, 432), 10, "#33433d")
    canvas.text((450, 403), "Error V-12", 30, "#f3c969", "mono-bold", "mm")
    canvas.rounded((340, 466, 560, 524), 29, GREEN)
    canvas.text((450, 495), "Try again", 25, "white", "bold", "mm")
    return canvas.picture()


PICTURES = {
    "appointment_card.jpg": lambda: photo(appointment_card(), 3, size=(800, 620)),
    "insurance_card.jpg": lambda: photo(insurance_card(), 5, surface="slate", size=(800, 620)),
    "reader_ec17.jpg": lambda: photo(card_reader(), 4, tilt=4, surface=None, size=(800, 620)),
    "kiosk_k05.jpg": lambda: photo(check_in_machine(), 6, tilt=4, surface=None, size=(800, 620)),
    "referral_form.jpg": lambda: photo(
        referral_form(), 7, tilt=4, surface="walnut", size=(800, 700)
    ),
    "authorisation_form.jpg": lambda: photo(authorisation_form(), 8, tilt=4, size=(800, 700)),
    "registration_form.jpg": lambda: photo(
        registration_form(), 9, tilt=4, surface="slate", size=(800, 780)
    ),
    "prescription_slip.jpg": lambda: photo(
        prescription_slip(), 10, tilt=4, surface="linen", size=(800, 640)
    ),
    "invoice.jpg": lambda: photo(invoice(), 11, tilt=4, surface="walnut", size=(720, 800)),
    "letter_image_code.jpg": lambda: photo(
        clinic_letter(
            "Your X-ray images: download code IMG-83LT-5502",
            "With this code a hospital or specialist can fetch your images: IMG-83LT-5502",
            "Open images.alderstreet.example and enter the code and your date of birth. The code is"
            " valid for 60 days.",
        ),
        12,
        tilt=4,
        size=(760, 740),
    ),
    "letter_portal_code.jpg": lambda: photo(
        clinic_letter(
            "Your activation code for the patient portal: PP-6194-KD",
            "Open portal.alderstreet.example, tap Register and enter your date of birth and this"
            " code: PP-6194-KD",
            "The code is valid for 30 days. Please do not pass it on.",
        ),
        13,
        tilt=4,
        surface="slate",
        size=(760, 740),
    ),
    "portal_p403.jpg": lambda: app_message(
        "Patient portal",
        "#b3472e",
        "X",
        "Access locked",
        "There were five wrong passwords. Please wait 30 minutes.",
        "Forgotten password",
        "P-403",
    ),
    "video_v12.jpg": video_page,
}

if __name__ == "__main__":
    draw_all(PICTURES, Path(__file__).parent / "pictures")
