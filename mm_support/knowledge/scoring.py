"""How well entries fit a query: one pass over all candidates, for searching and for training.

    cosine       of what a modality put into the query with an entry's best text, and with their mean
    alike        of its word pieces with the entry's (late_interaction.py)
    coverage     the share of its words, by rarity, that the entry has (index/postings.py)
    photo        how likely the photo shows the entry, among the others (pictures.py)
    identified   how surely the entry is the one that an identifier of the question names

All of it is torch, so it can be differentiated; queries (b) and entries (n) come in batches. Knows
no index, no file and no language.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mm_support.knowledge.pictures import CLIP_LITE, STAND_OUT, PictureCalibration

WORD_SHARE = 0.125  # of a modality's part that shared words make up
# that the likeness of word pieces makes up, where there are any; the cosine is the rest
PIECE_SHARE = 0.5
# of the cosine that the whole entry makes up; its best title, question or sentence is the rest
WHOLE_SHARE = 0.25
# an exactly matched identifier closes this part of the gap between an entry's score and 1
CODE_SHARE = 0.7


class Ragged(NamedTuple):
    """n lists of rows of different lengths. rows: (K, d), one list after another; counts: (n,)."""

    rows: Tensor
    counts: Tensor

    def places(self) -> tuple[Tensor, Tensor]:
        """(n, k) which row is an entry's first, second and so on, and whether it has so many."""
        width = max(int(self.counts.max()), 1) if len(self.counts) else 1
        first = self.counts.cumsum(0) - self.counts
        steps = torch.arange(width, device=self.counts.device)
        filled = steps < self.counts[:, None]
        return (first[:, None] + steps) * filled, filled


class Texts(NamedTuple):
    """What n entries say. facets: of each its title, questions and sentences; means: (n, d) their
    mean as a unit vector.
    """

    facets: Ragged
    means: Tensor


class Looks(NamedTuple):
    """What n entries look like. pictures: of each its pictures; titles: (n, d) by the image
    encoder's text tower.
    """

    pictures: Ragged
    titles: Tensor


class Matches(NamedTuple):
    """What the m modalities of b queries share with n entries; all (b, m, n) in 0..1.

    has_pieces: (b, m) whether a modality's word pieces are known.
    """

    coverage: Tensor
    alike: Tensor
    has_pieces: Tensor
    identified: Tensor


def cosines(parts: Tensor, texts: Texts, hidden: Tensor | None = None) -> Tensor:
    """(b, m, d) what each modality put into the query -> (b, m, n), cosine times weight.

    All modalities are compared with the same text of an entry, the best one for their sum. hidden:
    (b, n, k) texts that are not to be found, e.g. the very question that is asked.
    """
    places, filled = texts.facets.places()
    asked = torch.cat([parts.sum(1, keepdim=True), parts], 1)  # (b, 1 + m, d)
    every = (asked @ texts.facets.rows.T)[..., places]  # (b, 1 + m, n, k)
    shown = filled if hidden is None else filled & ~hidden
    ranked = every[:, 0].masked_fill(~shown, -torch.inf)
    chosen = ranked.argmax(-1)[:, None, :, None].expand(-1, parts.shape[1], -1, 1)
    best = every[:, 1:].gather(-1, chosen).squeeze(-1)
    whole = parts @ texts.means.T
    return (1 - WHOLE_SHARE) * best + WHOLE_SHARE * whole


def maxsim(asked: Tensor, kept: Ragged) -> Tensor:
    """(t, d) word pieces of a question -> (n, t) the highest cosine of each with an entry's; 0
    where an entry keeps none.
    """
    likeness = kept.rows @ asked.T
    best = torch.segment_reduce(likeness, "max", lengths=kept.counts, axis=0, initial=-1.0)
    return best.masked_fill(kept.counts[:, None] == 0, 0.0)


def picture_logits(photos: Tensor, looks: Looks, weights: PictureCalibration = CLIP_LITE) -> Tensor:
    """(b, d) unit vectors of photos -> (b, n) log odds that they show an entry (pictures.py)."""
    worded = photos @ looks.titles.T
    counts = looks.pictures.counts
    if not len(looks.pictures.rows):
        return weights.only_words * worded + weights.only_words_bias
    places, filled = looks.pictures.places()
    every = looks.pictures.rows[places] * filled[..., None]  # (n, k, d)
    nearest = (photos @ looks.pictures.rows.T)[:, places].masked_fill(~filled, -1.0).amax(-1)
    centre = normalize(every.sum(1), dim=-1, eps=1e-6)
    seen = weights.nearest * nearest + weights.mean * (photos @ centre.T)
    seen = seen + weights.words * worded + weights.bias
    return torch.where(counts > 0, seen, weights.only_words * worded + weights.only_words_bias)


def picture_scores(logits: Tensor) -> Tensor:
    """(b, n) log odds -> their probabilities, each lowered by how far the likeliest entry is ahead."""
    ahead = logits - logits.amax(-1, keepdim=True)
    return logits.sigmoid() * (STAND_OUT * ahead).exp()


def combine(
    cosine: Tensor, weights: Tensor, matches: Matches, photo: Tensor
) -> tuple[Tensor, Tensor]:
    """The scores (b, n) in 0..1, and what each modality adds to them (b, m, n).

    cosine: (b, m, n) see `cosines`; weights: (b, m) of the modalities in words; photo: (b, n) its
    weight times picture_scores. An identifier closes CODE_SHARE of what is left to 1.
    """
    share = PIECE_SHARE * matches.has_pieces[..., None]
    found = WORD_SHARE * matches.coverage + share * matches.alike
    parts = (1 - WORD_SHARE - share) * cosine.clamp_min(0) + weights[..., None] * found
    total = (parts.sum(1) + photo).clamp_max(1.0)
    gained = []
    for part, named in zip(parts.unbind(1), matches.identified.unbind(1)):
        gain = (1 - total) * CODE_SHARE * named
        total = total + gain
        gained.append(part + gain)
    return total, torch.stack(gained, 1) if gained else parts
