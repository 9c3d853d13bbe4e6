"""Questions for nothing but a telephone number or an e-mail address, and texts that state one.

    contact_asked("customer service phone?")    "phone"
    contact_asked("charge my phone")            ""
    states("phone", "Ring 555 010 2030.")       True

Words of all languages that have a file, since that of so short a question is easily mistaken.
"""

from __future__ import annotations

import functools
import re

from mm_support.language.detect import stop_words
from mm_support.language.emergency import says_to_call
from mm_support.language.facts import facts_of
from mm_support.language.messages import languages, listed
from mm_support.language.telephone import digits
from mm_support.language.terms import edged

KINDS = ("phone", "mail")
LONGEST = 15  # digits of a telephone number (E.164)
YEARS = re.compile(r"(?:19|20)\d\d[-/](?:19|20)\d\d")
BOOK = re.compile(r"(?<![\d+])97[89](?:[ -]?\d){10}(?!\d)")  # ISBN
UNGROUPED = re.compile(r"(?<![\w.,/-])\+?\d{7,15}(?![\w]|[.,/-]\d)")
WORD = re.compile(r"[^\W_]+")
HIRAGANA = re.compile("[\u3041-\u309f]+")  # what Japanese grammar is written in


@functools.lru_cache(1_000)
def contact_asked(question: str) -> str:
    """Which of KINDS a question asks for and says nothing else: "phone" before "mail"; "" for
    another one.
    """
    asked = [kind for kind in KINDS if _words(kind).search(question)]
    return asked[0] if asked and not _said_else(question) else ""


def names_contact(title: str) -> bool:
    """Whether a title is nothing but words for contacts: "Kontakt", "联系方式"."""
    named = any(_words(key).search(title) for key in (*KINDS, "us"))
    return named and not _said_else(title)


def states(kind: str, text: str) -> bool:
    """Whether a text holds a telephone number or an e-mail address."""
    return bool(contacts_in(kind, text))


def contacts_in(kind: str, text: str) -> frozenset[str]:
    """The numbers, without what groups their digits, or the addresses in a text. A number that is
    not grouped is one where the text speaks of calling: others count orders and accounts.
    """
    text = BOOK.sub(" ", YEARS.sub(" ", text))
    found = facts_of(text).addresses
    if kind == "mail":
        return frozenset(own for own in found if "@" in own)
    called = _words("phone").search(text) or says_to_call(text)
    ungrouped = UNGROUPED.findall(text) if called else ()
    numbers = {own for own in found if own.isdigit()} | set(map(digits, ungrouped))
    return frozenset(number for number in numbers if 0 < len(number) <= LONGEST)


def _said_else(question: str) -> bool:
    rest = question
    for key in (*KINDS, "us", "at_all"):
        rest = _words(key).sub(" ", rest)
    rest = HIRAGANA.sub(" ", rest)
    return any(word not in _grammar() for word in WORD.findall(rest.lower()))


@functools.cache
def _words(key: str) -> re.Pattern[str]:
    return re.compile(edged(listed(f"asks.{key}")), re.IGNORECASE)


@functools.cache
def _grammar() -> frozenset[str]:
    """The words of grammar of all languages."""
    return frozenset().union(*map(stop_words, languages()))
