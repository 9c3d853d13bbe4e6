"""Libraries that report their use to their makers are told not to: what runs here stays here.

    onnxruntime   sends events from its POSIX builds since 1.29, unless ORT_DISABLE_TELEMETRY is set
    openvino      sends an event whenever it is imported, unless its package openvino_telemetry is
    missing
    hub           huggingface_hub names its callers, unless HF_HUB_DISABLE_TELEMETRY is set

Called before any of them is imported; knows nothing else.
"""

from __future__ import annotations

import os
import sys


def switch_off_telemetry() -> None:
    """Leaves alone what somebody has set."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # so importing it fails, and openvino takes its own stub
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]
