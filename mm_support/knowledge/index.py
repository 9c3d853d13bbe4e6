"""The index: entries with their vectors in Qdrant, a collection a knowledge base, found by a fused query.

A point is an entry. Its named vectors, each a list of which the best one counts (MaxSim), of the text also their mean:
    text      (k, d_text)     title, each question, each sentence of the answer
    picture   (m, d_picture)  its pictures, where it has any
    words     (1, d_picture)  its title, by the image encoder's text tower
Qdrant finds candidates, then every candidate is scored exactly here: by its vectors, by those of its word pieces
(pieces.py), by the words it shares with the question, rare ones counting more, and by codes. Collections never change once
they are filled: an ingest fills a new one and moves the alias, so a failed ingest leaves no trace and
what is remembered of a collection stays true. Knows nothing of files, models or conversations.
"""

from __future__ import annotations

import logging
import math
import threading
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Sequence

import numpy as np

from mm_support.decode.sentences import word_stems
from mm_support.errors import KnowledgeError
from mm_support.knowledge import codes, pieces
from mm_support.knowledge.pictures import picture_logit, picture_scores
from mm_support.types import Entry, FusedQuery, Hit, KnowledgeBase

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

log = logging.getLogger(__name__)

CANDIDATES = 50  # entries that each named vector may propose for exact scoring
WORD_SHARE = 0.125  # of a modality's part that shared words make up
PIECE_SHARE = 0.5  # that the likeness of word pieces makes up, where there are any; the cosine is the rest
WHOLE_SHARE = 0.25  # of the cosine that the whole entry makes up; its best title, question or sentence is the rest
FEW, EVERYWHERE = 3, 0.25  # entries, and share of them; a word that more have names none
CODE_SHARE = 0.7  # an exactly matched code closes this part of the gap between an entry's score and 1
UPSERT_BATCH = 64  # points
PAGE = 1_000  # points read at once when a base is listed
LAYOUT = "b"  # of points; bases of another layout are not seen
NAMESPACE = uuid.UUID("6f5d1d4e-0d3c-4c43-9a3f-3a6d1f8f2b11")


@dataclass(frozen=True, eq=False)
class Point:
    """An entry and its vectors. text: (k, d_text); picture: (m, d_picture), m may be 0; words: (d_picture,); pieces: (p, d_text)."""

    entry: Entry
    text: np.ndarray
    picture: np.ndarray
    words: np.ndarray
    pieces: np.ndarray


class Rarity:
    """How much each word tells entries apart: its inverse document frequency (Robertson and Sparck Jones 1976)."""

    def __init__(self, words: Sequence[Sequence[str]]) -> None:
        self._count, self._entries = len(words), Counter(word for entry in words for word in entry)

    def __getitem__(self, word: str) -> float:
        having = self._entries[word]
        return math.log(1 + (self._count - having + 0.5) / (having + 0.5))

    def everywhere(self, word: str) -> bool:
        """Whether so many entries have the word that it names none of them."""
        return self._entries[word] > max(FEW, EVERYWHERE * self._count)

    def share(self, word: str) -> float:
        """How much the word says about which of the entries is meant that have it: 1/k, where k of them do."""
        return 1 / max(1, self._entries[word])

    def coverage(self, asked: frozenset[str], entry: frozenset[str]) -> float:
        """The share of what was asked, by rarity, that the entry has words for; 0..1."""
        total = sum(self[word] for word in asked)
        return sum(self[word] for word in asked & entry) / total if total else 0.0


@dataclass(frozen=True, eq=False)
class Contents:
    """What is remembered of a collection. words, codes: how rare each is; codes are folded. known: codes as they are."""

    entries: tuple[Entry, ...]
    words: Rarity
    codes: Rarity
    known: codes.Known


class VectorIndex:
    """Knowledge bases in Qdrant. client: see `connect`.

    signature: names the models that made the vectors; bases made by others are not seen. pictures_dir: holds the pictures of
    all entries on this machine; what is stored is their place in it, so the folder may move and a server be shared.
    """

    def __init__(self, client: QdrantClient, signature: str, d_text: int, d_picture: int, pictures_dir: Path) -> None:
        self._client, self._pictures_dir = client, Path(pictures_dir)
        self._prefix = f"{signature}{LAYOUT}."
        self._dims = {"text": d_text, "picture": d_picture, "words": d_picture}
        self._known: dict[str, Contents] = {}  # collection -> what is in it; collections never change
        self._lock = threading.RLock()  # qdrant-client's local mode is not safe for two threads

    def close(self) -> None:
        self._client.close()

    def list(self) -> list[KnowledgeBase]:
        """All knowledge bases, by name."""
        with self._lock:
            names = sorted(self._aliases())
        bases = ((name, self.entries(name)) for name in names)
        return [KnowledgeBase(name, len(kept), sum(len(entry.pictures) for entry in kept)) for name, kept in bases]

    def version(self, name: str) -> str | None:
        """The version that `replace` stored for this base, or None where there is no such base."""
        with self._lock:
            collection = self._aliases().get(name)
        return None if collection is None else collection.rsplit(".", 1)[1]

    def replace(self, name: str, points: Iterable[Point], version: str) -> None:
        """Fills a new collection, then lets the name point at it; until then the old one answers.

        Making the points may take minutes, so searches wait only while a batch of them is stored.
        """
        from qdrant_client import models

        alias, fresh = self._prefix + name, f"{self._prefix}{name}.{uuid.uuid4().hex[:8]}.{version}"
        with self._lock:
            self._client.create_collection(fresh, vectors_config=self._vector_params())
        try:
            self._fill(fresh, points)
        except BaseException:
            with self._lock:
                self._client.delete_collection(fresh)
            raise
        with self._lock:
            old = self._aliases().get(name)  # only now: another ingest may have moved it meanwhile
            drop = [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))] if old else []
            create = models.CreateAlias(collection_name=fresh, alias_name=alias)
            self._client.update_collection_aliases([*drop, models.CreateAliasOperation(create_alias=create)])
            if old:
                self._client.delete_collection(old)
                self._known.pop(old, None)

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a base, in the order in which they were ingested."""
        with self._lock:
            return self._contents(self._collection(name)).entries

    def recognise(self, name: str, query: FusedQuery) -> FusedQuery:
        """The query as this base reads it: what displays show are codes where entries name them so, and words in a photo that are
        in entries of every kind, a maker's name, tell nothing apart. Raises KnowledgeError as search."""
        with self._lock:
            contents = self._contents(self._collection(name))
        known, read = contents.known, query.words.get("photo_text", frozenset())
        if read and len(query.weights) > 1 and all(contents.words.everywhere(word) for word in read):
            query = query.without("photo_text")
        found = dict(query.codes)
        for modality, said in query.shown.items():
            own = found.get(modality, frozenset())
            named = own | (known.seen(own | said) if modality == "photo_text" else known.spelled(said))
            found.update({modality: named} if named else {})
        return replace(query, codes=found)

    def search(self, name: str, query: FusedQuery, limit: int) -> list[Hit]:
        """The best `limit` entries, best first. Raises KnowledgeError for a base that does not exist."""
        with self._lock:
            collection = self._collection(name)
            contents = self._contents(collection)
            candidates = self._candidates(collection, query, max(limit, CANDIDATES))
        photos = _photo_parts(candidates, query.picture)
        hits = (
            Hit(_entry(point.payload, self._pictures_dir), *_score(point, query, float(photo), contents))
            for point, photo in zip(candidates, photos)
        )
        return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))[:limit]

    def _candidates(self, collection: str, query: FusedQuery, limit: int) -> list:
        """Points proposed by any named vector or by a code, each once, with vectors and payload."""
        found: dict = {}
        wanted = [("text", query.text), ("picture", query.picture), ("words", query.picture)]
        for using, vector in wanted:
            if vector is not None:
                answer = self._client.query_points(
                    collection, query=[vector.tolist()], using=using, limit=limit, with_payload=True, with_vectors=True
                )
                found.update((point.id, point) for point in answer.points)
        for point in self._with_codes(collection, query, limit):
            found.setdefault(point.id, point)
        return list(found.values())

    def _with_codes(self, collection: str, query: FusedQuery, limit: int) -> list:
        from qdrant_client import models

        folded = sorted({codes.fold(code) for named in query.codes.values() for code in named})
        if not folded:
            return []
        condition = models.FieldCondition(key="codes", match=models.MatchAny(any=folded))
        points, _ = self._client.scroll(
            collection, models.Filter(must=[condition]), limit=limit, with_payload=True, with_vectors=True
        )
        return points

    def _vector_params(self) -> dict:
        from qdrant_client import models

        best = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
        return {
            name: models.VectorParams(size=size, distance=models.Distance.DOT, multivector_config=best)
            for name, size in self._dims.items()
        }

    def _fill(self, collection: str, points: Iterable[Point]) -> None:
        numbered = enumerate(points)
        while batch := [_to_qdrant(point, order, self._pictures_dir) for order, point in islice(numbered, UPSERT_BATCH)]:
            with self._lock:
                self._client.upsert(collection, batch)

    def _contents(self, collection: str) -> Contents:
        if collection not in self._known:
            self._known[collection] = self._read(collection)
        return self._known[collection]

    def _read(self, collection: str) -> Contents:
        from qdrant_client import models

        wanted = models.PayloadSelectorExclude(exclude=["pieces"])
        points, offset = self._client.scroll(collection, limit=PAGE, with_payload=wanted)
        while offset is not None:
            page, offset = self._client.scroll(collection, limit=PAGE, offset=offset, with_payload=wanted)
            points += page
        payloads = sorted((point.payload for point in points), key=lambda payload: payload["order"])
        words, folded, named = ([payload[key] for payload in payloads] for key in ("words", "codes", "named_codes"))
        entries = tuple(_entry(payload, self._pictures_dir) for payload in payloads)
        return Contents(entries, Rarity(words), Rarity(folded), codes.Known(code for own in named for code in own))

    def _collection(self, name: str) -> str:
        aliases = self._aliases()
        if name not in aliases:
            known = ", ".join(sorted(aliases)) or "none yet"
            raise KnowledgeError(f"There is no knowledge base {name!r} (there are: {known}); ingest it first.")
        return aliases[name]

    def _aliases(self) -> dict[str, str]:
        """Base name -> collection, of the bases made by these models."""
        return {
            item.alias_name.removeprefix(self._prefix): item.collection_name
            for item in self._client.get_aliases().aliases
            if item.alias_name.startswith(self._prefix)
        }


def connect(folder: Path, url: str = "") -> QdrantClient:
    """A folder (one process at a time) or, with a url, a server. Raises KnowledgeError where it is in use or does not answer."""
    from qdrant_client import QdrantClient

    if url:
        try:
            client = QdrantClient(url=url)
            client.get_aliases()
            return client
        except Exception as exc:  # the client raises what its transport raises
            raise KnowledgeError(f"The Qdrant server at {url} does not answer; check index_url.") from exc
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return QdrantClient(path=str(folder))
    except RuntimeError as exc:
        raise KnowledgeError(
            f"The index in {folder} is in use by another process: stop it, "
            "set MM_SUPPORT_DATA to another folder, or share a Qdrant server with MM_SUPPORT_INDEX_URL."
        ) from exc


def _to_qdrant(point: Point, order: int, pictures_dir: Path):
    from qdrant_client import models

    entry = point.entry
    vectors = {"text": point.text.tolist(), "words": [point.words.tolist()]}
    if len(point.picture):
        vectors["picture"] = point.picture.tolist()
    named = codes.held(entry.title, entry.text)
    payload = {
        **asdict(replace(entry, pictures=())),
        "pictures": [path.relative_to(pictures_dir).as_posix() for path in entry.pictures],
        "order": order,
        "words": sorted(word_stems(entry.text)),
        "named_codes": sorted(named),
        "codes": sorted({codes.fold(code) for code in named}),
        "pieces": pieces.packed(point.pieces),
    }
    return models.PointStruct(id=str(uuid.uuid5(NAMESPACE, entry.id)), vector=vectors, payload=payload)


def _entry(payload: dict, pictures_dir: Path) -> Entry:
    return Entry(
        id=payload["id"],
        title=payload["title"],
        answer=payload["answer"],
        questions=tuple(payload["questions"]),
        intent=payload["intent"],
        pictures=tuple(pictures_dir / place for place in payload["pictures"]),
        source=payload["source"],
        human_only=payload["human_only"],
    )


def _score(point, query: FusedQuery, photo: float, contents: Contents) -> tuple[float, dict[str, float]]:
    """Score of one candidate, and its parts: a sum over modalities, each at least 0.

    A modality in words: the cosine of what it put into the query with the entry's best text vector and with the
    mean of them all, and its weight times the likeness of its pieces and the coverage of its words. Photo: its part is given. Codes: an exact match of a code that no other entry names closes CODE_SHARE of what is left to 1.
    """
    by: dict[str, float] = {}
    if query.text is not None:
        facets = np.asarray(point.vector["text"], np.float32)
        mean = facets.mean(axis=0)
        best = facets[int(np.argmax(facets @ query.text))]
        meant = (1 - WHOLE_SHARE) * best + WHOLE_SHARE * mean / np.linalg.norm(mean)
        entry_words, kept = frozenset(point.payload["words"]), pieces.unpacked(point.payload["pieces"], len(meant))
        for name, part in query.parts.items():
            if name != "photo":
                share = PIECE_SHARE if name in query.pieces else 0.0
                found = WORD_SHARE * contents.words.coverage(query.words.get(name, frozenset()), entry_words)
                found += share * pieces.likeness(query.pieces[name], kept) if share else 0.0
                by[name] = (1 - WORD_SHARE - share) * max(0.0, float(part @ meant)) + query.weights[name] * found
    if query.picture is not None:
        by["photo"] = photo
    total = min(1.0, sum(by.values()))
    entry_codes = frozenset(point.payload["named_codes"])
    for name, named in query.codes.items():
        likeness = max(codes.match(frozenset({code}), entry_codes) * contents.codes.share(codes.fold(code)) for code in named)
        gain = (1 - total) * CODE_SHARE * likeness
        by[name] = by.get(name, 0.0) + gain
        total += gain
    return total, by


def _photo_parts(points: Sequence, picture: np.ndarray | None) -> np.ndarray:
    """(n,) the photo's part of the scores of n candidates: its weight times how likely it shows each, among them.

    The likeliest entry of all is one of them, unless CANDIDATES others have a picture and a title that are closer each.
    """
    weight = 0.0 if picture is None else float(np.linalg.norm(picture))
    if not points or weight == 0.0:
        return np.zeros(len(points))
    unit, none = picture / weight, np.empty((0, len(picture)))
    logits = [
        picture_logit(unit, np.asarray(point.vector.get("picture", none), np.float32), np.asarray(point.vector["words"][0], np.float32))
        for point in points
    ]
    return weight * picture_scores(np.array(logits))
