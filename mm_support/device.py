"""Which device and number format the torch models use: decided once, with the reason. And how many
threads.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from mm_support.errors import InputError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)


def sleep_between_work() -> None:
    """Lets the threads among which torch shares its work sleep until there is more. By default they
    spin, which takes the core from whatever else is computed. Torch reads it when it is first
    imported; what is set already stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Device(NamedTuple):
    """device: where tensors live. dtype: what weights and activations are stored in. reason: for
    people.
    """

    device: torch.device
    dtype: torch.dtype
    reason: str


def resolve_device(wanted: str = "auto") -> Device:
    """The GPU where there is one, otherwise the CPU; bfloat16 where the processor multiplies it
    natively.

    A CPU without bfloat16 instructions emulates it several times slower than float32, so the
    instruction set decides, not the torch version. Raises InputError for a device that is not
    there.
    """
    import torch

    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as exc:
        raise InputError(f"Device {wanted!r} is not available here; use 'auto' or 'cpu'.") from exc
    choice = _on_gpu(device) if device.type == "cuda" else _on_cpu(device)
    _tell(choice)
    return choice


@functools.cache
def _tell(choice: Device) -> None:
    """Once, though several models ask."""
    log.info("device %s, %s: %s", choice.device, choice.dtype, choice.reason)


@contextmanager
def torch_threads(count: int | None = None) -> Iterator[None]:
    """What torch computes inside, on the calling thread's behalf, is shared by `count` threads;
    None: by all it may have.

    One for what is small: handing it out takes as long as doing it, and ten times as long while the
    other cores are busy. A thread that is new to torch gets the count that any other thread
    has set last, so work that is large says so too.
    """
    import torch

    count, before = count or usable_threads(), torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@functools.cache
def usable_threads() -> int:
    """As many as torch takes by itself: asked before anything is set."""
    import torch

    return torch.get_num_threads()


def _on_gpu(device: torch.device) -> Device:
    import torch

    name = torch.cuda.get_device_name(device)
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return Device(device, torch.bfloat16, f"GPU {name}, bfloat16")
    return Device(device, torch.float16, f"GPU {name} without bfloat16, float16")


def _on_cpu(device: torch.device) -> Device:
    import torch

    if device.type == "cpu" and (
        torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    ):
        return Device(device, torch.bfloat16, "CPU with bfloat16 instructions")
    return Device(
        device, torch.float32, f"{device.type.upper()} without bfloat16 instructions, float32"
    )
