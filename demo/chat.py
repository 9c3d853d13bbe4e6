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
from contextlib import closing, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from demo.brand import Brand, greeting
from demo.coalesce import Run, Stopped, batches
from demo.conversation_state import Conversation, Exchange
from demo.convert import (
    WordedError,
    file_of,
    publish,
    publish_audio,
    sentence,
    turn_from_box,
)
from demo.examples import Example, card
from demo.form import form
from demo.live import Ears
from demo.markup import as_markdown, esc
from demo.panels import panel, people_line, photo_words, reply_markdown, title_of
from demo.passages import passages
from demo.replay import caught_up, conversation_of
from demo.service import Service
from demo.words import DEFAULT, spoken, word
from mm_support.errors import BusyError, SupportError
from mm_support.language.heard import joint
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

SHOWN = 50  # exchanges of a conversation on the page: each step of a reply sends them all again
UNRATED = '<i class="ms-unrated"></i>'  # replies that are no answer carry no thumbs
PERSON = "ms-person"  # what the button for a person under a reply stands for
EMPTY_BOX: dict[str, Any] = {"text": "", "files": []}


@dataclass(frozen=True, eq=False)
class Desk:
    """The parts of the page that change with the conversation."""

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
    heard: gr.Group
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
            self.form: form(conversation),
            self.box: gr.MultimodalTextbox(submit_btn=not busy, stop_btn=busy, **box),
            self.comment_row: gr.Row(visible=False),
            self.notice: "",
        }

    def show_notice(self, problem: Exception, language: str) -> dict:
        """A sentence above the box, for what was not sent: everything else stays as it is."""
        told = esc(sentence(problem, language))
        return {self.notice: f'<p class="ms-notice" role="alert">{told}</p>'}

    def show_chat(self, conversation: Conversation) -> dict:
        return {self.conversation: conversation, self.chat: bubbles(conversation)}

    def show_people(self, conversation: Conversation) -> dict:
        """Who has the conversation; the page asks again while that is not the assistant."""
        holder = conversation.holder
        return {
            self.session: {"token": conversation.token, "session": conversation.session_id},
            self.people: people_line(holder, conversation.language),
            self.timer: gr.Timer(active=holder.owner in ("waiting", "person")),
        }

    def show_understanding(self, conversation: Conversation) -> dict:
        latest = conversation.latest
        heard = latest.transcript if latest else None
        return {self.panel: panel(conversation), self.heard: gr.Group(visible=heard is not None)}

    def show_transcript(self, heard: Transcript, language: str) -> dict:
        """Once: what the customer corrects meanwhile stays."""
        percent = f"{100 * heard.confidence:.0f}"
        sure = word("heard_sure", language, percent=percent)
        label = sure if heard.text else word("nothing_heard", language)
        return {self.transcript: gr.Textbox(heard.text, label=label)}

    def show_sounds(self, conversation: Conversation) -> dict:
        """The spoken reply as far as it has come, for voice.js to play."""
        latest = conversation.latest
        sounds = [file_of(path) for path in latest.sounds] if latest else []
        over, said = latest is None or latest.over, latest.text if latest else ""
        turn = len(conversation.exchanges)
        return {self.voice: {"turn": turn, "sounds": sounds, "said": said, "over": over}}

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
            if isinstance(event, Heard):
                shown |= self.show_transcript(event.transcript, conversation.language)
        return shown


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

    def send(
        self, value: dict, knowledge: str, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        """Asks what is in the box. What cannot be used stays there, under a sentence."""
        try:
            turn = turn_from_box(value, knowledge, speak)
        except SupportError as problem:
            yield self.desk.show_notice(problem, conversation.language)
            return
        yield from self.answer(conversation.ask(turn), value)

    def send_spoken(
        self, event: gr.EventData, value: dict, knowledge: str, conversation: Conversation
    ) -> Iterator[dict]:
        """A turn that ended by itself, with the photo and the words that wait in the box.

        event.continues: the turn before ended too early, and this is the rest of it.
        """
        try:
            (rate, samples), heard = self.ears.take(event.tab)
            heard = continued(conversation, heard) if event.continues else heard
            recording = publish_audio(Audio(samples.astype(np.float32) / 32768, rate))
            turn = replace(turn_from_box(value, knowledge, True, recording), heard=heard)
        except SupportError as problem:
            yield self.desk.show_notice(problem, conversation.language)
            return
        yield from self.answer(conversation.ask(turn), with_words(value, heard.text))

    def send_example(
        self, event: gr.SelectData, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        example = self.examples[event.index]
        text = example.texts.get(conversation.language, example.text)
        value = {"text": text, "files": example.files(self.folder)}
        base = example.base(conversation.language, self.bases())
        turn = turn_from_box(value, base, speak)
        yield {self.desk.picker: base}
        yield from self.answer(conversation.ask(turn))

    def send_choice(
        self, event: gr.SelectData, knowledge: str, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        """What a button under a reply stands for."""
        if event.value == PERSON:
            yield from self.ask_for_person(knowledge, speak, conversation)
            return
        turn = UserTurn(str(event.value), knowledge=knowledge, speak=speak)
        yield from self.answer(conversation.ask(turn))

    def send_given(
        self, event: gr.EventData, knowledge: str, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        """What was filled in under a reply that asks for it."""
        try:
            turn = turn_from_box({"text": str(event.value)}, knowledge, speak)
        except SupportError as problem:
            yield self.desk.show_notice(problem, conversation.language)
            return
        yield from self.answer(conversation.ask(turn))

    def send_edited(self, transcript: str, conversation: Conversation) -> Iterator[dict]:
        """Asks the latest question again, with the corrected transcript for the recording."""
        latest = conversation.exchanges[-1]
        if latest.run and not latest.over:
            latest.run.give_way()
        asked = latest.question
        text = " ".join(part for part in (asked.text.strip(), transcript.strip()) if part)
        again = replace(asked, text=text, audio=None, heard=None)
        yield from self.answer(stopped(conversation).ask(again))

    def ask_for_person(
        self, knowledge: str, speak: bool, conversation: Conversation
    ) -> Iterator[dict]:
        text = word("i_want_a_person", conversation.language)
        turn = UserTurn(text, knowledge=knowledge, speak=speak)
        yield from self.answer(conversation.ask(turn))

    def answer(self, conversation: Conversation, sent: dict | None = None) -> Iterator[dict]:
        """Shows the latest question, then its reply as it grows. A problem ends up in the reply's
        place.

        sent: what was in the box; it is there again where the service is too busy to begin.
        """
        run = conversation.exchanges[-1].run
        try:
            yield from self.grow(conversation, run, sent)
        finally:
            if run:
                run.ended.set()

    def grow(
        self, conversation: Conversation, run: Run | None, sent: dict | None
    ) -> Iterator[dict]:
        exchange, language = conversation.exchanges[-1], conversation.language
        visit = self.service.visit(conversation.token, conversation.customer)
        conversation = replace(conversation, token=visit.token)
        yield self.desk.show(conversation, **({"value": EMPTY_BOX} if sent else {}))
        try:
            with closing(batches(visit.reply(exchange.question), run)) as events:
                for batch in events:
                    for event in batch:
                        exchange = with_files(exchange.after(event), event)
                    conversation = conversation.with_latest(exchange)
                    if exchange.reply and exchange.reply.action == "handoff":
                        conversation = self.with_people(conversation)
                    yield self.desk.show_events(batch, conversation)
        except Stopped:
            if not (run and run.replaced):
                yield self.desk.show(stopped(conversation))
        except BusyError as busy:
            box = {"value": sent} if sent else {}
            shown = self.desk.show(conversation.without_latest(), **box)
            yield shown | self.desk.show_notice(busy, language)
        except Exception as problem:
            failed = replace(exchange, problem=sentence(problem, language))
            yield self.desk.show(conversation.with_latest(failed))

    def with_people(self, conversation: Conversation) -> Conversation:
        """The conversation with who has it now, what they wrote since it was last looked at, and
        what the customer wrote in another tab meanwhile.
        """
        session = conversation.session_id
        if session is None:
            return conversation
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
        return replace(caught_up(conversation, written), holder=holder)

    def follow(self, conversation: Conversation, typing: bool = False) -> dict:
        """What a person did meanwhile; nothing while a reply is on its way, which shows it too.
        typing: whether the customer writes, which the person is told.
        """
        if typing and conversation.session_id and conversation.holder.owner == "person":
            with suppress(SupportError):  # told again in a moment
                self.service.visit(conversation.token).types(conversation.session_id)
        latest, now = conversation.latest, self.with_people(conversation)
        if latest is None or not latest.over or now == conversation:
            return {self.desk.people: gr.skip()}
        return {**self.desk.show_chat(now), **self.desk.show_people(now)}

    def open(self, where: dict, conversation: Conversation) -> dict:
        """The page as it opens, in its language; `resume` follows.

        where: {language, switched, knowledge, customer} as the browser gives them, see page.js.
        """
        where = where if isinstance(where, dict) else {}
        language = spoken(str(where.get("language") or DEFAULT), self.brand.languages)
        here = replace(conversation, language=language, customer=str(where.get("customer") or ""))
        shown = {self.desk.conversation: here, self.desk.panel: panel(here)}
        if language != DEFAULT or where.get("switched"):
            shown |= self.dress(language)
        return shown | self.pick(str(where.get("knowledge") or ""), language)

    def dress(self, language: str) -> dict:
        """The labels in a language that is not the browser's: Gradio knows only that one."""
        cards: Any = [card(example, self.folder, language) for example in self.examples]
        buttons = {
            self.desk.again: "correct_and_ask",
            self.desk.person: "talk_to_person",
            self.desk.restart: "new_conversation",
            self.desk.forget: "forget_me",
            self.desk.send_comment: "comment_send",
            self.desk.no_comment: "comment_cancel",
        }
        return {
            **{button: gr.Button(word(key, language)) for button, key in buttons.items()},
            self.desk.chat: gr.Chatbot(
                examples=cards,
                placeholder=greeting(self.brand, language),
                label=word("conversation", language),
            ),
            self.desk.box: gr.MultimodalTextbox(
                label=word("your_message", language), placeholder=word("ask_anything", language)
            ),
            self.desk.picker: gr.Radio(label=word("knowledge", language)),
            self.desk.comment: gr.Textbox(
                label=word("what_was_wrong", language), placeholder=word("a_word_or_two", language)
            ),
            self.desk.speak: gr.Checkbox(label=word("voice_reply", language)),
            self.desk.hands_free: gr.Checkbox(label=word("hands_free", language)),
        }

    def bases(self) -> list[str]:
        """The names of those that customers choose from, once they are known."""
        if self.brand.knowledge or not self.service.status().ready:
            return []
        return [base.name for base in self.service.knowledge.list()]

    def pick(self, name: str, language: str = DEFAULT) -> dict:
        """The base that the address names, if there is one of that name."""
        if name not in self.bases():
            return {}
        return {self.desk.picker: gr.Radio(value=name, label=word("knowledge", language))}

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
        language = conversation.language
        own = {"token": known.token, "language": language, "customer": known.customer}
        before = replace(conversation_of(said, holder), **own)
        if before.latest is None:
            return {self.desk.conversation: known}
        return {**self.desk.show(before), self.desk.picker: before.latest.question.knowledge}

    def stop(self, conversation: Conversation) -> None:
        """Ends the reply that is on its way; what works on it shows what remains."""
        latest = conversation.latest
        if latest and latest.run and not latest.over:
            latest.run.stop()

    def restart(self, conversation: Conversation) -> dict:
        fresh = replace(conversation, exchanges=(), rated="", holder=Holder())
        return self.desk.show(fresh, value=EMPTY_BOX)

    def forget_me(self, label: str, conversation: Conversation) -> dict:
        """Erases all that is kept of this visitor, their files too; asks once more before."""
        language = conversation.language
        if label != word("really_forget", language):
            return {self.desk.forget: gr.Button(word("really_forget", language))}
        try:
            self.service.visit(conversation.token).forget()
        except SupportError as problem:
            return self.desk.show_notice(problem, language)
        remove_files(conversation)
        return {
            **self.desk.show(Conversation(language=language), value=EMPTY_BOX),
            self.desk.forget: gr.Button(word("forget_me", language)),
            self.desk.notice: thanks("forgotten", language),
        }

    def rate(self, event: gr.LikeData, conversation: Conversation) -> dict:
        """Stores thumbs up or down for the reply that was clicked; asks what was wrong when down.

        event.liked is neither True nor False when a rating is taken back: then nothing is stored.
        """
        language, hidden = conversation.language, {self.desk.comment_row: gr.Row(visible=False)}
        if not isinstance(event.liked, bool):
            return hidden
        try:
            turn_id = turn_of_message(conversation, event.index)
            visit = self.service.visit(conversation.token)
            visit.feedback(turn_id, "up" if event.liked else "down")
        except SupportError as problem:
            return {**hidden, **self.desk.show_notice(problem, language)}
        return {
            self.desk.conversation: replace(conversation, rated=turn_id),
            self.desk.comment: "",
            self.desk.comment_row: gr.Row(visible=not event.liked),
            self.desk.notice: thanks("thanks_for_feedback", language),
        }

    def comment(self, text: str, conversation: Conversation) -> dict:
        """Stores what was wrong with the reply that was rated last."""
        try:
            visit = self.service.visit(conversation.token)
            visit.feedback(conversation.rated, "down", text.strip())
        except SupportError as problem:
            return self.desk.show_notice(problem, conversation.language)
        return {
            self.desk.comment_row: gr.Row(visible=False),
            self.desk.notice: thanks("thanks_for_comment", conversation.language),
        }

    def no_comment(self) -> dict:
        return {self.desk.comment_row: gr.Row(visible=False)}


def thanks(key: str, language: str) -> str:
    return f'<p class="ms-notice ms-quiet" role="status">{word(key, language)}</p>'


def turn_of_message(conversation: Conversation, index: int | tuple[int, int]) -> str:
    """The turn that a message of the chat, or a part of one, belongs to.

    Raises WordedError where it has no reply.
    """
    place = index if isinstance(index, int) else index[0]
    exchanges = [exchange for exchange, _ in shown_bubbles(conversation)]
    exchange = exchanges[place] if place < len(exchanges) else None
    if exchange is None or exchange.reply is None:
        raise WordedError("cannot_be_rated")
    return exchange.reply.turn_id


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
    return conversation.with_latest(replace(latest, stopped=True))


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
    language, hidden = conversation.language, not_shown(conversation)
    shown: list[tuple[Exchange | None, dict]] = [(None, earlier(language))] if hidden else []
    before = conversation.exchanges[hidden - 1].question.knowledge if hidden else ""
    for number, exchange in enumerate(conversation.exchanges[hidden:], hidden + 1):
        base, last = exchange.question.knowledge, number == len(conversation.exchanges)
        other = base if before and base != before else ""
        written = map(person_bubble, exchange.messages)
        question = question_bubble(exchange, language, other)
        replied = [] if exchange.unsaid else [reply_bubble(exchange, number, language, last)]
        own = [question, *replied, *written]
        shown += [(exchange, bubble) for bubble in own]
        before = base
    return shown


def not_shown(conversation: Conversation) -> int:
    """How many exchanges are too old to be shown."""
    return max(0, len(conversation.exchanges) - SHOWN)


def earlier(language: str) -> dict:
    text = f"*{word('earlier_hidden', language)}*{UNRATED}"
    return {"role": "assistant", "content": [text]}


def question_bubble(exchange: Exchange, language: str = DEFAULT, base: str = "") -> dict:
    """base: where another one is asked from here on."""
    asked = exchange.question
    heard = exchange.transcript.text if exchange.transcript else ""
    text = "\n\n".join(as_markdown(part) for part in (asked.text, heard) if part.strip())
    content: list = [divider(base, language)] if base else []
    content += [text] if text else []
    content += [photo_of(exchange, language)] if asked.image or exchange.image else []
    recording = word("your_recording", language)
    content += [attachment(str(asked.audio), recording)] if asked.audio else []
    return {"role": "user", "content": content or ["…"]}


def divider(base: str, language: str) -> str:
    words = word("now_from", language, base=as_markdown(title_of(base, language)))
    return f'<div class="ms-divider">{words}</div>'


def photo_of(exchange: Exchange, language: str) -> dict | str:
    """The customer's photo; only its name where it could not be read, so that no broken picture is
    shown, and what was seen in it where it was not kept.
    """
    if not exchange.question.image:
        return f"*{as_markdown(photo_words(exchange.image or ImageView(), language))}*"
    photo = str(exchange.question.image)
    unread = exchange.image is None and exchange.problem
    return (
        as_markdown(Path(photo).name) if unread else attachment(photo, word("your_photo", language))
    )


def reply_bubble(exchange: Exchange, number: int, language: str, last: bool = False) -> dict:
    """last: whether nothing was asked after it, so that its buttons may be pressed."""
    text = reply_markdown(exchange, number)
    ends = [exchange.problem, word("stopped", language) if exchange.stopped else ""]
    text = "\n\n".join(
        filter(None, [text, *map(as_markdown, ends), below(exchange, number, language)])
    )
    step = as_markdown(word(f"step_{exchange.step}", language))
    content: list = [text or f'<span class="ms-working">{step}</span>']
    picture = word("source_picture", language)
    content += [attachment(path, picture) for path in exchange.pictures]
    spoken_reply = word("spoken_reply", language)
    content += [attachment(exchange.spoken, spoken_reply)] if exchange.spoken else []
    options = choices(exchange, language) if last else []
    return {"role": "assistant", "content": content, **({"options": options} if options else {})}


def below(exchange: Exchange, number: int, language: str) -> str:
    """What stands under a finished reply: its passages, and the way to how it came about."""
    reply = exchange.reply
    if reply is None:
        return UNRATED if exchange.over else ""
    entries = [hit.entry for hit in exchange.hits]
    why = word("why_this_answer", language)
    link = f"[{why}](#turn-{number})" if exchange.fusion else ""
    rated = "" if reply.action in ("answer", "clarify") else UNRATED
    return "\n\n".join(filter(None, [passages(reply, entries, number, language), link, rated]))


def choices(exchange: Exchange, language: str) -> list[dict]:
    """Buttons under the latest reply: what it asks about or may do, and a person, also where it
    knows nothing or asks for something.
    """
    reply = exchange.reply
    if reply is None:
        return []
    person = {"label": word("talk_to_person", language), "value": PERSON}
    named = [{"label": title, "value": title} for title in reply.choices]
    return [*named, person] if named or reply.form or reply.action == "refuse" else []


def person_bubble(message: Message) -> dict:
    """What a person wrote, under their name; page.js reads the name out of the bold text."""
    name = as_markdown(" ".join(message.author.split()))
    return {"role": "assistant", "content": [f"**{name}**\n\n{as_markdown(message.text)}"]}


def attachment(path: str | Path, description: str) -> dict:
    return {"path": str(path), "alt_text": description}
