"""Identifiers: error codes, model and order numbers, what a display shows (E24, WH-1000XM5, Ub).

A knowledge base defines its identifiers: what its entries' titles and questions name, and what is
built like that in their answers. A customer's words and the lines of a photo are looked up there,
exactly or by characters that are confused on displays and labels, however the parts stand apart
("e twenty four", "W H 1000 X M 5"). Everyday letters and numbers (A4, HDMI2, 30 days) are none
unless the base names them. Knows nothing of how identifiers weigh in a search.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from mm_support.language.codes import (
    APART,
    COMPOUND,
    LONG_NUMBER,
    MAX_LENGTH,
    NUMBER,
    NUMBERED,
    Token,
    fold,
    is_part,
    kind,
    normalise,
    series_of,
    tokens_of,
    unpadded,
    written,
)
from mm_support.language.defined import Names, in_names, is_odd, named_in_title
from mm_support.language.detect import language_of, stop_words
from mm_support.language.english import LETTER_NAMES
from mm_support.language.terms import terms, with_digits
from mm_support.types import Entry

LOOKS = str.maketrans("OQDISBZGA", "000158268")  # what segments show alike
FEW = 2  # words of a question that is nothing but an identifier: "error 24"
NEAR, WORDS_BETWEEN = 5, 2  # tokens, and terms, from a number back to the word that announces it
SHORT_LINE = re.compile(r"[A-Z0-9]{2,8}")
JOINTS = frozenset("-–_/.:#")
NUMERAL = re.compile(r"\d")


class Dictionary:
    """The identifiers of a knowledge base."""

    def __init__(self, names: Names) -> None:
        self._named, self._kinds = frozenset(names.named), frozenset(names.kinds)
        self._ordinary = frozenset(names.ordinary)
        plain = {unpadded(code) for code in names.named if _built(code) in names.series}
        self._series = {*names.series, *map(_built, plain)}
        self._announcing, self._before = frozenset(names.announcing), frozenset(names.before)
        self._numbers = {found[2] for found in map(NUMBERED.fullmatch, self._named) if found}
        self._folded = {fold(code) for code in self._named}
        self._alike: dict[str, set[str]] = defaultdict(set)
        for code in names.named:
            self._alike[code.translate(LOOKS)].add(code)

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Dictionary:
        return cls(Names.of(entries))

    def find(self, text: str) -> frozenset[str]:
        """The identifiers that a customer's words name, as they spell them, normalised: the base's
        own, and others of a kind that its titles name (E80 where there are E05 and E08).
        """
        language = language_of(text)
        plain = unicodedata.normalize("NFKC", text)
        digits = with_digits(plain, language)
        spelled = " ".join(LETTER_NAMES.get(word.lower(), word) for word in digits.split())
        found = (self._in(tokens_of(one), language) for one in {plain, digits, spelled})
        return frozenset().union(*found)

    def read(self, lines: Sequence[str]) -> frozenset[str]:
        """The identifiers that lines of a photo name, or look like.

        Two digits, digits beside others (an amount on a receipt) and words beside an identifier
        look like too much; a line that is a number is none but where that is all of one.
        """
        telling = [line for line in lines if not normalise(line).isdigit() or line in self._named]
        inside = {code for line in telling for code in self.find(line) if not code.isalpha()}
        whole = _display_lines(lines) | inside
        exact = whole & self._named
        several = sum(not line.isalpha() for line in whole) > 1
        found = exact | inside
        for line in whole - exact:
            unclear = (
                bool(exact) if line.isalpha() else line.isdigit() and (several or len(line) < 3)
            )
            found |= frozenset() if unclear else self._looking_like(line)
        return found

    def _in(self, tokens: list[Token], language: str) -> set[str]:
        """The identifiers among tokens, the longest first where they are spelled in parts."""
        found: set[str] = set()
        place = 0
        while place < len(tokens):
            code, length = self._at(tokens, place, language)
            found |= {code} if code else set()
            place += length
        return found

    def _at(self, tokens: list[Token], place: int, language: str) -> tuple[str, int]:
        """The identifier that begins at a place, or "", and how many tokens it takes."""
        if not is_part(tokens[place]):
            return "", 1
        for end in range(_reach(tokens, place), place + 1, -1):
            spelled = tokens[place:end]
            text = "".join(token.text for token in spelled)
            if not (NUMERAL.search(text) or _is_together(spelled)):
                continue  # words
            code = normalise(text)
            if self._is_spelled(spelled, code, language) or self._is_joined(
                spelled, code, language
            ):
                return code, end - place
        code = normalise(tokens[place].text)
        named = 1 < len(code) <= MAX_LENGTH and self._is_named(tokens, place, code, language)
        return (code if named else ""), 1

    def _is_named(self, tokens: list[Token], place: int, code: str, language: str) -> bool:
        """Whether a single token is an identifier here."""
        word = tokens[place].text
        if code.isalpha():
            ordinary = code in self._ordinary or word.lower() in stop_words(language)
            return code in self._named and (is_odd(word) or not ordinary)
        if NUMBER.fullmatch(code) and len(code) < LONG_NUMBER:
            return self._is_number(tokens, place, code, language)
        if fold(code) in self._folded or self._is_in_series(code):
            return True
        announced = _announced(tokens, place, self._announcing, language)
        return kind(code) in self._kinds and announced

    def _is_number(self, tokens: list[Token], place: int, code: str, language: str) -> bool:
        """Whether a short number is an identifier: announced by a word that stands before those of
        the titles; or one of the base's, behind a word that stands before any, or all that is said.
        """
        if code in self._named or code.lstrip("0") in self._numbers:
            alone = place + 1 == len(tokens) and _says_little(tokens, language)
            return alone or _announced(tokens, place, self._before, language)
        possible = code.isdigit() and len(code) <= 3
        return possible and _announced(tokens, place, self._announcing, language)

    def _is_spelled(self, tokens: Sequence[Token], code: str, language: str) -> bool:
        """Whether several tokens together are one of the base's identifiers, none of them, where a
        blank stands between, a word by itself: "a 24 hour service" names no A24.
        """
        if fold(code) not in self._folded or code.isalpha() or not is_part(tokens[-1]):
            return False
        apart = any(token.apart for token in tokens[1:])
        words = [token.text.lower() for token in tokens if token.text.isalpha()]
        return not apart or not any(
            word in stop_words(language) or word.upper() in self._ordinary for word in words
        )

    def _is_joined(self, tokens: Sequence[Token], code: str, language: str) -> bool:
        """Whether tokens are built like the base's identifiers: PAY-32 where there is PAY-31. With
        a blank between them only a capital that is no word: E 06 where there is E05.
        """
        letter = tokens[0].text
        capital = len(tokens) == 2 and len(letter) == 1 and letter.isupper()
        apart = capital and letter.lower() not in stop_words(language)
        joined = apart or _is_together(tokens)
        return joined and is_part(tokens[-1]) and self._is_in_series(code)

    def _is_in_series(self, code: str) -> bool:
        """Whether a code is built like one of the base's, with or without leading zeros."""
        return _built(code) in self._series or _built(unpadded(code)) in self._series

    def _looking_like(self, line: str) -> frozenset[str]:
        """A display's left edge is read as a 1 now and then."""
        framed = re.fullmatch(r"1(\d*[A-Z]\w*)", line)
        looks = [line] + ([framed[1]] if framed else [])
        alike = (self._alike.get(look.translate(LOOKS)) for look in looks)
        return frozenset(next(filter(None, alike), ()))


def _built(code: str) -> tuple[str, str]:
    return series_of(code), kind(code)


def _is_together(tokens: Sequence[Token]) -> bool:
    """Whether no blank stands between them."""
    return not any(token.apart for token in tokens[1:])


def identifiers_of(entry: Entry) -> frozenset[str]:
    """All that an entry may name, normalised; which of them count, the base's Dictionary knows."""
    return written(entry.text) | named_in_title(entry.title) | in_names(entry.text)


def named_in_line(line: str, wanted: frozenset[str]) -> str:
    """The first of the wanted identifiers that a line of a photo shows, as it stands there; a word
    only where it is the whole line. "" where it shows none.
    """
    if _display_lines([line]) & wanted:
        return line.upper() if line.islower() else line
    tokens = COMPOUND.findall(unicodedata.normalize("NFKC", line))
    return next((t.upper() for t in tokens if written(t) & wanted), "")


def _says_little(tokens: Sequence[Token], language: str) -> bool:
    """Whether a text is hardly more than one number: "error 24"."""
    said = [token.text for token in tokens if terms(token.text, language)]
    return len(said) <= FEW and sum(word[0].isdigit() for word in said) == 1


def _display_lines(lines: Iterable[str]) -> frozenset[str]:
    """Lines that may be a display's whole message, normalised; amounts, times and temperatures are
    none.
    """
    plain = filter(re.compile(r"[A-Za-z0-9 .:-]+").fullmatch, lines)
    amount = re.compile(r"-[\d ]+|[\d ]+[.:][\d .:]*")
    messages = (normalise(line) for line in plain if not amount.fullmatch(line))
    return frozenset(filter(SHORT_LINE.fullmatch, messages))


def _reach(tokens: Sequence[Token], place: int) -> int:
    """How far an identifier that begins at a place can reach: over short parts and joints."""
    end, length = place, 0
    while end < min(len(tokens), place + APART):
        text, follows = tokens[end].text, tokens[end - 1].text if end > place else ""
        length += len(text)
        stops = follows in (".", ":") and tokens[end].apart  # a sentence ends: "E. 24 hours"
        if stops or length > MAX_LENGTH or not (is_part(tokens[end]) or text in JOINTS):
            break
        end += 1
    return end


def _announced(tokens: list[Token], place: int, by: frozenset[str], language: str) -> bool:
    """Whether a token stands right behind a term of `by` (error 24, code: 07), and counts nothing
    (24 hours, 24 %).
    """
    if place + 1 < len(tokens) and not _ends(tokens[place + 1].text, language):
        return False
    near = [token.text for token in tokens[max(0, place - NEAR) : place]]
    words = [word for word in near if terms(word, language)][-WORDS_BETWEEN:]
    return any(by & set(terms(word, language)[-1:]) for word in words)


def _ends(text: str, language: str) -> bool:
    """Whether what stands behind a number ends it: the sentence's end, a stop word."""
    return text.lower() in stop_words(language) if text[0].isalnum() else text in ".,;:!?)\"'"
