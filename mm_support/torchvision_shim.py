"""Lets torchvision be imported beside a build of torch that its compiled part does not fit, and
transformers by two threads at once.

torchvision's Python part registers shape functions for two compiled operators and fails where
their library does not load (pytorch/vision issue 9174): with it go open_clip, timm and half of
transformers, none of which call these operators here. Declaring the schemas is enough.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import threading

_IMPORTING = threading.Lock()
# what defines the names that are asked of transformers here
_AUTO = ("modeling_auto", "tokenization_auto", "configuration_auto")


def prepare_transformers() -> None:
    """Call before importing a name of transformers: it loads a module when a name of it is first
    asked for, and a second thread that asks meanwhile is told that there is none.
    """
    prepare_torchvision()
    with _IMPORTING:
        for name in _AUTO:
            importlib.import_module(f"transformers.models.auto.{name}")


def prepare_torchvision() -> None:
    """Call before importing open_clip or timm."""
    with _IMPORTING:
        _declared()


@functools.cache
def _declared() -> object | None:
    """Returns what must stay alive, if anything."""
    import torch

    if importlib.util.find_spec("torchvision") is None or _extension_loads():
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def _extension_loads() -> bool:
    import torch

    spec = importlib.util.find_spec("torchvision")
    places = spec.submodule_search_locations if spec else None
    extension = importlib.machinery.PathFinder.find_spec("torchvision._C", places)
    if extension is None or extension.origin is None:
        return False
    try:
        torch.ops.load_library(extension.origin)
    except OSError:
        return False
    return hasattr(torch.ops.torchvision, "nms")
