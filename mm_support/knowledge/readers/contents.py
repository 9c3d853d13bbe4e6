"""The contents of a page tell its headings, whatever elements these are.

    <ul><li><a href="#fee">Is there a fee?</a></li><li><a href="#tax">Tax</a></li></ul>
    <div><a name="fee"></a>Is there a fee?</div> ... <div id="tax">Tax</div>

Knows no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mm_support.knowledge.readers.base import Remarks
from mm_support.knowledge.readers.elements import HEADINGS, line_of
from mm_support.knowledge.readers.labels import INLINE
from mm_support.language.folding import repeats

LEVEL, BELOW = "h2", "h3"
MOST = 2  # times as long as its link a heading may be


def mark_parts(tree: Any, remarks: Remarks) -> None:
    """Takes out lists of contents. What they lead to is a heading, and what stands between as one
    is a lower one.
    """
    places = {own.get(name): own for name in ("name", "id") for own in tree.xpath(f"//*[@{name}]")}
    for group in list(tree.iter("ul", "ol", "dl")):
        parts = _parts(group, places) if leads_within(group) else []
        if not parts:
            continue
        remarks.skip_navigation(0, group.itertext())
        group.drop_tree()
        if not any(own.tag in HEADINGS for own in parts):
            _make_headings(tree, {*parts})


def leads_within(group: Any) -> bool:
    """Whether a list says no more than its links, which lead to parts of their own page, and their
    numbers.
    """
    links = _links(group)
    within = all(link.get("href", "").startswith("#") for link in links)
    return len(links) > 1 and within and _words(group) == "".join(map(_words, links))


def _words(own: Any) -> str:
    """The letters of an element, without its figures."""
    return "".join(filter(str.isalpha, own.text_content()))


def _links(group: Any) -> list[Any]:
    return [*filter(line_of, group.iter("a"))]


def _parts(group: Any, places: Mapping[str, Any]) -> list[Any]:
    """The lines that a list leads to, where most say what its links say; those of others that look
    like these are among them."""
    pairs = [(link, _line_at(places.get(link.get("href")[1:]))) for link in _links(group)]
    found = [own for _, own in pairs if own is not None]
    same = [own for link, own in pairs if own is not None and _says(own, line_of(link))]
    if len(same) < 2 or 2 * len(same) < len(pairs):
        return []
    kinds, most = {*map(_kind, same)}, MOST * max(len(line_of(own)) for own in same)
    return [own for own in found if _kind(own) in kinds and len(line_of(own)) <= most]


def _line_at(place: Any) -> Any:
    """The heading of a place, or the element with the line that it stands in."""
    if place is None:
        return None
    heading = next(place.iter(*HEADINGS), None)
    if heading is not None:
        return heading
    while place.getparent() is not None and (place.tag in INLINE or not line_of(place)):
        place = place.getparent()
    return place


def _says(own: Any, name: str) -> bool:
    line = line_of(own)
    return len(line) <= MOST * len(name) and repeats(line, name)


def _kind(own: Any) -> tuple[str, str]:
    return own.tag, own.get("class", "")


def _make_headings(tree: Any, parts: Collection[Any]) -> None:
    for own in _behind(tree.iter("*"), parts):
        own.tag = LEVEL if own in parts else BELOW


def _behind(elements: Iterable[Any], parts: Collection[Any]) -> list[Any]:
    """The parts, and the higher headings behind the first of them."""
    found: list[Any] = []
    for own in elements:
        if own in parts or found and own.tag in ("h1", LEVEL):
            found.append(own)
    return found
