"""Does a passage say what a sentence claims? Asked of every sentence that a language model writes.

A Verifier judges what is meant; what is exactly right or wrong (amounts, dates, codes, names,
addresses) is checked beside it, in any language (language/facts.py). Knows no language model that
writes, and no reply.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.decode.claim_reader import PASSAGE, ClaimReader, load_claim_reader
from mm_support.encode.text import RememberingEncoder
from mm_support.errors import WeightsError
from mm_support.language.belonging import misplaced
from mm_support.language.facts import missing
from mm_support.language.instructions import reads_like_an_instruction
from mm_support.language.sentences import split_sentences, without_step_number
from mm_support.paths import fitted_to
from mm_support.types import Entry
from mm_support.weights import package_weights

if TYPE_CHECKING:
    from mm_support.device import Device
    from mm_support.encode.text import TextEncoder

log = logging.getLogger(__name__)

FITTED = "fitted"  # name of the reader that comes with the project
FILE = "verifier.safetensors"
TOGETHER = 2  # passages that one sentence may rest on
LEAST_SURE = 0.5  # probability of entailment from which a model of the hub supports a claim


class Verdict(NamedTuple):
    """supported: whether the passages say what is claimed; score: the probability that they do.
    places: 0-based, of the passages that it rests on, or that come closest; none where each lacks a
    fact of it.
    """

    supported: bool
    score: float
    places: tuple[int, ...] = ()


class Verifier(Protocol):
    """Judges a claim, a sentence in any words, by passages, taken together."""

    def verify(self, claim: str, passages: Sequence[Entry]) -> Verdict: ...


def checked(
    verifier: Verifier,
    claim: str,
    passages: Sequence[Entry],
    cited: Sequence[int] = (),
    judge: Verifier | None = None,
) -> Verdict:
    """The verdict on a claim, exact facts included, with the passages that it rests on.

    cited: 0-based places that the claim names for itself. They are tried first, then every passage
    alone, then two together; which one holds it is for the verifier to say. judge: a slower one,
    asked once where the verifier supports it by none, about those that come closest.
    """
    order = dict.fromkeys(
        place for place in (*cited, *range(len(passages))) if place < len(passages)
    )
    tried: list[Verdict] = []
    for places in (*((place,) for place in order), *combinations(order, TOGETHER)):
        chosen = [passages[place] for place in places]
        texts, titles = [trusted(entry) for entry in chosen], [entry.title for entry in chosen]
        if missing(claim, texts, titles) or misplaced(claim, texts):
            continue
        tried.append(verifier.verify(claim, chosen)._replace(places=places))
        if tried[-1].supported:
            return tried[-1]
    if not tried:
        return Verdict(False, 0.0)
    named = [found for found in tried if {*found.places} <= {*cited}]
    closest = max(named or tried, key=lambda verdict: verdict.score)
    if judge is None:
        return closest
    held = [passages[place] for place in closest.places]
    return judge.verify(claim, held)._replace(places=closest.places)


def trusted(entry: Entry) -> str:
    """What an entry states: all but sentences that tell an assistant what to do."""
    return " ".join((f"{entry.title}.", *stated(entry)))


def stated(entry: Entry) -> list[str]:
    sentences = split_sentences(entry.answer)
    return [sentence for sentence in sentences if not reads_like_an_instruction(sentence)]


class FittedVerifier:
    """The reader that was trained with the text encoder. encoder: tells which sentences of a
    passage too long to be read whole come closest to a claim.
    """

    def __init__(self, encoder: TextEncoder, reader: ClaimReader) -> None:
        self._encoder, self._reader = RememberingEncoder(encoder), reader

    def verify(self, claim: str, passages: Sequence[Entry]) -> Verdict:
        claim = without_step_number(claim)
        held = self._closest(claim, [(entry.title, stated(entry)) for entry in passages])
        if not claim.strip() or not held:
            return Verdict(False, 0.0)
        *_, score = self._reader.probabilities(claim, held)
        return Verdict(bool(score >= self._reader.threshold), float(score))

    def _closest(self, claim: str, passages: Sequence[tuple[str, list[str]]]) -> str:
        """Titles and sentences in their order, as many as are read, the closest to the claim; ""
        where nothing is stated.
        """
        rows = [(place, own) for place, (_, sentences) in enumerate(passages) for own in sentences]
        if not rows:
            return ""
        sizes = [len(self._reader.tokens(own)) for _, own in rows]
        room = PASSAGE - sum(len(self._reader.tokens(title)) for title, _ in passages)
        order = range(len(rows))
        if sum(sizes) > room:
            near = self._encoder.encode([claim, *(own for _, own in rows)], "passage")
            order = np.argsort(-(near[1:] @ near[0])).tolist()
        kept = set(order[:1])
        for row in order:
            if sum(sizes[other] for other in kept | {row}) <= room:
                kept.add(row)
        texts = [
            (title, " ".join(rows[row][1] for row in sorted(kept) if rows[row][0] == place))
            for place, (title, _) in enumerate(passages)
        ]
        return "\n".join("\n".join(filter(None, pair)) for pair in texts if pair[1])


class EntailmentVerifier:
    """A model of the hub that was trained for natural language inference, in any languages."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer, self._lock = model, tokenizer, threading.Lock()
        names = {name.lower(): place for place, name in model.config.id2label.items()}
        self._supports = names["entailment"]

    def verify(self, claim: str, passages: Sequence[Entry]) -> Verdict:
        import torch

        said = "\n".join(map(trusted, passages))
        with self._lock, torch.inference_mode():
            inputs = self._tokenizer(
                said, without_step_number(claim), truncation="only_first", return_tensors="pt"
            )
            logits = self._model(**inputs.to(self._model.device)).logits[0]
        score = logits.float().softmax(-1).tolist()[self._supports]
        return Verdict(score >= LEAST_SURE, score)


def load_verifier(settings: Settings, device: Device, encoder: TextEncoder) -> Verifier | None:
    """The verifier of the settings; None where the fitted one is asked for and there is none for
    the text encoder. Raises WeightsError.
    """
    if settings.verifier_model != FITTED:
        return _from_hub(settings.verifier_model, device)
    path = fitted_to(settings.text_model) / FILE
    if path.is_file():
        folder = package_weights(settings.text_model, settings.cache_dir)
        tokenizer = getattr(encoder, "tokenizer", None)  # none where it is on another machine
        reader = load_claim_reader(path, folder, device, settings.cache_dir, tokenizer)
        return FittedVerifier(encoder, reader)
    log.warning(
        "no verifier was fitted to %s, so a language model's own words are not shown;"
        " name another one as verifier_model",
        settings.text_model,
    )
    return None


def _from_hub(name: str, device: Device) -> EntailmentVerifier:
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForSequenceClassification.from_pretrained(name, use_safetensors=True)
        return EntailmentVerifier(model.to(device.device, device.dtype).eval(), tokenizer)
    except (OSError, ValueError, KeyError) as exc:
        raise WeightsError(
            f"The verifier {name!r} could not be loaded: connect to the hub, give a local folder"
            f" of a model for natural language inference, or set verifier_model to {FITTED!r}."
        ) from exc
