"""Fits which sentences of an entry belong into a reply, for a text encoder.

python -m assets.training.sentences --squad FILE FILE --help-centres FOLDER

A logistic regression on questions about short answers of the packs, labelled by hand with the
sentences that answer them (reply_labels.json), about companies and help centres
(customer_questions.py), and about encyclopedia passages in SQuAD's format: there the sentences that
hold the answer count. Each question is also asked of another entry of its group, of which nothing
answers it. Figures are measured on each group with a regression fitted to the others.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from assets.training.command import main
from assets.training.customer_questions import customer_sets, plain
from assets.training.reply_examples import LABELS, load_labelled
from mm_support import arguments
from mm_support.config import Settings
from mm_support.decode.select import FEATURES, SELECTOR_FILE, Selector, features
from mm_support.decode.statements import STATEMENTS_FILE, Statements, load_statements
from mm_support.evaluate.passages import ANSWERABLE, read_squad
from mm_support.files import write_json
from mm_support.knowledge.ingest import read_source
from mm_support.paths import fitted_to
from mm_support.types import EncodeKind, Entry

COMMAND = "python -m assets.training.sentences --squad FILE FILE --help-centres FOLDER"
MADE_HERE = (
    "Questions written for this project about the packs, labelled by hand with the sentences that"
    " answer them, and about companies and help centres, with words of the answer"
)
INVERSE_PENALTY = 1.0
SEED = 0


@dataclass(frozen=True)
class Answered:
    """A question about an entry and what answers it: some of its sentences, or words of them;
    nothing in another entry."""

    group: str
    question: str
    entry: Entry
    answers: tuple[str, ...]

    def held(self, sentences: Sequence[str]) -> list[str]:
        """The answers that sentences hold."""
        said = plain(" ".join(sentences))
        return [answer for answer in self.answers if plain(answer) in said]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A question as the regression sees it. x: (n_blocks, features); y: (n_blocks,) 1 where a block
    belongs to the reply.
    """

    asked: Answered
    x: np.ndarray
    y: np.ndarray


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--squad", type=arguments.existing, nargs="*", default=[])
    parser.add_argument("--help-centres", type=arguments.existing)
    parser.add_argument("--out", type=Path, help="JSON file (default: that of the text encoder)")


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import RememberingEncoder, load_text_encoder

    text = load_text_encoder(settings, resolve_device(settings.device))
    encode = RememberingEncoder(text).encode
    statements = load_statements(fitted_to(settings.text_model) / STATEMENTS_FILE)
    asked = chain(of_packs(), of_customers(args.help_centres), of_passages(args.squad))
    seen = (as_seen(one, encode, statements) for one in asked)
    answered = [case for case in seen if len(case.y) > 1 and case.y.any()]
    others = [as_seen(one, encode, statements) for one in elsewhere([c.asked for c in answered])]
    cases = [*answered, *(case for case in others if len(case.y))]
    selector = fit(cases, statements)
    values = {
        "weights": list(selector.weights),
        "bias": selector.bias,
        "features": FEATURES,
        "made_for": settings.text_model,
        "card": {
            "what": (
                "Logistic regression: does this block of an entry's answer belong into the reply to"
                " this question?"
            ),
            "data": ", ".join([MADE_HERE, *(file.name for file in args.squad)]),
            "command": COMMAND,
            "group_left_out": measured(cases, encode, statements),
        },
    }
    write_json(args.out or fitted_to(settings.text_model) / SELECTOR_FILE, values, indent=1)
    print(json.dumps(values["card"]["group_left_out"], indent=1))
    return 0


def of_packs() -> Iterator[Answered]:
    for pack in sorted(json.loads(LABELS.read_text(encoding="utf-8"))):
        for row in load_labelled([pack]):
            yield Answered(f"pack {pack}", row.question, row.entry, row.sentences)


def of_customers(help_centres: Path | None) -> Iterator[Answered]:
    """What is asked without a turn before it, of the first entry that answers it."""
    for base in customer_sets(help_centres):
        entries = read_source(base.knowledge).entries
        for one in [*base.questions, *(turns[0] for turns in base.dialogues if turns)]:
            entry = next(filter(one.answered_by, entries), None)
            if one.kind == ANSWERABLE and entry:
                yield Answered(base.name, one.text, entry, one.gold)


def of_passages(files: Sequence[Path]) -> Iterator[Answered]:
    for file in files:
        for article in read_squad(file):
            texts = dict(article.passages)
            for one in article.asked:
                passage = Entry(one.passage, article.title, texts[one.passage])
                if one.answers:
                    yield Answered(file.stem, one.question, passage, one.answers[:1])


def elsewhere(asked: Sequence[Answered]) -> Iterator[Answered]:
    """Each question, asked of another entry with the same title, or else of its group."""
    random = np.random.default_rng(SEED)
    near, held = defaultdict[tuple[str, str], dict[str, Entry]](dict), defaultdict(dict)
    for one in asked:
        near[one.group, one.entry.title][one.entry.answer] = one.entry
        held[one.group][one.entry.answer] = one.entry
    for one in asked:
        pool = near[one.group, one.entry.title]
        pool = pool if len(pool) > 1 else held[one.group]
        others = [entry for text, entry in pool.items() if text != one.entry.answer]
        if others:
            yield replace(one, entry=others[random.integers(len(others))], answers=())


def as_seen(asked: Answered, encode: EncodeKind, statements: Statements | None) -> Fitted:
    blocks = Selector((), 0.0, statements).blocks(asked.entry, encode)
    x = features(asked.question, asked.entry, blocks, encode) if blocks else np.zeros((0, 0))
    return Fitted(asked, x, np.array([bool(asked.held(own.sentences)) for own in blocks], float))


def fit(cases: Sequence[Fitted], statements: Statements | None) -> Selector:
    """Logistic regression on standardised features; the selector's weights are those of the raw
    ones.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x, y = np.vstack([case.x for case in cases]), np.concatenate([case.y for case in cases])
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000).fit(scaler.transform(x), y)
    raw = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - raw @ scaler.mean_)
    return Selector(tuple(raw.tolist()), bias, statements)


def measured(
    cases: Sequence[Fitted], encode: EncodeKind, statements: Statements | None
) -> dict[str, dict[str, float]]:
    """The figures of each group."""
    groups = dict.fromkeys(case.asked.group for case in cases)
    answered = [case.asked for case in cases if case.asked.answers]
    return {
        group: measure(
            fit([case for case in cases if case.asked.group != group], statements),
            [asked for asked in answered if asked.group == group],
            encode,
        )
        for group in groups
    }


def measure(selector: Selector, asked: Sequence[Answered], encode: EncodeKind) -> dict[str, float]:
    """Means over questions: how much of what answers is shown, how often any of it, and the share
    of the entry that is.
    """
    rows = []
    for one in asked:
        weighed = selector.weigh(one.question, one.entry, encode)
        shown = weighed.chosen(weighed.floor)
        held = len(one.held(shown)) / len(one.answers)
        rows.append((held, held > 0, _letters(" ".join(shown)) / _letters(one.entry.answer)))
    answers, some, share = np.mean(rows, axis=0).round(3).tolist()
    return {"questions": len(rows), "answers": answers, "any": some, "share_of_entry": share}


def _letters(text: str) -> int:
    return len("".join(text.split()))


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
