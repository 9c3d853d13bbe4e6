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
ENCODE_BATCH = 64
WARM_UP = 0.1  # share of the steps; then the rates decay
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0

FEW = 30  # examples an intent, below which they are contrasted: a head would learn them by heart
CONTRAST_EPOCHS, CONTRAST_RATE = 8, 1e-4
TEMPERATURE = 0.07  # of cosines
INTENTS_TOGETHER, EACH, FOREIGN_BESIDE = (
    32,
    2,
    8,
)  # intents in a batch, examples of each, texts out of scope

CLASS_EPOCHS, CLASS_RATE, HEAD_RATE = (
    (2, 20),
    2e-4,
    2e-3,
)  # fewest and most times that an example is seen
BATCH = 32
BATCHES_SORTED_TOGETHER = (
    16  # batches of similar length waste little on padding, and stay random enough
)
LABEL_SMOOTHING = 0.1  # Szegedy et al. 2016
HEAD_SCALE = (
    16.0  # length of a class's weight vector at the start; its direction is the class's mean
)

Progress = Callable[[int, int, str], None]


Loss = Callable[
    ["torch.Tensor", list[int]], "torch.Tensor"
]  # (b, d) unit vectors of a batch, its rows -> ()


@dataclass(frozen=True, eq=False)
class TunedEncoder:
    """lower, upper: the parts of the encoder below and above."""

    lower: LowerLayers
    upper: torch.nn.ModuleList

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows."""
        return self.encode_states(self.lower.states(texts))

    def encode_states(self, states: Sequence[torch.Tensor]) -> np.ndarray:
        """The same from what the lower layers made of n texts."""
        import torch

        vectors = np.zeros((len(states), states[0].shape[1] if states else 0), np.float32)
        with torch.inference_mode():
            for rows in _by_length(states, ENCODE_BATCH):
                vectors[rows] = (
                    _pooled(self.upper, *_padded([states[i] for i in rows])).cpu().numpy()
                )
        return vectors


@dataclass(frozen=True, eq=False)
class LowerLayers:
    """The part of an encoder that is not trained. depth: number of its layers."""

    model: torch.nn.Module
    tokenizer: Callable
    depth: int

    def states(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """One (tokens, d) float16 tensor a text: half the memory, and its rounding is far below the
        noise.
        """
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
    model,
    tokenizer,
    texts: Sequence[str],
    targets: np.ndarray,
    starts: np.ndarray,
    passes: int,
    seed: int,
    progress: Progress,
) -> tuple[TunedEncoder, np.ndarray]:
    """Trains copies of the model's upper layers; the model itself stays as it is. Also the (n, d)
    vectors of the texts.

    Where examples are few, texts of an intent are pulled together and others apart (Khosla et al.
    2020); where they are many, a linear head on the vectors must tell the intents apart, and is
    thrown away.

    targets: (n, c) rows that add up to 1; a uniform row teaches that a text belongs to no class.
    starts: (c, d) unit vectors, the directions from which the head sets out.
    passes: examples shown in all, where they are many.
    """
    import torch

    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    depth = max(0, len(model.encoder.layer) - TUNED_LAYERS)
    lower = LowerLayers(model, tokenizer, depth)
    upper = copy.deepcopy(model.encoder.layer[depth:]).float().requires_grad_(True)
    states = lower.states(texts)
    if len(texts) < FEW * targets.shape[1]:
        classes = np.where(targets.max(axis=1) == 1, targets.argmax(axis=1), -1)
        batches = [batch for _ in range(CONTRAST_EPOCHS) for batch in _balanced(classes, generator)]
        _train(upper, [], CONTRAST_RATE, _contrast(classes), states, batches, progress)
    else:
        epochs = int(np.clip(round(passes / len(texts)), *CLASS_EPOCHS))
        batches = [batch for _ in range(epochs) for batch in _shuffled(states, generator)]
        loss, head = _classification(targets, starts, next(upper.parameters()).device)
        _train(upper, head, CLASS_RATE, loss, states, batches, progress)
    tuned = TunedEncoder(lower, upper.eval().requires_grad_(False))
    return tuned, tuned.encode_states(states)


def _classification(targets: np.ndarray, starts: np.ndarray, device) -> tuple[Loss, list]:
    """Cross-entropy through a linear head, and the head's parameters."""
    import torch

    head = torch.nn.Linear(starts.shape[1], len(starts)).to(device)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(starts) * HEAD_SCALE)
        head.bias.zero_()
    goal = (
        torch.from_numpy(targets * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / targets.shape[1])
        .float()
        .to(device)
    )
    return lambda vectors, rows: torch.nn.functional.cross_entropy(head(vectors), goal[rows]), list(
        head.parameters()
    )


def _contrast(classes: np.ndarray) -> Loss:
    """Of each text, how unlikely its own class is among the others of the batch. classes: (n,), -1
    for none.
    """
    import torch

    def loss(vectors: torch.Tensor, rows: list[int]) -> torch.Tensor:
        own = torch.from_numpy(classes[rows]).to(vectors.device)
        itself = torch.eye(len(rows), dtype=torch.bool, device=vectors.device)
        alike = (own[:, None] == own) & (own[:, None] >= 0) & ~itself
        logs = (
            (vectors @ vectors.T / TEMPERATURE)
            .masked_fill(itself, -torch.inf)
            .log_softmax(1)
            .masked_fill(~alike, 0)
        )
        paired = alike.any(1)
        return -(logs.sum(1)[paired] / alike.sum(1)[paired]).mean()

    return loss


def _train(
    upper,
    head: list,
    rate: float,
    loss_of: Loss,
    states,
    batches: list[list[int]],
    progress: Progress,
) -> None:
    import torch

    groups = [{"params": upper.parameters(), "lr": rate}] + (
        [{"params": head, "lr": HEAD_RATE}] if head else []
    )
    optimizer = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches)))
    upper.train()
    smooth_loss = None
    for step, rows in enumerate(batches, 1):
        loss = loss_of(_pooled(upper, *_padded([states[i] for i in rows])), rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*upper.parameters(), *head], LARGEST_GRADIENT)
        optimizer.step()
        schedule.step()
        smooth_loss = (
            loss.item() if smooth_loss is None else 0.95 * smooth_loss + 0.05 * loss.item()
        )
        progress(step, len(batches), f"fine-tuning, loss {smooth_loss:.2f}")


def _rate(step: int, total: int) -> float:
    """Share of the peak learning rate: up during the warm-up, then down to nothing."""
    return min((step + 1) / max(1.0, WARM_UP * total), max(0.0, (total - step) / total))


def _shuffled(rows: Sequence, generator: np.random.Generator) -> list[list[int]]:
    """Batches of indices in random order, each of rows of similar length."""
    order = generator.permutation(len(rows))
    batches: list[list[int]] = []
    for start in range(0, len(order), BATCH * BATCHES_SORTED_TOGETHER):
        chunk = sorted(
            order[start : start + BATCH * BATCHES_SORTED_TOGETHER].tolist(),
            key=lambda i: len(rows[i]),
        )
        batches += [chunk[i : i + BATCH] for i in range(0, len(chunk), BATCH)]
    return [batches[i] for i in generator.permutation(len(batches))]


def _balanced(classes: np.ndarray, generator: np.random.Generator) -> list[list[int]]:
    """Batches of some intents with as many examples each, and some texts out of scope; about each
    example once.
    """
    members = [np.flatnonzero(classes == place) for place in range(classes.max() + 1)]
    foreign = np.flatnonzero(classes < 0)
    together = min(len(members), INTENTS_TOGETHER)
    batches = []
    for _ in range(-(-len(classes) // (EACH * together))):
        chosen = [
            generator.permutation(members[place])[:EACH]
            for place in generator.permutation(len(members))[:together]
        ]
        batches.append(
            np.concatenate([*chosen, generator.permutation(foreign)[:FOREIGN_BESIDE]]).tolist()
        )
    return batches


def _by_length(rows: Sequence, size: int) -> list[list[int]]:
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    return [order[start : start + size] for start in range(0, len(order), size)]


def _padded(rows: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """(b, longest, ...) with zeros at the end, and (b, longest) bool that is true on what was
    there.
    """
    import torch

    lengths = torch.tensor([len(row) for row in rows], device=rows[0].device)
    mask = torch.arange(int(lengths.max()), device=lengths.device) < lengths[:, None]
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True), mask


def _through(layers, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """hidden: (b, t, d); mask: (b, t) -> (b, t, d)."""
    attended = mask[:, None, None, :].expand(-1, 1, mask.shape[1], -1)
    for layer in layers:
        hidden = layer(hidden, attention_mask=attended)
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
    return hidden


def _pooled(layers, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(b, d) unit rows: the mean over the tokens of what the layers make of the states."""
    import torch

    hidden = _through(layers, states.float(), mask)
    weight = mask.unsqueeze(-1).float()
    return torch.nn.functional.normalize((hidden * weight).sum(1) / weight.sum(1), dim=-1)
