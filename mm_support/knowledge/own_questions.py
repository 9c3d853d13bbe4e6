"""A base's own questions, each asked as if nobody had written it down.

What a question finds says how surely this base is searched: the entry that it stands under, found
by what else that entry says, among all others. Entries without questions are not asked for: their
titles and sentences are no customer's words, and an entry that lacks its title is another one.
Knows how to search, not what follows from what is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mm_support.errors import InputError
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.search import recognise, search
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.points import entry_texts
from mm_support.knowledge.query import SearchQuery
from mm_support.types import Entry, Hit

ASKED = 120  # questions of a base; more tell little more
FOUND = 6  # entries: one more than a customer is shown, since one of them is set aside
SEED = 0
THIN = "thin"  # the name of the base whose entries lack what is asked

TOGETHER = 48  # questions that are encoded together

MakePoints = Callable[[Sequence[Entry]], Iterator[Point]]
Ask = Callable[[str], SearchQuery]
Ahead = Callable[[Sequence[str]], object]  # told what is soon asked


@dataclass(frozen=True)
class Trial:
    """A question, its query, and what it finds, best first. expected: the id of the entry that it
    was taken from; "" where no entry answers it.
    """

    text: str
    query: SearchQuery
    hits: tuple[Hit, ...]
    expected: str

    def without_answer(self) -> Trial:
        """The same in a base that lacks the entry."""
        return replace(self, hits=tuple(h for h in self.hits if h.entry.id != self.expected))


def drawn(version: Version, most: int = ASKED) -> list[tuple[str, Entry]]:
    """Questions, each with its entry as it would be without it; the same ones each time."""
    rng = np.random.default_rng(SEED)
    asked = [entry for entry in version.entries.all() if entry.questions and not entry.declaration]
    some = (asked[int(place)] for place in np.sort(rng.permutation(len(asked))[:most]))
    pairs = [thinned(entry, rng) for entry in some]
    return [(text, entry) for text, entry in pairs if text.strip() and entry_texts(entry)]


def thinned(entry: Entry, rng: np.random.Generator) -> tuple[str, Entry]:
    """One of an entry's questions, and the entry without it and without its pictures."""
    place = int(rng.integers(len(entry.questions)))
    text = entry.questions[place]
    rest = entry.questions[:place] + entry.questions[place + 1 :]
    title = "" if entry.title == text else entry.title
    return text, replace(entry, title=title, questions=rest, pictures=())


def asked_again(
    version: Version, index: FolderIndex, make_points: MakePoints, ask: Ask, ahead: Ahead
) -> Iterator[Trial]:
    """What each question finds: its own entry without the question, the others as they are."""
    asked, on = list(_queries(version, ask, ahead, drawn(version))), date.today()
    if not asked:
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        thin = thin_base(Path(folder), index, make_points([entry for _, entry, _ in asked]))
        for text, entry, query in asked:
            others = search(version, query, FOUND, on, True, index.text_score)
            own = search(thin, query, len(thin), on, True, index.text_score)
            hits = [hit for hit in others if hit.entry.id != entry.id]
            hits += [hit for hit in own if hit.entry.id == entry.id]
            hits.sort(key=lambda hit: (-hit.score, hit.entry.id))
            yield Trial(text, query, tuple(hits[:FOUND]), entry.id)


def _queries(
    version: Version, ask: Ask, ahead: Ahead, pairs: Sequence[tuple[str, Entry]]
) -> Iterator[tuple[str, Entry, SearchQuery]]:
    """The questions that a customer could ask: not what is too long for a message."""
    for at, (text, entry) in enumerate(pairs):
        if at % TOGETHER == 0:
            ahead([text for text, _ in pairs[at : at + TOGETHER]])
        with suppress(InputError):
            yield text, entry, recognise(version, ask(text))


def asked_in_vain(
    version: Version, index: FolderIndex, ask: Ask, texts: Sequence[str], ahead: Ahead
) -> Iterator[Trial]:
    """What questions find that no entry answers."""
    for at, text in enumerate(texts):
        if at % TOGETHER == 0:
            ahead(texts[at : at + TOGETHER])
        query = recognise(version, ask(text))
        hits = search(version, query, FOUND, date.today(), True, index.text_score)
        yield Trial(text, query, tuple(hits), "")


def thin_base(folder: Path, index: FolderIndex, points: Iterator[Point]) -> Version:
    """A base of a few points beside the real ones, in a folder of its own."""
    beside = index.like(folder)
    with beside.writing(THIN) as new:
        for point in points:
            new.add(point)
        new.publish(THIN)
    return beside.open(THIN)
