"""What is decided of a turn, and why: values that the reply is composed from and stored with.

Knows nothing of how it is decided (rules.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mm_support.types import Action, Hit

Reason = Literal[
    "self_harm",
    "safety",
    "asked",
    "upset",
    "abuse",
    "greeting",
    "thanks",
    "goodbye",
    "acknowledged",
    "rejected",
    "misheard",
    "rest",  # of a reply that was interrupted
    "unnamed",
    "human_only",
    "account",
    "stuck",
    "evidence",
    "contradicted",  # by another entry: see pipeline/disputed.py
    "ambiguous",
    "unknown",
    "silence",
    "waiting",
    "person",
    "closed",
    "action",  # those of actions/flow.py
    "action_asks",
    "action_confirms",
    "action_left",
    "action_given_up",
    "action_sign_in",
    "action_missing",
    "action_failed",
    "action_unsure",
]
PERIL: tuple[Reason, ...] = ("safety", "self_harm")  # spoken of before anything that was found
FAILED: tuple[Action, ...] = ("clarify", "refuse")


@dataclass(frozen=True)
class Decision:
    """What to do and why, how likely the evidence suffices (0..1), the hits that the reply is made
    from, whether products like the one in the photo are wanted, and the code in it that nothing is
    known of.
    """

    action: Action
    reason: Reason
    confidence: float
    hits: tuple[Hit, ...]
    similar: bool = False
    unknown: str = ""


# a recording in which nobody speaks, and nothing else
SILENCE = Decision("clarify", "silence", 0.0, ())
