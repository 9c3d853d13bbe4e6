"""Letters without the marks of their languages, as many customers type them: "cancelacion"."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator

# letters that Unicode does not take apart
WHOLE = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss"})


@functools.lru_cache(None)
def _marks() -> dict[int, None]:
    """What combines with the letter before it, for str.translate."""
    return {code: None for code in range(0x10000) if unicodedata.combining(chr(code))}


def unmarked(text: str) -> str:
    """Words in small letters without their marks: août -> aout, wysyłka -> wysylka."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFD", text.translate(WHOLE)).translate(_marks())


def without_marks(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(word in small letters, as it is typed by whoever has no marks), for each way to do so that
    differs from the word: für, fur and für, fuer.
    """
    marked = [word for word in words if not word.isascii()]
    text = unicodedata.normalize("NFC", "\n".join(marked))
    plain, written_out = unmarked(text), unmarked(text.translate(WRITTEN_OUT))
    for word, first, second in zip(marked, plain.split("\n"), written_out.split("\n")):
        if first != word:
            yield word, first
        if second not in (word, first):
            yield word, second
