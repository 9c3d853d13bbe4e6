"""An OpenAI-compatible server on loopback that plays a part, for tests of written answers.

    Script("The refund takes 5 days [1].", first=3.0, rate=5)     slow
    Script("The refund takes", cut=True)                          the connection breaks
    Script(failures=[(429, "1")])                                 busy, with Retry-After

It speaks as much of the protocol as the product uses.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from loopback import Handler, Loopback


@dataclass
class Script:
    """says: the reply, or what makes it of the messages. first: seconds to the first token; rate:
    tokens a second after it, 0 for at once. cut: the connection ends where the text does, without
    the end of the stream. failures: (status, Retry-After) sent before the first reply.
    """

    says: str | Callable[[list[dict]], str] = ""
    first: float = 0.0
    rate: float = 0.0
    cut: bool = False
    failures: list[tuple[int, str]] = field(default_factory=list)


class ScriptedServer(Loopback):
    def __init__(self, script: Script, described: dict | None = None) -> None:
        self.script, self.described = script, described or {}
        self.requests: list[dict] = []
        self.times: list[float] = []
        super().__init__(_Handler)
        self.url += "/v1"


class _Handler(Handler):
    server: ScriptedServer

    def do_GET(self) -> None:
        model = {"id": "scripted", "object": "model", **self.server.described}
        self.tell({"object": "list", "data": [model]})

    def do_POST(self) -> None:
        asked = json.loads(self.body())
        self.server.requests.append(asked)
        self.server.times.append(time.monotonic())
        script = self.server.script
        if script.failures:
            status, after = script.failures.pop(0)
            named = {"Retry_After": after} if after else {}
            return self.tell({"error": {"message": "busy"}}, status, **named)
        says = script.says if isinstance(script.says, str) else script.says(asked["messages"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        time.sleep(script.first)
        try:
            for piece in re.findall(r"\S+\s*|\s+", says):
                self._chunk({"content": piece})
                time.sleep(1 / script.rate if script.rate else 0)
            if not script.cut:
                self._chunk({}, "stop")
                self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            pass  # nobody reads any longer

    def _chunk(self, delta: dict, reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()
