"""What tools export: what is in it for customers is read, what is not is left out and told."""

import json

import pytest
from knowledge_files import docx, paragraph, run
from openpyxl import Workbook

from mm_support.errors import KnowledgeError
from mm_support.knowledge.ingest import read_source


def said(reading):
    return "\n".join(f"{entry.title}\n{entry.answer}" for entry in reading.entries)


def reasons(reading):
    return " / ".join(reason for _, _, reason in reading.skipped)


def export(tmp_path, content):
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    return read_source(tmp_path / "a.json")


def article(title, body, **more):
    return {"id": title, "title": title, "body": body} | more


@pytest.mark.parametrize(
    "mark",
    [{"user_segment_id": 77}, {"isPrivate": True}, {"visibility": "agents"}]
    + [{"status": "notpublished"}, {"status": "In review"}, {"state": "private"}],
)
def test_what_only_some_people_may_see_is_left_out_and_told(tmp_path, mark):
    everybody = {name: None for name in mark}
    read = export(
        tmp_path,
        [article("Vases", "<p>They ship on Friday.</p>", **everybody)]
        + [article("Goodwill", "<p>Give back up to 25 EUR.</p>", **mark)],
    )
    assert [entry.title for entry in read.entries] == ["Vases"]
    assert "only some people may see it" in reasons(read) or "not published" in reasons(read)


def test_a_draft_by_its_number_is_told_by_the_keys_of_its_export(tmp_path):
    keys = {"folder_id": 3, "agent_id": 4, "seo_data": {}}
    articles = [
        {"id": n, "title": f"Vase {n}", "description": "<p>Of clay.</p>", "status": n} | keys
        for n in (1, 2)
    ]
    assert [entry.title for entry in export(tmp_path, articles).entries] == ["Vase 2"]
    (entry,) = export(tmp_path, [{"title": "A", "answer": "B.", "status": 1}]).entries
    assert entry.answer == "B."


def test_the_form_with_lists_is_read_where_an_export_has_the_plain_text_too(tmp_path):
    body = "<p>First unscrew it.</p><ol><li>Turn it.</li><li>Lift it.</li></ol>"
    plain = "First unscrew it. Turn it. Lift it."
    row = {"title": "The lid", "description": body, "description_text": plain}
    (entry,) = export(tmp_path, [row]).entries
    assert entry.answer == "First unscrew it.\n\n1. Turn it.\n2. Lift it."


def test_articles_are_found_in_the_objects_that_wrap_them(tmp_path):
    items = [article("Lids", "<p>They fit all jars.</p>", viewCount=7, collectionId="c")]
    (entry,) = export(tmp_path, {"articles": {"page": 1, "items": items}}).entries
    assert (entry.title, entry.answer) == ("Lids", "They fit all jars.")
    (entry,) = export(tmp_path, {"article": items[0]}).entries
    assert entry.answer == "They fit all jars."


def test_what_articles_are_filed_under_is_their_tag_and_no_entry(tmp_path):
    content = {
        "articles": [article("Lids", "<p>They fit all jars.</p>", section_id=9)],
        "sections": [{"id": 9, "name": "Jars", "description": "All about jars"}],
    }
    (entry,) = export(tmp_path, content).entries
    assert entry.title == "Lids" and entry.tags == ("Jars",)


def test_translations_of_an_article_are_entries(tmp_path):
    german = {"title": "Deckel", "body": "<p>Sie passen auf alle Gläser.</p>"}
    english = article("Lids", "<p>They fit all jars.</p>", updated_at=1682928359)
    read = export(tmp_path, [english | {"translated_content": {"type": "x", "de": german}}])
    first, second = read.entries
    assert str(first.updated) == "2023-05-01"
    assert (second.title, second.language) == ("Deckel", "de")
    in_list = [german | {"locale": "de"}, {"locale": "en", "body": english["body"], "title": "L"}]
    read = export(tmp_path, [english | {"translations": in_list}])
    assert [entry.language for entry in read.entries] == ["", "de"]


TICKET = {"subject": "Lost jar", "description": "My jar 55 is lost. Ada Berg", "status": "open"}


@pytest.mark.parametrize(
    "who",
    [
        {"requester_id": 7, "assignee_id": 8},
        {"requester": {"name": "Ada Berg", "email": "ada@mail.example"}},
        {"contacts": {"contacts": []}, "conversation_parts": {"conversation_parts": []}},
    ],
)
def test_what_single_customers_wrote_is_no_knowledge(tmp_path, who):
    with pytest.raises(KnowledgeError, match="single customers"):
        export(tmp_path, [TICKET | who])
    (tmp_path / "t.csv").write_text(
        "Id,Requester,Requester email,Subject,Status\n"
        "1,Ada Berg,ada@mail.example,Where is my jar?,Open\n"
        "2,Bo Lund,bo@mail.example,Broken lid,Solved\n"
    )
    with pytest.raises(KnowledgeError, match="single customers"):
        read_source(tmp_path / "t.csv")


def test_what_a_company_writes_for_itself_is_not_shown(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Question,Answer,Internal notes,Price\n"
        "Can I rebook?,Until the day before.,Never for agencies,4 EUR\n"
    )
    read = read_source(tmp_path / "a.csv")
    assert said(read) == "Can I rebook?\nUntil the day before.\n\nPrice: 4 EUR"
    assert "kept from customers: 'Internal notes'" in read.mapping[0]
    (tmp_path / "b.csv").write_text(
        "Item no.,Product,Retail,Wholesale (internal)\nB-1,Rye loaf,4.20,2.10\nB-2,Bun,0.60,0.20\n"
    )
    read = read_source(tmp_path / "b.csv")
    assert "4.20" in said(read) and "2.10" not in said(read)
    assert "kept from customers: 'Wholesale (internal)'" in read.mapping[0]
    (tmp_path / "c.csv").write_text(
        "Tarif,Private,Business\nSmall,9 EUR,12 EUR\nBig,19 EUR,30 EUR\n"
    )
    assert "Private: 9 EUR" in said(read_source(tmp_path / "c.csv"))


SHOP = """\
Handle,Title,Body (HTML),Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,\
Variant Inventory Policy,Cost per item,Status
clay-jar,Clay Jar,<p>Fired twice.</p>,true,Size,S,CJ-S,39.00,deny,14.20,active
clay-jar,,,,,L,CJ-L,42.00,deny,15.00,
lid,Lid,<p>Of cork.</p>,true,Title,Default Title,LI,5.00,deny,1.00,active
lamp,Lamp,<p>Comes in May.</p>,false,Title,Default Title,LA,90.00,deny,30.00,draft
lamp,,,,,Large,LA-L,95.00,deny,31.00,
"""


def test_rows_of_variants_are_read_with_their_product(tmp_path):
    (tmp_path / "shop.csv").write_text(SHOP)
    jar, lid = read_source(tmp_path / "shop.csv").entries
    assert jar.answer.splitlines() == [
        "Fired twice.",
        "",
        "Size: S; Variant SKU: CJ-S; Variant Price: 39.00",
        "",
        "Size: L; Variant SKU: CJ-L; Variant Price: 42.00",
    ]
    assert lid.answer == "Of cork.\n\nVariant SKU: LI; Variant Price: 5.00"


def test_goods_without_a_description_keep_their_prices(tmp_path):
    (tmp_path / "a.csv").write_text(
        "SKU,Name,Published,Description,Regular price,Attribute 1 name,Attribute 1 value(s)\n"
        'TEE,Tee,1,<p>Of cotton.</p>,,Size,"S, L"\nTEE-L,Tee - L,1,,28,Size,L\n'
        "COAT,Coat,-1,<p>Not yet.</p>,90,,\n"
    )
    tee, large = read_source(tmp_path / "a.csv").entries
    assert tee.answer == "Of cotton.\n\nSize: S, L"
    assert (large.title, large.answer) == ("Tee - L (TEE-L)", "Regular price: 28; Size: L")


def test_rows_whose_columns_are_not_known_keep_the_names_of_these(tmp_path):
    (tmp_path / "a.csv").write_text("Size,Qty,Unit price\nA4,100,0.12\nA4,500,0.09\nA3,100,0.20\n")
    assert "Size: A4; Qty: 500; Unit price: 0.09" in said(read_source(tmp_path / "a.csv"))


CHATS = [
    "12/03/2026, 09:15 - +49 171 555: Are you open on Sunday?\n"
    "12/03/2026, 09:16 - Vogt: From 10.\nRing twice.\n12/03/2026, 09:20 - +49 171 555: Thanks!",
    "[12.03.26, 09:15:00] Ines: Are you open?\n[12.03.26, 9:16:11 PM] Vogt: Yes.\n"
    "[13.03.26, 09:15:00] Ines: Thanks!",
    "Ines, [12.03.2026 09:15]\nAre you open?\n\nVogt, [12.03.2026 09:16]\nYes.\n\n"
    "Ines, [12.03.2026 09:17]\nThanks!",
]


@pytest.mark.parametrize("text", CHATS)
def test_a_chat_is_no_knowledge(tmp_path, text):
    (tmp_path / "chat.txt").write_text(text)
    with pytest.raises(KnowledgeError, match="conversation"):
        read_source(tmp_path / "chat.txt")


PLANNED = [
    "12.03.2026 09:15 - Gate A: Ferry to Oban\n12.03.2026 11:30 - Gate B: Ferry to Islay\n"
    "13.03.2026 14:00 - Gate A: Ferry to Oban",
    "2026-03-12 09:17 - Version 4.2: Invoices as PDF.\n2026-02-20 10:04 - Version 4.1: Holidays.\n"
    "2026-01-15 10:01 - Version 4.0: A new dashboard.",
]


@pytest.mark.parametrize("text", PLANNED)
def test_timetables_and_release_notes_are_no_chats(tmp_path, text):
    (tmp_path / "a.txt").write_text(f"Plan\n\n{text}\n")
    assert text in said(read_source(tmp_path / "a.txt"))


def test_where_a_companys_branches_are_reached_is_knowledge(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Branch,Contact email,Contact phone\nLeeds,leeds@bank.example,555 0101\n"
        "York,york@bank.example,555 0102\n"
    )
    assert "Contact phone: 555 0102" in said(read_source(tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_text(
        "Subject,Ticket ID,Contact email\nA lid broke,1,ada@mail.example\n"
        "Where is it,2,bo@mail.example\n"
    )
    with pytest.raises(KnowledgeError, match="single customers"):
        read_source(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "marks",
    [{"hidden": False, "is_private": True}, {"is_private": True, "hidden": False}]
    + [{"status": "published", "state": "draft"}, {"restricted": True}, {"public": False}],
)
def test_every_mark_that_keeps_an_article_from_customers_is_heeded(tmp_path, marks):
    open_to_all = {"hidden": False, "is_private": False, "restricted": False, "public": True}
    read = export(
        tmp_path,
        [article("Hours", "From 9.", **open_to_all), article("Codes", "It is 99.", **marks)],
    )
    assert said(read) == "Hours\nFrom 9."
    rows = [
        ",".join(["title,answer", *marks]),
        ",".join(["Codes,It is 99.", *map(str, marks.values())]),
    ]
    (tmp_path / "a.csv").write_text("\n".join([*rows, "Hours,From 9.,,"]))
    assert said(read_source(tmp_path / "a.csv")) == "Hours\nFrom 9."


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("Status,Meaning\nDraft,It was not sent.\nPending,It was not paid.\n", "Draft\nIt was not"),
        ("Bag,Description,Status\nA 1,For a day.,In stock\nB 2,For two.,Sold out\n", "Sold out"),
        (
            "Shop,Description,State\nMain,By the sea.,Victoria\nNorth,In town.,Tasmania\n",
            "Tasmania",
        ),
    ],
)
def test_statuses_of_things_are_told(tmp_path, table, told):
    (tmp_path / "a.csv").write_text(table)
    assert told in said(read_source(tmp_path / "a.csv"))


def test_dates_at_the_beginning_of_lines_make_no_chat(tmp_path):
    (tmp_path / "a.txt").write_text(
        "12.03.2026, 9:15: Opening\n13.03.2026, 20:00: Concert: free\n14.03.2026 10:00 Market\n"
    )
    assert "Concert" in said(read_source(tmp_path / "a.txt"))


def workbook(tmp_path, rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.active.title = "Prices"
    return book, tmp_path / "a.xlsx"


def test_what_a_sheet_hides_is_left_out_and_told(tmp_path):
    rows = [["Item no.", "Product", "Bought at", "Price"], ["B-1", "Rye", 2.1, 4.2]]
    book, path = workbook(tmp_path, [*rows, ["B-2", "Old bun", 0.3, 0.6], ["B-3", "Bun", 0.4, 0.8]])
    book.active.column_dimensions["C"].hidden = True
    book.active.row_dimensions[3].hidden = True
    book.save(path)
    read = read_source(path)
    assert [entry.title for entry in read.entries] == ["Rye", "Bun"]
    assert "2.1" not in said(read) and "Price: 4.2" in said(read)
    assert "column 'Bought at' of sheet 'Prices' is hidden" in reasons(read)
    assert "1 rows of sheet 'Prices' are hidden" in reasons(read)


def test_tables_below_each_other_have_their_own_columns(tmp_path):
    loaves = [
        ["Item no.", "Product", "Weight", "Price"],
        ["B-1", "Rye", "1 kg", 4],
        ["B-2", "Bun", "60 g", 1],
    ]
    cakes = [
        ["Cakes"],
        ["Item no.", "Cake", "Pieces", "Price"],
        ["K-1", "Apple", 12, 28],
        ["K-2", "Plum", 8, 20],
    ]
    book, path = workbook(
        tmp_path, [["Bakery"], *loaves, [], ["All prices include VAT."], [], *cakes]
    )
    book.save(path)
    told = {entry.title: entry.answer for entry in read_source(path).entries}
    assert told["Apple"] == "Item no.: K-1; Cake: Apple; Pieces: 12; Price: 28"
    assert told["Bakery"] == "All prices include VAT." and len(told) == 5


def test_groups_of_rows_with_a_blank_row_between_are_one_table(tmp_path):
    (tmp_path / "a.csv").write_text(
        "Service,Price\nCut,35 EUR\nWash,9 EUR\n\nGel,45 EUR\nFile,8 EUR\n"
    )
    assert said(read_source(tmp_path / "a.csv")).count("Price: ") == 4


def bold(text):
    return f"<w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r>"


def test_bold_lines_over_text_are_headings_of_a_word_file(tmp_path):
    docx(
        tmp_path / "a.docx",
        *(paragraph(bold("Rules of the site")), paragraph(bold("1. Arrival"))),
        paragraph(run("From two to eight.")),
        paragraph(bold("2. Dogs")),
        paragraph(run("They cost "), bold("3 EUR"), run(" a night.")),
        paragraph(bold("Keep them on a lead.")),
    )
    (entry,) = read_source(tmp_path / "a.docx").entries
    assert entry.title == "Rules of the site"
    assert entry.answer.startswith("1. Arrival: From two to eight.\n\n2. Dogs: They cost 3 EUR")


def test_hidden_text_of_a_word_file_is_left_out_and_told(tmp_path):
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>Code STAFF20</w:t></w:r>"
    gone = "<w:del w:id='1' w:author='a'><w:r><w:delText>in June</w:delText></w:r></w:del>"
    docx(tmp_path / "a.docx", paragraph(run("We open in May."), gone, hidden))
    read = read_source(tmp_path / "a.docx")
    assert [entry.answer for entry in read.entries] == ["We open in May."]
    assert "'Code STAFF20' is hidden" in reasons(read) and "'in June' is deleted" in reasons(read)


def test_a_page_of_google_docs_is_read_without_what_is_struck_out_and_remarked(tmp_path):
    (tmp_path / "Hire.html").write_text(
        "<html><head><style>.c0{font-weight:700}.c1{text-decoration:line-through}</style></head>"
        "<body class='doc-content'><p class='c2 title'><span>Bike hire</span></p>"
        "<h1><span>Booking</span></h1><p><span>It costs 50 EUR</span><sup><a href='#cmnt1' "
        "id='cmnt_ref1'>[a]</a></sup><span class='c1'>, it was 30 EUR</span><span>.</span></p>"
        "<div><p><a href='#cmnt_ref1' id='cmnt1'>[a]</a><span>Raise to 80?</span></p></div></body>"
    )
    read = read_source(tmp_path / "Hire.html")
    (entry,) = read.entries
    assert (entry.title, entry.answer) == ("Bike hire: Booking", "It costs 50 EUR.")
    assert "1 comments were left out" in reasons(read) and "struck through" in reasons(read)


def test_bold_lines_under_the_title_alone_are_headings_of_a_page(tmp_path):
    long = (
        "This sentence is here so that a section is no short one, and has an entry of its own. " * 4
    )
    (tmp_path / "a.html").write_text(
        f"<main><h1>Rules</h1><p><b>Dogs</b></p><p>{long}</p><p><b>Cats</b></p><p>{long}</p></main>"
    )
    titles = [entry.title for entry in read_source(tmp_path / "a.html").entries]
    assert titles == ["Rules: Dogs", "Rules: Cats"]


def test_a_template_of_a_site_is_no_page(tmp_path):
    (tmp_path / "main.html").write_text(
        '{% extends "base.html" %}<main><h1>{{ .Title }}</h1><p>{{ .Content }}</p>New</main>'
    )
    (tmp_path / "b.html").write_text("<main><h1>Tags</h1><p>Write {{ name }} there.</p></main>")
    read = read_source(tmp_path)
    assert [entry.title for entry in read.entries] == ["Tags"]
    assert "template" in reasons(read)


QUARTO = """---
title: Scales
---

Calibrate each year.

```{r}
#| include: false
library(x)
```

```{python}
#| label: f
weigh()
```

::: {.content-hidden when-format="html"}
Only for us.
:::
"""


def test_chunks_that_a_page_does_not_show_are_left_out_and_told(tmp_path):
    (tmp_path / "a.qmd").write_text(QUARTO)
    read = read_source(tmp_path / "a.qmd")
    assert said(read) == "Scales\nCalibrate each year.\n\n```\nweigh()\n```"
    assert "'library(x)' is run" in reasons(read) and "'Only for us.' is hidden" in reasons(read)
    (tmp_path / "a.qmd").write_text(
        QUARTO.replace("---\n\nCal", "execute:\n  echo: false\n---\n\nCal")
    )
    assert said(read_source(tmp_path / "a.qmd")) == "Scales\nCalibrate each year."


def test_signs_of_mkdocs_are_read_as_its_readers_see_them(tmp_path):
    (tmp_path / "a.md").write_text(
        "# Ports\n\n:material-check: Press ++ctrl+s++ to save, `:octicons-x:` too.\n\n"
        '--8<-- "abbr.md"\n\n*[SIM]: the card\n'
    )
    read = read_source(tmp_path / "a.md")
    assert said(read) == "Ports\nPress ctrl+s to save, :octicons-x: too."
    assert "in place of '--8<-- \"abbr.md\"'" in reasons(read)


def test_how_to_reach_a_company_is_read_below_a_text_and_in_a_foot(tmp_path):
    long = "This sentence is here so that the page has a text of its own, which is found. " * 6
    (tmp_path / "a.html").write_text(
        f"<body><div id='x'><h2>Repairs</h2><p>{long}</p></div>"
        "<div class='c'><a href='tel:+4940123'>Call 040 123</a></div>"
        "<div class='d'><a href='/jobs'>Jobs</a></div>"
        "<footer><p>Open Monday to Friday. <a href='/imprint'>Imprint</a></p></footer></body>"
    )
    read = read_source(tmp_path / "a.html")
    assert "Call 040 123" in said(read) and "Jobs" not in said(read)
    assert said(read).endswith("Open Monday to Friday.")


def test_a_short_text_beside_the_answer_has_no_label_and_a_figure_answers_a_name(tmp_path):
    (entry,) = export(tmp_path, [article("Seats", "<p>Ten.</p>", description="Add people")]).entries
    assert entry.answer == "Ten.\n\nAdd people"
    (tmp_path / "a.csv").write_text(
        "SKU,Name,Description,In stock?\nT,Tee,Of felt.,1\nC,Cap,Of wool.,0\n"
    )
    answers = [entry.answer for entry in read_source(tmp_path / "a.csv").entries]
    assert answers == ["Of felt.\n\nIn stock: yes", "Of wool.\n\nIn stock: no"]


def test_what_confluence_says_of_a_space_is_no_text(tmp_path):
    rows = "".join(
        f"<tr><th>{name}</th><td>{value}</td></tr>"
        for name, value in (("Key", "SUP"), ("Name", "Support"), ("Created by", "jdoe (May 2)"))
    )
    (tmp_path / "index.html").write_text(
        f"<div id='main-content'><table>{rows}</table><p>We help from Monday on.</p></div>"
    )
    read = read_source(tmp_path / "index.html")
    assert "jdoe" not in said(read) and "We help" in said(read) and "jdoe" in reasons(read)


def test_a_question_beside_other_text_is_an_entry_also_in_a_short_document(tmp_path):
    (tmp_path / "a.html").write_text(
        "<main><h1>Returns</h1><p>Within 30 days.</p><details><summary>How is it paid?</summary>"
        "To the same card.</details></main>"
    )
    told = {entry.questions: entry.answer for entry in read_source(tmp_path / "a.html").entries}
    assert told == {(): "Within 30 days.", ("How is it paid?",): "To the same card."}


def test_the_answer_among_the_properties_of_a_notion_page_has_no_label(tmp_path):
    name = "May I take photos 3f3c2a1b4d5e6f708192a3b4c5d6e7fb.md"
    (tmp_path / name).write_text(
        "# May I take photos?\n\nAnswer: Without flash.\nCreated by: Kim Lee\nStatus: Done\n"
    )
    (entry,) = read_source(tmp_path).entries
    assert (entry.title, entry.answer) == ("May I take photos?", "Without flash.")


def test_tables_beside_each_other_have_their_own_rows(tmp_path):
    rows = [["Adults", None, None, "Children"], ["Ticket", "Price", None, "Ticket", "Price"]]
    rows += [["Day", 12, None, "Day", 6], ["Week", 50, None, "Week", 25], [None] * 3 + ["Baby", 0]]
    book, path = workbook(tmp_path, rows)
    book.save(path)
    told = [(entry.title, entry.answer) for entry in read_source(path).entries]
    assert ("Adults: Day", "Ticket: Day; Price: 12") in told
    assert ("Children: Day", "Ticket: Day; Price: 6") in told and len(told) == 5
    (tmp_path / "b.csv").write_text("Room,,Price\nLoft,,75\nSuite,,110\n")
    assert "Room: Loft; Price: 75" in said(read_source(tmp_path / "b.csv"))


def test_rows_without_names_that_repeat_the_first_one_are_rows(tmp_path):
    (tmp_path / "a.csv").write_text("Loft,75\nSuite,110\nLoft,75\nAttic,60\n")
    assert "Attic" in said(read_source(tmp_path / "a.csv"))
    assert said(read_source(tmp_path / "a.csv")).count("Loft") > 1


def test_articles_of_nested_categories_are_read_and_hidden_ones_are_not(tmp_path):
    inner = {"name": "Refunds", "articles": [article("Time", "<p>5 days.</p>", hidden=False)]}
    bills = [article("Bills", "<p>By mail.</p>"), article("Fees", "<p>None.</p>", hidden=True)]
    category = {"name": "Money", "description": "On money", "articles": bills, "children": [inner]}
    read = export(tmp_path, {"categories": [category]})
    told = {entry.title: entry.answer for entry in read.entries}
    assert told == {"Money: Bills": "By mail.", "Refunds: Time": "5 days."}
    assert "only some people may see it" in reasons(read)


def test_reviews_with_the_names_of_customers_are_no_knowledge(tmp_path):
    (tmp_path / "a.csv").write_text(
        "title,body,rating,reviewer_name,reviewer_email\nBad,It tore,1,Bo,bo@mail.example\n"
    )
    with pytest.raises(KnowledgeError, match="single customers"):
        read_source(tmp_path / "a.csv")


def test_what_is_the_companys_own_is_not_told_of_nested_records_either(tmp_path):
    plans = [{"name": "Small", "price": "9 EUR", "cost price": "4 EUR"}]
    plans.append({"name": "Large", "price": "19 EUR", "cost price": "7 EUR"})
    record = {"title": "Plans", "answer": "There are two plans.", "plans": plans}
    record["terms"] = {"notice": "one month", "internal notes": "Two for big customers."}
    path = tmp_path / "plans.json"
    path.write_text(json.dumps([record]), encoding="utf-8")
    (entry,) = read_source(path).entries
    assert "19 EUR" in entry.answer and "one month" in entry.answer
    assert "7 EUR" not in entry.answer and "big customers" not in entry.answer


@pytest.mark.parametrize(
    "name, hidden", [("Staff only", True), ("Draft", True), ("Private", False)]
)
def test_rows_for_staff_are_left_out_of_tables_without_answers_too(tmp_path, name, hidden):
    path = tmp_path / "offers.csv"
    path.write_text(f"Offer,Price,{name}\nSoup,4 EUR,no\nStaff lunch,1 EUR,yes\n")
    reading = read_source(path)
    texts = " ".join(entry.text for entry in reading.entries)
    assert "Soup" in texts and ("Staff lunch" not in texts) == hidden
    assert (name not in texts) == hidden and bool(reading.skipped) == hidden


@pytest.mark.parametrize("wrapped", [False, True])
def test_records_by_their_ids_are_each_read_and_drafts_among_them_are_not(tmp_path, wrapped):
    records = {
        "-Nx1": {"title": "Vases", "answer": "They ship on Friday."},
        "-Nx2": {"title": "Plates", "answer": "They ship on Monday."},
        "-Nx3": {"title": "Bowls", "answer": "They are sold out.", "status": "draft"},
    }
    read = export(tmp_path, {"faq": records} if wrapped else records)
    assert {entry.title: entry.answer for entry in read.entries} == {
        "Vases": "They ship on Friday.",
        "Plates": "They ship on Monday.",
    }
    assert "not published" in reasons(read)
