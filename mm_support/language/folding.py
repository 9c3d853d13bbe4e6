"""Names of things and of columns, compared however they are written."""

from __future__ import annotations

import functools
import re
import unicodedata

from mm_support.language.terms import CHARACTERS

_WORD = re.compile(rf"[{CHARACTERS}]|[^\s{CHARACTERS}]+")
LAST_MARK = 0x20000  # no accent of Unicode lies beyond; looking through all signs takes long
REMEMBERED = 5_000  # names
REPEATED = 0.75  # of the words of a name, from which another name repeats it


@functools.lru_cache(REMEMBERED)
def folded(text: str) -> str:
    """For comparing names: letters and digits in small letters, everything else one blank."""
    text = unicodedata.normalize("NFKC", fewer_accents(text)).casefold()
    return " ".join(re.findall(r"[^\W_]+", text))


def fewer_accents(text: str) -> str:
    """Without the accents behind the 30th of a letter, as many as the stream-safe format of Unicode
    has: to put them into order takes time by the square of their number.
    """
    return text if text.isascii() else _accents().sub("", text)


@functools.cache
def _accents() -> re.Pattern[str]:
    marks = "".join(filter(unicodedata.combining, map(chr, range(LAST_MARK))))
    return re.compile(f"[{marks}](?<=[{marks}]{{31}})")


def words_of_name(text: str) -> list[str]:
    """The words as compared: in small letters; of Chinese and Japanese its signs."""
    return _WORD.findall(folded(text))


def repeats(one: str, other: str) -> bool:
    """Whether the longer of two names says nearly all that the shorter one does."""
    shorter, longer = sorted(({*words_of_name(one)}, {*words_of_name(other)}), key=len)
    return bool(shorter) and len(shorter & longer) >= REPEATED * len(shorter)
