"""A network compiled for the processor by OpenVINO, which runs convolutions about twice as fast as
torch does, a question through a text encoder one and a half times, and needs neither torch's own
weights nor transformers to start. What was made of it is kept in the cache folder, so that it is
made once.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mm_support.device import usable_threads
from mm_support.memory import lend

log = logging.getLogger(__name__)
_FIRST = threading.Lock()


STREAMS = 2  # that share the rows and the threads: that costs a fifth less than sharing each row


class Compiled:
    """Tensors in, float32 out, from any number of threads. dim: the length of what comes out.
    at_once: calls beside each other, so that one is computed while another is handed over.
    """

    def __init__(self, file: Path, dtype: torch.dtype) -> None:
        import openvino

        self._streams = self.at_once = min(STREAMS, usable_threads())
        hints = {
            "NUM_STREAMS": self._streams,
            "INFERENCE_NUM_THREADS": usable_threads(),
            "INFERENCE_PRECISION_HINT": "bf16" if dtype == torch.bfloat16 else "f32",
        }
        self._network = openvino.Core().compile_model(file, "CPU", hints)
        lend(self._network)
        meet_arrays()
        self._idle = SimpleQueue[Any]()  # requests: a new one costs a tenth of what it computes
        self.dim: int = self._network.output(0).partial_shape[-1].get_length()

    def __call__(self, *inputs: Tensor) -> Tensor:
        begun = []
        for rows in zip(*(one.chunk(self._streams) for one in inputs)):
            begun.append(self._request())
            begun[-1].start_async([one.numpy() for one in rows])
        [request.wait() for request in begun]
        outputs = [torch.from_numpy(request.get_output_tensor(0).data) for request in begun]
        together = torch.cat(outputs)  # copied, since the next call writes over them
        for request in begun:
            self._idle.put(request)
        return together

    def _request(self) -> Any:
        with suppress(Empty):
            return self._idle.get_nowait()
        return self._network.create_infer_request()


def meet_arrays() -> None:
    """Lets OpenVINO see its first array in one thread: where two show it theirs at once, as its
    binding to Python is made, each waits for the other, and the whole process for both.
    """
    import openvino

    with _FIRST:
        _ = openvino.Tensor(np.zeros(1, np.float32)).data


def compiled(
    name: str,
    make: Callable[[], nn.Module],
    examples: tuple[Tensor, ...],
    sizes: tuple[int, ...],
    dtype: torch.dtype,
    cache_dir: Path,
) -> Compiled | None:
    """What `make` gives, in evaluation mode and float32, compiled to multiply in dtype; None where
    it cannot be had, which is logged: torch goes on doing it.

    name: says all that its weights depend on. examples: its inputs, two rows each; sizes: their
    axes of any length.
    """
    try:
        import openvino

        file = cache_dir / "compiled" / f"{name}-{openvino.__version__.partition('-')[0]}.xml"
        if not file.is_file():
            _make(make(), examples, sizes, file)
        return Compiled(file, dtype)
    # OpenVINO raises RuntimeError for a processor or a file that it cannot use
    except (ImportError, OSError, RuntimeError) as exc:
        log.warning("%s is not compiled, torch runs it: %s", name, exc)
        return None


def is_half(weight: Tensor) -> bool:
    """Whether float16 holds a float32 CPU tensor exactly."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.equal(weight, weight.half().float())
    )


def _make(
    network: nn.Module, examples: tuple[Tensor, ...], sizes: tuple[int, ...], file: Path
) -> None:
    """Whole or not at all: the description comes last, when the weights beside it are there."""
    import openvino

    file.parent.mkdir(parents=True, exist_ok=True)
    with torch.inference_mode():
        made = openvino.convert_model(network, example_input=examples)
    shapes = [
        [-1 if axis in sizes else size for axis, size in enumerate(one.shape)] for one in examples
    ]
    made.reshape(dict(zip(made.inputs, map(openvino.PartialShape, shapes))))
    weights = [value for value in network.state_dict().values() if value.is_floating_point()]
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        beside = Path(folder, file.name)
        openvino.save_model(made, beside, compress_to_fp16=all(map(is_half, weights)))
        for part in (file.with_suffix(".bin"), file):
            shutil.move(beside.with_suffix(part.suffix), part)
