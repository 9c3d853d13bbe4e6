"""Labelled texts from anybody's CSV: rows that cannot be used are reported, never dropped silently.

A file has a header with `text` and `label` (or `category`), is UTF-8, and may hold more columns.
The label `oos` means out of scope: a text that belongs to no intent. Knows no model.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support.errors import InputError

OUT_OF_SCOPE = "oos"
LABEL_COLUMNS = ("label", "category")
MAX_CHARACTERS = 4000  # as for a customer's question
NO_UTF8 = re.compile("[\ud800-\udfff]")  # what surrogateescape puts in place of such bytes


@dataclass(frozen=True)
class Example:
    """A text and its label, and the line of the file on which the row ends."""

    text: str
    label: str
    line: int


@dataclass(frozen=True)
class BadRow:
    """A row that was left out, and why."""

    file: str
    line: int
    reason: str


def read_labelled(path: Path) -> tuple[list[Example], list[BadRow]]:
    """The rows of a CSV file and those left out. Raises InputError where no row can be used."""
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            rows = [([cell.strip() for cell in row], reader.line_num) for row in reader]
    except (OSError, csv.Error) as exc:
        raise InputError(
            f"{path} cannot be read; give a CSV file with the columns text and label."
        ) from exc
    header = [name.lower() for name in rows[0][0]] if rows else []
    label = next((name for name in LABEL_COLUMNS if name in header), None)
    if "text" not in header or label is None:
        raise InputError(
            f"{path} has no header with the columns text and label; add the line text,label, in"
            " UTF-8."
        )
    examples, bad = [], []
    for row, line in rows[1:]:
        cells = dict(zip(header, row))
        if reason := problem(row, len(header), cells.get("text", ""), cells.get(label, "")):
            bad.append(BadRow(path.name, line, reason))
        else:
            examples.append(Example(cells["text"], cells[label], line))
    if not examples:
        first = f" (line {bad[0].line}: {bad[0].reason})" if bad else ""
        raise InputError(
            f"{path} holds no row that can be used{first}; each needs a text and a label."
        )
    return examples, bad


def problem(row: Sequence[str], columns: int, text: str, label: str) -> str:
    """Why a row cannot be used; "" where it can."""
    quotes = "put quotes around a text that holds a comma"
    reasons = {
        "the row is empty": not any(row),
        f"{len(row)} columns where the header has {columns}; {quotes}": len(row) != columns,
        "not UTF-8; save the file as UTF-8": NO_UTF8.search(text + label),
        "the text is empty": not text,
        "the label is empty": not label,
        f"the text has more than {MAX_CHARACTERS:,} characters": len(text) > MAX_CHARACTERS,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def keep_known(
    examples: Sequence[Example], labels: Container[str], file: str
) -> tuple[list[Example], list[BadRow]]:
    """Examples whose label training has seen (or is out of scope); the others with the reason."""
    seen = [own.label in labels or own.label == OUT_OF_SCOPE for own in examples]
    why = "the label {!r} does not occur in the training file"
    lost = [own for own, known in zip(examples, seen) if not known]
    bad = [BadRow(file, own.line, why.format(own.label)) for own in lost]
    return [own for own, known in zip(examples, seen) if known], bad


def split_off(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """(rest, held out): about `share` of every label, at random; a label with one example stays in
    the rest.
    """
    generator = np.random.default_rng(seed)
    places = defaultdict(list)
    for place, example in enumerate(examples):
        places[example.label].append(place)
    held: set[int] = set()
    for _, own in sorted(places.items()):
        wanted = min(max(1, round(share * len(own))), len(own) - 1)
        held.update(generator.permutation(own)[:wanted].tolist())
    rest = [e for i, e in enumerate(examples) if i not in held]
    return rest, [examples[i] for i in sorted(held)]
