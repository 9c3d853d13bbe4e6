"""Learns when an utterance is whole, and how much its sound and its words count.

    python -m assets.training.end_of_turn --public FOLDER

Words: every utterance against beginnings of it, as which a greeting counts too: whoever says "Hi"
and takes a breath has not said yet what they want. They are those of assets/training/intents, the
packs' questions and answers, and, of FOLDER, banking77/train.csv (CC BY 4.0) and
clinc150/train_val.json (CC BY 3.0). Sound: sentences of the bench spoken by the Piper voice, whole
and broken off, as Smart Turn and Whisper hear them.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assets.training.command import main
from assets.training.hashed import fit
from mm_support.bench.sounds import SENTENCES, spoken_by_piper
from mm_support.bench.turns import speech_of
from mm_support.config import Settings
from mm_support.decode.voice import Voice, load_voice
from mm_support.device import resolve_device
from mm_support.encode.end_of_turn import SmartTurn, load_smart_turn
from mm_support.encode.speech import WhisperEncoder, load_speech_encoder
from mm_support.language.utterances import Completeness, ending_features, words_of
from mm_support.paths import PACKS, WEIGHTS
from mm_support.types import SAMPLE_RATE

GREETING = "greeting"  # the label in both
INTENTS = Path(__file__).parent / "intents"
BROKEN = 3  # beginnings of each utterance
PLACES = 1 << 17  # for features: with a quarter, languages disturb each other
# of the sound beside the words. It is set, not fitted: a synthetic voice ends what breaks off with
# the melody of a sentence, so a fit to it would unlearn what real voices taught Smart Turn
SHARE = 0.25
SPOKEN = 40  # sentences of the bench
SILENCE = SAMPLE_RATE // 5  # samples behind the last word when it is judged
SHORTEST = 6  # words of a sentence that is broken off


def utterances(public: Path | None) -> Iterator[tuple[str, bool]]:
    """Each with whether it is no more than a greeting."""
    for file in sorted(INTENTS.glob("??.jsonl")):
        for row in map(json.loads, file.open(encoding="utf-8")):
            yield row["text"], row["labels"] == [GREETING]
    for file in sorted(PACKS.rglob("entries.jsonl")):
        for entry in map(json.loads, file.open(encoding="utf-8")):
            told = re.split(r"(?<=[.!?])\s+|(?<=[。！？])", entry["answer"])
            yield from ((text, False) for text in (*entry.get("questions", []), *told))
    if public:
        with (public / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
            yield from ((row["text"], False) for row in csv.DictReader(file))
        clinc = (public / "clinc150" / "train_val.json").read_text(encoding="utf-8")
        yield from ((text, label == GREETING) for text, label in json.loads(clinc)["train"])


def learn_words(texts: Sequence[tuple[str, bool]]) -> Completeness:
    rng = random.Random(0)
    said = [(words, greets) for text, greets in texts if (words := words_of(text))]
    whole = [words for words, greets in said if not greets]
    known = set(map(tuple, whole))
    cuts = (
        words[:length]
        for words in whole
        for length in rng.sample(range(1, len(words)), min(BROKEN, len(words) - 1))
    )
    broken = [words for words in cuts if tuple(words) not in known]
    broken += [words for words, greets in said if greets and tuple(words) not in known]
    named = [ending_features(words) for words in (*whole, *broken)]
    return Completeness(fit(named, np.r_[np.ones(len(whole)), np.zeros(len(broken))], PLACES))


def held_out(words: Completeness) -> dict[str, float]:
    """Language -> share of pairs of a whole utterance and a beginning of one, of wordings kept
    apart, in which the whole one scores higher.
    """
    from sklearn.metrics import roc_auc_score

    rng, scores = random.Random(0), defaultdict[str, list[tuple[bool, float]]](list)
    for row in map(json.loads, (INTENTS / "held_out.jsonl").open(encoding="utf-8")):
        said = words_of(row["text"])
        if len(said) > BROKEN and row["labels"] != [GREETING]:
            first = said[: rng.randrange(1, len(said))]
            pair = (
                (whole, words.learned.logit(ending_features(own)))
                for whole, own in ((True, said), (False, first))
            )
            scores[row["language"]] += pair
    return {
        language: round(float(roc_auc_score(*zip(*rows))), 3) for language, rows in scores.items()
    }


def heard(settings: Settings, words: Completeness, smart: SmartTurn) -> Iterator[tuple]:
    """(logit of the sound, logit of the words, whether it is whole) of spoken sentences."""
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    voice, rng = load_voice(settings), random.Random(0)
    for sentence in SENTENCES[:SPOKEN]:
        whole = speech_of(encoder.voice, spoken_by_piper(voice, sentence))
        for waveform in (whole, *broken_off(encoder, voice, sentence, whole, rng)):
            heard_so_far = np.pad(waveform, (0, SILENCE))
            transcript = encoder.transcribe(heard_so_far).text
            yield smart.logit(heard_so_far), words.logit(transcript), waveform is whole


def broken_off(
    encoder: WhisperEncoder, voice: Voice, sentence: str, whole: np.ndarray, rng: random.Random
) -> Iterator[np.ndarray]:
    """Its first words spoken by themselves, which a synthesiser ends as a sentence; and the whole
    one's sound up to the end of a word, in the middle of its melody.
    """
    said = sentence.rstrip(".?").split()
    if len(said) < SHORTEST:
        return
    first = " ".join(said[: rng.randrange(3, len(said) - 1)])
    yield speech_of(encoder.voice, spoken_by_piper(voice, f"{first},"))
    timed = encoder.model.transcribe(whole, word_timestamps=True, language="en")
    parts: Any = timed["segments"]
    ends = [word["end"] for part in parts for word in part["words"]]
    if len(ends) >= SHORTEST:
        yield whole[: round(rng.choice(ends[2:-2]) * SAMPLE_RATE)]


def run(args: argparse.Namespace, settings: Settings) -> int:
    from safetensors.numpy import save_file
    from sklearn.linear_model import LogisticRegression

    words = learn_words(list(utterances(args.public)))
    smart = load_smart_turn(settings)
    rows = np.array(list(heard(settings, words, smart)), np.float64)
    both = SHARE * rows[:, 0] + rows[:, 1]
    fitted = LogisticRegression(class_weight="balanced").fit(both[:, None], rows[:, 2])
    scale = float(fitted.coef_[0][0])
    save_file({"weights": words.learned.weights}, WEIGHTS / "end-of-turn.safetensors")
    card = {
        "what": "tells whether a spoken turn is over (mm_support/language/utterances.py)",
        "trained_by": "python -m assets.training.end_of_turn --public FOLDER",
        "data": "assets/training/intents, the packs, BANKING77 (CC BY 4.0), CLINC150 (CC BY 3.0)",
        "licence": "as the project",
        "bias": words.learned.bias,
        "sound": SHARE * scale,
        "words": scale,
        "both": float(fitted.intercept_[0]),
        "whole_above_broken": held_out(words),
    }
    text = json.dumps(card, indent=1) + "\n"
    (WEIGHTS / "end-of-turn.json").write_text(text, encoding="utf-8")
    print(text)
    return 0


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--public", type=Path, help="folder of banking77/ and clinc150/")


if __name__ == "__main__":
    main(__doc__, declare, run)
