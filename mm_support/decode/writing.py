"""An answer in a language model's own words, sentence by sentence, each checked before it is shown.

A sentence that a passage supports is shown as it was written, with the number of that passage. One
that none supports is replaced by the sentence of the entries that it rests on, where that one is to
the point. Code is shown where it stands in an entry as it was written, and left out else. What the
model says of things that no passage says is shown as the assistant's own
message, never in the model's words. Knows nothing of retrieval or of when to answer at all.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mm_support.decode.prompt import (
    NOT_SAID,
    clean,
    room_for,
    width_of,
    with_photo,
    writing_messages,
)
from mm_support.decode.sentence import Sentence
from mm_support.decode.verify import Verdict, stated
from mm_support.engines.base import LanguageModel
from mm_support.errors import GenerationError
from mm_support.language.fences import code_of, fenced, is_code, logical_lines, without_fences
from mm_support.language.messages import message
from mm_support.language.sentences import is_step, split_sentences, without_markers
from mm_support.language.terms import term_set
from mm_support.tracing import streamed
from mm_support.types import Entry, Past, Question

log = logging.getLogger(__name__)

# seconds until the first words, without any new ones, and in all, by an engine's speed
LIMITS = {"fast": (6.0, 4.0, 20.0), "slow": (25.0, 10.0, 90.0)}
LONGEST = 400  # characters of a sentence that may be shown
LONGEST_CODE = 4_000  # characters
ENDLESS = 4 * LONGEST  # characters of what no sentence ends, after which none is waited for
FEWEST = 2  # terms from which a sentence can be judged by itself: "Yes." is read with the next one
MOST_IDLE = 6  # sentences that added nothing, after which the model is not listened to any longer
# 【1】, [^1] and [1-2] are [1] and [1, 2] as some models write them
MARKERS = re.compile(r"[\[【［]\^?(\d{1,3}(?:\s*[,，、–-]\s*\d{1,3})*)[\]】］]")
# days. [1] Then
BEHIND = re.compile(r"([.!?。！？]+)\s*(\[\d+[\d,\s]*\](?:\s*\[\d+[\d,\s]*\])*)\s*")
NUMBER = re.compile(r"\d+")
# no word yet: more marks of the sentence before, or what may become a number of it
BEGUN = re.compile(r"[^\w\[【［]*(?:[\[【［][\d,，、–\s^-]*)?")
ENDS = re.compile(r"[.!?…。！？)\]]\W*$")
MARKUP = re.compile(r"\*\*|__|`|^#+\s+|^>\s+")

# what a model wrote, and what was said -> the sentence of the entries that it rests on
Quote = Callable[[str, Sequence[Sentence]], Sentence | None]
Holds = Callable[[Sequence[Sentence], str], bool]  # whether what was said says a sentence too


@dataclass
class Written:
    """How far an answer came. said: sentences that were shown; quoted: those that are the entries';
    own: whether the model wrote any that is supported; complete: whether it ended the answer itself
    and was listened to until then.
    """

    said: list[Sentence] = field(default_factory=list)
    quoted: list[Sentence] = field(default_factory=list)
    own: bool = False
    complete: bool = True
    not_said: bool = False


def write(
    model: LanguageModel,
    check: Callable[..., Verdict],
    question: Question,
    entries: Sequence[Entry],
    past: Sequence[Past],
    quote: Quote,
    holds: Holds,
    written: Written,
    stop: threading.Event | None,
) -> Iterator[Sentence]:
    """Sentences that may be shown, as they become ready; `written` tells how far it came.

    check: the verdict on a sentence by the entries and the places that it names.
    quote: None where none is to the point, or it was given already.
    """
    idle = 0
    for text, cited in sentences_of(model, question, entries, past, written, stop):
        sentence = None
        if NOT_SAID in cited:
            written.not_said = True
        elif is_code(text):
            sentence = _copied(text, entries)
        elif all(text != said.text for said in written.said):
            found = check(text, entries, [number - 1 for number in cited])
            sentence = _shown(text, found, quote, holds, written)
        if sentence is not None:
            written.said.append(sentence)
            yield sentence
        idle += sentence is None or sentence in written.quoted
        if idle > MOST_IDLE:
            written.complete = False
            return


def _copied(code: str, entries: Sequence[Entry]) -> Sentence | None:
    """Code as a sentence of the first entry that has all its lines one after another; None where
    none does.
    """
    lines = _stripped(code_of(code))
    for rank, entry in enumerate(entries, start=1):
        if lines.strip() and lines in _stripped(without_fences(entry.answer)):
            return Sentence(fenced(code_of(code)), (rank,))
    return None


def _stripped(text: str) -> str:
    """Its lines without the blanks around them, between line ends."""
    return "".join(f"\n{line.strip()}" for line in text.splitlines() if line.strip()) + "\n"


def _shown(
    text: str, found: Verdict, quote: Quote, holds: Holds, written: Written
) -> Sentence | None:
    """A sentence that is supported, or the one of the entries that it rests on; None where there is
    none, or what it says was said already, by the entries or by the model.
    """
    quoted = written.quoted
    if found.supported:
        written.own = True
        own = Sentence(text, tuple(place + 1 for place in found.places))
        return None if holds(quoted, text) else own
    sentence = quote(text, written.said)
    if sentence is None or holds([own for own in written.said if own not in quoted], sentence.text):
        return None
    quoted.append(sentence)
    return sentence


def sentences_of(
    model: LanguageModel,
    question: Question,
    entries: Sequence[Entry],
    past: Sequence[Past],
    written: Written,
    stop: threading.Event | None,
) -> Iterator[tuple[str, list[int]]]:
    """The sentences that the model writes, without markup, and the numbers that each names."""
    can = model.can
    width = width_of([question.words, *(entry.answer for entry in entries)])
    room = room_for(can, len(entries), width)
    shown = [replace(entry, answer="\n".join(stated(entry))) for entry in entries]
    messages = writing_messages(question, shown[: len(room.passages)], past, room)
    if question.photo is not None and can.sees:
        messages = with_photo(messages, question.photo)
    halt = Halt(stop, *LIMITS[can.speed])
    pieces = streamed("language model", model.stream(messages, room.tokens, halt))
    try:
        yield from _joined(complete_sentences(_heard(pieces, halt), written))
    except GenerationError as exc:
        log.warning("the answer was broken off: %s", exc)
        written.complete = False
    finally:
        pieces.close()
    written.complete = written.complete and not halt.is_set()


class Halt:
    """A stop event that also sets itself: when nothing came for too long, or in all."""

    def __init__(
        self, stop: threading.Event | None, first: float, silence: float = 0.0, whole: float = 0.0
    ) -> None:
        now = time.monotonic()
        self._stop, self._silence = stop, silence
        self._end, self._last = now + first, now + max(first, whole)

    def heard(self) -> None:
        """Notes that something came."""
        self.extend(self._silence)

    def extend(self, seconds: float) -> None:
        self._end = min(max(self._end, time.monotonic() + seconds), self._last)

    def is_set(self) -> bool:
        return time.monotonic() >= self._end or bool(self._stop and self._stop.is_set())


def _heard(pieces: Iterable[str], halt: Halt) -> Iterator[str]:
    for piece in pieces:
        halt.heard()
        yield piece
        halt.heard()  # the time that it took to check what was said is no silence


def complete_sentences(pieces: Iterable[str], written: Written | None = None) -> Iterator[str]:
    """Sentences with their numbers, as soon as the next one begins; a last one that was cut off is
    left out, which `written` tells.
    """
    text = ""
    for piece in pieces:
        text = _marked(text + piece)
        opened = _opened(text)
        *complete, rest = split_sentences(text[:opened] + "\0") or [""]
        rest = rest.removesuffix("\0")
        if opened < len(text):
            complete, rest = [*complete, *[rest] * bool(rest)], text[opened:]
        elif complete and BEGUN.fullmatch(rest) and not is_code(complete[-1]):
            *complete, last = complete  # whose number may still come
            rest = text[text.rindex(last) :]
        if complete:
            yield from complete
            text = rest
        if len(text) > (ENDLESS if opened == len(text) else LONGEST_CODE):
            break
    *complete, rest = split_sentences(_marked(text)) or [""]
    yield from complete
    if ENDS.search(rest) or is_step(rest):
        yield rest
    elif rest and written:
        written.complete = False


def _opened(text: str) -> int:
    """Where code begins that nothing closes yet, as a mark at the end may have to be longer; the
    text's length where there is none.
    """
    at = 0
    for line in logical_lines(f"{text}\0"):
        if line.lstrip().startswith("```") and not is_code(line):
            return at
        at += len(line)
    return len(text)


def _marked(text: str) -> str:
    """The text with numbers as we write them, in front of the end of their sentence."""
    named = MARKERS.sub(lambda found: f"[{', '.join(NUMBER.findall(found[1]))}]", text)
    return BEHIND.sub(r" \2\1 ", named)


def _joined(sentences: Iterable[str]) -> Iterator[tuple[str, list[int]]]:
    """Sentences and the numbers in them; what cannot be judged by itself is read with the next
    one, and an introduction of steps is left out.
    """
    before = ""
    for sentence in sentences:
        if is_code(sentence):
            before = ""
            yield sentence, []
            continue
        numbers = [int(n) for found in MARKERS.findall(sentence) for n in NUMBER.findall(found)]
        text = clean(MARKUP.sub("", without_markers(sentence).strip()), LONGEST + 1)
        text = re.sub(r"\s+([.,;:!?])", r"\1", text)
        whole = f"{before} {text}".strip()
        if len(term_set(whole)) < FEWEST and not numbers:
            before = whole
            continue
        before = ""
        if len(whole) <= LONGEST and not whole.endswith((":", "：")):
            yield whole, numbers


def not_said(question: Question) -> Sentence:
    """What stands for whatever the model says of things that no passage says."""
    return Sentence(message("not_said", question.language))
