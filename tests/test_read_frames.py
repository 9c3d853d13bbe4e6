"""What frames the pages of a site and says how to reach the company is read, and said once."""

from __future__ import annotations

import zipfile
from pathlib import Path

from knowledge_files import pdf

from mm_support.knowledge.ingest import read_source
from mm_support.knowledge.readers.reach import reaches

HEAD = (
    "<header><a href='/'>Home</a> <a href='/boats'>Boats</a> Call <a href='tel:1'>{}</a></header>"
)
FOOT = """<footer><div><h3>About us</h3><p>We love boats!</p></div>
<div><h3>Find us</h3><p>Mole 7, Oldport</p><p>+44 1632 960 001</p>
<p><a href="mailto:hire@boats.example?subject=Hi">Write to us</a></p></div>
<div><h3>Hours</h3><ul><li>Mon-Fri: 10:00 AM - 6:00 PM</li></ul></div>
<div><h3>Post</h3><address>Box 12<br>Oldport</address></div>
<div><h3>Follow</h3><a href="https://social.example">Pictures</a> <a href="/terms">Terms</a></div>
<p>© 2025 Boats. <a href="/imprint">Imprint</a></p></footer>"""
SAID = """Find us: Mole 7, Oldport

+44 1632 960 001

Write to us hire@boats.example

Hours:
- Mon-Fri: 10:00 AM - 6:00 PM

Post: Box 12
Oldport"""


def page(folder: Path, name: str, text: str, foot: str = FOOT, head: str = "") -> None:
    (folder / f"{name}.html").write_text(
        f"<html><head><title>{name} - Oldport Boats</title></head>"
        f"<body>{head}<main><h1>{name}</h1><p>{text}</p></main>{foot}</body></html>"
    )


def read(folder: Path) -> dict[str, str]:
    reading = read_source(folder)
    assert not reading.skipped, reading.skipped
    return {entry.title: entry.answer for entry in reading.entries}


def test_the_foot_of_all_pages_is_said_once_under_the_name_of_the_site(tmp_path):
    page(tmp_path, "Prices", "A boat costs 40 pounds an hour.")
    page(tmp_path, "Safety", "Everybody wears a life jacket.")
    assert read(tmp_path) == {
        "Prices": "A boat costs 40 pounds an hour.",
        "Safety": "Everybody wears a life jacket.",
        "Oldport Boats": SAID,
    }


def test_of_a_single_page_too(tmp_path):
    page(tmp_path, "Prices", "A boat costs 40 pounds an hour.", head=HEAD.format("01632 960 002"))
    assert read(tmp_path)["Oldport Boats"] == f"Call 01632 960 002\n\n{SAID}"


def test_a_foot_that_a_page_has_alone_is_part_of_it(tmp_path):
    for town, number in (("Oldport", "960 011"), ("Newport", "960 012")):
        page(tmp_path, town, f"The jetty of {town}.", f"<footer>Phone 01632 {number}</footer>")
    found = read(tmp_path)
    assert found["Newport"] == "The jetty of Newport.\n\nPhone 01632 960 012"
    assert found["Oldport"] == "The jetty of Oldport.\n\nPhone 01632 960 011"


def test_a_foot_that_is_named_by_no_element(tmp_path):
    foot = "<div id='f'><p>Phone 01632 960 003</p><p>Mole 9</p></div><div>News of Monday</div>"
    page(tmp_path, "Prices", "A boat costs 40 pounds an hour.", foot)
    assert read(tmp_path)["Oldport Boats"] == "Phone 01632 960 003\n\nMole 9"
    text = "The course begins at nine and takes four hours, with a break for tea. " * 4
    (tmp_path / "Prices.html").write_text(
        f"<title>Course | Oldport Boats</title><div class='a'><h1>Course</h1><p>{text}</p></div>"
        "<div class='footer'><b>Phone</b> 01632 960 004</div>"
    )
    found = read(tmp_path)
    assert [*found] == ["Course", "Oldport Boats"]
    assert found["Oldport Boats"] == "Phone 01632 960 004"


def test_a_line_below_most_articles_that_says_how_to_reach_a_company(tmp_path):
    for name in ("Cards", "Loans", "Fees", "Rooms", "Faxes"):
        (tmp_path / f"{name}.md").write_text(
            f"# {name}\n\nAll about {name.lower()}.\n\nStill stuck? Write to ask@desk.example.\n\n"
            "Was this helpful?\n"
        )
    reading = read_source(tmp_path)
    (last,) = [entry.answer for entry in reading.entries if "desk.example" in entry.answer]
    assert last == "Still stuck? Write to ask@desk.example."
    assert [reason for *_, reason in reading.skipped] == [
        "'Was this helpful?' frames 5 documents and was left out"
    ]


def test_the_foot_of_a_word_file(tmp_path):
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    paragraph = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>".format
    with zipfile.ZipFile(tmp_path / "manual.docx", "w") as file:
        body = f"<w:body>{paragraph('Press start.')}</w:body>"
        file.writestr("word/document.xml", f"<w:document {space}>{body}</w:document>")
        apart = "</w:t></w:r><w:r><w:tab/></w:r><w:r><w:t>"
        lines = paragraph(f"Mole 7{apart}Oldport") + paragraph("Hotline 0800 555 0199")
        for number, text in enumerate((lines, paragraph("Manual of the pump"))):
            foot = f"<w:ftr {space}>{text}</w:ftr>"
            file.writestr(f"word/footer{number}.xml", foot)
        file.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
    reading = read_source(tmp_path)
    assert reading.entries[0].answer == "Press start.\n\nMole 7 Oldport\nHotline 0800 555 0199"
    (told,) = [reason for *_, reason in reading.skipped]
    assert told == "'Manual of the pump' stands at the head or foot of pages and was left out"


def test_the_foot_of_the_pages_of_a_pdf(tmp_path):
    foot = (50, 30, 8, "Oldport Pumps - Hotline 0800 555 0199")
    pages = [[(50, 700, 12, f"Part {at} of the pump."), foot] for at in range(3)]
    pdf(tmp_path / "a.pdf", pages)
    reading = read_source(tmp_path / "a.pdf")
    assert reading.entries[-1].answer.endswith("\n\nOldport Pumps - Hotline 0800 555 0199")
    assert (
        "Hotline" not in reading.entries[-1].answer.replace(foot[3], "", 1) and not reading.skipped
    )


def test_what_says_how_to_reach_somebody_and_what_does_not():
    for text in (
        "周一至周五 9:00-18:00",
        "Tel. 030 123 45 67",
        "a.b@c.example",
        "Closed on Sundays",
        "Mo–Fr 9–18 Uhr",
        "Lun.-Ven. : 9 h - 18 h",
        "Telefon 03012345670",
    ):
        assert reaches(text), text
    for text in ("© 2024 Boats Ltd.", "Last updated 3 May 2024", "Privacy", "12 boats", "约 3 天"):
        assert not reaches(text), text
    for text in (
        "On Monday we opened a second hall with a party at 18:00.",
        "3 May 2024, 10:15",
        "Monday, 3 May: the fair",
        "The Lighthouse, ISBN 978-3-16-148410-0",
        "2019-2024 Boats Ltd.",
        "Company no. 08812345",
    ):
        assert not reaches(text), text


def test_the_name_of_a_page_in_its_head_is_no_heading_of_a_part(tmp_path):
    (tmp_path / "a.html").write_text(
        "<title>Sunny Bakery</title><body><header><h1>Sunny Bakery</h1><p>Mole 7 - 01632 960 007"
        "</p></header><section><h2>Bread</h2><p>We bake all day long, and on Sundays until noon."
        "</p></section><section><h2>Cakes</h2><p>Order cakes two days ahead.</p></section></body>"
    )
    (entry,) = read_source(tmp_path / "a.html").entries
    assert entry.title == "Sunny Bakery"
    assert entry.answer.endswith("\n\nMole 7 - 01632 960 007"), "without its name as a label"
