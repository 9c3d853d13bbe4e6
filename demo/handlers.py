"""Gradio values <-> UserTurn and Reply; SupportError -> gr.Error. Knows no layout and no model."""

from __future__ import annotations

import hashlib
import logging
import mimetypes
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import gradio as gr
import numpy as np
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from demo.exchange import Exchange
from mm_support.errors import InputError, SupportError
from mm_support.types import Audio, Hit, ImageView, Transcript, UserTurn

log = logging.getLogger(__name__)
PHOTO_TYPES = (".jpg", ".jpeg", ".png", ".webp")
OUR_FAULT = "Something went wrong on our side. Please try again; the server's log has the details."


def sentence(problem: Exception) -> str:
    """What people read about a problem: the message of a SupportError, never a traceback."""
    if isinstance(problem, SupportError):
        return str(problem)
    log.error("unexpected error", exc_info=problem)
    return OUR_FAULT


@contextmanager
def plain_errors() -> Iterator[None]:
    """Everything that goes wrong inside reaches Gradio's clients as one plain sentence."""
    try:
        yield
    except Exception as problem:
        raise gr.Error(sentence(problem), print_exception=False) from problem


# -- Gradio to the service ------------------------------------------------------------------


def turn_from_box(value: dict | None, knowledge: str, speak: bool) -> UserTurn:
    """value: what the MultimodalTextbox holds, {"text": str, "files": [path, ...]}.

    Raises InputError for more than one photo or more than one recording.
    """
    value = value or {}
    files = [Path(path) for path in value.get("files") or ()]
    photos = [path for path in files if is_photo(path)]
    recordings = [path for path in files if not is_photo(path)]
    if len(photos) > 1 or len(recordings) > 1:
        raise InputError("Send one photo and one recording at a time; remove the others and try again.")
    return UserTurn(value.get("text") or "", first(photos), first(recordings), knowledge, speak=speak)


def is_photo(path: Path) -> bool:
    return (mimetypes.guess_type(path.name)[0] or "").startswith("image/")


def first(paths: Sequence[Path]) -> Path | None:
    return paths[0] if paths else None


# -- the service to Gradio ------------------------------------------------------------------


def publish(path: Path) -> str:
    """Copies a picture to where Gradio serves files from, so that no folder has to be opened to visitors."""
    return save_file_to_cache(path, cache_dir=get_upload_folder())


def publish_audio(audio: Audio) -> Path:
    """Writes a 16-bit WAV file to where Gradio serves files from."""
    samples = np.round(np.clip(audio.samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    folder = Path(get_upload_folder()) / hashlib.sha256(samples).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(folder / "reply.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.rate)
        file.writeframes(samples)
    return folder / "reply.wav"


def result_of(exchange: Exchange) -> dict:
    """What /chat returns: complete once the exchange is over, with the same keys before."""
    reply = exchange.reply
    return {
        "reply": exchange.text,
        "action": reply.action if reply else None,
        "citations": [citation_json(c) for c in reply.citations] if reply else [],
        "pictures": [gr.FileData(path=publish(path)).model_dump() for path in reply.pictures] if reply else [],
        "transcript": transcript_json(exchange.transcript) if exchange.transcript else None,
        "image": image_json(exchange.image) if exchange.image else None,
        "intent": asdict(reply.intent) if reply and reply.intent else None,
        "fusion": asdict(exchange.fusion) if exchange.fusion else None,
        "timings_ms": {step: round(ms, 1) for step, ms in reply.timings.items()} if reply else {},
        "session_id": reply.session_id if reply else exchange.question.session_id,
        "turn_id": reply.turn_id if reply else None,
    }


def citation_json(citation) -> dict:
    values = asdict(citation)
    return {"number": values.pop("number"), "id": values.pop("entry_id"), **values}


def transcript_json(transcript: Transcript) -> dict:
    return {
        "text": transcript.text,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 4),
        "segments": [asdict(segment) for segment in transcript.segments],
    }


def image_json(view: ImageView) -> dict:
    return {
        "labels": [asdict(label) for label in view.labels],
        "text": [asdict(line) for line in view.text],
        "matches": [hit_json(hit) for hit in view.matches],
    }


def hit_json(hit: Hit) -> dict:
    return {
        "id": hit.entry.id,
        "title": hit.entry.title,
        "score": round(hit.score, 4),
        "by": {modality: round(part, 4) for modality, part in hit.by.items()},
        "snippet": snippet(hit.entry.answer),
    }


def snippet(text: str, length: int = 160) -> str:
    """The beginning of a text, cut at a word."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"
