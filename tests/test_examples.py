"""The scripts of docs/examples, and the encoder that plugs in."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from test_service import folder, make  # noqa: F401  (fixtures)

from mm_support.config import Settings
from mm_support.device import resolve_device
from mm_support.encode.image import load_image_encoder
from mm_support.encode.plugged import plugged
from mm_support.encode.text import load_text_encoder
from mm_support.errors import WeightsError
from mm_support.service import SupportService

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
NAME = "python:own_encoder:load"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module


# -- an encoder of one's own ----------------------------------------------------------------


def test_a_setting_names_an_encoder_of_ones_own(script):
    own = script("own_encoder").SpellingEncoder
    device = resolve_device("cpu")
    assert isinstance(load_text_encoder(Settings(text_model=NAME), device), own)
    assert isinstance(load_image_encoder(Settings(image_model=NAME), device), own)
    assert plugged("package:multilingual-e5-small", Settings()) is None


def test_it_keeps_what_an_encoder_promises(script):
    encoder = script("own_encoder").load(Settings())
    texts = ["The parcel has not arrived", "parcels arrive", "Grüße", "", "退货"]
    vectors, pieces = encoder.encode_pieces(texts)
    assert vectors.shape == (5, encoder.dim) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert np.array_equal(vectors, encoder.encode(texts, "passage"))
    for own in pieces:
        assert own.vectors.dtype == np.float16 and len(own.ids) == len(own.vectors)
        assert np.allclose(np.linalg.norm(own.vectors.astype(np.float32), axis=1), 1, atol=1e-2)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@pytest.mark.parametrize("name", ["python:no_such_module:load", "python:json:no_such", "python:"])
def test_one_that_is_not_there_is_a_sentence_with_the_remedy(name):
    with pytest.raises(WeightsError, match="PYTHONPATH"):
        plugged(name, Settings())


# -- evaluate, train ------------------------------------------------------------------------


def test_tickets_are_judged_and_those_without_an_entry_get_one_suggested(
    script,
    make,  # noqa: F811
    folder,  # noqa: F811
    tmp_path,
    monkeypatch,
    capsys,
):
    tickets = tmp_path / "tickets.csv"
    (tmp_path / "red.png").write_bytes((folder / "red.png").read_bytes())
    tickets.write_text(
        "text,photo,expect\nrefund late,,refund\nwashing machine,red.png,e24\n"
        "zebra giraffe,,none\nrefund late,,e24\nx,gone.png,refund\nrefund,,\n"
    )
    monkeypatch.setattr(SupportService, "load", classmethod(lambda cls: make()))
    script("evaluate_tickets").main("kb", tickets)
    said, problems = capsys.readouterr()
    assert "found first: {'value': 0.6667" in said and "not answered: {'value': 1.0" in said
    assert "- 'refund late': e24" in said and "? 'refund': refund (Refund)" in said
    assert problems.startswith("skipped 'x': image") and problems.count("\n") == 1


def test_photos_that_judge_are_not_trained_on(script, tmp_path, monkeypatch, capsys):
    for entry, count in (("e24", 3), ("e20", 1)):
        (tmp_path / entry).mkdir()
        for number in range(count):
            (tmp_path / entry / f"{number}.jpg").write_bytes(b"x")
    example, called = script("train_fusion"), []
    monkeypatch.setattr(example, "mm_support", lambda argv: called.append(argv) or 0)
    figures = iter([{"value": 0.5}, {"value": 0.6}, {"value": 0.5}, {"value": 0.4}])
    monkeypatch.setattr(example, "found_first", lambda *_: next(figures))
    example.main("kb", tmp_path, "attention")

    def photos(name):
        rows = map(json.loads, (tmp_path / name).read_text().splitlines())
        return {(row["expect"], Path(row["image"]).name) for row in rows}

    assert photos("test.jsonl") == {("e24", "2.jpg")}
    assert photos("kb.jsonl") == {("e24", "0.jpg"), ("e24", "1.jpg"), ("e20", "0.jpg")}
    assert called[0][:4] == ["train", "fusion", "--knowledge", "kb"]
    assert "MM_SUPPORT_FUSION=attention" in capsys.readouterr().out
    example.main("kb", tmp_path, "attention")
    assert "no better" in capsys.readouterr().out
