"""A stored conversation as the page shows one: for a customer who comes back, and for the desk.

The photo and the recording are not stored, unless the settings say so, and then only the desk shows
the photo; what was understood stands for them. Knows nothing
of Gradio.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from demo.conversation_state import Conversation, Exchange
from mm_support.as_json import opening
from mm_support.types import Citation, Entry, Holder, KeptTurn, Message, Reply, UserTurn

LARGEST = 640  # pixels of a photo's longer side


def conversation_of(said: Sequence[KeptTurn | Message], holder: Holder) -> Conversation:
    """The exchanges, each with what people wrote after it."""
    return caught_up(Conversation(holder=holder), said)


def with_photos(conversation: Conversation, photo_of: Callable[[str], Path | None]) -> Conversation:
    """The conversation with the photos that are kept, within the messages: none of them becomes a
    file from which Gradio serves. photo_of: a turn's id -> its photo.
    """
    shown = []
    for exchange in conversation.exchanges:
        seen = exchange.image and exchange.reply
        path = photo_of(exchange.reply.turn_id) if seen and exchange.reply else None
        shown.append(replace(exchange, photo=in_message(path)) if path else exchange)
    return replace(conversation, exchanges=tuple(shown))


def in_message(path: Path) -> str:
    """A photo as an address that holds it, no larger than it is shown."""
    small = io.BytesIO()
    with Image.open(path) as photo:
        photo.thumbnail((LARGEST, LARGEST))
        photo.save(small, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(small.getvalue()).decode()}"


def caught_up(conversation: Conversation, said: Sequence[KeptTurn | Message]) -> Conversation:
    """The conversation with what it lacks of all that was said, also in another tab."""
    known = {exchange.reply.turn_id for exchange in conversation.exchanges if exchange.reply}
    new = [each for each in said if isinstance(each, KeptTurn) and each.id not in known]
    # a reply that was stopped is kept as far as it came, under a name that the page does not know
    stopped = sum(bool(one.stopped and one.text) for one in conversation.exchanges)
    known |= {each.id for each in new[:stopped]}
    for each in said:
        if isinstance(each, KeptTurn):
            own = () if each.id in known else (exchange_of(each),)
            conversation = replace(conversation, exchanges=(*conversation.exchanges, *own))
        elif each.number > conversation.last_message:
            conversation = conversation.with_messages([each])
    return conversation


def exchange_of(turn: KeptTurn) -> Exchange:
    question = UserTurn(turn.text, knowledge=turn.knowledge, session_id=turn.session_id)
    return Exchange(
        question,
        transcript=turn.transcript,
        image=turn.image,
        hits=turn.hits,
        fusion=turn.fusion,
        text=turn.reply,
        reply=reply_of(turn),
    )


def reply_of(turn: KeptTurn) -> Reply:
    cited = [(n, hit.entry) for n, hit in enumerate(turn.hits, 1) if hit.entry.id in turn.citations]
    return Reply(
        turn.reply,
        turn.action,
        citations=tuple(citation(number, entry) for number, entry in cited),
        transcript=turn.transcript,
        image=turn.image,
        fusion=turn.fusion,
        session_id=turn.session_id,
        turn_id=turn.id,
    )


def citation(number: int, entry: Entry) -> Citation:
    return Citation(number, entry.id, entry.title, entry.source, opening(entry.answer))
