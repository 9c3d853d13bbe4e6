"""From a question and the entries found for it to sentences that may be shown, each bound to its
entry.

Only sentences of the entries are shown, as they stand there. What surely belongs to the answer is
shown at once (select.py). A language model drafts the rest from what may belong to it; as soon as a
drafted sentence is complete, the evidence's sentence that it quotes is looked up (grounding.py) and
shown, where it is not beside the question. Where the draft adds nothing, is late, fails or falls
apart, the selected sentences are the whole reply. Knows nothing of retrieval or of when to answer
at all.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mm_support.decide.premises import opening, sentences_about
from mm_support.decode.grounding import Grounding, Support
from mm_support.decode.prompt import MAX_EVIDENCE, build_messages, with_photo
from mm_support.decode.select import Weighed, blocks_of, load_selector, selector_file
from mm_support.engines.base import LanguageModel
from mm_support.errors import GenerationError
from mm_support.language.english import is_claim
from mm_support.language.identifiers import identifiers_of, named_in_line, named_in_title
from mm_support.language.messages import message
from mm_support.language.sentences import is_step, split_sentences, without_markers
from mm_support.types import Entry, Hit, Question

if TYPE_CHECKING:
    from mm_support.encode.text import TextEncoder
    from mm_support.encode.text_models import Kind

log = logging.getLogger(__name__)

MAX_TOKENS = 120  # of a draft
FIRST_SECONDS = 1.0  # a draft without a checked sentence by then is given up
WHOLE_SECONDS = 4.0
MAX_DROPPED = 1  # unsupported sentences after which a draft has fallen apart
# probability below which a drafted sentence is beside the question, where the entry has a likelier
# one
BESIDE = 0.15
# probability from which a sentence is shown without a draft, or though another entry was found
# first
SURE = 0.45
UNTRAINED = (
    "SmolLM2-135M-Instruct.Q4_1",
)  # as they come their drafts do not survive the check: extractive instead
REMEMBERED = 20_000  # sentence vectors kept


@dataclass(frozen=True)
class Sentence:
    """A sentence that may be shown. citations: 1-based ranks of the hits that hold it; none where
    it only says what the customer's photo shows or opens a reply."""

    text: str
    citations: tuple[int, ...] = ()

    def shown(self, previous: Sentence | None = None) -> str:
        """The piece to append to the reply: a separator, the text, and [n] unless it is a step and
        the line before has it.

        A step has a line of its own, and what follows one begins another.
        """
        lead = (
            ""
            if previous is None
            else "\n"
            if is_step(self.text) or is_step(previous.text)
            else " "
        )
        if previous and is_step(self.text) and previous.citations == self.citations:
            return lead + self.text
        return lead + self.text + "".join(f" [{rank}]" for rank in self.citations)


class ReplyWriter:
    """Writes replies. model: drafts them; None, or one that is UNTRAINED for it: they are always
    extractive. text_model: the text encoder's name, for the selector that was fitted to it.
    """

    def __init__(
        self, model: LanguageModel | None, text_encoder: TextEncoder, text_model: str = ""
    ) -> None:
        self._model = None if model is None or model.name in UNTRAINED else model
        self._vectors = SentenceVectors(text_encoder)
        self._selector = load_selector(selector_file(text_model))

    def write(
        self, question: Question, hits: Sequence[Hit], stop: threading.Event | None = None
    ) -> Iterator[Sentence]:
        """Checked sentences as they become ready. hits: best first, at least one.

        Setting `stop` or closing the iterator ends it at once.
        """
        entries = [hit.entry for hit in hits[:MAX_EVIDENCE]]
        yield from photo_sentences(question, entries)
        if is_claim(question.words):
            yield Sentence(opening(question.words, entries[0], question.language))
        weighed = self._selector.weigh(question.words, entries[0], self._vectors)
        shown: set[str] = set()
        if self._model is not None and not (stop and stop.is_set()):
            yield from self._own_words(question, entries[0], weighed, SURE, shown)
        added = False
        for sentence in self._drafted(question, entries, weighed, stop):
            if sentence.text not in shown:
                added = True
                yield sentence
            shown.add(sentence.text)
        if not added and not (stop and stop.is_set()):
            threshold = (
                self._selector.threshold
                if shown
                else min(self._selector.threshold, weighed.likeliest)
            )
            yield from self._own_words(question, entries[0], weighed, threshold, shown)
            if not shown:
                yield Sentence(message("refusal", question.language))

    def drafted(self, question: Question, hits: Sequence[Hit]) -> list[Sentence]:
        """What of a draft would be shown, had nothing been shown before it. For evaluation."""
        entries = [hit.entry for hit in hits[:MAX_EVIDENCE]]
        weighed = self._selector.weigh(question.words, entries[0], self._vectors)
        return list(self._drafted(question, entries, weighed, None))

    def whole(self, entry: Entry) -> Iterator[Sentence]:
        """All that the first hit says, for matters in which nothing may be left out."""
        yield from (Sentence(text, (1,)) for text in split_sentences(entry.answer))

    def _drafted(
        self,
        question: Question,
        entries: Sequence[Entry],
        first: Weighed,
        stop: threading.Event | None,
    ) -> Iterator[Sentence]:
        """The entries' sentences that the draft quotes and that are to the point. A step brings all
        of its steps along.

        first: the first entry's sentences, weighed already; the others' are not before something of
        the first is shown.
        """
        if self._model is None:
            return
        weighed = [
            first,
            *(self._selector.weigh(question.words, entry, self._vectors) for entry in entries[1:]),
        ]
        floors = [min(BESIDE, first.likeliest), *(SURE for _ in entries[1:])]
        # What is less likely to belong to the reply will not be shown, so nothing is drafted from
        # it. Which entry a sentence
        # is from, grounding says, not the number that the draft gives it.
        kept = [one.chosen(floor) for one, floor in zip(weighed, floors)]
        passages = [
            replace(entry, answer="\n".join(texts)) for entry, texts in zip(entries, kept) if texts
        ]
        answered = False  # from the first entry: another one is not cited before it
        for support in draft(self._model, question, passages, Grounding(entries), stop):
            held = weighed[support.rank - 1].holding([support.sentence])
            if held.likeliest < floors[support.rank - 1] or not (answered or support.rank == 1):
                continue
            answered = True
            steps = [text for block in held.blocks if block.has_steps for text in block.sentences]
            for text in steps or [support.sentence]:
                yield Sentence(text, (support.rank,))

    def _own_words(
        self, question: Question, entry: Entry, weighed: Weighed, threshold: float, shown: set[str]
    ) -> Iterator[Sentence]:
        """The first entry's sentences that answer the question and are not shown yet, in its order;
        they are then.
        """
        chosen = {*self._about_claim(question, entry), *weighed.chosen(threshold)} - shown
        shown.update(chosen)
        yield from (
            Sentence(text, (1,)) for text in split_sentences(entry.answer) if text in chosen
        )

    def _about_claim(self, question: Question, entry: Entry) -> list[str]:
        """The entry's sentences that the customer's claim is checked against, steps with all of
        theirs.
        """
        if not is_claim(question.words):
            return []
        about = set(sentences_about(question.words, entry, self._vectors))
        return [
            text
            for block in blocks_of(entry)
            if about & set(block.sentences)
            for text in block.sentences
        ]


class SentenceVectors:
    """A text encoder that remembers: sentences seen before are not encoded again."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def __call__(self, texts: Sequence[str], kind: Kind) -> np.ndarray:
        """n texts -> (n, d_text) float32, unit rows."""
        known = self._known  # another thread may put a new one in its place
        missing = [text for text in dict.fromkeys(texts) if (text, kind) not in known]
        vectors = self._encoder.encode(missing, kind) if missing else ()
        known.update({(text, kind): vector for text, vector in zip(missing, vectors)})
        if len(known) > REMEMBERED:
            self._known = {}
        return np.stack([known[text, kind] for text in texts])


def draft(
    model: LanguageModel,
    question: Question,
    entries: Sequence[Entry],
    grounding: Grounding,
    stop: threading.Event | None,
) -> Iterator[Support]:
    """The evidence's sentences that one draft quotes; ends where it is late, fails or has too many
    others.
    """
    halt, dropped, messages = _Halt(stop, FIRST_SECONDS), 0, build_messages(question, entries)
    if question.photo is not None and getattr(model, "sees", False):
        messages = with_photo(messages, question.photo)
    pieces = model.stream(messages, MAX_TOKENS, halt)
    try:
        for text in _complete_sentences(pieces):
            support = grounding.check(text)
            if support is not None:
                halt.extend(WHOLE_SECONDS)
                yield support
            elif (dropped := dropped + 1) > MAX_DROPPED:
                return
    except GenerationError as exc:
        log.warning("draft failed: %s", exc)
    finally:
        pieces.close()


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


def photo_sentences(question: Question, entries: Sequence[Entry]) -> Iterator[Sentence]:
    """What the photo shows, where the first entry is about it: an identifier that was read there,
    one of its title first.
    """
    titled, known = named_in_title(entries[0].title), identifiers_of(entries[0])
    read = (
        named_in_line(line, wanted) for wanted in (titled, known) for line in question.read_in_photo
    )
    shown = next(filter(None, read), "")
    if shown:
        yield Sentence(message("photo.shows", question.language, text=shown))
