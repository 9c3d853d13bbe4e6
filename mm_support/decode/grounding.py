"""Is a drafted sentence held by the evidence? Decided in code, sentence by sentence, without a
language model.

A sentence is held by one to three neighbouring sentences of one entry when
    order      its words that carry meaning are theirs: some may be left out, none moved, none added
    limits     numbers, codes, negations, limits and conditions are not among those left out
    person     what "we" do is not said of "you"
    enough     at least MIN_KEPT of their words are kept
    closeness  the text encoder finds both close in meaning
Order is what catches amounts that were swapped, limits what catches a condition left out. A true
sentence in words of its own may be rejected: that costs style, the opposite would cost trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mm_support.language.sentences import Word, content_words, evidence_sentences, without_markers
from mm_support.types import Encode, Entry

MAX_WINDOW = 3  # neighbouring evidence sentences that one drafted sentence may merge
MIN_KEPT = 0.5  # share of the evidence's words
MIN_COSINE = 0.6


class Support(NamedTuple):
    """rank: 1-based place of the entry that holds the sentence. evidence: its sentences. cosine:
    closeness to them.
    """

    rank: int
    evidence: tuple[str, ...]
    cosine: float


class _Source(NamedTuple):
    rank: int
    title: list[Word]
    sentences: list[str]
    words: list[list[Word]]


class Grounding:
    """Checks sentences against entries, best entry first."""

    def __init__(self, entries: Sequence[Entry], encode: Encode) -> None:
        self._encode = encode
        self._sources = [_source(rank, entry) for rank, entry in enumerate(entries, start=1)]

    def check(self, sentence: str) -> Support | None:
        """What holds the sentence, or None. Markers such as [1] in it are not looked at."""
        sentence = without_markers(sentence).strip()
        words = content_words(sentence)
        if not words:
            return None
        held = [
            (source.rank, window)
            for source in self._sources
            for window in _holding_windows(words, source)
        ]
        if not held:
            return None
        vectors = self._encode([sentence, *(" ".join(window) for _, window in held)])
        cosines = vectors[1:] @ vectors[0]
        best = int(np.argmax(cosines))
        rank, window = held[best]
        return Support(rank, window, float(cosines[best])) if cosines[best] >= MIN_COSINE else None


def _source(rank: int, entry: Entry) -> _Source:
    sentences = evidence_sentences(entry.answer)
    return _Source(
        rank,
        content_words(entry.title),
        sentences,
        [content_words(sentence) for sentence in sentences],
    )


def _holding_windows(words: list[Word], source: _Source) -> Iterator[tuple[str, ...]]:
    """The shortest runs of the entry's sentences that hold the words."""
    for size in range(1, MAX_WINDOW + 1):
        found = False
        for start in range(len(source.sentences) - size + 1):
            stop = start + size
            window = [word for sentence in source.words[start:stop] for word in sentence]
            others = [
                word for sentence in source.words[:start] + source.words[stop:] for word in sentence
            ]
            if _holds(window, words) or _holds(_with_title(source.title, window, others), words):
                found = True
                yield tuple(source.sentences[start:stop])
        if found:
            return


def _with_title(title: list[Word], window: list[Word], others: list[Word]) -> list[Word]:
    """The window after the words of the title that neither it nor another sentence uses: those say
    what it is about.
    """
    used = {word.stem for word in window + others}
    return [word._replace(bound=False) for word in title if word.stem not in used] + window


def _holds(evidence: list[Word], words: list[Word]) -> bool:
    return any(
        _is_faithful(evidence, words, places)
        for places in (_places(evidence, words), _last_places(evidence, words))
    )


def _is_faithful(evidence: list[Word], words: list[Word], places: list[int]) -> bool:
    """places: where in the evidence each of the words was found; shorter than words where one is
    missing.
    """
    if len(places) < len(words):
        return False
    kept = set(places)
    return (
        all(place in kept for place, word in enumerate(evidence) if word.bound)
        and len(kept) >= MIN_KEPT * len(evidence)
        and not any(_other_person(word, evidence[place]) for word, place in zip(words, places))
    )


def _other_person(word: Word, original: Word) -> bool:
    if not original.person:
        return word.person == "we"
    return bool(word.person) and word.person != original.person


def _places(evidence: list[Word], words: list[Word]) -> list[int]:
    """Earliest places of the words in the evidence, in order; ends at the first word that is not
    found.
    """
    places: list[int] = []
    start = 0
    for word in words:
        place = next(
            (i for i in range(start, len(evidence)) if evidence[i].stem == word.stem), None
        )
        if place is None:
            return places
        places.append(place)
        start = place + 1
    return places


def _last_places(evidence: list[Word], words: list[Word]) -> list[int]:
    """Like _places, as late as possible."""
    backwards = _places(evidence[::-1], words[::-1])
    return [len(evidence) - 1 - place for place in reversed(backwards)]
