"""The pages: layout, then events. build_demo(service) is all that app.py needs.

Customers have `/`, those who answer them `/desk`, and those who look after the assistant
`/workshop`. One look for all three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from demo.api import THREADS, add_endpoints
from demo.brand import Brand, greeting
from demo.branding import BrandDesk
from demo.conversation import assistant
from demo.customer_page import customer_page, preview_page
from demo.desk import PATH, desk_page
from demo.door import Door
from demo.edges import Known, app_parts, fetch_nothing
from demo.examples import available
from demo.header import header
from demo.knowledge_tab import KnowledgeDesk
from demo.markup import esc
from demo.one_time import OneTimeCodes
from demo.origins import Lifespan, readable_by
from demo.page_head import PageHead
from demo.service import Service
from demo.sessions import keep_no_looks
from demo.sizes import Limits
from demo.theme import css, head, theme
from demo.words import i18n, languages
from demo.workshop import workshop_page
from mm_support.desk.accounts import Area
from mm_support.paths import ASSETS

HOUR = 3600  # s
QUEUE_LOOK = 0.01  # s; Gradio's own, a millisecond, takes a fifteenth of a core while nobody asks


class Page(NamedTuple):
    """One beside the customers'. area: who may enter it."""

    name: str
    path: str
    area: Area


DESK = Page("Desk", PATH.strip("/"), "desk")
WORKSHOP, PREVIEW = Page("Workshop", "workshop", "workshop"), Page("Preview", "preview", "workshop")
STAFF = (DESK, WORKSHOP, PREVIEW)


def build_demo(
    service: Service,
    assets: Path = ASSETS,
    may_add: bool = False,
    desk_key: str = "",
    brand: Brand = Brand(),  # noqa: B008
    open_workshop: bool = False,
    edit_brand: bool = False,
    codes: OneTimeCodes | None = None,
) -> gr.Blocks:
    """The pages and the endpoints for a service; launch them with `launch_options()`.

    assets: folder with examples/ and evaluation/; what is missing there is left out.
    may_add: whether visitors may add knowledge of their own, in the workshop. desk_key: opens the
    desk and the workshop, as accounts do; without key and accounts there is no desk. open_workshop:
    whether everybody may enter the workshop, to read and to try. edit_brand: editors may change the
    brand's file there. codes: let somebody in once each, as if they had the key.
    """
    fetch_nothing()
    keep_no_looks()
    examples = brand.folder or assets / "examples"
    served: list[str | Path] = [*files_of(brand, examples), assets / "evaluation"]
    gr.set_static_paths(served)  # from where they are, never cleaned up
    demo = gr.Blocks(
        title=brand.name, analytics_enabled=False, delete_cache=(HOUR, 24 * HOUR), fill_width=True
    )
    demo.queue(max_size=THREADS, default_concurrency_limit=4)
    demo._queue.sleep_when_free = QUEUE_LOOK
    door = door_of(service, desk_key, may_add, open_workshop, codes)
    staff = [page for page in STAFF if door.leads_somewhere(page.area)]
    for page in staff:
        demo.route(page.name, page.path, show_in_navbar=False)
    with demo:  # once: Gradio makes its server anew whenever this ends
        demo.current_page = ""
        customer_page(demo, service, examples, brand)
        add_endpoints(service)
        knowledge = KnowledgeDesk(service, door, brand.knowledge)
        branding = BrandDesk(service, door, brand, examples, edit_brand)
        lay_out = {
            DESK: lambda: desk_page(demo, service, door, esc(brand.name)),
            WORKSHOP: lambda: workshop_page(
                demo,
                knowledge,
                branding,
                assets,
                header(brand, "page_workshop"),
                lambda: assistant(demo, service, examples, brand, workshop=True),
            ),
            PREVIEW: lambda: preview_page(demo, branding, service, examples, brand),
        }
        for page in staff:
            demo.current_page = page.path
            lay_out[page]()
    return demo


def door_of(
    service: Service,
    key: str,
    may_add: bool,
    open_workshop: bool,
    codes: OneTimeCodes | None = None,
) -> Door:
    """Who may do what: roles do what theirs is, everybody what the settings open."""
    opened = ["workshop"] * (may_add or open_workshop) + ["add"] * may_add
    visitors, provider = frozenset(opened), service.provider is not None
    return Door(key, service.accounts, visitors, provider, codes)


def speech_of(demo: gr.Blocks) -> Known:
    """Tells whether a call of a component's function is one of a page that is open: its speech."""

    def known(call: Any) -> bool:
        if not isinstance(call, dict) or call.get("fn_name") != "hear":
            return False
        session, number = call.get("session_hash"), call.get("component_id")
        if not isinstance(session, str) or not isinstance(number, int):
            return False
        hears = getattr(demo.blocks.get(number), "elem_id", None) == "voice"
        return hears and session in demo.state_holder

    return known


def files_of(brand: Brand, folder: Path) -> list[Path]:
    """The cards' files, and nothing else of a folder that may hold more."""
    cards = available(folder, brand.examples)
    shown = [folder / card.picture for card in cards if card.picture]
    return [*shown, *(file for card in cards for file in card.files(folder))]


def launch_options(
    brand: Brand = Brand(),  # noqa: B008
    limits: Limits = Limits(),  # noqa: B008
    ready: Callable[[], bool] | None = None,
    room: Callable[[], float] | None = None,
    metrics: Callable[[], bytes] | None = None,
    more: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
    known: Known | None = None,
) -> dict:
    """What gr.Blocks.launch needs for these pages; addresses and ports come from Gradio's own
    variables. ready: tells whether the service can answer, for /readyz; room: in how many seconds
    it takes another turn; metrics: what Prometheus reads; more: routes beside the pages;
    lifespan: what these need to run; known: whether a page that is open sends a piece of speech.
    """
    parts = app_parts(limits, ready, room, metrics, more, known)
    parts["middleware"].append(Middleware(PageHead, brand=brand))
    parts["lifespan"] = readable_by(limits.frame_ancestors, lifespan)
    return {
        "theme": theme(brand),
        "css": css(),
        "head": head(),
        "i18n": i18n(own_words(brand)),
        "app_kwargs": parts,
        "max_threads": THREADS,
        "show_error": True,
        "max_file_size": limits.file,
        "blocked_paths": [str(path) for path in limits.blocked_paths],
        "state_session_capacity": 1000,
        "run_history": False,
        "enable_monitoring": False,
        "footer_links": [],
        "pwa": False,
        "ssr_mode": False,
        # Gradio asks its own page, and ends where none comes in 3 s, as on a machine that is busy
        "_frontend": False,
    }


def own_words(brand: Brand) -> dict[str, dict[str, str]]:
    """Language -> key -> words that depend on the company."""
    return {language: {"greeting": greeting(brand, language)} for language in languages()}
