"""How long an ingest takes, beside the pure time of its encoders, and how long a search does.

The encoders are given all texts of all entries in one call each, measured in the same run; what is
more than that, reading, storing and finding out what changed, is the ingest's own.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.bench.cost import median, seconds
from mm_support.config import Settings
from mm_support.paths import PACKS
from mm_support.types import Entry

ENTRIES = 1_000
SEARCHES = 30


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds for ENTRIES entries of the packs' size, each with a text of its own; and milliseconds
    for a search among them.
    """
    from mm_support.device import resolve_device
    from mm_support.encode.image import load_image_encoder
    from mm_support.encode.text import load_text_encoder
    from mm_support.knowledge.base import Knowledge
    from mm_support.loading import open_index

    device = resolve_device(settings.device)
    text, image = load_text_encoder(settings, device), load_image_encoder(settings, device)
    with tempfile.TemporaryDirectory() as folder:
        inside = settings.with_changes(data_dir=Path(folder) / "data")
        index = open_index(inside, text.dim, image.dim)
        knowledge = Knowledge(index, text, image, _no_turns)
        path = _faq(Path(folder) / "many.jsonl")
        knowledge.ingest("warm", PACKS / "finance")
        whole = seconds(lambda: knowledge.ingest("many", path))
        pure = seconds(lambda: _encode(text, image, knowledge.entries("many")))
        again = seconds(lambda: knowledge.sync("many", path))
        search = _search_seconds(knowledge, text)
    return {
        "encoders_alone_s": round(pure, 1),
        "ingest_1000_s": round(whole, 1),
        "ingest_by_encoders": round(whole / pure, 2),
        "sync_unchanged_s": round(again, 1),
        "search_1000_ms": round(1000 * search, 1),
    }


def _no_turns(turn: object):
    raise NotImplementedError("The bench searches by queries of its own.")


def _faq(path: Path) -> Path:
    """A file of ENTRIES entries like those of the packs."""
    files = sorted(PACKS.glob("*/entries.jsonl"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    packs = [json.loads(line) for line in lines]
    rows = [
        {
            "id": str(n),
            "title": f"{entry['title']}, model {n}",
            "questions": [f"{question} (model {n})" for question in entry["questions"]],
            "answer": entry["answer"],
        }
        for n, entry in zip(range(ENTRIES), packs * (ENTRIES // len(packs) + 1))
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def _encode(text, image, entries: tuple[Entry, ...]) -> None:
    from mm_support.knowledge.points import entry_texts

    text.encode_pieces([one for entry in entries for one in entry_texts(entry)], "passage")
    image.encode_words([entry.title for entry in entries])


def _search_seconds(knowledge, text) -> float:
    """The median of SEARCHES searches by words, the encoding of the question left out."""
    from mm_support.knowledge.query import search_query
    from mm_support.types import FusedQuery, Question

    taken = []
    for entry in knowledge.entries("many")[:SEARCHES]:
        question = Question(entry.questions[0])
        (vector,), (pieces,) = text.encode_pieces([question.typed])
        fused = FusedQuery(vector, None, {"text": vector}, {"text": 1.0})
        query = search_query(fused, question, {"text": pieces.vectors.astype(np.float32)})
        taken.append(seconds(lambda query=query: knowledge.find("many", query)))
    return median(taken, 6)
