"""The file of multilingual-e5-small is read exactly: written here by a second, slower hand."""

import json
import struct

import numpy as np
import pytest

from mm_support.convert import e5
from mm_support.e5_file import bert_name, read_e5
from mm_support.errors import WeightsError

HIDDEN, INTERMEDIATE, VOCABULARY = 32, 64, 7
MATRICES = {  # name -> rows, columns, as a BERT of one layer has them
    "emb.word": (VOCABULARY, HIDDEN),
    **{f"l0.{part}.w": (HIDDEN, HIDDEN) for part in ("q", "k", "v", "ao")},
    "l0.fi.w": (INTERMEDIATE, HIDDEN),
    "l0.fo.w": (HIDDEN, INTERMEDIATE),
}
FLOATS = {
    "emb.pos": (12, HIDDEN),
    "emb.type": (2, HIDDEN),
    "l0.fi.b": (INTERMEDIATE,),
    **{f"{norm}.{end}": (HIDDEN,) for norm in ("emb.ln", "l0.aln", "l0.oln") for end in "wb"},
    **{f"l0.{part}.b": (HIDDEN,) for part in ("q", "k", "v", "ao", "fo")},
}


def random_block(random) -> tuple[bytes, list[float]]:
    """18 bytes, and the 32 weights that they mean, one after another in plain Python."""
    scale = np.float16(random.uniform(-0.1, 0.1))
    packed = random.integers(0, 256, 16).tolist()
    low, high = [byte % 16 for byte in packed], [byte // 16 for byte in packed]
    return scale.tobytes() + bytes(packed), [(half - 8) * float(scale) for half in low + high]


def random_tensor(name: str, random) -> tuple[bytes, np.ndarray]:
    if name in FLOATS:
        values = random.normal(size=FLOATS[name]).astype("<f4")
        return values.tobytes(), values
    rows, columns = MATRICES[name]
    blocks = [random_block(random) for _ in range(rows * columns // 32)]
    weights = np.array(sum((own for _, own in blocks), []), np.float32)
    return b"".join(data for data, _ in blocks), weights.reshape(rows, columns)


def write(version=1, magic=b"E5S1", block=32) -> tuple[bytes, dict[str, np.ndarray]]:
    """A whole file, and the tensors it holds under its own names."""
    random = np.random.default_rng(0)
    head = magic + struct.pack("<I", version)
    head += struct.pack("<7ifi", HIDDEN, 1, 2, INTERMEDIATE, VOCABULARY, 12, 2, 1e-12, block)
    pieces = [b"<s>", b"<pad>", b"</s>", "怎么".encode()]
    ends = np.cumsum([0, *map(len, pieces)]).tolist()
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, ends[-1])
    head += struct.pack(f"<{len(ends)}I{len(pieces)}f", *ends, *[-1.0] * len(pieces))
    head += b"".join(pieces) + struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xA0, 1, 0x20)
    tensors, bodies = {}, {}
    for name in (*MATRICES, *FLOATS):
        bodies[name], tensors[name] = random_tensor(name, random)
    offset = len(head) + 4 + sum(2 + len(name) + 21 for name in bodies)
    directory = struct.pack("<i", len(bodies))
    for name, body in bodies.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", name in MATRICES, tensors[name].size, offset, len(body))
        offset += len(body)
    return head + directory + b"".join(bodies.values()), tensors


def test_every_weight_is_the_one_that_was_written():
    data, written = write()
    config, read = read_e5(data)
    assert config["hidden_size"] == HIDDEN and config["vocab_size"] == VOCABULARY
    assert len(read) == len(written)
    for name, values in written.items():
        np.testing.assert_array_equal(read[bert_name(name)], values, err_msg=name)


@pytest.mark.parametrize("keep", [2, 20, 80, 300, 600, -1])
def test_cut_short_is_an_error(keep):
    with pytest.raises(WeightsError, match="fetch"):
        read_e5(write()[0][:keep])


@pytest.mark.parametrize("other", [{"version": 2}, {"magic": b"GGUF"}, {"block": 64}])
def test_another_format_is_an_error(other):
    with pytest.raises(WeightsError, match="only|Only"):
        read_e5(write(**other)[0])


def test_it_loads_as_a_bert_and_encodes_as_numpy_does(tmp_path):
    """The converted folder through transformers, against the formulas of Devlin et al. 2019."""
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    import torch
    from transformers import AutoModel

    (tmp_path / "raw").mkdir()
    (tmp_path / "ready").mkdir()
    data, written = write()
    (tmp_path / "raw" / "small.bin").write_bytes(data)
    (tmp_path / "raw" / "tokenizer.json").write_text("{}")
    e5(tmp_path / "raw", tmp_path / "ready")
    assert json.loads((tmp_path / "ready" / "tokenizer_config.json").read_text())["cls_token"]
    model = AutoModel.from_pretrained(tmp_path / "ready", dtype=torch.float32).eval()
    ids = [0, 5, 3, 6, 2]
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    np.testing.assert_allclose(states, bert(written, ids), atol=2e-3)


def bert(weights, ids, heads=2) -> np.ndarray:
    """One layer over one text, (t, HIDDEN)."""
    from scipy.special import erf, softmax

    def linear(rows, name):
        return rows @ weights[f"{name}.w"].T + weights[f"{name}.b"]

    def norm(rows, name):
        centred = rows - rows.mean(1, keepdims=True)
        unit = centred / np.sqrt(centred.var(1, keepdims=True) + 1e-12)
        return unit * weights[f"{name}.w"] + weights[f"{name}.b"]

    states = weights["emb.word"][ids] + weights["emb.pos"][: len(ids)] + weights["emb.type"][0]
    states = norm(states, "emb.ln")
    query, key, value = (np.split(linear(states, f"l0.{part}"), heads, axis=1) for part in "qkv")
    mixed = [
        softmax(q @ k.T / np.sqrt(HIDDEN / heads), axis=1) @ v for q, k, v in zip(query, key, value)
    ]
    states = norm(states + linear(np.concatenate(mixed, axis=1), "l0.ao"), "l0.aln")
    inner = linear(states, "l0.fi")
    inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
    return norm(states + linear(inner, "l0.fo"), "l0.oln")
