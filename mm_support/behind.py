"""Models that load behind a service that answers already: what is typed needs none of them.

Knows nothing of what they do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from mm_support.errors import SupportError
from mm_support.fast_init import without_collection

log = logging.getLogger(__name__)


class Coming:
    """Stands for what is loaded: whoever uses it waits for it, or is told why it cannot be had."""

    def __init__(self, begin: Callable[[], Future[Any]]) -> None:
        self._begin = begin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._begin().result(), name)


class Behind:
    """One after another, in a thread: two of them would import the same libraries at once.
    at_once: what is to be loaded is begun when that is said, not when it is needed.
    """

    def __init__(self, at_once: bool = True) -> None:
        self._thread, self._at_once = ThreadPoolExecutor(1, "load behind"), at_once
        self._wanted: dict[str, Callable[[str], Any]] = {}
        self._loaded: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def load(self, name: str, load: Callable[[str], Any]) -> Any:
        """Gives what stands for it; it is loaded behind what was begun before."""
        self._wanted[name] = load
        if self._at_once:
            self._begin(name)
        return Coming(partial(self._begin, name))

    def _begin(self, name: str) -> Future[Any]:
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._thread.submit(_load, name, self._wanted[name])
            return self._loaded[name]

    def wait(self, names: Iterable[str] | None = None, seconds: float | None = None) -> bool:
        """Whether these are there within `seconds`, or all. Raises SupportError for one that cannot
        be had.
        """
        wanted = self._wanted if names is None else self._wanted.keys() & set(names)
        done, missing = wait([self._begin(name) for name in wanted], seconds)
        for one in done:
            one.result()
        return not missing

    @property
    def trouble(self) -> str:
        """What cannot be had, and why; "" where nothing is known to be."""
        failed = [one.exception() for one in list(self._loaded.values()) if one.done()]
        return "; ".join(str(problem).rstrip(".") for problem in failed if problem)

    def close(self) -> None:
        """Waits for the one that is being loaded; the others are not begun."""
        self._thread.shutdown(cancel_futures=True)


def _load(name: str, load: Callable[[str], Any]) -> Any:
    try:
        with without_collection():
            return load(name)
    except SupportError as problem:
        log.error("%s cannot be loaded: %s", name, problem)
        raise
    except Exception as exc:  # the page must say it, whatever it is
        log.exception("%s cannot be loaded", name)
        raise could_not_load(exc) from exc


def could_not_load(problem: Exception) -> SupportError:
    return SupportError(f"The models could not be loaded: {type(problem).__name__}: {problem}")
