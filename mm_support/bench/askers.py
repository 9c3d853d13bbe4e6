"""Who asks: of a service in this process, or of a running app as Gradio's clients do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mm_support.errors import BusyError, SupportError
from mm_support.types import Finished, Said, UserTurn

if TYPE_CHECKING:
    import httpx

LONGEST = 300.0  # s without a word from the app, after which a turn is lost
BUSY = "busy"  # among the kinds of errors: the app refused the turn


@dataclass
class Seat:
    """Who asks: as the app gave them, "" before the first reply. browser: with its own cookies,
    which tell a proxy where its visitor belongs.
    """

    token: str = ""
    session: str = ""
    browser: httpx.Client | None = None


@dataclass(frozen=True)
class Answer:
    """A reply. first, whole: seconds to its first words and to its end."""

    text: str
    session: str
    token: str
    first: float
    whole: float


class Asker(Protocol):
    """What is put under load. `ask` raises BusyError where it refuses, SupportError where it
    fails; a seat is of one visitor. Photos and recordings of turns are files.
    """

    def ask(self, turn: UserTurn, seat: Seat) -> Answer: ...

    def forget(self, seat: Seat) -> None: ...


class ServiceAsker:
    """A service in this process."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def ask(self, turn: UserTurn, seat: Seat) -> Answer:
        visit, first, began = self._service.visit(seat.token), 0.0, time.monotonic()
        reply = None
        for event in visit.reply(replace(turn, session_id=seat.session or None)):
            if isinstance(event, Said | Finished):
                first = first or time.monotonic() - began
            if isinstance(event, Finished):
                reply = event.reply
        if reply is None:
            raise SupportError("The reply has no end.")
        whole = time.monotonic() - began
        return Answer(reply.text, reply.session_id, visit.token, first, whole)

    def forget(self, seat: Seat) -> None:
        self._service.visit(seat.token).erase()


class AppAsker:
    """A running app. url: of its page."""

    def __init__(self, url: str) -> None:
        import httpx

        self._address = f"{url.rstrip('/')}/gradio_api/"
        connections = httpx.Limits(max_connections=None)
        self._transport = httpx.HTTPTransport(limits=connections, trust_env=False)

    def ask(self, turn: UserTurn, seat: Seat) -> Answer:
        began, first = time.monotonic(), 0.0
        image, audio = self._uploaded(turn.image, seat), self._uploaded(turn.audio, seat)
        session, token = seat.session or None, seat.token or None
        data = [turn.text, image, audio, turn.knowledge, session, False, token, None, None]
        for kind, told in self.call("chat", data, seat):
            if kind == "generating" and has_words(told):
                first = first or time.monotonic() - began
            if kind == "complete":
                reply, whole = told[0], time.monotonic() - began
                return Answer(
                    reply["reply"], reply["session_id"], reply["token"], first or whole, whole
                )
        raise SupportError("The app ended the reply without a word.")

    def forget(self, seat: Seat) -> None:
        list(self.call("erase", [seat.token, None], seat))

    def close(self) -> None:
        self._transport.close()

    def call(self, name: str, data: list, seat: Seat | None = None) -> Iterator[tuple[str, Any]]:
        """What the app sends for a call. Raises BusyError, SupportError."""
        browser, address = self._browser(seat or Seat()), f"{self._address}call/{name}"
        with told_problems():
            event = taken(browser.post(address, json={"data": data})).json()["event_id"]
            with browser.stream("GET", f"{address}/{event}") as sent:
                yield from events_of(sent.iter_lines())

    def _uploaded(self, file: Any, seat: Seat) -> dict[str, Any] | None:
        """A file as the app names it, once it has it; None for none. No two people send the same
        bytes, so that some follow which no decoder reads.
        """
        if file is None:
            return None
        name, content = Path(file).name, Path(file).read_bytes() + os.urandom(8)
        with told_problems():
            browser, address = self._browser(seat), f"{self._address}upload"
            (path,) = taken(browser.post(address, files={"files": (name, content)})).json()
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def _browser(self, seat: Seat) -> httpx.Client:
        """Of this seat; all share their connections."""
        import httpx

        if seat.browser is None:
            seat.browser = httpx.Client(transport=self._transport, timeout=LONGEST, trust_env=False)
        return seat.browser


def taken(response: httpx.Response) -> httpx.Response:
    """The same. Raises BusyError, httpx.HTTPError."""
    if response.status_code in (429, 503):
        raise BusyError(BUSY, float(response.headers.get("Retry-After", 1)))
    return response.raise_for_status()


@contextmanager
def told_problems() -> Iterator[None]:
    """Raises SupportError for what goes wrong on the way to the app."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, ValueError) as exc:
        raise SupportError(f"{type(exc).__name__}: {exc}") from exc


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """(event, data) of Gradio's stream of events. Raises SupportError for its errors."""
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        kind = value if name == "event" else kind
        if name != "data":
            continue
        told = json.loads(value)
        if kind == "error":
            raise problem_of(told if isinstance(told, dict) else {"error": told})
        yield kind, told


def problem_of(told: dict[str, Any]) -> SupportError:
    """An error of the app; BusyError for one that says when to try again."""
    if told.get("title") == "Busy":
        return BusyError(BUSY, float(told.get("duration") or 1))
    return SupportError(str(told.get("error")))


def has_words(told: Any) -> bool:
    """Whether a result, or what changed in it, says something of the reply."""
    first = told[0] if isinstance(told, list) and told else None
    if isinstance(first, dict):
        return bool(first.get("reply"))
    return '"reply"' in json.dumps(told)
