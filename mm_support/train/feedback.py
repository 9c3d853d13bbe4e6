"""What customers corrected, as training questions of the knowledge base that they asked.

    python -m mm_support export-feedback bank.jsonl --knowledge bank
    python -m mm_support train fusion --grocery FOLDER --feedback bank.jsonl

The file is one of cases, as evaluate.py reads it, so the same lines are left out for the same
reasons. A question teaches what its customer wanted, a photo that was sent shows what it was about.
Cases that nothing answers hold nothing to find and are counted only. Words alone, without a photo,
teach the intent: what fusion adds to a query depends on the photo, so that words are searched as
they are.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.evaluate.cases import OUT_OF_SCOPE, Case, read_cases, report_skipped
from mm_support.knowledge.ingest import read_knowledge
from mm_support.train.grocery import BASE
from mm_support.train.support_set import TRAINED_PACKS, Picture, SupportSet, Wording, own_wordings
from mm_support.types import Entry


@dataclass(frozen=True)
class Feedback:
    """Corrected questions about the entries of a base. digest: names the file's content."""

    base: str
    entries: tuple[Entry, ...]
    cases: tuple[Case, ...]
    digest: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--feedback",
        type=Path,
        metavar="FILE",
        help="cases of export-feedback, as additional questions",
    )
    parser.add_argument(
        "--feedback-knowledge",
        metavar="NAME",
        help="the knowledge base that they are about (default: the file's name)",
    )


def read_feedback(path: Path, name: str | None, packs: Path, settings: Settings) -> Feedback:
    """The usable cases of a file; what is left out is said on stderr.

    Raises InputError where none is left, KnowledgeError for a base that does not exist.
    """
    base = name or path.stem
    if base == BASE:
        raise InputError(
            f"The base {BASE} is made from the photos of --grocery and takes no feedback; name another one."
        )
    entries = pack_entries(packs / base) or ingested_entries(base, settings)
    cases, skipped = read_cases(path, base, {entry.id for entry in entries})
    report_skipped(path, skipped)
    known = tuple(case for case in cases if case.expect != OUT_OF_SCOPE)
    if len(known) < len(cases):
        print(
            f"{path.name}: {len(cases) - len(known)} cases are answered by nothing; fusion learns nothing from them",
            file=sys.stderr,
        )
    if not known:
        raise InputError(
            f"{path} holds no case that an entry of {base} answers; label some with the id of an entry."
        )
    return Feedback(base, entries, known, hashlib.sha256(path.read_bytes()).hexdigest()[:8])


def pack_entries(folder: Path) -> tuple[Entry, ...]:
    """Nothing where there is no such pack."""
    return tuple(read_knowledge(folder)[0]) if (folder / "entries.jsonl").is_file() else ()


def ingested_entries(base: str, settings: Settings) -> tuple[Entry, ...]:
    """Raises KnowledgeError where there is no such base."""
    from mm_support.loading import open_index

    return open_index(settings, 0, 0).open(base).entries.all()


def with_feedback(found: SupportSet, feedback: Feedback, heard: Sequence[str]) -> SupportSet:
    """The set, and what customers asked about a base and showed of it. heard: what each of them
    said, or "".

    A base that is not trained on otherwise also teaches with its entries' own questions.
    """
    base = feedback.base
    wordings = [] if base in TRAINED_PACKS else own_wordings(base, feedback.entries)
    pictures = []
    for case, said in zip(feedback.cases, heard, strict=True):
        text, photo = " ".join(filter(None, (case.turn.text, said))), case.turn.image
        if text:
            wordings.append(Wording(base, case.expect, text, "train", photo))
        if photo:
            pictures.append(Picture(base, (case.expect,), photo, 0, "train"))
    return replace(
        found,
        entries=found.entries | {base: feedback.entries},
        wordings=(*found.wordings, *wordings),
        pictures=(*found.pictures, *pictures),
        corrected=(base,),
    )
