"""Knowledge files: what can be read is read, what cannot is reported with its file and line."""

import json
import os
from pathlib import Path

import pytest
from clock import cpu_seconds, is_in_proportion
from knowledge_files import write_zip
from PIL import Image

from mm_support.errors import KnowledgeError
from mm_support.knowledge.entries import MAX_PICTURES, MAX_QUESTIONS
from mm_support.knowledge.ingest import read_knowledge
from mm_support.knowledge.readers.plain import read_plain, text_blocks
from mm_support.store.models import TurnRow

ROW = {
    "id": "a",
    "title": "Returns",
    "answer": "Within 30 days.",
    "questions": ["Can I return it?", "Send back"],
    "intent": "returns",
}


def write(path, *rows):
    path.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows),
        encoding="utf-8",
    )
    return path


def test_jsonl(tmp_path):
    (entry,), skipped = read_knowledge(write(tmp_path / "faq.jsonl", {**ROW, "human_only": True}))
    assert (entry.id, entry.title, entry.answer, entry.intent) == (
        "a",
        "Returns",
        "Within 30 days.",
        "returns",
    )
    assert entry.questions == ("Can I return it?", "Send back") and entry.human_only
    assert entry.source == "faq.jsonl:1" and skipped == []


@pytest.mark.parametrize("opens, closes", [("[", "]"), ('{"k":', "}")])
def test_what_is_nested_too_deeply_costs_its_own_row(tmp_path, opens, closes):
    deep = f'{{"title": "Deep", "answer": {opens * 900}"a"{closes * 900}}}'
    (tmp_path / "faq.jsonl").write_text(f"{deep}\n{json.dumps(ROW)}\n")
    (entry,), skipped = read_knowledge(tmp_path / "faq.jsonl")
    assert entry.id == "a" and "nested" in skipped[0][2]


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.md", "# {0}\n\nIt is so.\n"),
        ("a.jsonl", '{{"title": "{0}", "answer": "It is so."}}'),
        ("a.csv", "title,answer,{0}\nReturns,It is so.,2 kg\n"),
        ("a.html", "<h1>Returns</h1><p>It is so.</p><p>{0}</p>"),
    ],
)
def test_a_letter_of_many_accents_takes_no_time(tmp_path, name, text):
    """They are put into order, which takes four times as long for twice as many."""
    (tmp_path / name).write_text(text.format("e" + "\u0301\u0316" * 40_000), encoding="utf-8")
    took = cpu_seconds(lambda: read_knowledge(tmp_path / name))
    assert took < 4
    (entry, *_), _ = read_knowledge(tmp_path / name)
    assert "It is so." in entry.answer and len(entry.title) < 100


def test_letters_keep_the_accents_that_they_have(tmp_path):
    row = {**ROW, "title": "Viện e\u0301\u0316 שָׁלוֹם 한글", "answer": "กี่ น้ำ हिन्दी."}
    (entry,), _ = read_knowledge(write(tmp_path / "faq.jsonl", row))
    assert (entry.title, entry.answer) == (row["title"], row["answer"])


@pytest.mark.parametrize(
    "url, kept",
    [("https://shop.example/a", True), ("javascript:alert(1)", False), ("/help/a", False)]
    + [("java\nscript:alert(1)", False), ("http://[no", False), ("data:text/html,<p>", False)],
)
def test_what_is_no_page_of_the_web_is_no_address_of_an_entry(tmp_path, url, kept):
    (entry,), _ = read_knowledge(write(tmp_path / "faq.jsonl", {**ROW, "url": url}))
    assert entry.url == (url if kept else "")


def test_csv_splits_questions_and_keeps_line_breaks(tmp_path):
    path = tmp_path / "faq.csv"
    path.write_text(
        "\ufeffid,title,questions,answer,intent,pictures\n"
        '1,T,How?|Why not?,"one,\ntwo",buy,\n2,U,,Three,,\n',
        encoding="utf-8",
    )
    entries, skipped = read_knowledge(path)
    assert [entry.questions for entry in entries] == [("How?", "Why not?"), ()]
    assert entries[0].answer == "one,\ntwo" and entries[1].source == "faq.csv:4" and skipped == []


def test_bad_rows_are_reported_and_the_others_read(tmp_path):
    path = write(
        tmp_path / "faq.jsonl",
        ROW,
        "{broken",
        "[1, 2]",
        {**ROW, "id": "b", "answer": ""},
        ROW,
        {**ROW, "id": "c"},
    )
    entries, skipped = read_knowledge(path)
    assert [entry.id for entry in entries] == ["a", "c"]
    assert [(file, line) for file, line, _ in skipped] == [("faq.jsonl", n) for n in (2, 3, 4, 5)]
    reasons = " / ".join(reason for _, _, reason in skipped)
    assert "JSON" in reasons and "no answer" in reasons and "used before" in reasons


def test_more_questions_and_pictures_than_an_entry_holds_are_reported(tmp_path):
    names = [f"{n}.png" for n in range(MAX_PICTURES + 2)]
    for name in names:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    questions = [f"Question {n}?" for n in range(MAX_QUESTIONS + 3)]
    path = write(tmp_path / "faq.jsonl", {**ROW, "questions": questions, "pictures": names})
    (entry,), skipped = read_knowledge(path)
    assert (
        entry.questions == tuple(questions[:MAX_QUESTIONS])
        and [path.name for path in entry.pictures] == names[:MAX_PICTURES]
    )
    assert [(line, reason.split(";")[0]) for _, line, reason in skipped] == [
        (1, f"it has {len(questions)} questions"),
        (1, f"it has {len(names)} pictures"),
    ]


def test_an_intent_that_the_store_cannot_keep_is_reported(tmp_path):
    longest = TurnRow.__table__.c.intent.type.length
    path = write(
        tmp_path / "faq.jsonl",
        {**ROW, "intent": "i" * longest},
        {**ROW, "id": "b", "intent": "i" * (longest + 1)},
    )
    (entry,), ((_, line, reason),) = read_knowledge(path)
    assert entry.id == "a" and line == 2 and "intent" in reason


def test_an_answer_brings_no_citations_of_its_own(tmp_path):
    answers = ["Send it back [2]. We pay [1, 3].", "[4]", "Free [[1]2] returns."]
    path = write(
        tmp_path / "faq.jsonl", *({**ROW, "id": answer, "answer": answer} for answer in answers)
    )
    (entry,), skipped = read_knowledge(path)
    assert entry.answer == "Send it back. We pay."
    assert (
        [line for _, line, _ in skipped] == [2, 3]
        and "no answer" in skipped[0][2]
        and "brackets" in skipped[1][2]
    )


@pytest.mark.parametrize(
    "text, reason",
    [
        ("id,questions\n1,a\n", "header lacks answer"),
        ("title,answer\na,b,c\nd,e\n", "more cells"),
        ("title,answer\na,b\n,c\n", "no title"),
    ],
)
def test_bad_csv_is_reported(tmp_path, text, reason):
    (tmp_path / "bad.csv").write_text(text)
    write(tmp_path / "good.jsonl", ROW)
    _, skipped = read_knowledge(tmp_path)
    assert any(file == "bad.csv" and reason in why for file, _, why in skipped)


@pytest.mark.parametrize(
    "name, make",
    [
        ("folder.md", lambda path: path.mkdir()),
        ("dangling.md", lambda path: path.symlink_to("gone.md")),
        ("loop.md", lambda path: path.symlink_to("loop.md")),
        ("closed.md", lambda path: path.write_text("# T\n\nA.")),
        (os.fsdecode(b"caf\xe9.md"), lambda path: path.write_text("")),
    ],
)
def test_odd_files_are_reported_and_the_others_read(tmp_path, monkeypatch, name, make):
    def read(path):
        if path.name == "closed.md":
            raise PermissionError(13, "Permission denied")
        return path.open("rb").read()

    monkeypatch.setattr(
        Path, "read_bytes", read
    )  # tests may run as root, to whom no file is closed
    make(tmp_path / name)
    (tmp_path / "a**b.md").write_text("# T\n\nA.")
    (entry,), ((file, line, reason),) = read_knowledge(tmp_path)
    assert entry.source == "a**b.md:1" and file.encode() and line in (0, 1) and reason


def test_a_file_that_its_reader_fails_on_costs_its_own_row(tmp_path, monkeypatch):
    """What was read of it before is kept."""

    def failing(file, remarks):
        yield from read_plain(file, remarks)
        raise ZeroDivisionError("by a fault of its own")

    monkeypatch.setattr("mm_support.knowledge.readers.markdown.read_markdown", failing)
    (tmp_path / "a.md").write_text("It is read.")
    (tmp_path / "b.txt").write_text("It is here.")
    entries, ((file, _, reason),) = read_knowledge(tmp_path)
    assert [entry.answer for entry in entries] == ["It is read.", "It is here."]
    assert file == "a.md" and "ZeroDivisionError" in reason


def test_a_picture_written_into_the_text_is_reported(tmp_path):
    (tmp_path / "a.md").write_text(f"# T\n\nA.\n\n![](data:image/png;base64,{'A' * 9000})\n")
    (entry,), ((file, line, reason),) = read_knowledge(tmp_path)
    assert (
        (entry.answer, entry.pictures) == ("A.", ())
        and (file, line) == ("a.md", 1)
        and len(reason) < 200
    )


def test_picture_links_in_every_form_are_taken_out_of_the_text(tmp_path):
    for name in ("front (1).png", "back.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "a.md").write_text(
        '# T\n\nBefore ![](<front (1).png> "The front :)") and ![back](back.png\n"caption") after.'
        "\n\n![]( )![](back.png)\n"
    )
    (entry,), skipped = read_knowledge(tmp_path)
    assert [picture.name for picture in entry.pictures] == [
        "front (1).png",
        "back.png",
    ] and not skipped
    assert entry.answer == "Before and after."


@pytest.mark.parametrize("piece", ["![](", "![](a ", "![]((", '![](a "', " "])
def test_broken_links_take_time_in_proportion(tmp_path, piece):
    (tmp_path / "b.md").write_text("# T\n\nA.")

    def read(times):
        (tmp_path / "a.md").write_text("# T\n\nA. ![](x" + piece * times)
        assert read_knowledge(tmp_path)[0]

    assert is_in_proportion(read, 10_000)


LONG = "One of many words " * 200
REPEATED = [  # (file, what it begins with, what it repeats, how often)
    ("a.md", "# T\n\n", "## E24\n\ny\n\n", 1_000),
    ("a.md", "# T\n\n", "## H\n\n![](p.png)\n\n", 2_000),
    ("a.md", f"- {LONG}\n", "- .\n", 5_000),
    ("a.md", f"```\n{LONG}\n", "}\n", 5_000),
    ("a.txt", "", "Q: x?\nA: y\n\n", 2_000),
    ("a.csv", "", "a,", 2_000),
    ("a.csv", "answer", ",b", 2_000),
    ("a.csv", "a,b\n\n", "c,,d\n\n", 5_000),
]


@pytest.mark.parametrize("name, head, piece, size", REPEATED)
def test_what_repeats_takes_time_in_proportion(tmp_path, name, head, piece, size):
    (tmp_path / "b.md").write_text("# T\n\nA.")

    def read(times):
        (tmp_path / name).write_text(head + piece * times)
        assert read_knowledge(tmp_path)[0]

    assert is_in_proportion(read, size)


def test_a_folder_is_listed_once_for_the_pictures_of_all_its_files(tmp_path, monkeypatch):
    listed, really = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or really(folder))
    for at in range(9):
        (tmp_path / f"{at}.md").write_text(f"# T{at}\n\nA.")
    assert len(read_knowledge(tmp_path)[0]) == 9 and listed.count(tmp_path) == 1


def test_an_empty_zip_is_told(tmp_path):
    (tmp_path / "a.md").write_text("# T\n\nA.")
    write_zip(tmp_path / "b.zip", {})
    assert ("b.zip", 0, "it is empty") in read_knowledge(tmp_path)[1]


def test_lines_in_capitals_take_time_in_proportion():
    def read(times):
        assert [*text_blocks(["ABC", "", "Yes.", ""] * times)][0].kind == "heading"

    assert is_in_proportion(read, 12_000)


def test_a_numbered_picture_belongs_to_the_file_of_its_name_where_there_is_one(tmp_path):
    for name in ("lamp.png", "lamp-1.png", "lamp-2.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    for name in ("lamp.md", "lamp-2.markdown"):
        (tmp_path / name).write_text("# T\n\nA.")
    entries, _ = read_knowledge(tmp_path)
    shown = {
        entry.source.split(":")[0]: [picture.name for picture in entry.pictures]
        for entry in entries
    }
    assert shown == {"lamp.md": ["lamp.png", "lamp-1.png"], "lamp-2.markdown": ["lamp-2.png"]}


def test_halves_of_surrogate_pairs_are_dropped(tmp_path):
    (entry,), _ = read_knowledge(
        write(tmp_path / "faq.jsonl", {**ROW, "id": "a\ud800", "title": "Re\udfffturns \U0001f600"})
    )
    assert (entry.id, entry.title) == ("a", "Returns \U0001f600")


def test_markdown_file_is_an_entry_with_its_picture(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "lamp.png")
    (tmp_path / "lamp.md").write_text(
        "# The lamp blinks\n\nQuestions:\n- Why does it blink?\n- Blinking lamp\n\n"
        "Hold the button.\n"
    )
    (entry,), skipped = read_knowledge(tmp_path)
    assert entry.title == "The lamp blinks" and entry.answer == "Hold the button."
    assert entry.questions == ("Why does it blink?", "Blinking lamp")
    assert [path.name for path in entry.pictures] == ["lamp.png"] and skipped == []


def test_a_picture_beside_belongs_to_the_file_of_its_name(tmp_path):
    for name in ("return.md", "return-label.md", "return[1].md"):
        (tmp_path / name).write_text("# T\n\nA.")
    for name in (
        "return.jpg",
        "return-2.png",
        "return-label.jpg",
        "return-label-1.jpg",
        "return[1].jpg",
        "returned.jpg",
        "return1.jpg",
    ):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    entries, _ = read_knowledge(tmp_path)
    assert {entry.source: [path.name for path in entry.pictures] for entry in entries} == {
        "return.md:1": ["return.jpg", "return-2.png"],
        "return-label.md:1": ["return-label.jpg", "return-label-1.jpg"],
        "return[1].md:1": ["return[1].jpg"],
    }


def test_long_markdown_is_split_by_heading(tmp_path):
    body = "word " * 200
    fenced = "```\n# not a heading\n```"
    (tmp_path / "guide.md").write_text(
        f"# Guide\nintro\n## Setup\n{body}\n{fenced}\n## Reset\n{body}\n"
    )
    entries, _ = read_knowledge(tmp_path)
    assert [entry.title for entry in entries] == ["Guide", "Guide: Setup", "Guide: Reset"]
    assert "# not a heading" in entries[1].answer and entries[2].source == "guide.md:8"


def test_a_picture_beside_long_markdown_shows_what_it_begins_with(tmp_path):
    body = "word " * 200
    (tmp_path / "lamp-2.md").write_text(f"# Lamp\n## Setup\n{body}\n## Reset\n{body}\n")
    (tmp_path / "lamp.md").write_text("# Old lamp\n\nIt is old.")
    Image.new("RGB", (8, 8)).save(tmp_path / "lamp-2.jpg")
    shown = {
        entry.title: [path.name for path in entry.pictures] for entry in read_knowledge(tmp_path)[0]
    }
    assert shown == {"Lamp: Setup": ["lamp-2.jpg"], "Lamp: Reset": [], "Old lamp": []}


def test_pictures_must_lie_inside_the_folder(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "secret.png")
    (tmp_path / "kb").mkdir()
    write(tmp_path / "kb" / "faq.jsonl", {**ROW, "pictures": ["../secret.png", "gone.png"]})
    (entry,), skipped = read_knowledge(tmp_path / "kb")
    assert entry.pictures == ()
    assert "outside" in skipped[0][2] and "does not exist" in skipped[1][2]


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    write(tmp_path / "secret.jsonl", {**ROW, "id": "secret"})
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    write(tmp_path / "kb" / "faq.jsonl", ROW)
    entries, skipped = read_knowledge(tmp_path / "kb")
    assert [entry.id for entry in entries] == ["a"] and "outside" in skipped[0][2]


@pytest.mark.parametrize(
    "name, text",
    [("a.bin", "hello"), ("a.txt", ""), ("a.jsonl", ""), ("a.jsonl", "{}"), ("gone.csv", None)],
)
def test_nothing_to_read_is_a_knowledge_error(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(KnowledgeError):
        read_knowledge(tmp_path / name)
