"""EPUB -> one document: the chapters in the order in which the book shows them. Runs in the
sandbox.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from mm_support.knowledge.readers.base import Block, Document, File, Remarks
from mm_support.knowledge.readers.blocks import html_blocks
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.markdown import split_questions, titled
from mm_support.knowledge.readers.packed_xml import Parts, attribute, local, xml_tree

CONTAINER = "META-INF/container.xml"
PAGES = ("application/xhtml+xml", "text/html")


def read_book(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file."""
    parts = Parts(file.data)
    if "META-INF/encryption.xml" in parts.names and "META-INF/rights.xml" in parts.names:
        remarks.skip(0, "it is protected against copying")
        return
    package = next(
        attribute(own, "full-path")
        for own in xml_tree(parts.read(CONTAINER)).iter()
        if local(own) == "rootfile"
    )
    root = xml_tree(parts.read(package))
    name = next((own.text or "" for own in root.iter() if local(own) == "title"), "").strip()
    blocks: list[Block] = []
    for path in _chapters(root, posixpath.dirname(package)):
        if path in parts.names:
            page, _ = html_blocks(decode(parts.read(path), remarks), remarks)
            blocks += [*page, Block("end", level=1)]
        else:
            remarks.skip(0, f"the chapter '{path}' is not in it")
    title, own = titled(name, tuple(blocks), file.stem)
    questions, own = split_questions(own)
    yield Document(title, own, file.name, questions=tuple(questions))


def _chapters(root, folder: str) -> list[str]:
    """The files of the book in its order, without the one that lists its contents."""
    pages: dict[str, str] = {}
    for own in root.iter():
        kind, contents = attribute(own, "media-type"), attribute(own, "properties")
        if local(own) == "item" and kind in PAGES and "nav" not in contents.split():
            path = posixpath.join(folder, unquote(attribute(own, "href")))
            pages[attribute(own, "id")] = posixpath.normpath(path)
    read = [attribute(own, "idref") for own in root.iter() if local(own) == "itemref"]
    return [pages[one] for one in read if one in pages]
