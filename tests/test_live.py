"""A turn while it is spoken: partial transcripts, its end after a pause, its final transcript."""

import numpy as np
import pytest

from mm_support.bench.sounds import SENTENCES, spoken_by_piper
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode import live
from mm_support.encode.live import LiveTurn
from mm_support.encode.speech import load_speech_encoder
from mm_support.errors import InputError
from mm_support.types import Transcript

RATE = 16_000
QUIET = np.zeros(RATE // 4, np.float32)  # a quarter of a second
LOUD = np.full(RATE // 4, 0.5, np.float32)


class LoudIsSpeech:
    """Speech is from the first loud sample to the last."""

    def spans(self, waveform):
        loud = np.flatnonzero(np.abs(waveform) > 0.2)
        return ((int(loud[0]), int(loud[-1]) + 1),) if len(loud) else ()


class CountsSeconds:
    """Hears how many loud samples there are; remembers how often it was asked, and the languages."""

    def __init__(self):
        self.calls = []

    def transcribe(self, waveform, language=None, previous=None):
        self.calls.append((language, previous))
        return Transcript(str(int((np.abs(waveform) > 0.2).sum())))


@pytest.fixture
def turn():
    return LiveTurn(CountsSeconds(), LoudIsSpeech(), "en", "de")


def test_partials_grow_while_somebody_speaks(turn):
    partials = [turn.add(RATE, LOUD) for _ in range(8)]
    counts = [int(partial.transcript.text) for partial in partials]
    assert counts == sorted(counts) and counts[0] == 4_000 and counts[-1] >= 7 * 4_000
    assert all(partial.speaking and not partial.ended for partial in partials)
    assert len(turn._encoder.calls) <= 4  # a partial every 0.6 s, not with every piece
    assert set(turn._encoder.calls) == {("en", "de")}


def test_a_pause_ends_the_turn_with_everything_heard(turn):
    for _ in range(3):
        turn.add(RATE, LOUD)
    partials = [turn.add(RATE, QUIET) for _ in range(4)]
    assert [partial.ended for partial in partials] == [False, False, False, True]  # 0.9 s of silence are over after 1 s
    assert partials[-1].transcript.text == "12000" and not partials[-1].speaking
    with pytest.raises(InputError):
        turn.add(RATE, LOUD)
    assert turn.finish().text == "12000"


def test_a_short_pause_does_not_end_it(turn):
    for piece in (LOUD, QUIET, QUIET, LOUD):
        assert not turn.add(RATE, piece).ended


def test_silence_before_speech_is_not_kept_and_never_ends_a_turn(turn):
    for _ in range(40):
        assert turn.add(RATE, QUIET).transcript.text == ""
    assert not turn._encoder.calls
    assert len(turn.recording()[1]) <= (live.WAITING + 0.25) * RATE
    assert turn.add(RATE, LOUD).transcript.text == "4000"


def test_a_turn_ends_before_it_is_too_long_to_be_used(turn):
    for _ in range(40):
        partial = turn.add(8_000, np.full(4 * 8_000, 0.5, np.float32))
        if partial.ended:
            break
    assert live.FULL <= len(turn.recording()[1]) / 8_000 <= 120


def test_a_bad_piece_is_refused_and_the_turn_goes_on(turn):
    turn.add(RATE, LOUD)
    for rate, piece in ((48_000, LOUD), (RATE, np.full(100, np.nan)), (RATE, np.zeros(0)), (RATE, np.zeros((100, 2)))):
        with pytest.raises(InputError):
            turn.add(rate, piece)
    assert turn.finish().text == "4000"


def test_nothing_said_is_an_empty_transcript(turn):
    assert turn.finish() == Transcript("")


@pytest.mark.slow
def test_the_last_transcript_is_that_of_the_whole_recording(settings):
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    waveform = spoken_by_piper(load_voice(settings), SENTENCES[2])
    turn = LiveTurn(encoder, encoder.voice)
    seen, partial = [], None
    for piece in np.split(waveform, range(RATE // 2, len(waveform), RATE // 2)) + [np.zeros(RATE // 2, np.float32)] * 4:
        partial = turn.add(RATE, piece)
        seen.append(partial.transcript.text)
        if partial.ended:
            break
    assert partial.ended and partial.transcript == encoder.transcribe(np.concatenate(turn._pieces))
    assert partial.transcript.text == encoder.transcribe(waveform).text
    assert any(text and text != partial.transcript.text for text in seen)
