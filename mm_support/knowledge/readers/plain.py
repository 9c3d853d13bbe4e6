"""Plain text -> one document: paragraphs, lists and underlined headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mm_support.knowledge.readers.base import Block, Document, File, Kind, Remarks
from mm_support.knowledge.readers.encoding import decode

MAX_TITLE = 120  # characters; a longer first line is text
_STEP = re.compile(r"\s*\d{1,2}[.)]\s")
_ITEM = re.compile(r"\s*[-*•]\s")
_RULE = re.compile(r"\s*([=\-~*#])\1{2,}\s*$")


def read_plain(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file; a short first line that ends no sentence is its title. It stays in
    the text where the next one looks alike: both may be facts."""
    lines = decode(file.data, remarks).split("\n")
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if not filled:
        return
    first, *others = (lines[at].strip() for at in filled[:2])
    title = file.stem
    if others and _is_label(first):
        title = first.rstrip(":：")
        if first.endswith((":", "：")) or not _is_label(others[0]) or _is_marked(others[0]):
            lines[filled[0]] = ""
    yield Document(title, tuple(_blocks(lines)), file.name)


def _is_label(line: str) -> bool:
    return len(line) <= MAX_TITLE and line[-1] not in ".!。！;；,，"


def _is_marked(line: str) -> bool:
    """Whether a line is of a list, a rule, or asks: none looks like a fact above it."""
    return line[-1] in "?？؟" or any(mark.match(line) for mark in (_STEP, _ITEM, _RULE))


def _blocks(lines: list[str]) -> Iterator[Block]:
    group: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], 1):
        if _RULE.match(line) and len(group) == 1:
            yield Block("heading", group[0][1].strip(), 2, group[0][0])
            group = []
        elif line.strip() and not _RULE.match(line):
            group.append((number, line.rstrip()))
        elif group:
            yield _block(group)
            group = []


def _block(group: list[tuple[int, str]]) -> Block:
    lines = [line for _, line in group]
    kind: Kind = "text"
    if sum(map(bool, map(_STEP.match, lines))) > 1:
        kind = "steps"
    elif all(map(_ITEM.match, lines)):
        kind = "list"
    parts = tuple(lines) if kind == "list" else ()
    return Block(kind, "\n".join(lines).strip(), line=group[0][0], parts=parts)
