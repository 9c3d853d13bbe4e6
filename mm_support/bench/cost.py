"""What something costs: its time, in the middle of several, and the memory of processes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(values: Iterable[float], digits: int = 3) -> float:
    """The median, rounded."""
    return round(statistics.median(values), digits)


def memory_mb(pid: int | None = None) -> float:
    """Resident memory of a process, this one by default, and of those that it has started."""
    process, total = psutil.Process(pid), 0
    for part in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += part.memory_info().rss
    return total / 2**20
