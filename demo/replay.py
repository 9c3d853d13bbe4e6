"""A stored conversation as the page shows one: for a customer who comes back, and for the desk.

The photo and the recording are not stored, so what was understood stands for them. Knows nothing
of Gradio.
"""

from __future__ import annotations

from collections.abc import Sequence

from demo.conversation_state import Conversation, Exchange
from mm_support.as_json import snippet
from mm_support.types import Citation, Entry, Holder, KeptTurn, Message, Reply, UserTurn


def conversation_of(said: Sequence[KeptTurn | Message], holder: Holder) -> Conversation:
    """The exchanges, each with what people wrote after it."""
    conversation = Conversation(holder=holder)
    for each in said:
        if isinstance(each, Message):
            conversation = conversation.with_messages([each])
        else:
            exchanges = (*conversation.exchanges, exchange_of(each))
            conversation = Conversation(exchanges, holder=holder)
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
    return Citation(number, entry.id, entry.title, entry.source, snippet(entry.answer))
