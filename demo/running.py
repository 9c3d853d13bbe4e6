"""The pages while they are served: from a service that starts until SIGTERM ends it in order, with
no new turns, and those that were begun finished or kept.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gradio.exceptions import ServerFailedToStartError
from gradio.http_server import Server
from gradio.utils import get_upload_folder

from demo.assistants import tool_routes
from demo.brand import Brand, load_brand
from demo.company_sign_in import sign_in_routes
from demo.completions import api_key, completion_routes
from demo.desk import desk_key, desk_link
from demo.edges import limits_of
from demo.one_time import OneTimeCodes
from demo.ui import build_demo, launch_options, speech_of
from demo.uploads import own_folder, remove_old
from demo.webhooks import chatwoot_routes
from mm_support import Settings, SupportService
from mm_support.files import private_folder
from mm_support.rounds import Rounds, Task

PATIENCE = 8.0  # s that turns have to end after SIGTERM
SENDING = 0.5  # s in which the last words reach their readers
CLOSING = 1.5  # s to give everything back, in which a model that still loads may not be ready
LOOK = 0.01  # s between looks whether the server is there
HOUR, DAY = 3_600, 86_400  # s
PAGES = {  # to which links are printed
    "/desk": "The desk, for people who answer customers",
    "/workshop": "The workshop, for people who look after the assistant",
}


def serve(
    settings: Settings, start: Callable[[Settings], SupportService] = SupportService.start
) -> int:
    """Serves the pages until it is told to end. Raises SupportError, OSError."""
    if "GRADIO_TEMP_DIR" not in os.environ:  # not Gradio's own, which other programs use too
        os.environ["GRADIO_TEMP_DIR"] = str(own_folder())
    key, own = desk_key(settings.desk_key, os.environ), api_key(settings.api_key)
    codes = OneTimeCodes() if key and not settings.desk_key else None
    brand = load_brand(Path(settings.brand)) if settings.brand else Brand()
    limits = limits_of(settings, os.environ)
    watch_over(Path(get_upload_folder()))
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    service = start(settings)
    threading.Thread(target=service.rehearse, daemon=True, name="rehearsal").start()
    page = build_demo(
        service,
        may_add=settings.open_knowledge,
        desk_key=key,
        brand=brand,
        open_workshop=settings.open_workshop,
        edit_brand=settings.edit_brand,
        codes=codes,
    )
    # one that is about to end is not ready for visitors whom another front could take
    is_ready = lambda: service.status().ready and not service.queue.ended  # noqa: E731
    room, metrics = service.queue.room, service.metrics.text
    tools, lifespan = tool_routes(service, own)
    more = [*completion_routes(service, own), *tools]
    if service.provider is not None:
        more += sign_in_routes(service.provider, service.accounts)
    if service.chatwoot is not None:
        more += chatwoot_routes(service.chatwoot.received, settings.chatwoot_secret)
    known = speech_of(page)
    options = launch_options(brand, limits, is_ready, room, metrics, more, lifespan, known)
    Server.run_in_thread = run_patiently  # type: ignore[method-assign]
    _, address, _ = page.launch(prevent_thread_lock=True, **options)
    if codes is not None:
        print_links(address, codes)
    try:
        told.wait()
    except KeyboardInterrupt:
        print("Ending; once more to end at once.", file=sys.stderr, flush=True)
    end(page, service)
    return 0


def run_patiently(server: Server) -> None:
    """Serves in a thread, from when it is begun: Gradio gives it 5 s by the system's clock, which a
    busy machine may need, or which may be set meanwhile. Raises ServerFailedToStartError.
    """
    server.thread = threading.Thread(target=server.run, daemon=True)
    server.thread.start()
    while not server.started:
        server.thread.join(LOOK)
        if not (server.thread.is_alive() or server.started):
            raise ServerFailedToStartError("The server cannot start; see above.")


def watch_over(uploads: Path) -> None:
    """Closes the folder to other users and removes what is older than a day, now and each hour."""
    private_folder(uploads)
    Rounds([Task("removing old uploads", HOUR, partial(remove_old, uploads, DAY))])


def end(page: Any, service: SupportService) -> None:
    """Lets the turns that were begun end, and gives everything back."""
    busy = service.queue.working > 0
    left = service.drain(PATIENCE)
    if left:
        logging.warning("%d turns could not be finished; their questions are kept", left)
    elif busy:
        time.sleep(SENDING)
    closing = [threading.Thread(target=close, daemon=True) for close in (service.close, page.close)]
    [thread.start() for thread in closing]
    last = time.monotonic() + CLOSING
    [thread.join(max(0.0, last - time.monotonic())) for thread in closing]


def print_links(address: str, codes: OneTimeCodes) -> None:
    """Where people work whom nobody else shall be; whenever one was used, the next one too."""

    def tell(page: str, code: str) -> None:
        print(f"{PAGES[page]}: {desk_link(address, code, page)}", flush=True)

    codes.announce(PAGES, tell)
    print("Each of these links opens once; then the next one is printed here.", flush=True)
