"""Lets torchvision be imported beside a build of torch that its compiled part does not fit.

torchvision's Python part registers shape functions for two compiled operators and fails where
their library does not load (pytorch/vision issue 9174): with it go open_clip, timm and half of
transformers, none of which call these operators here. Declaring the schemas is enough.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util


@functools.cache
def prepare_torchvision() -> object | None:
    """Call before importing open_clip, timm or transformers. Returns what must stay alive, if
    anything.
    """
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
