"""Decode: from the decision to the reply, as sentences and their sound while they are made.

What each kind of reply says is decode/compose.py; here it is joined with what an action gave, with
the rest of an interrupted reply and with notices. Knows nothing of how the decision came about.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from mm_support.actions.flow import Told
from mm_support.decode.compose import compose, evidence_of, gallery, one_by_one
from mm_support.decode.sentence import Meanwhile, Numbers, Sentence
from mm_support.decode.speaking import Speech
from mm_support.language.messages import MAX_CANDIDATES, message
from mm_support.language.personal import masked_question
from mm_support.language.short_names import short_names
from mm_support.parts import Parts
from mm_support.pipeline.mask import masked, masked_turns
from mm_support.pipeline.results import Answered, Judged
from mm_support.pipeline.resume import rest_of
from mm_support.pipeline.step import Clock, Step
from mm_support.types import Audio, Found, Past, Question, Reply, Said, Spoken, Working

After = Callable[[str, str], str]  # a hand-over's reason and a language -> what is said then


def decode(
    parts: Parts,
    judged: Judged,
    clock: Clock,
    past: Sequence[Past] = (),
    after: After | None = None,
) -> Step[Answered]:
    """Checked sentences as they come, their sound behind them, and the reply that they make. What
    was found is told again where its order changes: a citation's number is the place of its entry.

    Once a conversation it is said that there is no voice for its language, where there is none.
    """
    if judged.query is not None:
        yield Working("write", "Writing")
        told = (hit.entry for hit in judged.hits)
        parts.encoders.text.learn(parts.knowledge.vectors(judged.turn.knowledge, told), "passage")
    said: list[tuple[Sentence, str]] = []  # each sentence, and how it is shown behind the last
    ranked, numbers = judged.hits, Numbers()
    question = masked(judged)
    speech, stop = Speech(parts.voice, judged.turn.speak), threading.Event()
    written = followed(write(parts, judged, question, past, stop), judged, past, after)
    try:
        for piece in with_notice(speech, written, past):
            if isinstance(piece, Spoken):
                clock.mark("first_sound")
                yield piece
                continue
            clock.mark("first_words")
            if isinstance(piece, Meanwhile):
                yield Working("quote", piece.text)
                continue
            piece = numbers.counted(piece)
            fusion, hits = judged.fusion, numbers.ordered(ranked)
            if fusion and judged.hits != hits:
                judged = replace(judged, hits=hits)
                yield Found(hits, fusion)
            said.append((piece, piece.shown(said[-1][0] if said else None)))
            yield Said(said[-1][1])
    finally:
        stop.set()
        speech.close()
    sentences = tuple(sentence for sentence, _ in said)
    text = "".join(shown for _, shown in said)
    reply = reply_of(judged, sentences, text, speech.whole(), clock)
    return Answered(judged, reply, question, sentences)


def write(
    parts: Parts, judged: Judged, question: Question, past: Sequence[Past], stop: threading.Event
) -> Iterator[Sentence | Meanwhile]:
    """What the decision comes to in sentences; what is told of an action stands last. question: as
    a language model may read it.
    """
    if judged.rest:
        return rest_of(judged.rest, judged.hits)
    asked = [replace(one, question=masked_question(one.question)) for one in judged.asked]
    if not judged.acted:
        before = masked_turns(past)
        return compose(parts.writer, question, judged.decision, stop, before, asked)
    others = one_by_one(parts.writer, asked, judged.decision.hits, stop) if asked else ()
    return chain(others, acted_sentences(judged, judged.acted))


def acted_sentences(judged: Judged, told: Told) -> Iterator[Sentence]:
    """What is told of an action; its answer is the last of what is cited."""
    last = (len(judged.decision.hits),)
    for sentence in told.sentences:
        yield replace(sentence, citations=last) if sentence.citations else sentence


def with_notice(
    speech: Speech, written: Iterator[Sentence | Meanwhile], past: Sequence[Past]
) -> Iterator[Sentence | Meanwhile | Spoken]:
    """The sentences with their sound, and at the end that some were not spoken, if so."""
    yield from speech.alongside(written)
    if notice := no_voice(speech.unspoken, past):
        yield notice


def followed(
    sentences: Iterator[Sentence | Meanwhile],
    judged: Judged,
    past: Sequence[Past],
    after: After | None,
) -> Iterator[Sentence | Meanwhile]:
    """The sentences; after a hand-over when to expect a person, and after the first answer beside
    an action that waits, whether to go on with that. Nothing where the customer was told already.
    """
    if judged.told:
        return
    yield from sentences
    action, language = judged.decision.action, judged.question.language
    if action == "handoff" and after and (said := after(judged.decision.reason, language)):
        yield Sentence(said)
    before = past[-1].pending if past and judged.aside else None
    if action == "answer" and before and not before.aside:
        yield Sentence(message("action.go_on", language, title=judged.offered[0]))


def no_voice(language: str, past: Sequence[Past]) -> Sentence | None:
    """Says that sentences of a language were not spoken, unless that was said before. language: ""
    where all were.
    """
    notice = message("voice.none", language)
    said = any(notice in turn.reply for turn in past)
    return Sentence(notice) if language and not said else None


def reply_of(
    judged: Judged, sentences: Sequence[Sentence], text: str, audio: Audio | None, clock: Clock
) -> Reply:
    """The finished reply, with what it cites."""
    decision = judged.decision
    acted = judged.acted
    wanted = judged.seen and decision.similar and decision.action in ("answer", "clarify")
    similar = gallery(judged.hits) if wanted else ()
    return Reply(
        text=text,
        action=decision.action,
        choices=acted.choices if acted else (*choices_of(judged), *judged.offered),
        form=acted.form if acted else None,
        pending=acted.pending if acted else judged.aside,
        audio=audio,
        transcript=judged.heard,
        image=judged.seen.view if judged.seen else None,
        intent=judged.intent,
        fusion=judged.fusion,
        timings=clock.milliseconds(),
        session_id=judged.turn.session_id or "",
        turn_id=uuid.uuid4().hex,
        language=judged.question.language,
        confidence=decision.confidence,
        **evidence_of(sentences, judged.hits, similar),
    )


def choices_of(judged: Judged) -> tuple[str, ...]:
    """What is asked back, of all or of a photo beside others, for whoever would rather tap than
    type.
    """
    asks = judged.decision.action == "clarify"
    among = [hit for one in judged.asked for hit in one.among]
    hits = judged.decision.hits if asks else among
    return short_names([hit.entry for hit in hits])[:MAX_CANDIDATES]
