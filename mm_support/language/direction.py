"""Whether a text reads from the right. Knows no language by name."""

from __future__ import annotations

import unicodedata

STRONG = {"L": False, "R": True, "AL": True}  # Unicode Standard Annex 9, table 4


def right_to_left(text: str) -> bool | None:
    """What its first letter says, as a browser reads dir="auto"; None where none says anything."""
    kinds = map(unicodedata.bidirectional, text)
    return next((STRONG[kind] for kind in kinds if kind in STRONG), None)
