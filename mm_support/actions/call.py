"""Calls what does an action: an address on the web, a tool of an MCP server there, or a Python
function of the operator's.

An address outside the own network is reached with https, at the very address that its name was
checked to have; one inside only where the settings allow its host. Redirects are not followed, an
answer is bounded in size and time, and a header's secrets come from the environment. Knows no
conversation, and nothing of what is said about an answer.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpcore
import httpx

from mm_support.actions.answer import CallError, Why, read_json
from mm_support.actions.mcp import call_tool
from mm_support.errors import InputError
from mm_support.knowledge.actions import CUSTOMER, PLACE, SECRET, Call, DeclaredAction
from mm_support.knowledge.readers.fetch import CheckedTransport

log = logging.getLogger(__name__)

IN_A_ROW, RESTS = 3, 30.0  # calls without an answer, after which there is none for so long, s
AT_ONCE = 16  # calls; those that hang hold a place until they end
# what happens once the call was sent, so it may have been done
BROKEN_OFF = (
    httpx.ReadTimeout,
    httpx.ReadError,
    httpx.WriteTimeout,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
PLAIN = {
    "User-Agent": "mm-support/1.0",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}

Function = Callable[[Mapping[str, str], str], Any]  # values, customer -> the answer


class Rest:
    """Lets a system rest that does not answer: who waits for it holds a place that others need."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[int, float]] = {}  # action -> how often in a row, and when
        self._lock = threading.Lock()

    def check(self, name: str) -> None:
        """Raises CallError while it rests."""
        with self._lock:
            times, latest = self._failed.get(name, (0, 0.0))
        if times >= IN_A_ROW and time.monotonic() < latest + RESTS:
            raise CallError("failed", f"it did not answer {times} times and rests for a while")

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Counts a call that was too late or reached nobody, also while others are under way; any
        answer ends the count.
        """
        try:
            yield
        except CallError as exc:
            self._count(name, answered=not exc.unanswered)
            raise
        self._count(name, answered=True)

    def _count(self, name: str, answered: bool) -> None:
        with self._lock:
            if answered:
                self._failed.pop(name, None)
            else:
                times, _ = self._failed.get(name, (0, 0.0))
                self._failed[name] = times + 1, time.monotonic()


class Caller:
    """hosts: of the own network that may be called, as host or host:port. functions: action ->
    "module:function" that does it.
    """

    def __init__(self, hosts: str = "", functions: str = "") -> None:
        self._hosts = frozenset(filter(None, (host.strip() for host in hosts.lower().split(","))))
        self._functions = {name: load(place) for name, place in _pairs(functions).items()}
        self._pool, self._rest = ThreadPoolExecutor(AT_ONCE, "action"), Rest()

    def call(
        self, action: DeclaredAction, values: Mapping[str, str], customer: str, key: str
    ) -> Mapping[str, Any]:
        """The answer. key: names this run, so that a system that knows it does nothing twice.
        Raises CallError, at once while the system has not answered the last times.
        """
        self._rest.check(action.name)
        with self._rest.watching(action.name):
            return self._called(action, values, customer, key)

    def _called(
        self, action: DeclaredAction, values: Mapping[str, str], customer: str, key: str
    ) -> Mapping[str, Any]:
        ends = time.monotonic() + action.timeout
        if action.name in self._functions:
            work = self._pool.submit(self._functions[action.name], dict(values), customer)
        elif action.call is not None:
            given = {**values, CUSTOMER: customer}
            work = self._pool.submit(self._fetch, action.call, given, key, ends)
        else:
            raise CallError("failed", "it has no call; see MM_SUPPORT_ACTION_FUNCTIONS")
        return _answer(work, ends)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, call: Call, given: Mapping[str, str], key: str, ends: float) -> Any:
        url = filled_url(call.url, given)
        headers = {name: _with_secrets(value) for name, value in call.headers.items()}
        headers |= {**PLAIN, "Idempotency-Key": key}
        left = max(0.01, ends - time.monotonic())
        with httpx.Client(transport=self._transport(url), timeout=left, headers=headers) as client:
            body = None if call.body is None else filled_body(call.body, given)
            if call.tool:
                return call_tool(client, url, call.tool, body or {}, ends)
            with client.stream(call.method, url, json=body) as response:
                return read_json(response, ends)

    def _transport(self, url: str) -> httpx.BaseTransport:
        """What reaches an address. Raises CallError for one that must not be called."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if self._hosts & {host, f"{host}:{parts.port}"}:
            return httpx.HTTPTransport()
        if parts.scheme != "https":
            raise CallError("failed", f"{host} is not called without https")
        return CheckedTransport()


def _answer(work: Future[Any], ends: float) -> Mapping[str, Any]:
    try:
        answer = work.result(max(0.0, ends - time.monotonic()))
    except FutureTimeout as exc:
        begun = not work.cancel()
        why: Why = "late" if begun else "failed"
        raise CallError(why, "it did not answer in time", unanswered=True) from exc
    except BROKEN_OFF as exc:
        silent = isinstance(exc, httpx.TimeoutException)
        raise CallError("late", f"it broke off ({type(exc).__name__})", unanswered=silent) from exc
    except (httpx.HTTPError, httpcore.NetworkError, httpx.InvalidURL) as exc:
        what = f"it could not be reached ({exc or type(exc).__name__})"
        raise CallError("failed", what, unanswered=True) from exc
    except LookupError as exc:
        raise CallError("missing", "there is nothing of that kind") from exc
    except CallError:
        raise
    except Exception as exc:  # whatever a function of the operator's does
        log.exception("an action failed")
        raise CallError("failed", f"{type(exc).__name__}") from exc
    return answer if isinstance(answer, Mapping) else {"result": answer}


def filled_url(url: str, given: Mapping[str, str]) -> str:
    """The address with values in it, each a part of a path or of a query and nothing else. Raises
    CallError for a value that would lead to another path.
    """
    for name in PLACE.findall(url):
        if not given[name].strip(". "):
            raise CallError("missing", f"the value of {name} is no part of an address")
    return PLACE.sub(lambda match: quote(given[match[1]], safe=""), url)


def filled_body(body: Any, given: Mapping[str, str]) -> Any:
    """The body with values in its texts; they stay texts."""
    if isinstance(body, Mapping):
        return {name: filled_body(own, given) for name, own in body.items()}
    if isinstance(body, list):
        return [filled_body(own, given) for own in body]
    return PLACE.sub(lambda match: given[match[1]], body) if isinstance(body, str) else body


def _with_secrets(value: str) -> str:
    return SECRET.sub(lambda match: _secret(match[1]), value)


def _secret(name: str) -> str:
    """A secret without blanks around it, such as the line's end of a file that it was read from.
    Raises CallError where it is not set, or cannot be in a header: the library's own error would
    have it in the log.
    """
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise CallError("failed", f"the variable {name} is not set")
    if not (secret.isascii() and secret.isprintable()):
        raise CallError("failed", f"the variable {name} holds signs that no header can have")
    return secret


def _pairs(functions: str) -> dict[str, str]:
    """action=module:function, ... as a dict. Raises InputError."""
    pairs = [pair.strip().partition("=") for pair in functions.split(",") if pair.strip()]
    if wrong := next((name for name, _, place in pairs if ":" not in place), ""):
        raise InputError(
            f"MM_SUPPORT_ACTION_FUNCTIONS: give {wrong}=module:function, apart by commas."
        )
    return {name.strip(): place.strip() for name, _, place in pairs}


def load(place: str) -> Function:
    """The function of "module:function". Raises InputError where there is none."""
    module, _, name = place.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as exc:
        raise InputError(
            f"MM_SUPPORT_ACTION_FUNCTIONS: there is no function {place!r} ({exc})."
        ) from exc
    if not callable(found):
        raise InputError(f"MM_SUPPORT_ACTION_FUNCTIONS: {place!r} is no function.")
    return found
