"""How well questions are answered from passages, on a file in SQuAD's format, in any language.

Every paragraph becomes an entry of a base in a temporary data folder; its questions are asked end
to end, as customers ask. Off topic are the questions of articles that were left out of the base, or
all of another file. SQuAD 2's unanswerable questions are asked too: their topic is in the base and
their answer is not. Knows only the service's calls, not how it finds or decides.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mm_support import terminal
from mm_support.config import Settings
from mm_support.errors import InputError
from mm_support.evaluate.metrics import interval, lines_of, share
from mm_support.progress import each
from mm_support.types import UserTurn

BASE = "passages"
FOUND = 5  # entries looked at
LEFT_OUT = 4  # every so many articles, one, whose questions are off topic
# scripts without blanks between words (Thai to Khmer, kana, Chinese), and Hangul, whose particles
# follow a word without one
UNPARTED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
TOKEN = re.compile(rf"[{UNPARTED}]|[^\W_{UNPARTED}]+")  # of these a character, of others a word
ANSWERABLE, UNANSWERABLE, OFF_TOPIC = "answerable", "unanswerable", "off_topic"


@dataclass(frozen=True)
class Asked:
    """A question, the id of the passage that it was written for, and the answers that are right:
    none where the passage has none.
    """

    question: str
    passage: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Article:
    """passages: (id, text) of each paragraph."""

    title: str
    passages: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class Outcome:
    """rank: of the right passage among those found (0: not there). score: of the best entry found.
    cited: whether the right passage is. gold: whether the reply holds a right answer.
    """

    passage: str
    rank: int
    score: float
    answered: bool
    cited: bool
    gold: bool


def run(args: argparse.Namespace, settings: Settings) -> int:
    articles, left_out = divide(read_squad(args.squad), args.foreign)
    with TemporaryDirectory() as folder:
        file = Path(folder, f"{BASE}.jsonl")
        write_entries(file, articles)
        own = settings.with_changes(data_dir=Path(folder, "data"))
        with closing(terminal.load_service(own)) as service:
            service.knowledge.ingest(BASE, file)
            outcomes = ask_all(service, questions(articles, left_out, args.limit))
    report = figures(outcomes, sum(len(article.passages) for article in articles))
    print(json.dumps(report, indent=1) if args.json else table(report))
    return 0


def read_squad(path: Path) -> list[Article]:
    """Raises InputError where the file is not in SQuAD's format."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        number = count()
        return [_read_article(article, number) for article in data]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise InputError(f"{path} cannot be read as a file in SQuAD's format.") from exc


def _read_article(article: dict, number: Iterator[int]) -> Article:
    passages, asked = [], []
    for paragraph in article["paragraphs"]:
        name = f"p{next(number)}"
        passages.append((name, paragraph["context"]))
        asked += [
            Asked(row["question"], name, tuple(dict.fromkeys(a["text"] for a in row["answers"])))
            for row in paragraph["qas"]
        ]
    title = str(article.get("title") or passages[0][1][:40]).replace("_", " ")
    return Article(title, tuple(passages), tuple(asked))


def divide(articles: list[Article], foreign: Path | None) -> tuple[list[Article], list[Article]]:
    """Articles of the base, and those whose questions are off topic."""
    if foreign is not None:
        return articles, read_squad(foreign)
    out = articles[LEFT_OUT - 1 :: LEFT_OUT]
    return [article for article in articles if article not in out], out


def write_entries(file: Path, articles: Sequence[Article]) -> None:
    rows = [
        {"id": name, "title": article.title, "answer": text}
        for article in articles
        for name, text in article.passages
    ]
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    file.write_text("\n".join(lines), encoding="utf-8")


def questions(
    articles: Sequence[Article], left_out: Sequence[Article], limit: int | None
) -> dict[str, list[Asked]]:
    """The questions of each kind; at most `limit`, the same ones each time."""
    own = [asked for article in articles for asked in article.asked]
    kinds = {
        ANSWERABLE: [asked for asked in own if asked.answers],
        UNANSWERABLE: [asked for asked in own if not asked.answers],
        OFF_TOPIC: [asked for article in left_out for asked in article.asked],
    }
    return {
        kind: random.Random(0).sample(all_, min(len(all_), limit or len(all_)))
        for kind, all_ in kinds.items()
    }


def ask_all(service, asked: dict[str, list[Asked]]) -> dict[str, list[Outcome]]:
    return {
        kind: [ask(service, item) for item in each(items, f"asking, {kind}")]
        for kind, items in asked.items()
    }


def ask(service, asked: Asked) -> Outcome:
    """One question, in a conversation of its own."""
    turn = UserTurn(text=asked.question, knowledge=BASE)
    hits = service.knowledge.search(turn, FOUND)
    reply = service.answer(turn)
    found = [hit.entry.id for hit in hits]
    return Outcome(
        passage=asked.passage,
        rank=found.index(asked.passage) + 1 if asked.passage in found else 0,
        score=hits[0].score if hits else 0.0,
        answered=reply.action == "answer",
        cited=asked.passage in {citation.entry_id for citation in reply.citations},
        gold=any(holds(reply.text, answer) for answer in asked.answers),
    )


def holds(reply: str, answer: str) -> bool:
    """Whether the answer stands in the reply, word for word, whatever the case and the marks."""
    return f" {_plain(answer)} " in f" {_plain(reply)} "


def _plain(text: str) -> str:
    return " ".join(TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def figures(outcomes: dict[str, list[Outcome]], passages: int) -> dict[str, Any]:
    """Shares with 95 % intervals; None where there are no questions of that kind."""
    own = outcomes[ANSWERABLE]
    answered = [outcome for outcome in own if outcome.answered]
    return {
        "passages": passages,
        "questions": {kind: len(items) for kind, items in outcomes.items()},
        "right_passage_first": share([outcome.rank == 1 for outcome in own]),
        "right_passage_in_five": share([outcome.rank > 0 for outcome in own]),
        "answered": share([outcome.answered for outcome in own]),
        "answered_from_right_passage": share([outcome.cited for outcome in answered]),
        "gold_answer_in_reply": share([outcome.answered and outcome.gold for outcome in own]),
        "unanswerable_not_answered": share([not o.answered for o in outcomes[UNANSWERABLE]]),
        "off_topic_not_answered": share([not o.answered for o in outcomes[OFF_TOPIC]]),
        "score_tells_unanswerable": _auroc(own, outcomes[UNANSWERABLE]),
    }


def area_under_curve(higher: np.ndarray, lower: np.ndarray) -> float:
    """The chance that one of `higher` is above one of `lower` (0.5: not at all)."""
    from sklearn.metrics import roc_auc_score

    kinds = np.repeat([1, 0], [len(higher), len(lower)])
    return float(roc_auc_score(kinds, np.concatenate([higher, lower])))


def _auroc(answerable: Sequence[Outcome], unanswerable: Sequence[Outcome]) -> dict | None:
    """How surely the score of the best entry is higher for a question that its passage answers than
    for one that it does not, among passages with questions of both kinds (0.5: not at all).
    """
    both = {o.passage for o in answerable} & {o.passage for o in unanswerable}
    samples = [
        [o.score for o in outcomes if o.passage in both] for outcomes in (answerable, unanswerable)
    ]
    return interval(area_under_curve, *samples) if min(map(len, samples)) > 1 else None


def table(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    counts = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in report["questions"].items())
    head = f"{report['passages']} passages; questions: {counts}"
    return "\n".join([head, *lines_of(report)])
