"""What is known of English wording, all in one place, until it is learned: a selector's features,
claims.

Each of these is a guess from a phrase. None may lower a threshold, remove a sentence or keep one
from being shown; in another language they find nothing, and the selector goes by its other
features.
"""

from __future__ import annotations

import re

_LEANS = re.compile(
    r"(?:(?:\w+ ){0,3}also|it|its|this|these|that|those|they|them|he|she|there|then|otherwise"
    r"|however|but|so|if so|if not|after that|in that case|both|either|such|until then|the same)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(?:you|they|he|she|colleague|support|nurse|doctor|agent) (?:\w+ )?(?:said|wrote)\b"
    r"|\btold (?:me|us|my)\b|\bpromised\b|\bquoted\b"
    r"|\byour (?:\w+ ){0,3}(?:says?|said|recommends?|advertises?|claims?)\b"
    r"|\bi (?:\w+ )?(?:heard|thought|know your|read that|was told)\b"
    r"|\b(?:since|as) (?:you|your|all|i can)\b|\b(?:as|what) it says\b"
    r"|,[^,]*\b(?:right|correct|true)\s*(?:[?.,]|$)|\bis(?:n't it| it not)\b"
    r"|\b(?:do|does|is|are)n't (?:i|they|we)\b"
    r"|,\s*(?:do|does|is|are|can) (?:i|it|they|you|we)\W*$",
    re.IGNORECASE,
)
_DENIAL = re.compile(r"\b(?:not|no|never|neither|nor|only|without|cannot)\b|n't\b", re.IGNORECASE)
# how a transcript spells letters that are said one by one
LETTER_NAMES = {
    "aitch": "h",
    "dee": "d",
    "ee": "e",
    "ef": "f",
    "eff": "f",
    "em": "m",
    "en": "n",
    "ess": "s",
    "ex": "x",
    "oh": "0",
    "tee": "t",
    "zed": "z",
    "zee": "z",
}


def leans(sentence: str) -> bool:
    """Whether a sentence is not understood without the one before it."""
    return bool(_LEANS.match(sentence))


def is_claim(words: str) -> bool:
    """Whether the words put something into the company's mouth or ask for agreement."""
    return bool(_CLAIM.search(words.replace("’", "'")))


def denies(sentence: str) -> bool:
    return bool(_DENIAL.search(sentence.replace("’", "'")))
