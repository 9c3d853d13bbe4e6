"""Low-rank changes to a network that stays as it is (LoRA, Hu et al. 2021), while they are learned.

What is learned is written as mm_support/encode/text_network.py takes it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mm_support.encode.text_network import SCALE

LAYERS = "encoder.layer"  # all linear layers below it are changed


class Adapted(nn.Module):
    """A linear layer that stays, and a low-rank change to it."""

    def __init__(self, layer: nn.Linear, rank: int) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, states: Tensor) -> Tensor:
        return self.layer(states) + SCALE * (states @ self.a.T @ self.b.T)


def adapt(model: Any, rank: int, dropout: float) -> None:
    """Makes a transformers encoder learn changes, and the embeddings of the two sides, alone."""
    model.requires_grad_(False)
    model.embeddings.token_type_embeddings.requires_grad_(True)
    for name, layer in list(model.named_modules()):
        if isinstance(layer, nn.Dropout):
            layer.p = dropout
        if isinstance(layer, nn.Linear) and name.startswith(LAYERS):
            above, _, own = name.rpartition(".")
            setattr(model.get_submodule(above), own, Adapted(layer, rank))


def changes(model: Any) -> dict[str, Tensor]:
    """What was learned, float16, by the names of layers."""
    found = {
        f"{name}.{part}": getattr(layer, part)
        for name, layer in model.named_modules()
        if isinstance(layer, Adapted)
        for part in "ab"
    }
    return halves(found | {"sides": model.embeddings.token_type_embeddings.weight})


def halves(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As they are written: float16, on the processor."""
    return {name: value.detach().cpu().half().contiguous() for name, value in weights.items()}


def take_up(model: Any, weights: dict[str, Tensor]) -> None:
    """Puts what `changes` gives back into a model that learns."""
    for name, layer in model.named_modules():
        if isinstance(layer, Adapted):
            layer.a.data, layer.b.data = (weights[f"{name}.{part}"].to(layer.a) for part in "ab")
    embeddings = model.embeddings.token_type_embeddings
    embeddings.weight.data = weights["sides"].to(embeddings.weight)
