"""A turn while it is being spoken: partial transcripts of the growing recording, and when the turn
is over.

The recording is transcribed again as it grows, quickly while somebody speaks, with all care at the
end: the last transcript is that of the whole recording.
Knows nothing of browsers: pieces of sound come in, what is known so far goes out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mm_support.encode.end_of_turn import SoundAndWords
from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.vad import Span, VoiceActivity
from mm_support.errors import BusyError, InputError
from mm_support.inputs.audio import Stream, level
from mm_support.language.surely_heard import SURELY, heard_right
from mm_support.language.utterances import is_nod, words_of
from mm_support.types import SAMPLE_RATE, Transcript, UserTurn

# seconds of silence that end a turn: where a model that has heard it says that it is over, or not;
# and without such a model (end_of_turn.py), behind a whole sentence, or anything else
FINISHED, UNFINISHED = 0.2, 1.4
PAUSE, LONG_PAUSE = 0.7, 1.2
OVER = 0.5  # probability from which a turn is over
STEP = 0.6  # seconds of new sound that are worth another partial transcript
# times as long as a partial transcript took, until the next: the last one shall seldom wait for it
SPARING = 3
WAITING = 3.0  # seconds of sound kept while nobody has spoken yet
# seconds of silence behind speech that is perhaps over: as good a transcript as with more of it
QUIET = 0.1
SPEAKING = 0.05  # seconds of silence behind speech that still goes on
RECENT = 4.0  # seconds in which the end of speech is looked for
INTERRUPTION = 0.1  # seconds of speech that make the assistant wait until it knows what they are
DECIDED = 1.0  # seconds from the first of them until it goes on, unless they were words
UNCLEAR = 4.0  # seconds of speech, still unsure, after which it is forgotten
BEFORE = 1.0  # seconds of sound kept while the assistant speaks: the first syllable lies in them
ECHO = 0.6  # share of what was heard that the assistant is saying: from it, it hears itself
FAINT_ECHO = 0.3  # the same of a sound that is no louder than its own voice was
LOUDER = 2.0  # times as loud as that: somebody else
NEAR = 0.2  # seconds around such a sound that belong to it: soft beginnings and ends
BLOCK = 3  # letters in a row that are compared
FULL = 118.0  # seconds at which a turn ends by itself


@dataclass(frozen=True)
class Partial:
    """What is known so far. speaking: somebody speaks now. ended: the transcript is final."""

    transcript: Transcript
    speaking: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Interjection:
    """What a piece of sound is while the assistant speaks. speaking: somebody may be, so the voice
    should wait. stops: the customer has said something, and the turn has begun.
    """

    speaking: bool = False
    stops: bool = False


class LiveTurn:
    """One turn of one customer; pieces are added by one thread at a time."""

    def __init__(
        self,
        encoder: SpeechEncoder,
        voice: VoiceActivity,
        previous: str | None = None,
        end_of_turn: SoundAndWords | None = None,
        names: Sequence[str] = (),
        prepare: Callable[[UserTurn], None] = lambda turn: None,
    ) -> None:
        """names: words that are expected; prepare: told of what may be the whole turn before it is
        known to be over. The others as of SpeechEncoder.
        """
        self._names, self._prepare = names, prepare
        self._echo = 0.0  # loudness of the assistant's own voice, once it was heard
        self._encoder, self._voice, self._previous = encoder, voice, previous
        self._end_of_turn, self._judged, self._over = end_of_turn, 0.0, False
        self._rate, self._stream = 0, Stream()
        self._decides = DECIDED  # seconds of speech at which its words are looked at next
        self._pieces: list[np.ndarray] = []  # as they came
        self._sounds: list[np.ndarray] = []  # the same at 16 kHz
        self._last = Partial(Transcript(""))
        # seconds of the recording: the end of speech, what is transcribed, when it is again
        self._spoken = self._transcribed = self._due = 0.0

    def add(self, rate: int, samples: np.ndarray) -> Partial:
        """Takes the next piece: rate in Hz, samples (n,) or (n, channels), integers or floats.

        Transcribes where enough is new, at most a third of the time, and once as soon as speech
        seems to be over: that transcript is there when the pause has become long enough. Raises
        InputError for a piece that cannot be used; what came before stays.
        """
        if self._last.ended:
            raise InputError.of("turn_over")
        self._decides = DECIDED
        self._keep(rate, samples)
        waveform = self._waveform()
        heard = len(waveform) / SAMPLE_RATE
        self._find_end_of_speech(waveform)
        if not self._spoken:
            self._forget(heard, WAITING)
            return self._last
        silent = heard - self._spoken
        over = silent >= QUIET or heard >= FULL  # perhaps
        if self._is_worth_it(heard, silent, over):
            self._transcribe(waveform, heard, draft=not over)
            if over and self._last.transcript.text:
                self._prepare(UserTurn(audio=self.recording(), heard=self._last.transcript))
        ended = silent >= self._pause(waveform, silent) or heard >= FULL
        self._last = Partial(self._last.transcript, silent < STEP / 2, ended)
        return self._last

    def interject(self, rate: int, samples: np.ndarray, said: str = "") -> Interjection:
        """Takes a piece while the assistant speaks. said: what it is saying.

        Only words stop it: what they are is found once somebody falls silent, or after DECIDED
        seconds. A cough, "mhm" and its own voice let it go on, and are forgotten once they are
        over: what is unsure may be the beginning of a sentence. Where it has heard itself, it no
        longer waits for what may be its own voice again.
        """
        self._keep(rate, samples)
        waveform, spans, louder = self._interjected()
        heard = len(waveform) / SAMPLE_RATE
        if not spans:
            return self._goes_on(heard)
        silent, begun = heard - spans[-1][1] / SAMPLE_RATE, heard - spans[0][0] / SAMPLE_RATE
        if silent < FINISHED and begun < self._decides:
            return Interjection(speaking=begun < DECIDED and louder)
        # told what may be its echo, the encoder hears that in a faint one, and no other words
        told, untold = clauses(said), list[str]()
        first, other = (untold, told) if self._echo and louder else (told, untold)
        transcript = self._hear(waveform, draft=True, names=first)
        words = transcript.text
        echo = is_echo(words, said, ECHO if louder else FAINT_ECHO)
        means = has_words(words) and not echo and not is_nod(words)
        if means and self._is_sure(transcript, waveform, other):
            self._mute_echo(louder)
            return Interjection(stops=True)
        if silent < FINISHED and begun < UNCLEAR and not echo:
            self._decides = begun + STEP
            return Interjection()
        if echo and begun >= STEP:
            loudest = max(map(loudness, self._sounds))
            self._echo = min(loudest, LOUDER * self._echo or loudest)
        self._decides = DECIDED
        self._forget(heard, NEAR if echo else 0.0)
        return self._goes_on(self._seconds())

    def _is_sure(self, heard: Transcript, waveform: np.ndarray, names: Sequence[str]) -> bool:
        """Whether the words are rather heard right than wrong, or are heard again where others are
        expected: a word alone ("stop") never seems sure.
        """
        if heard_right(heard) >= SURELY:
            return True
        again = self._hear(waveform, draft=True, names=names)
        return words_of(again.text) == words_of(heard.text)

    def _interjected(self) -> tuple[np.ndarray, tuple[Span, ...], bool]:
        """The sound while the assistant speaks, its speech, and whether that is somebody else as
        far as loudness tells: where its own voice was heard, what is louder counts before all.
        """
        waveform = level(np.concatenate(self._over_echo()))
        spans = self._voice.spans(waveform, INTERRUPTION)
        if spans or not self._echo:
            return waveform, spans, True
        waveform = self._waveform()
        return waveform, self._voice.spans(waveform, INTERRUPTION), False

    def _over_echo(self) -> list[np.ndarray]:
        """The sounds, silent where none is louder than the assistant's own voice."""
        ends = np.cumsum([len(sound) for sound in self._sounds]) / SAMPLE_RATE
        louder = np.array([loudness(sound) > LOUDER * self._echo for sound in self._sounds])
        kept = [bool(np.any(np.abs(ends[louder] - end) <= NEAR)) for end in ends]
        return [sound * np.float32(own) for sound, own in zip(self._sounds, kept)]

    def _mute_echo(self, louder: bool) -> None:
        """Takes the assistant's own voice out of a turn that begins with somebody louder."""
        if not (self._echo and louder):
            return
        self._sounds = self._over_echo()
        self._pieces = [
            piece if sound.any() else np.zeros_like(piece)
            for piece, sound in zip(self._pieces, self._sounds)
        ]

    def _goes_on(self, heard: float) -> Interjection:
        self._decides = DECIDED
        self._spoken = self._transcribed = self._due = 0.0
        self._forget(heard, BEFORE)
        return Interjection()

    def finish(self) -> Transcript:
        """The transcript of all that came, for a customer who stops the recording by hand."""
        if self._pieces and not self._last.ended:
            self._last = Partial(self._hear(self._waveform()), ended=True)
        return self._last.transcript

    def recording(self) -> tuple[int, np.ndarray]:
        """(rate, samples) of the turn, as UserTurn.audio takes it."""
        return self._rate, np.concatenate(self._pieces)

    def _keep(self, rate: int, samples: np.ndarray) -> None:
        samples = np.asarray(samples)
        if self._pieces and (rate != self._rate or samples.shape[1:] != self._pieces[0].shape[1:]):
            raise InputError.of("recording_mixed")
        if not len(samples):
            raise InputError.of("recording_gap")
        if not self._pieces:
            self._stream = Stream()
        sound = self._stream.add(rate, samples)
        self._rate = rate
        self._pieces.append(samples)
        self._sounds.append(sound)

    def _forget(self, heard: float, kept: float) -> None:
        """While nobody speaks, only the last seconds stay."""
        while heard > kept and len(self._pieces) > 1:
            heard -= len(self._pieces.pop(0)) / self._rate
            del self._sounds[0]

    def _seconds(self) -> float:
        return sum(map(len, self._pieces)) / self._rate

    def _waveform(self) -> np.ndarray:
        return level(np.concatenate(self._sounds))

    def _find_end_of_speech(self, waveform: np.ndarray) -> None:
        """Looks at the last seconds only, so that a long turn takes no longer than a short one."""
        first = max(0, len(waveform) - round(RECENT * SAMPLE_RATE))
        spans = self._voice.spans(waveform[first:])
        if spans:
            self._spoken = (first + spans[-1][1]) / SAMPLE_RATE

    def _is_worth_it(self, heard: float, silent: float, over: bool) -> bool:
        """Whether to transcribe now: the end of what is said, or enough more of it."""
        if over:
            return self._transcribed < self._spoken + QUIET
        return silent < SPEAKING and heard >= self._due

    def _pause(self, waveform: np.ndarray, silent: float) -> float:
        """Seconds of silence that end the turn. silent: seconds so far; the model is asked once a
        pause.
        """
        if self._end_of_turn is None:
            return PAUSE if is_whole(self._last.transcript.text) else LONG_PAUSE
        if silent < FINISHED:
            return UNFINISHED
        if self._judged != self._spoken:
            self._judged = self._spoken
            self._over = self._end_of_turn.probability(waveform, self._last.transcript.text) >= OVER
        return FINISHED if self._over else UNFINISHED

    def _hear(
        self, waveform: np.ndarray, draft: bool = False, names: Sequence[str] | None = None
    ) -> Transcript:
        names = self._names if names is None else names
        before = self._last.transcript
        return self._encoder.transcribe(waveform, self._previous, draft, names, before)

    def _transcribe(self, waveform: np.ndarray, heard: float, draft: bool) -> None:
        started = time.monotonic()
        try:
            transcript = self._hear(waveform, draft)
        except BusyError:  # others come first
            if not draft:
                raise  # all sound is kept, and the next piece tries again
            self._due = heard + STEP
            return
        took = time.monotonic() - started
        self._transcribed, self._due = heard, heard + max(STEP, SPARING * took)
        self._last = Partial(transcript)


def is_whole(text: str) -> bool:
    """Whether a transcript ends as a sentence does."""
    return text.endswith((".", "?", "!", "。", "？", "！")) and not text.endswith("..")


def has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def clauses(said: str) -> list[str]:
    """Of what the assistant says, the latest first."""
    return [part for part in re.split(r"[,.;:!?，。；：！？\n]+\s*", said)[::-1] if part]


def loudness(sound: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(sound)))) if len(sound) else 0.0


def is_echo(heard: str, said: str, least: float = ECHO) -> bool:
    """Whether at least so much of what was heard is what the assistant says, once or several
    times.
    """
    words = words_of(heard), words_of(said)
    heard, said = (re.sub(r"[\W_]+", "", text).casefold() for text in (heard, said))
    if len(heard) <= BLOCK:  # "no" lies in many words
        return bool(heard) and {*words[0]} <= {*words[1]}
    rows = [heard[at : at + BLOCK] for at in range(max(1, len(heard) - BLOCK + 1))]
    shared = sum(row in said for row in rows)
    return bool(heard) and shared >= least * len(rows)
