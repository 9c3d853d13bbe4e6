"""The reply model's files: an adapter folded into a GGUF is the hub's weights plus B A, made once
and only where it fits.
"""

import numpy as np
import pytest

from mm_support.engines.gguf_file import fold_adapter, to_gguf_order
from mm_support.errors import WeightsError
from mm_support.weights import derived_weights

HIDDEN, HEADS, FEED = 64, 2, 96
SHAPES = {
    "attn_q": (HIDDEN, HIDDEN),
    "attn_k": (HIDDEN // 2, HIDDEN),
    "attn_v": (HIDDEN // 2, HIDDEN),
    "ffn_down": (HIDDEN, FEED),
}
PARAMETERS = {
    "embedding_length": HIDDEN,
    "feed_forward_length": FEED,
    "block_count": 1,
    "attention.head_count": HEADS,
    "attention.head_count_kv": 1,
    "context_length": 8,
    "vocab_size": 4,
}


@pytest.fixture
def small_gguf(tmp_path):
    """A file with one block, and its tensors in GGUF's order."""
    from gguf import GGUFWriter

    rng = np.random.default_rng(0)
    tensors = {
        f"blk.0.{name}.weight": rng.normal(size=shape).astype(np.float32)
        for name, shape in SHAPES.items()
    }
    writer = GGUFWriter(tmp_path / "small.gguf", "llama")
    for name, value in PARAMETERS.items():
        writer.add_uint32(f"llama.{name}", value)
    for name in ("attention.layer_norm_rms_epsilon", "rope.freq_base"):
        writer.add_float32(f"llama.{name}", 1.0)
    for name in ("bos", "eos"):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", 1)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "c", "d"])
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    (
        writer.write_header_to_file(),
        writer.write_kv_data_to_file(),
        writer.write_tensors_to_file(),
        writer.close(),
    )
    return tmp_path / "small.gguf", tensors


def adapter(tmp_path, **layers):
    """layer name -> (n_out, n_in): an adapter of rank 2 for them. Returns its file and its
    tensors.
    """
    from safetensors.numpy import save_file

    rng = np.random.default_rng(1)
    values = {}
    for name, (n_out, n_in) in layers.items():
        values[f"{name}.a"] = rng.normal(size=(2, n_in)).astype(np.float16)
        values[f"{name}.b"] = rng.normal(size=(n_out, 2)).astype(np.float16)
    save_file(values, tmp_path / "adapter.safetensors")
    return tmp_path / "adapter.safetensors", {
        name: values[f"{name}.b"].astype(np.float32) @ values[f"{name}.a"] for name in layers
    }


def read(path):
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(path)
    return {
        tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors
    }, reader.fields


def to_hub_order(rows, heads):
    """Query or key rows from GGUF's interleaved rotary order to the hub's two halves."""
    return rows.reshape(heads, -1, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def test_orders_are_inverse_and_keep_each_head_together():
    rows = np.arange(24.0).reshape(8, 3)
    assert np.array_equal(to_gguf_order(to_hub_order(rows, 2), 2), rows)
    assert set(to_hub_order(rows, 2)[:4, 0]) == set(rows[:4, 0])
    # one head of four rows: GGUF's pairs (0, 1), (2, 3) are the hub's (0, 2), (1, 3)
    assert to_hub_order(np.array([0, 1, 2, 3])[:, None], 1)[:, 0].tolist() == [0, 2, 1, 3]


def test_folding_adds_the_product_in_the_hubs_order_and_leaves_the_rest(small_gguf, tmp_path):
    path, plain = small_gguf
    layers = {
        "model.layers.0.self_attn.q_proj": SHAPES["attn_q"],
        "model.layers.0.mlp.down_proj": SHAPES["ffn_down"],
    }
    file, deltas = adapter(tmp_path, **layers)
    fold_adapter(path, file, tmp_path / "folded.gguf")
    folded, fields = read(tmp_path / "folded.gguf")

    queries = (
        to_hub_order(plain["blk.0.attn_q.weight"], HEADS)
        + deltas["model.layers.0.self_attn.q_proj"]
    )
    assert (
        np.abs(to_hub_order(folded["blk.0.attn_q.weight"], HEADS) - queries).max()
        < np.abs(queries).max() / 200
    )  # 8 bits
    down = plain["blk.0.ffn_down.weight"] + deltas["model.layers.0.mlp.down_proj"]
    assert np.abs(folded["blk.0.ffn_down.weight"] - down).max() < np.abs(down).max() / 200
    for name in ("blk.0.attn_k.weight", "blk.0.attn_v.weight"):
        assert np.array_equal(folded[name], plain[name])
    assert (
        fields["tokenizer.ggml.tokens"].contents() == ["a", "b", "c", "d"]
        and fields["llama.attention.head_count"].contents() == HEADS
    )


@pytest.mark.parametrize(
    "layer, shape",
    [
        ("model.layers.7.mlp.down_proj", SHAPES["ffn_down"]),
        ("model.layers.0.mlp.down_proj", (3, 5)),
    ],
)
def test_an_adapter_for_another_model_is_refused(small_gguf, tmp_path, layer, shape):
    file, _ = adapter(tmp_path, **{layer: shape})
    with pytest.raises(WeightsError, match="adapter"):
        fold_adapter(small_gguf[0], file, tmp_path / "folded.gguf")


def test_derived_files_are_made_once_and_again_when_damaged(tmp_path):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "file").write_text("right")

    for _ in range(2):
        folder = derived_weights("name", tmp_path, make)
    assert len(made) == 1 and (folder / "file").read_text() == "right"
    (folder / "file").write_text("wrong")
    assert (derived_weights("name", tmp_path, make) / "file").read_text() == "right" and len(
        made
    ) == 2


def test_a_failed_making_leaves_nothing_that_counts(tmp_path):
    def fail(folder):
        (folder / "half").write_text("half")
        raise WeightsError("no")

    with pytest.raises(WeightsError, match="no"):
        derived_weights("name", tmp_path, fail)
    assert not (tmp_path / "derived" / "name").exists()
