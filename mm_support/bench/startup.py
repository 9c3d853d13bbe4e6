"""How soon `python app.py` shows its page, and how soon it can answer; memory once it can."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx

from mm_support.bench.askers import AppAsker
from mm_support.bench.cost import median, memory_mb
from mm_support.config import Settings
from mm_support.errors import SupportError
from mm_support.paths import PACKAGE

APP = PACKAGE.parent / "app.py"
RUNS = 3
PATIENCE = 180  # s


def measure(settings: Settings) -> dict[str, Any]:
    """Medians over RUNS starts, with the weights cached and the packs ingested."""
    from mm_support.service import SupportService

    SupportService.load(settings).close()
    starts = [_start(settings) for _ in range(RUNS)]
    return {name: median((start[name] for start in starts), 2) for name in starts[0]}


def _start(settings: Settings) -> dict[str, float]:
    started = time.perf_counter()
    with running_app(settings) as (app, address):
        page = time.perf_counter() - started
        list_bases(address)
        return {
            "page_s": page,
            "ready_s": time.perf_counter() - started,
            "memory_mb": memory_mb(app.pid),
        }


@contextmanager
def running_app(settings: Settings) -> Iterator[tuple[subprocess.Popen, str]]:
    """`python app.py` with these settings, once it shows its page: the process and the page's
    address.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "MM_SUPPORT_PROFILE": settings.profile,
        "MM_SUPPORT_DATA": str(settings.data_dir),
        "MM_SUPPORT_CACHE": str(settings.cache_dir),
    }
    app = subprocess.Popen(
        [sys.executable, str(APP)],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        _poll(address, app)
        yield app, address
    finally:
        app.terminate()
        app.wait()


def _poll(url: str, app: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and app.poll() is None:
        try:
            httpx.get(url, timeout=5, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise SupportError("app.py did not come up; run it by hand to see why.")


def list_bases(address: str) -> None:
    """Calls /knowledge_bases, which waits for the models. Raises SupportError."""
    with closing(AppAsker(address)) as app:
        list(app.call("knowledge_bases", []))
