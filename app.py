"""Starts the demo: settings -> service -> page. Runs unchanged on Hugging Face Spaces.

Settings come from MM_SUPPORT_... variables, the address from Gradio's own (GRADIO_SERVER_NAME,
GRADIO_SERVER_PORT). The page opens at once; models load behind it.
"""

from __future__ import annotations

import logging
import sys

from demo.ui import build_demo, launch_options
from mm_support import Settings, SupportService
from mm_support.errors import SupportError


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # Gradio asks itself whether it runs
    try:
        settings = Settings.from_env()
        page = build_demo(SupportService.start(settings), may_add=settings.open_knowledge)
        page.launch(**launch_options())
    except (SupportError, OSError) as problem:  # OSError: the port is taken
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
