"""The figures of turn-taking are of what happens: a model that is never sure cuts nobody off."""

from types import SimpleNamespace

import numpy as np

from mm_support.bench import talking, turns
from mm_support.encode.live import LiveTurn
from mm_support.types import Audio, Spoken, Transcript

RATE = 16_000


class Loud:
    """Says and hears what is loud; the encoder's voice activity is itself."""

    def __init__(self, text):
        self.text, self.voice = text, self

    def speak(self, text):
        return Audio(np.full(RATE, 0.5, np.float32), RATE)

    def spans(self, waveform, least=0.2):
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


class Listens(Loud):
    """Hears its text where somebody is louder than somebody else, which a voice alone never is."""

    def transcribe(self, waveform, *_):
        louder = np.abs(waveform).min(initial=1.0) < 0.2
        return Transcript(self.text if louder else "", confidence=0.9)


class Parrot(Loud):
    """Hears what it is told to expect."""

    def transcribe(self, waveform, previous, draft, names, before):
        return Transcript(" ".join(names[::-1]), confidence=0.9)


def test_words_stop_the_voice_and_its_own_do_not():
    heard = Listens("No, that is not right.")
    found = talking.interruptions(heard, heard)
    assert found["customers"] == found["stopped_by_their_words"] == len(talking.CUSTOMERS)
    assert talking.PIECE <= found["slowest_s"] <= 0.2
    parrot = Parrot("")
    found = talking.interruptions(parrot, parrot)
    assert found["replies_heard_alone"] and not found["stopped_by_its_own_voice"]
    assert not found["stopped_by_their_words"]


class Replies:
    """A service that says a sound behind what it writes; remembers what it was asked."""

    def __init__(self, ear):
        self.ear, self.asked = ear, []
        self.parts = SimpleNamespace(encoders=SimpleNamespace(speech=ear), voice=ear)

    def listen(self, previous, knowledge):
        return LiveTurn(self.ear, self.ear)

    def reply(self, turn):
        self.asked.append(turn)
        yield from (None, Spoken(self.ear.speak(""), ""))


def test_the_first_sound_comes_behind_the_end_of_the_turn():
    service = Replies(Loud("How do I return it?"))
    found = talking.first_sounds(service, ["How do I return it?"] * 3, "shopping")
    assert found["questions"] == 2
    assert 0.7 <= found["end_of_speech_to_end_of_turn_s"] <= found["end_of_speech_to_first_sound_s"]
    assert all(turn.speak and turn.heard.text for turn in service.asked)
