"""actions.toml -> the actions that it declares, checked; what is wrong is told in a sentence.

Whoever writes the file decides what is called, so it is read only from a folder that the operator
ingests. An action is found like an entry, by its title and examples, so it becomes one for each
language of its examples (`as_entries`), which carries its declaration.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mm_support.errors import KnowledgeError
from mm_support.knowledge.actions import FILE, DeclaredAction, entry_id, said
from mm_support.types import Entry

MAX_BYTES = 2**18  # of the file
TOLD = {"missing": "it is needed", "extra_forbidden": "there is no such key"}
BEGINS = re.compile(r"\s*\[\[\s*action\s*\]\]")


def read_file(path: Path) -> list[Entry]:
    """The entries of a file's actions. Raises KnowledgeError, which says what is wrong."""
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise KnowledgeError(f"{path.name} is larger than {MAX_BYTES // 2**10} KB; shorten it.")
        text = content.decode("utf-8-sig")
        lines = (n for n, line in enumerate(text.split("\n"), 1) if BEGINS.match(line))
        places = (f"{path.name}:{line}" for line in lines)
        found = [as_entries(*pair) for pair in zip(tables(text), places)]
        return [entry for entries in found for entry in entries]
    except OSError as exc:
        raise KnowledgeError(f"{path.name} cannot be read ({exc.strerror}).") from exc
    except UnicodeDecodeError as exc:
        raise KnowledgeError(f"{path.name} is not in UTF-8; save it as that.") from exc


def tables(text: str) -> list[dict[str, Any]]:
    """The actions' tables, checked. Raises KnowledgeError."""
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise KnowledgeError(f"{FILE} is no TOML: {exc}.") from exc
    found = whole.get("action")
    if other := sorted(set(whole) - {"action"}):
        raise KnowledgeError(f"{FILE} has no key {other[0]!r}; each action is a table [[action]].")
    if not (isinstance(found, list) and found and all(isinstance(own, dict) for own in found)):
        raise KnowledgeError(f"{FILE} declares no action; begin one with [[action]].")
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise KnowledgeError(f"{FILE}: write days and times as texts, in quotes.") from exc
    names = [parsed(own).name for own in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise KnowledgeError(f"{FILE} declares {sorted(twice)[0]!r} twice; rename one of them.")
    return found


def as_entries(table: dict[str, Any], place: str) -> list[Entry]:
    """The entries by which an action is found, one for each language of its examples: like is
    compared with like. place: where the table stands.
    """
    action, declaration = parsed(table), json.dumps(table, ensure_ascii=False, sort_keys=True)
    first = next(iter(action.examples))
    return [
        Entry(
            entry_id(action) + ("" if language == first else f":{language}"),
            said(action.title, language),
            action.does.get(language) or said(action.title, language),
            tuple(dict.fromkeys([said(action.title, language), *examples])),
            source=place,
            language=language,
            declaration=declaration,
        )
        for language, examples in action.examples.items()
    ]


def action_of(entry: Entry) -> DeclaredAction | None:
    """What an entry stands for; None for one that only says something."""
    return _declared(entry.declaration) if entry.declaration else None


@functools.lru_cache(256)
def _declared(declaration: str) -> DeclaredAction:
    return parsed(json.loads(declaration))


def parsed(table: dict[str, Any]) -> DeclaredAction:
    """Raises KnowledgeError, which says what is wrong first, for what is no declaration."""
    try:
        return DeclaredAction.model_validate(table)
    except ValidationError as exc:
        found = exc.errors(include_url=False)  # a misspelt key is also one that is missing
        wrong = min(found, key=lambda error: error["type"] != "extra_forbidden")
        place = ".".join(map(str, wrong["loc"]))
        where = f"{FILE}: the action {table.get('name', '')!r}{place and f', {place}'}"
        told = TOLD.get(wrong["type"], wrong["msg"].removeprefix("Value error, "))
        raise KnowledgeError(f"{where}: {told}.") from exc
