"""Ends the encoding of a turn in the middle where its customer has gone. Who begins it in a context
says what stops it; encoders ask in between. Knows no encoder.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar

from mm_support.rounds import Stopped

stops: ContextVar[threading.Event | None] = ContextVar("stops", default=None)


def end_if_stopped() -> None:
    """Raises Stopped where the work in this context was stopped."""
    if (stop := stops.get()) and stop.is_set():
        raise Stopped
