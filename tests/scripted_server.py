"""An OpenAI-compatible server on loopback that plays a part, for tests of written answers.

    Script("The refund takes 5 days [1].", first=3.0, rate=5)     slow
    Script("The refund takes", cut=True)                          the connection breaks
    Script(failures=[(429, "1")])                                 busy, with Retry-After

It speaks as much of the protocol as the product uses.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script, described: dict | None = None) -> None:
        self.script, self.described = script, described or {}
        self.requests: list[dict] = []
        self.times: list[float] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_GET(self) -> None:
        model = {"id": "scripted", "object": "model", **self.server.described}
        self._whole(200, {"object": "list", "data": [model]})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))
        self.server.requests.append(asked)
        self.server.times.append(time.monotonic())
        script = self.server.script
        if script.failures:
            status, after = script.failures.pop(0)
            return self._whole(status, {"error": {"message": "busy"}}, after)
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

    def _whole(self, status: int, value: dict, after: str = "") -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if after:
            self.send_header("Retry-After", after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
