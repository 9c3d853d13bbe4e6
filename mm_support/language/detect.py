"""Which language a text is in, cheaply: by its script, and for Latin letters by its stop words.

    language_of("How long do I have?")   "en"
    language_of("Wie lange gilt das?")   "de"
    language_of("多久可以退货？")          "zh"

A guess for choosing a stemmer, a sentence splitter and the wording of a canned reply; a text that
gives no hint ("E24") counts as English, unless its caller knows better: told_language is None. The
stop words are those of the Snowball project, the common words those of wordfreq.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import chain

DEFAULT = "en"
LOOKED_AT = 2_000  # characters of a text
LATIN = ("da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "sv", "tr")
SCRIPTS = {  # first word of a letter's Unicode name -> the language it is most often
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "GREEK": "el",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
}
ALSO = {"en": frozenset("can will may might shall must just also".split())}  # the list lacks them
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
NORWEGIAN = {"no": "nb"}  # what wordfreq calls it
# hundredths of the power of ten by which a word is rarer than all words; UNLISTED: that of others
COMMON, KNOWN, UNLISTED = 500, 600, 700
SURELY = 100  # by how many all words of a text are rarer in English that is in another language


def language_of(text: str) -> str:
    """ISO 639-1."""
    return told_language(text) or DEFAULT


@functools.lru_cache(20_000)
def told_language(text: str) -> str | None:
    """The language that the text shows; None where it shows none. A letter of Chinese, which is a
    word, weighs as much as three of the others; beside mere names it decides.
    """
    text = text[:LOOKED_AT]
    if text.isascii():
        return _by_stop_words(text)
    scripts = Counter(_language_of_letter(letter) for letter in text if letter.isalpha())
    if not scripts:
        return None
    if scripts["ja"] and scripts["zh"] + scripts["ja"] > scripts[""]:
        return "ja"
    scripts["zh"] *= 3
    (language, _), *_ = scripts.most_common(1)
    return language or _by_stop_words(text) or ("zh" if scripts["zh"] else None)


def in_characters(text: str) -> bool:
    """Whether a text is written in Chinese characters, as Chinese and Japanese are."""
    return told_language(text) in ("zh", "ja")


@functools.lru_cache(None)
def stop_words(language: str) -> frozenset[str]:
    """The words of a language's grammar, in small letters; empty for a language without a list."""
    from stop_words import LANGUAGE_MAPPING, get_stop_words

    known = language in LANGUAGE_MAPPING
    listed = get_stop_words(language) if known else ()
    return ALSO.get(language, frozenset()).union(word.lower() for word in listed)


def _by_stop_words(text: str) -> str | None:
    """The Latin language most of whose stop words stand in the text; those of few count more. Only
    Spanish opens a sentence with a mark.

    One alone is a coincidence ("door", "man") unless a letter speaks against English too, and so
    are several where all the words are met oftener in English ("Is roaming free on Plus?", "food
    for a dog"). Where they tell nothing, all words are looked at.
    """
    if "¿" in text or "¡" in text:
        return "es"
    words = set(WORD.findall(text.lower().replace("’", "'")))
    found = [_speakers()[word] for word in words if word in _speakers()]
    votes: Counter[str] = Counter()
    for languages in found:
        votes.update({language: 1 / len(languages) for language in languages})
    best = max(votes, key=votes.__getitem__, default=DEFAULT)
    if votes[best] == votes[DEFAULT]:
        return _by_all_words(words) or (DEFAULT if found else None)
    accented = any(
        letter.isalpha() and not letter.isascii() and not _language_of_letter(letter)
        for letter in text
    )
    hits = sum(best in languages for languages in found) + accented
    likely = _rareness(words, best) + SURELY <= _rareness(words, DEFAULT)
    return best if hits > 1 and likely else _by_all_words(words)


def _by_all_words(words: set[str]) -> str | None:
    """The Latin language that knows the most words, where that are two more than English does."""
    known = _known(words)
    best = max(known, key=known.__getitem__)
    return best if known[best] >= known[DEFAULT] + 2 else None


def _known(words: set[str]) -> dict[str, int]:
    """How many of the words are common in each Latin language."""
    return {language: len(words & common_words(language)) for language in LATIN}


def _rareness(words: Iterable[str], language: str) -> int:
    """By how many hundredths of a power of ten the words are rarer than all words, together."""
    known = _centibels(language)
    return sum(known.get(word, UNLISTED) for word in words)


@functools.lru_cache(None)
def _centibels(language: str) -> dict[str, int]:
    """Word -> by how many hundredths of a power of ten it is rarer than all words."""
    listed = _listed(language)
    return {word: rareness for rareness, words in enumerate(listed) for word in words}


@functools.lru_cache(None)
def common_words(language: str, centibels: int = COMMON) -> frozenset[str]:
    """The words that are met so often: COMMON, once in a hundred thousand; KNOWN, in a million.
    None of a language without a list.
    """
    return frozenset(chain.from_iterable(_listed(language)[: centibels + 1]))


def _listed(language: str) -> list[list[str]]:
    """Words by their rareness; nothing of a language without a list."""
    from wordfreq import available_languages, read_cBpack

    listed = available_languages("small").get(NORWEGIAN.get(language, language))
    return read_cBpack(listed) if listed else []


@functools.lru_cache(None)
def _speakers() -> dict[str, tuple[str, ...]]:
    """Stop word -> the Latin languages that have it."""
    found: dict[str, tuple[str, ...]] = {}
    for language in LATIN:
        for word in filter(lambda word: len(word) > 1, stop_words(language)):
            found[word] = (*found.get(word, ()), language)
    return found


@functools.lru_cache(5_000)
def _language_of_letter(letter: str) -> str:
    """ "" for Latin and for scripts that are not listed."""
    return SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0], "")
