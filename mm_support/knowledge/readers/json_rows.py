"""JSONL, JSON arrays and the JSON of help centre exports -> one document an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.columns import MANY, by_field, field_of, map_names
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.rows import row_document
from mm_support.knowledge.readers.tables import row_line

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
        told_of = {name: _told(str(name), value) for name, value in row.items()}
        document = row_document(by_field(told_of), line, remarks)
        if document is not None:
            yield document
    remarks.mapping += [f"{remarks.file}: {note}" for note in sorted(told)[:5]]


def _rows(text: str, remarks: Remarks) -> Iterator[tuple[int, Any]]:
    start = text.lstrip()
    first = start.split("\n", 1)[0].strip()
    if start[:1] == "[" and not _is_json(first) or start.rstrip().endswith("]") and _is_json(text):
        yield from _array(text, remarks)
    elif start[:1] == "{" and not _is_json(first) and _is_json(text):
        yield from ((1, row) for row in _inside(json.loads(text), remarks))
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
        yield from ((number, row) for row in _inside(value, remarks))


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


def _inside(value: Any, remarks: Remarks) -> list[Any]:
    """The rows of an export that wraps them in an object; else the value itself. Of several lists
    all that hold answers, or else the longest; the others are remarked.
    """
    if not isinstance(value, dict) or "answer" in by_field(value):
        return [value]
    lists = {name: own for name, own in value.items() if _are_rows(own)}
    answering = [name for name, own in lists.items() if "answer" in by_field(own[0])]
    taken = answering or sorted(lists, key=lambda name: -len(lists[name]))[:1]
    for name in lists.keys() - taken:
        remarks.skip(0, f"the list '{name}' holds no answers and was not read")
    return [row for name in taken for row in lists[name]] or [value]


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _told(name: str, value: Any) -> Any:
    """A value as a cell: of a field what nested ones say, {"type": 1, "text": "Yes."} is "Yes."; of
    others a list of words or a table of values, but no records of records.
    """
    field = field_of(name)
    if field in MANY or not field and not _is_flat(value):
        return value
    if isinstance(value, list):
        return ("\n" if field else ", ").join(str(_told("answer", own)) for own in value if own)
    if isinstance(value, dict):
        if field == "answer" and (text := by_field(value).get("answer")):
            return _told(name, text)
        said = {key: str(_told("answer", own)) for key, own in value.items() if own}
        return "".join(said.values()) if len(said) == 1 else row_line([*said], [*said.values()])
    return value


def _is_flat(value: Any) -> bool:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not any(isinstance(own, dict | list) for own in held)
