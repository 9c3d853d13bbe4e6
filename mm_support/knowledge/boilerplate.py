"""What stands at the edges of many documents is their frame, not their text.

"Was this helpful?", "Last updated ...", lists of related articles: recognised by how often they
repeat, in whatever language. Lines that differ only in a date must repeat in half of all documents.
Knows no words but the names of months.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from mm_support.knowledge.readers.base import Block, Document
from mm_support.knowledge.readers.columns import STATING
from mm_support.language.detect import language_of
from mm_support.language.units import calendar_words

LEAST_DOCUMENTS = 5  # in which a block must stand to be a frame
LEAST_SHARE = 0.05  # of all documents, likewise
STATED_SHARE = 0.25  # of all documents, for what states something: it may be true of some of them
ONLY_LINKS = 0.8  # share of links from which a list is one of links
DATED_SHARE = 0.5  # of all documents, for a line that differs in its date
MAX_DATED = 60  # characters of such a line
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FIGURES = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")


def without_frames(documents: Sequence[Document]) -> tuple[list[Document], Counter[str]]:
    """Documents without the blocks that frame them, and how often each such text was left out."""
    repeated = _repeated(documents, _key, LEAST_SHARE)
    repeated |= _repeated(documents, _dated_key, DATED_SHARE)
    removed: Counter[str] = Counter()
    kept = []
    for document in documents:
        blocks = _inner(document.blocks, repeated) if repeated else document.blocks
        same = {id(block) for block in blocks}
        removed.update(b.text for b in document.blocks if id(b) not in same and b.text)
        kept.append(replace(document, blocks=blocks))
    return kept, removed


def _repeated(documents: Sequence[Document], key: Callable[[Block], str], share: float) -> set[str]:
    counts = Counter(k for document in documents for k in {*map(key, document.blocks)} - {""})

    def least(text: str) -> float:
        stated = STATED_SHARE if text.endswith(STATING) else 0.0
        return max(LEAST_DOCUMENTS, max(share, stated) * len(documents))

    return {text for text, times in counts.items() if times >= least(text)}


def _key(block: Block) -> str:
    return " ".join(block.text.casefold().split())


def _dated_key(block: Block) -> str:
    """The text without figures and months where it is short and names a year, else ""."""
    if len(block.text) > MAX_DATED or not _YEAR.search(block.text):
        return ""
    months = calendar_words(language_of(block.text))
    bare = _WORD.sub(lambda word: "0" if word[0] in months else word[0], _key(block))
    return _FIGURES.sub("0", bare)


def _inner(blocks: Sequence[Block], repeated: set[str]) -> tuple[Block, ...]:
    """Blocks without the repeated ones at both ends; a document is never left empty."""
    inner = _trimmed(_without_link_lists(_trimmed(blocks, repeated), repeated), repeated)
    return tuple(inner) if any(block.text for block in inner) else tuple(blocks)


def _trimmed(blocks: Sequence[Block], repeated: set[str]) -> Sequence[Block]:
    first, last = 0, len(blocks)
    while last > first and _is_frame(blocks[last - 1], repeated):
        last -= 1
    while first < last and blocks[first].kind != "heading" and _is_frame(blocks[first], repeated):
        first += 1
    return blocks[first:last]


def _is_frame(block: Block, repeated: set[str]) -> bool:
    blank = not block.text and not block.pictures
    return blank or _key(block) in repeated or _dated_key(block) in repeated


def _without_link_lists(blocks: Sequence[Block], repeated: set[str]) -> list[Block]:
    """Without headings that repeat and have nothing but links under them."""
    kept: list[Block] = []
    for at, block in enumerate(blocks):
        under = block.linked >= ONLY_LINKS and block.kind in ("list", "text")
        head = kept[-1] if kept else None
        ends = at + 1 == len(blocks) or blocks[at + 1].kind in ("heading", "end")
        if under and ends and head and head.kind == "heading" and _key(head) in repeated:
            kept.pop()
        else:
            kept.append(block)
    return kept
