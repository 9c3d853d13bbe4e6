"""A small form under the conversation: for the one thing that a reply asks for (an order's number,
a day, an amount), or for how well a customer was helped in a conversation that is closed.

What a reply asked for is sent as the customer's next message, so whoever would rather type or say
it may. Knows no action.
"""

from __future__ import annotations

from demo.conversation_state import Conversation
from demo.markup import esc
from demo.words import word
from mm_support.desk.conversations import BEST
from mm_support.store.database import MAX_COMMENT
from mm_support.types import FormField

MAX_VALUE = 500  # characters
FILLED_IN = """element.addEventListener("submit", (event) => {
  event.preventDefault();
  const { value, score, comment } = Object.fromEntries(new FormData(event.target));
  if (score) trigger("rated", { score: Number(score), comment });
  else if (value.trim()) trigger("given", { value: value.trim() });
});"""
# what helps a phone's keyboard, by the kind of value
ATTRIBUTES = {
    "date": 'type="date"',
    "number": 'type="text" inputmode="decimal"',
    "identifier": 'type="text" autocapitalize="characters" spellcheck="false"',
}


def form(conversation: Conversation) -> str:
    """HTML of the form that is to be filled in; "" where there is none."""
    holder = conversation.holder
    if holder.owner == "closed" and holder.score is None:
        return rating(conversation.language)
    reply = conversation.latest.reply if conversation.latest else None
    if reply is None or reply.form is None:
        return ""
    return drawn(reply.form, conversation.language)


def rating(language: str) -> str:
    scores = "".join(
        f'<label><input type="radio" name="score" value="{score}" required><b>{score}</b></label>'
        for score in range(1, BEST + 1)
    )
    own_words = word("rate_words", language)
    return (
        f'<form class="ms-form ms-rate"><fieldset><legend>{word("rate_closed", language)}</legend>'
        f"{scores}<small>{word('rate_ends', language)}</small></fieldset>"
        f'<div><input name="comment" aria-label="{own_words}" placeholder="{own_words}"'
        f' maxlength="{MAX_COMMENT}" autocomplete="off">'
        f'<button type="submit">{word("send", language)}</button></div></form>'
    )


def drawn(field: FormField, language: str) -> str:
    kind = ATTRIBUTES.get(field.type, 'type="text"')
    example = f'placeholder="{esc(field.example)}"' if field.example else ""
    return (
        f'<form class="ms-form"><label for="ms-value">{esc(field.label)}</label>'
        f'<div><input id="ms-value" name="value" {kind} {example} maxlength="{MAX_VALUE}"'
        f' autocomplete="off" required><button type="submit">{word("send", language)}</button>'
        "</div></form>"
    )
