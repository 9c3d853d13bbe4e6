"""Codes that are asked about and codes that were found: E24, WH-1000XM5, those read in a photo.

Knows the hits of one question, and no probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, takewhile

from mm_support.decide.name_terms import asked_terms, entry_terms
from mm_support.knowledge.query import SearchQuery
from mm_support.language.codes import match, same_kind, written
from mm_support.language.defined import named_in_title
from mm_support.language.identifiers import identifiers_of
from mm_support.language.sentences import COLON
from mm_support.language.terms import term_set, terms
from mm_support.types import Entry, Hit

CODE = re.compile(r"[^\W\d_]\d")  # letters that run into digits
CLOSE = 0.8  # share of the best score that makes another entry a candidate


def names_another_code(query: SearchQuery, entry: Entry) -> bool:
    """Whether the customer typed or said an identifier of a kind that the entry's title names, or
    with letters that all of it names, but not one of the entry's.

    An entry about E41 does not answer a question about E99 or "error 10", one that explains PAY-31
    none about PAY-32; an order number, of a kind that the entry does not name at all, changes
    nothing.
    """
    asked = _coded_in(query)
    titled, known = named_in_title(entry.title), identifiers_of(entry)
    lettered = frozenset(code for code in known if not code.isdigit())
    return not match(asked, known) and any(
        same_kind(code, other)
        for code in asked
        for other in (titled if code.isdigit() else titled | lettered)
    )


def names_unknown_code(query: SearchQuery, hits: Sequence[Hit]) -> bool:
    """Whether the customer typed or said an identifier of a kind that titles of close entries name,
    and nothing found has it: E8, where there are E1, E2 and E3.
    """
    asked = _coded_in(query)
    titled = frozenset().union(*(named_in_title(hit.entry.title) for hit in close(hits)))
    known = frozenset().union(*(identifiers_of(hit.entry) for hit in hits))
    alike = any(same_kind(code, other) for code in asked for other in titled)
    return alike and not match(asked, known)


def titled_otherwise(entry: Entry, other: Entry) -> bool:
    """Whether two titles name different codes of one kind, and none of the same."""
    own, others = (written(each.title) for each in (entry, other))
    alike = any(same_kind(code, known) for code in own for known in others)
    return alike and not match(own, others)


def code_of_another(words: str, hits: Sequence[Hit]) -> bool:
    """Whether the best entry's title has the code asked about, but the question names what another
    code of the kind stands under and that entry nowhere ("E7 on the AirPure", of the SteamPress's
    E7 beside the AirPure's E3), or says of what has a title of its own that it shows the code, as
    this one does of another thing ("my purifier shows E3", of "Washer shows E3").
    """
    asked, best = asked_terms(words), hits[0].entry
    codes = codes_in(asked) & term_set(best.title)
    left = asked - entry_terms(best) if codes else frozenset()
    others = [hit.entry for hit in hits[1:] if left]
    above = (_above_code(other.title) for other in others if titled_otherwise(other, best))
    shown, titled = _showing(words, codes), _showing(best.title, codes)
    if shown and titled and shown[1] == titled[1] and shown[0].isdisjoint(titled[0]):
        above = chain(above, (term_set(other.title) & shown[0] for other in others))
    return any(left & own for own in above)


def _above_code(title: str) -> frozenset[str]:
    """What the parts of a title say that stand before the one with its code."""
    parts = map(term_set, COLON.split(title))
    return frozenset().union(*takewhile(lambda part: not codes_in(part), parts))


def _showing(text: str, codes: frozenset[str]) -> tuple[frozenset[str], str] | None:
    """What a text says shows one of the codes, and the term before the code; None where nothing."""
    said = terms(text)
    at = next((place for place, term in enumerate(said) if term in codes), 0)
    return (frozenset(said[: at - 1]), said[at - 1]) if at > 1 else None


def titled_by_code(query: SearchQuery, entry: Entry) -> bool:
    """Whether an entry's title has an identifier that the customer typed or said."""
    return bool(_coded_in(query) & named_in_title(entry.title))


def _coded_in(query: SearchQuery) -> frozenset[str]:
    """The identifiers that were typed or said."""
    texts = (query.identifiers.get(name, frozenset()) for name in ("text", "speech"))
    return frozenset().union(*texts)


def photo_names(query: SearchQuery, hits: Sequence[Hit]) -> bool:
    """Whether the photo shows an identifier of the best entry, read exactly."""
    read = query.identifiers.get("photo_text", frozenset())
    return bool(hits) and not read.isdisjoint(identifiers_of(hits[0].entry))


def unknown_in_photo(query: SearchQuery, hits: Sequence[Hit]) -> str:
    """An identifier that was read in the photo, built like the base's, where what was found names
    none that was; "" otherwise.
    """
    read = query.identifiers.get("photo_text", frozenset())
    known = frozenset().union(*(identifiers_of(hit.entry) for hit in hits))
    return "" if match(read, known) else min(read, default="")


def codes_in(asked: frozenset[str]) -> frozenset[str]:
    return frozenset(term for term in asked if term.isalnum() and CODE.search(term))


def close(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The entries that may hold the answer: the best one, and those whose score is close to its."""
    return tuple(hit for hit in hits if hit.score >= CLOSE * hits[0].score)
