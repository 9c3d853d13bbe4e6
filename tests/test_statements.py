"""Lists of statements, of which each is shown by itself, and steps, which are shown together."""

from __future__ import annotations

import pytest

from mm_support.config import Settings
from mm_support.decode.blocks import blocks_of
from mm_support.decode.select import load_selector, selector_file
from mm_support.decode.statements import Statements
from mm_support.types import Entry

# none of them is in assets/training/statements.jsonl
STEPS = [
    "Switch the heating off at the thermostat.|Let the radiator cool down.|Hold a cloth under the "
    "valve and open it with the key.|Close it as soon as water comes out.",
    "Ask your doctor for a referral.|Ring us to agree on a day.|Bring the referral and your card.",
    "把旧电池取出。|按正负极方向装入新电池。|盖好后盖，重新对时。",
    "在官网下载申请表。|填写并签字。|连同照片寄到招生办公室。",
    "Schrauben Sie den Deckel ab.|Füllen Sie Salz bis zum Rand ein.|Wischen Sie den Rand sauber.",
    "Schroef de dop los.|Vul het reservoir bij.|Draai de dop weer vast.",
    "Kapağı açın.|Filtreyi çıkarıp yıkayın.|Kuruduktan sonra yerine takın.",
    "افصل الجهاز عن الكهرباء.|انزع الغطاء ونظف المرشح.|أعد تركيب كل شيء.",
]
STATEMENTS = [
    "Appointments can be moved up to a day before.|Who comes ten minutes late may have to "
    "wait.|Missed appointments cost 20 euros.|Children are seen with a parent only.",
    "The hall holds 80 people.|It is let by the day and costs 240 pounds.|Candles are forbidden.",
    "大厅可容纳八十人。|场地按天出租，每天两千元。|禁止使用明火。",
    "报名费不退。|考试时间为两小时。|迟到十五分钟以上者不得入场。",
    "Der Saal fasst 80 Personen.|Die Miete beträgt 240 Euro am Tag.|Kerzen sind verboten.",
    "De zaal biedt plaats aan 80 mensen.|Honden mogen niet naar binnen.|Parkeren kost 5 euro.",
    "Salon 80 kişiliktir.|Günlük kira 240 liradır.|Evcil hayvan kabul edilmez.",
    "تتسع القاعة لثمانين شخصا.|الإيجار اليومي 240 يورو.|التدخين ممنوع.",
]


@pytest.fixture(scope="module")
def encode():
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    return load_text_encoder(Settings(), resolve_device("cpu")).encode


@pytest.fixture(scope="module")
def told() -> Statements:
    found = load_selector(selector_file(Settings().text_model)).statements
    assert found
    return found


@pytest.mark.slow
def test_steps_are_told_from_statements_in_languages_that_were_not_learned_from(told, encode):
    stating = told.told_by(encode)
    read = {text: stating(text.split("|")) for text in (*STEPS, *STATEMENTS)}
    assert [text for text, statements in read.items() if statements != (text in STATEMENTS)] == []


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_numbered_statements_are_points_however_short_and_bullets_are_where_they_are_long(between):
    """Short bullets name what belongs together."""
    numbered = [f"{n}. Rule {n} says what holds for all who come here." for n in range(1, 11)]
    answer = between.join(numbered)
    blocks = blocks_of(Entry("a", "A", answer), lambda items: True)
    assert [block.sentences for block in blocks] == [(item,) for item in numbered]
    assert all(block.is_point for block in blocks)
    (steps,) = blocks_of(Entry("a", "A", answer), lambda items: False)
    assert steps.has_steps and len(steps.sentences) == 10
    short = between.join(f"- Thing {n} of all that you need there" for n in range(1, 14))
    (bullets,) = blocks_of(Entry("a", "A", short), lambda items: True)
    assert len(bullets.sentences) == 13
