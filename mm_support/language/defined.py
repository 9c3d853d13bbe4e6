"""What a base's entries define: its identifiers, how they are built, and the words before them."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mm_support.language.codes import (
    COMPOUND,
    NUMBER,
    Token,
    as_identifier,
    kind,
    normalise,
    series_of,
    tokens_of,
    with_digit,
    written,
)
from mm_support.language.detect import language_of, stop_words
from mm_support.language.terms import terms
from mm_support.language.versions import numbered
from mm_support.types import Entry

REMEMBERED = 20_000  # titles and texts
LONG = 5  # characters from which an answer's token is an identifier by itself
LISTED = 3  # identifiers of a kind in one answer that it is about
# entries that use a word in odd capitals and are not titled by it, from which on it is a topic of
# the base (eSIM, PIN, EU), and no identifier; what displays show (JAM) a list may name beside
TOPIC = 2
ORDINARY = re.compile(r"\b(?:[a-z]+|[A-Z][a-z]{2,})\b")


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
        series = {(series_of(code), kind(code)) for code in named if series_of(code)}
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


@functools.lru_cache(REMEMBERED)
def named_in_title(title: str) -> frozenset[str]:
    """What a title names, normalised: what is built like an identifier, a word in odd capitals
    (JAM, Ub), a number that its word announces (Error 24) or that is part of a name (Aster 40).
    """
    tokens = tokens_of(unicodedata.normalize("NFKC", title))
    odd = (normalise(tokens[place].text) for place in _odd_words(tokens))
    numbers = (tokens[place].text for place in _announced_numbers(tokens))
    return written(title).union(odd, numbers, in_names(title))


@functools.lru_cache(REMEMBERED)
def in_names(text: str) -> frozenset[str]:
    """The numbers that are part of names with a capital letter, 40 of "the Aster 40", and of no
    identifier: AV-100.
    """
    names = numbered(COMPOUND.sub(_unless_identifier, text), title=True)
    return frozenset(number for _, number in names if NUMBER.fullmatch(number))


def _unless_identifier(token: re.Match[str]) -> str:
    return "" if as_identifier(token[0]) else token[0]


def is_odd(word: str) -> bool:
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
    odd = [place for place in words if place and is_odd(tokens[place].text)]
    if not odd or all(tokens[place].text.isupper() for place in words):
        return
    grammar = stop_words(language_of(" ".join(token.text for token in tokens)))
    for place in odd:
        others = [tokens[p].text for p in words if p not in (0, place)]
        headline = others and all(word[0].isupper() for word in others)
        common = headline or tokens[place].text.lower() in grammar
        word, near = tokens[place].text, tokens[max(0, place - 1) : place + 2]
        hyphened = any(token.text == "-" for token in near)
        if not hyphened and not (word.istitle() and common):
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
    tokens = tokens_of(plain)
    named = set(_announced_numbers(tokens))
    for match in COMPOUND.finditer(plain):
        if as_identifier(match[0]):
            yield from terms(plain[: match.start()])[-1:]
    for place in named:
        yield from terms(tokens[place - 1].text)[-1:]


def _named_in(entries: Sequence[Entry], heads: Sequence[str]) -> frozenset[str]:
    """What titles and questions name, topics left out, and of answers what is long, with its joints
    (P-410), built like one of those, or listed."""
    titled = [named_in_title(entry.title) for entry in entries]
    topics = _topics(entries, titled)
    listed = map(_listed, (entry.answer for entry in entries))
    named = frozenset().union(*titled, *listed, *map(written, heads)) - topics
    series = {series_of(code) for code in named} - {""}
    tokens = {token for entry in entries for token in with_digit(entry.answer)}
    mentioned = ((as_identifier(token), len(token)) for token in tokens)
    fits = (code for code, length in mentioned if length >= LONG or series_of(code) in series)
    return named.union(filter(None, fits))


def _topics(entries: Sequence[Entry], titled: Sequence[frozenset[str]]) -> frozenset[str]:
    """The words in odd capitals that several entries use which are not titled by them."""
    words = frozenset(filter(str.isalpha, frozenset().union(*titled)))
    used = Counter[str]()
    for entry, own in zip(entries, titled):
        found = {token.text for token in tokens_of(entry.text) if is_odd(token.text)}
        used.update((words & {normalise(word) for word in found}) - own)
    return frozenset(word for word, entries_ in used.items() if entries_ >= TOPIC)


def _listed(answer: str) -> frozenset[str]:
    """The identifiers of which an answer has several that are built alike: E02, E07, E10."""
    codes = {code for code in written(answer) if series_of(code)}
    sizes = Counter(map(series_of, codes))
    return frozenset(code for code in codes if sizes[series_of(code)] >= LISTED)


def _ordinary_words(entries: Sequence[Entry], named: frozenset[str]) -> frozenset[str]:
    """Those of the named, and of their letters, that are words of the base too: written small, or
    long with a capital as at a sentence's beginning, in entries that do not name them in their
    title.
    """
    found: set[str] = set()
    for entry in entries:
        words = {word.upper() for word in ORDINARY.findall(entry.text)}
        found |= words - named_in_title(entry.title)
    letters = {part for code in named for part in re.findall("[A-Z]+", code)}
    return frozenset(found & (named | letters))
