"""The terms of a text: what it is about, spelled in one way. The same for an index and a query.

    terms("Returned goods cost thirty dollars")   ("return", "good", "cost", "30", "dollar")
    terms("三十天內可以退貨嗎")                      ("30", "天内", "内可", "可以", ...)

Full-width forms, capitals, endings, number words and traditional characters are levelled, stop
words left out. Scripts without blanks are cut into pairs of characters. Knows no entry and no
index.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from mm_support.language.amounts import group_sign
from mm_support.language.detect import language_of, stop_words

NUMBERS_IN_WORDS = ("de", "en", "es", "fr", "it", "nl", "pt")  # languages that text2num reads
STEMMERS = {
    "ar": "arabic",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
REMEMBERED = 50_000  # texts, and words
_STEMMING = threading.Lock()
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
CHARACTERS = "\u3040-\u30ff\u3400-\u9fff"  # of Chinese and Japanese, each of which is a word
HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
BARE, OPEN = re.compile(f"[{UNSPACED}]"), re.compile("[\uac00-\ud7af]")  # see edged
SPACED, APART = re.compile(r"(\s+)"), "ǂ"  # a letter that makes a word another one
CHINESE_NUMBER = re.compile(  # of 周六九点 the nine, not 69
    "(?<![周期拜])[零一二两三四五六七八九十百千万亿]{2,16}"
    "|[一二两三四五六七八九十](?=[天日月年周号个])"
    "|(?<=[周期拜][一二三四五六日天])[一二两三四五六七八九十]+(?=[点时])"
)
NUMERALS = "X?(?:IX|IV|VI{0,3}|II{1,2})|XI?"  # Roman ones from 2 to 19
ROMAN = re.compile(  # behind a word: Brew II, Mark V; a lone I is none; small: "ii" and "iii" alone
    rf"(?<=[^\W\d_][ -])(?:{NUMERALS}|i{{2,3}})(?:(?=['’]s\b)|(?![^\W_]|['’.-]\w))"
)
# vowel signs and the like, which follow a letter of scripts that NFKC composes no others of
MARKS = "".join(
    sign for sign in map(chr, range(0x300, 0x1D00)) if unicodedata.category(sign) in ("Mn", "Mc")
)
LETTER, SIGN = rf"(?![{UNSPACED}])[^\W\d_]", rf"(?:(?![{UNSPACED}])[^\W_])"
ALONE = re.compile(  # a letter that no other, no digit and no mark within words touches
    rf"(?<![\d'&.@/{MARKS}-])(?<!\d )(?<!{LETTER}){LETTER}(?![\d'&@/{MARKS}-]|\.\w)(?!{LETTER})"
)
NEAR = 20  # characters before a letter by which it is told whether a sentence begins there
TOKEN = re.compile(
    rf"(?P<run>[{UNSPACED}]+)"
    rf"|(?P<code>(?:{LETTER})+(?:-?\d+{SIGN}*)+(?:-{SIGN}*\d{SIGN}*)*)"
    rf"|(?P<number>\d(?:[\d.,:/]*\d)?)(?:st|nd|rd|th)?"
    rf"|(?P<word>(?:{LETTER}[{MARKS}]*)+(?:'(?:{LETTER}[{MARKS}]*)+)*)"
)


@functools.lru_cache(REMEMBERED)
def terms(text: str, language: str = "") -> tuple[str, ...]:
    """In their order. language: ISO 639-1, guessed from the text where it is not given."""
    text = ascii_digits(unicodedata.normalize("NFKC", text)).replace("’", "'")
    language = language or language_of(text)
    worded = with_digits(without_roman(simplified(text)), language)
    return tuple(term for term, _ in placed_terms(worded, language))


def ascii_digits(text: str) -> str:
    """The text with the digits of all scripts as 0 to 9: ١٠٤ -> 104."""
    if text.isascii():
        return text
    return re.sub(r"\d", lambda match: str(unicodedata.digit(match[0])), text)


@functools.lru_cache(REMEMBERED)
def letters(text: str) -> frozenset[str]:
    """The letters that stand alone as names do, in capitals: the M of "Shirt M" and "size m", not
    what is a word of its language ("a", "I").
    """
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    stops, capitals = stop_words(language_of(text)), text.isupper()
    return frozenset(
        match[0].upper()
        for match in ALONE.finditer(text)
        if match[0].lower() not in stops or not capitals and _is_named(text, match)
    )


def _is_named(text: str, match: re.Match[str]) -> bool:
    """Whether a letter that is a word too is written as a name: as in "Model A", not "A bag"."""
    before = text[max(0, match.start() - NEAR) : match.start()].rstrip(" \"'(¿¡")
    begins = not before or before[-1] in ".!?:;\n"
    return match[0].isupper() and match[0] != "I" and not begins


def term_set(text: str, language: str = "") -> frozenset[str]:
    return frozenset(terms(text, language))


def all_terms(texts: Iterable[str]) -> frozenset[str]:
    """The terms of several texts, each read in its own language."""
    return frozenset().union(*map(term_set, texts))


def placed_terms(text: str, language: str) -> Iterator[tuple[str, int]]:
    """The terms of a text whose number words are digits, each with its place."""
    for match in TOKEN.finditer(text.lower()):
        kind, token, at = str(match.lastgroup), match[str(match.lastgroup)], match.start()
        if kind == "run":
            yield from ((token[i : i + 2], at + i) for i in range(max(len(token) - 1, 1)))
        elif kind == "code":
            yield token.replace("-", ""), at
        elif kind == "number":
            yield _normal_number(token, language), at
        elif token not in stop_words(language):
            parts = (part for part in token.split("'") if len(part) > 1)
            yield from ((stem(p, language), at) for p in parts if p not in stop_words(language))


@functools.lru_cache(REMEMBERED)
def stem(word: str, language: str) -> str:
    """A word in small letters without its grammatical ending: returns, returned -> return."""
    stemmer = _stemmer(language)
    with _STEMMING:  # a stemmer keeps the word that it works on
        return stemmer(word) if stemmer else word


@functools.lru_cache(None)
def _stemmer(language: str) -> Callable[[str], str] | None:
    import snowballstemmer

    name = STEMMERS.get(language)
    return snowballstemmer.stemmer(name).stemWord if name else None


def _normal_number(token: str, language: str) -> str:
    """1,000 -> 1000, where points part thousands 1.000 too, and with a comma behind them anywhere:
    1.234,50; 12.50 and 12,50 -> 12.5; 9:00 -> 9; dates and times stay as they are.
    """
    token = re.sub(r",(?=\d{3}\b)", "", token).removesuffix(":00")
    grouped = re.fullmatch(r"\d{1,3}(?:\.\d{3})+(,\d+)?", token)
    if grouped and (grouped[1] or group_sign(language) == "."):
        token = token.replace(".", "")
    token = re.sub(r"^(\d+),(\d{1,2})$", r"\1.\2", token)
    return token.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", token) else token


def with_digits(text: str, language: str) -> str:
    """Number words as digits: thirty -> 30, dreißig -> 30, 三十天 -> 30天."""
    if language in NUMBERS_IN_WORDS:
        words = SPACED.split(text)
        kept = [at for at in range(len(words)) if _is_article(words, at, language)]
        for at in kept:
            words[at] += APART
        return in_digits("".join(words), language).replace(APART, "")
    return CHINESE_NUMBER.sub(lambda match: chinese_number(match[0]), text)


def _is_article(words: Sequence[str], at: int, language: str) -> bool:
    """Whether a word of grammar counts as one, and no number stands beside it. words: with what
    parts them between.
    """
    word = words[at].lower()
    if word not in stop_words(language) or in_digits(word, language) != "1":
        return False
    beside = "".join(words[max(0, at - 4) : at + 5])
    alone = ["1" if own == words[at] else own for own in beside.split()]
    return in_digits(beside, language).split() == alone


@functools.lru_cache(REMEMBERED)
def in_digits(text: str, language: str, threshold: int = 0) -> str:
    """thirty -> 30. threshold: smaller numbers that stand alone stay words ("one of them")."""
    if language not in NUMBERS_IN_WORDS:
        return text
    from text_to_num import alpha2digit

    return alpha2digit(text, language, threshold=threshold)


def without_roman(text: str) -> str:
    """Roman numerals of names in digits: Brew II -> Brew 2."""
    return ROMAN.sub(lambda match: str(roman_number(match[0])), text)


def roman_number(letters: str) -> int:
    """letters: I, V and X; what stands before a greater one is taken off."""
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in letters.upper()]
    return sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))


def chinese_number(words: str) -> str:
    """三十 -> 30; words that are no number as they are."""
    import cn2an

    try:
        return str(cn2an.cn2an(words, "smart"))
    except (ValueError, KeyError):  # no number: 一一, 万一, 一亿零
        return words


def edged(words: Iterable[str]) -> str:
    """A pattern for words and phrases that no letters continue, nor a hyphen: of scripts without
    blanks wherever they stand, in Korean with the particles that are written onto them.
    """
    alike = defaultdict[tuple[str, str], list[str]](list)
    for word in words:
        before, behind = r"(?<![\w-])", r"(?![\w-])"
        if BARE.match(word):
            before = behind = ""
        elif OPEN.match(word):
            behind = ""
        alike[before, behind].append(word)
    return "|".join(f"{edges[0]}{one_of(own)}{edges[1]}" for edges, own in alike.items())


def one_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, of several that begin alike the longest; none of no words. By
    first letters, since at each place of a text every alternative is tried.
    """
    begun = defaultdict[str, list[str]](list)
    for word in sorted(words, key=len, reverse=True):
        begun[word[0]].append(re.escape(word[1:]))
    rests = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in begun.items())
    return f"(?:{'|'.join(rests) or '(?!)'})"


def simplified(text: str) -> str:
    """Chinese characters in their simplified form."""
    return _converter().convert(text) if HAN.search(text) else text


@functools.lru_cache(None)
def _converter():
    from opencc import OpenCC

    return OpenCC("t2s")
