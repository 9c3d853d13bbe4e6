"""Speech encoder: waveform -> transcript, with Whisper (Radford et al. 2022) through
openai-whisper.

The decoding rules are those of whisper.transcribe. What differs is the work around them: nothing is
decoded where nobody speaks, and the encoder computes the sound that is there instead of always 30
seconds (whisper_audio.py). Knows nothing of files, conversations or replies.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypedDict, Unpack

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device, torch_threads
from mm_support.encode.recording import join_segments
from mm_support.encode.vad import Span, VoiceActivity, load_voice_activity
from mm_support.encode.whisper_audio import encode_sound
from mm_support.errors import InputError, WeightsError
from mm_support.fast_init import without_random_weights
from mm_support.language.heard import joint, written
from mm_support.language.messages import messages
from mm_support.types import SAMPLE_RATE, Segment, Transcript
from mm_support.weights import PREFIX, package_weights

if TYPE_CHECKING:
    import torch
    from whisper.decoding import DecodingResult
    from whisper.model import Whisper
    from whisper.tokenizer import Tokenizer

HOP = 160  # samples in a frame of the spectrogram
FRAMES_PER_SECOND = SAMPLE_RATE // HOP  # 100
WINDOW = 30 * FRAMES_PER_SECOND  # frames that the encoder can see at once
STAMP = 0.02  # seconds between two timestamp tokens

LEAD, TAIL = 0.5, 0.5  # seconds of sound kept before and behind speech

BEAMS = 5
TEMPERATURES = (0.2, 0.4, 0.8)  # tried where beam search fails too
UNSURE = -0.45  # mean of the tokens' log-probabilities: below, beam search often finds better words
MAX_COMPRESSION = 2.4  # of the text's bytes by zlib: above, it repeats itself
MIN_LOGPROB = -1.0  # mean of the tokens' log-probabilities: below, it is guessed
NO_SPEECH = 0.6  # probability of the no-speech token: above, and guessed, nobody speaks
TOKENS = (30, 25)  # tokens that a window may have: at the least, and for each second

DEFAULT_LANGUAGE = "en"
SURE, SURE_WHEN_SHORT = 0.7, 0.9  # probability that a language other than expected must have
SHORT = 5.0  # seconds of speech, under which a language is hard to tell
WORD = 1.5  # seconds of speech, under which it cannot be told: "OK" is said in every language
LONGER = 8.0  # seconds of speech from which a sentence of its language helps a transcript
MAX_NAMES = 60  # tokens of names that are expected; more of them disturb what is heard


class SpeechEncoder(Protocol):
    """waveform: (n,) float32, 16 kHz. language: ISO 639-1 where it is known. previous: the one
    spoken so far.

    draft: the first attempt, however unsure, for words that are soon transcribed again. names:
    words that are expected, such as products, the likeliest first. before: what was heard of the
    recording when it was shorter.
    """

    @property
    def voice(self) -> VoiceActivity: ...

    def transcribe(
        self,
        waveform: np.ndarray,
        language: str | None = None,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript: ...


@dataclass(frozen=True)
class Task:
    """What is to be transcribed, and how: as of SpeechEncoder. expected: the language that it is in
    unless another is clearly heard. spans: where somebody speaks.
    """

    spans: Sequence[Span]
    language: str | None
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
    """Tokens: of names that are expected, of what was heard before this window, and of what was
    heard in it when it was shorter.
    """

    names: list[int]
    before: list[int]
    guess: list[int]


class Way(TypedDict, total=False):
    """How an attempt decodes, as of whisper.DecodingOptions; greedily where nothing is named."""

    beam_size: int
    temperature: float


class WhisperEncoder:
    """A Whisper model. One call decodes at a time: openai-whisper keeps its cache in hooks on the
    modules.
    """

    def __init__(self, model: Whisper, voice: VoiceActivity, device: Device) -> None:
        self.model, self.voice, self._device = model, voice, device
        self._lock = threading.Lock()

    def transcribe(
        self,
        waveform: np.ndarray,
        language: str | None = None,
        previous: str | None = None,
        draft: bool = False,
        names: Sequence[str] = (),
        before: Transcript | None = None,
    ) -> Transcript:
        """What is said, with numbers and addresses as they are written; an empty text where nobody
        speaks.

        language: taken as given. previous: kept unless another language is clearly heard.
        draft: greedy decoding alone, for words that are soon transcribed again.
        Raises InputError for a language that Whisper does not know.
        """
        import torch

        check_languages(language, previous)
        expected = previous or DEFAULT_LANGUAGE
        spans = self.voice.spans(waveform)
        if not spans:
            return Transcript("", language or expected)
        known = before.segments if before else ()
        task = Task(spans, language, expected, previous is not None, draft, names, known)
        with self._lock, torch.inference_mode(), torch_threads():
            windows = self._windows(self._spectrogram(waveform), task)
            return self._transcript(windows, language or expected)

    def warm_up(self) -> None:
        """Decodes a second of nothing, so that the first customer does not wait for what is set up
        once.
        """
        import torch

        with self._lock, torch.inference_mode():
            sound = self._spectrogram(np.zeros(SAMPLE_RATE, np.float32))
            self._attempt(
                encode_sound(self.model.encoder, sound), sound.shape[1], DEFAULT_LANGUAGE, []
            )

    def _spectrogram(self, waveform: np.ndarray) -> torch.Tensor:
        """(n,) samples -> (n_mels, n / 160) log-mel."""
        import torch
        from whisper.audio import N_FFT, log_mel_spectrogram

        samples = torch.from_numpy(np.ascontiguousarray(waveform, np.float32)).to(
            self._device.device
        )
        mel = log_mel_spectrogram(samples, self.model.dims.n_mels, padding=N_FFT)
        return mel[:, : len(waveform) // HOP]

    def _windows(self, mel: torch.Tensor, task: Task) -> list[Window]:
        """Decodes window after window, as whisper.transcribe does, but leaves out what is
        silent.
        """
        windows: list[Window] = []
        spans, language, before = task.spans, task.language, None
        start, end = 0, min(mel.shape[1], spans[-1][1] // HOP + round(TAIL * FRAMES_PER_SECOND))
        while (start := skip_silence(start, spans)) < end:
            sound = mel[:, start : min(start + WINDOW, end)]
            features = encode_sound(self.model.encoder, sound)
            language = language or self._detect(features, task)
            if before is None:
                names, before = self._names(language, task), self._shown(language, task)
            tokenizer = self._tokenizer(language)
            guess = guessed(tokenizer, task.before, start / FRAMES_PER_SECOND)
            prompt = Prompt(names, before, guess)
            result = self._decode(sound, features, language, prompt, task.draft)
            stamp = tokenizer.timestamp_begin
            segments, done = split_segments(
                result.tokens, stamp, sound.shape[1] / FRAMES_PER_SECOND
            )
            if is_heard(result):
                windows.append(Window(start / FRAMES_PER_SECOND, segments, result))
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
        """Greedy first, which is right nearly always; more work only where the result is unsure or
        looks bad.

        Of all attempts the one that Whisper itself finds likeliest, rather than the last one.
        Names tell how something is written, not that it was said: where nothing is heard without
        them, nothing was.
        """
        names, before, guess = prompt
        first = self._attempt(features, sound.shape[1], language, names + before, guess)
        if draft or not (first.avg_logprob < UNSURE or looks_bad(first)):
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
    ) -> Iterator[tuple[torch.Tensor, Way]]:
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
        **how: Unpack[Way],
    ) -> DecodingResult:
        import torch
        from whisper.decoding import DecodingOptions, DecodingTask

        plenty = TOKENS[0] + TOKENS[1] * frames // FRAMES_PER_SECOND
        limit = min(self.model.dims.n_text_ctx // 2, plenty)
        options = DecodingOptions(language=language, prompt=prompt, sample_len=limit, **how)
        task = DecodingTask(self.model, options)
        # the features are encoded; Whisper's own would want the encoder's full length
        task._get_audio_features = lambda mel: mel
        if guess:
            from mm_support.encode.whisper_guess import Guessed

            task.inference = Guessed(self.model, task.sample_begin, guess)
        # a token at a time is little work; the same recording gives the same transcript
        with torch_threads(1), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return task.run(features)[0]

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

    def _detect(self, features: torch.Tensor, task: Task) -> str:
        if not self.model.is_multilingual:
            return DEFAULT_LANGUAGE
        if task.follows and task.seconds < WORD:
            return task.expected
        return choose_language(self._language_probabilities(features), task.seconds, task.expected)

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
            for start, end, tokens in window.segments:
                heard = tokenizer.decode([token for token in tokens if token < tokenizer.eot])
                text = written(heard.strip(), language)
                if text:
                    segments.append(
                        Segment(
                            round(window.start + start, 2),
                            round(window.start + end, 2),
                            text,
                            confidence,
                        )
                    )
        return join_segments(segments, language)


# -- rules, free of any model --------------------------------------------------------------


def check_languages(*languages: str | None) -> None:
    """Raises InputError for a language that Whisper does not know."""
    from whisper.tokenizer import LANGUAGES

    for language in languages:
        if language is not None and language not in LANGUAGES:
            raise InputError(
                f"{language!r} is no language that can be transcribed; use a code such as 'en' or"
                " 'de'."
            )


def looks_bad(result: DecodingResult) -> bool:
    """Whether the text repeats itself, is guessed, or did not end; silence is not bad."""
    guessed = result.avg_logprob < MIN_LOGPROB
    return result.compression_ratio > MAX_COMPRESSION or (
        guessed and result.no_speech_prob <= NO_SPEECH
    )


def is_heard(result: DecodingResult) -> bool:
    """Whether a decoded text is what somebody said: neither silence nor a loop."""
    silent = result.no_speech_prob > NO_SPEECH and result.avg_logprob < MIN_LOGPROB
    return not silent and result.compression_ratio <= MAX_COMPRESSION


def choose_language(probabilities: dict[str, float], seconds: float, expected: str) -> str:
    """The likeliest language, if it is sure enough for so many seconds of speech; else the expected
    one.
    """
    best = max(probabilities, key=probabilities.__getitem__)
    return (
        best if probabilities[best] >= (SURE if seconds >= SHORT else SURE_WHEN_SHORT) else expected
    )


def split_segments(
    tokens: list[int], stamp: int, seconds: float
) -> tuple[list[tuple[float, float, list[int]]], float]:
    """Tokens of a window -> [(start, end, tokens)] in seconds, and how many seconds of the window
    are done.

    stamp: the token of 0.00 s; those above it stand for 0.02 s each. seconds: length of the window.
    What follows the last pair of timestamps is left for the next window, as in whisper.transcribe.
    """
    stamped = [token >= stamp for token in tokens]
    cuts = [i for i in range(1, len(tokens)) if stamped[i - 1] and stamped[i]]
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


def guessed(tokenizer: Tokenizer, before: Sequence[Segment], start: float) -> list[int]:
    """Segments -> the tokens of a window that began at `start` seconds, as far as it goes: the last
    segment may go on.
    """
    zero, space = tokenizer.timestamp_begin, joint(tokenizer.language or "")
    parts = [
        [
            zero + round((part.start - start) / STAMP),
            *tokenizer.encode(space + part.text),
            zero + round((part.end - start) / STAMP),
        ]
        for part in before
        if part.start >= start
    ]
    return list(chain.from_iterable(parts))[:-1]


def skip_silence(frame: int, spans: Sequence[Span]) -> int:
    """The frame itself, or where the next speech begins, less LEAD; beyond the end where none is
    left.
    """
    for first, last in spans:
        if frame * HOP < last:
            return max(frame, first // HOP - round(LEAD * FRAMES_PER_SECOND))
    return WINDOW * 1_000


# -- loading -------------------------------------------------------------------------------


def load_speech_encoder(settings: Settings, device: Device) -> WhisperEncoder:
    """Raises WeightsError where the model cannot be had or is damaged."""
    from mm_support.encode.whisper_decoder import halve_decoder

    model = _placed(_load_model(settings.speech_model, settings.cache_dir), device)
    halve_decoder(model)
    encoder = WhisperEncoder(model, load_voice_activity(), device)
    encoder.warm_up()
    return encoder


def _load_model(name: str, cache_dir: Path) -> Whisper:
    if name.startswith(PREFIX):
        return _from_folder(package_weights(name, cache_dir))
    return _from_folder(Path(name)) if Path(name).is_dir() else _from_hub(name, cache_dir)


def _from_folder(folder: Path) -> Whisper:
    """A folder with config.json (whisper's ModelDimensions) and model.safetensors (openai-whisper's
    names).
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from whisper.model import ModelDimensions, Whisper

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        with without_random_weights():
            model = Whisper(ModelDimensions(**config))
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as exc:
        raise WeightsError(
            f"{folder} does not hold a Whisper model (config.json with its dimensions,"
            f" model.safetensors): {exc}"
        ) from exc
    return model


def _from_hub(name: str, cache_dir: Path) -> Whisper:
    """One of OpenAI's models by name; openai-whisper downloads it and checks its sha256."""
    import whisper

    if name not in whisper.available_models():
        raise WeightsError(
            f"No speech model is called {name!r}; choose one of"
            f" {', '.join(whisper.available_models())}."
        )
    try:
        return whisper.load_model(name, device="cpu", download_root=str(cache_dir / "whisper"))
    except (OSError, RuntimeError) as exc:
        raise WeightsError(
            f"Whisper {name!r} could not be downloaded: connect to the internet, or use the profile"
            " 'embedded'."
        ) from exc


def _placed(model: Whisper, device: Device) -> Whisper:
    """On the device, in its number format; layer norms stay in float32, as Whisper computes
    them.
    """
    from torch import nn

    model.eval().requires_grad_(False).to(device.device)
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Embedding)):
            module.to(device.dtype)
    return model
