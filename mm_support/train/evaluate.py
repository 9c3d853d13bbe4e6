"""How well a knowledge base answers a person's own cases, for each subset of modalities they hold.

A case is a line of JSONL: {"text", "image", "audio", "expect"}; image and audio are paths beside the
file, every modality is optional, expect is an entry's id or "none" where nothing in the base answers.
Lines that cannot be used are reported one by one; the others count.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Iterator, Sequence

from mm_support import terminal
from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.train.metrics import bootstrap_interval
from mm_support.types import UserTurn

OUT_OF_SCOPE = "none"
MODALITY = {"text": "text", "audio": "speech", "image": "photo"}  # field of a case -> name of the modality


@dataclass(frozen=True)
class Case:
    """A turn and the entry that should be found; expect is OUT_OF_SCOPE where none should."""

    turn: UserTurn
    expect: str


@dataclass(frozen=True)
class Outcome:
    """What came of a case: rank of the expected entry among five (0: not there), and whether it was answered."""

    expect: str
    rank: int
    answered: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--knowledge", help="knowledge base to evaluate")
    parser.add_argument("--cases", type=Path, help='JSONL of {"text", "image", "audio", "expect"}')
    parser.add_argument("--json", action="store_true", help="print JSON only")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from tqdm import tqdm

    if not args.knowledge or args.cases is None:
        raise InputError("Give --knowledge NAME and --cases FILE.")
    service = terminal.load_service(settings)
    ids = {entry.id for entry in service.knowledge.entries(args.knowledge)}
    cases, skipped = read_cases(args.cases, args.knowledge, ids)
    for line, reason in skipped:
        print(f"skipped {args.cases.name}, line {line}: {reason}", file=sys.stderr)
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for case in tqdm(cases, desc="asking", disable=None):
        for name, turn in subsets(case.turn):
            outcomes[name].append(ask(service, turn, case.expect))
    service.close()
    report = {"cases": len(cases), "skipped": len(skipped), "modalities": {n: summary(o) for n, o in outcomes.items()}}
    print(json.dumps(report, indent=1) if args.json else table(report))
    return 0


def read_cases(path: Path, knowledge: str, ids: set[str]) -> tuple[list[Case], list[tuple[int, str]]]:
    """Cases of a file and (line, reason) for each line left out. Raises InputError where none is left."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read; give a JSONL file in UTF-8.") from exc
    cases, skipped = [], []
    for number, line in enumerate(lines, 1):
        case = _read_case(line, path.parent, knowledge, ids)
        cases.append(case) if isinstance(case, Case) else skipped.append((number, case))
    if not cases:
        first = f": line {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise InputError(f"{path} holds no case that can be used{first}.")
    return cases, skipped


def _read_case(line: str, folder: Path, knowledge: str, ids: set[str]) -> Case | str:
    """The case of a line, or why there is none."""
    try:
        row = json.loads(line)
    except ValueError:
        return "it is empty" if not line.strip() else "it is not valid JSON"
    if not isinstance(row, dict):
        return "it is not a JSON object"
    expect = row.get("expect")
    if expect != OUT_OF_SCOPE and expect not in ids:
        return f"expect is {expect!r}, which is neither an entry of {knowledge} nor {OUT_OF_SCOPE!r}"
    files = {name: folder / str(row[name]) for name in ("image", "audio") if row.get(name)}
    for name, file in files.items():
        if not file.is_file():
            return f"{name} {row[name]} does not exist"
    text = str(row.get("text") or "").strip()
    if not text and not files:
        return "it holds no text, image or audio"
    return Case(UserTurn(text=text, knowledge=knowledge, **files), expect)


def subsets(turn: UserTurn) -> Iterator[tuple[str, UserTurn]]:
    """The turn reduced to every subset of what it holds, with the subset's name ("text + photo")."""
    empty = {"text": "", "audio": None, "image": None}
    present = [name for name, nothing in empty.items() if getattr(turn, name) != nothing]
    for size in range(1, len(present) + 1):
        for kept in combinations(present, size):
            dropped = {name: empty[name] for name in present if name not in kept}
            yield " + ".join(MODALITY[name] for name in kept), replace(turn, **dropped)


def ask(service, turn: UserTurn, expect: str) -> Outcome:
    """One case through retrieval and policy, without writing the reply."""
    hits, _, decision = service.decide(turn)
    found = [hit.entry.id for hit in hits]
    return Outcome(expect, found.index(expect) + 1 if expect in found else 0, decision.action == "answer")


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


def share(flags: Sequence[bool]) -> dict[str, float] | None:
    """The share of true flags with its 95 % bootstrap interval."""
    if not flags:
        return None
    interval = bootstrap_interval([float(flag) for flag in flags])
    return {"value": round(interval.value, 4), "low": round(interval.low, 4), "high": round(interval.high, 4)}


def table(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    lines = [f"{report['cases']} cases, {report['skipped']} lines skipped"]
    for name, values in report["modalities"].items():
        lines.append(f"\n{name}: {values['answerable']} answerable, {values['out_of_scope']} out of scope")
        for key, figure in values.items():
            if isinstance(figure, dict):
                lines.append(f"  {key:26} {figure['value']:6.1%}  ({figure['low']:.1%} to {figure['high']:.1%})")
    return "\n".join(lines)
