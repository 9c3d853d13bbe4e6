"""Fetches pages politely and within bounds, and keeps them between readings.

Asks again only for what has changed (ETag, Last-Modified). A server's passing error leaves what was
fetched before. Addresses of the own network are refused unless allowed. Knows no format.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

MAX_BYTES = 20 * 2**20  # of a page
SECONDS = 20.0  # a page
MAX_REDIRECTS = 5
AGENT = "mm-support-reader/1.0"
ASKED = {"User-Agent": AGENT, "Accept-Encoding": "gzip"}  # what is packed otherwise is refused
GONE = (404, 410)
GLOBAL = ip_network("2000::/3")  # of which public addresses of IPv6 are
# in which networks without IPv4 reach it; RFC 6052
TRANSLATED = ip_network("64:ff9b::/96")


class RefusedError(httpx.TransportError):
    """An address that must not be fetched; its text says why."""


@dataclass(frozen=True)
class Page:
    """A page as fetched. kept: why an earlier copy stands in for it, "" where it is up to date."""

    url: str
    data: bytes
    kind: str  # media type, e.g. text/html
    etag: str = ""
    modified: str = ""
    kept: str = ""


@dataclass(frozen=True)
class Failure:
    """Why there is no page."""

    reason: str


class _CheckedBackend(httpcore.SyncBackend):
    """Connects to the very address that was checked, so that a name cannot change in between."""

    def connect_tcp(self, host: str, port: int, *rest, **options):
        return super().connect_tcp(public_address(host, port), port, *rest, **options)


class CheckedTransport(httpx.HTTPTransport):
    """Reaches public addresses only."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=_CheckedBackend()
        )


def public_address(host: str, port: int) -> str:
    """An address of a host. Raises RefusedError where any of its addresses is not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise httpcore.ConnectError(f"{host} is not known") from exc
    addresses = [str(address[0]) for *_, address in found]
    if not all(_is_public(address) for address in addresses):
        raise RefusedError(f"{host} lies in a private network")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.split("%")[0])
    inside = _inside(address) if isinstance(address, IPv6Address) else None
    if inside is None and isinstance(address, IPv6Address) and address not in GLOBAL:
        return False  # also ::127.0.0.1 and fec0::1, which Python takes for global
    reached = inside or address
    return reached.is_global and not reached.is_multicast


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The address of IPv4 that is reached by one of IPv6, as some are."""
    translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in TRANSLATED else None
    return address.ipv4_mapped or address.sixtofour or translated


class Fetcher:
    """Fetches pages of one host. pages: folder of the copies. Use it as a context manager."""

    def __init__(self, host: str, pages: Path, private_addresses: bool = False) -> None:
        transport = httpx.HTTPTransport() if private_addresses else CheckedTransport()
        self._client = httpx.Client(transport=transport, timeout=SECONDS, headers=ASKED)
        self._host, self._pages = host, pages
        pages.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str) -> Page | Failure:
        """The page as it is now, or its last good copy; a Failure where there is neither."""
        copy = self._copy(url)
        headers = {"If-None-Match": copy.etag, "If-Modified-Since": copy.modified} if copy else {}
        try:
            status, page = self._request(url, {name: v for name, v in headers.items() if v})
        except (httpx.HTTPError, httpcore.NetworkError, httpx.InvalidURL, ValueError) as exc:
            return self._instead(copy, f"it could not be reached ({exc or type(exc).__name__})")
        if page is not None:
            self._keep(url, page)
            return page
        if status == 304 and copy:
            return copy
        if status in GONE:
            self._path(url).with_suffix(".json").unlink(missing_ok=True)
            return Failure(f"its server answered {status}: it does not exist")
        return self._instead(copy, f"its server answered {status}")

    def kept(self, url: str) -> Page | None:
        """The last good copy of a page for which there is no time."""
        copy = self._copy(url)
        return copy and replace(copy, kept="the time for its site was over")

    def _instead(self, copy: Page | None, reason: str) -> Page | Failure:
        return Failure(reason) if copy is None else replace(copy, kept=reason)

    def _request(self, url: str, headers: dict[str, str]) -> tuple[int, Page | None]:
        """(status, page or None). Raises httpx.HTTPError, and ValueError where it is too large,
        damaged or leads elsewhere.
        """
        url = self._same_host(url)
        for _ in range(MAX_REDIRECTS):
            with self._client.stream("GET", url, headers=headers) as response:
                if response.has_redirect_location:
                    url = self._same_host(urljoin(url, response.headers["location"]))
                    continue
                if response.status_code != 200:
                    return response.status_code, None
                return 200, _page(url, response)
        raise ValueError("it leads in circles")

    def _same_host(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.netloc != self._host:
            raise ValueError("it leads to another host")
        return url

    # -- copies ----------------------------------------------------------------------------

    def _path(self, url: str) -> Path:
        return self._pages / hashlib.sha256(url.encode()).hexdigest()[:32]

    def _copy(self, url: str) -> Page | None:
        path = self._path(url)
        try:
            values = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            data = path.with_suffix(".body").read_bytes()
            whole = hashlib.sha256(data).hexdigest() == values.pop("digest")
            return Page(data=data, **values) if whole else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _keep(self, url: str, page: Page) -> None:
        path = self._path(url)
        values = {**asdict(page), "digest": hashlib.sha256(page.data).hexdigest()}
        del values["data"], values["kept"]
        path.with_suffix(".body").write_bytes(page.data)
        path.with_suffix(".json").write_text(json.dumps(values), encoding="utf-8")


def _page(url: str, response: httpx.Response) -> Page:
    headers = response.headers
    unpacked = _unpacker(headers.get("content-encoding", ""))
    data, until = bytearray(), time.monotonic() + SECONDS
    for piece in response.iter_raw():
        data += unpacked(piece, MAX_BYTES + 1 - len(data))
        if len(data) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MB")
        if time.monotonic() > until:
            raise ValueError(f"it took longer than {SECONDS:.0f} s")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    return Page(url, bytes(data), kind, etag, modified)


def _unpacker(coding: str) -> Callable[[bytes, int], bytes]:
    """What unpacks one piece after another, no more than so many bytes at once: a few kilobytes
    may hold gigabytes. Raises ValueError for what is packed otherwise.
    """
    if coding.lower() in ("", "identity"):
        return lambda piece, most: piece
    if coding.lower() not in ("gzip", "x-gzip"):
        raise ValueError(f"it is packed as {coding[:20]!r}, which was not asked for")
    packed = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def unpacked(piece: bytes, most: int) -> bytes:
        try:
            return packed.decompress(piece, most)
        except zlib.error as exc:
            raise ValueError("it is damaged on the way") from exc

    return unpacked
