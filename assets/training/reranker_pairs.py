"""Questions with the passages that answer them, and those that do not, as a reranker reads them.

Of files in SQuAD's format, asked of their passages; of customers, about help centres and catalogues
(customer_questions.py); and of the packs: their cases, and the questions that entries hold. What
does not answer is what the search of the same base finds beside it, the passage that answers
without its sentences that do, and for an unanswerable question the passage that it was written for.
Some articles and whole bases are kept apart. Knows the service's search, and no network.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from assets.training.customer_questions import customer_sets
from assets.training.gate import CHINESE
from assets.training.reply_examples import load_labelled
from mm_support import terminal
from mm_support.config import Settings
from mm_support.device import resolve_device
from mm_support.encode.text import TextEncoder, load_text_encoder
from mm_support.evaluate.passages import Article, read_squad, write_entries
from mm_support.language.sentences import split_sentences
from mm_support.loading import ingest_packs
from mm_support.paths import PACKS
from mm_support.service import SupportService
from mm_support.train.calibrate import read_cases
from mm_support.types import UserTurn
from mm_support.weights import package_weights

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

# articles, catalogues, help centres and packs that are kept apart, and how figures name them; of a
# file with a passage an article, every fourth is
HELD = {
    "Normans": "articles",
    "1973 oil crisis": "articles",
    "Packet switching": "articles",
    "Scottish Parliament": "articles",
    "Imperialism": "articles",
    "kitchen": "customers",
    "chatwoot": "customers",
    "smart-home": "packs",
    "smart-home-zh": "packs",
}
HELD_EVERY = 4

FOUND = 20  # entries that the search proposes
NEGATIVES = 4  # drawn from the first HARD that do not answer
HARD = 10
PASSAGE, PAIR = 120, 152  # tokens: of a passage, around its sentence nearest to the question
CHUNK = 4_096  # tokens that are read together
EASY = 0.2  # weight of a passage that is merely another one, where it is asked whether one answers

Texts = dict[tuple[str, str], tuple[str, str]]  # (base, entry) -> title, text


class Asked(NamedTuple):
    """A question, and what the search of its base finds: entries and scores. right: the entries
    that answer it; left_open: the one that it was written for without an answer there. answers: the
    texts that answer it, as far as they are known. held: with which group it is kept apart. own: an
    entry holds it itself.
    """

    question: str
    base: str
    hits: tuple[tuple[str, float], ...]
    right: tuple[str, ...] = ()
    left_open: str = ""
    answers: tuple[str, ...] = ()
    held: str = ""
    own: bool = False


def material(args: argparse.Namespace, settings: Settings) -> tuple[list[Asked], Texts]:
    """Everything that is asked, of bases in a temporary folder."""
    with TemporaryDirectory() as folder:
        service = terminal.load_service(settings.with_changes(data_dir=Path(folder)))
        try:
            ingest_packs(service.knowledge, PACKS / CHINESE, print)
            found = chain.from_iterable(of_passages(service, file, folder) for file in args.squad)
            asked = [*found, *of_customers(service, args.help_centres)]
            for cases in (args.cases, args.cases / CHINESE):
                asked += of_packs(service, read_cases(cases))
            texts = {
                (base, entry.id): (entry.title, entry.answer)
                for base in {one.base for one in asked}
                for entry in service.knowledge.entries(base)
            }
        finally:
            service.close()
    return [one for one in asked if one.hits], texts


def of_passages(service: SupportService, file: Path, folder: str) -> Iterator[Asked]:
    """The questions of a file; what is kept apart is a base by itself."""
    articles = list(enumerate(read_squad(file)))
    for apart in (False, True):
        own = [article for place, article in articles if bool(held(article, place)) == apart]
        base = f"{file.stem}-{'apart' if apart else 'learnt'}"
        write_entries(Path(folder, f"{base}.jsonl"), own)
        service.knowledge.ingest(base, Path(folder, f"{base}.jsonl"))
        for article in own:
            group = (article.title if len(article.passages) > 1 else base) if apart else ""
            for one in filter(lambda one: one.question.strip(), article.asked):
                places = ((one.passage,), "") if one.answers else ((), one.passage)
                hits = search(service, base, one.question)
                yield Asked(one.question, base, hits, *places, one.answers, group)


def held(article: Article, place: int) -> bool:
    """place: of the article in its file."""
    single = len(article.passages) == 1
    return place % HELD_EVERY == 0 if single else article.title in HELD


def of_customers(service: SupportService, help_centres: Path | None) -> Iterator[Asked]:
    for own in customer_sets(help_centres):
        service.knowledge.ingest(own.name, own.knowledge)
        entries = service.knowledge.entries(own.name)
        group = own.name if own.name in HELD else ""
        for one in own.questions:
            right = tuple(entry.id for entry in entries if one.answered_by(entry))
            hits = search(service, own.name, one.text)
            if right or one.kind != "answerable":
                yield Asked(one.text, own.name, hits, right, answers=one.gold, held=group)


def of_packs(service: SupportService, cases: dict[str, list[dict]]) -> Iterator[Asked]:
    """The cases and, of packs that are not kept apart, the questions that entries hold."""
    packs = [base for base in cases if (PACKS / base).is_dir()]  # those in English are labelled
    labelled = {row.question: row.sentences for row in load_labelled(packs)}
    for base, rows in cases.items():
        group = base if base in HELD else ""
        turns = [row["turns"][0] for row in rows]
        asked = [(turn["text"], turn["expect"], False) for turn in turns]
        if not group:
            entries = service.knowledge.entries(base)
            asked += [(text, entry.id, True) for entry in entries for text in entry.questions]
        for text, expected, own in asked:
            right = () if expected == "none" else (expected,)
            hits, answers = search(service, base, text), labelled.get(text, ())
            yield Asked(text, base, hits, right, "", answers, group, own)


def search(service: SupportService, base: str, question: str) -> tuple[tuple[str, float], ...]:
    hits = service.knowledge.search(UserTurn(text=question, knowledge=base), FOUND)
    return tuple((hit.entry.id, hit.score) for hit in hits)


@dataclass(frozen=True, eq=False)
class Passage:
    """vectors: (s, d) of its s sentences; sizes: (s,) their tokens."""

    title: str
    sentences: tuple[str, ...]
    vectors: np.ndarray
    sizes: np.ndarray

    def without(self, answers: Sequence[str]) -> Passage | None:
        """Its other sentences; None where every one or none holds an answer."""
        kept = [not any(answer in own for answer in answers) for own in self.sentences]
        if all(kept) or not any(kept):
            return None
        sentences = tuple(own for own, stays in zip(self.sentences, kept) if stays)
        return Passage(self.title, sentences, self.vectors[kept], self.sizes[kept])

    def window(self, question: np.ndarray) -> str:
        """The sentence nearest to the question and those around it, PASSAGE tokens at most."""
        near, total = self.vectors @ question, 0
        inside = beside = [int(near.argmax())]
        while beside:
            place = max(beside, key=near.__getitem__)
            inside = sorted({*inside, place})
            total = self.sizes[inside].sum()
            around = {inside[0] - 1, inside[-1] + 1} & set(range(len(near)))
            beside = [place for place in around if total + self.sizes[place] <= PASSAGE]
        return f"{self.title}\n{' '.join(self.sentences[place] for place in inside)}"


class Pair(NamedTuple):
    """answers: what it is answered with, as far as that is known. weight: see EASY."""

    question: str
    passage: str
    answered: bool
    answers: tuple[str, ...] = ()
    weight: float = 1.0


class Batch(NamedTuple):
    """b pairs: all (b, t). kept: where there is a token; passage: of the passage; answers: of what
    answers in it.
    """

    ids: Tensor
    kept: Tensor
    passage: Tensor
    answers: Tensor


class Reading:
    """Questions and entries -> pairs -> tokens."""

    def __init__(self, texts: Texts, asked: Sequence[Asked], settings: Settings) -> None:
        from tokenizers import Tokenizer

        encoder = load_text_encoder(settings, resolve_device(settings.device))
        folder = package_weights(settings.text_model, settings.cache_dir)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self.passages = passages(texts, encoder, self._tokenizer)
        self._tokenizer.enable_truncation(PAIR, strategy="only_second")
        questions = sorted({one.question for one in asked})
        self.vectors = dict(zip(questions, encoder.encode(questions)))

    def pair(self, one: Asked, name: str, weight: float = 1.0) -> Pair:
        """name: of an entry."""
        answered = name in one.right
        text = self.passages[one.base, name].window(self.vectors[one.question])
        return Pair(one.question, text, answered, one.answers if answered else (), weight)

    def emptied(self, one: Asked, name: str) -> Iterator[Pair]:
        """The entry without what answers, where that is known and not all of it."""
        if rest := self.passages[one.base, name].without(one.answers):
            yield Pair(one.question, rest.window(self.vectors[one.question]), False)

    def group(self, one: Asked, rng: np.random.Generator) -> list[Pair]:
        """What is learnt from a question; the first pair is answered, where any is."""
        known = {*one.right, one.left_open}
        others = [name for name, _ in one.hits[:HARD] if name not in known]
        if not one.right:
            return [
                self.pair(one, name) for name in ([one.left_open] if one.left_open else others[:2])
            ]
        right = one.right[rng.integers(len(one.right))]
        drawn = rng.permutation(others)[:NEGATIVES].tolist()
        wrong = [self.pair(one, name, EASY) for name in drawn]
        return [self.pair(one, right), *wrong, *self.emptied(one, right)]

    def batches(self, pairs: Sequence[Pair]) -> Iterator[tuple[list[int], Batch]]:
        """Places of pairs of about the same length, and these."""
        texts = [(f"query: {pair.question}", f"passage: {pair.passage}") for pair in pairs]
        read, rows = self._tokenizer.encode_batch(texts), []
        order = sorted(range(len(read)), key=lambda place: len(read[place].ids))
        for place in order:
            if rows and (len(rows) + 1) * len(read[place].ids) > CHUNK:
                yield rows, batch([(read[row], pairs[row]) for row in rows])
                rows = []
            rows.append(place)
        yield rows, batch([(read[row], pairs[row]) for row in rows])


def passages(
    texts: Texts, encoder: TextEncoder, tokenizer: Tokenizer
) -> dict[tuple[str, str], Passage]:
    """Every sentence is encoded once."""
    split = {key: split_sentences(text) or [title] for key, (title, text) in texts.items()}
    every = sorted(set(chain.from_iterable(split.values())))
    place = {sentence: row for row, sentence in enumerate(every)}
    vectors = encoder.encode(every, "passage")
    sizes = np.array([len(read.ids) - 2 for read in tokenizer.encode_batch(every)])
    rows = {key: [place[sentence] for sentence in own] for key, own in split.items()}
    return {
        key: Passage(texts[key][0], tuple(split[key]), vectors[own], sizes[own])
        for key, own in rows.items()
    }


def batch(read: Sequence[tuple[Encoding, Pair]]) -> Batch:
    longest = max(len(tokens.ids) for tokens, _ in read)
    made = Batch(*torch.zeros(4, len(read), longest, dtype=torch.long))
    for row, (tokens, pair) in enumerate(read):
        own = torch.tensor([part == 1 for part in tokens.sequence_ids])
        starts, ends = torch.tensor(tokens.offsets).T
        made.ids[row, : len(own)] = torch.tensor(tokens.ids)
        made.kept[row, : len(own)], made.passage[row, : len(own)] = 1, own
        for start, end in places(f"passage: {pair.passage}", pair.answers):
            made.answers[row, : len(own)] |= own & (starts < end) & (ends > start)
    return made._replace(kept=made.kept > 0, passage=made.passage > 0, answers=made.answers > 0)


def places(text: str, answers: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where each answer begins and ends, every time."""
    for answer in answers:
        start = text.find(answer)
        while start >= 0:
            yield start, start + len(answer)
            start = text.find(answer, start + 1)
