"""How well a knowledge base answers your own tickets.

    PYTHONPATH=. python docs/examples/evaluate_tickets.py bank tickets.csv

tickets.csv has the columns text, photo (a file beside it; may be empty) and expect: the id of the
entry that answers, "none" where nothing does. Rows without expect are listed with what was found,
for a person to fill in. Nothing is stored: replies are decided and not given.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from pathlib import Path

from mm_support import SupportService
from mm_support.evaluate.cases import OUT_OF_SCOPE, Case, ask, read_cases
from mm_support.evaluate.metrics import share
from mm_support.types import UserTurn

Row = dict[str, str]


def main(base: str, tickets: Path) -> None:
    with tickets.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    service = SupportService.load()
    try:
        judge([row for row in rows if row.get("expect")], base, tickets, service)
        suggest([row for row in rows if not row.get("expect")], base, tickets.parent, service)
    finally:
        service.close()


def judge(rows: list[Row], base: str, tickets: Path, service: SupportService) -> None:
    """Prints figures with their 95 % intervals, and each ticket that went wrong."""
    if not rows:
        return
    ids = {entry.id for entry in service.knowledge.entries(base)}
    cases, skipped = read_cases(as_cases(rows, tickets.parent), base, ids)
    for line, reason in skipped:
        print(f"skipped {rows[line - 1]['text']!r}: {reason}", file=sys.stderr)
    outcomes = [(case, ask(service, case)) for case in cases]
    known = [(case, out) for case, out in outcomes if case.expect != OUT_OF_SCOPE]
    unknown = [out for case, out in outcomes if case.expect == OUT_OF_SCOPE]
    print("found first:", share([out.rank == 1 for _, out in known]))
    print("found among five:", share([out.rank > 0 for _, out in known]))
    print("answered:", share([out.answered for _, out in known]))
    print("nothing answers it, not answered:", share([not out.answered for out in unknown]))
    for case, out in known:
        if out.rank != 1 or not out.answered:
            place = f"number {out.rank}" if out.rank else "not found"
            way = "answered" if out.answered else "not answered"
            print(f"- {said(case)!r}: {case.expect} is {place}, {way}")


def as_cases(rows: list[Row], folder: Path) -> Path:
    """The tickets as a file of cases, which evaluate and training take too."""
    path = Path(tempfile.mkdtemp()) / "cases.jsonl"
    lines = [{"text": row["text"], "expect": row["expect"], **shown(row, folder)} for row in rows]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def shown(row: Row, folder: Path) -> Row:
    return {"image": str((folder / row["photo"]).resolve())} if row.get("photo") else {}


def suggest(rows: list[Row], base: str, folder: Path, service: SupportService) -> None:
    for row in rows:
        photo = folder / row["photo"] if row.get("photo") else None
        hits = service.search(UserTurn(row["text"], photo, knowledge=base), 3)
        found = ", ".join(f"{hit.entry.id} ({hit.entry.title})" for hit in hits)
        print(f"? {row['text']!r}: {found or 'nothing'}")


def said(case: Case) -> str:
    return case.turn.text or Path(str(case.turn.image)).name


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
