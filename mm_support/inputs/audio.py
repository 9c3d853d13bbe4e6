"""Any recording of a customer becomes one waveform: mono, float32, 16 kHz.

Files are decoded in process through PyAV, out of memory and with a list of permitted containers, so
a file can name no other file or address to open. Knows nothing of speech: silence and music pass
through.
"""

from __future__ import annotations

import ctypes
import io
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mm_support.errors import InputError
from mm_support.inputs.channels import voices
from mm_support.types import SAMPLE_RATE

if TYPE_CHECKING:
    import av
    import av.container
    import av.error

MAX_BYTES = 40_000_000  # ten minutes at 16 bits and 32 kHz
MAX_SECONDS = 600
MIN_RATE, MAX_RATE = 4_000, 384_000  # Hz; telephone lines have 8,000, studios up to 384,000
MAX_CHANNELS = 8
# Opus has the shortest, 2.5 ms; a file of shorter ones is made to keep us busy
MAX_PACKETS = 400 * MAX_SECONDS
# a file of some hundred bytes may promise tables of packets that fill the memory, one a stream
MAX_BLOCK = 8 * 2**20  # bytes that FFmpeg takes in one piece
NO_BOUND = 2**31 - 1  # FFmpeg's own
MAX_STREAMS = 16
PIECE = 2**18  # samples that are resampled at once
# as FFmpeg names them
CONTAINERS = "wav,mp3,ogg,matroska,webm,mov,mp4,m4a,3gp,aac,flac,amr,aiff,asf"
# a recording whose peak stays under the first is raised to the second
QUIET_PEAK, LOUD_PEAK = 0.1, 0.5
SILENT_PEAK = 1e-4  # -80 dB of full scale: nothing there that could be raised


def load_waveform(audio: str | Path | tuple[int, np.ndarray]) -> np.ndarray:
    """(n,) float32 in -1..1, 16 kHz mono, from a file or from (rate in Hz, samples (n,) or (n,
    channels)).

    Integer samples are scaled by their type's range, channels averaged, very quiet recordings
    raised. Raises InputError for what is empty, damaged, of another kind, over 40 MB or over ten
    minutes.
    """
    match audio:
        case str() | Path():
            waveform = _from_file(Path(audio), "mono")[0]
        case (rate, samples):
            waveform = _from_array(rate, samples)
        case _:
            raise InputError("A recording is a file, or its rate together with its samples.")
    if not len(waveform):
        raise InputError.of("recording_empty")
    return level(_finite(waveform))


def load_voices(audio: str | Path | tuple[int, np.ndarray]) -> list[np.ndarray]:
    """As load_waveform; of a stereo call two waveforms, one for each person (channels.py)."""
    match audio:
        case str() | Path():
            channels = _from_file(Path(audio), "stereo")
        case (rate, np.ndarray() as samples) if samples.shape[1:] == (2,):
            channels = np.stack([_from_array(rate, channel) for channel in samples.T])
        case _:
            return [load_waveform(audio)]
    if not channels.size:
        raise InputError.of("recording_empty")
    return [level(voice) for voice in voices(_finite(channels))]


def _too_long() -> InputError:
    return InputError.of("recording_long", minutes=MAX_SECONDS // 60)


def _finite(waveform: np.ndarray) -> np.ndarray:
    if not np.isfinite(waveform).all():
        raise InputError.of("recording_numbers")
    return waveform


def level(waveform: np.ndarray) -> np.ndarray:
    """Brings too loud a waveform into -1..1, and raises one that is very quiet but not silent."""
    peak = float(np.abs(waveform).max(initial=0.0))
    if peak > 1:
        return waveform / np.float32(peak)
    return waveform * np.float32(LOUD_PEAK / peak) if SILENT_PEAK < peak < QUIET_PEAK else waveform


# -- arrays --------------------------------------------------------------------------------


class Stream:
    """A recording that comes in pieces: each is converted once, and the pieces fit together."""

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None

    def add(self, rate: int, samples: np.ndarray) -> np.ndarray:
        """The next piece as (n,) float32 at 16 kHz, not levelled; rate is that of the first piece.
        A few milliseconds come with the piece behind it. Raises InputError as load_waveform does.
        """
        rate, mono = _checked_rate(rate), _finite(_mono(rate, samples))
        if rate == SAMPLE_RATE:
            return mono
        resampler = self._resampler = self._resampler or _resampler()
        pieces = chain.from_iterable(map(resampler.resample, _pieces(mono, rate)))
        return _join(piece.to_ndarray() for piece in pieces)[0]


def _from_array(rate: int, samples: np.ndarray) -> np.ndarray:
    rate = _checked_rate(rate)
    mono = _mono(rate, samples)
    if rate == SAMPLE_RATE or not len(mono):
        return mono
    return _join(_resampled(_pieces(mono, rate)))[0]


def _mono(rate: int, samples: np.ndarray) -> np.ndarray:
    samples = np.asarray(samples)
    if samples.ndim == 2 and 1 <= samples.shape[1] <= MAX_CHANNELS:
        samples = _as_float(samples).mean(axis=1)
    if samples.ndim != 1:
        raise InputError("The recording must hold samples of the shape (n,) or (n, channels).")
    if len(samples) > MAX_SECONDS * rate:
        raise _too_long()
    return _as_float(samples)


def _checked_rate(rate: int) -> int:
    number = isinstance(rate, (int, float, np.integer, np.floating))
    if not number or not MIN_RATE <= rate <= MAX_RATE:
        raise InputError.of("recording_rate", rate=rate)
    return int(rate)


def _as_float(samples: np.ndarray) -> np.ndarray:
    """Float32 in -1..1; unsigned integers are centred at half their range, as in 8-bit WAV."""
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):  # becomes infinite, which load_waveform refuses
            return samples.astype(np.float32)
    if samples.dtype.kind not in "iu" or samples.dtype.itemsize > 4:
        raise InputError(
            "The recording must hold samples as floats or as integers of 8, 16 or 32 bits."
        )
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    middle = half if samples.dtype.kind == "u" else 0.0
    return ((samples - middle) / half).astype(np.float32)


def _pieces(samples: np.ndarray, rate: int) -> Iterator[av.AudioFrame]:
    import av

    for start in range(0, len(samples), PIECE):
        piece = samples[None, start : start + PIECE]
        frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate = rate
        yield frame


def _sampling(frame: av.AudioFrame) -> tuple[int, str, str]:
    """What a resampler is made for."""
    return frame.rate, frame.layout.name, frame.format.name


def _resampler(layout: str = "mono") -> av.AudioResampler:
    import av

    return av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE)


# -- files ---------------------------------------------------------------------------------


def _from_file(path: Path, layout: str) -> np.ndarray:
    """(channels, n). layout: "mono", or "stereo" to keep the channels of a stereo file apart."""
    import av
    from av.error import FFmpegError

    data = _read(path)
    try:
        options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
        options["max_streams"] = str(MAX_STREAMS)
        with (
            _bound,
            av.open(io.BytesIO(data), "r", metadata_errors="ignore", options=options) as container,
        ):
            if not container.streams.audio:
                raise InputError.of("recording_mute")
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise InputError.of("recording_unreadable")
            _checked_rate(stream.sample_rate)
            _check_promise(container, stream, len(data))
            layout = layout if stream.codec_context.channels == 2 else "mono"
            return _join(_resampled(_frames(container, stream), layout))
    except (FFmpegError, ValueError, OSError, MemoryError) as exc:
        raise InputError.of("recording_unreadable") from exc


class _Bound:
    """Holds FFmpeg to MAX_BLOCK while files are decoded, where the system finds its library in
    PyAV's: in all of this process, so not for longer.
    """

    def __init__(self) -> None:
        self._lock, self._open = threading.Lock(), 0

    def __enter__(self) -> None:
        with self._lock:
            self._open += 1
            _set_bound(MAX_BLOCK)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open -= 1
            if not self._open:
                _set_bound(NO_BOUND)


def _set_bound(size: int) -> None:
    import av._core

    with suppress(OSError, AttributeError):
        bound = ctypes.CDLL(av._core.__file__).av_max_alloc
        bound.argtypes, bound.restype = [ctypes.c_size_t], None
        bound(size)


_bound = _Bound()


def _read(path: Path) -> bytes:
    """The file's bytes; its size is known before anything is read."""
    try:
        if not path.is_file():
            raise InputError.of("recording_missing")
        if path.stat().st_size > MAX_BYTES:
            raise InputError.of("recording_large", limit=MAX_BYTES // 1_000_000)
        data = path.read_bytes()
    except (OSError, ValueError) as exc:
        raise InputError.of("recording_closed") from exc
    if not data:
        raise InputError.of("recording_empty")
    return data


def _check_promise(
    container: av.container.InputContainer, stream: av.AudioStream, size: int
) -> None:
    """Refuses a long recording before it is decoded; a length that its size belies is ignored."""
    seconds = (container.duration or 0) / 1_000_000
    if seconds > MAX_SECONDS and seconds * (stream.codec_context.bit_rate or 0) / 8 <= size:
        raise _too_long()


def _frames(
    container: av.container.InputContainer, stream: av.AudioStream
) -> Iterator[av.AudioFrame]:
    """The decoded frames; a damaged packet is left out, like a gap on a bad line."""
    from av.error import FFmpegError

    for count, packet in enumerate(container.demux(stream)):
        if count > MAX_PACKETS:
            raise InputError.of("recording_unreadable")
        try:
            yield from packet.decode()
        except FFmpegError:
            continue


def _resampled(frames: Iterator[av.AudioFrame], layout: str = "mono") -> Iterator[np.ndarray]:
    """Pieces (channels, n) float32 at 16 kHz; stops with InputError once they pass the bound. The
    rate and the channels may change on the way, as in recordings that were put together.
    """
    left = MAX_SECONDS * SAMPLE_RATE
    for _, alike in groupby(frames, _sampling):
        resampler = _resampler(layout)
        for frame in chain(alike, (None,)):  # None: it hands over what it still holds
            for piece in resampler.resample(frame):
                left -= piece.samples
                # a second of grace for the padding of codecs and resamplers
                if left < -SAMPLE_RATE:
                    raise _too_long()
                yield piece.to_ndarray()


def _join(pieces: Iterator[np.ndarray]) -> np.ndarray:
    joined = [*pieces]
    return np.concatenate(joined, axis=1) if joined else np.zeros((1, 0), np.float32)
