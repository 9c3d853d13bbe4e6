"""A small form under a reply that asks for one thing: an order's number, a day, an amount.

What is filled in is sent as the customer's next message, so whoever would rather type or say it
may. Knows no action.
"""

from __future__ import annotations

from demo.conversation_state import Conversation
from demo.markup import esc
from demo.words import word
from mm_support.types import FormField

MAX_VALUE = 500  # characters
FILLED_IN = """element.addEventListener("submit", (event) => {
  event.preventDefault();
  const value = event.target.elements.value.value.trim();
  if (value) trigger("given", { value });
});"""
# what helps a phone's keyboard, by the kind of value
ATTRIBUTES = {
    "date": 'type="date"',
    "number": 'type="text" inputmode="decimal"',
    "identifier": 'type="text" autocapitalize="characters" spellcheck="false"',
}


def form(conversation: Conversation) -> str:
    """HTML of the form that the latest reply asks to be filled in; "" where it does not."""
    reply = conversation.latest.reply if conversation.latest else None
    if reply is None or reply.form is None:
        return ""
    return drawn(reply.form, conversation.language)


def drawn(field: FormField, language: str) -> str:
    kind = ATTRIBUTES.get(field.type, 'type="text"')
    example = f'placeholder="{esc(field.example)}"' if field.example else ""
    return (
        f'<form class="ms-form"><label for="ms-value">{esc(field.label)}</label>'
        f'<div><input id="ms-value" name="value" {kind} {example} maxlength="{MAX_VALUE}"'
        f' autocomplete="off" required><button type="submit">{word("send", language)}</button>'
        "</div></form>"
    )
