"""The messages that heads of intents.py are fitted to: those that were written for it, with what
each does, and ordinary questions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mm_support.decide.intents import CHOICES, LABELS
from mm_support.errors import WeightsError
from mm_support.paths import ASSETS, PACKS

EXAMPLES = ASSETS / "training" / "intents"
HELD_OUT = "held_out"  # name of the examples that no head is fitted to


@dataclass(frozen=True)
class Example:
    """A message and what it does: labels of intents.LABELS, none for an ordinary question; and the
    candidate that it chooses, if any. group: examples of one group are never on both sides of a
    cross-validation.
    """

    text: str
    labels: tuple[str, ...] = ()
    choice: str = ""
    language: str = "en"
    group: str = ""


def read_examples(folder: Path = EXAMPLES, held_out: bool = False) -> list[Example]:
    """The written examples, or those that are held out. Raises WeightsError for a damaged file."""
    files = sorted(path for path in folder.glob("*.jsonl") if (path.stem == HELD_OUT) == held_out)
    if not files:
        raise WeightsError(f"There are no examples of intents in {folder}; install it again.")
    return [_example(path, line) for path in files for line in path.read_text("utf-8").splitlines()]


def _example(path: Path, line: str) -> Example:
    try:
        row = json.loads(line)
        labels = tuple(row["labels"])
        if not set(labels) <= set(LABELS) or row.get("choice", "") not in CHOICES:
            raise ValueError(labels)
        language = row.get("language", path.stem)
        return Example(row["text"], labels, row.get("choice", ""), language)
    except (ValueError, KeyError, TypeError) as exc:
        raise WeightsError(f"{path.name} holds a line that is no example: {line[:80]}") from exc


def everyday() -> list[Example]:
    """The questions of all packs as ordinary ones; those of entries that only people may handle are
    left out: they report dangers and complaints.
    """
    found = []
    for path in sorted(PACKS.glob("*/entries.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if not entry.get("human_only"):
                group = path.parent.name
                found += [Example(text, group=group) for text in entry.get("questions", ())]
    return found
