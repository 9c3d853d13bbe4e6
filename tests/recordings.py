"""Sound in the files that telephones, browsers and phones make of it, and in files whose header
lies.
"""

from __future__ import annotations

import io
import struct
import wave

import av
import numpy as np

FORMATS = {
    "telephone": ("wav", "pcm_s16le", 8_000),
    "mu-law": ("wav", "pcm_mulaw", 8_000),
    "float": ("wav", "pcm_f32le", 44_100),
    "5.1": ("wav", "pcm_s16le", 16_000, "5.1"),
    "browser webm": ("webm", "libopus", 48_000),
    "browser ogg": ("ogg", "libopus", 48_000, "stereo"),
    "phone m4a": ("ipod", "aac", 44_100),
    "Safari mp4": ("mp4", "aac", 48_000),
    "Safari opus": ("mp4", "libopus", 48_000),
    "mp3": ("mp3", "libmp3lame", 44_100, "stereo"),
    "answering machine": ("mp3", "libmp3lame", 22_050),
    "flac": ("flac", "flac", 16_000),
}  # name: container, codec, Hz, layout
# a recorder writes no end; other containers take no notice
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}
HEADER = {
    "channels": (22, "<H"),
    "rate": (24, "<I"),
    "bits": (34, "<H"),
    "data_bytes": (40, "<I"),
}  # offset and format in a WAV file


def encoded(sound: np.ndarray, rate: int, kind: str) -> bytes:
    """A file of that kind. sound: (n,) float32 at `rate` Hz."""
    container, codec, to, layout = (*FORMATS[kind], "mono")[:4]
    sound = np.pad(
        sound, (0, -len(sound) % (rate // 10))
    )  # whole tenths of a second: the M4A writer refuses some other ends
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=FRAGMENTS) as output:
        stream = output.add_stream(codec, rate=to, layout=layout)
        frame = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
        frame.sample_rate = rate
        fit = av.AudioResampler(
            stream.codec_context.format,
            layout,
            to,
            frame_size=stream.codec_context.frame_size or None,
        )
        for piece in [*fit.resample(frame), *fit.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def wav(sound: np.ndarray, rate: int, /, **claims: int) -> bytes:
    """A 16-bit WAV file whose header claims what HEADER names."""
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((1, 2, rate, 0, "NONE", ""))
        output.writeframes((sound * 32767).astype("<i2").tobytes())
    data = bytearray(file.getvalue())
    for name, value in claims.items():
        struct.pack_into(HEADER[name][1], data, HEADER[name][0], value)
    return bytes(data)


def promising(packets: int, tracks: int = 1) -> bytes:
    """An MP4 of some hundred bytes whose tracks claim to hold so many packets each."""
    unity = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    times = struct.pack(">IIII", 0, 0, 1_000, 1_000)
    sound = bytes(6) + struct.pack(">H8xHHHHI", 1, 1, 16, 0, 0, 44_100 << 16)
    tables = {
        b"stsd": struct.pack(">I", 1) + _box(b"mp4a", sound),
        b"stts": struct.pack(">III", 1, packets, 1_024),
        b"stsc": struct.pack(">IIII", 1, 1, packets, 1),
        b"stsz": struct.pack(">II", 1, packets),
        b"stco": struct.pack(">II", 1, 40),
    }
    table = _box(b"stbl", *(_box(name, bytes(4), own) for name, own in tables.items()))
    media = _box(
        b"mdia",
        _box(b"mdhd", bytes(4), struct.pack(">IIIIHH", 0, 0, 44_100, 44_100, 0x55C4, 0)),
        _box(b"hdlr", bytes(8), b"soun", bytes(13)),
        _box(b"minf", _box(b"smhd", bytes(8)), table),
    )
    head = _box(b"mvhd", bytes(4), times, bytes(16), unity, bytes(24), struct.pack(">I", tracks))
    made = (
        _box(b"trak", _box(b"tkhd", bytes(4), _track(number), bytes(16), unity, bytes(8)), media)
        for number in range(1, tracks + 1)
    )
    moov = _box(b"moov", head, *made)
    return _box(b"ftyp", b"isom", bytes(4), b"isom") + moov + _box(b"mdat", bytes(64))


def _track(number: int) -> bytes:
    return struct.pack(">IIIII", 0, 0, number, 0, 1_000)


def _box(name: bytes, *content: bytes) -> bytes:
    whole = b"".join(content)
    return struct.pack(">I", 8 + len(whole)) + name + whole
