"""How long a customer waits and how long processors work: typed, spoken and photographed questions
through the whole service.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from mm_support.bench.cost import median, memory_mb
from mm_support.config import Settings
from mm_support.paths import EXAMPLES
from mm_support.types import Finished, UserTurn

QUESTIONS = (
    "How long do I have to return an order?",
    "My parcel has not arrived yet, what can I do?",
    "Do the headphones come with a warranty?",
    "Can I pay in instalments?",
    "What does it cost to ship to another country?",
    "I threw away the receipt, can I still bring it back?",
    "How do I cancel an order I placed an hour ago?",
)


def measure(settings: Settings) -> dict[str, Any]:
    """Medians in seconds over at least five turns each, after one turn that warms everything up."""
    from mm_support.service import SupportService

    with tempfile.TemporaryDirectory() as folder:
        own = settings.with_changes(data_dir=Path(folder))
        with closing(SupportService.load(own)) as service:
            return _turns(service)


def _turns(service) -> dict[str, Any]:
    service.answer(UserTurn(text="hello"))
    photo, speech = min(EXAMPLES.glob("*.jpg")), min(EXAMPLES.glob("*.wav"))
    typed = [_reply(service, UserTurn(text=text)) for text in QUESTIONS]
    spoken = [_reply(service, UserTurn(audio=speech, knowledge="smart-home")) for _ in range(5)]
    both = [
        _reply(service, UserTurn(audio=speech, image=photo, knowledge="smart-home"))
        for _ in range(5)
    ]
    kinds = {"typed": typed, "spoken": spoken, "spoken_and_photo": both}
    return {
        "typed_first_words_s": _median(typed, "first_words"),
        "typed_whole_reply_s": _median(typed, "total"),
        "spoken_whole_reply_s": _median(spoken, "total"),
        "spoken_and_photo_whole_reply_s": _median(both, "total"),
        **{f"{kind}_processor_s": _median(turns, "processor") for kind, turns in kinds.items()},
        "stages_s": {kind: _stages(turns) for kind, turns in kinds.items()},
        "memory_mb": round(memory_mb()),
    }


def _reply(service, turn: UserTurn) -> dict[str, float]:
    """Milliseconds of its stages, and of all cores together in all of this process."""
    begun = time.process_time()
    *_, last = service.reply(turn)
    assert isinstance(last, Finished)
    return {**last.reply.timings, "processor": 1000 * (time.process_time() - begun)}


def _stages(timings: list[dict[str, float]]) -> dict[str, float]:
    """Medians of the stages that every turn of a kind went through."""
    common = set.intersection(*(set(timing) for timing in timings))
    return {name: _median(timings, name) for name in timings[0] if name in common}


def _median(timings: list[dict[str, float]], name: str) -> float:
    return median(timing[name] / 1000 for timing in timings)
