"""Pictures and buttons in a sentence -> the words that they stand for: "Press [Save] to keep it".

Elsewhere a picture's alternative text describes it, and a button does something on the page: both
are no text. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mm_support.knowledge.readers.elements import line_of
from mm_support.language.sentences import COLONS, ENDS

LABELLED = ("button", "input", "img")
CODE = ("code", "kbd", "samp", "tt", "var")
MARKED = ("b", "i", "u", "em", "strong", "span", "small", "font", "mark", "abbr", "cite")
INLINE = (*CODE, *MARKED, "a", "label")
NAMED = ("submit", "button", "reset", "text", "")  # kinds of <input> that show their value
NEAR = 20  # elements before it in which its line's text is looked for
LONGEST = 40  # characters of a name; longer ones describe a picture


def label_in_sentence(own: Any) -> str:
    """The name of a picture or a button where it is a word of a sentence, else ""."""
    label = _label(own)
    if not label or len(label) > LONGEST:
        return ""
    before, after = around(own)
    ended = not before or before.endswith((*ENDS, *COLONS))
    goes_on = bool(after) and not (ended and after[0].isupper())
    return label if goes_on or own.tag != "img" and not ended else ""


def _label(own: Any) -> str:
    if own.tag == "img":
        label, address = own.get("alt", ""), own.get("src", "")
        captioned = own.get("title") or label and address.endswith(label)
        return "" if captioned else " ".join(label.split())
    if own.tag == "input":
        shown = own.get("type", "").lower() in NAMED
        return " ".join(own.get("value", "").split()) if shown else ""
    return line_of(own)


def around(own: Any) -> tuple[str, str]:
    """The text right before and right behind an element in its line."""
    while True:
        before, after, above = _before(own), (own.tail or "").strip(), own.getparent()
        if before or after or above is None or above.tag not in INLINE:
            return before, after
        own = above


def _before(own: Any) -> str:
    """The text that stands in the line itself, not in a part of it that is marked."""
    return next((text for text in _texts_before(own) if text), "")


def _texts_before(own: Any) -> Iterator[str]:
    for sibling in islice(own.itersiblings(preceding=True), NEAR):
        yield (sibling.tail or "").strip()
        if isinstance(sibling.tag, str) and sibling.tag not in (*INLINE, *LABELLED):
            return  # a line ends there
    parent = own.getparent()
    yield ((parent.text if parent is not None else "") or "").strip()
