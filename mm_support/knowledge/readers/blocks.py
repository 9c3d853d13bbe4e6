"""HTML -> blocks, as a reader of the page would see them; Markdown is made HTML first.

What no reader sees is left out: comments, scripts, hidden elements, and what is struck through or
leads through a site. Where any of it says something it is reported.
Broken HTML is taken as browsers take it, roughly. Knows no file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mm_support.knowledge.readers.base import MAX_QUOTED, Block, Kind, Remarks, quoted
from mm_support.knowledge.readers.bold_heads import mark_bold_headings
from mm_support.knowledge.readers.columns import is_sentence
from mm_support.knowledge.readers.contents import leads_within
from mm_support.knowledge.readers.elements import HEADINGS, blank_permalinks, line_of
from mm_support.knowledge.readers.labels import LABELLED, label_in_sentence
from mm_support.knowledge.readers.layout import open_layouts
from mm_support.knowledge.readers.letter_spacing import unspaced
from mm_support.knowledge.readers.note_places import place_notes
from mm_support.knowledge.readers.panels import is_hidden, unfold
from mm_support.knowledge.readers.style_rules import hide_by_style
from mm_support.knowledge.readers.tables import Cell, grid_lines, span
from mm_support.knowledge.readers.warned import mark_warnings
from mm_support.language.fences import fenced
from mm_support.language.sentences import ASKING, COLONS

Blocks = tuple[tuple[Block, ...], tuple[str, ...]]  # with the addresses of their links

UNSEEN = frozenset(
    ["script", "style", "template", "noscript", "head", "svg", "iframe", "object"]
    + ["select", "textarea", "canvas", "audio", "video", "dialog", "math"]
)  # fmt: skip
BREAKING = frozenset(
    ["p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "hr"]
    + ["dl", "dt", "dd", "figure", "figcaption", "details", "address", "form", "fieldset", "body"]
    + ["html", "center", "caption", "li", "pre", "tr", "td", "th"]
)  # fmt: skip
FOLDED = 7  # level of a heading that opens and closes with what it folds away
LEVELS = {tag: level for level, tag in enumerate(HEADINGS, 1)} | {"summary": FOLDED}
LISTS = ("ul", "ol", "menu")
TABLE_PARTS = ("thead", "tbody", "tfoot", "form")
LINK = "link"  # an <a> that leads somewhere
MAX_SPACED = 300  # characters of a line whose letters may be spaced out
MAX_DEPTH = 100  # elements inside each other; what lies deeper is taken as plain text
RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
BOLD = ("b", "strong")
STRUCK = ("s", "del", "strike")
STRIKES = re.compile(r"text-decoration[\w-]*\s*:[^;]*line-through", re.IGNORECASE)
FOLDS = re.compile(r"<button|<style|\shidden|aria-|display\s*:|visibility\s*:", re.IGNORECASE)
SENTENCE = re.compile(r"\w[.!?](?:\s|$)|[。！？]")
TRAIL = re.compile(r"\s*[›»>→]\s*|\s+/\s+")  # between the parts of a way through a site
MARKING = ("class", "id", "aria-label", "itemtype")
BREADCRUMB = re.compile(r"(?:^|[\s/])bread-?crumbs?(?:-?list)?(?=\s|$)", re.IGNORECASE)
_NOTE = re.compile(r"\[(\d{1,3})\]|[↩↑↵^\ufe0e\ufe0f]{1,3}")
LINE = "<!--line {}-->"  # before what begins on a line of the file
_LINE = re.compile(r"line (\d+)")
_BLANKS = re.compile(r"[ \t\n\r\f\v\u00a0]+")
# Chinese paragraphs begin with two wide blanks
_LINE_BLANKS = re.compile(r"[ \t\f\v\u00a0\u3000]*\n[ \t\f\v\u00a0\u3000]*")


def html_blocks(html: str, remarks: Remarks, line: int = 0) -> Blocks:
    """Blocks and links of a piece of HTML. line: of the file, where no comment LINE tells."""
    if not html.strip():
        return (), ()
    return tree_blocks(parsed(html, remarks), remarks, line)


def parsed(html: str, remarks: Remarks) -> Any:
    """The tree of a page, or of a piece of one."""
    from lxml import html as lxml

    parser = lxml.HTMLParser(encoding="utf-8", huge_tree=True)
    # as bytes: a text that declares an encoding of its own is refused
    tree = lxml.document_fromstring(f"<html>{html}".encode("utf-8", "ignore"), parser)
    if any("depth" in error.message for error in parser.error_log):
        remarks.skip(0, "its elements are nested too deep; what follows was not read")
    if "<style" in html:
        hide_by_style(tree)
    if FOLDS.search(html):
        unfold(tree)
    blank_permalinks(tree)
    mark_bold_headings(tree)
    place_notes(tree)
    return tree


def tree_blocks(tree: Any, remarks: Remarks, line: int = 0) -> Blocks:
    """The same of a tree."""
    _flatten(tree)
    open_layouts(tree)
    mark_warnings(tree)
    reader = _Reader(remarks, line)
    reader.read(tree)
    return tuple(reader.blocks), tuple(reader.links)


def _flatten(tree: Any) -> None:
    """Makes text of what lies deeper than MAX_DEPTH."""
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    depth, deep = 0, []
    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, own in walk:
        depth += 1 if event == "start" else -1
        if event == "start" and depth == MAX_DEPTH and len(own):
            walk.skip_subtree()
            deep.append(own)
    for own in deep:
        etree.strip_elements(own, *UNSEEN, with_tail=False)
        own.text = own.text_content()
        del own[:]


class _Reader:
    """Collects the blocks of a tree."""

    def __init__(self, remarks: Remarks, line: int) -> None:
        self.blocks: list[Block] = []
        self.links: list[str] = []
        self._remarks, self._line = remarks, line
        self._started = 0  # the line on which the open paragraph began
        self._inline: list[str] = []  # text of the open paragraph
        self._texts: list[str] | None = None  # what the open list item or cell holds
        self._pictures: list[str] = []  # with _linked of the next block
        self._linked = 0  # characters of links
        self._leads: tuple[str, ...] = ()  # where the items of a list lead
        self._leading = ""  # the text of its first link
        self._heading = 0  # level of the open heading
        self._term = ""  # whose meaning follows
        self._asked = False  # whether a term that asks is open, as a heading
        self._open: Counter[str] = Counter()  # tags of the elements that are open

    def read(self, element: Any) -> None:
        """An element with all that is in it; the blocks are whole when this returns."""
        self._element(element)
        self._flush()

    def _element(self, own: Any) -> None:
        tag, attributes = own.tag, own.attrib  # most elements have none
        if not isinstance(tag, str):
            self._comment(own.text or "")
        elif tag == "nav" or attributes and is_breadcrumb(attributes):
            self._flush()
            self._remarks.skip_navigation(self._line, own.itertext())
        elif tag in UNSEEN:
            pass
        elif attributes and is_hidden(attributes):
            remark_hidden(self._remarks, self._line, own)
        elif tag in STRUCK or attributes and STRIKES.search(attributes.get("style", "")):
            self._struck(own)
        elif (tag in LISTS or tag == "dl") and self._is_contents(own):
            self._flush()
            self._remarks.skip_navigation(self._line, own.itertext())
        elif tag in LISTS:
            self._list(own)
        elif tag == "table":
            self._table(own)
        elif tag in BREAKING or tag in LEVELS:
            self._block(own)
        elif tag == "a" and (note := _note(own)):
            self._text(self._raised(note))
        else:
            self._within_line(own)

    def _struck(self, own: Any) -> None:
        """What was taken back, such as the price before."""
        if said := line_of(own):
            self._remarks.skip(self._line, f"{quoted(said)} is struck through and was left out")

    def _comment(self, text: str) -> None:
        if line := _LINE.fullmatch(text):
            self._line = int(line[1])

    def _block(self, own: Any) -> None:
        """An element that begins and ends a line."""
        self._flush()
        self._end_asked(own.tag)
        if self._term_of(own):
            return
        level = LEVELS.get(own.tag) or _level(own)
        self._asked = self._asked or own.tag == "dt" and bool(level) and self._texts is None
        self._heading = level or self._heading
        self._children(own, own.tag, "code" if own.tag == "pre" and _is_code(own) else "text")
        if level:
            self._heading = 0
        if own.tag == "details" and self._texts is None:
            self.blocks.append(Block("end", level=FOLDED))
        if own.tag == "section" and self._texts is None:
            self._end_section(own)
        if own.tag == "dl":
            self._end_asked("dt")

    def _end_section(self, own: Any) -> None:
        """What follows a section with a heading and a text is not under its heading."""
        levels = [LEVELS[heading.tag] for heading in own.iter(*LEVELS)]
        goes_on = own.getnext() is not None or (own.tail or "").strip()
        if levels and goes_on and self.blocks and self.blocks[-1].kind != "heading":
            self.blocks.append(Block("end", level=min(levels)))

    def _term_of(self, own: Any) -> bool:
        """Whether an element is a term, which is kept for its meaning; one that asks is none."""
        after = next(own.itersiblings("dd", "dt"), None) if own.tag == "dt" else None
        text = "".join(own.itertext()).strip() if after is not None else ""
        if not text or text.endswith(ASKING):
            return False
        self._children(own, own.tag)
        term, self._inline = _as_text("".join(self._inline)), []
        self._term = ", ".join(filter(None, [self._term, term]))
        return True

    def _end_asked(self, tag: str) -> None:
        """A term that asks stands over what is said up to the next one. tag: of what follows."""
        if tag == "dt" and self._asked and self._texts is None:
            self.blocks.append(Block("end", level=FOLDED))
            self._asked = False

    def _defined(self, text: str) -> str:
        """A text behind the term that it says the meaning of."""
        term, self._term = self._term, ""
        colon = "" if term.endswith(COLONS) else ":"
        return f"{term}{colon} {text}".strip() if term else text

    def _end_term(self) -> None:
        """A term before a list or a table is a line of its own."""
        if self._term:
            self._emit("text", self._defined(""))

    def _within_line(self, own: Any) -> None:
        """An element that stands in a line of text."""
        address = own.get("href") if own.tag == "a" else None
        if own.tag == "br":
            self._inline.append("\n" if self._open["pre"] else "\v")
        elif own.tag in LABELLED:
            self._labelled(own)
        elif address:
            self.links.append(address)
            self._leading = self._leading or line_of(own)
            self._children(own, LINK)
        else:
            begins = own.tag in BOLD and not any(piece.strip() for piece in self._inline)
            self._children(own, own.tag)
            if begins and "".join(own.itertext()).strip().endswith(ASKING):
                self._inline.append("\v")  # a question in bold letters is a line of its own

    def _children(self, own: Any, name: str, ends: Kind | None = None) -> None:
        """name: what the element counts as while it is open. ends: the kind of paragraph that it
        ends, if it does.
        """
        self._open[name] += 1
        self._text(own.text)
        for child in own:
            self._element(child)
            self._text(child.tail)
        if ends:
            self._flush(ends)
        self._open[name] -= 1

    def _text(self, text: str | None) -> None:
        if not text:
            return
        if not self._inline and not text.isspace():
            self._started = self._line
        if self._open["sup"] and len(text) < 4:
            text = self._raised(text)
        if self._open[LINK]:
            self._linked += len(text.strip())
        self._inline.append(text)

    def _raised(self, text: str) -> str:
        """Raised figures; those of a note are kept apart from a number: 50<sup>1</sup> euros."""
        apart = text[:1].isdecimal() and "".join(self._inline[-1:])[-1:].isdecimal()
        return " " * apart + text.translate(RAISED)

    def _labelled(self, own: Any) -> None:
        """A picture or a button; its name is read where a sentence says it ("Press [Save]")."""
        if own.tag == "img":
            address = (own.get("src") or own.get("data-src") or "").strip()
            self._pictures += [address] if address else []
        if label := label_in_sentence(own):
            self._text(label)
        else:
            self._inline.append(" ")

    def _inside(self, own: Any) -> list[str]:
        """The texts of a list item or a cell, and what stands behind it in the list or row."""
        before, self._texts = self._texts, []
        self._element(own)
        self._text(own.tail)
        self._flush()
        found, self._texts = self._texts, before
        return found

    def _is_contents(self, own: Any) -> bool:
        """Whether a list is the page's contents; one that a text announces, or that lies in an item
        or a cell, says something."""
        return self._texts is None and not self._is_announced() and leads_within(own)

    def _is_announced(self) -> bool:
        """Whether what stands before ends with a colon."""
        before = "".join(self._inline).strip() or next((b.text for b in self.blocks[-1:]), "")
        return before.endswith(COLONS)

    def _list(self, own: Any) -> None:
        self._flush()
        self._end_term()
        line, ordered, announced = self._line, own.tag == "ol", self._is_announced()
        self._text(own.text)
        self._flush()
        items: list[list[str]] = []
        leads: list[str] = []
        for child in own.iterchildren("*"):
            if child.tag == "li" or not items:
                items.append([])
                leads.append(_lead(child))
            items[-1] += self._inside(child)
        start = own.get("start", "")
        first = int(start) if start.isdecimal() and len(start) < 9 else 1
        markers = [f"{first + at}. " if ordered else "- " for at in range(len(items))]
        said = tuple(_item(marker, texts) for marker, texts in zip(markers, items) if texts)
        if said and self._texts is None and not ordered and not announced:
            self._leads = tuple(lead for lead, texts in zip(leads, items) if texts)
        if said:
            self._emit("steps" if ordered else "list", "\n".join(said), said, line)

    def _table(self, own: Any) -> None:
        self._flush()
        self._end_term()
        line, caption = self._line, self._caption(own)
        rows = tuple(grid_lines(list(self._rows(own))))
        if rows and caption:
            self.blocks.append(Block("heading", caption, FOLDED, line))
        if rows:
            self._emit("table", "\n".join(rows), rows, line)
        if rows and caption:
            self.blocks.append(Block("end", level=FOLDED))

    def _caption(self, own: Any) -> str:
        """What a table is called, taken out of it; "" for a caption that is a text, and where the
        table lies in a list item or another table."""
        caption = next(own.iterchildren("caption"), None)
        if caption is None or self._texts is not None or is_hidden(caption.attrib):
            return ""
        text = line_of(caption)
        if not text or is_sentence(text):
            return ""
        caption.drop_tree()
        return text

    def _rows(self, own: Any, in_head: bool = False) -> Iterator[list[Cell]]:
        """The rows of a table or of a part of it; what stands between them is a row of one cell."""
        yield from _row_beside(own.text)
        for child in own.iterchildren("*"):
            if child.tag in TABLE_PARTS:
                yield from self._rows(child, child.tag == "thead")
                yield from _row_beside(child.tail)
            elif child.tag == "tr":
                yield [self._cell(cell, in_head) for cell in child.iterchildren("*")]
                yield from _row_beside(child.text, child.tail)
            else:
                yield [self._cell(child, in_head)]

    def _cell(self, own: Any, in_head: bool) -> Cell:
        listed = (text.removeprefix("- ").replace("\n- ", ", ") for text in self._inside(own))
        text = " ".join(" ".join(listed).split())
        plain = own.xpath(".//text()[not(ancestor::b or ancestor::strong)]")
        bold = not any(part.strip() for part in plain)
        spans = span(own.get("colspan", "")), span(own.get("rowspan", ""))
        return Cell(text, in_head or own.tag == "th", bold, *spans)

    def _flush(self, kind: Kind = "text") -> None:
        """Ends the paragraph that is open."""
        if self._inline or self._pictures:
            text = "".join(self._inline)
            self._inline = []
            marked = kind == "code" and not self._open["td"] + self._open["th"]
            text = _as_code(text, marked) if self._open["pre"] else _as_text(text)
            text = self._defined(text) if text else text
            self._emit(kind, fenced(text) if marked and text else text)
        self._started = 0

    def _emit(self, kind: Kind, text: str, parts: tuple[str, ...] = (), line: int = 0) -> None:
        """A finished piece goes to the cell or the item that is open, or becomes a block."""
        if self._texts is not None:
            self._texts += [text] if text else []
        elif text or self._pictures:
            self._add_block(kind, text, parts, line or self._started or self._line)

    def _is_trail(self, text: str) -> bool:
        """Whether a paragraph above all others tells where in its site the page lies: a link, and
        marks between it and what is below ("Home > Billing").
        """
        first, *below = TRAIL.split(text)
        on_top = not self._heading and all(block.kind == "heading" for block in self.blocks)
        linked = on_top and bool(below) and first == self._leading
        return linked and "\n" not in text and not SENTENCE.search(text)

    def _add_block(self, kind: Kind, text: str, parts: tuple[str, ...], line: int) -> None:
        trail = kind == "text" and not self._pictures and self._is_trail(text)
        pictures, linked, leads = tuple(self._pictures), self._linked, self._leads
        self._pictures, self._linked, self._leading, self._leads = [], 0, "", ()
        if trail:
            self._remarks.skip_navigation(line, [text])
            return
        level = self._heading if text else 0
        if self._heading:
            kind, text = "heading", text.replace("\n", " ")
        markers = sum(len(part) - len(part.lstrip(" -.0123456789")) for part in parts)
        share = min(1.0, linked / max(1, len(text) - markers - text.count("\n")))
        self.blocks.append(Block(kind, text, level, line, None, parts, pictures, share, leads))


def _is_code(own: Any) -> bool:
    """Whether a <pre> is code: a text that was typed with its lines holds sentences, and no further
    elements.
    """
    return len(own) > 0 or not SENTENCE.search(own.text or "")


def _level(own: Any) -> int:
    """The level of a heading that an element is which defines no term but asks; 0 for others."""
    asks = own.tag == "dt" and "".join(own.itertext()).strip().endswith(ASKING)
    return FOLDED if asks and next(own.itersiblings("dd"), None) is not None else 0


def _note(link: Any) -> str:
    """The number of a note, [1], that a link leads to or back from; a blank for an arrow back, and
    "" for other links."""
    text = link.text_content().strip()
    found = _NOTE.fullmatch(text) if link.get("href", "").startswith("#") else None
    return found[1] or " " if found else ""


def _lead(item: Any) -> str:
    """Where a list item leads that is a link with no more than a remark behind it; "" for one that
    says something itself: a sentence, or a figure.
    """
    link = next(item.iter("a"), None)
    name = "" if link is None else line_of(link)
    text = line_of(item)
    if link is None or not name or not text.startswith(name):
        return ""
    said = text[len(name) :]
    return "" if SENTENCE.search(said) or re.search(r"\d", said) else link.get("href", "")


def _row_beside(*texts: str | None) -> list[list[Cell]]:
    """A row of what stands in a table outside of its cells, if anything does."""
    text = _as_text(" ".join(filter(None, texts)))
    return [[Cell(text)]] if text else []


def _item(marker: str, texts: list[str]) -> str:
    """A list item, all lines but the first indented."""
    indent = "\n  " if marker == "- " else "\n   "
    return marker + indent.join("\n".join(texts).split("\n"))


def remark_hidden(remarks: Remarks, line: int, own: Any) -> None:
    """Reports a hidden text that is left out, if it holds a sentence or is as long as one."""
    text = line_of(own)
    if len(text) > MAX_QUOTED or SENTENCE.search(text):
        remarks.skip(line, f"{quoted(text)} is hidden and was left out")


def is_breadcrumb(attrs: Mapping[str, str]) -> bool:
    """Whether an element says that it shows where in its site a page lies."""
    return any(BREADCRUMB.search(attrs.get(name, "")) for name in MARKING)


def _as_text(text: str) -> str:
    """One line a line that the page breaks itself; all other blanks are one space."""
    if text.isspace():  # most of what stands between elements
        return ""
    text = unspaced(text) if len(text) <= MAX_SPACED else text
    text = _BLANKS.sub(" ", text.replace("\v", "\0")).replace("\0", "\n")
    return _LINE_BLANKS.sub("\n", text).strip()


def _as_code(text: str, whole: bool) -> str:
    """Lines of code. whole: whether blank ones within it may stay, as nothing cuts it there."""
    lines = [line.rstrip() for line in text.replace("\v", "\n").split("\n")]
    if not whole:
        return "\n".join(filter(None, lines))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n"))
