"""The search query: the fused vectors of a turn, and what is matched beside them.

Adds to the vectors what only retrieval asks for: terms, identifiers and word pieces, each by the
modality that it came from. Knows no index, no encoder and no conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mm_support.language.terms import term_set
from mm_support.types import FusedQuery, Question


@dataclass(frozen=True, eq=False)
class SearchQuery:
    """What an index is asked. All dicts: modality -> what it holds, if anything.

    terms: see language/terms.py. pieces: (t, d_text) float32 unit vectors of its word pieces.
    texts: as they are; a photo's are its lines. identifiers: those among them (E24, WH-1000XM5),
    once a base has read the query (index/search.py). leans: how likely it leans on the turn before,
    0..1, where that is among the modalities; cited: ids of the entries that this turn quoted.
    of_one: see index.About, once a base has read the query.
    """

    fused: FusedQuery
    terms: dict[str, frozenset[str]] = field(default_factory=dict)
    identifiers: dict[str, frozenset[str]] = field(default_factory=dict)
    pieces: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    leans: float = 0.0
    cited: frozenset[str] = frozenset()
    of_one: bool = False

    def without(self, modality: str) -> SearchQuery:
        """The query without one modality that speaks in words; the identifiers it named stay."""
        return replace(
            self,
            fused=self.fused.without(modality),
            terms=_others(self.terms, modality),
            pieces=_others(self.pieces, modality),
        )


def search_query(
    fused: FusedQuery, question: Question, pieces: dict[str, np.ndarray]
) -> SearchQuery:
    """The query for a question that was encoded and fused. pieces: see SearchQuery."""
    worded = question.by_modality
    terms = {name: own for name, words in worded.items() if (own := term_set(words))}
    texts: dict[str, tuple[str, ...]] = {name: (words,) for name, words in worded.items()}
    if "photo_text" in texts:
        texts["photo_text"] = question.read_in_photo
    return SearchQuery(fused, terms, {}, pieces, texts)


def _others(values: dict, modality: str) -> dict:
    return {name: own for name, own in values.items() if name != modality}
