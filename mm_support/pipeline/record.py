"""What is kept of a turn, and what the next one needs to know of it.

Stores nothing (store/records.py, desk/keeper.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from mm_support import as_json
from mm_support.encode.turn import clean_text
from mm_support.pipeline.results import Judged
from mm_support.store.records import past_of
from mm_support.types import Citation, Entry, Past, Reply


def turn_record(judged: Judged, reply: Reply) -> dict[str, Any]:
    """What is kept of a turn: what was understood and said, never the photo or the recording."""
    decision, values = judged.decision, as_json.reply_dict(reply)
    asked_back = decision.hits if decision.action == "clarify" else ()
    return {
        "id": reply.turn_id,
        "session_id": reply.session_id,
        "created": datetime.now(UTC),
        "knowledge": judged.turn.knowledge,
        "text": clean_text(judged.turn.text),
        "transcript": values["transcript"],
        "image": values["image"],
        "hits": [as_json.hit_dict(hit) for hit in judged.hits],
        "reply": reply.text,
        "action": decision.action,
        "reason": decision.reason,
        "confidence": decision.confidence,
        "citations": [citation.entry_id for citation in reply.citations],
        "asked_about": [hit.entry.id for hit in asked_back],
        "intent": reply.intent.name if reply.intent else "",
        "fusion": values["fusion"],
        "timings": values["timings_ms"],
        "pending": asdict(reply.pending) if reply.pending else None,
        "language": judged.question.language,
    }


def past_after(judged: Judged, cited: Sequence[Entry]) -> Past:
    """What the next turn needs to know of this one, where nothing is stored.

    cited: entries that the reply names, the first of them its topic.
    """
    citations = tuple(
        Citation(number, entry.id, entry.title, entry.source, "")
        for number, entry in enumerate(cited, 1)
    )
    reply = Reply(
        "",
        judged.decision.action,
        citations,
        transcript=judged.heard,
        image=judged.seen.view if judged.seen else None,
        fusion=judged.fusion,
    )
    return past_of(turn_record(judged, reply))
