"""Names with a number (Brew 2, app version 5): what differs in the number is another thing.

In a customer's words every word before a number may be such a name; in a title only one with a
capital letter, so that "within 30 days" is none. Knows no entry.
"""

from __future__ import annotations

import re
import unicodedata

from mm_support.language.detect import language_of, stop_words
from mm_support.language.telephone import without_phones
from mm_support.language.terms import simplified, stem, with_digits, without_roman
from mm_support.language.units import calendar_words, units_of

# not the beginning of a time, a date, a share, or of a number with letters in it; what follows it
NUMBERED = re.compile(
    r"(?<![^\W_])([^\W\d_]+)[ -](\d+(?:\.\d+)*)(?![:,]?\d|[/%€$£¥]|[^\W_]*\d)(?=\s?([^\W\d_]*))"
)

Numbered = frozenset[tuple[str, str]]  # (word without its ending, number)


def numbered(text: str, title: bool = False) -> Numbered:
    """The names with a number in a text; number words count as numbers. title: see above."""
    language = language_of(text)
    plain = simplified(unicodedata.normalize("NFKC", text))
    written = without_phones(without_roman(plain))
    no_names = stop_words(language) | calendar_words(language)
    return frozenset(
        (stem(word.lower(), language), number)
        for word, number, follows in NUMBERED.findall(with_digits(written, language))
        if word.lower() not in no_names and not (title and word == word.lower())
        if not _is_unit(follows.lower(), language)
    )


def _is_unit(word: str, language: str) -> bool:
    """Whether a number before the word is an amount of it, or a time: "Hopper 250 g", "9 am"."""
    kind, _ = units_of(language).get(word, ("", 0))
    return bool(kind) and (kind == "half day" or word not in stop_words(language))


def renumbered(text: str, number: str) -> str:
    """The text with another number behind its names: what "and the 300?" means after the 200."""
    stops = stop_words(language_of(text))

    def other(match: re.Match) -> str:
        name = match[0][: match.start(2) - match.start()]
        return match[0] if match[1].lower() in stops else f"{name}{number}"

    return NUMBERED.sub(other, text)


def holds(name: tuple[str, str], others: Numbered) -> bool:
    """Whether one of the others is the same, or says less or more of the version: 2, 2.3."""
    word, number = name
    return any(
        word == other and (f"{number}.".startswith(f"{own}.") or f"{own}.".startswith(f"{number}."))
        for other, own in others
    )


def names_another(asked: Numbered, title: str, text: str) -> bool:
    """Whether something is asked about that the title has with other numbers alone, and the text
    nowhere: Brew 3, of an entry about the Brew 2. Who asks about both asks about this one too.
    """
    titled = numbered(title, title=True)
    everywhere = titled | numbered(text)
    words = {word for word, _ in titled}
    meant = [name for name in asked if name[0] in words]
    return bool(meant) and not any(holds(name, everywhere) for name in meant)
