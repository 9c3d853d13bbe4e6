"""The page's words: every language is complete, and every place that asks for one finds it."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import mm_support
from demo import words
from demo.convert import sentence, turn_from_box
from demo.panels import intent_name, photo_words, seen
from demo.words import DEFAULT, has_word, languages, part_names, spoken, tables, word
from mm_support import errors
from mm_support.desk.ownership import STATES
from mm_support.encode.image import DEFAULT_WORDS
from mm_support.errors import (
    SENTENCES,
    BusyError,
    GenerationError,
    InputError,
    KnowledgeError,
    StoreError,
    SupportError,
    WeightsError,
    no_such_base,
)
from mm_support.inputs.audio import load_waveform
from mm_support.inputs.photo import load_photo
from mm_support.paths import PACKS
from mm_support.types import MAX_TEXT, ImageView, Label

FILES = sorted(words.HERE.glob("*.toml"))
DEMO = words.HERE.parent
ASKED_FOR = re.compile(
    r"""\b(?:word|label|msWord|WordedError|thanks|switch)\(\s*["']([a-z_]+)["']|data-word="([a-z_]+)\""""
)


def table_of(path: Path) -> dict[str, str]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def placeholders(text: str) -> set[tuple[str, str]]:
    """Names and how their values are written: {count:,}."""
    return {(name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_language_says_everything_with_the_same_values(path):
    default, table = table_of(words.HERE / "en.toml"), table_of(path)
    assert not set(default) & set(SENTENCES), "a key is the page's or the service's"
    default |= SENTENCES
    assert set(default) - set(table) == (set(SENTENCES) if path.stem == DEFAULT else set())
    for key, text in table.items():
        assert placeholders(text) == placeholders(default[key]), key
        assert text.strip()


def test_every_key_that_the_page_asks_for_exists():
    sources = [*DEMO.glob("*.py"), *DEMO.glob("*.js")]
    keys = {
        one or other
        for path in sources
        for one, other in ASKED_FOR.findall(path.read_text(encoding="utf-8"))
    }
    own = {"greeting"}  # composed for each company
    assert len(keys) > 30 and keys - own <= set(tables()[DEFAULT])


def test_whatever_is_seen_in_a_photo_has_a_name_in_every_language():
    for path in FILES:
        if path.stem != DEFAULT:
            named = table_of(words.HERE / "labels" / path.name)
            assert set(named) == set(DEFAULT_WORDS) and all(map(str.strip, named.values()))
    shown = ImageView((Label("washing machine", 0.9), Label("Acme X<1>", 0.05)))
    facts, line = str(seen(shown, "zh")), photo_words(shown, "zh")
    assert "洗衣机" in facts and "洗衣机" in line and "Acme X&lt;1&gt;" in facts  # a caller's own
    assert "washing machine" in str(seen(shown, "en"))


def test_what_the_projects_bases_take_questions_for_has_words():
    entries = [json.loads(line) for file in PACKS.rglob("entries.jsonl") for line in file.open()]
    names = {entry["intent"] for entry in entries if entry.get("intent")}
    assert len(names) > 30
    assert all(re.search("[\u4e00-\u9fff]", intent_name(name, "zh")) for name in names)
    assert intent_name("card_lost", "zh") == "card lost"  # a company's own


def test_the_audit_log_names_in_words_whatever_is_noted():
    noted = set()
    for path in (*DEMO.glob("*.py"), *Path(mm_support.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("note"):
                what = call.args[1:3] if len(call.args) > 2 else []
                noted |= {own.value for own in what if isinstance(own, ast.Constant)}
    noted |= {"add entry", "edit entry", "sync", "action"}  # chosen where they are noted
    assert len(noted) > 12
    assert [what for what in noted if not has_word(f"did_{what.replace(' ', '_')}")] == []


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
    "too_long": {"text": "a" * (MAX_TEXT + 1)},
    "one_recording": {"text": "x", "files": ["a.wav", "b.mp3"]},
    "too_many_photos": {"text": "x", "files": ["a.jpg"] * 5},
    "not_a_photo": {"text": "x", "files": ["terms.pdf"]},
}


@pytest.mark.parametrize("key", BOXES)
def test_what_is_wrong_with_a_message_is_said_in_the_customers_language(key):
    with pytest.raises(InputError) as caught:
        turn_from_box(BOXES[key], "shopping", False)
    assert caught.value.key == key
    assert re.search("[\u4e00-\u9fff]", sentence(caught.value, "zh"))
    assert str(caught.value) == sentence(caught.value) == sentence(caught.value, "de")


def test_the_page_refuses_only_what_the_service_would_refuse():
    assert turn_from_box({"text": "a" * MAX_TEXT}, "shopping", False).text


# -- the service's errors -------------------------------------------------------------------

PACKAGE = Path(errors.__file__).parent
MADE = re.compile(r"""Error\.of\(\s*"(\w+)\"""")
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_key_of_an_error_has_a_sentence_and_every_sentence_is_used():
    sources = [*PACKAGE.rglob("*.py"), *DEMO.glob("*.py")]
    made = {key for path in sources for key in MADE.findall(path.read_text(encoding="utf-8"))}
    kinds = {kind.key for kind in (SupportError, *SupportError.__subclasses__())}
    busy = {f"busy_{kind}" for kind in ("busy", "yours", "restart")}
    desk = {f"held_{owner}" for owner in STATES} | {"name_length", "message_length", "note_length"}
    assert len(made) > 25 and made | kinds | busy | desk == set(SENTENCES)


def raised(call, *values) -> SupportError:
    with pytest.raises(SupportError) as caught:
        call(*values)
    return caught.value


def empty(folder: Path) -> Path:
    (folder / "empty").write_bytes(b"")
    return folder / "empty"


def odd(folder: Path) -> Path:
    (folder / "odd").write_bytes(b"neither a photo nor a recording")
    return folder / "odd"


@pytest.mark.parametrize("made", [empty, odd, lambda folder: folder / "gone"])
@pytest.mark.parametrize("read", [load_photo, load_waveform])
def test_a_file_that_cannot_be_used_is_told_in_the_pages_language(tmp_path, read, made):
    problem = raised(read, made(tmp_path))
    assert CHINESE.search(sentence(problem, "zh"))
    assert sentence(problem, "en") == sentence(problem, "de") == str(problem)
    assert not CHINESE.search(str(problem))


@pytest.mark.parametrize(
    "problem",
    [
        BusyError("yours", 7.4),
        no_such_base("shop", ["home"]),
        *(
            kind("something that only an operator understands")
            for kind in (
                SupportError,
                InputError,
                WeightsError,
                KnowledgeError,
                GenerationError,
                StoreError,
            )
        ),
        ZeroDivisionError("x"),
    ],
    ids=repr,
)
def test_every_kind_of_error_has_words_in_the_pages_language(problem):
    told = sentence(problem, "zh")
    assert CHINESE.search(told) and "operator" not in told
    if isinstance(problem, SupportError):
        assert all(f"{value}" in told for value in problem.values.values() if str(value) == value)
        assert sentence(problem) == str(problem)


def test_every_language_but_gradios_own_names_the_parts_of_components():
    names = part_names()
    assert set(names) == set(languages()) - {DEFAULT}
    assert all(own and own != plain for table in names.values() for plain, own in table.items())
