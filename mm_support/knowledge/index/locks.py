"""Files that several processes hold at once, so that nobody removes what another one uses.

A lock ends with its process, however that ends. Where the system has no such locks (Windows), files
that are open cannot be removed there anyway, which serves the same end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def share(path: Path) -> IO[bytes] | None:
    """Holds a file together with others until it is closed; None where somebody is about to remove
    it. Raises FileNotFoundError.
    """
    return _locked(path, "rb", alone=False)


def take(path: Path) -> IO[bytes] | None:
    """Holds a file alone; None where another one holds it."""
    return _locked(path, "ab", alone=True)


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """One at a time, over all processes."""
    with path.open("ab") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _locked(path: Path, mode: str, alone: bool) -> IO[bytes] | None:
    file = path.open(mode)
    if fcntl:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
    return file  # type: ignore[return-value]
