"""A GGUF file: with a trained adapter folded into its weights (those of llama-like models only), or
as a folder in the layout of the hub.

OpenVINO opens the GGUF file itself; training and GPUs work on the folder.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.errors import WeightsError
from mm_support.torchvision_shim import prepare_transformers

_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
PEFT_WEIGHTS = "adapter_model.safetensors"  # in the folder of an adapter
_BLOCK = re.compile(r"blk\.(\d+)\.(\w+)\.weight")


def hub_name(name: str) -> str:
    """A GGUF tensor's name in transformers' Llama: blk.0.attn_q.weight ->
    model.layers.0.self_attn.q_proj.weight.
    """
    if match := _BLOCK.fullmatch(name):
        return f"model.layers.{match[1]}.{_NAMES[match[2]]}.weight"
    return f"{_NAMES[name.removesuffix('.weight')]}.weight"


def to_gguf_order(rows: np.ndarray, heads: int) -> np.ndarray:
    """Query or key rows from the hub's two halves to GGUF's interleaved rotary order. rows: (heads
    * d, n).
    """
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def read_adapter(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Layer -> A (rank, n_in) and B (n_out, rank), the scale folded into B, float32.

    path: a folder as peft writes it, or a file of <layer>.a and <layer>.b, which is how the adapter
    that ships is kept. Raises OSError, KeyError, ValueError or SafetensorError where it is neither.
    """
    from safetensors.numpy import load_file

    if path.is_dir():
        config = json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))
        values, scale = load_file(path / PEFT_WEIGHTS), config["lora_alpha"] / config["r"]
        prefix, ends = "base_model.model.", (".lora_A.weight", ".lora_B.weight")
    else:
        values, scale, prefix, ends = load_file(path), 1.0, "", (".a", ".b")
    layers = [name.removesuffix(ends[0]) for name in values if name.endswith(ends[0])]
    return {
        layer.removeprefix(prefix): (
            values[layer + ends[0]].astype(np.float32),
            scale * values[layer + ends[1]].astype(np.float32),
        )
        for layer in layers
    }


def fold_adapter(gguf: Path, adapter: Path, target: Path) -> None:
    """Writes the file again with B A added to each layer that the adapter holds, those layers as
    Q8_0. adapter: see read_adapter.

    Raises WeightsError where one does not fit the other.
    """
    from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quantize
    from safetensors import SafetensorError

    try:
        reader, layers = GGUFReader(gguf), read_adapter(adapter)
        heads, eight_bits = _heads(reader), GGMLQuantizationType.Q8_0
        writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
        _copy_fields(reader, writer)
        for tensor in reader.tensors:
            layer = hub_name(tensor.name).removesuffix(".weight")
            if layer not in layers:
                writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
                continue
            a, b = layers.pop(layer)
            kind = tensor.name.split(".")[-2]
            delta = to_gguf_order(b @ a, heads[kind]) if kind in heads else b @ a
            folded = quantize(_values(tensor) + delta, eight_bits)
            writer.add_tensor(tensor.name, folded, raw_dtype=eight_bits)
    except (KeyError, ValueError, OSError, SafetensorError) as exc:
        raise WeightsError(f"The adapter {adapter} does not fit {gguf}: {exc}") from exc
    if layers:
        raise WeightsError(
            f"The adapter {adapter} is for another model than {gguf}: it has no layer"
            f" {min(layers)}."
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_hub_folder(gguf: Path, folder: Path) -> None:
    """The same model in the layout of the hub, in float16. Raises WeightsError."""
    prepare_transformers()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    place, name, plain = str(gguf.parent), gguf.name, GgufConfig(dequantize=True)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            place, gguf_file=name, dtype=torch.float16, quantization_config=plain
        )
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(place, gguf_file=name).save_pretrained(folder)
    except (KeyError, ValueError, OSError) as exc:
        raise WeightsError(f"{gguf} is not a GGUF file that can be opened: {exc}") from exc


def _heads(reader: Any) -> dict[str, int]:
    """The layers whose rows GGUF orders differently, and how many heads they have."""
    counts = {"attn_q": "head_count", "attn_k": "head_count_kv"}
    fields = {layer: reader.fields[f"llama.attention.{name}"] for layer, name in counts.items()}
    return {layer: field.contents() for layer, field in fields.items()}


def _values(tensor: Any) -> np.ndarray:
    """float32, (n_out, n_in)."""
    from gguf import dequantize

    return dequantize(tensor.data, tensor.tensor_type)


def _copy_fields(reader: Any, writer: Any) -> None:
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            writer.add_key_value(
                name,
                field.contents(),
                field.types[0],
                field.types[-1] if len(field.types) > 1 else None,
            )
