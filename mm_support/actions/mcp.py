"""Calls a tool of an MCP server (Model Context Protocol, streamable HTTP, revision 2025-06-18).

    call_tool(client, url, "order_status", {"order": "104822"}, ends)

As much of the protocol as one call needs: the server is greeted, the tool is called, the session is
ended. What the server offers or asks of its own is not looked at, so nothing that it says of its
tools decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx

from mm_support.actions.answer import CallError, as_json, check, pieces

REVISION = "2025-06-18"
SESSION, VERSION = "Mcp-Session-Id", "MCP-Protocol-Version"
ACCEPT = {"Accept": "application/json, text/event-stream"}
GOODBYE = 0.5  # s
OURSELVES = {"name": "mm-support", "version": "1"}
GREETING = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": OURSELVES}


def call_tool(
    client: httpx.Client, url: str, tool: str, arguments: Mapping[str, Any], ends: float
) -> Any:
    """What a tool gives: its structured content, or the JSON or the text of its first part. Raises
    CallError.
    """
    headers = dict(ACCEPT)
    greeted = _ask(client, url, headers, 1, "initialize", GREETING, ends)
    headers[VERSION] = str(greeted.get("protocolVersion", REVISION))
    try:
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        with client.stream("POST", url, json=note, headers=headers) as response:
            check(response)
        wanted = {"name": tool, "arguments": arguments}
        return _content(_ask(client, url, headers, 2, "tools/call", wanted, ends))
    finally:
        if SESSION in headers:
            _end(client, url, headers)


def _end(client: httpx.Client, url: str, headers: Mapping[str, str]) -> None:
    """Lets the server forget the session; what was done stays done, whatever it says to that."""
    with suppress(httpx.HTTPError):
        with client.stream("DELETE", url, headers=headers, timeout=GOODBYE):
            pass


def _ask(
    client: httpx.Client,
    url: str,
    headers: dict[str, str],
    number: int,
    method: str,
    parameters: Mapping[str, Any],
    ends: float,
) -> Mapping[str, Any]:
    """The result of a request. A session that the server names is added to the headers."""
    request = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
    with client.stream("POST", url, json=request, headers=headers) as response:
        check(response)
        if SESSION in response.headers:
            headers[SESSION] = response.headers[SESSION]
        for message in _messages(response, ends):
            if isinstance(message, Mapping) and message.get("id") == number:
                return _result(message)
    raise CallError("late", f"its server ended without an answer to {method}")


def _result(message: Mapping[str, Any]) -> Mapping[str, Any]:
    result = message.get("result")
    if not isinstance(result, Mapping):
        raise CallError("failed", "its server refused the request")
    return result


def _messages(response: httpx.Response, ends: float) -> Iterator[Any]:
    """The messages of an answer: one, or a stream of events, each as soon as it is there."""
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        yield as_json(b"".join(pieces(response, ends)))
        return
    left = b""
    for piece in pieces(response, ends):
        left = (left + piece).replace(b"\r\n", b"\n")
        *events, left = left.split(b"\n\n")
        for event in events:
            lines = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
            if any(lines):
                yield as_json(b"\n".join(lines))


def _content(result: Mapping[str, Any]) -> Any:
    """Raises CallError for a tool that says that it failed."""
    if result.get("isError"):
        raise CallError("failed", "the tool failed")
    if isinstance(result.get("structuredContent"), Mapping):
        return result["structuredContent"]
    parts = result.get("content")
    first = parts[0] if isinstance(parts, list) and parts else {}
    text = str(first.get("text", "")) if isinstance(first, Mapping) else ""
    with suppress(CallError):
        value = as_json(text.encode())
        return value if isinstance(value, Mapping) else {"text": text}
    return {"text": text}
