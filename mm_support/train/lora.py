"""Low-rank adapters for the linear layers of a language model (LoRA, Hu et al. 2022): add, save,
load, merge.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class LoraLinear(nn.Module):
    """A frozen linear layer W plus scale * B A. A: (rank, n_in), random; B: (n_out, rank), zero at
    first.
    """

    def __init__(self, base: nn.Linear, rank: int, scale: float) -> None:
        super().__init__()
        self.base, self.scale = base, scale
        device = base.weight.device
        self.a = nn.Parameter((torch.randn(rank, base.in_features) / rank**0.5).to(device))
        self.b = nn.Parameter(torch.zeros(base.out_features, rank, device=device))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


def add_lora(
    model: nn.Module, rank: int, scale: float, first_layer: int = 0
) -> dict[str, LoraLinear]:
    """Freezes the model and wraps the projections of its layers from `first_layer` on, in place.

    Returns them by their names. What is computed before the first wrapped layer needs no gradients.
    """
    model.requires_grad_(False)
    wrapped = {}
    for number, block in enumerate(model.model.layers[first_layer:], start=first_layer):
        for name, module in list(block.named_modules()):
            for child, layer in list(module.named_children()):
                if child in PROJECTIONS and isinstance(layer, nn.Linear):
                    wrapped[f"model.layers.{number}.{name}.{child}"] = LoraLinear(
                        layer, rank, scale
                    )
                    setattr(module, child, wrapped[f"model.layers.{number}.{name}.{child}"])
    return wrapped


def load_lora(layers: dict[str, LoraLinear], path: Path) -> None:
    """Sets the adapters to what save_lora wrote. Raises KeyError where they are not those."""
    from safetensors.torch import load_file

    tensors = load_file(path)
    with torch.no_grad():
        for name, layer in layers.items():
            layer.a.copy_(tensors[f"{name}.a"])
            layer.b.copy_(tensors[f"{name}.b"] / layer.scale)


def save_lora(layers: dict[str, LoraLinear], path: Path) -> None:
    """float16 safetensors: <layer>.a and <layer>.b, the scale folded into b. Beside the old file,
    then renamed.
    """
    from safetensors.torch import save_file

    tensors = {}
    for name, layer in layers.items():
        tensors[f"{name}.a"] = layer.a.detach().half().contiguous()
        tensors[f"{name}.b"] = (layer.scale * layer.b.detach()).half().contiguous()
    beside = path.with_suffix(".part")
    save_file(tensors, beside)
    beside.replace(path)
