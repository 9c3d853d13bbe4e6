"""Any recording becomes mono float32 at 16 kHz, or one plain sentence says why not."""

import io
import subprocess
import sys
import time
import wave

import av
import numpy as np
import pytest
import recordings
from recordings import FORMATS, encoded

from mm_support.errors import InputError
from mm_support.inputs import audio
from mm_support.inputs.audio import MAX_SECONDS, Stream, load_voices, load_waveform

PITCH = 440.0  # Hz


def tone(seconds=1.0, rate=16_000, level=0.3):
    return (level * np.sin(2 * np.pi * PITCH * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def wav(**claims):
    """A second of a tone whose header says what `claims` say."""
    return recordings.wav(tone(), 16_000, **claims)


@pytest.fixture
def load(tmp_path):
    def load_bytes(data, name="recording.mp3"):
        path = tmp_path / name
        path.write_bytes(data)
        return load_waveform(path)

    return load_bytes


def pitch_of(waveform):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return np.argmax(spectrum) * 16_000 / len(waveform)


@pytest.mark.parametrize("kind", FORMATS)
def test_formats_keep_pitch_length_and_level(load, kind):
    waveform = load(encoded(tone(), 16_000, kind))
    assert waveform.dtype == np.float32 and waveform.ndim == 1
    assert abs(len(waveform) / 16_000 - 1) < 0.05
    assert abs(pitch_of(waveform) - PITCH) < 3
    assert 0.2 < np.abs(waveform).max() < 0.4


def test_arrays_of_any_kind_of_number_agree():
    expected = tone(level=0.5)
    for kind, scale, centre in (
        (np.int16, 32767, 0),
        (np.int32, 2**31 - 1, 0),
        (np.uint8, 127, 128),
        (np.int8, 127, 0),
    ):
        waveform = load_waveform((16_000, np.rint(expected * float(scale) + centre).astype(kind)))
        assert waveform.dtype == np.float32
        assert np.allclose(waveform, expected, atol=0.01)
    assert np.allclose(load_waveform((16_000, expected.astype(np.float64))), expected)


def test_channels_are_averaged():
    both = np.stack([np.full(1600, 0.6), np.full(1600, 0.2)], axis=1)
    assert np.allclose(load_waveform((16_000, both)), 0.4)


def test_resampling_keeps_the_pitch():
    for rate in (8_000, 22_050, 44_100, 48_000, 96_000):
        waveform = load_waveform((rate, tone(1.0, rate)))
        assert abs(len(waveform) - 16_000) < 50
        assert abs(pitch_of(waveform) - PITCH) < 2


def test_quiet_is_raised_silence_is_not_and_too_loud_is_brought_down():
    assert np.isclose(
        np.abs(load_waveform((16_000, tone(level=0.001)))).max(), audio.LOUD_PEAK, rtol=0.01
    )
    assert not load_waveform((16_000, np.zeros(1600, np.float32))).any()
    assert np.abs(load_waveform((16_000, tone(level=1e-5)))).max() < 2e-5
    assert np.isclose(np.abs(load_waveform((16_000, tone(level=8.0)))).max(), 1.0)


@pytest.mark.parametrize("claim", [0, 0x7FFFFFFF, 0xFFFFFFFF, 64_000], ids=hex)
def test_a_header_that_lies_about_the_length_is_not_believed(load, claim):
    assert len(load(wav(data_bytes=claim))) == 16_000


@pytest.mark.parametrize(
    "fields",
    [{"rate": 1_092_676}, {"rate": 0}, {"channels": 0}, {"channels": 60_000}, {"bits": 999}],
    ids=str,
)
def test_an_absurd_header_is_refused(load, fields):
    with pytest.raises(InputError):
        load(wav(**fields))


UNREADABLE = {
    "text": b"this is no recording at all\n" * 300,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "zeros": bytes(5_000),
    "half a header": wav()[:20],
    "header only": wav()[:44],
    "empty": b"",
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_no_recording_gets_one_sentence(load, kind):
    with pytest.raises(InputError) as caught:
        load(UNREADABLE[kind])
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and "please" in message


def test_a_truncated_recording_gives_what_is_there(load):
    data = encoded(tone(2.0), 16_000, "mp3")
    assert 0.5 < len(load(data[: len(data) // 2])) / 16_000 < 1.5


def test_a_recording_put_together_of_others_is_heard_whole(load):
    kinds = "mp3", "answering machine"
    waveform = load(b"".join(encoded(tone(), 16_000, kind) for kind in kinds))
    assert abs(len(waveform) / 16_000 - 2) < 0.2 and abs(pitch_of(waveform) - PITCH) < 3


def test_a_file_can_name_no_other_file(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.wav").write_bytes(wav())
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.wav\n#EXT-X-ENDLIST\n"
    listing = "ffconcat version 1.0\nfile secret.wav\n"
    with av.open(io.BytesIO(listing.encode())) as unguarded:
        assert unguarded.streams.audio[0].sample_rate == 16_000  # FFmpeg by itself would open it
    for text in (playlist, listing):
        with pytest.raises(InputError):
            load(text.encode())


@pytest.mark.parametrize("packets, tracks", [(20_000_000, 1), (300_000, 16), (300_000, 40)])
def test_a_file_that_promises_many_packets_takes_no_memory(tmp_path, packets, tracks):
    """FFmpeg lays out a table of what a file of some hundred bytes says that it holds."""
    (path := tmp_path / "promising.m4a").write_bytes(recordings.promising(packets, tracks))
    assert path.stat().st_size < 30_000
    program = (
        "import resource, sys\n"
        "from mm_support.errors import InputError\n"
        "from mm_support.inputs.audio import load_waveform\n"
        "import av\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = used()\n"
        "try: load_waveform(sys.argv[1])\n"
        "except InputError: print(used() - before)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert int(ran.stdout) < 250  # MB


def test_a_long_recording_in_an_array_is_resampled_piece_by_piece():
    whole = load_waveform((44_100, tone(12.0, rate=44_100)))
    assert abs(len(whole) / 16_000 - 12) < 0.01 and abs(pitch_of(whole) - PITCH) < 3
    assert np.abs(np.diff(whole)).max() < 0.1  # no gap where two pieces meet


@pytest.mark.parametrize(
    "name",
    ["http://127.0.0.1/a.wav", "concat:a.wav|b.wav", "pipe:0", "/dev/zero", "missing.wav", "a\0b"],
)
def test_only_files_that_are_there(name):
    with pytest.raises(InputError):
        load_waveform(name)


def test_too_large_a_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.truncate(audio.MAX_BYTES + 1)
    with pytest.raises(InputError, match="40 MB"):
        load_waveform(path)


def test_too_long_is_refused(load, monkeypatch):
    with pytest.raises(InputError, match="10 minutes"):
        load_waveform((8_000, np.zeros(8_000 * MAX_SECONDS + 1, np.int16)))
    long = encoded(tone(MAX_SECONDS + 5.0), 16_000, "flac")
    with pytest.raises(InputError, match="10 minutes"):
        load(long)
    monkeypatch.setattr(audio, "_check_promise", lambda *_: None)  # as if the header had lied
    with pytest.raises(InputError, match="10 minutes"):
        load(long)


def test_a_promise_is_believed_where_the_file_is_large_enough(load, monkeypatch):
    monkeypatch.setattr(audio, "_join", lambda pieces: pytest.fail("decoded"))
    with pytest.raises(InputError, match="10 minutes"):
        load(encoded(tone(MAX_SECONDS + 5.0), 16_000, "telephone"))


BAD_ARRAYS = {
    "nan": (16_000, np.full(1600, np.nan, np.float32)),
    "infinite": (16_000, np.full(1600, np.inf)),
    "beyond float32": (16_000, np.full(1600, 1e300)),
    "no samples": (16_000, np.zeros(0, np.float32)),
    "rate": (1_092_676, tone()),
    "no rate": (0, tone()),
    "rate of another kind": ("16000", tone()),
    "rate is nan": (float("nan"), tone()),
    "three axes": (16_000, np.zeros((4, 4, 4))),
    "a picture": (16_000, np.zeros((480, 640))),
    "complex": (16_000, np.zeros(1600, complex)),
    "words": (16_000, np.array(["a", "b"])),
    "no pair": (16_000,),
    "a number": 16_000,
}


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_bad_arrays_are_refused(kind):
    with pytest.raises(InputError):
        load_waveform(BAD_ARRAYS[kind])


def test_damaged_files_never_end_in_another_error(load):
    """Bytes changed at random, mostly in the header: a waveform or an InputError, within a second
    or so.
    """
    rng = np.random.default_rng(0)
    files = [
        encoded(tone(), 16_000, kind)
        for kind in ("mu-law", "browser webm", "phone m4a", "mp3", "flac")
    ]
    started = time.monotonic()
    for i in range(200):
        data = bytearray(files[i % len(files)])
        for place in rng.integers(
            0, min(len(data), 400 if i % 3 else len(data)), rng.integers(1, 12)
        ):
            data[place] = rng.integers(256)
        try:
            assert np.isfinite(load(bytes(data))).all()
        except InputError:
            continue
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_recording_in_pieces_is_the_recording(rate):
    """No click where two pieces meet, and nothing lost but the resampler's last milliseconds."""
    time = np.arange(2 * rate) / rate
    sound = (0.4 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    stream = Stream()
    steps = range(rate // 7, len(sound), rate // 7)
    pieces = np.concatenate([stream.add(rate, piece) for piece in np.split(sound, steps)])
    whole = load_waveform((rate, sound))
    assert len(whole) - 400 <= len(pieces) <= len(whole)
    np.testing.assert_allclose(pieces, whole[: len(pieces)], atol=2e-3)


def test_a_bad_piece_is_refused():
    for rate, piece in (
        (0, np.zeros(9)),
        (16_000, np.full(9, np.nan)),
        (16_000, np.zeros((1, 2, 3))),
    ):
        with pytest.raises(InputError):
            Stream().add(rate, piece)


def people():
    """Two people who speak by turns, then at once; (n, 2)."""
    said = np.random.default_rng(0).normal(0, 0.1, (48_000, 2)).astype(np.float32)
    said[:16_000, 1] = said[16_000:32_000, 0] = 0
    return said


def test_two_people_of_a_call_are_heard_apart_and_without_what_leaks_over():
    said = people()
    with_leak = said + 0.1 * said[:, ::-1]
    left, right = load_voices((16_000, with_leak))
    assert not left[16_000:32_000].any() and not right[:16_000].any()
    for voice, own in ((left, said[:, 0]), (right, said[:, 1])):
        assert np.corrcoef(voice, own)[0, 1] > 0.97


def test_a_constant_offset_mixes_no_people():
    assert len(load_voices((16_000, people() + np.float32(0.1)))) == 2
    silent = np.stack([people()[:, 0] / 20, np.full(48_000, 0.1, np.float32)], axis=1)
    (voice,) = load_voices((16_000, silent))
    assert np.corrcoef(voice, silent[:, 0])[0, 1] > 0.99


def test_one_sound_in_two_channels_stays_one_even_where_they_would_cancel_out():
    one = people()[:, 0]
    late = np.roll(one, 80)
    for other in (one, -one, late, np.zeros_like(one)):
        (voice,) = load_voices((16_000, np.stack([one, other], axis=1)))
        assert max(abs(np.corrcoef(voice, own)[0, 1]) for own in (one, late)) > 0.99


def test_a_stereo_file_keeps_its_people_apart(tmp_path):
    path = tmp_path / "call.wav"
    samples = (people() * 32_767).clip(-32_767, 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    assert len(load_voices(path)) == 2 and load_waveform(path).shape == (48_000,)
