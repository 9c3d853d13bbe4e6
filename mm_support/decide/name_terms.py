"""The terms by which what a question names is told from what is titled otherwise: with letters that
stand alone, and with numbers that count something marked, so that "3 weeks" is no Brew 3.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from mm_support.language.asks import affirmed
from mm_support.language.detect import language_of, stop_words, told_language
from mm_support.language.terms import (
    NUMERALS,
    all_terms,
    letters,
    one_of,
    roman_number,
    term_set,
    terms,
)
from mm_support.language.versions import counted, numbered
from mm_support.types import Entry, Hit

REMEMBERED = 20_000  # texts
COUNTS = "#"  # behind a number that counts something
# the numeral I at the end of a name, as "items I ordered" has none
FIRST = r"I(?=\s*(?:$|[:,;/()（：，]))"
HEADED = re.compile(rf"([^\W\d_]{{2,}})[ -](?:({NUMERALS}|{FIRST})|([A-HJ-Z]))(?![^\W_]|['’.-]\w)")

HIRAGANA = re.compile("[\u3041-\u309f]")
# m² and cm³ as they are typed, behind a number: no codes
SQUARES_AND_CUBES = re.compile(r"(?<=\d)\s?[ckd]?m[23²³](?!\w)")


def as_titled(words: str, hits: Iterable[Hit]) -> str:
    """A customer's words in which names that end with a Roman numeral or a letter are written as
    titles have them, however they were typed: "brew iv", "BrewIV", "plan a".
    """
    titles = [hit.entry.title for hit in hits]
    ends = [end for title in titles for end in _headed(title)]
    for head, letter in {(end[1], end[3]) for end in ends if end[3]}:
        typed = rf"(?<![^\W_])((?i:{head})) {letter.lower()}(?![^\W_])"
        words = re.sub(typed, rf"\1 {letter}", words)
    heads = {end[1] for end in ends if end[2]}
    return _with_numbers(words, heads, all_terms(titles)) if heads else words


def _headed(title: str) -> Iterator[re.Match[str]]:
    """The numerals and letters of a title that stand behind a word, but one of grammar."""
    stops = stop_words(language_of(title))
    return (end for end in HEADED.finditer(title) if end[1].lower() not in stops)


def _with_numbers(words: str, heads: Iterable[str], known: frozenset[str]) -> str:
    """The words with numbers for Roman numerals behind heads. known: those that titles have in
    small letters, which stay.
    """
    typed = re.compile(
        rf"(?<![^\W_])((?i:{one_of(heads)}))[\s-]*(?![xX]\s+\d)((?i:{NUMERALS})|I)"
        r"(?:[-'’]?[sS])?(?![^\W_]|['’]\w)"
    )

    def written(match: re.Match[str]) -> str:
        return match[0] if match[2].lower() in known else f"{match[1]} {roman_number(match[2])}"

    return typed.sub(written, words)


def naming(found: Iterable[str]) -> frozenset[str]:
    """The terms that may name something: of Japanese none with hiragana, which is how grammar is
    written ("で行" of "どんな服装で行けば").
    """
    return frozenset(term for term in found if not (len(term) == 2 and HIRAGANA.search(term)))


@functools.lru_cache(REMEMBERED)
def asked_terms(words: str) -> frozenset[str]:
    return naming(said_terms(affirmed(words)))


@functools.lru_cache(REMEMBERED)
def said_terms(words: str) -> tuple[str, ...]:
    """The terms of a customer's words. A number is also marked as one that counts something, and
    only so where it does: the 3 of "3 weeks" does not name the Brew 3, nor 5 m2 the iPad M2.
    """
    left, said = counted(words), list[str]()
    words = SQUARES_AND_CUBES.sub(" ", words)
    for term in reversed(terms(words)):
        said += [term + COUNTS] if term.isdigit() else []
        said += [] if left[term] > 0 else [term]
        left[term] -= 1
    return (*reversed(said), *letters(words))


def terms_of_title(hit: Hit, words: str = "") -> frozenset[str]:
    return title_terms(hit.entry.title, language_of_title(hit, words))


def language_of_title(hit: Hit, words: str) -> str:
    """The language of a title that shows none itself, where that of its entry is the customer's:
    "Kaffeemaschine groß" is read as "die große Kaffeemaschine" is; "" otherwise.
    """
    told = told_language(words)
    same = not told_language(hit.entry.title) and told_language(hit.entry.text) == told
    return told or "" if same else ""


@functools.lru_cache(REMEMBERED)
def title_terms(title: str, language: str = "") -> frozenset[str]:
    """The terms of a title, its numbers marked where they belong to no name: "Lamp 300 W"."""
    title = with_first(title)
    names = {number for _, number in numbered(title, title=True)}
    found = (
        term + COUNTS if term.isdigit() and term not in names else term
        for term in term_set(title, language)
    )
    return naming((*found, *letters(title)))


def with_first(title: str) -> str:
    """A title in which the numeral I of a name is a number: Brew I."""
    for end in _headed(title):
        if end[2] == "I":
            title = f"{title[: end.start(2)]}1{title[end.end(2) :]}"
    return title


def entry_terms(entry: Entry) -> frozenset[str]:
    """The terms of an entry, its numbers marked as well."""
    said = term_set(with_first(entry.title)) | term_set(entry.text)
    return said.union((term + COUNTS for term in said if term.isdigit()), letters(entry.text))


def unmarked(marked: frozenset[str]) -> frozenset[str]:
    return frozenset(term.removesuffix(COUNTS) for term in marked)
