"""When a spoken turn is over: by its sound, by its words, by both; and without a model at all."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from mm_support.encode.end_of_turn import SECONDS, SoundAndWords, load_end_of_turn, log_mel
from mm_support.errors import WeightsError
from mm_support.language.utterances import (
    Completeness,
    Hashed,
    goes_on,
    is_nod,
    load_completeness,
    load_hashed,
    places,
    words_of,
)
from mm_support.paths import WEIGHTS

RATE = 16_000
HELD_OUT = Path(__file__).parents[1] / "assets" / "training" / "intents" / "held_out.jsonl"


@pytest.mark.parametrize("seconds", [0.5, 3.0, SECONDS, 11.0])
def test_features_are_those_that_the_model_was_trained_with(seconds):
    from transformers import WhisperFeatureExtractor

    sound = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    last = np.pad(sound[-SECONDS * RATE :], (max(0, SECONDS * RATE - len(sound)), 0))
    extractor = WhisperFeatureExtractor(chunk_length=SECONDS)
    how = {"sampling_rate": RATE, "do_normalize": True, "return_tensors": "np"}
    expected = extractor(last, **how).input_features[0]
    assert log_mel(sound).shape == expected.shape == (80, 100 * SECONDS)
    np.testing.assert_allclose(log_mel(sound), expected, atol=2e-4)


def test_silence_has_features_too():
    assert np.isfinite(log_mel(np.zeros(100, np.float32))).all()


def test_without_the_model_turns_end_by_time(tmp_settings, tmp_path, caplog):
    assert load_end_of_turn(tmp_settings.with_changes(turn_model=str(tmp_path))) is None
    damaged = tmp_path / "x.onnx"
    damaged.write_bytes(b"no model")
    assert load_end_of_turn(tmp_settings.with_changes(turn_model=str(damaged))) is None
    assert caplog.text.count("fixed pause") == 2


class Sound:
    def __init__(self, logit):
        self.value = logit

    def logit(self, waveform):
        return self.value


def test_both_count_in_the_probability():
    words = Completeness(Hashed(np.full(99, -1.0, np.float32), 0.5))
    both = SoundAndWords(Sound(2.0), words, 0.5, 2.0, -1.0)
    expected = 0.5 * 2.0 + 2.0 * words.logit("of") - 1.0
    assert words.logit("of") < -1 and words.logit("...") == 0.0
    assert both.probability(np.zeros(9), "Of.") == pytest.approx(1 / (1 + np.exp(-expected)))


def test_what_was_never_seen_counts_nothing_and_a_feature_counts_once(tmp_path):
    weights = np.zeros(99, np.float32)
    weights[places(["a"], 99)] = 2.0
    learned = Hashed(weights, 0.5)
    assert learned.logit(["b"]) == 0.5 and learned.logit(["a", "a", "b"]) == 2.5
    with pytest.raises(WeightsError):
        load_hashed(tmp_path, "nods")


NODS = "Mm-hmm.;Uh-huh;OK.;Yeah, okay.;I see.;嗯嗯;好的;对对;Genau.;Oui, oui.".split(";")
STOPS = "Stop.;Wait, wait.;No.;Hold on a second;Sorry?;Ok, stop;But how?;Refund;Banana;E24".split(
    ";"
)
STOPS += "等一下;不对;停;Halt".split(";")


def test_a_nod_is_told_from_what_stops_a_speaker():
    assert [text for text in NODS if not is_nod(text)] == []
    assert [text for text in STOPS if is_nod(text)] == []
    assert not is_nod("") and not is_nod("...")


def test_what_asks_to_go_on_is_told_from_a_question():
    for text in (
        "Go on, please.",
        "So what else?",
        "Go on then.",
        "然后还有呢？",
        "und weiter?",
    ):
        assert goes_on(text), text
    for text in ("", "What else do you sell in blue?", "Can I return it?", "No.", "怎么退货？"):
        assert not goes_on(text), text


def test_numbers_are_alike_and_chinese_is_read_by_characters():
    assert words_of("It's 24, OK?") == ["it's", "9", "ok"]
    assert words_of("我的WH坏了") == ["我", "的", "wh", "坏", "了"]


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "zh"])
def test_whole_utterances_are_told_from_their_beginnings(language):
    """On wordings that training never saw: most whole ones score above most broken ones."""
    completeness, rng = load_completeness(WEIGHTS), random.Random(0)
    rows = map(json.loads, HELD_OUT.read_text(encoding="utf-8").splitlines())
    texts = [row["text"] for row in rows if row["language"] == language]
    cut = {
        text: 1 + rng.randrange(len(words_of(text)) - 1)
        for text in texts
        if len(words_of(text)) > 3
    }
    between = " " if language != "zh" else ""
    broken = [between.join(words_of(text)[:length]) for text, length in cut.items()]
    whole, halves = (np.array([completeness.logit(t) for t in own]) for own in (list(cut), broken))
    assert len(whole) >= 30 and np.mean(whole[:, None] > halves) >= 0.8


GREETS = "Hi;Hi.;Hello;Hello!;Good morning.;Hey there;Good evening;你好。;您好;Guten Tag".split(";")


def test_a_greeting_alone_is_a_beginning():
    """ "Hi," and a breath, then what they want."""
    completeness = load_completeness(WEIGHTS)
    assert [text for text in GREETS if completeness.logit(text) > 0] == []
    for whole in (
        "Thanks.",
        "Yes.",
        "No.",
        "Stop.",
        "Goodbye.",
        "谢谢。",
        "Hello, I want a refund.",
    ):
        assert completeness.logit(whole) > 0, whole


@pytest.mark.slow
def test_smart_turn_hears_that_a_sentence_goes_on(settings):
    import onnxruntime

    from mm_support.bench.sounds import SENTENCES, spoken_by_piper
    from mm_support.bench.turns import speech_of
    from mm_support.decode.voice import load_voice
    from mm_support.encode.vad import load_voice_activity

    onnxruntime.set_seed(0)  # the voice draws its noise
    model, voice, activity = load_end_of_turn(settings), load_voice(settings), load_voice_activity()
    assert model is not None
    over, goes_on = [], []
    for sentence in SENTENCES[:12]:
        spoken = speech_of(activity, spoken_by_piper(voice, sentence))
        half = sentence.rsplit(" ", 3)[0]
        over.append(model.probability(np.pad(spoken, (0, RATE // 5)), sentence))
        first = np.pad(spoken[: len(spoken) // 2], (0, RATE // 5))
        goes_on.append(model.probability(first, half))
    assert np.mean(over) > np.mean(goes_on) + 0.3
    assert np.mean(np.array(over) > goes_on) > 0.9
