"""The terms by which what a question names is told from what is titled otherwise: with letters that
stand alone, and with numbers that count something marked, so that "3 weeks" is no Brew 3.
"""

from __future__ import annotations

from mm_support.language.asks import affirmed
from mm_support.language.terms import letters, term_set, terms
from mm_support.language.versions import counted, numbered
from mm_support.types import Entry, Hit

COUNTS = "#"  # behind a number that counts something


def asked_terms(words: str) -> frozenset[str]:
    return frozenset(said_terms(affirmed(words)))


def said_terms(words: str) -> tuple[str, ...]:
    """The terms of a customer's words. A number is also marked as one that counts something, and
    only so where it does: the 3 of "3 weeks" does not name the Brew 3.
    """
    left, said = counted(words), list[str]()
    for term in reversed(terms(words)):
        said += [term + COUNTS] if term.isdigit() else []
        said += [] if left[term] > 0 else [term]
        left[term] -= 1
    return (*reversed(said), *letters(words))


def terms_of_title(hit: Hit) -> frozenset[str]:
    return title_terms(hit.entry.title)


def title_terms(title: str) -> frozenset[str]:
    """The terms of a title, its numbers marked where they belong to no name: "Lamp 300 W"."""
    names = {number for _, number in numbered(title, title=True)}
    found = (
        term + COUNTS if term.isdigit() and term not in names else term for term in term_set(title)
    )
    return frozenset((*found, *letters(title)))


def entry_terms(entry: Entry) -> frozenset[str]:
    """The terms of an entry, its numbers marked as well."""
    said = term_set(entry.title) | term_set(entry.text)
    return said.union((term + COUNTS for term in said if term.isdigit()), letters(entry.text))


def unmarked(marked: frozenset[str]) -> frozenset[str]:
    return frozenset(term.removesuffix(COUNTS) for term in marked)
