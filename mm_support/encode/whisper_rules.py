"""The rules of decoding with Whisper, which are those of whisper.transcribe. They know no model."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from mm_support.encode.vad import Span
from mm_support.errors import InputError
from mm_support.language.heard import joint
from mm_support.types import SAMPLE_RATE, Segment

if TYPE_CHECKING:
    from whisper.decoding import DecodingResult
    from whisper.tokenizer import Tokenizer

HOP = 160  # samples in a frame of the spectrogram
FRAMES_PER_SECOND = SAMPLE_RATE // HOP  # 100
WINDOW = 30 * FRAMES_PER_SECOND  # frames that the encoder can see at once
STAMP = 0.02  # seconds between two timestamp tokens
LEAD = 0.5  # seconds of sound kept before speech
UNSURE = -0.45  # mean of the tokens' log-probabilities: below, beam search often finds better words
MAX_COMPRESSION = 2.4  # of the text's bytes by zlib: above, it repeats itself
MIN_LOGPROB = -1.0  # mean of the tokens' log-probabilities: below, it is guessed
NO_SPEECH = 0.6  # probability of the no-speech token: above, and guessed, nobody speaks
SURE, SURE_WHEN_SHORT = 0.7, 0.9  # probability that a language other than expected must have
HARDLY = 0.05  # probability below which the expected language is hardly spoken
SHORT = 5.0  # seconds of speech, under which a language is hard to tell
LOOP = 3  # tokens that are said again on end, at the least
LOOPS = 10  # times on end after which an attempt is one that compresses too well
WORD = 1.5  # seconds of speech, under which it cannot be told: "OK" is said in every language


def check_language(language: str | None) -> None:
    """Raises InputError for a language that Whisper does not know."""
    from whisper.tokenizer import LANGUAGES

    if language is not None and language not in LANGUAGES:
        raise InputError(f"{language!r} cannot be transcribed; use a code such as 'en' or 'de'.")


def looks_bad(result: DecodingResult) -> bool:
    """Whether the text repeats itself or is guessed; silence is not bad."""
    guessed = result.avg_logprob < MIN_LOGPROB and result.no_speech_prob <= NO_SPEECH
    return guessed or result.compression_ratio > MAX_COMPRESSION


def is_heard(result: DecodingResult) -> bool:
    """Whether a decoded text is what somebody said: neither silence nor a loop."""
    silent = result.no_speech_prob > NO_SPEECH and result.avg_logprob < MIN_LOGPROB
    return not silent and result.compression_ratio <= MAX_COMPRESSION


def compression(text: str) -> float:
    """Of a text's bytes by zlib, as whisper.utils has it. A letter of any alphabet counts as one
    byte: the second that UTF-8 has for one (Cyrillic, Arabic) tells nothing and is compressed away.
    """
    written = b"".join(map(_bytes, text))
    return len(written) / len(zlib.compress(written))


def _bytes(sign: str) -> bytes:
    """One of a letter, two of a character of Chinese, Japanese and Korean."""
    if east_asian_width(sign) in "WF":
        return sign.encode("utf-16-be")
    return bytes([ord(sign) if sign.isascii() else 0x80 | ord(sign) & 0x7F])


def choose_languages(
    probabilities: dict[str, float], seconds: float, expected: str
) -> tuple[str, ...]:
    """The likeliest language where it is sure for so many seconds of speech, else the expected;
    both where that is hardly spoken and there is enough speech to compare what is heard in them.
    """
    best = max(probabilities, key=probabilities.__getitem__)
    least = SURE if seconds >= SHORT else SURE_WHEN_SHORT
    if probabilities[best] >= least or best == expected:
        return (best,)
    unexpected = seconds >= WORD and probabilities.get(expected, 0.0) < HARDLY
    return (expected, best) if unexpected else (expected,)


def split_segments(
    tokens: list[int], stamp: int, seconds: float
) -> tuple[list[tuple[float, float, list[int]]], float]:
    """Tokens of a window -> [(start, end, tokens)] in seconds, and how many seconds of the window
    are done.

    stamp: the token of 0.00 s; those above it stand for 0.02 s each. seconds: length of the window.
    What follows the last pair of timestamps is left for the next window, as in whisper.transcribe.
    """
    stamped = [token >= stamp for token in tokens]
    cuts = [place for place, pair in enumerate(pairwise(stamped), 1) if all(pair)]
    complete = stamped[-2:] == [False, True]
    if not cuts:
        last = max((token - stamp for token in tokens if token > stamp), default=0)
        return [(0.0, last * STAMP or seconds, tokens)], seconds
    if complete:
        cuts.append(len(tokens))
    parts = [tokens[first:last] for first, last in pairwise([0, *cuts])]
    segments = [((part[0] - stamp) * STAMP, (part[-1] - stamp) * STAMP, part) for part in parts]
    done = segments[-1][1]
    return segments, seconds if complete or done <= 0 else done


def repeated(tokens: Sequence[int], times: int = 2) -> int:
    """How many of the last tokens say again what stands right before them, so often on end."""
    lengths = range(len(tokens) // times, LOOP - 1, -1)
    loops = (n for n in lengths if list(tokens[-n * times :]) == list(tokens[-n:]) * times)
    return next(loops, 0)


def said_once(tokens: Sequence[int], stamp: int) -> list[int]:
    """The tokens without timestamps, and without what was said before at another time: who repeats
    a sentence is no loop of the decoder, which has one time for all of it. stamp: as of
    split_segments.
    """
    runs = (tuple(run) for words, run in groupby(tokens, lambda token: token < stamp) if words)
    return [token for run in dict.fromkeys(runs) for token in run]


def times_said(tokens: Sequence[int], stamp: int) -> float:
    """How often a text says what it says, on average. What it says again costs next to nothing: so
    often as likely its tokens seem. stamp: as of split_segments.
    """
    once = len(said_once(tokens, stamp))
    return sum(token < stamp for token in tokens) / once if once else 1.0


def guessed(tokenizer: Tokenizer, before: Sequence[Segment], start: float) -> list[int]:
    """The tokens of the segments in the window that begins at `start` seconds, as far as they go:
    the last one may go on.
    """
    space, tokens = joint(tokenizer.language or ""), list[int]()
    for part in before:
        if start <= part.start and part.end <= start + WINDOW / FRAMES_PER_SECOND:
            first, last = (round((time - start) / STAMP) for time in (part.start, part.end))
            text = tokenizer.encode(space + part.text)
            tokens += [tokenizer.timestamp_begin + first, *text, tokenizer.timestamp_begin + last]
    return tokens[:-1]


def skip_silence(frame: int, spans: Sequence[Span]) -> int:
    """The frame, or LEAD before the next speech; beyond the end where nobody speaks any more."""
    for first, last in spans:
        if frame * HOP < last:
            return max(frame, first // HOP - round(LEAD * FRAMES_PER_SECOND))
    return WINDOW * 1_000
