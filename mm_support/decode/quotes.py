"""The sentences of the evidence that may stand for what a model wrote.

Knows no model: only which sentences are likely enough to belong to the reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import numpy as np

from mm_support.decode.heading import headed
from mm_support.decode.select import Weighed
from mm_support.decode.sentence import Sentence
from mm_support.language.sentences import is_step, without_step_number
from mm_support.language.terms import all_terms, term_set
from mm_support.types import EncodeKind, Entry

# probability below which a drafted sentence is beside the question, where the entry has a likelier
# one
BESIDE = 0.15
# probability from which a sentence is shown without a draft, or though another entry was found
# first
SURE = 0.45


def floors_of(weighed: Sequence[Weighed]) -> list[float]:
    """For each entry, the best one first, the probability from which its sentences are to the
    point.
    """
    return [min(BESIDE, weighed[0].likeliest), *(SURE for _ in weighed[1:])]


class Quotes:
    """The entries' sentences that stand in for what a model wrote and nothing supports, each behind
    the heading that it is read under.

    weighed: the sentences of each entry, best first, with how likely each belongs to the reply.
    headings: those that were given.
    """

    def __init__(
        self,
        question: str,
        entries: Sequence[Entry],
        weighed: Sequence[Weighed],
        vectors: EncodeKind,
    ) -> None:
        self._question, self._entries = question, entries
        self._vectors, self._given, self.headings = vectors, set[str](), set[str]()
        self._sentences = [
            Sentence(text, (rank,))
            for rank, (one, floor) in enumerate(zip(weighed, floors_of(weighed)), start=1)
            for text in one.chosen(floor)
        ]

    def __call__(self, claim: str, said: Sequence[Sentence] = ()) -> Sentence | None:
        """The closest one; None where it was given already, or none is to the point, and for a step
        before which steps are missing: no answer begins in the middle of them. Its heading is left
        out where what was said of the same entry just before says it.
        """
        if not self._sentences:
            return None
        vector, *others = self._vectors([claim, *(s.text for s in self._sentences)], "passage")
        place = int(np.argmax(np.array(others) @ vector))
        closest = self._sentences[place]
        if closest.text in self._given or len(said) < self._steps_before(place):
            return None
        self._given.add(closest.text)
        *heading, own = headed(self._question, self._entries[closest.citations[0] - 1], [closest])
        if not heading or term_set(heading[0].text) <= _terms_of_same(own, said):
            return own
        self.headings.add(heading[0].text)
        return replace(own, text=f"{heading[0].text} {without_step_number(own.text)}")

    def _steps_before(self, place: int) -> int:
        """How many steps of its entry lead to a sentence that is one."""
        own = self._sentences[place]
        before = (s for s in self._sentences[:place] if s.citations == own.citations)
        return sum(is_step(s.text) for s in before) if is_step(own.text) else 0


def _terms_of_same(own: Sentence, said: Sequence[Sentence]) -> frozenset[str]:
    """The terms of what was said last of the same entry, without a break."""
    same = takewhile(lambda before: before.citations == own.citations, reversed(said))
    return all_terms(sentence.text for sentence in same)
