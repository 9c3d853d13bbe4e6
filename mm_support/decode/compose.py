"""From a decision to a reply: its sentences, its sound, its citations and pictures.

An answer comes from the writer; every other kind of reply says in words what it is.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.as_json import snippet
from mm_support.decide.named import codes_in
from mm_support.decide.policy import PERIL, Decision, words_of
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.select import tables_of
from mm_support.decode.sentence import Meanwhile, Sentence
from mm_support.decode.voice import PAUSE, Voice
from mm_support.errors import GenerationError
from mm_support.language.detect import language_of, told_language
from mm_support.language.heard import codes
from mm_support.language.messages import clarify_text, has_message, message
from mm_support.language.sentences import COLUMNS, column_names, first_cell, is_step
from mm_support.language.spoken_table import summary
from mm_support.language.surely_heard import CLEARLY
from mm_support.language.terms import term_set
from mm_support.tracing import carried, span
from mm_support.types import Audio, Citation, Hit, Intent, Past, Question, Spoken

log = logging.getLogger(__name__)

MAX_PICTURES = 4  # of the cited entries
SPOKEN_ITEMS = 5  # of a list; nobody remembers more
TABLE = 3  # rows from which a table is summed up
TELLING = 2  # terms from which on the language of a question can be told
MAYBE = 1 / 3  # confidence from which on an entry is shown though it is asked whether it is meant
MAX_SIMILAR = 4  # of products that look like the customer's photo


@dataclass(frozen=True)
class Asked:
    """One of several questions of a message. hits: what answers it, best first; none: nothing.
    confidence: that they do, 0..1. disputed: what these say, where they contradict each other.
    """

    question: Question
    hits: tuple[Hit, ...]
    confidence: float = 0.0
    disputed: tuple[Sentence, ...] = ()


def quotes_foreign(question: Question, decision: Decision) -> bool:
    """Whether the entry is in another language than the question, as far as that can be told: of a
    word alone it cannot, nor where no language is sure and both have words in common.
    """
    words, answer = words_of(question), decision.hits[0].entry.answer
    language, told = language_of(answer), told_language(words)
    shared = not told and term_set(words, language) & term_set(answer, language)
    enough = len(term_set(words)) >= TELLING and not shared
    return enough and language != (told or question.language)


def compose(
    writer: ReplyWriter,
    question: Question,
    decision: Decision,
    stop: threading.Event,
    past: Sequence[Past] = (),
    asked: Sequence[Asked] = (),
) -> Iterator[Sentence | Meanwhile]:
    """The sentences of the reply that was decided on, as they become ready; before them, the
    numbers that were not heard surely. asked: the questions of a message that holds several, or the
    one whose entries contradict each other: whatever the model, both are quoted.
    """
    unsure = codes(question.heard) if question.heard_right < CLEARLY else ()
    if unsure and decision.reason != "misheard":
        numbers = ", ".join(unsure)
        yield Sentence(message("heard.number", question.language, numbers=numbers))
    language, question_back = question.language, f"question_back.{decision.reason}"
    if decision.unknown:
        yield Sentence(message("photo.unknown", language, text=decision.unknown))
    answers, disputed = decision.action == "answer", any(one.disputed for one in asked)
    said: Iterator[Sentence | Meanwhile] = iter(())
    if answers and asked and (disputed or not writer.writes):
        said = one_by_one(writer, asked, decision.hits, stop)
    elif answers:
        said = writer.write(question, decision.hits, stop, past)
    foreign = answers and not (writer.writes or disputed) and quotes_foreign(question, decision)
    yield from introduced(said, message("foreign", language)) if foreign else said
    if decision.action == "handoff":
        beside = [*beside_a_handover(writer, question, decision)] if decision.hits else []
        told = [Sentence(message(f"handoff.{decision.reason}", language))]
        first, second = (told, beside) if decision.reason in PERIL else (beside, told)
        yield from (*first, *apart(second)) if first else second
    elif has_message(question_back):
        heard = snippet(question.heard)
        yield Sentence(message(question_back, language, heard=heard))
    elif decision.action == "clarify" and disputed:
        yield Sentence(clarify_text(decision.hits, language))
    elif decision.action == "clarify":
        yield from asked_back(writer, question, decision)
    elif decision.action == "refuse":
        yield Sentence(message("refusal", language))
        if decision.hits:
            yield Sentence(message("closest", language), apart=True)
            yield from listed(writer, question, decision.hits)


def introduced(
    sentences: Iterator[Sentence | Meanwhile], notice: str
) -> Iterator[Sentence | Meanwhile]:
    """The sentences, and in front of the first that quotes an entry a notice."""
    for sentence in sentences:
        if notice and isinstance(sentence, Sentence) and sentence.citations:
            yield Sentence(notice)
            notice = ""
        yield sentence


def beside_a_handover(
    writer: ReplyWriter, question: Question, decision: Decision
) -> Iterator[Sentence]:
    """What the best entry says to somebody who is handed over: of emergencies, what answers where
    only a mood or a wish brings the person in, or all.
    """
    if decision.reason in ("asked", "upset"):
        yield from writer.quoted(question, decision.hits[:1])
    elif decision.reason in PERIL:
        yield from writer.urgent(decision.hits[0].entry)
    else:
        yield from writer.whole(decision.hits[0].entry)


def asked_back(
    writer: ReplyWriter, question: Question, decision: Decision
) -> Iterator[Sentence | Meanwhile]:
    """Which entry is meant, each with what it says that fits best: whoever asked may find the
    answer there. What the likeliest one says comes first where it may well be meant.
    """
    hits, language = decision.hits, question.language
    likely = int(bool(hits) and decision.confidence >= MAYBE)
    said = [*writer.quoted(question, hits[:1])] if likely else []
    if likely:
        yield Sentence(message("clarify.maybe", language))
        yield from apart(said)
    if len(hits) < 2:
        yield Sentence(clarify_text(hits, language), apart=bool(likely))
        return
    asking = message("clarify.also" if likely else "clarify.these", language)
    yield Sentence(asking, apart=bool(likely))
    told = {sentence.text for sentence in said}
    yield from listed(writer, question, hits[likely:], 1 + likely, told)
    yield Sentence(message("clarify.else", language), apart=True)


def apart(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """The sentences as a paragraph."""
    for place, sentence in enumerate(sentences):
        yield replace(sentence, apart=place == 0)


def listed(
    writer: ReplyWriter,
    question: Question,
    hits: Sequence[Hit],
    first: int = 1,
    told: Container[str] = (),
) -> Iterator[Sentence]:
    """The entries, each in a line with what it says that fits best and is not told yet; first: the
    number by which the first is cited.
    """
    for rank, hit in enumerate(hits, start=first):
        excerpt = writer.excerpt(question, hit.entry, told)
        yield Sentence(f"- {below(hit.entry.title, excerpt)}", (rank,))


def below(title: str, excerpt: str) -> str:
    """What an entry says behind its title, no part of which is said twice: "Branches: Branch:
    Central; Open: 9 am" under "Branches: Central".
    """
    parts = title.split(": ")
    for place in range(len(parts)):
        end = ": ".join(parts[place:])
        if excerpt.startswith(end) or first_cell(excerpt).endswith(f": {end}"):
            return ": ".join((*parts[:place], excerpt))
    return ": ".join(filter(None, (title, excerpt)))


def one_by_one(
    writer: ReplyWriter, asked: Sequence[Asked], hits: Sequence[Hit], stop: threading.Event
) -> Iterator[Sentence]:
    """Each question answered from its own hits, cited by their ranks among all; what none answers
    is said at the end, and that a person can tell what is right where they contradict each other.
    Where things are compared, or each is asked about by its code, what is said of one stands behind
    its title.
    """
    place = {hit.entry.id: rank for rank, hit in enumerate(hits, start=1)}
    language = asked[0].question.language
    said: set[str] = set()
    disputed = any(one.disputed for one in asked)
    titled = len(asked) > 1 and not disputed and _of_things(asked)
    for one in asked:
        written = writer.write(one.question, one.hits, stop) if one.hits else ()
        title = one.hits[0].entry.title if titled and one.hits else ""
        if title:
            said = set()
        if any(part.text not in said for part in one.disputed):
            yield Sentence(message("disputed.both", language))
        for part in one.disputed or written:
            if isinstance(part, Sentence) and part.text not in said:
                if title and part.heading and term_set(part.text) <= term_set(title):
                    continue
                if not said and not term_set(title) <= term_set(part.text):
                    yield Sentence(f"{title}:")
                said.add(part.text)
                ranks = tuple(place[one.hits[rank - 1].entry.id] for rank in part.citations)
                yield replace(part, citations=ranks)
    if disputed:
        yield Sentence(message("disputed.person", language))
    if not all(one.hits for one in asked):
        yield Sentence(message("not_said", language))


def _of_things(asked: Sequence[Asked]) -> bool:
    """Whether one question is asked of several entries, or each is named by a code in its title."""
    together = len({one.question.words for one in asked}) == 1
    titles = [term_set(one.hits[0].entry.title) if one.hits else frozenset() for one in asked]
    codes = [codes_in(term_set(one.question.words)) for one in asked]
    return together or all(own & title for own, title in zip(codes, titles))


def evidence_of(
    sentences: Sequence[Sentence], hits: Sequence[Hit], similar: Sequence[Path] = ()
) -> dict[str, Any]:
    """citations: an entry for each number in the text. pictures: those of the cited entries, then
    similar products, each once.
    """
    numbers = sorted({number for sentence in sentences for number in sentence.citations})
    cited = [(number, hits[number - 1].entry) for number in numbers]
    own = dict.fromkeys(path for _, entry in cited for path in entry.pictures)
    others = [path for path in similar if path not in own][:MAX_SIMILAR]
    return {
        "citations": tuple(
            Citation(number, entry.id, entry.title, entry.source, snippet(entry.answer))
            for number, entry in cited
        ),
        "pictures": (*tuple(own)[:MAX_PICTURES], *others),
    }


def intent_of(hits: Sequence[Hit]) -> Intent | None:
    """The best hit's intent; confidence is its share of what all hits vote for, each with its
    score.
    """
    votes: dict[str, float] = defaultdict(float)
    for hit in hits:
        votes[hit.entry.intent] += hit.score
    votes.pop("", None)
    if not hits or not votes.get(hits[0].entry.intent):
        return None
    best = hits[0].entry.intent
    return Intent(best, votes[best] / sum(votes.values()))


class Speech:
    """Speaks sentences in a thread of its own while the next ones are written; does nothing where
    not wanted. A sentence in a language that the voice does not speak is left unspoken; of a long
    list, the first items are spoken, and that there are more on the screen.

    A sentence is heard while the rest of it is still made. What cannot be spoken is left out: its
    text is on the screen already.
    """

    def __init__(self, voice: Voice, wanted: bool) -> None:
        self._voice, self._wanted = voice, wanted
        self._writer, self._speaker = ThreadPoolExecutor(1, "write"), ThreadPoolExecutor(1, "speak")
        self._sentences: deque[Iterator[Spoken]] = deque()  # the first is being spoken
        self._sounding: Future[Spoken | None] | None = None  # its next piece
        self._spoken: list[Audio] = []
        self.unspoken = ""  # the language of sentences that were left out
        self._language = ""  # of the sentence that was spoken last
        self._items = 0  # of lists
        self._rows: list[str] = []  # of a table that may go on

    def alongside(
        self, sentences: Iterator[Sentence | Meanwhile]
    ) -> Iterator[Sentence | Meanwhile | Spoken]:
        """The sentences as they come, and their sounds as soon as they are ready, each in its
        order; what is shown meanwhile is not spoken.

        The second sentence is asked for once sound is there: a draft would keep the processor from
        it.
        """
        if not self._wanted:
            yield from sentences
            return
        written = carried(next)
        coming, over = self._writer.submit(written, sentences, None), False
        while coming or self._sentences:
            self._go_on()
            running = [future for future in (coming, self._sounding) if future]
            wait(running, return_when=FIRST_COMPLETED)
            yield from self._ready()
            if coming and coming.done():
                sentence, coming = coming.result(), None
                over = sentence is None
                if isinstance(sentence, Meanwhile):
                    yield sentence
                    continue
                self._sentences += map(self._said, self._parts(sentence))
                if sentence:
                    yield sentence
            if not (coming or over) and (self._spoken or not self._sentences):
                coming = self._writer.submit(written, sentences, None)

    def _said(self, text: str) -> Iterator[Spoken]:
        """Its sound, behind a pause where something was said before."""
        pause = PAUSE if self._spoken else 0.0
        for piece in self._voice.sounds(text):
            samples = np.pad(piece.samples, (round(pause * piece.rate), 0))
            yield Spoken(Audio(samples, piece.rate), text)
            pause = 0.0

    def _parts(self, sentence: Sentence | None) -> list[str]:
        """What is spoken now that a sentence, or the end, has come. Rows of a table wait for its
        last.
        """
        text = sentence.text if sentence else ""
        is_row = len(column_names(text)) >= COLUMNS
        goes_on = is_row and (not self._rows or tables_of([self._rows[-1:], [text]]))
        parts = [] if goes_on else self._table()
        if is_row:
            self._rows.append(text)
            return parts
        return parts + (self._own(sentence) if sentence else self._left())

    def _table(self) -> list[str]:
        """What is said of the rows that wait: many are summed up."""
        rows, self._rows = self._rows, []
        if len(rows) >= TABLE:
            rows = [summary(rows, language_of("\n".join(rows)))]
        return [part for row in rows for part in self._own(Sentence(row))]

    def _own(self, sentence: Sentence) -> list[str]:
        """A sentence, if it is spoken."""
        text, language = sentence.text, language_of(sentence.text)
        if not self._voice.speaks(language):
            self.unspoken = language
            return []
        self._language = language
        self._items += is_step(text)
        left_out = sentence.in_step and self._items > SPOKEN_ITEMS
        return [] if left_out else [text]

    def _left(self) -> list[str]:
        """At the end, that a list was too long to be spoken."""
        left = self._items - SPOKEN_ITEMS
        return [message("spoken.more", self._language, count=left)] if left > 0 else []

    def _go_on(self) -> None:
        """Has the next piece made, unless one is."""
        if self._sentences and self._sounding is None:
            self._sounding = self._speaker.submit(carried(_made), self._sentences[0])

    def _ready(self) -> Iterator[Spoken]:
        """The piece that was made, if it is."""
        if self._sounding is None or not self._sounding.done():
            return
        made, self._sounding = self._sounding, None
        try:
            piece = made.result()
        except GenerationError as exc:
            log.warning("a sentence was not spoken: %s", exc)
            piece = None
        if piece is None:
            self._sentences.popleft()
            return
        self._spoken.append(piece.audio)
        self._go_on()
        yield piece

    def whole(self) -> Audio | None:
        """What was handed out, as one sound; None where there was none."""
        if not self._spoken:
            return None
        samples = np.concatenate([sound.samples for sound in self._spoken])
        return Audio(samples, self._spoken[0].rate)

    def close(self) -> None:
        for pool in (self._writer, self._speaker):
            pool.shutdown(wait=False, cancel_futures=True)


def _made(sentence: Iterator[Spoken]) -> Spoken | None:
    """The next piece; None behind the last."""
    with span("speak"):
        return next(sentence, None)
