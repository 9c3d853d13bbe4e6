"""How well entries fit a query: one pass over all candidates, for searching and for training.

    cosine       of what a modality put into the query with an entry's best text
    alike        of its word pieces with the entry's (late_interaction.py)
    words        what its terms and the entry's have in common (index/postings.py)
                 how these three add up depends on the text encoder (text_score.py)
    photo        how likely the photo shows the entry, by its pictures and its title
    identified   how surely the entry is the one that an identifier of the question names

All of it is torch, so it can be differentiated; queries (b) and entries (n) come in batches. Knows
no index, no file and no language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mm_support.knowledge.text_score import Floors, TextScore, above

# an exactly matched identifier closes this part of the gap between an entry's score and 1
CODE_SHARE = 0.7
# an entry's score falls by exp(-STAND_OUT) for each unit of log odds that the likeliest entry is
# ahead: where pictures are all alike, drawn by one hand or taken before one wall, every one is
# likely
STAND_OUT = 0.15


@dataclass(frozen=True)
class PictureCalibration:
    """Weights of a logistic regression, and the same for an entry without pictures. nearest: of the
    cosine with the entry's most similar picture; mean: with the mean of its pictures; words: with
    its title. Fitted by assets/training/image.py on photos of products that were left out of
    training.
    """

    nearest: float
    mean: float
    words: float
    bias: float
    only_words: float
    only_words_bias: float


# assets/weights/clip-lite.json
CLIP_LITE = PictureCalibration(7.75, 8.88, 5.85, -7.89, 12.58, -2.64)


class Pictures(NamedTuple):
    """How many pictures each of n entries has, which lie one entry after another. counts: (n,);
    lengths: (n,) of the mean of their unit vectors.
    """

    counts: Tensor
    lengths: Tensor


def places(counts: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) how many texts or pictures each entry has, which lie one entry after another -> (n, k)
    where its first, second and so on lies, and whether it has so many.
    """
    width = max(int(counts.max()), 1) if len(counts) else 1
    first = counts.cumsum(0) - counts
    steps = torch.arange(width, device=counts.device)
    filled = steps < counts[:, None]
    return (first[:, None] + steps) * filled, filled


class Matches(NamedTuple):
    """What the m modalities of b queries share with n entries, (b, m, n) in 0..1. has_pieces: (b,
    m) whether word pieces are known; alike: what they have above unrelated ones.
    """

    words: Tensor
    alike: Tensor
    has_pieces: Tensor
    identified: Tensor


def near(
    every: Tensor, weights: Tensor, counts: Tensor, floors: Floors, hidden: Tensor | None = None
) -> Tensor:
    """(b, m, K) cosines of what each modality put into the query with all K texts, times the
    weights (b, m) -> (b, m, n) what the text of each entry that is nearest to their sum has above
    the floors, (m, K) of each text. counts: (n,) texts of an entry. hidden: (b, n, k) texts not to
    be found, e.g. the very question; an entry that has no others has 0.
    """
    at, filled = places(counts)
    shown = (filled if hidden is None else filled & ~hidden).expand(len(every), -1, -1)
    own = above(every, floors.best, weights[..., None])[..., at]  # (b, m, n, k)
    chosen = own.sum(1).masked_fill(~shown, -torch.inf).argmax(-1)
    best = own.gather(-1, chosen[:, None, :, None].expand(-1, own.shape[1], -1, 1)).squeeze(-1)
    return best * shown.any(-1)[:, None]


def highest(values: Tensor, counts: Tensor) -> Tensor:
    """(m, K) of all K texts -> (m, n) the highest of each entry's."""
    at, filled = places(counts)
    return values[:, at].masked_fill(~filled, -torch.inf).amax(-1)


def maxsim(likeness: Tensor, counts: Tensor) -> Tensor:
    """(p, t) cosines of entries' word pieces with a question's -> (n, t) the highest of each entry.
    counts: (n,) of an entry; 0 where it has none.
    """
    best = torch.segment_reduce(likeness, "max", lengths=counts, axis=0, initial=-1.0)
    return best.masked_fill(counts[:, None] == 0, 0.0)


def picture_logits(
    shown: Tensor, worded: Tensor, pictures: Pictures, weights: PictureCalibration = CLIP_LITE
) -> Tensor:
    """(b, n) log odds that the photos show each entry. shown: (b, M) cosines of the
    photos with all pictures; worded: (b, n) with the titles.
    """
    without = weights.only_words * worded + weights.only_words_bias
    if not shown.shape[1]:
        return without
    at, filled = places(pictures.counts)
    own = shown[:, at]  # (b, n, k)
    nearest = own.masked_fill(~filled, -1.0).amax(-1)
    centre = (own * filled).sum(-1) / (pictures.counts * pictures.lengths).clamp_min(1e-6)
    logits = weights.nearest * nearest + weights.mean * centre + weights.words * worded
    return torch.where(pictures.counts > 0, logits + weights.bias, without)


def picture_scores(logits: Tensor) -> Tensor:
    """(b, n) log odds -> probabilities, each lowered by how far the likeliest entry is ahead."""
    ahead = logits - logits.amax(-1, keepdim=True)
    return logits.sigmoid() * (STAND_OUT * ahead).exp()


def combine(
    near: Tensor, weights: Tensor, matches: Matches, photo: Tensor, score: TextScore
) -> tuple[Tensor, Tensor]:
    """The scores (b, n) in 0..1, and what each modality adds to them (b, m, n).

    near: (b, m, n) weights times what cosines have above the floor (text_score.py); weights: (b, m)
    of the modalities in words; photo: (b, n) its weight times picture_scores. An identifier closes
    CODE_SHARE of what is left to 1.
    """
    share = score.alike * matches.has_pieces[..., None]
    found = score.words * matches.words + share * matches.alike.clamp_min(0)
    parts = (1 - score.words - share) * near.clamp_min(0) + weights[..., None] * found
    total = (parts.sum(1) + photo).clamp_max(1.0)
    gained = []
    for part, named in zip(parts.unbind(1), matches.identified.unbind(1)):
        gain = (1 - total) * CODE_SHARE * named
        total = total + gain
        gained.append(part + gain)
    return total, torch.stack(gained, 1) if gained else parts
