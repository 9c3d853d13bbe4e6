"""Text encoder: sentences -> unit vectors in the space in which questions and knowledge meet.

A transformers encoder with the prefixes, pooling and length that its entry states (text_models.py);
without an entry the pooling is the one that its folder declares (sentence-transformers layout), or
the mean. Beside a text's vector it gives those of its word pieces, each in the light of the whole
text, for late interaction (Khattab and Zaharia 2020). Knows nothing of entries or retrieval.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device
from mm_support.encode.text_models import Kind, TextModel, text_model
from mm_support.encode.text_network import Network, torch_network
from mm_support.errors import WeightsError
from mm_support.plugged import plugged
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

BATCH = 64  # texts encoded together
REMEMBERED = 10_000  # texts whose vectors are remembered, 1.5 kB each


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
    """An encoder's network and tokenizer. entry: how it was trained; its pooling is set."""

    def __init__(self, network: Network, tokenizer, entry: TextModel) -> None:
        self.network, self.tokenizer, self.entry = network, tokenizer, entry
        self.dim = network.dim
        self._lock = threading.Lock()  # fast tokenizers may not be used by two threads at once
        self._marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}

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
            found = self.tokenizer(
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

        ones = [torch.ones(len(row), dtype=torch.long) for row in tokens]
        kept = pad_sequence(ones, batch_first=True)
        filler = self.tokenizer.pad_token_id
        ids = pad_sequence(list(map(torch.tensor, tokens)), batch_first=True, padding_value=filler)
        states = self.network(ids, kept)
        mask = kept.to(states.device).unsqueeze(-1).float()
        first = self.entry.pooling == "cls"
        pooled = states[:, 0] if first else (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1), states


class RememberingEncoder:
    """A text encoder that remembers the vectors of the texts that it encoded last, so that what a
    customer asked is encoded once, however many steps need its vector. Blanks make no difference.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder, self.dim = encoder, encoder.dim
        self._known: OrderedDict[tuple[str, Kind], np.ndarray] = OrderedDict()  # the latest last
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray:
        """(n, dim) float32 unit rows."""
        plain = [" ".join(text.split()) for text in texts]
        with self._lock:
            known = self._known
            found = {text: known[text, kind] for text in plain if (text, kind) in known}
        missing = [text for text in dict.fromkeys(plain) if text not in found]
        if missing:
            found |= zip(missing, self._encoder.encode(missing, kind))
        self._remember(found, kind)
        return np.array([found[text] for text in plain], np.float32).reshape(-1, self.dim)

    def encode_pieces(
        self, texts: Sequence[str], kind: Kind = "query"
    ) -> tuple[np.ndarray, list[Pieces]]:
        """(n, dim) float32 unit rows, and the pieces of each text, which are not remembered."""
        vectors, pieces = self._encoder.encode_pieces(texts, kind)
        self._remember({" ".join(text.split()): row for text, row in zip(texts, vectors)}, kind)
        return vectors, pieces

    def _remember(self, vectors: dict[str, np.ndarray], kind: Kind) -> None:
        with self._lock:
            for text, vector in vectors.items():
                self._known[text, kind] = vector
                self._known.move_to_end((text, kind))
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def load_text_encoder(settings: Settings, device: Device) -> TextEncoder:
    """The encoder that settings.text_model names: package weights, a local folder, a hub repository
    or one's own.

    Raises WeightsError where the weights cannot be had.
    """
    if own := plugged(settings.text_model, settings):
        return own
    prepare_torchvision()
    from transformers import AutoTokenizer
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()  # loading takes less than a second; fetching has a bar of its own
    set_verbosity_error()  # it warns of a pooling layer that is missing and not used
    name, entry = settings.text_model, text_model(settings.text_model)
    packaged = name.startswith(PREFIX)
    source = str(package_weights(name, settings.cache_dir)) if packaged else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        network = torch_network(source, device)
    except (OSError, ValueError) as exc:
        raise WeightsError(
            f"The text encoder {name!r} could not be loaded: connect to the hub, give a local "
            "folder, or use the embedded profile (MM_SUPPORT_PROFILE=embedded)."
        ) from exc
    entry = replace(entry, pooling=entry.pooling or _pooling(source))
    return TransformersTextEncoder(network, tokenizer, entry)


def _pooling(source: str) -> str:
    """ "cls" where the model's sentence-transformers configuration asks for it, else "mean"."""
    from transformers.utils.hub import cached_file

    path = cached_file(source, "1_Pooling/config.json", _raise_exceptions_for_missing_entries=False)
    if path is None:
        return "mean"
    pooling = json.loads(Path(path).read_text(encoding="utf-8"))
    return "cls" if pooling.get("pooling_mode_cls_token") else "mean"
