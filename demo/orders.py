"""A made-up shop's system with a few orders, for the actions of the shopping base to ask.

    python -m demo.orders --port 8081 --key secret

It speaks JSON on this machine alone, and only to whoever has the key:
    GET  /orders/104822                  {"status": "sent", "expected": "2026-11-28"}
    POST /orders/104830/cancel           {"postcode": "90210"} -> {"status": "cancelled"}
    GET  /customers/c-17/orders          {"orders": [{"order": "104822"}, ...]}
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 8081  # what assets/knowledge/shopping/actions.toml names
MAX_BODY = 10_000  # bytes
Answer = tuple[int, dict[str, Any]]


class Orders:
    """The orders. A cancelled one stays so until the shop is started again."""

    def __init__(self, today: date | None = None) -> None:
        soon = ((today or date.today()) + timedelta(days=2)).isoformat()
        self._lock = threading.Lock()
        self.orders: dict[str, dict[str, str]] = {
            "104822": {"status": "sent", "expected": soon, "postcode": "90210", "by": "c-17"},
            "104830": {"status": "received", "expected": soon, "postcode": "90210", "by": "c-17"},
            "104790": {"status": "waiting", "place": "Shop 3", "postcode": "10115", "by": "c-18"},
        }

    def status(self, order: str) -> Answer:
        known = self.orders.get(order)
        if known is None:
            return 404, {}
        return 200, {name: known[name] for name in ("status", "expected", "place") if name in known}

    def cancel(self, order: str, postcode: str) -> Answer:
        with self._lock:
            known = self.orders.get(order)
            if known is None or known["postcode"] != postcode:
                return 404, {}
            if known["status"] in ("received", "cancelled"):
                known["status"] = "cancelled"
                known.pop("expected", None)
                return 200, {"status": "cancelled"}
            return 200, {"status": "packed"}

    def of(self, customer: str) -> Answer:
        own = [{"order": order} for order, known in self.orders.items() if known["by"] == customer]
        return (200, {"orders": own}) if own else (404, {})


def answer(orders: Orders, method: str, path: str, body: dict[str, Any]) -> Answer:
    """What the shop answers to a call."""
    if method == "GET" and (found := re.fullmatch(r"/orders/(\w+)", path)):
        return orders.status(found[1])
    if method == "POST" and (found := re.fullmatch(r"/orders/(\w+)/cancel", path)):
        return orders.cancel(found[1], str(body.get("postcode", "")))
    if method == "GET" and (found := re.fullmatch(r"/customers/([\w-]+)/orders", path)):
        return orders.of(found[1])
    return 404, {}


def server(key: str, port: int = 0, orders: Orders | None = None) -> ThreadingHTTPServer:
    """An HTTP server on this machine; 0 picks a free port."""
    kept = orders or Orders()

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server names it
            self._reply({})

        def do_POST(self) -> None:  # noqa: N802
            length = min(int(self.headers.get("Content-Length") or 0), MAX_BODY)
            try:
                body = json.loads(self.rfile.read(length) or b"{}")
            except ValueError:
                body = {}
            self._reply(body if isinstance(body, dict) else {})

        def _reply(self, body: dict[str, Any]) -> None:
            given = self.headers.get("Authorization", "").encode()
            known = secrets.compare_digest(given, f"Bearer {key}".encode())
            status, value = answer(kept, self.command, self.path, body) if known else (401, {})
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Shop)


def main() -> None:
    parser = argparse.ArgumentParser(description="A made-up shop's orders.")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--key", required=True, help="as in MM_SUPPORT_ACTION_SHOP_KEY")
    asked = parser.parse_args()
    with server(asked.key, asked.port) as shop:
        print(f"Orders: http://127.0.0.1:{shop.server_port}/orders/104822", flush=True)
        shop.serve_forever()


if __name__ == "__main__":
    main()
