"""Input, encoding, fusion: what a customer sent becomes one query. The first three steps of the
flow.

Knows the encoders and the fusion strategy; knows nothing of knowledge, replies or conversations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.encode.image import ImageEncoder
from mm_support.encode.ocr import TextReader
from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.text import TextEncoder
from mm_support.errors import InputError
from mm_support.fuse.strategies import FusionStrategy, Token
from mm_support.inputs.audio import load_waveform
from mm_support.inputs.photo import load_photo
from mm_support.language import identifiers as codes
from mm_support.language.sentences import only_points, word_stems
from mm_support.types import FusedQuery, ImageView, Question, Transcript, UserTurn

MAX_TEXT = 4_000  # characters
MAX_PHOTO_TEXT = 300  # characters of what a photo says that are encoded; more says less
UNSURE_PHOTO = 0.5  # least confidence of a photo, whatever its labels
POINTING = (
    0.1  # share of their confidence that words beside a photo keep where they only point at it
)


@dataclass(frozen=True, eq=False)
class Seen:
    """A photo, understood. vector: (d_picture,) unit. photo: upright, in RGB."""

    view: ImageView
    vector: np.ndarray
    photo: Image.Image


@dataclass(frozen=True)
class Understanding:
    """The encoders and the fusion strategy of a service."""

    speech: SpeechEncoder
    image: ImageEncoder
    reader: TextReader
    text: TextEncoder
    fusion: FusionStrategy

    def hear(
        self, audio: str | Path | tuple[int, np.ndarray], previous: str | None = None
    ) -> Transcript:
        """previous: the language spoken so far, kept unless another one is clearly heard.

        Raises InputError for a recording that cannot be used; an empty transcript where nobody
        speaks.
        """
        return self.speech.transcribe(load_waveform(audio), previous=previous)

    def see(self, image: str | Path | Image.Image, labels: Sequence[str] | None = None) -> Seen:
        """Labels and text of a photo, and its vector. Raises InputError for one that cannot be
        used.
        """
        photo = load_photo(image)
        vector = self.image.encode([photo])[0]
        return Seen(
            ImageView(self.image.label(vector, labels), self.reader.read(photo)), vector, photo
        )

    def fuse(self, text: str, heard: Transcript | None, seen: Seen | None) -> FusedQuery:
        """Raises InputError where there is nothing in any modality."""
        return self.fusion.fuse(self._tokens(text, heard, seen))

    def query(self, turn: UserTurn) -> FusedQuery:
        """All three steps at once."""
        return self.fuse(clean_text(turn.text), *self.perceive(turn))

    def perceive(self, turn: UserTurn) -> tuple[Transcript | None, Seen | None]:
        """What is heard and seen in a turn. Raises InputError."""
        check_turn(turn)
        heard = turn.heard if turn.heard or turn.audio is None else self.hear(turn.audio)
        return heard, None if turn.image is None else self.see(turn.image)

    def _tokens(self, text: str, heard: Transcript | None, seen: Seen | None) -> list[Token]:
        """One token a modality that has something to say; their texts are encoded in one batch."""
        worded = [("text", text, 1.0)]
        if heard:
            worded.append(("speech", heard.text, heard.confidence))
        if seen:
            worded = [
                (name, said, sure * (POINTING if only_points(said) else 1.0))
                for name, said, sure in worded
            ]
            worded.append(("photo_text", *photo_text(seen.view)))
        worded = [item for item in worded if item[1].strip()]
        lines = codes.shown(line.text for line in seen.view.text) if seen else frozenset()
        tokens = [
            Token(
                name,
                vector,
                confidence,
                codes.extract(wording),
                word_stems(wording),
                pieces.vectors.astype(np.float32),
                codes.said(wording) | (lines if name == "photo_text" else frozenset()),
            )
            for (name, wording, confidence), vector, pieces in zip(
                worded, *self.text.encode_pieces([wording for _, wording, _ in worded])
            )
        ]
        if seen:
            sure = seen.view.labels[0].probability if seen.view.labels else 0.0
            tokens.append(Token("photo", seen.vector, max(UNSURE_PHOTO, sure)))
        return tokens


def question_of(text: str, heard: Transcript | None, seen: Seen | None) -> Question:
    """The turn in words, for the decoder."""
    return Question(
        typed=text,
        heard=heard.text if heard else "",
        heard_confidence=heard.confidence if heard and heard.text else 1.0,
        read_in_photo=tuple(line.text for line in seen.view.text) if seen else (),
        labels=tuple(label.name for label in seen.view.labels) if seen and seen.view.sure else (),
        photo=seen.photo if seen else None,
    )


def check_turn(turn: UserTurn) -> None:
    """Raises InputError for an empty turn and for a text that is too long."""
    if len(turn.text) > MAX_TEXT:
        raise InputError(
            f"The message has {len(turn.text):,} characters; shorten it to {MAX_TEXT:,}."
        )
    if not turn.text.strip() and turn.image is None and turn.audio is None:
        raise InputError("There is nothing to answer: type a question, say it, or add a photo.")


def clean_text(text: str) -> str:
    """Typed text without control characters (line breaks stay) and outer blanks."""
    return re.sub(r"[^\S\n ]|[\x00-\x08\x0b-\x1f\x7f]", " ", text).strip()


def photo_text(view: ImageView) -> tuple[str, float]:
    """The lines read in a photo as one text, and how surely they were read."""
    text = " ".join(line.text for line in view.text)[:MAX_PHOTO_TEXT]
    return text, float(np.mean([line.confidence for line in view.text])) if view.text else 0.0
