"""How an identifier is written (E24, WH-1000XM5), found in a text by its form, and compared with
another. Knows no entry and no base.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mm_support.language.telephone import PHONE, digits
from mm_support.language.terms import ascii_digits, with_digits
from mm_support.language.written_dates import order_of, written_dates

REMEMBERED = 10_000  # codes, whose forms are asked for again and again
CONFUSED = str.maketrans("OQDILSBZG", "000115826")  # what is read or written for each other
NEARLY = {0: 0.95, 1: 0.9, 2: 0.8}
UNPREFIXED = 0.8  # "error 24" against E24
MAX_LENGTH = 24  # characters; longer ones are addresses and checksums
LONG_NUMBER = 6  # digits
APART = 14  # parts and joints that an identifier may be spelled in
# letters that go on a word of A to Z: "Usługi" names no "Us"; of other scripts they do not: E24的
LATIN = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
BEGINS, ENDS = rf"(?<![A-Za-z0-9{LATIN}])", rf"(?![A-Za-z0-9{LATIN}])"
TOKEN = re.compile(
    rf"[A-Za-z]*[{LATIN}][A-Za-z{LATIN}]*|[A-Za-z0-9]+|[^\W\d_a-zA-Z{LATIN}]+|[^\w\s]|_"
)
COMPOUND = re.compile(rf"{BEGINS}[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*{ENDS}")
LETTERS_FIRST = re.compile(r"[A-Z]{1,6}(?:\d+[A-Z]*)+")
MIXED = re.compile(r"\d+[A-Z]+\d[A-Z0-9]*")  # 1P8, 4F7K22XX
PARTS = re.compile(rf"{BEGINS}[A-Za-z0-9]+{ENDS}")
JOINT = r"[ \-_/.:#]{1,2}"
SPELLED = re.compile(rf"[A-Za-z0-9]+(?:{JOINT}[A-Za-z0-9]+)*")  # in parts
ENDS_IN_DIGIT, BEGINS_WITH_DIGIT = re.compile(rf"\d{JOINT}$"), re.compile(rf"{JOINT}\d")
CLOCK = re.compile(r"(?<![\w:.])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\w:])")
DIALLED = ("0", "+", "(")  # what telephone numbers begin with
HEXADECIMAL = re.compile(r"0[xX][0-9A-Fa-f]{2,8}")
NUMBER = re.compile(r"\d{1,20}[A-Z]?")
NUMBERED = re.compile(r"([A-Z]{1,3})0*(\d{1,3})")  # an error's code, and the number said for it


class Token(NamedTuple):
    """A run of letters and digits, of other letters, or a sign. apart: a blank stands before it."""

    text: str
    apart: bool


def tokens_of(text: str) -> list[Token]:
    text = ascii_digits(text).replace("‐", "-").replace("‑", "-")
    return [
        Token(match[0], match.start() == 0 or text[match.start() - 1].isspace())
        for match in TOKEN.finditer(text)
    ]


def is_part(token: Token) -> bool:
    return token.text.isascii() and token.text.isalnum()


def written(text: str) -> frozenset[str]:
    """The tokens of a text that are built like identifiers, normalised: letters that run into
    digits, long numbers.
    """
    return frozenset(filter(None, map(as_identifier, with_digit(text))))


def with_digit(text: str) -> Iterator[str]:
    """The tokens of a text that hold a digit, as they are written."""
    plain = ascii_digits(unicodedata.normalize("NFKC", text))
    return filter(re.compile(r"\d").search, COMPOUND.findall(plain))


def as_identifier(token: str) -> str:
    """The token normalised, or "" where it is not built like an identifier."""
    code = normalise(token)
    words = re.findall(r"[a-z]+", token)
    if not 1 < len(code) <= MAX_LENGTH or any(len(word) > 4 for word in words):
        return ""
    number = code.isdigit() and len(code) >= LONG_NUMBER and not code.endswith("000")
    mixed = MIXED.fullmatch(code) and token.isupper()
    built = LETTERS_FIRST.fullmatch(code) or HEXADECIMAL.fullmatch(token)
    return code if number or mixed or built else ""


def shaped(text: str, pattern: str, language: str) -> tuple[tuple[str, ...], str]:
    """What in a text is written like an identifier of a kind, each once, and the text without it:
    in one piece, or where nothing is, in parts ("10 48 22", "one zero four eight two two"). No part
    of a date, of a time or of a telephone number is one.

    pattern: of the whole, normalised; its first group, if it has one, is the identifier.
    """
    plain = ascii_digits(unicodedata.normalize("NFKC", text))
    texts = dict.fromkeys((plain, with_digits(plain, language)))
    for look in (COMPOUND.finditer, _in_parts):
        for one in texts:
            others = tuple(_other_numbers(one, language))
            found, rest, end = dict[str, None](), "", 0
            for start, stop in (match.span() for match in look(one)):
                match = re.fullmatch(pattern, normalise(one[start:stop]))
                if match and start >= end and not _overlaps(start, stop, others):
                    found[match[1] if match.re.groups and match[1] else match[0]] = None
                    rest, end = f"{rest}{one[end:start]} ", stop
            if found:
                return tuple(found), rest + one[end:]
    return (), text


def _other_numbers(text: str, language: str) -> Iterator[tuple[int, int]]:
    """The places of dates and times, and of what telephone numbers hold: such a number as a whole
    may be an identifier too.
    """
    for day in written_dates(text, order_of(language)):
        yield day.start, day.end
    for clock in CLOCK.finditer(text):
        yield clock.span()
    for phone in PHONE.finditer(text):
        if phone[0].startswith(DIALLED) and digits(phone[0]):
            yield phone.start() + 1, phone.end()
            yield phone.start(), phone.end() - 1


def _overlaps(start: int, stop: int, others: Sequence[tuple[int, int]]) -> bool:
    """Whether a stretch shares anything with another one, and does not hold that beside more."""
    for begin, end in others:
        more = start <= begin and end <= stop and (start, stop) != (begin, end)
        if start < end and begin < stop and not more:
            return True
    return False


def _in_parts(text: str) -> Iterator[re.Match[str]]:
    """Stretches of short parts and joints in a text, from each place the longest first."""
    places = list(PARTS.finditer(text))
    for first in range(len(places)):
        for last in range(min(len(places), first + APART) - 1, first, -1):
            stretch = SPELLED.fullmatch(text, places[first].start(), places[last].end())
            if stretch and not _goes_on(text, *stretch.span()):
                yield stretch


def _goes_on(text: str, start: int, stop: int) -> bool:
    """Whether a stretch is cut out of a longer number: 555 123 of 555 123 4567."""
    before = text[start].isdigit() and ENDS_IN_DIGIT.search(text[max(0, start - 3) : start])
    return bool(before or text[stop - 1].isdigit() and BEGINS_WITH_DIGIT.match(text, stop))


@functools.lru_cache(REMEMBERED)
def normalise(code: str) -> str:
    """Capitals and digits only: "wh-1000 xm5" -> "WH1000XM5"."""
    plain = ascii_digits(unicodedata.normalize("NFKC", code))
    return re.sub(r"[^A-Z0-9]", "", plain.upper())


@functools.lru_cache(REMEMBERED)
def fold(code: str) -> str:
    """A normalised code with confusable characters made one, no leading zeros: EO7 -> E7."""
    return unpadded(code.translate(CONFUSED))


@functools.lru_cache(REMEMBERED)
def unpadded(code: str) -> str:
    """A normalised code without leading zeros behind letters: E05 -> E5."""
    return re.sub(r"(?<=[A-Z])0+(?=\d)", "", code)


@functools.lru_cache(REMEMBERED)
def kind(code: str) -> str:
    """E24 -> A99: which places hold letters and which digits."""
    return re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", code))


@functools.lru_cache(REMEMBERED)
def series_of(code: str) -> str:
    """E24 -> E9, WH1000XM5 -> WH9XM9: what such identifiers have in common."""
    return re.sub(r"\d+", "9", code) if not code.isdigit() else ""


def same_kind(code: str, other: str) -> bool:
    """Whether two different codes name two things of one kind: E80 and E05, F21 and E05, 10 and
    E05.
    """
    if code.isdigit():
        return other.isdigit() or bool(NUMBERED.fullmatch(other)) and len(code) <= 3
    return kind(code) == kind(other) or series_of(code) == series_of(other)


def match(query: frozenset[str], entry: frozenset[str]) -> float:
    """How surely a code of the query is one of the entry's: 1 exactly, less by what had to be
    forgiven, 0.
    """
    if query & entry:
        return 1.0
    return max((_likeness(one, other) for one in query for other in entry), default=0.0)


def _likeness(one: str, other: str) -> float:
    """For two different normalised codes, one of a query and the other of an entry; a number and a
    word are never taken for each other: 10 and LO. A number may be a code's, as people say it; a
    code is not the number of a name: E8 of the Aster 8.
    """
    if one.isdigit() and other.isalpha() or one.isalpha() and other.isdigit():
        return 0.0
    if _is_number_of(one, other):
        return UNPREFIXED
    if fold(one) != fold(other):
        return 0.0
    if len(one) != len(other):
        return NEARLY[0]
    return NEARLY.get(sum(a != b for a, b in zip(one, other)), 0.0)


def _is_number_of(number: str, code: str) -> bool:
    """24 of E24."""
    prefixed = NUMBERED.fullmatch(code)
    return number.isdigit() and bool(prefixed) and prefixed[2] == number.lstrip("0")
