"""Boxes that warn, told by the classes of their elements: <aside class="warning">.

Their text begins with a mark: no part of it is quoted without the rest. Knows no file.
"""

from __future__ import annotations

from typing import Any

from mm_support.knowledge.readers.markup import WARNING, is_warning

BOXES = ("aside", "div", "section", "blockquote")
PASSED_OVER = ("h1", "h2", "h3", "h4", "h5", "h6", "script", "style", "svg", "template")
FIRST_TEXT = (
    "(.//text()[normalize-space() and not("
    + " or ".join(f"ancestor::{tag}" for tag in PASSED_OVER)
    + ")])[1]"
)


def mark_warnings(tree: Any) -> None:
    """Sets the mark before the text of every box that warns."""
    for box in tree.iter(*BOXES):
        if warns(box):
            _mark(box)


def warns(element: Any) -> bool:
    """Whether a class says so: "warning", "alert-danger"."""
    return any(map(is_warning, element.get("class", "").split()))


def _mark(box: Any) -> None:
    for text in box.xpath(FIRST_TEXT):
        holder = text.getparent()
        marked = text if text.lstrip().startswith(WARNING) else f"{WARNING} {text.lstrip()}"
        setattr(holder, "tail" if text.is_tail else "text", marked)
