"""A speech encoder that many speak to at once: final transcripts before partial ones, in a bounded
queue. Knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.stopping import end_if_stopped
from mm_support.encode.vad import VoiceActivity
from mm_support.turnstile import FINAL, PARTIAL, Turnstile
from mm_support.types import Transcript

AT_ONCE = 1  # Whisper decodes one recording at a time
MOST = 64  # that wait, of each kind
LOOK = 0.1  # s between looks whether somebody still waits
# s: a piece of sound waits for a partial transcript, and its end for the piece
FINAL_WAIT, PARTIAL_WAIT = 60.0, 0.5


class SpeechInTurn:
    """As SpeechEncoder. `transcribe` raises BusyError where the wait would be too long, and Stopped
    where nobody waits any more.
    """

    def __init__(self, encoder: SpeechEncoder, at_once: int = AT_ONCE) -> None:
        self._encoder = encoder
        self.turns = Turnstile(at_once, MOST)

    @property
    def voice(self) -> VoiceActivity:
        return self._encoder.voice

    def transcribe(
        self,
        waveform: np.ndarray,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript:
        rank, longest = (PARTIAL, PARTIAL_WAIT) if draft else (FINAL, FINAL_WAIT)
        ticket = self.turns.enter(rank, longest=longest)
        try:
            while not self.turns.called(ticket, LOOK):
                end_if_stopped()
            return self._encoder.transcribe(waveform, previous, draft, names, before)
        finally:
            self.turns.leave(ticket)
