"""The example cards of the empty chat: which question, which files, which knowledge base."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mm_support.types import UserTurn


@dataclass(frozen=True)
class Example:
    """A card. text, photo, recording: what is sent, files by name. picture: what the card shows.
    captions, texts: by language, where there are several; of a language without a text, `text` is
    sent, which is in the base's language. bases: those that are asked on a page in a language,
    where there are such.
    """

    caption: str
    knowledge: str
    text: str = ""
    photo: str = ""
    recording: str = ""
    picture: str = ""
    captions: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)

    def base(self, language: str, known: Collection[str]) -> str:
        """The base that is asked on a page in a language. known: the names of those there are."""
        own = self.bases.get(language, "")
        return own if own in known else self.knowledge

    def files(self, folder: Path) -> list[Path]:
        return [folder / name for name in (self.photo, self.recording) if name]


EXAMPLES = (
    Example(
        "Type: How do I return an order?",
        "shopping",
        "How do I return an order?",
        picture="card-text.jpg",
        captions={"zh": "打字：怎么退货？"},
        texts={"zh": "怎么退货？"},
        bases={"zh": "shopping-zh"},
    ),
    Example(
        "Photo: What does this code mean?",
        "smart-home",
        "What does this code mean?",
        "washer-e24.jpg",
        captions={"zh": "照片：这个代码是什么意思？"},
        texts={"zh": "这个代码是什么意思？"},
        bases={"zh": "smart-home-zh"},
    ),
    Example(
        "Voice: When is the clinic open?",
        "healthcare",
        recording="clinic-hours.wav",
        picture="card-voice.jpg",
        captions={"zh": "语音（英语）：诊所几点开门？"},
    ),
    Example(
        "Photo: Does the warranty cover this?",
        "shopping",
        "Does the warranty cover this?",
        "cracked-tablet.jpg",
        captions={"zh": "照片：屏幕碎了，在保修范围内吗？"},
        texts={"zh": "屏幕碎了，在保修范围内吗？"},
    ),
    Example(
        "Photo and voice: I want to return these",
        "shopping",
        "",
        "headphones-teal.jpg",
        "return-headphones.wav",
        captions={"zh": "照片和语音（英语）：我要退这个"},
    ),
    Example(
        "Photo, voice and text: a red light",
        "smart-home",
        "I have already restarted it.",
        "hub-red.jpg",
        "router-question.wav",
        captions={"zh": "照片、语音和文字（英语）：红灯亮了"},
    ),
)


def bases(examples: Sequence[Example] = EXAMPLES) -> list[str]:
    """The knowledge bases to choose from while the service cannot tell yet which there are."""
    asked = [UserTurn().knowledge, *(example.knowledge for example in examples)]
    return list(dict.fromkeys(asked))


def available(folder: Path, examples: Sequence[Example] = EXAMPLES) -> list[Example]:
    """The examples whose files are all in the folder."""
    return [
        example for example in examples if all(file.is_file() for file in example.files(folder))
    ]


def card(example: Example, folder: Path, language: str = "") -> dict:
    """The card as gr.Chatbot takes it: with its own picture, or the photo that it sends."""
    shown = folder / (example.picture or example.photo)
    icon = {"icon": str(shown)} if shown.is_file() else {}
    caption = example.captions.get(language, example.caption)
    return {"text": example.texts.get(language, example.text), "display_text": caption, **icon}
