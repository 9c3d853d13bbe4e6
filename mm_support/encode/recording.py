"""Long recordings and calls: cut into parts in pauses, and what was heard as one transcript.

Knows no model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from mm_support.encode.vad import Span, VoiceActivity
from mm_support.language.heard import joint
from mm_support.types import SAMPLE_RATE, Segment, Transcript

PART = 60.0  # seconds of a long recording that are heard at once
TURN = 1.0  # seconds of a pause in which the other of a call may speak


def join_segments(segments: Sequence[Segment], language: str) -> Transcript:
    """One transcript; its confidence is the mean of the segments', weighed by their characters."""
    text = joint(language).join(segment.text for segment in segments)
    lengths = [len(segment.text) for segment in segments]
    confidence = (
        sum(s.confidence * n for s, n in zip(segments, lengths)) / sum(lengths) if segments else 0.0
    )
    return Transcript(text, language, confidence, tuple(segments))


def parts_of(waveform: np.ndarray, voice: VoiceActivity, pause: float = math.inf) -> list[Span]:
    """A long recording cut in the middle of pauses, where it has any, into PART seconds at most.
    pause: seconds of one in which any recording is cut, as people of a call take turns.
    """
    if len(waveform) <= PART * SAMPLE_RATE and pause == math.inf:
        return [(0, len(waveform))]
    cuts = [0]
    for (_, stop), (start, end) in pairwise(voice.spans(waveform)):
        if end - cuts[-1] > PART * SAMPLE_RATE or start - stop > pause * SAMPLE_RATE:
            cuts.append((stop + start) // 2)
    return list(pairwise([*cuts, len(waveform)]))


def joined(before: Transcript, part: Transcript, start: float) -> Transcript:
    """A transcript with the next part of its recording, which began at `start` seconds, in the
    language in which more is said.
    """
    if before.text and not part.text:
        return before
    if not before.text:
        return moved(part, start)
    segments = (*before.segments, *moved(part, start).segments)
    longer = max(before, part, key=lambda transcript: len(transcript.text))
    return join_segments(segments, longer.language)


def moved(transcript: Transcript, seconds: float) -> Transcript:
    """The same, that many seconds later."""
    later = (
        replace(s, start=round(s.start + seconds, 2), end=round(s.end + seconds, 2))
        for s in transcript.segments
    )
    return replace(transcript, segments=tuple(later))


def in_turn(voices: Sequence[Transcript]) -> Transcript:
    """What several people said, in the order of time. The language is that of who said most."""
    spoken = [transcript for transcript in voices if transcript.text] or voices[-1:]
    if len(spoken) == 1:
        return spoken[0]
    segments = sorted((s for one in spoken for s in one.segments), key=lambda s: s.start)
    longest = max(spoken, key=lambda transcript: len(transcript.text))
    return join_segments(segments, longest.language)
