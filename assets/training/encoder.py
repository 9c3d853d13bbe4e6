"""Trains the text encoder to find what answers a question that is asked in other words.

python -m assets.training.encoder --squad FILE FILE

Contrastive, as the encoder itself was trained (Wang et al. 2024): a question has to be nearer to
the passage that answers it than to those of all others in the step, and than to some that the
encoder took for near in the same base. The network stays as it is but for low-rank changes, and
vectors move no further than they have to. The questions are about made-up companies, as customers
type them (claims/), and those of files in SQuAD's format. A minute on a GPU; a processor needs a
night. What reads the vectors is fitted again afterwards (docs/models.md).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from assets.training.claim_pairs import PASSAGES, UNSEEN_PASSAGES
from assets.training.command import main
from assets.training.low_rank import adapt, changes
from mm_support import arguments
from mm_support.config import Settings
from mm_support.device import Device, resolve_device
from mm_support.encode.text_models import CHANGES, TextModel, text_model
from mm_support.encode.text_network import torch_network
from mm_support.evaluate.passages import Article, read_squad
from mm_support.paths import fitted_to
from mm_support.runs import runs
from mm_support.weights import package_weights

RANK, DROPOUT, RATE, DECAY, WARM_UP, EPOCHS = 16, 0.1, 3e-4, 0.01, 0.1, 3
TOGETHER = 48  # questions of a step
NEAR, BESIDE = 16, 8  # passages of the base nearest to a question; of them in a step
TEMPERATURE = 0.02
STAY = 1.0  # weight of how far vectors move
TAKEN = 0.4  # share of the questions of SQuAD's files, which are all alike
LONGEST = 192  # tokens of a passage that are read
PART = 16  # texts whose states are held at once
SEED = 0


@dataclass(frozen=True)
class Asked:
    """near: passages that look like the answer, the nearest first."""

    question: str
    answer: str
    near: tuple[str, ...] = ()


class Learner(nn.Module):
    """Texts -> (n, dim) unit vectors, with gradients. entry: says how they are made."""

    def __init__(self, folder: Path, entry: TextModel, device: torch.device, rank: int) -> None:
        super().__init__()
        plain = Device(torch.device("cpu"), torch.float32, "to be trained")
        self.model: Any = torch_network(str(folder), plain).model
        if rank:
            adapt(self.model, rank, DROPOUT)
        self.entry, self.device = entry, device
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.enable_padding()
        self.to(device)

    def forward(self, texts: Sequence[str]) -> Tensor:
        read = self.tokenizer.encode_batch(list(texts))
        ids = torch.tensor([one.ids for one in read], device=self.device)
        kept = torch.tensor([one.attention_mask for one in read], device=self.device)
        with torch.autocast(self.device.type, torch.bfloat16, self.device.type != "cpu"):
            states = self.model(input_ids=ids, attention_mask=kept).last_hidden_state
        mask = kept.unsqueeze(-1)
        return functional.normalize((states.float() * mask).sum(1) / mask.sum(1), dim=-1)

    def questions(self, texts: Sequence[str]) -> Tensor:
        return self([self.entry.query + text for text in texts])

    def passages(self, texts: Sequence[str]) -> Tensor:
        return self([self.entry.passage + text for text in texts])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--squad", type=arguments.existing, nargs="*", default=[])
    parser.add_argument("--out", type=Path, help="folder (default: that of the text encoder)")


def run(args: argparse.Namespace, settings: Settings) -> int:
    started, device = time.monotonic(), resolve_device(settings.device)
    folder = package_weights(settings.text_model, settings.cache_dir)
    entry = text_model(settings.text_model)
    before = Learner(folder, entry, device.device, 0).eval().requires_grad_(False)
    learner = Learner(folder, entry, device.device, RANK)
    asked = [one for base in bases(args.squad) for one in with_near(before, *base)]
    unseen = list(companies([UNSEEN_PASSAGES]))
    card = {
        "what": "low-rank changes to the text encoder: finds what answers in other words",
        "made_for": settings.text_model,
        "trained_by": "python -m assets.training.encoder --squad FILE FILE",
        "data": "assets/training/claims, and two fifths of the questions of "
        + ", ".join(path.name for path in args.squad),
        "licence": "as the project",
        "questions": len(asked),
        "device": device.reason,
        "first_right_of_companies_not_trained_on": {"before": right(before, unseen)},
    }
    train(learner, before, asked)
    card["first_right_of_companies_not_trained_on"]["after"] = right(learner, unseen)
    card["seconds"] = round(time.monotonic() - started)
    out = (args.out or fitted_to(settings.text_model)) / CHANGES
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file(changes(learner.model), out)
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    out.with_suffix(".json").write_text(text, encoding="utf-8")
    print(text)
    return 0


Base = tuple[list[str], list[Asked]]  # passages, and what is asked about them


def bases(squad: Sequence[Path]) -> Iterator[Base]:
    """What is learned from."""
    yield from companies(sorted(PASSAGES.glob("*.jsonl")))
    random = np.random.default_rng(SEED)
    for path in squad:
        for articles in runs(read_squad(path), is_short):
            held = {
                name: passage(own.title, text) for own in articles for name, text in own.passages
            }
            answered = [one for own in articles for one in own.asked if one.answers]
            taken = [one for one in answered if one.question.strip() and random.random() < TAKEN]
            if taken:
                yield list(held.values()), [Asked(one.question, held[one.passage]) for one in taken]


def is_short(articles: Sequence[Article], _: Article) -> bool:
    """Whether another article is part of the same base: those of CMRC are a passage each."""
    return sum(len(own.passages) for own in articles) <= NEAR


def companies(files: Sequence[Path]) -> Iterator[Base]:
    """Those that are asked about: {"company", "title", "passage", "asked"} a line."""
    found = defaultdict[tuple[str, str], list[dict]](list)
    for path in files:
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if row.get("asked"):
                found[path.stem, row["company"]].append(row)
    for rows in found.values():
        held = [passage(row["title"], row["passage"]) for row in rows]
        yield held, [Asked(text, own) for own, row in zip(held, rows) for text in row["asked"]]


def passage(title: str, text: str) -> str:
    return f"{title}\n{text}"


def with_near(learner: Learner, held: list[str], asked: Sequence[Asked]) -> list[Asked]:
    """The questions with the passages that the encoder finds, but for the right one."""
    found = []
    for one, order in zip(asked, nearest(learner, held, asked)):
        others = [held[place] for place in order[: NEAR + 1] if held[place] != one.answer]
        found.append(Asked(one.question, one.answer, tuple(others[:NEAR])))
    return found


def nearest(learner: Learner, held: Sequence[str], asked: Sequence[Asked]) -> np.ndarray:
    """(questions, passages) places of the passages, the nearest first."""
    with torch.inference_mode():
        own = in_parts(learner.passages, held)
        wanted = in_parts(learner.questions, [one.question for one in asked])
    return (-(wanted @ own.T)).argsort(dim=1).cpu().numpy()


def in_parts(encode: Callable[[Sequence[str]], Tensor], texts: Sequence[str]) -> Tensor:
    """(n, dim). For gradients each part is computed once more, so that no step needs the memory of
    all its passages.
    """
    return torch.cat([checkpoint(encode, part, use_reentrant=False) for part in parts(texts)])


def parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + PART] for start in range(0, len(texts), PART))


def right(learner: Learner, every: Sequence[Base]) -> float:
    """The share of the questions whose passage is the nearest of its company's."""
    learner.eval()
    hits = [
        held[order[0]] == one.answer
        for held, asked in every
        for one, order in zip(asked, nearest(learner, held, asked))
    ]
    return round(float(np.mean(hits)), 4)


def train(learner: Learner, before: Learner, asked: Sequence[Asked]) -> None:
    """before: the encoder as it was."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    weights = [weight for weight in learner.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(asked) // TOGETHER)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, RATE, total_steps=steps + 1, pct_start=WARM_UP, anneal_strategy="linear"
    )
    learner.train()
    for epoch in range(EPOCHS):
        order, losses = random.permutation(len(asked)), []
        for start in range(0, len(order), TOGETHER):
            step = loss(
                learner, before, [asked[i] for i in order[start : start + TOGETHER]], random
            )
            optimiser.zero_grad()
            step.backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(step.detach()))
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {np.mean(losses):.4f}", flush=True)


def loss(
    learner: Learner, before: Learner, rows: Sequence[Asked], random: np.random.Generator
) -> Tensor:
    """How unlikely each answer is among the passages of the step, and how far vectors moved."""
    questions = [row.question for row in rows]
    beside = [row.near[i] for row in rows for i in random.permutation(len(row.near))[:BESIDE]]
    held = [row.answer for row in rows] + beside
    asked, found = in_parts(learner.questions, questions), in_parts(learner.passages, held)
    also = torch.tensor([[text == row.answer for text in held] for row in rows])
    also[:, : len(rows)].fill_diagonal_(False)  # the same passage once more is no wrong one
    scores = (asked @ found.T / TEMPERATURE).masked_fill(also.to(asked.device), -1e4)
    places = torch.arange(len(rows), device=asked.device)
    with torch.no_grad():
        old = in_parts(before.questions, questions), in_parts(before.passages, held)
    moved = sum((1 - (new * was).sum(1)).mean() for new, was in zip((asked, found), old))
    return functional.cross_entropy(scores, places) + STAY * moved


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
