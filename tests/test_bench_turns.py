"""The figures of turn-taking are of what happens: a model that is never sure cuts nobody off."""

import numpy as np

from mm_support.bench import turns
from mm_support.types import Audio, Transcript

RATE = 16_000


class Loud:
    """Says and hears what is loud; the encoder's voice activity is itself."""

    def __init__(self, text):
        self.text, self.voice = text, self

    def speak(self, text):
        return Audio(np.full(RATE, 0.5, np.float32), RATE)

    def spans(self, waveform):
        edges = np.flatnonzero(np.diff(np.pad(np.abs(waveform) > 0.2, 1).astype(int)))
        return tuple(map(tuple, edges.reshape(-1, 2)))

    def transcribe(self, waveform, *_):
        return Transcript(self.text, confidence=0.9)


class Says:
    def __init__(self, probability):
        self.value = probability

    def probability(self, waveform, text):
        return self.value


def test_a_model_that_is_always_sure_cuts_everybody_off_and_one_that_never_is_nobody():
    heard = Loud("No, that is not right.")
    takes = list(turns.recordings(heard, heard))
    assert len(takes) == len(turns.HESITATIONS)
    sure, unsure = (turns.ends(takes, heard, Says(p)) for p in (1.0, 0.0))
    assert sure["cut_off_percent"] == 100.0 and unsure["cut_off_percent"] == 0.0
    assert 1.4 <= unsure["end_of_speech_to_end_of_turn_s"] <= 1.8
    assert turns.ends(takes, heard, None)["cut_off_percent"] > 0  # pauses of over 0.7 s
