"""The messages of a conversation, as gr.Chatbot shows them."""

from __future__ import annotations

import copy
from pathlib import Path

from demo.conversation_state import Conversation, Exchange
from demo.markup import as_markdown
from demo.panels import photo_words, reply_markdown, title_of
from demo.passages import passages
from demo.words import DEFAULT, word
from mm_support.types import Message, UserTurn

SHOWN = 50  # exchanges of a conversation on the page: each step of a reply sends them all again
UNRATED = '<i class="ms-unrated"></i>'  # replies that are no answer carry no thumbs
PERSON = "ms-person"  # what the button for a person under a reply stands for


def bubbles(conversation: Conversation) -> list[dict]:
    """The conversation as gr.Chatbot shows it."""
    return [bubble for _, bubble in shown_bubbles(conversation)]


def shown_bubbles(conversation: Conversation) -> list[tuple[Exchange | None, dict]]:
    """Question, reply and what people wrote after it, of the latest exchanges; each with its
    exchange.
    """
    language, hidden = conversation.language, not_shown(conversation)
    shown: list[tuple[Exchange | None, dict]] = [(None, earlier(language))] if hidden else []
    before = conversation.exchanges[hidden - 1] if hidden else None
    for number, exchange in enumerate(conversation.exchanges[hidden:], hidden + 1):
        last = number == len(conversation.exchanges)
        written = map(person_bubble, exchange.messages)
        question = question_bubble(exchange, language, before)
        replied = [] if exchange.unsaid else [drawn_reply(exchange, number, language, last)]
        own = [question, *replied, *written]
        shown += [(exchange, bubble) for bubble in own]
        before = exchange
    return shown


def not_shown(conversation: Conversation) -> int:
    """How many exchanges are too old to be shown."""
    return max(0, len(conversation.exchanges) - SHOWN)


def earlier(language: str) -> dict:
    text = f"*{word('earlier_hidden', language)}*{UNRATED}"
    return {"role": "assistant", "content": [text]}


def question_bubble(
    exchange: Exchange, language: str = DEFAULT, before: Exchange | None = None
) -> dict:
    asked = exchange.question
    heard = exchange.transcript.text if exchange.transcript else ""
    content: list = dividers(before.question, asked, language) if before else []
    content += words_of(asked.text)
    content += [f"![{word('your_photo', language)}]({exchange.photo})"] if exchange.photo else []
    content += photos_of(exchange, language)
    recording = word("your_recording", language)
    content += [attachment(str(asked.audio), recording)] if asked.audio else []
    content += words_of(heard)  # last, since it comes last: the page makes anew what moves
    return {"role": "user", "content": content or ["…"]}


def words_of(text: str) -> list[str]:
    return [as_markdown(text)] if text.strip() else []


def dividers(before: UserTurn, asked: UserTurn, language: str) -> list[str]:
    """What is said between two questions: that a new conversation begins, since the other was
    closed, and that another base is asked.
    """
    base = as_markdown(title_of(asked.knowledge, language))
    closed = before.session_id and before.session_id != asked.session_id
    said = [word("begun_anew", language)] if closed else []
    said += [word("now_from", language, base=base)] if before.knowledge != asked.knowledge else []
    return [f'<div class="ms-divider">{words}</div>' for words in said]


def photos_of(exchange: Exchange, language: str) -> list[dict | str]:
    """The customer's photos; only their names where they could not be read, so that no broken
    picture is shown, and what was seen in them where they were not kept.
    """
    photos = [str(photo) for photo in exchange.question.photos]
    if not photos and exchange.image:
        return [f"*{as_markdown(photo_words(exchange.image, language))}*"]
    if exchange.image is None and exchange.problem:
        return [as_markdown(Path(photo).name) for photo in photos]
    return [attachment(photo, word("your_photo", language)) for photo in photos]


def drawn_reply(exchange: Exchange, number: int, language: str, last: bool) -> dict:
    """reply_bubble, drawn once where the reply is over: each step of a reply shows all before it,
    and marking words in passages takes most of the time.
    """
    if not exchange.over:
        return reply_bubble(exchange, number, language, last)
    how = (number, language, last)
    if how not in exchange.drawn:
        exchange.drawn[how] = reply_bubble(exchange, number, language, last)
    return copy.deepcopy(exchange.drawn[how])


def reply_bubble(exchange: Exchange, number: int, language: str, last: bool = False) -> dict:
    """last: whether nothing was asked after it, so that its buttons may be pressed."""
    ends = [exchange.problem, word("stopped", language) if exchange.stopped else ""]
    words = [reply_markdown(exchange, number), *map(as_markdown, ends)]
    under = below(exchange, number, language)
    described = word("source_picture", language)
    pictures = [attachment(path, described) for path in exchange.pictures]
    text = "\n\n".join(filter(None, words if pictures else [*words, under]))
    done = "" if exchange.share is None else f" · {exchange.share:.0%}"
    step = as_markdown(word(f"step_{exchange.step}", language)) + done
    working = "" if exchange.text or exchange.over else f'<span class="ms-working">{step}</span>'
    content: list = ["\n\n".join(filter(None, (text, working)))]
    content += [*pictures, under] if pictures else []  # a picture belongs to the words above it
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
    said_so = reply.action != "handoff" or reply.citations  # else what was found counted nothing
    link = f"[{why}](#turn-{number})" if exchange.fusion and said_so else ""
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
