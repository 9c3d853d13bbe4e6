"""A turn while it is spoken: partial transcripts, its end after a pause, its final transcript."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from mm_support.bench.sounds import SENTENCES, spoken_by_piper
from mm_support.bench.speech import word_errors
from mm_support.bench.turns import speech_of
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode import live
from mm_support.encode.end_of_turn import load_end_of_turn
from mm_support.encode.live import LiveTurn, clauses, is_echo
from mm_support.encode.speech import load_speech_encoder
from mm_support.encode.vad import MIN_SPEECH
from mm_support.errors import InputError
from mm_support.types import Transcript

RATE = 16_000
QUIET = np.zeros(RATE // 4, np.float32)  # a quarter of a second
LOUD = np.full(RATE // 4, 0.5, np.float32)


class LoudIsSpeech:
    """Speech is from the first loud sample to the last."""

    def spans(self, waveform, least=MIN_SPEECH):
        loud = np.flatnonzero(np.abs(waveform) > 0.2)
        enough = len(loud) >= least * RATE
        return ((int(loud[0]), int(loud[-1]) + 1),) if enough else ()


class CountsSeconds:
    """Hears how many loud samples there are; remembers the language of each call."""

    def __init__(self, ending=""):
        self.calls, self.drafts, self.before, self.ending = [], [], [], ending

    def transcribe(self, waveform, previous=None, draft=False, names=(), before=None):
        self.before.append(before.text)
        self.calls.append(previous)
        self.drafts.append(draft)
        return Transcript(str(int((np.abs(waveform) > 0.2).sum())) + self.ending)


@pytest.fixture
def turn():
    return LiveTurn(CountsSeconds(), LoudIsSpeech(), "de")


def test_partials_grow_while_somebody_speaks(turn):
    partials = [turn.add(RATE, LOUD) for _ in range(8)]
    counts = [int(partial.transcript.text) for partial in partials]
    assert counts == sorted(counts) and counts[0] == 4_000 and counts[-1] >= 7 * 4_000
    assert all(partial.speaking and not partial.ended for partial in partials)
    assert len(turn._encoder.calls) <= 4  # a partial every 0.6 s, not with every piece
    assert set(turn._encoder.calls) == {"de"}
    heard = list(dict.fromkeys(partial.transcript.text for partial in partials))
    assert turn._encoder.before == ["", *heard[:-1]]  # each is heard along the one before


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
    encoder, prepared = CountsSeconds("."), []
    turn = LiveTurn(encoder, LoudIsSpeech(), prepare=prepared.append)
    for _ in range(4):
        turn.add(RATE, LOUD)
    before = len(encoder.calls)
    assert not prepared
    assert [turn.add(RATE, QUIET).ended for _ in range(3)] == [
        False,
        False,
        True,
    ]  # a whole sentence: 0.7 s are enough
    assert len(encoder.calls) == before + 1 and turn.finish().text == "16000."
    assert encoder.drafts == [True] * before + [False]
    [early] = prepared
    assert early.heard.text == "16000." and len(early.audio[1]) == 5 * len(LOUD)


def test_an_unfinished_sentence_is_waited_for_longer():
    for ending, pieces in ((".", 3), ("?", 3), ("", 5), ("...", 5), (",", 5)):
        turn = LiveTurn(CountsSeconds(ending), LoudIsSpeech())
        turn.add(RATE, LOUD)
        assert [turn.add(RATE, QUIET).ended for _ in range(pieces)] == [False] * (pieces - 1) + [
            True
        ], ending


class Judges:
    """Takes a turn for over as often as it is told, and counts how often it is asked."""

    def __init__(self, *probabilities):
        self.probabilities, self.asked = list(probabilities), []

    def probability(self, waveform, text):
        self.asked.append(len(waveform))
        return self.probabilities.pop(0)


def test_what_is_heard_as_the_end_ends_the_turn_at_once():
    judge = Judges(0.9)
    turn = LiveTurn(CountsSeconds(), LoudIsSpeech(), end_of_turn=judge)
    turn.add(RATE, LOUD)
    assert turn.add(RATE, QUIET).ended and turn.finish().text == "4000"
    assert judge.asked == [2 * len(LOUD)]


def test_a_pause_is_judged_once_and_waited_for():
    judge = Judges(0.1, 0.1)
    turn = LiveTurn(CountsSeconds("."), LoudIsSpeech(), end_of_turn=judge)
    turn.add(RATE, LOUD)
    assert not any(turn.add(RATE, QUIET).ended for _ in range(5)) and len(judge.asked) == 1
    assert not turn.add(RATE, LOUD).ended
    pieces = [turn.add(RATE, QUIET).ended for _ in range(6)]
    assert pieces == [False] * 5 + [True] and len(judge.asked) == 2  # 1.4 s are over after 1.5 s


REPLY = "You can return your order within thirty days."
LONG = np.concatenate([LOUD] * 5)


class Hears(CountsSeconds):
    """Hears one text in all that is loud."""

    sure = 0.9

    def __init__(self, text):
        super().__init__()
        self.text = text

    def transcribe(self, waveform, *how):
        loud = super().transcribe(waveform, *how).text != "0"
        return Transcript(self.text if loud else "", confidence=self.sure)


def interjected(text, *pieces):
    turn = LiveTurn(Hears(text), LoudIsSpeech())
    return turn, [turn.interject(RATE, piece, REPLY) for piece in pieces]


def test_words_stop_the_assistant_and_begin_the_turn():
    turn, now = interjected("No, stop.", QUIET, LOUD, QUIET)
    assert [(one.speaking, one.stops) for one in now] == [
        (False, False),
        (True, False),  # it waits
        (False, True),
    ]
    assert len(turn.recording()[1]) == 3 * len(LOUD)  # the first syllable is in it
    assert turn.add(RATE, LOUD).transcript.text == "No, stop."


@pytest.mark.parametrize("heard", ["", "...", "Mm-hmm.", "嗯", "return your order within 30 days"])
def test_a_cough_a_nod_and_its_own_voice_let_it_go_on(heard):
    turn, now = interjected(heard, LOUD, QUIET, QUIET)
    assert [one.speaking for one in now] == [True, False, False]
    assert not any(one.stops for one in now)
    assert turn.add(RATE, QUIET).transcript.text == ""  # forgotten


def test_it_decides_within_a_second_of_speech():
    for heard, stops in (("wait wait wait", True), ("within thirty days", False)):
        _, now = interjected(heard, *[LOUD] * 4)
        assert [one.speaking for one in now] == [True, True, True, False], heard
        assert now[-1].stops is stops


def test_an_echo_makes_it_wait_only_once():
    turn, now = interjected("within thirty days", *[LOUD] * 12)
    assert sum(one.speaking for one in now) == 3 and not any(one.stops for one in now)
    turn._encoder.text = "No, that is wrong."
    assert any(turn.interject(RATE, LOUD, REPLY).stops for _ in range(5))  # words still stop it


@pytest.mark.parametrize("begun", [LOUD, LOUD[: RATE // 20]])  # enough to be speech, or not yet
def test_what_began_before_the_assistant_ended_is_kept(begun):
    turn, _ = interjected("hello", QUIET, begun)
    turn.add(RATE, LOUD)
    assert len(turn.recording()[1]) == len(QUIET) + len(begun) + len(LOUD)


def test_a_sentence_that_is_clear_only_after_a_while_is_whole():
    turn, now = interjected("", *[LOUD] * 5)
    assert not now[-1].speaking and not any(one.stops for one in now)  # it goes on
    turn._encoder.text = "How do I return it?"
    assert any(turn.interject(RATE, LOUD, REPLY).stops for _ in range(3))
    assert len(turn.recording()[1]) >= 6 * len(LOUD)


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
    assert partial.ended
    assert partial.transcript.text == encoder.transcribe(np.concatenate(turn._pieces)).text
    whole = encoder.transcribe(waveform).text
    assert word_errors(SENTENCES[2:3], [partial.transcript.text]) <= word_errors(
        SENTENCES[2:3], [whole]
    )
    assert any(text and text != partial.transcript.text for text in seen)


@pytest.mark.slow
def test_what_follows_a_greeting_is_whole(settings):
    """Whether the reply is interrupted by it, or over while its first word is spoken."""
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    voice, end_of_turn = load_voice(settings), load_end_of_turn(settings)
    onnxruntime.set_seed(0)
    for pause in (0.4, 0.7, 1.0):
        said = ("Good morning.", "How do I return my order?")
        first, last = (speech_of(encoder.voice, spoken_by_piper(voice, text)) for text in said)
        silence = np.zeros(2 * RATE, np.float32)
        sound = np.concatenate([first, silence[: round(pause * RATE)], last, silence])
        for reply in (1.0, 3.0):
            turns = list(talked(encoder, end_of_turn, sound, reply))
            assert turns[-1].rstrip("?.").endswith("How do I return my order"), (pause, reply)


def talked(encoder, end_of_turn, sound, reply):
    """The transcripts of the turns of a customer whom the assistant answers for so many seconds."""
    turn, muted = LiveTurn(encoder, encoder.voice, end_of_turn=end_of_turn), 0.0
    for piece in np.split(sound, range(RATE // 10, len(sound), RATE // 10)):
        if muted > 0:
            muted -= len(piece) / RATE
            if turn.interject(RATE, piece, "Hello! How can I help you?").stops:
                muted = 0.0
            continue
        now = turn.add(RATE, piece)
        if now.ended:
            yield now.transcript.text
            turn, muted = LiveTurn(encoder, encoder.voice, end_of_turn=end_of_turn), reply


class Unsure(Hears):
    """Hears other words where it is told nothing."""

    sure = 0.3

    def transcribe(self, waveform, previous, draft, names, before):
        heard = super().transcribe(waveform, previous, draft, names, before)
        return heard if names else replace(heard, text="Know, shop.")


def test_words_heard_unsurely_stop_nothing_unless_they_are_heard_again(monkeypatch):
    turn = LiveTurn(Unsure("No, stop."), LoudIsSpeech())
    now = [turn.interject(RATE, piece, REPLY) for piece in (QUIET, LOUD, QUIET)]
    assert not any(one.stops for one in now)
    monkeypatch.setattr(Hears, "sure", 0.3)
    _, now = interjected("Stop.", QUIET, LOUD, QUIET)
    assert now[-1].stops


def test_who_is_louder_than_the_assistants_own_voice_is_heard_whole_and_alone():
    echo, customer = 0.3 * LOUD / 0.5, LOUD * 1.9
    turn = LiveTurn(Hears("within thirty days"), LoudIsSpeech())
    before = [turn.interject(RATE, echo, REPLY) for _ in range(8)]
    assert not any(one.stops for one in before) and not before[-1].speaking
    first = turn.interject(RATE, customer, REPLY)
    assert first.speaking  # it waits though it has heard itself
    turn._encoder.text = "No, that is wrong."
    assert any(turn.interject(RATE, customer, REPLY).stops for _ in range(5))
    heard = np.abs(turn.recording()[1])
    loud, own = heard > 0.9, (heard > 0.2) & (heard < 0.4)
    assert loud.sum() >= 4 * len(LOUD) and own.sum() <= len(LOUD)


def test_an_echo_is_known_though_it_is_heard_twice():
    assert is_echo("how do I change the, how do I change the", "How do I change the language?")
    assert not is_echo("how do I get a refund", "How do I change the language?")
    assert not is_echo("No.", "Unopened goods can be returned.")  # in "unopened"
    assert is_echo("days", "within thirty days") and is_echo("no", "There is no fee.")
    assert clauses("It is open. Monday, Tuesday.") == ["Tuesday", "Monday", "It is open"]
