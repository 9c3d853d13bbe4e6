"""What a person who takes over a conversation reads first. Knows no store and no page."""

from __future__ import annotations

from collections.abc import Sequence

from mm_support.as_json import snippet
from mm_support.types import Past, Question

MAX_QUOTE = 200  # characters of a message in a summary
WHY = {
    "asked": "the customer asked for a person",
    "upset": "the customer is upset",
    "human_only": "the knowledge leaves this matter to people",
    "stuck": "two turns in a row brought no answer",
}


def summarise(past: Sequence[Past], question: Question, reason: str) -> str:
    """What a person who takes over reads first: why, what the customer said and showed, what they
    were told.
    """
    lines = [f"Why: {WHY.get(reason, reason)}."]
    for turn in past:
        lines.append(f"Customer: {_short(turn.text)}{_shown(turn.read)}")
        lines.append(
            f"Assistant ({turn.action}{f', {turn.topic}' if turn.topic else ''}):"
            f" {_short(turn.reply)}"
        )
    asked = " ".join(filter(None, (question.typed, question.heard)))
    lines.append(f"Customer: {_short(asked)}{_shown(question.read_in_photo)}")
    return "\n".join(lines)


def _short(text: str) -> str:
    return snippet(text, MAX_QUOTE)


def _shown(lines: Sequence[str]) -> str:
    return f" (photo reads: {_short(' / '.join(lines))})" if lines else ""
