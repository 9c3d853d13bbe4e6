"""What a customer is doing beside asking: wants a person, is upset, greets, reports danger ...

One learned head on what the text encoder makes of a text tells it, in every language that the
encoder knows: a softmax over LABELS, in which "none", an ordinary question, is the normal case. A
label counts from its own threshold on, which follows from a stated cost: how many ordinary
questions in a thousand may be misread. A second softmax tells which candidate is chosen ("the last
one", "neither"). Knows no entry, no past and no reply.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mm_support.language.mail import own_words
from mm_support.language.sentences import split_sentences

if TYPE_CHECKING:
    from mm_support.encode.text import Pieces

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
# easily misread, so it must be likelier than not and no line of another mail that is quoted, unless
# a life may be at stake
LIFE = frozenset({"danger", "self_harm"})
PRESSING = LIFE | {"person", "upset", "abuse", "account"}
LIKELY = 0.5
BESIDE = 0.5  # share of the likeliest label's probability that makes another count beside it
# share of the probability of an ordinary question from which on a label counts: no less likely than
# that, but where held-out wordings would be lost. Of 16 ordinary messages to two companies that
# were read as something else, eight no longer are. Danger was found in 161 of 168 with 0.65 and in
# 156 with 1 by the head that this was chosen with, in 164 and 162 by the one that ships
ABOVE_ORDINARY = 1.0
NEARLY = {
    "danger": 0.65,
    "greeting": 0.7,
    "follow_up": BESIDE,
    "self_harm": BESIDE,
}
# n texts -> (n, d_text) float32 unit rows, and the word pieces of each
EncodePieces = Callable[[Sequence[str]], "tuple[np.ndarray, Sequence[Pieces]]"]
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

    def alone(self) -> Reads:
        """The same of a message that does not lean on the turn before."""
        others = {name: p for name, p in self.probability.items() if name not in LEANING}
        return replace(self, probability=others, says=self.says - frozenset(LEANING))


class Layers(NamedTuple):
    """What k networks, which learned the same from different beginnings, read in the word pieces
    of a text, in the mean: each misreads other messages (Lakshminarayanan et al. 2017). Each of a
    network's h eyes weighs the pieces and takes the mean of what they hold (Lin et al. 2017); that
    and the text's vector go through a hidden layer.

    eyes: (k, d, h), held: (k, d, v), hidden: (k, d + h * v, u), hidden_bias: (k, u), out: (k, u,
    labels + choices).
    """

    eyes: np.ndarray
    held: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    out: np.ndarray

    def logits(self, vector: np.ndarray, pieces: np.ndarray) -> np.ndarray:
        """(labels + choices,). vector: (d,), pieces: (t, d), both as `read_from` gives them."""
        looks = _softmax((pieces @ self.eyes).transpose(0, 2, 1))  # (k, h, t)
        seen = (looks @ (pieces @ self.held)).reshape(len(looks), -1)
        read = np.hstack([np.tile(vector, (len(looks), 1)), seen])
        units = (read[:, None] @ self.hidden)[:, 0] + self.hidden_bias
        return (np.maximum(units, 0)[:, None] @ self.out)[:, 0].mean(axis=0)


@dataclass(frozen=True, eq=False)
class Head:
    """Logits of the labels and of the choices: of its layers, and what the text's vector and its
    letters add by themselves.

    linear: (d + N_GRAMS, labels + choices) float32, bias: (labels + choices,) float32.
    thresholds: label -> probability from which on it counts, all but "none", in LABELS' order.
    made_for: names the text encoder.
    """

    layers: Layers
    linear: np.ndarray
    bias: np.ndarray
    thresholds: Mapping[str, float]
    made_for: str

    def logits(self, text: str, vector: np.ndarray, pieces: Pieces) -> np.ndarray:
        """(labels + choices,). vector: (d_text,) unit vector of the text."""
        read, rows = read_from(vector, pieces)
        places, values = n_grams(text)
        d = len(read)
        alone = read @ self.linear[:d] + values @ self.linear[d + places] + self.bias
        return alone + self.layers.logits(read, rows)

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


class IntentReader:
    """Reads messages with a head and the text encoder that it was fitted for."""

    def __init__(self, head: Head, encode: EncodePieces) -> None:
        self._head, self._encode = head, encode

    def read(self, words: str) -> Reads:
        """Words that were typed and heard; nothing is read in an empty text."""
        if not words.strip():
            return Reads()
        sentences = split_sentences(words)
        own = frozenset(split_sentences(own_words(words) or words))
        texts = [words, *(sentences if len(sentences) > 1 else ())]
        encoded = zip(texts, *self._encode(texts))
        logits = np.array([self._head.logits(*one) for one in encoded])
        whole, *rest = _softmax(logits[:, : len(LABELS)])
        pressing = [
            self._pressing(told) & (PRESSING if text in own else LIFE)
            for text, told in zip(sentences, rest)
        ]
        says = self._head.says(whole).union(*pressing)
        choice = CHOICES[int(logits[0, len(LABELS) :].argmax())] if "choose" in says else ""
        return Reads(dict(zip(LABELS, whole.tolist())), says, choice)

    def _pressing(self, told: np.ndarray) -> frozenset[str]:
        """What one sentence of several says. told: (labels,) its probabilities."""
        likely = {label for label in PRESSING if told[LABELS.index(label)] >= LIKELY}
        return self._head.says(told) & PRESSING & (LIFE | likely)


def read_from(
    vector: np.ndarray, pieces: Pieces, most: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a head reads of a text: (d,) and (t, d) of its first `most` pieces, float32. With an
    early layer's pieces d is twice d_text: each lies behind the last layer's, and the mean of all
    of them behind the vector.
    """
    if not len(pieces.ids):
        both = vector if pieces.early is None else np.concatenate([vector, vector])
        return both, both[None]
    rows = pieces.vectors[:most].astype(np.float32)
    if pieces.early is None:
        return vector, rows
    early = pieces.early.astype(np.float32)
    read = np.concatenate([vector, early.mean(axis=0)])
    return read, np.concatenate([rows, early[:most]], axis=1)


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
