"""Lines that lead to other documents: what they say helps to find those, and is no answer itself.

"Repair a damaged filesystem: check if a filesystem is damaged", in an overview of what a help
centre says about disks. Recognised by links that begin with a title of another document that is
read with it, so in any language.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from mm_support.knowledge.boilerplate import ONLY_LINKS
from mm_support.knowledge.readers.base import Block, Document

LONGEST = 30  # words of a title that is looked for
LEAST = 2  # such lines under a heading; a single one may be what answers a question. Where they are
# half of its links, the others, whose titles are worded otherwise, lead away too
WORD = re.compile(r"\w+")
# the end of a title: nothing more, or a dash and the like
AFTER = re.compile(r"\s*(?:$|[^\w\s]\W*)")


def without_overviews(documents: Sequence[Document]) -> tuple[list[Document], Counter[str]]:
    """Documents without the lines that lead to others, which are found by what these lines say of
    them; and how many each document lost, by its title.
    """
    titles = {_words(document.title): at for at, document in reversed([*enumerate(documents)])}
    told: dict[int, dict[str, None]] = defaultdict(dict)  # document -> what leads to it
    lost, kept = Counter[str](), []
    for at, document in enumerate(documents):
        own = []
        for section in _sections(document.blocks):
            lines = [*chain.from_iterable(map(_links, section))]
            led = [led for line in lines if (led := _begun(line, titles)) and led[0] != at]
            if len(led) < max(LEAST, len(lines) / 2):
                own += section
                continue
            own += [block for block in section if not _links(block)]
            lost[document.title] += len(lines)
            for other, said in led:
                told[other] |= {said: None} if said else {}
        kept.append(replace(document, blocks=tuple(own)))
    return [replace(one, tags=(*one.tags, *told[at])) for at, one in enumerate(kept)], lost


def _sections(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Each heading with what stands below it."""
    section: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            yield section
            section = []
        section.append(block)
    yield section


def _links(block: Block) -> Sequence[str]:
    """The lines of a block of links; nothing of another."""
    linked = block.kind in ("text", "list") and block.linked >= ONLY_LINKS
    return (block.parts or block.text.splitlines()) if linked else ()


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
