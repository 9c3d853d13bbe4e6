"""The endpoints for gradio_client: the service's calls with plain values in and out.

Inputs are components that nobody sees, because only components check that a file was uploaded
by its sender. Their labels are the parameters' documentation on Gradio's API page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import gradio as gr

from demo.exchange import Exchange
from demo.handlers import hit_json, image_json, plain_errors, publish_audio, result_of, transcript_json
from mm_support.errors import InputError
from mm_support.types import UserTurn

REPLIES_AT_ONCE = 2
LOOKUPS_AT_ONCE = 2


class Photo(gr.Image):
    """An image input that hands over the file unopened: bounds are checked before anything is decoded."""

    is_template = True

    def preprocess(self, payload) -> str | None:
        if payload is not None and not payload.path:
            raise gr.Error("Send the photo as a file, for example with gradio_client.handle_file.", print_exception=False)
        return payload.path if payload else None


class Endpoints:
    """One method an endpoint; each docstring is shown on the API page."""

    def __init__(self, service) -> None:
        self.service = service

    def chat(
        self, message: str, image: str | None = None, audio: str | None = None,
        knowledge: str = "shopping", session_id: str | None = None, speak: bool = False,
    ) -> Iterator[tuple[dict, str | None]]:
        """Answers a question that is typed, spoken, photographed, or any mix of them. Streams: each
        result holds the reply so far, the last one is complete (its action is set).

        Args:
            message: The question in words; may be empty when there is a photo or a recording.
            image: A photo, JPEG, PNG or WEBP, up to 15 MB.
            audio: A recording in any common format, up to 120 s.
            knowledge: The name of the knowledge base to answer from, see /knowledge_bases.
            session_id: The session_id of the last reply, to continue that conversation.
            speak: Whether the reply is wanted as sound too.
        Returns:
            A dict with reply, action (answer, clarify, refuse or handoff), citations, pictures,
            transcript, image, intent, fusion, timings_ms, session_id and turn_id; and the spoken reply or null.
        """
        exchange = Exchange(UserTurn(message or "", image, audio, knowledge, session_id or None, bool(speak)))
        with plain_errors(), closing(self.service.reply(exchange.question)) as events:
            for event in events:
                exchange = exchange.after(event)
                yield result_of(exchange), spoken(exchange)

    def transcribe(self, audio: str) -> dict:
        """Writes down what is said in a recording.

        Args:
            audio: A recording in any common format, up to 120 s.
        Returns:
            A dict with text (empty where nobody speaks), language, confidence (0..1) and segments.
        """
        with plain_errors():
            return transcript_json(self.service.transcribe(required(audio, "a recording")))

    def describe(self, image: str, labels: list | str | None = None) -> dict:
        """Says what is in a photo, reads its text, and finds knowledge that resembles it.

        Args:
            image: A photo, JPEG, PNG or WEBP, up to 15 MB.
            labels: Words to choose among, as a list or separated by commas; the service's own when left out.
        Returns:
            A dict with labels (name, probability), text (lines with confidence and box) and matches.
        """
        with plain_errors():
            return image_json(self.service.describe(required(image, "a photo"), words(labels)))

    def search(
        self, message: str, image: str | None = None, audio: str | None = None,
        knowledge: str = "shopping", limit: int = 5,
    ) -> list[dict]:
        """Finds knowledge entries without writing a reply.

        Args:
            message: The question in words; may be empty when there is a photo or a recording.
            image: A photo, JPEG, PNG or WEBP, up to 15 MB.
            audio: A recording in any common format, up to 120 s.
            knowledge: The name of the knowledge base to search.
            limit: How many entries at most.
        Returns:
            A list of hits, best first: id, title, score (0..1), by (each modality's part), snippet.
        """
        with plain_errors():
            hits = self.service.knowledge.search(UserTurn(message or "", image, audio, knowledge), limit=int(limit))
            return [hit_json(hit) for hit in hits]

    def feedback(self, turn_id: str, rating: str, comment: str = "") -> dict:
        """Stores whether a reply helped.

        Args:
            turn_id: The turn_id that came with the reply.
            rating: up or down.
            comment: What was good or wrong, in words.
        Returns:
            A dict with stored, turn_id and rating.
        """
        with plain_errors():
            self.service.feedback(turn_id, rating, comment or "")
            return {"stored": True, "turn_id": turn_id, "rating": rating}

    def knowledge_bases(self) -> list[dict]:
        """Lists the knowledge bases.

        Returns:
            A list of dicts with name, entries and pictures (how many there are of each).
        """
        with plain_errors():
            return [vars(base).copy() for base in self.service.knowledge.list()]


def add_endpoints(service) -> None:
    """Adds the endpoints to the Blocks that is being built."""
    endpoints = Endpoints(service)
    with gr.Column(visible=False):
        start = gr.Button("API")
        turn = turn_inputs()
        session = gr.Textbox(None, label="session_id of the last reply, to continue that conversation")
        speak = gr.Checkbox(False, label="Whether the reply is wanted as sound too")
        limit = gr.Number(5, precision=0, minimum=1, maximum=50, label="How many entries at most")
        labels = gr.JSON(None, label="Words to choose among, a list; left out: the service's own")
        turn_id = gr.Textbox(label="turn_id that came with the reply")
        rating = gr.Radio(["up", "down"], label="Whether the reply helped")
        comment = gr.Textbox("", label="What was good or wrong, in words")
        result, sound = gr.JSON(label="Result"), gr.Audio(label="Spoken reply, or null")
    replies = {"concurrency_limit": REPLIES_AT_ONCE, "concurrency_id": "reply"}
    lookups = {"concurrency_limit": LOOKUPS_AT_ONCE, "concurrency_id": "lookup"}
    message, image, audio, knowledge = turn
    for function, inputs, outputs, limits in (
        (endpoints.chat, [*turn, session, speak], [result, sound], replies),
        (endpoints.transcribe, [audio], result, lookups),
        (endpoints.describe, [image, labels], result, lookups),
        (endpoints.search, [*turn, limit], result, lookups),
        (endpoints.feedback, [turn_id, rating, comment], result, lookups),
        (endpoints.knowledge_bases, [], result, lookups),
    ):
        start.click(function, inputs, outputs, api_name=function.__name__, **limits)


def turn_inputs() -> list:
    """message, image, audio, knowledge."""
    return [
        gr.Textbox("", label="The question in words"),
        Photo(type="filepath", label="A photo: JPEG, PNG or WEBP, up to 15 MB"),
        gr.Audio(type="filepath", label="A recording in any common format, up to 120 s"),
        gr.Textbox("shopping", label="Name of the knowledge base"),
    ]


def required(value: str | None, what: str) -> str:
    if not value:
        raise InputError(f"Send {what}: there is none in this call.")
    return value


def words(labels: list | str | None) -> list[str] | None:
    """Labels from a list or from text with commas; None where there are none."""
    if isinstance(labels, str):
        labels = labels.split(",")
    chosen = [str(label).strip() for label in labels or ()]
    return [label for label in chosen if label] or None


def spoken(exchange: Exchange) -> str | None:
    if exchange.reply is None or exchange.reply.audio is None:
        return None
    return str(publish_audio(exchange.reply.audio))
