"""Which sites' pages may read what is answered: those that are named.

Gradio lets every site read, and so what an employee has open could read a service of the house.
Knows no route. Calls of the service's own pages, and of programs, name no other site.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from gradio.route_utils import CustomCORSMiddleware
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

PASSED_ON = ("x-forwarded-for", "x-real-ip", "forwarded", "via")  # headers of proxies
Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]


def readable_by(sites: Iterable[str], more: Lifespan | None = None) -> Lifespan:
    """What sets an app of Gradio up for these origins, before it answers anybody; more: what else
    has to run while it does.
    """
    known = Middleware(
        CORSMiddleware,
        allow_origin_regex="|".join(map(pattern, sites)) or None,
        allow_methods=("*",),
        allow_headers=("*",),
        allow_credentials=True,
    )

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        layers = app.user_middleware
        app.user_middleware = [
            known if layer.cls is CustomCORSMiddleware else layer for layer in layers
        ]
        app.middleware_stack = app.build_middleware_stack()
        async with more(app) if more else nullcontext() as state:
            yield state

    return lifespan


def is_foreign(headers: Mapping[str, str], sites: Iterable[str]) -> bool:
    """Whether a page of a site that is not named sends a request. headers: names in small letters.

    Browsers say so themselves (Sec-Fetch-Site), but not to a plain http address, where the page's
    own name is the host's, unless a proxy has changed that.
    """
    origin, told = headers.get("origin", "").lower(), headers.get("sec-fetch-site")
    if not origin or any(re.fullmatch(pattern(site), origin) for site in sites):
        return False
    if told:
        return told not in ("same-origin", "none")
    passed_on = any(name in headers for name in PASSED_ON)
    return not passed_on and origin.partition("://")[2] != headers.get("host", "").lower()


def pattern(origin: str) -> str:
    """Of one as frame-ancestors has it: * stands for any names before the host's."""
    return re.escape(origin.lower()).replace(r"\*", r"[\w.-]+")
