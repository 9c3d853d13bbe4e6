"""The ten kinds of reasons why a person takes over, for figures and notices. Each reason that the
assistant decides on is of one kind; the others are given by people and by other programs.
"""

from __future__ import annotations

from typing import Literal, cast, get_args

Code = Literal[
    "asked",
    "upset",
    "reserved",
    "stuck",
    "safety",
    "fraud",
    "no_evidence",
    "technical",
    "out_of_hours",
    "other",
]
SAFETY: Code = "safety"
CODES: tuple[Code, ...] = get_args(Code)
# reasons of decide/decision.py whose names are not kinds themselves
_OF_REASON: dict[str, Code] = {
    "human_only": "reserved",
    "account": "reserved",
    "self_harm": "safety",
}


def code_of(reason: str) -> Code:
    """The kind of a decision's reason."""
    return cast(Code, reason) if reason in CODES else _OF_REASON.get(reason, "other")
