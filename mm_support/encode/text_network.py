"""The network of a text encoder: token ids -> two states a token, of the last layer, in which texts
are compared, and of an earlier one, which knows more of how something is said. Knows no tokenizer,
no pooling.

One of packaged weights may be changed by low-rank matrices that were trained here (LoRA, Hu et al.
2021), a file of a few megabytes: `NAME.a` (rank, in) and `NAME.b` (out, rank) for a layer, and
`sides`, the embeddings of the two sides of a pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mm_support.device import Device, torch_threads
from mm_support.files import readable
from mm_support.torchvision_shim import prepare_transformers
from mm_support.weights import sha256_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

FEW = 8  # texts that one thread encodes by itself
EARLY = 7 / 12  # of the layers
SCALE = 2.0  # of the low-rank changes


class Network(Protocol):
    """ids and kept: (b, t) int64, kept is 1 where there is a token -> (b, t, 2, dim) float32, the
    last and the early states. at_once: calls that share the processor better than one alone.
    """

    dim: int
    at_once: int

    def __call__(self, ids: Tensor, kept: Tensor, /) -> Tensor: ...


class TorchNetwork:
    """A transformers encoder on a device."""

    at_once = 1

    def __init__(self, model: PreTrainedModel, device: Device) -> None:
        self.model, self._device = model, device.device
        self.dim: int = model.config.hidden_size

    def __call__(self, ids: Tensor, kept: Tensor) -> Tensor:
        import torch

        few = 1 if len(ids) <= FEW else None
        ids, kept = ids.to(self._device), kept.to(self._device)
        with torch.inference_mode(), torch_threads(few):
            return two_states(self.model, ids, kept).float()


def two_states(model: Any, ids: Tensor, kept: Tensor) -> Tensor:
    """(b, t, 2, dim): of the last layer, and of an early one."""
    import torch

    every = model(input_ids=ids, attention_mask=kept, output_hidden_states=True).hidden_states
    early = every[round(EARLY * (len(every) - 1))]  # the first are the embeddings
    return torch.stack([every[-1], early], dim=2)


def torch_network(source: str, device: Device, changes: Path | None = None) -> TorchNetwork:
    """source: a folder or a hub repository. changes: file of low-rank ones. Raises OSError or
    ValueError where it cannot be had, WeightsError where the changes do not fit.
    """
    import torch

    prepare_transformers()
    from safetensors.torch import load_file
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()  # loading takes less than a second; fetching has a bar of its own
    set_verbosity_error()  # it warns of a pooling layer that is missing and not used
    dtype = torch.float32 if changes else device.dtype
    model: Any = AutoModel.from_pretrained(source, dtype=dtype, use_safetensors=True)
    if changes:
        with readable(changes, "install the project again"):
            change(model, load_file(changes))
    return TorchNetwork(model.eval().to(device.device, device.dtype), device)


def packaged_network(
    folder: Path, device: Device, cache_dir: Path, changes: Path | None = None
) -> Network:
    """folder: of package weights, named after them. changes: file of low-rank ones. Compiled on a
    processor, by torch elsewhere.
    """
    import torch

    from mm_support.encode.compiled import compiled

    if device.device.type != "cpu":
        return torch_network(str(folder), device, changes)
    ids, kept = torch.ones(2, 2, 9, dtype=torch.long)
    kept[1, 4:] = 0  # without padding the network would have no mask
    name = f"{folder.name}-two"  # states
    if changes:
        name += f"-{sha256_of(changes)[:12]}"
    made = compiled(
        name, lambda: _states(folder, changes), (ids, kept), (0, 1), device.dtype, cache_dir
    )
    return made or torch_network(str(folder), device, changes)


def change(model: Any, weights: Mapping[str, Tensor]) -> None:
    """Puts the changes into a float32 network; what is changed is rounded to float16, in which it
    is kept.
    """
    for name, layer in model.named_modules():
        if f"{name}.a" in weights:
            own = SCALE * weights[f"{name}.b"].float() @ weights[f"{name}.a"].float()
            layer.weight.data = (layer.weight + own).half().float()
    model.embeddings.token_type_embeddings.weight.data = weights["sides"].float()


def _states(folder: Path, changes: Path | None) -> torch.nn.Module:
    """(ids, kept) -> the two states alone, in float32."""
    import torch

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            plain = Device(torch.device("cpu"), torch.float32, "to be compiled")
            self.model: Any = torch_network(str(folder), plain, changes).model
            self.model.pooler = None  # its weights are in no file

        def forward(self, ids: Tensor, kept: Tensor) -> Tensor:
            return two_states(self.model, ids, kept)

    return States().eval()
