"""The text of a page that does not say itself where it is: what trafilatura finds, with all that
stands between the lines that it finds.

It takes for navigation what looks like some: a question that opens its answer, is a link to it or
has "back to top" beside it. Knows no file.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import Any

from mm_support.knowledge.readers.base import Remarks
from mm_support.knowledge.readers.blocks import parsed
from mm_support.knowledge.readers.elements import holder_of, letters_of
from mm_support.knowledge.readers.labels import CODE, INLINE, around
from mm_support.knowledge.readers.reach import CALLING

STAYING = ("#", "javascript:", *CALLING)  # addresses that lead to no other page begin so
SHORT = 20  # letters of a line that may stand in another one by chance


@dataclass(frozen=True)
class _Line:
    """A line as a reader sees it. own: the element with the line; address: of the link that says
    all of it, None where none does.
    """

    texts: Sequence[Any]
    own: Any
    address: str | None

    @property
    def letters(self) -> str:
        return "".join("".join(text.split()) for text in self.texts)

    @property
    def kind(self) -> tuple[str, ...]:
        """What lines that the page shows alike have in common."""
        above = self.own.getparent()
        return (self.own.tag, self.own.get("class", ""), above.tag, above.get("class", ""))


def extracted(tree: Any, remarks: Remarks) -> Any:
    """The element with the page's own text, in its own markup; the tree stays as it is."""
    import trafilatura
    from lxml import html

    text = trafilatura.extract(
        html.tostring(_plain(tree), encoding="unicode"),
        output_format="html",
        include_links=True,
        include_images=True,
        include_comments=False,
        favor_recall=True,
    )
    return _with_lost(copy.deepcopy(tree), parsed(text, remarks) if text else tree)


def _plain(tree: Any) -> Any:
    """A copy, the words of its lines without classes and marks of code: trafilatura takes
    class="guimenu" for a menu of the page, and code for a block.
    """
    page = copy.deepcopy(tree)
    within = [own for own in page.iter(*INLINE) if any(around(own)) and not _is_verbatim(own)]
    for own in within:
        own.attrib.pop("class", None)
        if own.tag in CODE:
            own.tag = "span"
    return page


def _is_verbatim(own: Any) -> bool:
    return any(above.tag == "pre" for above in own.iterancestors())


# -- what is lost between the lines that are found ---------------------------------------------


def _with_lost(tree: Any, found: Any) -> Any:
    """The part of the page from the first line found to the last, without the links in it that
    were not found; all of it where none is. Changes the tree.
    """
    lines = list(_lines(tree))
    kept = _kept(lines, found)
    first, last = _ends(kept)
    times = Counter((line.letters, line.address) for line in lines[first:last])
    lost = [not kept[at] and not _leads(line, times) for at, line in enumerate(lines)]
    while last < len(lines) and lost[last] and _calls(lines[last]):  # how to reach the company
        last += 1
    kinds = {lines[at].kind for at in range(first, last) if lost[at]}
    if not any(kept):
        return tree
    for at in reversed(range(first)):  # what opens the first text
        if lost[at] and lines[at].kind not in kinds:
            break
        first = at if lost[at] else first
    for at, line in enumerate(lines):
        if not (kept[at] or lost[at] and first <= at < last):
            _erase(line)
    return holder_of([line.own for line in lines[first:last]])


def _ends(kept: Sequence[bool]) -> tuple[int, int]:
    """From which one to before which one the true ones go."""
    return (kept.index(True), len(kept) - kept[::-1].index(True)) if any(kept) else (0, 0)


def _lines(tree: Any) -> Iterator[_Line]:
    """The lines of a page in its order; what is in one element without breaks or other lines
    between.
    """
    breaks = count()
    nodes = tree.xpath("//body//text()[normalize-space()]|//body//br")
    for own, group in groupby(nodes, lambda node: _block(node) if _is_text(node) else next(breaks)):
        if not isinstance(own, int):
            texts = list(group)
            yield _Line(texts, own, _address(texts))


def _is_text(node: Any) -> bool:
    return isinstance(node, str)


def _holding(text: Any) -> Any:
    """The element that a text stands in."""
    beside = text.getparent()
    return beside.getparent() if text.is_tail else beside


def _block(text: Any) -> Any:
    """The element whose line a text stands in."""
    own = _holding(text)
    while own.tag in INLINE:
        own = own.getparent()
    return own


def _address(texts: Sequence[Any]) -> str | None:
    """Where the link leads that says all of them."""
    links = [next(map(_target, _links_above(_holding(text))), None) for text in texts]
    return None if None in links else links[0]


def _links_above(own: Any) -> Iterator[Any]:
    return (one for one in (own, *own.iterancestors()) if one.tag == "a")


def _target(link: Any) -> str:
    return link.get("href", "")


def _kept(lines: Sequence[_Line], found: Any) -> list[bool]:
    """Which lines of the page are found; a short one as a line of its own."""
    letters, alone = letters_of(found), {line.letters for line in _lines(found)}
    return [
        line.letters in alone or len(line.letters) >= SHORT and line.letters in letters
        for line in lines
    ]


def _leads(line: _Line, times: Counter[tuple[str, str | None]]) -> bool:
    """Whether a line is no more than a link to another page, or one that the page repeats ("back
    to top")."""
    if line.address is None:
        return False
    elsewhere = bool(line.address) and not line.address.startswith(STAYING)
    return elsewhere or times[line.letters, line.address] > 1


def _calls(line: _Line) -> bool:
    """Whether a line has a number to call or an address to write to."""
    links = (link for text in line.texts for link in _links_above(_holding(text)))
    return any(_target(link).startswith(CALLING) for link in links)


def _erase(line: _Line) -> None:
    for text in line.texts:
        setattr(text.getparent(), "tail" if text.is_tail else "text", None)
