"""What a Word file holds beside its text: hidden text is taken out, all of it is told.

Comments, deleted text, what stands at the head and foot of pages, diagrams. Runs in the sandbox.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.base import Block, Remarks, quoted
from mm_support.knowledge.readers.packed_xml import xml_tree
from mm_support.knowledge.readers.reach import reaches

DOCUMENT = "word/document.xml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LEAST_LETTERS = 10  # of the head or foot of a page that says more than its number
PARTING = {f"{W}p": "\n", f"{W}tab": " ", f"{W}br": " ", f"{W}cr": " "}
OFF = ("0", "false", "off", "none")
_EDGE = re.compile(r"word/(?:header|footer)\d*\.xml")
_DIAGRAM = re.compile(r"word/(?:diagrams/data|charts/chart)\d*\.xml")


def without_hidden(data: bytes, remarks: Remarks) -> tuple[bytes, tuple[Block, ...]]:
    """The file without the texts that Word does not show, and what the head and foot of its pages
    say of how to reach the company; what else is left out is told."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = parts.namelist()
        if DOCUMENT not in names:
            return data, ()
        tree = xml_tree(parts.read(DOCUMENT))
        hidden = [run for run in tree.iter(f"{W}r") if _is_hidden(run)]
        _remark_hidden(hidden, remarks)
        _remark_changes(tree, names, remarks)
        edges = dict.fromkeys(filter(None, (_text(parts.read(n)) for n in names if _EDGE.match(n))))
        for text in [text for text in edges if not reaches(text)]:
            remarks.skip(0, f"{quoted(text)} stands at the head or foot of pages and was left out")
        if diagrams := sum(map(bool, map(_DIAGRAM.match, names))):
            remarks.skip(0, f"{diagrams} diagrams were not read; write out what they say")
        frame = tuple(Block("text", text) for text in edges if reaches(text))
        return _replaced(parts, tree) if hidden else data, frame


def _is_hidden(run: Any) -> bool:
    mark = run.find(f"{W}rPr/{W}vanish")
    return mark is not None and mark.get(f"{W}val", "1") not in OFF


def _remark_hidden(hidden: list[Any], remarks: Remarks) -> None:
    texts = "".join(text for run in hidden for text in _texts(run))
    if texts.strip():
        remarks.skip(0, f"{quoted(texts)} is hidden and was left out")
    for run in hidden:
        run.getparent().remove(run)


def _remark_changes(tree: Any, names: list[str], remarks: Remarks) -> None:
    deleted = "".join(own.text or "" for own in tree.iter(f"{W}delText"))
    if deleted.strip():
        remarks.skip(0, f"{quoted(deleted)} is deleted in a tracked change and was left out")
    comments = {own.get(f"{W}id") for own in tree.iter(f"{W}commentReference")}
    if comments and "word/comments.xml" in names:
        remarks.skip(0, f"{len(comments)} comments were left out")


def _text(xml: bytes) -> str:
    """The paragraphs of a header or footer, a line each; "" for no more than a number."""
    said = "".join(map(_said, xml_tree(xml).iter()))
    lines = (" ".join(line.split()) for line in said.splitlines())
    text = "\n".join(dict.fromkeys(filter(None, lines)))  # a text box is there twice
    long = len(re.sub(r"[\W\d_]", "", text)) >= LEAST_LETTERS
    return text if long or reaches(text) else ""


def _said(own: Any) -> str:
    return own.text or "" if own.tag == f"{W}t" else PARTING.get(own.tag, "")


def _texts(tree: Any) -> Iterator[str]:
    return (own.text or "" for own in tree.iter(f"{W}t"))


def _replaced(parts: zipfile.ZipFile, tree: Any) -> bytes:
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in parts.infolist():
            own = part.filename == DOCUMENT
            copy.writestr(part.filename, etree.tostring(tree) if own else parts.read(part))
    return out.getvalue()
