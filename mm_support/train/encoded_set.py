"""The support set through our encoders: what was heard, seen and read, and the vectors of all of
it.

What takes long lies in journals under the data folder, one folder a set of models, so that it is
done once and an interrupted run goes on; texts are encoded anew. A data card beside them says what
is in the set.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.config import Settings
from mm_support.encode.text import Pieces, TextEncoder
from mm_support.encode.text_models import Kind
from mm_support.files import write_json
from mm_support.fuse.weights import made_for
from mm_support.inputs.photo import load_photo
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
from mm_support.types import Entry, ImageView

PHOTOS = 16  # looked at together

Encoded = dict[str, tuple[np.ndarray, Pieces]]  # text -> its vector and its word pieces


@dataclass(frozen=True, eq=False)
class Journals:
    """photos: vector, sure, fingerprint. read, heard: [text, confidence]."""

    photos: Journal
    read: Journal
    heard: Journal


@dataclass(frozen=True, eq=False)
class EncodedSet:
    """A cleaned support set and what its questions and photos became: the texts that are asked and
    those that are searched, which an encoder may read differently, and the titles for the image
    encoder. text_score: that of the encoder of its texts.
    """

    rows: SupportSet
    journals: Journals
    text_score: TextScore = UNKNOWN
    asked: Encoded = field(default_factory=dict)
    searched: Encoded = field(default_factory=dict)
    named: dict[str, np.ndarray] = field(default_factory=dict)

    def texts(self, texts: Sequence[str], kind: Kind = "query") -> np.ndarray:
        """(n, d_text) float32."""
        encoded = self.asked if kind == "query" else self.searched
        return np.stack([encoded[text][0] for text in texts])

    def pieces(self, texts: Sequence[str], kind: Kind = "query") -> list[Pieces]:
        """The word pieces of each text."""
        encoded = self.asked if kind == "query" else self.searched
        return [encoded[text][1] for text in texts]

    def titles(self, titles: Sequence[str]) -> np.ndarray:
        """(n, d_picture) float32, by the image encoder's text tower."""
        return np.stack([self.named[title] for title in titles])

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
        read = self.journals.read
        text, sure = read[picture.key] if picture.key in read else ("", 0.0)
        return text, sure

    def encode(self, entries: Sequence[Entry], encoder: TextEncoder) -> None:
        """What is asked, typed, heard or read, and what is searched."""
        wordings, pictures = self.rows.wordings, self.rows.pictures
        asked = [wording.text for wording in wordings]
        asked += [text for wording in wordings for text, _ in self.takes(wording)]
        asked += [text for picture in pictures if (text := self.read(picture)[0])]
        searched = [text for entry in entries for text in entry_texts(entry)]
        rows: list[tuple[Encoded, list[str], Kind]]
        rows = [(self.asked, asked, "query"), (self.searched, searched, "passage")]
        for encoded, texts, kind in rows:
            unique = [*dict.fromkeys(texts)]
            encoded |= dict(zip(unique, zip(*encoder.encode_pieces(unique, kind))))


def build(found: SupportSet, settings: Settings, feedback: Feedback | None = None) -> EncodedSet:
    """The set, cleaned and encoded; feedback: see feedback.py."""
    from mm_support.device import resolve_device
    from mm_support.encode.image import load_image_encoder
    from mm_support.encode.text import load_text_encoder

    device, folder = resolve_device(settings.device), folder_of(settings)
    journals = Journals(**{f.name: Journal(folder / f"{f.name}.jsonl") for f in fields(Journals)})
    if feedback:
        found = with_feedback(found, feedback, said(feedback, journals.heard, settings))
    image = load_image_encoder(settings, device)
    see([*found.pictures, *_catalogue(found)], journals.photos, image)
    rows = cleaned(found, lambda picture: journals.photos[picture.key]["fingerprint"])
    hear(rows.wordings, journals.heard, settings)
    read(rows.pictures, journals.read, settings)
    entries = [entry for base in rows.entries.values() for entry in base]
    titles = [*dict.fromkeys(entry.title for entry in entries)]
    named = dict(zip(titles, image.encode_words(titles)))
    made = EncodedSet(rows, journals, load_text_score(settings.text_model), named=named)
    made.encode(entries, load_text_encoder(settings, device))
    write_json(folder / "card.json", card(made), indent=1)
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
    reader = cache(lambda: load_text_reader(settings))

    def work(keys: Sequence[str]) -> list[list]:
        views = (ImageView(text=reader().read(taken(by_key[key]))) for key in keys)
        return [list(photo_text(view)) for view in views]

    journal.fill(chosen, work, "reading photos")


def hear(wordings: Iterable[Wording], journal: Journal, settings: Settings) -> None:
    """Questions as another speaker in a noisy room says them, and what Whisper made of them."""
    from mm_support.decode.voice import load_voice
    from mm_support.inputs.audio import load_waveform
    from mm_support.train.distort import recording

    texts = {key: wording.text for wording in wordings for key in take_keys(wording)}
    voice = cache(lambda: load_voice(settings))

    def take(key: str) -> np.ndarray:
        sound = voice().speak(texts[key])
        waveform = load_waveform((sound.rate, sound.samples))
        return recording(waveform, np.random.default_rng(seed_of(key)))

    listen(texts, take, journal, settings, "speaking and listening")


def said(feedback: Feedback, journal: Journal, settings: Settings) -> list[str]:
    """What is heard in the recording of each case; nothing where there is none."""
    from mm_support.inputs.audio import load_waveform

    recordings = [Path(str(c.turn.audio)) if c.turn.audio else None for c in feedback.cases]
    keys = [f"{path.resolve()}#{path.stat().st_mtime_ns}" if path else "" for path in recordings]
    paths = {key: path for key, path in zip(keys, recordings) if path}
    listen(paths, lambda key: load_waveform(paths[key]), journal, settings, "listening")
    return [journal[key][0] if key else "" for key in keys]


def listen(
    keys: Iterable[str],
    sound: Callable[[str], np.ndarray],
    journal: Journal,
    settings: Settings,
    what: str,
) -> None:
    """What Whisper makes of recordings. sound: key -> (n,) float32, 16 kHz."""
    from mm_support.device import resolve_device
    from mm_support.encode.speech import load_speech_encoder

    ears = cache(lambda: load_speech_encoder(settings, resolve_device(settings.device)))

    def work(part: Sequence[str]) -> list[list]:
        heard = [ears().transcribe(sound(key)) for key in part]
        return [[own.text, own.confidence] for own in heard]

    journal.fill(keys, work, what)


def take_keys(wording: Wording) -> list[str]:
    """Names of the recordings that are made of a question."""
    return [f"{wording.base}: {wording.text}#{take}" for take in range(wording.takes)]


def card(made: EncodedSet) -> dict[str, Any]:
    """What the set holds, for people."""
    rows = made.rows

    def counts(items: Iterable) -> dict:
        found = Counter((item.base, item.split) for item in items)
        return {b: {s: found[b, s] for s in SPLITS if found[b, s]} for b in rows.entries}

    return {
        "what": "questions typed and spoken, photos, and the entries that answer them",
        "entries": {base: len(entries) for base, entries in rows.entries.items()},
        "questions": counts(rows.wordings),
        "spoken_and_heard": counts(w for w in rows.wordings for _ in made.takes(w)),
        "photos": counts(rows.pictures),
        "splits": "by wording, photo and picture",
        "never_trained_on": sorted(set(rows.entries) - set(rows.trained)),
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
