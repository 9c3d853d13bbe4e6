"""Trains a reader that tells whether a passage answers a question, and measures it as a reranker.

python -m assets.training.reranker --squad FILE FILE --help-centres FOLDER --out FOLDER

The text encoder's own network reads a question and a passage as one (Nogueira and Cho 2019) and
points at the words that answer, or at its first token where none do (Devlin et al. 2019). The score
is how much likelier an average word of the passage is than that: absolute, whatever the length.
What it learns from, and what is kept apart, is in reranker_pairs.py. It is measured while it
trains, alone and added to the score of the search; docs/figures.md has the curve. Nothing serves
it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from assets.training.command import main
from assets.training.reranker_pairs import HELD, Asked, Pair, Reading, material
from mm_support import arguments
from mm_support.config import Settings
from mm_support.device import Device
from mm_support.encode.text_network import torch_network
from mm_support.evaluate.passages import area_under_curve
from mm_support.weights import package_weights

FROZEN = 6  # lowest layers that stay as they are
RATE, HEAD_RATE, DECAY = 8e-5, 1e-3, 0.01
WARM_UP = 0.08  # of the time
MEASURED = (0.1, 0.25, 0.5, 0.75, 1.0)  # of the time
GROUPS = 5  # questions a step
OWN_EVERY = 6  # of the questions that entries hold themselves, one in six is asked an epoch
TRIED = 40  # questions of each group that is kept apart, of those with and without an answer
SPECIAL = 3  # tokens up to this id are no text
SEED = 0


def declare(parser: argparse.ArgumentParser) -> None:
    arguments.cases_folder(parser)
    parser.add_argument("--squad", type=arguments.existing, nargs="+", required=True)
    parser.add_argument("--help-centres", type=arguments.existing)
    parser.add_argument("--out", type=Path, required=True, help="folder of weights and figures")
    parser.add_argument("--seconds", type=float, default=1_600, help="of the processor, to train")


def run(args: argparse.Namespace, settings: Settings) -> int:
    torch.manual_seed(SEED)
    args.out.mkdir(parents=True, exist_ok=True)
    asked, texts = material(args, settings)
    reading = Reading(texts, asked, settings)
    folder = package_weights(settings.text_model, settings.cache_dir)
    plain = Device(torch.device("cpu"), torch.float32, "to be trained")
    reader = Reader(torch_network(str(folder), plain).model)
    trial = Trial(reading, [one for one in asked if one.held], args.out)
    train(reader, reading, [one for one in asked if not one.held], args.seconds, trial)
    return 0


class Reader(nn.Module):
    """network: of the text encoder. Its upper layers are trained."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        network.set_attn_implementation("eager")  # trains twice as fast as the fused one
        dim, layers = network.config.hidden_size, network.encoder.layer
        self.embeddings = network.embeddings.requires_grad_(False)
        self.lower = layers[:FROZEN].requires_grad_(False)
        self.upper = layers[FROZEN:]
        self.points, self.nothing, self.shared = (
            nn.Linear(dim, 1),
            nn.Linear(dim, 1),
            nn.Embedding(2, dim),
        )
        for head in (self.points, self.nothing):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
        nn.init.zeros_(self.shared.weight)
        self.eval()  # without dropout, which takes long on a processor

    def forward(self, ids: Tensor, kept: Tensor, passage: Tensor) -> tuple[Tensor, Tensor]:
        """(b,) scores, and (b, t) how well each token of the passage answers."""
        with torch.autocast("cpu", torch.bfloat16):
            mask = torch.zeros(len(ids), 1, 1, ids.shape[1], dtype=torch.bfloat16)
            mask = mask.masked_fill(~kept[:, None, None], -1e4)
            with torch.no_grad():
                states = through(self.lower, self.embeddings(ids).bfloat16(), mask)
            states = states + self.shared(also_asked(ids, kept, passage).long()).bfloat16()
            states = through(self.upper, states, mask).float()
        points = self.points(states).squeeze(-1).masked_fill(~passage, -torch.inf)
        average = points.logsumexp(1) - passage.sum(1).log()
        return average - self.nothing(states[:, 0]).squeeze(-1), points

    def learnt(self) -> dict[str, Tensor]:
        """What differs from the text encoder."""
        fixed = ("embeddings.", "lower.")
        return {name: own for name, own in self.state_dict().items() if not name.startswith(fixed)}


def through(layers: Iterable[nn.Module], states: Tensor, mask: Tensor) -> Tensor:
    for layer in layers:
        states = layer(states, attention_mask=mask)
    return states


def also_asked(ids: Tensor, kept: Tensor, passage: Tensor) -> Tensor:
    """(b, t) whether a token of the passage is one of the question's too (Chen et al. 2017)."""
    asked = kept & ~passage & (ids > SPECIAL)
    return ((ids[:, :, None] == ids[:, None]) & asked[:, None]).any(-1) & passage


def train(
    reader: Reader, reading: Reading, asked: Sequence[Asked], seconds: float, trial: Trial
) -> None:
    """For some seconds of the processor, measured on the way; the rate falls with what is left."""
    marks, spent, pairs = [seconds * share for share in MEASURED], 0.0, 0
    upper = list(reader.upper.parameters())
    new = (reader.points, reader.nothing, reader.shared)
    heads = [own for part in new for own in part.parameters()]
    parts = [{"params": upper, "lr": RATE}, {"params": heads, "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(parts, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda _: pace(spent / seconds))
    for groups in epochs(reading, asked):
        started = time.process_time()
        optimiser.zero_grad()
        loss(reader, reading, groups).backward()
        nn.utils.clip_grad_norm_(upper + heads, 1.0)
        optimiser.step()
        spent += time.process_time() - started
        schedule.step()
        pairs += sum(map(len, groups))
        if spent >= marks[0]:
            trial.measure(reader, round(spent), pairs)
            marks.pop(0)
        if not marks:
            return


def pace(done: float) -> float:
    """Share of the highest rate, where that share of the time is over."""
    return max(0.0, min(done / WARM_UP + 0.01, (1 - done) / (1 - WARM_UP)))


def epochs(reading: Reading, asked: Sequence[Asked]) -> Iterator[list[list[Pair]]]:
    """The groups of pairs of each step, without end."""
    rng = np.random.default_rng(SEED)
    while True:
        order = [asked[place] for place in rng.permutation(len(asked))]
        order = [one for one in order if not one.own or rng.random() < 1 / OWN_EVERY]
        for start in range(0, len(order), GROUPS):
            yield [reading.group(one, rng) for one in order[start : start + GROUPS]]


def loss(reader: Reader, reading: Reading, groups: Sequence[Sequence[Pair]]) -> Tensor:
    """Which passage answers, whether it does, and where: the mean of each, added."""
    pairs = [pair for group in groups for pair in group]
    scores, where = torch.zeros(len(pairs)), []
    for rows, own in reading.batches(pairs):
        found, points = reader(*own[:3])
        scores = scores.index_put((torch.tensor(rows),), found)
        known = own.answers.any(1)
        marked = points[known].masked_fill(~own.answers[known], -torch.inf)
        where.append(points[known].logsumexp(1) - marked.logsumexp(1))
    lists = [own for own in scores.split([len(group) for group in groups]) if len(own) > 2]
    which = [own.logsumexp(0) - own[0] for own in lists]
    answered = torch.tensor([float(pair.answered) for pair in pairs])
    weights = torch.tensor([pair.weight for pair in pairs])
    whether = nn.functional.binary_cross_entropy_with_logits(
        scores, answered, weights, reduction="sum"
    )
    return average(which) + whether / weights.sum() + average(list(torch.cat(where)))


def average(losses: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(losses)).mean() if losses else torch.zeros(())


class Trial:
    """Questions that were kept apart, the same ones each time. out: a folder."""

    def __init__(self, reading: Reading, asked: Sequence[Asked], out: Path) -> None:
        self._reading, self._out, counts = reading, out, Counter()
        self.asked: list[Asked] = []
        for place in np.random.default_rng(SEED).permutation(len(asked)):
            one = asked[place]
            counts[one.held, bool(one.right)] += 1
            if counts[one.held, bool(one.right)] <= TRIED:
                self.asked.append(one)
        self._pairs = [self._of(one) for one in self.asked]

    def _of(self, one: Asked) -> list[Pair]:
        """Of a question with an answer, the entries found, and one that answers as it is and
        emptied; else the one without the answer.
        """
        if not one.right:
            return [self._reading.pair(one, one.left_open)] if one.left_open else []
        found = [self._reading.pair(one, name) for name, _ in one.hits]
        own = self._reading.pair(one, one.right[0])
        return [*found, own, *self._reading.emptied(one, one.right[0])]

    def measure(self, reader: Reader, seconds: int, pairs: int) -> None:
        """Prints and keeps the figures, and keeps the weights."""
        started = time.process_time()
        scores = self._scores(reader)
        took = (time.process_time() - started) / sum(map(len, self._pairs))
        figures = {"seconds": seconds, "pairs": pairs, "ms_a_pair": round(1_000 * took, 1)}
        figures |= self.first(scores) | self.tells_unanswerable(scores)
        print(json.dumps(figures), flush=True)
        with (self._out / "curve.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
        halves = {name: own.bfloat16().contiguous() for name, own in reader.learnt().items()}
        save_file(halves, self._out / "reranker.safetensors")

    def _scores(self, reader: Reader) -> list[np.ndarray]:
        every = list(chain.from_iterable(self._pairs))
        scores = np.zeros(len(every), np.float32)
        with torch.inference_mode():
            for rows, own in self._reading.batches(every):
                scores[rows] = reader(*own[:3])[0].numpy()
        return np.split(scores, np.cumsum([len(own) for own in self._pairs])[:-1])

    def first(self, scores: Sequence[np.ndarray]) -> dict[str, dict[str, Any]]:
        """Shares of the questions with a right entry first: by the search, by the reader alone, by
        both, added with weights that were fitted to the other groups.
        """
        lists = [
            (one, np.stack([[score for _, score in one.hits], own[: len(one.hits)]], axis=1))
            for one, own in zip(self.asked, scores)
            if one.right
        ]
        others = {one.held: [(o, x) for o, x in lists if o.held != one.held] for one, _ in lists}
        weights = {group: fitted(own) for group, own in others.items()}
        found: dict[str, list[list[bool]]] = defaultdict(list)
        for one, x in lists:
            best = [x[:, 0].argmax(), x[:, 1].argmax(), (x @ weights[one.held]).argmax()]
            right = [one.hits[int(place)][0] in one.right for place in best]
            found[HELD.get(one.held, one.held)].append(right)
        names = ("search", "alone", "both")
        return {
            kind: {"questions": len(own)} | dict(zip(names, np.mean(own, axis=0).round(3).tolist()))
            for kind, own in found.items()
        }

    def tells_unanswerable(self, scores: Sequence[np.ndarray]) -> dict[str, float]:
        """Areas under the curve: questions that the passage they were written for answers against
        those that it leaves open, and passages that answer against the same ones emptied.
        """
        known = [(one, own[len(one.hits) :]) for one, own in zip(self.asked, scores) if one.right]
        answered = [rest[0] for one, rest in known if HELD.get(one.held) == "articles"]
        left_open = [own[0] for one, own in zip(self.asked, scores) if one.left_open]
        emptied = np.array([rest for _, rest in known if len(rest) == 2])
        areas = {"unanswerable": (answered, left_open), "emptied": tuple(emptied.T)}
        return {
            name: round(area_under_curve(*map(np.array, own)), 3) for name, own in areas.items()
        }


def fitted(lists: Sequence[tuple[Asked, np.ndarray]]) -> np.ndarray:
    """(2,) weights under which the right entries are likeliest (conditional logit)."""
    from scipy.optimize import minimize

    right = [np.array([name in one.right for name, _ in one.hits]) for one, _ in lists]
    some = [(x, own) for (_, x), own in zip(lists, right) if own.any()]

    def surprise(weights: np.ndarray) -> float:
        every = np.logaddexp.reduce
        return float(sum(every(x @ weights) - every(x[own] @ weights) for x, own in some))

    return minimize(surprise, np.array([10.0, 0.1])).x


if __name__ == "__main__":
    main(__doc__, declare, run)
