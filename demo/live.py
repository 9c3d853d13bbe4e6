"""Hands-free talking, the server's half: sound that a browser sends piece by piece becomes turns.

The browser's half is voice.js. One turn a browser tab is held until it is taken or its tab falls
silent for good. Knows nothing of Gradio.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
import time
from dataclasses import dataclass, field

import numpy as np

from demo.convert import WordedError, sentence
from demo.service import LiveTurn, Service
from demo.words import DEFAULT, word
from mm_support.types import Transcript

TABS = 4 * (os.cpu_count() or 2)  # that may be listened to at the same time: the next is told so
IDLE = 60.0  # seconds without a piece, after which a tab's turn is forgotten
MAX_SAID = 2_000  # characters of a reply that an echo is looked for in
MAX_PIECE = 4_000_000  # characters of base64: over half a minute at 48 kHz


@dataclass
class Ear:
    """What one browser tab says. ended: its last turn, until it is taken. language: that was spoken
    last.
    """

    turn: LiveTurn | None = None
    ended: LiveTurn | None = None
    language: str | None = None
    used: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Ears:
    """Listens to the tabs that talk hands-free."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tabs: dict[str, Ear] = {}
        self._lock = threading.Lock()

    def hear(self, piece: dict) -> dict:
        """Called by voice.js with {tab, rate (Hz), sound (base64 of 16-bit samples), knowledge,
        muted, said, language}.

        Returns {speaking, stops, ended, text}, or {problem: a sentence}. muted: the assistant
        speaks, and says `said`; speaking then asks it to wait, stops to be silent. knowledge: the
        base that is asked. language: of the page. tab: a new name each time that the microphone is
        switched on.
        """
        language = str(piece.get("language") or DEFAULT) if isinstance(piece, dict) else DEFAULT
        try:
            tab, rate, samples = str(piece["tab"]), int(piece["rate"]), decoded(piece["sound"])
            ear = self._ear(tab)
            with ear.lock:
                turn = self._turn(ear, str(piece.get("knowledge") or ""))
                if piece.get("muted"):
                    return _interjected(turn, rate, samples, str(piece.get("said") or ""))
                return self._listen(ear, turn, rate, samples)
        except (KeyError, TypeError, ValueError):
            return {"problem": word("speech_odd", language)}
        except Exception as problem:
            return {"problem": sentence(problem, language)}

    def take(self, tab: str) -> tuple[tuple[int, np.ndarray], Transcript]:
        """The turn that has ended: (rate, samples) and its transcript. Raises InputError where
        there is none.
        """
        with self._lock:
            ear = self._tabs.get(tab)
            if ear is None or ear.ended is None:
                raise WordedError("speech_lost")
            turn, ear.ended = ear.ended, None
        return turn.recording(), turn.finish()

    def _turn(self, ear: Ear, knowledge: str) -> LiveTurn:
        ear.turn = ear.turn or self._service.listen(ear.language, knowledge)
        return ear.turn

    def _listen(self, ear: Ear, turn: LiveTurn, rate: int, samples: np.ndarray) -> dict:
        now = turn.add(rate, samples)
        said = now.transcript
        if now.ended:
            ear.turn = None
        ended = now.ended and bool(said.text)
        if ended:
            ear.ended, ear.language = turn, said.language
        return {"speaking": now.speaking, "stops": False, "ended": ended, "text": said.text}

    def _ear(self, tab: str) -> Ear:
        """The tab's ear, a new one where there is none. Raises InputError where too many talk
        already.
        """
        now = time.monotonic()
        with self._lock:
            self._tabs = {name: ear for name, ear in self._tabs.items() if now - ear.used < IDLE}
            if tab not in self._tabs and len(self._tabs) >= TABS:
                raise WordedError("too_many_talk")
            ear = self._tabs.setdefault(tab, Ear())
            ear.used = now
        return ear


def _interjected(turn: LiveTurn, rate: int, samples: np.ndarray, said: str) -> dict:
    now = turn.interject(rate, samples, said[-MAX_SAID:])
    return {"speaking": now.speaking, "stops": now.stops, "ended": False, "text": ""}


def decoded(sound: str) -> np.ndarray:
    """Base64 of little-endian 16-bit samples -> (n,) int16. Raises InputError."""
    if len(sound) > MAX_PIECE:
        raise WordedError("speech_slow")
    try:
        return np.frombuffer(base64.b64decode(sound, validate=True), "<i2")
    except (binascii.Error, ValueError) as exc:
        raise WordedError("speech_odd") from exc
