"""The names of countries in the languages that replies are written in: 英国 is the United Kingdom.

From Unicode's CLDR, by babel; what people say beside that is listed here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping

from mm_support.language.messages import languages
from mm_support.language.terms import HAN, OPEN, one_of, stem

# territory -> how people name it, beside its name in CLDR
COLLOQUIAL = {
    "AE": ("UAE", "阿联酋", "Vereinigten Arabischen Emirate"),
    "CN": ("mainland China", "中国大陆", "中国内地", "大陆"),
    "CZ": ("Czech Republic",),
    "EU": ("EU", "欧盟"),
    "GB": ("UK", "Great Britain", "Britain", "Großbritannien", "Vereinigten Königreich"),
    "HK": ("Hong Kong", "Hongkong", "香港"),
    "MO": ("Macao", "Macau", "澳门"),
    "NL": ("Holland", "Netherlands"),
    "KR": ("Korea",),
    "TR": ("Turkey",),
    "US": ("USA", "US", "U.S.", "America", "EE. UU.", "EE.UU.", "Vereinigten Staaten"),
}

REMEMBERED = 1_000  # texts
CAPITALS = ("US",)  # a word where it is written small
# words too where they are written small and nobody goes there: a jersey, the china cup, an island
WORDS = ("China", "Jersey", "Turkey", "Guinea", "Chad", "Island")
THERE = ("to", "in", "into", "from")
INFLECTED = ("pl", "ru")  # languages whose names have endings
STEM, ENDING = 5, 3  # letters of a name at least that an ending may follow, and of that at most
KANA = "\u30a1-\u30fa\u30fc"


@functools.lru_cache(REMEMBERED)
def countries_in(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a text calls each country that it names, and all names of that country."""
    named, pattern = _known()
    found = ((match[0], _key(match[0])) for match in pattern.finditer(text))
    return tuple((said, named.get(key) or named[_stem_in(key, named)]) for said, key in found)


def _stem_in(key: str, named: Mapping[str, tuple[str, ...]]) -> str:
    """The stem of a name with an ending."""
    return next(key[:-left] for left in range(1, ENDING + 1) if key[:-left] in named)


@functools.cache
def _known() -> tuple[dict[str, tuple[str, ...]], re.Pattern[str]]:
    """Names and stems, as `_key` writes them -> all names of the same; and what finds one."""
    from babel import Locale

    names: dict[str, list[str]] = {}
    stems: dict[str, str] = {}
    for language in languages():
        for code, name in Locale.parse(language).territories.items():
            if code.isalpha() and len(code) == 2:
                names.setdefault(code, []).append(name)
                own = stem(name.lower(), language)
                if language in INFLECTED and _has_endings(name, own):
                    stems[own] = code
    for code, more in COLLOQUIAL.items():
        names[code] += more
    every = {code: tuple(dict.fromkeys(own)) for code, own in names.items()}
    named = {_key(name): own for own in every.values() for name in own}
    return {own: every[code] for own, code in stems.items()} | named, _pattern(named, stems)


def _has_endings(name: str, own: str) -> bool:
    is_word = name in WORDS or own.capitalize() in WORDS
    return name.isalpha() and len(own) >= STEM and not is_word


def _pattern(named: Collection[str], stems: Iterable[str]) -> re.Pattern[str]:
    """named: as `_key` writes them. In scripts without blanks a name stands anywhere, in Korean
    particles follow it.
    """
    longest = sorted(named, key=len, reverse=True)
    bare = one_of(filter(HAN.match, longest))
    kana = one_of(name for name in longest if re.match(f"[{KANA}]", name))
    hangul = one_of(filter(OPEN.match, longest))
    small = [word.lower() for word in WORDS]
    spaced = one_of(name for name in longest if name not in {*CAPITALS, *small})
    ended = f"{one_of(sorted(stems, key=len, reverse=True))}[^\\W\\d_]{{0,{ENDING}}}"
    there = "|".join(f"(?<=\\b{before} ){word}" for before in THERE for word in small)
    exact = "|".join((*CAPITALS, *WORDS, there))
    return re.compile(
        rf"{bare}|(?<![{KANA}]){kana}(?![{KANA}])|(?<!\w){hangul}"
        rf"|(?<!\w)(?:(?i:{spaced}|{ended})|{exact})(?!\w)"
    )


def _key(name: str) -> str:
    return name if name in CAPITALS else name.lower()
