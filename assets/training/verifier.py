"""Trains the network that tells whether a passage says what a claim says, for a text encoder.

The pairs are those of claim_pairs.py. Token vectors are computed once; the network on top of them
(decode/alignment.py) trains in minutes on one core. Figures are of documents that were held out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from assets.training.claim_pairs import SUPPORTED, UNSEEN, WRONG, Pair, all_pairs, unseen_pairs
from assets.training.command import main
from mm_support.config import Settings
from mm_support.decode.alignment import (
    CLASSES,
    Alignment,
    Member,
    centre,
    closeness,
    evidence,
)
from mm_support.language.belonging import misplaced
from mm_support.language.detect import language_of
from mm_support.language.facts import missing
from mm_support.paths import fitted_to

NAME = "verifier.safetensors"
REDUCED, PROJECTED, COMPARED, HIDDEN = 128, 64, 64, 64
EPOCHS, BATCH, RATE, DROPOUT, DECAY = 16, 64, 1.5e-3, 0.25, 2e-2
MEMBERS = 1  # networks whose probabilities are averaged, each trained on pairs made anew
LONGEST = 64  # tokens of a claim
KEPT = 0.9  # share of the right claims that is let through where the wrong ones are counted
LET_THROUGH = 0.04  # share of held-out wrong claims, made to be hard, at the threshold that is kept
MOST_ALIKE = 300  # pairs of one kind, but for those below
# kinds like the sentences that a language model writes: all of them are trained on, and count more
WEIGHT = 2.0
# what the threshold is for: claims like those that a language model writes
LIKE_WRITTEN = (
    "paraphrase",
    "two paraphrases",
    "written",
    "half wrong",
    "negated paraphrase",
    "paraphrase elsewhere",
    "obeyed",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("texts", type=Path, help="folder with qa/, nli/ and helpdesk/")
    parser.add_argument("--more", action="store_true", help="train on claims about more pages too")
    parser.add_argument("--out", type=Path, help="folder (default: that of the text encoder)")


def run(args: argparse.Namespace, settings: Settings) -> int:
    started = time.process_time()
    sets = [limited(all_pairs(args.texts, seed, args.more), seed) for seed in range(MEMBERS)]
    unseen = unseen_pairs(args.texts)
    vectors = [token_vectors(pairs, settings) for pairs in sets]
    members = [trained(*given) for given in zip(sets, vectors, range(MEMBERS))]
    tried = [pair for pair in sets[0] if is_held_out(pair)]
    folder = args.out or fitted_to(settings.text_model)
    known = vectors[0] | token_vectors(unseen, settings)
    write(members, tried, unseen, known, folder, settings, started)
    return 0


def trained(pairs: Sequence[Pair], vectors: dict[str, np.ndarray], seed: int) -> Member:
    mean, basis = principal(vectors)
    learnt = [pair for pair in pairs if not is_held_out(pair)]
    seen = [as_seen(pair, vectors, mean, basis) for pair in learnt]
    return Member({**fit(seen, learnt, seed), "centre": mean, "basis": basis})


def write(
    members: Sequence[Member],
    tried: Sequence[Pair],
    unseen: Sequence[Pair],
    vectors: dict[str, np.ndarray],
    folder: Path,
    settings: Settings,
    started: float,
) -> None:
    """The networks, with their threshold and figures on what was held out beside them."""
    from safetensors.numpy import save_file

    alignment = Alignment(tuple(members), 0.5, {})
    probabilities = judged(alignment, tried, vectors)
    exact = np.array([is_exact(pair) for pair in tried])
    threshold = round(choose(tried, probabilities, exact), 4)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{number}/{name}": rows.astype(np.float16)
        for number, member in enumerate(members)
        for name, rows in member.weights.items()
    }
    save_file(arrays, folder / NAME)
    card = {
        "threshold": threshold,
        "classes": CLASSES,
        "made_for": settings.text_model,
        "card": {
            "what": "Decomposable attention on token vectors: does the passage say the claim?",
            "data": "assets/training/claim_pairs.py: SQuAD 2.0 dev and CMRC 2018 (CC BY-SA 4.0),"
            " WiCE (ODC-BY, texts CC BY-SA), BEGIN (see its licences), RustDesk, Plausible and"
            " Chatwoot documentation, the packs of this project and paraphrases written for it",
            "command": "python -m assets.training.verifier TEXTS",
            "seconds": round(time.process_time() - started),
            "held_out": measure(tried, probabilities, exact),
            "shown": shown(unseen, judged(alignment, unseen, vectors), threshold),
        },
    }
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    (folder / NAME).with_suffix(".json").write_text(text, encoding="utf-8")
    print(text)


def judged(
    alignment: Alignment, pairs: Sequence[Pair], vectors: dict[str, np.ndarray]
) -> np.ndarray:
    """(n_pairs, 3) probabilities, as the verifier computes them."""
    nothing, found = vectors[""], []
    for pair in pairs:
        claim, title = vectors.get(pair.claim, nothing), vectors.get(pair.title, nothing)
        sentences = [vectors.get(sentence, nothing) for sentence in pair.sentences]
        found.append(alignment.probabilities(claim[:LONGEST], title, sentences))
    return np.array(found)


def is_exact(pair: Pair) -> bool:
    """Whether the passage holds the facts of the claim."""
    text = f"{pair.title}. {' '.join(pair.sentences)}"
    return not (missing(pair.claim, [text], [pair.title]) or misplaced(pair.claim, [text]))


def is_held_out(pair: Pair) -> bool:
    return pair.document == "wice-held" or (pair.document != "wice" and pair.held_out)


def limited(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """At most MOST_ALIKE of a kind, drawn at random."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    kinds: dict[str, int] = defaultdict(int)
    kept = []
    for i in order:
        kinds[pairs[i].kind] += 1
        if kinds[pairs[i].kind] <= MOST_ALIKE or pairs[i].kind in LIKE_WRITTEN:
            kept.append(pairs[i])
    return kept


def token_vectors(pairs: Sequence[Pair], settings: Settings) -> dict[str, np.ndarray]:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encoder = load_text_encoder(settings, resolve_device(settings.device))
    texts = {text for pair in pairs for text in (pair.claim, pair.title, *pair.sentences)}
    ordered = sorted(text for text in texts if text.strip())
    found: dict[str, np.ndarray] = {"": np.zeros((0, encoder.dim), np.float16)}
    for start in range(0, len(ordered), 1024):
        part = ordered[start : start + 1024]
        _, pieces = encoder.encode_pieces(part, "passage")
        found |= {text: piece.vectors for text, piece in zip(part, pieces)}
        print(f"{start + len(part)} of {len(ordered)} texts", flush=True)
    return found


def principal(vectors: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The mean token, (d,), and the REDUCED directions in which tokens differ most."""
    some = [rows for rows in list(vectors.values())[:4000] if len(rows)]
    tokens = np.concatenate(some).astype(np.float32)
    mean = tokens.mean(axis=0)
    moved = centre(tokens, mean)
    _, directions = np.linalg.eigh(moved.T @ moved)
    return mean, directions[:, ::-1][:, :REDUCED].copy()


def as_seen(
    pair: Pair, vectors: dict[str, np.ndarray], mean: np.ndarray, basis: np.ndarray
) -> tuple[np.ndarray, ...]:
    """What decode/alignment.py makes of a pair: claim, passage and its closest sentences in fewer
    dimensions, cosines there and back, and how close they are.
    """
    texts = (pair.claim, pair.title, *pair.sentences)
    claim, title, *sentences = (centre(vectors.get(text, vectors[""]), mean) for text in texts)
    claim = claim[:LONGEST]
    held, closest = evidence(claim, title, sentences)
    small = [(rows @ basis).astype(np.float16) for rows in (claim, held, closest)]
    there, back = (claim @ held.T).astype(np.float16), (closest @ claim.T).astype(np.float16)
    return *small, there, back, closeness(claim, held, closest)


class Network(nn.Module):
    """The network of decode/alignment.py for training; dim: of the vectors in fewer dimensions.

    Texts are (b, t, dim), beside each (b, t) bool of the places that are filled.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.attend = nn.Linear(dim, PROJECTED, bias=False)
        self.project = nn.Linear(dim, PROJECTED, bias=False)
        self.there = nn.Linear(4 * PROJECTED + 1, COMPARED)
        self.back = nn.Linear(4 * PROJECTED + 1, COMPARED)
        self.whole = nn.Linear(dim, PROJECTED, bias=False)
        self.hidden = nn.Linear(4 * COMPARED + 2 * PROJECTED + 7, HIDDEN)
        self.out = nn.Linear(HIDDEN, len(CLASSES))
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.drop = nn.Dropout(DROPOUT)

    def forward(
        self,
        claim: Tensor,
        claims: Tensor,
        held: Tensor,
        holds: Tensor,
        closest: Tensor,
        near: Tensor,
        to: Tensor,
        fro: Tensor,
        close: Tensor,
    ) -> Tensor:
        """(b, 3) logits. claims, holds, near: places of claim, held and closest that are filled;
        to, fro: cosines of the claim with what is held, and of the closest with the claim.
        """
        there = self._compared(claim, claims, held, holds, to, self.there)
        back = self._compared(closest, near, claim, claims, fro, self.back)
        own, other = self.whole(_mean(claim, claims)), self.whole(_mean(closest, near))
        parts = [there, back, (own - other).abs(), own * other, close]
        hidden = self.hidden(self.drop(torch.cat(parts, -1))).relu()
        return self.out(self.drop(hidden))

    def _compared(
        self,
        asking: Tensor,
        asks: Tensor,
        held: Tensor,
        holds: Tensor,
        cosines: Tensor,
        layer: nn.Linear,
    ) -> Tensor:
        """Mean and maximum over the asking tokens of how each compares with what it finds."""
        missing = ~holds[:, None]
        cosines = cosines.masked_fill(missing, -1)
        scores = self.scale * cosines + self.attend(asking) @ self.attend(held).transpose(1, 2)
        found = scores.masked_fill(missing, -1e4).softmax(-1) @ held
        own, other = self.project(asking), self.project(found)
        best = cosines.amax(-1, keepdim=True)
        rows = torch.cat([own, other, (own - other).abs(), own * other, best], -1)
        rows = layer(self.drop(rows)).relu() * asks[..., None]
        mean = rows.sum(1) / asks.sum(1, keepdim=True)
        return torch.cat([mean, rows.amax(1)], -1)


def _mean(rows: Tensor, there: Tensor) -> Tensor:
    """(b, dim) unit rows: the mean of the places that are filled."""
    sums = (rows * there[..., None]).sum(1) / there.sum(1, keepdim=True)
    return nn.functional.normalize(sums, dim=-1)


def fit(seen: Sequence[tuple], pairs: Sequence[Pair], seed: int) -> dict[str, np.ndarray]:
    torch.manual_seed(seed)
    rng, model = np.random.default_rng(seed), Network(seen[0][0].shape[1])
    labels = torch.tensor([pair.label for pair in pairs])
    counts = torch.tensor([WEIGHT if pair.kind in LIKE_WRITTEN else 1.0 for pair in pairs])
    steps = EPOCHS * (len(pairs) // BATCH + 1)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for rows in batches(seen, np.arange(len(pairs)), rng):
            batch = padded([seen[int(row)] for row in rows])
            found = loss(model(*batch), labels[rows], counts[rows])
            optimiser.zero_grad()
            found.backward()
            optimiser.step()
            schedule.step()
            total += found.item() * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(pairs):.4f}", flush=True)
    return {name: value.numpy() for name, value in model.state_dict().items()}


def batches(seen: Sequence[tuple], rows: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Pairs of about the same size together, in random order."""
    sizes = np.array([len(seen[i][1]) for i in rows]) + 8 * rng.random(len(rows))
    order = rows[np.argsort(sizes)]
    parts = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    return [parts[i] for i in rng.permutation(len(parts))]


def loss(logits: Tensor, labels: Tensor, counts: Tensor) -> Tensor:
    """Cross entropy; a claim that is WRONG may be contradicted or not said."""
    logs = logits.log_softmax(-1)
    either = torch.logsumexp(logs[:, :SUPPORTED], -1)
    own = logs.gather(1, labels.clamp(min=0)[:, None])[:, 0]
    return -(counts * torch.where(labels == WRONG, either, own)).mean()


def padded(rows: Sequence[tuple]) -> tuple[Tensor, ...]:
    """Pairs as a batch: each text with which of its places are filled, then the cosines."""
    claims, held, closest, to, fro, close = zip(*rows)
    texts = [tensor for column in (claims, held, closest) for tensor in _padded_texts(column)]
    return *texts, _padded_cosines(to), _padded_cosines(fro), torch.from_numpy(np.array(close))


def _padded_texts(texts: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """(b, t, dim) with zeros behind each, and (b, t) bool of the places that are filled."""
    rows = pad_sequence([torch.from_numpy(text).float() for text in texts], batch_first=True)
    lengths = torch.tensor([len(text) for text in texts])
    return rows, torch.arange(rows.shape[1])[None] < lengths[:, None]


def _padded_cosines(matrices: Sequence[np.ndarray]) -> Tensor:
    """(b, n, m) with zeros behind and below each."""
    high, wide = (max(matrix.shape[axis] for matrix in matrices) for axis in (0, 1))
    padded = np.zeros((len(matrices), high, wide), np.float32)
    for out, matrix in zip(padded, matrices):
        out[: matrix.shape[0], : matrix.shape[1]] = matrix
    return torch.from_numpy(padded)


def choose(pairs: Sequence[Pair], probabilities: np.ndarray, exact: np.ndarray) -> float:
    """The probability above which LET_THROUGH of held-out claims like a model's wrong ones lie,
    among those that the exact check lets pass.
    """
    wrong = [
        probabilities[i, SUPPORTED] if exact[i] else 0.0
        for i, pair in enumerate(pairs)
        if pair.kind in LIKE_WRITTEN and pair.label != SUPPORTED
    ]
    return float(np.quantile(wrong, 1 - LET_THROUGH))


def shown(pairs: Sequence[Pair], probabilities: np.ndarray, threshold: float) -> dict[str, Any]:
    """By kind and language of claims that nothing was fitted to: how many, and the share of them
    that is shown.
    """
    exact = np.array([is_exact(pair) for pair in pairs])
    passed = (probabilities[:, SUPPORTED] >= threshold) & exact
    languages = [language_of(pair.claim) for pair in pairs]
    figures: dict[str, Any] = {}
    for kind, language in product(UNSEEN, sorted(set(languages))):
        rows = [pair.kind == kind and own == language for pair, own in zip(pairs, languages)]
        share = round(float(passed[rows].mean()), 3) if any(rows) else 0.0
        figures[f"{kind}, {language}"] = {"pairs": sum(rows), "shown": share}
    return figures


def measure(pairs: Sequence[Pair], probabilities: np.ndarray, exact: np.ndarray) -> dict[str, Any]:
    """By kind: pairs, share rightly told at one half, and, of the wrong ones, the share let through
    where KEPT of all right ones are; with the exact check beside the network, and without.
    """
    supported = probabilities[:, SUPPORTED]
    right = np.array([pair.label == SUPPORTED for pair in pairs])
    bar = np.quantile(supported[right], 1 - KEPT)
    figures: dict[str, Any] = {}
    for kind in sorted({pair.kind for pair in pairs}):
        own = np.array([pair.kind == kind for pair in pairs])
        told = (supported[own] >= 0.5) == right[own]
        figures[kind] = {"pairs": int(own.sum()), "accuracy": round(float(told.mean()), 3)}
        passed = supported[own] >= bar
        name = "kept" if right[own].all() else "let_through"
        figures[kind][name] = round(float(passed.mean()), 3)
        figures[kind][f"{name}_with_exact_check"] = round(float((passed & exact[own]).mean()), 3)
    told = (supported >= 0.5) == right
    wrong = (supported >= bar) & ~right
    figures["all"] = {
        "pairs": len(pairs),
        "accuracy": round(float(told.mean()), 3),
        "let_through": round(float(wrong.sum() / (~right).sum()), 3),
        "let_through_with_exact_check": round(float((wrong & exact).sum() / (~right).sum()), 3),
    }
    return figures


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
