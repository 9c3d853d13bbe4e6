"""Any OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama): this is how replies scale past
one machine.

The server batches its customers itself. Reading happens in a thread of its own, so that a stop is
heard even while the server is silent. A server that is busy is asked again after the time that it
names, within a bound. Knows nothing of replies.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from mm_support.engines.base import Capabilities, Channel, Message, StopSignal, without_thoughts
from mm_support.errors import GenerationError

CONNECT_TIMEOUT = 5.0  # s
READ_TIMEOUT = 30.0  # s without a byte
LARGEST, LONGEST = 16 * 2**20, 30.0  # bytes, s of its list of models
RETRIES = 2  # before the first token only
LONGEST_WAIT = 8.0  # s before another try; a server that asks for more is not waited for
FIRST_WAIT = 0.5  # s, where the server names no time; doubled at each try
SILENT = 10.0  # s without a first word, from which a call counts as one that nobody answered
IN_A_ROW = 2  # such calls after which the server is left alone
RESTS = 60.0  # s
CONTEXT = 8_192  # tokens, where the server does not say
CUT = "The reply server at {url} broke off in the middle of a reply; ask again."
# fields of a server's description of a model that hold its context length
CONTEXT_FIELDS = ("max_model_len", "context_length", "context_window", "n_ctx", "n_ctx_train")


class ServerModel:
    """The model `model` of the server at `url` (".../v1"); an empty name takes the server's first
    one. sees: it takes photos, which no server says of itself.

    A server that says nothing is left alone for a while, since each customer would wait for it.
    """

    def __init__(self, url: str, model: str = "", key: str = "", sees: bool = False) -> None:
        try:
            import openai
        except ImportError as exc:
            raise GenerationError(
                "The client for reply servers is missing; run: pip install openai"
            ) from exc
        timeout = openai.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
        self._url = url
        self._silences, self._latest = 0, 0.0  # calls without a word in a row; when the last ended
        self._client = openai.OpenAI(
            base_url=url, api_key=key or "none", timeout=timeout, max_retries=0
        )
        listed = self._listed(needed=not model)
        described = next((one for one in listed if one.get("id") == model or not model), {})
        self.name = model or described["id"]
        self.can = Capabilities(context_length(described), writes=True, speed="slow", sees=sees)

    def _listed(self, needed: bool) -> list[dict[str, Any]]:
        """The models that the server offers; none where it does not list them and one is named."""
        try:
            with self._errors(), self._client.models.with_streaming_response.list() as answer:
                listed = _whole(answer.iter_bytes())
        except GenerationError:
            if needed:
                raise
            return []
        try:
            found = list(json.loads(listed)["data"])
        # whoever else answers there, with a page or a list of something
        except (KeyError, TypeError, ValueError):
            found = []
        found = [one for one in found if isinstance(one, dict) and one.get("id")]
        if needed and not found:
            raise GenerationError(
                f"The reply server at {self._url} offers no model; load one there, or check"
                " llm_url."
            )
        return found

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        channel = Channel().filled_by(self._read, messages, max_tokens, name="reply-server")
        return without_thoughts(self._watched(channel.read(stop)))

    @property
    def alive(self) -> bool:
        """Whether it is worth asking: it answered of late, or has rested."""
        return self._silences < IN_A_ROW or time.monotonic() > self._latest + RESTS

    def _watched(self, pieces: Generator[str, None, None]) -> Generator[str, None, None]:
        """The pieces; counts calls in which none came for long, until one comes again."""
        began, spoke = time.monotonic(), False
        try:
            for piece in pieces:
                spoke, self._silences = True, 0
                yield piece
        finally:
            pieces.close()
            now = time.monotonic()
            if not spoke and now - began >= SILENT:
                self._silences, self._latest = self._silences + 1, now

    def close(self) -> None:
        self._client.close()

    def _read(self, messages: list[Message], max_tokens: int, channel: Channel) -> None:
        ended = False
        with self._errors(), self._opened(messages, max_tokens, channel) as chunks:
            for chunk in chunks:
                if channel.abandoned.is_set():
                    return
                if text := _text(chunk):
                    channel.put(text)
                ended = ended or bool(chunk.choices and chunk.choices[0].finish_reason)
        if not ended:
            raise GenerationError(CUT.format(url=self._url))

    def _opened(self, messages: list[Message], max_tokens: int, channel: Channel) -> Any:
        """The stream of a reply; a busy server is asked again while somebody waits for it."""
        import openai

        sent: Any = [for_server(message) for message in messages]
        for number in range(RETRIES + 1):
            try:
                return self._client.chat.completions.create(
                    model=self.name,
                    messages=sent,
                    max_tokens=max_tokens,
                    temperature=0,
                    stream=True,
                )
            except openai.APIStatusError as exc:
                wait = seconds_to_wait(exc.response.headers.get("retry-after", ""), number)
                busy = exc.status_code == 429 or exc.status_code >= 500
                if number == RETRIES or not busy or wait > LONGEST_WAIT:
                    raise
                if channel.abandoned.wait(wait):
                    raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        import httpx2  # openai's own
        import openai

        try:
            yield
        except openai.APITimeoutError as exc:
            raise GenerationError(
                f"The reply server at {self._url} did not answer in time; ask again."
            ) from exc
        except openai.APIStatusError as exc:
            remedy = "Check llm_model and llm_key."
            if exc.status_code == 429:
                remedy = "It is busy, or its quota is used up."
            elif exc.status_code >= 500:
                remedy = "Its own log tells why."
            raise GenerationError(
                f"The reply server at {self._url} refused: {exc.message.rstrip('.')}. {remedy}"
            ) from exc
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as exc:
            raise GenerationError(
                f"The reply server at {self._url} cannot be used ({exc}); check llm_url."
            ) from exc


def _whole(pieces: Iterable[bytes]) -> bytes:
    """An answer. Raises ValueError for one that is too large or takes too long."""
    whole, until = bytearray(), time.monotonic() + LONGEST
    for piece in pieces:
        whole += piece
        if len(whole) > LARGEST or time.monotonic() > until:
            raise ValueError("its list of models does not end")
    return bytes(whole)


def context_length(described: dict[str, Any]) -> int:
    """Tokens that a model takes, from what the server says of it."""
    fields = {**described, **(described.get("meta") or {})}
    named = (fields.get(name) for name in CONTEXT_FIELDS)
    return next((int(value) for value in named if isinstance(value, int) and value > 0), CONTEXT)


def seconds_to_wait(header: str, tries: int) -> float:
    """What Retry-After asks for, in seconds or as a date; else more with every try."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(header))
    with contextlib.suppress(ValueError, TypeError):
        asked = parsedate_to_datetime(header)
        return max(0.0, (asked - datetime.now(UTC)).total_seconds())
    return FIRST_WAIT * 2**tries


def for_server(message: Message) -> Message:
    """The message as servers take it: a photo as a data address."""
    if isinstance(message["content"], str):
        return message
    return {**message, "content": [_part(part) for part in message["content"]]}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    import base64
    import io

    if part["type"] != "image":
        return part
    content = io.BytesIO()
    part["image"].convert("RGB").save(content, "JPEG", quality=90)
    data = base64.b64encode(content.getvalue()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}


def _text(chunk: Any) -> str:
    """What a chunk adds to the reply: text, or text among parts of other kinds."""
    delta = chunk.choices[0].delta if chunk.choices else None
    content = (delta and delta.content) or ""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part.get("type") == "text")
