"""What every reader takes and gives: a file in, documents of blocks out, remarks beside.

Knows no file format and no entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

from mm_support.types import Remark

MAX_FILE_BYTES = 50 * 2**20
MAX_QUOTED = 80  # characters of what a remark quotes
MAX_TOLD = 200  # characters of what an error says
MAX_REASON = 300  # characters of a remark; what it quotes may be a whole page

# what Notion writes behind the name of a page: "Returns 0f3c...", with or without the file's ending
EXPORTED = re.compile(r"[ _-][0-9a-f]{32}(?=\.\w{1,8}$|$)")

Kind = Literal["heading", "text", "list", "steps", "table", "code", "end", "scan"]


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, list, table or piece of code, as a reader sees it.

    text: a table's rows read "header: value; ...". level: of a heading, 1 the highest; "end" closes
    those of its level and below. line: in the file, from 1, or 0. parts: list items or table rows,
    where it may be cut. leads: of a list that nothing announces, the address that each item does no
    more than lead to, or "". pictures: addresses as written. linked: share of the text that is
    links. scan: a page that is one picture, to be read by OCR.
    """

    kind: Kind
    text: str = ""
    level: int = 0
    line: int = 0
    page: int | None = None
    parts: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    linked: float = 0.0
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """What a person knows as one text: an article, a manual, or a row of questions and answers.

    id: as its source names it. file: what pictures' addresses are relative to. row: an answer to
    the questions beside it, not cut into passages unless it is long. part: the sheet of a workbook
    that has several. site: what its page belongs to, by name; frame: what the head or foot of the
    page says of how to reach the company.
    """

    title: str
    blocks: tuple[Block, ...]
    file: str = ""
    line: int = 1
    id: str = ""
    row: bool = False
    questions: tuple[str, ...] = ()
    intent: str = ""
    pictures: tuple[str, ...] = ()
    human_only: bool = False
    language: str = ""
    url: str = ""
    links: tuple[str, ...] = ()
    updated: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    tags: tuple[str, ...] = ()
    part: str = ""
    site: str = ""
    frame: tuple[Block, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks if block.text)


@dataclass(frozen=True)
class File:
    """name: as people know it, relative to what is read. url: of a page. room: an empty folder for
    the pictures that the file holds.
    """

    name: str
    data: bytes
    url: str = ""
    room: Path | None = None

    @property
    def stem(self) -> str:
        """A title for want of a better one."""
        return stem_of(self.name)


def stem_of(name: str) -> str:
    """ "reset-router.md" -> "reset router"."""
    *folders, own = name.split("/")
    stem = EXPORTED.sub("", own.rsplit(".", 1)[0])
    if stem.strip("_").lower() in ("index", "readme"):
        stem = folders[-1] if folders else name
    return stem.replace("-", " ").replace("_", " ").strip() or name


def quoted(text: str) -> str:
    """The beginning of a text, as a remark quotes it."""
    return f"'{' '.join(text.split())[:MAX_QUOTED]}'"


def damaged(error: Exception) -> str:
    """What a remark says of a file that its reader fails on, in a way that no one foresaw."""
    told = f"{type(error).__name__}: {str(error)[:MAX_TOLD]}"
    return f"it seems damaged, or no such file as its name says, and was not read ({told})"


@dataclass
class Remarks:
    """What a reader has to report about one file. skipped: left out, as (file, line, reason);
    warnings: kept but odd; mapping: how columns were understood.
    """

    file: str
    skipped: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    mapping: list[str] = field(default_factory=list)

    def skip(self, line: int, reason: str) -> None:
        """Something was left out."""
        self.skipped.append((self.file, line, reason[:MAX_REASON]))

    def skip_navigation(self, line: int, texts: Iterable[str]) -> None:
        """Links that lead through a site were left out: they say nothing of its matter. texts: of
        its elements.
        """
        self.skip(line, f"{quoted(' '.join(texts))} is navigation and was left out")

    def warn(self, line: int, reason: str) -> None:
        """Something was kept, changed or not, that a person should look at."""
        self.warnings.append((self.file, line, reason[:MAX_REASON]))

    def add(self, others: Remarks) -> None:
        self.skipped += others.skipped
        self.warnings += others.warnings
        self.mapping += others.mapping


class Reader(Protocol):
    """Reads one format. Raises no error for what a file holds: what cannot be read is remarked."""

    def __call__(self, file: File, remarks: Remarks) -> Iterable[Document]: ...
