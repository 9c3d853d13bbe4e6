"""Paragraphs in bold letters over others -> headings, where a text has none but its title.

    <p><b>2. Dogs</b></p>
    <p>Dogs are welcome on a lead.</p>

People who write in Word or in the editor of a help centre mark headings so. Knows no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS, letters_of, line_of
from mm_support.language.sentences import ASKING, COLONS, ENDS

LEVEL, TITLE, ASKED = "h2", "h1", "h6"
LEAST = 2  # such paragraphs, in a text that marks its headings so
MAX_HEADING = 90  # characters
BOLD = ("b", "strong")
TEXTS = ("p", "ul", "ol", "table", "pre", "blockquote", "div")


def mark_bold_headings(tree: Any) -> None:
    """Makes headings of them; of two at the beginning the first is the title. Bold questions over
    paragraphs are headings in any text."""
    asking = [own for own in tree.iter(*BOLD) if _asks_over(own)]
    for own in asking if len(asking) >= LEAST else ():
        own.tag = ASKED
    headings = [own for own in tree.iter(*HEADINGS) if own.tag != ASKED]
    if len(headings) > 1 or any(own.tag != TITLE for own in headings):
        return
    bold = [own for own in tree.iter("p") if _is_bold(own)]
    heads = [own for own in bold if (after := _after(own)) is not None and not _is_bold(after)]
    if len(heads) < LEAST:
        return
    if headings:
        _make(heads)
        return
    first = next(own for own in tree.iter(*TEXTS, "li") if own.tag != "div" and line_of(own))
    titled = first in bold and _after(first) is heads[0]
    _make(heads)
    if titled:
        first.tag = TITLE


def _make(heads: Sequence[Any]) -> None:
    for own in heads:
        own.tag = LEVEL


def _asks_over(own: Any) -> bool:
    """Whether bold letters ask, and begin an element in which a paragraph follows at once."""
    before = own.getprevious() is None and not (own.getparent().text or "").strip()
    after = own.getnext() if before and not (own.tail or "").strip() else None
    return after is not None and after.tag in TEXTS and line_of(own).endswith(ASKING)


def _is_bold(own: Any) -> bool:
    """Whether a paragraph is one line in bold letters that is no sentence, question or label."""
    text = line_of(own)
    if (
        own.tag != "p"
        or not 0 < len(text) <= MAX_HEADING
        or text.endswith((*ENDS, *ASKING, *COLONS))
    ):
        return False
    return "".join(map(letters_of, _outer_bold(own))) == letters_of(own)


def _outer_bold(own: Any) -> Sequence[Any]:
    found = [*own.iter(*BOLD)]
    return [one for one in found if not any(above in found for above in one.iterancestors())]


def _after(own: Any) -> Any:
    """The next element with a text, if it is a paragraph, a list or a table."""
    for other in own.itersiblings():
        if isinstance(other.tag, str) and line_of(other):
            return other if other.tag in TEXTS else None
    return None
