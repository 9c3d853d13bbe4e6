"""A turn while it is spoken: partial transcripts, its end after a pause, its final transcript."""

import numpy as np
import onnxruntime
import pytest

from mm_support.bench.sounds import SENTENCES, spoken_by_piper
from mm_support.bench.speech import word_errors
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
    """Hears how many loud samples there are; remembers each call and its languages."""

    def __init__(self, ending=""):
        self.calls, self.drafts, self.ending = [], [], ending

    def transcribe(self, waveform, language=None, previous=None, draft=False):
        self.calls.append((language, previous))
        self.drafts.append(draft)
        return Transcript(str(int((np.abs(waveform) > 0.2).sum())) + self.ending)


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
    partials = [turn.add(RATE, QUIET) for _ in range(5)]
    assert [partial.ended for partial in partials] == [
        False,
        False,
        False,
        False,
        True,
    ]  # 1.2 s are over after 1.25 s
    assert partials[-1].transcript.text == "12000" and not partials[-1].speaking
    with pytest.raises(InputError):
        turn.add(RATE, LOUD)
    assert turn.finish().text == "12000"


def test_the_transcript_is_there_before_the_turn_ends_and_is_made_once():
    encoder = CountsSeconds(".")
    turn = LiveTurn(encoder, LoudIsSpeech())
    for _ in range(4):
        turn.add(RATE, LOUD)
    before = len(encoder.calls)
    assert [turn.add(RATE, QUIET).ended for _ in range(3)] == [
        False,
        False,
        True,
    ]  # a whole sentence: 0.7 s are enough
    assert len(encoder.calls) == before + 1 and turn.finish().text == "16000."
    assert encoder.drafts == [True] * before + [False]


def test_an_unfinished_sentence_is_waited_for_longer():
    for ending, pieces in ((".", 3), ("?", 3), ("", 5), ("...", 5), (",", 5)):
        turn = LiveTurn(CountsSeconds(ending), LoudIsSpeech())
        turn.add(RATE, LOUD)
        assert [turn.add(RATE, QUIET).ended for _ in range(pieces)] == [False] * (pieces - 1) + [
            True
        ], ending


def test_while_the_assistant_speaks_only_an_interruption_counts(turn):
    assert not any(
        turn.interrupts(RATE, piece) for piece in [QUIET, LOUD, QUIET] + [QUIET] * 8
    )  # 0.25 s: an echo
    assert not turn._encoder.calls and len(turn.recording()[1]) <= 1.25 * RATE
    assert turn.add(RATE, LOUD).transcript.text == "4000"  # nothing from before


def test_an_interruption_begins_the_turn(turn):
    assert [turn.interrupts(RATE, piece) for piece in (QUIET, LOUD, LOUD)] == [False, False, True]
    assert turn.add(RATE, LOUD).transcript.text == "12000"


def test_the_end_is_found_in_a_long_turn_by_its_last_seconds(turn):
    seen = []
    spans = turn._voice.spans
    turn._voice.spans = lambda waveform: seen.append(len(waveform)) or spans(waveform)
    for _ in range(60):
        assert not turn.add(RATE, LOUD).ended
    assert max(seen) == live.RECENT * RATE
    assert [turn.add(RATE, QUIET).ended for _ in range(5)][-1] and turn.finish().text == str(
        60 * len(LOUD)
    )


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
    assert turn._encoder.drafts[-1] is False


def test_a_bad_piece_is_refused_and_the_turn_goes_on(turn):
    turn.add(RATE, LOUD)
    for rate, piece in (
        (48_000, LOUD),
        (RATE, np.full(100, np.nan)),
        (RATE, np.zeros(0)),
        (RATE, np.zeros((100, 2))),
    ):
        with pytest.raises(InputError):
            turn.add(rate, piece)
    assert turn.finish().text == "4000"


def test_nothing_said_is_an_empty_transcript(turn):
    assert turn.finish() == Transcript("")


@pytest.mark.slow
def test_the_last_transcript_is_that_of_the_whole_recording(settings):
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    onnxruntime.set_seed(0)  # Piper's noise is drawn by onnxruntime
    waveform = spoken_by_piper(load_voice(settings), SENTENCES[2])
    turn = LiveTurn(encoder, encoder.voice)
    seen, partial = [], None
    for piece in (
        np.split(waveform, range(RATE // 2, len(waveform), RATE // 2))
        + [np.zeros(RATE // 2, np.float32)] * 4
    ):
        partial = turn.add(RATE, piece)
        seen.append(partial.transcript.text)
        if partial.ended:
            break
    assert partial.ended and partial.transcript == encoder.transcribe(np.concatenate(turn._pieces))
    whole = encoder.transcribe(waveform).text
    assert word_errors(SENTENCES[2:3], [partial.transcript.text]) <= word_errors(
        SENTENCES[2:3], [whole]
    )
    assert any(text and text != partial.transcript.text for text in seen)
