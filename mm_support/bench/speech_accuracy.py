"""What is heard: word error rates in percent beside whisper.transcribe's, clean and in noise. Takes
minutes.

On synthetic speech: Piper's voice, and espeak-ng's where it is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mm_support.bench.sounds import SENTENCES, spoken_by_espeak, spoken_by_piper, with_noise
from mm_support.bench.speech import Clip, plain_text, word_errors
from mm_support.config import Settings
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode.speech import WhisperEncoder, load_speech_encoder

EVERY = 8  # of the sentences: each is heard four times a voice
NOISE_DB = 10  # of speech above white noise


def measure(settings: Settings) -> dict[str, Any]:
    """For each voice: both word error rates, clean and in noise, and how much worse noise makes
    ours.
    """
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    voice = load_voice(settings)
    voices = {"piper": lambda text: spoken_by_piper(voice, text), "espeak-ng": spoken_by_espeak}
    return {name: _of_voice(encoder, say) for name, say in voices.items()}


def _of_voice(encoder: WhisperEncoder, say: Callable[[str], np.ndarray | None]) -> dict[str, Any]:
    if say(SENTENCES[0]) is None:
        return {"skipped": "it is not installed"}
    rng = np.random.default_rng(0)
    said = ((sentence, say(sentence)) for sentence in SENTENCES[::EVERY])
    clips = [(sentence, waveform) for sentence, waveform in said if waveform is not None]
    noisy = [(sentence, with_noise(waveform, NOISE_DB, rng)) for sentence, waveform in clips]
    clean, noise = accuracy(encoder, clips), accuracy(encoder, noisy)
    worse = round(noise["ours_wer"] / clean["ours_wer"], 2) if clean["ours_wer"] else None
    return {
        "sentences": len(clips),
        "clean": clean,
        f"noise_{NOISE_DB}_db": noise,
        "noise_times_clean": worse,
    }


def accuracy(encoder: WhisperEncoder, clips: Sequence[Clip]) -> dict[str, float]:
    said = [sentence for sentence, _ in clips]
    return {
        "ours_wer": word_errors(said, [encoder.transcribe(waveform).text for _, waveform in clips]),
        "whisper_transcribe_wer": word_errors(
            said, [plain_text(encoder, waveform) for _, waveform in clips]
        ),
    }
