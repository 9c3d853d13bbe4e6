"""How long something takes."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Of one call, by the clock on the wall."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
