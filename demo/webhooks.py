"""What Chatwoot posts: events of the inbox whose agents answer our customers. Newer versions sign
them; for older ones the secret is the last part of the address.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mm_support.desk.chatwoot import is_signed
from mm_support.errors import StoreError

PATH = "/webhooks/chatwoot"


def chatwoot_routes(received: Callable[[dict[str, Any]], None], secret: str) -> list[Route]:
    """received: what takes an event in; secret: what Chatwoot's calls are known by."""

    async def receive(request: Request) -> Response:
        body, given = await request.body(), request.headers
        key = request.path_params.get("key", "")
        stamp = given.get("x-chatwoot-timestamp", ""), given.get("x-chatwoot-signature", "")
        named = secrets.compare_digest(key.encode(), secret.encode())
        if not named and not is_signed(secret, body, *stamp):
            return Response("This is not signed with the inbox's secret.", 401)
        try:
            values = json.loads(body)
            await run_in_threadpool(received, values if isinstance(values, dict) else {})
        except ValueError:
            return Response("This is not JSON.", 400)
        except StoreError:  # what failed is told to the agent
            return Response("It could not be stored; send it again.", 503)
        return Response(status_code=204)

    return [Route(path, receive, methods=["POST"]) for path in (PATH, f"{PATH}/{{key}}")]
