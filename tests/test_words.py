"""The page's words: every language is complete, and every place that asks for one finds it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from demo import words
from demo.convert import LONGEST, WordedError, sentence, turn_from_box
from demo.words import DEFAULT, languages, spoken, tables, word
from mm_support.encode.turn import MAX_TEXT

FILES = sorted(words.HERE.glob("*.toml"))
DEMO = words.HERE.parent
ASKED_FOR = re.compile(
    r"""\b(?:word|label|msWord|WordedError|thanks|switch)\(\s*["']([a-z_]+)["']|data-word="([a-z_]+)\""""
)


def table_of(path: Path) -> dict[str, str]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_language_says_everything_with_the_same_values(path):
    default, table = table_of(words.HERE / "en.toml"), table_of(path)
    assert set(table) == set(default)
    for key, text in default.items():
        assert set(re.findall(r"{\w+}", table[key])) == set(re.findall(r"{\w+}", text)), key
        assert table[key].strip()


def test_every_key_that_the_page_asks_for_exists():
    sources = [*DEMO.glob("*.py"), *DEMO.glob("*.js")]
    keys = {
        one or other
        for path in sources
        for one, other in ASKED_FOR.findall(path.read_text(encoding="utf-8"))
    }
    own = {"greeting"}  # composed for each company
    assert len(keys) > 30 and keys - own <= set(tables()[DEFAULT])


@pytest.mark.parametrize(
    "locale, language",
    [("zh-CN", "zh"), ("zh", "zh"), ("zh_TW", "zh"), ("en-GB", "en"), ("de-DE", "en"), ("", "en")],
)
def test_the_browsers_language_or_english(locale, language):
    assert spoken(locale) == language


def test_a_company_offers_some_languages_and_the_first_one_is_for_all_others():
    assert spoken("en-US", ("zh",)) == "zh" and spoken("de", ("zh", "en")) == "zh"
    assert spoken("fr", ("xx",)) == DEFAULT
    assert languages()[0] == DEFAULT


def test_a_language_without_a_file_is_said_in_english():
    assert word("send", "fr") == word("send", "en") != word("send", "zh")
    with pytest.raises(KeyError):
        word("no_such_key")


BOXES = {
    "nothing_to_answer": {"text": " \n", "files": []},
    "too_long": {"text": "a" * (LONGEST + 1)},
    "one_photo_one_recording": {"text": "x", "files": ["a.jpg", "b.png"]},
    "not_a_photo": {"text": "x", "files": ["terms.pdf"]},
}


@pytest.mark.parametrize("key", BOXES)
def test_what_is_wrong_with_a_message_is_said_in_the_customers_language(key):
    with pytest.raises(WordedError) as caught:
        turn_from_box(BOXES[key], "shopping", False)
    assert caught.value.key == key
    assert re.search("[\u4e00-\u9fff]", sentence(caught.value, "zh"))
    assert str(caught.value) == sentence(caught.value) == sentence(caught.value, "de")


def test_the_page_refuses_what_the_service_would_refuse():
    assert LONGEST == MAX_TEXT
    assert turn_from_box({"text": "a" * LONGEST}, "shopping", False).text
