"""A progress bar for weights that are fetched. Knows nothing of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tqdm import tqdm


@contextmanager
def byte_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for weights.fetch, called with (what, bytes done, bytes in all); none where nothing is
    fetched.
    """
    with ExitStack() as stack:
        bars: list[tqdm] = []

        def report(what: str, done: int, total: int) -> None:
            if not bars:
                bar = tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024, disable=None)
                bars.append(stack.enter_context(bar))
            bars[0].set_description(what)
            bars[0].update(done - bars[0].n)

        yield report
