"""Fits how likenesses add up to a score (text_score.py), and writes assets/weights/retrieval.json.

Questions of files in SQuAD's format, each with the passage that it was written for, among all
passages of its file. The shares maximise the likelihood of the right passage under a softmax
over all (conditional logit, McFadden 1974). Figures are measured on articles left out of the fit:
fitted to one half, measured on the other, both ways.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from assets.training.command import main
from mm_support.config import Settings
from mm_support.encode.text import Pieces, TextEncoder
from mm_support.evaluate.metrics import share
from mm_support.evaluate.passages import Article, Asked, read_squad
from mm_support.files import write_json
from mm_support.knowledge.index.postings import rarity, saturated
from mm_support.knowledge.late_interaction import merged
from mm_support.knowledge.points import entry_texts
from mm_support.knowledge.text_score import FILE, Floors, TextScore, above
from mm_support.language.detect import in_characters
from mm_support.language.terms import term_set, terms
from mm_support.types import Entry

COSINES = ("best", "alike")  # what is measured from a floor, by the names in Floors
FEATURES = (*COSINES, "words")
QUESTIONS = 1_500  # of a file, the same ones each time
UNRELATED = 200  # questions and passages whose likeness is that of unrelated texts
RIDGE = 1e-5
SEED = 0


@dataclass(frozen=True, eq=False)
class Asking:
    """q questions over the n passages of a file. x: (q, n, features); right: (q,) index of the
    right passage; article: (q,) where the question comes from. characters: whether the file is in
    Chinese characters.
    """

    x: np.ndarray
    right: np.ndarray
    article: np.ndarray
    characters: bool = False

    def of(self, rows: np.ndarray) -> Asking:
        return replace(self, x=self.x[rows], right=self.right[rows], article=self.article[rows])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--squad", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=FILE)


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encoder = load_text_encoder(settings, resolve_device(settings.device))
    articles = {path.name: read_squad(path) for path in args.squad}
    files = {name: features(encoder, own) for name, own in articles.items()}
    floors = unrelated(encoder, list(articles.values()))
    figures = {name: measured(list(files.values()), own, floors) for name, own in files.items()}
    card = {
        "what": "Shares of three likenesses in the score, and what unrelated texts have",
        "data": f"Questions and passages of {', '.join(files)}",
        "command": "python -m assets.training.retrieval --squad " + " ".join(files),
        "right_passage_on_articles_left_out": figures,
    }
    save_text_score(settings.text_model, fit(list(files.values()), floors), card, args.out)
    print(json.dumps(figures, indent=1))
    return 0


def save_text_score(text_model: str, score: TextScore, card: dict, file: Path) -> None:
    """Beside those of other encoders."""
    values = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    scores, cards = values.get("scores", {}), values.get("cards", {})
    kept = asdict(score) | {"floors": score.floors._asdict()}
    values = {"scores": {**scores, text_model: kept}, "cards": {**cards, text_model: card}}
    write_json(file, values, indent=1)


def features(encoder: TextEncoder, articles: Sequence[Article]) -> Asking:
    """What each question of a file shares with each of its passages."""
    entries = passages(articles)
    place = {entry.id: row for row, entry in enumerate(entries)}
    every = [(number, asked) for number, own in enumerate(articles) for asked in own.asked]
    asked = drawn([(number, item) for number, item in every if item.answers])
    questions = [item.question for _, item in asked]
    near = likenesses(encoder, questions, entries)
    shared = words(
        [term_set(question) for question in questions],
        [Counter(terms(f"{entry.title}\n{entry.answer}")) for entry in entries],
    )
    return Asking(
        np.stack([*near, shared], axis=-1),
        np.array([place[item.passage] for _, item in asked]),
        np.array([number for number, _ in asked]),
        in_characters(questions[0]),
    )


def passages(articles: Sequence[Article]) -> list[Entry]:
    return [
        Entry(name, article.title, text) for article in articles for name, text in article.passages
    ]


def unrelated(encoder: TextEncoder, files: Sequence[Sequence[Article]]) -> Floors:
    """The median likenesses of questions of each file with passages of each; of those of a pair of
    scripts that no files have, the mean of all.
    """
    random = np.random.default_rng(SEED)
    asked = [
        [item.question for article in file for item in article.asked if item.answers]
        for file in files
    ]
    some = [random.permutation(questions)[:UNRELATED].tolist() for questions in asked]
    entries = [passages(file)[:UNRELATED] for file in files]
    found: dict[tuple[bool, bool], list] = {}
    for questions, held in itertools.product(some, entries):
        pair = in_characters(questions[0]), in_characters(held[0].answer)
        medians = [np.median(own) for own in likenesses(encoder, questions, held)]
        found.setdefault(pair, []).append(medians)
    every = np.mean([one for own in found.values() for one in own], axis=0)
    pairs = [(asked, written) for asked in (False, True) for written in (False, True)]
    tables = np.array([np.mean(found.get(pair, [every]), axis=0) for pair in pairs])
    by_pair = tables.T.reshape(len(COSINES), 2, 2).astype(float).round(4).tolist()
    return Floors(**dict(zip(COSINES, by_pair)))


def drawn(asked: list[tuple[int, Asked]]) -> list[tuple[int, Asked]]:
    order = np.random.default_rng(SEED).permutation(len(asked))
    return [asked[place] for place in order[:QUESTIONS]]


def likenesses(
    encoder: TextEncoder, questions: Sequence[str], entries: Sequence[Entry]
) -> tuple[np.ndarray, np.ndarray]:
    """(q, n) cosines with the best text of each entry, and MaxSim of the word pieces."""
    vectors, pieces = encoder.encode_pieces(questions)
    best, alike = (np.empty((len(questions), len(entries)), np.float32) for _ in range(2))
    for row, entry in enumerate(entries):
        own, own_pieces = encoder.encode_pieces(entry_texts(entry), "passage")
        best[:, row] = (vectors @ own.T).max(axis=1)
        alike[:, row] = maxsim(pieces, merged(own_pieces))
    return best, alike


def maxsim(asked: Sequence[Pieces], kept: np.ndarray) -> np.ndarray:
    """(q,) the mean over a question's word pieces of their highest cosine with an entry's."""
    every = np.concatenate([own.vectors for own in asked]).astype(np.float32)
    highest = (every @ kept.T).max(axis=1)
    ends = np.cumsum([len(own.ids) for own in asked])
    return np.array([own.mean() if len(own) else 0.0 for own in np.split(highest, ends[:-1])])


def words(asked: Sequence[frozenset[str]], held: Sequence[Counter[str]]) -> np.ndarray:
    """(q, n) BM25 of the terms of a question in each entry, as a share of the most that it can be;
    see knowledge/index/postings.py.
    """
    column = {term: place for place, term in enumerate(sorted(frozenset().union(*asked)))}
    often = np.zeros((len(held), len(column)), np.float32)
    for row, own in zip(often, held):
        known = [term for term in own if term in column]
        row[[column[term] for term in known]] = [own[term] for term in known]
    want = np.zeros((len(asked), len(column)), np.float32)
    for row, own in zip(want, asked):
        row[[column[term] for term in own]] = 1
    lengths = np.array([own.total() for own in held])
    gained = saturated(often, (lengths / max(1, lengths.mean()))[:, None])
    want *= [rarity(len(held), int(having)) for having in (often > 0).sum(axis=0)]
    return want @ gained.T / np.maximum(want.sum(axis=1, keepdims=True), 1e-9)


def fit(files: Sequence[Asking], floors: Floors) -> TextScore:
    """The shares under which the right passages are likeliest; every file counts the same."""
    from scipy.optimize import minimize

    scaled = [rescaled(file, floors) for file in files]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        parts = [surprise(file, weights) for file in scaled]
        total, slope = (sum(column) for column in zip(*parts))
        return float(total + RIDGE * weights @ weights), slope + 2 * RIDGE * weights

    start, bounds = np.full(len(FEATURES), 5.0), [(0, None)] * len(FEATURES)
    weights = minimize(loss, start, jac=True, bounds=bounds).x
    shares = weights / weights.sum()
    _, alike, words = shares.astype(float).round(4).tolist()
    return TextScore(alike, words, floors)


def rescaled(file: Asking, floors: Floors) -> Asking:
    tables = [getattr(floors, name) for name in COSINES]
    own = np.array([table[file.characters][file.characters] for table in tables])
    near, words = np.split(file.x, [len(COSINES)], axis=-1)
    return replace(file, x=np.concatenate([above(near, own), words], axis=-1))


def surprise(file: Asking, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean negative log-likelihood of the right passages, and its gradient."""
    from scipy.special import log_softmax

    rows = np.arange(len(file.right))
    likely = log_softmax(file.x @ weights, axis=1)
    expected = np.einsum("qn,qnk->qk", np.exp(likely), file.x)
    slope = (expected - file.x[rows, file.right]).mean(axis=0)
    return -float(likely[rows, file.right].mean()), slope


def measured(
    files: Sequence[Asking], own: Asking, floors: Floors
) -> dict[str, dict[str, float] | None]:
    """Figures of a file, with scores fitted to the half of the articles that is not asked about."""
    ranks = []
    for half in (0, 1):
        score = fit([file.of(file.article % 2 != half) for file in files], floors)
        ranks.append(rank(score, own.of(own.article % 2 == half)))
    every = np.concatenate(ranks)
    return {"first": share(list(every == 0)), "in_five": share(list(every < 5))}


def rank(score: TextScore, file: Asking) -> np.ndarray:
    """(q,) how many passages score higher than the right one."""
    shares = np.array([1 - score.alike - score.words, score.alike, score.words])
    scores = rescaled(file, score.floors).x @ shares
    right = scores[np.arange(len(file.right)), file.right]
    return (scores > right[:, None]).sum(axis=1)


if __name__ == "__main__":
    main(__doc__, add_arguments, run)
