"""What a question asks for, by words of all languages that have a file (messages/*.toml): amounts,
steps; and what it says it does not ask about.

Guesses. Of all languages, since that of a short question is easily mistaken.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.messages import languages, messages
from mm_support.language.terms import HAN


def asks_amount(question: str) -> bool:
    return bool(_wording("asks.amount").search(question))


def asks_steps(question: str) -> bool:
    return bool(_wording("asks.steps").search(question))


def affirmed(question: str) -> str:
    """Without a clause that names what is not meant: "the S2, not the Mini"."""
    return _denied().sub("", question)


@functools.cache
def _denied() -> re.Pattern[str]:
    denying = _wording("asks.not").pattern
    return re.compile(
        rf"(?:^|[,;，；(])\s*(?:{denying})(?=\w|\s+\w)[^,.;!?，。；！？)]*", re.IGNORECASE
    )


@functools.cache
def _wording(key: str) -> re.Pattern[str]:
    listed = ", ".join(messages(language).get(key, "") for language in languages())
    words = map(re.escape, filter(None, listed.split(", ")))
    edged = (word if HAN.match(word) else rf"\b{word}\b" for word in words)
    return re.compile("|".join(edged), re.IGNORECASE)
