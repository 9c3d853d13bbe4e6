"""Sites on loopback: fetched politely, kept in step, and never outside of what is allowed."""

import gzip
import time
import tracemalloc
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from knowledge_files import png
from loopback import Handler, Loopback

from mm_support.errors import KnowledgeError
from mm_support.knowledge.ingest import ReadingOptions, read_source
from mm_support.knowledge.readers import fetch, site

PAGES = 50


class Site:
    """A help centre whose pages, states and requests the test sets and sees."""

    def __init__(self):
        self.pages = {
            f"/help/{n}": self.page(n, f"Answer number {n} is given here.") for n in range(PAGES)
        }
        self.pages["/help/"] = self.page("index", "Welcome.", range(PAGES))
        self.pages["/blog/1"] = self.page("blog", "News of the day.")
        self.status: dict[str, int] = {}
        self.robots = "User-agent: *\nDisallow: /help/7\n"
        self.asked: list[tuple[str, int]] = []
        self.endless: set[str] = set()
        self.more: dict[str, dict[str, str]] = {}  # headers by path

    @staticmethod
    def page(name, text, links=()):
        shown = "".join(f'<li><a href="/help/{n}">Page {n}</a></li>' for n in links)
        outside = '<a href="/blog/1">Blog</a><a href="http://127.0.0.2/x">Elsewhere</a><a href="http://[no">No</a>'
        return (
            f"<html><head><title>{name} | Shop</title></head><body><nav>{outside}</nav><main>"
            f"<h1>Page {name}</h1><p>{text}</p><ul>{shown}</ul></main>"
            "<footer>Imprint</footer></body>"
        )


class Pages(Handler):
    def dribble(self):
        """The head of a file packed with gzip, in which its name comes letter by letter."""
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(b"\x1f\x8b\x08\x08" + bytes(6))
        with suppress(OSError):  # the other side has gone
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)

    def do_GET(self):
        own = self.server.own
        body = own.robots if self.path == "/robots.txt" else own.pages.get(self.path)
        status = own.status.get(self.path, 404 if body is None else 200)
        data = body if isinstance(body, bytes) else (body or "").encode()
        etag = f'"{hash(data)}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            status = 304
        own.asked.append((self.path, status))
        if self.path in own.endless:
            return self.dribble()
        if status == 200:
            kind = own.kinds.get(self.path[-4:], "text/html; charset=utf-8")
            more = own.more.get(self.path, {})
            return self.answer(data, **{"ETag": etag, "Content_Type": kind, **more})
        self.answer(status=status, Location="http://127.0.0.2/secret")


@pytest.fixture
def shop():
    own = Site()
    own.kinds = {".xml": "application/xml", ".png": "image/png", ".svg": "image/svg+xml"}
    server = Loopback(Pages, own=own)
    own.address = server.url
    yield own
    server.close()


def options(tmp_path):
    return ReadingOptions(pages=tmp_path / "pages", private_addresses=True)


def answers(reading):
    return {entry.url.rsplit("/", 1)[1]: entry.answer for entry in reading.entries}


def reasons(remarks):
    return " / ".join(reason for _, _, reason in remarks)


def test_a_site_is_read_within_its_folder_and_robots(shop, tmp_path):
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    found = answers(reading)
    allowed = {str(n) for n in range(PAGES)} - {"7"}
    assert found.keys() == allowed | {""}
    assert found["3"] == "Answer number 3 is given here." and reading.documents == PAGES
    asked = {path for path, _ in shop.asked}
    assert (
        "/blog/1" not in asked and "/help/7" not in asked and "forbids" in reasons(reading.skipped)
    )
    assert reading.entries[0].source.startswith(shop.address)


def test_the_second_reading_takes_only_what_changed(shop, tmp_path):
    read_source(f"{shop.address}/help/", options(tmp_path))
    shop.pages["/help/5"] = shop.page(5, "A new answer.")
    del shop.pages["/help/6"]
    shop.status["/help/8"] = 500
    shop.asked.clear()
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    found = answers(reading)
    assert found["5"] == "A new answer." and "6" not in found
    assert found["8"] == "Answer number 8 is given here."
    assert "answered 404" in reasons(reading.skipped) and "answered 500" in reasons(
        reading.warnings
    )
    full = Counter(status for path, status in shop.asked if path.startswith("/help/"))
    assert full[200] == 1 and full[304] == PAGES - 3


def test_a_page_that_fails_the_first_time_is_told(shop, tmp_path):
    shop.status["/help/8"] = 503
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert "8" not in answers(reading) and "answered 503" in reasons(reading.skipped)


def test_sitemaps_name_the_pages(shop, tmp_path):
    places = "".join(f"<url><loc>{shop.address}/help/{n}</loc></url>" for n in (1, 2))
    places += "<url><loc>http://[nowhere/</loc></url>"
    shop.pages["/pages.xml"] = gzip.compress(f"<urlset>{places}</urlset>".encode())
    index = f"<sitemapindex><sitemap><loc>{shop.address}/pages.xml</loc></sitemap></sitemapindex>"
    shop.pages["/sitemap.xml"] = index
    reading = read_source(f"{shop.address}/sitemap.xml", options(tmp_path))
    assert answers(reading).keys() == {"1", "2"}


def test_other_hosts_are_not_fetched(shop, tmp_path):
    shop.status["/help/3"] = 302
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert "3" not in answers(reading) and "another host" in reasons(reading.skipped)


def test_bounds_of_pages_are_told(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(site.read_site, "__defaults__", (False, 10, 60.0))
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert reading.documents == 10 and "bounds" in reasons(reading.skipped)


def test_pages_that_are_not_reached_in_time_stay_as_they_were(shop, tmp_path, monkeypatch):
    first = answers(read_source(f"{shop.address}/help/", options(tmp_path)))
    shop.pages["/help/"] = shop.page("index", "Welcome.", range(PAGES + 1))
    shop.pages[f"/help/{PAGES}"] = shop.page(PAGES, "This one is new.")
    shop.asked.clear()
    monkeypatch.setattr(site.read_site, "__defaults__", (False, 5_000, -1.0))
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert answers(reading).keys() == first.keys() and len(shop.asked) < 5
    assert "bounds of a site were reached; 1 pages" in reasons(reading.skipped)
    assert "time for its site was over" in reasons(reading.warnings)


def test_a_page_past_the_bound_is_told(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_BYTES", 10_000)
    shop.pages["/help/4"] = shop.page(4, "Much. " * 20_000)
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert "4" not in answers(reading) and "larger" in reasons(reading.skipped)


@pytest.mark.parametrize(
    "coding, why",
    [("gzip", "larger than 1 MB"), ("gzip, gzip", "packed as"), ("br", "packed as")]
    + [("deflate", "packed as")],
)
def test_a_small_page_that_unpacks_to_a_large_one_takes_no_memory(
    shop, tmp_path, monkeypatch, coding, why
):
    monkeypatch.setattr(fetch, "MAX_BYTES", 2**20)
    shop.pages["/help/4"] = gzip.compress(b" " * (100 * 2**20))
    shop.more["/help/4"] = {"Content_Encoding": coding}
    tracemalloc.start()
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert why in reasons(reading.skipped) and used < 40 * 2**20


@pytest.mark.parametrize("cut, why", [(0, ""), (40, "damaged"), (10, "")])
def test_a_page_may_come_packed(shop, tmp_path, cut, why):
    packed = gzip.compress(shop.page(4, "It has four legs.").encode())
    shop.pages["/help/4"] = packed[:20] + packed[20 + cut :]
    shop.more["/help/4"] = {"Content_Encoding": "gzip"}
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert ("4" in answers(reading)) == (not cut) and why in reasons(reading.skipped)


def test_a_page_that_never_ends_within_its_head_is_left(shop, tmp_path, monkeypatch):
    """What unpacks to nothing takes time all the same: a name in gzip's head may run on."""
    monkeypatch.setattr(fetch, "SECONDS", 0.5)
    shop.endless = {"/help/4"}
    reading = read_source(f"{shop.address}/help/", options(tmp_path))
    assert "4" not in answers(reading) and "5" in answers(reading)
    assert "took longer" in reasons(reading.skipped)


@pytest.mark.parametrize(
    "line",
    ["Crawl-delay: ²", "Crawl-delay: " + "9" * 400, "Disallow: //[", "Request-rate: ²/1"],
)
def test_a_line_of_robots_that_python_cannot_read_costs_no_site(shop, tmp_path, monkeypatch, line):
    monkeypatch.setattr(site, "MAX_DELAY", 0.0)
    shop.robots = f"User-agent: *\nDisallow: /help/7\n{line}\nDisallow: /help/8\n"
    read = answers(read_source(f"{shop.address}/help/", options(tmp_path)))
    assert "6" in read and not {"7", "8"} & read.keys()


def test_sitemaps_of_other_hosts_are_not_fetched(shop, tmp_path):
    other = Loopback(Pages, own=Site())
    other.own.kinds = shop.kinds
    shop.pages["/sitemap.xml"] = f"<sitemapindex><loc>{other.url}/b.xml</loc></sitemapindex>"
    shop.robots = f"Sitemap: {other.url}/a.xml\nSitemap: {shop.address}/sitemap.xml\n"
    assert "5" in answers(read_source(f"{shop.address}/help/", options(tmp_path)))
    other.close()
    assert other.own.asked == []


def test_a_sitemap_of_blanks_takes_time_in_proportion(shop, tmp_path):
    shop.pages["/blank.xml"] = "<urlset><loc>" + " " * 1_000_000 + "</urlset>"
    shop.robots = f"Sitemap: {shop.address}/blank.xml\n"
    assert "5" in answers(read_source(f"{shop.address}/help/", options(tmp_path)))


def test_as_many_sitemaps_and_addresses_are_taken_as_a_site_may_have(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(site, "SITEMAPS", 3)
    monkeypatch.setattr(site, "MAX_ADDRESSES", 20)
    many = "".join(f"<loc>{shop.address}/help/{n}</loc>" for n in range(PAGES))
    names = [f"/{n}.xml" for n in range(9)]
    shop.pages |= dict.fromkeys(names, f"<urlset>{many}</urlset>")
    shop.robots = "".join(f"Sitemap: {shop.address}{name}\n" for name in names)
    read_source(f"{shop.address}/help/", options(tmp_path))
    asked = [path for path, _ in shop.asked]
    assert len([path for path in asked if path in names]) == 3
    assert len([path for path in asked if path.startswith("/help/")]) <= 20


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_private_addresses_are_refused_unless_allowed(shop, tmp_path, host):
    port = shop.address.rsplit(":", 1)[1]
    with pytest.raises(KnowledgeError, match="private|reached|known"):
        read_source(f"http://{host}:{port}/help/", ReadingOptions(pages=tmp_path / "pages"))
    assert shop.asked == []


@pytest.mark.parametrize(
    "address",
    ["10.0.0.8", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fe80::1", "fd00::1"]
    # those of IPv4 in other clothes
    + ["::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.8", "64:ff9b::169.254.169.254"]
    + ["2002:7f00:1::1", "2002:a00:8::1", "64:ff9b:1::1", "fec0::1"],
)
def test_addresses_of_own_networks_are_private(address):
    with pytest.raises(fetch.RefusedError, match="private"):
        fetch.public_address(address, 80)


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e", "2002:5db8:d70e::1"],
)
def test_a_public_address_is_connected_as_it_was_checked(address):
    assert fetch.public_address(address, 80) == address


def test_a_site_that_is_not_there_is_told(tmp_path, shop):
    with pytest.raises(KnowledgeError, match="404"):
        read_source(f"{shop.address}/nothing/", options(tmp_path))
    with pytest.raises(KnowledgeError, match="no address"):
        read_source("http://[nowhere/", options(tmp_path))


def pictures_of(shop, tmp_path, **changes):
    """What a page with pictures of all kinds gives, and what was said of them."""
    names = ("/a.png", "b.svg", "/gone.png", "http://127.0.0.2/c.png", "/moved.png", "data:x")
    shown = "".join(f'<p>Look: <img src="{name}"></p>' for name in names)
    shop.pages = {"/p/1": Site.page("lamp", f"A lamp has two switches. {shown}")}
    shop.pages |= {"/a.png": png(), "/p/b.svg": b"<svg/>", "/moved.png": b""}
    shop.status["/moved.png"] = 302
    reading = read_source(f"{shop.address}/p/1", replace(options(tmp_path), **changes))
    return reading, [path.read_bytes() for e in reading.entries for path in e.pictures]


def test_the_pictures_of_a_page_are_fetched_within_the_bounds_of_pages(shop, tmp_path):
    reading, found = pictures_of(shop, tmp_path)
    assert found == [png()]
    told = reasons(reading.skipped)
    for why in ("image/svg+xml", "answered 404", "PICTURE_HOSTS", "leads to another host", "file"):
        assert why in told


def test_fetching_pictures_can_be_switched_off(shop, tmp_path):
    assert pictures_of(shop, tmp_path, picture_hosts=None)[1] == []
    assert "/a.png" not in dict(shop.asked)


def test_markdown_takes_pictures_from_its_own_host_and_from_those_that_are_allowed(shop, tmp_path):
    shop.pages["/a.png"] = png()
    text = f"# Lamp\n\nIt has two switches.\n\n![]({shop.address}/a.png)\n"
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "a.md").write_text(text)
    for hosts, taken in (((), 0), (["127.0.0.1"], 1)):
        reading = read_source(tmp_path / "kb", replace(options(tmp_path), picture_hosts=hosts))
        assert len(reading.entries[0].pictures) == taken
    allowed = ReadingOptions(picture_hosts=["127.0.0.1"])
    assert "private network" in reasons(read_source(tmp_path / "kb", allowed).skipped)
