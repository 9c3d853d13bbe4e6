"""A shop's page with the widget in it, served from an origin of its own.

    python -m demo.shop http://127.0.0.1:7860 --port 8080 --customer c-17

The assistant must allow that origin: MM_SUPPORT_FRAME_ORIGINS=http://127.0.0.1:8080. With
--customer somebody seems to be signed in; MM_SUPPORT_CUSTOMER_SECRET is then the same for both.
"""

from __future__ import annotations

import argparse
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from mm_support.desk.visits import signed_customer

SIGNED_IN = 3600.0  # s that a page is good for
PAGE = Path(__file__).resolve().parent / "shop.html"


def server(
    assistant: str, port: int = 0, customer: str = "", secret: str = ""
) -> ThreadingHTTPServer:
    """An HTTP server on this machine; 0 picks a free port. assistant: the origin of its page.
    customer: who is signed in, which it signs with the secret.
    """
    page = PAGE.read_text(encoding="utf-8").replace("ASSISTANT", assistant.rstrip("/"))

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server names it
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            signed = signed_customer(secret, customer, SIGNED_IN) if customer else ""
            self.wfile.write(page.replace("CUSTOMER", signed).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Shop)


def main() -> None:
    parser = argparse.ArgumentParser(description="A shop's page with the assistant's widget.")
    parser.add_argument("assistant", help="the assistant's address, e.g. http://127.0.0.1:7860")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--customer", default="", help="who is signed in")
    asked = parser.parse_args()
    secret = os.environ.get("MM_SUPPORT_CUSTOMER_SECRET", "")
    with server(asked.assistant, asked.port, asked.customer, secret) as shop:
        print(f"The shop: http://127.0.0.1:{shop.server_port}", flush=True)
        shop.serve_forever()


if __name__ == "__main__":
    main()
