"""Turns with feedback as labelled cases: what customers confirmed or corrected becomes data.

    python -m mm_support export-feedback FILE --knowledge NAME

The file has the format of `evaluate --cases`. A thumb up confirms the entry that was cited first,
or that nothing answers where the assistant said so. A thumb down whose comment names an entry that
was found, by id or title, corrects it; any other one is written with an empty `expect`, for a
person to fill in.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.evaluate.cases import OUT_OF_SCOPE
from mm_support.files import replacing
from mm_support.store.models import FeedbackRow, TurnRow

MEDIA = {"image": ".jpg", "audio": ".wav"}  # as the service keeps them, where keep_media is on


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.desk.keeper import open_store

    with closing(open_store(settings)) as store:
        cases = list(feedback_cases(store.turns(), args.knowledge, settings.data_dir / "media"))
    if not cases:
        raise InputError(
            f"No turn of {args.knowledge} has feedback yet; rate replies with the thumbs first."
        )
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    with replacing(args.file) as beside:
        beside.write_text(lines, encoding="utf-8")
    open_ones = sum(not case["expect"] for case in cases)
    print(
        f"{args.file}: {len(cases)} cases, {open_ones} of them to be labelled by hand.",
        file=sys.stderr,
    )
    return 0


def feedback_cases(
    turns: Iterable[tuple[TurnRow, list[FeedbackRow]]], knowledge: str, media: Path
) -> Iterator[dict[str, Any]]:
    """A case for each turn of the base that was rated; the latest rating counts."""
    for turn, ratings in turns:
        if turn.knowledge == knowledge and ratings:
            files = {
                name: str(path)
                for name, end in MEDIA.items()
                if (path := (media / f"{turn.id}{end}").resolve()).is_file()
            }
            heard = "" if "audio" in files else (turn.transcript or {}).get("text", "")
            text = " ".join(filter(None, (turn.text, heard)))
            if text or files:
                yield {"text": text, **files, "expect": expected(turn, ratings[-1])}


def expected(turn: TurnRow, feedback: FeedbackRow) -> str:
    """The entry that answers, OUT_OF_SCOPE where none does, or nothing where only a person can
    tell.
    """
    if feedback.rating == "up" and turn.action == "refuse":
        return "" if turn.citations else OUT_OF_SCOPE
    if feedback.rating == "up":
        return turn.citations[0] if turn.citations else ""
    said = feedback.comment.strip().lower()
    return next(
        (
            hit["id"]
            for hit in turn.hits
            if said and said in (hit["id"].lower(), hit["title"].lower())
        ),
        "",
    )
