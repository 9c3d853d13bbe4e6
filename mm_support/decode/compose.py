"""From a decision to a reply: its sentences, its citations and pictures.

An answer comes from the writer; every other kind of reply says in words what it is. Knows nothing
of how it is spoken.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mm_support.as_json import opening, snippet
from mm_support.decide.coded import codes_in
from mm_support.decide.decision import PERIL, Decision
from mm_support.decode.heading import before_text
from mm_support.decode.reply import ReplyWriter, photo_sentences
from mm_support.decode.sentence import Meanwhile, Sentence
from mm_support.language.detect import language_of, stop_words, told_language
from mm_support.language.heard import codes
from mm_support.language.messages import clarify_text, has_message, message
from mm_support.language.sentences import first_cell
from mm_support.language.short_names import short_names
from mm_support.language.surely_heard import CLEARLY
from mm_support.language.terms import term_set
from mm_support.types import Citation, Entry, Hit, Intent, Past, Question

ALIKE = 0.6  # share of the best photo score from which on an entry looks similar
MAX_PICTURES = 4  # of the cited entries
TELLING = 2  # terms from which on the language of a question can be told
MAYBE = 1 / 3  # confidence from which on an entry is shown though it is asked whether it is meant
# share of the best score from which on the second hit is as often right: of 83 customers' questions
# found so near each other 25 were answered by the second and 26 by the first
TIED = 0.98
MAX_SIMILAR = 4  # of products that look like the customer's photo


@dataclass(frozen=True)
class Asked:
    """One of several questions of a message. hits: what answers it, best first; none: nothing.
    confidence: that they do, 0..1. disputed: what these say, where they contradict each other. Of a
    photo that nothing answers, unknown: a code in it, among: what it may be about.
    """

    question: Question
    hits: tuple[Hit, ...]
    confidence: float = 0.0
    disputed: tuple[Sentence, ...] = ()
    unknown: str = ""
    among: tuple[Hit, ...] = ()


def foreign(question: Question, quoted: str, entry: Entry, expected: tuple[str, ...] = ()) -> bool:
    """Whether what is quoted of an entry is in another language than the question, as far as that
    can be told: of a word alone it cannot, nor where no language is sure, as of names without
    grammar ("systemd timer setup"), and both have words in common. expected: see told_language.
    """
    words, answer = question.asked, entry.answer
    of_entry = language_of(answer)
    told = told_language(words)
    if told == "zh":  # characters alone, which may be Japanese
        told = told_language(words, (of_entry,))
    said = [term for term in term_set(quoted, of_entry) if not term.isdecimal()]
    told_there = told_language(quoted, expected or (of_entry,)) if len(said) >= TELLING else None
    language = told_there or of_entry
    sure = told and not (words.isascii() and stop_words(told).isdisjoint(words.lower().split()))
    shared = not sure and term_set(words, language) & term_set(answer, language)
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
    if answers and not asked:
        said = with_tied(writer, question, said, decision.hits[:2])
    if answers and not disputed:
        said = introduced(question, said, decision.hits, writer.writes)
    yield from said
    if answers:
        yield from unanswered_photos(asked, language)
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


def with_tied(
    writer: ReplyWriter,
    question: Question,
    parts: Iterable[Sentence | Meanwhile],
    hits: Sequence[Hit],
) -> Iterator[Sentence | Meanwhile]:
    """The parts of a reply, and behind them what it may be about as well: the second hit where
    nothing but a hair's breadth parts it from the first, which is not named, and nothing is said of
    it yet.
    """
    told, cited = set[str](), set[int]()
    for part in parts:
        if isinstance(part, Sentence):
            told.add(part.text)
            cited.update(part.citations)
        yield part
    named = term_set(hits[0].entry.title) <= term_set(question.words)
    if len(hits) > 1 and cited == {1} and not named and tied(*hits):
        yield Sentence(message("clarify.also", question.language), apart=True)
        yield from listed(writer, question, hits, 2, told)


def tied(first: Hit, second: Hit) -> bool:
    """Whether chance decided which of two hits comes first. One that was put first, as it is named,
    has the very score of what it was put before.
    """
    written = {language_of(hit.entry.answer) for hit in (first, second)}
    return TIED * first.score <= second.score < first.score and len(written) == 1


def introduced(
    question: Question, parts: Iterable[Sentence | Meanwhile], hits: Sequence[Hit], written: bool
) -> Iterator[Sentence | Meanwhile]:
    """The parts of a reply, as they are ready; in front of the first that is quoted in another
    language than the question's a sentence that says so, where what is quoted of its entry begins
    with it. Of a heading in another what it stands over tells: a product's name is in any. hits:
    the cited ones. written: whether a model may have written some in the question's language.
    """
    expected = (question.language,) if written else ()
    introduced, begun = False, set[int]()
    over: list[Sentence] = []
    for part in parts:
        if not isinstance(part, Sentence):
            yield part
            continue
        entry = hits[part.citations[0] - 1 if part.citations else 0].entry
        begins = part.text and not introduced and not begun.issuperset(part.citations)
        strange = begins and foreign(question, part.text, entry, expected)
        if strange and part.heading:
            over.append(part)
            continue
        begun.update(part.citations)
        own = [*over, part]
        over.clear()
        if strange:
            yield Sentence(message("foreign", question.language))
            own[0], introduced = replace(own[0], apart=True), True
        yield from own
    yield from over


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
    yield from listed(writer, question, hits, 1 + likely, told)
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
    """The entries, each in a line with what it says that fits best and is not told yet. first: the
    place of the first, by which it is cited.
    """
    names = short_names([hit.entry for hit in hits])
    for rank in range(first, len(hits) + 1):
        excerpt = writer.excerpt(question, hits[rank - 1].entry, told)
        yield Sentence(f"- {below(names[rank - 1], excerpt)}", (rank,))


def below(title: str, excerpt: str) -> str:
    """What an entry says behind its title, no part of which is said twice: "Branches: Branch:
    Central; Open: 9 am" under "Branches: Central".
    """
    parts = title.split(": ")
    for place in range(len(parts)):
        end = ": ".join(parts[place:])
        if excerpt.startswith(end) or first_cell(excerpt).endswith(f": {end}"):
            return ": ".join((*parts[:place], excerpt))
    return f"{before_text(title)} {excerpt}" if excerpt else title


def one_by_one(
    writer: ReplyWriter, asked: Sequence[Asked], hits: Sequence[Hit], stop: threading.Event
) -> Iterator[Sentence]:
    """Each question answered from its own hits, cited by their ranks among all; what none answers
    is said at the end, and that a person can tell what is right where they contradict each other.
    Where things are compared, or each is asked about by its code, what is said of one stands behind
    its title, unless it begins with what the customer's photo shows. What is said of another photo
    is a paragraph.
    """
    place = {hit.entry.id: rank for rank, hit in enumerate(hits, start=1)}
    language = asked[0].question.language
    said: set[tuple[str, str]] = set()
    disputed = any(one.disputed for one in asked)
    titled = len(asked) > 1 and not disputed and _of_things(asked)
    for one in asked:
        written = writer.write(one.question, one.hits, stop) if one.hits else ()
        begins = bool(said) and one.question.photo is not None
        title = one.hits[0].entry.title if titled and one.hits else ""
        if title:
            said = set()
            entries = [hit.entry for hit in one.hits]
            title = "" if any(photo_sentences(one.question, entries)) else title
        parts = [part for part in one.disputed or written if isinstance(part, Sentence)]
        new = [part for part in parts if _of_its_entry(part, one) not in said]
        if one.disputed and new:
            yield Sentence(message("disputed.both", language))
        for part in _headed_by(new, title):
            if not said and not term_set(title) <= term_set(part.text):
                yield Sentence(before_text(title), apart=begins)
                begins = False
            said.add(_of_its_entry(part, one))
            ranks = tuple(place[one.hits[rank - 1].entry.id] for rank in part.citations)
            yield replace(part, citations=ranks, apart=part.apart or begins)
            begins = False
    if disputed:
        yield Sentence(message("disputed.person", language))
    if not all(one.hits or one.unknown or one.among for one in asked):
        yield Sentence(message("not_said", language))


def _of_its_entry(part: Sentence, one: Asked) -> tuple[str, str]:
    """A sentence and the title that it stands under: "Yes." is another answer under another one."""
    rank = part.citations[0] if part.citations else 0
    return part.text, one.hits[rank - 1].entry.title if rank else ""


def _headed_by(parts: Sequence[Sentence], title: str) -> Iterator[Sentence]:
    """The sentences without headings over nothing, and without what the title says already."""
    for part, after in zip_longest(parts, parts[1:]):
        over_none = part.heading and (after is None or after.heading)
        if not over_none and not (part.heading and term_set(part.text) <= term_set(title)):
            yield part


def unanswered_photos(asked: Sequence[Asked], language: str) -> Iterator[Sentence]:
    """Of photos beside those that were answered, or of one of which not all is answered: the code
    that nothing names, or what they may be about.
    """
    others = any(one.question.photo is not asked[0].question.photo for one in asked)
    for one in asked:
        if one.unknown:
            yield Sentence(message("photo.unknown", language, text=one.unknown), apart=True)
        elif one.among:
            if others:
                yield Sentence(message("photo.other", language), apart=True)
            yield Sentence(clarify_text(one.among, language), apart=not others)


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
            Citation(number, entry.id, entry.title, entry.source, opening(entry.answer))
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


def gallery(hits: Sequence[Hit]) -> tuple[Path, ...]:
    """A picture of each entry that looks like the customer's photo, best first."""
    pictured = [hit for hit in hits if hit.entry.pictures and hit.by.get("photo", 0.0) > 0]
    best = max((hit.by["photo"] for hit in pictured), default=0.0)
    alike = [hit for hit in pictured if hit.by["photo"] >= ALIKE * best]
    return tuple(hit.entry.pictures[0] for hit in sorted(alike, key=lambda hit: -hit.by["photo"]))
