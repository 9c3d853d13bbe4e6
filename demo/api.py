"""The endpoints for gradio_client: the service's calls with plain values in and out.

Inputs are components that nobody sees, because only components check that a file was uploaded
by its sender. The methods' docstrings are the documentation on Gradio's API page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_function_description
from pydantic import ValidationError

from demo.conversation_state import Exchange
from demo.convert import plain_errors, publish_audio, result_of, uploads_of
from demo.service import Service
from mm_support import as_json
from mm_support.errors import InputError
from mm_support.language.messages import languages
from mm_support.types import Spoken, UserTurn, Working

# calls that reach the service at once, whose own queue bounds what they cost and refuses the rest
REPLIES_AT_ONCE = 128
LOOKUPS_AT_ONCE = 64
QUICK_AT_ONCE = 32  # of what costs no model anything
THREADS = REPLIES_AT_ONCE + LOOKUPS_AT_ONCE + QUICK_AT_ONCE + 32  # 32: whatever is not queued
MAX_HITS = 50
Limits = dict[str, Any]
UNRETURNED = (Working, Spoken)  # events that change nothing in a result


class Endpoints:
    """One method an endpoint; each docstring is shown on the API page."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def meant(self, knowledge: str | None) -> str:
        """The base that a call names or means. Raises InputError: it names none of several."""
        from mm_support.base_names import meant_among

        if knowledge or not self.service.status().ready:
            return knowledge or UserTurn.knowledge
        return meant_among([base.name for base in self.service.knowledge.list() if base.own])

    def chat(
        self,
        message: str,
        image: str | None = None,
        audio: str | None = None,
        knowledge: str | None = None,
        session_id: str | None = None,
        speak: bool = False,
        token: str | None = None,
        customer: str | None = None,
        language: str | None = None,
    ) -> Iterator[tuple[dict, str | None]]:
        """Answers a question that is typed, spoken, photographed, or any mix of them. Streams: each
        result holds the reply so far, the last one is complete (its action is set).

        Args:
            message: The question in words; may be empty when there is a photo or a recording.
            image: A photo, JPEG, PNG, WEBP or HEIC, up to 15 MB.
            audio: A recording in any common format, up to ten minutes.
            knowledge: A name of /knowledge_bases; left out: the only one of your own, or shopping.
            session_id: The session_id of the last reply, to continue that conversation.
            speak: Whether the reply is wanted as sound too.
            token: The token of an earlier reply; without one the call is a new visitor's.
            customer: Who is signed in on your site, as your server has signed it (actions).
            language: That of your page, like zh or de-AT, for first words that tell none (E24).
        Returns:
            A dict with reply, action (answer, clarify, refuse or handoff), citations, pictures,
            choices, form (what an action asks for: name, type, label and example, or null),
            transcript, image, intent, fusion, language, confidence (0..1), timings_ms, session_id,
            turn_id and token, which alone opens the conversation again; and the spoken reply or
            null.
        """
        with plain_errors():
            base = self.meant(knowledge)
            turn = UserTurn(message or "", image, audio, base, session_id or None, bool(speak))
            turn = replace(turn, language=spoken_by(language or ""))
            exchange, last = Exchange(turn), None
            visit = self.service.visit(token or "", customer or "")
            with closing(visit.reply(turn)) as events:
                for event in events:
                    exchange = exchange.after(event)
                    waits = isinstance(event, Working) and event != last  # is the caller there?
                    last = event
                    if waits or not isinstance(event, UNRETURNED):
                        sound = spoken(exchange)
                        if exchange.reply:
                            whole = replace(exchange, spoken=sound)
                            own = uploads_of(whole)
                            self.service.archive.goes_with(exchange.reply.turn_id, own)
                        yield {**result_of(exchange), "token": visit.token}, sound and str(sound)

    def transcribe(self, audio: str) -> dict:
        """Writes down what is said in a recording.

        Args:
            audio: A recording in any common format, up to ten minutes.
        Returns:
            A dict with text (empty where nobody speaks), language, confidence (0..1) and segments.
        """
        with plain_errors():
            transcript = self.service.transcribe(required(audio, "a recording"))
            return as_json.transcript_dict(transcript)

    def describe(self, image: str, labels: list | str | None = None) -> dict:
        """Says what is in a photo, reads its text, and finds knowledge that resembles it.

        Args:
            image: A photo, JPEG, PNG, WEBP or HEIC, up to 15 MB.
            labels: Words to choose among: a list, or with commas; the service's own when left out.
        Returns:
            A dict with labels (name, probability), sure (whether the first outweighs all else),
            text (lines with confidence and box) and matches.
        """
        with plain_errors():
            view = self.service.describe(required(image, "a photo"), words(labels))
            return as_json.image_dict(view)

    def search(
        self,
        message: str,
        image: str | None = None,
        audio: str | None = None,
        knowledge: str | None = None,
        limit: int = 5,
    ) -> list[dict]:
        """Finds knowledge entries without writing a reply.

        Args:
            message: The question in words; may be empty when there is a photo or a recording.
            image: A photo, JPEG, PNG, WEBP or HEIC, up to 15 MB.
            audio: A recording in any common format, up to ten minutes.
            knowledge: A name of /knowledge_bases; left out: the only one of your own, or shopping.
            limit: How many entries at most, 1 to 50.
        Returns:
            A list of hits, best first: id, title, score (0..1), by (each modality's part), snippet.
        """
        with plain_errors():
            turn = UserTurn(message or "", image, audio, self.meant(knowledge))
            hits = self.service.search(turn, limit=checked_limit(limit))
            return [as_json.hit_dict(hit) for hit in hits]

    def feedback(
        self, turn_id: str, rating: str, comment: str = "", token: str | None = None
    ) -> dict:
        """Stores whether a reply helped.

        Args:
            turn_id: The turn_id that came with the reply.
            rating: up or down.
            comment: What was good or wrong, in words.
            token: The token that came with the reply.
        Returns:
            A dict with stored, turn_id and rating.
        """
        with plain_errors():
            self.service.visit(token or "").feedback(turn_id, rating, comment or "")
            return {"stored": True, "turn_id": turn_id, "rating": rating}

    def rate(
        self, session_id: str, score: int, comment: str = "", token: str | None = None
    ) -> dict:
        """Stores how well a customer was helped in a conversation that a person has closed.

        Args:
            session_id: The session_id of a reply of that conversation.
            score: From 1, not at all, to 5, very well.
            comment: The customer's own words, if any.
            token: The token that came with the replies.
        Returns:
            A dict with stored, session_id and score.
        """
        with plain_errors():
            session = required(session_id, "a session_id")
            self.service.visit(token or "").rate(session, score, comment or "")
            return {"stored": True, "session_id": session, "score": score}

    def messages(self, session_id: str, since: float = 0, token: str | None = None) -> dict:
        """What people wrote to the customer of a conversation that the assistant handed over. While
        owner is waiting or person, ask again every few seconds: the assistant does not answer.

        Args:
            session_id: The session_id of a reply of that conversation.
            since: The number of the last message that is known; only later ones are returned.
            token: The token that came with the replies.
        Returns:
            A dict with owner (assistant, waiting, person or closed), agent (the name of the person
            who has the conversation, or had it last), minutes (about how long it still waits, or
            null), late (whether it waits longer than the settings allow), typing (whether that
            person writes just now), score (how the customer rated it once it was closed, see /rate,
            or null) and messages, oldest first: number, author, text and created.
        """
        with plain_errors():
            visit = self.service.visit(token or "")
            holder = visit.holder(required(session_id, "a session_id"))
            written = visit.messages(session_id, int(since or 0))
            return {**asdict(holder), "messages": [as_json.message_dict(m) for m in written]}

    def my_data(self, token: str) -> dict:
        """What is kept of a visitor, but for what the people at the desk wrote for each other.

        Args:
            token: The token that came with the replies.
        Returns:
            A dict with conversations: session_id, owner, turns, messages and originals, what masks
            in the turns stand for as far as that is kept.
        """
        with plain_errors():
            return self.service.visit(required(token, "a token")).export()

    def erase(self, token: str, session_id: str | None = None) -> dict:
        """Erases what is kept of a visitor: one conversation with everything in it, or all of them.

        Args:
            token: The token that came with the replies.
            session_id: The session_id of a reply; all conversations are erased without one.
        Returns:
            A dict with turns, how many were erased.
        """
        with plain_errors():
            visit = self.service.visit(required(token, "a token"))
            return {"turns": visit.erase(session_id or None)}

    def status(self) -> dict:
        """Tells whether questions are answered yet, and how well.

        Returns:
            A dict with ready, message (a sentence for people), failed (whether it will never be
            ready) and degraded (whether it answers, but not as well as it should).
        """
        with plain_errors():
            known = asdict(self.service.status())
            return {name: known[name] for name in ("ready", "message", "failed", "degraded")}

    def knowledge_bases(self) -> list[dict]:
        """Lists the knowledge bases.

        Returns:
            A list of dicts with name, entries and pictures (how many there are of each), and own
            (false for those that come with the project).
        """
        with plain_errors():
            return [asdict(base) for base in self.service.knowledge.list()]


def add_endpoints(service: Service) -> None:
    """Adds the endpoints to the Blocks that is being built."""
    endpoints = Endpoints(service)
    replies: Limits = {"concurrency_limit": REPLIES_AT_ONCE, "concurrency_id": "reply"}
    lookups: Limits = {"concurrency_limit": LOOKUPS_AT_ONCE, "concurrency_id": "lookup"}
    quick: Limits = {"concurrency_limit": QUICK_AT_ONCE, "concurrency_id": "quick"}
    with gr.Column(visible=False):
        start = gr.Button("API")
        message = gr.Textbox("", label="message")
        knowledge = gr.Textbox(None, label="knowledge")
        image = gr.Image(type="filepath", label="image")
        image.preprocess = unopened
        audio = gr.Audio(type="filepath", label="audio")
        for file, what in ((image, "photo"), (audio, "recording")):
            file.data_model = checked_file(file.data_model, what)
        session = gr.Textbox(None, label="session_id")
        erased = gr.Textbox(None, label="session_id")
        speak = gr.Checkbox(False, label="speak")
        limit = gr.Number(5, precision=0, label="limit")
        labels = gr.JSON(None, label="labels")
        turn_id = gr.Textbox(label="turn_id")
        rating = gr.Textbox(label="rating")
        comment = gr.Textbox("", label="comment")
        handed_over = gr.Textbox(label="session_id")
        score = gr.Number(label="score")
        since = gr.Number(0, precision=0, label="since")
        token = gr.Textbox(None, label="token")
        customer = gr.Textbox(None, label="customer")
        language = gr.Textbox(None, label="language")
        whose = gr.Textbox(label="token")
        speech = gr.Audio(label="speech")
        texts = message, knowledge, session, turn_id, rating, comment, handed_over, token, customer
        for text in (*texts, whose, language):
            text.preprocess = partial(checked_text, text.label)
        question = [message, image, audio, knowledge]
        more_of_chat = [session, speak, token, customer, language]
        for function, inputs, limits, more in (
            (endpoints.chat, [*question, *more_of_chat], replies, [speech]),
            (endpoints.transcribe, [audio], lookups, []),
            (endpoints.describe, [image, labels], lookups, []),
            (endpoints.search, [*question, limit], lookups, []),
            (endpoints.feedback, [turn_id, rating, comment, token], quick, []),
            (endpoints.rate, [handed_over, score, comment, token], quick, []),
            (endpoints.messages, [handed_over, since, token], quick, []),
            (endpoints.my_data, [whose], quick, []),
            (endpoints.erase, [whose, erased], quick, []),
            (endpoints.status, [], quick, []),
            (endpoints.knowledge_bases, [], quick, []),
        ):
            result = gr.JSON(label="result")
            document(function, inputs, result)
            start.click(function, inputs, [result, *more], api_name=function.__name__, **limits)


def unopened(payload) -> str | None:
    """The file behind an image input as it came: its bounds are checked before it is decoded."""
    if payload is not None and not payload.path:
        raise no_file("photo")
    return payload.path if payload else None


def no_file(what: str) -> gr.Error:
    return gr.Error(
        f"Send the {what} as a file, for example with gradio_client.handle_file.",
        print_exception=False,
    )


def checked_file(model: Any, what: str) -> Any:
    """The data model of a component, which says in a sentence what it cannot read."""

    def validated(cls, value: Any, **more: Any) -> Any:
        try:
            return model.model_validate(value, **more)
        except ValidationError:
            raise no_file(what) from None

    own = {"model_validate": classmethod(validated), "__module__": __name__}
    return type(model)(model.__name__, (model,), own)


def checked_text(name: object, payload: Any) -> str | None:
    if payload is not None and not isinstance(payload, str):
        raise gr.Error(f"Send {name} as text.", print_exception=False)
    return payload


def document(function, inputs: list, result: gr.JSON) -> None:
    """Shows a docstring's Args and Returns beside the parameters and the result on the API page."""
    _, arguments, returns = get_function_description(function)
    for component, text in zip(inputs, arguments.values(), strict=True):
        describe(component, {"additional_description": text})
    describe(result, {"description": " ".join(returns)})


def describe(component, facts: dict) -> None:
    info = component.api_info() | facts
    component.api_info = lambda: info


def required(value: str | None, what: str) -> str:
    if not value:
        raise InputError(f"Send {what}: there is none in this call.")
    return value


def checked_limit(limit: float | None) -> int:
    if limit is None or not 1 <= limit <= MAX_HITS:
        raise InputError(f"The limit is a number from 1 to {MAX_HITS}.")
    return int(limit)


def spoken_by(locale: str) -> str:
    """The language of a locale, "de-AT" -> "de"; "" where the assistant has no words in it."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in languages() else ""


def words(labels: list | str | None) -> list[str] | None:
    """Labels from a list or from text with commas; None where there are none."""
    if isinstance(labels, str):
        labels = labels.split(",")
    chosen = [str(label).strip() for label in labels or ()]
    return [label for label in chosen if label] or None


def spoken(exchange: Exchange) -> Path | None:
    """The file with the spoken reply, once there is one."""
    audio = exchange.reply.audio if exchange.reply else None
    return None if audio is None else publish_audio(audio)
