"""What comes back from a company's system, read within bounds of size and time; or why nothing did.

Knows no action.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Literal

import httpx

MAX_BYTES = 256 * 2**10  # of an answer
MISSING = (404, 410)

Why = Literal["missing", "failed", "late"]


class CallError(Exception):
    """There is no answer. why: there is nothing under these values; it failed; or it did not come
    in time, so nobody knows whether it was done. unanswered: whether nobody was there, or too slow.
    The text is for the log.
    """

    def __init__(self, why: Why, detail: str, unanswered: bool = False) -> None:
        super().__init__(detail)
        self.why: Why = why
        self.unanswered = unanswered


def read_json(response: httpx.Response, ends: float) -> Any:
    """The JSON of an answer, {} for an empty one. ends: until when, by time.monotonic. Raises
    CallError, also for a status that is no success.
    """
    check(response)
    return as_json(b"".join(pieces(response, ends)) or b"{}")


def check(response: httpx.Response) -> None:
    """Raises CallError for a status that is no success."""
    if response.status_code in MISSING:
        raise CallError("missing", f"its server answered {response.status_code}")
    if not response.is_success:
        why: Why = "late" if response.is_server_error else "failed"
        raise CallError(why, f"its server answered {response.status_code}")


def pieces(response: httpx.Response, ends: float) -> Iterator[bytes]:
    """The answer as it comes. Raises CallError where it is too large or too slow."""
    size = 0
    for piece in response.iter_raw(4_096):
        size += len(piece)
        if size > MAX_BYTES:
            raise CallError("late", f"the answer is larger than {MAX_BYTES // 2**10} KB")
        if time.monotonic() > ends:
            raise CallError("late", "it did not answer in time", unanswered=True)
        yield piece


def as_json(data: bytes) -> Any:
    """Raises CallError for what is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise CallError("late", "its answer is no JSON") from exc
