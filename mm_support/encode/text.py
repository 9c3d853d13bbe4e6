"""Text encoder: sentences -> unit vectors in the space in which questions and knowledge meet.

A transformers encoder with the pooling that its folder declares (sentence-transformers layout),
mean pooling where it declares none. Beside a text's vector it gives those of its word pieces, each
in the light of the whole text, for late interaction (Khattab and Zaharia 2020). Knows nothing of
entries or retrieval.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device, torch_threads
from mm_support.errors import WeightsError
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 64  # texts encoded together
REMEMBERED = 10_000  # texts whose vectors are remembered, 1.5 kB each
FEW = 8  # texts that one thread encodes by itself
MAX_TOKENS = 256  # all-MiniLM-L6-v2 was trained with at most 256; longer texts are cut


class Pieces(NamedTuple):
    """The t word pieces of a text, without the marks at its ends: their ids, and (t, dim) float16,
    rows of length 1.
    """

    ids: list[int]
    vectors: np.ndarray


class TextEncoder(Protocol):
    """dim: length of a vector. encode: n texts -> (n, dim) float32, rows of length 1;
    encode_pieces: the same, and the pieces of each text."""

    dim: int

    def encode(self, texts: Sequence[str]) -> np.ndarray: ...

    def encode_pieces(self, texts: Sequence[str]) -> tuple[np.ndarray, list[Pieces]]: ...


class TransformersTextEncoder:
    """A transformers encoder, its tokenizer and its pooling ("mean" or "cls")."""

    def __init__(self, model, tokenizer, pooling: str, device: Device) -> None:
        self._model, self._tokenizer, self._pooling, self._device = (
            model,
            tokenizer,
            pooling,
            device,
        )
        self._lock = threading.Lock()  # fast tokenizers may not be used by two threads at once
        self._marks = {
            tokenizer.cls_token_id,
            tokenizer.sep_token_id,
            tokenizer.bos_token_id,
            tokenizer.eos_token_id,
        }
        self.dim: int = model.config.hidden_size

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for rows, _, pooled, _ in self._batches(texts):
            vectors[rows] = pooled.cpu().numpy()
        return vectors

    def encode_pieces(self, texts: Sequence[str]) -> tuple[np.ndarray, list[Pieces]]:
        """(n, dim) float32 unit rows, and the pieces of each text."""
        from torch.nn.functional import normalize

        vectors, pieces = (
            np.zeros((len(texts), self.dim), np.float32),
            [Pieces([], np.zeros((0, self.dim), np.float16))] * len(texts),
        )
        for rows, tokens, pooled, states in self._batches(texts):
            vectors[rows] = pooled.cpu().numpy()
            units = normalize(states, dim=-1).half().cpu().numpy()
            for row, ids, own in zip(rows, tokens, units):
                kept = [place for place, piece in enumerate(ids) if piece not in self._marks]
                pieces[row] = Pieces([ids[place] for place in kept], own[kept])
        return vectors, pieces

    def _batches(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[list[int], list[list[int]], Tensor, Tensor]]:
        """Rows, their tokens, (b, dim) unit vectors and (b, longest, dim) states. Texts of as many
        tokens share a batch, so little is padded."""
        with self._lock:
            tokens = (
                self._tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
                if texts
                else []
            )
        order = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
        for start in range(0, len(texts), BATCH):
            rows = order[start : start + BATCH]
            own = [tokens[i] for i in rows]
            yield rows, own, *self._encode_batch(own)

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
        pooled = states[:, 0] if self._pooling == "cls" else (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1), states


class RememberingEncoder:
    """A text encoder that remembers the vectors of the texts that it encoded last, so that what a
    customer asked is encoded once, however many steps need its vector. Blanks make no difference.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder, self.dim = encoder, encoder.dim
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()  # the latest last
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        keys = [_key(text) for text in texts]
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            found |= zip(missing, self._encoder.encode(missing))
        self._remember(found)
        return np.stack([found[key] for key in keys]) if keys else self._encoder.encode([])

    def encode_pieces(self, texts: Sequence[str]) -> tuple[np.ndarray, list[Pieces]]:
        """(n, dim) float32 unit rows, and the pieces of each text, which are not remembered."""
        vectors, pieces = self._encoder.encode_pieces(texts)
        self._remember({_key(text): vector for text, vector in zip(texts, vectors)})
        return vectors, pieces

    def _remember(self, vectors: dict[str, np.ndarray]) -> None:
        with self._lock:
            for key, vector in vectors.items():
                self._known[key] = vector
                self._known.move_to_end(key)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def _key(text: str) -> str:
    return " ".join(text.split())


def load_text_encoder(settings: Settings, device: Device) -> TransformersTextEncoder:
    """The encoder that settings.text_model names: package weights, a local folder or a hub
    repository.

    Raises WeightsError where the weights cannot be had.
    """
    prepare_torchvision()
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # loading takes less than a second; fetching has a bar of its own
    name = settings.text_model
    source = str(package_weights(name, settings.cache_dir)) if name.startswith(PREFIX) else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModel.from_pretrained(source, dtype=device.dtype, use_safetensors=True)
    except (OSError, ValueError) as exc:
        raise WeightsError(
            f"The text encoder {name!r} could not be loaded: connect to the hub, give a local folder, "
            "or use the embedded profile (MM_SUPPORT_PROFILE=embedded)."
        ) from exc
    return TransformersTextEncoder(
        model.eval().to(device.device), tokenizer, _pooling(source), device
    )


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
