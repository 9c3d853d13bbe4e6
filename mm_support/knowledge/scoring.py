"""How well an entry fits a query: by its vectors, by those of its word pieces (pieces.py), by the
words it shares with the question, rare ones counting more, by its pictures (pictures.py) and by
codes (codes.py).

Works on points as Qdrant returns them: `vector` holds the named vectors, `payload` what index.py
stored beside them. Knows no collection.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mm_support.knowledge import late_interaction as pieces
from mm_support.knowledge.pictures import picture_logit, picture_scores
from mm_support.knowledge.query import SearchQuery
from mm_support.language import identifiers as codes
from mm_support.types import Entry

WORD_SHARE = 0.125  # of a modality's part that shared words make up
PIECE_SHARE = (
    0.5  # that the likeness of word pieces makes up, where there are any; the cosine is the rest
)
# of the cosine that the whole entry makes up; its best title, question or sentence is the rest
WHOLE_SHARE = 0.25
FEW, EVERYWHERE = 3, 0.25  # entries, and share of them; a word that more have names none
CODE_SHARE = (
    0.7  # an exactly matched code closes this part of the gap between an entry's score and 1
)


class Rarity:
    """How much each word tells entries apart: its inverse document frequency (Robertson and Sparck
    Jones 1976).
    """

    def __init__(self, words: Sequence[Sequence[str]]) -> None:
        self._count, self._entries = len(words), Counter(word for entry in words for word in entry)

    def __getitem__(self, word: str) -> float:
        having = self._entries[word]
        return math.log(1 + (self._count - having + 0.5) / (having + 0.5))

    def everywhere(self, word: str) -> bool:
        """Whether so many entries have the word that it names none of them."""
        return self._entries[word] > max(FEW, EVERYWHERE * self._count)

    def share(self, word: str) -> float:
        """How much the word says about which of the entries is meant that have it: 1/k, where k of
        them do.
        """
        return 1 / max(1, self._entries[word])

    def coverage(self, asked: frozenset[str], entry: frozenset[str]) -> float:
        """The share of what was asked, by rarity, that the entry has words for; 0..1."""
        total = sum(self[word] for word in asked)
        return sum(self[word] for word in asked & entry) / total if total else 0.0


@dataclass(frozen=True, eq=False)
class Contents:
    """What is remembered of a collection. words, codes: how rare each is; codes are folded. known:
    its identifiers.
    """

    entries: tuple[Entry, ...]
    words: Rarity
    codes: Rarity
    known: codes.Dictionary


def recognise(query: SearchQuery, contents: Contents) -> SearchQuery:
    """The query as a base reads it: with the identifiers that the base knows, those of the turn
    before only where this one names none; words in a photo that are in entries of every kind, a
    maker's name, tell nothing apart.
    """
    read = query.terms.get("photo_text", frozenset())
    if (
        read
        and len(query.fused.weights) > 1
        and all(contents.words.everywhere(word) for word in read)
    ):
        query = query.without("photo_text")
    found = {
        modality: contents.known.read(texts)
        if modality == "photo_text"
        else contents.known.find(" ".join(texts))
        for modality, texts in query.texts.items()
    }
    named = {modality: own for modality, own in found.items() if own}
    if len(named) > 1:
        named.pop("context", None)
    return replace(query, identifiers=named)


def score(
    point, query: SearchQuery, photo: float, contents: Contents
) -> tuple[float, dict[str, float]]:
    """Score of one candidate, and its parts: a sum over modalities, each at least 0.

    A modality in words: the cosine of what it put into the query with the entry's best text vector
    and with the mean of them all, and its weight times the likeness of its pieces and the coverage
    of its words. Photo: its part is given. Codes: an exact match of a code that no other entry
    names closes CODE_SHARE of what is left to 1.
    """
    by: dict[str, float] = {}
    fused = query.fused
    if fused.text is not None:
        facets = np.asarray(point.vector["text"], np.float32)
        mean = facets.mean(axis=0)
        best = facets[int(np.argmax(facets @ fused.text))]
        meant = (1 - WHOLE_SHARE) * best + WHOLE_SHARE * mean / np.linalg.norm(mean)
        entry_words, kept = (
            frozenset(point.payload["words"]),
            pieces.unpacked(point.payload["pieces"], len(meant)),
        )
        for name, part in fused.parts.items():
            if name != "photo":
                share = PIECE_SHARE if name in query.pieces else 0.0
                found = WORD_SHARE * contents.words.coverage(
                    query.terms.get(name, frozenset()), entry_words
                )
                found += share * pieces.likeness(query.pieces[name], kept) if share else 0.0
                by[name] = (1 - WORD_SHARE - share) * max(0.0, float(part @ meant)) + fused.weights[
                    name
                ] * found
    if fused.picture is not None:
        by["photo"] = photo
    total = min(1.0, sum(by.values()))
    entry_codes = frozenset(point.payload["named_codes"])
    for name, named in query.identifiers.items():
        likeness = max(
            codes.match(frozenset({code}), entry_codes) * contents.codes.share(codes.fold(code))
            for code in named
        )
        gain = (1 - total) * CODE_SHARE * likeness
        by[name] = by.get(name, 0.0) + gain
        total += gain
    return total, by


def photo_parts(points: Sequence, picture: np.ndarray | None) -> np.ndarray:
    """(n,) the photo's part of the scores of n candidates: its weight times how likely it shows
    each, among them.

    The likeliest entry of all is one of them, unless CANDIDATES others have a picture and a title
    that are closer each.
    """
    weight = 0.0 if picture is None else float(np.linalg.norm(picture))
    if not points or weight == 0.0:
        return np.zeros(len(points))
    unit, none = picture / weight, np.empty((0, len(picture)))
    logits = [
        picture_logit(
            unit,
            np.asarray(point.vector.get("picture", none), np.float32),
            np.asarray(point.vector["words"][0], np.float32),
        )
        for point in points
    ]
    return weight * picture_scores(np.array(logits))
