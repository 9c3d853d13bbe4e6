"""What customers corrected becomes training data: which rows are taken, what is left out, and that
it changes what is found.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_fusion_training import D_PICTURE, PACK_ENTRIES, FakeSet
from test_service import folder, make  # noqa: F401  (fixtures)

from assets.training.grocery import BASE
from mm_support import terminal
from mm_support.__main__ import main
from mm_support.errors import InputError
from mm_support.evaluate.cases import Case, read_cases
from mm_support.train import fusion, fusion_training
from mm_support.train.feedback import Feedback, read_feedback, with_feedback
from mm_support.train.support_set import Picture, Wording, cleaned
from mm_support.train.turns import make_turns
from mm_support.types import Entry, UserTurn

PACK = "cards"
ENTRIES = [
    Entry("card", "New card", "Order a card.", ("how do I get a card", "another card"), "card")
]


def written(path, *rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_rows_that_cannot_be_used_are_left_out_as_evaluate_leaves_them_out(tmp_path, capsys):
    Image.new("RGB", (32, 32)).save(tmp_path / "photo.png")
    rows = [
        {"text": "plastic gone", "image": "photo.png", "expect": "card"},
        {"text": "open one", "expect": ""},
        {"text": "wrong one", "expect": "no-such-entry"},
        {"text": "lost photo", "image": "gone.jpg", "expect": "card"},
        {"text": "weather", "expect": "none"},
        "",
        "{broken",
    ]
    file = written(tmp_path / f"{PACK}.jsonl", *rows)
    found = read_feedback(file, PACK, ENTRIES)
    assert [(case.turn.text, case.expect) for case in found.cases] == [("plastic gone", "card")]
    said = capsys.readouterr().err
    _, skipped = read_cases(file, PACK, {"card"})
    assert [line for line, _ in skipped] == [2, 3, 4, 6, 7]
    assert (
        all(f"line {line}: {reason}" in said for line, reason in skipped)
        and "1 cases are answered by nothing" in said
    )


@pytest.mark.parametrize(
    "rows, match",
    [
        ([{"text": "weather", "expect": "none"}], "label some"),
        (["", "{"], "no case that can be used"),
    ],
)
def test_a_file_without_a_use_is_one_sentence(tmp_path, rows, match):
    with pytest.raises(InputError, match=match):
        read_feedback(written(tmp_path / "cases.jsonl", *rows), PACK, ENTRIES)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_feedback(tmp_path / "gone.jsonl", PACK, ENTRIES)


@pytest.mark.parametrize(
    "about, sentence", [("kb", "no-such-entry"), ("other", "other is not among the bases")]
)
def test_an_unusable_file_stops_the_run_before_anything_is_built(
    about,
    sentence,
    tmp_path,
    make,  # noqa: F811
    monkeypatch,
    capsys,
):
    monkeypatch.setattr(terminal, "load_service", lambda settings: make())
    monkeypatch.setattr(fusion, "build", lambda *_: pytest.fail("the set was built"))
    file = written(tmp_path / "rows.jsonl", {"text": "x", "expect": "no-such-entry"})
    called = ["train", "fusion", "--knowledge", "kb", "--feedback", str(file)]
    data = ["--data", str(tmp_path / "data")]
    assert main([*data, *called, "--feedback-knowledge", about]) == 2
    said = capsys.readouterr().err
    assert sentence in said and "Traceback" not in said
    assert not (tmp_path / "data" / "weights").exists()


def cases_of(*rows):
    return tuple(
        Case(UserTurn(text=text, image=image, knowledge="shop"), expect)
        for text, image, expect in rows
    )


def test_questions_teach_in_what_was_typed_and_heard_and_a_base_of_ones_own_also_with_its_entries():
    made = FakeSet.small()
    entries = (
        Entry("a", "A", "Answer.", ("first", "second"), "x"),
        Entry("b", "B", "Answer.", (), "y"),
    )
    given = Feedback("own", entries, cases_of(("typed", None, "a"), ("", Path("photo.jpg"), "b")))
    found = with_feedback(made.rows, given, ["", "heard"])
    assert found.corrected == ("own",) and found.entries["own"] == entries and BASE in found.entries
    assert [w for w in found.wordings if w.base == "own"] == [
        Wording("own", "a", "first", "validation"),
        Wording("own", "a", "second", "train"),
        Wording("own", "a", "typed", "train"),
        Wording("own", "b", "heard", "train", Path("photo.jpg")),
    ]
    assert [p for p in found.pictures if p.base == "own"] == [
        Picture("own", ("b",), Path("photo.jpg"), 0, "train", read=True)
    ]


def test_a_question_that_the_test_holds_is_not_taught():
    made = FakeSet.small()
    asked = next(w for w in made.rows.wordings if (w.base, w.split) == ("shop", "test"))
    given = Feedback(
        "shop",
        PACK_ENTRIES,
        cases_of((f"{asked.text.upper()}!", None, asked.target), ("another one", None, "refund")),
    )
    kept = cleaned(with_feedback(made.rows, given, ["", ""]), lambda picture: hash(picture.path))
    assert "another one" in {w.text for w in kept.wordings} and f"{asked.text.upper()}!" not in {
        w.text for w in kept.wordings
    }
    assert kept.corrected == ("shop",)


STICKERS = 6  # rows of feedback


class StickerSet(FakeSet):
    """A sticker that customers photograph looks like nothing that an entry shows."""

    def photo(self, picture):
        if picture.path.stem.startswith("sticker"):
            vector = np.eye(D_PICTURE, dtype=np.float32)[10]
            return vector, 0.7
        return super().photo(picture)


@pytest.mark.parametrize("name", ["weighted-sum", "attention"])
def test_a_corrected_question_changes_what_is_found(name, monkeypatch):
    monkeypatch.setattr(fusion_training, "WARM_UP", 5)
    monkeypatch.setattr(fusion_training, "BATCH", 16)
    sent = Picture("shop", ("refund",), Path("sticker-later.jpg"), 0, "test")
    asked = Wording(
        "shop", "refund", "water what now", "test", sent.path
    )  # by its words alone it is about e24
    given = Feedback(
        "shop",
        PACK_ENTRIES,
        cases_of(
            *(("water what about this", Path(f"sticker{n}.jpg"), "refund") for n in range(STICKERS))
        ),
    )
    start = FakeSet.small().rows
    first = {}
    for corrected in (False, True):
        rows = with_feedback(start, given, [""] * STICKERS) if corrected else start
        made = StickerSet(rows)
        data = fusion_training.prepare(made, 0, torch.device("cpu"))
        trained, _ = fusion_training.train(name, data, 0, torch.device("cpu"))
        later = StickerSet(replace(rows, wordings=(asked,), pictures=(sent,)))
        turns = make_turns(later, "shop", "test", (), 0, 1)
        mask = turns.mask & torch.tensor([True, False, True, False])
        tokens, matches, _ = turns.batch(torch.tensor([0]), mask)
        first[corrected] = PACK_ENTRIES[
            int(turns.shelf.score(trained(tokens), matches)[0].argmax())
        ].id
    assert first == {False: "e24", True: "refund"}
