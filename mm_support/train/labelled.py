"""Labelled texts from anybody's CSV: rows that cannot be used are reported, never dropped silently.

A file has a header with `text` and `label` (or `category`), is UTF-8, and may hold more columns.
The label `oos` means out of scope: a text that belongs to no intent. Knows no model.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
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
            examples, bad = _read_rows(csv.reader(file), path)
    except (OSError, csv.Error) as exc:
        raise InputError(
            f"{path} cannot be read; give a CSV file with the columns text and label."
        ) from exc
    if not examples:
        first = f" (line {bad[0].line}: {bad[0].reason})" if bad else ""
        raise InputError(
            f"{path} holds no row that can be used{first}; each needs a text and a label."
        )
    return examples, bad


def _read_rows(reader, path: Path) -> tuple[list[Example], list[BadRow]]:
    header = [name.strip().lower() for name in next(reader, [])]
    label_column = next((name for name in LABEL_COLUMNS if name in header), None)
    if "text" not in header or label_column is None:
        raise InputError(
            f"{path} has no header with the columns text and label; add the line text,label, in"
            " UTF-8."
        )
    examples: list[Example] = []
    bad: list[BadRow] = []
    for row, line in _rows(reader):
        found = row if isinstance(row, str) else _example(row, header, label_column, line)
        if isinstance(found, Example):
            examples.append(found)
        else:
            bad.append(BadRow(path.name, line, found))
    return examples, bad


def _rows(reader):
    """Pairs of (cells, or why they cannot be read) and line number."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            row = f"not valid CSV: {exc}"
        yield row, reader.line_num


def _example(row: list[str], header: list[str], label_column: str, line: int) -> Example | str:
    """The example of a row, or the reason why it has none."""
    if not any(cell.strip() for cell in row):
        return "the row is empty"
    if len(row) != len(header):
        return (
            f"{len(row)} columns where the header has {len(header)}; put quotes around a text that"
            " holds a comma"
        )
    cells = dict(zip(header, (cell.strip() for cell in row)))
    text, label = cells["text"], cells[label_column]
    if NO_UTF8.search(text + label):
        return "not UTF-8; save the file as UTF-8"
    if not text:
        return "the text is empty"
    if not label:
        return f"the {label_column} is empty"
    if len(text) > MAX_CHARACTERS:
        return f"the text has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed"
    return Example(text, label, line)


def keep_known(
    examples: Sequence[Example], labels: Container[str], file: str
) -> tuple[list[Example], list[BadRow]]:
    """Examples whose label training has seen (or is out of scope); the others with the reason."""
    known: list[Example] = []
    unknown: list[BadRow] = []
    for example in examples:
        if example.label in labels or example.label == OUT_OF_SCOPE:
            known.append(example)
        else:
            why = f"the label {example.label!r} does not occur in the training file"
            unknown.append(BadRow(file, example.line, why))
    return known, unknown


def split_off(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[list[Example], list[Example]]:
    """(rest, held out): about `share` of every label, at random; a label with one example stays in
    the rest.
    """
    generator = np.random.default_rng(seed)
    held: set[int] = set()
    for label, count in sorted(Counter(e.label for e in examples).items()):
        places = [i for i, e in enumerate(examples) if e.label == label]
        wanted = min(max(1, round(share * count)), count - 1)
        held.update(generator.permutation(places)[:wanted].tolist())
    rest = [e for i, e in enumerate(examples) if i not in held]
    return rest, [examples[i] for i in sorted(held)]
