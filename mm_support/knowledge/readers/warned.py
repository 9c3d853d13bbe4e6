"""Boxes that warn, told by the classes of their elements: <aside class="warning">.

Their text begins with a mark: no part of it is quoted without the rest. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS, line_of
from mm_support.knowledge.readers.markup import WARNING, is_warning
from mm_support.language.sentences import may_head

LISTS = ("ul", "ol", "dl", "table")
BELOW = ("p", "div", *LISTS)  # what stands below a title
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
    """Marks the first text of a box that is no heading; a box inside that holds it does so. A title
    goes in front of the text below it.
    """
    title = ""
    for element, place in _places(box):
        if element is not box and place == "text" and warns(element):
            return
        text = (getattr(element, place) or "").lstrip().removeprefix(WARNING).lstrip()
        below = _titled_by(box, element, text.rstrip()) if text and not title else None
        if below is not None and below.tag not in LISTS:
            title = f"{text.rstrip()}: "
            setattr(element, place, "")
        elif text:
            own = text if below is None else f"{text.rstrip()}:"
            setattr(element, place, f"{WARNING} {title}{own}")
            return


def _titled_by(box: Any, element: Any, text: str) -> Any:
    """What a text of a box is the title of: what stands below it, where it alone is a short line
    that ends as none does that goes on. None otherwise.
    """
    while element is not box and element.getparent() is not box:
        element = element.getparent()
    inside = element is not box and isinstance(element.tag, str)  # no comment
    alone = inside and line_of(element) == " ".join(text.split())
    below = element.getnext() if alone and not (element.tail or "").strip() else None
    return below if below is not None and below.tag in BELOW and may_head([text]) else None


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
