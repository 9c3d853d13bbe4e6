"""Thumbs up and down under a reply, what was wrong with it, and how well a customer was helped."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from demo.bubbles import shown_bubbles
from demo.conversation_state import Conversation
from demo.convert import WordedError
from demo.markup import notice
from demo.page_parts import Desk
from demo.service import Service
from demo.words import word
from mm_support.errors import SupportError


class Rating:
    """The handlers, bound to a service and to the parts of the page."""

    def __init__(self, service: Service, desk: Desk) -> None:
        self.service = service
        self.desk = desk

    def rate_reply(self, event: gr.LikeData, conversation: Conversation) -> dict:
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
            self.desk.notice: notice(word("thanks_for_feedback", language), quiet=True),
        }

    def comment(self, text: str, conversation: Conversation) -> dict:
        """Stores what was wrong with the reply that was rated last."""
        try:
            visit = self.service.visit(conversation.token)
            visit.feedback(conversation.rated, "down", text.strip())
        except SupportError as problem:
            return self.desk.show_notice(problem, conversation.language)
        thanked = word("thanks_for_comment", conversation.language)
        return {
            self.desk.comment_row: gr.Row(visible=False),
            self.desk.notice: notice(thanked, quiet=True),
        }

    def rate_closed(self, event: gr.EventData, conversation: Conversation) -> dict:
        """Stores how well the customer was helped in a conversation that a person has closed."""
        language, session = conversation.language, conversation.session_id
        try:
            visit = self.service.visit(conversation.token)
            visit.rate(session, event.score, str(event.comment).strip())
            rated = replace(conversation, holder=visit.holder(session))
        except SupportError as problem:
            return self.desk.show_notice(problem, language)
        thanked = notice(word("thanks_for_feedback", language), quiet=True)
        return {
            **self.desk.show_people(rated),
            self.desk.conversation: rated,
            self.desk.notice: thanked,
        }

    def no_comment(self) -> dict:
        return {self.desk.comment_row: gr.Row(visible=False)}


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
