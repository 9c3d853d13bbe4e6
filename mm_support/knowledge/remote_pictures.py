"""Pictures that documents name by their addresses on the web -> files, within the bounds of pages.

They come from the host of the page that shows them, and from hosts that a setting allows; private
addresses are refused as those of pages are. Knows no document.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from mm_support.inputs.photo import MAX_BYTES
from mm_support.knowledge.readers.fetch import Failure, Fetcher

MOST = 2_000  # pictures of a reading
KINDS = ("image/jpeg", "image/png", "image/webp")


class RemotePictures:
    """folder: where pictures are put. pages: copies of what was fetched before. hosts: of which
    pictures are taken beside a page's own; None: no picture is fetched.
    """

    def __init__(
        self, folder: Path, pages: Path, hosts: Collection[str] | None, private: bool = False
    ) -> None:
        self._folder, self._pages, self._hosts = folder, pages, hosts
        self._private = private
        self._known: dict[str, Path | str] = {}

    def get(self, address: str, page: str) -> Path | str:
        """The picture, or why there is none. page: the address of what shows it, "" for a file."""
        try:
            url = urljoin(page, address)
            parts, own = urlsplit(url), urlsplit(page).netloc
        except ValueError:
            return "has no address that can be read"
        if self._hosts is None or parts.scheme not in ("http", "https"):
            return "is no file"
        if parts.netloc != own and (parts.hostname or "") not in self._hosts:
            return "is on another host; allow it in MM_SUPPORT_PICTURE_HOSTS"
        if url not in self._known:
            self._known[url] = self._fetched(url, parts.netloc)
        return self._known[url]

    def _fetched(self, url: str, host: str) -> Path | str:
        if len(self._known) >= MOST:
            return f"is one of more than {MOST} on the web"
        with Fetcher(host, self._pages, self._private) as fetcher:
            page = fetcher.get(url)
        if isinstance(page, Failure):
            return f"cannot be fetched: {page.reason}"
        if page.kind not in KINDS:
            return f"is '{page.kind}', no kind of picture that is shown"
        if len(page.data) > MAX_BYTES:
            return f"is larger than {MAX_BYTES // 10**6} MB"
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{len(self._known)}.{page.kind.partition('/')[2]}"
        path.write_bytes(page.data)
        return path


def hosts_of(setting: str) -> frozenset[str] | None:
    """The hosts of a setting, which lists them with commas; None for "none"."""
    if setting == "none":
        return None
    return frozenset(host.strip().lower() for host in setting.split(",") if host.strip())
