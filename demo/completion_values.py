"""Values of OpenAI's chat completions: a call as it comes in, what goes out, errors.

Knows the format and nothing of HTTP. What a client sends is checked here before anything runs.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from demo.convert import WordedError
from demo.passages import rests_on, taken
from mm_support.errors import InputError
from mm_support.knowledge.entries import web_address
from mm_support.types import (
    MAX_PHOTOS,
    MAX_TEXT,
    Citation,
    Entry,
    Past,
    Reply,
    Transcript,
    UserTurn,
)

LONGEST_NAME = 256  # characters of a customer's or a conversation's name
MOST_MESSAGES = 2_048  # of a call, as with OpenAI
MOST_PARTS = 64  # of a message
MOST_FACTS = 64  # of what is said of a call
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
MARK = re.compile(r"\[(\d+)\]")
FROM_THE_WEB = (
    "A photo is sent in the call itself, as data:image/jpeg;base64,...; nothing is fetched from "
    "an address."
)
KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}


# -- a call ---------------------------------------------------------------------------------


class Strict(BaseModel):
    """No text becomes a number on the way, and what is not known is left alone."""

    model_config = ConfigDict(strict=True)


class TextPart(Strict):
    type: Literal["text"]
    text: str


class Link(Strict):
    url: str


class ImagePart(Strict):
    type: Literal["image_url"]
    image_url: Link


class Sound(Strict):
    data: str


class AudioPart(Strict):
    type: Literal["input_audio"]
    input_audio: Sound


MediaPart = TypeVar("MediaPart", ImagePart, AudioPart)
Part = Annotated[TextPart | ImagePart | AudioPart, Field(discriminator="type")]


def _as_parts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


class Message(Strict):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[list[Part], Field(max_length=MOST_PARTS), BeforeValidator(_as_parts)] = []

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))


Name = Annotated[str, Field(max_length=LONGEST_NAME)]


class Call(Strict):
    """What is read of a call. model: a knowledge base; user, metadata: whose conversation it is."""

    model: Name
    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = None
    n: Literal[1] | None = None
    user: Name | None = None
    metadata: Annotated[dict[Name, Name], Field(max_length=MOST_FACTS)] | None = None
    modalities: list[Literal["text"]] | None = None
    response_format: dict[Literal["type"], Literal["text"]] | None = None
    tool_choice: Literal["none", "auto"] | None = None


def read_call(body: bytes) -> Call:
    """Raises InputError that names the first field that cannot be used."""
    try:
        return Call.model_validate_json(body)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "The body"
        raise InputError(f"{place} cannot be used: {first['msg']}.") from problem


def turn_of(call: Call, folder: Path, session: str | None) -> UserTurn:
    """The last messages of the user as one turn, with what was said before them. Photo and
    recording become files in the folder. Raises InputError.
    """
    spoken = [message for message in call.messages if message.role in ("user", "assistant")]
    last = max((n for n, one in enumerate(spoken, 1) if one.role == "assistant"), default=0)
    asked = spoken[last:]
    if not any(message.content for message in asked):
        raise InputError("The last message is what the user asks; send one with the role user.")
    check_media(asked[-1])
    photos, sounds = newest(asked, ImagePart, MAX_PHOTOS), newest(asked, AudioPart, 1)
    shown = [
        kept(pixels(photo.image_url.url), folder / f"photo-{n}") for n, photo in enumerate(photos)
    ]
    return UserTurn(
        text_of(asked),
        shown or None,
        kept(decoded(sounds[0].input_audio.data, "The recording"), folder / "recording")
        if sounds
        else None,
        call.model,
        session,
        earlier=earlier(spoken[:last], call.model),
    )


def text_of(asked: Sequence[Message]) -> str:
    """What was written since the last answer, as far back as a turn may be long: a message that was
    refused for its length stays in what a chat program sends.
    """
    text = asked[-1].text
    for message in reversed(asked[:-1]):
        longer = f"{message.text}\n{text}".strip()
        if len(longer) > MAX_TEXT:
            break
        text = longer
    return text


def check_media(message: Message) -> None:
    """Raises InputError for more photos or recordings than a turn takes."""
    kinds = [type(part) for part in message.content]
    if kinds.count(AudioPart) > 1:
        raise WordedError("one_recording")
    if kinds.count(ImagePart) > MAX_PHOTOS:
        raise InputError.of("too_many_photos", count=kinds.count(ImagePart), limit=MAX_PHOTOS)


def newest(asked: Sequence[Message], kind: type[MediaPart], most: int) -> list[MediaPart]:
    """The photos or recordings of the last message that has any since the last answer: those
    before it may have been refused, so at most as many as a turn takes.
    """
    found = ([part for part in one.content if isinstance(part, kind)] for one in reversed(asked))
    return next(filter(None, found), [])[-most:]


def earlier(messages: Sequence[Message], knowledge: str) -> tuple[Past, ...]:
    """Questions and answers as the client tells them; what was answered without a question, such
    as a greeting, is none.
    """
    told, asked = [], ""
    for message in messages:
        text = message.text.strip()[:MAX_TEXT]
        if message.role == "user":
            asked = f"{asked}\n{text}".strip()[-MAX_TEXT:]
        elif asked:
            told.append(Past(asked, text, "answer", knowledge=knowledge))
            asked = ""
    return tuple(told)


def pixels(address: str) -> bytes:
    """What a data address holds. Raises InputError for every other address."""
    head, comma, data = address.partition(",")
    if not (re.match("data:", head, re.I) and head.endswith(";base64") and comma):
        raise InputError(FROM_THE_WEB)
    return decoded(data, "The photo")


def decoded(data: str, what: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise InputError(f"{what} is not encoded in base64; encode its file so.") from problem


def kept(content: bytes, path: Path) -> Path:
    path.write_bytes(content)
    return path


# -- an answer ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Answer:
    """A finished reply. text: all that was said, also what people wrote since the last call;
    entries: those that were found; pictures: their addresses on this server.
    """

    reply: Reply
    text: str
    token: str
    entries: Sequence[Entry] = ()
    pictures: Sequence[str] = ()

    @property
    def id(self) -> str:
        return f"chatcmpl-{self.reply.turn_id}"

    def support(self) -> dict[str, Any]:
        """What the format has no place for; session_id and token go on with the conversation."""
        reply = self.reply
        return {
            "action": reply.action,
            "choices": list(reply.choices),
            "pictures": list(self.pictures),
            "transcript": reply.transcript.text if reply.transcript else None,
            "session_id": reply.session_id,
            "turn_id": reply.turn_id,
            "token": self.token,
        }

    def annotations(self) -> list[dict[str, Any]]:
        """One for each [n] in the text."""
        cited = {citation.number: citation for citation in self.reply.citations}
        known = {entry.id: entry for entry in self.entries}
        marks = [(mark, cited.get(int(mark[1]))) for mark in MARK.finditer(self.text)]
        return [
            {"type": "url_citation", "url_citation": {**place(mark), **self.source(one, known)}}
            for mark, one in marks
            if one
        ]

    def source(self, citation: Citation, known: dict[str, Entry]) -> dict[str, Any]:
        """quote: the words of the entry that the reply took. url: a name, where it has no page."""
        entry = known.get(citation.entry_id)
        spans = taken(entry.answer, rests_on(self.text, citation.number)) if entry else ()
        quote = " … ".join(entry.answer[begin:end] for begin, end in spans) if entry else ""
        return {
            "title": citation.title,
            "url": (entry and web_address(entry.url)) or f"urn:mm-support:{citation.entry_id}",
            "source": citation.source,
            "entry_id": citation.entry_id,
            "quote": quote or citation.snippet,
        }


def place(mark: re.Match[str]) -> dict[str, int]:
    return {"start_index": mark.start(), "end_index": mark.end()}


def completion(
    name: str, model: str, text: str = "", annotations: Sequence[Any] = (), **more: Any
) -> dict[str, Any]:
    """The whole answer. Nothing of a reply is counted in tokens, and clients rely on a usage."""
    said = {"role": "assistant", "content": text, "refusal": None, "annotations": annotations}
    choice = {"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}
    head = head_of(name, "chat.completion", model)
    return {**head, "choices": [choice], "usage": NO_TOKENS, **more}


def chunk(
    name: str, model: str, delta: dict[str, Any], over: bool = False, **more: Any
) -> dict[str, Any]:
    """A piece of an answer. over: the last one."""
    choice = {"index": 0, "delta": delta, "finish_reason": "stop" if over else None}
    more |= {"usage": NO_TOKENS} if over else {}
    return {**head_of(name, "chat.completion.chunk", model), "choices": [choice], **more}


def head_of(name: str, kind: str, model: str) -> dict[str, Any]:
    """What every answer begins with. name: of the completion; kind: of the answer."""
    return {"id": name, "object": kind, "created": int(time.time()), "model": model}


def transcription(heard: Transcript) -> dict[str, Any]:
    """What a recording says, with the times of its stretches."""
    stretches = [
        {"id": number, "start": one.start, "end": one.end, "text": one.text}
        for number, one in enumerate(heard.segments)
    ]
    end = max((one.end for one in heard.segments), default=0.0)
    told = {"task": "transcribe", "language": heard.language, "duration": end}
    return {**told, "text": heard.text, "segments": stretches}


def model_values(name: str) -> dict[str, Any]:
    """A knowledge base as a model. created: the format wants a time, and none is kept."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "mm-support"}


def error_values(status: int, sentence: str, code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    kind = KINDS.get(status) or ("server_error" if status >= 500 else KINDS[400])
    return {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
