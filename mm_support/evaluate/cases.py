"""How well a knowledge base answers a person's own cases, for each subset of modalities they hold.

A case is a line of JSONL: {"text", "image", "audio", "expect"}; image and audio are paths beside
the file, every modality is optional, expect is an entry's id or "none" where nothing in the base
answers. A dialogue is a line {"turns": [case, case, ...]}: each turn is asked after those before
it. Lines that cannot be used are reported one by one; the others count. Training takes the same
files (train/feedback.py).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from mm_support import terminal
from mm_support.config import Settings
from mm_support.encode.turn import check_turn
from mm_support.errors import InputError
from mm_support.evaluate.metrics import lines_of, share
from mm_support.inputs.audio import load_waveform
from mm_support.inputs.photo import load_photo
from mm_support.pipeline.record import past_after
from mm_support.pipeline.results import Judged
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.progress import each
from mm_support.types import Past, UserTurn

OUT_OF_SCOPE = "none"
# field of a case -> name of the modality
MODALITY = {"text": "text", "audio": "speech", "image": "photo"}
# what raises InputError for a file that is of no use
OPENS = {"image": load_photo, "audio": load_waveform}
FOLLOW_UP = "follow-up"  # stands for the modalities of a turn that others came before


@dataclass(frozen=True)
class Case:
    """A turn and the entry that should be found; expect is OUT_OF_SCOPE where none should. before:
    the turns of its dialogue that came first, oldest first."""

    turn: UserTurn
    expect: str
    before: tuple[UserTurn, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a case: rank of the expected entry among five (0: not there), and whether it was
    answered.
    """

    expect: str
    rank: int
    answered: bool


def run(args: argparse.Namespace, settings: Settings) -> int:
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    with closing(terminal.load_service(settings)) as service:
        service.knowledge.renew(args.knowledge)  # after an upgrade it would answer by its words
        ids = {entry.id for entry in service.knowledge.entries(args.knowledge)}
        cases, skipped = read_cases(args.cases, args.knowledge, ids)
        report_skipped(args.cases, skipped)
        for case in each(cases, "asking"):
            for name, part in subsets(case):
                outcomes[name].append(ask(service, part))
    report = {
        "cases": len(cases),
        "skipped": len(skipped),
        "modalities": {n: summary(o) for n, o in outcomes.items()},
    }
    print(json.dumps(report, indent=1) if args.json else table(report))
    return 0


def read_cases(
    path: Path, knowledge: str, ids: set[str]
) -> tuple[list[Case], list[tuple[int, str]]]:
    """Cases of a file, one a turn, and (line, reason) for each line left out. Raises InputError
    where none is left.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            lines = list(file)
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read; give a JSONL file in UTF-8.") from exc
    cases, skipped = [], []
    for number, line in enumerate(lines, 1):
        try:
            cases += _read_line(line, path.parent, knowledge, ids)
        except InputError as exc:
            skipped.append((number, str(exc)))
    if not cases:
        first = f": line {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise InputError(f"{path} holds no case that can be used{first}.")
    return cases, skipped


def report_skipped(path: Path, skipped: Sequence[tuple[int, str]]) -> None:
    for line, reason in skipped:
        print(f"skipped {path.name}, line {line}: {reason}", file=sys.stderr)


def _read_line(line: str, folder: Path, knowledge: str, ids: set[str]) -> list[Case]:
    """The case of a line, or those of its dialogue. Raises InputError with the reason why there is
    none.
    """
    try:
        row = json.loads(line)
    except ValueError as exc:
        raise InputError("it is not valid JSON" if line.strip() else "it is empty") from exc
    rows = row.get("turns", [row]) if isinstance(row, dict) else [row]
    if not rows or not isinstance(rows, list):
        raise InputError("turns is not a list of cases")
    cases = [_read_case(row, folder, knowledge, ids) for row in rows]
    turns = tuple(case.turn for case in cases)
    return [replace(case, before=turns[:place]) for place, case in enumerate(cases)]


def _read_case(row: Any, folder: Path, knowledge: str, ids: set[str]) -> Case:
    """Raises InputError where the case cannot be used."""
    if not isinstance(row, dict):
        raise InputError("it is not a JSON object")
    expect = row.get("expect")
    if expect != OUT_OF_SCOPE and (not isinstance(expect, str) or expect not in ids):
        raise InputError(
            f"expect is {expect!r}, which is neither an entry of {knowledge} nor {OUT_OF_SCOPE!r}"
        )
    files = {name: folder / str(row[name]) for name in OPENS if row.get(name)}
    for name, file in files.items():
        if not file.is_file():
            raise InputError(f"{name} {row[name]} does not exist")
        OPENS[name](file)
    text = str(row.get("text") or "").strip()
    if not text and not files:
        raise InputError("it holds no text, image or audio")
    turn = UserTurn(text, files.get("image"), files.get("audio"), knowledge)
    check_turn(turn)
    return Case(turn, expect)


def subsets(case: Case) -> Iterator[tuple[str, Case]]:
    """The case reduced to every subset of what its turn holds, with the subset's name ("text +
    photo").

    A turn that others came before is asked as it is.
    """
    if case.before:
        yield FOLLOW_UP, case
        return
    empty = {"text": "", "audio": None, "image": None}
    present = [name for name, nothing in empty.items() if getattr(case.turn, name) != nothing]
    for size in range(1, len(present) + 1):
        for kept in combinations(present, size):
            dropped = {name: empty[name] for name in present if name not in kept}
            yield (
                " + ".join(MODALITY[name] for name in kept),
                replace(case, turn=replace(case.turn, **dropped)),
            )


def ask(service, case: Case) -> Outcome:
    """One case through retrieval and policy, without writing the reply."""
    past: tuple[Past, ...] = ()
    for turn in case.before:
        past += (remembered(drained(judge(service.parts, turn, past))),)
    judged = drained(judge(service.parts, case.turn, past))
    found = [hit.entry.id for hit in judged.hits]
    rank = found.index(case.expect) + 1 if case.expect in found else 0
    return Outcome(case.expect, rank, judged.decision.action == "answer")


def remembered(judged: Judged) -> Past:
    """What the next turn needs to know of this one; an answer counts as given from the best
    entry.
    """
    answered = judged.decision.hits if judged.decision.action == "answer" else ()
    return past_after(judged, [hit.entry for hit in answered[:1]])


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """recall@1/5 and refusals; None where there are no cases of that kind."""
    known = [o for o in outcomes if o.expect != OUT_OF_SCOPE]
    unknown = [o for o in outcomes if o.expect == OUT_OF_SCOPE]
    return {
        "answerable": len(known),
        "recall@1": share([o.rank == 1 for o in known]),
        "recall@5": share([o.rank > 0 for o in known]),
        "answerable_not_answered": share([not o.answered for o in known]),
        "out_of_scope": len(unknown),
        "out_of_scope_not_answered": share([not o.answered for o in unknown]),
    }


def table(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    lines = [f"{report['cases']} cases, {report['skipped']} lines skipped"]
    for name, values in report["modalities"].items():
        counts = f"{values['answerable']} answerable, {values['out_of_scope']} out of scope"
        lines += [f"\n{name}: {counts}", *lines_of(values)]
    return "\n".join(lines)
