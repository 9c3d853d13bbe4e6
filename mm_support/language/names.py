"""The names in a base's texts: products, plans, devices, as speech recognition is told to expect.

    names(["Does the Wren 300 pair with two phones?"])   ("Wren 300",)

A name is written with a capital where no sentence begins, or in Latin letters between Chinese ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from mm_support.language.detect import language_of, stop_words

LONGEST = 4  # words
FREQUENT = 20  # names of a text that are looked at
CAPITAL_NOUNS = ("de",)  # languages in which a capital tells no name
WORD = r"[A-Z][A-Za-z]*(?:-?[A-Z\d][A-Za-z\d]*)*"
WITHIN = r"(?<![.!?:\"“(] )(?<!^)(?<!\n)(?<![A-Za-z\d-])"  # a sentence
NAME = re.compile(rf"{WITHIN}{WORD}(?: (?:{WORD}|\d+)(?![A-Za-z])){{0,{LONGEST - 1}}}")


def names(texts: Iterable[str], limit: int) -> tuple[str, ...]:
    """The most frequent names first."""
    counts: Counter[str] = Counter()
    for text in texts:
        stops = stop_words(language_of(text))
        counts.update(name for name in NAME.findall(text) if name.lower() not in stops)
    return tuple(name for name, _ in counts.most_common(limit))


def names_itself(title: str, text: str) -> tuple[str, ...]:
    """The names of what a title is about: those in it that the text has too ("The Linnet Buds cost
    $69", under "Linnet Buds earbuds").
    """
    if language_of(text) in CAPITAL_NOUNS:
        return ()
    return tuple(name for name in names([text], FREQUENT) if name in title)
