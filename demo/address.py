"""The address of the pages, which Gradio's own variables say: what cannot be meant is told before
Gradio is imported, which reads them at once. Knows nothing of Gradio.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

from mm_support.errors import InputError

NAME, PORT, PORTS = "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS"
HIGHEST = 65_535  # a port


def check_address(environ: Mapping[str, str]) -> None:
    """Raises InputError for ports that are none, for an address that is not this machine's, and for
    a named port that is taken: Gradio would serve at the next one, where nobody looks for it.
    """
    for name in (PORT, PORTS):
        text = environ.get(name, "1")
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= HIGHEST):
            raise InputError(f"{name} is a whole number from 1 to {HIGHEST}, like 7860.")
    host = environ.get(NAME, "127.0.0.1")
    try:
        with socket.socket() as wire:  # as Gradio tries it, which knows no IPv6 either
            wire.bind((host, 0))
    except OSError as problem:
        raise InputError(
            f"{NAME} is {host!r}, which is no IPv4 address of this machine; choose 127.0.0.1, or "
            "0.0.0.0 for all of its addresses."
        ) from problem
    if PORT in environ and PORTS not in environ:
        _check_free(host, int(environ[PORT]))


def _check_free(host: str, port: int) -> None:
    try:
        with socket.socket() as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Gradio does
            wire.bind((host, port))
    except OSError as problem:
        raise InputError(
            f"{PORT} is {port}, which cannot be used ({problem.strerror}); end the program that "
            "serves there, or choose another port."
        ) from problem
