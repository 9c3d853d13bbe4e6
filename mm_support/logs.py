"""Lines of the log, for people or, one JSON object a line, for programs that collect them.

What is logged is what the product does, never what a customer said.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

TEXT = "%(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """time, level, logger, message, and error: the lines of what was raised."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def write_logs(as_json: bool) -> None:
    """From now on, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # Gradio asks itself whether it runs
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # names its own parts
