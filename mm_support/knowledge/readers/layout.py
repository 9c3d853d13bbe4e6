"""Tables that lay out a page -> the cells one after another, as elements of the page.

A table says itself that it is no table of data (role="presentation"), or holds a heading with the
text under it in one of its cells. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS, line_of

ROLES = ("presentation", "none")
PARTS = ("thead", "tbody", "tfoot", "tr")
CELLS = ("td", "th")


def open_layouts(tree: Any) -> None:
    """Makes divisions of tables that are none, and of their rows and cells."""
    for table in list(tree.iter("table")):
        parts = list(_parts(table))
        if table.get("role") in ROLES or any(map(_is_section, parts)):
            for own in (table, *parts):
                own.tag = "div"


def _parts(own: Any) -> Iterator[Any]:
    """The rows and cells of a table, without those of tables in it."""
    for child in own.iterchildren(*PARTS, *CELLS):
        yield child
        if child.tag in PARTS:
            yield from _parts(child)


def _is_section(part: Any) -> bool:
    """Whether it is a cell with a heading and text of its own."""
    if part.tag not in CELLS:
        return False
    heading = next(part.iter(*HEADINGS), None)
    return heading is not None and line_of(heading) != line_of(part)
