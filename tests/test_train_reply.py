"""The adapter of the reply model: it learns, the model under it stays, and what is saved is folded
into the model's file as it was trained.
"""

import numpy as np
import pytest
import torch

from assets.training import reply
from assets.training.reply import reply_loss, with_adapter
from mm_support.config import SMALL, Settings
from mm_support.engines.gguf_file import read_adapter
from mm_support.engines.reply_weights import own_adapter, trained_gguf
from mm_support.errors import InputError
from mm_support.torchvision_shim import prepare_transformers

BATCH = [([1, 2, 3, 4], [5, 6, 0]), ([2, 3], [7, 0])]  # (prompt, reply)


def small(dtype=torch.float32):
    prepare_transformers()
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {
        "vocab_size": 12,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "initializer_range": 0.3,
    }
    return LlamaForCausalLM(LlamaConfig(**sizes)).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_adapter_learns_in_float32_and_leaves_the_model_as_it_is(dtype, monkeypatch):
    before = {name: value.clone() for name, value in small(dtype).state_dict().items()}
    adapted = with_adapter(small(dtype))
    model = adapted.get_base_model()
    learning = [value for value in model.parameters() if value.requires_grad]
    assert {value.dtype for value in learning} == {torch.float32} and len(learning) == 2 * 7 * 2
    first = float(reply_loss(model, BATCH))
    monkeypatch.setattr(reply, "RATE", 0.02)
    reply.train(adapted, [BATCH] * 40, save=lambda: None)
    assert float(reply_loss(model, BATCH)) < 0.5 * first
    after = {k.replace(".base_layer.", "."): v for k, v in model.state_dict().items()}
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_only_the_reply_counts():
    model = small()
    (prompt, wanted), *_ = BATCH
    logits = model(torch.tensor([prompt + wanted])).logits[0].log_softmax(-1)
    likely = [logits[len(prompt) - 1 + place, token] for place, token in enumerate(wanted)]
    torch.testing.assert_close(reply_loss(model, BATCH[:1]), -torch.stack(likely).mean())


@pytest.fixture
def trained(tmp_path):
    """A small model with an adapter that changes something, and the folder where it is saved."""
    adapted = with_adapter(small())
    for name, value in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=0.1)
    adapted.save_pretrained(tmp_path / "adapter")
    return adapted, tmp_path / "adapter"


def test_what_is_read_for_folding_is_what_was_trained(trained):
    adapted, folder = trained
    merged = adapted.merge_and_unload().state_dict()
    plain = small().state_dict()
    layers = read_adapter(folder)
    assert len(layers) == 2 * 7
    for layer, (a, b) in layers.items():
        delta = (merged[f"{layer}.weight"] - plain[f"{layer}.weight"]).numpy()
        np.testing.assert_allclose(b @ a, delta, atol=1e-5)


def test_training_goes_on_from_a_saved_adapter(trained):
    adapted, folder = trained
    again = with_adapter(small(), folder).get_base_model()
    torch.testing.assert_close(
        reply_loss(again, BATCH), reply_loss(adapted.get_base_model(), BATCH)
    )


def test_the_adapter_that_ships_can_be_gone_on_from_in_its_own_model_only():
    from mm_support.engines.reply_weights import ADAPTERS

    with pytest.raises(InputError, match="another model"):
        with_adapter(small(), next(iter(ADAPTERS.values())))


def test_ones_own_adapter_is_folded_in_place_of_the_one_that_ships(trained, tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", reply_model=SMALL)
    folded = []
    (tmp_path / "model").mkdir()
    (plain := tmp_path / "model" / "plain.gguf").touch()
    module = "mm_support.engines.reply_weights"
    monkeypatch.setattr(f"{module}.packaged_gguf", lambda settings: plain)

    def fold(gguf, adapter, target):
        folded.append(adapter)
        target.touch()

    monkeypatch.setattr(f"{module}.fold_adapter", fold)
    shipped = trained_gguf(settings)
    own_adapter(settings).parent.mkdir(parents=True)
    trained[1].rename(own_adapter(settings))
    assert trained_gguf(settings) != shipped
    assert folded[0].is_file() and folded[1] == own_adapter(settings)
