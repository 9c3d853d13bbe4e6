"""The conversation on the page: what is asked, how the reply grows, how it is stopped and rated,
and what a person writes who took it over.

Each function takes the conversation so far and returns or yields what the page shows next. The
conversation lives on the server, one a browser tab, so that the browser cannot alter it. The
browser keeps only the visitor's token and the session, from which the conversation is read again
after a reload.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from demo.coalesce import batches
from demo.conversation_state import Conversation, Exchange
from demo.convert import file_of, plain_errors, publish, publish_audio, sentence, turn_from_box
from demo.examples import Example
from demo.live import Ears
from demo.panels import as_markdown, esc, panel, people_line, photo_words, reply_markdown
from demo.replay import conversation_of
from demo.service import Service
from mm_support.errors import InputError, SupportError
from mm_support.types import (
    Audio,
    Event,
    Finished,
    Found,
    Heard,
    Holder,
    ImageView,
    Message,
    Saw,
    Spoken,
    Transcript,
    UserTurn,
)

log = logging.getLogger(__name__)

STOPPED = "Stopped."
SHOWN = 50  # exchanges of a conversation on the page: each step of a reply sends them all again
EARLIER = {"role": "assistant", "content": ["*What was said before is no longer shown here.*"]}
FORGET, REALLY_FORGET = "Forget me", "Erase everything? Press again"
ASK_FOR_PERSON = "I would like to talk to a person."


@dataclass(frozen=True, eq=False)
class Desk:
    """The parts of the page that change with the conversation."""

    conversation: gr.State
    session: gr.BrowserState
    timer: gr.Timer
    people: gr.HTML
    picker: gr.Radio
    chat: gr.Chatbot
    voice: gr.HTML
    box: gr.MultimodalTextbox
    heard: gr.Group
    transcript: gr.Textbox
    panel: gr.HTML
    comment: gr.Textbox
    again: gr.Button
    person: gr.Button
    restart: gr.Button
    forget: gr.Button

    def outputs(self) -> list:
        return [getattr(self, field.name) for field in fields(self)]

    def show(self, conversation: Conversation, **box: Any) -> dict:
        """Everything the page shows of a conversation; box: what else changes in the box for
        messages.

        While a reply is on its way it can be stopped, and nothing else that would start one is
        offered.
        """
        latest = conversation.latest
        busy = latest is not None and not latest.over
        buttons = {
            button: gr.Button(interactive=not busy) for button in (self.person, self.restart)
        }
        return {
            **self.show_chat(conversation),
            **self.show_understanding(conversation),
            **self.show_sounds(conversation),
            **self.show_people(conversation),
            **buttons,
            self.box: gr.MultimodalTextbox(submit_btn=not busy, stop_btn=busy, **box),
            self.comment: gr.Textbox(visible=False),
        }

    def show_chat(self, conversation: Conversation) -> dict:
        return {self.conversation: conversation, self.chat: bubbles(conversation)}

    def show_people(self, conversation: Conversation) -> dict:
        """Who has the conversation; the page asks again while that is not the assistant."""
        holder = conversation.holder
        return {
            self.session: {"token": conversation.token, "session": conversation.session_id},
            self.people: people_line(holder),
            self.timer: gr.Timer(active=holder.owner in ("waiting", "person")),
        }

    def show_understanding(self, conversation: Conversation) -> dict:
        latest = conversation.latest
        heard = latest.transcript if latest else None
        return {self.panel: panel(conversation), self.heard: gr.Group(visible=heard is not None)}

    def show_transcript(self, heard: Transcript) -> dict:
        """Once: what the customer corrects meanwhile stays."""
        label = f"Heard, {heard.confidence:.0%} sure" if heard.text else "No speech was heard"
        return {self.transcript: gr.Textbox(heard.text, label=label)}

    def show_sounds(self, conversation: Conversation) -> dict:
        """The spoken reply as far as it has come, for voice.js to play."""
        latest = conversation.latest
        sounds = [file_of(path) for path in latest.sounds] if latest else []
        over = latest is None or latest.over
        return {self.voice: {"turn": len(conversation.exchanges), "sounds": sounds, "over": over}}

    def show_events(self, events: Sequence[Event], conversation: Conversation) -> dict:
        """What changes with some events: no more than that is sent while a reply streams."""
        kinds = {type(event) for event in events}
        shown = self.show(conversation) if Finished in kinds else {self.conversation: conversation}
        if kinds - {Spoken}:
            shown |= self.show_chat(conversation)
        if kinds & {Heard, Saw, Found}:
            shown |= self.show_understanding(conversation)
        if Spoken in kinds:
            shown |= self.show_sounds(conversation)
        for event in events:
            shown |= self.show_transcript(event.transcript) if isinstance(event, Heard) else {}
        return shown


class Chat:
    """The page's handlers, bound to a service and to the parts of the page."""

    def __init__(
        self, service: Service, desk: Desk, ears: Ears, examples: list[Example], folder: Path
    ) -> None:
        self.service = service
        self.desk = desk
        self.ears = ears
        self.examples = examples
        self.folder = folder

    def send(
        self, value: dict, knowledge: str, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        with plain_errors(esc):
            turn = turn_from_box(value, knowledge, speak)
        yield from self.answer(conversation.ask(turn), value={"text": "", "files": []})

    def send_spoken(
        self, event: gr.EventData, value: dict, knowledge: str, conversation: Conversation
    ) -> Iterator[dict]:
        """A turn that ended by itself, with the photo and the words that wait in the box."""
        with plain_errors(esc):
            (rate, samples), heard = self.ears.take(event.tab)
            recording = publish_audio(Audio(samples.astype(np.float32) / 32768, rate))
            turn = replace(turn_from_box(value, knowledge, True), audio=recording, heard=heard)
        yield from self.answer(conversation.ask(turn), value={"text": "", "files": []})

    def send_example(
        self, event: gr.SelectData, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        example = self.examples[event.index]
        value = {"text": example.text, "files": example.files(self.folder)}
        turn = turn_from_box(value, example.knowledge, speak)
        yield {self.desk.picker: example.knowledge}
        yield from self.answer(conversation.ask(turn))

    def send_edited(self, transcript: str, conversation: Conversation) -> Iterator[dict]:
        """Asks the latest question again, with the corrected transcript for the recording."""
        asked = conversation.exchanges[-1].question
        text = " ".join(part for part in (asked.text.strip(), transcript.strip()) if part)
        again = replace(asked, text=text, audio=None, heard=None)
        yield from self.answer(stopped(conversation).ask(again))

    def ask_for_person(
        self, knowledge: str, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        turn = UserTurn(ASK_FOR_PERSON, knowledge=knowledge, speak=speak)
        yield from self.answer(conversation.ask(turn))

    def answer(self, conversation: Conversation, **box: Any) -> Iterator[dict]:
        """Shows the latest question, then its reply as it grows. A problem ends up in the reply's
        place.
        """
        exchange = conversation.exchanges[-1]
        visit = self.service.visit(conversation.token)
        conversation = replace(conversation, token=visit.token)
        yield self.desk.show(conversation, **box)
        try:
            with closing(batches(visit.reply(exchange.question))) as events:
                for batch in events:
                    for event in batch:
                        exchange = with_files(exchange.after(event), event)
                    conversation = conversation.with_latest(exchange)
                    if exchange.reply and exchange.reply.action == "handoff":
                        conversation = self.with_people(conversation)
                    yield self.desk.show_events(batch, conversation)
        except Exception as problem:
            failed = replace(exchange, problem=sentence(problem))
            yield self.desk.show(conversation.with_latest(failed))

    def with_people(self, conversation: Conversation) -> Conversation:
        """The conversation with who has it now, and what they wrote since it was last looked at."""
        session = conversation.session_id
        if session is None:
            return conversation
        try:
            visit = self.service.visit(conversation.token)
            holder = visit.holder(session)
            written = visit.messages(session, conversation.last_message)
        except SupportError as problem:  # looked at again in a moment
            log.warning("nobody knows who has the conversation: %s", problem)
            return conversation
        return replace(conversation.with_messages(written), holder=holder)

    def follow(self, conversation: Conversation) -> dict:
        """What a person did meanwhile; nothing while a reply is on its way, which shows it too."""
        latest, now = conversation.latest, self.with_people(conversation)
        if latest is None or not latest.over or now == conversation:
            return {self.desk.people: gr.skip()}
        return {**self.desk.show_chat(now), **self.desk.show_people(now)}

    def resume(self, kept: dict | None, conversation: Conversation) -> dict:
        """The conversation that this browser had before the page was loaded again."""
        unchanged = {self.desk.people: gr.skip()}
        if not (isinstance(kept, dict) and kept.get("token")) or conversation.exchanges:
            return unchanged
        known, session = replace(conversation, token=str(kept["token"])), kept.get("session")
        try:
            visit = self.service.visit(known.token)
            said = visit.conversation(session) if session else ()
            holder = visit.holder(session) if session else Holder()
        except SupportError as problem:
            log.warning("a conversation could not be read again: %s", problem)
            return unchanged
        before = replace(conversation_of(said, holder), token=known.token)
        if before.latest is None:
            return {self.desk.conversation: known}
        return {**self.desk.show(before), self.desk.picker: before.latest.question.knowledge}

    def stop(self, conversation: Conversation) -> dict:
        """What remains once a reply was cancelled."""
        return self.desk.show(stopped(conversation))

    def restart(self, conversation: Conversation) -> dict:
        empty = Conversation(token=conversation.token)
        return self.desk.show(empty, value={"text": "", "files": []})

    def forget_me(self, label: str, conversation: Conversation) -> dict:
        """Erases all that is kept of this visitor, their files too; asks once more before."""
        if label != REALLY_FORGET:
            return {self.desk.forget: gr.Button(REALLY_FORGET)}
        with plain_errors(esc):
            self.service.visit(conversation.token).forget()
        remove_files(conversation)
        gr.Info("All that was kept of you is erased.", duration=3)
        shown = self.desk.show(Conversation(), value={"text": "", "files": []})
        return {**shown, self.desk.forget: gr.Button(FORGET)}

    def rate(self, event: gr.LikeData, conversation: Conversation) -> dict:
        """Stores thumbs up or down for the reply that was clicked; asks what was wrong when down.

        event.liked is neither True nor False when a rating is taken back: then nothing is stored.
        """
        if not isinstance(event.liked, bool):
            return {self.desk.comment: gr.Textbox(visible=False)}
        with plain_errors(esc):
            turn_id = turn_of_message(conversation, event.index)
            visit = self.service.visit(conversation.token)
            visit.feedback(turn_id, "up" if event.liked else "down")
        gr.Info("Thank you, your feedback is stored.", duration=3)
        return {
            self.desk.conversation: replace(conversation, rated=turn_id),
            self.desk.comment: gr.Textbox("", visible=not event.liked),
        }

    def comment(self, text: str, conversation: Conversation) -> dict:
        """Stores what was wrong with the reply that was rated last."""
        with plain_errors(esc):
            visit = self.service.visit(conversation.token)
            visit.feedback(conversation.rated, "down", text.strip())
        gr.Info("Thank you, your comment is stored.", duration=3)
        return {self.desk.comment: gr.Textbox("", visible=False)}


def turn_of_message(conversation: Conversation, index: int | tuple[int, int]) -> str:
    """The turn that a message of the chat, or a part of one, belongs to.

    Raises InputError where it has no reply.
    """
    place = index if isinstance(index, int) else index[0]
    exchanges = [exchange for exchange, _ in shown_bubbles(conversation)]
    exchange = exchanges[place] if place < len(exchanges) else None
    if exchange is None or exchange.reply is None:
        raise InputError("This reply was not finished, so it cannot be rated.")
    return exchange.reply.turn_id


def remove_files(conversation: Conversation) -> None:
    """Removes what the page's folder of uploads holds of a conversation: photos, recordings and
    spoken replies.
    """
    uploads = Path(get_upload_folder()).resolve()
    for exchange in conversation.exchanges:
        asked = exchange.question
        for path in (asked.image, asked.audio, exchange.spoken, *exchange.sounds):
            own = Path(path).resolve() if isinstance(path, str | Path) else uploads
            if uploads in own.parents:
                own.unlink(missing_ok=True)


def stopped(conversation: Conversation) -> Conversation:
    """The conversation with the end of a reply that was cancelled."""
    latest = conversation.latest
    if latest is None or latest.over:
        return conversation
    return conversation.with_latest(replace(latest, problem=STOPPED))


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


def bubbles(conversation: Conversation) -> list[dict]:
    """The conversation as gr.Chatbot shows it."""
    return [bubble for _, bubble in shown_bubbles(conversation)]


def shown_bubbles(conversation: Conversation) -> list[tuple[Exchange | None, dict]]:
    """Question, reply and what people wrote after it, of the latest exchanges; each with its
    exchange.
    """
    hidden = not_shown(conversation)
    shown: list[tuple[Exchange | None, dict]] = [(None, EARLIER)] if hidden else []
    for number, exchange in enumerate(conversation.exchanges[hidden:], hidden + 1):
        written = map(person_bubble, exchange.messages)
        replied = [] if exchange.unsaid else [reply_bubble(exchange, number)]
        own = [question_bubble(exchange), *replied, *written]
        shown += [(exchange, bubble) for bubble in own]
    return shown


def not_shown(conversation: Conversation) -> int:
    """How many exchanges are too old to be shown."""
    return max(0, len(conversation.exchanges) - SHOWN)


def question_bubble(exchange: Exchange) -> dict:
    asked = exchange.question
    heard = exchange.transcript.text if exchange.transcript else ""
    text = "\n\n".join(as_markdown(part) for part in (asked.text, heard) if part.strip())
    content: list = [text] if text else []
    content += [photo_of(exchange)] if asked.image or exchange.image else []
    content += [attachment(str(asked.audio), "Your recording")] if asked.audio else []
    return {"role": "user", "content": content or ["…"]}


def photo_of(exchange: Exchange) -> dict | str:
    """The customer's photo; only its name where it could not be read, so that no broken picture is
    shown, and what was seen in it where it was not kept.
    """
    if not exchange.question.image:
        return f"*{as_markdown(photo_words(exchange.image or ImageView()))}*"
    photo = str(exchange.question.image)
    unread = exchange.image is None and exchange.problem not in ("", STOPPED)
    return as_markdown(Path(photo).name) if unread else attachment(photo, "Your photo")


def reply_bubble(exchange: Exchange, number: int) -> dict:
    text = reply_markdown(exchange, number)
    if exchange.problem:
        text = f"{text}\n\n{as_markdown(exchange.problem)}".strip()
    content: list = [text or f"*{as_markdown(exchange.step)} …*"]
    content += [attachment(path, "Picture from the sources") for path in exchange.pictures]
    content += [attachment(exchange.spoken, "Spoken reply")] if exchange.spoken else []
    return {"role": "assistant", "content": content}


def person_bubble(message: Message) -> dict:
    """What a person wrote, under their name; page.js reads the name out of the bold text."""
    name = as_markdown(" ".join(message.author.split()))
    return {"role": "assistant", "content": [f"**{name}**\n\n{as_markdown(message.text)}"]}


def attachment(path: str | Path, description: str) -> dict:
    return {"path": str(path), "alt_text": description}
