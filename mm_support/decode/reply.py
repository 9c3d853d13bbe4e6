"""From a question and the entries found for it to sentences that may be shown, each bound to its entry.

A language model drafts; every sentence is checked as soon as it is complete (grounding.py). What is not
held by the evidence is dropped, and where the draft is late, fails or falls apart the entry's own
sentences (extract.py) take its place. Knows nothing of retrieval or of when to answer at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mm_support.decode.claims import is_claim, opening, sentences_about
from mm_support.decode.engine import LanguageModel
from mm_support.decode.extract import blocks_of, load_selector
from mm_support.decode.grounding import Grounding, Support
from mm_support.decode.prompt import MAX_EVIDENCE, Question, build_messages
from mm_support.decode.sentences import codes, evidence_sentences, is_step, normal_code, split_sentences, without_markers
from mm_support.decode.texts import refuse_text
from mm_support.errors import GenerationError
from mm_support.types import Entry, Hit

if TYPE_CHECKING:
    from mm_support.encode.text import TextEncoder

log = logging.getLogger(__name__)

MAX_TOKENS = 120  # of a draft
FIRST_SECONDS = 1.0  # a draft without a checked sentence by then is given up
WHOLE_SECONDS = 4.0
MAX_DROPPED = 1  # unsupported sentences after which a draft has fallen apart
UNTRAINED = ("SmolLM2-135M-Instruct.Q4_1",)  # as they come their drafts do not survive the check: extractive instead
REMEMBERED = 20_000  # sentence vectors kept


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be shown. citations: 1-based ranks of the hits that hold it; none where it only
    says what the customer's photo shows or opens a reply. starts_line: a step or another line of its own.
    drafted: by the language model, else in the entry's own words."""

    text: str
    citations: tuple[int, ...] = ()
    starts_line: bool = False
    drafted: bool = field(default=False, compare=False)

    def shown(self, previous: "Sentence | None" = None) -> str:
        """The piece to append to the reply: a separator, the text, and [n] unless it is a step and the line before has it."""
        lead = "" if previous is None else "\n" if self.starts_line else " "
        if previous and is_step(self.text) and previous.citations == self.citations:
            return lead + self.text
        return lead + self.text + "".join(f" [{rank}]" for rank in self.citations)


class ReplyWriter:
    """Writes replies. model: drafts them; None, or one that is UNTRAINED for it: they are always extractive."""

    def __init__(self, model: LanguageModel | None, text_encoder: "TextEncoder") -> None:
        self._model = None if model is None or model.name in UNTRAINED else model
        self._vectors = SentenceVectors(text_encoder)
        self._selector = load_selector()

    def write(self, question: Question, hits: Sequence[Hit], stop: threading.Event | None = None) -> Iterator[Sentence]:
        """Checked sentences as they become ready. hits: best first, at least one.

        Setting `stop` or closing the iterator ends it at once.
        """
        entries = [hit.entry for hit in hits[:MAX_EVIDENCE]]
        yield from photo_sentences(question, entries)
        if is_claim(question.words):
            yield Sentence(opening(question.words, entries[0]))
        covered: set[str] = set()
        complete = False
        if self._model is not None:
            draft = _Draft(self._model, Grounding(entries, self._vectors), stop)
            for sentence, support in draft.sentences(question, entries):
                for piece in with_all_steps(sentence, support, entries[support.rank - 1]):
                    if piece.text not in covered:
                        yield piece
                    covered.add(piece.text)
                covered.update(support.evidence)
            complete = bool(covered) and not draft.broken
        if stop and stop.is_set():
            return
        texts = self._about_claim(question, entries[0])
        if not complete:
            texts = self._extracted(question, entries[0], covered, texts)
        for previous, text in zip([None, *texts], texts):
            if text not in covered:
                yield Sentence(text, (1,), starts_line=is_step(text) or bool(previous and is_step(previous)))
        if not texts and not complete:
            yield Sentence(refuse_text())

    def _extracted(self, question: Question, entry: Entry, covered: set[str], wanted: Sequence[str]) -> list[str]:
        """The entry's sentences for a reply, in its order: those wanted anyway, and those that answer the question
        less those up to the last one that has already been shown."""
        sentences = evidence_sentences(entry.answer)
        after = max((i for i, sentence in enumerate(sentences) if sentence in covered), default=-1)
        chosen = {*wanted, *self._selector.select(question.words, entry, self._vectors)}
        return [text for i, text in enumerate(sentences) if text in chosen and (i > after or text in wanted)]

    def _about_claim(self, question: Question, entry: Entry) -> list[str]:
        """The entry's sentences that the customer's claim is checked against, steps with all of theirs."""
        if not is_claim(question.words):
            return []
        about = set(sentences_about(question.words, entry, self._vectors))
        return [text for block in blocks_of(entry) if about & set(block.sentences) for text in block.sentences]


class SentenceVectors:
    """A text encoder that remembers: sentences seen before are not encoded again."""

    def __init__(self, encoder: "TextEncoder") -> None:
        self._encoder = encoder
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """n texts -> (n, d_text) float32, unit rows."""
        known = self._known  # another thread may put a new one in its place
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(missing, self._encoder.encode(missing)) if missing else ())
        if len(known) > REMEMBERED:
            self._known = {}
        return np.stack([known[text] for text in texts])


class _Draft:
    """One draft of the language model. broken: it was late, failed, or held too much that had to be dropped."""

    def __init__(self, model: LanguageModel, grounding: Grounding, stop: threading.Event | None) -> None:
        self._model, self._grounding = model, grounding
        self._halt = _Halt(stop, FIRST_SECONDS)
        self.broken = False

    def sentences(self, question: Question, entries: Sequence[Entry]) -> Iterator[tuple[Sentence, Support]]:
        dropped = 0
        pieces = self._model.stream(build_messages(question, entries), MAX_TOKENS, self._halt)
        try:
            for text in _complete_sentences(pieces):
                support = self._grounding.check(text)
                if support is None:
                    dropped += 1
                    if dropped > MAX_DROPPED:
                        break
                    continue
                self._halt.extend(WHOLE_SECONDS)
                yield Sentence(text, (support.rank,), is_step(text), drafted=True), support
        except GenerationError as exc:
            log.warning("draft failed: %s", exc)
            self.broken = True
        finally:
            pieces.close()
        self.broken = self.broken or dropped > 0 or self._halt.is_set()


class _Halt:
    """A stop event that also sets itself when its time is over."""

    def __init__(self, stop: threading.Event | None, seconds: float) -> None:
        self._stop = stop
        self._end = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        self._end = max(self._end, time.monotonic() + seconds)

    def is_set(self) -> bool:
        return time.monotonic() >= self._end or bool(self._stop and self._stop.is_set())


def _complete_sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Sentences as soon as the next one begins; a last one that was cut off is left out."""
    text = ""
    for piece in pieces:
        text += piece
        *complete, rest = split_sentences(text + "\0") or [""]
        if complete:
            yield from filter(None, map(_tidy, complete))
            text = rest.removesuffix("\0")
    last = _tidy(text)
    if last.endswith((".", "!", "?")):
        yield last


def _tidy(sentence: str) -> str:
    return without_markers(sentence).strip()


def with_all_steps(sentence: Sentence, support: Support, entry: Entry) -> list[Sentence]:
    """The sentence; where it is one of the entry's steps, all of them, in the entry's words and order."""
    if not any(map(is_step, support.evidence)):
        return [sentence]
    block = next(block for block in blocks_of(entry) if set(support.evidence) & set(block.sentences))
    return [Sentence(text, (support.rank,), starts_line=True, drafted=True) for text in block.sentences if is_step(text)]


def photo_sentences(question: Question, entries: Sequence[Entry]) -> Iterator[Sentence]:
    """What the photo shows, where the first entry is about it: a code that was read there, one of its title first."""
    entry = entries[0]
    titled, known = (
        {normal_code(code) for text in texts for code in codes(text)}
        for texts in ([entry.title], [entry.answer, *entry.questions])
    )
    read = [code for line in question.read_in_photo for code in codes(line)]
    shown = [code for wanted in (titled, known) for code in read if normal_code(code) in wanted]
    if shown:
        yield Sentence(f"Your photo shows {shown[0].upper()}.")
