"""`python app.py` in a process of its own, until it shows its page and until it can answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx

from mm_support.bench.askers import AppAsker
from mm_support.config import Settings
from mm_support.errors import SupportError
from mm_support.paths import PACKAGE

APP = PACKAGE.parent / "app.py"
PATIENCE = 180  # s


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
