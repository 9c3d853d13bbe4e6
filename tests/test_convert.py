"""CTranslate2's format is read exactly, and renamed to openai-whisper's state dict."""

import struct

import numpy as np
import pytest

from mm_support.convert import openai_names, read_ctranslate2, whisper_dimensions
from mm_support.errors import WeightsError


def string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def pack(variables: dict[str, np.ndarray], version: int = 6) -> bytes:
    """An independent writer of the format."""
    codes = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
    data = (
        struct.pack("<I", version) + string("WhisperSpec") + struct.pack("<II", 3, len(variables))
    )
    for name, array in variables.items():
        data += (
            string(name)
            + struct.pack("<B", array.ndim)
            + struct.pack(f"<{array.ndim}I", *array.shape)
        )
        data += struct.pack("<BI", codes[array.dtype.name], array.nbytes) + array.tobytes()
    return data + struct.pack("<I", 0)


def test_round_trip():
    rng = np.random.default_rng(0)
    variables = {
        "a/weight": rng.normal(size=(3, 2)).astype(np.float16),
        "b": rng.normal(size=5).astype(np.float32),
        "n": np.array(7, np.int16),
    }
    read = read_ctranslate2(pack(variables))
    assert read.keys() == variables.keys()
    assert all(np.array_equal(read[name], array) for name, array in variables.items())


@pytest.mark.parametrize("keep", [0, 3, 10, 30, -10])
def test_cut_short_is_an_error(keep):
    data = pack({"a": np.ones((4, 4), np.float32)})
    with pytest.raises(WeightsError):
        read_ctranslate2(data[:keep])


def test_another_version_is_an_error():
    with pytest.raises(WeightsError, match="version 5"):
        read_ctranslate2(pack({"a": np.ones(1, np.float32)}, version=5))


def test_stacked_projections_are_split_in_order():
    stacked = np.arange(12, dtype=np.float32).reshape(6, 2)
    names = openai_names({"decoder/layer_1/self_attention/linear_0/weight": stacked})
    assert {name: array.tolist() for name, array in names.items()} == {
        "decoder.blocks.1.attn.query.weight": stacked[:2].tolist(),
        "decoder.blocks.1.attn.key.weight": stacked[2:4].tolist(),
        "decoder.blocks.1.attn.value.weight": stacked[4:].tolist(),
    }
    bias = openai_names({"decoder/layer_1/attention/linear_1/bias": np.arange(4.0)})
    assert list(bias) == ["decoder.blocks.1.cross_attn.value.bias"] and bias.popitem()[
        1
    ].tolist() == [2, 3]


@pytest.mark.slow
def test_whisper_base_fits_openai_whisper(settings):
    import json

    import whisper
    from safetensors.numpy import load_file

    from mm_support.weights import package_weights

    folder = package_weights("whisper-base", settings.cache_dir)
    dimensions = json.loads((folder / "config.json").read_text())
    tensors = load_file(folder / "model.safetensors")
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**dimensions))
    assert {n: tuple(v.shape) for n, v in model.state_dict().items()} == {
        n: v.shape for n, v in tensors.items()
    }
    assert whisper_dimensions(tensors) == dimensions
