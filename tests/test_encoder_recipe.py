"""The recipe of the text encoder's changes, and the network that they are put into."""

from __future__ import annotations

import numpy as np
import pytest

from mm_support.encode.text_models import E5, changes_of, version_of

WORDS = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A random text encoder of two layers, as package weights lie."""
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel

    made = tmp_path_factory.mktemp("tiny-encoder")
    names = [
        "[PAD]",
        "query",
        "passage",
        ":",
        *(f"{kind}{i}" for kind in "qp" for i in range(WORDS)),
    ]
    words = Tokenizer(
        models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="[PAD]")
    )
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(made / "tokenizer.json"))
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    BertModel(BertConfig(vocab_size=len(names), intermediate_size=64, **sizes)).save_pretrained(
        made
    )
    return made


@pytest.fixture(scope="module")
def trained(folder):
    """A learner before and after a few epochs, and what it learned from: a word each."""
    import torch

    from assets.training import encoder as recipe

    cpu = torch.device("cpu")
    before = recipe.Learner(folder, E5, cpu, 0).eval().requires_grad_(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "DROPOUT", 0.0)  # so small a network is lost without a tenth
        learner = recipe.Learner(folder, E5, cpu, 8)
    held = [f"p{i} p{i}" for i in range(WORDS)]
    asked = [recipe.Asked(f"q{i}", own) for i, own in enumerate(held)]
    near = recipe.with_near(before, held, asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "EPOCHS", 40)
        patch.setattr(recipe, "RATE", 1e-2)
        patch.setattr(recipe, "STAY", 0.1)
        recipe.train(learner, before, near)
    return before, learner, (held, near)


def test_passages_that_look_alike_are_not_the_right_one(trained):
    from assets.training.encoder import NEAR

    _, _, (held, near) = trained
    for one in near:
        assert len(set(one.near)) == len(one.near) == NEAR
        assert one.answer not in one.near and {*one.near} < {*held}


def test_training_brings_questions_to_the_passages_that_answer_them(trained):
    from assets.training.encoder import right

    before, learner, base = trained
    assert right(before, [base]) < 0.3
    assert right(learner, [base]) > 0.9


@pytest.mark.parametrize("compiles", [True, False])
def test_the_network_that_is_served_gives_what_was_learned(
    trained, folder, tmp_path, monkeypatch, compiles
):
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer

    from assets.training.low_rank import changes
    from mm_support.device import Device
    from mm_support.encode import compiled
    from mm_support.encode.text import TransformersTextEncoder
    from mm_support.encode.text_network import packaged_network

    if not compiles:
        monkeypatch.setattr(compiled, "compiled", lambda *_: None)
    before, learner, (held, near) = trained
    save_file(changes(learner.model), tmp_path / "encoder.safetensors")
    plain = Device(torch.device("cpu"), torch.float32, "test")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def served(file):
        network = packaged_network(folder, plain, tmp_path, file)
        return TransformersTextEncoder(network, tokenizer, E5).encode(held, "passage")

    with torch.inference_mode():
        wanted, old = learner.eval().passages(held).numpy(), before.passages(held).numpy()
    np.testing.assert_allclose(served(tmp_path / "encoder.safetensors"), wanted, atol=0.02)
    np.testing.assert_allclose(served(None), old, atol=0.02)
    assert np.abs(wanted - old).max() > 0.1


def test_articles_of_one_passage_are_a_base_together(tmp_path, monkeypatch):
    import json

    from assets.training import encoder as recipe

    def article(name, passages):
        asked = [
            {"question": f"{name}?", "answers": [{"text": "a"}]},
            {"question": f"{name} open?", "answers": []},
            {"question": " ", "answers": [{"text": "a"}]},
        ]
        rows = [{"context": f"{name} {i}", "qas": asked} for i in range(passages)]
        return {"title": name, "paragraphs": rows}

    monkeypatch.setattr(recipe, "companies", lambda _: iter(()))
    monkeypatch.setattr(recipe, "TAKEN", 1.0)
    file = tmp_path / "asked.json"
    articles = [article("long", 30), *(article(f"short{i}", 1) for i in range(20))]
    file.write_text(json.dumps({"data": articles}))
    long, several, rest = recipe.bases([file])
    assert [len(held) for held, _ in (long, several, rest)] == [30, recipe.NEAR + 1, 3]
    assert {one.question for one in long[1]} == {"long?"} and len(long[1]) == 30
    assert [one.answer for one in rest[1]] == rest[0]
    monkeypatch.setattr(recipe, "TAKEN", 0.0)
    assert list(recipe.bases([file])) == []


def test_changes_that_do_not_fit_are_told_and_not_used(folder, tmp_path):
    import torch
    from safetensors.torch import save_file

    from mm_support.device import Device
    from mm_support.encode.text_network import packaged_network
    from mm_support.errors import WeightsError

    layer = "encoder.layer.0.output.dense"
    wrong = {f"{layer}.a": torch.ones(2, 7), f"{layer}.b": torch.ones(32, 2)}
    save_file(wrong | {"sides": torch.ones(2, 32)}, tmp_path / "wrong.safetensors")
    save_file({f"{layer}.a": torch.ones(2, 64)}, tmp_path / "half.safetensors")
    (tmp_path / "damaged.safetensors").write_bytes(b"damaged")
    for name in ("wrong", "half", "damaged"):
        with pytest.raises(WeightsError, match=name):
            file = tmp_path / f"{name}.safetensors"
            packaged_network(
                folder, Device(torch.device("cpu"), torch.float32, "test"), tmp_path, file
            )


def test_what_was_trained_here_is_part_of_an_encoders_name():
    name = "package:multilingual-e5-small"
    assert changes_of(name) is not None
    assert version_of(name).startswith(f"{name}+")
    assert version_of("intfloat/multilingual-e5-small") == "intfloat/multilingual-e5-small"
    assert version_of("package:all-MiniLM-L6-v2") == "package:all-MiniLM-L6-v2"
