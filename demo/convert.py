"""Gradio values <-> UserTurn and Reply; SupportError -> gr.Error. Knows no layout and no model."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import mimetypes
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from demo.conversation_state import Exchange
from demo.markup import esc
from demo.words import DEFAULT, tables, word
from mm_support import as_json
from mm_support.errors import BusyError, InputError, SupportError
from mm_support.inputs.photo import load_photo
from mm_support.types import MAX_PHOTOS, MAX_TEXT, Audio, Reply, UserTurn

log = logging.getLogger(__name__)
HEIC = (".heic", ".heif")  # as some telephones save photos
PRIVATE: dict[str, Any] = {"api_visibility": "private"}  # events of the pages alone
QUIET: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}
LONGEST_NAME = 64  # characters of a base's name, and one more
BUSY = "Busy"  # title of the errors that say when to try again, in `duration`


class WordedError(InputError):
    """A problem that the page has words for in each of its languages."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(word(key, DEFAULT, **values))
        self.key, self.values = key, values


def sentence(problem: Exception, language: str = DEFAULT) -> str:
    """What people read about a problem, never a traceback: the message of a SupportError, and in
    another language than English what the table of words has for it.
    """
    if not isinstance(problem, SupportError):
        log.error("unexpected error", exc_info=problem)
        return word("our_fault", language)
    if language == DEFAULT or language not in tables():
        return str(problem)
    return word(problem.key, language, **problem.values)


def said_problem(problem: Exception) -> str:
    """The same as HTML, in the language of the browser where the table has words for this very
    problem.
    """
    told, values = sentence(problem), getattr(problem, "values", {})
    key = vars(problem).get("key") if isinstance(problem, SupportError) else "our_fault"
    if key is None:
        return esc(told)
    # Gradio takes data-* from what it shows above the page; page.js reads the title in their place
    named = json.dumps({"word": key, "values": values}, default=str)
    return f'<span title="{esc(named)}">{esc(told)}</span>'


@contextmanager
def plain_errors(form: Callable[[Exception], str] = sentence) -> Iterator[None]:
    """Everything that goes wrong inside reaches Gradio's clients as one plain sentence.

    form: how it is written; pages show their errors as HTML.
    """
    try:
        yield
    except Exception as problem:
        busy = (
            {"title": BUSY, "duration": problem.seconds} if isinstance(problem, BusyError) else {}
        )
        raise gr.Error(form(problem), print_exception=False, **busy) from problem


# -- Gradio to the service ------------------------------------------------------------------


def turn_from_box(
    value: dict | None, knowledge: str, speak: bool, said: Path | None = None
) -> UserTurn:
    """value: what the MultimodalTextbox holds, {"text": str, "files": [path, ...]}. said: a
    recording that did not pass through it.

    Raises InputError for too many photos, more than one recording, for anything else, and for an
    empty or a long message. What is no base's name is cut: it is kept with the question.
    """
    value = value or {}
    text, files = value.get("text") or "", [Path(path) for path in value.get("files") or ()]
    photos, recordings = by_kind(files)
    if len(photos) > MAX_PHOTOS:
        raise InputError.of("too_many_photos", count=len(photos), limit=MAX_PHOTOS)
    if len(recordings) > 1:
        raise WordedError("one_recording")
    if not (text.strip() or files or said):
        raise InputError.of("nothing_to_answer")
    if len(text) > MAX_TEXT:
        raise InputError.of("too_long", count=len(text), limit=MAX_TEXT)
    shown = [for_browsers(photo) for photo in photos]
    base = knowledge and knowledge[:LONGEST_NAME]
    photo = shown[0] if len(shown) == 1 else tuple(shown) or None
    return UserTurn(text, photo, said or first(recordings), base, speak=speak)


def for_browsers(photo: Path) -> Path:
    """A photo that every browser shows: of HEIC, which few do, a JPEG beside it. Raises InputError
    for one that cannot be read.
    """
    if photo.suffix.lower() not in HEIC:
        return photo
    shown = photo.with_suffix(".jpg")
    load_photo(photo).save(shown, quality=92)
    return shown


def by_kind(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Photos and recordings, by what their names say. Raises WordedError for anything else."""
    photos = [path for path in files if kind_of(path) == "image"]
    recordings = [path for path in files if kind_of(path) in ("audio", "video")]
    other = [path for path in files if path not in (*photos, *recordings)]
    if other:
        raise WordedError("not_a_photo", name=other[0].name)
    return photos, recordings


def kind_of(path: Path) -> str:
    if path.suffix.lower() in HEIC:  # not everywhere known
        return "image"
    return (mimetypes.guess_type(path.name)[0] or "").partition("/")[0]


def file_of(path: str | Path) -> dict:
    """A published file as Gradio's components hand it to the browser: with its address."""
    return gr.FileData(path=str(path)).model_dump()


def uploads_of(exchange: Exchange) -> list[Path]:
    """The files in Gradio's folder that belong to a question and its reply: photos, recording, and
    the spoken reply.
    """
    uploads, asked = Path(get_upload_folder()).resolve(), exchange.question
    given = (*asked.photos, asked.audio, exchange.spoken, *exchange.sounds)
    paths = (Path(path).resolve() for path in given if isinstance(path, str | Path))
    return [path for path in dict.fromkeys(paths) if uploads in path.parents]


def in_base64(audio: Audio) -> str:
    """A WAV file's content."""
    return base64.b64encode(audio.wav()).decode()


def first(paths: Sequence[Path]) -> Path | None:
    return paths[0] if paths else None


# -- the service to Gradio ------------------------------------------------------------------


def publish(pictures: Sequence[Path]) -> tuple[Path, ...]:
    """Copies pictures to where Gradio serves files from, so that no folder has to be opened to
    visitors.

    One whose file is gone is left out: its knowledge base was replaced while the reply was written.
    """
    published = []
    for picture in pictures:
        with suppress(FileNotFoundError):
            published.append(Path(save_file_to_cache(picture, cache_dir=get_upload_folder())))
    return tuple(published)


def publish_audio(audio: Audio) -> Path:
    """A WAV file where Gradio serves files from; the same sound is the same file.

    It is never written where a browser may be reading it.
    """
    sound = audio.wav()
    path = Path(get_upload_folder()) / hashlib.sha256(sound).hexdigest() / "reply.wav"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as written:
            written.write(sound)
        os.replace(written.name, path)
    return path


def result_of(exchange: Exchange) -> dict:
    """What /chat returns: the reply so far under the keys of a finished one; action is None until
    it is.
    """
    reply = exchange.reply or Reply(
        exchange.text,
        "answer",  # not known yet: see below
        transcript=exchange.transcript,
        image=exchange.image,
        fusion=exchange.fusion,
        session_id=exchange.question.session_id or "",
    )
    result = as_json.reply_dict(reply)
    result["pictures"] = [file_of(path) for path in publish(reply.pictures)]
    result["action"] = reply.action if exchange.reply else None
    return result
