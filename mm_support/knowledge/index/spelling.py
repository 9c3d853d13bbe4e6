"""What words of a question that a base does not use were meant to be: the nearest words of the
base, and the name that it has for a country.

    respelled(version, "hwo do i retrun my ordr")    "hwo do i return my order"
    respelled(version, "Sonntagsöffnungszeiten?")      "sonntags öffnungszeiten?"
    respelled(version, "寄到英国要几天")                "寄到英国要几天 United Kingdom"

Misspelt is a word that the base does not use and that is not common in its language. One
letter may be wrong, missing, too many or in its neighbour's place, two in a long word; the first
one is taken to be right. Marks that are left out ("aout") are no mistake: the word of the
language that has them is meant where the base uses it. A word that is like none of the base but
ends with one is read as two: a compound, or a blank that was left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mm_support.knowledge.index.version import Version
from mm_support.language.countries import countries_in
from mm_support.language.detect import common_words, language_of, marked_words
from mm_support.language.marks import unmarked
from mm_support.language.terms import HAN, stem, terms

LONGEST = 80  # letters; what is longer is no word, and would be stemmed at each of its letters
WORD = re.compile(rf"(?<![\w@./-])[^\W\d_]{{4,{LONGEST}}}(?![\w@/-])")
LONG = 8  # letters of a word in which two may be wrong
PART = 4  # letters of each part of a compound
EVERYWHERE = "en"  # its words are used in other languages too


def respelled(version: Version, text: str) -> str:
    language = language_of(text)

    def meant(match: re.Match[str]) -> str:
        word = match[0].lower()
        if marked := _with_marks(version, word, language):
            return marked
        known = any(word in common_words(own) for own in (language, EVERYWHERE))
        if known or HAN.search(word):
            return match[0]
        return _nearest(version, word, language) or _parted(version, word, language) or match[0]

    named = [_named_here(version, *own) for own in countries_in(text)]
    return " ".join(filter(None, (WORD.sub(meant, text), *named)))


def _named_here(version: Version, name: str, names: Sequence[str]) -> str:
    """What the base calls a country that it does not call by this name; or ""."""
    asked = [frozenset(terms(own)) for own in (name, *names)]
    known = version.postings.find(frozenset().union(*asked)).keys()
    used = [own for own, parts in zip(names, asked[1:]) if parts and parts <= known]
    return "" if asked[0] <= known or not used else used[0]


def _with_marks(version: Version, word: str, language: str) -> str:
    """The word of the language that was typed without its marks ("aout"), where the base uses it
    and not what was typed; or "".
    """
    forms = {form: stem(form, language) for form in (word, *marked_words(language).get(word, ()))}
    used = version.postings.find(forms.values()).keys()
    held = [form for form, term in forms.items() if term in used]
    return held[0] if held and word not in held else ""


def _nearest(version: Version, word: str, language: str) -> str:
    """The base's word that is nearest, as it is written there, of those the one that most entries
    use; "" where it uses the word itself, or none is near.
    """
    from rapidfuzz.distance import OSA

    asked = stem(word, language)
    counts = version.postings.beginning_with(asked[0])
    if asked in counts:
        return ""
    most = 2 if len(word) >= LONG else 1
    forms = {unmarked(form) for form in (asked, word)}
    near = {
        term: min(OSA.distance(form, unmarked(term), score_cutoff=most) for form in forms)
        for term in counts
    }
    found = [term for term, distance in near.items() if distance <= most]
    if not found:
        return ""
    return _written(version, min(found, key=lambda term: (near[term], -counts[term], term)))


def _parted(version: Version, word: str, language: str) -> str:
    """A word that the base does not use as two: the second is one of the base, the first one of
    the base or else of the language; "" where there are none.
    """
    places = range(PART, len(word) - PART + 1)
    first = {at: stem(word[:at], language) for at in places}
    last = {at: stem(word[at:], language) for at in places}
    own, common = stem(word, language), common_words(language)
    used = version.postings.find({own, *first.values(), *last.values()}).keys()
    parted = [at for at in places if last[at] in used]
    parted = [at for at in parted if first[at] in used or word[:at] in common]
    if own in used or not parted:
        return ""
    at = min(parted, key=lambda at: (first[at] not in used, at))
    return f"{word[:at]} {word[at:]}"


def _written(version: Version, term: str) -> str:
    """A word of the entry that has a term first, of which it is the stem."""
    row = int(version.postings.find([term])[term][0][0])
    (entry,) = version.entries.some([row])
    language = language_of(entry.text)
    words = map(str.lower, re.findall(r"[^\W\d_]+", entry.text))
    return next((word for word in words if terms(word, language) == (term,)), "")
