"""The support set through our encoders: what was heard, seen and read, and the vectors of all of
it.

Everything lies in journals under the data folder, one folder a set of models, so that it is done
once and an interrupted run goes on. A data card beside them says what is in the set.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mm_support.config import Settings
from mm_support.encode.text import Pieces, TextEncoder
from mm_support.encode.text_models import Kind
from mm_support.fuse.weights import made_for
from mm_support.inputs.photo import load_photo
from mm_support.knowledge import late_interaction
from mm_support.knowledge.points import entry_texts
from mm_support.knowledge.text_score import UNKNOWN, TextScore, load_text_score
from mm_support.train.feedback import Feedback, with_feedback
from mm_support.train.journal import Journal
from mm_support.train.support_set import (
    SPLITS,
    Picture,
    SupportSet,
    Wording,
    catalogue,
    cleaned,
    photo_fingerprint,
    seed_of,
)
from mm_support.types import ImageView

TEXTS, PHOTOS = 64, 16  # encoded at once


@dataclass(frozen=True, eq=False)
class Journals:
    """photos: vector, sure, fingerprint. read, heard: [text, confidence]. texts: vector; pieces:
    [ids, vectors] of a text that is asked; facets, facet_pieces: the same of one that is searched;
    words: vector of a title."""

    photos: Journal
    read: Journal
    heard: Journal
    texts: Journal
    pieces: Journal
    facets: Journal
    facet_pieces: Journal
    words: Journal


@dataclass(frozen=True, eq=False)
class EncodedSet:
    """A cleaned support set and the journals that hold what its questions and photos became.
    text_score: that of the encoder of its texts.
    """

    rows: SupportSet
    journals: Journals
    text_score: TextScore = UNKNOWN

    def texts(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray:
        """(n, d_text) float32."""
        journal = self.journals.texts if kind == "query" else self.journals.facets
        return np.stack([unpacked(journal[text]) for text in texts])

    def pieces(self, texts: Sequence[str], kind: Kind = "query") -> list[Pieces]:
        """The word pieces of each text."""
        journal = self.journals.pieces if kind == "query" else self.journals.facet_pieces
        rows = (journal[text] for text in texts)
        return [
            Pieces(ids, late_interaction.unpacked(vectors, self._d_text).astype(np.float16))
            for ids, vectors in rows
        ]

    @property
    def _d_text(self) -> int:
        return len(self.texts([self.rows.wordings[0].text])[0])

    def titles(self, titles: Sequence[str]) -> np.ndarray:
        """(n, d_picture) float32, by the image encoder's text tower."""
        return np.stack([unpacked(self.journals.words[title]) for title in titles])

    def takes(self, wording: Wording) -> list[tuple[str, float]]:
        """What was heard, and how surely, each time that the question was spoken; silence is left
        out.
        """
        heard = self.journals.heard
        found = [heard[key] for key in take_keys(wording) if key in heard]
        return [(text, sure) for text, sure in found if text]

    def photo(self, picture: Picture) -> tuple[np.ndarray, float]:
        """(d_picture,) unit vector and confidence."""
        row = self.journals.photos[picture.key]
        return unpacked(row["vector"]), row["sure"]

    def read(self, picture: Picture) -> tuple[str, float]:
        """The text in the photo, and how surely it was read; nothing where nobody looked."""
        if picture.key not in self.journals.read:
            return "", 0.0
        text, sureness = self.journals.read[picture.key]
        return text, sureness


def build(found: SupportSet, settings: Settings, feedback: Feedback | None = None) -> EncodedSet:
    """The set, cleaned, and encoded as far as it is not yet; feedback: see feedback.py."""
    from mm_support.device import resolve_device
    from mm_support.encode.image import load_image_encoder
    from mm_support.encode.text import load_text_encoder

    device, folder = resolve_device(settings.device), folder_of(settings)
    journals = Journals(
        **{own.name: Journal(folder / f"{own.name}.jsonl") for own in fields(Journals)}
    )
    if feedback:
        recordings = [Path(str(c.turn.audio)) if c.turn.audio else None for c in feedback.cases]
        found = with_feedback(found, feedback, said(recordings, journals.heard, settings))
    image = load_image_encoder(settings, device)
    see(found.pictures, journals.photos, image)
    see(_catalogue(found), journals.photos, image)
    rows = cleaned(found, lambda picture: journals.photos[picture.key]["fingerprint"])
    entries = [entry for base in rows.entries.values() for entry in base]
    journals.words.fill(
        (e.title for e in entries),
        lambda t: packed(image.encode_words(t)),
        "encoding titles",
        TEXTS,
    )
    hear(rows.wordings, journals.heard, settings)
    read(rows.pictures, journals.read, settings)
    made = EncodedSet(rows, journals, load_text_score(settings.text_model))
    encode_texts(made, entries, load_text_encoder(settings, device))
    (folder / "card.json").write_text(json.dumps(card(made), indent=1) + "\n", encoding="utf-8")
    return made


def folder_of(settings: Settings) -> Path:
    """Where the set for these models lies."""
    return settings.data_dir / "support-set" / made_for(settings)


def see(pictures: Sequence[Picture], journal: Journal, encoder) -> None:
    """Vector, confidence and fingerprint of every photo."""
    from mm_support.encode.turn import UNSURE_PHOTO

    by_key = {picture.key: picture for picture in pictures}

    def work(keys: Sequence[str]) -> list[dict]:
        photos = [taken(by_key[key]) for key in keys]
        vectors = encoder.encode(photos)
        labels = [encoder.label(vector) for vector in vectors]
        sure = [max(UNSURE_PHOTO, found[0].probability if found else 0.0) for found in labels]
        rows = zip(packed(vectors), sure, map(photo_fingerprint, photos))
        return [{"vector": v, "sure": s, "fingerprint": p} for v, s, p in rows]

    journal.fill(by_key, work, "looking at photos", PHOTOS)


def taken(picture: Picture):
    """The photo itself; of a pack's picture, a photo of it as a customer would take it."""
    from mm_support.train.distort import snapshot

    photo = load_photo(picture.path)
    if not picture.variant:
        return photo
    return snapshot(photo, np.random.default_rng(seed_of(picture.key)))


def read(pictures: Iterable[Picture], journal: Journal, settings: Settings) -> None:
    """The text in some of the photos: reading takes longer than everything else."""
    from mm_support.encode.ocr import load_text_reader
    from mm_support.encode.turn import photo_text

    by_key = {picture.key: picture for picture in pictures}
    chosen = [key for key, picture in by_key.items() if picture.read]
    if all(key in journal for key in chosen):
        return
    reader = load_text_reader(settings)

    def work(keys: Sequence[str]) -> list[list]:
        return [list(photo_text(ImageView(text=reader.read(taken(by_key[key]))))) for key in keys]

    journal.fill(chosen, work, "reading photos")


def hear(wordings: Iterable[Wording], journal: Journal, settings: Settings) -> None:
    """Questions as another speaker in a noisy room says them, and what Whisper made of them."""
    from mm_support.decode.voice import load_voice
    from mm_support.device import resolve_device
    from mm_support.encode.speech import load_speech_encoder
    from mm_support.inputs.audio import load_waveform
    from mm_support.train.distort import recording

    texts = {key: wording.text for wording in wordings for key in take_keys(wording)}
    if all(key in journal for key in texts):
        return
    voice = load_voice(settings)
    ears = load_speech_encoder(settings, resolve_device(settings.device))

    def work(keys: Sequence[str]) -> list[list]:
        sounds = [voice.speak(texts[key]) for key in keys]
        takes = [
            recording(load_waveform((s.rate, s.samples)), np.random.default_rng(seed_of(k)))
            for k, s in zip(keys, sounds)
        ]
        return [[heard.text, heard.confidence] for heard in map(ears.transcribe, takes)]

    journal.fill(texts, work, "speaking and listening")


def said(recordings: Sequence[Path | None], journal: Journal, settings: Settings) -> list[str]:
    """What is heard in each of the recordings that customers sent; nothing where there is none."""
    from mm_support.device import resolve_device
    from mm_support.encode.speech import load_speech_encoder
    from mm_support.inputs.audio import load_waveform

    keys = [f"{path.resolve()}#{path.stat().st_mtime_ns}" if path else "" for path in recordings]
    paths = {key: path for key, path in zip(keys, recordings) if path}
    if any(key not in journal for key in paths):
        ears = load_speech_encoder(settings, resolve_device(settings.device))

        def work(part: Sequence[str]) -> list[list]:
            heard = [ears.transcribe(load_waveform(paths[key])) for key in part]
            return [[own.text, own.confidence] for own in heard]

        journal.fill(paths, work, "listening to customers")
    return [journal[key][0] if key else "" for key in keys]


def take_keys(wording: Wording) -> list[str]:
    """Names of the recordings that are made of a question."""
    return [f"{wording.base}: {wording.text}#{take}" for take in range(wording.takes)]


def encode_texts(made: EncodedSet, entries: Iterable, encoder: TextEncoder) -> None:
    """What is asked, and what is searched: an encoder may read the same text differently."""
    journals, wordings = made.journals, made.rows.wordings
    asked = [wording.text for wording in wordings]
    asked += [text for wording in wordings for text, _ in made.takes(wording)]
    asked += [text for picture in made.rows.pictures if (text := made.read(picture)[0])]
    searched = [text for entry in entries for text in entry_texts(entry)]
    _encode(encoder, asked, "query", journals.texts, journals.pieces)
    _encode(encoder, searched, "passage", journals.facets, journals.facet_pieces)


def _encode(
    encoder: TextEncoder, texts: Sequence[str], kind: Kind, vectors: Journal, own: Journal
) -> None:
    def work(part: Sequence[str]) -> list[list]:
        _, pieces = encoder.encode_pieces(part, kind)
        return [[own.ids, late_interaction.packed(own.vectors)] for own in pieces]

    what = f"encoding what is {'asked' if kind == 'query' else 'searched'}"
    vectors.fill(texts, lambda part: packed(encoder.encode(part, kind)), what, TEXTS)
    own.fill(texts, work, f"{what}, its pieces", TEXTS)


def card(made: EncodedSet) -> dict:
    """What the set holds, for people."""

    def counts(items: Iterable) -> dict:
        found: dict[str, Counter[str]] = {base: Counter() for base in made.rows.entries}
        for item in items:
            found[item.base][item.split] += 1
        return {base: {s: own[s] for s in SPLITS if own[s]} for base, own in found.items()}

    spoken = [wording for wording in made.rows.wordings for _ in made.takes(wording)]
    return {
        "what": "questions typed and spoken, photos, and the entries that answer them",
        "entries": {base: len(entries) for base, entries in made.rows.entries.items()},
        "questions": counts(made.rows.wordings),
        "spoken_and_heard": counts(spoken),
        "photos": counts(made.rows.pictures),
        "splits": "by wording, photo and picture",
        "never_trained_on": sorted(set(made.rows.entries) - set(made.rows.trained)),
    }


def packed(rows: np.ndarray) -> list[str]:
    """(n, d) -> a text each: float16 in base 64."""
    return [base64.b64encode(row.astype("<f2").tobytes()).decode() for row in rows]


def unpacked(text: str) -> np.ndarray:
    """(d,) float32."""
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)


def _catalogue(found: SupportSet) -> list[Picture]:
    """The entries' own pictures, as they are."""
    every = ((base, entry) for base, own in found.entries.items() for entry in own)
    paths = dict.fromkeys((base, path) for base, entry in every for path in entry.pictures)
    return [catalogue(base, path) for base, path in paths]
