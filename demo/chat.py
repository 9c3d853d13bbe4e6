"""The conversation on the page: what is asked, how the reply grows, how it is stopped, and what a
person writes who took it over.

Each function takes the conversation so far and returns or yields what the page shows next. The
conversation lives on the server, one a browser tab, so that the browser cannot alter it.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np

from demo.brand import Brand
from demo.bubbles import PERSON
from demo.coalesce import Run, Stopped
from demo.conversation_state import Conversation, Exchange
from demo.convert import publish, publish_audio, sentence, turn_from_box, uploads_of
from demo.examples import Example
from demo.knowledge_tab import KnowledgeDesk
from demo.live import Ears
from demo.opening import named, offered
from demo.page_parts import EMPTY_BOX, Desk
from demo.replay import caught_up, conversation_of
from demo.service import Service
from demo.words import spoken, word
from mm_support.errors import BusyError, InputError, SupportError
from mm_support.language.heard import joint
from mm_support.types import MAX_TEXT, Audio, Event, Finished, Holder, Spoken, Transcript, UserTurn

log = logging.getLogger(__name__)
Kept = dict | None  # what the browser keeps, see Desk.kept


class Chat:
    """The page's handlers, bound to a service and to the parts of the page."""

    def __init__(
        self,
        service: Service,
        desk: Desk,
        ears: Ears,
        examples: list[Example],
        folder: Path,
        brand: Brand = Brand(),  # noqa: B008
    ) -> None:
        self.service = service
        self.brand = brand
        self.desk = desk
        self.ears = ears
        self.examples = examples
        self.folder = folder
        self.running: dict[str, Exchange] = {}  # by conversation, also where the page was left

    def send(
        self,
        value: dict,
        knowledge: str,
        speak: bool,
        conversation: Conversation,
        kept: Kept = None,
    ) -> Iterator[dict]:
        """Asks what is in the box. What cannot be used stays there, under a sentence."""
        yield from self._ask(value, knowledge, speak, self.whole(conversation, kept), value)

    def send_spoken(
        self,
        event: gr.EventData,
        value: dict,
        knowledge: str,
        conversation: Conversation,
        kept: Kept = None,
    ) -> Iterator[dict]:
        """A turn that ended by itself, with the photo and the words that wait in the box.

        event.continues: the turn before ended too early, and this is the rest of it. event.heard:
        seconds of the reply before that were heard, where it was interrupted.
        """
        conversation = self.whole(conversation, kept)
        try:
            (rate, samples), heard = self.ears.take(event.tab)
            heard = continued(conversation, heard) if event.continues else heard
            recording = publish_audio(Audio(samples.astype(np.float32) / 32768, rate))
            turn = replace(turn_from_box(value, knowledge, True, recording), heard=heard)
            if event.heard is not None and conversation.latest:
                turn = replace(turn, unheard=conversation.latest.unheard(float(event.heard)))
        except SupportError as problem:
            yield self.desk.show_notice(problem, conversation.language)
            return
        yield from self.answer(conversation.ask(turn), with_words(value, heard.text))

    def send_example(
        self, event: gr.SelectData, speak: bool, conversation: Conversation, kept: Kept = None
    ) -> Iterator[dict]:
        conversation = self.whole(conversation, kept)
        cards = self.cards()
        if event.index >= len(cards):  # of a base that was removed while the page was open
            yield {self.desk.people: gr.skip()}
            return
        example = cards[event.index]
        text = example.texts.get(conversation.language, example.text)
        value = {"text": text, "files": example.files(self.folder)}
        known = offered(self.service, self.brand)
        base = example.base(conversation.language, known)
        turn = turn_from_box(value, base, speak)
        if base in known or not known:  # Gradio takes no message with one that it does not offer
            yield {self.desk.picker: base}
        yield from self.answer(conversation.ask(turn))

    def cards(self) -> list[Example]:
        """The example cards whose base there is; all of them while that cannot be told."""
        if not self.service.status().ready:
            return self.examples
        known = {base.name for base in self.service.knowledge.list()}
        return [example for example in self.examples if example.knowledge in known]

    def send_choice(
        self,
        event: gr.SelectData,
        knowledge: str,
        speak: bool,
        conversation: Conversation,
        kept: Kept = None,
    ) -> Iterator[dict]:
        """What a button under a reply stands for."""
        conversation = self.whole(conversation, kept)
        if event.value == PERSON:
            yield from self.ask_for_person(knowledge, speak, conversation)
        else:
            yield from self._ask({"text": str(event.value)}, knowledge, speak, conversation)

    def send_given(
        self,
        event: gr.EventData,
        knowledge: str,
        speak: bool,
        conversation: Conversation,
        kept: Kept = None,
    ) -> Iterator[dict]:
        """What was filled in under a reply that asks for it."""
        conversation = self.whole(conversation, kept)
        yield from self._ask({"text": str(event.value)}, knowledge, speak, conversation)

    def _ask(
        self,
        value: dict,
        knowledge: str,
        speak: bool,
        conversation: Conversation,
        sent: dict | None = None,
    ) -> Iterator[dict]:
        """What cannot be used is told above the box. sent: see `answer`."""
        try:
            turn = turn_from_box(value, knowledge, speak)
        except SupportError as problem:
            yield self.desk.show_notice(problem, conversation.language)
            return
        yield from self.answer(conversation.ask(turn), sent)

    def send_edited(
        self, transcript: str, conversation: Conversation, kept: Kept = None
    ) -> Iterator[dict]:
        """Asks the latest question again, with the corrected transcript for the recording."""
        conversation = self.whole(conversation, kept)
        latest = conversation.exchanges[-1]
        asked = latest.question
        text = " ".join(part for part in (asked.text.strip(), transcript.strip()) if part)
        if len(text) > MAX_TEXT:
            problem = InputError.of("too_long", count=len(text), limit=MAX_TEXT)
            yield self.desk.show_notice(problem, conversation.language)
            return
        if latest.run and not latest.over:
            latest.run.give_way()
        again = replace(asked, text=text, audio=None, heard=None)
        yield from self.answer(stopped(conversation).ask(again))

    def ask_for_person(
        self, knowledge: str, speak: bool, conversation: Conversation, kept: Kept = None
    ) -> Iterator[dict]:
        conversation = self.whole(conversation, kept)
        text = word("i_want_a_person", conversation.language)
        turn = UserTurn(text, knowledge=knowledge, speak=speak)
        yield from self.answer(conversation.ask(turn))

    def answer(self, conversation: Conversation, sent: dict | None = None) -> Iterator[dict]:
        """Shows the latest question, then its reply as it grows, which it does also when the page
        is left. A problem ends up in the reply's place.

        sent: what was in the box; it is there again where it cannot be used, or the service is too
        busy to begin.
        """
        conversation = self.open(named(self.service, conversation))
        run = self.begin(conversation)
        emptied = {"value": EMPTY_BOX} if sent else {}
        yield self.desk.show(conversation) | self.desk.show_controls(conversation, **emptied)
        yield from self.grow(conversation, run, sent)

    def whole(self, conversation: Conversation, kept: Kept) -> Conversation:
        """The conversation; read again, as far as it was stored, where the server holds nothing of
        a tab that was open for long. kept: what the browser keeps.
        """
        if conversation.token or not (isinstance(kept, dict) and kept.get("token")):
            return conversation
        language = spoken(str(kept.get("language") or ""), self.brand.languages)
        with suppress(SupportError):  # then it is begun anew
            return self.before(kept, replace(conversation, language=language))
        return conversation

    def before(self, kept: dict, conversation: Conversation) -> Conversation:
        """What the service has of the conversation that the browser names. Raises InputError for
        one that is not this visitor's.
        """
        token = str(kept.get("token") or "")
        session = str(kept.get("session") or "") if token else ""
        here = named(self.service, replace(conversation, token=token, session_id=session))
        if not session:
            return here
        visit = self.service.visit(here.token)
        working = self.running.get(here.session_id)
        said, holder = visit.conversation(here.session_id), visit.holder(here.session_id)
        exchanges = conversation_of(said, holder).exchanges
        if working and self.running.get(here.session_id) is working:
            exchanges = (*exchanges, working)
        return replace(here, exchanges=exchanges, holder=holder)

    def open(self, conversation: Conversation) -> Conversation:
        """The conversation with its latest question in a session that is open: a new one where a
        person has closed the last.
        """
        session = conversation.session_id
        with suppress(SupportError):  # then the service itself goes on in the new one
            session = self.service.visit(conversation.token).chain(session)[-1]
        holder = conversation.holder if session == conversation.session_id else Holder()
        here = replace(conversation, session_id=session, holder=holder)
        latest = conversation.exchanges[-1]
        base = self.meant(latest.question.knowledge, conversation.knowledge)
        asked = replace(latest.question, session_id=session, knowledge=base)
        return here.with_latest(replace(latest, question=asked))

    def meant(self, picked: str, named: str) -> str:
        """The base that is asked. While the models load, the one that the page's address names,
        because the page cannot pick it yet; later the picked one, or the first where the page still
        shows one that there is not.
        """
        if self.brand.knowledge:
            return picked
        if not self.service.status().ready:
            return named or picked
        names = [name for _, name in KnowledgeDesk(self.service).choices()]
        return picked if picked in names or not names else names[0]

    def begin(self, conversation: Conversation) -> Run:
        """Starts the work on the latest question."""
        exchange, session = conversation.exchanges[-1], conversation.session_id
        visit = self.service.visit(conversation.token, conversation.customer)
        events = visit.reply(exchange.question)

        def until_over() -> Generator[Event, None, None]:
            try:
                yield from events
            finally:
                if self.running.get(session) is exchange:
                    del self.running[session]

        self.running[session] = exchange
        run = exchange.run or Run()
        run.start(until_over())
        return run

    def rejoin(self, conversation: Conversation) -> Iterator[dict]:
        """A reply that was still worked on when the page was loaded again."""
        latest = conversation.latest
        yield {self.desk.people: gr.skip()}  # an event that yields nothing empties the page
        if latest and latest.run and not latest.over:
            yield from self.grow(conversation, latest.run)

    def grow(
        self, conversation: Conversation, run: Run, sent: dict | None = None
    ) -> Iterator[dict]:
        """The latest reply, step by step. sent: what was in the box."""
        try:
            yield from self.steps(conversation, run, sent)
        finally:
            run.ended.set()

    def steps(self, conversation: Conversation, run: Run, sent: dict | None) -> Iterator[dict]:
        exchange, language = conversation.exchanges[-1], conversation.language
        try:
            for batch in run.batches():
                for event in batch:
                    exchange = with_files(exchange.after(event), event)
                conversation = conversation.with_latest(exchange)
                if exchange.reply:
                    self.service.archive.goes_with(exchange.reply.turn_id, uploads_of(exchange))
                if exchange.reply and exchange.reply.action == "handoff":
                    conversation = self.with_people(conversation, exchange.question.speak)
                yield from self.desk.show_events(batch, conversation)
        except Stopped:
            if not run.replaced:
                yield self.desk.show(stopped(conversation))
        except (BusyError, InputError) as problem:
            if sent:
                shown = self.desk.show(conversation.without_latest())
                back = {self.desk.box: gr.MultimodalTextbox(value=sent)}
                yield shown | back | self.desk.show_notice(problem, language)
            else:
                yield self.failed(conversation, exchange, problem)
        except Exception as problem:
            yield self.failed(conversation, exchange, problem)

    def failed(self, conversation: Conversation, exchange: Exchange, problem: Exception) -> dict:
        told = sentence(problem, conversation.language)
        return self.desk.show(conversation.with_latest(replace(exchange, problem=told, run=None)))

    def with_people(self, conversation: Conversation, speak: bool = False) -> Conversation:
        """The conversation with who has it now, what they wrote since it was last looked at, and
        what the customer wrote in another tab meanwhile. speak: whether that is heard too.
        """
        session = conversation.session_id
        try:
            visit = self.service.visit(conversation.token)
            holder = visit.holder(session)
            if holder.turns != conversation.holder.turns:
                written = visit.conversation(session)
            else:
                written = visit.messages(session, conversation.last_message)
        except SupportError as problem:  # looked at again in a moment
            log.warning("nobody knows who has the conversation: %s", problem)
            return conversation
        whole = replace(caught_up(conversation, written), holder=holder)
        return self.aloud(whole, conversation.last_message) if speak else whole

    def aloud(self, conversation: Conversation, since: int) -> Conversation:
        """The conversation with the sound of what people wrote after a message of that number."""
        latest = conversation.latest
        new = [one for one in latest.messages if one.number > since] if latest else []
        if latest is None or not new:
            return conversation
        try:
            sounds = [publish_audio(one) for said in new for one in self.service.speak(said.text)]
        except SupportError as problem:  # it is on the screen
            log.warning("what a person wrote is not spoken: %s", problem)
            return conversation
        if latest.reply:
            self.service.archive.goes_with(latest.reply.turn_id, sounds)
        return conversation.with_latest(replace(latest, sounds=(*latest.sounds, *sounds)))

    def follow(
        self,
        conversation: Conversation,
        typing: bool = False,
        kept: Kept = None,
        speak: bool = False,
        hands_free: bool = False,
    ) -> dict:
        """What a person did meanwhile; nothing while a reply is on its way, which shows it too.
        typing: whether the customer writes, which the person is told. speak, hands_free: whether
        replies are spoken.
        """
        held, conversation = conversation, self.whole(conversation, kept)
        if typing and conversation.session_id and conversation.holder.owner == "person":
            with suppress(SupportError):  # told again in a moment
                self.service.visit(conversation.token).types(conversation.session_id)
        latest = conversation.latest
        over = latest is not None and latest.over
        now = self.with_people(conversation, speak or hands_free) if over else conversation
        if now == held:
            return {self.desk.people: gr.skip()}
        heard = latest and now.latest and len(now.latest.sounds) > len(latest.sounds)
        sounds = self.desk.show_sounds(now) if heard else {}
        return {**self.desk.show_chat(now), **self.desk.show_people(now), **sounds}

    def offer(self, conversation: Conversation, corrected: str) -> dict:
        """The next question is offered behind the event of the reply, not with its last step: the
        page drops what is sent while that event still ends, and then shows its last step again.

        corrected: what stands in the field of what was heard; a slow page may have lost it.
        """
        shown = self.desk.show_controls(conversation)
        heard = conversation.latest.transcript if conversation.latest else None
        if heard and heard.text and not corrected:
            shown |= self.desk.show_transcript(heard, conversation.language)
        return shown

    def stop(self, conversation: Conversation) -> None:
        """Ends the reply that is on its way; what works on it shows what remains."""
        latest = conversation.latest
        if latest and latest.run and not latest.over:
            latest.run.stop()


def continued(conversation: Conversation, heard: Transcript) -> Transcript:
    """What was heard, behind what was heard in the turn before."""
    before = conversation.latest.question.heard if conversation.latest else None
    if before is None:
        return heard
    text = joint(heard.language).join((before.text, heard.text))
    return replace(heard, text=text, confidence=min(before.confidence, heard.confidence))


def with_words(value: dict | None, words: str) -> dict:
    """What is in the box, and what was said."""
    box = value or EMPTY_BOX
    return {**box, "text": " ".join(filter(None, (box.get("text") or "", words)))}


def stopped(conversation: Conversation) -> Conversation:
    """The conversation with the end of a reply that was cancelled, without what worked on it: that
    holds the sound of all of it.
    """
    latest = conversation.latest
    if latest is None or latest.over:
        return conversation
    return conversation.with_latest(replace(latest, stopped=True, run=None))


def with_files(exchange: Exchange, event: Event) -> Exchange:
    """The exchange with the sound and the pictures that an event brought, as files that Gradio
    serves.

    Published once: the knowledge that a picture came from may be gone when the page is drawn again.
    Samples are not kept: the conversation of a tab stays in memory for hours.
    """
    if isinstance(event, Spoken):
        return replace(exchange, sounds=(*exchange.sounds, publish_audio(event.audio)))
    if isinstance(event, Finished):
        reply = event.reply
        return replace(
            exchange,
            reply=replace(reply, audio=None),
            spoken=publish_audio(reply.audio) if reply.audio is not None else None,
            pictures=publish(reply.pictures),
        )
    return exchange
