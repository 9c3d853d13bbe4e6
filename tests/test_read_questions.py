"""Questions with their answers in running text, and tables of plain text."""

import pytest
from clock import cpu_seconds
from knowledge_files import docx, paragraph, run

from mm_support.knowledge.ingest import read_source
from mm_support.knowledge.readers.base import File, Remarks
from mm_support.knowledge.readers.plain import read_plain

RETURN, SHIP = "How do I return an order?", "Do you ship to Switzerland?"


def read(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_source(tmp_path / name)


def asked(reading):
    """What is asked, with its answer."""
    return {entry.questions: entry.answer for entry in reading.entries}


@pytest.mark.parametrize("name", ["faq.txt", "faq.md"])
@pytest.mark.parametrize(
    "asking, answering",
    [
        ("Q: ", "A: "),
        ("F: ", "A: "),
        ("Q : ", "R : "),
        ("Question 1: ", "Answer 1: "),
        ("Pregunta: ", "Respuesta: "),
        ("问：", "答："),
        ("Q. ", "A. "),
        ("[Q] ", "[A] "),
        ("Kunde: ", "Wir: "),
    ],
)
def test_what_is_labelled_as_a_question_is_one(tmp_path, name, asking, answering):
    first = f"{asking}{RETURN}\n{answering}In your account.\n\n"
    text = f"{first}{asking}{SHIP}\n\n{answering}Yes: 12 EUR.\n\n- It takes 4 days.\n"
    reading = read(tmp_path, name, text)
    assert asked(reading) == {
        (RETURN,): "In your account.",
        (SHIP,): "Yes: 12 EUR.\n\n- It takes 4 days.",
    }


def test_headings_may_be_labelled_and_labels_in_answers_stay(tmp_path):
    text = f"# FAQ\n\n## Q: {RETURN}\n\nA: Choose. A: by post.\n\n## Q: {SHIP}\n\nA: Yes.\n"
    told = asked(read(tmp_path, "faq.md", text))
    assert told == {(RETURN,): "Choose. A: by post.", (SHIP,): "Yes."}


@pytest.mark.parametrize(
    "line",
    [
        "a  b " * 9,
        "x" + " " * 20_000 + "y",
        "-=" * 9_000 + "a",
        "A" + " B" * 9_000 + "   " * 50 + "é1",
        "a\tb|c",
    ],
)
def test_odd_lines_of_plain_text_take_time_in_proportion(line):
    file = File("shop.txt", "\n".join(["Shop", "", *[line] * 40]).encode())
    assert cpu_seconds(lambda: [*read_plain(file, Remarks(file.name))]) < 5


@pytest.mark.parametrize(
    "text, count",
    [
        (f"FAQ\n\n1. {RETURN}\nIn your account.\n\n2. {SHIP}\nYes, for 12 EUR.\n", 2),
        (f"{RETURN}\nIn your account.\n{SHIP}\nYes, for 12 EUR.\n", 2),
        ("Our shop\n\nIt is open.\n\nNeed help?\nCall us.\n\nStill lost?\nWrite us.\n", 2),
        ("Our shop\n\nIt is open.\n\nIt is large.\n\nLost?\nCall us.\n\nStill lost?\nGo.\n", 0),
        (f"Our shop\n\n{RETURN}\n{SHIP}\nBoth stand in your account.\n", 0),
        ("Shop\n\nHours: 9 to 17. Where?\nAddress: Rose Street 5.\n\nNote: bring a card.\n", 0),
    ],
)
def test_lines_that_ask_are_questions_where_each_is_answered(tmp_path, text, count):
    reading = read(tmp_path, "shop.txt", text)
    assert sum(map(len, (entry.questions for entry in reading.entries))) == count
    said = " ".join(f"{entry.title} {entry.answer}" for entry in reading.entries)
    assert all(word in said for word in text.replace("1. ", "").replace("2. ", "").split())


def test_questions_of_a_word_file_and_of_its_tables_are_entries(tmp_path):
    def cells(*texts):
        row = "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in texts)
        return f"<w:tr>{row}</w:tr>"

    head = paragraph(run("FAQ"), style="berschrift1")
    texts = [paragraph(run(text)) for text in (RETURN, "In your account.", SHIP, "Yes.")]
    docx(tmp_path / "a.docx", head, *texts)
    rows = cells("Topic", "Frage", "Antwort") + cells("Post", SHIP, "Yes: 12 EUR; 4 days.")
    docx(tmp_path / "b.docx", head, f"<w:tbl>{rows}</w:tbl>")
    assert asked(read_source(tmp_path / "a.docx")) == {
        (RETURN,): "In your account.",
        (SHIP,): "Yes.",
    }
    (entry,) = read_source(tmp_path / "b.docx").entries
    assert entry.questions == (SHIP,) and "Yes: 12 EUR; 4 days." in entry.answer
    assert "Topic: Post" in entry.answer


@pytest.mark.parametrize("answer", ["\n    In your account.\n", "    - In your account.\n"])
def test_items_that_fold_away_their_answers_are_questions(tmp_path, answer):
    items = f"- {RETURN}\n{answer}- {SHIP}\n\n    For 12 EUR.\n\n    It takes 4 days.\n"
    told = asked(read(tmp_path, "faq.md", f"# FAQ\n\n{items}"))
    assert told[(SHIP,)] == "For 12 EUR.\nIt takes 4 days."
    assert told[(RETURN,)].removeprefix("- ") == "In your account."


@pytest.mark.parametrize(
    "text",
    [
        f"**{RETURN}**\nIn your account.\n\n**{SHIP}**\nFor 12 EUR.\n",
        f"1. **{RETURN}** In your account.\n2. **{SHIP}**\n   For 12 EUR.\n",
        f"<p><b>{RETURN}</b> In your account.</p><p><b>{SHIP}</b><br>For 12 EUR.</p>",
    ],
)
def test_a_question_in_bold_letters_is_a_line_of_its_own(tmp_path, text):
    told = asked(read(tmp_path, "faq.md", f"# FAQ\n\n{text}"))
    assert told == {(RETURN,): "In your account.", (SHIP,): "For 12 EUR."}


ROWS = [("Region", "Standard", "Days"), ("Germany", "4.90 EUR", "1-2"), ("Oslo", "", "4-6")]
SAID = ["Region: Germany; Standard: 4.90 EUR; Days: 1-2", "Region: Oslo; Days: 4-6"]


def padded(rows):
    return ["".join(cell.ljust(12) for cell in row).rstrip() for row in rows]


@pytest.mark.parametrize("head", ["Delivery fees\n\n", "Delivery fees\n", ""])
@pytest.mark.parametrize(
    "lines",
    [
        padded(ROWS),
        ["\t".join(row) for row in ROWS],
        ["| " + " | ".join(row) + " |" for row in ROWS],
        [padded(ROWS)[0], "-" * 30, *padded(ROWS)[1:]],
        ["+---+---+---+", *("|".join(row) for row in ROWS), "+---+---+---+"],
    ],
)
def test_a_table_of_plain_text_is_found_by_row_and_column(tmp_path, head, lines):
    text = "\n".join(lines)
    (entry,) = read(tmp_path, "fees.txt", f"{head}{text}\n\nAll with VAT.\n").entries
    assert entry.answer.split("\n") == [*SAID, "", "All with VAT."]
    assert entry.title == ("Delivery fees" if head else "fees")


@pytest.mark.parametrize(
    "text, said",
    [
        ("Coffee ....... 2.80 EUR\nGreen tea .... 3.20 EUR\n", "Coffee: 2.80 EUR"),
        (
            "尺寸    重量    价格\n小号    2公斤   1元\n特大号  9公斤   2元\n",
            "尺寸: 特大号; 重量: 9公斤; 价格: 2元",
        ),
        (
            "Open      -- opens a file\nSave as   -- saves it\nQuit      -- ends\n",
            "Save as: saves it",
        ),
        ("Kind\t\tFee\nParcel\t\t5 EUR\nRegistered mail\t9 EUR\n", "Registered mail: 9 EUR"),
        (
            "Size    Weight  Price\nS       2 kg    1 EUR\n        or less\nL       9 kg    3 EUR",
            "Weight: 2 kg or less",
        ),
    ],
)
def test_columns_of_text_are_told_by_where_they_stand(tmp_path, text, said):
    (entry,) = read(tmp_path, "fees.txt", f"Fees\n\n{text}").entries
    assert said in entry.answer


@pytest.mark.parametrize(
    "text",
    [
        "1.  Open the lid.\n2.  Press the button.",
        "Some text has  two blanks, and\nother lines  of it have them\nsomewhere  else.",
        "It was made in May.  Guido and\nall others did it all.  Bruce was",
        "Ann Smith        Bo Jones\n  ann@a.example    bo@a.example",
        "sum: a | b\nall: a | b | c |\n  d | e | f\nnone: a | b | c | d",
        "Tip:  Bring a card.\nAlso:  Pay.\nTip:  Bring a bag.\nAlso:  Go.",
    ],
)
def test_what_only_has_wide_blanks_is_no_table(tmp_path, text):
    (entry,) = read(tmp_path, "shop.txt", f"Shop\n\nIt is open.\n\n{text}\n").entries
    assert text in entry.answer
