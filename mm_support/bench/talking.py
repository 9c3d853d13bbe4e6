"""Talking hands-free through the whole service: what interrupts the assistant's voice, and how soon
a reply is heard.

Sentences and replies are spoken by the Piper voice. Seconds are on a clock that only sound and the
work of this process move, that of all its threads added: what else runs on the machine, and what
works beside each other, makes them no shorter or longer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mm_support.bench.cost import median
from mm_support.bench.sounds import SENTENCES, spoken_by_piper
from mm_support.bench.turns import speech_of
from mm_support.decode.voice import Voice
from mm_support.encode.live import Interjection, LiveTurn
from mm_support.encode.speech import SpeechEncoder
from mm_support.types import SAMPLE_RATE, Spoken, UserTurn

PIECE = 0.1  # seconds of sound that a browser sends while somebody speaks
BEGINS = 1.0  # seconds of a reply before the customer speaks
FAINT = 10 ** (-20 / 20)  # amplitude of the assistant's voice in the microphone, -20 dB
ECHOES = (-20, -10)  # dB of it where nobody else speaks
REPLIES, CUSTOMERS = SENTENCES[32:40], SENTENCES[40:48]


def interruptions(encoder: SpeechEncoder, voice: Voice) -> dict[str, Any]:
    """Customers who speak over a reply, and replies that hear themselves."""
    waits, stopped = list[float](), 0
    for reply, words in zip(REPLIES, CUSTOMERS):
        said = speech_of(encoder.voice, spoken_by_piper(voice, words))
        echo = FAINT * np.tile(spoken_by_piper(voice, reply), 2)
        pieces = interjected(encoder, over(echo, said), reply)
        customer = [(end - BEGINS, piece) for end, piece in pieces if end > BEGINS]
        waits += [end for end, piece in customer if piece.speaking or piece.stops][:1]
        stopped += any(piece.stops for _, piece in customer)
    return {
        "customers": len(CUSTOMERS),
        "stopped_by_their_words": stopped,
        "begin_of_speech_to_waiting_voice_s": median(waits, 2) if waits else None,
        "slowest_s": round(max(waits), 2) if waits else None,
        "stopped_by_its_own_voice": sum(
            echo_stops(encoder, voice, reply, level) for reply in REPLIES for level in ECHOES
        ),
        "replies_heard_alone": len(REPLIES) * len(ECHOES),
    }


def echo_stops(encoder: SpeechEncoder, voice: Voice, reply: str, decibels: float) -> bool:
    echo = spoken_by_piper(voice, reply) * np.float32(10 ** (decibels / 20))
    return any(piece.stops for _, piece in interjected(encoder, echo, reply))


def over(echo: np.ndarray, said: np.ndarray) -> np.ndarray:
    """(n,) what a microphone hears of both, the customer from BEGINS on."""
    begins = round(BEGINS * SAMPLE_RATE)
    heard = np.zeros(max(len(echo), begins + len(said)) + SAMPLE_RATE, np.float32)
    heard[: len(echo)] += echo
    heard[begins : begins + len(said)] += said
    return heard


def interjected(
    encoder: SpeechEncoder, microphone: np.ndarray, reply: str
) -> Iterator[tuple[float, Interjection]]:
    """(second in which it ends, what it is) of each piece, until one stops the assistant."""
    turn = LiveTurn(encoder, encoder.voice)
    for end, piece in pieces_of(microphone):
        now = turn.interject(SAMPLE_RATE, piece, reply)
        yield end, now
        if now.stops:
            return


def pieces_of(waveform: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    step = round(PIECE * SAMPLE_RATE)
    for start in range(0, len(waveform), step):
        piece = waveform[start : start + step]
        yield (start + len(piece)) / SAMPLE_RATE, piece


def first_sounds(service: Any, questions: Sequence[str], knowledge: str) -> dict[str, Any]:
    """How long after somebody has asked a turn is over, and the reply is heard."""
    speech, voice = service.parts.encoders.speech, service.parts.voice
    asked = [speech_of(speech.voice, spoken_by_piper(voice, text)) for text in questions]
    taken = [first_sound(service, said, knowledge) for said in asked]
    ends, sounds = zip(*taken[1:])  # the first one warms up
    return {
        "questions": len(ends),
        "end_of_speech_to_end_of_turn_s": median(ends, 2),
        "end_of_speech_to_first_sound_s": median(sounds, 2),
        "slowest_s": round(max(sounds), 2),
    }


def first_sound(service: Any, said: np.ndarray, knowledge: str) -> tuple[float, float]:
    """Seconds behind the last word until the turn ends, and until its reply is heard."""
    turn, clock = service.listen("en", knowledge), 0.0
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    for end, piece in pieces_of(np.concatenate([said, silence])):
        begun = time.process_time()
        ended = turn.add(SAMPLE_RATE, piece).ended
        clock = max(clock, end) + time.process_time() - begun
        if ended:
            break
    begun, over = time.process_time(), clock - len(said) / SAMPLE_RATE
    spoken = UserTurn(audio=turn.recording(), heard=turn.finish(), knowledge=knowledge, speak=True)
    for event in service.reply(spoken):
        if isinstance(event, Spoken):
            break
    return over, over + time.process_time() - begun
