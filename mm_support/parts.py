"""What a service is made of. Filled by loading.py, used by service.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mm_support.actions.performing import Actions
from mm_support.behind import Behind
from mm_support.decide.intent_classifier import BaseIntents
from mm_support.decide.policy import Policy
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.voice import Voice
from mm_support.encode.end_of_turn import SoundAndWords
from mm_support.encode.turn import Encoders
from mm_support.engines.base import LanguageModel
from mm_support.knowledge.base import Knowledge

if TYPE_CHECKING:
    from mm_support.fuse.strategies import FusionStrategy  # imports torch

MODEL_DIED = "replies are quotes until the language model answers again"


@dataclass(frozen=True, eq=False)
class Parts:
    """Everything that takes time to load. device: what runs the models, and why, for people.
    model: what the writer drafts with; end_of_turn: tells when a spoken turn is over, None where a
    fixed pause does; intents: those that were trained for bases; actions: what performs those that
    bases declare, None where they are switched off; behind: what may still be loading; close: gives
    everything back.
    """

    device: str
    encoders: Encoders
    fusion: FusionStrategy
    knowledge: Knowledge
    policy: Policy
    writer: ReplyWriter
    voice: Voice
    model: LanguageModel | None = None
    end_of_turn: SoundAndWords | None = None
    intents: BaseIntents | None = None
    actions: Actions | None = None
    behind: Behind = field(default_factory=Behind)
    close: Callable[[], None] = lambda: None

    @property
    def trouble(self) -> str:
        """What no longer works, for people; "" where everything does."""
        died = "" if getattr(self.model, "alive", True) else MODEL_DIED
        return "; ".join(filter(None, (died, self.behind.trouble)))
