"""ZeroGPU Spaces of Hugging Face, whose GPU is lent to single calls of functions marked for it.

The assistant keeps its models in threads that live as long as it does, so there it runs on the CPU,
and one function is marked because such a Space starts only where there is one. Knows no service.
"""

from __future__ import annotations

from collections.abc import Mapping

ON = ("1", "t", "true")


def device_here(environ: Mapping[str, str]) -> str | None:
    """The device that has to be used, None where that is open; call it before torch is imported."""
    if environ.get("SPACES_ZERO_GPU", "").lower() not in ON:
        return None
    try:
        import spaces  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    spaces.GPU(duration=1)(lent)
    return "cpu"


def lent() -> None:
    """Stands for work on the GPU; nobody calls it."""
