"""What customers corrected, as training questions of the knowledge base that they asked.

    mm-support export-feedback bank.jsonl --knowledge bank
    mm-support train fusion --knowledge bank --feedback bank.jsonl

The file is one of cases, as evaluate/cases.py reads it, so the same lines are left out for the same
reasons. A question teaches what its customer wanted, a photo that was sent shows what it was about.
Cases that nothing answers hold nothing to find and are counted only. Words alone, without a photo,
teach the intent: what fusion adds to a query depends on the photo, so that words are searched as
they are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mm_support.errors import InputError
from mm_support.evaluate.cases import OUT_OF_SCOPE, Case, read_cases, report_skipped
from mm_support.train.support_set import Picture, SupportSet, Wording, own_wordings
from mm_support.types import Entry


@dataclass(frozen=True)
class Feedback:
    """Corrected questions about the entries of a base."""

    base: str
    entries: tuple[Entry, ...]
    cases: tuple[Case, ...]


def read_feedback(path: Path, base: str, entries: Sequence[Entry]) -> Feedback:
    """The usable cases of a file about the entries of a base; the others are reported on stderr.

    Raises InputError where none is left.
    """
    cases, skipped = read_cases(path, base, {entry.id for entry in entries})
    report_skipped(path, skipped)
    known = tuple(case for case in cases if case.expect != OUT_OF_SCOPE)
    if len(known) < len(cases):
        left_out = f"{len(cases) - len(known)} cases are answered by nothing"
        print(f"{path.name}: {left_out}; fusion learns nothing from them", file=sys.stderr)
    if not known:
        raise InputError(
            f"{path} holds no case that an entry of {base} answers; "
            "label some with the id of an entry."
        )
    return Feedback(base, tuple(entries), known)


def with_feedback(found: SupportSet, feedback: Feedback, heard: Sequence[str]) -> SupportSet:
    """The set, and what customers asked about a base and showed of it. heard: what each of them
    said, or "".

    A base that is not trained on otherwise also teaches with its entries' own questions.
    """
    base = feedback.base
    wordings = [] if base in found.trained else own_wordings(base, feedback.entries)
    pictures = []
    for case, said in zip(feedback.cases, heard, strict=True):
        text = " ".join(filter(None, (case.turn.text, said)))
        photo = Path(str(case.turn.image)) if case.turn.image else None
        if text:
            wordings.append(Wording(base, case.expect, text, "train", photo))
        if photo:
            pictures.append(Picture(base, (case.expect,), photo, 0, "train", read=True))
    return replace(
        found,
        entries=found.entries | {base: feedback.entries},
        wordings=(*found.wordings, *wordings),
        pictures=(*found.pictures, *pictures),
        trained=tuple(dict.fromkeys((*found.trained, base))),
        familiar=tuple(dict.fromkeys((*found.familiar, base))),
        corrected=(base,),
    )
