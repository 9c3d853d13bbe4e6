"""What OpenAI's clients ask for: /v1/chat/completions, /v1/models and /v1/audio/transcriptions.

A model is a knowledge base. Who has the service's API key says whose conversation a call belongs
to; everybody else has what the page's visitors have: a token that came with a reply. Calls take
the same way into the service as the page's, so queue, masks, hand-over and limits are the same.
"""

from __future__ import annotations

import functools
import json
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from demo.completion_values import (
    LONGEST_NAME,
    Answer,
    Call,
    chunk,
    completion,
    error_values,
    kept,
    model_values,
    read_call,
    transcription,
    turn_of,
)
from demo.convert import publish, sentence
from demo.service import Service, Visit
from mm_support.errors import BusyError, InputError, KnowledgeError
from mm_support.language.detect import language_of
from mm_support.language.messages import message
from mm_support.types import Entry, Finished, Found, Message, Reply, Said, Transcript, UserTurn

PATH = "/v1/chat/completions"
EVENTS = "text/event-stream"
END = "data: [DONE]\n\n"
SHORTEST_KEY = 16  # characters
AT_ONCE = 64  # calls that hold a thread while they are answered
COMING_UP = 5  # s after which it is worth another try while models load
# whose conversation it is, as Open WebUI and LibreChat can be told to send it
CONVERSATION = ("x-conversation-id", "x-openwebui-chat-id")
CUSTOMER = "x-openwebui-user-id"
TASK = "x-task"  # names what a chat program wants for itself, such as a title; of turns it is empty

Pieces = Generator["str | Answer", None, None]  # "" while it is worked on; the answer comes last


class Refusal(InputError):
    """A call that is not answered. status: of HTTP; code: OpenAI's word for it."""

    def __init__(self, status: int, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.status, self.code = status, code


def api_key(setting: str) -> str:
    """Raises InputError for a key that could be guessed."""
    if setting and len(setting) < SHORTEST_KEY:
        raise InputError(f"MM_SUPPORT_API_KEY needs at least {SHORTEST_KEY} characters.")
    return setting


def admit(request: Request, key: str) -> None:
    """Raises Refusal for a caller without the key, where there is one."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    told = given.strip() if scheme.lower() == "bearer" else ""
    if key and not secrets.compare_digest(told.encode(), key.encode()):
        raise Refusal(401, "Send the API key as a bearer token.", "invalid_api_key")


def completion_routes(service: Service, key: str = "") -> list[Route]:
    """key: which callers must have; "": everybody may call."""
    door = Completions(service, key)
    return [
        Route(PATH, door.complete, methods=["POST"]),
        Route("/v1/models", door.models),
        Route("/v1/models/{name:path}", door.model),
        Route("/v1/audio/transcriptions", door.transcribe, methods=["POST"]),
        Route("/v1/{path:path}", door.elsewhere, methods=["GET", "POST", "DELETE"]),
    ]


class Stream(StreamingResponse):
    """Server-sent events. end: what is done once they are sent, or nobody reads them any more."""

    def __init__(self, lines: AsyncIterator[str], end: Callable[[], Awaitable[None]]) -> None:
        super().__init__(lines, media_type=EVENTS)
        self.end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.end()


Endpoint = Callable[["Completions", Request], Awaitable[Response]]


def answered(endpoint: Endpoint) -> Endpoint:
    """The endpoint for callers who have the key, its errors in OpenAI's format."""

    @functools.wraps(endpoint)
    async def with_errors(door: Completions, request: Request) -> Response:
        try:
            admit(request, door.key)
            return await endpoint(door, request)
        except HTTPException as refusal:  # of demo/edges.py
            values = error_values(refusal.status_code, refusal.detail)
            return JSONResponse(values, refusal.status_code, refusal.headers)
        except Exception as problem:
            return refused(problem)

    return with_errors


class Completions:
    """The endpoints; each is answered with JSON, also where something goes wrong."""

    def __init__(self, service: Service, key: str) -> None:
        self.service, self.key, self._threads = service, key, CapacityLimiter(AT_ONCE)

    @answered
    async def models(self, request: Request) -> Response:
        names = await self.thread(self.bases)
        return JSONResponse({"object": "list", "data": [model_values(name) for name in names]})

    @answered
    async def model(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self.thread(self.bases, name)
        return JSONResponse(model_values(name))

    @answered
    async def complete(self, request: Request) -> Response:
        call = await self.thread(read_call, await request.body())
        await self.thread(self.bases, call.model)
        if request.headers.get(TASK):
            return idle(call)
        pieces = self.pieces(call, *self.caller(call, request))
        try:
            first = await self.thread(next, pieces)  # who is refused is told by the status
            if not call.stream:
                return await self.whole(request, pieces, call.model, first)
        except BaseException:
            await self.end(pieces)
            raise
        return Stream(self.lines(pieces, call.model, first), lambda: self.end(pieces))

    @answered
    async def transcribe(self, request: Request) -> Response:
        await self.thread(self.bases)
        async with request.form(max_files=1) as form:
            file, wanted = form.get("file"), form.get("response_format", "json")
            if not isinstance(file, UploadFile):
                raise Refusal(400, "Send the recording as the form's file.")
            if wanted not in ("json", "verbose_json", "text"):
                raise Refusal(400, "response_format is json, verbose_json or text.")
            heard = await self.thread(self.heard, file)
        if wanted == "text":
            return PlainTextResponse(heard.text)
        whole = transcription(heard)
        return JSONResponse(whole if wanted == "verbose_json" else {"text": heard.text})

    def heard(self, file: UploadFile) -> Transcript:
        """What is said in a recording. Raises SupportError."""
        with tempfile.TemporaryDirectory() as folder:
            return self.service.transcribe(kept(file.file.read(), Path(folder) / "recording"))

    async def elsewhere(self, request: Request) -> Response:
        sentence = f"There is no {request.method} {request.url.path[:LONGEST_NAME]}."
        return refused(Refusal(404, sentence, "unknown_url"))

    async def thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await to_thread.run_sync(function, *arguments, limiter=self._threads)

    async def end(self, pieces: Pieces) -> None:
        """Gives the place in the queue back, also where the caller has gone."""
        with anyio.CancelScope(shield=True):
            await self.thread(pieces.close)

    def bases(self, name: str | None = None) -> list[str]:
        """The names of all. Raises Refusal for a service that is not there yet, and for a base
        that is not.
        """
        status = self.service.status()
        if not status.ready:
            raise Refusal(503, status.message, "failed" if status.failed else "loading")
        names = [base.name for base in self.service.knowledge.list()]
        if name is not None and name not in names:
            known = ", ".join(names) or "none yet"
            raise Refusal(
                404, f"There is no model {name!r}; there are: {known}.", "model_not_found"
            )
        return names

    def caller(self, call: Call, request: Request) -> tuple[Visit, str | None]:
        """Who asks, and in which conversation; None: in a new one. Raises InputError."""
        said, headers = call.metadata or {}, request.headers
        if token := said.get("token"):
            return self.service.visit(token), said.get("session_id")
        named = [said.get("conversation_id"), *map(headers.get, CONVERSATION)]
        conversation = next(filter(None, named), "")[:LONGEST_NAME]
        customer = (call.user or headers.get(CUSTOMER) or conversation)[:LONGEST_NAME]
        if not (self.key and customer):
            return self.service.visit(), None
        visit = self.service.visit_of(customer)
        return visit, visit.session(conversation)

    def pieces(self, call: Call, visit: Visit, session: str | None) -> Pieces:
        """What is said, piece by piece: first what people wrote, then the reply."""
        entries: tuple[Entry, ...] = ()
        with tempfile.TemporaryDirectory() as folder:
            turn = turn_of(call, Path(folder), session)
            news, said = written(visit, session) if session else "", ""
            with closing(visit.reply(turn)) as events:
                for event in events:
                    if isinstance(event, Found):
                        entries = tuple(hit.entry for hit in event.hits)
                    if isinstance(event, Said):
                        yield event.text if said else f"{news}{event.text}"
                        said += event.text
                    elif not isinstance(event, Finished):
                        yield ""
            assert isinstance(event, Finished)
            reply = event.reply
            text = reply.text or taken_over(visit, reply, turn)
            if text != said:  # also where a person took over meanwhile
                yield f"\n\n{text}" if said else f"{news}{text}"
        yield Answer(reply, f"{news}{text}", visit.token, entries, addresses(reply))

    async def whole(
        self, request: Request, pieces: Pieces, model: str, first: str | Answer
    ) -> Response:
        """The answer at once. The work ends where nobody waits for it any more."""
        piece = first
        while not isinstance(piece, Answer):
            if await request.is_disconnected():
                raise Refusal(499, "The caller has gone.")
            piece = await self.thread(next, pieces)
        await self.end(pieces)
        cited, more = piece.annotations(), {"support": piece.support()}
        return JSONResponse(completion(piece.id, model, piece.text, cited, **more))

    async def lines(self, pieces: Pieces, model: str, piece: str | Answer) -> AsyncIterator[str]:
        """The answer as server-sent events; a comment while there is nothing to say."""
        name = f"chatcmpl-{secrets.token_hex(8)}"
        yield data(chunk(name, model, {"role": "assistant", "content": ""}))
        try:
            while not isinstance(piece, Answer):
                yield data(chunk(name, model, {"content": piece})) if piece else ": working\n\n"
                piece = await self.thread(next, pieces)
            more = {"support": piece.support()}
            delta = {"annotations": piece.annotations()} if piece.reply.citations else {}
            yield data(chunk(name, model, delta, over=True, **more)) + END
        except Exception as problem:
            yield data(error_values(status_of(problem), sentence(problem)))


def written(visit: Visit, session: str) -> str:
    """What people wrote since the customer's last turn, as the beginning of an answer."""
    news: list[Message] = []
    for said in chain.from_iterable(map(visit.conversation, visit.chain(session))):
        news = [*news, said] if isinstance(said, Message) else []
    return "".join(f"{said.author}: {said.text}\n\n" for said in news)


def taken_over(visit: Visit, reply: Reply, turn: UserTurn) -> str:
    """That a person has the conversation. The service says so once; what shows nothing else of it
    has to be told with every call.
    """
    owner = visit.holder(reply.session_id).owner
    language = reply.transcript.language if reply.transcript else language_of(turn.text)
    return message(f"handoff.{'waiting' if owner == 'assistant' else owner}", language)


def addresses(reply: Reply) -> list[str]:
    """Where the reply's pictures are, on this server."""
    return [f"/gradio_api/file={quote(str(path))}" for path in publish(reply.pictures)]


def idle(call: Call) -> Response:
    """Nothing is said, kept or counted: no customer asked."""
    name = f"chatcmpl-{secrets.token_hex(8)}"
    if call.stream:
        last = data(chunk(name, call.model, {"role": "assistant", "content": ""}, over=True))
        return Response(f"{last}{END}", media_type=EVENTS)
    return JSONResponse(completion(name, call.model))


def data(values: dict[str, Any]) -> str:
    return f"data: {json.dumps(values, ensure_ascii=False)}\n\n"


# -- errors ---------------------------------------------------------------------------------


def refused(problem: Exception) -> Response:
    """The problem as OpenAI's clients read one."""
    status, code = status_of(problem), getattr(problem, "code", None)
    values = error_values(status, sentence(problem), code)
    return JSONResponse(values, status, headers_of(problem, status))


def status_of(problem: Exception) -> int:
    if isinstance(problem, Refusal):
        return problem.status
    if isinstance(problem, BusyError):
        return 429 if problem.kind == "yours" else 503
    if isinstance(problem, KnowledgeError):
        return 404
    return 400 if isinstance(problem, InputError) else 500


def headers_of(problem: Exception, status: int) -> dict[str, str]:
    """When it is worth another try, and how to be let in."""
    if isinstance(problem, BusyError):
        return {"Retry-After": str(round(problem.seconds))}
    if getattr(problem, "code", "") == "loading":
        return {"Retry-After": str(COMING_UP)}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else {}
