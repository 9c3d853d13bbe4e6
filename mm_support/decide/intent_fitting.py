"""Fits the head of intents.py to examples, for the text encoder that encodes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mm_support.decide.intent_examples import Example
from mm_support.decide.intents import (
    CHOICES,
    LABELS,
    N_GRAMS,
    EncodePieces,
    Head,
    Layers,
    n_grams,
    read_from,
)
from mm_support.device import torch_threads

FOLDS = 3
# share of ordinary questions that may be misread: a person too many costs a company less than a
# customer who does not get one; a question that is taken for a greeting is not answered
FALSE_ALARMS = dict.fromkeys(("person", "upset", "account", "danger"), 0.005) | {
    "self_harm": 0.0025,  # with 0.0031 one head found four more of 160 and misread ordinary words
    "follow_up": 0.005,
    "unresolved": 0.005,
}  # these two count only beside a turn before
FALSE_ALARM = 0.002  # of every other label
LEAST = 0.05  # no threshold lies below: what is so unlikely is not said of anything
EYES, HELD, UNITS = 8, 64, 128  # h, v and u of intents.Layers
SHARP = 4.0  # what the eyes' weights are multiplied by while they are learned
LETTERS, SEEN = 3.0, 3.0  # the same of the letters and of what was seen: their values are small
DROPPED = 0.3  # share of the inputs and of the hidden units that a step leaves out
EPOCHS, BATCH, RATE, DECAY = 6, 128, 2e-3, 0.02
STEPS = 200  # at least, of few examples
WARM_UP = 0.1  # of the steps
PIECES = 48  # of an example that are learned from, the first ones
NETWORKS = 3  # whose mean is the head that ships; k of intents.Layers
SEED = 0
SMALL = 1e-3  # added to deviations


@dataclass(frozen=True, eq=False)
class Encoded:
    """n examples: vectors (n, d), pieces (t, d) float16 of each, letters (n, N_GRAMS) hashed
    groups, targets (n, labels) shares that add up to 1, chosen (n,) place in CHOICES or -1.
    """

    vectors: np.ndarray
    pieces: Sequence[np.ndarray]
    letters: Sequence[tuple[np.ndarray, np.ndarray]]
    targets: np.ndarray
    chosen: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Example], encode: EncodePieces) -> Encoded:
        encoded = zip(*encode([row.text for row in rows]))
        read = [read_from(vector, pieces, PIECES) for vector, pieces in encoded]
        vectors = np.array([vector for vector, _ in read])
        shown = [own.astype(np.float16) for _, own in read]
        chosen = [CHOICES.index(row.choice) if "choose" in row.labels else -1 for row in rows]
        letters = [n_grams(row.text) for row in rows]
        return cls(vectors, shown, letters, targets(rows), np.array(chosen))

    def batch(self, places: np.ndarray) -> tuple[Tensor, ...]:
        """vectors (b, d), pieces (b, t, d), which are there (b, t), letters (b, N_GRAMS)."""
        own = [self.pieces[place] for place in places]
        pieces = np.zeros((len(own), max(map(len, own)), self.vectors.shape[1]), np.float32)
        there = np.zeros(pieces.shape[:2], bool)
        letters = np.zeros((len(own), N_GRAMS), np.float32)
        for row, (place, vectors) in enumerate(zip(places, own)):
            pieces[row, : len(vectors)], there[row, : len(vectors)] = vectors, True
            letters[row, self.letters[place][0]] = self.letters[place][1]
        values = self.vectors[places], pieces, there, letters
        return tuple(map(torch.from_numpy, values))


class Network(nn.Module):
    """A head while it learns. mean, deviation: (d,) of the vectors that it learns from."""

    def __init__(self, mean: np.ndarray, deviation: np.ndarray) -> None:
        super().__init__()
        d, outputs = len(mean), len(LABELS) + len(CHOICES)
        self.mean, self.deviation = torch.from_numpy(mean), torch.from_numpy(deviation)
        self.eyes, self.held = nn.Linear(d, EYES, bias=False), nn.Linear(d, HELD)
        self.hidden = nn.Linear(d + EYES * HELD, UNITS)
        self.out = nn.Linear(UNITS, outputs)
        self.vector = nn.Linear(d, outputs)
        self.letters = nn.Linear(N_GRAMS, outputs, bias=False)
        nn.init.zeros_(self.letters.weight)
        self.dropped = nn.Dropout(DROPPED)

    def forward(self, vectors: Tensor, pieces: Tensor, there: Tensor, letters: Tensor) -> Tensor:
        vectors = (vectors - self.mean) / self.deviation
        looks = (SHARP * self.eyes(pieces)).masked_fill(~there[..., None], -torch.inf)
        seen = torch.einsum("bth,btv->bhv", looks.softmax(dim=1), self.held(pieces)).flatten(1)
        read = self.dropped(torch.cat([vectors, SEEN * seen], dim=1))
        units = self.dropped(self.hidden(read).relu())
        return self.out(units) + self.vector(vectors) + self.letters(LETTERS * letters)

    def parts(self, temperature: float) -> tuple[Layers, np.ndarray, np.ndarray]:
        """Layers of this one network, and the head's linear and bias, for vectors as they come; the
        labels' logits are divided by the temperature.
        """
        own = {name: value.numpy() for name, value in self.state_dict().items()}
        mean, scale, d = self.mean.numpy(), 1 / self.deviation.numpy(), len(self.mean)
        hidden = own["hidden.weight"].T * np.r_[scale, np.full(EYES * HELD, SEEN)][:, None]
        held_bias = np.tile(own["held.bias"], EYES)  # the weights of an eye add up to 1
        hidden_bias = own["hidden.bias"] - mean @ hidden[:d] + held_bias @ hidden[d:]
        vector = own["vector.weight"].T * scale[:, None]
        linear = np.vstack([vector, LETTERS * own["letters.weight"].T])
        bias = own["out.bias"] + own["vector.bias"] - mean @ vector
        colder = np.r_[np.full(len(LABELS), 1 / temperature), np.ones(len(CHOICES))]
        eyes, held, out = SHARP * own["eyes.weight"].T, own["held.weight"].T, own["out.weight"].T
        return Layers(eyes, held, hidden, hidden_bias, out * colder), linear * colder, bias * colder


def head_of(
    networks: Sequence[Network],
    temperature: float,
    thresholds: Mapping[str, float],
    made_for: str,
) -> Head:
    """A head whose logits are the mean of the networks'."""
    layers, linear, bias = zip(*(network.parts(temperature) for network in networks))
    stacked = Layers(*(np.stack(each).astype(np.float32) for each in zip(*layers)))
    linear, bias = (np.stack(own).mean(axis=0).astype(np.float32) for own in (linear, bias))
    return Head(stacked, linear, bias, thresholds, made_for)


def fit(
    examples: Sequence[Example],
    ordinary: Sequence[Example],
    encode: EncodePieces,
    made_for: str,
    readers: Sequence[Example] = (),
    networks: int = NETWORKS,
) -> Head:
    """A head for the encoder that `encode` stands for. Labels get a temperature and thresholds by
    cross-validation, in which no group of ordinary questions judges a head that has seen it.
    readers: questions that customers do not ask; they are learned from and set no threshold.
    networks: of the head; each takes as long to learn.
    """
    rows = [*examples, *ordinary, *readers]
    encoded = Encoded.of(rows, encode)
    told = cross_validated(encoded, rows, networks)
    temperature = find_temperature(told, encoded.targets)
    customers = slice(len(examples), len(examples) + len(ordinary))
    plain = np.array([not row.labels for row in rows[customers]])
    thresholds = find_thresholds(tempered(told, temperature)[customers][plain])
    own = learned(encoded, np.arange(len(rows)), networks)
    return head_of(own, temperature, thresholds, made_for)


def learned(encoded: Encoded, places: np.ndarray, networks: int) -> list[Network]:
    """Networks that have learned from the examples at `places`, from different beginnings."""
    return [_learned(encoded, places, SEED + number) for number in range(networks)]


def _learned(encoded: Encoded, places: np.ndarray, seed: int) -> Network:
    with torch.random.fork_rng(), torch_threads(1):  # its layers are small
        torch.manual_seed(seed)
        vectors = encoded.vectors[places]
        network = Network(vectors.mean(axis=0), vectors.std(axis=0) + SMALL)
        batches = -(-len(places) // BATCH)
        epochs = max(EPOCHS, STEPS // batches)
        optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, RATE, total_steps=epochs * batches, pct_start=WARM_UP
        )
        for _ in range(epochs):
            for some in torch.randperm(len(places)).split(BATCH):
                own = places[some.numpy()]
                optimiser.zero_grad()
                loss_of(network(*encoded.batch(own)), encoded, own).backward()
                optimiser.step()
                schedule.step()
    return network.eval()


def loss_of(logits: Tensor, encoded: Encoded, places: np.ndarray) -> Tensor:
    """Mean surprise at the labels, and at the candidate where one is chosen."""
    labels, choices = logits.split([len(LABELS), len(CHOICES)], dim=1)
    wanted = torch.from_numpy(encoded.targets[places])
    chosen = torch.from_numpy(encoded.chosen[places])
    said = -(wanted * labels.log_softmax(dim=1)).sum()
    which = nn.functional.cross_entropy(choices, chosen, ignore_index=-1, reduction="sum")
    return (said + which) / len(places)


@torch.inference_mode()
def probabilities(networks: Sequence[Network], encoded: Encoded, places: np.ndarray) -> np.ndarray:
    """(len(places), labels): of the mean of their logits."""
    batches = (places[start : start + BATCH] for start in range(0, len(places), BATCH))

    def mean(batch: tuple[Tensor, ...]) -> Tensor:
        return torch.stack([network(*batch) for network in networks]).mean(dim=0)

    logits = torch.cat([mean(encoded.batch(own)) for own in batches])
    return logits[:, : len(LABELS)].softmax(dim=1).numpy()


def targets(rows: Sequence[Example]) -> np.ndarray:
    """(n, labels): a row with two labels is half of each."""
    found = np.zeros((len(rows), len(LABELS)), np.float32)
    for place, row in enumerate(rows):
        labels = row.labels or ("none",)
        found[place, [LABELS.index(label) for label in labels]] = 1 / len(labels)
    return found


def cross_validated(encoded: Encoded, rows: Sequence[Example], networks: int) -> np.ndarray:
    """(n, labels): each row's probabilities by networks that have not seen its group."""
    from sklearn.model_selection import GroupKFold

    groups = [row.group or f"{row.text} {place}" for place, row in enumerate(rows)]
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    told = np.zeros((len(rows), len(LABELS)))
    for seen, unseen in folds.split(rows, groups=groups):
        told[unseen] = probabilities(learned(encoded, seen, networks), encoded, unseen)
    return told


def find_temperature(told: np.ndarray, wanted: np.ndarray) -> float:
    """The temperature by which the labels of unseen rows become likeliest (Guo et al. 2017). told,
    wanted: (n, labels).
    """
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return float(-(wanted * np.log(tempered(told, float(np.exp(logarithm))) + 1e-12)).sum())

    found: Any = minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded")
    return float(np.exp(found.x))


def tempered(told: np.ndarray, temperature: float) -> np.ndarray:
    """(n, classes) probabilities of logits that are divided by the temperature."""
    raised = (told + 1e-12) ** (1 / temperature)
    return raised / raised.sum(axis=1, keepdims=True)


def find_thresholds(ordinary: np.ndarray) -> dict[str, float]:
    """label -> the least probability that no more of the ordinary questions reach than may.

    ordinary: (n, labels).
    """
    return {
        label: max(_exceeded(ordinary[:, place], FALSE_ALARMS.get(label, FALSE_ALARM)), LEAST)
        for place, label in enumerate(LABELS[:-1])
    }


def _exceeded(told: np.ndarray, share: float) -> float:
    """What at most this share of the probabilities lies above."""
    return float(np.quantile(told, 1 - share, method="higher"))
