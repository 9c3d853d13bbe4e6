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
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mm_support.language.detect import language_of, stop_words
from mm_support.language.english import LETTER_NAMES
from mm_support.language.terms import terms, with_digits
from mm_support.language.versions import numbered
from mm_support.types import Entry

CONFUSED = str.maketrans("OQDILSBZG", "000115826")  # what is read or written for each other
LOOKS = str.maketrans("OQDISBZGA", "000158268")  # what segments show alike
# by how many characters were confused; 0: only leading zeros differ
NEARLY = {0: 0.95, 1: 0.9, 2: 0.8}
UNPREFIXED = 0.8  # "error 24" against E24
MAX_LENGTH = 24  # characters; longer ones are addresses and checksums
LONG = 5  # characters from which an answer's token is an identifier by itself
LONG_NUMBER = 6  # digits
LISTED = 3  # identifiers of a kind in one answer that it is about
FEW = 2  # words of a question that is nothing but an identifier: "error 24"
APART = 14  # parts and joints that an identifier may be spelled in
NEAR, WORDS_BETWEEN = 5, 2  # tokens, and terms, from a number back to the word that announces it

TOKEN = re.compile(r"[A-Za-z0-9]+|[^\W\d_a-zA-Z]+|[^\w\s]|_")
COMPOUND = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
LETTERS_FIRST = re.compile(r"[A-Z]{1,6}(?:\d+[A-Z]*)+")
MIXED = re.compile(r"\d+[A-Z]+\d[A-Z0-9]*")  # 1P8, 4F7K22XX
PARTS = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]+(?![A-Za-z0-9])")
SPELLED = re.compile(r"[A-Za-z0-9]+(?:[ \-_/.:#]{1,2}[A-Za-z0-9]+)*")  # in parts
HEXADECIMAL = re.compile(r"0[xX][0-9A-Fa-f]{2,8}")
NUMBER = re.compile(r"\d{1,20}[A-Z]?")
NUMBERED = re.compile(r"([A-Z]{1,3})0*(\d{1,3})")  # an error's code, and the number said for it
SHORT_LINE = re.compile(r"[A-Z0-9]{2,8}")
JOINTS = frozenset("-–_/.:#")


class Token(NamedTuple):
    """A run of letters and digits, of other letters, or a sign. apart: a blank stands before it."""

    text: str
    apart: bool


class Names(NamedTuple):
    """What a base's entries say of its identifiers, all sorted: which they are, how they are built
    (kinds; series, a pair with the kind), the terms that stand before those of titles (announcing)
    and before any (before), and which are ordinary words too.
    """

    named: tuple[str, ...]
    kinds: tuple[str, ...]
    series: tuple[tuple[str, str], ...]
    announcing: tuple[str, ...]
    before: tuple[str, ...]
    ordinary: tuple[str, ...]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Names:
        titles = [entry.title for entry in entries]
        heads = [head for entry in entries for head in (entry.title, *entry.questions)]
        named = _named_in(entries, heads)
        announcing = {word for title in titles for word in _announcers(title)}
        before = {word for head in heads for word in _announcers(head)}
        kinds = {kind(code) for head in heads for code in written(head)}
        series = {(_series(code), kind(code)) for code in named if _series(code)}
        return cls(
            tuple(sorted(named)),
            tuple(sorted(kinds)),
            tuple(sorted(series)),
            tuple(sorted(announcing)),
            tuple(sorted(before)),
            tuple(sorted(_ordinary_words(entries, named))),
        )

    @classmethod
    def read(cls, values: Mapping[str, Sequence]) -> Names:
        """Of what `_asdict` gave, by way of JSON."""
        groups: dict[str, Any] = {name: tuple(group) for name, group in values.items()}
        groups["series"] = tuple((one, other) for one, other in groups["series"])
        return cls(**groups)


class Dictionary:
    """The identifiers of a knowledge base."""

    def __init__(self, names: Names) -> None:
        self._named, self._kinds = frozenset(names.named), frozenset(names.kinds)
        self._series, self._ordinary = frozenset(names.series), frozenset(names.ordinary)
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
        found = (self._in(_tokens(one), language) for one in {plain, digits, spelled})
        return frozenset().union(*found)

    def read(self, lines: Sequence[str]) -> frozenset[str]:
        """The identifiers that lines of a photo name, or look like.

        Two digits, digits beside others (an amount on a receipt) and words beside an identifier
        look like too much.
        """
        inside = {code for line in lines for code in self.find(line) if not code.isalpha()}
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
        if not _is_part(tokens[place]):
            return "", 1
        for end in range(_reach(tokens, place), place + 1, -1):
            code = normalise("".join(token.text for token in tokens[place:end]))
            spelled = tokens[place:end]
            if self._is_spelled(spelled, code, language) or self._is_joined(spelled, code):
                return code, end - place
        code = normalise(tokens[place].text)
        named = 1 < len(code) <= MAX_LENGTH and self._is_named(tokens, place, code, language)
        return (code if named else ""), 1

    def _is_named(self, tokens: list[Token], place: int, code: str, language: str) -> bool:
        """Whether a single token is an identifier here."""
        word = tokens[place].text
        if code.isalpha():
            ordinary = code in self._ordinary or word.lower() in stop_words(language)
            return code in self._named and (_is_odd(word) or not ordinary)
        if NUMBER.fullmatch(code) and len(code) < LONG_NUMBER:
            return self._is_number(tokens, place, code, language)
        if fold(code) in self._folded or (_series(code), kind(code)) in self._series:
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
        if fold(code) not in self._folded or code.isalpha() or not _is_part(tokens[-1]):
            return False
        apart = any(token.apart for token in tokens[1:])
        words = [token.text.lower() for token in tokens if token.text.isalpha()]
        return not apart or not any(
            word in stop_words(language) or word.upper() in self._ordinary for word in words
        )

    def _is_joined(self, tokens: Sequence[Token], code: str) -> bool:
        """Whether tokens without a blank between them are built like the base's identifiers: PAY-32
        where there is PAY-31.
        """
        joined = _is_part(tokens[-1]) and not any(token.apart for token in tokens[1:])
        return joined and (_series(code), kind(code)) in self._series

    def _looking_like(self, line: str) -> frozenset[str]:
        """A display's left edge is read as a 1 now and then."""
        framed = re.fullmatch(r"1(\d*[A-Z]\w*)", line)
        looks = [line] + ([framed[1]] if framed else [])
        alike = (self._alike.get(look.translate(LOOKS)) for look in looks)
        return frozenset(next(filter(None, alike), ()))


def identifiers_of(entry: Entry) -> frozenset[str]:
    """All that an entry may name, normalised; which of them count, the base's Dictionary knows."""
    return written(entry.text) | named_in_title(entry.title) | _in_names(entry.text)


def named_in_line(line: str, wanted: frozenset[str]) -> str:
    """The first of the wanted identifiers that a line of a photo shows, as it stands there; a word
    only where it is the whole line. "" where it shows none.
    """
    if _display_lines([line]) & wanted:
        return line.upper() if line.islower() else line
    tokens = COMPOUND.findall(unicodedata.normalize("NFKC", line))
    return next((t.upper() for t in tokens if written(t) & wanted), "")


def written(text: str) -> frozenset[str]:
    """The tokens of a text that are built like identifiers, normalised: letters that run into
    digits, long numbers.
    """
    return frozenset(filter(None, map(_as_identifier, _numbered(text))))


def _numbered(text: str) -> Iterator[str]:
    """The tokens of a text that hold a digit, as they are written."""
    plain = unicodedata.normalize("NFKC", text)
    return filter(re.compile(r"\d").search, COMPOUND.findall(plain))


def shaped(text: str, pattern: str, language: str) -> tuple[tuple[str, ...], str]:
    """What in a text is written like an identifier of a kind, each once, and the text without it:
    in one piece, or where nothing is, in parts ("10 48 22", "one zero four eight two two").

    pattern: of the whole, normalised; its first group, if it has one, is the identifier.
    """
    plain = unicodedata.normalize("NFKC", text)
    texts = dict.fromkeys((plain, with_digits(plain, language)))
    for look in (COMPOUND.finditer, _in_parts):
        for one in texts:
            found, rest, end = dict[str, None](), "", 0
            for start, stop in (match.span() for match in look(one)):
                match = re.fullmatch(pattern, normalise(one[start:stop]))
                if match and start >= end:
                    found[match[1] if match.re.groups and match[1] else match[0]] = None
                    rest, end = f"{rest}{one[end:start]} ", stop
            if found:
                return tuple(found), rest + one[end:]
    return (), text


def _in_parts(text: str) -> Iterator[re.Match[str]]:
    """Stretches of short parts and joints in a text, from each place the longest first."""
    places = list(PARTS.finditer(text))
    for first in range(len(places)):
        for last in range(min(len(places), first + APART) - 1, first, -1):
            stretch = SPELLED.fullmatch(text, places[first].start(), places[last].end())
            if stretch:
                yield stretch


def _as_identifier(token: str) -> str:
    """The token normalised, or "" where it is not built like an identifier."""
    code = normalise(token)
    words = re.findall(r"[a-z]+", token)
    if not 1 < len(code) <= MAX_LENGTH or any(len(word) > 4 for word in words):
        return ""
    number = code.isdigit() and len(code) >= LONG_NUMBER and not code.endswith("000")
    mixed = MIXED.fullmatch(code) and token.isupper()
    return code if number or mixed or LETTERS_FIRST.fullmatch(code) or _is_hex(token) else ""


def _is_hex(token: str) -> bool:
    return bool(HEXADECIMAL.fullmatch(token))


def named_in_title(title: str) -> frozenset[str]:
    """What a title names, normalised: what is built like an identifier, a word in odd capitals
    (JAM, Ub), a number that its word announces (Error 24) or that is part of a name (Aster 40).
    """
    tokens = _tokens(unicodedata.normalize("NFKC", title))
    odd = (normalise(tokens[place].text) for place in _odd_words(tokens))
    numbers = (tokens[place].text for place in _announced_numbers(tokens))
    return written(title).union(odd, numbers, _in_names(title))


def _in_names(text: str) -> frozenset[str]:
    """The numbers that are part of names with a capital letter: 40 of "the Aster 40"."""
    return frozenset(number for _, number in numbered(text, title=True) if NUMBER.fullmatch(number))


def _is_odd(word: str) -> bool:
    """Whether capitals stand where no ordinary word has them: JAM, Ub, bE; of words of two letters
    one is enough.
    """
    if not (word.isascii() and word.isalpha() and 2 <= len(word) <= 6) or word.islower():
        return False
    return not word.istitle() or len(word) == 2


def _odd_words(tokens: list[Token]) -> Iterator[int]:
    """The places of a title's words in odd capitals: none of a title that is all capitals, none of
    two letters where every word begins with one or that are words of grammar ("Traffic: We ..."),
    and no part of a compound (Wi-Fi, VC-3).
    """
    words = [p for p, token in enumerate(tokens) if token.text.isascii() and token.text.isalpha()]
    if all(tokens[place].text.isupper() for place in words):
        return
    grammar = stop_words(language_of(" ".join(token.text for token in tokens)))
    for place in words:
        others = [tokens[p].text for p in words if p not in (0, place)]
        headline = others and all(word[0].isupper() for word in others)
        common = headline or tokens[place].text.lower() in grammar
        word, near = tokens[place].text, tokens[max(0, place - 1) : place + 2]
        hyphened = any(token.text == "-" for token in near)
        if place and _is_odd(word) and not hyphened and not (word.istitle() and common):
            yield place


def _announced_numbers(tokens: list[Token]) -> Iterator[int]:
    """The places of a title's numbers that name something: behind a word, before none."""
    for place in range(1, len(tokens)):
        behind = tokens[place + 1].text if place + 1 < len(tokens) else "."
        before = tokens[place - 1].text
        names = before.isalpha() and terms(before) and not behind.isalnum() and behind in ".,;:!?()"
        if names and NUMBER.fullmatch(tokens[place].text):
            yield place


def _announcers(title: str) -> Iterator[str]:
    """The terms right before the identifiers of a title: "show" in "Washing machine shows E24"."""
    plain = unicodedata.normalize("NFKC", title)
    tokens = _tokens(plain)
    named = set(_announced_numbers(tokens))
    for match in COMPOUND.finditer(plain):
        if _as_identifier(match[0]):
            yield from terms(plain[: match.start()])[-1:]
    for place in named:
        yield from terms(tokens[place - 1].text)[-1:]


def _named_in(entries: Sequence[Entry], heads: Sequence[str]) -> frozenset[str]:
    """What titles and questions name, and of answers what is long, with its joints (P-410), built
    like one of those, or listed."""
    titled = map(named_in_title, (entry.title for entry in entries))
    listed = map(_listed, (entry.answer for entry in entries))
    named = frozenset().union(*titled, *listed, *map(written, heads))
    series = {_series(code) for code in named} - {""}
    tokens = {token for entry in entries for token in _numbered(entry.answer)}
    mentioned = ((_as_identifier(token), len(token)) for token in tokens)
    fits = (code for code, length in mentioned if length >= LONG or _series(code) in series)
    return named.union(filter(None, fits))


def _listed(answer: str) -> frozenset[str]:
    """The identifiers of which an answer has several that are built alike: E02, E07, E10."""
    codes = {code for code in written(answer) if _series(code)}
    sizes = Counter(map(_series, codes))
    return frozenset(code for code in codes if sizes[_series(code)] >= LISTED)


def _ordinary_words(entries: Sequence[Entry], named: frozenset[str]) -> frozenset[str]:
    """Those of the named, and of their letters, that are words of the base too: written small in
    entries that do not name them in their title.
    """
    found: set[str] = set()
    for entry in entries:
        words = {word.upper() for word in re.findall(r"\b[a-z]+\b", entry.text)}
        found |= words - named_in_title(entry.title)
    letters = {part for code in named for part in re.findall("[A-Z]+", code)}
    return frozenset(found & (named | letters))


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


def _tokens(text: str) -> list[Token]:
    text = text.replace("‐", "-").replace("‑", "-")
    return [
        Token(match[0], match.start() == 0 or text[match.start() - 1].isspace())
        for match in TOKEN.finditer(text)
    ]


def _is_part(token: Token) -> bool:
    return token.text.isascii() and token.text.isalnum()


def _reach(tokens: Sequence[Token], place: int) -> int:
    """How far an identifier that begins at a place can reach: over short parts and joints."""
    end, length = place, 0
    while end < min(len(tokens), place + APART):
        text, follows = tokens[end].text, tokens[end - 1].text if end > place else ""
        length += len(text)
        stops = follows in (".", ":") and tokens[end].apart  # a sentence ends: "E. 24 hours"
        if stops or length > MAX_LENGTH or not (_is_part(tokens[end]) or text in JOINTS):
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


# -- how two are compared -------------------------------------------------------------------


def normalise(code: str) -> str:
    """Capitals and digits only: "wh-1000 xm5" -> "WH1000XM5"."""
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", code).upper())


def fold(code: str) -> str:
    """A normalised code with confusable characters made one, no leading zeros: EO7 -> E7."""
    return re.sub(r"(?<=[A-Z])0+(?=\d)", "", code.translate(CONFUSED))


def kind(code: str) -> str:
    """E24 -> A99: which places hold letters and which digits."""
    return re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", code))


def _series(code: str) -> str:
    """E24 -> E9, WH1000XM5 -> WH9XM9: what such identifiers have in common."""
    return re.sub(r"\d+", "9", code) if not code.isdigit() else ""


def same_kind(code: str, other: str) -> bool:
    """Whether two different codes name two things of one kind: E80 and E05, F21 and E05, 10 and
    E05.
    """
    if code.isdigit():
        return other.isdigit() or bool(NUMBERED.fullmatch(other)) and len(code) <= 3
    return kind(code) == kind(other) or _series(code) == _series(other)


def match(query: frozenset[str], entry: frozenset[str]) -> float:
    """How surely a code of the query is one of the entry's: 1 exactly, less by what had to be
    forgiven, 0.
    """
    if query & entry:
        return 1.0
    return max((_likeness(one, other) for one in query for other in entry), default=0.0)


def _likeness(one: str, other: str) -> float:
    """For two different normalised codes; a number and a word are never taken for each other: 10
    and LO.
    """
    if one.isdigit() and other.isalpha() or one.isalpha() and other.isdigit():
        return 0.0
    if _is_number_of(one, other) or _is_number_of(other, one):
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
