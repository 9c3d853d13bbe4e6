"""CSV, JSON and their kin as tools and people save them."""

import json
from datetime import date

import numpy as np
import psutil
import pytest
from clock import cpu_seconds

from mm_support.errors import KnowledgeError
from mm_support.knowledge.ingest import read_source
from mm_support.knowledge.points import entry_texts
from mm_support.knowledge.readers.base import Remarks
from mm_support.knowledge.readers.delimited import MAX_CELL
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_day

HEADER = "id{0}title{0}questions{0}answer\n"
ROW = 'open{0}Café hours{0}When open?|hours{0}"Mo{0} Tu: 9–18; 5 €"\n'
TABLE = HEADER + ROW + "park{0}Parking{0}Where?{0}Behind the shop.\n"


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_source(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_any_separator_and_encoding(tmp_path, separator, encoding):
    text = TABLE.format(separator)
    if separator == "|":
        text = text.replace("?|hours", "?")
    reading = read(tmp_path, "faq.csv", text.replace("\n", "\r\n").encode(encoding))
    hours, parking = reading.entries
    assert (hours.id, hours.title) == ("open", "Café hours")
    assert hours.answer == f"Mo{separator} Tu: 9–18; 5 €" and hours.questions[0] == "When open?"
    assert parking.answer == "Behind the shop." and not reading.skipped
    guessed = [reason for _, _, reason in reading.warnings if "UTF-8" in reason]
    assert len(guessed) == (encoding == "cp1252")


@pytest.mark.parametrize(
    "encoding, text",
    [
        ("utf-16-le", "问题,答案\n退款需要多久？,退款会在七个工作日内原路退回。\n"),
        ("gbk", "问题,答案\n退款需要多久？,退款会在七个工作日内原路退回。\n"),
        ("big5", "問題,答案\n退款要多久？,退款會在七個工作天內退回。\n"),
        ("cp932", "質問,回答\n返品できますか？,はい、三十日以内にできます。\n"),
        ("cp949", "질문,답변\n환불은 얼마나 걸리나요?,영업일 기준 칠일입니다.\n"),
        ("cp1251", "Вопрос;Ответ\nКак вернуть товар?;В течение 30 дней.\n"),
        ("cp1254", "Soru;Cevap\nİade süresi ne kadar?;Yedi iş günü içinde ödenir, şüphesiz.\n"),
        ("cp1250", "Otázka;Odpověď\nKdy otevíráte?;Příští týden, nejpozději do čtvrtka.\n"),
        ("cp1253", "ερώτηση;απάντηση\nΠότε ανοίγετε;Ανοίγουμε στις εννέα κάθε πρωί.\n"),
        ("cp1256", "السؤال;الجواب\nكيف يمكنني إرجاع المنتج؟;خلال ثلاثين يوما من الاستلام\n"),
    ],
)
def test_encodings_of_other_scripts(tmp_path, encoding, text):
    (entry,) = read(tmp_path, "faq.csv", text.encode(encoding)).entries
    line = text.split("\n")[1]
    assert entry.title in line and entry.answer in line and len(entry.answer) > 10


def test_a_stray_byte_does_not_change_the_whole_file(tmp_path):
    text = "title,answer\nGröße,Für jede Größe – überall.\n".encode() + b"Caf\xe9,Ge\xf6ffnet.\n"
    reading = read(tmp_path, "faq.csv", text)
    assert [entry.title for entry in reading.entries] == ["Größe", "Café"]
    assert any(line == 3 and "UTF-8" in reason for _, line, reason in reading.warnings)


def test_line_ends_of_old_macs_a_sep_line_and_blank_lines(tmp_path):
    text = 'sep=;\rtitle;answer\r\r\rA;"One\rtwo."\r;;\rB;Three.\r'
    reading = read(tmp_path, "faq.csv", text)
    assert [entry.answer for entry in reading.entries] == ["One\ntwo.", "Three."]
    assert [entry.source for entry in reading.entries] == ["faq.csv:5", "faq.csv:8"]
    assert not reading.skipped


@pytest.mark.parametrize(
    "bad",
    [
        '2,The 24" screen,"The 24" screen is 53 cm wide, 32 cm high."',
        '2,The 24" screen,The 24" screen is 53 cm wide.',
        '2,The 24" screen,"The 24" screen is wide.',
        '2,"The 24" screen,It is 53 cm wide.',
    ],
)
def test_a_stray_quote_costs_no_other_row(tmp_path, bad):
    rows = ["id,title,answer", "1,Hours,We open at 9.", bad, "3,Parking,Behind the shop."]
    reading = read(tmp_path, "faq.csv", "\n".join(rows) + '\n4,Toilets,"First floor, left."\n')
    found = {entry.id: entry.answer for entry in reading.entries}
    assert found.keys() == {"1", "2", "3", "4"} and found["4"] == "First floor, left."
    assert "wide" in found["2"] and found["3"] == "Behind the shop."


def test_a_quote_that_is_never_closed_takes_no_time(tmp_path):
    rows = "".join(f'{n},"Open {n},Text {n}.\n' for n in range(5_000))
    found = []
    table = "id,title,answer\n" + rows
    took = cpu_seconds(lambda: found.extend(read(tmp_path, "faq.csv", table).entries))
    assert took < 10 and len(found) == 5_000


@pytest.mark.parametrize(
    "header, title, answer",
    [
        ("Question,Answer", "Where?", "Here it is."),
        ("问题,答案", "Where?", "Here it is."),
        ("Frage,Antwort", "Where?", "Here it is."),
        (" TITLE , Body ", "Where?", "Here it is."),
        ("Objet,Zone libre", "Where?", "Here it is."),
    ],
)
def test_columns_under_other_names_are_mapped_and_told(tmp_path, header, title, answer):
    reading = read(
        tmp_path, "faq.csv", f"{header}\n{title},{answer}\nWhen?,At nine in the morning.\n"
    )
    assert (reading.entries[0].title, reading.entries[0].answer) == (title, answer)
    assert len(reading.mapping) == 1
    told = [name for name in header.split(",") if name.strip() not in ("Answer", "TITLE")]
    assert told and all(f"'{name.strip()}'" in reading.mapping[0] for name in told)


@pytest.mark.parametrize("name", ["Also asked as", "Similar questions", "Auch gefragt", "扩展问"])
def test_other_wordings_of_a_question_are_asked_and_not_told(tmp_path, name):
    header = f"Question,Answer,{name}\n"
    row = "Do you ship abroad?,To the EU.,shipping to France|foreign orders\n"
    (entry,) = read(tmp_path, "faq.csv", header + row).entries
    assert entry.answer == "To the EU."
    assert {"shipping to France", "foreign orders"} <= set(entry.questions)


def test_exports_of_help_desks(tmp_path):
    rows = {
        "zendesk": "id,title,body,html_url,locale,draft,label_names,updated_at\n"
        "9,Returns,<p>Within <b>30</b> days.</p>,https://x/9,en-us,false,returns,2026-01-31T10:00:00Z\n"
        "8,Secret,<p>Not yet.</p>,https://x/8,en-us,true,,\n",
        "freshdesk": "ID,Title,Description,Description Text,Status,Tags\n"
        "9,Returns,<p>Within 30 days.</p>,Within 30 days.,2,returns\n",
        "intercom": "id,title,description,body,state,url\n"
        '9,Returns,How to,"<h2>Deadline</h2><p>Within 30 days.</p>",published,https://x/9\n'
        "8,Secret,How to,<p>Not yet.</p>,draft,https://x/8\n",
    }
    for name, text in rows.items():
        reading = read(tmp_path, f"{name}.csv", text)
        (entry,) = reading.entries
        assert entry.title.startswith("Returns") and "Within 30 days." in entry.answer, name
        assert "<" not in entry.answer
        assert len(reading.skipped) == (name != "freshdesk")
    zendesk = read_source(tmp_path / "zendesk.csv").entries[0]
    assert (zendesk.url, zendesk.language) == ("https://x/9", "en-us")
    assert str(zendesk.updated) == "2026-01-31"


@pytest.mark.parametrize("name", ["Last updated at", "last_updated_on"])
def test_the_day_of_the_last_change_is_known_by_its_names(tmp_path, name):
    reading = read(tmp_path, "a.csv", f"Title,Body,{name}\nReturns,Within 30 days.,2026-01-31\n")
    assert str(reading.entries[0].updated) == "2026-01-31"


def test_without_a_header_the_contents_decide(tmp_path):
    rows = "k1,Hours,When are you open?,We are open from 9 to 18 on all days but Sunday.\n"
    rows += "k2,Parking,Where can I park?,There is room behind the shop for twenty cars.\n"
    reading = read(tmp_path, "faq.csv", rows)
    first = reading.entries[0]
    assert (first.id, first.title, first.questions) == ("k1", "Hours", ("When are you open?",))
    assert "by its contents" in reading.mapping[0] and first.source == "faq.csv:1"


@pytest.mark.parametrize("numbers", ["线路编号", "产品编号", "Tour ref."])
def test_codes_of_goods_stand_behind_their_names_whatever_their_column_is_called(tmp_path, numbers):
    rows = f"{numbers},线路名称,价格,说明\n"
    rows += "CX-1,环线拼团,3280元,每周三出发，含早餐和正餐，住四星酒店。\n"
    rows += "CX-2,环线小包团,5680元,天天出发，含早餐，司机兼导游，住五星酒店。\n"
    titles = [entry.title for entry in read(tmp_path, "tours.csv", rows).entries]
    assert titles == ["环线拼团 (CX-1)", "环线小包团 (CX-2)"]


@pytest.mark.parametrize(
    "table, title, kept",
    [
        (
            "项目,价格,时长,说明|高速陪练,680元,3小时,已拿证|夜间陪练,150元,1小时,总校",
            "高速陪练",
            "3小时",
        ),
        ("服务,价格,说明|洗牙,200元,含检查|美白,900元,约一小时", "洗牙", "200元"),
        ("时长,项目,说明|30分钟,按摩,含茶水|60分钟,足疗,先预约", "按摩", "30分钟"),
        ("Service,Time,Description|Scaling,20 min,both jaws|Filling,1 h,once", "Scaling", "20 min"),
        ("Kurs,Ort,Beschreibung|Töpfern,Raum Nord,mit Ton|Malen,Saal,ohne", "Töpfern", "Raum Nord"),
        ("Treatment,Fee,Details|wax,12,legs|facial,30,with mask", "wax", "12"),
    ],
)
def test_a_column_of_names_is_no_id_and_no_amount_a_title(tmp_path, table, title, kept):
    entry = read(tmp_path, "list.csv", table.replace("|", "\n")).entries[0]
    assert entry.title == title and kept in entry.answer


@pytest.mark.parametrize(
    "topic, title, told",
    [
        ("Area", "Do you take cheques?", False),
        ("Topic", "Pay: Do you take cheques?", False),
        ("Squad", "Do you take cheques?", True),
    ],
)
def test_where_topics_repeat_the_questions_are_the_titles(tmp_path, topic, title, told):
    table = f"""Ref;{topic};What people ask;What we tell them;Last checked
F-1;Pay;Do you take cheques?;No. We take cards and cash at every counter of ours.;2026-10-02
F-2;Pay;Can I pay later?;Yes, within 14 days of the invoice, by bank transfer.;2026-10-03
F-3;Bail;Is there a deposit?;Yes, 50 euros, which you get back at the end.;2026-09-30
"""
    first, *_ = read(tmp_path, "faq.csv", table).entries
    assert first.title == title and ("Squad: Pay" in first.answer) == told
    assert "2026" not in first.answer


def test_a_product_whose_questions_fill_several_rows_stays_in_their_titles(tmp_path):
    table = """Product,Question,Answer
Aster 50,How do I descale it?,Run it with vinegar and twice with clear water.
Aster 50,How long does it last?,Most of them last for ten years of daily use.
Aster 60,How do I descale it?,Use the tablets that came with the machine.
"""
    titles = [entry.title for entry in read(tmp_path, "faq.csv", table).entries]
    assert titles[0] == "Aster 50: How do I descale it?" != titles[2] and len(set(titles)) == 3


@pytest.mark.parametrize("aside", ["责任部门", "业务分类", "Owner"])
def test_who_keeps_a_row_is_not_read_with_its_answer(tmp_path, aside):
    table = f"""问题,答案,{aside}
怎么退款？,在订单里点退款，三个工作日内原路退回。,财务一组
几点关门？,每天晚上九点关门，周五延长到十点。,门店二组
能开发票吗？,可以，在小程序里填写抬头后发到邮箱。,财务三组
"""
    entries = read(tmp_path, "faq.csv", table).entries
    assert len(entries) == 3 and not any("组" in entry.answer for entry in entries)


def test_a_table_without_questions_is_read_by_row_and_column(tmp_path):
    text = "Plan;Price per month;Data\nPebble S;7.99 €;4 GB\nPebble M;12.99 €;15 GB\n"
    reading = read(tmp_path, "plans.csv", text)
    assert [entry.answer for entry in reading.entries] == [
        "Plan: Pebble S; Price per month: 7.99 €; Data: 4 GB",
        "Plan: Pebble M; Price per month: 12.99 €; Data: 15 GB",
    ]
    assert reading.entries[1].title == "plans: Pebble M"


def test_what_only_is_long_among_several_columns_keeps_its_name(tmp_path):
    table = (
        "Branch,Opening hours,Parking\n"
        'Quay Library,"Monday to Thursday 9:30-18:30, Friday 9:30-13:00",Behind the house\n'
        'Hill Library,"Tuesday and Wednesday 10:00-17:00, other days closed",None\n'
    )
    first, _ = read(tmp_path, "branches.csv", table).entries
    assert "Quay Library" in first.title
    assert "Opening hours: Monday to Thursday 9:30-18:30, Friday 9:30-13:00" in first.text
    told = table.replace("closed", "closed.").replace("13:00", "13:00.")
    first, _ = read(tmp_path, "branches.csv", told).entries
    assert "Opening hours:" not in first.text


@pytest.mark.parametrize(
    "names",
    [
        "Art-Nr;Bezeichnung;Lager",
        "SKU;désignation;Stock",
        "型号;品名;库存",
        "Code;Modell;Lager",
        ";;",
    ],
)
def test_rows_of_goods_are_called_by_their_names_and_known_by_their_codes(tmp_path, names):
    rows = "A-1;Lampe rot;auf Lager\nA-2;Lampe blau;auf Lager\nA-3;Helm L;auf Lager\n"
    reading = read(tmp_path, "lager_2026.csv", f"{names}\n{rows}")
    assert reading.entries[0].title == "Lampe rot" and "A-1" in reading.entries[0].answer
    assert [entry.id for entry in reading.entries][1:] == ["lager-2026-a-2", "lager-2026-a-3"]


@pytest.mark.parametrize(
    "name",
    ["Art. no.", "Artikel-Nr.", "Réf.", "Codice articolo", "Nr artykułu", "Артикул", "商品コード"]
    + ["상품코드", "Referência", "Artikelcode", "Ürün kodu", "Mã sản phẩm", "رقم المنتج"],
)
def test_the_numbers_of_goods_in_groups_are_their_codes(tmp_path, name):
    rows = "Lamps;;\n10417;Red lamp;5\n10424;Blue lamp;6\nHelmets;;\n10431;Helmet L;9\n"
    reading = read(tmp_path, "stock.csv", f"{name};Model;Price\n{rows}")
    assert [entry.id for entry in reading.entries] == [
        "stock-lamps-10417",
        "stock-lamps-10424",
        "stock-helmets-10431",
    ]


@pytest.mark.parametrize("word", ["yes", "Y", "x", "ja", "WAHR", "VRAI", "1", "是", "sí", "TRUE"])
def test_yes_in_the_words_that_people_write(tmp_path, word):
    reading = read(
        tmp_path, "a.csv", f"title,answer,human_only\nA,It is so.,{word}\nB,It is not so.,\n"
    )
    assert [entry.human_only for entry in reading.entries] == [True, False]
    assert not reading.warnings


def test_what_says_neither_yes_nor_no_is_told_and_kept_from_being_answered(tmp_path):
    reading = read(
        tmp_path, "a.csv", "title,answer,human only\nA,It is so.,maybe\nB,It is not so.,FALSCH\n"
    )
    assert [entry.human_only for entry in reading.entries] == [True, False]
    assert [(line, "maybe" in reason) for _, line, reason in reading.warnings] == [(2, True)]


def test_equal_titles_and_ids_are_all_kept_and_told(tmp_path):
    text = "title,answer\nShipping,Germany 4.90.\nShipping,Austria 9.90.\nShipping,Austria 9.90.\n"
    reading = read(tmp_path, "a.csv", text)
    assert [entry.id for entry in reading.entries] == ["shipping", "shipping-2"]
    assert [entry.id for entry in read_source(tmp_path / "a.csv").entries] == [
        "shipping",
        "shipping-2",
    ]
    assert any("used before" in reason and line == 3 for _, line, reason in reading.warnings)
    assert [line for _, line, _ in reading.skipped] == [4]


def test_validity_is_carried_and_an_unsure_date_is_told(tmp_path):
    text = (
        "title,answer,valid_from,valid until\n"
        "A,First of all.,2026-01-02,31.12.2026\nB,Second of all.,03/04/2026,2026/02/30\n"
        "C,Third of all.,13/04/2026,\n"
    )
    reading = read(tmp_path, "a.csv", text)
    days = [(str(entry.valid_from), str(entry.valid_until)) for entry in reading.entries]
    assert days == [("2026-01-02", "2026-12-31"), ("None", "None"), ("2026-04-13", "None")]
    assert [line for _, line, _ in reading.warnings] == [3, 3]


@pytest.mark.parametrize(
    "written",
    ["31 Dec 2026", "Thu, 31 Dec 2026 10:00:00 +0000", "20261231", "31. Dezember 2026"]
    + ["31 décembre 2026", "31 de diciembre de 2026", "31 grudnia 2026", "31 декабря 2026 г."]
    + [
        "31.12.26",
        "31/12/26",
        "12/31/26",
        "31 tháng 12, 2026",
        "2026년 12월 31일",
        "2026年12月31日",
        "31. prosince 2026",
    ],
)
def test_a_day_is_read_in_any_language(written):
    remarks = Remarks("a.csv")
    assert as_day(written, "valid_until", 2, remarks) == date(2026, 12, 31)
    assert not remarks.warnings


@pytest.mark.parametrize(
    "written",
    ["05/04/26", "30/02/26", "May 2026", "31 December", "tomorrow", "soon", "12", "x" * 999],
)
def test_what_is_no_whole_day_is_told(written):
    remarks = Remarks("a.csv")
    assert as_day(written, "valid_until", 2, remarks) is None
    assert len(remarks.warnings) == 1


def test_a_cell_of_any_length_is_kept(tmp_path):
    text = " ".join(f"Clause {n} holds for order {n}." for n in range(9_000))
    reading = read(tmp_path, "a.csv", f'title,answer\nTerms,"{text}"\nB,Two.\n')
    assert len(text) > 200_000 and reading.documents == 2 and not reading.skipped
    parts = [entry for entry in reading.entries if entry.document == "terms"]
    assert " ".join(entry.answer for entry in parts) == text
    assert len({entry.id for entry in reading.entries}) == len(reading.entries)


def test_a_cell_past_all_bounds_and_one_with_a_line_separator_cost_no_other_row(tmp_path):
    rows = f"title,answer\nTerms,{'x' * (MAX_CELL + 1)}\nB,Two\u2028lines\x0b.\n"
    reading = read(tmp_path, "a.csv", rows)
    assert [entry.answer.split() for entry in reading.entries] == [["Two", "lines", "."]]
    ((_, line, reason),) = reading.skipped
    assert line == 2 and "split it" in reason


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([{"title": "A", "answer": "One."}, {"title": "B", "answer": "Two."}]),
        json.dumps([{"title": "A", "answer": "One."}, {"title": "B", "answer": "Two."}], indent=1),
        json.dumps(
            {
                "count": 2,
                "articles": [{"title": "A", "body": "One."}, {"name": "B", "body": "Two."}],
            }
        ),
        json.dumps(
            {"faq": [{"question": "A", "answer": "One."}, {"question": "B", "answer": "Two."}]},
            indent=2,
        ),
        '{"title": "A", "answer": "One."}\r\n\r\n{"title": "B", "answer": "Two."}',
    ],
)
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_json_in_its_forms(tmp_path, content, suffix):
    reading = read(tmp_path, f"a.{suffix}", "\ufeff" + content)
    assert [(entry.title, entry.answer) for entry in reading.entries] == [
        ("A", "One."),
        ("B", "Two."),
    ]
    assert not reading.skipped


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "content, titles",
    [
        ({"How long?": "2 days.", "Opening hours": ["9-17", "closed on Sunday"]}, ["How long?"]),
        (
            {"Delivery": {"How long?": "2 days."}, "Returns": {"How long?": "30 days."}},
            ["Delivery: How long?", "Returns: How long?"],
        ),
        ({"version": 2, "faq": {"怎么退货": "在订单里退。", "how_long": "2 days."}}, ["怎么退货"]),
        (
            {
                "Delivery": [{"question": "How long?", "answer": "2 days."}],
                "Returns": [{"question": "How long?", "answer": "30 days."}],
            },
            ["Delivery: How long?", "Returns: How long?"],
        ),
        (
            {"faq": [{"category": "Delivery", "items": [{"q": "How long?", "a": "2 days."}]}]},
            ["Delivery: How long?"],
        ),
    ],
)
def test_json_of_questions_and_answers_by_topic(tmp_path, content, titles, indent):
    reading = read(tmp_path, "faq.json", json.dumps(content, indent=indent, ensure_ascii=False))
    told = {entry.title: entry for entry in reading.entries}
    assert {*titles} <= told.keys() and "version" not in told
    asked = [told[title] for title in titles if ": " in title]
    assert all(entry.questions == ("How long?",) for entry in asked)
    assert len(told) == 2 or len(titles) == 1


@pytest.mark.parametrize("content", [{"colour": "red", "size": "L"}, {"title": "A", "How?": "So."}])
def test_a_json_record_without_an_answer_is_no_list_of_answers(tmp_path, content):
    with pytest.raises(KnowledgeError, match="it has no"):
        read(tmp_path, "a.json", json.dumps(content))


def test_a_row_of_equal_cells_keeps_the_names_of_its_columns(tmp_path):
    html = (
        "<table><tr><th>Monday</th><th>Tuesday</th><th>Friday</th></tr>"
        "<tr><td>9-17</td><td>9-17</td><td>9-17</td></tr>"
        "<tr><td colspan=3>Closed on holidays</td></tr></table>"
    )
    reading = read(tmp_path, "a.html", f"<main><h1>Hours</h1>{html}</main>")
    assert reading.entries[0].answer.splitlines() == [
        "Monday: 9-17; Tuesday: 9-17; Friday: 9-17",
        "Closed on holidays",
    ]


def test_a_first_row_with_a_value_of_its_column_names_nothing(tmp_path):
    rows = "Monday|open|free parking", "Tuesday|closed|no parking", "Friday|open|paid parking"
    cells = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row.split('|'))}</tr>" for row in rows
    )
    reading = read(tmp_path, "a.html", f"<main><h1>Hours</h1><table>{cells}</table></main>")
    answer = reading.entries[0].answer
    assert "Monday; open; free parking" in answer and "Tuesday; closed; no parking" in answer


def test_json_loses_no_list_and_shows_no_brackets(tmp_path):
    content = {
        "faqs": [
            {"question": "Open?", "answer": {"text": "Yes."}},
            {"question": "When?", "answers": ["From 9 to 5.", "On Sunday never."]},
        ],
        "products": [
            {
                "title": "Lamp",
                "answer": "A lamp.",
                "sizes": ["S", "M"],
                "specs": {"power": "5 W", "weight": 2},
                "author": {"id": 7, "name": "Jo"},
            }
        ],
        "editions": [{"number": 1}],
    }
    reading = read(tmp_path, "a.json", json.dumps(content))
    assert [entry.answer for entry in reading.entries] == [
        "Yes.",
        "From 9 to 5.\nOn Sunday never.",
        "A lamp.\n\nsizes: S, M; specs: power: 5 W; weight: 2",
    ]
    ((_, _, reason),) = reading.skipped
    assert "'editions'" in reason


def test_answers_of_html_and_markdown_are_read_as_their_readers_see_them(tmp_path):
    rows = [
        {"title": "A", "answer": "<p>5&nbsp;€<br>a <i>day</i></p><script>x()</script><!-- y -->"},
        {"title": "B", "answer": "Press **OK**, then see [our page](https://x.example)."},
        {"title": "C", "answer": "2 * 3 * 4 = 24, a_b_c <5 & >3"},
        {"title": "Q&amp;A", "answer": "R&amp;D &euro;5"},
    ]
    reading = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert [entry.answer for entry in reading.entries] == [
        "5 €\na day",
        "Press OK, then see our page.",
        "2 * 3 * 4 = 24, a_b_c <5 & >3",
        "R&D €5",
    ]
    assert reading.entries[3].title == "Q&A"


def test_empty_files_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.md").write_text("# T\n\nA.")
    assert read_source(tmp_path).skipped == [("a.csv", 0, "it is empty")]
    with pytest.raises(KnowledgeError):
        read_source(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "content", [b"\0" * 1000, b" \r\n\t\n", b"\xef\xbb\xbf\n", b"\xff\xfe\0\0"]
)
@pytest.mark.parametrize("suffix", ["txt", "md", "csv", "json", "html", "eml", "docx", "pdf"])
def test_files_of_zeros_and_blanks_are_told(tmp_path, suffix, content):
    (tmp_path / f"a.{suffix}").write_bytes(content)
    (tmp_path / "b.md").write_text("# T\n\nA.")
    reading = read_source(tmp_path)
    assert reading.skipped == [(f"a.{suffix}", 0, "it holds no text")]
    assert [entry.title for entry in reading.entries] == ["T"]


@pytest.mark.parametrize("suffix", ["txt", "md", "csv", "json", "html", "eml"])
def test_bytes_of_another_format_are_no_entries(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, 3_000, np.uint8)
    (tmp_path / f"a.{suffix}").write_bytes(noise.tobytes())
    (tmp_path / "b.md").write_text("# T\n\nA.")
    reading = read_source(tmp_path)
    assert [entry.title for entry in reading.entries] == ["T"]
    assert [name for name, _, _ in reading.skipped] == [f"a.{suffix}"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-be", "utf-32-le"])
def test_zeros_that_a_crash_left_behind_a_text_change_none_of_it(encoding):
    text = "Rückgaben dauern 30 Tage.\nSchicken Sie die Ware an unser Lager.\n" * 20
    for zeros in (4, 100, 5_000):
        assert decode(text.encode(encoding) + bytes(zeros), Remarks("a.txt")) == text


@pytest.mark.slow
def test_many_rows_in_bounded_memory(tmp_path):
    rows = "".join(f"{n},Title {n},Answer number {n} of all.\n" for n in range(12_000))
    path = tmp_path / "many.csv"
    path.write_text("id,title,answer\n" + rows)
    before = psutil.Process().memory_info().rss
    reading = read_source(path)
    grown = psutil.Process().memory_info().rss - before
    assert len(reading.entries) == 12_000 and grown < 30 * 2**20


def test_a_table_that_is_read_whole_has_no_unused_columns(tmp_path):
    path = tmp_path / "plans.csv"
    path.write_text("Plan,Price,Storage\nBasic,9 euros,5 GB\nPro,19 euros,50 GB\n")
    reading = read_source(path)
    assert "Storage: 5 GB" in reading.entries[0].answer
    assert "not used" not in " ".join(reading.mapping)


def test_a_catalogue_keeps_what_it_says_of_its_products(tmp_path):
    """Prices, sizes and numbers stand in columns of their own; what an export says of a record is
    no part of it."""
    text = (
        "sku,name,description,price,details,author id,created_at,featured\n"
        "HE-200,Solo,A compact machine.,249.00,Tank 1.2 L; 1350 W,7,2026-01-31T10:00:00Z,true\n"
        "HE-220,Solo Plus,A machine with a gauge.,329.00,,7,2026-01-31T10:00:00Z,false\n"
    )
    reading = read(tmp_path, "products.csv", text)
    solo, plus = (entry.answer for entry in reading.entries)
    for told in ("price: 249.00", "details: Tank 1.2 L; 1350 W", "featured: true"):
        assert told in solo
    assert "329.00" in plus and "details" not in plus
    for aside in ("2026", "author"):
        assert aside not in solo
    (note,) = reading.mapping
    assert "read with the answer: 'price', 'details', 'featured'" in note and "'author id'" in note


def test_a_products_number_stands_behind_its_name(tmp_path):
    (entry,) = read(
        tmp_path, "a.csv", "型号,名称,说明,价格\nLX-200,城市车,通勤车型，续航 60 公里,3299元\n"
    ).entries
    assert entry.title == "城市车 (LX-200)" and "价格: 3299元" in entry.answer


GROUPED = """Treatment,Minutes,Price
Hair,,
Cut,30,35 EUR
Colour,90,80 EUR
Nails,,
Gel,60,45 EUR
Prices include VAT.,,
"""


def test_a_row_that_names_a_group_is_in_the_titles_of_its_rows(tmp_path):
    entries = read(tmp_path, "list.csv", GROUPED).entries
    assert [entry.title for entry in entries] == [
        "list: Hair: Cut",
        "list: Hair: Colour",
        "list: Nails: Gel",
        "list",
    ]
    bare = read(tmp_path, "list.csv", "Drinks,\nCoffee,2.80\nTea,3.20\nFood,\nSoup,6.90\n").entries
    assert [(entry.title, entry.answer) for entry in bare] == [
        ("list: Drinks: Coffee", "Coffee: 2.80"),
        ("list: Drinks: Tea", "Tea: 3.20"),
        ("list: Food: Soup", "Soup: 6.90"),
    ]


@pytest.mark.parametrize("topic", ["Delivery,\n", "Delivery\n"])
def test_a_row_between_questions_names_their_topic(tmp_path, topic):
    table = f"Question,Answer\n{topic}How long?,2 days.\nReturns,\nHow long?,30 days.\n"
    reading = read(tmp_path, "faq.csv", table)
    assert [entry.title for entry in reading.entries] == [
        "Delivery: How long?",
        "Returns: How long?",
    ]
    assert all(entry.questions == ("How long?",) for entry in reading.entries)
    assert not reading.skipped


@pytest.mark.parametrize(
    "table, titles",
    [
        (
            "Item,Days,Price\nCut,1,35\nPerm,,\nBeard,,\nColour,2,80\n",
            ["list: Perm", "list: Beard"],
        ),
        ("Question,Answer\nWho pays?,\nHow long?,30 days.\nWhy?,\nWhere?,There.\n", ["How long?"]),
    ],
)
def test_a_row_without_values_among_others_names_no_group(tmp_path, table, titles):
    reading = read(tmp_path, "list.csv", table)
    said = [entry.title for entry in reading.entries]
    assert {*titles} <= {*said} and len(reading.entries) + len(reading.skipped) == 4
    assert not any(title.count(": ") > 1 for title in said)


@pytest.mark.parametrize(
    "table, titles",
    [
        (
            "Kind,Item,Price\nHair,Cut,35 EUR\n,Colour,80 EUR\nNails,Gel,45 EUR\n,Care,9 EUR\n",
            ["list: Hair: Colour", "list: Nails: Care"],
        ),
        (
            "Product,Question,Answer\nAster 50,Where is it made?,In Italy.\n,Is it loud?,No.\n"
            "Aster 60,Where is it made?,In Spain.\n,Is it heavy?,No.\n",
            ["Aster 50: Is it loud?", "Aster 60: Is it heavy?"],
        ),
        (
            "SKU,Item,Price\nA-1,Cup,35 EUR\n,Pan,80 EUR\nA-3,Pot,45 EUR\n,Jug,9 EUR\n",
            ["Pan", "Jug"],
        ),
    ],
)
def test_a_cell_over_empty_ones_stands_for_all_of_them(tmp_path, table, titles):
    entries = read(tmp_path, "list.csv", table).entries
    assert [entry.title for entry in entries][1::2] == titles
    assert all("SKU" not in entry.answer for entry in entries[1::2])


def test_where_groups_repeat_the_rows_are_called_by_their_own_names(tmp_path):
    table = "Gruppe,Was,Preis\nHaare,Schnitt,35\nHaare,Farbe,80\nNägel,Gel,45\nNägel,Pflege,9\n"
    entries = read(tmp_path, "list.csv", table).entries
    assert [entry.title for entry in entries][:2] == ["list: Schnitt", "list: Farbe"]
    assert entries[0].answer == "Gruppe: Haare; Was: Schnitt; Preis: 35"


@pytest.mark.parametrize(
    "rows",
    [
        [
            "Inland|4.90 € to 2 kg",
            "Abroad|12.90 €, within 3 to 6 days",
            "Payment|By card or in cash",
        ],
        [
            "Lieferzeit|3 Tage",
            "Zahlung|Rechnung, PayPal oder Karte",
            "Rückgabe|30 Tage lang bei uns",
        ],
        [
            "배송 기간|3일 이내",
            "결제 방법|카드 또는 계좌 이체로 하시면 됩니다",
            "반품 기간|30일 이내에 보내 주세요",
        ],
    ],
)
def test_a_first_row_of_a_name_and_an_amount_names_no_columns(tmp_path, rows):
    entries = read(tmp_path, "terms.csv", "\n".join(rows)).entries
    answers = [entry.answer for entry in entries]
    pairs = [row.split("|") for row in rows]
    assert len(answers) == 3
    for (name, said), answer in zip(pairs, answers):
        others = [own for pair in pairs if pair[0] != name for own in pair]
        assert name in answer and said in answer and not any(own in answer for own in others)


@pytest.mark.parametrize("header", ["Weight,up to 50 €", "Country,5 kg", "Room,Price from 5 May"])
def test_amounts_in_the_names_of_columns_leave_them_names(tmp_path, header):
    table = f"{header}\nFrance,4.90\nSpain,12.90\nItaly,7.90\n"
    first = read(tmp_path, "list.csv", table).entries[0]
    assert first.answer == f"{header.split(',')[0]}: France; {header.split(',')[1]}: 4.90"


@pytest.mark.parametrize("blanks", ["", ",,,,"])
def test_what_stands_above_a_header_is_the_name_of_the_table_and_text(tmp_path, blanks):
    head = f"Fares 2026{blanks}\nFares include all taxes{blanks}\n,,,,\n"
    rows = "Zone,Adult,Child,Dog,Bike\nA,4.90,2,1.50,1\nB,7.90,4,2.50,2\n"
    reading = read(tmp_path, "list.csv", head + rows)
    said, first, _ = reading.entries
    assert (said.title, said.answer) == ("Fares 2026", "Fares include all taxes")
    assert first.title == "Fares 2026: A" and first.answer.startswith("Zone: A; Adult: 4.90;")
    assert first.id == "list-a" and any("Fares 2026" in told for told in reading.mapping)
    bare = read(tmp_path, "list.csv", f"Ask us{blanks}\nQuestion,Answer\nWhere?,In the town.\n")
    assert [(entry.title, entry.answer) for entry in bare.entries] == [("Where?", "In the town.")]


@pytest.mark.parametrize(
    "header, names",
    [
        (["Zone,Adult,,Child", ",price,days,price,days"], "Adult price,Adult days,Child price"),
        (["Zone,Adult,,Child", ",to 2 kg,to 5 kg,to 2 kg,to 5 kg"], "Adult to 2 kg,Adult to 5 kg"),
        ([",Adult,,Child", "Zone,price,days,price,days"], "Adult price,Adult days,Child price"),
        (["Zone,Adult,Child,Dog,Bike", ",cm,cm,kg,kg"], "Adult cm,Child cm,Dog kg,Bike kg"),
    ],
)
def test_two_rows_of_names_are_one_header(tmp_path, header, names):
    rows = "\nA,4.90,2,9.90,1\nB,7.90,4,14.90,2\nC,8.90,5,15.90,3\n"
    first, *others = read(tmp_path, "list.csv", "\n".join(header) + rows).entries
    assert len(others) == 2 and first.answer.startswith("Zone: A; ")
    assert all(f"; {name}: " in first.answer for name in names.split(","))


def test_a_row_without_a_name_is_no_second_header(tmp_path):
    rows = ["Name,Price,Days", ",29.90,3", "Pan,39.90,5", "Pot,19.90,2"]
    first, *others = read(tmp_path, "list.csv", "\n".join(rows)).entries
    assert "Price: 29.90" in first.answer and "Price: 39.90" in others[0].answer


@pytest.mark.parametrize(
    "name, text",
    [("a.csv", "---,---\n:--,--:\n"), ("a.csv", "title,answer\n"), ("a.json", "[]")],
)
def test_a_file_without_entries_is_told(tmp_path, name, text):
    (tmp_path / "b.md").write_text("# T\n\nA.")
    (tmp_path / name).write_text(text)
    reading = read_source(tmp_path)
    assert [entry.title for entry in reading.entries] == ["T"]
    assert reading.skipped == [(name, 0, "it holds no entries")]


def test_a_rule_of_markdown_is_no_row(tmp_path):
    rows = "| Question | Answer |\n|---|:---:|\n| Where? | In the town, behind it. |\n"
    reading = read(tmp_path, "faq.csv", rows)
    assert [entry.answer for entry in reading.entries] == ["In the town, behind it."]
    rows = "| Zone | Fare | Days |\n|---|---:|---|\n| A | 4.90 | 2 |\n| B | 7.90 | 4 |\n"
    first, _ = read(tmp_path, "list.csv", rows).entries
    assert first.answer == "Zone: A; Fare: 4.90; Days: 2"


def test_a_column_of_articles_holds_goods_or_answers(tmp_path):
    entry, _ = read(tmp_path, "a.csv", "Article,Price\nPan,39.90\nPot,19.90\n").entries
    assert (entry.title, entry.answer) == ("Pan", "Article: Pan; Price: 39.90")
    rows = "Title,Article\nHours,We open at nine each day.\nCars,Park behind the shop.\n"
    assert read(tmp_path, "b.csv", rows).entries[0].answer == "We open at nine each day."


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.csv", 'Title,Answer,Tags,Labels\nHours,At nine.,"opening, doors","[""open""]"\n'),
        ("a.json", '[{"title": "Hours", "answer": "At nine.", "tags": ["opening", "doors"]}]'),
        ("b.json", '[{"title": "Hours", "answer": "At nine.", "labels": [{"name": "opening"}]}]'),
        ("a.md", "---\ntitle: Hours\ntags: [opening, doors]\n---\nAt nine.\n"),
    ],
)
def test_tags_are_for_finding_and_not_shown(tmp_path, name, text):
    (entry,) = read(tmp_path, name, text).entries
    assert entry.tags[0] == "opening" and any("opening" in own for own in entry_texts(entry))
    assert (entry.answer, entry.questions) == ("At nine.", ())


@pytest.mark.parametrize(
    "text",
    [
        "Frage;Antwort\rWie groß ist die Küche?;Für jede Größe – überall.\rKosten?;Über 5 €.\r",
        "Question;Réponse\rOù êtes-vous situés ?;À côté du musée, près de la forêt.\r",
        "Pregunta;Respuesta\r¿Cuándo abren?;Mañana, a las nueve. Sí, señor.\r",
    ],
)
@pytest.mark.parametrize("encoding", ["mac_roman", "cp1252"])
def test_tables_that_a_mac_saved(tmp_path, text, encoding):
    entry = read(tmp_path, "faq.csv", text.encode(encoding)).entries[0]
    assert f"{entry.title};{entry.answer}" == text.split("\r")[1]


def test_a_cell_that_is_a_part_of_a_word_in_the_answer_is_read(tmp_path):
    rows = "Title,Answer,Price,Size\nLamp 9,A lamp with 15 lights for the table.,5,9\n"
    (entry,) = read(tmp_path, "a.csv", rows).entries
    assert entry.answer.endswith("Price: 5; Size: 9")


def test_days_tell_that_a_row_above_them_names_columns(tmp_path):
    rows = "Monday,9-18\nTuesday,9-18\nSunday,closed\n24.12.2026,9-13\nEaster,closed\n"
    first = read(tmp_path, "a.csv", "Day,Opening hours\n" + rows).entries[0]
    assert first.answer == "Day: Monday; Opening hours: 9-18"
    assert "Monday" in read(tmp_path, "b.csv", rows).entries[0].answer


def test_exports_that_nest_answers_or_name_two_addresses(tmp_path):
    answer = {"@type": "Answer", "text": "In the town.", "upvoteCount": 3}
    items = [{"@type": "Question", "name": "Where?", "acceptedAnswer": answer}]
    (entry,) = read(tmp_path, "a.json", json.dumps({"mainEntity": items})).entries
    assert (entry.title, entry.answer) == ("Where?", "In the town.")
    article = {"url": "https://x/api/1.json", "html_url": "https://x/1", "name": "Returns"}
    article |= {"title": "Returns", "body": "<p>In time.</p>", "source_locale": "en"}
    (entry,) = read(tmp_path, "b.json", json.dumps({"articles": [article]})).entries
    assert (entry.url, entry.answer) == ("https://x/1", "In time.")


def test_a_table_of_markdown_in_a_cell_is_read_by_rows(tmp_path):
    rows = 'Question,Answer\nCost?,"| Zone | Fare |\n|---|---|\n| A | 4.90 |"\n'
    (entry,) = read(tmp_path, "a.csv", rows).entries
    assert entry.answer == "Zone: A; Fare: 4.90"


def test_what_rows_are_filed_under_is_a_tag_and_their_last_change_is_not_shown(tmp_path):
    text = (
        "Rubrique;Question posée;Réponse à donner;Mise à jour\n"
        "Urgences;Ma dent est tombée ?;Venez dans l'heure, sans la frotter.;03/02/2026\n"
        "Dossier;Que faut-il apporter ?;La carte Vitale et l'ordonnance.;17/01/2026\n"
    )
    reading = read(tmp_path, "faq.csv", text)
    first, second = reading.entries
    assert first.tags == ("Urgences",) and str(first.updated) == "2026-02-03"
    assert (
        second.answer == "La carte Vitale et l'ordonnance." and str(second.updated)[5:] == "01-17"
    )
    assert not reading.warnings and "'Rubrique' is the category" in reading.mapping[0]


def test_a_column_of_texts_under_a_name_for_days_is_read(tmp_path):
    text = (
        "问题,答案,产品类别,更新时间\n"
        "怎么升级？,按住电源键。,扫地机,请先充满电再升级。\n能退吗？,可以。,电饭煲,无\n"
    )
    first, second = read(tmp_path, "faq.csv", text).entries
    assert "请先充满电再升级。" in first.answer and first.tags == ("扫地机",)
    assert not second.updated and "电饭煲" not in second.answer


ORDERS = [
    "Part{0}Fits{0}Trouble{0}What you can try{0}On stock?",
    "P-11{0}Kettle 3{0}It leaks at the lid{0}Press the lid down until it clicks, then rinse.{0}yes",
    "P-12{0}Kettle 3{0}It stays cold{0}Pull the plug for a minute, then switch on again.{0}no",
    "P-20{0}All pans{0}The handle is loose{0}Turn the screw under the handle by hand.{0}order it",
]


def test_a_name_that_ends_in_a_mark_is_a_name(tmp_path):
    rows = "\n".join(ORDERS).format("\t")
    entries = read(tmp_path, "parts.tsv", rows).entries
    assert len(entries) == 3 and all("On stock?" in entry.answer for entry in entries)
    assert not any("column" in entry.answer for entry in entries)


def test_a_question_above_questions_is_no_name(tmp_path):
    rows = ["When do you open?,We open at nine each day.", "Where can I park?,Behind the shop."]
    entries = read(tmp_path, "faq.csv", "\n".join(rows)).entries
    assert [entry.title for entry in entries] == ["When do you open?", "Where can I park?"]


@pytest.mark.parametrize("header", [True, False])
def test_rows_under_a_title_alone_are_kept(tmp_path, header):
    rows = ["Spare parts{0}{0}{0}{0}", "{0}{0}{0}{0}", *ORDERS[not header :]]
    reading = read(tmp_path, "parts.csv", "\n".join(rows).format(";"))
    lines = [int(entry.source.rpartition(":")[2]) for entry in reading.entries]
    assert lines == [3 + header, 4 + header, 5 + header] and not reading.skipped
    assert any("'Spare parts' is the table's name" in told for told in reading.mapping)


def test_a_list_of_names_is_one_entry(tmp_path):
    reading = read(tmp_path, "brands.csv", "Brands\nAcme\nZeta\n")
    (entry,) = reading.entries
    assert entry.answer.split() == ["Brands", "Acme", "Zeta"] and not reading.skipped


@pytest.mark.parametrize(
    "rows, told",
    [
        (["Room;Weekday;Peak*", "Garden room;60;90", "Loft;75;110"], ["90 (July", "110 (July"]),
        (["Room;Weekday;Peak", "Garden room;60;90*", "Loft;75;110"], ["90* (July", "110"]),
        (
            ["Question;Answer;Fee*", "May I stay?;Yes.;9", "May I cook?;Yes.;8"],
            ["9 (July", "8 (July"],
        ),
    ],
)
def test_a_note_below_a_table_stands_behind_what_it_is_marked_at(tmp_path, rows, told):
    note = "* July and August, and 24 to 31 December.;;"
    reading = read(tmp_path, "rooms.csv", "\n".join([*rows, note, "Breakfast is free.;;"]))
    *entries, general = reading.entries
    assert (general.title, general.answer) == ("rooms", "Breakfast is free.")
    assert len(entries) == 2 and not reading.skipped
    for entry, text in zip(entries, told):
        assert text in entry.answer and "July" not in entry.title
        assert ("July" in entry.answer) == ("July" in text)


def test_items_of_json_are_told_by_their_number_where_no_line_tells(tmp_path):
    items = [{"question": f"Question {n}?", "answer": f"Answer number {n}."} for n in (1, 2)]
    for value in (items, {"export": "x", "items": items}):
        found = read(tmp_path, "faq.json", json.dumps(value)).entries
        assert [entry.source for entry in found] == ["faq.json:1", "faq.json:2"]
    found = read(tmp_path, "faq.json", json.dumps({"items": items}, indent=1)).entries
    assert [entry.source for entry in found] == ["faq.json:1", "faq.json:2"]


def test_what_nested_objects_say_is_read_and_their_flags_have_names(tmp_path):
    plans = [
        {"id": 1, "name": "Short cut", "price_display": "Gs. 90.000", "price": 90000, "note": ""},
        {
            "id": 2,
            "name": "Colour",
            "price_display": "Gs. 250.000",
            "price": 250000,
            "note": "By day",
        },
    ]
    care = {
        "id": "care",
        "visible": True,
        "icon": "scissors",
        "title": "Hair care",
        "details": {"description": "We wash it first.", "includes": ["A wash", "Drying it"]},
        "variants": plans,
        "booking": {"online": True, "by phone": False},
    }
    hidden = {"title": "Beards", "answer": "From May on.", "visible": False}
    reading = read(tmp_path, "services.json", json.dumps({"services": [care, hidden]}))
    (entry,) = reading.entries
    assert entry.title == "Hair care" and not entry.questions
    assert entry.answer.split("\n") == [
        "We wash it first.",
        "",
        "includes: A wash, Drying it",
        "",
        "name: Short cut; price_display: Gs. 90.000; price: 90000",
        "name: Colour; price_display: Gs. 250.000; price: 250000; note: By day",
        "",
        "booking: online: yes; by phone: no",
    ]
    assert [why for _, _, why in reading.skipped] == ["it is marked as not published"]


def test_lists_of_words_and_questions_within_a_service_do_not_hide_its_plans(tmp_path):
    plans = [
        {"name": "Start", "price": "4 EUR", "features": ["1 domain", "backups"], "regions": [{}]},
        {"name": "Old", "price": "1 EUR", "visible": False},
        {"name": "Pro", "price": "9 EUR", "internal": False, "trial": True},
    ]
    faq = [{"question": "Can I change?", "answer": "Yes."}]
    service = {"name": "Hosting", "description": "For small sites.", "plans": plans, "faqs": faq}
    hosting, change = read(tmp_path, "a.json", json.dumps({"services": [service]})).entries
    assert hosting.answer.split("\n") == [
        "For small sites.",
        "",
        "name: Start; price: 4 EUR; features: 1 domain, backups",
        "name: Pro; price: 9 EUR; trial: yes",
    ]
    assert (change.title, change.answer) == ("Hosting: Can I change?", "Yes.")


def test_questions_may_be_objects(tmp_path):
    row = {"title": "Hours", "answer": "9 to 5.", "variants": [{"text": "When?"}, {"text": "Now?"}]}
    (entry,) = read(tmp_path, "faq.json", json.dumps([row])).entries
    assert [*entry.questions] == ["When?", "Now?"]


def test_what_only_repeats_its_title_is_no_entry(tmp_path):
    text = (
        "Question,Answer\nHow to pay,How to pay\nClosed on Mondays,Closed on Mondays\nBags,Here.\n"
    )
    reading = read(tmp_path, "faq.csv", text)
    assert [entry.title for entry in reading.entries] == ["Closed on Mondays", "Bags"]
    assert "no more than its title 'How to pay'" in reading.skipped[0][2]


@pytest.mark.parametrize("no", ["false", "Nein", "否", "non"])
def test_what_is_not_published_in_the_words_that_people_write_is_left_out(tmp_path, no):
    rows = f"title,answer,published\nReturns,Within 30 days.,1\nSecret,Not yet.,{no}\n"
    reading = read(tmp_path, "faq.csv", rows)
    assert [entry.title for entry in reading.entries] == ["Returns"]
    assert "not published" in reading.skipped[0][2]
