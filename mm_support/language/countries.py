"""The names of countries in the languages that replies are written in: 英国 is the United Kingdom.

From Unicode's CLDR, by babel; what people say beside that is listed here.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass

from mm_support.language.detect import told_language
from mm_support.language.messages import languages
from mm_support.language.terms import HAN, OPEN, one_of, stem

# territory -> how people name it, beside its name in CLDR
COLLOQUIAL = {
    "AE": ("UAE", "阿联酋", "Vereinigten Arabischen Emirate"),
    "CN": ("mainland China", "中国大陆", "中国内地", "大陆"),
    "CZ": ("Czech Republic",),
    "EU": ("EU", "UE", "ЕС", "欧盟", "Europäischen Union"),
    "GB": ("UK", "Great Britain", "Britain", "Großbritannien", "Vereinigten Königreich"),
    "HK": ("Hong Kong", "Hongkong", "香港"),
    "MO": ("Macao", "Macau", "澳门"),
    "NL": ("Holland", "Netherlands", "Niederlanden"),
    "KR": ("Korea",),
    "TR": ("Turkey",),
    "US": ("USA", "US", "U.S.", "America", "EE. UU.", "EE.UU.", "Vereinigten Staaten"),
}

# territory -> those that are part of it: https://european-union.europa.eu, November 2026
MEMBERS = {"EU": "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"}
REMEMBERED = 1_000  # texts
CAPITALS = ("US",)  # a word where it is written small
# words too where they are written small and nobody goes there: a jersey, the china cup, an island
WORDS = ("China", "Jersey", "Turkey", "Guinea", "Chad", "Island")
SMALL = {"usa": ("es", "it", "pt"), "eu": ("pt", "ro")}  # words there, "uses" and "I"
THERE = ("to", "in", "into", "from")
INFLECTED = ("pl", "ru")  # languages whose names have endings
STEM, ENDING = 5, 3  # letters of a name at least that an ending may follow, and of that at most
PART, SHORT = 3, 4  # letters of each of several words, and of one with a capital within a sentence
ENDED = f"[^\\W\\d_]{{0,{ENDING}}}"
VOWEL = re.compile("[aeiouyаеиоуыэюяйь]$")  # and what else an ending takes the place of
ARABIC, ARTICLE = re.compile("[\u0600-\u06ff]"), "ال"
PROCLITICS = "[وف]?[بكل]?"  # Arabic words that are written onto the next: and, so; by, as, to
KANA = "\u30a1-\u30fa\u30fc"


@dataclass(frozen=True)
class Known:
    """The names of countries, as `_key` writes them, and the beginnings of those with endings."""

    named: Mapping[str, tuple[str, ...]]  # name or stem -> all names of the same
    spoken: Mapping[str, Set[str]]  # name in a locale -> the languages that call it so
    stems: Collection[str]  # of names that have endings
    short: Mapping[str, str]  # beginning with few letters -> name
    members: Mapping[tuple[str, ...], Sequence[tuple[str, ...]]]  # all names -> those of its parts
    pattern: re.Pattern[str]


@functools.lru_cache(REMEMBERED)
def countries_in(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a text calls each country that it names, and all names of that country."""
    known, language = _known(), told_language(text)
    named = (match for match in known.pattern.finditer(text) if not _is_word(match, language))
    found = ((match[0], _name_of(match, known)) for match in named)
    return tuple(
        (said, known.named[name])
        for said, name in found
        if name and _says(language, known.spoken.get(name, ()), said)
    )


def covered_by(text: str) -> set[tuple[str, ...]]:
    """All names of each country that a text names or that is part of one: Spain, of the EU."""
    named = {names for _, names in countries_in(text)}
    return named.union(*(_known().members.get(names, ()) for names in named))


def _is_word(match: re.Match[str], language: str | None) -> bool:
    """Whether letters that stand for a country are a word of the text's language, which goes on
    behind it: "mi madre usa bastón", not "envío a usa".
    """
    goes_on = re.match(r"\s+\w", match.string[match.end() :])
    return bool(goes_on) and language in SMALL.get(match[0], ())


def _name_of(match: re.Match[str], known: Known) -> str:
    """What the name that was found is in `known.named`; "" for a word that only begins alike."""
    key = _key(f"{ARTICLE}{match['the']}" if match["the"] else match["arabic"] or match[0])
    if key in known.named:
        return key
    if begun := [own for own in known.stems if _begin(own.split(), key.split())]:
        return max(begun, key=len)
    begun = (key[:-left] for left in range(1, ENDING + 1))
    name = next((known.short[own] for own in begun if own in known.short), "")
    return name if any(stem(key, own) == stem(name, own) for own in INFLECTED) else ""


def _begin(beginnings: Sequence[str], words: Sequence[str]) -> bool:
    return len(beginnings) == len(words) and all(
        word.startswith(own) and len(word) <= len(own) + ENDING
        for own, word in zip(beginnings, words)
    )


def _says(language: str | None, spoken: Collection[str], said: str) -> bool:
    """Whether a text names a country by a name: with a small letter, or one that is a word too, in
    its own language or English alone. Chili is no Chile in an English recipe. spoken: the languages
    that call it so; none where people anywhere may.
    """
    if not spoken or "en" in spoken or said.lower() == said.upper():
        return True
    told = language or told_language(said)
    own = told in spoken or bool(language) and language not in languages()
    return own or said != said.lower() and said not in WORDS


@functools.cache
def _known() -> Known:
    from babel import Locale

    names, spoken = defaultdict[str, list[str]](list), defaultdict[str, set[str]](set)
    stems, short = dict[str, str](), dict[str, str]()
    for language in languages():
        for code, name in Locale.parse(language).territories.items():
            if code.isalpha() and len(code) == 2:
                names[code].append(name)
                spoken[_key(name)].add(language)
                if language in INFLECTED:
                    for own in _stems(name, language):
                        stems[own] = code
                        spoken[own].add(language)
                    short |= dict.fromkeys(_short(name, language), _key(name))
    for code, more in COLLOQUIAL.items():
        names[code] += more
        for name in more:
            spoken.pop(_key(name), None)
    every = {code: tuple(dict.fromkeys(own)) for code, own in names.items()}
    named = {_key(name): own for own in every.values() for name in own}
    pattern, stemmed = _pattern(named, stems, short), {own: every[stems[own]] for own in stems}
    members = {
        every[code]: [every[own] for own in parts.split()] for code, parts in MEMBERS.items()
    }
    return Known(stemmed | named, spoken, stems, short, members, pattern)


def _stems(name: str, language: str) -> list[str]:
    """The stems of a name's words, as one; none where they are too short to tell it."""
    words = name.lower().split()
    stems = [stem(word, language) for word in words]
    enough = min(map(len, stems)) >= (PART if len(words) > 1 else STEM)
    is_word = name in WORDS or stems[0].capitalize() in WORDS
    return [" ".join(stems)] if enough and not is_word and all(map(str.isalpha, words)) else []


def _short(name: str, language: str) -> list[str]:
    """A name of one word with a shorter stem, but for its last vowel."""
    begun = VOWEL.sub("", name.lower())
    is_short = name.isalpha() and len(begun) >= SHORT and not _stems(name, language)
    return [begun] if is_short and name not in WORDS else []


def _pattern(
    named: Collection[str], stems: Collection[str], short: Collection[str]
) -> re.Pattern[str]:
    """named: as `_key` writes them. In scripts without blanks a name stands anywhere, in Korean
    particles follow it.
    """
    bare = one_of(filter(HAN.match, named))
    kana = one_of(name for name in named if re.match(f"[{KANA}]", name))
    hangul = one_of(filter(OPEN.match, named))
    small = [word.lower() for word in WORDS]
    spaced = one_of(name for name in named if name not in {*CAPITALS, *small})
    there = "|".join(f"(?<=\\b{before} ){word}" for before in THERE for word in small)
    exact = "|".join((*CAPITALS, *WORDS, there))
    capital = "|".join(own.capitalize() for own in short)
    return re.compile(
        rf"{bare}|(?<![{KANA}]){kana}(?![{KANA}])|(?<!\w){hangul}"
        rf"|(?<!\w)(?:{_in_arabic(named)}|(?i:{spaced}|{_with_endings(stems)})|{exact})(?!\w)"
        rf"|(?<=\w )(?:{capital}){ENDED}(?!\w)"
    )


def _with_endings(stems: Collection[str]) -> str:
    """A pattern for the names that begin so, of several words each."""
    several = [own for own in stems if " " in own]
    alone = one_of(set(stems) - set(several))
    each = (" ".join(f"{re.escape(word)}{ENDED}" for word in own.split()) for own in several)
    return "|".join((f"{alone}{ENDED}", *each))


def _in_arabic(named: Collection[str]) -> str:
    """A pattern for Arabic names with the words that are written onto them: to the, لل."""
    names = [*filter(ARABIC.match, named)]
    rests = one_of(name.removeprefix(ARTICLE) for name in names if name.startswith(ARTICLE))
    return rf"[وف]?لل(?P<the>{rests})|{PROCLITICS}(?P<arabic>{one_of(names)})"


def _key(name: str) -> str:
    return name if name in CAPITALS else name.lower()
