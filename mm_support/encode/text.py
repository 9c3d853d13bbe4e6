"""Text encoder: sentences -> unit vectors in the space in which questions and knowledge meet.

A transformers encoder with the prefixes, pooling and length that its entry states (text_models.py);
without an entry the pooling is the one that its folder declares (sentence-transformers layout), or
the mean. Beside a text's vector it gives those of its word pieces, each in the light of the whole
text, for late interaction (Khattab and Zaharia 2020). Knows nothing of entries or retrieval.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device, torch_threads
from mm_support.encode.text_models import Kind, TextModel, text_model
from mm_support.errors import WeightsError
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 64  # texts encoded together
FEW = 8  # texts that one thread encodes by itself


class Pieces(NamedTuple):
    """The t word pieces of a text, without its prefix and the marks at its ends: their ids, and
    (t, dim) float16, rows of length 1.
    """

    ids: list[int]
    vectors: np.ndarray


class TextEncoder(Protocol):
    """dim: length of a vector. encode: n texts -> (n, dim) float32, rows of length 1;
    encode_pieces: the same, and the pieces of each text. kind: "query" for what is asked,
    "passage" for what is searched."""

    dim: int

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray: ...

    def encode_pieces(
        self, texts: Sequence[str], kind: Kind = "query"
    ) -> tuple[np.ndarray, list[Pieces]]: ...


class Tokens(NamedTuple):
    """A text's tokens: their ids, and the places of those that are neither prefix nor mark."""

    ids: list[int]
    own: list[int]


class TransformersTextEncoder:
    """A transformers encoder and its tokenizer. entry: how it was trained; its pooling is set."""

    def __init__(self, model, tokenizer, entry: TextModel, device: Device) -> None:
        self._model, self._tokenizer, self._device = model, tokenizer, device
        self.entry = entry
        self._lock = threading.Lock()  # fast tokenizers may not be used by two threads at once
        self._marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        self.dim: int = model.config.hidden_size

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray:
        """(n, dim) float32 unit rows."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for rows, _, pooled, _ in self._batches(texts, kind):
            vectors[rows] = pooled.cpu().numpy()
        return vectors

    def encode_pieces(
        self, texts: Sequence[str], kind: Kind = "query"
    ) -> tuple[np.ndarray, list[Pieces]]:
        """(n, dim) float32 unit rows, and the pieces of each text."""
        from torch.nn.functional import normalize

        vectors = np.zeros((len(texts), self.dim), np.float32)
        pieces = [Pieces([], np.zeros((0, self.dim), np.float16))] * len(texts)
        for rows, tokens, pooled, states in self._batches(texts, kind):
            vectors[rows] = pooled.cpu().numpy()
            units = normalize(states, dim=-1).half().cpu().numpy()
            for row, (ids, own), unit in zip(rows, tokens, units):
                pieces[row] = Pieces([ids[place] for place in own], unit[own])
        return vectors, pieces

    def _batches(
        self, texts: Sequence[str], kind: Kind
    ) -> Iterator[tuple[list[int], list[Tokens], Tensor, Tensor]]:
        """Rows, their tokens, (b, dim) unit vectors and (b, longest, dim) states. Texts of as many
        tokens share a batch, so little is padded."""
        tokens = self._tokenize(texts, self.entry.prefix(kind))
        order = sorted(range(len(texts)), key=lambda i: len(tokens[i].ids))
        for start in range(0, len(texts), BATCH):
            rows = order[start : start + BATCH]
            batch = [tokens[i] for i in rows]
            yield rows, batch, *self._encode_batch([ids for ids, _ in batch])

    def _tokenize(self, texts: Sequence[str], prefix: str) -> list[Tokens]:
        if not texts:
            return []
        with self._lock:
            found = self._tokenizer(
                [prefix + text.strip() for text in texts],  # a blank at the end would be a piece
                truncation=True,
                max_length=self.entry.max_tokens,
                return_offsets_mapping=True,
            )
        return [
            Tokens(ids, self._own(ids, offsets, len(prefix)))
            for ids, offsets in zip(found["input_ids"], found["offset_mapping"])
        ]

    def _own(
        self, ids: Sequence[int], offsets: Sequence[tuple[int, int]], prefix: int
    ) -> list[int]:
        """Places of the tokens of the text itself: they end behind its prefix, in characters."""
        return [
            place
            for place, (piece, (_, end)) in enumerate(zip(ids, offsets))
            if end > prefix and piece not in self._marks
        ]

    def _encode_batch(self, tokens: list[list[int]]) -> tuple[Tensor, Tensor]:
        import torch
        from torch.nn.utils.rnn import pad_sequence

        kept = pad_sequence(
            [torch.ones(len(row), dtype=torch.long) for row in tokens], batch_first=True
        )
        ids = pad_sequence(
            list(map(torch.tensor, tokens)),
            batch_first=True,
            padding_value=self._tokenizer.pad_token_id,
        )
        kept, ids = kept.to(self._device.device), ids.to(self._device.device)
        with torch.inference_mode(), torch_threads(1 if len(tokens) <= FEW else None):
            states = self._model(input_ids=ids, attention_mask=kept).last_hidden_state.float()
        mask = kept.unsqueeze(-1).float()
        first = self.entry.pooling == "cls"
        pooled = states[:, 0] if first else (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1), states


def load_text_encoder(settings: Settings, device: Device) -> TransformersTextEncoder:
    """The encoder that settings.text_model names: package weights, a local folder or a hub
    repository.

    Raises WeightsError where the weights cannot be had.
    """
    prepare_torchvision()
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()  # loading takes less than a second; fetching has a bar of its own
    set_verbosity_error()  # it warns of a pooling layer that is missing and not used
    name, entry = settings.text_model, text_model(settings.text_model)
    source = str(package_weights(name, settings.cache_dir)) if name.startswith(PREFIX) else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModel.from_pretrained(source, dtype=device.dtype, use_safetensors=True)
    except (OSError, ValueError) as exc:
        raise WeightsError(
            f"The text encoder {name!r} could not be loaded: connect to the hub, give a local folder, "
            "or use the embedded profile (MM_SUPPORT_PROFILE=embedded)."
        ) from exc
    entry = replace(entry, pooling=entry.pooling or _pooling(source))
    return TransformersTextEncoder(model.eval().to(device.device), tokenizer, entry, device)


def _pooling(source: str) -> str:
    """ "cls" where the model's sentence-transformers configuration asks for it, otherwise "mean"."""
    from transformers.utils import cached_file

    path = cached_file(source, "1_Pooling/config.json", _raise_exceptions_for_missing_entries=False)
    if path is None:
        return "mean"
    return (
        "cls"
        if json.loads(Path(path).read_text(encoding="utf-8")).get("pooling_mode_cls_token")
        else "mean"
    )
