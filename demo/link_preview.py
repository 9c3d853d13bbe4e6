"""What others show of a link to the page: the company's name and greeting, in place of the tags
with which Gradio's template names itself. An ASGI middleware: search engines and messengers run
no scripts, so the tags have to be in what is sent.
"""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.brand import Brand
from demo.edges import is_page
from demo.markup import esc
from demo.words import spoken, word

GRADIOS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
SCRIPTS = b"<script"  # before the first one is nothing but the head's tags


def tags(brand: Brand, language: str) -> bytes:
    name = esc(brand.name)
    about = esc(brand.says("welcome", language) or word("welcome", language))
    return "\n".join(
        [
            f"<title>{name}</title>",
            f'<meta name="description" content="{about}" />',
            f'<meta property="og:title" content="{name}" />',
            f'<meta property="og:description" content="{about}" />',
            '<meta property="og:type" content="website" />',
            '<meta name="twitter:card" content="summary" />',
        ]
    ).encode()


def with_tags(page: bytes, own: bytes) -> bytes:
    """The page with these tags instead of Gradio's; what is no page with a head stays."""
    head, scripts, rest = page.partition(SCRIPTS)
    if not scripts:
        return page
    return GRADIOS.sub(b"", head) + own + b"\n" + scripts + rest


class LinkPreview:
    """Waits for a whole page, which it changes; all else passes as it comes."""

    def __init__(self, app: ASGIApp, brand: Brand) -> None:
        self.app, self.brand = app, brand

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_page(scope):
            await self.app(scope, receive, send)
            return
        wanted = QueryParams(scope["query_string"]).get("lang", "")
        own = tags(self.brand, spoken(wanted, self.brand.languages))
        begun: list[Message] = []
        pieces: list[bytes] = []

        async def whole(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            pieces.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = with_tags(b"".join(pieces), own)
            MutableHeaders(scope=begun[0])["content-length"] = str(len(page))
            await send(begun[0])
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, whole)
