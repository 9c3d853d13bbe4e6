"""The network of a text encoder: token ids -> a state a token. Knows no tokenizer, no pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mm_support.device import Device, torch_threads

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

FEW = 8  # texts that one thread encodes by itself


class Network(Protocol):
    """ids and kept: (b, t) int64, kept is 1 where there is a token -> (b, t, dim) float32."""

    dim: int

    def __call__(self, ids: Tensor, kept: Tensor) -> Tensor: ...


class TorchNetwork:
    """A transformers encoder on a device."""

    def __init__(self, model: PreTrainedModel, device: Device) -> None:
        self.model, self._device = model, device.device
        self.dim: int = model.config.hidden_size

    def __call__(self, ids: Tensor, kept: Tensor) -> Tensor:
        import torch

        few = 1 if len(ids) <= FEW else None
        ids, kept = ids.to(self._device), kept.to(self._device)
        with torch.inference_mode(), torch_threads(few):
            return self.model(input_ids=ids, attention_mask=kept).last_hidden_state.float()


def torch_network(source: str, device: Device) -> TorchNetwork:
    """source: a folder or a hub repository. Raises OSError or ValueError where it cannot be had."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(source, dtype=device.dtype, use_safetensors=True)
    return TorchNetwork(model.eval().to(device.device), device)
