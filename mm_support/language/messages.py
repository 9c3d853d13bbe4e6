"""What is said when there is no answer: a question back, an honest no, a hand-over. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mm_support.types import Hit

HandoffReason = Literal["asked", "human_only", "upset", "stuck", "waiting", "person", "closed"]

HANDOFF: dict[HandoffReason, str] = {
    "asked": "Of course. I am handing this conversation to a person on our team, who will see what you have told me.",
    "human_only": "This is something a person has to take care of. I am handing this conversation to our team now.",
    "upset": "I am sorry that this has been so frustrating. I am handing this conversation to a person on our team.",
    "stuck": "I have not been able to help with this, and I do not want to waste your time. I am handing this "
    "conversation to a person on our team.",
    "waiting": "I have passed this on to our team. A person will answer you here.",
    "person": "I have passed this on to the person who is helping you. They will answer you here.",
    "closed": "This conversation is closed. Please start a new one.",
}
QUESTIONS_BACK = {
    "silence": "I did not hear anything. Please try again, or type your question.",
    "greeting": "Hello! What can I help you with? You can type, speak or send a photo.",
    "thanks": "You are welcome! Is there anything else that I can help you with?",
    "unseen_code": "Which code is it? Please type it as it is shown, or send me a photo of the display.",
    "unnamed": "What is your question about? Please name the product or the topic, or send me a photo.",
}
REFUSAL = (
    "I could not find an answer to that in our help pages, and I would rather not guess. "
    "You can put it in other words, or ask me for a person."
)
MAX_CANDIDATES = 3


def clarify_text(candidates: Sequence[Hit]) -> str:
    """Asks which of the candidates is meant, best first; at most three are named."""
    titles = [f"“{hit.entry.title}”" for hit in candidates[:MAX_CANDIDATES]]
    if not titles:
        return "Could you tell me a little more about what you need? A photo of the product or the display helps too."
    if len(titles) == 1:
        return f"Is your question about {titles[0]}? If not, tell me a little more and I will look again."
    return f"I want to be sure to answer the right question. Is it about {', '.join(titles[:-1])} or {titles[-1]}?"
