"""actions.toml: what it may say, and what is said about one that is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from acting_service import ACTIONS

from mm_support.__main__ import main
from mm_support.config import Settings
from mm_support.desk.visits import customer_in
from mm_support.knowledge.actions import Call, DeclaredAction, Parameter
from mm_support.knowledge.declarations import MAX_BYTES, action_of, parsed, read_file, tables
from mm_support.language.messages import messages

PACK = Path(__file__).parents[1] / "assets" / "knowledge" / "shopping" / "actions.toml"
TEXT = ACTIONS.replace("SYSTEM", "https://shop.example")
LISTED = 'examples = ["where is my parcel", "parcel whereabouts please"]'


def written(folder: Path, text: str) -> Path:
    path = folder / "actions.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_action_becomes_an_entry_that_says_how_it_is_asked_for(tmp_path):
    text = TEXT.replace(LISTED, f'examples = {{ en = {LISTED[11:]}, zh = ["我的包裹到哪了"] }}')
    status, chinese, cancel, mine = read_file(written(tmp_path, text))
    assert (status.id, status.title) == ("action:status", "Parcel whereabouts")
    asked = {"Parcel whereabouts", "where is my parcel", "parcel whereabouts please"}
    assert set(status.questions) == asked
    assert (chinese.id, chinese.title, chinese.language) == ("action:status:zh", "包裹位置", "zh")
    assert set(chinese.questions) == {"包裹位置", "我的包裹到哪了"} and not chinese.text.isascii()
    assert action_of(chinese) == action_of(status)
    assert action_of(cancel).writes and action_of(mine).signed_in
    assert action_of(status).parameters[0].pattern == "[0-9]{6}"
    assert "shop.example" not in status.text  # is not found, nor shown


WRONG = {
    "no TOML": ("[[action", "is no TOML"),
    "no action": ("", "declares no action"),
    "a table": ("[action]\nname = 'x'", "declares no action"),
    "an unknown key": (TEXT.replace("writes", "write"), "write: there is no such key"),
    "a name": (TEXT.replace('"cancel"', '"Can cel"'), "name: it is made of small letters"),
    "twice": (TEXT.replace('"cancel"', '"status"'), "'status' twice"),
    "no examples": (
        TEXT.replace('["where is my parcel", "parcel whereabouts please"]', "[]"),
        "examples",
    ),
    "no type": (
        TEXT.replace('"identifier"', '"code"', 1),
        "type: Input should be 'text'",
    ),
    "no question": (TEXT.replace('ask = "Which delivery?"', ""), "parameter.0.ask: it is needed"),
    "a pattern": (TEXT.replace("[0-9]{6}", "[0-9", 1), "no regular expression"),
    "an example": (TEXT.replace('"104822"', '"1048"', 1), "an example that fits"),
    "options": (TEXT.replace('"identifier"', '"choice"', 1), "options"),
    "no confirm": (TEXT.replace('confirm = "Shall I stop {order}?"', ""), "needs 'confirm'"),
    "unknown value": (TEXT.replace('orders/{order}"', 'orders/{number}"'), "{number}"),
    "customer": (TEXT.replace('who = "customer"', ""), 'who = "customer"'),
    "who": (TEXT.replace('"customer"', '"staff"'), "'anyone' or 'customer'"),
    "scheme": (TEXT.replace("https://shop.example", "file:///etc", 1), "begins with https"),
    "host": (TEXT.replace("shop.example/orders", "{order}.example", 1), "fixed host"),
    "user": (TEXT.replace("https://shop", "https://u:p@shop", 1), "fixed host"),
    "no address": (TEXT.replace("https://shop.example", "https://[::1", 1), "no address"),
    "a tool": (TEXT.replace('method = "POST"', 'method = "POST"\ntool = "x"'), "has no method"),
    "method": (TEXT.replace('"POST"', '"TRACE"'), "method"),
    "secret": (
        TEXT.replace("${MM_SUPPORT_ACTION_KEY}", "${AWS_SECRET_ACCESS_KEY}"),
        "MM_SUPPORT_ACTION_",
    ),
    "secret in url": (TEXT.replace('/orders/{order}"', '/${MM_SUPPORT_ACTION_KEY}"', 1), "headers"),
    "header": (TEXT.replace('"Bearer ${', '"a\\r\\nX: ${'), "one line"),
    "timeout": (
        TEXT.replace("writes = true", "writes = true\ntimeout = 900"),
        "or equal to 30",
    ),
    "writes": (TEXT.replace("writes = true", 'writes = "yes"'), "a valid boolean"),
    "a day": (TEXT.replace("writes = true", "writes = true\nsource = 2026-11-26"), "in quotes"),
    "an empty text": (TEXT.replace('"哪个号码？"', '" "'), "empty in a language"),
    "customer asked": (TEXT.replace("Shall I stop {order}", "Stop it, {customer}"), "{customer}"),
    "language": (TEXT.replace('zh = "包裹位置"', '"zh-CN" = "包裹位置"'), "languages"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_named_in_one_sentence(tmp_path, capsys, kind):
    text, part = WRONG[kind]
    assert text != TEXT
    assert main(["check-actions", str(written(tmp_path, text))]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: actions.toml") and part in told and told.count("\n") == 1


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path, capsys):
    path = written(tmp_path, "#" * (MAX_BYTES + 1))
    assert main(["check-actions", str(path)]) == 2 and "256 KB" in capsys.readouterr().err
    path.write_bytes("title = 'Größe'".encode("latin-1"))
    assert main(["check-actions", str(path)]) == 2 and "UTF-8" in capsys.readouterr().err


def test_the_pack_s_actions_are_declared_well(capsys):
    assert main(["check-actions", str(PACK)]) == 0
    assert "order-status: Where an order is" in capsys.readouterr().out
    for table in tables(PACK.read_text(encoding="utf-8")):
        for words in (table["title"], table["source"], table["result"]):
            assert {"en", "zh"} <= set(words)


def test_every_language_has_the_sentences_about_actions():
    own = {key for key in messages("en") if key.startswith("action.")}
    for language in ("de", "es", "fr", "zh"):
        assert own <= set(messages(language))


def test_the_page_of_the_docs_names_every_key_and_its_examples_are_right():
    page = (Path(__file__).parents[1] / "docs" / "actions.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z.]+)`", page.replace("terms.FIELD", "terms")))
    tables_of = (DeclaredAction, Parameter, Call)
    fields = (pair for kind in tables_of for pair in kind.model_fields.items())
    wanted = {field.alias or name for name, field in fields}
    assert wanted - {"parameter", "call"} <= told and "[action.call]" in page
    example, call = re.findall(r"```toml\n(.*?)```", page, re.S)
    assert parsed(tables(example)[0]).name == "order-status"
    with_tool = re.sub(r"\[action.call\].*?(?=\[action.result)", call + "\n", example, flags=re.S)
    assert parsed(tables(with_tool)[0]).call.tool == "order_status"
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        made: dict = {}
        exec(code, made)
        if "status" in made:
            assert made["status"]({"order": "104822"}, "") == {"status": "sent"}
        else:
            assert customer_in("what MM_SUPPORT_CUSTOMER_SECRET says", made["signed"]) == "c-17"
    for name in ("ACTIONS", "ACTION_HOSTS", "ACTION_FUNCTIONS", "CUSTOMER_SECRET"):
        assert f"`MM_SUPPORT_{name}`" in page and hasattr(Settings, name.lower())
