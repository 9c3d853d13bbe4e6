"""JSONL, JSON arrays and the JSON of help centre exports -> one document an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.columns import by_field, map_names
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.rows import row_document

_ITEM = re.compile(r"([\s,]*)")  # what stands between two items


def read_json(file: File, remarks: Remarks) -> Iterator[Document]:
    """Objects of a JSON text, or of its lines; keys are mapped like the columns of a table."""
    text = decode(file.data, remarks)
    told: set[str] = set()
    for line, row in _rows(text, remarks):
        if not isinstance(row, dict):
            remarks.skip(line, "it is not a JSON object")
            continue
        if note := map_names([str(name) for name in row]).note():
            told.add(note)
        document = row_document(by_field(row), line, remarks)
        if document is not None:
            yield document
    remarks.mapping += [f"{remarks.file}: {note}" for note in sorted(told)[:5]]


def _rows(text: str, remarks: Remarks) -> Iterator[tuple[int, Any]]:
    start = text.lstrip()
    first = start.split("\n", 1)[0].strip()
    if start[:1] == "[" and not _is_json(first) or start.rstrip().endswith("]") and _is_json(text):
        yield from _array(text, remarks)
    elif start[:1] == "{" and not _is_json(first) and _is_json(text):
        yield from ((1, row) for row in _inside(json.loads(text)))
    else:
        yield from _json_lines(text, remarks)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json_lines(text: str, remarks: Remarks) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            remarks.skip(number, "it is not valid JSON")
            continue
        yield from ((number, row) for row in _inside(value))


def _array(text: str, remarks: Remarks) -> Iterator[tuple[int, Any]]:
    """The items of a JSON list, each with its line; what follows a broken one is remarked."""
    decoder, place, line, counted = json.JSONDecoder(), text.index("[") + 1, 1, 0
    while found := _ITEM.match(text, place):
        place = found.end(1)
        line, counted = line + text.count("\n", counted, place), place
        if text[place : place + 1] in ("]", ""):
            return
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            remarks.skip(line, "it is not valid JSON; the rest of the file was not read")
            return
        yield line, value


def _inside(value: Any) -> list[Any]:
    """The rows of an export that wraps them in an object; else the value itself."""
    if not isinstance(value, dict) or "answer" in by_field(value):
        return [value]
    lists = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
    return max(lists, key=len, default=[value])
