"""Speech encoder: waveform -> transcript, with Whisper (Radford et al. 2022) by openai-whisper.

Decodes as whisper.transcribe does (whisper_rules.py). What differs is the work: nothing is decoded
where nobody speaks, and the encoder computes the sound that is there instead of always 30 seconds
(whisper_audio.py). Knows nothing of files, conversations or replies.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device, torch_threads
from mm_support.encode.recording import join_segments
from mm_support.encode.stopping import end_if_stopped
from mm_support.encode.vad import Span, VoiceActivity, load_voice_activity
from mm_support.encode.whisper_audio import encode_sound
from mm_support.encode.whisper_rules import (
    FRAMES_PER_SECOND,
    HOP,
    LOOPS,
    UNSURE,
    WINDOW,
    WORD,
    check_language,
    choose_languages,
    compression,
    guessed,
    is_heard,
    looks_bad,
    repeated,
    said_once,
    skip_silence,
    split_segments,
    times_said,
)
from mm_support.encode.whisper_weights import load_whisper
from mm_support.language.heard import written
from mm_support.language.messages import messages
from mm_support.types import SAMPLE_RATE, Segment, Transcript

if TYPE_CHECKING:
    import torch
    from whisper.decoding import DecodingResult
    from whisper.model import Whisper
    from whisper.tokenizer import Tokenizer

TAIL = 0.5  # seconds of sound kept behind speech
BEAMS = 5
TEMPERATURES = (0.2, 0.4, 0.8)  # tried where beam search fails too
TOKENS = (30, 25)  # tokens that a window may have: at the least, and for each second
DEFAULT_LANGUAGE = "en"
LONGER = 8.0  # seconds of speech from which a sentence of its language helps a transcript
MAX_NAMES = 60  # tokens of names that are expected; more of them disturb what is heard


class SpeechEncoder(Protocol):
    """waveform: (n,) float32, 16 kHz. previous: ISO 639-1 of the language spoken so far, kept
    unless another is clearly heard. draft: greedy decoding alone, for words that are soon
    transcribed again. names: words that are expected, the likeliest first. before: what was heard
    of the recording when it was shorter.
    """

    @property
    def voice(self) -> VoiceActivity: ...

    def transcribe(
        self,
        waveform: np.ndarray,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript: ...


@dataclass(frozen=True)
class Task:
    """What is to be transcribed, as of SpeechEncoder. expected: the language unless another is
    clearly heard. spans: where somebody speaks.
    """

    spans: Sequence[Span]
    expected: str
    follows: bool
    draft: bool
    names: Sequence[str]
    before: Sequence[Segment] = ()

    @property
    def seconds(self) -> float:
        """Of speech."""
        return sum(stop - start for start, stop in self.spans) / SAMPLE_RATE


@dataclass(frozen=True)
class Window:
    """A decoded stretch of the spectrogram. start: seconds from the recording's beginning."""

    start: float
    segments: list[tuple[float, float, list[int]]]  # seconds from the window's start, tokens
    result: DecodingResult


class Prompt(NamedTuple):
    """Tokens: of expected names, of what was heard before, of this window when it was shorter."""

    names: list[int]
    before: list[int]
    guess: list[int]


class WhisperEncoder:
    """One call decodes at a time: openai-whisper keeps its cache in hooks on the modules."""

    def __init__(self, model: Whisper, voice: VoiceActivity, device: Device) -> None:
        self.model, self.voice, self._device = model, voice, device
        self._lock = threading.Lock()

    def transcribe(
        self,
        waveform: np.ndarray,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript:
        """What is said, with numbers and addresses as they are written; an empty text where nobody
        speaks. Raises InputError for a language that Whisper does not know, and Stopped.
        """
        import torch

        check_language(previous)
        expected = previous or DEFAULT_LANGUAGE
        spans = self.voice.spans(waveform)
        if not spans:
            return Transcript("", expected)
        known = before.segments if before else ()
        task = Task(spans, expected, previous is not None, draft, names, known)
        with self._lock, torch.inference_mode(), torch_threads():
            windows = self._windows(self._spectrogram(waveform), task)
            return self._transcript(windows, expected)

    def warm_up(self) -> None:
        """Decodes a second of nothing: what is set up once keeps no customer waiting."""
        import torch

        with self._lock, torch.inference_mode():
            sound = self._spectrogram(np.zeros(SAMPLE_RATE, np.float32))
            features = encode_sound(self.model.encoder, sound)
            self._attempt(features, sound.shape[1], DEFAULT_LANGUAGE, [])

    def _spectrogram(self, waveform: np.ndarray) -> torch.Tensor:
        """(n,) samples -> (n_mels, n / 160) log-mel."""
        import torch
        from whisper.audio import N_FFT, log_mel_spectrogram

        samples = torch.from_numpy(np.ascontiguousarray(waveform, np.float32))
        on_device = samples.to(self._device.device)
        mel = log_mel_spectrogram(on_device, self.model.dims.n_mels, padding=N_FFT)
        return mel[:, : len(waveform) // HOP]

    def _windows(self, mel: torch.Tensor, task: Task) -> list[Window]:
        """Decodes window after window; what is silent is left out."""
        windows: list[Window] = []
        spans, language, before = task.spans, "", None
        start, end = 0, min(mel.shape[1], spans[-1][1] // HOP + round(TAIL * FRAMES_PER_SECOND))
        while (start := skip_silence(start, spans)) < end:
            end_if_stopped()
            sound = mel[:, start : min(start + WINDOW, end)]
            begin, length = start / FRAMES_PER_SECOND, sound.shape[1] / FRAMES_PER_SECOND
            features = encode_sound(self.model.encoder, sound)
            language = language or self._detect(features, sound.shape[1], task)
            if before is None:
                names, before = self._names(language, task), self._shown(language, task)
            tokenizer = self._tokenizer(language)
            prompt = Prompt(names, before, guessed(tokenizer, task.before, begin))
            result = self._decode(sound, features, language, prompt, task.draft)
            segments, done = split_segments(result.tokens, tokenizer.timestamp_begin, length)
            if is_heard(result):
                windows.append(Window(begin, segments, result))
                before = before + [token for *_, tokens in segments for token in tokens]
            if result.temperature > 0.5:  # what was drawn by lot is no help for what follows
                before = []
            start += math.ceil(done * FRAMES_PER_SECOND)
        return windows

    def _decode(
        self,
        sound: torch.Tensor,
        features: torch.Tensor,
        language: str,
        prompt: Prompt,
        draft: bool,
    ) -> DecodingResult:
        """Greedy first, which is nearly always right; then more where that is unsure or looks bad,
        and of all attempts the one that Whisper itself finds likeliest.

        Names tell how something is written, not that it was said: where nothing is heard without
        them, nothing was.
        """
        names, before, guess = prompt
        first = self._attempt(features, sound.shape[1], language, names + before, guess, draft)
        if draft:
            once = len(first.tokens) - repeated(first.tokens)
            return replace(first, tokens=first.tokens[:once])
        if not (first.avg_logprob < UNSURE or looks_bad(first)):
            return first
        results = []
        for heard, how in self._ways(sound, features):
            results.append(self._attempt(heard, sound.shape[1], language, before, **how))
            if not looks_bad(results[-1]):
                break
        if not names or any(map(is_heard, results)):
            results.append(first)
        return max(results, key=lambda result: (is_heard(result), result.avg_logprob))

    def _ways(
        self, sound: torch.Tensor, features: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, dict[str, Any]]]:
        """(features, options) of further attempts: beam search, the whole window, then chance."""
        yield features, {"beam_size": BEAMS}
        if features.shape[1] < self.model.dims.n_audio_ctx:
            features = encode_sound(self.model.encoder, sound, thin=False)
            yield features, {"beam_size": BEAMS}
        for temperature in TEMPERATURES:
            yield features, {"temperature": temperature}

    def _attempt(
        self,
        features: torch.Tensor,
        frames: int,
        language: str,
        prompt: list[int],
        guess: Sequence[int] = (),
        draft: bool = False,
        **how: Any,
    ) -> DecodingResult:
        """how: whisper's DecodingOptions; greedily where nothing is named. draft: ends where it
        begins to repeat itself.
        """
        import torch
        from whisper.decoding import DecodingOptions, DecodingTask

        from mm_support.encode.whisper_guess import EndsLoops, EndsWhenStopped, Guessed

        plenty = TOKENS[0] + TOKENS[1] * frames // FRAMES_PER_SECOND
        limit = min(self.model.dims.n_text_ctx // 2, plenty)
        options = DecodingOptions(language=language, prompt=prompt, sample_len=limit, **how)
        task = DecodingTask(self.model, options)
        # the features are encoded; Whisper's own would want the encoder's full length
        task._get_audio_features = lambda mel: mel
        task.logit_filters.append(EndsWhenStopped())
        times = 2 if draft else LOOPS
        task.logit_filters.append(EndsLoops(task.sample_begin, task.tokenizer.eot, times))
        if guess := guess[: min(limit, self.model.dims.n_text_ctx - task.sample_begin)]:
            task.inference = Guessed(self.model, task.sample_begin, guess)
        # a token at a time is little work; the same recording gives the same transcript
        with torch_threads(1), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            result = task.run(features)[0]
        stamp = task.tokenizer.timestamp_begin
        return replace(
            result,
            compression_ratio=_compression(result.tokens, task.tokenizer),
            avg_logprob=result.avg_logprob * times_said(result.tokens, stamp),
        )

    def _shown(self, language: str, task: Task) -> list[int]:
        """A sentence that shows how the language is written, as if it had been heard before."""
        shown = messages(language).get("heard.prompt", "") if task.seconds >= LONGER else ""
        return self._tokenizer(language).encode(f" {shown}") if shown else []

    def _names(self, language: str, task: Task) -> list[int]:
        """The names that are expected, as if they had been heard before."""
        tokens: list[int] = []
        for name in task.names:
            name_tokens = self._tokenizer(language).encode(f" {name},")
            if len(tokens) + len(name_tokens) > MAX_NAMES:
                break
            tokens = name_tokens + tokens  # the likeliest last: the nearest counts most
        return tokens

    def _detect(self, features: torch.Tensor, frames: int, task: Task) -> str:
        """The language; of two that it may be, the one in which the words are surer."""
        if not self.model.is_multilingual:
            return DEFAULT_LANGUAGE
        if task.follows and task.seconds < WORD:
            return task.expected
        told = self._language_probabilities(features)
        languages = choose_languages(told, task.seconds, task.expected)
        if len(languages) == 1:
            return languages[0]
        heard = [
            self._attempt(features, frames, language, [], draft=True) for language in languages
        ]
        best = max(heard, key=lambda one: (not looks_bad(one), one.avg_logprob))
        return best.language

    def _language_probabilities(self, features: torch.Tensor) -> dict[str, float]:
        """What Whisper's decoder expects after its start token, among the languages."""
        import torch

        tokenizer = self._tokenizer(None)
        start = torch.tensor([[tokenizer.sot]], device=features.device)
        with torch_threads(1):
            logits = self.model.logits(start, features)[0, 0, list(tokenizer.all_language_tokens)]
        return dict(zip(tokenizer.all_language_codes, logits.softmax(-1).tolist()))

    def _tokenizer(self, language: str | None) -> Tokenizer:
        from whisper.tokenizer import get_tokenizer

        model = self.model
        return get_tokenizer(
            model.is_multilingual, num_languages=model.num_languages, language=language
        )

    def _transcript(self, windows: Sequence[Window], expected: str) -> Transcript:
        language = windows[0].result.language if windows else expected
        tokenizer = self._tokenizer(language)
        segments = []
        for window in windows:
            confidence = math.exp(window.result.avg_logprob)
            for *times, tokens in window.segments:
                heard = tokenizer.decode([token for token in tokens if token < tokenizer.eot])
                start, end = (round(window.start + time, 2) for time in times)
                if text := written(heard.strip(), language):
                    segments.append(Segment(start, end, text, confidence))
        return join_segments(segments, language)


def _compression(tokens: Sequence[int], tokenizer: Tokenizer) -> float:
    """How far the text repeats itself at the same time; without bound where it ended for that."""
    words = said_once(tokens, tokenizer.timestamp_begin)
    return math.inf if repeated(tokens, LOOPS) else compression(tokenizer.decode(words))


def load_speech_encoder(settings: Settings, device: Device) -> WhisperEncoder:
    """Raises WeightsError where the model cannot be had or is damaged."""
    from mm_support.encode.whisper_decoder import halve_decoder

    model = load_whisper(settings.speech_model, settings.cache_dir, device)
    halve_decoder(model)
    encoder = WhisperEncoder(model, load_voice_activity(), device)
    encoder.warm_up()
    return encoder
