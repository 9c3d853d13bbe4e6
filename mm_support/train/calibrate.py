"""Fits the evidence gate on validation cases and writes assets/weights/gate.json.

A case is a line of JSONL: {"text", "expect": entry id or "none", "kind"}, or a dialogue {"turns":
[...]} of them; the file's name is the knowledge base. The entries' own pictures, as they are and as
a customer would photograph them, are shown with words that name nothing. Positive: the best hit is
the expected entry. Negative: out of scope, the wrong entry found, or a question or picture of
another base. Figures are measured on bases left out of the fit, one by one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mm_support import terminal
from mm_support.config import Settings
from mm_support.decide.confidence import FEATURES, GATE_FILE, Gate, features
from mm_support.errors import InputError
from mm_support.fuse.weights import made_for
from mm_support.inputs.photo import load_photo
from mm_support.pipeline import drained, judge, past_after, perceive
from mm_support.train.distort import snapshot
from mm_support.types import Past, UserTurn

FOREIGN_EVERY = (
    4  # of each other base's questions, every fourth is asked as a question out of scope
)
ANSWERED_OUT_OF_SCOPE = 0.05  # share of out-of-scope questions that may be answered
REFUSED_ANSWERABLE = 0.03  # share of answerable questions that may be refused
BESIDE_A_PHOTO = (
    "",
    "What does this mean, and what should I do?",
    "What is this?",
    "Can you help me with this?",
)
SEED = 1


@dataclass(frozen=True)
class Example:
    """x: (features,). known: the base holds the answer. right: the best hit is it. shown: asked
    with a photo.
    """

    base: str
    x: np.ndarray
    known: bool
    right: bool
    shown: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cases",
        type=Path,
        default=Path("tests/cases"),
        help="folder of <knowledge base>.jsonl files",
    )
    parser.add_argument("--out", type=Path, default=GATE_FILE)


def run(args: argparse.Namespace, settings: Settings) -> int:
    service = terminal.load_service(settings)
    cases = read_cases(args.cases)
    examples = [*collect(service, cases), *collect_photos(service, list(cases))]
    service.close()
    figures = leave_one_out(examples)
    gate = fit(examples)
    values = {
        "weights": list(gate.weights),
        "bias": gate.bias,
        "answer": gate.answer,
        "clarify": gate.clarify,
        "features": FEATURES,
        "made_for": made_for(settings),
        "card": {
            "what": "Logistic regression: does the best entry answer the question?",
            "data": f"{len(examples)} questions about the bases in assets/knowledge, {sum(e.shown for e in examples)} with a photo, made for this project",
            "command": "python -m mm_support train gate",
            "left_one_base_out": figures,
        },
    }
    write_json(values, args.out)
    print(json.dumps(figures, indent=1))
    return 0


def read_cases(folder: Path) -> dict[str, list[dict]]:
    """Base -> its cases, each with "kind" and "turns" of {"text", "expect"}.

    Raises InputError where there are none, and for a line that is no case.
    """
    cases = {
        path.stem: [_read_case(path, *line) for line in _lines(path)]
        for path in sorted(folder.glob("*.jsonl"))
    }
    if not any(cases.values()):
        raise InputError(f"{folder} holds no cases; give a folder of <knowledge base>.jsonl files.")
    return cases


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        return list(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be read as UTF-8 text ({exc}).") from exc


def _read_case(path: Path, number: int, line: str) -> dict:
    try:
        case = json.loads(line)
        case = case if "turns" in case else {"kind": case["kind"], "turns": [case]}
        complete = bool(case["kind"]) and all(
            turn["text"] and turn["expect"] for turn in case["turns"]
        )
    except (ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        raise InputError(
            f'{path} line {number} is no case; it looks like {{"text": "...", "expect": "an entry id or none", "kind": "..."}}.'
        )
    return case


def collect(service, cases: dict[str, list[dict]]) -> list[Example]:
    from tqdm import tqdm

    asked = [(base, case["turns"]) for base, rows in cases.items() for case in rows]
    foreign = [
        (base, [{"text": case["turns"][0]["text"], "expect": "none"}])
        for base in cases
        for other, rows in cases.items()
        if other != base
        for case in rows[::FOREIGN_EVERY]
    ]
    return [
        example
        for item in tqdm(asked + foreign, desc="asking", disable=None)
        for example in examples_of(service, *item)
    ]


def examples_of(service, base: str, turns: Sequence[dict]) -> Iterator[Example]:
    """An example a turn; each is asked with the turns before it, as if they had been answered from
    what they found.
    """
    past: tuple[Past, ...] = ()
    for turn in turns:
        asked = UserTurn(text=turn["text"], knowledge=base)
        judged = drained(judge(service.parts, asked, past))
        best = judged.hits[0].entry
        yield Example(
            base,
            features(turn["text"], judged.query, judged.hits),
            turn["expect"] != "none",
            best.id == turn["expect"],
        )
        past += (past_after(judged, [best]),)


def collect_photos(service, bases: Sequence[str]) -> list[Example]:
    """Each picture of the bases, as it is and photographed, asked about in its own base and in the
    next one.
    """
    from tqdm import tqdm

    rng = np.random.default_rng(SEED)
    shown = [
        (base, entry.id, path)
        for base in bases
        for entry in service.knowledge.entries(base)
        for path in entry.pictures
    ]
    examples = []
    for base, entry_id, path in tqdm(shown, desc="showing", disable=None):
        picture = load_photo(path)
        other = bases[(bases.index(base) + 1) % len(bases)]
        for photo in (picture, snapshot(picture, rng)):
            perceived = drained(perceive(service.parts.encoders, UserTurn(image=photo)))
            for text in ("", BESIDE_A_PHOTO[rng.integers(1, len(BESIDE_A_PHOTO))]):
                for asked_in, expected in ((base, entry_id), (other, "none")):
                    asked = UserTurn(text=text, image=photo, knowledge=asked_in)
                    judged = drained(judge(service.parts, asked, perceived=perceived))
                    right = judged.hits[0].entry.id == expected
                    x = features(text, judged.query, judged.hits)
                    examples.append(Example(base, x, expected != "none", right, shown=True))
    return examples


def fit(examples: Sequence[Example]) -> Gate:
    """Logistic regression and the two thresholds, on the same examples."""
    from sklearn.linear_model import LogisticRegression

    x, right = np.stack([e.x for e in examples]), np.array([e.right for e in examples])
    model = LogisticRegression(C=1.0, max_iter=1000).fit(x, right)
    p = model.predict_proba(x)[:, 1]
    known = np.array([e.known for e in examples])
    answer = float(np.quantile(p[~known], 1 - ANSWERED_OUT_OF_SCOPE))
    clarify = float(min(answer, np.quantile(p[known], REFUSED_ANSWERABLE)))
    return Gate(tuple(map(float, model.coef_[0])), float(model.intercept_[0]), answer, clarify)


def leave_one_out(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Shares over all bases, each judged by a gate that never saw it; for questions in words and
    with a photo.
    """
    answered, refused = np.zeros(len(examples), bool), np.zeros(len(examples), bool)
    bases = np.array([e.base for e in examples])
    for base in set(bases):
        gate = fit([e for e in examples if e.base != base])
        own = bases == base
        p = 1 / (
            1
            + np.exp(-(np.stack([e.x for e in examples])[own] @ np.array(gate.weights) + gate.bias))
        )
        answered[own], refused[own] = p >= gate.answer, p < gate.clarify
    shown = np.array([e.shown for e in examples])
    return {
        name: shares(
            [e for e, chosen in zip(examples, among) if chosen], answered[among], refused[among]
        )
        for name, among in (("in_words", ~shown), ("with_a_photo", shown))
    }


def shares(
    examples: Sequence[Example], answered: np.ndarray, refused: np.ndarray
) -> dict[str, float]:
    known, right = (np.array([getattr(e, name) for e in examples]) for name in ("known", "right"))
    return {
        "right_entry_first": round(float(right[known].mean()), 4),
        "answerable_answered": round(float(answered[known].mean()), 4),
        "answered_with_right_entry": round(float(right[known & answered].mean()), 4),
        "answerable_refused": round(float(refused[known].mean()), 4),
        "out_of_scope_not_answered": round(float(1 - answered[~known].mean()), 4),
    }


def write_json(values: dict, path: Path) -> None:
    """Beside, then renamed: a run that breaks off leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
