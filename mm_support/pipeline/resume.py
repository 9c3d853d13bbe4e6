"""What was not heard of a reply that the customer interrupted, said when they ask for it.

Knows nothing of search: what the reply cited is cited again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from mm_support.decode.sentence import Sentence
from mm_support.language.fences import is_code, logical_lines
from mm_support.language.utterances import goes_on
from mm_support.types import Entry, Hit, Past

CITED = re.compile(r"\[(\d+)\]")
PART = re.compile(r"([^\n]+?)((?:\s*\[\d+\])+|(?=\n)|$)")  # sentences, and what they cite


def asks_for_rest(words: str, past: Sequence[Past], knowledge: str) -> bool:
    """Whether what is said only asks for what was not heard of the reply before."""
    before = past[-1] if past else None
    return bool(before and before.unheard and before.knowledge == knowledge and goes_on(words))


def cited_before(before: Past, entries: Sequence[Entry]) -> tuple[Hit, ...]:
    """The entries that a reply cites, in the order of their numbers, as far as they are there."""
    known = {entry.id: entry for entry in entries}
    return tuple(Hit(known[id], 1.0) for id in before.citations if id in known)


def _parts(line: str) -> list[tuple[str, str]]:
    """(sentence, what it cites) of a line; code is one of them, whatever brackets are in it."""
    return [(line, "")] if is_code(line) else PART.findall(line)


def rest_of(before: Past, hits: Sequence[Hit]) -> Iterator[Sentence]:
    """What was not heard, with what it cites of `hits`; a step without a number cites what the one
    before it does.
    """
    place = {hit.entry.id: rank for rank, hit in enumerate(hits, 1)}
    rank = {number: place.get(id) for number, id in enumerate(before.citations, 1)}
    cited: tuple[int, ...] = ()
    for text, marks in chain.from_iterable(map(_parts, logical_lines(before.unheard))):
        found = [rank.get(int(number)) for number in CITED.findall(marks)]
        cited = tuple(filter(None, found)) if found else cited
        yield Sentence(text.strip(), cited)
