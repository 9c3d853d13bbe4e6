"""The encoded support set as tensors: turns that ask something, and the shelf of entries they are
scored against.

The score is the index's (knowledge/scoring.py), differentiable and for many turns at once; what
differs is that the words' part is cut off at 0 as a whole, not modality by modality. Knows no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.nn.utils.rnn import pad_sequence

from mm_support.encode.text import Pieces
from mm_support.fuse.strategies import PHOTO, WORD_ROWS, FusedBatch, TokenBatch
from mm_support.knowledge import late_interaction as pieces
from mm_support.knowledge.base import entry_texts
from mm_support.knowledge.pictures import CLIP_LITE, STAND_OUT, PictureCalibration
from mm_support.knowledge.scoring import CODE_SHARE, PIECE_SHARE, WHOLE_SHARE, WORD_SHARE, Rarity
from mm_support.language import identifiers as codes
from mm_support.language.terms import term_set
from mm_support.train.encoded_set import EncodedSet
from mm_support.train.support_set import Picture, Wording
from mm_support.types import Entry

NOTHING = Pieces([], np.zeros((0, 0), np.float16))
SAME = (
    0.999  # cosine above which a text is the entry's own question, which a customer does not know
)
TYPED, SPOKEN, READ = 0, 1, 2  # rows of the modalities in words


@dataclass(frozen=True, eq=False)
class Shelf:
    """n entries of a base. facets: (n, k, d_text) and filled: (n, k); length: (n,) of their mean;
    pictures: (n, m, d_picture), an entry without pictures has zeros; centre, title: (n, d_picture);
    pictured: (n,).
    """

    facets: Tensor
    filled: Tensor
    length: Tensor
    pictures: Tensor
    centre: Tensor
    title: Tensor
    pictured: Tensor

    def score(
        self, batch: TokenBatch, fused: FusedBatch, matches: Matches, own_hidden: bool = False
    ) -> Tensor:
        """(b, n) in 0..1. own_hidden: no entry is found by a text that it holds word for word."""
        likeness = torch.einsum("bd,nkd->bnk", fused.text, self.facets)
        hidden = ~self.filled.expand_as(likeness)
        if own_hidden:
            hidden = hidden | (
                torch.einsum("bd,nkd->bnk", batch.words[:, TYPED], self.facets) > SAME
            )
        best = likeness.masked_fill(hidden, -1.0).amax(-1)
        whole = (
            likeness.masked_fill(hidden, 0.0).sum(-1) / (~hidden).sum(-1).clamp_min(1) / self.length
        )
        cosine = ((1 - WHOLE_SHARE) * best + WHOLE_SHARE * whole).clamp_min(0)
        alike = matches.alike_hidden if own_hidden else matches.alike
        found = (
            fused.weights[:, WORD_ROWS, None]
            * (WORD_SHARE * matches.coverage + PIECE_SHARE * alike)
        ).sum(1)
        total = (
            (1 - WORD_SHARE - PIECE_SHARE) * cosine
            + found
            + fused.weights[:, PHOTO, None] * self._shown(fused.picture)
        )
        for row in range(matches.codes.shape[1]):
            total = total + (1 - total) * CODE_SHARE * matches.codes[:, row]
        return total

    def _shown(self, picture: Tensor, weights: PictureCalibration = CLIP_LITE) -> Tensor:
        """(b, d_picture) -> (b, n) how likely the photo shows the entry, among the others; see
        knowledge/pictures.py.
        """
        picture = normalize(picture, dim=-1)
        worded = picture @ self.title.T
        nearest = torch.einsum("bd,nmd->bnm", picture, self.pictures).amax(-1)
        seen = (
            weights.nearest * nearest
            + weights.mean * (picture @ self.centre.T)
            + weights.words * worded
            + weights.bias
        )
        unseen = weights.only_words * worded + weights.only_words_bias
        logits = torch.where(self.pictured, seen, unseen)
        return logits.sigmoid() * (STAND_OUT * (logits - logits.amax(-1, keepdim=True))).exp()


@dataclass(frozen=True, eq=False)
class Matches:
    """What a turn's words share with each entry. coverage, codes: (b, 3, n), see
    knowledge/scoring.py; alike: the same of their pieces, alike_hidden: without a text of the entry
    that says them word for word.
    """

    coverage: Tensor
    codes: Tensor
    alike: Tensor
    alike_hidden: Tensor


@dataclass(frozen=True, eq=False)
class Turns:
    """t turns of one base. said: (t, 3) rows of the text tables, 0 for nothing; shown: (t,) rows of
    the photo table, 0 for nothing; confidence: (t, 4); intent: (t,).

    Tables: words (., d_text) and shared (., 4, n), in the order of Matches, a text; photos (.,
    d_picture); of a text and of a photo, the entries that it may mean: asks, shows (., n) bool, and
    target: (t,) the text that says what is asked.
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

    def __len__(self) -> int:
        return len(self.said)

    def to(self, device: torch.device) -> Turns:
        def moved(item):
            return (
                item.to(device)
                if isinstance(item, Tensor)
                else replace(item, **_moved(item, device))
            )

        return replace(
            self, **{field.name: moved(getattr(self, field.name)) for field in fields(self)}
        )

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
        return tokens, Matches(*self.shared[said].unbind(2)), asked & (self.shows[shown])


def _moved(item, device: torch.device) -> dict[str, Tensor]:
    return {field.name: getattr(item, field.name).to(device) for field in fields(item)}


def shelf_of(made: EncodedSet, base: str) -> Shelf:
    entries = made.rows.entries[base]
    facets = [torch.from_numpy(made.texts(entry_texts(entry))) for entry in entries]
    seen = [
        [made.photo(Picture(base, (), path, 0, "catalogue"))[0] for path in entry.pictures]
        for entry in entries
    ]
    title = torch.from_numpy(made.titles([entry.title for entry in entries]))
    pictures = [
        torch.from_numpy(np.stack(own)) if own else torch.zeros(1, title.shape[1]) for own in seen
    ]
    return Shelf(
        pad_sequence(facets, batch_first=True),
        pad_sequence([torch.ones(len(own), dtype=torch.bool) for own in facets], batch_first=True),
        torch.stack([own.mean(0).norm() for own in facets]),
        pad_sequence(
            [
                torch.cat([own, own[:1].expand(max(map(len, pictures)) - len(own), -1)])
                for own in pictures
            ],
            batch_first=True,
        ),
        normalize(torch.stack([own.mean(0) for own in pictures]), dim=-1),
        title,
        torch.tensor([bool(own) for own in seen]),
    )


class TurnTable:
    """Collects the turns of one base; `turns` makes the tensors."""

    def __init__(self, made: EncodedSet, base: str, intents: Sequence[str]) -> None:
        self._made, self._entries, self._shelf = made, made.rows.entries[base], shelf_of(made, base)
        self._known = codes.Dictionary(self._entries)
        self._intents = {name: place for place, name in enumerate(intents)}
        self._stems, self._codes = zip(*(_words_of(entry) for entry in self._entries))
        self._rare_words, self._rare_codes = (
            Rarity(list(map(sorted, self._stems))),
            Rarity([[codes.fold(c) for c in own] for own in self._codes]),
        )
        texts = [entry_texts(entry) for entry in self._entries]
        self._pieces = [(own, kept := made.pieces(own), pieces.merged(kept)) for own in texts]
        self._texts: dict[str, int] = {"": 0}
        self._targets: dict[str, int] = {}
        self._pictures: dict[Picture | None, int] = {None: 0}
        self._rows: list[tuple] = []

    def add(self, wording: Wording, take: tuple[str, float], picture: Picture | None) -> None:
        """A question typed, the same matter spoken (an empty take: not spoken), and a photo."""
        read = self._made.read(picture) if picture else ("", 0.0)
        said = [
            self._texts.setdefault(text, len(self._texts))
            for text in (wording.text, take[0], read[0])
        ]
        sure = self._made.photo(picture)[1] if picture else 1.0
        target = self._targets.setdefault(wording.target, len(self._targets))
        intent = next(e.intent for e in self._entries if wording.target in (e.id, e.intent))
        shown = self._pictures.setdefault(picture, len(self._pictures))
        self._rows.append(
            (said, shown, (1.0, take[1], sure, read[1]), self._intents.get(intent, -1), target)
        )

    def turns(self) -> Turns:
        said, shown, sure, intent, target = map(torch.tensor, zip(*self._rows))
        texts, pictures = list(self._texts)[1:], [p for p in self._pictures if p is not None]
        words = np.concatenate(
            [np.zeros((1, self._shelf.facets.shape[-1]), np.float32), self._made.texts(texts)]
        )
        photos = [
            np.zeros(self._shelf.title.shape[1], np.float32),
            *(self._made.photo(p)[0] for p in pictures),
        ]
        shared = np.stack(
            [np.zeros((4, len(self._entries))), *map(self._shared, texts, self._made.pieces(texts))]
        )
        asks = [
            [target in (entry.id, entry.intent) for entry in self._entries]
            for target in self._targets
        ]
        shows = [
            [True] * len(self._entries),
            *([entry.id in set(p.targets) for entry in self._entries] for p in pictures),
        ]
        return Turns(
            self._shelf,
            said,
            shown,
            sure.float(),
            intent,
            target,
            torch.from_numpy(words),
            torch.from_numpy(shared).float(),
            torch.from_numpy(np.stack(photos)),
            torch.tensor(asks),
            torch.tensor(shows),
        )

    def _shared(self, text: str, asked: Pieces) -> np.ndarray:
        """(4, n): what the text shares with each entry, see Matches."""
        stems, named = term_set(text), self._known.find(text)
        covered = [self._rare_words.coverage(stems, own) for own in self._stems]
        matched = [
            max(
                (
                    codes.match(frozenset({c}), own) * self._rare_codes.share(codes.fold(c))
                    for c in named
                ),
                default=0.0,
            )
            for own in self._codes
        ]
        vectors = asked.vectors.astype(np.float32)
        alike = [pieces.likeness(vectors, merged) for _, _, merged in self._pieces]
        hidden = [
            pieces.likeness(
                vectors,
                pieces.merged(
                    [kept for other, kept in zip(texts, own) if other != text] or [NOTHING]
                ),
            )
            if text in texts
            else score
            for (texts, own, _), score in zip(self._pieces, alike)
        ]
        return np.array([covered, matched, alike, hidden])


def _words_of(entry: Entry) -> tuple[frozenset[str], frozenset[str]]:
    return term_set(entry.text), codes.identifiers_of(entry)


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
        asked = [
            (p, by_target[t]) for p in pictures for t in rng.permutation(sorted(by_target))[:each]
        ]
        for picture, choices in asked:
            wording, other = (choices[i] for i in rng.integers(len(choices), size=2))
            table.add(wording, _one(made.takes(other), rng), picture)
    else:
        for wording in wordings:
            shown = [
                p
                for p in pictures
                if wording.target in p.targets and wording.photo in (None, p.path)
            ]
            table.add(
                wording,
                _one(made.takes(wording), rng),
                shown[rng.integers(len(shown))] if shown else None,
            )
    return table.turns()


def _one(takes: Sequence[tuple[str, float]], rng: np.random.Generator) -> tuple[str, float]:
    return takes[int(rng.integers(len(takes)))] if takes else ("", 0.0)
