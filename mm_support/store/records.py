"""A kept turn as a plain dict of columns, and what a later turn needs to know of it.

Knows no database: the same dicts come from tables, from the journal and from evaluations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mm_support.types import Past


def past_of(record: Mapping[str, Any]) -> Past:
    """record: the columns of store.models.TurnRow."""
    titles = {hit["id"]: hit["title"] for hit in record["hits"]}
    transcript = record["transcript"] or {}
    spoken = transcript.get("text", "")
    citations = record["citations"]
    return Past(
        text=" ".join(filter(None, (record["text"], spoken))),
        reply=record["reply"],
        action=record["action"],
        citations=tuple(citations),
        reason=record["reason"],
        knowledge=record["knowledge"],
        topic=titles.get(citations[0], "") if citations else "",
        asked_about=tuple(titles[id] for id in record["asked_about"] if id in titles),
        read=tuple(line["text"] for line in (record["image"] or {}).get("text", ())),
        language=transcript.get("language") if spoken else None,
    )
