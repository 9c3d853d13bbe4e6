"""A kept turn as a plain dict of columns, with masks for what is personal in it; what a later turn
needs to know of it, and what a page shows of it.

Knows no database: the same dicts come from tables, from the journal and from evaluations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from mm_support.as_json import hit_dict, hit_of, image_of, transcript_dict, transcript_of
from mm_support.language.detect import DEFAULT, told_language
from mm_support.language.messages import message
from mm_support.language.personal import Masks
from mm_support.types import Event, Found, Fusion, Heard, KeptTurn, Past, Pending, Said, UserTurn


def past_of(record: Mapping[str, Any]) -> Past:
    """record: the columns of store.models.TurnRow."""
    titles = {hit["id"]: hit["title"] for hit in record["hits"]}
    refused = record["action"] == "refuse"  # what it names only came closest
    transcript = record["transcript"] or {}
    spoken = transcript.get("text", "")
    citations = record["citations"]
    weights = (record["fusion"] or {}).get("weights", {"photo": 1.0})
    seen = [hit["title"] for hit in record["hits"] if "photo" in hit.get("by", ())]
    beside = seen if "photo" not in weights else []  # the words were answered, not what it shows
    return Past(
        text=" ".join(filter(None, (record["text"], spoken))),
        reply=record["reply"],
        action=record["action"],
        citations=tuple(citations),
        reason=record["reason"],
        knowledge=record["knowledge"],
        topic=titles.get(citations[0], "") if citations and not refused else "",
        asked_about=tuple(titles[id] for id in record["asked_about"] if id in titles),
        read=tuple(line["text"] for line in (record["image"] or {}).get("text", ())),
        shown=next(iter(beside), ""),
        language=transcript.get("language") if spoken else None,
        pending=Pending(**record["pending"]) if record.get("pending") else None,
        unheard=record.get("unheard", ""),
    )


def words_of(turn: Any) -> str:
    """What was typed and what was heard. turn: a row of the turns."""
    heard = (turn.transcript or {}).get("text", "")
    return " ".join(filter(None, (turn.text.strip(), heard)))


def turn_of(record: Mapping[str, Any]) -> KeptTurn:
    """record: the columns of store.models.TurnRow."""
    transcript, image, fusion = record["transcript"], record["image"], record["fusion"]
    return KeptTurn(
        id=record["id"],
        session_id=record["session_id"],
        created=in_utc(record["created"]),
        knowledge=record["knowledge"],
        text=record["text"],
        transcript=transcript_of(transcript) if transcript else None,
        image=image_of(image) if image else None,
        hits=tuple(map(hit_of, record["hits"])),
        fusion=Fusion(**fusion) if fusion else None,
        reply=record["reply"],
        action=record["action"],
        citations=tuple(record["citations"]),
    )


def interrupted_record(turn: UserTurn) -> dict[str, Any]:
    """A turn that the end of the service cut off: the question, and that it was not answered."""
    heard = turn.heard
    told = heard.language if heard and heard.text else told_language(turn.text)
    language = told or turn.language or DEFAULT
    return {
        "id": uuid4().hex,
        "session_id": str(turn.session_id),
        "created": datetime.now(UTC),
        "knowledge": turn.knowledge,
        "text": turn.text,
        "transcript": transcript_dict(turn.heard) if turn.heard else None,
        "image": None,
        "hits": [],
        "reply": message("interrupted", language),
        "action": "clarify",
        "reason": "interrupted",
        "confidence": 0.0,
        "citations": [],
        "asked_about": [],
        "intent": "",
        "fusion": None,
        "timings": {},
        "pending": None,
        "language": language,
    }


def stopped_record(turn: UserTurn, happened: Sequence[Event]) -> dict[str, Any] | None:
    """A turn whose reply the customer stopped: what was said until then, if anything was."""
    said = "".join(event.text for event in happened if isinstance(event, Said))
    if not said:
        return None
    heard = next((event.transcript for event in happened if isinstance(event, Heard)), None)
    found = [event.hits for event in happened if isinstance(event, Found)]
    hits = found[-1] if found else ()
    cited = sorted({int(number) for number in re.findall(r"\[(\d+)\]", said)})
    return interrupted_record(replace(turn, heard=heard)) | {
        "hits": list(map(hit_dict, hits)),
        "reply": said,
        "action": "answer",
        "reason": "stopped",
        "citations": [hits[number - 1].entry.id for number in cited if 0 < number <= len(hits)],
    }


def masked_record(record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The record with masks for what is personal in the customer's words, typed, heard and read in
    a photo, also where the reply repeats it; and what the masks stand for.

    What an action gave is masked too, and what it waits with is left out where it is personal. A
    masked record stays as it is.
    """
    masks = Masks(record.get("language", ""))
    masked = {
        "text": masks.text(record["text"]),
        "transcript": _masked_transcript(record["transcript"], masks),
        "image": _masked_image(record["image"], masks),
    }
    pending = record.get("pending")
    if pending:
        values = {name: own for name, own in pending["values"].items() if masks.text(own) == own}
        offered = [own for own in pending["offered"] if masks.text(own) == own]
        masked["pending"] = {**pending, "values": values, "offered": offered}
    acted = record["reason"].startswith("action")
    masked["reply"] = (masks.text if acted else masks.known)(record["reply"])
    if acted:
        hits = [{**hit, "snippet": masks.text(hit["snippet"])} for hit in record["hits"]]
        masked["hits"] = hits
    return {**record, **masked}, masks.values


def _masked_transcript(transcript: dict[str, Any] | None, masks: Masks) -> dict[str, Any] | None:
    """One segment where something is masked, which may lie in several."""
    if not transcript or (text := masks.text(transcript["text"])) == transcript["text"]:
        return transcript
    segments = transcript.get("segments", ())
    ends = [{**segments[0], "end": segments[-1]["end"], "text": text}] if segments else []
    return {**transcript, "text": text, "segments": ends}


def _masked_image(image: dict[str, Any] | None, masks: Masks) -> dict[str, Any] | None:
    if not image:
        return image
    lines = masks.lines([line["text"] for line in image["text"]])
    return {**image, "text": [{**line, "text": text} for line, text in zip(image["text"], lines)]}


def in_utc(time: datetime) -> datetime:
    """SQLite forgets that times are in UTC; PostgreSQL gives them in the server's time zone."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
