"""The names of countries in the languages that replies are written in: 英国 is the United Kingdom.

From Unicode's CLDR, by babel; what people say beside that is listed here.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.messages import languages
from mm_support.language.terms import HAN, one_of

# territory -> how people name it, beside its name in CLDR
COLLOQUIAL = {
    "AE": ("UAE", "阿联酋"),
    "CN": ("mainland China", "中国大陆", "中国内地", "大陆"),
    "CZ": ("Czech Republic",),
    "EU": ("EU", "欧盟"),
    "GB": ("UK", "Great Britain", "Britain", "Großbritannien", "Royaume-Uni", "Reino Unido"),
    "HK": ("Hong Kong", "Hongkong", "香港"),
    "MO": ("Macao", "Macau", "澳门"),
    "NL": ("Holland", "Netherlands"),
    "KR": ("Korea",),
    "TR": ("Turkey",),
    "US": ("USA", "US", "U.S.", "America", "EE. UU.", "EE.UU."),
}

REMEMBERED = 1_000  # texts
CAPITALS = ("US",)  # a word where it is written small


@functools.lru_cache(REMEMBERED)
def countries_in(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a text calls each country that it names, and all names of that country."""
    named, pattern = _known()
    return tuple((match[0], named[_key(match[0])]) for match in pattern.finditer(text))


@functools.cache
def _known() -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    """Names, as `_key` writes them -> all names of the same; and what finds one."""
    from babel import Locale

    names: dict[str, list[str]] = {}
    for language in languages():
        for code, name in Locale.parse(language).territories.items():
            if code.isalpha() and len(code) == 2:
                names.setdefault(code, []).append(name)
    for code, more in COLLOQUIAL.items():
        names[code] += more
    unique = [tuple(dict.fromkeys(own)) for own in names.values()]
    named = {_key(name): own for own in unique for name in own}
    longest = sorted((n for own in unique for n in own), key=len, reverse=True)
    bare = one_of(filter(HAN.match, longest))
    spaced = one_of(n for n in longest if not HAN.match(n) and n not in CAPITALS)
    return named, re.compile(rf"{bare}|(?<!\w)(?:(?i:{spaced})|{'|'.join(CAPITALS)})(?!\w)")


def _key(name: str) -> str:
    return name if name in CAPITALS else name.lower()
