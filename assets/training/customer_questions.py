"""Customers' questions about knowledge that others wrote, and which entries answer them.

questions/NAME.jsonl holds those of one base; a line is {"question", "kind", "files", "gold"}: the
entries of one of these files that hold one of these texts answer it. Kinds: answerable;
unanswerable, about what the base knows, without an answer there; off_topic. A line of
NAME.dialogues.jsonl is {"turns": [...]} of them, asked one after another. All were written for this
project, and so was the knowledge of the made-up companies, which lies beside the questions:
`kitchen` and `bicycles`, two catalogues, `storage`, `bakery` and `broadband` in English, and in
Chinese `jianshen` (gyms), `jiazheng` (cleaning), `kuaidi` (parcels) and `yanke` (opticians). That
of the help centres of RustDesk (MIT), Plausible (CC BY-SA 4.0) and Chatwoot (MIT) lies in a folder
that is given.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mm_support.types import Entry

QUESTIONS = Path(__file__).parent / "questions"
_MARKS = re.compile(r"[*_`\"“”]")


@dataclass(frozen=True)
class CustomerQuestion:
    """files, gold: empty where nothing answers it."""

    text: str
    kind: str
    files: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()

    def answered_by(self, entry: Entry) -> bool:
        said = plain(entry.text)
        named = any(_is_of(entry.source, file) for file in self.files)
        return named and any(plain(gold) in said for gold in self.gold)


@dataclass(frozen=True)
class CustomerSet:
    """knowledge: the folder that its base is made of."""

    name: str
    knowledge: Path
    questions: tuple[CustomerQuestion, ...]
    dialogues: tuple[tuple[CustomerQuestion, ...], ...] = ()


def customer_sets(help_centres: Path | None) -> Iterator[CustomerSet]:
    """Those whose knowledge is there. help_centres: a folder with one folder a help centre."""
    for file in sorted(QUESTIONS.glob("*.jsonl")):
        folders = [QUESTIONS, *([help_centres] if help_centres else [])]
        found = [folder / file.stem for folder in folders if (folder / file.stem).is_dir()]
        if found:
            dialogues = [
                tuple(map(_read, row["turns"]))
                for row in _rows(QUESTIONS / f"{file.stem}.dialogues.jsonl")
            ]
            yield CustomerSet(file.stem, found[0], tuple(map(_read, _rows(file))), tuple(dialogues))


def _rows(file: Path) -> list[dict]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return list(map(json.loads, lines))


def _read(row: dict) -> CustomerQuestion:
    gold, files = (tuple(row.get(name, ())) for name in ("gold", "files"))
    return CustomerQuestion(row["question"], row["kind"], files, gold)


def _is_of(source: str, file: str) -> bool:
    """Whether a source names a file: its name, and the first folder that it lies in."""
    path = Path(file)
    return path.name in source and path.parts[0] in source


def plain(text: str) -> str:
    """Small letters, without marks that emphasise, one blank between words."""
    text = _MARKS.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(text.lower().split())
