"""A help centre on the web -> a document a page: from its sitemap, or by following its links.

Keeps to one host, to the folder of the first address, to robots.txt and to bounds of pages and
time. What is fetched how is fetch.py's business, what a page says html_pages.py's.
"""

from __future__ import annotations

import re
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urlsplit
from urllib.robotparser import RobotFileParser

from mm_support.errors import KnowledgeError
from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.fetch import AGENT, MAX_BYTES, Failure, Fetcher, Page

MAX_PAGES = 5_000
MAX_SECONDS = 3_600.0  # a site
MAX_DELAY = 5.0  # seconds between two pages that robots.txt may ask for
SITEMAPS = 50  # sitemaps inside sitemaps
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
_PLACE = re.compile(r"<loc>\s*(?:<!\[CDATA\[)?\s*([^<\]\s]+)", re.IGNORECASE)

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
        if inside and fits and address not in self.known:
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
    """The documents of a site, from a sitemap's address or a page's. pages: folder of copies.
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
        if _is_sitemap(first):
            walk = _Walk(parts.netloc, "/")
            listed = _listed(first, fetcher)
        else:
            walk = _Walk(parts.netloc, parts.path.rpartition("/")[0] + "/", {address: first})
            walk.add(address)
            listed = (url for site in robots.site_maps() or () for url in _sitemap(site, fetcher))
        for url in listed:
            walk.add(url)
        yield from _pages(walk, fetcher, robots, read, remarks, most, time.monotonic() + seconds)


def _pages(
    walk: _Walk,
    fetcher: Fetcher,
    robots: RobotFileParser,
    read: Read,
    remarks: Remarks,
    most: int,
    until: float,
) -> Iterator[Document]:
    delay = min(MAX_DELAY, float(robots.crawl_delay(AGENT) or 0))
    fetched = 0
    seen: set[str] = set()
    while walk.waiting:
        if fetched >= most or time.monotonic() > until:
            left = len(walk.waiting)
            remarks.skip(0, f"the bounds of a site were reached; {left} pages were not read")
            return
        url = walk.waiting.popleft()
        if not robots.can_fetch(AGENT, url):
            remarks.skip(0, f"'{url}': its robots.txt forbids reading it")
            continue
        time.sleep(delay if fetched else 0)
        fetched += 1
        page = walk.fetched.pop(url, None) or fetcher.get(url)
        for document in _documents(url, page, read, remarks):
            for link in document.links:
                walk.add(link)
            if document.text and document.text not in seen:
                seen.add(document.text)
                yield document


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
    robots.parse(text.splitlines())
    return robots


# -- sitemaps ------------------------------------------------------------------------------


def _is_sitemap(page: Page) -> bool:
    head = _unpacked(page.data)[:2_000]
    return b"<urlset" in head or b"<sitemapindex" in head


def _sitemap(url: str, fetcher: Fetcher) -> Iterator[str]:
    page = fetcher.get(url)
    if isinstance(page, Page) and _is_sitemap(page):
        yield from _listed(page, fetcher)


def _listed(page: Page, fetcher: Fetcher) -> Iterator[str]:
    """The addresses of a sitemap, and of those that it lists."""
    waiting, read = deque([page]), 0
    while waiting and read < SITEMAPS:
        data, read = _unpacked(waiting.popleft().data), read + 1
        places = [unescape(place) for place in _PLACE.findall(data.decode("utf-8", "replace"))]
        if b"<sitemapindex" not in data[:2_000]:
            yield from places
            continue
        pages = (fetcher.get(place) for place in places[:SITEMAPS])
        waiting.extend(found for found in pages if isinstance(found, Page))


def _unpacked(data: bytes) -> bytes:
    """The bytes of a sitemap that may be packed with gzip, no more than a page may have."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data, MAX_BYTES)
    except zlib.error:
        return b""
