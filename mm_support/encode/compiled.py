"""A network compiled for the processor by OpenVINO, which runs convolutions about twice as fast as
torch does, with bfloat16 instructions and without. What was made of it is kept in the cache folder,
named by its weights, so that it is made once.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

from mm_support.device import usable_threads

log = logging.getLogger(__name__)


class Compiled:
    """(n, ...) float32 in, (n, d) float32 out; any n. May be called by several threads at once."""

    def __init__(self, file: Path, dtype: torch.dtype) -> None:
        import openvino

        hints = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": usable_threads(),
            "INFERENCE_PRECISION_HINT": "bf16" if dtype == torch.bfloat16 else "f32",
        }
        self._network = openvino.Core().compile_model(file, "CPU", hints)

    def __call__(self, rows: Tensor) -> Tensor:
        request = self._network.create_infer_request()
        return torch.from_numpy(request.infer([rows.float().numpy()])[0].copy())


def compiled(
    name: str, network: nn.Module, example: Tensor, dtype: torch.dtype, cache_dir: Path
) -> Compiled | None:
    """network in evaluation mode and float32, compiled to multiply in dtype; example: two rows of
    what it is given. None where it cannot be had: torch goes on doing it.
    """
    try:
        file = cache_dir / "compiled" / f"{name}-{_key(network)}.xml"
        if not file.is_file():
            _make(network, example, file)
        return Compiled(file, dtype)
    # OpenVINO raises RuntimeError for a processor or a file that it cannot use
    except (ImportError, OSError, RuntimeError) as exc:
        log.warning("%s is not compiled, torch runs it: %s", name, exc)
        return None


def _key(network: nn.Module) -> str:
    """16 hex digits that name the weights and what compiles them."""
    import openvino

    digest = hashlib.sha256(openvino.__version__.encode())
    for value in network.state_dict().values():
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _make(network: nn.Module, example: Tensor, file: Path) -> None:
    """Whole or not at all: the description comes last, when the weights beside it are there."""
    import openvino

    file.parent.mkdir(parents=True, exist_ok=True)
    with torch.inference_mode():
        made = openvino.convert_model(network, example_input=example)
    made.reshape([-1, *example.shape[1:]])
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        beside = Path(folder, file.name)
        openvino.save_model(made, beside, compress_to_fp16=False)
        for part in (file.with_suffix(".bin"), file):
            shutil.move(beside.with_suffix(part.suffix), part)
