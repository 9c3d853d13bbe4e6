"""Two things that loading can go without: random starts of weights that are read from a file, and
garbage collection.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection inside: imports and models make millions of objects that stay, searched
    over and over in vain. Where there was none before, there is none afterwards.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def without_random_weights() -> AbstractContextManager:
    """torch.nn.init does nothing inside: a layer's weights are whatever its memory held, until they
    are loaded.
    """
    from torch.overrides import TorchFunctionMode

    class Uninitialised(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if getattr(function, "__module__", "") == "torch.nn.init":
                return kwargs["tensor"] if kwargs and "tensor" in kwargs else args[0]
            return function(*args, **(kwargs or {}))

    return Uninitialised()
