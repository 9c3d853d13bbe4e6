"""Sentences of a reply -> their sound, spoken while the next ones are written.

Tells what of a reply is spoken: of a long table its sum, of a long list the first items. The voice
itself is voice.py. Knows nothing of what the sentences say or where they come from.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import numpy as np

from mm_support.decode.blocks import tables_of
from mm_support.decode.sentence import Meanwhile, Sentence
from mm_support.decode.voice import PAUSE, Voice
from mm_support.errors import GenerationError, SupportError
from mm_support.language.detect import DEFAULT, told_language
from mm_support.language.fences import is_code
from mm_support.language.messages import message
from mm_support.language.sentences import COLUMNS, column_names, is_step
from mm_support.language.spoken_table import summary
from mm_support.tracing import carried, span
from mm_support.types import Audio, Spoken

log = logging.getLogger(__name__)

SPOKEN_ITEMS = 5  # of a list; nobody remembers more
TABLE = 3  # rows from which a table is summed up


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
        self._language = DEFAULT  # of the sentence that was spoken last
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
            rows = [summary(rows, told_language("\n".join(rows)) or self._language)]
        return [part for row in rows for part in self._own(Sentence(row))]

    def _own(self, sentence: Sentence) -> list[str]:
        """A sentence, if it is spoken; code stands on the screen."""
        if is_code(sentence.text):
            return []
        text, language = sentence.text, told_language(sentence.text)
        try:
            speaks = self._voice.speaks(language or self._language)
        except SupportError:  # the voice could not be loaded, which the status says
            return []
        if language and not speaks:  # names and prices are of no language
            self.unspoken = language
            return []
        self._language = language or self._language
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
