"""A help centre on the web -> a document a page: from its sitemap, or by following its links.

Keeps to one host, to the folder of the first address, to robots.txt and to bounds of pages and
time. What is fetched how is fetch.py's business, what a page says html_pages.py's.
"""

from __future__ import annotations

import re
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import islice
from pathlib import Path
from urllib.parse import urldefrag, urlsplit
from urllib.robotparser import RobotFileParser

from mm_support.errors import KnowledgeError
from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.fetch import AGENT, MAX_BYTES, Failure, Fetcher, Page

MAX_PAGES = 5_000
MAX_SECONDS = 3_600.0  # a site
MAX_DELAY = 5.0  # seconds between two pages that robots.txt may ask for
SITEMAPS = 50  # that are fetched of a site
MAX_ADDRESSES = 20 * MAX_PAGES  # that are remembered, also of pages that are not read
MAX_RULES = 500 * 2**10  # characters of robots.txt, the least that RFC 9309 asks for
SUFFIX_OF = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
}
NOT_PAGES = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|ico|css|js|zip|gz|mp[34]|woff2?|xml|json)$", re.I
)
# possessive, so that a run of blanks takes time in proportion
_PLACE = re.compile(r"<loc>\s*+(?><!\[CDATA\[|)\s*+([^<\]\s]+)", re.IGNORECASE)

Read = Callable[[File, str, Remarks], list[Document]]


@dataclass
class _Walk:
    """Addresses to fetch, each once. host and folder bound them. fetched: pages that are there."""

    host: str
    folder: str
    fetched: dict[str, Page] = field(default_factory=dict)
    waiting: deque[str] = field(default_factory=deque)
    known: set[str] = field(default_factory=set)

    def add(self, address: str) -> None:
        try:
            address = urldefrag(address)[0]
            parts = urlsplit(address)
        except ValueError:  # it is no address
            return
        inside = parts.netloc == self.host and (parts.path or "/").startswith(self.folder)
        fits = parts.scheme in ("http", "https") and not NOT_PAGES.search(parts.path)
        room = len(self.known) < MAX_ADDRESSES
        if inside and fits and room and address not in self.known:
            self.known.add(address)
            self.waiting.append(address)


def read_site(
    address: str,
    read: Read,
    remarks: Remarks,
    pages: Path,
    private_addresses: bool = False,
    most: int = MAX_PAGES,
    seconds: float = MAX_SECONDS,
) -> Iterator[Document]:
    """The documents of a site, from a sitemap's address or a page's. pages: folder of copies, which
    stand in for what is not reached in time.
    Raises KnowledgeError where the first address cannot be fetched.
    """
    try:
        parts = urlsplit(address)
    except ValueError as exc:
        raise KnowledgeError(f"{address} is no address; correct it.") from exc
    with Fetcher(parts.netloc, pages, private_addresses) as fetcher:
        first = fetcher.get(address)
        if isinstance(first, Failure):
            raise KnowledgeError(f"{address} cannot be read: {first.reason}.")
        robots = _robots(fetcher, f"{parts.scheme}://{parts.netloc}/robots.txt")
        until = time.monotonic() + seconds
        if _is_sitemap(first):
            walk, sitemaps = _Walk(parts.netloc, "/"), [first]
        else:
            walk = _Walk(parts.netloc, parts.path.rpartition("/")[0] + "/", {address: first})
            walk.add(address)
            sitemaps = robots.site_maps() or []
        for url in _listed(sitemaps, fetcher, until):
            walk.add(url)
        yield from _pages(walk, fetcher, robots, read, remarks, most, until)


def _pages(
    walk: _Walk,
    fetcher: Fetcher,
    robots: RobotFileParser,
    read: Read,
    remarks: Remarks,
    most: int,
    until: float,
) -> Iterator[Document]:
    delay = float(min(MAX_DELAY, robots.crawl_delay(AGENT) or 0))  # type: ignore[type-var]
    fetched = missed = 0
    seen: set[str] = set()
    while walk.waiting and fetched < most:
        url = walk.waiting.popleft()
        if not robots.can_fetch(AGENT, url):
            remarks.skip(0, f"'{url}': its robots.txt forbids reading it")
            continue
        late = time.monotonic() > until
        time.sleep(delay if fetched and not late else 0)
        page = walk.fetched.pop(url, None) or (fetcher.kept(url) if late else fetcher.get(url))
        if page is None:
            missed += 1
            continue
        fetched += 1
        for document in _documents(url, page, read, remarks):
            for link in document.links:
                walk.add(link)
            if document.text and document.text not in seen:
                seen.add(document.text)
                yield document
    if left := missed + len(walk.waiting):
        remarks.skip(0, f"the bounds of a site were reached; {left} pages were not read")


def _documents(url: str, page: Page | Failure, read: Read, remarks: Remarks) -> list[Document]:
    if isinstance(page, Failure):
        remarks.skip(0, f"'{url}': {page.reason}")
        return []
    if page.kept:
        remarks.warn(0, f"'{url}': {page.kept}; its last good copy was read")
    suffix = SUFFIX_OF.get(page.kind or "text/html")
    if suffix is None:
        remarks.skip(0, f"'{url}' is '{page.kind}', no kind of page that is read")
        return []
    own = Remarks(page.url)
    documents = read(File(page.url, page.data, page.url), suffix, own)
    remarks.add(own)
    return [replace(document, file=page.url, pictures=()) for document in documents]


def _robots(fetcher: Fetcher, url: str) -> RobotFileParser:
    """The site's rules; without a robots.txt everything may be read."""
    robots = RobotFileParser(url)
    page = fetcher.get(url)
    text = "" if isinstance(page, Failure) else page.data.decode("utf-8", "replace")
    robots.parse([line for line in text[:MAX_RULES].splitlines() if _is_rule(line)])
    return robots


def _is_rule(line: str) -> bool:
    """Whether Python can read a line of robots.txt: some end in an error there."""
    try:
        RobotFileParser().parse(["User-agent: *", line])
    except ValueError:
        return False
    return True


# -- sitemaps ------------------------------------------------------------------------------


def _is_sitemap(page: Page) -> bool:
    head = _unpacked(page.data)[:2_000]
    return b"<urlset" in head or b"<sitemapindex" in head


def _listed(sitemaps: Sequence[Page | str], fetcher: Fetcher, until: float) -> Iterator[str]:
    """The addresses of sitemaps, and of those that they list. sitemaps: pages, or addresses that
    are not fetched yet; until: when to end, by time.monotonic.
    """
    waiting, read = deque(sitemaps), 0
    while waiting and read < SITEMAPS and time.monotonic() < until:
        place, read = waiting.popleft(), read + 1
        page = fetcher.get(place) if isinstance(place, str) else place
        if isinstance(page, Failure) or not _is_sitemap(page):
            continue
        data = _unpacked(page.data)
        text = data.decode("utf-8", "replace")
        places = (unescape(found[1]) for found in _PLACE.finditer(text))
        if b"<sitemapindex" in data[:2_000]:
            waiting.extend(islice(places, SITEMAPS))
        else:
            yield from places


def _unpacked(data: bytes) -> bytes:
    """The bytes of a sitemap that may be packed with gzip, no more than a page may have."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data, MAX_BYTES)
    except zlib.error:
        return b""
