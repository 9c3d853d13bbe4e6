"""What a customer sent becomes tokens: for each modality a vector, and how sure its encoder is.

Knows the encoders; knows nothing of fusion, knowledge, replies or conversations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.encode.image import ImageEncoder
from mm_support.encode.ocr import TextReader
from mm_support.encode.readout import Readout, load_readout
from mm_support.encode.recording import TURN, in_turn, joined, parts_of
from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.stopping import end_if_stopped
from mm_support.encode.text import RememberingEncoder
from mm_support.errors import InputError
from mm_support.inputs.audio import load_voices
from mm_support.inputs.photo import load_photo, part_of, side_by_side
from mm_support.language.detect import DEFAULT, told_language
from mm_support.language.surely_heard import heard_right
from mm_support.paths import fitted_to
from mm_support.types import (
    MAX_PHOTOS,
    MAX_TEXT,
    SAID,
    SAMPLE_RATE,
    ImageView,
    Photo,
    Question,
    Token,
    Transcript,
    UserTurn,
)

UNSURE_PHOTO = 0.5  # least confidence of a photo, whatever its labels
POINTS = 0.7  # probability from which on words only point at the photo, which then speaks alone
POINTING_FILE = "pointing.json"


@dataclass(frozen=True, eq=False)
class Seen:
    """A photo, understood. vector: (d_picture,) unit. photo: upright, in RGB. each: the photos that
    it was made of, where these are several.
    """

    view: ImageView
    vector: np.ndarray
    photo: Image.Image
    each: tuple[Seen, ...] = ()


@dataclass(frozen=True, eq=False)
class EncodedTurn:
    """tokens: one a modality. pieces: modality -> (t, d_text) float32 units of its word pieces."""

    tokens: tuple[Token, ...]
    pieces: dict[str, np.ndarray]


@dataclass(frozen=True)
class Encoders:
    """The encoders of a service. pointing: whether words name no matter of their own beside a photo
    ("What is this?", "can you help me?"); None where none is fitted to the text encoder.
    """

    speech: SpeechEncoder
    image: ImageEncoder
    reader: TextReader
    text: RememberingEncoder
    pointing: Readout | None = None

    def hear(
        self,
        audio: str | Path | tuple[int, np.ndarray],
        previous: str | None = None,
        names: Sequence[str] = (),
    ) -> Transcript:
        """previous: the language spoken so far. names: as of SpeechEncoder. Raises InputError for a
        recording that cannot be used; the transcript is empty where nobody speaks.
        """
        *_, (_, heard) = self.hear_parts(audio, previous, names)
        return heard

    def hear_parts(
        self,
        audio: str | Path | tuple[int, np.ndarray],
        previous: str | None = None,
        names: Sequence[str] = (),
    ) -> Iterator[tuple[float, Transcript]]:
        """As hear: the share of the recording that was heard, and what was said in it, part by part
        of a long one; of a call, one person after the other. Others are heard between two parts.
        """
        people, before = load_voices(audio), list[Transcript]()
        pause = TURN if len(people) > 1 else math.inf
        for waveform in people:
            heard = Transcript("")
            for start, stop in parts_of(waveform, self.speech.voice, pause):
                part = self.speech.transcribe(waveform[start:stop], previous=previous, names=names)
                heard = joined(heard, part, start / SAMPLE_RATE)
                previous = heard.language if heard.text else previous
                share = (len(before) + stop / len(waveform)) / len(people)
                yield share, in_turn([*before, heard])
            before.append(heard)

    def see(self, image: str | Path | Image.Image, labels: Sequence[str] | None = None) -> Seen:
        """Raises InputError for a photo that cannot be used, and Stopped."""
        end_if_stopped()
        photo = load_photo(image)
        with ThreadPoolExecutor(1, "read") as beside:
            reading = beside.submit(copy_context().run, self.reader.read, photo)
            vector = self.image.encode([photo])[0]
            named = self.image.label(vector, labels)
            return Seen(ImageView(named, reading.result()), vector, photo)

    def see_all(self, images: Sequence[Photo]) -> Seen:
        """Photos of one matter as one: what is written in any of them, the unit mean of what they
        show (multi-view pooling, Su et al. 2015), and all of them side by side.
        """
        if len(images) == 1:
            return self.see(images[0])
        each = [self.see(image) for image in images]
        mean = np.mean([one.vector for one in each], axis=0)
        vector = mean / np.linalg.norm(mean)
        photo, places = side_by_side([one.photo for one in each])
        lines = tuple(
            replace(line, box=part_of(place, line.box))
            for one, place in zip(each, places)
            for line in one.view.text
        )
        view = ImageView(self.image.label(vector), lines)
        return Seen(view, vector, photo, tuple(each))

    def encode(
        self, question: Question, heard: Transcript | None, seen: Seen | None
    ) -> EncodedTurn:
        """The tokens of a turn; its texts are encoded in one batch."""
        worded = question.by_modality
        vectors, pieces = self.text.encode_pieces(list(worded.values()))
        sure = _confidences(heard, seen)
        pointing = self._pointing(worded, vectors) if seen else ()
        tokens = [
            Token(name, vector, sure[name])
            for name, vector in zip(worded, vectors)
            if name not in pointing
        ]
        if seen:
            likeliest = seen.view.labels[0].probability if seen.view.labels else 0.0
            tokens.append(Token("photo", seen.vector, max(UNSURE_PHOTO, likeliest)))
        rows = {name: own.vectors.astype(np.float32) for name, own in zip(worded, pieces)}
        return EncodedTurn(tuple(tokens), rows)

    def _pointing(self, worded: Iterable[str], vectors: np.ndarray) -> set[str]:
        """The modalities of what was said that only point at the photo beside them."""
        if self.pointing is None or not len(vectors):
            return set()
        points = self.pointing.probabilities(vectors) >= POINTS
        return {name for name, own in zip(worded, points) if own and name in SAID}


def _confidences(heard: Transcript | None, seen: Seen | None) -> dict[str, float]:
    """How sure each modality in words is."""
    sure = {"text": 1.0, "speech": heard.confidence if heard else 0.0}
    return sure | ({"photo_text": photo_text(seen.view)[1]} if seen else {})


def load_pointing(text_model: str) -> Readout | None:
    """What tells words that only point, where it was fitted to an encoder. Raises WeightsError."""
    return load_readout(fitted_to(text_model) / POINTING_FILE, "assets.training.pointing")


def photo_text(view: ImageView) -> tuple[str, float]:
    """The lines read in a photo as one text, and how surely they were read."""
    read = Question(read_in_photo=tuple(line.text for line in view.text))
    sure = [line.confidence for line in view.text] or [0.0]
    return read.by_modality.get("photo_text", ""), float(np.mean(sure))


def question_of(
    text: str, heard: Transcript | None, seen: Seen | None, expected: tuple[str, ...] = ()
) -> Question:
    """The turn in words, for the decoder. expected: languages, as of told_language; the first is
    taken where its words do not tell.
    """
    told = told_language(text, expected) or next(iter(expected), DEFAULT)
    question = Question(
        typed=text,
        heard=heard.text if heard else "",
        heard_right=heard_right(heard) if heard and heard.text else 1.0,
        language=heard.language if heard and heard.text else told,
    )
    return shown_by(question, seen) if seen else question


def shown_by(question: Question, seen: Seen) -> Question:
    """The question with what a photo shows."""
    return replace(
        question,
        read_in_photo=tuple(line.text for line in seen.view.text),
        labels=tuple(label.name for label in seen.view.labels) if seen.view.sure else (),
        photo=seen.photo,
    )


def check_turn(turn: UserTurn) -> None:
    """Raises InputError for an empty turn, a text that is too long and too many photos."""
    if len(turn.text) > MAX_TEXT:
        raise InputError.of("too_long", count=len(turn.text), limit=MAX_TEXT)
    if len(turn.photos) > MAX_PHOTOS:
        raise InputError.of("too_many_photos", count=len(turn.photos), limit=MAX_PHOTOS)
    if not turn.text.strip() and not turn.photos and turn.audio is None:
        raise InputError.of("nothing_to_answer")


def clean_text(text: str) -> str:
    """Typed text without control characters (line breaks stay), halves of characters, which no
    tokenizer or database takes, and outer blanks.
    """
    return re.sub(r"[^\S\n ]|[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", " ", text).strip()
