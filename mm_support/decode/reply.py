"""From a question and the entries found for it to sentences that may be shown, each bound to its
entry.

What a language model may do follows from what it can do. One that writes answers in its own words,
each sentence checked (writing.py); meanwhile the entry's sentences that surely answer are shown.
One that only points at sentences drafts, and of a draft the evidence's sentences are shown that it
quotes (grounding.py). Without a model, or where it adds nothing, is late, fails or falls apart, the
reply is made of the entry's own sentences that answer the question (select.py). Knows nothing of
retrieval or of when to answer at all.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Container, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mm_support.as_json import SNIPPET, snippet
from mm_support.decide.premises import opening, sentences_about
from mm_support.decode.blocks import LEADS_ON, heads_of
from mm_support.decode.columns import rows_as_asked
from mm_support.decode.drafting import draft
from mm_support.decode.grounding import Grounding
from mm_support.decode.heading import headed
from mm_support.decode.judge import Judge
from mm_support.decode.prompt import DRAFTING
from mm_support.decode.quotes import SURE, Quotes, floors_of
from mm_support.decode.select import Weighed, having_alone, load_selector, selector_file
from mm_support.decode.sentence import Meanwhile, Sentence, cited_behind_steps
from mm_support.decode.verify import Verifier, checked
from mm_support.decode.writing import Written, not_said, write
from mm_support.engines.base import LanguageModel
from mm_support.language.defined import named_in_title
from mm_support.language.emergency import emergency_sentences
from mm_support.language.english import is_claim, leans
from mm_support.language.fences import is_code, logical_lines, without_fences
from mm_support.language.identifiers import identifiers_of, named_in_line
from mm_support.language.messages import message
from mm_support.language.sentences import (
    CLOSES,
    COLUMNS,
    ENDS,
    column_names,
    in_a_line,
    is_step,
    of_one_step,
    split_lines,
    split_paragraphs,
    split_sentences,
    without_step_number,
)
from mm_support.language.terms import term_set
from mm_support.types import Entry, Hit, Past, Question, of_one_document

if TYPE_CHECKING:
    from mm_support.encode.text import TextEncoder

MAX_EVIDENCE = len(DRAFTING.passages)
# share of the first hit's score from which another passage of its document may be meant too. Of 39
# such passages that were told to strangers, 7 were needed; with it 6 of these are told and 11
# others, with 0.8 all 7 and 18 others
AS_NEAR = 0.88
BLANK_LINE = re.compile(r"\n\s*\n")


class ReplyWriter:
    """Writes replies. model: None: they are always extractive.
    text_encoder: is asked for a sentence each time it is weighed; one that remembers is quicker.
    text_model: its name, for the selector that was fitted to it. verifier: without one, nothing is
    shown in a model's own words. judge: asked where the verifier is not sure.
    """

    def __init__(
        self,
        model: LanguageModel | None,
        text_encoder: TextEncoder,
        text_model: str = "",
        verifier: Verifier | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._model, self._verifier, self._judge = model, verifier, judge
        self._vectors = text_encoder.encode
        self._selector = load_selector(selector_file(text_model))

    def write(
        self,
        question: Question,
        hits: Sequence[Hit],
        stop: threading.Event | None = None,
        past: Sequence[Past] = (),
    ) -> Iterator[Sentence | Meanwhile]:
        """Checked sentences as they become ready. hits: best first, at least one. past: earlier
        turns of the conversation, oldest first.

        Setting `stop` or closing the iterator ends it at once.
        """
        entries = [hit.entry for hit in hits]
        yield from photo_sentences(question, entries)
        if is_claim(question.words):
            yield Sentence(opening(question.words, entries[0], question.language))
        weighed = self._weigh(question, entries[0])
        shown: set[str] = set()
        if self.writes:
            added = yield from self._written(question, entries, weighed, past, stop, shown)
        else:
            added = yield from self._quoted(question, entries, weighed, stop, shown)
        if not added and not (stop and stop.is_set()):
            yield from self._extracted(question, hits, weighed, shown)
            if not shown:
                yield Sentence(message("refusal", question.language))

    def quoted(self, question: Question, hits: Sequence[Hit]) -> Iterator[Sentence]:
        """What the entries themselves say to the question: the first and its document; where a
        model may answer from others, also what surely answers in these.
        """
        entries, shown = [hit.entry for hit in hits], set[str]()
        weighed = self._weigh(question, entries[0])
        yield from self._extracted(question, hits, weighed, shown)
        for rank, entry in enumerate(entries[1:] if self._model else (), start=2):
            sure = self._weigh(question, entry).chosen(SURE)
            yield from self._cited(question, entry, {*sure} - shown, rank)
            shown.update(sure)

    def excerpt(self, question: Question, entry: Entry, said: Container[str] = ()) -> str:
        """What an entry says that fits a question best and is not said yet, in a line of whole
        sentences; empty where it says nothing else.
        """
        weighed = self._weigh(question, entry)
        told = self._cited(question, entry, {*weighed.chosen(weighed.likeliest)}, 1)
        new = [own for own in told if own.text not in said and not own.heading]
        new = [own for own in new if not own.text.endswith(LEADS_ON)]
        new = [own for own in new if not is_code(own.text)] or new
        texts = [without_step_number(" ".join(without_fences(own.text).split())) for own in new]
        if len(line := in_a_line(texts)) <= SNIPPET:
            return line
        start = self._closest(question, entry, texts)
        while start and (leans(texts[start]) or new[start].of_step):
            start -= 1
        lengths = np.cumsum([len(text) + 1 for text in texts[start:]])
        fitting = max(1, int(np.searchsorted(lengths, SNIPPET + 1, "right")))
        return snippet(in_a_line(texts[start : start + fitting]))

    def _closest(self, question: Question, entry: Entry, texts: Sequence[str]) -> int:
        """The place of the text that is closest to a question: of those that alone have some word
        of it which is not the entry's topic, if any do.
        """
        (asked,) = self._vectors([question.words], "query")
        near = self._vectors(texts, "passage") @ asked
        words = term_set(question.words) - term_set(entry.title)
        alone = having_alone([words & term_set(text) for text in texts])
        return int(np.argmax(np.where(alone, near, -np.inf) if alone.any() else near))

    def says(self, words: str, entry: Entry) -> float:
        """How likely the likeliest sentence of an entry answers a question, 0..1."""
        return self._selector.weigh(words, entry, self._vectors).likeliest

    def _weigh(self, question: Question, entry: Entry) -> Weighed:
        return self._selector.weigh(question.words, entry, self._vectors, question.context)

    def _extracted(
        self, question: Question, hits: Sequence[Hit], weighed: Weighed, shown: set[str]
    ) -> Iterator[Sentence]:
        """The reply without a model, but for what is shown already."""
        yield from self._own_words(question, hits[0].entry, weighed, weighed.floor, shown)
        yield from self._beside(question, hits, weighed.likeliest, shown)

    @property
    def writes(self) -> bool:
        """Whether the model may answer in words of its own."""
        able = self._model is not None and self._model.can.writes
        return able and self._verifier is not None and getattr(self._model, "alive", True)

    def _quoted(
        self,
        question: Question,
        entries: Sequence[Entry],
        weighed: Weighed,
        stop: threading.Event | None,
        shown: set[str],
    ) -> Generator[Sentence, None, bool]:
        """What surely answers, then what a draft adds; whether it added anything."""
        if self._model is not None and not (stop and stop.is_set()):
            yield from self._own_words(question, entries[0], weighed, SURE, shown)
        added = False
        for sentence in self._drafted(question, entries[:MAX_EVIDENCE], weighed, stop):
            if sentence.text not in shown:
                added = True
                yield sentence
            shown.add(sentence.text)
        return added

    def _written(
        self,
        question: Question,
        entries: Sequence[Entry],
        weighed: Weighed,
        past: Sequence[Past],
        stop: threading.Event | None,
        shown: set[str],
    ) -> Generator[Sentence | Meanwhile, None, bool]:
        """The answer in the model's words; whether it stands by itself. Where it does not, what is
        in `shown` was said already.
        """
        assert self._model is not None and self._verifier is not None
        sure = tuple(self._own_words(question, entries[0], weighed, SURE, set()))
        if sure:
            yield Meanwhile(sure)
        every = [weighed]
        every += [self._weigh(question, e) for e in entries[1:]]
        quote = Quotes(question.words, entries, every, self._vectors)
        written = Written()
        check = partial(checked, self._verifier, judge=self._judge and self._judge.until(stop))
        holds = self._holds
        yield from write(self._model, check, question, entries, past, quote, holds, written, stop)
        said, whole = written.said, written.own and written.complete
        if whole and written.not_said:
            yield not_said(question)
        urgent = emergency_sentences(entries[0].answer)
        if said and (urgent or not whole):
            shown.update(self._said_already(said, entries[0]), quote.headings)
            yield from (Sentence(text, (1,)) for text in urgent if text not in shown)
            shown.update(urgent)
        return whole

    def _said_already(self, said: Sequence[Sentence], entry: Entry) -> set[str]:
        """The entry's sentences that an answer says too, in its words or others."""
        return {text for text in split_sentences(entry.answer) if self._holds(said, text)}

    def _holds(self, said: Sequence[Sentence], text: str) -> bool:
        """Whether an answer says what a sentence does, in its words or others."""
        assert self._verifier is not None
        told = " ".join(sentence.text for sentence in said)
        if not told or text in told:
            return bool(told)
        return checked(self._verifier, text, [Entry("", "", told)]).supported

    def whole(self, entry: Entry) -> Iterator[Sentence]:
        """All that the first hit says, for matters in which nothing may be left out."""
        return cited_behind_steps(headed("", entry, [*bound(entry, 1)]))

    def urgent(self, entry: Entry) -> Iterator[Sentence]:
        """What it says of emergencies: its paragraphs that tell whom to call, or else all."""
        paragraphs = BLANK_LINE.split(entry.answer)
        telling = [text for text in paragraphs if emergency_sentences(text)]
        return self.whole(replace(entry, answer="\n\n".join(telling or paragraphs)))

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
        weighed = [first, *(self._weigh(question, entry) for entry in entries[1:])]
        floors = floors_of(weighed)
        # What is less likely to belong to the reply will not be shown, so nothing is drafted from
        # it. Which entry a sentence is from, grounding says, not the number that the draft gives.
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
            chosen = {*(steps or [support.sentence])}
            yield from self._cited(question, entries[support.rank - 1], chosen, support.rank)

    def _own_words(
        self,
        question: Question,
        entry: Entry,
        weighed: Weighed,
        threshold: float,
        shown: set[str],
        rank: int = 1,
    ) -> Iterator[Sentence]:
        """An entry's sentences that answer the question and are not shown yet, in its order; they
        are then. Those that a claim is checked against are of the first entry.
        """
        claimed = self._about_claim(question, entry) if rank == 1 else ()
        chosen = unsaid(weighed, {*claimed, *weighed.chosen(threshold)}, shown)
        cited = self._cited(question, entry, chosen, rank)
        said = [sentence for sentence in cited if sentence.text not in shown - chosen]
        shown.update(chosen, (sentence.text for sentence in said))
        yield from said

    def _beside(
        self, question: Question, hits: Sequence[Hit], best: float, shown: set[str]
    ) -> Iterator[Sentence]:
        """What other passages of the first entry's document that may be meant as well say that
        surely answers, or answers likelier than the best of its own sentences.
        """
        for rank, hit in enumerate(hits[:MAX_EVIDENCE], start=1):
            if rank > 1 and may_be_meant_too(question, hit, hits[0]):
                weighed, least = self._weigh(question, hit.entry), min(SURE, best)
                yield from self._own_words(question, hit.entry, weighed, least, shown, rank)

    def _cited(
        self, question: Question, entry: Entry, chosen: set[str], rank: int
    ) -> Iterator[Sentence]:
        """The chosen sentences in the entry's order, behind their heading; of a long row, what is
        asked for first.
        """
        own = [sentence for sentence in bound(entry, rank) if sentence.text in chosen]
        shown = _shows(question, entry)
        words = question.asked if shown else question.words
        said = [*cited_behind_steps(headed(words, entry, own, shown))]
        rows = [sentence.text for sentence in said]
        texts = rows_as_asked(question.words, rows, entry, self._vectors)
        for sentence, text in zip(said, texts):
            cut = sentence.is_row and text != sentence.text
            yield replace(sentence, text=text, cut=cut)

    def _about_claim(self, question: Question, entry: Entry) -> list[str]:
        """The entry's sentences that the customer's claim is checked against, steps with all of
        theirs.
        """
        if not is_claim(question.words):
            return []
        about = set(sentences_about(question.words, entry, self._vectors))
        return [
            text
            for block in self._selector.blocks(entry, self._vectors)
            if about & set(block.sentences)
            for text in block.sentences
        ]


def unsaid(weighed: Weighed, chosen: set[str], shown: Collection[str]) -> set[str]:
    """The chosen sentences that are not shown yet; of a list of steps all where one is not."""
    steps = [chosen.intersection(own.sentences) for own in weighed.blocks if own.has_steps]
    whole = [own for own in steps if not own <= {*shown}]
    return chosen.difference(shown).union(*whole)


def may_be_meant_too(question: Question, hit: Hit, first: Hit) -> bool:
    """Whether another passage of the first hit's document was found about as near, and holds as
    many words of the question and of what it leans on.
    """
    if not of_one_document(hit.entry, first.entry) or hit.score < AS_NEAR * first.score:
        return False
    asked = term_set(f"{question.words} {question.context}")
    return len(asked & term_set(hit.entry.text)) >= len(asked & term_set(first.entry.text))


def bound(entry: Entry, rank: int) -> Iterator[Sentence]:
    """All of the entry's sentences, in its order."""
    written = filter(str.strip, logical_lines(entry.answer))
    paragraphs = split_paragraphs(entry.answer)
    heads = [at in heads_of(own) for own in paragraphs for at in range(len(own))]
    for line, own, head in zip(split_lines(entry.answer), written, heads):
        indent = own[: len(own) - len(own.lstrip())] if is_step(own) else ""
        plain = not head and _is_plain(line)
        for at, text in enumerate(line):
            of_step, before = at > 0 and of_one_step(line), "" if at else indent
            yield Sentence(text, (rank,), of_step, before, heading=head, of_lines=plain)


def _is_plain(line: Sequence[str]) -> bool:
    """Whether a line ends as no sentence does, and is no step, row or code."""
    text = line[0]
    row = len(column_names(text)) >= COLUMNS
    ended = text.rstrip(CLOSES).endswith((*ENDS, *LEADS_ON))
    return len(line) == 1 and not (ended or row or is_step(text) or is_code(text))


def _shows(question: Question, entry: Entry) -> bool:
    """Whether it is a photo that asks about the entry, by what it looks like: no code was read."""
    pictured = question.photo is not None and bool(entry.pictures)
    return pictured and not any(photo_sentences(question, [entry]))


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
