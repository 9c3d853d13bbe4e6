"""The network of a text encoder: token ids -> a state a token, as fast as this processor can.

Torch on a GPU and on processors that multiply bfloat16 natively; elsewhere ONNX Runtime with
weights in eight bits, exported once into the cache folder. Knows no tokenizer and no pooling.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from mm_support.device import Device, torch_threads, usable_threads
from mm_support.weights import derived_weights

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

Runtime = Literal["torch", "int8"]
RUNTIMES: dict[Runtime, str] = {"torch": "torch", "int8": "ONNX Runtime, weights in eight bits"}
ONNX_FILE = "model.onnx"
FEW = 8  # texts that one thread encodes by itself


class Network(Protocol):
    """ids and kept: (b, t) int64, kept is 1 where there is a token -> (b, t, dim) float32."""

    dim: int

    def __call__(self, ids: Tensor, kept: Tensor) -> Tensor: ...


def fastest_runtime(device: Device) -> Runtime:
    """Eight bits where the processor would compute in float32: on a query 5 times, on batches 1.6
    times as fast there (all-MiniLM-L6-v2, AVX2, one thread).
    """
    import torch

    return "int8" if (device.device.type, device.dtype) == ("cpu", torch.float32) else "torch"


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


class OnnxNetwork:
    """An exported encoder on the processor."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            file, options, providers=["CPUExecutionProvider"]
        )
        self.dim: int = self._session.get_outputs()[0].shape[-1]

    def __call__(self, ids: Tensor, kept: Tensor) -> Tensor:
        import torch

        (states,) = self._session.run(None, {"ids": ids.numpy(), "kept": kept.numpy()})
        return torch.from_numpy(states)


def torch_network(source: str, device: Device) -> TorchNetwork:
    """source: a folder or a hub repository. Raises OSError or ValueError where it cannot be had."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(source, dtype=device.dtype, use_safetensors=True)
    return TorchNetwork(model.eval().to(device.device), device)


def int8_network(source: Path, cache_dir: Path) -> OnnxNetwork:
    """The same in eight bits. source: a folder of package weights, whose name changes with them."""

    def make(folder: Path) -> None:
        export_int8(str(source), folder / ONNX_FILE)

    return OnnxNetwork(derived_weights(f"{source.name}-int8", cache_dir, make) / ONNX_FILE)


def export_int8(source: str, file: Path) -> None:
    """Weights in eight bits, with a scale for each channel; activations are scaled as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = file.with_suffix(".float32")
    _export(source, whole)
    quantize_dynamic(whole, file, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    whole.unlink()


def _export(source: str, file: Path) -> None:
    import torch

    cpu = Device(torch.device("cpu"), torch.float32, "export")

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = torch_network(source, cpu).model

        def forward(self, ids: Tensor, kept: Tensor) -> Tensor:
            return self.model(input_ids=ids, attention_mask=kept).last_hidden_state

    ids, kept = torch.ones(2, 9, dtype=torch.long), torch.ones(2, 9, dtype=torch.long)
    kept[1, 4:] = 0  # without padding the exported graph would have no mask
    sizes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        States().eval(),
        (ids, kept),
        file,
        input_names=["ids", "kept"],
        output_names=["states"],
        dynamic_shapes=(sizes, sizes),
        external_data=False,
        verbose=False,
    )
