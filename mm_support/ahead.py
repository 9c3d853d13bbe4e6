"""What is made in other threads while what came before it is used. Knows nothing of what it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(make: Callable[[T], R], items: Iterable[T], at_once: int) -> Iterator[R]:
    """What `make` gives for each item, in order; it raises what `make` raises.

    at_once: how many are made beside each other; only as many wait to be taken, so that little is
    in memory.
    """
    pool, waiting = ThreadPoolExecutor(at_once, "ahead"), deque[Future[R]]()
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
