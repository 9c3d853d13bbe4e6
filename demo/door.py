"""Who may enter the workshop, checked on the server with every call that changes something."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from mm_support.errors import InputError

CLOSED_DOOR = (
    "This page is for people who look after the assistant. Open it with the link that was printed "
    "when the service started."
)


@dataclass(frozen=True)
class Door:
    """Who may enter. key: that opens it; "", and everybody may. may_add: whether those who entered
    may add knowledge.
    """

    key: str = ""
    may_add: bool = False

    def opens(self, key: str | None) -> bool:
        return not self.key or secrets.compare_digest(str(key or "").encode(), self.key.encode())

    def check(self, key: str | None) -> None:
        """Raises InputError for a wrong key, also where a page was not asked at all."""
        if not self.opens(key):
            raise InputError(CLOSED_DOOR)
