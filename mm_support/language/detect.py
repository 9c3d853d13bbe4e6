"""Which language a text is in, cheaply: by its script, and where several share one by its words.

    language_of("How long do I have?")   "en"
    language_of("Wie lange gilt das?")   "de"
    language_of("多久可以退货？")          "zh"

A guess for choosing a stemmer, a sentence splitter and the wording of a canned reply; a text that
gives no hint ("E24") counts as English, unless its caller knows better: told_language is None. The
stop words are those of the Snowball project; how often a word is met in a language says wordfreq,
and of words that it lacks, such as long compounds, how their letters follow each other there.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from mm_support.language.fences import without_code
from mm_support.language.marks import without_marks

DEFAULT = "en"
FIRST_CHARACTER = "\u2e80"  # no letter of Chinese or Japanese stands before it
LOOKED_AT = 2_000  # characters of a text
PART = 0.2  # of the letters of a text that is in a language beside another
LATIN = tuple("en cs da de es fi fr hu id it nl no pl pt ro sk sv tr vi".split())
CYRILLIC = ("ru", "bg", "uk")
SCRIPTS = {  # first word of a letter's Unicode name -> the languages written in it, the usual first
    "LATIN": LATIN,
    "CYRILLIC": CYRILLIC,
    "CJK": ("zh",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "HANGUL": ("ko",),
    "GREEK": ("el",),
    "ARABIC": ("ar",),
    "HEBREW": ("he",),
    "DEVANAGARI": ("hi",),
    "THAI": ("th",),
}
ALSO = {"en": frozenset("can will may might shall must just also".split())}  # the list lacks them
SHORTENED = re.compile("'(?=(?:s|t|m|re|ve)$)")  # as many type it: what's, dont
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# E24, Plan B, size m and SENDER_EMAIL tell nothing; but letters do that are words of grammar: w, y
CODE = re.compile(r"\w*[^\W_]_[^\W_]\w*|[^\W\d_]+-?\d\S*|\d[^\W\d_]+|\b[A-Zb-df-hj-np-tvx]\b")
ADDRESS = re.compile(r"(?<!\w)\w+://\S+|\bwww\.\S+|(?<!\S)\S+@\S+")
IN_WORDFREQ, IN_STOP_WORDS = {"no": "nb"}, {"no": "nb", "cs": "cz"}  # what they call a language
# hundredths of the power of ten by which a word is rarer than all words; UNLISTED: that of others
KNOWN, UNLISTED, NOWHERE = 600, 700, 32_000
# by how many the words of a text must be likelier in another language than in the usual one. Of
# 800 short messages in each of English, German, Spanish and French, by words alone, with 130: right
# 98.8, 93.0, 92.6 and 92.6 %; 175: 99.2, 91.6, 90.8 and 91.0 %; 220: 99.5, 88.0, 88.8 and 89.5 %
SURELY = 175
UNMARKED = 50  # by how many a word is rarer where its marks are left out
NEXT = 40  # the same, where the other language is expected too
# hundredths that three letters tell, as each letter is in three of them, and those that a word does
# at most. Of some 20 titles of help pages in each of 18 languages right: 94 %, by words alone 78 %
LETTERS, WORD_AT_MOST = 40, 200
BITS = 15  # of the hash of three letters
UNSEEN = 0.3  # how often three letters are met that no word of a language has
_reading = threading.Lock()


def language_of(text: str) -> str:
    """ISO 639-1."""
    return told_language(text) or DEFAULT


@functools.lru_cache(20_000)
def told_language(text: str, expected: tuple[str, ...] = ()) -> str | None:
    """The language that the text shows; None where it shows none. A letter of Chinese, which is a
    word, weighs as much as three of the others; beside mere names it decides. Code shows none.
    expected: in place of English, the likeliest first; another has to be surely likelier. Chinese
    characters alone are Japanese where that is expected and writes all of them ("当日券").
    """
    text = without_code(text)[:LOOKED_AT]
    scripts = Counter[str]()
    for letter, often in Counter(text).items():
        if letter.isalpha():
            scripts[_script(letter)] += often
    scripts["CJK"] *= 3
    kana = scripts["HIRAGANA"] + scripts["KATAKANA"]
    if kana and kana + scripts["CJK"] > scripts["LATIN"]:
        return "ja"
    for script, _ in (+scripts).most_common():
        japanese = kana or _expects_japanese(expected) and _in_japanese_characters(text)
        if script == "CJK" and japanese:
            return "ja"
        languages = SCRIPTS.get(script, ())
        told = languages[0] if len(languages) == 1 else _by_words(text, languages, expected)
        if told:
            return told
    return None


def _expects_japanese(expected: Sequence[str]) -> bool:
    return next((one for one in expected if one in ("ja", "zh")), "") == "ja"


def _in_japanese_characters(text: str) -> bool:
    """Whether Japanese words hold all Chinese characters of a text."""
    return all(own in _characters("ja") for own in text if _script(own) == "CJK")


@functools.lru_cache(None)
def _characters(language: str) -> frozenset[str]:
    """The letters of a language's words."""
    return frozenset(chain.from_iterable(chain.from_iterable(_listed(language))))


def partly_in(text: str, language: str) -> bool:
    """Whether a text is in a language, or a good part of its lines: of pages that are half
    translated.
    """
    if language_of(text) == language:
        return True
    lines = [line for line in text[:LOOKED_AT].splitlines() if line.strip()]
    own = sum(len(line) for line in lines if told_language(line) == language)
    return len(lines) > 1 and own >= PART * sum(map(len, lines))


def in_characters(text: str, around: str = "") -> bool:
    """Whether a text is written in Chinese characters, as Chinese and Japanese are. around: tells
    where it shows nothing itself ("E24").
    """
    if max(text + around, default="") < FIRST_CHARACTER:
        return False
    return (told_language(text) or told_language(around)) in ("zh", "ja")


@functools.lru_cache(None)
def stop_words(language: str) -> frozenset[str]:
    """The words of a language's grammar, in small letters; empty for a language without a list."""
    from stop_words import LANGUAGE_MAPPING, get_stop_words

    listed = IN_STOP_WORDS.get(language, language)
    words = get_stop_words(listed) if listed in LANGUAGE_MAPPING else ()
    lower = frozenset(map(str.lower, words)) | ALSO.get(language, frozenset())
    return lower.union(SHORTENED.sub("", word) for word in lower)


def _by_words(text: str, languages: Sequence[str], expected: Sequence[str]) -> str | None:
    """The one of the languages in which the words are met most often (naive Bayes over words): one
    of the expected ones, or else the first, unless another is surely likelier; None where there are
    no words, or where it is English, not surely likelier either and not expected first. Only
    Spanish opens a sentence with a mark.
    """
    if not languages:
        return None
    if "es" in languages and ("¿" in text or "¡" in text):
        return "es"
    text = ADDRESS.sub(" ", text)
    begun = text[:1].lower() + text[1:]  # "Y a-t-il" begins with a word, "B is broken" with a code
    told = (_likeliest(_words(own), languages, expected) for own in dict.fromkeys((begun, text)))
    return next(filter(None, told), None)


def _words(text: str) -> set[str]:
    return set(WORD.findall(CODE.sub(" ", text).lower().replace("’", "'")))


def _likeliest(
    words: Collection[str], languages: Sequence[str], expected: Sequence[str]
) -> str | None:
    """The same, by the words of a text."""
    if not any(len(word) > 1 for word in words):
        return None
    usual, *others = [one for one in expected if one in languages] or languages[:1]
    behind = dict.fromkeys(languages, SURELY) | dict.fromkeys(others, NEXT) | {usual: 0}
    rareness = dict(zip(languages, _rareness(words, tuple(languages))))
    best = min(languages, key=lambda one: rareness[one] + behind[one])
    if best != DEFAULT or usual in expected[:1]:
        return best
    return best if sorted(rareness.values())[1] >= rareness[best] + SURELY else None


def _rareness(words: Iterable[str], languages: tuple[str, ...]) -> list[int]:
    """By how many hundredths of a power of ten the words are rarer than all words, together, in
    each of the languages.
    """
    return np.sum([_word_rareness(word, languages) for word in words], axis=0).tolist()


@functools.lru_cache(20_000)  # the words of a language that are met mostly
def _word_rareness(word: str, languages: tuple[str, ...]) -> np.ndarray:
    """The same of one word (languages,)."""
    hashes, rareness = _known(languages)
    at, odd = np.searchsorted(hashes, hash(word)), _by_letters(word, languages)
    known = at < len(hashes) and hashes[at] == hash(word)
    return np.where(rareness[at] < NOWHERE, rareness[at], odd) if known else odd


def _known(languages: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """See _read: read once, also where several texts need it at once."""
    with _reading:
        return _read(languages)


@functools.lru_cache(None)
def _read(languages: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all words that lists of the languages have, sorted (words,), and by how many
    hundredths of a power of ten each is rarer than all words (words, languages) int16; NOWHERE
    where a language's list has neither it nor what is meant by it without marks.
    """
    columns = [_column(language) for language in languages]
    hashes, rows = np.unique(np.concatenate([own for own, _ in columns]), return_inverse=True)
    rareness = np.full((len(hashes), len(languages)), NOWHERE, np.int16)
    ends = np.cumsum([len(own) for own, _ in columns])
    for at, own in enumerate(np.split(rows, ends[:-1])):
        np.minimum.at(rareness[:, at], own, columns[at][1])
    return hashes, rareness


def _column(language: str) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of a language's words and of their forms without marks (n,), and how rare they are."""
    listed = _listed(language)
    rare = {word: rareness for rareness, words in enumerate(listed) for word in words}
    typed = [(form, rare[word] + UNMARKED) for word, form in without_marks(rare)]
    hashes = [*map(hash, rare), *(hash(form) for form, _ in typed)]
    rareness = [*rare.values(), *(rarer for _, rarer in typed)]
    return np.array(hashes, np.int64), np.array(rareness, np.int16)


def _by_letters(word: str, languages: tuple[str, ...]) -> np.ndarray:
    """How rare a word that the lists lack is in each of the languages, by its letters."""
    own = _spelling(languages)[:, _threes([word])].sum(1)
    return UNLISTED + np.minimum(WORD_AT_MOST, (own - own.min()).astype(np.int64))


@functools.lru_cache(None)
def _spelling(languages: tuple[str, ...]) -> np.ndarray:
    """(languages, hashes of three letters) float32: how rare they are in the words of each."""
    words = (chain.from_iterable(_listed(language)) for language in languages)
    counts = [np.bincount(_threes(own), minlength=1 << BITS) for own in words]
    seen = np.stack(counts) + UNSEEN
    shares = seen / seen.sum(1, keepdims=True)
    return (-LETTERS * np.log10(shares)).astype(np.float32)


def _threes(words: Iterable[str]) -> np.ndarray:
    """Hashes of each three letters of words, with a blank before and behind each word (n,)."""
    text = f" {'  '.join(words)} "
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    mixed = codes[:-2] * np.uint32(0x9E3779B1) + codes[1:-1]
    mixed = (mixed * np.uint32(0x9E3779B1) + codes[2:]) * np.uint32(0x85EBCA6B)
    return mixed >> np.uint32(32 - BITS)


@functools.lru_cache(None)
def marked_words(language: str) -> Mapping[str, Sequence[str]]:
    """What is typed without marks -> the words of a language that may be meant, the commonest
    first: "cancelacion" -> ["cancelación"].
    """
    meant = defaultdict[str, list[str]](list)
    for word, form in without_marks(chain.from_iterable(_listed(language))):
        meant[form].append(word)
    return meant


@functools.lru_cache(None)
def common_words(language: str) -> frozenset[str]:
    """The words that are met once in a million. None of a language without a list."""
    return frozenset(chain.from_iterable(_listed(language)[: KNOWN + 1]))


def _listed(language: str) -> list[list[str]]:
    """Words by their rareness; nothing of a language without a list."""
    from wordfreq import available_languages, read_cBpack

    listed = available_languages("small").get(IN_WORDFREQ.get(language, language))
    return read_cBpack(listed) if listed else []


@functools.lru_cache(5_000)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]


def region_of(language: str) -> str:
    """ISO 3166 of the country where a language is mostly spoken (Unicode's likely subtags), such as
    "FR" for "fr"; "" for a language that nobody knows.
    """
    from babel.core import get_global

    return get_global("likely_subtags").get(language, "").rpartition("_")[2]
