"""The service's values as plain JSON-safe dicts: for the API, `--json` and the store; and back, for
what the store needs to show again. Pictures stay paths.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from mm_support.language.detect import in_characters
from mm_support.language.fences import without_fences
from mm_support.language.sentences import in_a_line, without_step_number
from mm_support.types import (
    Citation,
    Entry,
    Hit,
    ImageView,
    IngestReport,
    Label,
    Message,
    Reply,
    Segment,
    TextLine,
    Transcript,
    grouped,
)

SNIPPET = 160  # characters


def reply_dict(reply: Reply) -> dict[str, Any]:
    """A reply with the keys that /chat documents; its sound is left out."""
    return {
        "reply": reply.text,
        "action": reply.action,
        "citations": [citation_dict(citation) for citation in reply.citations],
        "pictures": [str(path) for path in reply.pictures],
        "choices": list(reply.choices),
        "form": asdict(reply.form) if reply.form else None,
        "transcript": transcript_dict(reply.transcript) if reply.transcript else None,
        "image": image_dict(reply.image) if reply.image else None,
        "intent": asdict(reply.intent) if reply.intent else None,
        "fusion": asdict(reply.fusion) if reply.fusion else None,
        "timings_ms": {step: round(ms, 1) for step, ms in reply.timings.items()},
        "session_id": reply.session_id,
        "turn_id": reply.turn_id,
        "language": reply.language,
        "confidence": None if reply.confidence is None else round(reply.confidence, 4),
    }


def ingest_dict(report: IngestReport) -> dict[str, Any]:
    """A report, what is alike in it told once."""
    return {
        "documents": report.documents,
        "entries": report.entries,
        "pictures": report.pictures,
        "seconds": round(report.seconds, 2),
        "mapping": report.mapping,
        "left_out": grouped(report.skipped),
        "odd": grouped(report.warnings),
    }


def entry_dict(entry: Entry) -> dict[str, Any]:
    """An entry as a line of JSONL, which `ingest` reads; what is empty is left out."""
    stored = asdict(entry) | {"pictures": [str(path) for path in entry.pictures]}
    days = {name: said.isoformat() for name, said in stored.items() if isinstance(said, date)}
    return {name: said for name, said in (stored | days).items() if said}


def citation_dict(citation: Citation) -> dict[str, Any]:
    values = asdict(citation)
    return {"number": values.pop("number"), "id": values.pop("entry_id"), **values}


def transcript_dict(transcript: Transcript) -> dict[str, Any]:
    return {
        "text": transcript.text,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 4),
        "segments": [asdict(segment) for segment in transcript.segments],
    }


def transcript_of(values: dict[str, Any]) -> Transcript:
    segments = tuple(Segment(**segment) for segment in values.get("segments", ()))
    return Transcript(**{**values, "segments": segments})


def image_dict(view: ImageView) -> dict[str, Any]:
    return {
        "labels": [asdict(label) for label in view.labels],
        "sure": view.sure,
        "text": [asdict(line) for line in view.text],
        "matches": [hit_dict(hit) for hit in view.matches],
    }


def image_of(values: dict[str, Any]) -> ImageView:
    labels = tuple(Label(**label) for label in values["labels"])
    lines = tuple(TextLine(**{**line, "box": tuple(line["box"])}) for line in values["text"])
    return ImageView(labels, lines, tuple(map(hit_of, values.get("matches", ()))))


def hit_dict(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.entry.id,
        "title": hit.entry.title,
        "score": round(hit.score, 4),
        "by": {modality: round(part, 4) for modality, part in hit.by.items()},
        "snippet": opening(hit.entry.answer),
    }


def hit_of(values: dict[str, Any]) -> Hit:
    """The hit with as much of its entry as `hit_dict` keeps: the beginning of the answer."""
    entry = Entry(values["id"], values["title"], values.get("snippet", ""))
    return Hit(entry, values["score"], values["by"])


def message_dict(message: Message) -> dict[str, Any]:
    return {**asdict(message), "created": message.created.isoformat()}


def snippet(text: str, length: int = SNIPPET) -> str:
    """The beginning of a text, cut at a word where words are parted by blanks."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    start, _, end = text[:length].rpartition(" ")
    return f"{start if start and not in_characters(end) else text[:length]} …"


def opening(answer: str, length: int = SNIPPET) -> str:
    """The beginning of what an entry says, its steps, items and rows in one line."""
    lines = without_fences(answer).splitlines()
    return snippet(in_a_line(map(without_step_number, lines)), length)
