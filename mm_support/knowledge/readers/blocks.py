"""Tags and text -> blocks, as a reader of the page would see them.

Fed with HTML, or with the tokens of a Markdown parser. What no reader sees is left out: comments,
scripts, hidden elements. Broken HTML is taken as browsers take it, roughly. Knows no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from mm_support.knowledge.readers.base import Block, Kind, Remarks
from mm_support.knowledge.readers.tables import Table

Attrs = dict[str, str]

UNSEEN = frozenset(
    ["script", "style", "template", "noscript", "head", "svg", "iframe", "object", "button"]
    + ["select", "textarea", "canvas", "audio", "video", "dialog", "math"]
)  # fmt: skip
VOID = frozenset("img br hr input meta link source wbr col embed area base track param".split())
BREAKING = frozenset(
    ["p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "hr"]
    + ["dl", "dt", "dd", "figure", "figcaption", "details", "address", "form", "fieldset", "body"]
    + ["html", "center", "caption"]
)  # fmt: skip
BOLD = frozenset(["b", "strong"])
HEADINGS = {f"h{level}": level for level in range(1, 7)}
FOLDED = 7  # level of a heading that opens and closes with what it folds away
RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
MARKING = ("class", "id", "aria-label", "itemtype")
BREADCRUMB = re.compile(r"(?:^|[\s/])bread-?crumbs?(?:-?list)?(?=\s|$)", re.IGNORECASE)
COMMENT = re.compile(r"<!--.*?(?:--!?>|\Z)", re.DOTALL)
_BLANKS = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_LINE_BLANKS = re.compile(r"[ \t\f\v\u00a0]*\n[ \t\f\v\u00a0]*")


@dataclass
class _List:
    """An open list: its marker or number, and the lines of each item so far."""

    ordered: bool
    number: int = 1
    line: int = 0
    items: list[list[str]] = field(default_factory=list)
    fresh: bool = False  # whether the next line is the first of its item


class BlockBuilder(HTMLParser):
    """Collects blocks. Call start, end and data, or feed_html; then finish."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.links: list[str] = []
        self.line, self.page = 0, None
        self._inline: list[str] = []
        self._pictures: list[str] = []
        self._linked = self._link_depth = 0
        self._lists: list[_List] = []
        self._tables: list[Table] = []
        self._heading = 0
        self._preformatted = self._raised = self._bold = 0
        self._unseen: list[str] = []
        self._navigation: list[tuple[int, str]] = []  # line and text of what was left out as such
        self._navigating = False
        self._started = 0

    def feed_html(self, html: str) -> None:
        """Reads a piece of HTML; an element may be open at its end, a tag may not."""
        self.feed(COMMENT.sub("", html))
        super().close()

    def finish(self) -> tuple[Block, ...]:
        """The blocks; nothing may be fed any more."""
        while self._tables:
            self.end("table")
        while self._lists:
            self.end("ul")
        self._flush()
        return tuple(self.blocks)

    # -- events of the HTML parser ---------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.start(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        self.end(tag)

    def handle_data(self, data: str) -> None:
        self.data(data)

    # -- what a parser of any kind calls ---------------------------------------------------

    def start(self, tag: str, attrs: Attrs) -> None:
        """An element begins."""
        if self._unseen:
            self._unseen += [tag] if tag == self._unseen[-1] and tag not in VOID else []
        elif tag not in VOID and (tag == "nav" or is_breadcrumb(attrs)):
            self._flush()
            self._unseen.append(tag)
            self._navigating = True
            self._navigation.append((self.line, ""))
        elif tag not in VOID and (tag in UNSEEN or _is_hidden(attrs)):
            self._unseen.append(tag)
        elif tag in HEADINGS or tag == "summary":
            self._flush()
            self._heading = HEADINGS.get(tag, FOLDED)
        elif tag in ("ul", "ol", "menu"):
            self._open_list(tag, attrs)
        elif tag == "table" or self._tables and tag in ("thead", "tr", "td", "th"):
            self._open_in_table(tag, attrs)
        else:
            self._start_inside(tag, attrs)

    def _start_inside(self, tag: str, attrs: Attrs) -> None:
        if tag == "li":
            self._flush()
            self._open_item()
        elif tag == "pre":
            self._flush()
            self._preformatted += 1
        elif tag in BREAKING:
            self._flush()
        elif tag == "br":
            self._inline.append("\n" if self._preformatted else "\v")
        elif tag == "img":
            self._add_picture(attrs)
        elif tag == "a":
            self._open_link(attrs)
        elif tag == "sup":
            self._raised += 1
        elif tag in BOLD:
            self._bold += 1

    def end(self, tag: str) -> None:
        """An element ends; one that was not open is ignored."""
        if self._unseen:
            if tag == self._unseen[-1]:
                self._unseen.pop()
                self._navigating = self._navigating and bool(self._unseen)
        elif tag in HEADINGS or tag == "summary":
            self._flush()
            self._heading = 0
        elif tag in ("ul", "ol", "menu"):
            self._close_list()
        elif self._tables and tag in ("table", "thead", "tr", "td", "th"):
            self._close_in_table(tag)
        else:
            self._end_inside(tag)

    def _end_inside(self, tag: str) -> None:
        if tag == "pre" and self._preformatted:
            self._flush("code")
            self._preformatted -= 1
        elif tag in BREAKING or tag == "li":
            self._flush()
            if tag == "details" and not self._lists and not self._tables:
                self.blocks.append(Block("end", level=FOLDED))
        elif tag == "a":
            self._link_depth = max(0, self._link_depth - 1)
        elif tag == "sup":
            self._raised = max(0, self._raised - 1)
        elif tag in BOLD:
            self._bold = max(0, self._bold - 1)

    def data(self, text: str) -> None:
        """Text inside the elements that are open."""
        if self._unseen:
            self._keep_navigation(text)
            return
        if not self._inline and not text.isspace():
            self._started = self.line
        if self._raised and len(text) < 4:
            text = text.translate(RAISED)
        if self._link_depth:
            self._linked += len(text.strip())
        if self._tables:
            self._tables[-1].write(text, self._bold > 0)
        self._inline.append(text)

    def _keep_navigation(self, text: str) -> None:
        if self._navigating:
            line, before = self._navigation[-1]
            self._navigation[-1] = line, before + text

    def report(self, remarks: Remarks) -> None:
        """Reports what was left out as navigation."""
        for line, text in self._navigation:
            remarks.skip_navigation(line, text)

    # -- links and pictures ----------------------------------------------------------------

    def _open_link(self, attrs: Attrs) -> None:
        if attrs.get("href"):
            self._link_depth += 1
            self.links.append(attrs["href"])

    def _add_picture(self, attrs: Attrs) -> None:
        address = (attrs.get("src") or attrs.get("data-src") or "").strip()
        if address:
            self._pictures.append(address)
        self._inline.append(" ")

    # -- lists -----------------------------------------------------------------------------

    def _open_list(self, tag: str, attrs: Attrs) -> None:
        self._flush()
        start = attrs.get("start", "")
        number = int(start) if start.isdecimal() and len(start) < 9 else 1
        self._lists.append(_List(tag == "ol", number, self.line))

    def _open_item(self) -> None:
        if not self._lists:
            self._lists.append(_List(False, line=self.line))
        self._lists[-1].items.append([])
        self._lists[-1].fresh = True

    def _add_to_item(self, text: str) -> None:
        own = self._lists[-1]
        if not own.items:
            self._open_item()
        place = len(own.items) - 1
        marker = f"{own.number + place}. " if own.ordered else "- "
        lines = text.split("\n")
        if own.fresh:
            lines[0] = marker + lines[0]
        indent = "   " if own.ordered else "  "
        kept = lines[:1] if own.fresh else []
        own.items[-1] += kept + [indent + line for line in lines[len(kept) :]]
        own.fresh = False

    def _close_list(self) -> None:
        self._flush()
        if not self._lists:
            return
        own = self._lists.pop()
        items = ["\n".join(lines) for lines in own.items if lines]
        if items:
            kind: Kind = "steps" if own.ordered else "list"
            self._emit(kind, "\n".join(items), tuple(items), own.line)

    # -- tables ----------------------------------------------------------------------------

    def _open_in_table(self, tag: str, attrs: Attrs) -> None:
        if tag == "table":
            self._flush()
            self._tables.append(Table(len(self._lists), self.line))
        elif tag == "thead":
            self._tables[-1].in_head = True
        elif tag == "tr":
            self._close_cell()
            self._tables[-1].open_row()
        else:
            self._close_cell()
            self._tables[-1].open_cell(attrs, tag == "th")

    def _close_cell(self) -> None:
        self._flush()
        self._tables[-1].close_cell()

    def _close_in_table(self, tag: str) -> None:
        while len(self._lists) > self._tables[-1].lists:
            self._close_list()
        self._close_cell()
        self._tables[-1].in_head = self._tables[-1].in_head and tag != "thead"
        if tag == "table":
            line = self._tables[-1].line
            rows = self._tables.pop().lines()
            if rows:
                self._emit("table", "\n".join(rows), tuple(rows), line)

    # -- blocks ----------------------------------------------------------------------------

    def _flush(self, kind: Kind = "text") -> None:
        """Ends the paragraph that is open."""
        if self._inline or self._pictures:
            text = "".join(self._inline)
            self._inline = []
            self._emit(kind, _as_code(text) if self._preformatted else _as_text(text))
        self._started = 0

    def _emit(self, kind: Kind, text: str, parts: tuple[str, ...] = (), line: int = 0) -> None:
        """A finished piece goes to the cell or the item that is open, or becomes a block."""
        inside_cell = self._tables and len(self._lists) <= self._tables[-1].lists
        if text and inside_cell:
            self._tables[-1].add(text)
        elif text and self._lists:
            self._add_to_item(text)
        elif text or self._pictures and not self._lists and not inside_cell:
            self._add_block(kind, text, parts, line or self._started or self.line)

    def _add_block(self, kind: Kind, text: str, parts: tuple[str, ...], line: int) -> None:
        pictures, linked = tuple(self._pictures), self._linked
        self._pictures, self._linked = [], 0
        level = self._heading
        if level:
            kind, text = "heading", text.replace("\n", " ")
        markers = sum(len(part) - len(part.lstrip(" -.0123456789")) for part in parts)
        share = min(1.0, linked / max(1, len(text) - markers - text.count("\n")))
        self.blocks.append(
            Block(kind, text, level if text else 0, line, self.page, parts, pictures, share)
        )


def _is_hidden(attrs: Attrs) -> bool:
    return "hidden" in attrs or bool(HIDDEN.search(attrs.get("style", "")))


def is_breadcrumb(attrs: Mapping[str, str]) -> bool:
    """Whether an element says that it shows where in its site a page lies."""
    return any(BREADCRUMB.search(attrs.get(name, "")) for name in MARKING)


def _as_text(text: str) -> str:
    """One line a line that the page breaks itself; all other blanks are one space."""
    text = _BLANKS.sub(" ", text.replace("\v", "\0")).replace("\0", "\n")
    return _LINE_BLANKS.sub("\n", text).strip()


def _as_code(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\v", "\n").split("\n")]
    return "\n".join(line for line in lines if line)


def html_blocks(
    html: str, remarks: Remarks, line: int = 0
) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """Blocks and links of a piece of HTML."""
    builder = BlockBuilder()
    builder.line = line
    builder.feed_html(html)
    builder.report(remarks)
    return builder.finish(), tuple(builder.links)
