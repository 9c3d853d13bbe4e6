"""`train fusion` on a small base of one's own, end to end: only the encoders are fakes."""

import json

import numpy as np
import pytest
from conftest import ColourEncoder, FakeReader, FakeSpeech, WordEncoder
from PIL import Image
from safetensors import safe_open
from test_service import folder, make  # noqa: F401  (fixtures)
from test_support_set import Tone

from mm_support import terminal
from mm_support.__main__ import main
from mm_support.config import Settings
from mm_support.fuse.strategies import Token
from mm_support.fuse.weights import fusion_file, load_fusion
from mm_support.paths import WEIGHTS
from mm_support.train import fusion_training

LOADERS = {
    "encode.image.load_image_encoder": lambda settings, device: ColourEncoder(),
    "encode.text.load_text_encoder": lambda settings, device: WordEncoder(),
    "encode.ocr.load_text_reader": lambda settings: FakeReader("E24"),
    "encode.speech.load_speech_encoder": lambda settings, device: FakeSpeech(),
    "decode.voice.load_voice": lambda settings: Tone(),
}


@pytest.fixture
def train(make, tmp_path, monkeypatch, capsys):  # noqa: F811
    """Runs the command about the base "kb"; returns its status, stderr and the settings."""
    monkeypatch.setattr(terminal, "load_service", lambda settings: make())
    monkeypatch.setattr(fusion_training, "EPOCHS", 3)
    for name, load in LOADERS.items():
        monkeypatch.setattr(f"mm_support.{name}", load)

    def call(*more):
        data = ["--data", str(tmp_path / "own")]
        status = main([*data, "train", "fusion", "--knowledge", "kb", *map(str, more)])
        return status, capsys.readouterr().err, Settings(data_dir=tmp_path / "own")

    return call


def card_of(path):
    with safe_open(path, "np") as file:
        return json.loads(file.metadata()["card"])


def test_questions_and_pictures_of_ones_own_base_are_enough(train):
    shipped = {path: path.read_bytes() for path in WEIGHTS.glob("*/fusion-*")}
    status, _, settings = train("--strategy", "weighted-sum")
    path = fusion_file("weighted-sum", settings.own_weights)
    card = card_of(path)
    assert status == 0 and card["trained_on"] == ["kb"] and not card["corrected_by_customers"]
    assert card["rows"]["photos"]["kb"] == {"train": 4, "validation": 2}
    assert {path: path.read_bytes() for path in WEIGHTS.glob("*/fusion-*")} == shipped

    own = settings.with_changes(fusion="weighted-sum")
    trained = load_fusion(own, WordEncoder.dim, ColourEncoder.dim)
    assert len(trained.known) == 2, "the kinds of photos that it knows are those of the base"
    words = np.eye(WordEncoder.dim, dtype=np.float32)[0]
    query = trained.fuse([Token("text", words), Token("photo", np.float32([1, 0, 0]), 0.6)])
    assert sum(query.weights.values()) == pytest.approx(1)


def test_rated_turns_are_learned_from(train, tmp_path):
    Image.new("RGB", (64, 64), (10, 200, 10)).save(tmp_path / "green.png")
    rows = [{"text": "money please", "image": "green.png", "expect": "refund"}]
    (tmp_path / "kb.jsonl").write_text("\n".join(map(json.dumps, rows)))
    status, _, settings = train("--strategy", "attention", "--feedback", tmp_path / "kb.jsonl")
    card = card_of(fusion_file("attention", settings.own_weights))
    assert status == 0 and card["corrected_by_customers"] == ["kb"]
    assert card["rows"]["photos"]["kb"]["train"] == 5
    assert len(load_fusion(settings.with_changes(fusion="attention"), 512, 3).known) == 3


def test_a_base_without_a_second_question_is_one_sentence(train, folder):  # noqa: F811
    (folder / "faq.csv").write_text("id,title,answer\n1,Refund,In 5 days.\n")
    status, said, settings = train()
    last = said.splitlines()[-1]
    assert status == 2 and "too few questions about kb" in last and "Traceback" not in said
    assert not settings.own_weights.exists()


def test_a_base_that_does_not_exist_is_one_sentence(train):
    status, said, _ = train("gone")
    assert status == 2 and "gone" in said.splitlines()[-1]
