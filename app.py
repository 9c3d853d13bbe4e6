"""Starts the demo: settings -> service -> page. Runs unchanged on Hugging Face Spaces.

Settings come from MM_SUPPORT_... variables, the address from Gradio's own (GRADIO_SERVER_NAME,
GRADIO_SERVER_PORT). The page opens at once; models load behind it.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from demo.brand import Brand, load_brand
from demo.desk import desk_key, desk_link
from demo.edges import limits_of
from demo.ui import build_demo, launch_options
from mm_support import Settings, SupportService
from mm_support.errors import SupportError


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # Gradio asks itself whether it runs
    try:
        settings = Settings.from_env()
        key = desk_key(settings.desk_key, os.environ)
        brand = load_brand(Path(settings.brand)) if settings.brand else Brand()
        limits = limits_of(settings, os.environ)
        service = SupportService.start(settings)
        page = build_demo(
            service,
            may_add=settings.open_knowledge,
            desk_key=key,
            brand=brand,
            open_workshop=settings.open_workshop,
        )
        options = launch_options(brand, limits, lambda: service.status().ready)
        _, address, _ = page.launch(prevent_thread_lock=True, **options)
        if key and not settings.desk_key:
            print_links(address, key)
        page.block_thread()
    except (SupportError, OSError) as problem:  # OSError: the port is taken
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0


def print_links(address: str, key: str) -> None:
    """Where people work whom nobody else shall be: the key is part of the links."""
    desk = desk_link(address, key)
    print(f"The desk, for people who answer customers: {desk}", flush=True)
    workshop = f"{address.rstrip('/')}/workshop?key={key}"
    print(f"The workshop, for people who look after the assistant: {workshop}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
