"""The encoded support set as tensors: turns that ask something, and the shelf of entries they are
scored against.

The score is that of a search (knowledge/scoring.py), for many turns at once; what differs is that
the words' part is cut off at 0 as a whole, not modality by modality. Knows no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from mm_support.encode.text import Pieces
from mm_support.fuse.strategies import PHOTO, WORD_ROWS, FusedBatch, TokenBatch
from mm_support.knowledge import late_interaction, scoring
from mm_support.knowledge.index.identified import Identifiers, IdentifiersWriter
from mm_support.knowledge.index.postings import rarity, saturated
from mm_support.knowledge.points import entry_texts
from mm_support.knowledge.text_score import TextScore, above
from mm_support.language import identifiers
from mm_support.language.defined import named_in_title
from mm_support.language.detect import in_characters
from mm_support.language.terms import term_set, terms
from mm_support.train.encoded_set import EncodedSet
from mm_support.train.support_set import Picture, Wording, catalogue
from mm_support.types import Entry

NOTHING = Pieces([], np.zeros((0, 0), np.float16))
TYPED, SPOKEN, READ = 0, 1, 2  # rows of the modalities in words


@dataclass(frozen=True, eq=False)
class Shelf:
    """n entries of a base. facets: (K, d_text) and pictures: (M, d_picture), those of one entry
    after another; how many each has, and the lengths of the means of its pictures: (n,); titles:
    (n, d_picture).
    characters: (K,) whether a text is written in Chinese characters, as questions are that are
    asked of a base whose first title is. text_score: that of the encoder of the texts.
    """

    facets: Tensor
    facet_counts: Tensor
    pictures: Tensor
    picture_counts: Tensor
    picture_lengths: Tensor
    titles: Tensor
    characters: Tensor
    text_score: TextScore

    def score(self, fused: FusedBatch, matches: Matches, own_hidden: bool = False) -> Tensor:
        """(b, n) in 0..1. own_hidden: no entry is found by a text that it holds word for word."""
        counts, score, weights = self.facet_counts, self.text_score, fused.weights
        hidden = matches.own[:, scoring.places(counts)[0]] if own_hidden else None
        worded = weights[:, WORD_ROWS]
        floors = score.between(self.characters[:1], self.characters)
        every = (fused.text @ self.facets.T)[:, None]
        told = worded.sum(1, keepdim=True)
        near = scoring.near(every, told, counts, floors, hidden)
        nothing = torch.zeros_like(matches.words[:, 1:])  # the sum stands for all modalities
        alike = matches.alike_hidden if own_hidden else matches.alike
        shared = scoring.Matches(
            matches.words,
            above(alike, scoring.highest(floors.alike, counts)),
            torch.ones_like(matches.words[..., 0]),
            matches.codes,
        )
        photo = weights[:, PHOTO, None] * self._shown(fused.picture)
        parts = torch.cat([near, nothing], 1)
        return scoring.combine(parts, worded, shared, photo, score)[0]

    def _shown(self, picture: Tensor) -> Tensor:
        """(b, d_picture) -> (b, n) how likely the photo shows the entry, among the others."""
        picture = normalize(picture, dim=-1)
        pictures = scoring.Pictures(self.picture_counts, self.picture_lengths)
        shown, worded = picture @ self.pictures.T, picture @ self.titles.T
        return scoring.picture_scores(scoring.picture_logits(shown, worded, pictures))


@dataclass(frozen=True, eq=False)
class Matches:
    """What a turn's words share with each entry. words, codes: (b, 3, n), see
    knowledge/scoring.py; alike: the same of their pieces, alike_hidden: without the texts of the
    entry that say them word for word. own: (b, K) the texts of the shelf that say word for word
    what was typed, or stand under it, which a customer does not know.
    """

    words: Tensor
    codes: Tensor
    alike: Tensor
    alike_hidden: Tensor
    own: Tensor


@dataclass(frozen=True, eq=False)
class Turns:
    """t turns of one base. said: (t, 3) rows of the text tables, 0 for nothing; shown: (t,) rows of
    the photo table, 0 for nothing; confidence: (t, 4); intent: (t,).

    Tables: words (., d_text) and shared (., 4, n), in the order of Matches, a text; photos (.,
    d_picture); of a text and of a photo, the entries that it may mean: asks, shows (., n) bool, and
    target: (t,) the text that says what is asked. facets: (K,) the row of the text tables that says
    the same as a text of the shelf, -1 where none does.
    """

    shelf: Shelf
    said: Tensor
    shown: Tensor
    confidence: Tensor
    intent: Tensor
    target: Tensor
    words: Tensor
    shared: Tensor
    photos: Tensor
    asks: Tensor
    shows: Tensor
    facets: Tensor

    def __len__(self) -> int:
        return len(self.said)

    def to(self, device: torch.device) -> Turns:
        shelf = replace(self.shelf, **_moved(self.shelf, device))
        return replace(self, **_moved(self, device), shelf=shelf)

    @property
    def mask(self) -> Tensor:
        """(t, 4) what each turn has."""
        said = self.said > 0
        return torch.stack([said[:, TYPED], said[:, SPOKEN], self.shown > 0, said[:, READ]], 1)

    def batch(self, rows: Tensor, mask: Tensor) -> tuple[TokenBatch, Matches, Tensor]:
        """These turns with what the mask (b, 4) leaves of them; and (b, n) the entries that answer
        what is left.
        """
        worded = mask[:, [0, 1, 3]]
        said, shown = self.said[rows] * worded, self.shown[rows] * mask[:, PHOTO]
        tokens = TokenBatch(self.words[said], self.photos[shown], mask, self.confidence[rows])
        asked = self.asks[self.target[rows]] | ~(mask[:, :1] | mask[:, 1:2])
        words, named, alike, hidden = self.shared[said].unbind(2)
        own = self.facets == said[:, TYPED, None]
        matches = Matches(words, named, alike, hidden, own)
        return tokens, matches, asked & (self.shows[shown])


def _moved(item: Shelf | Turns, device: torch.device) -> dict[str, Tensor]:
    """The tensors of a dataclass, on the device."""
    values = {field.name: getattr(item, field.name) for field in fields(item)}
    return {name: own.to(device) for name, own in values.items() if isinstance(own, Tensor)}


def shelf_of(made: EncodedSet, base: str) -> Shelf:
    entries = made.rows.entries[base]
    facets = [torch.from_numpy(made.texts(entry_texts(entry), "passage")) for entry in entries]
    titles = torch.from_numpy(made.titles([entry.title for entry in entries]))

    def pictures_of(entry: Entry) -> Tensor:
        seen = [made.photo(catalogue(base, path))[0] for path in entry.pictures]
        return torch.from_numpy(np.stack(seen)) if seen else titles[:0]

    pictures = [pictures_of(entry) for entry in entries]
    written = [in_characters(text, entry.text) for entry in entries for text in entry_texts(entry)]
    characters = torch.tensor(written)
    lengths = torch.stack([own.sum(0).norm() / max(1, len(own)) for own in pictures])
    looks = *_listed(pictures), lengths, titles
    return Shelf(*_listed(facets), *looks, characters, made.text_score)


def _listed(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """All rows, and how many there are of each."""
    return torch.cat(list(rows)), torch.tensor(list(map(len, rows)))


class TurnTable:
    """Collects the turns of one base; `turns` makes the tensors."""

    def __init__(self, made: EncodedSet, base: str, intents: Sequence[str]) -> None:
        self._made, self._entries, self._shelf = made, made.rows.entries[base], shelf_of(made, base)
        self._known = identifiers.Dictionary.of(self._entries)
        self._intents = {name: place for place, name in enumerate(intents)}
        self._stems: list[Any] = [Counter(terms(entry.text)) for entry in self._entries]
        lengths = np.array([own.total() for own in self._stems])
        self._lengths = lengths / max(1, lengths.mean())
        self._having = Counter(word for own in self._stems for word in own)
        writer = IdentifiersWriter()
        for row, entry in enumerate(self._entries):
            writer.add(row, identifiers.identifiers_of(entry), named_in_title(entry.title))
        self._identifiers = Identifiers(writer.rows, len(self._entries))
        self._pieces = [
            (told_by(entry), kept := made.pieces(own, "passage"), late_interaction.merged(kept))
            for entry, own in zip(self._entries, map(entry_texts, self._entries))
        ]
        self._texts: dict[str, int] = {"": 0}
        self._targets: dict[str, int] = {}
        self._pictures: dict[Picture | None, int] = {None: 0}
        self._rows: list[tuple] = []

    def add(self, wording: Wording, take: tuple[str, float], picture: Picture | None) -> None:
        """A question typed, the same matter spoken (an empty take: not spoken), and a photo."""
        read, sure = ("", 0.0), 1.0
        if picture:
            read, sure = self._made.read(picture), self._made.photo(picture)[1]
        texts = (wording.text, take[0], read[0])
        said = [self._texts.setdefault(text, len(self._texts)) for text in texts]
        shown = self._pictures.setdefault(picture, len(self._pictures))
        target = self._targets.setdefault(wording.target, len(self._targets))
        intent = next(e.intent for e in self._entries if wording.target in (e.id, e.intent))
        known = self._intents.get(intent, -1)
        self._rows.append((said, shown, (1.0, take[1], sure, read[1]), known, target))

    def turns(self) -> Turns:
        said, shown, sure, intent, target = map(torch.tensor, zip(*self._rows))
        texts, pictures = list(self._texts)[1:], [p for p in self._pictures if p is not None]
        pieces = self._made.pieces(texts)
        seen = [self._made.photo(picture)[0] for picture in pictures]
        asks = [[target in (e.id, e.intent) for e in self._entries] for target in self._targets]
        shows = [[entry.id in picture.targets for entry in self._entries] for picture in pictures]
        facets = [self._texts.get(text, -1) for own, *_ in self._pieces for text in own]
        return Turns(
            self._shelf,
            said,
            shown,
            sure.float(),
            intent,
            target,
            words=_behind_nothing(self._made.texts(texts)),
            shared=_behind_nothing(np.stack([*map(self._shared, texts, pieces)])),
            photos=_behind_nothing(np.reshape(seen, (-1, self._shelf.titles.shape[1]))),
            asks=torch.tensor(asks),
            shows=torch.tensor([[True] * len(self._entries), *shows]),
            facets=torch.tensor(facets),
        )

    def _shared(self, text: str, asked: Pieces) -> np.ndarray:
        """(4, n): what the text shares with each entry, see Matches."""
        stems, named = term_set(text), self._known.find(text)
        rare = {word: rarity(len(self._entries), self._having[word]) for word in stems}
        total = sum(rare.values()) or 1
        shared = [
            sum(rare[word] * saturated(own[word], length) for word in stems & own.keys()) / total
            for own, length in zip(self._stems, self._lengths)
        ]
        matched = self._identifiers.matches(named)
        vectors = asked.vectors.astype(np.float32)
        alike = [late_interaction.likeness(vectors, merged) for _, _, merged in self._pieces]
        hidden = list(alike)  # what is alike without the text itself
        for place, (texts, own, _) in enumerate(self._pieces):
            if text in texts:
                others = [kept for other, kept in zip(texts, own) if other != text] or [NOTHING]
                hidden[place] = late_interaction.likeness(vectors, late_interaction.merged(others))
        return np.array([shared, matched, alike, hidden])


def told_by(entry: Entry) -> list[str]:
    """What gives away each text that an entry is found by: the title that it stands under, or else
    the text itself.
    """
    if not entry.title:
        return entry_texts(entry)
    under = entry.titled("")
    return [entry.title if text.startswith(under) else text for text in entry_texts(entry)]


def _behind_nothing(rows: np.ndarray) -> Tensor:
    """The rows, behind one of zeros that stands for nothing."""
    nothing = np.zeros((1, *rows.shape[1:]), rows.dtype)
    return torch.from_numpy(np.concatenate([nothing, rows])).float()


def make_turns(
    made: EncodedSet, base: str, split: str, intents: Sequence[str], seed: int, each: int
) -> Turns:
    """Turns of a base. Where its photos decide (grocery): every photo with `each` topics; elsewhere
    every question, with the photo that came with it, or one of what it is about, where there is
    one. Only questions and photos of this split meet.
    """
    rng = np.random.default_rng(seed)
    wordings = [w for w in made.rows.wordings if (w.base, w.split) == (base, split)]
    pictures = [p for p in made.rows.pictures if (p.base, p.split) == (base, split)]
    table = TurnTable(made, base, intents)
    by_target: dict[str, list[Wording]] = {}
    for wording in wordings:
        by_target.setdefault(wording.target, []).append(wording)
    entry_ids = {entry.id for entry in made.rows.entries[base]}
    if entry_ids.isdisjoint(by_target):
        topics = [(p, rng.permutation(sorted(by_target))[:each]) for p in pictures]
        for picture, target in ((p, target) for p, targets in topics for target in targets):
            choices = by_target[target]
            wording, other = (choices[i] for i in rng.integers(len(choices), size=2))
            table.add(wording, _one(made.takes(other), rng), picture)
        return table.turns()
    for wording in wordings:
        about = [p for p in pictures if wording.target in p.targets]
        shown = [p for p in about if wording.photo in (None, p.path)]
        take = _one(made.takes(wording), rng)
        table.add(wording, take, shown[rng.integers(len(shown))] if shown else None)
    return table.turns()


def _one(takes: Sequence[tuple[str, float]], rng: np.random.Generator) -> tuple[str, float]:
    return takes[int(rng.integers(len(takes)))] if takes else ("", 0.0)
