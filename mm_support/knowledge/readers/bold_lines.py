"""Lines in bold letters are the headings of a page that has no others.

    <div><b>Opening hours<br></b>Monday to Friday 8:00 - 17:00</div>
    <p><b>Parking: </b><br>Behind the house.</p>

Its list of contents, which says these once more, is left out and reported. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mm_support.knowledge.readers.base import Block, Remarks
from mm_support.knowledge.readers.blocks import BOLD, BREAKING
from mm_support.knowledge.readers.elements import HEADINGS, line_of
from mm_support.language.folding import folded
from mm_support.language.sentences import ASKING, COLONS, may_head, without_step_number

HOLDING = frozenset({"p", "div", "section", "article", "main", "center", "body"})
LEVEL = "h6"  # below whatever heading the page has above them
FEWEST = 2  # lines, and such lines of a list of contents
Line = list[Any]  # the elements with all of its text


def mark_bold_lines(tree: Any) -> None:
    """Makes headings of the bold lines of a page that has none behind the first of them."""
    lines = [line for line in _bold_lines(tree) if _may_head(_text(line).rstrip("".join(COLONS)))]
    announcing = [line for line in lines if _text(line).endswith(COLONS)]
    if 2 * len(announcing) < len(lines):
        lines = [line for line in lines if line not in announcing]
    if len(lines) < FEWEST or _has_headings_behind(tree, lines[0][0]):
        return
    for first, *others in lines:
        text = _text([first, *others]).rstrip("".join(COLONS)).rstrip()
        for own in others:
            own.drop_tree()
        tail, holder = first.tail, first.getparent()
        if holder.tag == "p":  # which holds no heading
            holder.tag = "div"
        first.clear()
        first.tag, first.text, first.tail = LEVEL, text, tail


def without_contents(blocks: Sequence[Block], remarks: Remarks) -> tuple[Block, ...]:
    """The blocks without a list of the headings that follow it."""
    names = {folded(block.text) for block in blocks if block.kind == "heading"}
    kept = list[Block]()
    for block in blocks:
        lines = block.text.split("\n") if block.kind in ("text", "list", "steps") else []
        named = sum(folded(without_step_number(line)) in names for line in lines)
        if named < FEWEST or 2 * named <= len(lines):
            kept.append(block)
        else:
            remarks.skip_navigation(block.line, lines)
    return tuple(kept)


def _text(line: Line) -> str:
    return " ".join("".join(own.text_content() for own in line).split())


def _may_head(text: str) -> bool:
    """Whether a line may be a heading: it names something, or asks."""
    named = any(map(str.isalpha, text))
    return named and (may_head((text,)) or text.endswith(ASKING) and may_head((text[:-1],)))


def _has_headings_behind(tree: Any, first: Any) -> bool:
    """Whether a heading follows an element."""
    elements = list(tree.iter("*"))
    return any(own.tag in HEADINGS for own in elements[elements.index(first) :])


def _bold_lines(tree: Any) -> Iterator[Line]:
    """The elements of each line whose text is all bold, and not all of its paragraph."""
    for holder in list(tree.iter(*HOLDING)):
        if any(own.tag in ("table", "li", "dl", "a", "button") for own in holder.iterancestors()):
            continue
        for line, plain in _lines(holder):
            if _text(line) and not plain:
                yield line


def _lines(holder: Any) -> Iterator[tuple[Line, bool]]:
    """The bold elements of each line of an element, and whether it has other text."""
    line, plain = Line(), bool((holder.text or "").strip())
    for child in holder:
        ends = False
        if child.tag in BOLD:
            line.append(child)
            breaks = [own for own in child.iter("br")]
            ends = bool(breaks) and not _behind(breaks[0], child)
            plain = plain or bool(breaks) and not ends and bool(line_of(child))
        elif child.tag == "br" or child.tag in BREAKING or child.tag in HEADINGS:
            ends = True
        elif isinstance(child.tag, str) and line_of(child):
            plain = True
        if ends:
            yield line, plain
            line, plain = Line(), False
        plain = plain or bool((child.tail or "").strip())
    yield line, plain


def _behind(own: Any, holder: Any) -> str:
    """What stands behind an element in the one that it lies in."""
    texts = [own.tail or ""]
    while own is not holder:
        texts += [line_of(sibling) + (sibling.tail or "") for sibling in own.itersiblings()]
        own = own.getparent()
        texts += [own.tail or ""] if own is not holder else []
    return "".join(texts).strip()
