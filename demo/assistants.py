"""The tools for assistants beside the pages: /mcp, where the extra mm-support[mcp] is installed.

Whoever calls needs the same key as at /v1. Knows no tool; see mm_support/tools.py.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.completions import Refusal, admit, refused
from demo.origins import Lifespan
from demo.service import Service
from mm_support.errors import SupportError
from mm_support.tools import build_server


def tool_routes(service: Service, key: str = "") -> tuple[list[BaseRoute], Lifespan | None]:
    """The routes, and what has to run while the app does. Without the extra there are none."""
    try:
        server = build_server(service)
    except SupportError:
        return [], None
    from mcp.server.transport_security import TransportSecuritySettings

    any_host = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        stateless_http=True, json_response=True, transport_security=any_host
    )
    (route,) = (route for route in app.routes if isinstance(route, Route))
    guarded = Route(route.path, WithKey(route.endpoint, key))
    return [guarded], lambda _: server.session_manager.run()


class WithKey:
    """An app for those who have the key, where there is one."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.app, self.key = app, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            admit(Request(scope), self.key)
        except Refusal as refusal:
            await refused(refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)
