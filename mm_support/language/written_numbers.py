"""Numbers that are written with fractions or with blanks between thousands, as plain decimals.

    plain_numbers("1½ l", "en")       "1.5000 l"
    plain_numbers("5 000 €", "fr")    "5000 €"

Four places behind the point, since three could be taken for thousands. Knows no units but the signs
and codes of currencies.
"""

from __future__ import annotations

import re
import unicodedata

from mm_support.language.amounts import group_sign
from mm_support.language.units import CURRENCIES

VULGAR = re.compile(r"(?:(?<![\d.,/])(\d{1,6})\s?)?([¼½¾⅐-⅞])")
MIXED = re.compile(r"(?<![\d.,/-])(\d{1,3}) ([1-9])/([2-9]|1[06])(?![\d/.])")  # 3 1/2
_GROUPED = r"(?<![\w.,/+-])[1-9]\d{{0,2}}(?:{blank}\d{{3}})+(?!\d|[.,/-]\d{{3}}|{blank}\d)"
SURELY_GROUPED = re.compile(_GROUPED.format(blank="[\u00a0\u2009\u202f'’]"))
GROUPED = re.compile(_GROUPED.format(blank=" "))
SIGNS = rf"(?:[$€£¥₹]|(?:{'|'.join(CURRENCIES)})\b)"
PRICED = re.compile(rf"{SIGNS}\s?$"), re.compile(rf"(?:[.,]\d{{1,2}})?\s?{SIGNS}")


def plain_numbers(text: str, language: str) -> str:
    text = VULGAR.sub(_with_vulgar_fraction, text)
    text = SURELY_GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), text)
    text = GROUPED.sub(lambda match: _ungrouped(match, language), text)
    return MIXED.sub(_with_fraction, text)


def _with_vulgar_fraction(match: re.Match[str]) -> str:
    return f"{int(match[1] or 0) + unicodedata.numeric(match[2]):.4f}"


def _with_fraction(match: re.Match[str]) -> str:
    whole, above, below = map(int, match.groups())
    return f"{whole + above / below:.4f}" if above < below else match[0]


def _ungrouped(match: re.Match[str], language: str) -> str:
    """Joined where the language parts thousands with a blank, and beside the sign of a currency."""
    text, (before, behind) = match.string, PRICED
    priced = behind.match(text, match.end()) or before.search(text, 0, match.start())
    return match[0].replace(" ", "") if priced or group_sign(language).isspace() else match[0]
