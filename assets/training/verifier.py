"""Trains the network that reads a claim and a passage as one, for a text encoder.

python -m assets.training.verifier TEXTS

The pairs are those of claim_pairs.py. The encoder's network stays as it is but for low-rank changes
to its layers (LoRA, Hu et al. 2021), so that what is learned fits into a few megabytes. Four
minutes on a GPU; a processor needs a night, and an hour with --on, which goes on from the weights
that are there with what people wrote and a few of the rest, and ends halfway between both. Figures
and the threshold are of documents that nobody trained on.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from assets.training.claim_pairs import (
    SUPPORTED,
    UNSEEN,
    UNSEEN_PASSAGES,
    WRITTEN,
    WRONG,
    Pair,
    all_pairs,
    unseen_pairs,
)
from assets.training.command import main
from assets.training.low_rank import adapt, changes, halves, take_up
from mm_support.config import Settings
from mm_support.decode.claim_reader import CLASSES, WORDS, Tokens, claim_network, paired
from mm_support.decode.verify import FILE
from mm_support.device import Device, resolve_device
from mm_support.encode.text_network import torch_network
from mm_support.language.belonging import misplaced
from mm_support.language.detect import language_of
from mm_support.language.facts import missing
from mm_support.language.sentences import without_step_number
from mm_support.paths import fitted_to
from mm_support.weights import package_weights

RANK, DECAY, DROPOUT, WARM_UP = 32, 0.01, 0.15, 0.06
SEED = 1
TOLD = 50  # steps between two lines about the loss
JUDGED = 8_000  # tokens, with padding, that are judged at once
COMMON = 120  # tokens that stand in most texts: that both sides have them says nothing
LET_THROUGH = 0.02  # share of the unseen wrong claims at the threshold
WEIGHT = 2.0  # of kinds like the sentences that a language model writes
LIKE_WRITTEN = (
    "paraphrase",
    "two paraphrases",
    "written",
    "half wrong",
    "negated paraphrase",
    "paraphrase elsewhere",
    "obeyed",
)


class Plan(NamedTuple):
    """draws: times that claims are made of the texts, each time others. most: pairs of one kind in
    a draw, most_rewritten of one made from what people wrote, most_written of what they wrote.
    tokens: of a step, with padding. attention: dropout of what attends, which is slow on a
    processor.
    """

    draws: int
    most: int
    most_rewritten: int
    most_written: int
    epochs: int
    rate: float
    tokens: int
    attention: float

    def allowed(self, kind: str) -> int:
        if kind in WRITTEN:
            return self.most_written
        return self.most_rewritten if kind in LIKE_WRITTEN else self.most


AFRESH = Plan(3, 1_500, 100_000, 100_000, 6, 1e-3, 32_000, DROPOUT)
ON = Plan(1, 50, 300, 3_000, 1, 3e-4, 3_000, 0.0)
ATTENDS = "attention.self.dropout"
DATA = (
    "assets/training/claim_pairs.py: SQuAD 2.0 dev and CMRC 2018 (CC BY-SA 4.0), WiCE (ODC-BY,"
    " texts CC BY-SA), BEGIN (see its licences), documentation of RustDesk, Plausible and Chatwoot,"
    " the packs of this project, and paraphrases and errors about made-up companies written for it"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("texts", type=Path, help="folder with qa/, nli/ and helpdesk/")
    parser.add_argument("--out", type=Path, help="folder (default: that of the text encoder)")
    parser.add_argument("--on", action="store_true", help="go on from the weights that are there")


def run(args: argparse.Namespace, settings: Settings) -> int:
    started, device = time.monotonic(), resolve_device(settings.device)
    plan, kept = ON if args.on else AFRESH, fitted_to(settings.text_model) / FILE
    learnt, unseen = drawn(args.texts, plan), unseen_pairs(args.texts)
    folder = package_weights(settings.text_model, settings.cache_dir)
    texts = Texts(folder, [*learnt, *unseen])
    plain = Device(device.device, torch.float32, "to be trained")
    network = adapted(claim_network(torch_network(str(folder), plain).model), plan.attention)
    network.to(device.device)
    if args.on:
        texts.common = frozenset(json.loads(kept.with_suffix(".json").read_text("utf-8"))["common"])
        go_on(network, load_file(kept))
    train(network, texts, learnt, device, plan)
    if args.on:
        go_on(network, halfway(load_file(kept), learned(network)))
    probabilities = judged(network, texts, unseen, device)
    exact = np.array([is_exact(pair) for pair in unseen])
    threshold = choose(unseen, probabilities[:, SUPPORTED] * exact)
    card = {
        "threshold": round(threshold, 4),
        "common": sorted(texts.common),
        "classes": CLASSES,
        "made_for": settings.text_model,
        "card": {
            "what": "The text encoder with low-rank changes: does the passage say the claim?",
            "data": DATA,
            "command": f"python -m assets.training.verifier TEXTS{' --on' if args.on else ''}",
            "pairs": len(learnt),
            "seconds": round(time.monotonic() - started),
            "device": device.reason,
            "shown": shown(unseen, probabilities[:, SUPPORTED] * exact, threshold),
        },
    }
    write(network, card, args.out or kept.parent)
    return 0


def drawn(data: Path, plan: Plan) -> list[Pair]:
    """What is learned from: the pairs of several draws, each once."""
    found: dict[tuple[str, str, tuple[str, ...]], Pair] = {}
    for seed in range(plan.draws):
        pairs, counts = all_pairs(data, seed), Counter[str]()
        for place in np.random.default_rng(seed).permutation(len(pairs)):
            pair = pairs[place]
            counts[pair.kind] += 1
            if counts[pair.kind] <= plan.allowed(pair.kind):
                found.setdefault((pair.claim, pair.title, pair.sentences), pair)
    return list(found.values())


def is_exact(pair: Pair) -> bool:
    """Whether the passage holds the facts of the claim."""
    text = f"{pair.title}. {' '.join(pair.sentences)}"
    return not (missing(pair.claim, [text], [pair.title]) or misplaced(pair.claim, [text]))


class Texts:
    """Pairs as the network reads them. folder: of the text encoder's package weights."""

    def __init__(self, folder: Path, pairs: Sequence[Pair]) -> None:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        every = sorted({text for pair in pairs for text in sides(pair)})
        read = tokenizer.encode_batch(every, add_special_tokens=False)
        self._ids = {text: one.ids for text, one in zip(every, read)}
        counts = Counter(token for ids in self._ids.values() for token in {*ids})
        self.common = frozenset(token for token, _ in counts.most_common(COMMON))
        with safe_open(folder / "model.safetensors", "pt") as file:
            name = next(key for key in file.keys() if key.endswith(WORDS))
            self._words = file.get_tensor(name)

    def read(self, pair: Pair) -> Tokens:
        claim, passage = sides(pair)
        return paired(self._ids[claim], self._ids[passage], self.common)

    def size(self, pair: Pair) -> int:
        return len(self.read(pair).ids)

    def batch(self, pairs: Sequence[Pair], device: torch.device) -> tuple[Tensor, ...]:
        """words (b, t, dim) float32, kept, sides, shared (b, t) int64."""
        rows = [self.read(pair) for pair in pairs]
        longest = max(len(row.ids) for row in rows)
        filled = np.zeros((4, len(rows), longest), np.int64)
        for place, row in enumerate(rows):
            for part, values in enumerate((row.ids, np.ones_like(row.ids), row.sides, row.shared)):
                filled[part, place, : len(values)] = values
        ids, *others = torch.from_numpy(filled)
        return self._words[ids].float().to(device), *(part.to(device) for part in others)


def sides(pair: Pair) -> tuple[str, str]:
    passage = "\n".join(filter(None, (pair.title, " ".join(pair.sentences))))
    return without_step_number(pair.claim), passage


def adapted(network: Any, attention: float = DROPOUT) -> Any:
    """With changes to be learned; what else is learned are the marks, and the head."""
    adapt(network.model, RANK, DROPOUT)
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Dropout) and name.endswith(ATTENDS):
            layer.p = attention
    return network


def learned(network: Any) -> dict[str, Tensor]:
    """As decode/claim_reader.py takes it: changes, the marks and the head, float16."""
    own = {"shared": network.shared.weight}
    own |= {f"head.{name}": value for name, value in network.head.named_parameters()}
    return changes(network.model) | halves(own)


def go_on(network: Any, weights: dict[str, Tensor]) -> None:
    """Puts what `learned` gives back into a network that learns."""
    take_up(network.model, weights)
    network.shared.weight.data = weights["shared"].to(network.shared.weight)
    for name, weight in network.head.named_parameters():
        weight.data = weights[f"head.{name}"].to(weight)


def halfway(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of the weights from which training went on and of those at its end, which keeps
    more of what was known before (Wortsman et al. 2022).
    """
    return {name: (before[name].float() + after[name].float()) / 2 for name in before}


def train(network: Any, texts: Texts, pairs: Sequence[Pair], device: Device, plan: Plan) -> None:
    torch.manual_seed(SEED)
    rng, sizes = np.random.default_rng(SEED), np.array([texts.size(pair) for pair in pairs])
    labels = torch.tensor([pair.label for pair in pairs])
    counts = torch.tensor([WEIGHT if pair.kind in LIKE_WRITTEN else 1.0 for pair in pairs])
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, plan.rate, weight_decay=DECAY)
    steps = int(1.02 * plan.epochs * len(list(batches(sizes, rng, plan.tokens)))) + 2
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, plan.rate, total_steps=steps, pct_start=WARM_UP, anneal_strategy="linear"
    )
    for epoch in range(plan.epochs):
        network.train()
        found = []
        for rows in batches(sizes, rng, plan.tokens):
            inputs = texts.batch([pairs[row] for row in rows], device.device)
            with torch.autocast(device.device.type, torch.bfloat16, device.device.type != "cpu"):
                logits = network(*inputs)
            step = loss(logits, labels[rows].to(logits.device), counts[rows].to(logits.device))
            optimiser.zero_grad()
            step.backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
            schedule.step()
            found.append(step.detach())
            if len(found) % TOLD == 0:
                mean = torch.stack(found[-TOLD:]).mean()
                print(
                    f"epoch {epoch + 1}, step {len(found)} of {steps}: loss {mean:.4f}", flush=True
                )


def batches(sizes: np.ndarray, rng: np.random.Generator, tokens: int) -> Iterator[np.ndarray]:
    """Rows of pairs of about the same size, in random order."""
    order = np.argsort(sizes + 24 * rng.random(len(sizes)))
    parts, rows = [], list[int]()
    for row in order:
        if rows and (len(rows) + 1) * (sizes[row] + 12) > tokens:
            parts.append(rows)
            rows = []
        rows.append(int(row))
    parts.append(rows)
    return (np.array(parts[place]) for place in rng.permutation(len(parts)))


def loss(logits: Tensor, labels: Tensor, counts: Tensor) -> Tensor:
    """Cross entropy; a claim that is WRONG may be contradicted or not said."""
    logs = logits.log_softmax(-1)
    either = torch.logsumexp(logs[:, :SUPPORTED], -1)
    own = logs.gather(1, labels.clamp(min=0)[:, None])[:, 0]
    return -(counts * torch.where(labels == WRONG, either, own)).sum() / counts.sum()


def judged(network: Any, texts: Texts, pairs: Sequence[Pair], device: Device) -> np.ndarray:
    """(n_pairs, 3) probabilities."""
    network.eval()
    found = np.zeros((len(pairs), len(CLASSES)))
    sizes = np.array([texts.size(pair) for pair in pairs])
    for rows in batches(sizes, np.random.default_rng(0), JUDGED):
        with torch.inference_mode():
            logits = network(*texts.batch([pairs[row] for row in rows], device.device))
        found[rows] = logits.softmax(-1).cpu().numpy()
    return found


def choose(pairs: Sequence[Pair], supported: np.ndarray) -> float:
    """The probability above which LET_THROUGH of the wrong claims lie. supported: 0 where a fact
    is missing.
    """
    wrong = [own for own, pair in zip(supported, pairs) if pair.kind == UNSEEN[1]]
    return float(np.quantile(wrong, 1 - LET_THROUGH))


def shown(pairs: Sequence[Pair], supported: np.ndarray, threshold: float) -> dict[str, Any]:
    """By source, kind and language: how many claims, and the share of them that is shown."""
    groups = defaultdict[str, list[bool]](list)
    for pair, own in zip(pairs, supported):
        source = "companies" if pair.document.startswith(UNSEEN_PASSAGES.stem) else "pages"
        groups[f"{source}, {pair.kind}, {language_of(pair.claim)}"].append(bool(own >= threshold))
    return {
        name: {"pairs": len(rows), "shown": round(float(np.mean(rows)), 3)}
        for name, rows in sorted(groups.items())
    }


def write(network: Any, card: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(learned(network), folder / FILE)
    text = json.dumps(card, ensure_ascii=False) + "\n"
    (folder / FILE).with_suffix(".json").write_text(text, encoding="utf-8")
    print(json.dumps(card["card"], indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
