"""Text encoder: sentences -> unit vectors in the space in which questions and knowledge meet.

A transformers encoder with the prefixes, pooling and length that its entry states (text_models.py);
without an entry the pooling is the one that its folder declares (sentence-transformers layout), or
the mean. Beside a text's vector it gives those of its word pieces, each in the light of the whole
text, for late interaction (Khattab and Zaharia 2020). Knows nothing of entries or retrieval.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from mm_support.ahead import ahead
from mm_support.config import Settings
from mm_support.device import Device, torch_threads
from mm_support.encode.plugged import plugged
from mm_support.encode.text_models import Kind, TextModel, changes_of, text_model
from mm_support.encode.text_network import Network, packaged_network, torch_network
from mm_support.errors import WeightsError
from mm_support.runs import runs
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from torch import Tensor

BATCH = 64  # texts encoded together, at most
TOKENS = 1_024  # of a batch with its padding: more does not fit the cache of a processor
REMEMBERED = 10_000  # texts whose vectors are remembered, 1.5 kB each
WITH_PIECES = 100  # texts whose pieces are, too, up to 800 kB each


class Pieces(NamedTuple):
    """The t word pieces of a text, without prefix and marks: ids, (t, dim) float16 unit rows.

    early: the same rows of an early layer, in which how something is said is easier to read; None
    where an encoder has none, and of passages.
    """

    ids: list[int]
    vectors: np.ndarray
    early: np.ndarray | None = None


class TextEncoder(Protocol):
    """dim: length of a vector. encode: n texts -> (n, dim) float32 unit rows; encode_pieces: the
    same, and each text's pieces. kind: "query" for what is asked, "passage" for what is searched.
    """

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
    """entry: how the network was trained; its pooling is set. filler: id behind shorter texts."""

    def __init__(
        self, network: Network, tokenizer: Tokenizer, entry: TextModel, filler: int = 0
    ) -> None:
        self.network, self.tokenizer, self.entry = network, tokenizer, entry
        self.dim, self._filler = network.dim, filler
        tokenizer.no_padding()
        tokenizer.enable_truncation(entry.max_tokens)

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
            with torch_threads(1):
                units = normalize(states, dim=-1).half().cpu().numpy()
            for row, (ids, own), unit in zip(rows, tokens, units):
                early = unit[own, 1] if kind == "query" else None
                pieces[row] = Pieces([ids[place] for place in own], unit[own, 0], early)
        return vectors, pieces

    def _batches(
        self, texts: Sequence[str], kind: Kind
    ) -> Iterator[tuple[list[int], list[Tokens], Tensor, Tensor]]:
        """Rows, their tokens, (b, dim) unit vectors and (b, longest, 2, dim) states. Texts of as
        many tokens share a batch, so little is padded."""
        tokens = self._tokenize(texts, self.entry.prefix(kind))

        def encoded(rows: list[int]) -> tuple[list[int], list[Tokens], Tensor, Tensor]:
            batch = [tokens[i] for i in rows]
            with torch_threads(1):  # the network has threads of its own; the rest is little
                return rows, batch, *self._encode_batch([ids for ids, _ in batch])

        lengths = [len(ids) for ids, _ in tokens]
        return ahead(encoded, batches_of(lengths), self.network.at_once)

    def _tokenize(self, texts: Sequence[str], prefix: str) -> list[Tokens]:
        # a blank at the end would be a piece
        found = self.tokenizer.encode_batch([prefix + text.strip() for text in texts])
        return [Tokens(one.ids, _own(one, len(prefix))) for one in found]

    def _encode_batch(self, tokens: list[list[int]]) -> tuple[Tensor, Tensor]:
        import torch
        from torch.nn.utils.rnn import pad_sequence

        ones = [torch.ones(len(row), dtype=torch.long) for row in tokens]
        kept = pad_sequence(ones, batch_first=True)
        rows = list(map(torch.tensor, tokens))
        ids = pad_sequence(rows, batch_first=True, padding_value=self._filler)
        states = self.network(ids, kept)
        mask = kept.to(states.device).unsqueeze(-1).float()
        last = states[:, :, 0]
        first = self.entry.pooling == "cls"
        pooled = last[:, 0] if first else (last * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1), states


def batches_of(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts that are encoded together, the shortest first. lengths: their tokens."""

    def fits(batch: list[int], place: int) -> bool:
        return len(batch) < BATCH and (len(batch) + 1) * lengths[place] <= TOKENS

    return runs(sorted(range(len(lengths)), key=lengths.__getitem__), fits)


def _own(encoded: Encoding, prefix: int) -> list[int]:
    """Places of the tokens of the text itself: they end behind its prefix, in characters."""
    return [
        place
        for place, (mark, (_, end)) in enumerate(zip(encoded.special_tokens_mask, encoded.offsets))
        if end > prefix and not mark
    ]


class RememberingEncoder:
    """Remembers the vectors of the latest texts, and the pieces of some, so that what a customer
    asked is encoded once, however many steps need it. Blanks make no difference.
    """

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder, self.dim = encoder, encoder.dim
        self._known: OrderedDict[tuple[str, Kind], np.ndarray] = OrderedDict()  # the latest last
        self._pieces: OrderedDict[tuple[str, Kind], Pieces] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray:
        """(n, dim) float32 unit rows."""
        plain = [" ".join(text.split()) for text in texts]
        found, missing = self._recalled(self._known, plain, kind)
        if missing:
            found |= zip(missing, self._encoder.encode(missing, kind))
        self._remember(self._known, found, kind, REMEMBERED)
        return np.array([found[text] for text in plain], np.float32).reshape(-1, self.dim)

    def encode_pieces(
        self, texts: Sequence[str], kind: Kind = "query"
    ) -> tuple[np.ndarray, list[Pieces]]:
        """(n, dim) float32 unit rows, and the pieces of each text."""
        plain = [" ".join(text.split()) for text in texts]
        found, missing = self._recalled(self._pieces, plain, kind)
        if missing:
            vectors, pieces = self._encoder.encode_pieces(missing, kind)
            self._remember(self._known, dict(zip(missing, vectors)), kind, REMEMBERED)
            found |= zip(missing, pieces)
        self._remember(self._pieces, found, kind, WITH_PIECES)
        return self.encode(plain, kind), [found[text] for text in plain]

    def learn(self, known: Mapping[str, np.ndarray], kind: Kind) -> None:
        """Vectors (dim,) of texts that were encoded before, such as those of an index."""
        plain = {" ".join(text.split()): vector for text, vector in known.items()}
        self._remember(self._known, plain, kind, REMEMBERED)

    def _recalled(self, known: OrderedDict, texts: Sequence[str], kind: Kind) -> tuple[dict, list]:
        """What is known of the texts, and those of which nothing is."""
        with self._lock:
            found = {text: known[text, kind] for text in texts if (text, kind) in known}
        return found, [text for text in dict.fromkeys(texts) if text not in found]

    def _remember(self, known: OrderedDict, latest: dict, kind: Kind, most: int) -> None:
        """The latest last; what came first is forgotten."""
        with self._lock:
            for text, value in latest.items():
                known[text, kind] = value
                known.move_to_end((text, kind))
            while len(known) > most:
                known.popitem(last=False)


def load_text_encoder(settings: Settings, device: Device) -> TextEncoder:
    """The encoder that settings.text_model names: package weights, a folder, a hub repository or
    one's own. Raises WeightsError where it cannot be had.
    """
    if own := plugged(settings.text_model, settings):
        return own
    name, entry = settings.text_model, text_model(settings.text_model)
    try:
        if name.startswith(PREFIX):
            return _packaged(package_weights(name, settings.cache_dir), entry, settings, device)
        return _from_hub(name, entry, device)
    except (OSError, ValueError) as exc:
        raise WeightsError(
            f"The text encoder {name!r} could not be loaded: connect to the hub, give a local "
            "folder, or use the embedded profile (MM_SUPPORT_PROFILE=embedded)."
        ) from exc


def _packaged(
    folder: Path, entry: TextModel, settings: Settings, device: Device
) -> TransformersTextEncoder:
    """Without transformers, which takes seconds to import, where the network is compiled."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    changes = changes_of(settings.text_model)
    network = packaged_network(folder, device, settings.cache_dir, changes)
    return TransformersTextEncoder(network, tokenizer, entry)


def _from_hub(name: str, entry: TextModel, device: Device) -> TransformersTextEncoder:
    """name: also that of a folder. Raises OSError or ValueError where it cannot be had."""
    network = torch_network(name, device)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(name)
    entry = replace(entry, pooling=entry.pooling or _pooling(name))
    return TransformersTextEncoder(
        network, tokenizer.backend_tokenizer, entry, tokenizer.pad_token_id
    )


def _pooling(source: str) -> str:
    """ "cls" where the model's sentence-transformers configuration asks for it, else "mean"."""
    from transformers.utils.hub import cached_file

    path = cached_file(source, "1_Pooling/config.json", _raise_exceptions_for_missing_entries=False)
    if path is None:
        return "mean"
    pooling = json.loads(Path(path).read_text(encoding="utf-8"))
    return "cls" if pooling.get("pooling_mode_cls_token") else "mean"
