"""Adapters: what is trained is what is saved, in whatever number format the model under them is."""

import pytest
import torch

from mm_support.torchvision_shim import prepare_torchvision
from mm_support.train.lora import add_lora, load_lora, save_lora
from mm_support.train.reply import reply_loss

BATCH = [([1, 2, 3, 4], [5, 6, 0]), ([2, 3], [7, 0])]  # (prompt, reply)


def small(dtype):
    prepare_torchvision()
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
def test_an_adapter_learns_in_float32_and_leaves_the_model_as_it_is(dtype):
    model = small(dtype)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layers = add_lora(model, 4, 2.0)
    own = [value for layer in layers.values() for value in (layer.a, layer.b)]
    assert {value.dtype for value in own} == {torch.float32} and {
        id(p) for p in model.parameters() if p.requires_grad
    } == {id(p) for p in own}
    optimizer = torch.optim.AdamW(own, lr=0.02, weight_decay=0.0)
    losses = []
    for _ in range(30):
        losses.append(reply_loss(model, BATCH))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]
    after = {name.replace(".base.", "."): value for name, value in model.state_dict().items()}
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_only_the_reply_counts():
    model = small(torch.float32)
    (prompt, reply), *_ = BATCH
    logits = model(torch.tensor([prompt + reply])).logits[0].log_softmax(-1)
    wanted = -torch.stack(
        [logits[len(prompt) - 1 + place, token] for place, token in enumerate(reply)]
    ).mean()
    torch.testing.assert_close(reply_loss(model, BATCH[:1]), wanted)


def test_what_was_learned_is_saved_whole_and_read_again(tmp_path):
    model, other = small(torch.float32), small(torch.float32)
    layers, again = add_lora(model, 4, 2.0, 1), add_lora(other, 4, 2.0, 1)
    for layer in layers.values():
        torch.nn.init.normal_(layer.b, std=0.1)
    save_lora(layers, tmp_path / "x.safetensors")
    load_lora(again, tmp_path / "x.safetensors")
    assert all(".layers.1." in name for name in layers) and [
        path.name for path in tmp_path.iterdir()
    ] == ["x.safetensors"]
    torch.testing.assert_close(
        reply_loss(other, BATCH), reply_loss(model, BATCH), atol=2e-3, rtol=0
    )
