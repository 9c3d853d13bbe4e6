"""Boxes that warn, told by the classes of their elements: <aside class="warning">.

Their text begins with a mark: no part of it is quoted without the rest. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS
from mm_support.knowledge.readers.markup import WARNING, is_warning

BOXES = ("aside", "div", "section", "blockquote")
PASSED_OVER = (*HEADINGS, "script", "style", "svg", "template")


def mark_warnings(tree: Any) -> None:
    """Sets the mark before the text of every box that warns."""
    for box in tree.iter(*BOXES):
        if warns(box):
            _mark(box)


def warns(element: Any) -> bool:
    """Whether a class says so: "warning", "alert-danger"."""
    return any(map(is_warning, element.get("class", "").split()))


def _mark(box: Any) -> None:
    """Marks the first text of a box that is no heading; a box inside that holds it does so."""
    for element, place in _places(box):
        if element is not box and place == "text" and warns(element):
            return
        text = getattr(element, place) or ""
        if text.strip():
            marked = text if text.lstrip().startswith(WARNING) else f"{WARNING} {text.lstrip()}"
            setattr(element, place, marked)
            return


def _places(box: Any) -> Iterator[tuple[Any, str]]:
    """Where text may stand in a box, in the order of the page: (element, "text" or "tail")."""
    from lxml import etree  # type: ignore[attr-defined]  # compiled, without types

    walk = etree.iterwalk(box, events=("start", "end", "comment"))
    for event, element in walk:
        if event == "start" and (element.tag in PASSED_OVER or element.get("class") == "title"):
            walk.skip_subtree()
        elif event == "start":
            yield element, "text"
        elif element is not box:
            yield element, "tail"
