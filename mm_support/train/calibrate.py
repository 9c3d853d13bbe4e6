"""Fits the evidence gate to cases of one's own bases; it lies in the data folder and is used there.

A case is a line of JSONL: {"text", "expect": entry id or "none"}, or a dialogue {"turns": [...]} of
them; the file's name is the knowledge base. The entries' own pictures, as they are and as a
customer would photograph them, are shown with words that name nothing. Positive: the best hit is
the expected entry. Negative: out of scope, the wrong entry found, or a question or picture of
another base. Figures are measured on bases left out of the fit, one by one; on fifths of the cases
where there is one base.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.special import expit

from mm_support import terminal
from mm_support.config import Settings
from mm_support.decide.calibration import FOREIGN, NEAR, threshold
from mm_support.decide.confidence import FEATURES, Gate, features, own_gate_file
from mm_support.errors import InputError
from mm_support.files import write_json
from mm_support.fuse.weights import made_for
from mm_support.inputs.photo import load_photo
from mm_support.pipeline.perceive import perceive
from mm_support.pipeline.record import past_after
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.progress import each
from mm_support.train.distort import snapshot
from mm_support.types import Past, UserTurn

FOREIGN_EVERY = 4  # of each other base, every fourth question is asked as out of scope
WISHES = (0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)  # shares of the answers that are right
PRECISION = 0.85  # the one that is wished for where nobody says another
# share of answerable questions that may be refused; a refusal names what comes closest
REFUSED_ANSWERABLE = 0.05
BESIDE_A_PHOTO = (
    "",
    "What does this mean, and what should I do?",
    "What is this?",
    "Can you help me with this?",
)
# weight of groups of turns with a photo: customers photograph much that no base holds, and ask
# about what it shows things that are said nowhere
SHOWN = {"known": 1.0, "near": 0.3, "out": 1.0}
SEED = 1
FOLDS = 5  # where there is one base


@dataclass(frozen=True)
class Example:
    """x: (features,). known: the base holds the answer. right: the best hit is it. shown: asked
    with a photo. near: asked as if the base lacked the entry that answers it.
    """

    base: str
    x: np.ndarray
    known: bool
    right: bool
    shown: bool = False
    near: bool = False


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Raises InputError where the cases lack what a fit needs, KnowledgeError for an unknown
    base.
    """
    cases = read_cases(args.cases)
    with closing(terminal.load_service(settings)) as service:
        examples = [*collect(service, cases), *collect_photos(service, cases)]
    card = {
        "what": "Logistic regression: does the best entry answer the question?",
        "command": "python -m mm_support train calibrate",
    }
    write_gate(examples, settings, own_gate_file(settings), card)
    return 0


def write_gate(examples: Sequence[Example], settings: Settings, out: Path, card: dict) -> None:
    """Fits the gate, writes it with the card and its figures, and prints these. Raises InputError
    where the examples lack what a fit needs.
    """
    gate, figures = fit(examples), left_out(examples)
    values = numbers(gate) | {
        "with_photo": numbers(gate.with_photo) if gate.with_photo else None,
        "features": FEATURES,
        "made_for": made_for(settings),
        "card": card | {"examples": len(examples), "left_one_base_out": figures},
    }
    write_json(out, values, indent=1)
    print(json.dumps(figures, indent=1))
    print(f"Written to {out}.", file=sys.stderr)


def numbers(gate: Gate) -> dict[str, Any]:
    """The fields of a gate that are written to its file."""
    names = ("weights", "bias", "answer", "clarify", "wishes")
    return {name: getattr(gate, name) for name in names}


def read_cases(folder: Path) -> dict[str, list[dict]]:
    """Base -> its cases, each with "kind" and "turns" of {"text", "expect"}; a case without a kind
    is answerable, or out of scope where it expects nothing.

    Raises InputError where there are none, and for a line that is no case.
    """
    cases = {
        file.stem: [
            _read_case(f"{file} line {number}", line)
            for number, line in enumerate(file.read_bytes().splitlines(), start=1)
        ]
        for file in sorted(folder.glob("*.jsonl"))
    }
    if not any(cases.values()):
        raise InputError(f"{folder} holds no cases; give a folder of <knowledge base>.jsonl files.")
    return cases


def _read_case(place: str, line: bytes) -> dict:
    try:
        case = json.loads(line)
        turns = case.get("turns", [case])
        scope = "out_of_scope" if turns[-1]["expect"] == "none" else "answerable"
        if all(turn["text"] and turn["expect"] for turn in turns):
            return {"kind": case.get("kind", scope), "turns": turns}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        pass
    form = '{"text": "...", "expect": "an entry id or none"}'
    raise InputError(f"{place} is no case; it looks like {form}.")


def collect(service, cases: dict[str, list[dict]]) -> Iterator[Example]:
    """Of each turn of the cases in its base, and of some first ones in each other base."""
    asked = [(base, case["turns"]) for base, rows in cases.items() for case in rows]
    for base, other in permutations(cases, 2):
        firsts = (case["turns"][0]["text"] for case in cases[other][::FOREIGN_EVERY])
        asked += [(base, [{"text": text, "expect": "none"}]) for text in firsts]
    for item in each(asked, "asking"):
        yield from examples_of(service, *item)


def examples_of(service, base: str, turns: Sequence[dict]) -> Iterator[Example]:
    """An example a turn; each is asked with the turns before it, as if they had been answered from
    what they found.
    """
    past: tuple[Past, ...] = ()
    for turn in turns:
        asked, expected = UserTurn(text=turn["text"], knowledge=base), turn["expect"]
        judged = drained(judge(service.parts, asked, past))
        if judged.query is None or not judged.hits:  # the base is empty: nothing to judge
            return
        best = judged.hits[0].entry
        x = features(turn["text"], judged.query, judged.hits)
        yield Example(base, x, expected != "none", best.id == expected)
        others = [hit for hit in judged.hits if hit.entry.id != expected]
        if expected != "none" and others and not past:
            x = features(turn["text"], judged.query, others)
            yield Example(base, x, False, False, near=True)
        past += (past_after(judged, [best]),)


def collect_photos(service, cases: dict[str, list[dict]]) -> Iterator[Example]:
    """Each picture of the bases, as it is and photographed, asked about in its own base and, where
    there is one, in the next: without words, with words that name nothing, and with a question of
    the cases about its entry, where there is one.
    """
    rng = np.random.default_rng(SEED)
    bases, worded = list(cases), questions_of(cases)
    entries = [(base, entry) for base in bases for entry in service.knowledge.entries(base)]
    shown = [(base, entry.id, path) for base, entry in entries for path in entry.pictures]
    for base, entry_id, path in each(shown, "showing"):
        other = bases[(bases.index(base) + 1) % len(bases)]
        own, picture = worded.get((base, entry_id), ()), load_photo(path)
        for photo in (picture, snapshot(picture, rng)):
            naming = [own[rng.integers(len(own))]] if own else []
            nothing = BESIDE_A_PHOTO[rng.integers(1, len(BESIDE_A_PHOTO))]
            texts = ("", nothing, *naming)
            yield from examples_of_photo(service, photo, texts, {other: "none", base: entry_id})


def examples_of_photo(
    service, photo: Image.Image, texts: Sequence[str], expected: Mapping[str, str]
) -> Iterator[Example]:
    """An example for each text beside the photo in each base. expected: base -> entry or "none"."""
    perceived = drained(perceive(service.parts.encoders, UserTurn(image=photo)))
    for text, (base, entry_id) in product(texts, expected.items()):
        asked = UserTurn(text=text, image=photo, knowledge=base)
        judged = drained(judge(service.parts, asked, perceived=perceived))
        if judged.query is not None and judged.found:
            right = judged.found[0].entry.id == entry_id
            x = features(text, judged.query, judged.found)
            yield Example(base, x, entry_id != "none", right, shown=True)


def questions_of(cases: dict[str, list[dict]]) -> dict[tuple[str, str], list[str]]:
    """(base, entry) -> the first messages of the cases about it."""
    found: dict[tuple[str, str], list[str]] = {}
    for base, rows in cases.items():
        for case in rows:
            turn = case["turns"][0]
            found.setdefault((base, turn["expect"]), []).append(turn["text"])
    return found


def fit(examples: Sequence[Example]) -> Gate:
    """Logistic regressions and their thresholds, on the same examples: of turns in words, and of
    those with a photo where these show both outcomes.

    Raises InputError, saying what is missing, where those in words do not show both outcomes.
    """
    worded = [e for e in examples if not e.shown]
    if not any(e.right for e in worded):
        raise InputError(
            "No question found its entry first; add cases that the base answers, and check their"
            " ids."
        )
    if all(e.known or e.near for e in worded):
        raise InputError(
            "No case is out of scope; add questions that the base does not answer, with "
            '"expect": "none", or cases of a second base.'
        )
    shown = [e for e in examples if e.shown]
    both = {e.right for e in shown} == {True, False}
    return replace(regression(worded), with_photo=regression(shown) if both else None)


def regression(examples: Sequence[Example]) -> Gate:
    from sklearn.linear_model import LogisticRegression

    known, right = (np.array([getattr(e, name) for e in examples]) for name in ("known", "right"))
    x, counts = np.stack([e.x for e in examples]), weights(examples)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(x, right, sample_weight=counts)
    p = model.predict_proba(x)[:, 1]
    wishes = tuple((wish, round(threshold(p, counts, wish), 4)) for wish in WISHES)
    answer = dict(wishes)[PRECISION]
    clarify = float(min(answer, np.quantile(p[known], REFUSED_ANSWERABLE)))
    learned, bias = tuple(map(float, model.coef_[0])), float(model.intercept_[0])
    return Gate(learned, bias, answer, clarify, wishes=wishes)


def weights(examples: Sequence[Example]) -> np.ndarray:
    """(n,): every base's answerable questions count once each; those without an answer as much
    together as calibration.py says of them, or as SHOWN where there is a photo.
    """
    groups = [
        (e.base, e.shown, "known" if e.known else "near" if e.near else "out") for e in examples
    ]
    sizes = Counter(groups)
    shares = {"known": 1.0, "near": NEAR, "out": FOREIGN}

    def weight(base: str, shown: bool, group: str) -> float:
        answerable = sizes[base, shown, "known"] or sizes[base, shown, group]
        share = SHOWN[group] if shown else shares[group]
        return share * answerable / sizes[base, shown, group]

    return np.array([weight(*group) for group in groups])


def left_out(examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """Shares over all groups, each judged by a gate that never saw it; for questions in words and
    with a photo. Empty where a group holds all that is answerable, or all that is out of scope.
    """
    bases = np.array([e.base for e in examples])
    groups = bases if len(set(bases)) > 1 else np.arange(len(examples)) % FOLDS
    answered, refused = np.zeros(len(examples), bool), np.zeros(len(examples), bool)
    x, shown = np.stack([e.x for e in examples]), np.array([e.shown for e in examples])
    for group in set(groups):
        own = groups == group
        try:
            gate = fit([e for e, out in zip(examples, own) if not out])
        except InputError:
            return {}
        for among, one in ((own & ~shown, gate), (own & shown, gate.with_photo or gate)):
            p = expit(x[among] @ np.array(one.weights) + one.bias)
            answered[among], refused[among] = p >= one.answer, p < one.clarify
    return {
        name: shares([e for e, own in zip(examples, among) if own], answered[among], refused[among])
        for name, among in (("in_words", ~shown), ("with_a_photo", shown))
        if among.any()
    }


def shares(
    examples: Sequence[Example], answered: np.ndarray, refused: np.ndarray
) -> dict[str, float]:
    """Shares of right decisions; kinds of cases that there are none of are left out."""
    known, right, near = (
        np.array([getattr(e, name) for e in examples]) for name in ("known", "right", "near")
    )
    out = ~known & ~near
    among = {
        "right_entry_first": right[known],
        "answerable_answered": answered[known],
        "answered_with_right_entry": right[known & answered],
        "answerable_refused": refused[known],
        "out_of_scope_not_answered": ~answered[out],
        "answer_missing_not_answered": ~answered[near],
    }
    return {name: round(float(own.mean()), 4) for name, own in among.items() if len(own)}
