"""Input and encode: what is heard in a turn's recording and seen in its photos.

Knows the encoders, and of earlier turns their language; knows nothing of knowledge or replies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from mm_support.encode.stopping import stops
from mm_support.encode.turn import Encoders, Seen
from mm_support.language.detect import told_language
from mm_support.pipeline.step import Clock, Result, Step
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

    Closing it ends both. Raises InputError for a recording or a photo that cannot be used.
    """
    clock, heard, seen, stop = clock or Clock(), None, None, threading.Event()
    looking = _look_beside(encoders, turn.photos, clock, stop) if turn.photos else None
    try:
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
    finally:
        stop.set()
    return heard, seen


def _look_beside(
    encoders: Encoders, photos: Sequence[Photo], clock: Clock, stop: threading.Event
) -> Future[Seen]:
    """Begins to look in a thread, in which whoever listens meanwhile does not wait."""

    def look() -> Seen:
        stops.set(stop)
        with clock.step("look"):
            return encoders.see_all(photos)

    return _beside("look", look)


def _beside(name: str, work: Callable[[], Result]) -> Future[Result]:
    """Begins it in a thread, as a part of what is done here."""
    beside = ThreadPoolExecutor(1, name)
    begun = beside.submit(copy_context().run, work)
    beside.shutdown(wait=False)
    return begun


def listen(
    encoders: Encoders,
    audio: str | Path | tuple[int, np.ndarray],
    language: str | None,
    names: Sequence[str],
) -> Step[Transcript]:
    """What a recording says; of a long one it is told how far it was heard. Closing it ends the
    hearing, too.
    """
    stop, shares = threading.Event(), SimpleQueue[float]()

    def hear() -> Transcript:
        stops.set(stop)
        whole = Transcript("")
        try:
            for share, whole in encoders.hear_parts(audio, language, names):  # noqa: B007
                shares.put(share)
        finally:
            shares.put(1.0)
        return whole

    hearing, heard = _beside("hear", hear), None
    try:
        while (share := _next(shares)) != 1.0:
            heard = heard if share is None else share
            told = "Listening" if heard is None else f"Listening: {heard:.0%}"
            yield Working("listen", told, heard)
        return hearing.result()
    finally:
        stop.set()


def _next(shares: SimpleQueue[float]) -> float | None:
    """The next one; None where it does not come soon."""
    with suppress(Empty):
        return shares.get(timeout=LOOK)
    return None


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
