"""Numbered lines over texts are headings where there are no others; lists and columns of a PDF."""

from __future__ import annotations

import pytest
from knowledge_files import pdf

from mm_support.knowledge.ingest import read_source
from mm_support.knowledge.readers.base import Block, Document
from mm_support.knowledge.readers.numbered_heads import with_numbered_heads
from mm_support.knowledge.readers.pdf_line import Line
from mm_support.knowledge.readers.pdf_lines import _joined

LONG = "A sentence that says at some length what holds under the heading above it. " * 4


def headings(*texts: str) -> list[str]:
    blocks = tuple(Block("text", text) for text in texts)
    told = with_numbered_heads(Document("a", blocks, "a.txt"))
    assert "\n".join(texts).split("\n") == told.text.split("\n"), "nothing is lost"
    return [f"{own.level} {own.text}" for own in told.blocks if own.kind == "heading"]


@pytest.mark.parametrize(
    "first, second",
    [
        ("一、储物柜", "二、游泳馆"),
        ("（一）储物柜", "（二）游泳馆"),
        ("第一章 总则", "第二章 会员"),
        ("第1条", "第2条"),
        ("§ 1 Geltung", "§ 2 Preise"),
    ],
)
def test_numbers_that_no_step_has(first, second):
    assert headings(first, "短文。", second, "短文。") == [f"2 {first}", f"2 {second}"]


@pytest.mark.parametrize(
    "first, second",
    [
        ("1. Fees", "2. Guests"),
        ("1、费用", "2、客人"),
        ("I. Fees", "II. Guests"),
        ("A) Fees", "B) Guests"),
        ("Article 1 - Fees", "Article 2 - Guests"),
        ("Artikel 1: Beitrag", "Artikel 2: Gäste"),
    ],
)
def test_numbers_that_steps_may_have_too_head_long_texts(first, second):
    assert headings(first, LONG, second, LONG) == [f"2 {first}", f"2 {second}"]
    assert not headings(first, "Wait for ten seconds.", second, "The light is green.")


@pytest.mark.parametrize(
    "texts",
    [
        ["一、面粉\n二、鸡蛋\n三、牛奶"],  # a list
        ["一、会员卡仅限本人使用。", "短文。", "二、会员须守时。", "短文。"],  # sentences
        ["一、储物柜", "短文。", "三、游泳馆", "短文。"],  # what is between is not there
        ["20 people may come", LONG, "30 people may not", LONG],
        ["1. Fees", LONG, "Fees are due in May.", LONG],
    ],
)
def test_lines_that_are_none(texts):
    assert not headings(*texts)


def test_within_a_section_others_are_numbered_otherwise():
    text = "一、安装\n（一）环境\n在室内。\n（二）步骤\n关阀。\n二、保修\n一年。"
    assert headings(text) == ["2 一、安装", "3 （一）环境", "3 （二）步骤", "2 二、保修"]


def test_each_item_a_list_of_its_own_as_word_writes_them(tmp_path):
    """Word tells no number that it counts itself."""
    sections = [f"<ol><li>{name}</li></ol><p>{LONG}</p>" for name in ("Fees", "Guests", "Keys")]
    path = tmp_path / "a.html"
    path.write_text("<p>Rules</p>" + "".join(sections))
    entries = read_source(path).entries
    assert [entry.title for entry in entries] == ["Rules: Fees", "Rules: Guests", "Rules: Keys"]
    path.write_text(path.read_text().replace(LONG, "Look at the lamp."))
    (entry,) = read_source(path).entries
    assert "1. Guests" in entry.answer, "steps of a procedure"


def test_clauses_below_the_items_of_a_list(tmp_path):
    clauses = f"<ol><li>{LONG}</li><li>{LONG}</li></ol>"
    rules = f"<ol><li>Fees{clauses}</li><li>Guests{clauses}</li></ol>"
    path = tmp_path / "a.html"
    path.write_text(f"<p>Rules</p>{rules}")
    first, second = read_source(path).entries
    assert (first.title, second.title) == ("Rules: 1. Fees", "Rules: 2. Guests")
    assert first.answer == f"1. {LONG.strip()}\n2. {LONG.strip()}"
    path.write_text(f"<h1>Sell a boat</h1>{rules}")
    assert {entry.title for entry in read_source(path).entries} == {"Sell a boat"}, "a procedure"


@pytest.mark.parametrize("title", ["How to clean the pump", "如何清洗水泵", "Pumpe einrichten"])
def test_a_title_that_asks_how_something_is_done_is_over_steps(title):
    assert not headings(title, "1. The filter", LONG, "2. The tank", LONG)
    assert len(headings("1. The filter", LONG, "2. The tank", LONG)) == 2


def test_headings_of_its_own_are_enough():
    blocks = (
        Block("heading", "Rules", 2),
        *(Block("text", text) for text in ("§ 1 A", "x", "§ 2 B")),
    )
    document = Document("a", (*blocks, Block("text", "y")), "a.md")
    assert with_numbered_heads(document) is document


RULES = [
    "青禾俱乐部会员规定",
    "一、停卡",
    "停卡须提前三天办理。",
    "二、退费",
    "七日内可以全额退费。",
]


@pytest.mark.parametrize("ending", ["html", "txt", "md"])
def test_of_a_file_and_the_name_above_them(tmp_path, ending):
    lines = [f"<p>{line}</p>" if ending == "html" else line for line in RULES]
    (tmp_path / f"a.{ending}").write_text("\n\n".join(lines), encoding="utf-8")
    (entry,) = read_source(tmp_path).entries
    assert entry.title == RULES[0]
    assert entry.answer == f"{RULES[1]}：{RULES[2]}\n\n{RULES[3]}：{RULES[4]}"


def test_items_of_a_pdf_go_on_in_the_next_line_and_on_the_next_page(tmp_path):
    first = [
        (50, 700, 12, "Before you leave, please take care of these things:"),
        (50, 684, 12, "1. Take the key back to the desk and tell us which boat you had, or"),
        (50, 668, 12, "   leave it in the box."),
        (50, 652, 12, "2. Hang up the vest."),
        (50, 636, 12, "A note for guests of the hotel: we bring your bags to your room, and"),
    ]
    pdf(tmp_path / "a.pdf", [first, [(50, 700, 12, "collect them in the morning.")]])
    (entry,) = read_source(tmp_path / "a.pdf").entries
    assert entry.answer.split("\n") == [
        "Before you leave, please take care of these things:",
        "1. Take the key back to the desk and tell us which boat you had, or leave it in the box.",
        "2. Hang up the vest.",
        "A note for guests of the hotel: we bring your bags to your room, and collect them in the "
        "morning.",
    ]


def test_bullets_of_a_pdf_that_stand_apart_from_their_texts(tmp_path):
    """Typesetters draw them smaller, with a gap behind them."""
    texts = [
        (50, 700, 12, "Please bring these things with you on the day of your trip:"),
        (50, 686, 5, "*"),
        (66, 684, 12, "a warm jacket and a hat, as it may be cold on the water even in the sun,"),
        (66, 668, 12, "and shoes with soft soles"),
        (50, 654, 5, "*"),
        (66, 652, 12, "your ticket"),
    ]
    pdf(tmp_path / "a.pdf", [texts])
    (entry,) = read_source(tmp_path / "a.pdf").entries
    assert entry.answer.split("\n") == [
        "Please bring these things with you on the day of your trip:",
        "* a warm jacket and a hat, as it may be cold on the water even in the sun, and shoes with "
        "soft soles",
        "* your ticket",
    ]


@pytest.mark.parametrize("second", [302, 312])
def test_columns_with_headings_below_a_text_that_ends_within_the_page(tmp_path, second):
    """However narrow the gutter: texts begin below each other behind it."""

    def column(left: float, top: float, name: str) -> list[tuple[float, float, float, str]]:
        lines = [f"{name} line {at} says all that holds for this part now" for at in range(6)]
        head = (left, top, 16.0, f"{name} heading")
        return [head, *((left, top - 30 - 14 * at, 12.0, line) for at, line in enumerate(lines))]

    above = [
        (50, 760, 22, "A guide for all who visit the harbour"),
        (
            50,
            730,
            12,
            "This guide tells what there is to see, when it is open and what it costs, and",
        ),
        (50, 716, 12, "how to get here by tram, by bus and by boat, in May."),
    ]
    first = column(50, 690, "Left") + column(50, 540, "Low")
    pdf(tmp_path / "a.pdf", [above + first + column(second, 680, "Right")])
    titles = [entry.title.partition(": ")[2] for entry in read_source(tmp_path / "a.pdf").entries]
    assert titles in ([""], ["", "Left heading", "Low heading", "Right heading"])
    text = "\n".join(entry.answer for entry in read_source(tmp_path / "a.pdf").entries)
    places = [
        text.index(f"{name} line {at}") for name in ("Left", "Low", "Right") for at in range(6)
    ]
    assert places == sorted(places) and "by boat, in May." in text[: places[0]]


@pytest.mark.parametrize("left", [50, 220])
def test_bold_lines_of_a_pdf_that_has_no_larger_ones(tmp_path, left):
    """The first is the title where it stands in the middle."""
    heads = ("House rules", "Breakfast", "Keys")
    texts = [(left, 760, 12, heads[0]), (50, 740, 12, "Welcome to all, and have a good time.")]
    for at, head in enumerate(heads[1:]):
        texts.append((50, 700 - 60 * at, 12, head))
        texts.append((50, 684 - 60 * at, 12, f"What we have to say about {head.lower()} is this."))
    texts.append((50, 560, 12, "A lost key costs 85 euros."))
    pdf(tmp_path / "a.pdf", [texts], bold=(*heads, texts[-1][3]))
    entries = read_source(tmp_path / "a.pdf").entries
    told = "\n".join(f"{entry.title}\n{entry.answer}" for entry in entries)
    assert "Breakfast: What we have" in told or "Breakfast\nWhat we have" in told
    assert told.startswith("House rules" if left > 50 else "a\nHouse rules: Welcome")
    assert told.endswith("this.\n\nA lost key costs 85 euros.")


def test_bold_lines_of_a_pdf_over_others_and_in_sentences(tmp_path):
    """A title over the first heading, a heading in two lines, a question, a word in a sentence."""
    bold = ("House rules", "What to do if the heating fails at night or", "on a holiday", "waste")
    asked = "Where are the bins?"
    texts = [
        (50, 760, 12, bold[0]),
        (50, 720, 12, bold[1]),
        (50, 706, 12, bold[2]),
        (50, 692, 12, "Ring the caretaker on any day. He comes within an hour."),
        (50, 660, 12, asked),
        (50, 646, 12, "They are emptied on Monday. Large pieces of"),
        (50, 632, 12, bold[3]),
        (50, 618, 12, "are collected twice a year from the yard."),
    ]
    pdf(tmp_path / "a.pdf", [texts], bold=(*bold, asked))
    told = [f"{own.title}\n{own.answer}" for own in read_source(tmp_path / "a.pdf").entries]
    whole = "\n".join(told)
    assert whole.startswith("House rules\n" if len(told) == 1 else "House rules: ")
    assert f"{bold[1]} {bold[2]}" in whole
    assert f"{asked}\nThey are emptied" in whole
    assert "Large pieces of waste are collected twice a year" in whole


def test_short_words_of_a_pdf_are_cells(tmp_path):
    """An abbreviation is no number of an item, nor is small text beside larger one."""
    texts = [(50, 700, 12, "We send you the following pieces of furniture, as ordered in May:")]
    for at, row in enumerate([("Pos.", "What", "Sum"), ("Lid", "5", "9"), ("Pot", "7", "8")]):
        y = 670 - 30 * at
        texts += [(50, y, 12 - 3 * bool(at), row[0]), (150, y, 12, row[1]), (300, y, 12, row[2])]
    pdf(tmp_path / "a.pdf", [texts])
    (entry,) = read_source(tmp_path / "a.pdf").entries
    assert "Pos. What" not in entry.answer and "Lid 5" not in entry.answer


def test_a_larger_line_between_the_rows_of_a_pdf_is_a_heading(tmp_path):
    texts: list[tuple[float, float, float, str]] = [(50, 790, 24, "Menu")]
    for part, (name, dishes) in enumerate({"Soups": "ABC", "Cakes": "DEF"}.items()):
        texts.append((50, 750 - 90 * part, 15, name))
        for at, dish in enumerate(dishes):
            y = 730 - 90 * part - 18 * at
            texts += [(50, y, 12, f"Dish {dish}"), (300, y, 12, f"{at + 4}.50")]
    pdf(tmp_path / "a.pdf", [texts])
    (entry,) = read_source(tmp_path / "a.pdf").entries
    assert "\n\nCakes:\nDish D: 4.50" in entry.answer, "not a row"


def test_letters_of_a_pdf_that_stand_apart():
    """A small letter is no measure of the gap to it; the sign of a note stands apart."""
    letters = [Line("n", 0, 0, 10, 11, 11, font=22), Line("e", 11.5, 0, 21, 11, 11, font=22)]
    word = Line("tide", 28, 0, 60, 15, 15, font=22)
    note = Line("2", 61, 8, 65, 16, 8, font=12)
    (line,) = _joined([*letters, word, note])
    assert line.text == "ne tide 2"


def test_dots_of_a_pdf_that_lead_to_a_price(tmp_path):
    texts = [
        (50.0, 700.0, 12.0, "A new card (also for guests) .............. 12.00"),
        (50.0, 686.0, 12.0, "A reminder . . . . . . . . . . . . . . . . . 1.50"),
        (50.0, 672.0, 12.0, "Fees . . . . . . . . . . . . . . . . . . . . . . 12"),
        (50.0, 658.0, 12.0, "Name: .......... Street: .........."),
    ]
    pdf(tmp_path / "a.pdf", [texts])
    (entry,) = read_source(tmp_path / "a.pdf").entries
    first, second, *others = entry.answer.split("\n")
    assert first == "A new card (also for guests)  12.00"
    assert second == "A reminder  1.50"
    assert others == [texts[2][3], texts[3][3]], "a page, and blanks of a form"
