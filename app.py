"""Starts the demo: settings -> service -> page. Runs unchanged on Hugging Face Spaces.

Settings come from MM_SUPPORT_... variables, the address from Gradio's own (GRADIO_SERVER_NAME,
GRADIO_SERVER_PORT). The page opens at once; models load behind it (demo/running.py).
"""

from __future__ import annotations

import logging
import os
import sys

from demo.address import check_address
from demo.stubs import import_gradio
from demo.zero_gpu import device_here
from mm_support import Settings
from mm_support.errors import SupportError
from mm_support.logs import write_logs
from mm_support.memory import few_arenas


def main() -> int:
    try:
        settings = Settings.from_env(device=device_here(os.environ))
        check_address(os.environ)
        write_logs(settings.json_logs)
        few_arenas()
        import_gradio()  # not before: it reads the address
        from demo.running import serve

        return serve(settings)
    except (SupportError, OSError) as problem:  # OSError: the port is taken
        print(f"error: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads that wait for models or readers keep nobody
