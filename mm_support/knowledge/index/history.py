"""What a base held at a time: a line a change, with what its entries said before.

    {"at": "2026-12-01T09:30:00+00:00", "before": key, "after": key, "said": {id: entry or null}}

Lines are only added, each before its change takes place. One that was never followed by its change
is told by the keys, which lead from the version that is read now back to the first. Knows no
vector.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mm_support.files import make_durable

FILE = "changes.jsonl"

Stored = dict[str, Any]  # an entry as JSON


@dataclass(frozen=True)
class Change:
    """said: for each entry that was changed, what it said before; None: it was not there. before,
    after: the keys of the versions."""

    at: datetime
    before: str
    after: str
    said: dict[str, Stored | None]


def note(
    base: Path, before: str, after: str, was: Mapping[str, str], shall: Mapping[str, str]
) -> None:
    """Adds a change to a base's folder. was, shall: id -> entry as JSON, in both versions."""
    changed = [name for name in {**was, **shall} if was.get(name) != shall.get(name)]
    said = {name: json.loads(was.get(name, "null")) for name in changed}
    at = datetime.now(UTC).isoformat()
    line = {"at": at, "before": before, "after": after, "said": said}
    with (base / FILE).open("a", encoding="utf-8") as file:
        file.write(f"\n{json.dumps(line, ensure_ascii=False)}")  # what was cut off ends here
    make_durable(base / FILE)


def changes(base: Path, current: str) -> Iterator[Change]:
    """The changes of a base, latest first, as far back as they are known whole."""
    with suppress(FileNotFoundError):
        for line in reversed((base / FILE).read_text(encoding="utf-8").split("\n")):
            with suppress(ValueError, KeyError, TypeError):
                stored = json.loads(line)
                if stored["after"] == current:
                    yield Change(**{**stored, "at": datetime.fromisoformat(stored["at"])})
                    current = stored["before"]


def held_at(
    when: datetime, latest_first: Iterable[Change], now: Mapping[str, str]
) -> dict[str, Stored]:
    """id -> what each entry said at a time. now: what they say today, as JSON."""
    held = {name: json.loads(content) for name, content in now.items()}
    for change in latest_first:
        if change.at <= when:
            break
        for name, said in change.said.items():
            held.pop(name, None)
            held |= {name: said} if said is not None else {}
    return held
