"""What a customer is doing beside asking: wants a person, is upset, greets, reports danger ...

One learned head on a text's vector tells it, in every language that the text encoder knows: a
softmax over LABELS, in which "none", an ordinary question, is the normal case. A label counts from
its own threshold on, which follows from a stated cost: how many ordinary questions in a thousand
may be misread. A second head tells which candidate is chosen ("the last one", "neither"). Knows no
entry, no past and no reply.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mm_support.language.sentences import split_sentences
from mm_support.types import Encode

LABELS = (
    "person",  # wants a person of the company
    "upset",
    "abuse",  # insults
    "greeting",
    "thanks",
    "goodbye",
    "acknowledge",  # "ok", "got it", "that worked"
    "yes",
    "no",
    "choose",  # one of the candidates that a question back named
    "similar",  # products that are like one shown or named
    "follow_up",  # cannot be understood without the turn before
    "unresolved",  # "I did that, still the same"
    "account",  # asks for something to be done that a person must do
    "danger",  # to life or property, now
    "self_harm",
    "none",
)
CHOICES = ("first", "second", "third", "last", "both", "neither", "")  # "": by its name
LEANING = ("yes", "no", "choose", "follow_up", "unresolved")  # on the turn before
# told from each sentence too: a long message says such a thing once. Of many sentences one is
# easily misread, so it must be likelier than not, unless a life may be at stake
LIFE = frozenset({"danger", "self_harm"})
PRESSING = LIFE | {"person", "upset", "abuse", "account"}
LIKELY = 0.5
BESIDE = 0.5  # share of the likeliest label's probability that makes another count beside it
# share of the probability of an ordinary question from which on a label counts: no less likely than
# that, but where held-out wordings would be lost. Of 16 ordinary messages to two companies that
# were read as something else, eight no longer are
ABOVE_ORDINARY = 1.0
NEARLY = {"upset": 0.7, "greeting": 0.7, "follow_up": BESIDE, "self_harm": BESIDE}
N_GRAMS, LONGEST = 2**13, 4  # hashed groups of letters, and the most letters of one


@dataclass(frozen=True)
class Reads:
    """What was read in a message.

    probability: of each label, 0..1. says: the labels that reach their threshold. choice: which
    candidate is chosen, one of CHOICES, where "choose" is among them.
    """

    probability: Mapping[str, float] = field(default_factory=dict)
    says: frozenset[str] = frozenset()
    choice: str = ""

    @property
    def follow_up(self) -> float:
        """How likely the message leans on the turn before, 0..1; otherwise it stands alone."""
        return min(1.0, sum(self.probability.get(label, 0.0) for label in LEANING))


class ReadsIntents(Protocol):
    """What Policy needs: words in any language -> what is read in them."""

    def read(self, words: str) -> Reads: ...


@dataclass(frozen=True, eq=False)
class Head:
    """Logits of the labels and of the choices from a text's features.

    weights: (d_text + N_GRAMS, labels + choices) float32, bias: (labels + choices,) float32.
    thresholds: label -> probability from which on it counts, all but "none", in LABELS' order.
    made_for: names the text encoder.
    """

    weights: np.ndarray
    bias: np.ndarray
    thresholds: Mapping[str, float]
    made_for: str

    def probabilities(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """(n, labels), rows add up to 1. vectors: (n, d_text) unit rows of the texts."""
        return _softmax(self._logits(texts, vectors)[:, : len(LABELS)])

    def says(self, told: np.ndarray) -> frozenset[str]:
        """The labels that count: as likely as their threshold, as an ordinary question, and not
        much less than another.

        told: (labels,) probabilities of one text.
        """
        likely, ordinary = BESIDE * max(told), told[LABELS.index("none")]
        return frozenset(
            label
            for label, least in self.thresholds.items()
            if told[LABELS.index(label)]
            >= max(least, likely, NEARLY.get(label, ABOVE_ORDINARY) * ordinary)
        )

    def choice(self, text: str, vector: np.ndarray) -> str:
        """The likeliest of CHOICES, for a text that chooses."""
        logits = self._logits([text], vector[None])[0, len(LABELS) :]
        return CHOICES[int(logits.argmax())]

    def _logits(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        d_text = vectors.shape[1]
        logits = vectors @ self.weights[:d_text] + self.bias
        for row, text in enumerate(texts):
            places, values = n_grams(text)
            logits[row] += values @ self.weights[d_text + places]
        return logits


class IntentReader:
    """Reads messages with a head and the text encoder that it was fitted for."""

    def __init__(self, head: Head, encode: Encode) -> None:
        self._head, self._encode = head, encode

    def read(self, words: str) -> Reads:
        """Words that were typed and heard; nothing is read in an empty text."""
        if not words.strip():
            return Reads()
        sentences = split_sentences(words)
        texts = [words, *(sentences if len(sentences) > 1 else ())]
        vectors = self._encode(texts)
        whole, *rest = self._head.probabilities(texts, vectors)
        says = self._head.says(whole).union(*map(self._pressing, rest))
        choice = self._head.choice(words, vectors[0]) if "choose" in says else ""
        return Reads(dict(zip(LABELS, whole.tolist())), says, choice)

    def _pressing(self, told: np.ndarray) -> frozenset[str]:
        """What one sentence of several says. told: (labels,) its probabilities."""
        likely = {label for label in PRESSING if told[LABELS.index(label)] >= LIKELY}
        return self._head.says(told) & PRESSING & (LIFE | likely)


def n_grams(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Places (n,) int64 below N_GRAMS, and values (n,) float32 of length 1, of a text's groups of
    one to four letters, hashed: what chat spelling, typos and emoji keep of a word.
    """
    counts: dict[int, int] = {}
    for word in text.lower().split():
        padded = f" {word} "
        for size in range(1, LONGEST + 1):
            for start in range(len(padded) - size + 1):
                place = zlib.crc32(padded[start : start + size].encode()) % N_GRAMS
                counts[place] = counts.get(place, 0) + 1
    values = np.sqrt(np.fromiter(counts.values(), np.float32, len(counts)))
    places = np.fromiter(counts, np.int64, len(counts))
    return places, values / max(float(np.linalg.norm(values)), 1e-9)


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
