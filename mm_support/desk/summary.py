"""What a person who takes over a conversation reads first. Knows no store and no page."""

from __future__ import annotations

from collections.abc import Sequence

from mm_support.as_json import snippet
from mm_support.desk.ownership import STATES
from mm_support.language.fences import without_fences
from mm_support.language.messages import has_message, message
from mm_support.types import Past, Question

MAX_QUOTE = 200  # characters of a message in a summary


def summarise(past: Sequence[Past], question: Question, reason: str) -> str:
    """What a person who takes over reads first, in the customer's language: why, what the customer
    said and showed, what they were told. reason: of the decision, which may be that a person has
    the conversation.
    """
    reason = "asked" if reason in STATES else reason
    language, key = question.language, f"summary.{reason}"
    why = message(key, language) if has_message(key) else reason
    lines = [message("summary.why", language, reason=why)]
    for turn in past:
        lines.append(_customer(turn.text, turn.read, language))
        told = {"words": _short(turn.reply), "topic": turn.topic}
        who = "summary.assistant_on" if turn.topic else "summary.assistant"
        lines.append(message(who, language, **told))
    lines.append(_customer(question.asked, question.read_in_photo, language))
    return "\n".join(lines)


def _customer(words: str, read: Sequence[str], language: str) -> str:
    """read: the lines in the photo."""
    words = _short(words)
    if read:
        words = message("summary.shown", language, words=words, read=_short(" / ".join(read)))
    return message("summary.customer", language, words=words.strip())


def _short(text: str) -> str:
    return snippet(without_fences(text), MAX_QUOTE)
