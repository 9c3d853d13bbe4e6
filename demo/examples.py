"""The example cards of the empty chat: which question, which files, which knowledge base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mm_support.types import UserTurn


@dataclass(frozen=True)
class Example:
    """A card. text, photo, recording: what is sent, files by name. picture: what the card shows."""

    caption: str
    knowledge: str
    text: str = ""
    photo: str = ""
    recording: str = ""
    picture: str = ""

    def files(self, folder: Path) -> list[Path]:
        return [folder / name for name in (self.photo, self.recording) if name]


EXAMPLES = (
    Example(
        "Type: How do I return an order?",
        "shopping",
        "How do I return an order?",
        picture="card-text.jpg",
    ),
    Example(
        "Photo: What does this code mean?",
        "smart-home",
        "What does this code mean?",
        "washer-e24.jpg",
    ),
    Example(
        "Voice: When is the clinic open?",
        "healthcare",
        recording="clinic-hours.wav",
        picture="card-voice.jpg",
    ),
    Example(
        "Photo: Does the warranty cover this?",
        "shopping",
        "Does the warranty cover this?",
        "cracked-tablet.jpg",
    ),
    Example(
        "Photo and voice: I want to return these",
        "shopping",
        "",
        "headphones-teal.jpg",
        "return-headphones.wav",
    ),
    Example(
        "Photo, voice and text: a red light",
        "smart-home",
        "I have already restarted it.",
        "hub-red.jpg",
        "router-question.wav",
    ),
)


def bases() -> list[str]:
    """The knowledge bases to choose from while the service cannot tell yet which there are."""
    asked = [UserTurn().knowledge, *(example.knowledge for example in EXAMPLES)]
    return list(dict.fromkeys(asked))


def available(folder: Path) -> list[Example]:
    """The examples whose files are all in the folder."""
    return [
        example for example in EXAMPLES if all(file.is_file() for file in example.files(folder))
    ]


def card(example: Example, folder: Path) -> dict:
    """The card as gr.Chatbot takes it: with its own picture, or the photo that it sends."""
    shown = folder / (example.picture or example.photo)
    icon = {"icon": str(shown)} if shown.is_file() else {}
    return {"text": example.text, "display_text": example.caption, **icon}
