"""Names with a number (Brew 2, app version 5): what differs in the number is another thing.

In a customer's words every word before a number may be such a name; in a title only one with a
capital letter, so that "within 30 days" is none. Knows no entry.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from itertools import takewhile

from mm_support.language.detect import language_of, stop_words
from mm_support.language.telephone import without_phones
from mm_support.language.terms import BARE, LETTER, simplified, stem, with_digits, without_roman
from mm_support.language.units import calendar_words, joining_word, units_of

# not the beginning of a time, a date, a share, or of a number with letters in it; what follows it
NUMBERED = re.compile(
    r"(?<![^\W_])([^\W\d_]+)[ -](\d+(?:\.\d+)*)(?![:,]?\d|[/%€$£¥]|[^\W_]*\d)(?=\s?([^\W\d_]*))"
)

# a number and the word behind it
COUNTED = re.compile(rf"(?<![\d.,:/-])(?<!{LETTER})(\d+)\s?([^\W\d_]+)")

# the one number word that says something else behind a noun: "un Aster neuf" is a new one
NEW = {"fr": re.compile(r"(\w+) neuf\b", re.IGNORECASE)}

REMEMBERED = 20_000  # texts
Numbered = frozenset[tuple[str, str]]  # (word without its ending, number)


@functools.lru_cache(REMEMBERED)
def numbered(text: str, title: bool = False) -> Numbered:
    """The names with a number in a text; number words count as numbers. title: see above."""
    language = language_of(text)
    return frozenset(
        (stem(match[1].lower(), language), match[2])
        for match in _names(_written(text, language), language)
        if not (title and match[1] == match[1].lower())
    )


def counted(text: str) -> Counter[str]:
    """The numbers of a customer's words that are amounts, times or days, and name nothing: the 3 of
    "leaks after 3 weeks", "at 3 pm" and "on 3 May", but not of "Brew 2 or 3"; beside a name with a
    number also those of other things: "Brew 2 for 3 people".
    """
    language = language_of(text)
    written = _written(text, language)
    names = [*_names(written, language)]
    named = {match.start(2) for match in names}
    beside = {_word_before(written, name.start()) for name in names}
    return Counter(
        match[1]
        for match in COUNTED.finditer(written)
        if match.start() not in named
        and (_counts(match[2].lower(), language) or _of_things(written, match, beside, language))
    )


def _of_things(written: str, number: re.Match[str], beside: Set[str], language: str) -> bool:
    """Whether a number stands in front of what it counts, and in no list ("Brew 2 or 3 prices") nor
    behind the word that is in front of a name: "is the 3 better than the Brew 2". beside: those
    words of all names.
    """
    word, stops = number[2].lower(), stop_words(language)
    before = written[: number.start()].lower().split()
    leading = {*takewhile(stops.__contains__, reversed(before))}
    ends = before[-1] if before else ""
    joining = {joining_word(language, style).strip() for style in ("standard", "or")}
    listed = ends.endswith((",", "、", "，")) or leading & joining
    return bool(beside) and not (
        BARE.match(word) or word in stops or listed or ends in beside - {""}
    )


def _word_before(written: str, at: int) -> str:
    return next(reversed(written[:at].lower().split()), "")


def _counts(word: str, language: str) -> bool:
    """Whether a word is a unit or a month, or begins with one where no blanks part words."""
    begins = [word[:size] for size in (1, 2)] if BARE.match(word) else [word]
    return any(_is_unit(own, language) or own in calendar_words(language) for own in begins)


def _written(text: str, language: str) -> str:
    """As numbers are looked for: in digits, without telephone numbers and what is no number."""
    plain = simplified(unicodedata.normalize("NFKC", text))
    if language in NEW:
        plain = NEW[language].sub(_unless_number, plain)
    return with_digits(without_phones(without_roman(plain)), language)


def _unless_number(new: re.Match[str]) -> str:
    """What stands before the word for new, which is a number behind another one: vingt neuf."""
    return new[0] if with_digits(new[1], "fr") != new[1] else new[1]


def _names(written: str, language: str) -> Iterator[re.Match[str]]:
    no_names = stop_words(language) | calendar_words(language)
    for match in NUMBERED.finditer(written):
        if match[1].lower() not in no_names and not _is_unit(match[3].lower(), language):
            yield match


def _is_unit(word: str, language: str) -> bool:
    """Whether a number before the word is an amount of it, or a time: "Hopper 250 g", "9 am"."""
    kind, _ = units_of(language).get(word, ("", 0))
    return bool(kind) and (kind == "half day" or word not in stop_words(language))


def renumbered(text: str, number: str, topic: str = "") -> str:
    """The text with another number behind its names: what "and the 300?" means after the 200. Of
    several names those that the topic is titled by alone.
    """
    plain, language = without_roman(text), language_of(text)
    names, titled = [*_names(plain, language)], numbered(topic, title=True)
    meant = [name for name in names if (stem(name[1].lower(), language), name[2]) in titled]
    for match in reversed(meant or names):
        plain = plain[: match.start(2)] + number + plain[match.end(2) :]
    return plain


def holds(name: tuple[str, str], others: Numbered) -> bool:
    """Whether one of the others is the same, or says less or more of the version: 2, 2.3."""
    word, number = name
    return any(
        word == other and (f"{number}.".startswith(f"{own}.") or f"{own}.".startswith(f"{number}."))
        for other, own in others
    )


def names_another(asked: Numbered, titles: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether something is asked about that titles have with other numbers alone, and the texts
    nowhere: Brew 3, of an entry about the Brew 2. Who asks about both asks about this one too.
    """
    titled = frozenset().union(*(numbered(title, title=True) for title in titles))
    everywhere = titled.union(*map(numbered, texts))
    words = {word for word, _ in titled}
    meant = [name for name in asked if name[0] in words]
    return bool(meant) and not any(holds(name, everywhere) for name in meant)
