"""What stands between the network and the pages: sizes, rates, headers, health and the widget.

An ASGI middleware, given to Gradio's app by launch. Knows no service: `ready` is a function.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio import processing_utils
from gradio.route_utils import FnIndexInferError
from gradio.utils import get_upload_folder
from gradio_client.utils import is_http_url_like
from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import demo.rates  # noqa: F401  (registers a kind of storage)
from demo.completion_values import error_values
from demo.origins import PASSED_ON, is_foreign
from demo.sizes import COUNTED, MEGABYTE, OPENAI, Limits, Meter, Refused, kind_of
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError

log = logging.getLogger(__name__)
HERE = Path(__file__).resolve().parent
AWAY = 10.0  # s that a server of rates is left alone after it did not answer
# parts of Gradio that no page of ours uses
UNUSED = re.compile(
    r"(/gradio_api)?/(process_recording|vibe-|undo-vibe|deep_link|profiling|proxy=|run-history"
    r"|runs\b|monitoring|dev/reload|reset\b)"
)
FILE = re.compile(r"(?:/gradio_api)?/file[=/](.*)", re.DOTALL)
CUSTOMERS = "/"  # the page that sites may frame
PAGES = re.compile(r"/(desk|workshop|preview)?/?")
# a whole reply, by its name
TURNS = re.compile(r"(/gradio_api/(api|call(/v2)?|run)/chat|/v1/chat/completions)/?$")
READS = ("GET", "HEAD", "OPTIONS")
NOTHING = "There is nothing here."
FOREIGN = "A page of another site may not send this; name it in MM_SUPPORT_FRAME_ORIGINS."
LOOPBACK = ("127.0.0.1", "::1")
Known = Callable[[Any], bool]
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # of Prometheus


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
    if not _is_rate(limits.calls):
        raise InputError(
            "MM_SUPPORT_RATE_LIMIT is a number of calls and a time; write it like 240/minute."
        )
    try:
        Rates(limits)
    except (ValueError, ConfigurationError) as problem:
        raise InputError(
            "Rates cannot be counted where MM_SUPPORT_RATE_STORAGE says; write it like "
            "redis://host (needs `pip install 'limits[redis]'`), or leave it empty."
        ) from problem
    return limits


def _is_rate(text: str) -> bool:
    try:
        return parse(text).amount > 0
    except ValueError:
        return False


def shared_storage(settings: Settings) -> str:
    """The database where several fronts may share it, else ""."""
    return settings.database_url if settings.database_url.startswith("postgres") else ""


def app_parts(
    limits: Limits,
    ready: Callable[[], bool] | None = None,
    room: Callable[[], float] | None = None,
    metrics: Callable[[], bytes] | None = None,
    more: Sequence[BaseRoute] = (),
    known: Known | None = None,
) -> dict[str, Any]:
    """The keywords of FastAPI that add all this to the app. ready: whether turns are answered;
    room: in how many seconds another one is taken, 0: now; metrics: what Prometheus reads; more:
    other routes; known: whether a page that is open sends a piece of speech, by what it sends.
    """

    def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def readiness(_: Request) -> Response:
        is_ready = ready is None or ready()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    def figures(request: Request) -> Response:
        if metrics is None or not (limits.open_metrics or is_from_here(request)):
            return answer(Refused(404, NOTHING))
        return Response(metrics(), media_type=METRICS_TYPE)

    return {
        "routes": [
            Route("/metrics", figures),
            Route("/healthz", health),
            Route("/readyz", readiness),
            Route("/widget.js", widget),
            *more,
        ],
        "middleware": [
            Middleware(Edges, limits=limits, room=room, known=known),
            Middleware(Packed),
        ],
        "exception_handlers": {RequestValidationError: malformed},
    }


def malformed(_: Request, problem: Exception) -> Response:
    """What is wrong with a call's values, without these: JSON has no way to give back NaN."""
    assert isinstance(problem, RequestValidationError)
    told = [{name: own[name] for name in ("loc", "msg", "type")} for own in problem.errors()]
    return JSONResponse({"detail": told}, 422)


def is_from_here(request: Request) -> bool:
    """Whether a program on this machine asks, and not a proxy on it for somebody else."""
    passed_on = any(name in request.headers for name in PASSED_ON)
    return request.client is not None and request.client.host in LOOPBACK and not passed_on


def widget(_: Request) -> Response:
    """The script that a shop puts into its pages."""
    script = (HERE / "widget.js").read_text(encoding="utf-8")
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(script, media_type="text/javascript", headers=headers)


class Packed:
    """Compresses the pages themselves; of Gradio's answers only its scripts are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.packed = app, GZipMiddleware(app, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.packed if is_page(scope) else self.app)(scope, receive, send)


class Edges:
    """The middleware. Refuses what is too big or too often, and sets headers on every answer."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        room: Callable[[], float] | None = None,
        known: Known | None = None,
    ) -> None:
        self.app, self.limits, self.room = app, limits, room or (lambda: 0.0)
        self.known = known or (lambda _: True)
        self.headers = security_headers()
        self.framed = security_headers(limits.frame_ancestors)
        self.rates = Rates(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, started = path_of(scope), False
        headers = self.framed if path == CUSTOMERS else self.headers

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name for name, _ in message.get("headers", ())}
                more = [pair for pair in headers if pair[0] not in own]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        try:
            await self.rates.check(path, scope)
            given = self.checked(path, scope, receive)
            if scope["method"] == "POST" and kind_of(path) == "sounds":
                given = await self.spoken(given)
            await self.app(scope, given, with_headers)
        except (Refused, FnIndexInferError) as problem:
            if started:
                raise
            refusal = problem if isinstance(problem, Refused) else Refused(404, NOTHING)
            await answer(refusal, scope)(scope, receive, with_headers)

    def checked(self, path: str, scope: Scope, receive: Receive) -> Receive:
        """`receive` that ends what grows too big. Raises Refused at once where it can be told."""
        # at / Gradio has the other pages too, by a query
        elsewhere = path == CUSTOMERS and "page" in QueryParams(scope["query_string"])
        file = FILE.fullmatch(path)
        fetched = file is not None and is_http_url_like(file[1])  # Gradio would, for anybody
        if elsewhere or fetched or UNUSED.match(path):
            raise Refused(404, NOTHING)
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        if scope["method"] not in READS and is_foreign(headers, self.limits.frame_ancestors):
            raise Refused(403, FOREIGN)
        if scope["method"] == "POST" and TURNS.match(path) and (seconds := self.room()):
            raise Refused(503, BusyError("busy", seconds), round(seconds))
        meter = Meter(self.limits, path, headers)
        if meter.kind == "uploads" and free_space(Path(get_upload_folder())) < self.limits.spare:
            raise Refused(507, InputError.of("no_room"))

        async def measured() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                meter.add(message.get("body", b""))
            return message

        return measured

    async def spoken(self, receive: Receive) -> Receive:
        """`receive` once a piece of speech is here, in one. Raises Refused where no page sends it:
        Gradio would make a session of whatever it is called.
        """
        pieces, more = [], True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise Refused(400, "The request has ended too early.")
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        left = [b"".join(pieces)]
        pieces.clear()
        if not self.known(_value(left[0])):
            raise Refused(404, NOTHING)

        async def again() -> Message:
            if left:
                return {"type": "http.request", "body": left.pop(), "more_body": False}
            return await receive()

        return again


def fetch_nothing() -> None:
    """Gradio fetches what is sent as a file and is an address, for anybody who asks; from now on it
    is told that it was to be sent.
    """
    processing_utils.async_ssrf_protected_download = _not_fetched


async def _not_fetched(url: str, **_: object) -> str:
    raise gr.Error(
        "Send the file itself; nothing is fetched from an address.", print_exception=False
    )


def path_of(scope: Scope) -> str:
    """As the routes know it: without what a proxy put before it and GRADIO_ROOT_PATH names."""
    path, prefix = scope["path"], scope.get("root_path", "")
    return path.removeprefix(prefix) if f"{path}/".startswith(f"{prefix}/") else path


def is_page(scope: Scope) -> bool:
    return scope["type"] == "http" and PAGES.fullmatch(path_of(scope)) is not None


def free_space(folder: Path) -> int:
    """Bytes, where the folder is or will be made."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free


def counted_as(address: str) -> str:
    """What an address counts as: of IPv6, whose holders choose among a whole network's, that."""
    try:
        known = ip_address(address)
    except ValueError:  # a socket's, or a name
        return address
    own = getattr(known, "ipv4_mapped", None) or known
    return str(own if own.version == 4 else ip_network((own, 64), strict=False))


def _value(body: bytes) -> Any:
    """What the JSON says; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


class Rates:
    """How often an address may ask. Raises Refused, with when it may again.

    What several fronts share is counted by a server. While it is away, for pieces of speech, which
    come often and to one front, and for the bytes of files, each counts by itself.
    """

    def __init__(self, limits: Limits) -> None:
        self.own = MovingWindowRateLimiter(MemoryStorage())
        self.shared = None
        if limits.storage != Limits.storage:
            storage = storage_from_string(limits.storage, wrap_exceptions=True)
            self.shared = MovingWindowRateLimiter(storage)
        self.limits = limits
        self.away = 0.0  # until when the server is not asked
        self.latest = 0.0  # what the clock said last
        self.rules: dict[str, RateLimitItem] = {
            "calls": parse(limits.calls),
            "uploads": parse(limits.uploads),
            "sounds": parse(limits.sounds),
            "completions": parse(limits.calls),
            "sign_ins": parse(limits.sign_ins),
            "pages": parse(limits.calls),
            "uploaded": parse(limits.uploaded),
        }

    async def check(self, path: str, scope: Scope) -> None:
        kind = kind_of(path)
        if kind is None or (scope["method"] != "POST" and kind not in COUNTED):
            return
        address = counted_as((scope.get("client") or ("unknown", 0))[0])
        self.steady()
        seconds = await self.wait(kind, address)
        if kind == "uploads" and not seconds:
            seconds = self.counted(self.own, "uploaded", address, self.megabytes(scope))
        if seconds:
            raise Refused(429, InputError.of("too_often", seconds=seconds), seconds)

    def steady(self) -> None:
        """Forgets what was counted before the clock was put back: it would count too long."""
        before, self.latest = self.latest, time.time()
        if self.latest < before:
            self.own.storage.reset()

    def megabytes(self, scope: Scope) -> int:
        """Of a request with files, at least one; as many as it may have where it does not say."""
        declared = dict(scope.get("headers", ())).get(b"content-length", b"")
        most = self.limits.upload
        return -(-min(int(declared) if declared.isdigit() else most, most) // MEGABYTE) or 1

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

    def counted(
        self, limiter: MovingWindowRateLimiter, kind: str, address: str, cost: int = 1
    ) -> int:
        if limiter.hit(self.rules[kind], kind, address, cost=cost):
            return 0
        again = limiter.get_window_stats(self.rules[kind], kind, address).reset_time
        return max(1, round(again - time.time()))


def answer(refusal: Refused, scope: Scope | None = None) -> Response:
    words = refusal.told(scope) if scope else refusal.detail
    said: dict[str, Any] = {"error": words, "detail": words}
    if scope and path_of(scope).startswith(OPENAI):
        said = error_values(refusal.status_code, refusal.detail)
    return JSONResponse(said, refusal.status_code, refusal.headers)


def security_headers(frame_ancestors: Iterable[str] = ()) -> list[tuple[bytes, bytes]]:
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
