"""A multimodal customer-support assistant: typed, spoken and photographed questions, grounded
replies.

from mm_support import Settings, SupportService, UserTurn
reply = SupportService.load(Settings()).answer(UserTurn(text="How long is the warranty?"))
"""

from typing import TYPE_CHECKING

from mm_support.device import sleep_between_work
from mm_support.privacy import switch_off_telemetry

switch_off_telemetry()
sleep_between_work()

from mm_support.config import Settings
from mm_support.errors import (
    GenerationError,
    InputError,
    KnowledgeError,
    SupportError,
    WeightsError,
)
from mm_support.types import Reply, UserTurn

if TYPE_CHECKING:
    from mm_support.service import SupportService

__all__ = [
    "GenerationError",
    "InputError",
    "KnowledgeError",
    "Reply",
    "Settings",
    "SupportError",
    "SupportService",
    "UserTurn",
    "WeightsError",
]


def __getattr__(name: str) -> object:
    if name == "SupportService":  # on demand: what it imports the command line need not wait for
        from mm_support.service import SupportService

        return SupportService
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
