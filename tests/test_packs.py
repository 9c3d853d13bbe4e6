"""The knowledge packs that ship, their pictures, and the held-out questions about them."""

from __future__ import annotations

import json
import re
import runpy
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mm_support.knowledge.actions import FILE
from mm_support.knowledge.ingest import ACTIONS_LEFT_OUT, read_knowledge

ROOT = Path(__file__).parents[1]
KNOWLEDGE = ROOT / "assets" / "knowledge"
CASES = ROOT / "tests" / "cases"
CHINESE = "-zh"  # ends the name of a pack in Chinese, behind that of the one with its pictures
HAN = "[\u4e00-\u9fff]"
ENGLISH = ("shopping", "smart-home", "finance", "healthcare", "education")
PACKS = (*ENGLISH, "shopping-zh", "smart-home-zh")
KINDS = {
    "answerable": 60,
    "out_of_scope": 20,
    "false_premise": 8,
    "dialogue": 6,
}  # at least, a pack
PICTURE_BYTES = 1_200_000  # at most, a pack
LONGEST_SIDE = 900  # px

pytestmark = pytest.mark.parametrize("pack", PACKS)


def folder_of(pack: str) -> Path:
    return KNOWLEDGE / ("zh" if pack.endswith(CHINESE) else "") / pack


def cases_of(pack: str) -> Path:
    return CASES / ("zh" if pack.endswith(CHINESE) else "") / f"{pack}.jsonl"


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def entries(pack: str) -> list[dict]:
    return rows(folder_of(pack) / "entries.jsonl")


def turns(pack: str) -> list[dict]:
    """Every question of a pack's cases, those within dialogues too."""
    return [turn for case in rows(cases_of(pack)) for turn in case.get("turns", [case])]


def normalised(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


@pytest.fixture
def draw(pack: str, monkeypatch: pytest.MonkeyPatch) -> dict:
    """The names of a pack's draw.py, run without writing files; its imports are forgotten
    afterwards.
    """
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    script = folder_of(pack.removesuffix(CHINESE)) / "draw.py"
    yield runpy.run_path(str(script), run_name="draw")
    for name in set(sys.modules) - before:
        if str(KNOWLEDGE) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_the_program_reads_all_of_it(pack: str) -> None:
    found, skipped = read_knowledge(folder_of(pack))
    declares = (folder_of(pack) / FILE).is_file()
    assert [reason for *_, reason in skipped] == [ACTIONS_LEFT_OUT] * declares
    assert [entry.id for entry in found] == [entry["id"] for entry in entries(pack)]
    assert len(found) >= 30


def test_ids_and_titles_are_unique(pack: str) -> None:
    for field in ("id", "title"):
        counts = Counter(normalised(entry[field]) for entry in entries(pack))
        assert [value for value, count in counts.items() if count > 1] == []


def test_every_entry_is_asked_in_several_ways(pack: str) -> None:
    asked = Counter()
    for entry in entries(pack):
        different = {normalised(question) for question in entry["questions"]}
        assert len(different) >= 3, entry["id"]
        asked.update(different)
    assert [question for question, count in asked.items() if count > 1] == []


def test_intents_are_few_and_each_is_used_again(pack: str) -> None:
    intents = Counter(entry["intent"] for entry in entries(pack))
    assert 6 <= len(intents) <= 12
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", intent) for intent in intents)
    assert min(intents.values()) >= 2


def test_some_matters_are_for_people_only(pack: str) -> None:
    assert 2 <= sum(entry.get("human_only", False) for entry in entries(pack)) <= 8


def test_answers_are_short_and_plain(pack: str) -> None:
    least, most, stop = (50, 300, "。") if pack.endswith(CHINESE) else (80, 900, ".")
    for entry in entries(pack):
        assert least <= len(entry["answer"]) <= most, entry["id"]
        assert entry["answer"].endswith(stop), entry["id"]


def test_a_pack_is_written_in_its_language(pack: str) -> None:
    """Chinese text holds no half-width marks; product names and single English words it may."""
    for entry in entries(pack):
        text = " ".join((entry["title"], entry["answer"], *entry["questions"]))
        share = len(re.findall(HAN, entry["answer"])) / len(entry["answer"])
        assert (share > 0.3) == pack.endswith(CHINESE), entry["id"]
        assert not re.search(f"{HAN}[,;:?!(]|[,;:?!)]{HAN}", text), entry["id"]
        assert share < 0.3 or "," not in text, entry["id"]


def test_customers_mix_english_words_into_chinese(pack: str) -> None:
    asked = [turn["text"] for turn in turns(pack)]
    mixed = [text for text in asked if re.search(HAN, text) and re.search(r"[A-Za-z]{3,}", text)]
    assert (15 <= len(mixed) < len(asked) / 2) == pack.endswith(CHINESE)


def test_every_picture_opens_and_is_used(pack: str) -> None:
    folder = folder_of(pack)
    used = {folder / name for entry in entries(pack) for name in entry.get("pictures", [])}
    files = set((folder / "pictures").iterdir())
    assert used == files
    assert sum(file.stat().st_size for file in files) <= PICTURE_BYTES
    for file in files:
        with Image.open(file) as picture:
            picture.load()
            assert max(picture.size) <= LONGEST_SIDE and picture.mode == "RGB"


def test_pictures_are_drawn_by_the_script(pack: str, draw: dict) -> None:
    pictures = draw["PICTURES"]
    folder = folder_of(pack) / "pictures"
    shown = {file.name for file in folder.iterdir()}
    assert shown == set(pictures) or (pack.endswith(CHINESE) and shown < set(pictures))
    name = min(shown)
    first, second = (np.asarray(pictures[name](), np.float32) for _ in range(2))
    assert np.array_equal(first, second)
    with Image.open(folder / name) as shipped:
        drawn = Image.fromarray(first.astype(np.uint8))
        drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        difference = np.abs(np.asarray(shipped, np.float32) - np.asarray(drawn, np.float32)).mean()
    assert difference < 4  # grey levels: JPEG, and another version of Pillow


def test_cases_expect_entries_that_exist(pack: str) -> None:
    known = {entry["id"] for entry in entries(pack)} | {"none"}
    expected = {turn["expect"] for turn in turns(pack)}
    assert expected <= known
    assert expected == known  # and every entry is asked for


def test_cases_are_of_every_kind(pack: str) -> None:
    cases = rows(cases_of(pack))
    counts = Counter(case["kind"] for case in cases)
    assert set(counts) == set(KINDS)
    assert {kind: counts[kind] for kind, least in KINDS.items() if counts[kind] < least} == {}
    for case in cases:
        assert (case["kind"] == "dialogue") == ("turns" in case)
        assert 2 <= len(case["turns"]) <= 4 if "turns" in case else case["text"].strip()
        assert (case["kind"] == "out_of_scope") == (case.get("expect") == "none")


def test_cases_are_held_out(pack: str) -> None:
    taught = {
        normalised(question)
        for entry in entries(pack)
        for question in (*entry["questions"], entry["title"])
    }
    asked = [normalised(turn["text"]) for turn in turns(pack)]
    assert taught & set(asked) == set()
    assert len(asked) == len(set(asked))
