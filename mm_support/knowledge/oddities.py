"""What looks odd in the entries of a base, for a person to look at. Nothing is changed by it.

Compares figures, lengths and scripts; knows no language but through language/.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mm_support.knowledge.contradictions import Contradiction
from mm_support.knowledge.entries import remark
from mm_support.knowledge.passages import MOST_TOGETHER, tokens
from mm_support.knowledge.readers.base import quoted
from mm_support.language.folding import folded
from mm_support.language.instructions import reads_like_an_instruction
from mm_support.language.sentences import ASKING, split_sentences
from mm_support.language.terms import CHARACTERS
from mm_support.types import Entry, Remark

SHORT = 2  # tokens of an answer that says hardly anything
USUAL_SCRIPT = 0.8  # share of the entries in one script from which another one is odd
SAMPLE = 60  # characters by which a script is told
_WORD = re.compile(rf"[{CHARACTERS}]|[^\W\d_{CHARACTERS}]+")

INSTRUCTION = "it reads like an instruction to an assistant; it is kept and shown as it stands"


def oddities(entries: Sequence[Entry]) -> list[Remark]:
    """(file, line, reason) of what looks odd; contradictions are told by the whole base."""
    found = [*_each(entries), *_duplicates(entries)]
    found += _other_scripts(entries)
    return [remark(entry, reason) for entry, reason in found]


def _each(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    for entry in entries:
        size = tokens(entry.answer)
        if not any(sign.isalpha() for sign in entry.answer):
            yield entry, "its text holds no words"
        elif size <= SHORT:
            yield entry, "its text is very short"
        elif size > MOST_TOGETHER:
            yield entry, "its text is very long; it would be found better in several entries"
        asked = (text for text in (entry.title, *entry.questions) if not text.endswith(ASKING))
        texts = *asked, entry.answer
        for text in filter(reads_like_an_instruction, texts):
            yield entry, f"{INSTRUCTION}: {quoted(_first_instruction(text))}"


def _first_instruction(text: str) -> str:
    """The sentence that reads so; sentences are split only where one does, since that is slow."""
    return next(filter(reads_like_an_instruction, split_sentences(text)), text)


def _duplicates(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(folded(entry.answer), entry)
        if other is not entry and (other.document != entry.document or not entry.document):
            yield entry, f"it says the same as '{other.title}' in '{other.source}'"


def told(found: Contradiction) -> str:
    """A contradiction as it is reported of its first entry."""
    where = f"'{found.other.title}' in '{found.other.source}'"
    both = f"{quoted(found.said)} here, {quoted(found.instead)} there"
    return f"it answers the same as {where} with other amounts or times: {both}"


def _other_scripts(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    scripts: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        scripts[script_of(entry.answer)].append(entry)
    scripts.pop("", None)
    usual = max(scripts, key=lambda script: len(scripts[script]), default="")
    if not scripts or len(scripts[usual]) < USUAL_SCRIPT * sum(map(len, scripts.values())):
        return
    for script, own in scripts.items():
        for entry in own if script != usual else ():
            yield entry, f"it is written in {script} script, most entries in {usual}"


def script_of(text: str) -> str:
    """The script of most words, as Unicode names it: Latin, Cyrillic; or Chinese or Japanese, where
    each sign counts as a word.
    """
    words = _WORD.findall(text[:SAMPLE])
    names = Counter(unicodedata.name(word[0], "").split(" ")[0] for word in words)
    east = sum(names.pop(name, 0) for name in ("CJK", "HIRAGANA", "KATAKANA"))
    written = Counter({name.capitalize(): count for name, count in names.items()})
    written["Chinese or Japanese"] = east
    return written.most_common(1)[0][0] if words else ""
