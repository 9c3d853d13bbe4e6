"""Formats of other programs: WordPress, OpenDocument, EPUB, saved pages. And what is not read."""

import pytest
from knowledge_files import png, write_zip

from mm_support.errors import KnowledgeError
from mm_support.knowledge.ingest import read_source


def said(reading):
    return "\n".join(f"{entry.title}\n{entry.answer}" for entry in reading.entries)


def reasons(reading):
    return " / ".join(reason for _, _, reason in reading.skipped)


# -- WordPress -----------------------------------------------------------------------------

SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" '
    'xmlns:wp="http://wordpress.org/export/1.2/"'
)


def item(title, content, status="publish", kind="page", more=""):
    return (
        f"<item><title>{title}</title><link>https://clay.example/{kind}</link>"
        f"<content:encoded><![CDATA[{content}]]></content:encoded>"
        f"<excerpt:encoded><![CDATA[]]></excerpt:encoded><wp:status>{status}</wp:status>"
        f"<wp:post_type>{kind}</wp:post_type>{more}</item>"
    )


def wordpress(tmp_path, *items, head=""):
    text = f"{head}<rss version='2.0' {SPACES}><channel>{''.join(items)}</channel></rss>"
    (tmp_path / "a.xml").write_text(f"<?xml version='1.0' encoding='UTF-8'?>\n{text}")
    return read_source(tmp_path / "a.xml")


def test_pages_of_wordpress_are_read_with_their_addresses_and_drafts_are_not(tmp_path):
    filed = '<category domain="category"><![CDATA[Courses]]></category>'
    dated = "<wp:post_modified>2025-06-01 09:00:00</wp:post_modified>"
    comment = "<wp:comment><wp:comment_author_email>mia@mail.example</wp:comment_author_email>"
    read = wordpress(
        tmp_path,
        item(
            "Fees &amp;amp; days",
            "<!-- wp:paragraph --><p>An evening costs 30 EUR.</p><!-- /wp:paragraph -->",
            more=f"{filed}{dated}{comment}</wp:comment>",
        ),
        item("Autumn", "<p>All 10 EUR more.</p>", "draft"),
        item("Keys", "<p>Under the pot.</p>", "private"),
        item("Club", "<p>1234</p>", more="<wp:post_password>pot</wp:post_password>"),
        item("a.jpg", "", "inherit", "attachment"),
    )
    (entry,) = read.entries
    assert (entry.title, entry.answer) == ("Fees & days", "An evening costs 30 EUR.")
    assert (entry.url, entry.tags) == ("https://clay.example/page", ("Courses",))
    assert str(entry.updated) == "2025-06-01"
    told = reasons(read)
    assert "'Autumn' is marked as not published" in told and "'Keys' is marked" in told
    assert "'Club' can be seen with a password alone" in told and "'attachment'" in told


def test_shortcodes_and_paragraphs_of_wordpress(tmp_path):
    content = (
        "Dip it once.\n\nWait an hour,\nthen two.\n\n[gallery ids='1,2']\n\n"
        "[toggle title='How hot?']1240 degrees.[/toggle]\n\nPress [Start] then."
    )
    read = wordpress(tmp_path, item("Glaze", content))
    assert read.entries[0].answer.startswith("Dip it once.\n\nWait an hour,\nthen two.\n\nHow hot?")
    assert "[gallery" not in said(read) and "Press [Start] then." in said(read)
    assert "in place of '[gallery ids=" in reasons(read)


def test_questions_in_bold_over_paragraphs_are_questions_beside_headings(tmp_path):
    part = "<div class='f'><strong class='q'>{}?</strong> <p>{}</p></div>"
    faq = part.format("Is clay included", "Yes, 5 kg.") + part.format("May I bring a dog", "No.")
    read = wordpress(tmp_path, item("Courses", f"<h2>Days</h2><p>Each Monday.</p>{faq}"))
    told = {question: entry.answer for entry in read.entries for question in entry.questions}
    assert told == {"Is clay included?": "Yes, 5 kg.", "May I bring a dog?": "No."}


def test_entities_of_foreign_xml_are_not_expanded_and_other_xml_is_told(tmp_path):
    (tmp_path / "secret.txt").write_text("the secret")
    bomb = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 9))
    head = (
        f"<!DOCTYPE rss [<!ENTITY b0 'boom'>{bomb}"
        f"<!ENTITY x SYSTEM 'file://{tmp_path}/secret.txt'>]>"
    )
    own = "<item><title>T</title><description>See &x; and &b8; here.</description></item>"
    try:
        read = wordpress(tmp_path, own, head=head)
    except KnowledgeError as exc:
        assert "secret" not in str(exc).replace(str(tmp_path), "")
    else:
        assert "secret" not in said(read) and "boomboom" not in said(read)
    (tmp_path / "b.xml").write_text("<invoices><invoice no='1'>5 EUR</invoice></invoices>")
    with pytest.raises(KnowledgeError, match="kind that is not read .'invoices'."):
        read_source(tmp_path / "b.xml")


# -- OpenDocument --------------------------------------------------------------------------

NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in [
        *((own, own) for own in ("office", "text", "table", "style")),
        ("fo", "xsl-fo-compatible"),
        ("draw", "drawing"),
    ]
)
LOOKS = (
    '<style:style style:name="B" style:family="text"><style:text-properties fo:font-weight="bold"/>'
    '</style:style><style:style style:name="X" style:family="text"><style:text-properties '
    'text:display="none"/></style:style><text:list-style style:name="N">'
    "<text:list-level-style-number/></text:list-style>"
    '<style:style style:name="S" style:family="table"><style:table-properties '
    'table:display="false"/></style:style>'
)


def open_document(path, kind, body, **more):
    content = (
        f'<office:document-content {NAMES} xmlns:xlink="http://www.w3.org/1999/xlink">'
        f"<office:automatic-styles>{LOOKS}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>"
    )
    return write_zip(path, {"META-INF/manifest.xml": "<m/>", "content.xml": content} | more)


def test_a_text_of_libreoffice_is_read_with_its_headings_lists_tables_and_pictures(tmp_path):
    def cell(text):
        return f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"

    rows = "".join(
        f"<table:table-row>{cell(one)}{cell(two)}</table:table-row>"
        for one, two in (("Motor", "5"), ("Lamp", "2"))
    )
    head = f"<table:table-row>{cell('Part')}{cell('Years')}</table:table-row>"
    rows = f"<table:table-header-rows>{head}</table:table-header-rows>{rows}"
    steps = "".join(f"<text:list-item><text:p>{t}</text:p></text:list-item>" for t in ("In", "Out"))
    path = open_document(
        tmp_path / "a.odt",
        "text",
        "<text:tracked-changes><text:p>old words</text:p></text:tracked-changes>"
        '<text:p text:style-name="Title">Warranty</text:p>'
        '<text:h text:outline-level="1">Claims</text:h>'
        "<text:p>Send them<office:annotation><text:p>ask Bo</text:p></office:annotation> to "
        '<text:a xlink:href="https://a.example">us</text:a>'
        '<text:span text:style-name="X"> code STAFF</text:span><text:note><text:note-citation>1'
        "</text:note-citation><text:note-body><text:p>by post</text:p></text:note-body></text:note>"
        f'.</text:p><text:list text:style-name="N">{steps}</text:list>'
        f"<table:table>{rows}</table:table>"
        '<text:p><draw:frame><draw:image xlink:href="Pictures/a.png"/></draw:frame></text:p>',
        **{"Pictures/a.png": png()},
    )
    read = read_source(path)
    (entry,) = read.entries
    assert entry.title.startswith("Warranty") and len(entry.pictures) == 1
    text = (
        "Send them to us (by post).\n\n1. In\n2. Out\n\nPart: Motor; Years: 5\nPart: Lamp; Years: 2"
    )
    assert entry.answer.endswith(text)
    told = reasons(read)
    assert "'ask Bo'" in told and "'old words'" in told and "'code STAFF' is hidden" in told


def test_a_paragraph_in_the_style_of_a_heading_is_one(tmp_path):
    styles = (
        f"<office:document-styles {NAMES}><office:styles>"
        '<style:style style:name="Heading_20_1"/>'
        '<style:style style:name="Own" style:parent-style-name="Heading_20_1"/>'
        '<style:style style:name="Below" style:default-outline-level="2"/>'
        "</office:styles></office:document-styles>"
    )
    body = (
        '<text:p text:style-name="Own">Warranty</text:p><text:p>Two years.</text:p>'
        '<text:p text:style-name="Below">Claims</text:p>'
    )
    body += "<text:p>In May.</text:p>"
    path = open_document(tmp_path / "a.odt", "text", body, **{"styles.xml": styles})
    (entry,) = read_source(path).entries
    assert (entry.title, entry.answer) == ("Warranty", "Two years.\n\nClaims: In May.")


def test_a_merged_note_below_a_table_is_said_once(tmp_path):
    def row(*cells):
        said = "".join(
            f"<table:table-cell><text:p>{own}</text:p></table:table-cell>" for own in cells
        )
        return f"<table:table-row>{said}</table:table-row>"

    note = (
        '<table:table-row><table:table-cell table:number-columns-spanned="3"><text:p>Ask us for '
        "more.</text:p></table:table-cell><table:covered-table-cell "
        'table:number-columns-repeated="2"/></table:table-row>'
    )
    rows = row("Name", "Size", "Price") + row("Rye", "1 kg", "4.20") + row("Bun", "80 g", "0.60")
    path = open_document(
        tmp_path / "a.ods", "spreadsheet", f"<table:table>{rows}{note}</table:table>"
    )
    answers = [entry.answer for entry in read_source(path).entries]
    assert answers[-1] == "Ask us for more." and len(answers) == 3


def test_sheets_of_libreoffice_are_read_by_rows_and_hidden_ones_are_not(tmp_path):
    def row(*cells, **marks):
        said = "".join(
            f"<table:table-cell><text:p>{own}</text:p></table:table-cell>" for own in cells
        )
        more = " ".join(
            f'table:{name.replace("_", "-")}="{value}"' for name, value in marks.items()
        )
        return f"<table:table-row {more}>{said}</table:table-row>"

    columns = '<table:table-column table:number-columns-repeated="2"/>'
    columns += '<table:table-column table:visibility="collapse"/><table:table-column/>'
    shown = row("Item no.", "Product", "Bought at", "Price") + row("B-1", "Rye", "2.10", "4.20")
    shown += row("B-2", "Bun", "0.30", "0.60") + row("B-9", "Old", "1", "2", visibility="collapse")
    end = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/>'
    end += "</table:table-row>"
    path = open_document(
        tmp_path / "a.ods",
        "spreadsheet",
        f'<table:table table:name="Prices">{columns}{shown}{end}</table:table>'
        f'<table:table table:name="Calc" table:style-name="S">{row("secret", "7")}</table:table>',
    )
    read = read_source(path)
    assert {e.title: e.answer for e in read.entries} == {
        "Rye": "Item no.: B-1; Product: Rye; Price: 4.20",
        "Bun": "Item no.: B-2; Product: Bun; Price: 0.60",
    }
    assert "sheet 'Calc' is hidden" in reasons(read) and "row 4 is hidden" in reasons(read)


# -- books, saved pages, and what is not read ----------------------------------------------


def test_a_book_is_read_chapter_by_chapter(tmp_path):
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>{}</h1><p>{}</p></body></html>"
    package = (
        "<package xmlns='http://www.idpf.org/2007/opf' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        "<metadata><dc:title>The kettle</dc:title></metadata><manifest>"
        "<item id='n' href='nav.xhtml' media-type='application/xhtml+xml' properties='nav'/>"
        "<item id='b' href='b%20.xhtml' media-type='application/xhtml+xml'/>"
        "<item id='e' href='blank.xhtml' media-type='application/xhtml+xml'/>"
        "<item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest><spine>"
        "<itemref idref='n'/><itemref idref='a'/><itemref idref='e'/><itemref idref='b'/></spine>"
        "</package>"
    )
    where = "<container><rootfiles><rootfile full-path='o/c.opf'/></rootfiles></container>"
    mark = "<sup><a href='#n1' id='m1'>1</a></sup>"
    note = "<aside id='n1'><p><a href='#m1'>1</a> Ten grams.</p></aside>"
    write_zip(
        tmp_path / "a.epub",
        {
            "META-INF/container.xml": where,
            "o/c.opf": package,
            "o/nav.xhtml": page.format("Contents", "Descaling, Warranty"),
            "o/b .xhtml": page.format("Warranty", "Two years."),
            "o/a.xhtml": page.format("Descaling", f"With citric acid{mark}.</p>{note}<p>"),
            "o/blank.xhtml": "",
        },
    )
    (entry,) = read_source(tmp_path / "a.epub").entries
    assert entry.title.startswith("The kettle")
    said = "Descaling: With citric acid¹.\n\n¹ Ten grams.\n\nWarranty: Two years."
    assert entry.answer == said


def test_a_saved_page_is_read_with_its_address(tmp_path):
    (tmp_path / "a.mhtml").write_bytes(
        b"Snapshot-Content-Location: https://kiln.example/firing\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="XX"\r\n\r\n--XX\r\nContent-Type: text/html\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<main><h1>Firing</h1><p>At 1060 "
        b"=C2=B0C for a day.</p></main>\r\n--XX\r\nContent-Type: text/css\r\n\r\nb{}\r\n--XX--\r\n"
    )
    (entry,) = read_source(tmp_path / "a.mhtml").entries
    assert (entry.title, entry.answer) == ("Firing", "At 1060 °C for a day.")
    assert entry.url == "https://kiln.example/firing"


@pytest.mark.parametrize(
    ("name", "way"),
    [("a.doc", "save it as .docx"), ("a.XLS", "save it as .xlsx"), ("a.adoc", "export it as HTML")],
)
def test_what_is_not_read_is_told_with_a_way(tmp_path, name, way):
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(KnowledgeError, match=way):
        read_source(tmp_path / name)
    (tmp_path / "b.md").write_text("# Lids\n\nThey fit all jars.\n")
    read = read_source(tmp_path)
    assert any(way in reason for _, _, reason in read.warnings)
