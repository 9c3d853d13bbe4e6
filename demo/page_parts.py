"""The parts of the page that change with the conversation, and what they show of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from gradio.blocks import Block

from demo.bubbles import bubbles
from demo.conversation_state import Conversation
from demo.convert import file_of, in_base64, sentence
from demo.form import form
from demo.markup import notice
from demo.panels import panel, people_line
from demo.words import word
from mm_support.language.surely_heard import SURELY, heard_right
from mm_support.types import Event, Finished, Found, Heard, Saw, Spoken, Transcript

POLL, RARELY = 2, 15  # s between two looks at a conversation, and at one that is closed
EMPTY_BOX: dict[str, Any] = {"text": "", "files": []}


@dataclass(frozen=True, eq=False)
class Outputs:
    """Parts of a page that its handlers change."""

    def outputs(self) -> list:
        parts = (getattr(self, field.name) for field in fields(self))
        return [part for part in parts if isinstance(part, Block)]


@dataclass(frozen=True, eq=False)
class Desk(Outputs):
    """The parts of the page that change with the conversation. workshop: whether it is the
    workshop's, where sources are named by their files.
    """

    conversation: gr.State
    session: gr.BrowserState
    status: gr.HTML
    notice: gr.HTML
    timer: gr.Timer
    people: gr.HTML
    picker: gr.Radio
    chat: gr.Chatbot
    form: gr.HTML
    voice: gr.HTML
    box: gr.MultimodalTextbox
    transcript: gr.Textbox
    panel: gr.HTML
    speak: gr.Checkbox
    hands_free: gr.Checkbox
    comment: gr.Textbox
    comment_row: gr.Row
    send_comment: gr.Button
    no_comment: gr.Button
    again: gr.Button
    person: gr.Button
    restart: gr.Button
    forget: gr.Button
    workshop: bool = False

    def show(self, conversation: Conversation) -> dict:
        """Everything the page shows of a conversation, but not whether it takes a question."""
        return {
            **self.show_chat(conversation),
            **self.show_understanding(conversation),
            **self.show_sounds(conversation),
            **self.show_people(conversation),
            self.comment_row: gr.Row(visible=False),
            self.notice: "",
        }

    def show_controls(self, conversation: Conversation, **box: Any) -> dict:
        """While a reply is on its way it can be stopped, and nothing else that would start one is
        offered. box: what else changes in the box for messages.
        """
        latest = conversation.latest
        busy = latest is not None and not latest.over
        return {
            self.person: gr.Button(interactive=not busy),
            self.restart: gr.Button(interactive=not busy),
            self.box: gr.MultimodalTextbox(submit_btn=not busy, stop_btn=busy, **box),
        }

    def show_notice(self, problem: Exception, language: str) -> dict:
        """A sentence above the box, for what was not sent: everything else stays as it is. It goes
        when one types on, see page.js, so the same sentence must be a new one.
        """
        told = notice(sentence(problem, language))
        return {self.notice: f'<div data-told="{time.monotonic_ns()}">{told}</div>'}

    def show_chat(self, conversation: Conversation) -> dict:
        return {self.conversation: conversation, self.chat: bubbles(conversation)}

    def show_people(self, conversation: Conversation) -> dict:
        """Who has the conversation, and what is asked beside it; the page asks again while that
        is not the assistant.
        """
        holder = conversation.holder
        return {
            self.session: self.kept(conversation),
            self.people: people_line(holder, conversation.language),
            self.form: form(conversation),
            self.timer: gr.Timer(
                RARELY if holder.owner == "closed" else POLL, active=holder.owner != "assistant"
            ),
        }

    def kept(self, conversation: Conversation) -> dict:
        """What the browser keeps."""
        own = {"token": conversation.token, "session": conversation.session_id}
        return {**own, "language": conversation.language}

    def show_understanding(self, conversation: Conversation, whole: bool = False) -> dict:
        """How the latest reply came about. whole: the others too, which the page may not have."""
        whole = whole or conversation.holder.owner != "assistant"  # another tab may have gone on
        return {self.panel: panel(conversation, self.workshop, whole)}

    def show_transcript(self, heard: Transcript, language: str) -> dict:
        """Once: what the customer corrects meanwhile stays."""
        sureness = "heard" if heard_right(heard) >= SURELY else "heard_unsure"
        label = word(sureness if heard.text else "nothing_heard", language)
        return {self.transcript: gr.Textbox(heard.text, label=label)}

    def show_sounds(self, conversation: Conversation, fresh: Sequence[Spoken] = ()) -> dict:
        """The spoken reply as far as it has come, for voice.js to play. fresh: the last of its
        sounds, which go along, so that they need not be fetched.
        """
        latest = conversation.latest
        sounds = [file_of(path) for path in latest.sounds] if latest else []
        over, said = latest is None or latest.over, latest.text if latest else ""
        turn, here = len(conversation.exchanges), [in_base64(one.audio) for one in fresh]
        value = {"turn": turn, "sounds": sounds, "fresh": here, "said": said, "over": over}
        return {self.voice: value}

    def show_events(self, events: Sequence[Event], conversation: Conversation) -> Iterator[dict]:
        """What changes with some events: no more than that is sent while a reply streams, and sound
        before what the page draws.
        """
        kinds, kept = {type(event) for event in events}, {self.conversation: conversation}
        if fresh := [event for event in events if isinstance(event, Spoken)]:
            yield kept | self.show_sounds(conversation, fresh)
        if kinds == {Spoken}:
            return
        shown = (self.show if Finished in kinds else self.show_chat)(conversation)
        if kinds & {Heard, Saw, Found}:
            shown |= self.show_understanding(conversation)
        for event in events:
            if isinstance(event, Heard):
                shown |= self.show_transcript(event.transcript, conversation.language)
        yield shown
