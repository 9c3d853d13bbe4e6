"""What is said when there is no answer: a question back, an honest no, a hand-over. Knows no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mm_support.types import Hit

HandoffReason = Literal[
    "asked", "human_only", "upset", "stuck", "safety", "self_harm", "account"
]

HANDOFF: dict[HandoffReason, str] = {
    "asked": "Of course. I am handing this conversation to a person on our team, who will see what you have told me.",
    "human_only": "This is something a person has to take care of. I am handing this conversation to our team now.",
    "upset": "I am sorry that this has been so frustrating. I am handing this conversation to a person on our team.",
    "stuck": "I have not been able to help with this, and I do not want to waste your time. I am handing this "
    "conversation to a person on our team.",
    "safety": "If anybody is in danger, leave the place and call the emergency number first (112, or the one of your "
    "country). I am handing this conversation to a person on our team now.",
    "self_harm": "I am very sorry that you feel this way, and I am glad that you wrote it. You do not have to go through "
    "this alone: please call the emergency number (112, or the one of your country) or a crisis line now, or tell "
    "somebody who is close to you. I am handing this conversation to a person on our team.",
    "account": "This has to be done by a person on our team, who can see your account. I am handing this conversation over.",
}
QUESTIONS_BACK = {
    "silence": "I did not hear anything. Please try again, or type your question.",
    "greeting": "Hello! What can I help you with? You can type, speak or send a photo.",
    "thanks": "You are welcome! Is there anything else that I can help you with?",
    "goodbye": "Goodbye! If anything else comes up, just write again.",
    "acknowledged": "All right. Is there anything else that I can help you with?",
    "rejected": "Then I misunderstood you. Please tell me in other words what you need, or ask me for a person.",
    "abuse": "I would like to help. Please tell me what went wrong, or ask me for a person.",
    "misheard": "I am not sure that I heard you well. Please say it again, or type it. If it is urgent, or if you would "
    "like a person, please write that.",
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
