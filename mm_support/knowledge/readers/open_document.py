"""ODT and ODS, as LibreOffice saves them -> one document, or one a row of each sheet that is seen.

A text is made HTML first: headings, lists, tables, bold letters, notes, pictures. Comments, deleted
and hidden texts are left out and told. Runs in the sandbox.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mm_support.knowledge.readers.base import Document, File, Remarks, quoted
from mm_support.knowledge.readers.blocks import html_blocks
from mm_support.knowledge.readers.delimited import table_documents
from mm_support.knowledge.readers.groups import Row
from mm_support.knowledge.readers.markdown import split_questions, titled
from mm_support.knowledge.readers.packed_xml import Parts, attribute, local, xml_tree
from mm_support.knowledge.readers.word import save_picture

CONTENT, STYLES = "content.xml", "styles.xml"
PICTURES = {"png": ".png", "jpg": ".jpg", "jpeg": ".jpg", "webp": ".webp"}
LEFT_OUT = {"annotation": "comments", "tracked-changes": "tracked changes"}
MAX_ROWS, MAX_COLUMNS = 200_000, 200  # of a sheet
MAX_REPEATED = 1_000  # rows that are said to be alike and hold something
HIDDEN = ("collapse", "filter")
_HEADING = re.compile(r"Heading_20_(\d)")  # as LibreOffice calls it in any language


def read_text(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a text."""
    parts = Parts(file.data)
    body, styles = _opened(parts, "text", remarks)
    if body is None:
        return
    for element in [own for own in body.iter() if local(own) in LEFT_OUT]:
        if said := _line(element):
            remarks.skip(0, f"{LEFT_OUT[local(element)]} were left out: {quoted(said)}")
        _remove(element)
    page = _Page(styles, parts, file, remarks)
    blocks, links = html_blocks(page.inside(body), remarks)
    title, blocks = titled("", blocks, file.stem)
    questions, blocks = split_questions(blocks)
    yield Document(title, blocks, file.name, questions=tuple(questions), links=links)


def read_sheets(file: File, remarks: Remarks) -> Iterator[Document]:
    """The rows of each sheet, in their order."""
    body, styles = _opened(Parts(file.data), "spreadsheet", remarks)
    sheets = [own for own in body if local(own) == "table"] if body is not None else []
    for sheet in sheets:
        name = attribute(sheet, "name")
        if styles.hides(sheet):
            remarks.skip(0, f"sheet '{name}' is hidden")
            continue
        alone = len(sheets) == 1
        for document in table_documents(
            _rows(sheet, remarks), file.stem if alone else name, remarks
        ):
            yield document if alone else replace(document, part=name)


def _opened(parts: Parts, kind: str, remarks: Remarks) -> tuple[Any, _Styles]:
    """The body of a file and its styles; None for one that is of another kind."""
    if b"encryption-data" in parts.read("META-INF/manifest.xml"):
        remarks.skip(0, "it is encrypted; save it anew without a password")
        return None, _Styles([])
    root = xml_tree(parts.read(CONTENT))
    roots = [root, *([xml_tree(parts.read(STYLES))] if STYLES in parts.names else [])]
    bodies = [own for own in root.iter() if local(own) == kind and local(own.getparent()) == "body"]
    if not bodies:
        remarks.skip(0, f"it holds no {kind}")
        return None, _Styles([])
    return bodies[0], _Styles(roots)


class _Styles:
    """What styles say of what is written in them."""

    def __init__(self, roots: list[Any]) -> None:
        every = [own for root in roots for own in root.iter() if local(own) == "style"]
        self._own = {attribute(own, "name"): own for own in every}
        lists = [own for root in roots for own in root.iter() if local(own) == "list-style"]
        self._numbered = {
            attribute(own, "name") for own in lists if local(own[0]).endswith("number") if len(own)
        }

    def says(self, element: Any, name: str) -> str:
        """The value of a property in the style of an element, or in one that it goes back to."""
        parts = (part for style in self._chain(element) for part in (style, *style))
        return next(filter(None, (attribute(part, name) for part in parts)), "")

    def _chain(self, element: Any) -> Iterator[Any]:
        style, depth = self._own.get(attribute(element, "style-name")), 0
        while style is not None and depth < 10:
            yield style
            style, depth = self._own.get(attribute(style, "parent-style-name")), depth + 1

    def level(self, element: Any) -> int:
        """The level of the heading whose style an element has; 0 for another style."""
        for style in self._chain(element):
            named = _HEADING.fullmatch(attribute(style, "name"))
            level = attribute(style, "default-outline-level") or (named[1] if named else "")
            if level.isdecimal():
                return int(level)
        return 0

    def is_named(self, element: Any, name: str) -> bool:
        """Whether the style of an element, or the one that it goes back to, has this name."""
        own = attribute(element, "style-name")
        style = self._own.get(own)
        return name in (own, attribute(style, "parent-style-name") if style is not None else "")

    def is_numbered(self, element: Any) -> bool:
        return attribute(element, "style-name") in self._numbered

    def hides(self, element: Any) -> bool:
        return self.says(element, "display") in ("none", "false")


class _Page:
    """Writes the HTML of a text."""

    def __init__(self, styles: _Styles, parts: Parts, file: File, remarks: Remarks) -> None:
        self._styles, self._parts, self._file, self._remarks = styles, parts, file, remarks

    def inside(self, element: Any, numbered: bool = False) -> str:
        """What an element holds. numbered: whether it lies in a list that is."""
        pieces = [html.escape(element.text or "")]
        for own in element:
            pieces += [self._element(own, numbered), html.escape(own.tail or "")]
        return "".join(pieces)

    def _element(self, own: Any, numbered: bool) -> str:
        name = local(own)
        if name in ("p", "h", "span") and self._styles.hides(own):
            if said := _line(own):
                self._remarks.skip(0, f"{quoted(said)} is hidden and was left out")
            return ""
        if name == "list":
            numbered = self._styles.is_numbered(own) if attribute(own, "style-name") else numbered
            return _tag("ol" if numbered else "ul", self.inside(own, numbered))
        if name == "image":
            return self._picture(own)
        inside = self.inside(own, numbered)
        if name in ("h", "p"):
            tag = self._paragraph(own, name)
            return _tag(tag, self._marked(own, inside) if name == "p" else inside)
        if name == "span":
            return self._marked(own, inside)
        return _other(own, name, inside)

    def _paragraph(self, own: Any, name: str) -> str:
        """The tag of a heading or a paragraph; one in the style of a heading is one."""
        told = attribute(own, "outline-level")
        if level := int(told) if told.isdecimal() else self._styles.level(own):
            return f"h{min(6, level)}"
        return "h1" if name == "h" or self._styles.is_named(own, "Title") else "p"

    def _marked(self, own: Any, inside: str) -> str:
        if self._styles.says(own, "text-line-through-style") not in ("", "none"):
            return _tag("s", inside)
        bold = self._styles.says(own, "font-weight") in ("bold", "700", "800", "900")
        return _tag("b", inside) if bold and inside.strip() else inside

    def _picture(self, own: Any) -> str:
        path = attribute(own, "href")
        ending = PICTURES.get(path.rpartition(".")[2].lower(), "")
        if path not in self._parts.names or not ending or self._file.room is None:
            return ""
        return f'<img src="{save_picture(self._file, self._parts.read(path), ending)}">'


def _other(own: Any, name: str, inside: str) -> str:
    """An element that styles say nothing of."""
    tags = {"list-item": "li", "list-header": "li", "table": "table", "table-row": "tr"}
    if name in tags:
        return _tag(tags[name], inside)
    if name == "table-cell":
        spans = {kind: attribute(own, f"number-{kind}s-spanned") for kind in ("column", "row")}
        columns, rows = spans["column"] or "1", spans["row"] or "1"
        tag = "th" if local(own.getparent().getparent()) == "table-header-rows" else "td"
        marks = f'colspan="{html.escape(columns)}" rowspan="{html.escape(rows)}"'
        return f"<{tag} {marks}>{inside}</{tag}>"
    if name == "a":
        return f'<a href="{html.escape(attribute(own, "href"))}">{inside}</a>'
    if name == "note-body":
        return f" ({_plain(own)})"
    if name == "text-box":
        return _tag("div", inside)
    alone = {
        "line-break": "<br>",
        "tab": " ",
        "s": " ",
        "note-citation": "",
        "covered-table-cell": "",
    }
    return alone.get(name, inside)


def _tag(name: str, inside: str) -> str:
    return f"<{name}>{inside}</{name}>"


def _plain(element: Any) -> str:
    return html.escape(_line(element))


def _line(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def _remove(element: Any) -> None:
    """Takes an element out; the text behind it stays."""
    parent, tail = element.getparent(), element.tail or ""
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


# -- sheets --------------------------------------------------------------------------------


def _rows(sheet: Any, remarks: Remarks) -> Iterator[Row]:
    number, above = 0, list[str]()
    hidden = _hidden_columns(sheet)
    for row in (own for own in sheet.iter() if local(own) == "table-row"):
        times = int(attribute(row, "number-rows-repeated") or 1)
        above = _cells(row, above)
        cells = [cell for at, cell in enumerate(above) if at not in hidden]
        if attribute(row, "visibility") in HIDDEN and any(cells):
            remarks.skip(number + 1, f"row {number + 1} is hidden")
        elif any(cells):
            yield from ((number + at, cells) for at in range(1, min(times, MAX_REPEATED) + 1))
        number += times
        if number > MAX_ROWS and any(cells):
            remarks.skip(number, f"it has more than {MAX_ROWS} rows")
            return


def _hidden_columns(sheet: Any) -> set[int]:
    found, at = set[int](), 0
    for own in (own for own in sheet.iter() if local(own) == "table-column"):
        times = int(attribute(own, "number-columns-repeated") or 1)
        if attribute(own, "visibility") in HIDDEN:
            found |= set(range(at, min(at + times, MAX_COLUMNS)))
        at += times
    return found


def _cells(row: Any, above: list[str]) -> list[str]:
    """The texts of a row; what a merged cell covers says what it does: beside it, or below. One
    that is the whole row, a heading or a note, is said once.
    """
    found: list[str] = []
    alone = sum(local(cell) == "table-cell" and bool(_line(cell)) for cell in row) == 1
    beside = False  # whether the last cell covers those beside it
    for cell in row:
        name = local(cell)
        if name not in ("table-cell", "covered-table-cell"):
            continue
        text = "\n".join(_line(own) for own in cell if local(own) == "p")
        if name == "table-cell":
            beside = attribute(cell, "number-columns-spanned") not in ("", "1")
        elif not text:
            text = found[-1] if beside and found else "".join(above[len(found) : len(found) + 1])
        times = int(attribute(cell, "number-columns-repeated") or 1)
        found += [text] * min(times, MAX_COLUMNS - len(found))
    while found and not found[-1]:
        found.pop()
    return found[:1] if alone and beside and len(set(found)) == 1 else found
