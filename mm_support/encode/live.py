"""A turn while it is being spoken: partial transcripts of the growing recording, and when the turn
is over.

The recording is transcribed again as it grows, quickly while somebody speaks, with all care at the
end: the last transcript is that of the whole recording.
Knows nothing of browsers: pieces of sound come in, what is known so far goes out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from mm_support.encode.end_of_turn import EndOfTurn
from mm_support.encode.speech import SpeechEncoder
from mm_support.encode.vad import VoiceActivity
from mm_support.errors import InputError
from mm_support.inputs.audio import MAX_SECONDS, load_waveform
from mm_support.types import SAMPLE_RATE, Transcript

# seconds of silence that end a turn, by what is there to tell: a model that has heard it (end_of_turn.py)
# says that it is over, or not; without one, its transcript is a whole sentence, or anything else
FINISHED, UNFINISHED = 0.2, 1.4
PAUSE, LONG_PAUSE = 0.7, 1.2
OVER = 0.5  # probability from which a turn is over
STEP = 0.6  # seconds of new sound that are worth another partial transcript
# times as long as a partial transcript took, until the next: the last one shall seldom wait for it
SPARING = 3
WAITING = 3.0  # seconds of sound kept while nobody has spoken yet
# seconds of silence behind speech that is perhaps over: as good a transcript as with more of it
QUIET = 0.2
SPEAKING = 0.1  # seconds of silence behind speech that still goes on
RECENT = 4.0  # seconds in which the end of speech is looked for
INTERRUPTION = (
    0.4  # seconds of speech within a second that interrupt the assistant; an echo is shorter
)
FULL = MAX_SECONDS - 2.0  # seconds at which a turn ends by itself


@dataclass(frozen=True)
class Partial:
    """What is known so far. speaking: somebody speaks right now. ended: the turn is over,
    transcript final.
    """

    transcript: Transcript
    speaking: bool = False
    ended: bool = False


class LiveTurn:
    """One turn of one customer; pieces are added by one thread at a time. Make a new one for the
    next turn.
    """

    def __init__(
        self,
        encoder: SpeechEncoder,
        voice: VoiceActivity,
        language: str | None = None,
        previous: str | None = None,
        end_of_turn: EndOfTurn | None = None,
    ) -> None:
        self._encoder, self._voice, self._languages = encoder, voice, (language, previous)
        self._end_of_turn, self._judged, self._over = end_of_turn, 0.0, False
        self._rate, self._pieces, self._muted = 0, [], False
        self._last = Partial(Transcript(""))
        self._spoken = self._transcribed = self._due = (
            0.0  # seconds of the recording: end of speech, ...
        )

    def add(self, rate: int, samples: np.ndarray) -> Partial:
        """Takes the next piece: rate in Hz, samples (n,) or (n, channels), integers or floats.

        Transcribes where enough is new, at most a third of the time, and once as soon as speech
        seems to be over: that transcript is there when the pause has become long enough. Raises
        InputError for a piece that cannot be used; what came before stays.
        """
        if self._last.ended:
            raise InputError("This turn is over; start a new one.")
        if self._muted:
            self._pieces, self._muted = [], False
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
        ended = silent >= self._pause(waveform, over) or heard >= FULL
        self._last = Partial(self._last.transcript, silent < STEP / 2, ended)
        return self._last

    def interrupts(self, rate: int, samples: np.ndarray) -> bool:
        """Takes a piece while the assistant speaks: whether the customer speaks too.

        Nothing is transcribed, and what came is forgotten unless it is an interruption: then the
        turn has begun.
        """
        self._keep(rate, samples)
        waveform = self._waveform()
        speech = sum(stop - start for start, stop in self._voice.spans(waveform)) / SAMPLE_RATE
        self._muted = speech < INTERRUPTION
        if self._muted:
            self._forget(len(waveform) / SAMPLE_RATE, 1.0)
        return not self._muted

    def finish(self) -> Transcript:
        """The transcript of all that came, for a customer who stops the recording by hand."""
        if self._pieces and not self._last.ended:
            self._last = Partial(
                self._encoder.transcribe(self._waveform(), *self._languages), ended=True
            )
        return self._last.transcript

    def recording(self) -> tuple[int, np.ndarray]:
        """(rate, samples) of the turn, as UserTurn.audio takes it."""
        return self._rate, np.concatenate(self._pieces)

    def _keep(self, rate: int, samples: np.ndarray) -> None:
        samples = np.asarray(samples)
        if self._pieces and (rate != self._rate or samples.shape[1:] != self._pieces[0].shape[1:]):
            raise InputError("The pieces of a recording must have one rate and the same channels.")
        if not len(samples):
            raise InputError("A piece of the recording is empty.")
        load_waveform((rate, samples))  # refuses what could not be used later
        self._rate = rate
        self._pieces.append(samples)

    def _forget(self, heard: float, kept: float) -> None:
        """While nobody speaks, only the last seconds stay."""
        while heard > kept and len(self._pieces) > 1:
            heard -= len(self._pieces.pop(0)) / self._rate

    def _waveform(self) -> np.ndarray:
        return load_waveform(self.recording())

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

    def _pause(self, waveform: np.ndarray, silent: bool) -> float:
        """Seconds of silence that end the turn here. silent: there is enough for the model, which is
        asked once a pause.
        """
        if self._end_of_turn is None:
            return PAUSE if is_whole(self._last.transcript.text) else LONG_PAUSE
        if not silent:
            return UNFINISHED
        if self._judged != self._spoken:
            self._judged = self._spoken
            self._over = self._end_of_turn.probability(waveform) >= OVER
        return FINISHED if self._over else UNFINISHED

    def _transcribe(self, waveform: np.ndarray, heard: float, draft: bool) -> None:
        started = time.monotonic()
        transcript = self._encoder.transcribe(waveform, *self._languages, draft)
        self._transcribed, self._due = (
            heard,
            heard + max(STEP, SPARING * (time.monotonic() - started)),
        )
        self._last = Partial(transcript)


def is_whole(text: str) -> bool:
    """Whether a transcript ends as a sentence does."""
    return text.endswith((".", "?", "!", "。", "？", "！")) and not text.endswith("..")
