"""Lines that lead to other documents: what they say helps to find those, and is no answer itself.

"Repair a damaged filesystem: check if a filesystem is damaged", in an overview of what a help
centre says about disks. Recognised by links that begin with a title of another document that is
read with it, or whose address is that of one, so in any language. Mere names under a heading that
no other document has answer it, and stay: "Which cards do you accept?", "Countries".
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, takewhile
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from mm_support.knowledge.boilerplate import ONLY_LINKS
from mm_support.knowledge.readers.base import Block, Document

LONGEST = 30  # words of a title that is looked for
LEAST = 2  # such lines under a heading; a single one may be what answers a question. Where they are
# half of its links, the others, whose titles are worded otherwise, lead away too
WORD = re.compile(r"\w+")
# the end of a title: nothing more, or a dash and the like
AFTER = re.compile(r"\s*(?:$|[^\w\s]\W*)")
MARKER = re.compile(r"^(?:-|\d+\.) ")
ENDING = re.compile(r"\.\w{1,5}$")
INDEX = ("index", "readme")  # how the page of a folder is called


def without_overviews(documents: Sequence[Document]) -> tuple[list[Document], Counter[str]]:
    """Documents without the lines that lead to others, which are found by what these lines say of
    them; and how many each document lost, by its title.
    """
    places = _Places(documents)
    told: dict[int, dict[str, None]] = defaultdict(dict)  # document -> what leads to it
    headings = Counter(chain.from_iterable(map(_headings, documents)))
    lost, kept = Counter[str](), []
    for at, document in enumerate(documents):
        own = []
        for section in _sections(document.blocks):
            lines = [*chain.from_iterable(map(_links, section))]
            led = [each for each in map(places.led, lines) if each and each[0] != at]
            names = [documents[other].title for other, _ in led]
            answers = _is_headed_once(section, headings) and _are_names(lines, names)
            if answers or len(led) < max(LEAST, len(lines) / 2):
                own += section
                continue
            own += [block for block in section if not _links(block)]
            lost[document.title] += len(lines)
            for other, said in led:
                told[other] |= {said: None} if said else {}
        kept.append(replace(document, blocks=tuple(own)))
    return [replace(one, tags=(*one.tags, *told[at])) for at, one in enumerate(kept)], lost


def _headings(document: Document) -> set[str]:
    """A document's headings, each once."""
    return {block.text.casefold() for block in document.blocks if block.kind == "heading"}


def _is_headed_once(section: Sequence[Block], headings: Mapping[str, int]) -> bool:
    """Whether no other document has a section's heading."""
    head = section[0] if section else Block("text")
    return head.kind == "heading" and headings[head.text.casefold()] == 1


def _are_names(lines: Sequence[_Line], titles: Sequence[str]) -> bool:
    """Whether lines are no more than the titles of what they lead to: Visa, Mastercard."""
    return Counter(_words(line.text) for line in lines) == Counter(map(_words, titles))


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Each heading with what stands below it."""
    section: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            yield section
            section = []
        section.append(block)
    yield section


class _Line(NamedTuple):
    """A line of a block of links. address: that it leads to, if that is known."""

    text: str
    address: str = ""


def _links(block: Block) -> Sequence[_Line]:
    """The lines of a block of links; nothing of another."""
    if block.leads and all(block.leads):
        return [*map(_Line, block.parts, block.leads)]
    linked = block.kind in ("text", "list") and block.linked >= ONLY_LINKS
    return [*map(_Line, block.parts or block.text.splitlines())] if linked else ()


class _Places:
    """Where documents are, as links to them say it, and what they are called."""

    def __init__(self, documents: Sequence[Document]) -> None:
        called = reversed([*enumerate(documents)])
        self._titles = {_words(document.title): at for at, document in called}
        self._at: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        self._hosts = {urlsplit(document.url).netloc for document in documents}
        for at, document in enumerate(documents):
            place = () if document.row else _place(document.url or document.file)
            if place:
                self._at[place[-1]].append((place, at))

    def led(self, line: _Line) -> tuple[int, str] | None:
        """The document that a line leads to, and what it says of that."""
        at = self._addressed(line.address)
        return _begun(line.text, self._titles) if at is None else (at, MARKER.sub("", line.text))

    def _addressed(self, address: str) -> int | None:
        """The document whose place ends as an address does, for the longest."""
        host, place = urlsplit(address).netloc, _place(address)
        if not place or host and host not in self._hosts:
            return None
        alike = sorted((_common_end(place, own), at) for own, at in self._at.get(place[-1], ()))
        best, others = alike[-1:], [length for length, _ in alike[:-1]]
        return best[0][1] if best and best[0][0] not in others else None


def _place(address: str) -> tuple[str, ...]:
    """ "/docs/refunds/index.html?from=home" -> ("docs", "refunds")."""
    *folders, own = unquote(urlsplit(address).path).casefold().rstrip("/").split("/")
    own = ENDING.sub("", own)
    return tuple(part for part in (*folders, *[own] * (own not in INDEX)) if part.strip("."))


def _common_end(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(reversed(one), reversed(other))
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _begun(line: str, titles: Mapping[tuple[str, ...], int]) -> tuple[int, str] | None:
    """The document whose title a line begins with, the longest one, and what follows."""
    ends = [word.end() for word in WORD.finditer(line)][:LONGEST]
    for end in reversed(ends):
        at, after = titles.get(_words(line[:end])), AFTER.match(line, end)
        if at is not None and after:
            return at, line[after.end() :]
    return None


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.casefold()))
