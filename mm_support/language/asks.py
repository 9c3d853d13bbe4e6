"""What a question asks for, by words of all languages that have a file (messages/*.toml): an amount,
or steps.

A guess, one of a selector's features. Of all languages, since that of a short question is easily
mistaken.
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


@functools.cache
def _wording(key: str) -> re.Pattern[str]:
    listed = ", ".join(messages(language).get(key, "") for language in languages())
    words = map(re.escape, filter(None, listed.split(", ")))
    edged = (word if HAN.match(word) else rf"\b{word}\b" for word in words)
    return re.compile("|".join(edged), re.IGNORECASE)
