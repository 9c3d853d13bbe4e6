"""Letters without the marks of their languages, as many customers type them: "cancelacion"."""

from __future__ import annotations

import unicodedata

# letters that Unicode does not take apart
WHOLE = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss"})


def unmarked(word: str) -> str:
    """A word in small letters without its marks: août -> aout, wysyłka -> wysylka."""
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFD", word.translate(WHOLE))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def without_marks(word: str) -> frozenset[str]:
    """The ways in which a word in small letters is typed by whoever has no marks, itself left out:
    für -> fur, fuer.
    """
    if word.isascii():
        return frozenset()
    written_out = unicodedata.normalize("NFC", word).translate(WRITTEN_OUT)
    return frozenset({unmarked(word), unmarked(written_out)}) - {word}
