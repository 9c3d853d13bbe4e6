"""What is sent in the head of every page, before Gradio's scripts begin. An ASGI middleware.

Tags: what others show of a link to the page, the company's name and greeting in place of those
with which Gradio's template names itself; messengers and search engines run no scripts. And the
choice of a language, which Gradio's components then take for the browser's.
"""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.brand import Brand
from demo.edges import is_page
from demo.markup import esc
from demo.theme import script
from demo.words import in_script, languages, spoken, word

GRADIOS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
SCRIPTS = b"<script"  # before the first one is nothing but the head's tags


def tags(brand: Brand, language: str) -> str:
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
    )


def choice(brand: Brand) -> str:
    """The script that chooses among the languages that are offered."""
    offered = in_script(brand.languages or languages())
    return f"<script>window.msLanguages = {offered};\n{script('language.js')}</script>"


def with_head(page: bytes, own: str) -> bytes:
    """The page with this at the end of its tags, without Gradio's own; what is no page with a
    head stays.
    """
    head, scripts, rest = page.partition(SCRIPTS)
    if not scripts:
        return page
    return GRADIOS.sub(b"", head) + own.encode() + b"\n" + scripts + rest


class PageHead:
    """Waits for a whole page, which it changes; all else passes as it comes."""

    def __init__(self, app: ASGIApp, brand: Brand) -> None:
        self.app, self.brand, self.choice = app, brand, choice(brand)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_page(scope):
            await self.app(scope, receive, send)
            return
        wanted = QueryParams(scope["query_string"]).get("lang", "")
        own = f"{tags(self.brand, spoken(wanted, self.brand.languages))}\n{self.choice}"
        begun: list[Message] = []
        pieces: list[bytes] = []

        async def whole(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            pieces.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = with_head(b"".join(pieces), own)
            MutableHeaders(scope=begun[0])["content-length"] = str(len(page))
            await send(begun[0])
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, whole)
