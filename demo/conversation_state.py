"""What the page knows of a conversation: questions, and replies as far as they have come.

Everything on the page is derived from these values; they grow with the service's events and
are never changed in place. Knows nothing of Gradio.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from demo.coalesce import Run
from mm_support.types import (
    Event,
    Finished,
    Found,
    Fusion,
    Heard,
    Hit,
    Holder,
    ImageView,
    Message,
    Reply,
    Said,
    Saw,
    Spoken,
    Transcript,
    UserTurn,
    Working,
)

QUOTED = "quote"  # the step whose message is what is quoted while a language model writes
MISSED = 0.3  # seconds at the end of a sentence that nobody misses


@dataclass(frozen=True, eq=False)
class Exchange:
    """One question and what is known of its reply so far.

    step: what the assistant is doing, until words come; share: of it that is done, where that is
    known; meanwhile: what it quotes until then.
    voiced: of each of `sounds` the sentence that it is a part of, and its seconds. problem: why
    there is no reply, or only a part of one; stopped: the customer ended it. run: what works on
    it. sounds: files with the spoken reply, piece by piece; spoken: with all of it. pictures:
    files with those of the reply.
    messages: what people wrote after it. photo: the customer's, as an address that holds it, where
    it is kept and the desk shows it. drawn: a reply that is over, as it was drawn.
    """

    question: UserTurn
    step: str = "think"
    share: float | None = None
    meanwhile: str = ""
    transcript: Transcript | None = None
    image: ImageView | None = None
    hits: tuple[Hit, ...] = ()
    fusion: Fusion | None = None
    text: str = ""
    reply: Reply | None = None
    problem: str = ""
    stopped: bool = False
    run: Run | None = None
    sounds: tuple[Path, ...] = ()
    voiced: tuple[tuple[str, float], ...] = ()
    spoken: Path | None = None
    pictures: tuple[Path, ...] = ()
    messages: tuple[Message, ...] = ()
    photo: str = ""
    drawn: dict[Any, dict] = field(default_factory=dict, init=False, repr=False)

    def after(self, event: Event) -> Exchange:
        """The exchange once this event has happened. Sound and pictures become files too: see
        demo/chat.py.
        """
        if isinstance(event, Working) and event.step == QUOTED:
            return replace(self, meanwhile=event.message)
        if isinstance(event, Working):
            return replace(self, step=event.step, share=event.share)
        if isinstance(event, Heard):
            return replace(self, transcript=event.transcript)
        if isinstance(event, Saw):
            return replace(self, image=event.image)
        if isinstance(event, Found):
            return replace(self, hits=event.hits, fusion=event.fusion)
        if isinstance(event, Spoken):
            return replace(self, voiced=(*self.voiced, (event.text, event.audio.seconds)))
        if isinstance(event, Said):
            return replace(self, text=self.text + event.text)
        if isinstance(event, Finished):
            return replace(self, reply=event.reply, text=event.reply.text, run=None)
        return self

    def unheard(self, seconds: float) -> str:
        """What is left of the reply after so many seconds of its sound, from the beginning of the
        sentence in which they end.
        """
        heard, at = 0.0, 0
        for text, group in groupby(self.voiced, key=lambda piece: piece[0]):
            heard += sum(lasts for _, lasts in group)
            place = self.text.find(text, at)
            if heard > seconds + MISSED:
                return self.text[max(at, place) :].strip()
            at = max(at, place + len(text)) if place >= 0 else at
        return re.sub(r"^(\s*\[\d+\])+", "", self.text[at:]).strip()

    @property
    def over(self) -> bool:
        return self.reply is not None or self.stopped or bool(self.problem)

    @property
    def unsaid(self) -> bool:
        """Whether the reply says nothing: a person has the conversation, and that was said."""
        return self.reply is not None and not self.text and not self.problem

    @property
    def wording(self) -> str:
        """The question in words: what was typed and what was heard."""
        heard = self.transcript.text if self.transcript else ""
        return " ".join(part for part in (self.question.text.strip(), heard) if part)


@dataclass(frozen=True)
class Conversation:
    """The exchanges of one browser tab, oldest first. rated: the turn that was rated last; holder:
    whose the conversation was when it was last looked at; language: that the page speaks; token:
    of the visitor; session_id: under which the service keeps it; customer: who is signed in on the
    site around the page, as that has signed it; knowledge: the base that the page's address names.
    """

    exchanges: tuple[Exchange, ...] = ()
    rated: str = ""
    holder: Holder = Holder()
    language: str = "en"
    token: str = ""
    session_id: str = ""
    customer: str = ""
    knowledge: str = ""

    @property
    def latest(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None

    def ask(self, turn: UserTurn) -> Conversation:
        asked = Exchange(replace(turn, language=self.language), run=Run())
        holder = Holder() if self.holder.owner == "assistant" else self.holder
        return replace(self, exchanges=(*self.exchanges, asked), holder=holder)

    def with_latest(self, exchange: Exchange) -> Conversation:
        return replace(self, exchanges=(*self.exchanges[:-1], exchange))

    def without_latest(self) -> Conversation:
        """As it was before the latest question."""
        return replace(self, exchanges=self.exchanges[:-1])

    @property
    def last_message(self) -> int:
        """The number of the last message of a person; 0 before the first."""
        numbers = (m.number for exchange in self.exchanges for m in exchange.messages)
        return max(numbers, default=0)

    def with_messages(self, messages: Sequence[Message]) -> Conversation:
        """The conversation with what people wrote last; the same before the first question."""
        latest = self.latest
        if latest is None or not messages:
            return self
        return self.with_latest(replace(latest, messages=(*latest.messages, *messages)))
