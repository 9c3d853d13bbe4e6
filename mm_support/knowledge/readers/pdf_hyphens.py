"""Hyphens at the ends of a PDF's lines: of a word that is cut there, or its own ("two-year")."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mm_support.language.detect import common_words, language_of

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDS = ".!?:"
_JOINS = re.compile(r"\w-$")
_CUT = re.compile(r"(?:[^\W\d_]+-)*[^\W\d_]+-$")


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """The words of lines in small letters, with the hyphens that they have within a line."""
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def joined(text: str, row: str, known: frozenset[str]) -> str | None:
    """Two lines as one where the first ends in a hyphen that touches its word; None for others. A
    hyphen before small letters may part a word; before capitals and figures it is the name's own
    (LARKMERE-GUEST, WH-1000). known: the words of the document.
    """
    cut, rest = _CUT.search(text), _WORD.match(row)
    if _JOINS.search(text) and row[:1].isalnum() and not row[0].islower():
        return text + row
    if not cut or not rest or not row[0].islower():
        return None
    own = _is_own(cut[0], rest[0], known, text)
    return (text if own else text[:-1]) + row


def _is_own(cut: str, rest: str, known: frozenset[str], text: str) -> bool:
    """Whether the hyphen is the word's own: the document writes it so, or neither it nor the
    language knows the word without it, and both of its halves are words. A capital letter within
    a sentence tells a German noun, which has none.
    """
    before, lower = text[: -len(cut)].rstrip(), cut.lower()
    if any(_is_form(word, lower, rest) for word in known):
        return True
    whole, common = lower[:-1] + rest, common_words(language_of(text))
    noun = cut[0].isupper() and before and before[-1] not in _ENDS
    halves = {lower[:-1].split("-")[-1], rest.split("-")[0]}
    return not noun and whole not in known and whole not in common and halves <= common


def _is_form(word: str, cut: str, rest: str) -> bool:
    """Whether a word of the document has the hyphen in the same place: "hook-ups" for "hook-up"."""
    whole = cut + rest
    return word.startswith(cut) and (word.startswith(whole) or whole.startswith(word))
