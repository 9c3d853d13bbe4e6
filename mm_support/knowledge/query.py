"""The search query: the fused vectors of a turn, and what is matched beside them.

Adds to the vectors what only retrieval asks for: terms, identifiers and word pieces, each by the
modality that it came from. Knows no index, no encoder and no conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mm_support.language import identifiers as known_forms
from mm_support.language.sentences import word_stems
from mm_support.types import FusedQuery, Question


@dataclass(frozen=True, eq=False)
class SearchQuery:
    """What an index is asked. All dicts: modality -> what it holds; those without any are left out.

    terms: stems of the words that carry meaning. identifiers: codes it named (E24, WH-1000XM5),
    matched exactly. pieces: (t, d_text) float32 unit vectors of its word pieces, each matched with
    an entry's best one. shown: what a display is said or seen to show (UB, 24), an identifier where
    the knowledge names it so.
    """

    fused: FusedQuery
    terms: dict[str, frozenset[str]] = field(default_factory=dict)
    identifiers: dict[str, frozenset[str]] = field(default_factory=dict)
    pieces: dict[str, np.ndarray] = field(default_factory=dict)
    shown: dict[str, frozenset[str]] = field(default_factory=dict)

    def without(self, modality: str) -> SearchQuery:
        """The query without one modality that speaks in words; the identifiers that it named stay."""
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
    shown = {name: known_forms.said(words) for name, words in worded.items()}
    if "photo_text" in shown:
        shown["photo_text"] |= known_forms.shown(question.read_in_photo)
    return SearchQuery(
        fused,
        _present({name: word_stems(words) for name, words in worded.items()}),
        _present({name: known_forms.extract(words) for name, words in worded.items()}),
        pieces,
        _present(shown),
    )


def _others(values: dict, modality: str) -> dict:
    return {name: own for name, own in values.items() if name != modality}


def _present(values: dict[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {name: own for name, own in values.items() if own}
