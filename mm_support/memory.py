"""Memory that nobody uses goes back to the system. The C library keeps what is freed, apart for
each of up to eight arenas a core, and networks keep what their largest input took: together a
gigabyte after some minutes of photos and recordings. Knows no network.
"""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from typing import Protocol
from weakref import WeakSet

M_ARENA_MAX = -8  # as glibc's malloc.h has it


class Network(Protocol):
    def release_memory(self) -> None:
        """Raises RuntimeError while it computes."""
        ...


_networks: WeakSet[Network] = WeakSet()
_lock = threading.Lock()


def lend(network: Network) -> None:
    """From now on it is asked for what it keeps between two inputs."""
    with _lock:
        _networks.add(network)


def give_back() -> None:
    """Nothing where the C library has no such thing: it is glibc's."""
    with _lock:
        known = list(_networks)
    for network in known:
        with suppress(RuntimeError):
            network.release_memory()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def few_arenas() -> None:
    """One a core for the C library, where MALLOC_ARENA_MAX says nothing; before threads begin."""
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, max(2, os.cpu_count() or 2))
