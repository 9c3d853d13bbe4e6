"""Speech becomes text: Whisper's own results, for less work, and nothing where nobody speaks."""

import copy
import dataclasses
import json
import math
import threading
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import torch
from recordings import FORMATS, encoded, wav
from safetensors.torch import save_file
from whisper.model import ModelDimensions, Whisper
from whisper.tokenizer import get_tokenizer
from whisper.utils import compression_ratio
from wordless import spoken_by_espeak, wordless

from mm_support.bench.sounds import SENTENCES, spoken_by_piper, with_noise
from mm_support.bench.speech import plain_text, word_errors
from mm_support.decode.voice import load_voice
from mm_support.device import Device, resolve_device
from mm_support.encode import speech
from mm_support.encode.recording import PART, TURN, in_turn, join_segments, joined, parts_of
from mm_support.encode.speech import (
    choose_languages,
    is_heard,
    load_speech_encoder,
    looks_bad,
    skip_silence,
    split_segments,
)
from mm_support.encode.stopping import stops
from mm_support.encode.vad import FRAME, load_voice_activity, speech_frames
from mm_support.encode.whisper_audio import EVERY, MARGIN, encode_sound, stand_ins
from mm_support.encode.whisper_decoder import HalfDecoder, HalfLinear, halve_decoder
from mm_support.encode.whisper_guess import EndsLoops
from mm_support.encode.whisper_rules import MAX_COMPRESSION, compression
from mm_support.errors import InputError, WeightsError
from mm_support.inputs.audio import load_waveform
from mm_support.paths import EXAMPLES
from mm_support.rounds import Stopped
from mm_support.types import Segment, Transcript

CPU = Device(torch.device("cpu"), torch.float32, "test")
RATE = 16_000
STAMP = 50_364  # Whisper's token of 0.00 s
DIMENSIONS = ModelDimensions(80, 1500, 32, 2, 2, 51865, 448, 32, 2, 2)


# -- rules, by hand ------------------------------------------------------------------------


def stamps(*seconds):
    return [STAMP + round(second / 0.02) for second in seconds]


def test_segments_between_timestamps():
    tokens = [*stamps(0), 1, 2, *stamps(2, 2), 3, *stamps(4)]
    assert split_segments(tokens, STAMP, 5.0) == (
        [(0.0, 2.0, tokens[:4]), (2.0, 4.0, tokens[4:])],
        5.0,
    )


def test_an_unfinished_segment_is_left_for_the_next_window():
    tokens = [*stamps(0), 1, *stamps(20, 20), 2, 3]
    segments, done = split_segments(tokens, STAMP, 30.0)
    assert [segment[:2] for segment in segments] == [(0.0, 20.0)] and done == 20.0


def test_a_window_without_pairs_is_one_segment():
    assert split_segments([*stamps(0), 1, 2], STAMP, 3.0) == ([(0.0, 3.0, [*stamps(0), 1, 2])], 3.0)
    assert split_segments([*stamps(0), 1, *stamps(1.5)], STAMP, 3.0)[0][0][:2] == (0.0, 1.5)


def test_every_window_moves_on():
    rng = np.random.default_rng(0)
    for _ in range(200):
        tokens = [
            int(t) for t in rng.choice([1, 2, STAMP, STAMP + 5, STAMP + 50], rng.integers(0, 8))
        ]
        assert split_segments(tokens, STAMP, 1.0)[1] > 0


def test_speech_is_held_through_short_gaps_and_a_click_is_none():
    probabilities = np.zeros(100)
    probabilities[10:30], probabilities[34:50] = 0.9, 0.6  # a gap of 4 frames, 0.13 s
    probabilities[20] = 0.4  # between both thresholds
    probabilities[80:83] = 1.0  # 0.1 s
    assert speech_frames(probabilities) == [(10, 50)]
    assert speech_frames(np.full(100, 0.45)) == []


def test_silence_is_skipped_up_to_the_next_speech():
    spans = ((16_000, 32_000), (160_000, 176_000))  # 1 to 2 s, 10 to 11 s
    assert skip_silence(0, spans) == 50 and skip_silence(120, spans) == 120
    assert skip_silence(300, spans) == 950
    assert skip_silence(1100, spans) > 100_000


@pytest.mark.parametrize(
    "probabilities, seconds, languages",
    [
        ({"cy": 0.6, "en": 0.4}, 2.0, ("en",)),
        ({"cy": 0.85, "en": 0.1}, 2.0, ("en",)),
        ({"de": 0.97, "en": 0.02}, 2.0, ("de",)),
        ({"de": 0.8, "en": 0.2}, 10.0, ("de",)),
        ({"es": 0.5, "it": 0.4, "en": 0.01}, 3.0, ("en", "es")),
        ({"es": 0.5, "it": 0.4, "en": 0.01}, 1.0, ("en",)),
    ],
)
def test_a_language_must_be_clearly_heard_to_displace_the_expected_one(
    probabilities, seconds, languages
):
    assert choose_languages(probabilities, seconds, "en") == languages


def result(logprob=-0.3, no_speech=0.0, compression=1.0):
    return SimpleNamespace(
        avg_logprob=logprob, no_speech_prob=no_speech, compression_ratio=compression
    )


def test_decoding_signals():
    assert not looks_bad(result()) and is_heard(result())
    assert looks_bad(result(compression=3.0)) and not is_heard(result(compression=3.0))
    assert looks_bad(result(logprob=-1.5)) and is_heard(result(logprob=-1.5))
    assert not looks_bad(result(logprob=-1.5, no_speech=0.9)) and not is_heard(
        result(logprob=-1.5, no_speech=0.9)
    )
    assert is_heard(result(no_speech=0.9))  # sure of its words


# -- a tiny Whisper with random weights ----------------------------------------------------


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    model = Whisper(DIMENSIONS)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def folder(tiny, tmp_path_factory):
    """The tiny Whisper as a folder, as people bring their own."""
    path = tmp_path_factory.mktemp("whisper")
    save_file(
        {name: tensor.half().contiguous() for name, tensor in tiny.state_dict().items()},
        path / "model.safetensors",
    )
    (path / "config.json").write_text(json.dumps(dataclasses.asdict(DIMENSIONS)))
    return path


class AlwaysSpeech:
    def spans(self, waveform):
        return ((0, len(waveform)),)


def mel_of(frames, seed=0):
    return torch.randn(80, frames, generator=torch.Generator().manual_seed(seed))


def test_the_whole_window_is_whispers_own_encoding(tiny):
    mel = mel_of(400)
    padded = torch.nn.functional.pad(mel, (0, 2600))[None]
    assert torch.allclose(
        encode_sound(tiny.encoder, mel, thin=False), tiny.encoder(padded), atol=1e-5
    )
    assert torch.allclose(
        encode_sound(tiny.encoder, mel_of(3000)), tiny.encoder(mel_of(3000)[None]), atol=1e-5
    )


def test_thinned_silence_counts_as_much_as_all_of_it(tiny):
    """Where positions make no difference, positions of silence are all alike, and thinning them
    changes nothing.
    """
    encoder = type(tiny.encoder)(*dataclasses.astuple(DIMENSIONS)[:5])
    encoder.load_state_dict(
        {**tiny.encoder.state_dict(), "positional_embedding": torch.zeros(1500, 32)}
    )
    mel = mel_of(400)
    thin, whole = encode_sound(encoder.eval(), mel), encode_sound(encoder, mel, thin=False)
    assert thin.shape[1] == 200 + MARGIN + math.ceil((1500 - 200 - MARGIN) / EVERY)
    assert torch.allclose(
        thin[:, :200], whole[:, :200], atol=2e-3
    )  # the last position of all sees the window's edge


def test_stand_ins_cover_every_position_once():
    for first in (0, 7, 1499, 1500):
        where, counts = stand_ins(first, 1500)
        assert (
            counts.sum() == 1500 - first
            and all(first <= p < 1500 for p in where)
            and len(set(where.tolist())) == len(where)
        )


def test_a_local_folder_loads_through_the_same_code(tiny, folder, tmp_settings):
    encoder = load_speech_encoder(tmp_settings.with_changes(speech_model=str(folder)), CPU)
    expected = tiny.state_dict()["decoder.token_embedding.weight"]
    assert torch.allclose(
        encoder.model.state_dict()["decoder.token_embedding.weight"].float(), expected, atol=1e-2
    )


def halved(model):
    """A copy with its weights rounded to float16 numbers."""
    model = copy.deepcopy(model).eval()
    model.load_state_dict(
        {name: value.half().float() for name, value in model.state_dict().items()}
    )
    return model


@pytest.mark.skipif(
    "fbgemm" not in torch.backends.quantized.supported_engines, reason="FBGEMM is for x86"
)
def test_the_halved_decoder_is_the_decoder(tiny, hasty):
    plain, quick = halved(tiny), halved(tiny)
    halve_decoder(quick)
    assert isinstance(quick.decoder, HalfDecoder)
    torch.manual_seed(0)
    tokens, sound = torch.randint(0, 50_000, (2, 7)), torch.randn(2, 100, 32)
    with torch.inference_mode():
        assert torch.allclose(quick.decoder(tokens, sound), plain.decoder(tokens, sound), atol=1e-4)
    waveform = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    said = [
        speech.WhisperEncoder(model, AlwaysSpeech(), CPU).transcribe(waveform, "en")
        for model in (plain, quick)
    ]
    assert said[0].text == said[1].text != "" and said[0].confidence == pytest.approx(
        said[1].confidence, rel=1e-4
    )


def test_a_decoder_that_float16_does_not_hold_stays_as_it_is(tiny):
    model = halved(tiny)
    model.decoder.blocks[1].mlp[0].weight.data[0, 0] = 1 / 3
    halve_decoder(model)
    assert not isinstance(model.decoder, HalfDecoder)
    assert not any(isinstance(module, HalfLinear) for module in model.modules())


@pytest.fixture
def hasty(monkeypatch):
    """A random model never ends its sentence: twelve tokens at most, at one attempt, whatever they
    are worth.
    """
    monkeypatch.setattr(speech, "TOKENS", (12, 0))
    monkeypatch.setattr(speech, "looks_bad", lambda _: False)
    monkeypatch.setattr(speech, "UNSURE", -1e9)
    monkeypatch.setattr(speech, "is_heard", lambda _: True)


def test_bfloat16_decodes(folder, tmp_settings, hasty):
    device = Device(torch.device("cpu"), torch.bfloat16, "test")
    encoder = load_speech_encoder(tmp_settings.with_changes(speech_model=str(folder)), device)
    encoder.voice = AlwaysSpeech()
    assert encoder.model.decoder.token_embedding.weight.dtype == torch.bfloat16
    assert encoder.transcribe(
        np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32), "en"
    ).text


def test_a_draft_is_one_attempt_however_unsure(folder, tmp_settings, hasty, monkeypatch):
    monkeypatch.setattr(speech, "UNSURE", 0.0)
    encoder = load_speech_encoder(tmp_settings.with_changes(speech_model=str(folder)), CPU)
    encoder.voice = AlwaysSpeech()
    attempts, attempt = [], encoder._attempt
    monkeypatch.setattr(
        encoder, "_attempt", lambda *args, **how: attempts.append(how) or attempt(*args, **how)
    )
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    encoder.transcribe(noise, "en", draft=True)
    assert attempts == [{}]
    encoder.transcribe(noise, "en")
    assert attempts[1:] == [{}, {"beam_size": speech.BEAMS}]


@pytest.mark.parametrize("wrong", [None, 0, 5])
def test_what_was_heard_before_is_decoded_at_once_and_changes_nothing(tiny, hasty, wrong):
    model = halved(tiny)
    encoder, passes = speech.WhisperEncoder(model, AlwaysSpeech(), CPU), []
    model.decoder.register_forward_hook(lambda *_: passes.append(1))
    sound = torch.randn(1, 100, 32)
    with torch.inference_mode():
        plain = encoder._attempt(sound, 100, "en", [])
        alone = len(passes)
        guess = list(plain.tokens[:10])
        if wrong is not None:
            guess[wrong] += 1
        along = encoder._attempt(sound, 100, "en", [], guess)
    assert along.tokens == plain.tokens
    assert along.avg_logprob == pytest.approx(plain.avg_logprob, rel=1e-4)
    right = 10 if wrong is None else wrong
    assert len(passes) - alone == alone - right


def test_a_draft_that_begins_again_ends_there():
    how, do, you, end = range(4)
    assert speech.repeated([how, do, you] * 2) == 3 and not speech.repeated([you] * 5)
    assert not speech.repeated([how, do, you, how, do])
    logits = torch.zeros(2, 4)
    tokens = torch.tensor([[9, how, do, you, how, do, you], [9, how, do, you, do, how, you]])
    EndsLoops(1, end, times=2).apply(logits, tokens)
    assert logits[0].argmax() == end and logits[0].isinf().sum() == 3 and not logits[1].any()


def test_other_attempts_end_once_they_are_nothing_but_a_loop():
    how, do, you, end = range(4)
    assert speech.repeated([end, *[how, do, you] * 4], 4) == 3
    assert not speech.repeated([end, *[how, do, you] * 3], 4)


def test_what_is_said_again_at_another_time_is_no_loop():
    hello, there = [1, 2], [3]
    again = [*stamps(0), *hello, *stamps(2, 2), *hello, *stamps(4, 4), *there, *stamps(5)]
    assert speech.said_once(again, STAMP) == [*hello, *there]
    loop = [*stamps(0), *hello * 3]
    assert speech.said_once(loop, STAMP) == hello * 3


def test_what_is_said_again_makes_a_transcript_no_surer():
    said, other = [1, 2, 3], [4, 5, 6]
    assert speech.times_said([*stamps(0), *said, *stamps(2, 2), *other, *stamps(4)], STAMP) == 1
    again = [token for at in range(4) for token in (*stamps(at), *said, *stamps(at + 1))]
    assert speech.times_said(again, STAMP) == 4
    assert speech.times_said(stamps(0), STAMP) == 1


def test_an_attempt_that_ended_in_a_loop_is_not_heard_however_little_it_says():
    tokenizer = get_tokenizer(True, language="en")
    said, loop = (tokenizer.encode(text) for text in (" Sixteen", " thousand, thousand"))
    assert speech._compression([*said, *loop], tokenizer) < 2.4
    assert speech._compression([*said, *loop * speech.LOOPS], tokenizer) == math.inf


def test_a_transcript_is_guessed_as_it_would_be_decoded():
    tokenizer = get_tokenizer(True, language="en")
    said = (Segment(1.0, 2.5, "It is broken."), Segment(2.5, 4.0, "Can I return it?"))
    tokens = speech.guessed(tokenizer, said, 0.5)
    zero = tokenizer.timestamp_begin
    parts, _ = speech.split_segments([*tokens, zero + 175], zero, 6.0)
    assert [(0.5 + start, 0.5 + end) for start, end, _ in parts] == [(1.0, 2.5), (2.5, 4.0)]
    texts = [tokenizer.decode([token for token in part if token < zero]) for *_, part in parts]
    assert texts == [" It is broken.", " Can I return it?"]


def test_nothing_is_guessed_of_what_lies_behind_a_window():
    tokenizer = get_tokenizer(True, language="en")
    said = (Segment(28.0, 29.5, "It is broken."), Segment(29.5, 33.0, "Can I return it?"))
    assert speech.guessed(tokenizer, said, 0.0) == speech.guessed(tokenizer, said[:1], 0.0)
    assert len(speech.guessed(tokenizer, said, 28.0)) > 8


def test_a_guess_of_more_than_the_decoder_can_hold_is_cut(tiny, hasty):
    encoder = speech.WhisperEncoder(tiny, AlwaysSpeech(), CPU)
    noise = np.random.default_rng(0).normal(0, 0.1, 40 * RATE).astype(np.float32)
    known = [Segment(n, n + 1.0, "It is broken again and again.") for n in range(40)]
    before = Transcript("", "en", segments=tuple(known))
    assert encoder.transcribe(noise, "en", before=before).language == "en"


def test_damaged_weights_say_what_is_wrong(folder, tmp_path, tmp_settings):
    with pytest.raises(WeightsError, match="config.json"):
        load_speech_encoder(tmp_settings.with_changes(speech_model=str(tmp_path)), CPU)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(
        (folder / "model.safetensors").read_bytes()[:-1000]
    )
    with pytest.raises(WeightsError, match="model.safetensors"):
        load_speech_encoder(tmp_settings.with_changes(speech_model=str(tmp_path)), CPU)


def test_unreachable_hub_names_the_embedded_profile(monkeypatch, tmp_path, tmp_settings):
    def unreachable(*_, **__):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    settings = tmp_settings.with_changes(speech_model="small", cache_dir=tmp_path)
    with pytest.raises(WeightsError, match="embedded"):
        load_speech_encoder(settings, CPU)
    with pytest.raises(WeightsError, match="turbo"):
        load_speech_encoder(settings.with_changes(speech_model="no-such-model"), CPU)


def test_two_threads_do_not_disturb_each_other(tiny, hasty):
    """openai-whisper keeps keys and values in hooks on the shared modules: without the lock this
    fails.
    """
    encoder = speech.WhisperEncoder(tiny, AlwaysSpeech(), CPU)
    waveforms = [
        np.random.default_rng(i).normal(0, 0.1, RATE * (1 + i % 3)).astype(np.float32)
        for i in range(8)
    ]
    alone = [encoder.transcribe(waveform, "en") for waveform in waveforms]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda waveform: encoder.transcribe(waveform, "en"), waveforms))
    assert together == alone and len({transcript.confidence for transcript in alone}) > 1


def test_a_stop_ends_the_decoding_in_the_middle_and_the_next_is_heard(tiny, hasty):
    """As often as it is asked whether to go on, once for each token at the least."""

    class Later(threading.Event):
        asked = 0

        def is_set(self):
            self.asked += 1
            return self.asked > 5

    encoder = speech.WhisperEncoder(tiny, AlwaysSpeech(), CPU)
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    before = encoder.transcribe(noise, "en")
    token = stops.set(stop := Later())
    try:
        with pytest.raises(Stopped):
            encoder.transcribe(noise, "en")
    finally:
        stops.reset(token)
    assert stop.asked == 6
    assert encoder.transcribe(noise, "en") == before


def test_an_unknown_language_is_refused(tiny):
    with pytest.raises(InputError, match="'en'"):
        speech.WhisperEncoder(tiny, AlwaysSpeech(), CPU).transcribe(
            np.zeros(RATE, np.float32), "klingon"
        )


MENUS = {
    "en": "Press {} to hear what your {} costs. Press {} to change your {}. ",
    "ru": "Нажмите {}, чтобы узнать, сколько стоит {}. Нажмите {}, чтобы изменить {}. ",
    "ar": "اضغط {} لمعرفة تكلفة {}. اضغط {} لتغيير {}. ",
    "el": "Πατήστε {} για να μάθετε πόσο κοστίζει {}. Πατήστε {} για να αλλάξετε {}. ",
}
WORDS = {
    "en": "one two three four order plan address password".split(),
    "ru": "один два три четыре заказ тариф адрес пароль".split(),
    "ar": "واحد اثنين ثلاثة أربعة الطلب الاشتراك العنوان الرمز".split(),
    "el": "ένα δύο τρία τέσσερα παραγγελία πρόγραμμα διεύθυνση κωδικό".split(),
}


@pytest.mark.parametrize("language", MENUS)
def test_a_list_in_any_alphabet_repeats_itself_no_more_than_in_english(language):
    menu, (*keys, order, plan, address, code) = MENUS[language], WORDS[language]
    said = menu.format(keys[0], order, keys[1], plan) + menu.format(keys[2], address, keys[3], code)
    said += menu.format(keys[1], address, keys[0], code)
    assert 1 < compression(said) < MAX_COMPRESSION < compression(menu.format(*keys) * 6)


def test_english_is_compressed_as_whisper_does():
    text = " ".join(SENTENCES)
    assert compression(text) == compression_ratio(text)


# -- voice activity ------------------------------------------------------------------------


def test_somebody_farther_away_is_heard_behind_a_loud_voice():
    near, far = (load_waveform(EXAMPLES / f"{name}.wav") for name in ("clinic-hours", "lost-card"))
    hiss = 0.01 * np.random.default_rng(0).standard_normal(len(far))
    second = (0.03 * far + 0.03 * hiss).astype(np.float32)
    voice, first = load_voice_activity(), np.tile(near, 4)
    alone = sum(stop - start for start, stop in voice.spans(second))
    spans = voice.spans(np.concatenate([first, np.zeros(RATE // 2, np.float32), second]))
    behind = sum(stop - start for start, stop in spans if start >= len(first))
    assert behind >= 0.8 * alone > 0.5 * len(second)
    assert all(stop < start for (_, stop), (start, _) in pairwise(spans))


def test_voice_activity_of_the_whole_recording_is_that_of_its_frames_in_order():
    """One call for all frames against a call each, the state handed on."""
    voice, waveform = load_voice_activity(), wordless()["melody 2"][: 20 * FRAME + 100]
    padded = np.concatenate([np.zeros(64, np.float32), waveform, np.zeros(FRAME - 100, np.float32)])
    state = {"h": np.zeros((1, 1, 128), np.float32), "c": np.zeros((1, 1, 128), np.float32)}
    one_by_one = []
    for start in range(0, 21 * FRAME, FRAME):
        frame = padded[None, start : start + 64 + FRAME]
        probability, state["h"], state["c"] = voice._session.run(
            ["speech_probs", "hn", "cn"], {"input": frame, **state}
        )
        one_by_one.append(probability[0])
    assert np.allclose(voice.probabilities(waveform), one_by_one, atol=1e-5)


def test_nothing_is_heard_where_nobody_speaks(tiny):
    encoder = speech.WhisperEncoder(tiny, load_voice_activity(), CPU)
    clips = wordless()
    assert len(clips) == 40
    heard = {
        name
        for name, clip in clips.items()
        if encoder.transcribe(load_waveform((RATE, clip))) != Transcript("")
    }
    assert not heard


# -- the real model ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(settings):
    return load_speech_encoder(settings, resolve_device(settings.device))


@pytest.fixture(scope="module")
def clips(settings):
    """(sentence, waveform), spoken by Piper, the same in every run: its noise is drawn by
    onnxruntime.
    """
    onnxruntime.set_seed(0)
    voice = load_voice(settings)
    return [(sentence, spoken_by_piper(voice, sentence)) for sentence in SENTENCES[:8]]


def with_pauses(clips):
    """The clips as one recording, each before half a second of silence."""
    pause = np.zeros(RATE // 2, np.float32)
    return np.concatenate([part for _, clip in clips for part in (clip, pause)])


@pytest.mark.slow
def test_speech_is_understood_as_whisper_does(encoder, clips):
    said = [sentence for sentence, _ in clips]
    ours = [encoder.transcribe(waveform) for _, waveform in clips]
    assert word_errors(said, [transcript.text for transcript in ours]) <= 8
    plain = plain_text(encoder, with_pauses(clips[:4]))  # at once, as it reads 30 s whatever it is
    assert word_errors([plain], [" ".join(transcript.text for transcript in ours[:4])]) <= 5
    for (_, waveform), transcript in zip(clips, ours):
        assert transcript.language == "en" and 0.4 < transcript.confidence <= 1
        assert " ".join(segment.text for segment in transcript.segments) == transcript.text
        assert all(
            0 <= segment.start < segment.end <= len(waveform) / RATE + 0.5
            for segment in transcript.segments
        )


@pytest.mark.slow
def test_the_same_words_through_a_telephone_in_noise_and_very_quietly(encoder, clips):
    sentence, waveform = clips[7]
    rng = np.random.default_rng(0)
    versions = {
        "telephone": load_waveform((8_000, waveform[::2])),
        "noise": with_noise(waveform, 20, rng.normal(size=len(waveform))),
        "quiet": load_waveform((RATE, (waveform * 0.002).astype(np.float32))),
        "clipped": np.clip(4 * waveform, -1, 1),
    }
    for name, version in versions.items():
        assert word_errors([sentence], [encoder.transcribe(version).text]) <= 25, name


@pytest.mark.slow
def test_the_same_words_in_every_kind_of_file(encoder, clips, tmp_path):
    """Whole sentences in files of telephones, browsers and phones, and in WAV files that lie about
    their length.
    """
    said = [" ".join(sentence for sentence, _ in clips[:2])]
    sound = with_pauses(clips[:2])
    clean = word_errors(said, [encoder.transcribe(sound).text])
    files = {kind: encoded(sound, RATE, kind) for kind in FORMATS}
    files |= {f"{claim} bytes": wav(sound, RATE, data_bytes=claim) for claim in (0, 0x7FFFFFFF)}
    path, sounds = tmp_path / "recording", {}
    for kind, version in files.items():
        path.write_bytes(version)
        waveform = load_waveform(path)
        sounds.setdefault(waveform.tobytes(), ([], waveform))[0].append(kind)
    errors = {
        tuple(kinds): word_errors(said, [encoder.transcribe(waveform).text])
        for kinds, waveform in sounds.values()  # those that give the same samples are heard once
    }
    assert max(errors.values()) <= clean + 5, errors


@pytest.mark.slow
def test_sentences_far_apart_keep_their_times(encoder, clips):
    """Two sentences, 40 s apart: both are heard, where they are said."""
    (first, a), (second, b) = clips[0], clips[1]
    transcript = encoder.transcribe(np.concatenate([a, np.zeros(40 * RATE, np.float32), b]))
    assert word_errors([f"{first} {second}"], [transcript.text]) <= 15
    assert transcript.segments[-1].start == pytest.approx(len(a) / RATE + 40, abs=1.0)


@pytest.mark.slow
def test_the_language_so_far_is_expected_and_the_transcript_is_the_same_twice(encoder, clips):
    waveform = clips[0][1]
    assert encoder.transcribe(waveform[: RATE // 2], previous="fr").language in ("fr", "en")
    assert encoder.transcribe(waveform) == encoder.transcribe(waveform)


@pytest.mark.slow
def test_another_voice_is_understood(encoder):
    sentence = SENTENCES[0]
    waveform = spoken_by_espeak(sentence)
    if waveform is None:
        pytest.skip("espeak-ng is not installed")
    assert word_errors([sentence], [encoder.transcribe(waveform).text]) <= 25


# -- long recordings -----------------------------------------------------------------------


class Loud:
    def spans(self, waveform):
        edges = np.flatnonzero(np.diff(np.pad(np.abs(waveform) > 0.1, 1).astype(int)))
        return tuple(map(tuple, edges.reshape(-1, 2)))


def test_a_long_recording_is_cut_in_its_pauses():
    said, pause = np.ones(20 * RATE, np.float32), np.zeros(2 * RATE, np.float32)
    waveform = np.concatenate([part for _ in range(9) for part in (said, pause)])
    parts = parts_of(waveform, Loud())
    assert parts[0][0] == 0 and parts[-1][1] == len(waveform)
    assert all(a[1] == b[0] for a, b in zip(parts, parts[1:]))
    assert all(waveform[cut] == 0 for _, cut in parts[:-1])
    assert all(stop - start <= (PART + 2) * RATE for start, stop in parts)
    assert parts_of(said, Loud()) == [(0, len(said))]


def test_people_of_a_call_are_heard_turn_by_turn():
    said, pause = np.ones(2 * RATE, np.float32), np.zeros(2 * RATE, np.float32)
    waveform = np.concatenate([pause, said, pause, said, pause[: RATE // 2], said])
    first, second = parts_of(waveform, Loud(), TURN)
    assert first == (0, 5 * RATE) and second == (first[1], len(waveform))
    assert parts_of(waveform, Loud()) == [(0, len(waveform))]


def test_parts_are_joined_with_the_times_of_the_whole():
    first = join_segments([Segment(0.0, 2.0, "my order", 0.9)], "en")
    second = join_segments([Segment(1.0, 3.0, "is late and nobody answers", 0.5)], "en")
    whole = joined(joined(Transcript(""), first, 0.0), second, 60.0)
    assert whole.text == "my order is late and nobody answers" and whole.language == "en"
    assert [(s.start, s.end) for s in whole.segments] == [(0.0, 2.0), (61.0, 63.0)]
    assert 0.5 < whole.confidence < 0.9
    assert joined(first, Transcript("", "de"), 60.0) == first


# -- what the decoder is told before --------------------------------------------------------


class Words:
    """A token a word."""

    def encode(self, text):
        return text.split()


def prompt_of(tiny, monkeypatch, language, seconds, names=()):
    encoder = speech.WhisperEncoder(tiny, None, CPU)
    monkeypatch.setattr(encoder, "_tokenizer", lambda language: Words())
    task = speech.Task(((0, round(seconds * RATE)),), language, False, False, names)
    return encoder._names(language, task) + encoder._shown(language, task)


def test_a_long_chinese_recording_is_shown_how_mandarin_is_written(tiny, monkeypatch):
    assert prompt_of(tiny, monkeypatch, "zh", 20.0) == ["以下是普通话的句子。"]
    assert prompt_of(tiny, monkeypatch, "zh", 3.0) == prompt_of(tiny, monkeypatch, "en", 20.0) == []


def test_expected_names_are_told_the_likeliest_nearest_and_not_too_many(tiny, monkeypatch):
    names = [f"Name{number}" for number in range(100)]
    told = prompt_of(tiny, monkeypatch, "en", 3.0, names)
    assert told[-1] == "Name0," and len(told) <= speech.MAX_NAMES


@pytest.mark.parametrize("plain, heard", [(4.0, False), (1.0, True)])
def test_names_tell_how_something_is_written_not_that_it_was_said(tiny, monkeypatch, plain, heard):
    """plain: how often the attempts without names repeat themselves."""
    encoder = speech.WhisperEncoder(tiny, None, CPU)
    monkeypatch.setattr(
        encoder,
        "_attempt",
        lambda features, frames, language, prompt, guess=(), draft=False, **how: (
            result(-0.6) if prompt else result(-0.7, compression=plain)
        ),
    )
    sound, features = torch.zeros(80, 100), torch.zeros(1, 1500, 32)
    decoded = encoder._decode(sound, features, "en", ([7], [], []), draft=False)
    assert is_heard(decoded) == heard and (decoded.avg_logprob == -0.6) == heard


def test_a_word_does_not_change_the_language(tiny, monkeypatch):
    encoder = speech.WhisperEncoder(tiny, None, CPU)
    monkeypatch.setattr(
        encoder, "_language_probabilities", lambda features: {"en": 0.99, "zh": 0.01}
    )
    for seconds, follows, language in ((0.6, True, "zh"), (0.6, False, "en"), (6.0, True, "en")):
        task = speech.Task(((0, round(seconds * RATE)),), "zh", follows, False, ())
        assert encoder._detect(None, 60, task) == language


@pytest.mark.parametrize("surer", ["en", "es"])
def test_where_the_expected_language_is_hardly_spoken_the_words_tell(tiny, monkeypatch, surer):
    encoder = speech.WhisperEncoder(tiny, None, CPU)
    probable = {"es": 0.5, "it": 0.45, "en": 0.01}
    monkeypatch.setattr(encoder, "_language_probabilities", lambda features: probable)
    monkeypatch.setattr(
        encoder,
        "_attempt",
        lambda features, frames, language, *rest, **how: SimpleNamespace(
            language=language, **vars(result(-0.4 if language == surer else -1.2))
        ),
    )
    task = speech.Task(((0, 3 * RATE),), "en", False, False, ())
    assert encoder._detect(None, 300, task) == surer


def test_chinese_is_written_simplified_and_joined_without_blanks_as_japanese_is():
    segments = [Segment(0, 1, "我的訂單"), Segment(1, 2, "還沒到")]
    assert join_segments(segments, "zh").text == "我的訂單還沒到"
    japanese = [Segment(0, 1, "注文は"), Segment(1, 2, "いつ届きますか")]
    assert join_segments(japanese, "ja").text == "注文はいつ届きますか"
    assert join_segments(segments, "ko").text == "我的訂單 還沒到"


def test_two_people_are_written_down_in_the_order_of_time():
    agent = join_segments([Segment(0, 1, "How can I help?"), Segment(5, 6, "Sure.")], "en")
    customer = join_segments([Segment(2, 4, "I want to return it.")], "en")
    both = in_turn([agent, customer])
    assert both.text == "How can I help? I want to return it. Sure."
    assert in_turn([Transcript(""), customer]) == customer and not in_turn([Transcript("")]).text
