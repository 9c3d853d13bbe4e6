"""The knowledge bases of a service as they are read: listed, searched, and learned about.

Knows nothing of files that knowledge comes in, nor of how a base changes (base.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mm_support.errors import InputError, KnowledgeError
from mm_support.knowledge.actions import DeclaredAction, once
from mm_support.knowledge.declarations import action_of
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.history import Change
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.ingest import is_address
from mm_support.knowledge.points import PointMaker, entry_texts
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.sources import Recipe
from mm_support.types import Entry, Hit, KnowledgeBase, Sureness, UserTurn

if TYPE_CHECKING:
    from mm_support.knowledge.own_questions import Trial  # imports torch

PACK = "pack"  # begins the label of bases that came with the project
MAX_LIMIT = 100  # entries that one search gives
# of a base that is not as it would be made today
STALE = "It is made again for other models and answers by its words meanwhile."
OLDER = "It is made again, since files are read otherwise now, and answers as before meanwhile."


def check_limit(limit: int) -> None:
    """Raises InputError for a number of entries that no search gives."""
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"The limit must be between 1 and {MAX_LIMIT}.")


class Fitter(Protocol):
    """Learns from what a base's questions find; `fit` gives plain JSON. foreign: questions that no
    base answers. needed: whether what is kept beside a base is out of date.
    """

    foreign: Sequence[str]

    def fit(self, trials: Iterable[Trial]) -> dict[str, Any]: ...

    def needed(self, fitted: Mapping[str, Any]) -> bool: ...

    def sureness(self, fitted: Mapping[str, Any]) -> Sureness | None: ...


class Bases:
    """All knowledge bases of a service.

    maker: makes points as those of the index are. understand: a turn -> its search query. fitter:
    learns about bases of one's own. acts: whether actions that bases declare are found. ahead: told
    texts that are soon asked about, which are encoded faster together.
    """

    def __init__(
        self,
        index: FolderIndex,
        maker: PointMaker,
        understand: Callable[[UserTurn], SearchQuery],
        fitter: Fitter | None = None,
        acts: bool = False,
        ahead: Callable[[Sequence[str]], object] = len,
    ) -> None:
        self.fitter, self._acts, self._ahead = fitter, acts, ahead
        self._index, self._maker, self._understand = index, maker, understand
        self.pictures_dir = index.pictures_dir
        self._renewing: dict[str, str] = {}  # base -> how far it is

    def list(self) -> list[KnowledgeBase]:
        """All bases, by name; one that is damaged has no entries, and a note that says so."""
        return [self._listed(name) for name in self._index.names()]

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a base. Raises KnowledgeError for a name that does not exist."""
        return self._index.open(name).entries.all()

    def changes(self, name: str) -> list[Change]:
        """How a base came to hold what it holds, latest first. Raises KnowledgeError."""
        return self._index.changes(name)

    def entries_at(self, name: str, when: datetime) -> list[Entry]:
        """What a base held at a time, which bears a time zone. Raises KnowledgeError."""
        return self._index.held_at(name, when)

    def search(self, turn: UserTurn, limit: int = 5) -> list[Hit]:
        """The best entries for a turn, best first. Raises InputError or KnowledgeError."""
        check_limit(limit)
        self.check(turn.knowledge)
        query = self.recognise(turn.knowledge, self._understand(turn))
        return self._found(turn.knowledge, query, limit, False)

    def check(self, name: str) -> None:
        """Raises KnowledgeError where the base does not exist."""
        self._index.open(name)

    def names(self, name: str) -> tuple[str, ...]:
        """Names in the base that customers are likely to say, the most frequent first."""
        return self._index.open(name).names

    def languages(self, name: str) -> tuple[str, ...]:
        """The languages of the base, the most frequent first."""
        return self._index.open(name).languages

    def respelled(self, name: str, text: str) -> str:
        """A question with misspelt words as this base writes them: see index/spelling.py."""
        from mm_support.knowledge.index.spelling import respelled

        return respelled(self._index.open(name), text)

    def recognise(self, name: str, query: SearchQuery) -> SearchQuery:
        """The query as this base reads it: see index/search.py."""
        from mm_support.knowledge.index.search import recognise

        return recognise(self._index.open(name), query)

    def find(self, name: str, query: SearchQuery, limit: int = 5) -> list[Hit]:
        """The best entries for a query; actions among them where they are switched on."""
        return self._found(name, query, limit, self._acts)

    def _found(self, name: str, query: SearchQuery, limit: int, actions: bool) -> list[Hit]:
        from mm_support.knowledge.index.search import search

        version = self._index.open(name)
        fits, score = self._index.fits(version), self._index.text_score
        most = limit + len(version.entries.declared()) if actions else limit
        hits = search(version, query, most, date.today(), fits, score, actions)
        return once(hits, limit) if actions else hits

    def vectors(self, name: str, entries: Iterable[Entry]) -> dict[str, np.ndarray]:
        """The texts that entries are found by, each with its vector (d_text,) as the base has it;
        nothing where they are of other models, or the base is gone by now.
        """
        version, found = self._readable(name), dict[str, np.ndarray]()
        if version is None or not self._index.fits(version):
            return found
        rows = (version.entries.row(entry.id) for entry in entries)
        for row in (row for row in rows if row is not None):
            (stored,) = version.entries.some([row])
            found |= zip(entry_texts(stored), version.texts(row))
        return found

    def actions(self, name: str) -> tuple[DeclaredAction, ...]:
        """What can be done with this base; nothing where actions are switched off."""
        declared = self._index.open(name).entries.declared() if self._acts else ()
        found = filter(None, (action_of(record.entry) for record in declared))
        return tuple({action.name: action for action in found}.values())

    def contradictions(self, name: str, entry_id: str) -> tuple[Entry, ...]:
        """The entries that hold today and answer the same as one of them otherwise: other amounts,
        other times. Whoever answers from one says both, with sources.
        """
        found, today = self._index.open(name).contradictions(entry_id), date.today()
        return tuple(entry for entry in found if entry.holds_on(today))

    def trials(self, name: str, foreign: Sequence[str] = ()) -> Iterator[Trial]:
        """Some of the base's questions, and what each finds where it is not written down; then
        questions that it does not answer, and what they find.
        """
        from mm_support.knowledge.own_questions import asked_again, asked_in_vain

        version = self._index.open(name)

        def points(entries: Sequence[Entry]) -> Iterator[Point]:
            return self._maker.points(name, entries, [""] * len(entries), [])

        def ask(text: str) -> SearchQuery:
            return self._understand(UserTurn(text=text, knowledge=name))

        yield from asked_again(version, self._index, points, ask, self._ahead)
        yield from asked_in_vain(version, self._index, ask, foreign, self._ahead)

    def fitted(self, name: str) -> dict[str, Any]:
        """What was learned about a base from its own questions; empty where nothing was."""
        return self._index.open(name).fitted

    def sureness(self, name: str) -> Sureness | None:
        """The same for people; None where nothing was learned."""
        return self.fitter.sureness(self.fitted(name)) if self.fitter else None

    def fit(self, name: str) -> None:
        """Learns from a base's own questions how sure its answers are."""
        version = self._index.open(name)
        if self.fitter is not None and self._index.fits(version):
            version.keep(self.fitter.fit(self.trials(name, self.fitter.foreign)))

    def unfitted(self) -> list[str]:
        """Bases of one's own about which nothing was learned yet, or for an earlier gate."""
        own = [base.name for base in self.list() if base.own and base.entries]
        return [n for n in own if self.fitter is not None and self.fitter.needed(self.fitted(n))]

    def version(self, name: str) -> str | None:
        """The base's label, "" where it is damaged; None where there is no such base."""
        if name not in self._index.names():
            return None
        version = self._readable(name)
        return version.about.label if version else ""

    def stale(self, packs: bool = True) -> list[str]:
        """Bases that are to be made again: with vectors of other models, by which they answer by
        their words meanwhile, or of sources that were read otherwise. packs: also those that came
        with the project.
        """
        opened = ((name, self._readable(name)) for name in self._index.names())
        old = ((name, own.about) for name, own in opened if own and not self._index.is_current(own))
        return [name for name, about in old if packs or not about.label.startswith(PACK)]

    def sites(self) -> Iterator[tuple[str, str]]:
        """Each base, and the address of each site that it is made of."""
        for name in self._index.names():
            if version := self._readable(name):
                sources = Recipe.read(version.about.recipe).sources
                yield from ((name, s.origin) for s in sources if is_address(s.origin))

    def _listed(self, name: str) -> KnowledgeBase:
        try:
            version = self._index.open(name)
        except KnowledgeError as exc:
            return KnowledgeBase(name, 0, 0, note=str(exc))
        about, own = version.about, not version.about.label.startswith(PACK)
        return KnowledgeBase(name, about.entries, about.pictures, own, self._note(name, version))

    def _note(self, name: str, version: Version) -> str:
        """What people are told of a base that is to be made again."""
        if self._index.is_current(version):
            return ""
        why = OLDER if self._index.fits(version) else STALE
        return " ".join(filter(None, (why, self._renewing.get(name))))

    def _readable(self, name: str) -> Version | None:
        """None for a base that is damaged, or gone by now."""
        with suppress(KnowledgeError):
            return self._index.open(name)
        return None
