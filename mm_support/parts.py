"""What a service is made of. Filled by loading.py, used by service.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mm_support.decide.policy import Policy
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.voice import Voice
from mm_support.encode.turn import Encoders
from mm_support.fuse.strategies import FusionStrategy
from mm_support.knowledge.base import Knowledge


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything that takes time to load. device: what runs the models, and why, for people."""

    device: str
    encoders: Encoders
    fusion: FusionStrategy
    knowledge: Knowledge
    policy: Policy
    writer: ReplyWriter
    voice: Voice
    close: Callable[[], None] = lambda: None
