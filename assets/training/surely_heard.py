"""Learns how likely a transcript is right, by its confidence and its length.

    python -m assets.training.surely_heard

Sentences of the bench and as many short ones of assets/training/intents are spoken by the Piper
voice, clean and over other sentences, and heard by the speech encoder. One half is learned from,
the other measured.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.linear_model import LogisticRegression

from assets.training.command import main
from mm_support.bench.sounds import SENTENCES, spoken_by_piper
from mm_support.bench.speech import word_errors
from mm_support.config import Settings
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode.speech import load_speech_encoder
from mm_support.language.surely_heard import features
from mm_support.paths import WEIGHTS
from mm_support.types import Transcript

EVERY = 3  # sentence of the bench is taken
INTENTS = Path(__file__).with_name("intents") / "en.jsonl"
SHORT = re.compile(r"[A-Za-z']+( [A-Za-z']+){0,2}[.?]?")  # a sentence of three words at most
BEHIND = (None, 20.0, 10.0, 0.0)  # dB of a sentence above those behind it; None: nothing behind
PEOPLE = 4  # who speak behind
RIGHT = 10.0  # percent of words up to which a transcript is right
REGULARISATION = 1e4  # scikit-learn's C: two features of many rows need little

Heard = tuple[Transcript, bool]  # and whether it is right


def short_sentences(count: int) -> list[str]:
    texts = {json.loads(row)["text"] for row in INTENTS.read_text(encoding="utf-8").splitlines()}
    short = sorted(filter(SHORT.fullmatch, texts))
    return short[:: len(short) // count][:count]


def said_and_spoken(settings: Settings) -> list[tuple[str, np.ndarray]]:
    """Long and short sentences in turn, and their sounds at 16 kHz."""
    voice = load_voice(settings)
    onnxruntime.set_seed(0)  # Piper's noise is drawn by onnxruntime
    long = SENTENCES[::EVERY]
    pairs = zip(long, short_sentences(len(long)))
    return [(text, spoken_by_piper(voice, text)) for pair in pairs for text in pair]


def over_people(
    sound: np.ndarray, others: Sequence[np.ndarray], decibels: float, rng: np.random.Generator
) -> np.ndarray:
    """The sound over some of the others, `decibels` above their mean power."""
    people = [others[number] for number in rng.integers(0, len(others), PEOPLE)]
    talk = sum(np.resize(np.roll(one, rng.integers(len(one))), len(sound)) for one in people)
    loudness = np.sqrt(np.mean(sound**2) / np.mean(talk**2) / 10 ** (decibels / 10))
    return (sound + loudness * talk).astype(np.float32)


def hear_all(settings: Settings) -> Iterator[Heard]:
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    rng, spoken = np.random.default_rng(0), said_and_spoken(settings)
    others = [sound for _, sound in spoken]
    for text, sound in spoken:
        for decibels in BEHIND:
            mixed = sound if decibels is None else over_people(sound, others, decibels, rng)
            heard = encoder.transcribe(mixed)
            if heard.text:
                yield heard, word_errors([text], [heard.text]) <= RIGHT


def rows(heard: Sequence[Heard]) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) features, (n,) whether it is right."""
    values = [list(features(one).values()) for one, _ in heard]
    return np.array(values), np.array([right for _, right in heard])


def run(args: argparse.Namespace, settings: Settings) -> int:
    heard = list(hear_all(settings))
    half = len(heard) // 2
    fitted = LogisticRegression(C=REGULARISATION).fit(*rows(heard[:half]))
    measured, right = rows(heard[half:])
    sure = fitted.predict(measured)
    card = {
        "what": "tells whether a transcript is likely right (mm_support/language/surely_heard.py)",
        "trained_by": "python -m assets.training.surely_heard",
        "speech_model": settings.speech_model,
        "licence": "as the project",
        "bias": float(fitted.intercept_[0]),
        **dict(zip(features(heard[0][0]), map(float, fitted.coef_[0]))),
        "kept_apart": len(right),
        "right_of_sure": round(float(right[sure].mean()), 3),
        "right_of_unsure": round(float(right[~sure].mean()), 3),
    }
    text = json.dumps(card, indent=1) + "\n"
    (WEIGHTS / "surely-heard.json").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    main(__doc__, lambda parser: None, run)
