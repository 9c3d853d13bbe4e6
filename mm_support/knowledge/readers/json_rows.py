"""JSONL, JSON arrays, the JSON of help centre exports and of {question: answer} -> one document an
object or a pair."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.columns import (
    GUARDS,
    MANY,
    REST,
    are_of_customers,
    by_field,
    hides,
    is_sentence,
    map_names,
)
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_text
from mm_support.knowledge.readers.rows import row_document
from mm_support.knowledge.readers.tables import row_line
from mm_support.language.field_names import field_of, is_aside, is_numbered_draft, is_own

MAX_NESTED = 5  # records that file others, inside each other
MAX_WRAPPED = 2  # objects round a list
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
UNTOLD = MANY - {"questions"} | {"answer"}  # fields whose lists are no matter of a record, or all
_ITEM = re.compile(r"([\s,]*)")  # what stands between two items


def read_json(file: File, remarks: Remarks) -> Iterator[Document]:
    """Objects of a JSON text, or of its lines; keys are mapped like the columns of a table."""
    text = decode(file.data, remarks)
    told: set[str] = set()
    for line, (row, topic) in _rows(text, remarks):
        if not isinstance(row, dict):
            remarks.skip(line, "it is not a JSON object")
            continue
        if are_of_customers(_names(row), line, remarks):
            continue
        if is_numbered_draft([*map(str, row)], str(row.get("status"))):
            row = row | {"status": "draft"}
        if note := map_names([str(name) for name in row]).note():
            told.add(note)
        listed = {name: records for name, own in row.items() if (records := _records(name, own))}
        try:
            told_of = {
                name: _told(str(name), own) for name, own in row.items() if name not in listed
            }
        except RecursionError:
            remarks.skip(line, "it is nested too deeply")
            continue
        fields = by_field(told_of) | ({"topic": topic} if topic else {})
        if listed:
            said = [as_text(fields.get("answer")), *("\n".join(own) for own in listed.values())]
            fields["answer"] = "\n\n".join(filter(None, said))
        document = row_document(fields, line, remarks)
        if document is not None:
            yield document
    remarks.mapping += [f"{remarks.file}: {note}" for note in sorted(told)[:5]]


def _names(row: dict[str, Any]) -> Iterator[str]:
    """The names of a row's values, and of those that say who somebody is."""
    for name, value in row.items():
        yield str(name)
        if isinstance(value, dict) and "email" in value:
            yield f"{name} email"


class _Row(NamedTuple):
    """value: an object, where the file is right. topic: under which it stands in the file."""

    value: Any
    topic: str = ""


def _rows(text: str, remarks: Remarks) -> Iterator[tuple[int, _Row]]:
    """Each row with its line, or its number where an object or a line holds all."""
    start = text.strip()
    first = start.split("\n", 1)[0].strip()
    if start[:1] == "[" and not _is_json(first) or start.endswith("]") and _is_json(text):
        in_a_line = "\n" not in start
        for item, (line, value) in enumerate(_array(text, remarks), 1):
            yield from ((item if in_a_line else line, row) for row in _of_record(value))
    elif start[:1] == "{" and (start == first or not _is_json(first)) and _is_json(text):
        yield from enumerate(_of_object(json.loads(text), remarks), 1)
    else:
        yield from _json_lines(text, remarks)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json_lines(text: str, remarks: Remarks) -> Iterator[tuple[int, _Row]]:
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


# -- objects -> rows -----------------------------------------------------------------------


def _of_object(value: dict[str, Any], remarks: Remarks) -> list[_Row]:
    """The rows of a file that is one object: an export, a record, or questions and answers."""
    if _is_map(value):
        return _of_map(value, "", remarks)
    return _inside(value, remarks)


def _inside(value: Any, remarks: Remarks) -> list[_Row]:
    """The rows of an export that wraps them in objects; else the value itself. Of several lists
    all that hold answers, or else the longest; the others are remarked. Lists that are called as
    people call them are topics. What rows are filed under is their category.
    """
    if (
        not isinstance(value, dict)
        or _is_record(value)
        and not any(map(_is_record, value.values()))
    ):
        return _of_record(value)
    every = dict(_lists(value))
    filed, naming = _filed_under(every)
    lists = {name: own for name, own in every.items() if name not in naming}
    answering = [name for name, own in lists.items() if "answer" in by_field(own[0])]
    taken = answering or sorted(lists, key=lambda name: -len(lists[name]))[:1]
    for name in lists.keys() - taken:
        remarks.skip(0, f"the list '{name}' holds no answers and was not read")
    topics = {name: name if taken[1:] and not _is_key(name) else "" for name in taken}
    rows = [own for name in taken for row in lists[name] for own in _of_record(row, topics[name])]
    rows = [row._replace(value=_with_categories(row.value, filed)) for row in rows]
    return rows or _records_inside(value)


def _lists(value: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """The lists of records in an object, also in those that it wraps them in, by the outer name."""
    for name, own in value.items():
        if _are_rows(own):
            yield name, own
        elif isinstance(own, dict) and depth < MAX_WRAPPED:
            yield from ((name, rows) for _, rows in _lists(own, depth + 1))


def _records_inside(value: dict[str, Any], depth: int = 0) -> list[_Row]:
    """The records that an object wraps or holds by their ids, or the object: {"article": {"title":
    ..., "body": ...}}."""
    held = [own for own in value.values() if isinstance(own, dict)]
    records = [own for own in held if _is_record(own)]
    if len(records) == 1 or records and not _is_record(value):
        return [row for own in records for row in _of_record(own)]
    if len(value) == len(held) == 1 and depth < MAX_WRAPPED:
        return _records_inside(held[0], depth + 1)
    return [_Row(value)]


def _filed_under(lists: dict[str, list[Any]]) -> tuple[dict[str, dict[str, str]], set[str]]:
    """(key of a record, "section_id" -> id -> the name of what the record is filed under; the
    names of the lists, "sections", beside it that name these)."""
    found: dict[str, dict[str, str]] = {}
    keys = {str(key) for rows in lists.values() for key in rows[0] if str(key).endswith("_id")}
    naming = set[str]()
    for name, rows in lists.items():
        of_these = [key for key in keys if len(key) > 6 and name.startswith(key[:-4])]
        for key in of_these if "title" in by_field(rows[0]) else ():
            told = [by_field(row) for row in rows if isinstance(row, dict)]
            found[key] = {as_text(row.get("id")): as_text(row.get("title")) for row in told}
            naming.add(name)
    return found, naming


def _with_categories(row: Any, filed: dict[str, dict[str, str]]) -> Any:
    if not isinstance(row, dict):
        return row
    names = [filed[key].get(as_text(own)) for key, own in row.items() if key in filed]
    found = [name for name in names if name]
    return row | {"category": "|".join(found)} if found and "category" not in row else row


def _of_record(value: Any, topic: str = "", depth: int = 0) -> list[_Row]:
    """A record with its translations, or the rows of the lists in one that only names what they
    are about, such as a category of articles and of categories."""
    if not isinstance(value, dict):
        return [_Row(value, topic)]
    lists = [own for own in value.values() if _are_rows(own)]
    filing = any(_is_titled(own[0]) for own in lists)
    if _is_record(value) and not filing:
        return [_Row(own, topic) for own in (value, *_translations(value))]
    names = [own for own in value.values() if isinstance(own, str) and own.strip()]
    name = as_text(by_field(value).get("title")) or (names[0] if len(names) == 1 else "")
    says = is_sentence(as_text(by_field(value).get("answer")))
    rest = {key: own for key, own in value.items() if not (_are_rows(own) and _is_record(own[0]))}
    found = [_Row(rest, topic)] if says else []
    for own in lists:
        if _is_record(own[0]):
            found += [_Row(row, name or topic) for row in own]
        elif depth < MAX_NESTED:
            below = chain.from_iterable(_of_record(row, name or topic, depth + 1) for row in own)
            found += [row for row in below if _is_record(row.value)]
    return found or [_Row(value, topic)]


def _is_titled(value: dict[str, Any]) -> bool:
    """Whether it is an article of its own, and no translation."""
    return {"title", "answer"} <= by_field(value).keys() and "language" not in by_field(value)


def _translations(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The records in one that say the same in other languages: under the language's code, or in a
    list where each names its language."""
    said = by_field(value).get("answer")
    found: list[dict[str, Any]] = []
    for held in value.values():
        if isinstance(held, dict):
            own = [{"language": key} | row for key, row in held.items() if _is_in(key, row)]
        else:
            own = [row for row in held if _is_record(row)] if isinstance(held, list) else []
        found += [row for row in own if by_field(row).get("language")]
    return [row for row in found if by_field(row).get("answer") != said]


def _is_in(key: str, value: Any) -> bool:
    return bool(_LANGUAGE.fullmatch(key)) and _is_record(value)


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and "answer" in by_field(value)


def _is_map(value: dict[str, Any]) -> bool:
    """Whether an object holds texts, or such objects, under names that people give: questions and
    answers, also by topic; no record, whose names are known or a program's."""
    texts = {name: own for name, own in value.items() if _is_text(own)}
    if {"title", "answer", "id", "code"} & by_field(texts).keys() or not value:
        return False
    nested = [own for own in value.values() if isinstance(own, dict)]
    if len(texts) + len(nested) < len(value) or not all(map(_is_map, nested)):
        return False
    said = {name: own for name, own in texts.items() if not is_aside(name)}
    named = sum(not _is_key(name) or is_sentence(str(own)) for name, own in said.items())
    return 2 * named >= len(said)


def _is_text(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(own, str) for own in value)
    return isinstance(value, str | int | float) and bool(as_text(value))


def _is_key(name: str) -> bool:
    """Whether a name is written as programs do: how_long, FAQ."""
    return name.isascii() and " " not in name and name in (name.lower(), name.upper())


def _of_map(value: dict[str, Any], topic: str, remarks: Remarks) -> list[_Row]:
    """A row a text, under the names of the objects that it lies in; one name says nothing."""
    rows, several = [], sum(not is_aside(name) for name in value) > 1
    for name, own in value.items():
        if isinstance(own, dict):
            path = [topic, name if several else ""]
            rows += _of_map(own, ": ".join(filter(None, path)), remarks)
        elif is_aside(name):
            remarks.skip(0, f"'{name}' says something of the file and was not read")
        else:
            rows.append(_Row({"question": name, "answer": own}, topic))
    return rows


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _records(name: str, value: Any) -> list[str]:
    """The rows of a list of objects that have names and say something of these, such as the plans
    of a service, without what is nested in them but lists of words; none of what only names or
    links others.
    """
    if not _are_rows(value) or field_of(name) in UNTOLD or is_aside(name):
        return []
    if not all(isinstance(own, dict) for own in value):
        return []
    rows = [{key: _cell(cell) for key, cell in own.items()} for own in value]
    fields = [by_field(own) for own in rows]
    if not all(own.get("title") and (own.get("answer") or own[REST]) for own in fields):
        return []
    seen = [own for own in rows if not any(hides(field_of(key), own[key]) for key in own)]
    told = [{key: cell for key, cell in own.items() if _is_matter(key)} for own in seen]
    return [row_line([*own], [*own.values()]) for own in told]


def _is_matter(name: str) -> bool:
    return _is_shown(name) and field_of(name) not in GUARDS


def _cell(value: Any) -> str:
    """A value of a row of such a list as text."""
    if isinstance(value, dict) or not _is_flat(value):
        return ""
    texts = value if isinstance(value, list) else [value]
    return ", ".join(_said(own) for own in texts if own not in (None, ""))


def _told(name: str, value: Any) -> Any:
    """A value as a cell: of a field what nested ones say, {"type": 1, "text": "Yes."} is "Yes."; of
    others a list of words or a table of values, but no records of records.
    """
    field = field_of(name)
    if field == "questions" and _are_rows(value):
        return [str(_told("answer", own)) for own in value]
    if field in MANY or not field and not _is_flat(value):
        return value
    if isinstance(value, list):
        return ("\n" if field else ", ").join(str(_told("answer", own)) for own in value if own)
    if isinstance(value, dict):
        if field == "answer" and (text := by_field(value).get("answer")):
            lists = [f"{key}: {', '.join(own)}" for key, own in value.items() if _is_told(key, own)]
            return "\n\n".join([str(_told(name, text)), *lists])
        kept = {key: own for key, own in value.items() if not is_own(str(key))}
        said = {key: _said(own) for key, own in kept.items() if own or own is False}
        return "".join(said.values()) if len(said) == 1 else row_line([*said], [*said.values()])
    return value


def _is_shown(name: str) -> bool:
    return not (is_aside(name) or is_own(name))


def _said(value: Any) -> str:
    """A value that is nested in another as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(_told("answer", value))


def _is_told(name: str, value: Any) -> bool:
    """Whether a list beside a text is of people's words."""
    worded = isinstance(value, list) and all(isinstance(own, str) for own in value)
    return worded and any(" " in own for own in value) and _is_shown(name) and not field_of(name)


def _is_flat(value: Any) -> bool:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not any(isinstance(own, dict | list) for own in held)
