"""Progress on the terminal: while a service loads, and while weights are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

from mm_support.config import Settings

if TYPE_CHECKING:
    from mm_support.service import SupportService


def load_service(settings: Settings) -> SupportService:
    """A ready service; while it loads, what it does is shown. Raises SupportError."""
    from mm_support.service import SupportService

    service = SupportService.start(settings)
    with tqdm(bar_format="{desc} ({elapsed})", disable=None, leave=False) as bar:
        while not service.wait(0.2):
            bar.set_description_str(service.status().message)
    return service


@contextmanager
def byte_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for weights.fetch, called with (what, bytes done, bytes in all); none where
    nothing is fetched.
    """
    with ExitStack() as stack:
        bars: list[tqdm] = []

        def report(what: str, done: int, total: int) -> None:
            if not bars:
                bars.append(
                    stack.enter_context(
                        tqdm(
                            total=total, unit="B", unit_scale=True, unit_divisor=1024, disable=None
                        )
                    )
                )
            bars[0].set_description(what)
            bars[0].update(done - bars[0].n)

        yield report
