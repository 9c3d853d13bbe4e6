"""Bases that an earlier version kept in Qdrant's local folder: named, and read out once where the
qdrant-client package is installed.

Knows that folder's files and nothing of today's index.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mm_support.types import Entry

PAGE = 1_000  # points read at once
ENTRY_FIELDS = ("id", "title", "answer", "intent", "source", "human_only")


def former_bases(folder: Path) -> dict[str, str]:
    """Base name -> collection, of one's own bases in a former folder; {} where it is none. A base
    of several sets of models is taken from the last of them.
    """
    try:
        aliases = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["aliases"]
    except (OSError, ValueError, KeyError):
        return {}
    own = {alias: kept for alias, kept in aliases.items() if kept.endswith(".own")}
    return {alias.split(".", 1)[1]: kept for alias, kept in own.items() if "." in alias}


def former_entries(folder: Path, collection: str, pictures_dir: Path) -> list[Entry]:
    """The entries of a base, in their order. Raises ImportError without qdrant-client."""
    from qdrant_client import QdrantClient  # type: ignore[import-not-found]

    client = QdrantClient(path=str(folder))
    try:
        payloads: list[dict[str, Any]] = []
        offset = None
        while True:
            points, offset = client.scroll(collection, limit=PAGE, offset=offset)
            payloads += [point.payload or {} for point in points]
            if offset is None:
                break
    finally:
        client.close()
    ordered = sorted(payloads, key=lambda payload: payload["order"])
    return [_entry(payload, pictures_dir) for payload in ordered]


def _entry(payload: dict[str, Any], pictures_dir: Path) -> Entry:
    return Entry(
        **{name: payload[name] for name in ENTRY_FIELDS},
        questions=tuple(payload["questions"]),
        pictures=tuple(pictures_dir / place for place in payload["pictures"]),
    )
