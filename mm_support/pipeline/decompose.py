"""A closer look at what a message asks: several questions, or one among other words.

    "What colours does it come in? And how long is the warranty?"

Where the questions lead to different entries, each is answered from its own; of one that nothing
answers the reply says so. Where they lead to the same, or nothing is found for any, the message
stays one question. A sentence is several questions where different entries answer all its clauses,
more surely than it is answered as a whole, or both sides of an "and" or a comma. Each is read with
what was asked before it: "how do I return the lamp, and what does it cost?".

Where a pasted mail or a long story as a whole finds nothing sure, its question is searched for by
itself, and with the sentence before it. Beside a photo each sentence that asks is read with it.
Knows nothing of actions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from mm_support.decide.decision import Decision
from mm_support.decide.follow_up import with_matter
from mm_support.decide.named import both_named, only_names
from mm_support.decode.compose import Asked
from mm_support.encode.turn import Seen
from mm_support.language.asks import asks_in_words
from mm_support.language.detect import language_of
from mm_support.language.mail import own_words, without_quoted
from mm_support.language.messages import messages
from mm_support.language.sentences import ASKING, split_sentences
from mm_support.language.terms import edged, term_set
from mm_support.parts import Parts
from mm_support.pipeline.retrieve import OPEN, look_up
from mm_support.pipeline.step import Clock
from mm_support.types import Hit, Past, Question

LONG = 15  # terms of a message in which a question is easily lost
FEWEST = 2  # terms of a question that is searched for by itself
WORDS = 4  # of a question of one term: "how do I cancel"
MOST = 4  # questions of one message
ENDS = " ?!.？！。…"
SPACED = " ,;，；、،"
JOINTS = 2  # places at which a sentence is tried as two questions


def several(
    parts: Parts,
    question: Question,
    decision: Decision,
    hits: Sequence[Hit],
    knowledge: str,
    past: Sequence[Past] = (),
    seen: Seen | None = None,
) -> list[Asked]:
    """The questions of a message, in its order, where they are several that different entries
    answer; the same for each of two things that it names; the one that is answered by itself, where
    the whole message is not; else none. hits: those of the whole message, best first. seen: the
    question's photo.
    """
    words = question.asked
    chosen = any(hit.entry.title == words for hit in hits)
    if decision.reason not in OPEN or chosen:
        return []
    if question.photo is not None:
        return _of_photo(parts, question, knowledge, past, seen)
    texts, parted = questions_in(words), clauses(words)
    if len(parted) > 2:
        asked = each(parts, question, parted, knowledge, past)
        surer = all(one.hits and one.confidence > decision.confidence for one in asked)
        if surer and len(topics(asked)) > 1:
            return asked
    worded = questions_in(words, worded=True)
    ways = [worded, texts] if len(worded) > len(texts) else [texts]
    for way in (way for way in ways if len(way) > 1):
        asked = each(parts, question, way, knowledge, past)
        if _are_several(way, asked):
            return asked
    sure = decision.action == "answer"
    for sides in two_clauses(words, commas=not sure) if len(texts) < 2 else ():
        asked = each(parts, question, sides, knowledge, past)
        if sure and all(map(asks_in_words, sides)):
            asked = _with_whole(asked, decision)
        if len(topics(asked)) == len(sides):
            return asked
    pair = both_named(words, hits)
    if pair and (decision.action != "refuse" or only_names(words, pair)):
        return [Asked(question, (hit,)) for hit in pair]
    return [] if decision.action == "answer" else _inner(parts, question, words, knowledge)


def _of_photo(
    parts: Parts, question: Question, knowledge: str, past: Sequence[Past], seen: Seen | None
) -> list[Asked]:
    """The sentences of a message that ask, however little without its photo, each read beside it,
    where they are several questions: "What is this? Do you deliver?".
    """
    texts = questions_in(question.asked, 0)
    if len(texts) < 2:
        return _of_photo_joined(parts, question, knowledge, past, seen)
    asked = each(parts, question, texts, knowledge, past, seen)
    told = topics(asked)
    asked = [replace(one, among=_without(told, one.among)) for one in asked]
    return asked if len(told) > 1 or told and not all(one.hits for one in asked) else []


def _of_photo_joined(
    parts: Parts, question: Question, knowledge: str, past: Sequence[Past], seen: Seen | None
) -> list[Asked]:
    """Both sides of an "and", one of which asks, each read beside a photo, where different entries
    answer them: "What does this mean and is it covered by the warranty?".
    """
    for sides in two_clauses(question.asked, 0):
        asking = any(map(asks_in_words, sides))
        asked = each(parts, question, sides, knowledge, past, seen) if asking else []
        if len(topics(asked)) == len(sides):
            return asked
    return []


def _without(told: Collection[str], hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(hit for hit in hits if hit.entry.id not in told)


def each(
    parts: Parts,
    question: Question,
    texts: Sequence[str],
    knowledge: str,
    past: Sequence[Past] = (),
    seen: Seen | None = None,
) -> list[Asked]:
    """Parts of a message, each with what answers it, read as if it followed on those before."""
    asked: list[Asked] = []
    parts.encoders.text.encode_pieces(texts)  # in one batch, and remembered
    for text in texts:
        one = _asked(parts, question, text, knowledge, past, seen)
        if past and not one.hits:  # "And what does a lime cost?" may lean on nothing
            one = _asked(parts, question, text, knowledge, (), seen)
        asked.append(one)
        topic = one.hits[0].entry.title if one.hits else ""
        cited = tuple(hit.entry.id for hit in one.hits[:1])
        past = (*past, Past(text, "", "answer", cited, knowledge=knowledge, topic=topic))
    return asked


def topics(asked: Sequence[Asked]) -> set[str]:
    """The entries that answer them best."""
    return {one.hits[0].entry.id for one in asked if one.hits}


def _are_several(texts: Sequence[str], asked: Sequence[Asked]) -> bool:
    """Whether different entries answer them, or one does and what nothing answers says enough."""
    unanswered = [text for text, one in zip(texts, asked) if not one.hits]
    enough = all(len(term_set(text)) >= FEWEST for text in unanswered)
    return len(topics(asked)) > 1 or bool(topics(asked) and unanswered and enough)


def _with_whole(asked: Sequence[Asked], decision: Decision) -> list[Asked]:
    """What answers the whole message answers the one that nothing answers by itself, where it is
    none of the others' answers.
    """
    told = any(hit.entry.id in topics(asked) for hit in decision.hits[:1])
    return [one if one.hits or told else replace(one, hits=decision.hits) for one in asked]


def short_ones(words: str) -> list[Sequence[str]]:
    """Ways in which a message may be several questions, however little each of them says."""
    ways = [questions_in(words, 1), *two_clauses(words, 1)]
    return [texts for texts in ways if len(texts) > 1]


def _inner(parts: Parts, question: Question, words: str, knowledge: str) -> list[Asked]:
    """The part of a message that is answered most surely by itself, if one is."""
    alone = [_asked(parts, question, text, knowledge) for text in inner_questions(words)]
    sure = [one for one in alone if one.hits]
    return [max(sure, key=lambda one: one.confidence)] if sure else []


def inner_questions(words: str) -> list[str]:
    """What a pasted mail itself says, and the questions of it or of a long message, each without
    what leads to it and with the sentence before it. None of a short message: its sentences belong
    together, and a question says too little without them.
    """
    own = own_words(words)
    mail = bool(own) and term_set(own) < term_set(words)
    if not mail and len(term_set(words)) < LONG:
        return []
    sentences = split_sentences(own if mail else words)
    found = [own] if mail else []
    for place, sentence in enumerate(sentences):
        if _asks(sentence) and len(sentences) > 1:
            found += [sentence, " ".join(sentences[max(place - 1, 0) : place + 1])]
    long_enough = (text for text in dict.fromkeys(found) if len(term_set(text)) >= FEWEST)
    return [text for text in long_enough if text != words][:MOST]


def questions_in(words: str, fewest: int = FEWEST, worded: bool = False) -> list[str]:
    """The sentences, quoted lines apart, that may be questions by themselves; those behind the last
    question mark, and in front of a question what only leads to it, stay with the question beside
    them. worded: also one with few terms ("What is the deposit?", "And the lamp?").
    """
    found: list[str] = []
    before = ""
    for sentence in split_sentences(without_quoted(words)):
        before = f"{before} {sentence}".strip()
        if not _asks(sentence):
            continue
        if len(term_set(before)) >= (1 if worded else fewest):
            found.append(before)
            before = ""
    if found and before:
        found[-1] = f"{found[-1]} {before}"
    return found[:MOST]


def two_clauses(words: str, fewest: int = FEWEST, commas: bool = False) -> list[tuple[str, str]]:
    """What stands on both sides of a word, or of a comma, that may stand between two questions;
    each side may be a question by itself. commas: whether a comma is enough though no word of
    either side says that it asks.
    """
    found: list[tuple[str, str]] = []
    for joint in _joint(words).finditer(words):
        pair = words[: joint.start()].strip(), words[joint.end() :].strip()
        enough = commas or bool(joint.group().strip(SPACED)) or all(map(asks_in_words, pair))
        if enough and all(_may_ask(side, fewest) for side in pair):
            found.append(pair)
    return found[:JOINTS]


def clauses(words: str) -> list[str]:
    """A message cut at every such place and behind every sentence; none where a piece says nothing
    or there are too many.
    """
    sentences = split_sentences(without_quoted(words))
    pieces = [piece.strip() for own in sentences for piece in _joint(words).split(own)]
    found = [piece for piece in pieces if piece.strip(ENDS)]
    return found if len(found) <= MOST and all(map(term_set, found)) else []


def _joint(words: str) -> re.Pattern[str]:
    """What stands between two clauses: a word that may stand between questions, or a comma."""
    between = messages(language_of(words)).get("between_questions", "").split()
    named = [rf"[,;，；、،]?\s*(?:{edged(between)})\s*"] if between else []
    return re.compile("|".join([*named, r"[,;،]\s+|[，；、]\s*"]), re.IGNORECASE)


def _may_ask(side: str, fewest: int) -> bool:
    """Whether it says enough for a question: so many terms, or one among words of grammar or in
    front of a question mark.
    """
    found = len(term_set(side))
    worded = len(side.split()) >= WORDS or asks_in_words(side) or _asks(side)
    return found >= fewest or (found > 0 and worded)


def _asks(sentence: str) -> bool:
    return sentence.rstrip(" \"'»”").endswith(ASKING)


def _asked(
    parts: Parts,
    whole: Question,
    text: str,
    knowledge: str,
    past: Sequence[Past] = (),
    seen: Seen | None = None,
) -> Asked:
    """A part of a message as a question of its own, or with what was said before it; of a photo
    that it is asked of, what it may show.
    """
    question = replace(whole, typed=text, heard="")
    looked = look_up(parts, knowledge, question, (None, seen), with_matter(past), Clock())
    decision = looked.decision
    answering = decision.hits if decision.action == "answer" else ()
    among = decision.hits if seen and decision.reason == "ambiguous" else ()
    return Asked(looked.question, answering, decision.confidence, among=among)


def merged(decision: Decision, asked: Sequence[Asked]) -> Decision:
    """The decision to answer all of them: the hits of each, every entry once."""
    hits = {hit.entry.id: hit for one in asked for hit in one.hits}
    sure = max([decision.confidence, *(one.confidence for one in asked if one.hits)])
    answer = replace(decision, action="answer", reason="evidence", unknown="", confidence=sure)
    return replace(answer, hits=tuple(hits.values()))
