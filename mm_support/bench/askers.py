"""Who asks: of a service in this process, or of a running app as Gradio's clients do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from mm_support.errors import BusyError, SupportError
from mm_support.types import Finished, Said, UserTurn

LONGEST = 300.0  # s without a word from the app, after which a turn is lost
BUSY = "busy"  # among the kinds of errors: the app refused the turn


@dataclass
class Seat:
    """Who asks: as the app gave them, "" before the first reply."""

    token: str = ""
    session: str = ""


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
    fails; a seat is of one visitor.
    """

    def ask(self, question: str, knowledge: str, seat: Seat) -> Answer: ...

    def forget(self, token: str) -> None: ...


class ServiceAsker:
    """A service in this process."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def ask(self, question: str, knowledge: str, seat: Seat) -> Answer:
        visit, first, began = self._service.visit(seat.token), 0.0, time.monotonic()
        turn = UserTurn(question, knowledge=knowledge, session_id=seat.session or None)
        reply = None
        for event in visit.reply(turn):
            if isinstance(event, Said | Finished):
                first = first or time.monotonic() - began
            if isinstance(event, Finished):
                reply = event.reply
        if reply is None:
            raise SupportError("The reply has no end.")
        whole = time.monotonic() - began
        return Answer(reply.text, reply.session_id, visit.token, first, whole)

    def forget(self, token: str) -> None:
        self._service.visit(token).forget()


class AppAsker:
    """A running app. url: of its page."""

    def __init__(self, url: str) -> None:
        import httpx

        self._address = f"{url.rstrip('/')}/gradio_api/call/"
        self._client = httpx.Client(
            timeout=LONGEST, limits=httpx.Limits(max_connections=None), trust_env=False
        )

    def ask(self, question: str, knowledge: str, seat: Seat) -> Answer:
        began, first = time.monotonic(), 0.0
        session, token = seat.session or None, seat.token or None
        data = [question, None, None, knowledge, session, False, token, None, None]
        for kind, told in self.call("chat", data):
            if kind == "generating" and has_words(told):
                first = first or time.monotonic() - began
            if kind == "complete":
                reply, whole = told[0], time.monotonic() - began
                return Answer(
                    reply["reply"], reply["session_id"], reply["token"], first or whole, whole
                )
        raise SupportError("The app ended the reply without a word.")

    def forget(self, token: str) -> None:
        list(self.call("forget", [token]))

    def close(self) -> None:
        self._client.close()

    def call(self, name: str, data: list) -> Iterator[tuple[str, Any]]:
        """What the app sends for a call. Raises BusyError, SupportError."""
        import httpx

        try:
            begun = self._client.post(self._address + name, json={"data": data})
            if begun.status_code in (429, 503):
                raise BusyError(BUSY, float(begun.headers.get("Retry-After", 1)))
            begun.raise_for_status()
            address = f"{self._address}{name}/{begun.json()['event_id']}"
            with self._client.stream("GET", address) as sent:
                yield from events_of(sent.iter_lines())
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
