"""Numbers and prices in a text, as its language writes them (Unicode's locale data)."""

from __future__ import annotations

import functools
import re
from decimal import Decimal

CURRENCY_OF = {"$": "USD", "€": "EUR", "£": "GBP"}  # what a sign stands for everywhere
NUMBER = r"\d+(?:[.,]\d+)*"
WITH_POINT_OR_COMMA = ("en", "de")  # languages that write 12.50 and 12,50
# behind and before no letter or digit; characters of Chinese and Japanese stand beside numbers
APART, BEHIND = r"(?<![^\W\u3040-\u30ff\u4e00-\u9fff])", r"(?![^\W\u3040-\u30ff\u4e00-\u9fff])"
PRICE = re.compile(rf"([$€£])\s?({NUMBER})(?![\d.]*\s*(?:million|billion))|\b({NUMBER})\s?([$€£])")


def number_in(written: str, language: str) -> Decimal | None:
    """The number as the language writes it, or None where it writes none so."""
    from babel.numbers import NumberFormatError, parse_decimal

    try:
        return parse_decimal(written, locale=locale_of(language), strict=True)
    except (NumberFormatError, ArithmeticError):
        return None


def group_sign(language: str) -> str:
    """What parts thousands in a language: "," in English."""
    from babel.numbers import get_group_symbol

    return get_group_symbol(locale_of(language))


def number_told(written: str, language: str) -> Decimal | None:
    """The number as the language writes it, else as others do ("12.50" in German); None where
    nobody writes one so.
    """
    readings = (number_in(written, tongue) for tongue in (language, *WITH_POINT_OR_COMMA))
    return next((number for number in readings if number is not None), None)


@functools.lru_cache(None)
def locale_of(language: str):
    """The locale data of a voice's language: "en-us", "de"."""
    from babel import Locale, UnknownLocaleError

    name, _, region = language.replace("_", "-").partition("-")
    for parts in ((name, region.upper()), (name, None)):
        try:
            return Locale(*parts)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale("en")
