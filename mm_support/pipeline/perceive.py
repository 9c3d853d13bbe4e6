"""Input and encode: what is heard in a turn's recording and seen in its photos.

Knows the encoders, and of earlier turns their language; knows nothing of knowledge or replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from pathlib import Path

import numpy as np

from mm_support.encode.turn import Encoders, Seen
from mm_support.language.detect import told_language
from mm_support.pipeline.step import Clock, Step
from mm_support.types import Heard, Past, Photo, Saw, Transcript, UserTurn, Working

LOOK = 0.1  # s between looks whether the customer who waits is still there
Perceived = tuple[Transcript | None, Seen | None]  # what was heard and seen


def perceive(
    encoders: Encoders,
    turn: UserTurn,
    language: str | None = None,
    clock: Clock | None = None,
    names: Sequence[str] = (),
) -> Step[Perceived]:
    """What is heard in a turn's recording and seen in its photo. language: the one spoken before;
    names: words that are expected.

    Raises InputError for a recording or a photo that cannot be used.
    """
    clock, heard, seen = clock or Clock(), None, None
    looking = _look_beside(encoders, turn.photos, clock) if turn.photos else None
    if turn.audio is not None:
        yield Working("listen", "Listening")
        with clock.step("listen"):
            heard = turn.heard or (yield from listen(encoders, turn.audio, language, names))
        yield Heard(heard)
    if looking is not None:
        yield Working("look", "Looking at the photo")
        while wait([looking], LOOK).not_done:
            yield Working("look", "Looking at the photo")
        seen = looking.result()
        yield Saw(seen.view)
    return heard, seen


def _look_beside(encoders: Encoders, photos: Sequence[Photo], clock: Clock) -> Future[Seen]:
    """Begins to look in a thread, in which whoever listens meanwhile does not wait."""

    def look() -> Seen:
        with clock.step("look"):
            return encoders.see_all(photos)

    beside = ThreadPoolExecutor(1, "look")
    looking = beside.submit(copy_context().run, look)
    beside.shutdown(wait=False)
    return looking


def listen(
    encoders: Encoders,
    audio: str | Path | tuple[int, np.ndarray],
    language: str | None,
    names: Sequence[str],
) -> Step[Transcript]:
    """What a recording says; of a long one it is told how far it was heard."""
    whole = Transcript("")
    for share, heard in encoders.hear_parts(audio, language, names):
        whole = heard
        if share < 1:
            yield Working("listen", f"Listening: {share:.0%}")
    return whole


def language_of(past: Sequence[Past]) -> str | None:
    """The language that was spoken last; None where nothing was."""
    return next((turn.language for turn in reversed(past) if turn.language), None)


def expected_languages(past: Sequence[Past], page: str, base: tuple[str, ...]) -> tuple[str, ...]:
    """The languages of the next turn, the likeliest first: that which was spoken or typed last, or
    else that of the page, then those of the base.
    """
    expected = (page, *base) if page else base
    for turn in past:
        told = turn.language or told_language(turn.text, expected)
        expected = (told, *base) if told else expected
    return expected
