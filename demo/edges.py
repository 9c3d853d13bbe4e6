"""What stands between the network and the pages: sizes, rates, headers, health and the widget.

An ASGI middleware, given to Gradio's app by launch. It counts what arrives as it arrives, so that
nothing is held in memory that will be refused. Knows no service: `ready` is a function.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import demo.rates  # noqa: F401  (registers a kind of storage)
from demo.completion_values import error_values
from demo.convert import sentence
from demo.words import spoken
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError, SupportError

log = logging.getLogger(__name__)
HERE = Path(__file__).resolve().parent
MEGABYTE = 1024**2
HEARS = 6 * MEGABYTE  # bytes of a piece of sound, see demo/live.py
SHOWS = 24 * MEGABYTE  # bytes of a call that carries its photo and recording as text
SAYS = 2 * MEGABYTE  # bytes of any other call: words, never files
AWAY = 10.0  # s that a server of rates is left alone after it did not answer
FIELD = 10_000  # bytes of an upload's part that is no file
# parts of Gradio that no page of ours uses
UNUSED = re.compile(
    r"(/gradio_api)?/(process_recording|vibe-|undo-vibe|deep_link|profiling|proxy=|run-history"
    r"|runs\b|monitoring|dev/reload|reset\b)"
)
# a whole reply, by its name
TURNS = re.compile(r"(/gradio_api/(api|call(/v2)?|run)/chat|/v1/chat/completions)/?$")
LOOPBACK = ("127.0.0.1", "::1")
PASSED_ON = ("x-forwarded-for", "x-real-ip", "forwarded", "via")
OPENAI = "/v1/"  # see demo/completions.py
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # of Prometheus
CALLS = re.compile(r"/gradio_api/(queue/join|run/|api/|call/)|/mcp\b")


@dataclass(frozen=True)
class Limits:
    """What visitors may send. Sizes in bytes; rates as "120/minute", for one address.

    file: of one file; upload: of one request with files; files: in one request. calls: replies and
    look-ups; uploads: requests with files; sounds: pieces of speech while somebody talks.
    storage: where rates are counted; a redis:// or postgresql:// address where several fronts
    share them.
    frame_ancestors: origins of sites that may show the page in a frame, as the widget does.
    open_metrics: /metrics is for other machines too, not for this one alone.
    """

    file: int = 50 * MEGABYTE
    upload: int = 60 * MEGABYTE
    files: int = 20
    calls: str = "240/minute"
    uploads: str = "60/minute"
    sounds: str = "40/second"
    storage: str = "memory://"
    frame_ancestors: tuple[str, ...] = ()
    open_metrics: bool = False
    blocked_paths: tuple[Path, ...] = ()


def origins(setting: str) -> tuple[str, ...]:
    """Origins from text with commas or blanks. Raises InputError for what is none."""
    found = tuple(re.split(r"[\s,]+", setting.strip())) if setting.strip() else ()
    for origin in found:
        if not re.fullmatch(r"https?://(\*\.)?[\w.-]+(:\d+)?", origin):
            raise InputError(
                f"{origin!r} is no origin; write it like https://shop.example, without a path."
            )
    return found


def limits_of(settings: Settings, environ: Mapping[str, str]) -> Limits:
    """The limits that settings ask for. A Space is shown in a frame of its hub. Raises InputError.

    The service's folders are never served, whatever a handler returns.
    """
    on_space = ("https://huggingface.co",) if environ.get("SPACE_ID") else ()
    limits = Limits(
        calls=settings.rate_limit or Limits.calls,
        storage=settings.rate_storage or shared_storage(settings) or Limits.storage,
        frame_ancestors=(*origins(settings.frame_origins), *on_space),
        open_metrics=settings.open_metrics,
        blocked_paths=(settings.data_dir, settings.cache_dir),
    )
    try:
        Rates(limits)
    except (ValueError, ConfigurationError) as problem:
        raise InputError(f"Rates cannot be limited like this: {problem}.") from problem
    return limits


def shared_storage(settings: Settings) -> str:
    """The database where several fronts may share it, else ""."""
    return settings.database_url if settings.database_url.startswith("postgres") else ""


def app_parts(
    limits: Limits,
    ready: Callable[[], bool] | None = None,
    room: Callable[[], float] | None = None,
    metrics: Callable[[], bytes] | None = None,
    more: Sequence[BaseRoute] = (),
) -> dict[str, Any]:
    """The keywords of FastAPI that add all this to the app. ready: whether turns are answered;
    room: in how many seconds another one is taken, 0: now; metrics: what Prometheus reads; more:
    other routes.
    """

    def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def readiness(_: Request) -> Response:
        is_ready = ready is None or ready()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    def figures(request: Request) -> Response:
        if metrics is None or not (limits.open_metrics or is_from_here(request)):
            return answer(Refused(404, "There is nothing here."))
        return Response(metrics(), media_type=METRICS_TYPE)

    return {
        "routes": [
            Route("/metrics", figures),
            Route("/healthz", health),
            Route("/readyz", readiness),
            Route("/widget.js", widget),
            *more,
        ],
        "middleware": [Middleware(Edges, limits=limits, room=room)],
    }


def is_from_here(request: Request) -> bool:
    """Whether a program on this machine asks, and not a proxy on it for somebody else."""
    passed_on = any(name in request.headers for name in PASSED_ON)
    return request.client is not None and request.client.host in LOOPBACK and not passed_on


def widget(_: Request) -> Response:
    """The script that a shop puts into its pages."""
    script = (HERE / "widget.js").read_text(encoding="utf-8")
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(script, media_type="text/javascript", headers=headers)


class Refused(HTTPException):
    """A request that is answered here. status: HTTP; problem: for people, an error where customers
    read it in their language; retry: seconds.

    An HTTPException, because FastAPI passes on no other while it reads a body.
    """

    def __init__(self, status: int, problem: str | SupportError, retry: int = 0) -> None:
        headers = {"Connection": "close", **({"Retry-After": str(retry)} if retry else {})}
        super().__init__(status, str(problem), headers)
        self.problem = problem

    def told(self, scope: Scope) -> str:
        """What is answered: in English, and to our own page in the language of its browser."""
        headers = dict(scope["headers"])
        own = headers.get(b"sec-fetch-site") == b"same-origin"
        if not own or isinstance(self.problem, str):
            return self.detail
        first = re.match(rb"[\w-]*", headers.get(b"accept-language", b""))
        return sentence(self.problem, spoken(first[0].decode("latin-1") if first else ""))


class Edges:
    """The middleware. Refuses what is too big or too often, and sets headers on every answer."""

    def __init__(
        self, app: ASGIApp, limits: Limits, room: Callable[[], float] | None = None
    ) -> None:
        self.app, self.limits, self.room = app, limits, room or (lambda: 0.0)
        self.headers = security_headers(limits.frame_ancestors)
        self.rates = Rates(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name for name, _ in message.get("headers", ())}
                more = [pair for pair in self.headers if pair[0] not in own]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        try:
            await self.rates.check(scope["path"], scope)
            await self.app(scope, self.checked(scope, receive), with_headers)
        except Refused as refusal:
            if started:
                raise
            await answer(refusal, scope)(scope, receive, with_headers)

    def checked(self, scope: Scope, receive: Receive) -> Receive:
        """`receive` that ends what grows too big. Raises Refused at once where it can be told."""
        path = scope["path"]
        if UNUSED.match(path):
            raise Refused(404, "There is nothing here.")
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        if scope["method"] == "POST" and TURNS.match(path) and (seconds := self.room()):
            raise Refused(503, BusyError("busy", seconds), round(seconds))
        meter = Meter(self.limits, path, headers)

        async def measured() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                meter.add(message.get("body", b""))
            return message

        return measured


class Rates:
    """How often an address may ask. Raises Refused, with when it may again.

    What several fronts share is counted by a server. While it is away, and for pieces of speech,
    which come often and to one front, each counts by itself.
    """

    def __init__(self, limits: Limits) -> None:
        self.own = MovingWindowRateLimiter(MemoryStorage())
        self.shared = None
        if limits.storage != Limits.storage:
            storage = storage_from_string(limits.storage, wrap_exceptions=True)
            self.shared = MovingWindowRateLimiter(storage)
        self.away = 0.0  # until when the server is not asked
        self.rules: dict[str, RateLimitItem] = {
            "calls": parse(limits.calls),
            "uploads": parse(limits.uploads),
            "sounds": parse(limits.sounds),
            "completions": parse(limits.calls),
        }

    async def check(self, path: str, scope: Scope) -> None:
        kind = kind_of(path)
        if kind is None or scope["method"] != "POST":
            return
        address = (scope.get("client") or ("unknown", 0))[0]
        if seconds := await self.wait(kind, address):
            raise Refused(429, InputError.of("too_often", seconds=seconds), seconds)

    async def wait(self, kind: str, address: str) -> int:
        """Seconds until this address may ask again; 0: it may now, and that is counted."""
        if self.shared and kind != "sounds" and time.monotonic() >= self.away:
            try:
                return await run_in_threadpool(self.counted, self.shared, kind, address)
            except StorageError as problem:
                why = type(problem.storage_error).__name__
                log.warning("rates are counted by each front alone: %s", why)
                self.away = time.monotonic() + AWAY
        return self.counted(self.own, kind, address)

    def counted(self, limiter: MovingWindowRateLimiter, kind: str, address: str) -> int:
        if limiter.hit(self.rules[kind], kind, address):
            return 0
        again = limiter.get_window_stats(self.rules[kind], kind, address).reset_time
        return max(1, round(again - time.time()))


def kind_of(path: str) -> str | None:
    """What a request counts as; None for what costs next to nothing."""
    if path.startswith("/gradio_api/upload"):
        return "uploads"
    if path.startswith("/gradio_api/component_server"):
        return "sounds"
    if path.startswith(OPENAI):
        return "completions"
    return "calls" if CALLS.match(path) else None


class Meter:
    """Counts a request's body. Raises Refused as soon as a bound is passed."""

    def __init__(self, limits: Limits, path: str, headers: Mapping[str, str]) -> None:
        self.limits, self.kind, self.bytes = limits, kind_of(path), 0
        most = {"uploads": limits.upload, "sounds": HEARS, "completions": SHOWS}
        self.most = most.get(self.kind or "", SAYS)
        self.parts = Parts(limits, headers) if self.kind == "uploads" else None
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > self.most:
            raise self.too_big()

    def add(self, body: bytes) -> None:
        self.bytes += len(body)
        if self.bytes > self.most:
            raise self.too_big()
        if self.parts is not None:
            self.parts.add(body)

    def too_big(self) -> Refused:
        return Refused(413, InputError.of("too_much", limit=self.most // MEGABYTE))


class Parts:
    """Counts the parts of an upload: how many files, and how big what is no file."""

    def __init__(self, limits: Limits, headers: Mapping[str, str]) -> None:
        self.limits, self.files, self.field, self.is_file = limits, 0, 0, False
        self.header = b""
        kind, options = parse_options_header(headers.get("content-type", ""))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise Refused(400, "Files are sent as a form with several parts.")
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self.begin,
                "on_header_value": self.note,
                "on_headers_finished": self.see,
                "on_part_data": self.measure,
            },
        )

    def add(self, body: bytes) -> None:
        try:
            self.parser.write(body)
        except FormParserError as problem:
            raise Refused(400, "The form with the files is damaged.") from problem

    def begin(self) -> None:
        self.header, self.field = b"", 0

    def note(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end][:FIELD]
        if len(self.header) > FIELD:
            raise Refused(413, "A part of the form has headers that are too long.")

    def see(self) -> None:
        self.is_file = b"filename" in self.header
        self.files += self.is_file
        if self.files > self.limits.files:
            raise Refused(413, InputError.of("too_many_files", limit=self.limits.files))

    def measure(self, data: bytes, start: int, end: int) -> None:
        self.field += 0 if self.is_file else end - start
        if self.field > FIELD:
            raise Refused(413, "A part of the form that is no file is too long.")


def answer(refusal: Refused, scope: Scope | None = None) -> Response:
    words = refusal.told(scope) if scope else refusal.detail
    said: dict[str, Any] = {"error": words, "detail": words}
    if scope and scope["path"].startswith(OPENAI):
        said = error_values(refusal.status_code, refusal.detail)
    return JSONResponse(said, refusal.status_code, refusal.headers)


def security_headers(frame_ancestors: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """The headers of every answer. Gradio's pages need scripts in the page, and eval for `js=`."""
    ancestors = " ".join(["'self'", *frame_ancestors])
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": ancestors,
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "strict-origin-when-cross-origin",
        "permissions-policy": "camera=(self), microphone=(self), geolocation=()",
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()]
