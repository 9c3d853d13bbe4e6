"""Entries -> points: their texts and pictures encoded, pictures kept small under the data folder.

What an entry's vectors are made of has a digest, so that an entry that did not change keeps them.
Knows nothing of files that knowledge comes in, or of how points are stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image

from mm_support.device import usable_threads
from mm_support.encode.image import ImageEncoder
from mm_support.encode.text import TextEncoder
from mm_support.errors import InputError
from mm_support.files import replacing
from mm_support.inputs.photo import load_photo
from mm_support.knowledge.entries import remark
from mm_support.knowledge.index import Point
from mm_support.knowledge.late_interaction import merged
from mm_support.knowledge.readers.base import quoted
from mm_support.language.detect import in_characters
from mm_support.language.fences import without_fences
from mm_support.language.sentences import split_sentences
from mm_support.types import Entry, Remark

MAX_TEXT_VECTORS = 32  # an entry; sentences of longer answers are joined until they fit
PICTURE_SIDE = 1_024  # pixels, longest side of a kept picture
OPENED = 4  # pictures at once, at full size
PHOTOS = 16  # pictures that are in memory and encoded together
QUALITY = 88  # of a kept picture, as JPEG

Found = dict[str, list[tuple[Path, np.ndarray]]]  # entry id -> kept picture, (d_picture,) vector


class PointMaker:
    """Makes points with the encoders of a service. pictures_dir: a folder a base is made there."""

    def __init__(self, text: TextEncoder, image: ImageEncoder, pictures_dir: Path) -> None:
        self._text, self._image, self._pictures_dir = text, image, pictures_dir

    def points(
        self, name: str, entries: Sequence[Entry], digests: Sequence[str], remarks: list[Remark]
    ) -> Iterator[Point]:
        """The points of some entries of a base, which are encoded before it returns; remarks: what
        is to be said is added. A text that several have, as passages of one document their title,
        is encoded once.
        """
        texts = [entry_texts(entry) for entry in entries]
        rows, named = places(chain(*texts)), places(entry.title for entry in entries)
        with ThreadPoolExecutor(1, "pictures") as beside:  # opening them leaves time for texts
            pictures = beside.submit(self._encode_pictures, name, entries, remarks)
            vectors, pieces = self._text.encode_pieces(list(rows), "passage")
            titles = self._image.encode_words(list(named))
            seen = pictures.result()

        def point(entry: Entry, digest: str, own: Sequence[str]) -> Point:
            mine, title = [rows[text] for text in own], titles[named[entry.title]]
            kept = seen[entry.id]
            stored = replace(entry, pictures=tuple(path for path, _ in kept))
            looks = np.array([vector for _, vector in kept], np.float32)
            looks = looks.reshape(-1, self._image.dim)
            own_pieces = merged([pieces[row] for row in mine])
            scripts = np.array([in_characters(text, entry.text) for text in own])
            made = vectors[mine], looks, title, own_pieces
            return Point(stored, *made, digest, "", scripts)

        return map(point, entries, digests, texts)

    def _encode_pictures(self, name: str, entries: Sequence[Entry], remarks: list[Remark]) -> Found:
        """The pictures of each entry that open; PHOTOS are in memory at once, small."""
        found: Found = {entry.id: [] for entry in entries}
        wanted = ((entry, source) for entry in entries for source in entry.pictures)
        with ThreadPoolExecutor(min(OPENED, usable_threads()), "open pictures") as pool:
            while group := list(islice(wanted, PHOTOS)):
                opened = pool.map(lambda pair: self._keep(name, pair[1]), group)
                kept = []
                for (entry, source), result in zip(group, opened):
                    if isinstance(result, InputError):
                        remarks.append(remark(entry, f"picture {quoted(source.name)}: {result}"))
                    else:
                        kept.append((entry.id, *result))
                vectors = self._image.encode([photo for *_, photo in kept])
                for (entry_id, path, _), vector in zip(kept, vectors):
                    found[entry_id].append((path, vector))
        return found

    def _keep(self, name: str, source: Path) -> tuple[Path, Image.Image] | InputError:
        """Path under the data folder, named by content, and photo of at most PICTURE_SIDE; or why
        it does not open. One that lies in the folder already stays as it is.
        """
        try:
            photo = load_photo(source)
        except InputError as exc:
            return exc
        photo.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
        folder = self._pictures_dir / name
        if source.parent == folder:
            return source, photo
        target = folder / f"{hashlib.sha256(source.read_bytes()).hexdigest()[:16]}.jpg"
        if not target.exists():
            with replacing(target) as beside:
                photo.save(beside, "JPEG", quality=QUALITY)
        return target, photo


def places(texts: Iterable[str]) -> dict[str, int]:
    """Each text once, in order -> its place."""
    return {text: place for place, text in enumerate(dict.fromkeys(texts))}


def entry_texts(entry: Entry) -> list[str]:
    """What an entry is found by: its title, questions, tags, and the sentences of its answer, each
    under the title; each once."""
    head = [text for text in (entry.title, *entry.questions, ", ".join(entry.tags)) if text]
    sentences = [*map(without_fences, split_sentences(entry.answer))]
    room = max(1, MAX_TEXT_VECTORS - len(head))
    step = -(-len(sentences) // room) if sentences else 1
    joined = [" ".join(sentences[i : i + step]) for i in range(0, len(sentences), step)]
    return list(dict.fromkeys([*head, *map(entry.titled, joined)]))


def entry_digest(entry: Entry) -> str:
    """32 hex digits that change when anything does that the entry's vectors are made of."""
    total = hashlib.sha256(json.dumps(entry_texts(entry), ensure_ascii=False).encode())
    for path in entry.pictures:
        content = path.read_bytes() if path.is_file() else b""
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()[:32]
