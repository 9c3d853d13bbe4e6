"""PDF, Word, slides, workbooks, mails and pages: read as a person would, in a process apart."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from email.message import EmailMessage
from io import StringIO
from itertools import chain
from types import SimpleNamespace

import pytest
from clock import is_in_proportion
from knowledge_files import PICTURE, docx, paragraph, pdf, png, run, write_zip
from openpyxl import Workbook
from PIL import Image

from mm_support.errors import KnowledgeError
from mm_support.knowledge.ingest import ReadingOptions, read_source
from mm_support.knowledge.readers import FORMATS, Format
from mm_support.knowledge.readers.base import File, Remarks
from mm_support.knowledge.readers.html_pages import read_html
from mm_support.knowledge.readers.mail import read_mail
from mm_support.knowledge.readers.sandbox import Sandbox
from mm_support.knowledge.readers.workbook import MAX_COLUMNS, read_workbook


def said(reading):
    return "\n".join(f"{entry.title}\n{entry.answer}" for entry in reading.entries)


def reasons(reading):
    return " / ".join(reason for _, _, reason in reading.skipped)


LEFT = [f"Left {n} tells of the first half of the matter." for n in range(6)]
RIGHT = [f"Right {n} tells of the other half of the matter." for n in range(6)]


def test_pdf_columns_are_read_one_after_the_other(tmp_path):
    lines = [
        line
        for n, (left, right) in enumerate(zip(LEFT, RIGHT))
        for line in ((50, 700 - 14 * n, 9, left), (310, 700 - 14 * n, 9, right))
    ]
    wide = (
        50,
        740,
        9,
        "This line runs over both columns of the page and stands above them all, so it is wide.",
    )
    pdf(tmp_path / "two.pdf", [[(50, 780, 20, "Two columns"), wide, *lines]])
    (entry,) = read_source(tmp_path / "two.pdf").entries
    places = [entry.answer.index(text) for text in [wide[3], *LEFT, *RIGHT]]
    assert places == sorted(places) and entry.title == "Two columns" and entry.page == 1


FEES = [("Germany", "4.90 EUR"), ("Austria", "6.90 EUR"), ("Norway", "20.00 EUR")]


@pytest.mark.parametrize("at", [(50, 310), (50, 250), (50, 360)])
def test_a_table_below_columns_of_text_is_read_row_by_row(tmp_path, at):
    heights = [700 - 14 * n for n in range(6)]
    text = [(50, y, 9, own) for y, own in zip(heights, LEFT)]
    text += [(310, y, 9, own) for y, own in zip(heights, RIGHT)]
    below = [(x, 604 - 14 * n, 9, cell) for n, row in enumerate(FEES) for x, cell in zip(at, row)]
    more = [(x, y - 220, 9, own) for x, y, _, own in text]
    pdf(tmp_path / "fees.pdf", [[(50, 780, 20, "Fees"), *text, *below, *more]])
    answer = said(read_source(tmp_path / "fees.pdf"))
    rows = [": ".join(row) for row in FEES]
    places = [answer.index(part) for part in [*LEFT, *RIGHT, *rows]]
    assert places == sorted(places) and all(answer.count(own) == 2 for own in LEFT + RIGHT)
    assert answer.index(rows[-1]) < answer.rindex(LEFT[0]) < answer.rindex(RIGHT[0])


def test_letters_that_are_spaced_out_are_words(tmp_path):
    texts = [
        (50, 780, 20, "O P E N I N G   H O U R S"),
        (50, 750, 9, "From nine to five each day."),
    ]
    texts += [(50, 700, 14, "C O N T A C T"), (50, 680, 9, "Ask us.")]
    pdf(tmp_path / "a.pdf", [[*texts, (50, 640, 14, "A B C D"), (50, 620, 9, "Four plans.")]])
    answer = said(read_source(tmp_path / "a.pdf"))
    assert answer.startswith("OPENING HOURS\n") and "CONTACT: " in answer and "A B C D" in answer
    (tmp_path / "a.txt").write_text("O P E N I N G  H O U R S\n\nWe sell S M L X.\nAsk us.\n")
    (entry,) = read_source(tmp_path / "a.txt").entries
    assert entry.title == "OPENING HOURS" and "S M L X" in entry.answer
    read = html(
        "<main><h1>Ö F F N U N G S -  Z E I T E N</h1><h2>营 业 时 间</h2><p>Ab 9.</p></main>"
    )
    assert [block.text for block in read.blocks] == ["营业时间", "Ab 9."]


def test_questions_of_a_pdf_are_entries(tmp_path):
    texts = ["Q: How long is it?", "A: 2 days.", "Q: How much is it?", "A: It is 5 EUR."]
    lines = [(50, 740 - 12 * n, 9, text) for n, text in enumerate(texts)]
    pdf(tmp_path / "a.pdf", [[(50, 780, 20, "FAQ"), *lines]])
    told = {entry.questions: entry.answer for entry in read_source(tmp_path / "a.pdf").entries}
    assert told == {("How long is it?",): "2 days.", ("How much is it?",): "It is 5 EUR."}


def kerned(x, y, size, *parts):
    """A line in parts, each drawn by itself; numbers draw them closer, in thousandths of a size."""
    drawn = " ".join(f"({part}) Tj" if isinstance(part, str) else f"[{part}] TJ" for part in parts)
    return f"BT /F1 {size} Tf {x} {y} Td {drawn} ET"


def test_kerned_letters_of_a_pdf_are_neither_doubled_nor_parted(tmp_path):
    lines = [
        kerned(50, 760, 20, "F", -40, "reezing a pass"),
        kerned(50, 720, 12, "T", 120, "uesday is wor", -60, "n by ", 100, "Y", 110, "oung men, "),
        kerned(50, 706, 12, "before the ", 200, "first P", 120, ".", -90, "O", -40, ". Box they"),
        kerned(50, 692, 12, 'say "W', 90, "e A", 80, "V", 60, ",", 30, '"', " and no more of it."),
    ]
    cells = [
        kerned(54, 626, 12, "T", 120, "arif"),
        kerned(154, 626, 12, "Y", 110, "outh"),
        kerned(54, 606, 12, "W", 90, "erner"),
        kerned(154, 606, 12, "V", 100, "an"),
    ]
    fields = [f"{x} {y} 100 20 re S" for x in (50, 150) for y in (600, 620)]
    drawn = "\n".join([*lines, *fields, *cells])
    (entry,) = read_source(pdf(tmp_path / "a.pdf", [[(50, 560, 12, "Ask.")]], rules=drawn)).entries
    assert entry.title == "Freezing a pass"
    assert entry.answer.splitlines() == [
        "Tuesday is worn by Young men, before the first P.O. Box they "
        'say "We AV," and no more of it.',
        "",
        "Tarif: Youth",
        "Werner: Van",
        "",
        "Ask.",
    ]


PRICES = [
    ("Item", "Size", "Price"),
    ("Desk lamp with a long name", "40 cm", "39.90"),
    ("Floor lamp", "150 cm", "89.00"),
    ("Bulb", "6 cm", "4.50"),
]


def price_list(rows, top=700, step=16, lefts=(50, 300, 400)):
    return [
        (left, top - step * at, 10, cell)
        for at, row in enumerate(rows)
        for left, cell in zip(lefts, row)
    ]


ABOVE = (50, 740, 10, "All our prices hold until the end of the year and include what is due.")
BELOW = (50, 600, 10, "Ask us for larger orders, and we send an offer within a few days of that.")


@pytest.mark.parametrize("uneven", [0, 0.6], ids=["level", "uneven"])
def test_a_pdf_table_without_rules_is_read_cell_by_cell(tmp_path, uneven):
    cells = [(x, y + uneven * (x == 300), size, text) for x, y, size, text in price_list(PRICES)]
    (entry,) = read_source(pdf(tmp_path / "a.pdf", [[ABOVE, *cells, BELOW]])).entries
    lines = [line for line in entry.answer.splitlines() if line]
    assert lines == [
        ABOVE[3],
        "Item: Desk lamp with a long name; Size: 40 cm; Price: 39.90",
        "Item: Floor lamp; Size: 150 cm; Price: 89.00",
        "Item: Bulb; Size: 6 cm; Price: 4.50",
        BELOW[3],
    ]


def test_a_bold_row_of_a_pdf_names_the_columns_of_pairs(tmp_path):
    rows = [("Part", "Period"), ("Frame", "Ten years"), ("Lamp", "Two years"), ("Chain", "None")]
    path = pdf(tmp_path / "a.pdf", [[ABOVE, *price_list(rows), BELOW]], bold=rows[0])
    (entry,) = read_source(path).entries
    assert "Part: Chain; Period: None" in entry.answer and "Part: Period" not in entry.answer


def test_the_rules_of_a_pdf_table_tell_which_lines_are_one_cell(tmp_path):
    text = [
        *((55, 688, 10, "Plan"), (205, 688, 10, "What it has"), (405, 688, 10, "Price")),
        *(
            (55, 660, 10, "Basic plan for"),
            (205, 660, 10, "Mail and calendar"),
            (405, 655, 10, "9"),
        ),
        *((55, 648, 10, "one person"), (205, 648, 10, "for all of your days")),
        *((55, 620, 10, "Team"), (205, 620, 10, "Shared folders too"), (405, 620, 10, "19")),
    ]
    level = [f"50 {y} m 450 {y} l S" for y in (700, 680, 640, 610)]
    upright = [f"{x} 610 m {x} 700 l S" for x in (50, 200, 400, 450)]
    rules = "\n".join([*level, *upright])
    (entry,) = read_source(pdf(tmp_path / "a.pdf", [[ABOVE, *text]], rules=rules)).entries
    assert entry.answer.splitlines()[-2:] == [
        "Plan: Basic plan for one person; What it has: Mail and calendar for all of your days; "
        "Price: 9",
        "Plan: Team; What it has: Shared folders too; Price: 19",
    ]


def test_a_pdf_table_keeps_its_header_on_the_next_page(tmp_path):
    rows = [(f"Screw {n}", f"{n} mm", f"{n}.50") for n in range(1, 61)]
    pages = [price_list([PRICES[0], *rows[:30]]), price_list(rows[30:])]
    reading = read_source(pdf(tmp_path / "a.pdf", pages))
    (entry,) = (e for e in reading.entries if "Screw 60;" in e.answer)
    assert "Item: Screw 60; Size: 60 mm; Price: 60.50" in entry.answer and entry.page == 2


HEADS = ["1 What you need", "2 Delivery", "2.1 Abroad", "3 Returns", "4 Payment"]


@pytest.mark.parametrize("leader", [" . . . . . . . . ", "......", "  "])
def test_the_contents_of_a_pdf_are_left_out(tmp_path, leader):
    rows = [f"{head}{leader}{page}" for page, head in enumerate(HEADS, 2)]
    contents = [(50, 700 - 20 * at, 10, row) for at, row in enumerate(["Contents", *rows])]
    text = "It is said here at some length, so that it is a text of its own."
    pages = [[(50, 700, 14, head), (50, 660, 10, f"{text} {head}.")] for head in HEADS]
    reading = read_source(pdf(tmp_path / "a.pdf", [contents, *pages]))
    told = "\n".join(entry.answer for entry in reading.entries)
    assert not any(row in told for row in rows) and all(f"own. {head}." in told for head in HEADS)
    assert "1 What you need" in reasons(reading) and "is navigation" in reasons(reading)


def test_names_and_prices_of_a_pdf_are_no_contents_though_headings_are_called_so(tmp_path):
    prices = [f"{head[2:]} . . . . . {price}" for head, price in zip(HEADS, (19, 9, 29, 4, 12))]
    listed = [(50, 700 - 20 * at, 10, row) for at, row in enumerate(["Prices", *prices])]
    text = "It is said here at some length, so that it is a text of its own."
    pages = [[(50, 700, 14, head[2:]), (50, 660, 10, f"{text} {head}.")] for head in HEADS]
    reading = read_source(pdf(tmp_path / "a.pdf", [listed, *pages, *pages, *pages, *pages]))
    told = "\n".join(entry.answer for entry in reading.entries)
    assert all(price in told for price in prices)


def test_a_row_of_a_pdf_table_that_a_page_tears_is_whole(tmp_path):
    rows = [(f"E{n:02}", f"Cause {n} is told", f"Do {n} times") for n in range(1, 21)]
    torn = ("E21", "Worn nozzle or", "Bleed it,"), ("", "air in the pump", "then replace it")
    pages = [price_list([("Code", "Cause", "What to do"), *rows, torn[0]])]
    pages += [price_list([torn[1], *((f"F{code}", *more) for code, *more in rows)])]
    reading = read_source(pdf(tmp_path / "a.pdf", pages))
    lines = [line for entry in reading.entries for line in entry.answer.splitlines()]
    whole = (
        "Code: E21; Cause: Worn nozzle or air in the pump; What to do: Bleed it, then replace it"
    )
    assert whole in lines
    assert "Code: FE01; Cause: Cause 1 is told; What to do: Do 1 times" in lines


@pytest.mark.parametrize("spacing", [1.0, 1.2, 1.5, 1.8, 2.0])
def test_lines_of_a_pdf_are_one_paragraph_however_far_apart_they_stand(tmp_path, spacing):
    rows = [f"Line {n} of the rules for all who come to visit us in the halls" for n in range(8)]
    step = 12 * spacing
    gaps = [step * (at + 0.6 * (at // 4)) for at in range(8)]  # two paragraphs of four lines
    lines = [(50, 780 - gap, 10, row) for gap, row in zip(gaps, rows)]
    (entry,) = read_source(pdf(tmp_path / "a.pdf", [lines])).entries
    paragraphs = [part for part in entry.answer.splitlines() if part]
    assert paragraphs == [" ".join(rows[:4]), " ".join(rows[4:])]


BROKEN = [
    ("It has a long two-", "year warranty on all of its parts.", "two-year"),
    ("It comes with a self-", "cleaning brush in the same box.", "self-cleaning"),
    ("Turn on the Wi-", "fi as any Wi-fi of your home does.", "Wi-fi as"),
    ("Please read the informa-", "tion that came with the box.", "information"),
    ("The network is called LARKMERE-", "GUEST and is free of charge.", "LARKMERE-GUEST and"),
    ("Send us the form BK-", "2210 before you come to us.", "BK-2210 before"),
    ("Charge from the hook-", "up only, as hook-ups are for that.", "hook-up only"),
    ("Zieh den Milch-", "schlauch von dem Gerät und spüle ihn.", "Milchschlauch"),
]


def test_a_hyphen_at_the_end_of_a_pdf_line_stays_where_it_is_the_words_own(tmp_path):
    for number, (upper, lower, _) in enumerate(BROKEN):
        lines = [(50, 700, 10, upper), (50, 688, 10, lower)]
        pdf(tmp_path / f"{number}.pdf", [lines])
    answers = {entry.source[0]: entry.answer for entry in read_source(tmp_path).entries}
    assert len(answers) == len(BROKEN)
    for number, (*_, whole) in enumerate(BROKEN):
        assert whole in answers[str(number)]


def test_lines_in_capitals_over_text_are_headings_of_plain_text(tmp_path):
    text = "We are at the inn by the sea, so ask us for it at the bar or by the door of it all."
    (tmp_path / "rules.txt").write_text(
        f"LARK INN - RULES\n(two minutes)\n\nQUIET\n{text}\nNO RADIOS.\n\n"
        f"FIRES AND DOGS\n\n{text}\n\nOUR ADDRESS\nLARK INN\n\nE24\n{text}\n"
    )
    entries = read_source(tmp_path / "rules.txt").entries
    assert [entry.section for entry in entries] == ["", "QUIET", "FIRES AND DOGS"]
    assert all(entry.title.startswith("LARK INN - RULES") for entry in entries)
    assert "LARK" not in entries[0].answer and "NO RADIOS." in entries[1].answer
    assert "OUR ADDRESS\nLARK INN" in entries[2].answer and "E24" in entries[2].answer


def test_headings_of_a_pdf_hang_under_those_that_numbers_or_sizes_put_above(tmp_path):
    text = "We are at the inn by the sea, so ask us for it at the bar or by the door of it all."
    rows = [
        (24, "Guide"), (10, text), (15, "1. Prices"), (12.5, "Extras"), (10, text),
        (15, "3. Booking"), (15, "3.1 Deposit"), (10, text), (12.5, "3.1.1 Cards"),
        (10, text), (15, "4. Leaving"),
    ]  # fmt: skip
    lines = [(50, 800 - 40 * at, size, row) for at, (size, row) in enumerate(rows)]
    reading = read_source(pdf(tmp_path / "a.pdf", [[(50, 500, 10, text)], lines]))
    sections = [entry.section for entry in reading.entries]
    assert "1. Prices > Extras" in sections and "3. Booking > 3.1 Deposit" in str(sections)
    assert "Booking" not in reasons(reading) and "Prices" not in reasons(reading)
    assert ("a.pdf", 2, "no text stands under the heading '4. Leaving'") in reading.skipped


def test_pdf_pages_lose_what_repeats_and_keep_their_numbers(tmp_path):
    pages = [
        [(50, 810, 8, "Brew manual, edition 7"), (50, 400, 10, text), (280, 20, 8, f"Page {n}")]
        for n, text in enumerate(
            (f"{word} is told here. " * 25 for word in ("Ice", "Tea", "Milk", "Oats")), 1
        )
    ]
    reading = read_source(pdf(tmp_path / "manual.pdf", pages))
    assert "edition" not in said(reading).replace(
        reading.entries[0].title, ""
    ) and "Page " not in said(reading)
    assert {entry.page for entry in reading.entries if "Oats" in entry.answer} == {4}
    assert "'Brew manual, edition 7' stands at the edges of 4 pages" in reasons(reading)
    assert "'Page 1' stands at the edges of 4 pages" in reasons(reading)


@pytest.mark.parametrize(
    "size, heads",
    [
        (20, ["Model 200", "Model 300", "Model 400"]),
        (20, ["Error 21", "Error 22", "Error 23"]),
        (10, ["Model 200", "Model 300", "Model 400"]),
    ],
)
def test_headings_of_pdf_pages_that_differ_in_their_numbers_are_no_running_heads(
    tmp_path, size, heads
):
    pages = [
        [(50, 790, size, head), (50, 700, 10, f"It costs {at + 1}29 euros. " * 5)]
        for at, head in enumerate(heads)
    ]
    reading = read_source(pdf(tmp_path / "models.pdf", pages))
    assert all(head in said(reading) for head in heads) and not reading.skipped


@pytest.mark.parametrize("size", [8, 12])
def test_a_page_number_below_the_text_is_no_heading_in_whatever_size(tmp_path, size):
    words = ["Ice", "Tea", "Milk", "Oats"]
    pages = [
        [(50, 700, 10, f"{word} is told here. " * 5), (280, 20, size, f"Page {at}")]
        for at, word in enumerate(words, 1)
    ]
    reading = read_source(pdf(tmp_path / "manual.pdf", pages))
    assert "Page " not in said(reading) and all(word in said(reading) for word in words)
    assert "'Page 1' stands at the edges of 4 pages" in reasons(reading)


def test_justified_columns_are_read_one_after_the_other_and_their_lines_run_on(tmp_path):
    """Words far apart, as in narrow justified text, are pieces of their own."""
    words = [
        "Boats leave from the pier",
        "each",
        "day",
        "at",
        "nine",
        "and go round the big island",
    ]
    left = [(50, 700, 10, words[0]), *((50 + 38 * at, 685, 10, words[1 + at]) for at in range(4))]
    left += [(50, 670, 10, words[5]), (50, 655, 10, "if the sea allows it.")]
    right = [
        (230, 703, 10, "Dogs stay below the deck."),
        *((230 + 62 * at, 688, 10, word) for at, word in enumerate(["Cats", "may", "come"])),
        (230, 673, 10, "up where the benches are"),
        (230, 643, 10, "Bikes ride for nothing here."),
    ]
    reading = read_source(pdf(tmp_path / "a.pdf", [[*left, *right]]))
    text = said(reading)
    assert " ".join([*words, "if the sea allows it."]) in text
    assert "Dogs stay below the deck. Cats may come up where the benches are" in text


@pytest.mark.parametrize("places, kept", [((50, 160, 260), True), ((50, 160), False)])
def test_names_at_the_other_side_of_their_columns_are_the_header_of_a_pdf_table(
    tmp_path, places, kept
):
    heads = [(left, 700, 10, name) for left, name in zip(places, ["Job", "What it is", "Price"])]
    rows = [("Wash", "Outside only", "9"), ("Wax", "By hand", "30"), ("Mend", "A tyre", "15")]
    body = [
        (left, 685 - 15 * at, 10, cell)
        for at, row in enumerate(rows)
        for left, cell in zip((50, 160, 330), row)
    ]
    text = said(read_source(pdf(tmp_path / "a.pdf", [[*heads, *body]])))
    assert ("Job: Wax; What it is: By hand; Price: 30" in text) == kept
    assert "What it is" in text and "By hand" in text


def test_a_numbered_clause_of_a_pdf_begins_a_paragraph(tmp_path):
    rows = [
        "4.1 Drivers pay for the length that they said and",
        "2.5 tonnes are the most.",
        "4.2 Dogs do not pay.",
    ]
    lines = [(50, 700 - 12 * at, 10, row) for at, row in enumerate(rows)]
    (entry,) = read_source(pdf(tmp_path / "a.pdf", [lines])).entries
    assert entry.answer.split("\n\n") == [" ".join(rows[:2]), rows[2]]


@pytest.mark.parametrize(
    "size, top, kept", [(7, "Brew manual", []), (10, "Model 200", ["Model 200", "Model 201"])]
)
def test_small_running_lines_of_two_pages_and_their_numbers_are_left_out(tmp_path, size, top, kept):
    tops = [top, top.replace("200", "201")]
    pages = [
        [(50, 800, size, tops[at]), (50, 700, 10, f"{word} is told here. " * 5)]
        + [(280, 20, 10, f"Page {at + 1} of 2")]
        for at, word in enumerate(["Ice", "Tea"])
    ]
    reading = read_source(pdf(tmp_path / "guide.pdf", pages))
    assert all(text in said(reading) for text in kept) and "Page " not in said(reading)
    assert "'Page 1 of 2' stands at the edges of 2 pages" in reasons(reading)
    assert ("Brew manual" in said(reading), "Brew manual" in reasons(reading)) == (False, not kept)


@pytest.mark.parametrize("first, title", [(24, "Delivery"), (18, "shop guide")])
def test_a_first_heading_like_the_others_is_a_chapter_and_no_title(tmp_path, first, title):
    text = "We are at the inn by the sea, so ask us for it at the bar or by the door of it all."
    rows = [
        (first, "Delivery"),
        (10, text),
        (18, "Returns"),
        (10, text),
        (18, "Payment"),
        (10, text),
    ]
    lines = [(50, 700 - 40 * at, size, row) for at, (size, row) in enumerate(rows)]
    entries = read_source(pdf(tmp_path / "shop-guide.pdf", [lines])).entries
    assert [entry.title for entry in entries][1:] == [f"{title}: Returns", f"{title}: Payment"]
    assert entries[0].title.endswith("Delivery")


def test_a_sentence_that_goes_on_over_a_page_is_whole(tmp_path):
    pages = [
        [(50, 400, 10, "Turn the black knob to the")],
        [(50, 700, 10, "left before you pull.")],
    ]
    assert "knob to the left before" in said(read_source(pdf(tmp_path / "a.pdf", pages)))
    pages[1] = [(50, 700, 10, "Left is the lid.")]
    assert "knob to the\n\nLeft" in said(read_source(pdf(tmp_path / "b.pdf", pages)))


def test_a_scanned_page_is_read_by_the_ocr_that_is_passed_in(tmp_path):
    path = pdf(tmp_path / "scan.pdf", [[(50, 700, 12, "Typed page.")], []])

    def ocr(page):
        assert isinstance(page, Image.Image) and min(page.size) > 300
        return "Scanned page."

    assert "Scanned page." in said(read_source(path, ReadingOptions(ocr=ocr)))
    asked = "Q: Is the pool open?\nA: In May.\nQ: Are dogs allowed?\nA: On a lead."
    titles = [own.title for own in read_source(path, ReadingOptions(ocr=lambda _: asked)).entries]
    assert titles[1:] == ["scan: Is the pool open?", "scan: Are dogs allowed?"]
    without = read_source(path)
    assert "Typed page." in said(without) and "page 2 is a picture" in reasons(without)


def test_an_encrypted_or_damaged_pdf_is_one_remark_and_the_rest_is_read(tmp_path):
    pdf(tmp_path / "a.pdf", [[(50, 700, 12, "Secret.")]], encrypted=True)
    (tmp_path / "b.docx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 999)
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "d.md").write_text("# T\n\nA.")
    reading = read_source(tmp_path)
    assert [file for file, _, _ in reading.skipped] == ["a.pdf", "b.docx", "c.pdf"]
    assert all("encrypted" in reason for _, _, reason in reading.skipped[:2])
    assert len(reading.entries) == 1


@pytest.mark.slow
def test_a_pdf_of_500_pages_is_one_document(tmp_path):
    pages = [[(50, 700, 11, f"Sentence {n} says {n * 7} things of its page.")] for n in range(500)]
    started = time.monotonic()
    reading = read_source(pdf(tmp_path / "long.pdf", pages))
    assert reading.documents == 1 and time.monotonic() - started < 60
    text = said(reading)
    assert all(f"says {n * 7} things" in text for n in range(500))


def test_word_headings_changes_tables_and_pictures(tmp_path):
    row = "<w:tr>{}</w:tr>".format
    cell = "<w:tc>{}</w:tc>".format
    rows = [("Plan", "Price", "Users"), ("Basic", "9 euros", "1"), ("Team", "29 euros", "5")]
    table = "".join(row("".join(cell(paragraph(run(text))) for text in line)) for line in rows)
    path = docx(
        tmp_path / "guide.docx",
        paragraph(run("Refunds"), style="berschrift1"),
        paragraph(
            run("We pay within "),
            "<w:del w:id='1' w:author='x'><w:r><w:delText>30</w:delText></w:r></w:del>",
            f"<w:ins w:id='2' w:author='x'>{run('14')}</w:ins>",
            run(" days."),
            PICTURE,
        ),
        paragraph(run("Prices"), style="berschrift2"),
        f"<w:tbl>{table}</w:tbl>",
    )
    reading = read_source(path)
    (entry,) = reading.entries
    assert entry.title == "Refunds" and "We pay within 14 days." in entry.answer
    assert "Plan: Team; Price: 29 euros; Users: 5" in entry.answer
    assert [picture.read_bytes() for picture in entry.pictures] == [png()]


def test_the_source_of_a_word_section_is_the_place_of_its_heading(tmp_path):
    parts = [("Plants", 1), ("Moss", 2), ("Fern", 3)]
    body = [
        paragraph(run(text), **({"style": "berschrift1"} if not at else {}))
        for name, times in parts
        for at, text in enumerate([name, *[f"{name} grows in deep shade. " * 9] * times])
    ]
    reading = read_source(docx(tmp_path / "plants.docx", *body))
    assert [entry.source for entry in reading.entries] == [
        f"plants.docx:{place}" for place in (1, 3, 6)
    ]


@pytest.mark.parametrize("style, title", [("berschrift1", "shop guide"), ("Title", "Delivery")])
def test_the_first_of_several_headings_over_text_is_no_title_of_a_word_file(tmp_path, style, title):
    text = paragraph(
        run("We are at the inn by the sea, so ask us at the bar or by the door of it.")
    )
    heads = [paragraph(run("Delivery"), style=style)]
    heads += [paragraph(run(name), style="berschrift1") for name in ("Returns", "Payment")]
    body = [part for head in heads for part in (head, text, text)]
    entries = read_source(docx(tmp_path / "shop-guide.docx", *body)).entries
    assert [entry.title for entry in entries][1:] == [f"{title}: Returns", f"{title}: Payment"]
    assert "Delivery" in entries[0].title and entries[1].source.endswith(":4")


def test_a_first_heading_over_lower_ones_is_no_title_of_a_word_file(tmp_path):
    text = paragraph(run("It is done by us in the shop, or at your own house by one of us. " * 3))
    heads = [("Delivery", 1), ("Inland", 2), ("Abroad", 2), ("Payment", 1), ("Cards", 2)]
    body = []
    for name, level in heads:
        body.append(paragraph(run(name), style=f"berschrift{level}"))
        body += [text] if level == 2 else []
    entries = read_source(docx(tmp_path / "shop-guide.docx", *body)).entries
    assert [entry.title for entry in entries] == [
        "shop guide: Delivery: Inland",
        "shop guide: Delivery: Abroad",
        "shop guide: Payment: Cards",
    ]


def test_slides_leave_out_notes_and_hidden_slides(tmp_path):
    from pptx import Presentation

    show = Presentation()
    for title, text in (
        ("Plans", "Basic costs 9 euros."),
        ("Draft", "Do not show."),
        ("Help", "Call us."),
    ):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
        slide.notes_slide.notes_text_frame.text = "Tell them nothing."
    show.slides[1]._element.set("show", "0")
    show.save(tmp_path / "deck.pptx")
    reading = read_source(tmp_path / "deck.pptx")
    assert "Basic costs 9 euros." in said(reading) and "Call us." in said(reading)
    assert "nothing" not in said(reading) and "Do not show" not in said(reading)
    assert "slide 2 is hidden" in reasons(reading)


def test_a_picture_that_is_not_in_the_file_costs_nothing_else(tmp_path):
    from pptx import Presentation

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text, slide.placeholders[1].text = "Plans", "Basic costs 9 euros."
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    blip = slide.shapes.add_picture(str(tmp_path / "a.png"), 0, 0)._element.blipFill.blip
    for name in list(blip.attrib):
        blip.set(name.replace("embed", "link"), blip.attrib.pop(name))
    show.save(tmp_path / "deck.pptx")
    linked = PICTURE.replace("r:embed", "r:link")
    docx(tmp_path / "guide.docx", paragraph(run("Refunds take 14 days."), linked))
    reading = read_source(tmp_path)
    assert "Basic costs 9 euros." in said(reading) and "Refunds take 14 days." in said(reading)
    assert reasons(reading).count("lies in a file of its own") == 2


def test_a_workbook_of_two_sheets_with_merged_cells_and_long_numbers(tmp_path):
    book = Workbook()
    faq = book.active
    faq.title = "FAQ"
    faq.append(["ID", "Frage", "Antwort", "nur Mensch"])
    faq.append([1.23e12, "Wie lange?", "14 Tage.", True])
    faq.append([1230000000001, "Was kostet es?", "9 Euro.", None])
    prices = book.create_sheet("Prices")
    for line in (
        ["Region", "Product", "Price"],
        ["North", "Jug", 9.5],
        [None, "Lid", 2],
        ["South", "Jug", 8],
    ):
        prices.append(line)
    prices.merge_cells("A2:A3")
    book.create_sheet("Old").sheet_state = "hidden"
    book.save(tmp_path / "book.xlsx")
    reading = read_source(tmp_path / "book.xlsx")
    found = {entry.id: entry for entry in reading.entries}
    assert found["1230000000000"].human_only and found["1230000000000"].answer == "14 Tage."
    assert (
        not found["1230000000001"].human_only and found["1230000000001"].title == "Was kostet es?"
    )
    lid = next(entry.answer for entry in reading.entries if "Lid" in entry.answer)
    assert lid == "Region: North; Product: Lid; Price: 2" and "'Old' is hidden" in reasons(reading)
    sources = {entry.source for entry in reading.entries}
    assert {"book.xlsx (FAQ):2", "book.xlsx (Prices):3"} <= sources
    assert any("book.xlsx (FAQ): " in note for note in reading.mapping)
    assert any("'Frage'" in note and "'Antwort'" in note for note in reading.mapping)


def test_a_narrow_sheet_takes_no_time_for_columns_that_it_has_not(monkeypatch):
    book = Workbook()
    for row in (["Question", "Answer"], ["How long?", "14 days."]):
        book.active.append(row)
    monkeypatch.setattr("openpyxl.load_workbook", lambda *_, **__: book)
    (document,) = read_workbook(File("faq.xlsx", saved(book)), Remarks("faq.xlsx"))
    assert document.text == "14 days." and book.active.max_column == 2


def test_columns_past_the_bound_are_told_once():
    book, remarks = Workbook(), Remarks("wide.xlsx")
    for word in ("name", "value", "value"):
        book.active.append([f"{word} {n}" for n in range(MAX_COLUMNS + 5)])
    documents = list(read_workbook(File("wide.xlsx", saved(book)), remarks))
    assert documents and not any(f"{MAX_COLUMNS + 1}" in own.text for own in documents)
    assert sum(f"more than {MAX_COLUMNS} columns" in why for *_, why in remarks.skipped) == 1


def saved(book):
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_cells_of_a_workbook_are_read_as_they_are_shown(tmp_path):
    from datetime import time, timedelta

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    formats = {
        "discount": (0.15, "0%", "15%"),
        "price": (129, '#,##0.00 "€"', "129.00 €"),
        "fee": (4.5, "[$£-809]#,##0.00", "£4.50"),
        "monthly": (12, "_-* #,##0.00\\ [$€-407]_-", "12.00 €"),
        "weight": (3, '0" kg"', "3 kg"),
        "opens": (time(9), "h:mm", "09:00"),
        "lasts": (timedelta(hours=30), "[h]:mm", "30:00"),
        "stock": (7, "General", "7"),
        "rate": (1.25, "0.00", "1.25"),
        "gross": (19.9 * 1.19, "0.00", "23.68"),
        "deposit": (20, "\\€#,##0.00", "€20.00"),
        "refill": (3.5, "#,##0.00 _€", "3.50"),
        "number": (424, "00000", "00424"),
        "part": (12345, "000-000", "012-345"),
        "model": (7, '"HC-"000', "HC-007"),
        "volume": (1.5, "0.0##", "1.5"),
        "power": (12000, "0.00E+00", "12000"),
        "pieces": (6, 'General" pcs"', "6 pcs"),
    }
    sheet.append(["question", *formats])
    sheet.append(["Lamp", *(value for value, _, _ in formats.values())])
    for cell, (_, form, _) in zip(sheet[2][1:], formats.values()):
        cell.number_format = form
    sheet.cell(2, len(formats) + 3).value = "=B2*2"
    book.save(tmp_path / "prices.xlsx")
    reading = read_source(tmp_path / "prices.xlsx")
    (entry,) = reading.entries
    for name, (_, _, shown) in formats.items():
        assert f"{name}: {shown};" in f"{entry.text};", name
    assert "1 formulas hold no value" in reasons(reading)


def test_a_mail_says_its_text_and_names_its_attachments(tmp_path):
    mail = EmailMessage()
    mail["Subject"], mail["Date"] = "Re: AW: Größen", "Tue, 3 Mar 2026 10:00:00 +0000"
    mail.set_content("Wir haben S bis XL.")
    mail.add_alternative("<p>Wir haben <b>S bis XL</b>.</p><p hidden>intern</p>", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="liste.pdf")
    (tmp_path / "m.eml").write_bytes(bytes(mail))
    reading = read_source(tmp_path / "m.eml")
    (entry,) = reading.entries
    assert (entry.title, entry.answer) == ("Größen", "Wir haben S bis XL.")
    assert "liste.pdf" in reasons(reading) and str(entry.updated) == "2026-03-03"


@pytest.mark.parametrize(
    "subject, title",
    [("E24: door open", "E24: door open"), ("FAQ: How do I pay", "FAQ: How do I pay")]
    + [("Re: RE[2]: Fwd: Hours", "Hours"), ("回复：营业时间", "营业时间")],
)
def test_only_the_marks_of_replies_are_taken_off_a_subject(subject, title):
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content("Open from 9 to 5.")
    (document,) = read_mail(File("a.eml", bytes(mail)), Remarks("a.eml"))
    assert document.title == title


def test_a_mail_in_an_encoding_that_nobody_knows_is_read():
    mail = b"Subject: Hours\nContent-Type: text/plain; charset=x-none\n\nOpen from 9 to 5.\n"
    (document,) = read_mail(File("a.eml", mail), Remarks("a.eml"))
    assert document.text == "Open from 9 to 5."


def test_a_mail_of_one_long_line_takes_time_in_proportion():
    def read_mail_of(times):
        mail = b"Subject: Hours\n\nOpen from 9 to 5.\n\n" + b"a: " * times
        assert [*read_mail(File("a.eml", mail), Remarks("a.eml"))]

    assert is_in_proportion(read_mail_of, 4_000)


PAGE = """<!doctype html><html lang="en">
<head><meta charset="utf-8"><title>Returns | Shop</title><style>p{}</style></head><body>
<header><nav><a href="/">Home</a><a href="/cart">Basket</a></nav></header>
<div id="cookies" role="dialog">We use cookies. <button>Accept</button></div>
<main><h1>Returns</h1><p>Send it back within <b>30&nbsp;days</b>.</p><!-- ask Ann -->
<table><tr><th>Kind</th><th>Days</th></tr><tr><td>Shoes</td><td>60</td></tr><tr><td>Food</td><td>0</td></tr></table>
</main><footer>Imprint, <a href="/terms">terms</a></footer></body></html>"""


def test_where_a_page_lies_in_its_site_is_no_knowledge(tmp_path):
    path = tmp_path / "a.html"
    trail = "<ul><li><a href='/'>Help</a></li><li>Battery</li></ul>"
    head = f'<body class="has-breadcrumbs"><div class="breadcrumbs">{trail}</div>'
    path.write_text(f"{head}<h1>Batteries</h1><div id='x'><p>Bring old batteries to us.</p></div>")
    reading = read_source(path)
    (entry,) = reading.entries
    assert "Bring old batteries" in entry.answer and "Help" not in entry.answer
    assert reasons(reading) == "'Help Battery' is navigation and was left out"


def test_what_a_side_column_says_is_reported(tmp_path):
    path = tmp_path / "a.html"
    path.write_text(
        "<body><main><h1>Pool</h1><p>We open at nine and close at eight.</p></main>"
        "<aside><p>Night swimming on 12 December.</p></aside></body>"
    )
    reading = read_source(path)
    assert reading.entries[0].answer == "We open at nine and close at eight."
    told = "'Night swimming on 12 December.' stands beside its text and was left out"
    assert reasons(reading) == told


@pytest.mark.parametrize("start", ["", "<?xml version='1.0' encoding='utf-8'?>\n"])
def test_a_page_is_read_without_navigation_banner_and_comments(tmp_path, start):
    (tmp_path / "returns.html").write_text(start + PAGE)
    (entry,) = read_source(tmp_path / "returns.html").entries
    assert (entry.title, entry.language) == ("Returns", "en")
    assert (
        entry.answer == "Send it back within 30 days.\n\nKind: Shoes; Days: 60\nKind: Food; Days: 0"
    )


def test_properties_of_an_exported_page_are_no_text(tmp_path):
    cells = "<th>Tags</th><td><i>orders</i><i>refund</i></td>", "<th>Status</th><td>Done</td>"
    rows = "".join(f"<tr>{own}</tr>" for own in (*cells, "<th>Model</th><td>Aster 50</td>"))
    head = f"<header><h1>Returns</h1><table class='properties'>{rows}</table></header>"
    page = f"<article class='page'>{head}<p>Send it back within 30 days.</p></article>"
    (tmp_path / "a.html").write_text(page)
    (entry,) = read_source(tmp_path / "a.html").entries
    assert entry.tags == ("orders", "refund") and "Model: Aster 50" in entry.answer
    assert "Done" not in entry.answer


def html(text):
    (document,) = read_html(File("a.html", text.encode()), Remarks("a.html"))
    return document


@pytest.mark.parametrize(
    "declared, saved, text",
    [
        ("iso-8859-1", "cp1252", "Open 10 a.m. – 8 p.m., “closed” on Mondays."),
        ("iso-8859-1", "utf-8", "Pay from your card’s balance – or in cash."),
        ("gb2312", "gbk", "請撥打客服電話，朱镕先生。"),
        ("utf-16", "utf-8", "Ring the bell."),
    ],
)
def test_a_page_is_decoded_as_browsers_decode_it(declared, saved, text):
    head = f"<head><meta charset='{declared}'></head>"
    data = f"{head}<main><h1>Hours</h1><p>{text}</p></main> ".encode(saved)
    data += b" " * (len(data) % 2)
    (document,) = read_html(File("a.html", data), Remarks("a.html"))
    assert document.text == text


@pytest.mark.parametrize(
    "heading",
    [
        "<h2 id='q'>How long?<a class='headerlink' href='#q' title='Permalink'>¶</a></h2>",
        "<div id='q'><h2><a href='#q'>#</a> How long?</h2></div>",
        "<h2>How long?<a id='保修' href='a.html#%E4%BF%9D%E4%BF%AE'><span>🔗</span></a></h2>",
    ],
)
def test_a_link_to_where_it_stands_is_no_part_of_a_heading(tmp_path, heading):
    (tmp_path / "a.html").write_text(
        f"<main><h1 id='w'>Warranty<a href='#w'>¶</a></h1><p>It begins on the day of purchase.</p>"
        f"{heading}<p>Three years<a id='r' href='#n'>*</a>.</p><h2>Where?</h2><p>At the desk.</p>"
        "<ul><li id='n'>For lamps. <a href='#r'>↩</a></li></ul></main>"
    )
    titles = ["Warranty", "Warranty: How long?", "Warranty: Where?"]
    entries = read_source(tmp_path / "a.html").entries
    assert [entry.title for entry in entries] == titles
    assert (
        entries[1].questions == ("How long?",)
        and entries[1].answer == "Three years*.\n\n* For lamps."
    )


def test_marked_words_of_a_page_that_does_not_say_where_its_text_is_stay_in_their_lines(tmp_path):
    """trafilatura takes the class for a menu of the page, and code for a block."""
    line = (
        "Start <strong class='application'><code>ledger</code></strong> and press <span "
        "class='guimenu'><strong>File</strong></span> → <span class='guimenuitem'>New</span>, type "
        "<samp>y</samp> and wait until the list of accounts is shown below."
    )
    more = "".join(
        f"<p>Of year {n} a ledger of its own is kept, and the accounts of the year before it are "
        "closed, which takes a while where there are many.</p>"
        for n in range(1, 9)
    )
    menu = "<div class='nav'><ul><li><span class='menuitem'><a href='/'>Home</a></span></li></ul>"
    steps = "<ol><li>Open the drawer.</li><li>Take the ledger out of it.</li></ol>"
    text = f"<div class='sect1'><h2>Accounts</h2><p>{line}</p>{more}{steps}"
    (tmp_path / "a.html").write_text(f"<body>{menu}</div>{text}</div></body>")
    (entry,) = read_source(tmp_path / "a.html").entries
    said = "Start ledger and press File → New, type y and wait until the list of accounts is shown"
    assert entry.answer.startswith(said) and "Home" not in entry.answer
    assert "1. Open the drawer." in entry.answer


@pytest.mark.parametrize("edge", ["<footer>x </footer>", "<header>x</header><p>a</p>"])
def test_a_page_of_many_edges_takes_time_in_proportion(edge):
    assert is_in_proportion(
        lambda times: html(f"<h1>Keys</h1><p>Press x.</p>{edge * times}"), 2_500
    )


def test_a_paragraph_of_many_marked_words_takes_time_in_proportion():
    words = "Press <code>x</code> and <span class='menu'>y</span> or <a href='#q'>z</a> "
    head = "<div class='c'><h2 id='q'>Keys<a href='#q'>¶</a></h2><p>"
    assert is_in_proportion(lambda times: html(f"{head}{words * times}</p></div>"), 3_000)


def test_links_to_panels_without_headings_are_tabs_and_others_are_none():
    links = "<ul><li><a href='#a'>Delivery</a></li><li><a href='#b'>Warranty</a></li></ul>"
    panels = "<div id='a'><p>2 days.</p></div><div id='b'><p>3 years.</p></div>"
    read = html(f"<main><h1>Aster</h1>{links}{panels}</main>").blocks
    texts = ["Delivery", "2 days.", "Warranty", "3 years."]
    assert [block.text for block in read if block.text] == texts
    assert [block.kind for block in read if block.text] == ["heading", "text"] * 2
    parts = panels.replace("<p>", "<h2>More</h2><p>")
    read = html(f"<main><h1>Aster</h1>{links}{parts}</main>").blocks
    assert [block.text for block in read] == ["More", "2 days.", "More", "3 years."]


def test_a_page_of_confluence_and_one_of_google_docs():
    macro = "confluence-information-macro"
    warning = f"<div class='{macro} {macro}-warning'><p class='title'>Mind</p><p>Keep it.</p></div>"
    control = "<div class='expand-control'><span class='expand-control-text'>Gifts</span></div>"
    fold = f"<div>{control}<div class='expand-content'><p>By voucher.</p></div></div>"
    head = "<h1 id='title-heading'><span>Shop : Returns</span></h1>"
    read = html(f"{head}<div id='main-content'>{warning}{fold}</div>")
    assert read.title == "Returns" and "⚠ Keep it." in read.text
    assert [block.text for block in read.blocks if block.kind == "heading"] == ["Gifts"]
    name = "<p class='c2 title'><span>Returns</span></p>"
    read = html(f"<body>{name}<p>30 days.</p><p class='title'>So</p></body>")
    assert read.title == "Returns" and read.text == "30 days.\nSo"


@pytest.mark.parametrize(
    "body, said",
    [
        (
            "<dl><dt>Window</dt><dd>30 days.</dd><dd>60 for shoes.</dd></dl>",
            "Window: 30 days.\n\n60 for shoes.",
        ),
        ("<p>　　1、打开。<br>　　2、确定。</p>", "1、打开。\n2、确定。"),
        ("<dl><dt>Sizes</dt><dd><ul><li>S</li></ul></dd></dl>", "Sizes:\n\n- S"),
        ("<dl><dt>Colour</dt><dt>Color:</dt><dd><p>Red.</p></dd></dl>", "Colour, Color: Red."),
        (
            "<p>5 EUR.<sup><a href='#a'>[1]</a></sup></p><p><a href='#b'>[1]</a> Or free.</p>",
            "5 EUR.¹\n\n¹ Or free.",
        ),
        (
            "<ol><li>Or free. <a href='#b'>↩</a></li><li>Send it.</li></ol>",
            "1. Or free.\n2. Send it.",
        ),
        (
            "<ul><li><a href='#a'>Fees</a><ul><li><a href='#b'>By</a></li></ul></li></ul>So.",
            "So.",
        ),
        (
            "<dl><dt>1. <a href='#a'>Fees</a></dt><dd><dl><dt>1.1. <a href='#b'>By</a></dt></dl>"
            "</dd></dl>So.",
            "So.",
        ),
        (
            "<dl><dt><a href='#a'>Fees</a></dt><dd>Five.</dd><dt><a href='#b'>By</a></dt></dl>",
            "Fees: Five.\n\nBy",
        ),
        (
            "Pay by:<ul><li><a href='#a'>Card</a><li><a href='#b'>Bill</a></ul>",
            "Pay by:\n\n- Card\n- Bill",
        ),
    ],
)
def test_definitions_notes_and_contents_are_read_as_they_are_meant(body, said):
    page = f"<main><h1>T</h1>{body}</main>".encode()
    (document,) = read_html(File("a.html", page), Remarks("a.html"))
    assert "\n\n".join(block.text for block in document.blocks if block.text) == said


def test_terms_that_ask_are_questions(tmp_path):
    asked = "<dt>How long?</dt><dd>2 days.</dd><dt>How much?</dt><dd>5 EUR.</dd>"
    body = f"<dl>{asked}<dt>Window</dt><dd>30 days.</dd></dl><p>Ask us.</p>"
    (tmp_path / "a.html").write_text(f"<main><h1>T</h1>{body}</main>")
    told = {entry.questions: entry.answer for entry in read_source(tmp_path / "a.html").entries}
    assert told == {
        ("How long?",): "2 days.",
        ("How much?",): "5 EUR.",
        (): "Window: 30 days.\n\nAsk us.",
    }


def test_a_page_without_main_is_told_from_what_surrounds_it(tmp_path):
    text = "".join(
        f"<p>Paragraph {n} explains how parcels are sent and what they cost.</p>" for n in range(9)
    )
    menu = "".join(f'<li><a href="/{n}">Menu entry {n}</a></li>' for n in range(9))
    body = f'<div class="menu"><ul>{menu}</ul></div><div class="text"><h1>Parcels</h1>{text}</div>'
    (tmp_path / "p.html").write_text(
        f"<html><body>{body}<div class='cookie'>Accept cookies</div></body></html>"
    )
    reading = read_source(tmp_path / "p.html")
    assert all(f"Paragraph {n} explains" in said(reading) for n in range(9))
    assert "Menu entry" not in said(reading)


def page(text):
    """The text of a page, its headings under #, and what was reported."""
    remarks = Remarks("a.html")
    (document,) = read_html(File("a.html", text.encode()), remarks)
    lines = [
        f"# {block.text}" if block.kind == "heading" else block.text for block in document.blocks
    ]
    return [line for line in lines if line], " / ".join(why for _, _, why in remarks.skipped)


def test_what_stands_between_the_lines_of_a_text_is_read_but_links_to_other_pages():
    text = "It is said here at some length, so that it is a proper paragraph of a text."
    parts = [
        "<figure><img src='a.png'><figcaption>The red button is left.</figcaption></figure>",
        "<div><a href='tel:+15550100'>Call 1 555 0100</a></div>",
        "<div><a href='/other'>Other news</a> <a href='/more'>More news</a></div>",
    ]
    body = "".join(f"<p>{text} {at}.</p>{part}" for at, part in enumerate(parts))
    lines, _ = page(f"<title>T</title><body><div id='x'><h1>T</h1>{body}<p>{text} 3.</p></div>")
    said = ["The red button is left.", "Call 1 555 0100"]
    assert lines == [f"{text} 0.", said[0], f"{text} 1.", said[1], f"{text} 2.", f"{text} 3."]


@pytest.mark.parametrize("around", ["<main>{}</main>", "<div id='x'><div id='y'>{}</div></div>"])
@pytest.mark.parametrize("before", ["<p>Fees:</p>", ""])
def test_what_the_contents_of_a_page_lead_to_are_its_headings(around, before):
    told = {"Is there a fee?": "None.", "Tax": "It is 5 %.", "How to reach us": "By phone."}
    named = dict(zip(told, ("Is there a fee", "Tax", "Contact")))  # the last one is worded anew
    links = "".join(
        f"<li><a href='#{at}'>{name}</a></li>" for at, name in enumerate(named.values())
    )
    heads = [
        f"<div class='h'><b><a name='{at}'></a>{head}</b></div>" for at, head in enumerate(told)
    ]
    text = "It is said here at some length, so that it is a text. "
    parts = [f"{head}<p>{text}{said}</p>" for head, said in zip(heads, told.values())]
    parts[1] += f"<h1>Abroad</h1><p>{text}</p>"
    body = around.format(f"{before}<ul>{links}</ul>{''.join(parts)}")
    lines, left = page(f"<title>Help</title>{body}")
    assert [line[2:] for line in lines if line[:1] == "#"] == [*[*told][:2], "Abroad", [*told][2]]
    assert left == "'Is there a fee Tax Contact' is navigation and was left out"


HALL = "The hall is open to all who hold a card of the club."
DUES = "1) Fees are due on the first of a month."


@pytest.mark.parametrize("around", ["<main>{}</main>", "<div id='x'><div id='y'>{}</div></div>"])
@pytest.mark.parametrize(
    "parts",
    [
        f"<div><br><b>Hours<br></b>{HALL}<br>It closes at nine.</div><div>&nbsp;</div>"
        f"<div><b>Fees</b>&nbsp;<br>{DUES}<br>2) They are not returned.</div>",
        f"<p><b>Hou</b><b>rs:</b><b> </b><br>{HALL}<br>It closes at nine.</p>"
        f"<p><b>Fees: </b><br>{DUES}<br>2) They are not returned.</p>",
        f"<p><b>Hours</b></p><p>{HALL}<br>It closes at nine.</p>"
        f"<p><b>Fees</b></p><p>{DUES}<br>2) They are not returned.</p>",
    ],
)
def test_bold_lines_are_headings_of_a_page_without_others(around, parts):
    head = "<h2>Our<br>club</h2><div>1. Hours<br>2. Fees</div>"
    lines, left = page(f"<title>Club</title>{around.format(head + parts)}")
    own = ["# Hours", f"{HALL}\nIt closes at nine.", "# Fees", f"{DUES}\n2) They are not returned."]
    assert lines[-4:] == own and "1. Hours\n2. Fees" not in lines
    assert left == "'1. Hours 2. Fees' is navigation and was left out"


@pytest.mark.parametrize(
    "body",
    [
        f"<p><b>Mind</b> the step.<br>{HALL}</p><p>Ask <b>Ms Wu</b></p><p><b>All may come.</b></p>",
        f"<p><b>Hours</b></p><p>{HALL}</p><p><b>Fees</b></p><h3>Places</h3><p>{DUES}</p>",
        f"<table><tr><td><b>Hours</b></td><td>{HALL}</td></tr><tr><td><b>Fees</b></td></tr></table>",
    ],
)
def test_bold_words_beside_text_or_other_headings_are_none(body):
    lines, _ = page(f"<title>Club</title><main><h1>Club</h1>{body}</main>")
    heads = ["# Club", "# Places"]
    assert [line for line in lines if line[:1] == "#" and line not in heads] == []


def test_a_heading_that_is_broken_keeps_its_words_apart():
    (document,) = read_html(
        File("a.html", b"<main><h1>Any questions?<br>Write to us</h1><p>We answer.</p></main>"),
        Remarks("a.html"),
    )
    assert document.title == "Any questions? Write to us"


def test_a_table_that_lays_out_a_page_is_read_cell_by_cell(tmp_path):
    data = "<table><tr><th>2 weeks</th><th>4 weeks</th></tr><tr><td>DVDs</td><td>Books</td></table>"
    left = f"<td><h2>Loans</h2>{data}<h2>Renewals</h2><p>Twice, by phone.</p></td>"
    right = "<td><h2>Fees</h2><p>We charge none.</p><ul><li>Lost</li><li>Burnt</li></ul></td>"
    for around in ("<main>{}</main>", "<div class='c'><div class='d'>{}</div></div>"):
        rows = f"<h1>Lending</h1><table width='830'><tr>{left}<td></td>{right}</tr></table>"
        lines, _ = page(around.format(rows))
        assert [line for line in lines if line not in ("", "# Lending")] == [
            "# Loans",
            "2 weeks: DVDs; 4 weeks: Books",
            "# Renewals",
            "Twice, by phone.",
            "# Fees",
            "We charge none.",
            "- Lost\n- Burnt",
        ]
    cells = "<tr><td>Open at nine.</td><td>Ring twice.</td></tr>"
    lines, _ = page(f"<main><h1>T</h1><table role='presentation'>{cells}</table></main>")
    assert lines == ["Open at nine.", "Ring twice."]
    heads = "<tr><th><h3>Plan</h3></th><th><h3>Price</h3></th></tr><tr><td>A</td><td>9</td></tr>"
    lines, _ = page(f"<main><h1>T</h1><table>{heads}</table></main>")
    assert "Plan: A; Price: 9" in lines


@pytest.mark.parametrize(
    "opener",
    [
        "<div class='q'><div><a name='{n}'></a>{q}</div><div><a href='#'>Top</a></div></div>",
        "<div class='q'><a href='#' class='toggle'>{q}</a></div>",
        "<div class='q'><input type='checkbox' id='{n}'><label for='{n}'>{q}</label></div>",
    ],
)
@pytest.mark.parametrize("contents", [False, True])
def test_what_opens_the_texts_of_a_page_is_not_lost_where_it_looks_like_navigation(
    opener, contents
):
    """Of such a page trafilatura gives the answers alone."""
    told = {
        "How long does it take?": "It takes three to five working days within the country.",
        "Can I change my address?": "Yes, as long as the parcel has not left our warehouse.",
        "Warranty": "All devices have a warranty of two years. Keep the receipt for that time.",
    }
    links = "".join(f"<li><a href='#{n}'>{q}</a></li>" for n, q in enumerate(told))
    pairs = "".join(
        f"{opener.format(n=n, q=q)}<div class='a'>{a}</div>"
        for n, (q, a) in enumerate(told.items())
    )
    menu = "<div class='menu'><a href='/cart'>Basket</a><a href='/shops'>Our shops</a></div>"
    head = f"{menu}<div class='t'>Help</div>" + f"<div><ul>{links}</ul></div>" * contents
    end = "<div class='end'>© Shop <a href='/imprint'>Imprint</a></div>"
    lines, _ = page(f"<title>Help</title><body>{head}<div id='x'>{pairs}</div>{end}</body>")
    said = [line.removeprefix("# ") for line in lines]
    assert [line for line in said if line != "Help"] == [*chain(*told.items())]


LONG = "It takes, as it does for all that we send out of here, 30 days."
COLLAPSE = '<h2><button data-bs-toggle="collapse" data-bs-target="#pN">Q N?</button></h2>'
PANELS = [
    '<h2>Q N?</h2><div aria-hidden="true">A</div>',
    '<h2>Q N?</h2><div style="color: red; display:none">A</div>',
    "<div><h3>Q N?</h3></div><div hidden>A</div>",
    "<dl><dt><button>Q N?</button></dt><dd hidden>A</dd></dl>",
    '<button class="accordion">Q N?</button><div style="display: none">A</div>',
    '<button aria-controls="pN">Q N?</button> <p></p><div id="pN" hidden>A</div>',
    '<button aria-expanded="false">Q N?<i aria-hidden="true">+</i></button><p>A</p>',
    f'{COLLAPSE}<div id="pN" class="collapse">A</div>',
    '<ul><li><a role="tab" href="#pN">Q N?</a></ul><div id="pN" hidden>A</div>',
    '<b role="tab" id="tN">Q N?</b><div role="tabpanel" aria-labelledby="tN">A</div>',
]


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("around", ["<main>{}</main>", "<div id='x'><p>All of it.</p>{}</div>"])
def test_answers_in_collapsed_panels_are_read_under_their_questions(panel, around):
    """N is a panel's number, A its text."""
    panels = "".join(panel.replace(">A<", f">{LONG}<").replace("N", str(n)) for n in (1, 2, 3))
    lines, left = page(f"<title>FAQ | Shop</title>{around.format('<h1>FAQ</h1>' + panels)}")
    said = " ".join(lines).replace("# ", "")
    assert " ".join(f"Q {n}? {LONG}" for n in (1, 2, 3)) in said and not left


@pytest.mark.parametrize(
    "hidden, told",
    [
        ('<div hidden><a href="/a">One</a> <a href="/b">Two</a></div>', ""),
        ('<button aria-controls="m" aria-expanded="false">Menu</button>'
         '<ul id="m" hidden><li><a href="/a">One</a><li><a href="/b">Two</a></ul>', ""),
        ('<button aria-haspopup="dialog" aria-controls="m">More</button>'
         '<div id="m" hidden>Two of it.</div>', "'Two of it.' is hidden and was left out"),
        ('<button data-bs-toggle="modal" data-bs-target="#m">More</button>'
         '<div id="m" aria-hidden="true">Two of it.</div>', "'Two of it.' is hidden"),
        ('<div id="m" role="dialog" aria-modal="true"><h2>Cookies</h2><p>Two.</p></div>', ""),
        ("<template><h2>Q?</h2><p>Two.</p></template>", ""),
        ('<p>Price: <span aria-hidden="true">Two</span></p>', ""),
        ("<h2>Note</h2><div hidden>Two of it.</div><p>Shown.</p>", "'Two of it.' is hidden"),
    ],
)  # fmt: skip
def test_menus_dialogs_and_what_else_is_hidden_stay_so_and_sentences_are_told(hidden, told):
    lines, left = page(f'<a href="#x">Skip to it</a><main id="x"><p>One way.</p>{hidden}</main>')
    said = " ".join(lines)
    assert "One way." in said and "Two" not in said and "Skip" not in said and "Menu" not in said
    assert told in left and bool(told) == bool(left)


OLD = "The first visit was free of charge."


@pytest.mark.parametrize(
    "style, old",
    [
        (".old{display:none}", '<p class="note old">A</p>'),
        ("p{x:y} @media screen {q, #a { VISIBILITY: hidden !important }}", '<p id="a">A</p>'),
        ("/* } */ q::after{content:'}'} p.old{color:red;display:none}", '<p class="old">A</p>'),
        (".old{display:none} p{display:block}", '<p class="old">A</p>'),
    ],
)  # fmt: skip
def test_what_a_rule_of_the_page_hides_is_left_out_and_told(style, old):
    old = old.replace("A", OLD)
    lines, left = page(
        f"<style>{style}</style><main><h1>Fees</h1><p>It is 45 euros now.</p>{old}</main>"
    )
    assert lines == ["It is 45 euros now."] and left == f"'{OLD}' is hidden and was left out"


def test_rules_that_hide_take_time_in_proportion():
    def read(times):
        rules = "".join(f".a{at}{{display:none}}.b{at} p{{display:block}}" for at in range(times))
        assert page(f"<style>{rules}</style><main><h1>Fees</h1><p>It is 45 euros now.</p></main>")

    assert is_in_proportion(read, 500)


@pytest.mark.parametrize(
    "style",
    [
        "@media print{.old{display:none}}",
        "@media (max-width: 600px){.old{display:none}}",
        ".old{display:none} .old.open{display:block}",
        ".old{display:none} .more:hover .old{display:block}",
        ".page .old{display:none}",
        ".old{display:none} .old{display:block}",
        "p{display:none}",
        ".old{display:none",
    ],
)
def test_what_a_rule_shows_to_some_readers_is_read(style):
    more = '<p class="old">Bring your card.</p>'
    lines, left = page(f"<style>{style}</style><main><p>It is 45 euros now.</p>{more}</main>")
    assert lines == ["It is 45 euros now.", "Bring your card."] and not left


def test_panels_that_a_rule_folds_away_are_read_under_what_opens_them():
    style = "<style>.body{display:none}</style><p>" + 9 * "Welcome to all of you. " + "</p>"
    panel = '<div class="head">Part N</div><div class="body"><p>It is text N.</p></div>'
    panels = "".join(panel.replace("N", str(n)) for n in (1, 2))
    lines, left = page(f"<main>{style}{panels}</main>")
    assert lines[1:] == ["Part 1", "It is text 1.", "Part 2", "It is text 2."] and not left


def test_what_follows_a_section_is_not_under_its_heading_and_captions_title_their_tables():
    section = "<section><h2>Braces</h2><p>They take nine months.</p></section>"
    table = "<table><caption>Days in Spanish</caption><tr><th>Day<th>Who<tr><td>Mon<td>Ann</table>"
    (document,) = read_html(
        File("a.html", f"<main><h1>Info</h1>{section}{table}<p>Bye.</p></main>".encode()),
        Remarks("a.html"),
    )
    told = [
        (block.kind, block.text) for block in document.blocks if block.kind in ("heading", "end")
    ]
    assert told == [("heading", "Braces"), ("end", ""), ("heading", "Days in Spanish"), ("end", "")]


def test_boxes_and_forms_within_the_text_are_read_and_boxes_that_warn_are_marked():
    box = '<aside class="alert alert-danger"><h4>Mind</h4>Unplug it first.</aside>'
    form = "<form><label>Name</label><input><p>Or call 0800 123.</p><button>Send</button></form>"
    side = '<aside><a href="/a">First</a> <a href="/b">Second</a></aside>'
    lines, left = page(f"<main><p>Change the filter.</p>{box}{form}{side}</main><aside>Out</aside>")
    wanted = ["Change the filter.", "# Mind", "⚠ Unplug it first.", "Or call 0800 123."]
    assert lines == wanted
    beside = "'Out' stands beside its text and was left out"
    assert left == f"'First Second' is navigation and was left out / {beside}"


@pytest.mark.parametrize(
    "box, told",
    [
        ("<b>Mind</b><p>It is <i>hot</i>.</p><p>Wait.</p>", ["⚠ Mind: It is hot.", "Wait."]),
        ("<p class='box-title'>Mind</p><p>It is hot.</p>", ["⚠ Mind: It is hot."]),
        ("<p>Mind</p><ul><li>Heat</li></ul>", ["⚠ Mind:", "- Heat"]),
        ("<b>Mind</b> the gap.", ["⚠ Mind the gap."]),
        ("<p>Mind it.</p><p>Wait.</p>", ["⚠ Mind it.", "Wait."]),
    ],
)
def test_the_title_of_a_box_that_warns_stands_in_front_of_its_text(box, told):
    lines, _ = page(f"<main><p>Open it.</p><div class='alert-warning'>{box}</div></main>")
    assert lines == ["Open it.", *told]


def test_a_form_round_the_page_costs_no_text():
    lines, _ = page('<form id="x"><div class="y"><main><p>All of it.</p></main></div></form>')
    assert lines == ["All of it."]


def test_all_articles_of_a_page_are_read_and_those_beside_it_are_told():
    def article(word):
        return f"<article><h2>{word}</h2><p>{f'{word} is told here. ' * 9}</p></article>"

    teaser = "<section><article>Read this too.</article></section>"
    for parted in ("", "</div><div>"):
        articles = parted.join(map(article, ("Ice", "Tea", "Milk")))
        lines, left = page(
            f'<div class="menu">Go</div><div><h1>Drinks</h1>{articles}</div>{teaser}'
        )
        assert [line for line in lines if line[0] == "#"] == ["# Ice", "# Tea", "# Milk"]
        assert "Read this too." in left and "Go" not in lines


@pytest.mark.parametrize(
    "text, said, told",
    [
        ("It costs <s>99 €</s> <del>89 €</del> 79 €.", "It costs 79 €.", "'99 €' is struck"),
        ('<b style="text-decoration: line-through">9 €</b> 7 €', "7 €", "'9 €' is struck"),
        ("Press <button>Reset</button> twice.", "Press Reset twice.", ""),
        ("To go on press <b>and hold</b> <button>Next</button>", "hold Next", ""),
        ('Press <input type="submit" value="Go">.', "Press Go.", ""),
        ('Press <a href="/x"><img alt="Save"></a> to keep it.', "Press Save to keep it.", ""),
        ("按<button>保存</button>键。", "按保存键。", ""),
        ("Did it help? <button>Yes</button><button>No</button>", "Did it help?", ""),
        ('<img src="a.png" alt="A lamp"> It is new.', "It is new.", ""),
        ('Open the lid<br><img src="a.png" alt="A lid">', "Open the lid", ""),
        ("50<sup>1</sup> € for 5 m<sup>2</sup>", "50 ¹ € for 5 m²", ""),
    ],
)
def test_a_line_says_what_its_reader_sees(text, said, told):
    (line,), left = page(f"<main><p>{text}</p></main>")
    assert line.endswith(said) and told in left and bool(told) == bool(left)


# -- the process apart ---------------------------------------------------------------------


@pytest.fixture
def bad_readers(tmp_path, monkeypatch):
    """Readers that misbehave, for files that end in .hang, .memory, .dies, .raises and .lies."""
    (tmp_path / "bad_readers.py").write_text(
        "import os, time\n"
        "def hang(file, remarks): time.sleep(60)\n"
        "def memory(file, remarks): return bytearray(8 * 2**30)\n"
        "def dies(file, remarks): os._exit(3)\n"
        "def raises(file, remarks): raise KeyError('no such part')\n"
        "def lies(file, remarks): os.write(1, b'{}\\n'); return []\n"
    )
    worker = tmp_path / "sitecustomize.py"
    names = ("hang", "memory", "dies", "raises", "lies")
    worker.write_text(
        "import mm_support.knowledge.readers as own, bad_readers\n"
        "class Bad:\n"
        "    def __init__(self, name): self.name = name\n"
        "    def reader(self): return getattr(bad_readers, self.name)\n"
        f"own.FORMATS.update({{'.' + name: Bad(name) for name in {names!r}}})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return names


@pytest.mark.parametrize(
    "kind, reason",
    [("hang", "longer than 6 s"), ("memory", "memory"), ("dies", "ended"), ("raises", "KeyError")],
)
def test_a_file_that_misbehaves_is_one_remark_and_the_next_is_read(
    tmp_path, bad_readers, kind, reason
):
    (tmp_path / "room").mkdir()
    with Sandbox(tmp_path / "room", seconds=6) as sandbox:
        remarks = Remarks("x")
        assert sandbox.read(File("x", b"x"), f".{kind}", remarks) == []
        ((_, _, why),) = remarks.skipped
        assert reason in why
        documents = sandbox.read(File("a.html", b"<p>Read.</p>"), ".html", Remarks("a.html"))
        assert [document.text for document in documents] == ["Read."]


def test_a_process_that_ended_between_two_files_is_no_fault_of_the_second(tmp_path):
    (tmp_path / "room").mkdir()
    with Sandbox(tmp_path / "room") as sandbox:
        for _ in range(2):
            remarks = Remarks("a.html")
            assert sandbox.read(File("a.html", b"<p>Read.</p>"), ".html", remarks)
            assert not remarks.skipped and sandbox._process
            sandbox._process.kill()
            sandbox._process.wait()


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="Windows has no alarms")
def test_a_process_whose_file_hangs_ends_also_where_nobody_ends_it(tmp_path, bad_readers):
    (tmp_path / "source").write_bytes(b"x")
    places = {"path": "source", "result": "result", "room": "room"}
    request = {name: str(tmp_path / place) for name, place in places.items()}
    request |= {"name": "x", "url": "", "suffix": ".hang"}
    worker = [sys.executable, "-m", "mm_support.knowledge.readers.worker", str(3 * 2**30), "1"]
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    ended = subprocess.run(
        worker, input=json.dumps(request), text=True, timeout=30, env={"PYTHONPATH": paths}
    )
    assert ended.returncode == -signal.SIGALRM


@pytest.mark.parametrize("answer", ["", '{"probl', "[]\n", '{"other": 1}\n'])
def test_an_answer_that_is_none_is_one_remark_and_the_next_file_has_a_new_process(tmp_path, answer):
    process = SimpleNamespace(stdin=StringIO(), stdout=StringIO(answer), kill=lambda: None)
    process.communicate = process.poll = lambda: None
    sandbox, remarks = Sandbox(tmp_path), Remarks("a.pdf")
    sandbox._process = process
    assert sandbox.read(File("a.pdf", b"x"), ".pdf", remarks) == []
    assert "ended the process" in remarks.skipped[0][2] and sandbox._process is None


def test_what_a_reader_prints_is_no_answer(tmp_path, bad_readers):
    (tmp_path / "room").mkdir()
    with Sandbox(tmp_path / "room", seconds=10) as sandbox:
        assert sandbox.read(File("x", b"x"), ".lies", Remarks("x")) == []
        documents = sandbox.read(File("a.html", b"<p>Read.</p>"), ".html", Remarks("a.html"))
        assert [document.text for document in documents] == ["Read."]


def test_formats_of_complicated_files_are_read_apart():
    apart = {suffix for suffix, form in FORMATS.items() if form.apart}
    assert {*".pdf .docx .pptx .xlsx .html .eml .odt .ods .epub .xml .mht".split()} <= apart
    assert all(isinstance(form, Format) and callable(form.reader()) for form in FORMATS.values())


@pytest.mark.parametrize(
    "suffix", [*".docx .pptx .xlsx .pdf .html .eml .odt .ods .epub .xml .mht".split()]
)
def test_rubbish_and_bombs_end_in_a_remark(tmp_path, suffix):
    bomb = write_zip(tmp_path / "bomb.zip", {"word/document.xml": b" " * (40 * 2**20)}).read_bytes()
    for number, content in enumerate((b"\0\xff" * 500, bomb, b"PK\3\4")):
        (tmp_path / f"{number}{suffix}").write_bytes(content)
    (tmp_path / "bomb.zip").unlink()
    (tmp_path / "good.md").write_text("# T\n\nA.")
    reading = read_source(tmp_path)
    assert "A." in [entry.answer for entry in reading.entries]
    left = {file for file, _, _ in reading.skipped}
    assert suffix in (".html", ".eml") or len(left) == 3


def test_nothing_to_read_names_the_reason(tmp_path):
    with pytest.raises(KnowledgeError, match="does not exist"):
        read_source("a" * 5_000)  # no system has such names
    pdf(tmp_path / "a.pdf", [[(50, 700, 12, "Secret.")]], encrypted=True)
    with pytest.raises(KnowledgeError, match="encrypted"):
        read_source(tmp_path / "a.pdf")


@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_first_line_that_looks_like_the_next_one_stays_in_the_text(tmp_path, blank):
    facts = ["Delivery is free from 50 euros", "It takes 3 days", "Returns within 30 days"]
    (tmp_path / "a.txt").write_text(f"\n{blank}".join(facts))
    (entry,) = read_source(tmp_path / "a.txt").entries
    assert all(fact in entry.answer for fact in facts)


@pytest.mark.parametrize(
    "text", ["Send it back.", "- Send it back\n- Keep the slip", "What does it cost?\nIt is free."]
)
def test_a_first_line_above_sentences_or_a_list_is_the_title(tmp_path, text):
    (tmp_path / "a.txt").write_text(f"Returns\n{text}\n")
    (entry,) = read_source(tmp_path / "a.txt").entries
    assert (entry.title, entry.answer) == ("Returns", text)


def test_pdf_columns_above_a_table_are_read_one_after_the_other(tmp_path):
    lines = [
        line
        for n, (left, right) in enumerate(zip(LEFT, RIGHT))
        for line in ((50, 700 - 14 * n, 9, left), (310, 700 - 14 * n, 9, right))
    ]
    low = 660 - 14 * len(LEFT)
    rows = [("Zone", "Where it holds", "Fare")]
    rows += [(zone, "In all streets of the town and beside them", "4.90") for zone in "ABC"]
    table = [
        (x, low - 16 * n, 9, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((50, 150, 400), row)
    ]
    pdf(tmp_path / "two.pdf", [[*lines, *table]])
    (entry,) = read_source(tmp_path / "two.pdf").entries
    places = [entry.answer.index(text) for text in [*LEFT, *RIGHT]]
    assert places == sorted(places) and "Zone: C; Where it holds: In" in entry.answer


def test_a_slide_without_a_title_goes_on_with_none_and_a_chart_is_reported(tmp_path):
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    show, data = Presentation(), CategoryChartData()
    data.categories, _ = ["A"], data.add_series("Fares", (1,))
    for layout, title in ((5, "Plans"), (5, "Closed days"), (6, "")):
        slide = show.slides.add_slide(show.slide_layouts[layout])
        if title:
            slide.shapes.title.text = title
        slide.shapes.add_textbox(9, 9, 9, 9).text_frame.text = f"Text of {title or 'another'}."
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 9, 9, 9, 9, data)
    show.save(tmp_path / "deck.pptx")
    reading = read_source(tmp_path / "deck.pptx")
    said = "\n".join(entry.answer for entry in reading.entries)
    assert "Closed days: Text of Closed days." in said and "\nText of another." in said
    assert "chart of slide 3" in reasons(reading)


def test_a_short_page_keeps_its_headings_and_tables(tmp_path):
    text = (
        "<html><body><div id='page'><h1>Returns</h1><div class='view'><p>You have 30 days.</p>"
        "<h2>Costs</h2><table><tr><th>Zone</th><th>Cost</th></tr><tr><td>A</td><td>5</td></tr>"
        "</table></div></div></body></html>"
    )
    (tmp_path / "a.html").write_text(text)
    (entry,) = read_source(tmp_path / "a.html").entries
    assert entry.answer == "You have 30 days.\n\nCosts:\nZone: A; Cost: 5"


def test_a_mail_is_read_without_the_one_that_it_answers():
    own = "From May on returns are free.\n\nNote:\nOpen parcels count too.\n"
    quoted = "\nOn Sunday Bo <bo@a.example> wrote:\n> Do returns cost 9 euros?\n> Bo\n"
    remarks = Remarks("a.eml")
    (document,) = read_mail(File("a.eml", f"Subject: A\n\n{own}{quoted}".encode()), remarks)
    assert document.text.split() == own.split()
    assert len(remarks.skipped) == 1 and "wrote: > Do returns" in remarks.skipped[0][2]
    (document,) = read_mail(File("a.eml", b"Subject: A\n\n> Open at nine.\n"), Remarks("a.eml"))
    assert "Open at nine." in document.text


CONTACT = "Contact:\nPhone: 0800 123\nMail: help@shop.example\nHours: 9-17\nAsk us"
OWN = f"Returns are free from May on.\n\n{CONTACT}"
EARLIER = "From: Bo <bo@a.example>\nSent: Monday\nSubject: AW: Returns\n\nDo returns cost 9 euros?"


@pytest.mark.parametrize("subject, kept", [("Re: Returns", False), ("WG: Returns", True)])
@pytest.mark.parametrize(
    "aside",
    [
        "-- \nAnna Smith\nDo returns cost 9 euros? Ask me.",
        EARLIER,
        f"-----Original Message-----\n{EARLIER}",
        f"________________________________\n\n{EARLIER.replace('AW: ', '')}",
        "<div class='gmail_quote'><p>Do returns cost 9 euros?</p></div>",
        "<blockquote type='cite'><p>Do returns cost 9 euros?</p></blockquote>",
        "<div id='Signature'>Anna, who knows: Do returns cost 9 euros?</div>",
        f"<div>{EARLIER}</div>",
    ],
)
def test_a_mail_is_read_without_signature_and_earlier_mails_but_with_what_it_forwards(
    subject, kept, aside
):
    html = aside.startswith("<")
    text = f"{OWN}\n\n{aside}\n"
    if html:
        text = "".join(f"<p>{own}</p>" for own in OWN.split("\n\n")) + aside
        text = text.replace("Bo <bo@", "Bo &lt;bo@").replace("\n", "<br>")
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(text, subtype="html" if html else "plain")
    remarks = Remarks("a.eml")
    (document,) = read_mail(File("a.eml", bytes(mail)), remarks)
    assert ("9 euros" in document.text) == kept == (not remarks.skipped)
    assert all(line in document.text for line in OWN.split("\n"))
    assert document.title == "Returns" and (kept or "____" not in document.text)


def test_a_mail_of_plain_text_is_read_as_a_text_file_is():
    prices = "Parcel   Days   Price\nSmall    2      3 euros\nLarge    4      5 euros\n"
    mail = f"Subject: Prices\n\nFrom May on:\n\n{prices}".encode()
    (document,) = read_mail(File("a.eml", mail), Remarks("a.eml"))
    assert document.blocks[-1].parts[1] == "Parcel: Large; Days: 4; Price: 5 euros"


def told_by_mail(*paragraphs):
    remarks = Remarks("a.eml")
    mail = "Subject: A\n\n" + "\n\n".join(paragraphs)
    (document,) = read_mail(File("a.eml", mail.encode()), remarks)
    return document.text.split("\n"), remarks.skipped


@pytest.mark.parametrize("farewell", [["Kind regards,\nAda Lee"], ["Bye,", "Ada Lee\n0123 456"]])
def test_a_mail_is_read_without_salutation_and_farewell(farewell):
    text, left = told_by_mail("Dear all,", "We open at nine.", "Bring a lamp.", *farewell)
    assert [line for line in text if line] == ["We open at nine.", "Bring a lamp."]
    reasons = " / ".join(reason for *_, reason in left)
    assert "'Dear all,' is a salutation" in reasons and "Ada Lee" in reasons


def test_a_farewell_without_a_comma_is_told_by_the_name_of_the_sender():
    mail = (
        "From: Ada Lee <a@b.example>\nSubject: Hours\n\nWe open at nine.\n\n"
        "Bring a lamp.\n\nBest regards\n{}\n"
    )
    for name, left in (("Ada", ""), ("Ada Lee", ""), ("Bob", "Best regards\nBob")):
        data = mail.format(name).encode()
        (document,) = read_mail(File("a.eml", data), Remarks("a.eml"))
        assert document.text.partition("Bring a lamp.")[2].strip() == left


@pytest.mark.parametrize(
    "last", ["Bring:\n\nlamps,\nropes", "Ask Ada.\n\nFriday,\nwe are closed.", "Thanks,"]
)
def test_what_may_be_more_than_a_farewell_is_kept(last):
    text, left = told_by_mail("We open at nine.", last)
    assert not left and last.splitlines()[-1] in text


def test_a_mail_that_only_quotes_is_read():
    for text in (EARLIER.replace("AW: ", ""), "<div class='gmail_quote'>Open at nine.</div>"):
        kind = "text/html" if text.startswith("<") else "text/plain"
        mail = f"Subject: Returns\nContent-Type: {kind}\n\n{text}\n".encode()
        (document,) = read_mail(File("a.eml", mail), Remarks("a.eml"))
        assert "9 euros" in document.text or "Open at nine." in document.text
