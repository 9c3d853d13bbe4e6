"""What readers ask of the elements of a page: their text, and where they lie. Knows no file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from urllib.parse import unquote

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def line_of(element: Any) -> str:
    """The text of an element in one line."""
    return " ".join(element.text_content().split())


def letters_of(element: Any) -> str:
    """The text of an element without blanks."""
    return "".join(element.text_content().split())


def is_of_links(element: Any, links: Iterable[Any]) -> bool:
    """Whether an element says no more than these links in it."""
    return letters_of(element) == "".join(map(letters_of, links))


def holder_of(elements: Sequence[Any]) -> Any:
    """The smallest element around all of these."""
    first, *others = ([*own.iterancestors()] for own in elements)
    return next((one for one in first if all(one in other for other in others)), None)


def is_within(element: Any, other: Any) -> bool:
    return any(above is other for above in element.iterancestors())


def outermost(elements: Collection[Any]) -> list[Any]:
    """Those that lie in none of the others."""
    all_of_them = set(elements)
    return [own for own in elements if all_of_them.isdisjoint(own.iterancestors())]


def blank_permalinks(tree: Any) -> None:
    """Empties the links that lead to where they stand and say no word: ¶ behind a heading."""
    for link in tree.xpath("//a[contains(@href, '#')]"):
        around = (link, *link.iterancestors())
        names = {own.get(name) for own in around for name in ("id", "name")}
        leads_here = unquote(link.get("href").partition("#")[2]) in names
        if leads_here and not any(map(str.isalnum, link.text_content())):
            link[:], link.text = [], None
