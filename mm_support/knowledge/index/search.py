"""A query -> the best entries of a version.

Terms, identifiers and vectors each propose entries; all that were proposed are then scored in one
pass (scoring.py). Of a base with many entries, one vector an entry first chooses those whose
vectors are compared one by one. A version whose vectors are of other models answers by its terms
and identifiers alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mm_support.device import torch_threads
from mm_support.knowledge import scoring
from mm_support.knowledge.index.arrays import span
from mm_support.knowledge.index.version import Version
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.text_score import UNKNOWN, TextScore, above
from mm_support.language.detect import in_characters
from mm_support.types import FusedQuery, Hit

CANDIDATES = 50  # entries that each way of looking may propose
FIRST_STAGE = 2_000  # entries whose vectors are compared one by one in a large base
LARGE = 4_000  # entries from which on a base counts as large
FIRST_BLOCK = 512  # entries that the first stage compares at once
BLOCK = 2_048  # word pieces that are compared at once
PHOTO = "photo"


class Lexical(NamedTuple):
    """What m modalities share with n entries, apart from vectors. words, identified: (m, n) in
    0..1; ranked: (n,) the words of all together.
    """

    names: tuple[str, ...]
    words: np.ndarray
    identified: np.ndarray
    ranked: np.ndarray


def recognise(version: Version, query: SearchQuery) -> SearchQuery:
    """The query with the identifiers that the base knows, those of the turn before only where this
    one names none. Words in a photo that many entries have, a maker's name, tell nothing apart.
    """
    read = query.terms.get("photo_text", frozenset())
    if read and len(query.fused.weights) > 1 and version.postings.everywhere(read):
        query = query.without("photo_text")
    known = version.dictionary
    found = {
        modality: known.read(texts) if modality == "photo_text" else known.find(" ".join(texts))
        for modality, texts in query.texts.items()
    }
    named = {modality: own for modality, own in found.items() if own}
    if len(named) > 1:
        named.pop("context", None)
    return replace(query, identifiers=named, of_one=version.about.of_one)


def search(
    version: Version,
    query: SearchQuery,
    limit: int,
    on: date,
    fits: bool,
    score: TextScore = UNKNOWN,
    actions: bool = False,
) -> list[Hit]:
    """At most `limit` entries that hold on a day, best first. fits: the query's vectors are of the
    version's models. score: of their text encoder. actions: whether those are found too.
    """
    holds = version.entries.valid(on)
    if not actions and (declared := version.entries.declared()):
        holds = holds.copy()
        holds[[record.row for record in declared]] = False
    if not holds.any():
        return []
    shared = _lexical(version, query)
    with torch.inference_mode(), torch_threads(1):
        most = max(limit, CANDIDATES)
        rows, totals, parts = _scored(version, query, shared, holds, most, fits, score)
    least = np.partition(totals, -limit)[-limit] if len(totals) > limit else -np.inf
    best = np.flatnonzero(totals >= least)
    entries = version.entries.some([int(row) for row in rows[best]])
    hits = [
        Hit(entry, float(totals[place]), {name: float(own[place]) for name, own in parts.items()})
        for entry, place in zip(entries, best)
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))[:limit]


def _lexical(version: Version, query: SearchQuery) -> Lexical:
    worded = [name for name in query.fused.parts if name != PHOTO]
    names = tuple(dict.fromkeys([*worded, *query.identifiers]))
    asked = frozenset().union(*query.terms.values())
    found = version.postings.find(asked)
    nothing = frozenset()
    *words, ranked = version.postings.words(
        [*(query.terms.get(name, nothing) for name in names), asked], found
    )
    named = [version.identifiers.matches(query.identifiers.get(name, nothing)) for name in names]
    shape = (len(names), len(version))
    return Lexical(names, np.array(words).reshape(shape), np.array(named).reshape(shape), ranked)


def _scored(
    version: Version,
    query: SearchQuery,
    shared: Lexical,
    holds: np.ndarray,
    most: int,
    fits: bool,
    score: TextScore,
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Candidates (c,), their scores (c,), and what each modality adds to them."""
    proposed = [shared.identified.max(0, initial=0.0), shared.ranked]
    found = [_best(scores, holds, most) for scores in proposed]
    if fits:
        found += _by_vectors(version, query.fused, holds, most)
    rows = np.unique(np.concatenate(found))
    weights = torch.tensor([[query.fused.weights.get(name, 0.0) for name in shared.names]])
    compare = _compared if fits else _compared_by_words
    near, matches = compare(version, query, shared, rows, weights, score)
    picture = query.fused.picture if fits else None
    photo = _photo(version, picture, torch.from_numpy(rows))
    totals, parts = scoring.combine(near, weights, matches, photo, score)
    by = dict(zip(shared.names, parts[0].numpy()))
    if picture is not None:
        by[PHOTO] = photo[0].numpy()
    return rows, totals[0].numpy(), by


def _compared(
    version: Version,
    query: SearchQuery,
    shared: Lexical,
    rows: np.ndarray,
    weights: Tensor,
    score: TextScore,
) -> tuple[Tensor, scoring.Matches]:
    """(1, m, c) the weighted cosines with the candidates, above what unrelated texts have; and what
    else the modalities share with them.
    """
    words = torch.from_numpy(shared.words[None, :, rows])
    identified = torch.from_numpy(shared.identified[None, :, rows])
    places = torch.from_numpy(rows)
    arrays = version.arrays
    asked = [in_characters(" ".join(query.texts.get(name, ()))) for name in shared.names]
    facets, counts = span(arrays.facet_starts, places)
    floors = score.between(torch.tensor(asked), arrays.characters[facets])
    alike, known = _alike(version, query, shared.names, places)
    alike = above(alike, scoring.highest(floors.alike, counts))
    matches = scoring.Matches(words, alike, known, identified)
    parts = _parts(query, shared.names, arrays.facets.shape[1])
    every = parts @ arrays.facets[facets].float().T
    return scoring.near(every, weights, counts, floors), matches


def _compared_by_words(
    version: Version,
    query: SearchQuery,
    shared: Lexical,
    rows: np.ndarray,
    weights: Tensor,
    _: TextScore,
) -> tuple[Tensor, scoring.Matches]:
    """The same without vectors: the share of the words that an entry has, by rarity, stands in for
    them and has the whole weight.
    """
    found = version.postings.find(frozenset().union(*query.terms.values()))
    asked = [query.terms.get(name, frozenset()) for name in shared.names]
    covered = np.array([version.postings.coverage(own, found)[rows] for own in asked])
    words = torch.from_numpy(covered.reshape(1, len(asked), len(rows)))
    nothing = torch.zeros_like(words), torch.zeros_like(weights)
    identified = torch.from_numpy(shared.identified[None, :, rows])
    return weights[..., None] * words, scoring.Matches(words, *nothing, identified)


def _by_vectors(
    version: Version, fused: FusedQuery, holds: np.ndarray, most: int
) -> Iterator[np.ndarray]:
    if fused.text is not None:
        yield _by_text(version, torch.from_numpy(fused.text), holds, most)
    if fused.picture is not None:
        yield _by_look(version, _unit(fused.picture), holds, most)


def _best(scores: np.ndarray, holds: np.ndarray, most: int, above: float = 0.0) -> np.ndarray:
    """The rows of the `most` highest scores above a bound, among the entries that hold."""
    scores = np.where(holds, scores, -np.inf)
    rows = np.flatnonzero(scores > above)
    if len(rows) > most:
        rows = rows[np.argpartition(-scores[rows], most)[:most]]
    return rows


def _unit(vector: np.ndarray) -> Tensor:
    return torch.from_numpy(vector / max(float(np.linalg.norm(vector)), 1e-9)).float()


def _by_text(version: Version, text: Tensor, holds: np.ndarray, most: int) -> np.ndarray:
    """Entries with the most similar texts."""
    arrays, asked = version.arrays, text.half()
    if len(version) <= LARGE:
        likeness = torch.mv(arrays.facets, asked)
        rows, counts = np.arange(len(version)), arrays.facet_starts.diff()
    else:
        near = _cosines_with_all(arrays.centres, text)
        rows = _best(near, holds, FIRST_STAGE, -np.inf)
        places, counts = span(arrays.facet_starts, torch.from_numpy(rows))
        likeness = torch.mv(arrays.facets[places], asked)
    best = torch.segment_reduce(likeness.float(), "max", lengths=counts, axis=0)
    return rows[_best(best.numpy(), holds[rows], most, -np.inf)]


def _by_look(version: Version, picture: Tensor, holds: np.ndarray, most: int) -> np.ndarray:
    """Entries that the photo most likely shows."""
    rows = np.arange(len(version))
    if len(version) > LARGE:
        near = _cosines_with_all(version.arrays.looks, picture)
        rows = _best(near, holds, FIRST_STAGE, -np.inf)
    logits = _logits(version, picture.half(), torch.from_numpy(rows))[0].numpy()
    return rows[_best(logits, holds[rows], most, -np.inf)]


def _cosines_with_all(rows: Tensor, asked: Tensor) -> np.ndarray:
    """(n, d) float16, (d,) float32 -> (n,); block by block in the cache, a quarter faster than a
    product in float16.
    """
    return torch.cat([some.float() @ asked for some in rows.split(FIRST_BLOCK)]).numpy()


def _parts(query: SearchQuery, names: tuple[str, ...], d_text: int) -> Tensor:
    """(1, m, d_text) what each modality put into the query; 0 of identifiers alone."""
    parts = np.zeros((1, len(names), d_text), np.float32)
    for row, name in enumerate(names if query.fused.text is not None else ()):
        parts[0, row] = query.fused.parts.get(name, 0.0)
    return torch.from_numpy(parts)


def _alike(
    version: Version, query: SearchQuery, names: tuple[str, ...], rows: Tensor
) -> tuple[Tensor, Tensor]:
    """(1, m, c) the likeness of each modality's word pieces, and (1, m) whether it has any."""
    alike = torch.zeros(1, len(names), len(rows))
    known = [name in query.pieces and name in query.fused.parts for name in names]
    asked = {place: query.pieces[names[place]] for place, own in enumerate(known) if own}
    if sum(map(len, asked.values())):
        places, counts = span(version.arrays.piece_starts, rows)
        every = np.concatenate(list(asked.values())).astype(np.float32)
        likeness = _piece_cosines(version, places, torch.from_numpy(every))
        best = scoring.maxsim(likeness, counts).split([len(own) for own in asked.values()], 1)
        for place, own in zip(asked, best):
            alike[0, place] = own.sum(1).clamp_min(0) / max(1, own.shape[1])
    return alike, torch.tensor([known], dtype=torch.float32)


def _piece_cosines(version: Version, places: Tensor, asked: Tensor) -> Tensor:
    """(p, t); some pieces at a time, so that what is made of their bytes stays in the cache."""
    arrays = version.arrays
    blocks = [arrays.pieces[own].float() @ asked.T for own in places.split(BLOCK)]
    return torch.cat(blocks) * arrays.piece_scales[places, None]


def _photo(version: Version, picture: np.ndarray | None, rows: Tensor) -> Tensor:
    """(1, c) what the photo adds to the scores: its weight times how likely it shows each entry."""
    if picture is None or not len(rows):
        return torch.zeros(1, len(rows))
    weight = float(np.linalg.norm(picture))
    logits = _logits(version, _unit(picture), rows)
    return weight * scoring.picture_scores(logits)


def _logits(version: Version, picture: Tensor, rows: Tensor) -> Tensor:
    """(1, c) log odds that a photo shows each entry. picture: its unit vector, in any precision."""
    arrays = version.arrays
    places, counts = span(arrays.picture_starts, rows)
    shown = torch.mv(arrays.pictures[places].to(picture.dtype), picture).float()
    worded = torch.mv(arrays.titles[rows].to(picture.dtype), picture).float()
    pictures = scoring.Pictures(counts, arrays.picture_lengths[rows])
    return scoring.picture_logits(shown[None], worded[None], pictures)
