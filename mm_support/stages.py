"""The models of a service by what they do, and what loads each: in this process (loading.py) or in
one of a cluster (cluster/served.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mm_support.config import NONE, Settings
from mm_support.decode.voice import load_voice
from mm_support.device import Device
from mm_support.encode.image import load_image_encoder
from mm_support.encode.ocr import load_text_reader
from mm_support.encode.speech import load_speech_encoder
from mm_support.encode.text import load_text_encoder
from mm_support.engines.choose import load_language_model


class Stage(NamedTuple):
    """setting: that names the model, "" where there is only one. at_once: calls that one process
    of a cluster takes; it encodes together what comes together.
    """

    load: Callable[[Settings, Device], Any]
    setting: str
    at_once: int


STAGES: Mapping[str, Stage] = {
    "hear": Stage(load_speech_encoder, "speech_model", 1),
    "see": Stage(load_image_encoder, "image_model", 8),
    "read": Stage(lambda settings, _: load_text_reader(settings), "", 1),
    "embed": Stage(load_text_encoder, "text_model", 16),
    "write": Stage(load_language_model, "reply_model", 16),
    "speak": Stage(lambda settings, _: load_voice(settings), "voice_model", 2),
}


def wanted_stages(settings: Settings) -> list[str]:
    """All but a language model that there is none of, or that has a server of its own."""
    without = settings.llm_url or settings.reply_model == NONE
    return [name for name in STAGES if name != "write" or not without]
