"""How big what arrives may be. It is counted as it arrives, so that nothing is held in memory that
will be refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.types import Scope

from demo.convert import sentence
from demo.words import spoken
from mm_support.errors import InputError, SupportError

MEGABYTE = 1024**2
HEARS = 6 * MEGABYTE  # bytes of a piece of sound, see demo/live.py
SHOWS = 24 * MEGABYTE  # bytes of a call that carries its photo and recording as text
SAYS = 2 * MEGABYTE  # bytes of any other call: words, never files
UPLOADED = re.compile(rb'[;\s]name="?files\b')  # what the parts of an upload are called
FIELD = 10_000  # bytes of an upload's part that is no file
OPENAI = "/v1/"  # see demo/completions.py
SIGN_IN = re.compile(r"/sign-in(/back)?/?")  # see demo/company_sign_in.py
CALLS = re.compile(r"/gradio_api/(queue/join|run/|api/|call/)|/mcp\b")
# what is made anew for whoever reads it: the pages, and what the framework says of them
MADE = re.compile(r"/((desk|workshop|preview|config)?|gradio_api/(info|openapi\.json))/?")
COUNTED = ("sign_ins", "pages")  # kinds that count when they are read, too


@dataclass(frozen=True)
class Limits:
    """What visitors may send. Sizes in bytes; rates as "120/minute", for one address.

    file: of one file; upload: of one request with files; files: in one request. calls: replies and
    look-ups, and beside them openings of pages; uploads: requests with files; sounds: pieces of
    speech while somebody talks; sign_ins: ways to the company's own sign-in and back; uploaded:
    megabytes of files, as "2000/hour".
    spare: free space of the folder of uploads below which none is taken.
    storage: where rates are counted; a redis:// or postgresql:// address where several fronts
    share them.
    frame_ancestors: origins of sites that may show the customers' page in a frame, as the widget
    does, and read answers.
    open_metrics: /metrics is for other machines too, not for this one alone.
    """

    file: int = 50 * MEGABYTE
    upload: int = 60 * MEGABYTE
    files: int = 20
    calls: str = "240/minute"
    uploads: str = "60/minute"
    sounds: str = "40/second"
    sign_ins: str = "60/minute"
    uploaded: str = "2000/hour"
    spare: int = 512 * MEGABYTE
    storage: str = "memory://"
    frame_ancestors: tuple[str, ...] = ()
    open_metrics: bool = False
    blocked_paths: tuple[Path, ...] = ()


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


def kind_of(path: str) -> str | None:
    """What a request counts as; None for what costs next to nothing."""
    if path.startswith("/gradio_api/upload"):
        return "uploads"
    if path.startswith("/gradio_api/component_server"):
        return "sounds"
    if path.startswith(OPENAI):
        return "completions"
    if SIGN_IN.fullmatch(path):
        return "sign_ins"
    if MADE.fullmatch(path):
        return "pages"
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
        self.is_file = b"filename=" in self.header
        if UPLOADED.search(self.header) and not self.is_file:
            raise Refused(400, "Each file of a form needs a name (filename=...).")
        self.files += self.is_file
        if self.files > self.limits.files:
            raise Refused(413, InputError.of("too_many_files", limit=self.limits.files))

    def measure(self, data: bytes, start: int, end: int) -> None:
        self.field += 0 if self.is_file else end - start
        if self.field > FIELD:
            raise Refused(413, "A part of the form that is no file is too long.")
