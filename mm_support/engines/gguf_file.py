"""A llama-like GGUF file: with a trained adapter folded into its weights, or as a folder in the
layout of the hub.

OpenVINO opens the GGUF file itself; training and GPUs work on the folder.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.errors import WeightsError
from mm_support.torchvision_shim import prepare_torchvision

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


def to_hub_order(rows: np.ndarray, heads: int) -> np.ndarray:
    """Query or key rows from GGUF's interleaved rotary order to the hub's two halves. rows: (heads
    * d, n).
    """
    return rows.reshape(heads, -1, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def to_gguf_order(rows: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of to_hub_order."""
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
        heads, eight_bits = _heads(_config(reader)), GGMLQuantizationType.Q8_0
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
    """config.json, tokenizer and float16 model.safetensors made from a GGUF file. Raises
    WeightsError.
    """
    try:
        _write_hub_folder(gguf, folder)
    except (KeyError, ValueError, OSError) as exc:
        raise WeightsError(f"{gguf} is not a Llama-like GGUF file: {exc}") from exc


def _write_hub_folder(gguf: Path, folder: Path) -> None:
    prepare_torchvision()
    from gguf import GGUFReader
    from safetensors.numpy import save_file
    from transformers import AutoTokenizer

    reader = GGUFReader(gguf)
    config = _config(reader)
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    save_file(_weights(reader, config), folder / "model.safetensors", {"format": "pt"})
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)


def _config(reader: Any) -> dict[str, Any]:
    def value(key: str) -> Any:
        return reader.fields[key].contents()

    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": value("llama.embedding_length"),
        "intermediate_size": value("llama.feed_forward_length"),
        "num_hidden_layers": value("llama.block_count"),
        "num_attention_heads": value("llama.attention.head_count"),
        "num_key_value_heads": value("llama.attention.head_count_kv"),
        "rms_norm_eps": value("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": value("llama.rope.freq_base"),
        "max_position_embeddings": value("llama.context_length"),
        "vocab_size": value("llama.vocab_size"),
        "bos_token_id": value("tokenizer.ggml.bos_token_id"),
        "eos_token_id": value("tokenizer.ggml.eos_token_id"),
        "tie_word_embeddings": not any(tensor.name == "output.weight" for tensor in reader.tensors),
    }


def _weights(reader: Any, config: dict[str, Any]) -> dict[str, np.ndarray]:
    """Hub name -> float16 array."""
    heads = _heads(config)
    weights = {}
    for tensor in reader.tensors:
        kind = tensor.name.split(".")[-2]
        array = to_hub_order(_values(tensor), heads[kind]) if kind in heads else _values(tensor)
        weights[hub_name(tensor.name)] = np.ascontiguousarray(array, dtype=np.float16)
    return weights


def _heads(config: dict[str, Any]) -> dict[str, int]:
    """The layers whose rows GGUF orders differently, and how many heads they have."""
    return {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}


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
