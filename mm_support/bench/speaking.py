"""Whether what is spoken is understood: sentences with codes, dates and prices are synthesised and
heard again.

A detail counts as understood where it stands in the transcript, written as a help desk writes it.
What is missed may be the voice's fault or the hearing's: the figure is a floor.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mm_support.bench.sounds import spoken_by_piper
from mm_support.config import Settings
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode.speech import load_speech_encoder
from mm_support.language.heard import written

LINES = Path(__file__).with_name("spoken.txt").read_text(encoding="utf-8").splitlines()


def measure(settings: Settings) -> dict[str, Any]:
    """The share of details that came back, and each sentence in which one is missing."""
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    voice = load_voice(settings)
    missed, count, misses = {}, 0, 0
    for line in LINES:
        text, *details = line.split("\t")
        heard = encoder.transcribe(spoken_by_piper(voice, text), language="en").text
        lost = [detail for detail in details if not is_heard(detail, heard)]
        count, misses = count + len(details), misses + len(lost)
        if lost:
            missed[text] = f"{heard} (missing: {', '.join(lost)})"
    share = round(100 * (1 - misses / count), 1)
    return {"details": count, "understood_percent": share, **missed}


def is_heard(detail: str, heard: str) -> bool:
    """detail: alternatives, letters and digits alone, apart by |."""
    plain = re.sub(r"[^a-z0-9@]", "", written(heard, "en").lower())
    return any(way in plain for way in detail.split("|"))
