"""What stands at the edges of many documents is their frame, not their text.

"Was this helpful?", "Last updated ...", lists of related articles: recognised by how often they
repeat, in whatever language. Lines that differ only in a date must repeat in half of all documents.
A title that most documents share names their site: each is called by its own first heading, and
what frames all of them is said once, under the site's name, where it states something (opening
hours, an address). Knows no words but the names of months.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from mm_support.knowledge.passages import states
from mm_support.knowledge.readers.base import Block, Document
from mm_support.knowledge.readers.columns import STATING
from mm_support.knowledge.readers.fields import slug
from mm_support.knowledge.readers.reach import has_contact
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


class Framed(NamedTuple):
    """documents: without what frames them; removed: how often each such text was left out; site:
    what is said once of all, None where nothing is."""

    documents: list[Document]
    removed: Counter[str]
    site: Document | None


def without_frames(documents: Sequence[Document]) -> Framed:
    """Documents without the blocks that frame them."""
    repeated = _repeated(documents, _key, LEAST_SHARE)
    repeated |= _repeated(documents, _dated_key, DATED_SHARE)
    removed: Counter[str] = Counter()
    name, site = _site_name(documents), _Site(documents)
    kept = []
    for document in documents:
        blocks = _inner(document.blocks, repeated) if repeated else document.blocks
        same = {id(block) for block in blocks}
        frame = [block for block in document.blocks if id(block) not in same and block.text]
        removed.update(block.text for block in frame)
        if not site.named and document.title == name and any(states(block.text) for block in frame):
            site.named = tuple(frame)
        document = replace(document, blocks=(*blocks, *site.own(document)))
        kept.append(_called_itself(document) if document.title == name else document)
    site.called = [text for text, times in removed.items() if _calls_all(text, times, documents)]
    whole = site.document(name)
    for block in whole.blocks if whole else ():
        del removed[block.text]
    return Framed(kept, removed, whole)


def _calls_all(text: str, times: int, documents: Sequence[Document]) -> bool:
    """Whether a text that frames most documents says how to reach the company."""
    return 2 * times > len(documents) and has_contact(text)


class _Site:
    """What is said once of all documents. named: what frames those that are called as the site;
    called: texts that frame most of them and say how to reach the company.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self.named: tuple[Block, ...] = ()
        self.called: Sequence[str] = ()
        self._documents = documents
        self._times = Counter(
            key for document in documents for key in {_key(block) for block in document.frame}
        )
        self._shared: dict[str, Block] = {}
        framed = [document for document in documents if document.frame]
        self._single = len(framed) == 1 and bool(framed[0].site)

    def own(self, document: Document) -> tuple[Block, ...]:
        """What the head or foot of one document of several alone says; the rest is kept to be said
        once. The document's title there is no heading."""
        own: dict[str, Block] = {}
        heading: tuple[Block, ...] = ()
        for block in document.frame:
            if block.kind == "heading":
                heading = (block,) if _key(block) != _plain(document.title) else ()
                continue
            shared = self._single or self._times[_key(block)] > 1
            said = self._shared if shared else own
            said.update((_key(one), one) for one in (*heading, block) if _key(one) not in said)
        return (Block("end", level=1), *own.values()) if own else ()

    def document(self, name: str) -> Document | None:
        """It under the site's name, else that which its pages give, else its own first line."""
        blocks = [*self.named, *self._shared.values()]
        known = {_key(block) for block in blocks}
        blocks += [Block("text", text) for text in self.called if _plain(text) not in known]
        if not blocks:
            return None
        sites = Counter(document.site for document in self._documents if document.site)
        title = name or max(sites, key=sites.__getitem__, default=blocks[0].text.split("\n")[0])
        like = next((own for own in self._documents if own.frame), self._documents[0])
        like = next((own for own in self._documents if own.title == name), like)
        return replace(like, title=title, blocks=tuple(blocks), id=slug(title), questions=())


def _site_name(documents: Sequence[Document]) -> str:
    """The title of most of many documents; "" where they have titles of their own."""
    titles = Counter(document.title for document in documents)
    title, times = titles.most_common(1)[0] if titles else ("", 0)
    return title if times >= LEAST_DOCUMENTS and 2 * times > len(documents) else ""


def _called_itself(document: Document) -> Document:
    """The document under the heading that it begins with, if no other is as high."""
    headings = [block for block in document.blocks if block.kind == "heading"]
    begins = next((block for block in document.blocks if block.text), None)
    if begins is None or begins.kind != "heading":
        return document
    if any(block.level <= begins.level for block in headings if block is not begins):
        return document
    blocks = tuple(block for block in document.blocks if block is not begins or block.pictures)
    return replace(document, title=begins.text, blocks=blocks)


def _repeated(documents: Sequence[Document], key: Callable[[Block], str], share: float) -> set[str]:
    counts = Counter(k for document in documents for k in {*map(key, document.blocks)} - {""})

    def least(text: str) -> float:
        stated = STATED_SHARE if text.endswith(STATING) else 0.0
        return max(LEAST_DOCUMENTS, max(share, stated) * len(documents))

    return {text for text, times in counts.items() if times >= least(text)}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _key(block: Block) -> str:
    """What a block says; of one without a text what it shows."""
    return _plain(block.text) or "\n".join(block.pictures)


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
    while (before := _before_frame(blocks[:last], repeated)) < last:
        last = before
    while first < last and blocks[first].kind != "heading" and _is_frame(blocks[first], repeated):
        first += 1
    return blocks[first:last]


def _before_frame(blocks: Sequence[Block], repeated: set[str]) -> int:
    """How many blocks there are without a last one that is a frame, or without links and what
    repeats over them ("See also").
    """
    last = len(blocks)
    over = last
    while over and (_is_of_links(blocks[over - 1]) or not blocks[over - 1].text):
        over -= 1
    if over < last and over and blocks[over - 1].text and _is_frame(blocks[over - 1], repeated):
        return over - 1
    return last - bool(last and _is_frame(blocks[-1], repeated))


def _is_of_links(block: Block) -> bool:
    return block.linked >= ONLY_LINKS and block.kind in ("list", "text")


def _is_frame(block: Block, repeated: set[str]) -> bool:
    blank = not block.text and not block.pictures
    return blank or _key(block) in repeated or _dated_key(block) in repeated


def _without_link_lists(blocks: Sequence[Block], repeated: set[str]) -> list[Block]:
    """Without headings that repeat and have nothing but links under them."""
    kept: list[Block] = []
    for at, block in enumerate(blocks):
        under = _is_of_links(block)
        head = kept[-1] if kept else None
        ends = at + 1 == len(blocks) or blocks[at + 1].kind in ("heading", "end")
        if under and ends and head and head.kind == "heading" and _key(head) in repeated:
            kept.pop()
        else:
            kept.append(block)
    return kept
