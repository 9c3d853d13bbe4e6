"""Models of your own: a setting python:MODULE:FUNCTION names what makes one.

The function is called with the settings. Knows no model; what it must be able to do is said by the
Protocol of its kind (encode/text.py, encode/image.py).
"""

from __future__ import annotations

import importlib
from typing import Any

from mm_support.config import OWN, Settings
from mm_support.errors import WeightsError


def plugged(name: str, settings: Settings) -> Any:
    """What the function makes; None for a name of another kind. Raises WeightsError."""
    if not name.startswith(OWN):
        return None
    module, _, function = name.removeprefix(OWN).partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as exc:
        raise WeightsError(
            f"{name!r} cannot be loaded ({exc}); write {OWN}MODULE:FUNCTION, with the module where "
            "Python finds it (PYTHONPATH)."
        ) from exc
    return make(settings)
