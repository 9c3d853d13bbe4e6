"""What tests need of time: to wait until something holds, and what some work takes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Fails where it does not hold within so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not come true within {seconds} s"
        time.sleep(0.01)


def cpu_seconds(work: Callable[[], object], times: int = 1) -> float:
    """The least of so many runs. Only this thread counts, and no collection of the garbage that
    other tests of the process have left.
    """
    took = []
    gc.disable()
    try:
        for _ in range(times):
            began = time.thread_time()
            work()
            took.append(time.thread_time() - began)
    finally:
        gc.enable()
    return min(took)


def is_in_proportion(work: Callable[[int], object], size: int) -> bool:
    """Whether four times the size takes less than eight times as long: 16 where it is quadratic.
    The least of up to three runs each, one beside the other, after one that loads what is loaded
    once.
    """
    work(1)
    few = many = float("inf")
    for _ in range(3):
        few = min(few, cpu_seconds(lambda: work(size)))
        many = min(many, cpu_seconds(lambda: work(4 * size)))
        if many < 8 * max(few, 0.02):
            return True
    return False
