"""Draws the pictures of the bank pack: cards, cash machines, payment terminals, app screens,
letters.

Larkmoor Bank is invented; card numbers are from the ranges that never reach an account.
Run it from anywhere: python assets/knowledge/finance/draw.py
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from documents import app_list, app_message, letter, phone  # noqa: E402
from drawing import Canvas, draw_all, mix, photographed  # noqa: E402
from plastic import chip, cut_out  # noqa: E402

photo = partial(photographed, noise=2)
INK, GREY, PETROL, RED = "#15232b", "#64737c", "#0f5a63", "#c0392b"


def logo(canvas: Canvas, at: tuple[float, float], size: int, colour: str = PETROL) -> None:
    """The bank's mark, a lark's wing, and its name."""
    x, y = at
    canvas.polygon([(x, y + size), (x + size * 0.9, y), (x + size * 0.62, y + size)], colour)
    canvas.polygon(
        [(x + size * 0.7, y + size), (x + size * 0.97, y + size * 0.3), (x + size * 1.1, y + size)],
        colour,
    )
    canvas.text((x + size * 1.3, y + size), "Larkmoor", size, colour, "bold", "ls")


# -- cards ---------------------------------------------------------------------------------


def bank_card(kind: str, number: str, valid: str, first: str, second: str) -> Image.Image:
    """The front of a card; first and second: colours of its gradient."""
    canvas = Canvas(860, 540, first)
    canvas.gradient((0, 0, 860, 540), first, second, sideways=True)
    for radius in range(120, 700, 58):
        canvas.circle((860, 540), radius, outline=mix(second, "#ffffff", 0.12), width=2)
    logo(canvas, (56, 52), 44, "white")
    canvas.text((804, 92), kind, 32, "white", anchor="rs")
    chip(canvas, (60, 178))
    for reach in (16, 30, 44):
        canvas.arc((196 - reach, 226 - reach, 196 + reach, 226 + reach), -42, 42, "white", 5)
    canvas.text((56, 348), number, 54, "white", "mono")
    canvas.text((400, 432), "VALID", 13, "#dfe8ea", anchor="la")
    canvas.text((400, 448), "THRU", 13, "#dfe8ea", anchor="la")
    canvas.text((462, 432), valid, 32, "white", "mono")
    canvas.text((56, 472), "MARA J LINDHOLM", 30, "white", "mono")
    return cut_out(canvas.picture(), 30)


# -- machines ------------------------------------------------------------------------------


def atm_screen(code: str, headline: str, lines: list[str]) -> Image.Image:
    """The screen of a cash machine between its eight keys."""
    canvas = Canvas(900, 680, "#3b4348")
    canvas.gradient((0, 0, 900, 680), "#59636a", "#2d3438")
    canvas.rounded((96, 52, 804, 628), 16, "#14191c")
    canvas.gradient((116, 72, 784, 608), "#0d4a78", "#07304f", radius=6)
    for row in range(4):
        for x in (26, 824):
            canvas.rounded(
                (x, 178 + row * 108, x + 52, 226 + row * 108), 8, "#aeb6ba", "#1c2226", 3
            )
    logo(canvas, (150, 104), 30, "white")
    canvas.text((752, 134), "ATM 0417-2", 20, "#b7cfe0", "mono", "rs")
    canvas.rounded((150, 164, 752, 244), 8, "#f0b429")
    canvas.text((176, 204), f"ERROR {code}", 42, "#1b1b1b", "mono-bold", "lm")
    y = canvas.paragraph((150, 282), headline, 36, 600, "white", "bold") + 16
    for line in lines:
        y = canvas.paragraph((150, y), line, 25, 600, "#dbe7f0") + 8
    return canvas.picture()


def terminal(code: str, words: list[str]) -> Image.Image:
    """A card terminal on a counter; words: the lines on its display."""
    canvas = Canvas(620, 860, "#d8d2c7")
    canvas.gradient((0, 0, 620, 860), "#e7e2d9", "#bdb5a8")
    canvas.shadow((110, 30, 510, 830), 46, 18, 0.45, 12)
    canvas.gradient((110, 30, 510, 830), "#3a3f45", "#22262a", radius=46)
    canvas.rounded((144, 74, 476, 356), 14, "#0e1113")
    canvas.rounded((158, 88, 462, 342), 6, "#dfe9e2")
    canvas.rounded((158, 88, 462, 138), 6, RED)
    canvas.text((310, 113), "DECLINED", 27, "white", "bold", "mm")
    canvas.text((310, 190), f"CODE {code}", 52, INK, "mono-bold", "mm")
    for row, line in enumerate(words):
        canvas.text((310, 246 + row * 33), line, 23, INK, "sans", "mm")
    canvas.text((310, 328), "14:32  EUR 38.60", 15, GREY, "mono", "mm")
    keypad(canvas, (156, 396))
    return canvas.picture()


def keypad(canvas: Canvas, at: tuple[float, float]) -> None:
    for place, label in enumerate([*"123456789", "*", "0", "#"]):
        x, y = at[0] + place % 3 * 108, at[1] + place // 3 * 78
        canvas.gradient((x, y, x + 92, y + 60), "#f4f4f2", "#cfd0ce", radius=12)
        canvas.text((x + 46, y + 31), label, 30, INK, "bold", "mm")
    for column, (label, colour) in enumerate(
        [("X", "#d64541"), ("<", "#e8b83a"), ("O", "#3d9a5f")]
    ):
        x, y = at[0] + column * 108, at[1] + 4 * 78 + 6
        canvas.rounded((x, y, x + 92, y + 60), 12, colour)
        canvas.text((x + 46, y + 31), label, 30, "white", "bold", "mm")


# -- paper and screens ---------------------------------------------------------------------

CONTACT = ["Larkmoor Bank", "1 Harbour Street", "0800 555 0100"]


def bank_letter(subject: str, *paragraphs: str) -> Image.Image:
    """The upper part of a letter, folded where the text ends."""
    page = letter(
        "Larkmoor",
        PETROL,
        CONTACT,
        "4 March 2026",
        subject,
        ["Dear Ms. Lindholm,", *paragraphs],
        "Larkmoor Bank",
    )
    return page.crop((0, 0, page.width, 760))


MOVEMENTS = [
    ("02.02.", "Rent, standing order", "-840.00"),
    ("03.02.", "Greengrocer Pallas", "-23.45"),
    ("09.02.", "Tram season ticket", "-49.00"),
    ("16.02.", "Larkmoor account fee", "0.00"),
    ("24.02.", "Electricity, direct debit", "-61.20"),
    ("27.02.", "Salary Nordlicht Studio", "+2,410.00"),
]


def statement() -> Image.Image:
    """A monthly account statement; the customer number stands at its top right."""
    canvas = Canvas(760, 1000, "#fdfcf8")
    logo(canvas, (60, 52), 40)
    canvas.text((700, 68), "Customer number", 17, GREY, anchor="rs")
    canvas.text((700, 98), "301 774 925", 26, INK, "mono-bold", "rs")
    canvas.text((60, 186), "Account statement", 40, INK, "bold", "ls")
    canvas.text((60, 222), "February 2026     Mara J Lindholm", 20, GREY, anchor="ls")
    canvas.text((60, 252), "IBAN XX12 4000 0417 0030 1774 92", 20, GREY, "mono", "ls")
    canvas.rounded((52, 288, 708, 338), 4, PETROL)
    canvas.text((70, 321), "Date      Description", 20, "white", "bold", "ls")
    canvas.text((690, 321), "Euros", 20, "white", "bold", "rs")
    for row, (day, name, amount) in enumerate(MOVEMENTS):
        y = 384 + row * 56
        canvas.text((70, y), day, 20, GREY, anchor="ls")
        canvas.text((154, y), name, 21, INK, anchor="ls")
        canvas.text((690, y), amount, 21, PETROL if "+" in amount else INK, "mono", "rs")
        canvas.line([(52, y + 20), (708, y + 20)], "#dcdcd4", 1.5)
    canvas.text((70, 780), "New balance on 28.02.2026", 23, INK, "bold", "ls")
    canvas.text((690, 780), "3,184.67", 26, INK, "mono-bold", "rs")
    canvas.paragraph(
        (60, 880), "Please check this statement. Objections within six weeks.", 17, 620, GREY
    )
    return canvas.picture()


def phishing_sms() -> Image.Image:
    """A text message that pretends to come from the bank."""
    canvas = phone(screen="white")
    canvas.circle((270, 112), 34, "#c3cad0")
    canvas.text((270, 112), "?", 34, "white", "bold", "mm")
    canvas.text((270, 166), "+00 700 55 31 88", 22, INK, "bold", "mm")
    canvas.line([(60, 194), (480, 194)], "#dde2e6", 1.5)
    bubbles = [
        "LARKM00R: Your account has been suspended. Unusual login detected.",
        "Confirm your password and PIN within 24 hours or your card will be closed:",
    ]
    y = 226.0
    for text in bubbles:
        canvas.rounded((58, y, 446, y + 176), 24, "#e9ecef")
        canvas.paragraph((80, y + 20), text, 25, 340, INK)
        y += 196
    canvas.rounded((58, y, 446, y + 62), 24, "#e9ecef")
    canvas.text((80, y + 31), "larkmoor-verify.example", 24, "#1e63c9", "sans", "lm")
    canvas.rounded((58, 800, 482, 846), 23, "white", "#cfd5da", 2)
    canvas.text((82, 823), "Message", 20, "#9aa3aa", anchor="lm")
    return canvas.picture()


def message(
    heading: str, text: str, button: str, code: str, colour: str = PETROL, symbol: str = "!"
) -> Image.Image:
    return app_message("Larkmoor", colour, symbol, heading, text, button, code)


PICTURES = {
    "debit_card.jpg": lambda: photo(
        bank_card("debit", "4000 0012 3456 7899", "09/27", "#0f5a63", "#1d8a86"), 1, size=(800, 620)
    ),
    "credit_card.jpg": lambda: photo(
        bank_card("Visa credit", "4000 0077 1200 4811", "03/28", "#2b2440", "#6a4a7c"),
        8,
        surface="slate",
        size=(800, 620),
    ),
    "atm_card_retained.jpg": lambda: photo(
        atm_screen(
            "C-214",
            "Your card has been retained",
            [
                "Please ask at the counter with a photo ID.",
                "Without a counter: order a new card in the app.",
            ],
        ),
        2,
        tilt=4,
        surface=None,
        size=(800, 620),
    ),
    "atm_no_cash.jpg": lambda: photo(
        atm_screen(
            "D-309",
            "We could not hand out the notes",
            [
                "Please keep your receipt.",
                "A wrongly booked amount is returned within 2 working days.",
            ],
        ),
        5,
        tilt=4,
        surface=None,
        size=(800, 620),
    ),
    "terminal_51.jpg": lambda: photo(
        terminal("51", ["NOT SUFFICIENT", "FUNDS"]), 1, surface=None, size=(600, 800)
    ),
    "terminal_55.jpg": lambda: photo(
        terminal("55", ["WRONG PIN", "2 TRIES LEFT"]), 4, surface=None, size=(600, 800)
    ),
    "terminal_65.jpg": lambda: photo(
        terminal("65", ["INSERT CARD", "AND ENTER PIN"]), 6, surface=None, size=(600, 800)
    ),
    "letter_card_activation.jpg": lambda: photo(
        bank_letter(
            "Your new card: activation code LK-4827-90",
            "Here is your new Larkmoor debit card. It is ready after your first payment or"
            " withdrawal with the chip and PIN.",
            "Would you like to pay online first? Open the app, tap Cards, Activate and enter this"
            " code: LK-4827-90",
            "The code is valid for 60 days from the date of this letter.",
        ),
        3,
        tilt=4,
        size=(800, 800),
    ),
    "letter_device_code.jpg": lambda: photo(
        bank_letter(
            "Your device code: 5527 1904",
            "You asked us to set up the Larkmoor app on a new phone. Please enter this code on the"
            " start screen: 5527 1904",
            "The code is valid for 20 days. If you did not ask for it, call the fraud line on 0800"
            " 555 0110 at once.",
        ),
        7,
        tilt=4,
        surface="linen",
        size=(800, 800),
    ),
    "statement.jpg": lambda: photo(statement(), 9, tilt=4, surface="walnut", size=(660, 860)),
    "sms_phishing.jpg": phishing_sms,
    "app_approve_payment.jpg": lambda: app_list(
        "Larkmoor",
        PETROL,
        "Approve payment?",
        [
            ("Shop", "Halden Outdoor"),
            ("Amount", "89.90 EUR"),
            ("Card", "debit ...7899"),
            ("Expires in", "4:12 min"),
        ],
        "Approve",
    ),
    "app_lb4031.jpg": lambda: message(
        "The name does not match",
        "This IBAN belongs to an account with a different name.",
        "Check the name",
        "LB-4031",
        "#b86a00",
    ),
    "app_lb1007.jpg": lambda: message(
        "App locked", "The password was wrong five times.", "Reset access", "LB-1007", RED, "X"
    ),
    "app_lb5003.jpg": lambda: message(
        "Service unavailable",
        "We are working on it. Your cards can still be used.",
        "Try again",
        "LB-5003",
        "#5a6b7b",
        "i",
    ),
    "app_wallet_w22.jpg": lambda: message(
        "Card not added", "This card is already in four wallets.", "Manage wallets", "W-22", RED
    ),
}

if __name__ == "__main__":
    draw_all(PICTURES, Path(__file__).parent / "pictures")
