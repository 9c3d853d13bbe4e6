"""Reads a claim and a passage as one text: does the passage say it?

The network of the text encoder, changed by low-rank matrices (LoRA, Hu et al. 2021), sees every
word of the claim beside the passage (a cross-encoder, as Nogueira and Cho 2019 rank passages);
words that stand in both are marked. Trained by assets/training/verifier.py; numbers and names are
checked elsewhere (language/facts.py). Knows no entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mm_support.device import Device, torch_threads
from mm_support.encode.text_network import change, torch_network
from mm_support.files import readable
from mm_support.weights import sha256_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor, nn

CLASSES = ("not said", "contradicted", "supported")
CLAIM, PASSAGE = 96, 192  # tokens that are read of each
BEGIN, END = 0, 2  # ids of what stands in front of a text and behind each of its parts
WORDS = "embeddings.word_embeddings.weight"


class Tokens(NamedTuple):
    """The t tokens of a claim and a passage, all (t,) int64. sides: 0 in the claim, 1 in the
    passage; shared: 1 where the other side has the same token, but for the commonest.
    """

    ids: np.ndarray
    sides: np.ndarray
    shared: np.ndarray


def paired(claim: Sequence[int], passage: Sequence[int], common: frozenset[int]) -> Tokens:
    """The ids of both without marks -> what the network reads."""
    claim, passage = list(claim[:CLAIM]), list(passage[:PASSAGE])
    both = {*claim} & {*passage} - common
    mark = [int(token in both) for token in claim], [int(token in both) for token in passage]
    ids = [BEGIN, *claim, END, END, *passage, END]
    sides = [0] * (len(claim) + 3) + [1] * (len(passage) + 1)
    shared = [0, *mark[0], 0, 0, *mark[1], 0]
    return Tokens(*(np.array(row, np.int64) for row in (ids, sides, shared)))


@dataclass(frozen=True, eq=False)
class ClaimReader:
    """network: (words (b, t, dim) float32, kept, sides, shared (b, t) int64) -> (b, 3) logits.
    words: the text encoder's, a row a token. common: ids that say nothing where both sides have
    them. threshold: probability of "supported" from which a claim is.
    """

    network: Callable[..., Tensor]
    tokenizer: Tokenizer
    words: Any
    common: frozenset[int]
    threshold: float

    def probabilities(self, claim: str, passage: str) -> np.ndarray:
        """(3,) float64, in CLASSES order. passage: titles and sentences, those that count."""
        import torch

        pair = paired(self.tokens(claim), self.tokens(passage), self.common)
        words = np.stack([self.words[token] for token in pair.ids.tolist()]).astype(np.float32)
        rows = [torch.from_numpy(row)[None] for row in (pair.sides, pair.shared)]
        with torch.inference_mode(), torch_threads():
            kept = torch.ones_like(rows[0])
            logits = self.network(torch.from_numpy(words)[None], kept, *rows)[0]
        return logits.double().softmax(-1).cpu().numpy()

    def tokens(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids


def claim_network(model: Any, weights: dict[str, Tensor] | None = None) -> nn.Module:
    """model: the text encoder's, in transformers, which is changed. weights: as the recipe writes
    them, kept in float16, to which what they change is rounded; None: to be trained.
    """
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            dim = model.config.hidden_size
            model.pooler = None  # its weights are in no file
            model.embeddings.word_embeddings = nn.Embedding.from_pretrained(torch.zeros(1, dim))
            self.model = model
            self.shared = nn.Embedding.from_pretrained(torch.zeros(2, dim), freeze=False)
            layers = nn.Linear(2 * dim, dim), nn.GELU(), nn.Linear(dim, len(CLASSES))
            self.head = nn.Sequential(*layers)

        def forward(self, words: Tensor, kept: Tensor, sides: Tensor, shared: Tensor) -> Tensor:
            marked = words.to(self.shared.weight.dtype) + self.shared(shared)
            read = self.model(inputs_embeds=marked, attention_mask=kept, token_type_ids=sides)
            states, mask = read.last_hidden_state, kept.unsqueeze(-1).to(marked.dtype)
            mean = (states * mask).sum(1) / mask.sum(1)
            return self.head(torch.cat([states[:, 0], mean], -1)).float()

    network = Network()
    if weights is not None:
        fill(network, weights)
        network.eval().requires_grad_(False)
    return network


def fill(network: Any, weights: dict[str, Tensor]) -> None:
    """Puts trained weights into a network that has none."""
    weights = {name: value.float() for name, value in weights.items()}
    change(network.model, weights)
    network.shared.weight.data = weights["shared"]
    own = {name.removeprefix("head."): value for name, value in weights.items()}
    network.head.load_state_dict({name: own[name] for name in network.head.state_dict()})


def load_claim_reader(
    path: Path, folder: Path, device: Device, cache_dir: Path, tokenizer: Tokenizer | None = None
) -> ClaimReader:
    """path: the safetensors file, its card beside it. folder: the package weights of the text
    encoder that it was trained on. tokenizer: the encoder's where it is loaded already, since a
    second one takes 290 MB. Raises WeightsError.
    """
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with readable(path, "run `python -m assets.training.verifier`"):
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        file = safe_open(folder / "model.safetensors", "numpy")
        name = next(key for key in file.keys() if key.endswith(WORDS))
        return ClaimReader(
            _network(path, folder, device, cache_dir),
            tokenizer or Tokenizer.from_file(str(folder / "tokenizer.json")),
            file.get_slice(name),
            frozenset(card["common"]),
            float(card["threshold"]),
        )


def _network(path: Path, folder: Path, device: Device, cache_dir: Path) -> Callable[..., Tensor]:
    """Compiled on a processor, by torch elsewhere."""
    import torch
    from safetensors.torch import load_file

    from mm_support.encode.compiled import compiled

    def make() -> nn.Module:
        plain = Device(torch.device("cpu"), torch.float32, "to be changed")
        return claim_network(torch_network(str(folder), plain).model, load_file(path))

    if device.device.type != "cpu":
        network = make().to(device.device, device.dtype)
        return lambda *inputs: network(*(one.to(device.device) for one in inputs))
    kept, sides, shared = torch.ones(3, 2, 9, dtype=torch.long)
    kept[1, 4:] = 0  # without padding the network would have no mask
    words = torch.zeros(2, 9, width_of(folder))
    made = compiled(
        f"{folder.name}-claims-{sha256_of(path)[:12]}",
        make,
        (words, kept, sides, shared),
        (0, 1),
        device.dtype,
        cache_dir,
    )
    return made or make()


def width_of(folder: Path) -> int:
    """Of the states of the network in the folder."""
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
