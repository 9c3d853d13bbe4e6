"""The index: entries with their vectors in Qdrant, a collection a knowledge base, found by a fused
query.

A point is an entry. Its named vectors, each a list of which the best one counts (MaxSim), of the
text also their mean:
    text      (k, d_text)     title, each question, each sentence of the answer
    picture   (m, d_picture)  its pictures, where it has any
    words     (1, d_picture)  its title, by the image encoder's text tower
Qdrant finds candidates, then every candidate is scored exactly (scoring.py). Collections never
change once they are filled: an ingest fills a new one and moves the alias, so a failed ingest
leaves no trace and what is remembered of a collection stays true. Knows nothing of files, models or
conversations.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_support.errors import KnowledgeError, no_such_base
from mm_support.knowledge import late_interaction as pieces
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.scoring import Contents, Rarity, photo_parts, recognise, score
from mm_support.language import identifiers as codes
from mm_support.language.terms import term_set
from mm_support.types import Entry, Hit, KnowledgeBase

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

log = logging.getLogger(__name__)

CANDIDATES = 50  # entries that each named vector may propose for exact scoring
UPSERT_BATCH = 64  # points
PAGE = 1_000  # points read at once when a base is listed
LAYOUT = "c"  # of points; bases of another layout are not seen
NAMESPACE = uuid.UUID("6f5d1d4e-0d3c-4c43-9a3f-3a6d1f8f2b11")


@dataclass(frozen=True, eq=False)
class Point:
    """An entry and its vectors. text: (k, d_text); picture: (m, d_picture), m may be 0; words:
    (d_picture,); pieces: (p, d_text).
    """

    entry: Entry
    text: np.ndarray
    picture: np.ndarray
    words: np.ndarray
    pieces: np.ndarray


class VectorIndex:
    """Knowledge bases in Qdrant. client: see `connect`.

    signature: names the models that made the vectors; bases made by others are not seen.
    pictures_dir: holds the pictures of all entries on this machine; what is stored is their place
    in it, so the folder may move and a server be shared.
    """

    def __init__(
        self, client: QdrantClient, signature: str, d_text: int, d_picture: int, pictures_dir: Path
    ) -> None:
        self._client, self._pictures_dir = client, Path(pictures_dir)
        self._prefix = f"{signature}{LAYOUT}."
        self._dims = {"text": d_text, "picture": d_picture, "words": d_picture}
        self._known: dict[
            str, Contents
        ] = {}  # collection -> what is in it; collections never change
        self._lock = threading.RLock()  # qdrant-client's local mode is not safe for two threads

    def close(self) -> None:
        self._client.close()

    def list(self) -> list[KnowledgeBase]:
        """All knowledge bases, by name."""
        with self._lock:
            names = sorted(self._aliases())
        bases = ((name, self.entries(name)) for name in names)
        return [
            KnowledgeBase(name, len(kept), sum(len(entry.pictures) for entry in kept))
            for name, kept in bases
        ]

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
            drop = (
                [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))]
                if old
                else []
            )
            create = models.CreateAlias(collection_name=fresh, alias_name=alias)
            self._client.update_collection_aliases(
                [*drop, models.CreateAliasOperation(create_alias=create)]
            )
            if old:
                self._client.delete_collection(old)
                self._known.pop(old, None)

    def entries(self, name: str) -> tuple[Entry, ...]:
        """All entries of a base, in the order in which they were ingested."""
        with self._lock:
            return self._contents(self._collection(name)).entries

    def recognise(self, name: str, query: SearchQuery) -> SearchQuery:
        """The query as this base reads it, see scoring.recognise. Raises KnowledgeError as search."""
        with self._lock:
            return recognise(query, self._contents(self._collection(name)))

    def search(self, name: str, query: SearchQuery, limit: int) -> list[Hit]:
        """The best `limit` entries, best first. Raises KnowledgeError for a base that does not
        exist.
        """
        with self._lock:
            collection = self._collection(name)
            contents = self._contents(collection)
            candidates = self._candidates(collection, query, max(limit, CANDIDATES))
        photos = photo_parts(candidates, query.fused.picture)
        hits = (
            Hit(
                _entry(point.payload, self._pictures_dir),
                *score(point, query, float(photo), contents),
            )
            for point, photo in zip(candidates, photos)
        )
        return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))[:limit]

    def _candidates(self, collection: str, query: SearchQuery, limit: int) -> list:
        """Points proposed by any named vector or by a code, each once, with vectors and payload."""
        found: dict = {}
        fused = query.fused
        wanted = [("text", fused.text), ("picture", fused.picture), ("words", fused.picture)]
        for using, vector in wanted:
            if vector is not None:
                answer = self._client.query_points(
                    collection,
                    query=[vector.tolist()],
                    using=using,
                    limit=limit,
                    with_payload=True,
                    with_vectors=True,
                )
                found.update((point.id, point) for point in answer.points)
        for point in self._with_codes(collection, query, limit):
            found.setdefault(point.id, point)
        return list(found.values())

    def _with_codes(self, collection: str, query: SearchQuery, limit: int) -> list:
        from qdrant_client import models

        folded = sorted(
            {codes.fold(code) for named in query.identifiers.values() for code in named}
        )
        if not folded:
            return []
        condition = models.FieldCondition(key="codes", match=models.MatchAny(any=folded))
        points, _ = self._client.scroll(
            collection,
            models.Filter(must=[condition]),
            limit=limit,
            with_payload=True,
            with_vectors=True,
        )
        return points

    def _vector_params(self) -> dict:
        from qdrant_client import models

        best = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
        return {
            name: models.VectorParams(
                size=size, distance=models.Distance.DOT, multivector_config=best
            )
            for name, size in self._dims.items()
        }

    def _fill(self, collection: str, points: Iterable[Point]) -> None:
        numbered = enumerate(points)
        while batch := [
            _to_qdrant(point, order, self._pictures_dir)
            for order, point in islice(numbered, UPSERT_BATCH)
        ]:
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
            page, offset = self._client.scroll(
                collection, limit=PAGE, offset=offset, with_payload=wanted
            )
            points += page
        payloads = sorted((point.payload for point in points), key=lambda payload: payload["order"])
        words, folded = ([payload[key] for payload in payloads] for key in ("words", "codes"))
        entries = tuple(_entry(payload, self._pictures_dir) for payload in payloads)
        return Contents(entries, Rarity(words), Rarity(folded), codes.Dictionary(entries))

    def _collection(self, name: str) -> str:
        aliases = self._aliases()
        if name not in aliases:
            raise no_such_base(name, aliases)
        return aliases[name]

    def _aliases(self) -> dict[str, str]:
        """Base name -> collection, of the bases made by these models."""
        return {
            item.alias_name.removeprefix(self._prefix): item.collection_name
            for item in self._client.get_aliases().aliases
            if item.alias_name.startswith(self._prefix)
        }


def connect(folder: Path, url: str = "") -> QdrantClient:
    """A folder (one process at a time) or, with a url, a server. Raises KnowledgeError where it is
    in use or does not answer.
    """
    from qdrant_client import QdrantClient

    if url:
        try:
            client = QdrantClient(url=url)
            client.get_aliases()
            return client
        except Exception as exc:  # the client raises what its transport raises
            raise KnowledgeError(
                f"The Qdrant server at {url} does not answer; check index_url."
            ) from exc
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
    named = codes.identifiers_of(entry)
    payload = {
        **asdict(replace(entry, pictures=())),
        "pictures": [path.relative_to(pictures_dir).as_posix() for path in entry.pictures],
        "order": order,
        "words": sorted(term_set(entry.text)),
        "named_codes": sorted(named),
        "codes": sorted({codes.fold(code) for code in named}),
        "pieces": pieces.packed(point.pieces),
    }
    return models.PointStruct(
        id=str(uuid.uuid5(NAMESPACE, entry.id)), vector=vectors, payload=payload
    )


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
