"""Fine-tunes the upper layers of a text encoder, so that its vectors tell one's own intents apart.

The lower layers stay as they are: their output is computed once and kept, which halves the work.
Any BERT-like transformers model with `embeddings` and `encoder.layer` will do. Knows no file.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

TUNED_LAYERS = 3  # of the six of all-MiniLM-L6-v2
MAX_TOKENS = 128
BATCH = 16
ENCODE_BATCH = 64
BATCHES_SORTED_TOGETHER = 16  # batches of similar length waste little on padding, and stay random enough
LAYER_RATE, HEAD_RATE = 2e-4, 2e-3  # peak learning rates, linear warm-up and decay
WARM_UP = 0.1  # share of the steps
WEIGHT_DECAY = 0.01
LABEL_SMOOTHING = 0.1  # Szegedy et al. 2016
LARGEST_GRADIENT = 1.0
HEAD_SCALE = 16.0  # length of a class's weight vector at the start; its direction is the class's mean

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class TunedEncoder:
    """lower, upper: halves of the encoder. head: (d,) -> (c,) logits."""

    lower: "LowerLayers"
    upper: "torch.nn.ModuleList"
    head: "torch.nn.Linear"

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """(n, c) float32."""
        import torch

        states = self.lower.states(texts)
        logits = np.zeros((len(texts), self.head.out_features), np.float32)
        with torch.inference_mode():
            for rows in _by_length(states, ENCODE_BATCH):
                logits[rows] = self.head(_pooled(self.upper, *_padded([states[i] for i in rows]))).cpu().numpy()
        return logits


@dataclass(frozen=True, eq=False)
class LowerLayers:
    """The part of an encoder that is not trained. depth: number of its layers."""

    model: "torch.nn.Module"
    tokenizer: Callable
    depth: int

    def states(self, texts: Sequence[str]) -> list["torch.Tensor"]:
        """One (tokens, d) float16 tensor a text: half the memory, and its rounding is far below the noise."""
        import torch

        device = next(self.model.parameters()).device
        ids = self.tokenizer(list(texts), truncation=True, max_length=MAX_TOKENS)["input_ids"]
        states: list = [None] * len(texts)
        with torch.inference_mode():
            for rows in _by_length(ids, ENCODE_BATCH):
                tokens, mask = _padded([torch.tensor(ids[i], device=device) for i in rows])
                hidden = self.model.embeddings(input_ids=tokens)
                hidden = _through(self.model.encoder.layer[: self.depth], hidden, mask)
                for row, i in enumerate(rows):
                    states[i] = hidden[row, : len(ids[i])].half()
        return states


def fine_tune(
    model, tokenizer, texts: Sequence[str], targets: np.ndarray, starts: np.ndarray, epochs: int, seed: int, progress: Progress
) -> TunedEncoder:
    """Trains copies of the model's upper layers and a linear head; the model itself stays as it is.

    targets: (n, c) rows that add up to 1; a uniform row teaches that a text belongs to no class.
    starts: (c, d) unit vectors, the directions from which the head sets out.
    """
    import torch

    torch.manual_seed(seed)
    depth = max(0, len(model.encoder.layer) - TUNED_LAYERS)
    lower = LowerLayers(model, tokenizer, depth)
    upper = copy.deepcopy(model.encoder.layer[depth:]).float().requires_grad_(True)
    head = torch.nn.Linear(starts.shape[1], len(starts)).to(next(upper.parameters()).device)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(starts) * HEAD_SCALE)
        head.bias.zero_()
    states = lower.states(texts)
    goal = torch.from_numpy(targets * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / targets.shape[1]).float()
    _train(upper, head, states, goal.to(head.weight.device), epochs, np.random.default_rng(seed), progress)
    return TunedEncoder(lower, upper.eval().requires_grad_(False), head.requires_grad_(False))


def _train(upper, head, states, goal, epochs: int, generator: np.random.Generator, progress: Progress) -> None:
    import torch

    parameters = [*upper.parameters(), *head.parameters()]
    groups = [{"params": upper.parameters(), "lr": LAYER_RATE}, {"params": head.parameters(), "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
    total = epochs * -(-len(states) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total))
    upper.train()
    step, smooth_loss = 0, None
    for _ in range(epochs):
        for rows in _shuffled(states, generator):
            logits = head(_pooled(upper, *_padded([states[i] for i in rows])))
            loss = torch.nn.functional.cross_entropy(logits, goal[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
            optimizer.step()
            schedule.step()
            step += 1
            smooth_loss = loss.item() if smooth_loss is None else 0.95 * smooth_loss + 0.05 * loss.item()
            progress(step, total, f"fine-tuning, loss {smooth_loss:.2f}")


def _rate(step: int, total: int) -> float:
    """Share of the peak learning rate: up during the warm-up, then down to nothing."""
    return min((step + 1) / max(1.0, WARM_UP * total), max(0.0, (total - step) / total))


def _shuffled(rows: Sequence, generator: np.random.Generator) -> list[list[int]]:
    """Batches of indices in random order, each of rows of similar length."""
    order = generator.permutation(len(rows))
    batches: list[list[int]] = []
    for start in range(0, len(order), BATCH * BATCHES_SORTED_TOGETHER):
        chunk = sorted(order[start : start + BATCH * BATCHES_SORTED_TOGETHER].tolist(), key=lambda i: len(rows[i]))
        batches += [chunk[i : i + BATCH] for i in range(0, len(chunk), BATCH)]
    return [batches[i] for i in generator.permutation(len(batches))]


def _by_length(rows: Sequence, size: int) -> list[list[int]]:
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    return [order[start : start + size] for start in range(0, len(order), size)]


def _padded(rows: Sequence["torch.Tensor"]) -> tuple["torch.Tensor", "torch.Tensor"]:
    """(b, longest, ...) with zeros at the end, and (b, longest) bool that is true on what was there."""
    import torch

    lengths = torch.tensor([len(row) for row in rows], device=rows[0].device)
    mask = torch.arange(int(lengths.max()), device=lengths.device) < lengths[:, None]
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True), mask


def _through(layers, hidden: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """hidden: (b, t, d); mask: (b, t) -> (b, t, d)."""
    attended = mask[:, None, None, :].expand(-1, 1, mask.shape[1], -1)
    for layer in layers:
        hidden = layer(hidden, attention_mask=attended)
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
    return hidden


def _pooled(layers, states: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """(b, d) unit rows: the mean over the tokens of what the layers make of the states."""
    import torch

    hidden = _through(layers, states.float(), mask)
    weight = mask.unsqueeze(-1).float()
    return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)
