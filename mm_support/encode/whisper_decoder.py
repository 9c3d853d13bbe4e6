"""Whisper's text decoder on a CPU, with weights kept in float16, as they were published.

A token is a matrix times a vector for each layer: as fast as the weights can be read. FBGEMM reads
them as float16 and computes in float32, so the result is the same and comes two to three times as
soon.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from whisper.model import TextDecoder, Whisper

from mm_support.encode.compiled import is_half


def halve_decoder(model: Whisper) -> None:
    """Puts a decoder in place that reads half as much, where torch has FBGEMM (it is for x86) and
    float16 holds all weights exactly.
    """
    linears = [module for module in model.decoder.modules() if isinstance(module, nn.Linear)]
    weights = [module.weight for module in (*linears, model.decoder.token_embedding)]
    if "fbgemm" not in torch.backends.quantized.supported_engines or not all(map(is_half, weights)):
        return
    for block in model.decoder.blocks:
        for parent in list(block.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.Linear):
                    setattr(parent, name, HalfLinear(child.weight, child.bias))
    model.add_module("decoder", HalfDecoder(model.decoder))


class HalfLinear(nn.Module):
    """(..., n_in) float32 -> (..., n_out) float32."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self._packed = torch.ops.quantized.linear_prepack_fp16(
            weight.detach(), None if bias is None else bias.detach()
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.quantized.linear_dynamic_fp16(x, self._packed)


class HalfDecoder(nn.Module):
    """A TextDecoder, called as one; its token embedding is kept in float16, too."""

    def __init__(self, decoder: TextDecoder) -> None:
        super().__init__()
        self.logits = HalfLinear(decoder.token_embedding.weight)
        self.token_embedding = decoder.token_embedding.half()
        self.positional_embedding = decoder.positional_embedding
        self.blocks, self.ln = decoder.blocks, decoder.ln
        self.register_buffer("mask", decoder.get_buffer("mask"), persistent=False)

    def forward(self, tokens: Tensor, sound: Tensor, kv_cache: dict | None = None) -> Tensor:
        """(n, m) tokens behind the cache's, (n, positions, d) -> (n, m, vocabulary) logits."""
        done = next(iter(kv_cache.values())).shape[1] if kv_cache else 0
        x = (
            self.token_embedding(tokens).float()
            + self.positional_embedding[done : done + tokens.shape[1]]
        )
        for block in self.blocks:
            x = block(x, sound, mask=self.mask, kv_cache=kv_cache)
        return self.logits(self.ln(x))
