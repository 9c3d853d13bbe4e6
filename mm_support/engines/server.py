"""Any OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama): this is how replies scale past
one machine.

The server batches its customers itself. Reading happens in a thread of its own, so that a stop is
heard even while the server is silent. Knows nothing of replies.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import Any

from mm_support.engines.base import Channel, Message, StopSignal
from mm_support.errors import GenerationError

CONNECT_TIMEOUT = 5.0  # s
READ_TIMEOUT = 30.0  # s without a byte
RETRIES = 2  # with exponential back-off, before the first token only


class ServerModel:
    """The model `model` of the server at `url` (".../v1"); an empty name takes the server's first
    one.
    """

    def __init__(self, url: str, model: str = "", key: str = "") -> None:
        try:
            import httpx
            import openai
        except ImportError as exc:
            raise GenerationError(
                "The client for reply servers is missing; run: pip install openai"
            ) from exc
        timeout = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
        self._url = url
        self._client = openai.OpenAI(
            base_url=url, api_key=key or "none", timeout=timeout, max_retries=RETRIES
        )
        with self._errors():
            self.name = model or next(iter(self._client.models.list())).id

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        channel = Channel()
        threading.Thread(
            target=self._read,
            args=(messages, max_tokens, channel),
            name="reply-server",
            daemon=True,
        ).start()
        return channel.read(stop)

    def close(self) -> None:
        self._client.close()

    def _read(self, messages: list[Message], max_tokens: int, channel: Channel) -> None:
        try:
            with (
                self._errors(),
                self._client.chat.completions.create(
                    model=self.name,
                    messages=messages,
                    max_tokens=max_tokens,
                    temperature=0,
                    stream=True,
                ) as chunks,
            ):  # type: ignore[call-overload]
                for chunk in chunks:
                    if channel.abandoned.is_set():
                        return
                    if text := _text(chunk):
                        channel.put(text)
            channel.finish()
        except GenerationError as exc:
            channel.finish(exc)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        import httpx
        import openai

        try:
            yield
        except StopIteration as exc:
            raise GenerationError(
                f"The reply server at {self._url} offers no model; load one there."
            ) from exc
        except openai.APITimeoutError as exc:
            raise GenerationError(
                f"The reply server at {self._url} did not answer in time; ask again."
            ) from exc
        except openai.APIStatusError as exc:
            raise GenerationError(
                f"The reply server at {self._url} refused: {exc.message} Check llm_model and"
                " llm_key."
            ) from exc
        except (openai.OpenAIError, httpx.HTTPError, ValueError) as exc:
            raise GenerationError(
                f"The reply server at {self._url} cannot be used ({exc}); check llm_url."
            ) from exc


def _text(chunk: Any) -> str:
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""
