"""How far long work is: a bar on a terminal; elsewhere, as in a log, a line now and then.

Knows nothing of what is done.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
EVERY = 10.0  # s between two lines of a log
BYTES = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}


@contextmanager
def shown(bytes_: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """What shows progress on stderr, called with (what is done now, done, of how many)."""
    if not sys.stderr.isatty():
        yield log_lines("{done:.0%}" if bytes_ else "{count} of {total}")
        return
    with tqdm(**(BYTES if bytes_ else {})) as bar:

        def show(what: str, done: int, total: int) -> None:
            bar.total = total
            bar.set_description(what)
            bar.update(done - bar.n)

        yield show


def log_lines(form: str = "") -> Callable[..., None]:
    """Prints a step each EVERY seconds and, where it printed any, the last one: short work is
    silent.
    """
    began = time.monotonic()
    due = began + EVERY

    def show(what: str, count: int = 0, total: int = 0) -> None:
        nonlocal due
        now, over = time.monotonic(), count >= total > 0
        if now >= due or (over and due > began + EVERY):
            due = now + EVERY
            far = form.format(count=count, total=total, done=count / total if total else 0)
            print(f"{what}: {far}" if far else what, file=sys.stderr, flush=True)

    return show


def each(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items, with progress."""
    with shown() as show:
        for count, item in enumerate(items):
            show(what, count, len(items))
            yield item
        show(what, len(items), len(items))
