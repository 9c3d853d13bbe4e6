"""Sentences, and the words in them that carry meaning. Plain rules for English; knows no model.

Two texts are compared word by word after `content_words`: endings, contractions, number words,
currencies and spellings of codes are levelled, grammar's own words are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

ABBREVIATIONS = frozenset(
    "e.g i.e etc vs mr mrs ms dr prof st approx inc ltd fig p.s a.m p.m".split()
)
NUMBERS = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty ninety hundred".split(),
        "0 1 2 3 4 5 6 7 8 9 10 11 12 15 20 30 40 50 60 90 100".split(),
    )
)
CURRENCIES = {"$": "usd", "dollar": "usd", "€": "eur", "euro": "eur", "£": "gbp", "pound": "gbp"}
FOLDED = {
    "no": "not",
    "never": "not",
    "might": "may",
    "till": "until",
    "ll": "will",
    "shall": "will",
}
PERSONS = {
    "we": "we",
    "us": "we",
    "our": "we",
    "you": "you",
    "your": "you",
    "i": "you",
    "my": "you",
    "they": "they",
}
CONDITIONS = frozenset("if unless except only until provided without".split())
LIMITS = CONDITIONS | frozenset(
    "not none nothing nobody neither nor before after within least most more less than over under up maximum minimum "
    "during once while every each all any may must should or per instead between off out".split()
)
GLUE = frozenset(
    "a an the this that these those it its he she them their there here me mine yours is are was were be been being am "
    "do does did has have had would can could to of in at for by with as and but so then also too "
    "just please simply sure yes yeah okay ok well sorry thanks hi hello let about into which who whom whose what where "
    "how why because since however therefore mean s t re ve d m".split()
)

_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[A-Z0-9$€£])")
_STEP = re.compile(r"\s*(?:(?:step\s+)?\d{1,2}[.):]|[-*•])\s+", re.IGNORECASE)
_MARKER = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
_AMOUNT = re.compile(r"([$€£])\s?(\d(?:[\d.,]*\d)?)")
_CODE = r"[^\W\d_]+(?:-?\d+[^\W_]*)+(?:-[^\W_]*\d[^\W_]*)*"
_TOKEN = re.compile(
    rf"(?P<code>{_CODE})|(?P<number>\d(?:[\d.,:/]*\d)?)(?:st|nd|rd|th)?|(?P<word>[^\W\d_]+)|(?P<sign>[$€£%])|(?P<pause>[,;:.!?])"
)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instruction|rule|prompt|evidence|above|previous|guideline)"
    r"|^\W*(?:system|assistant|developer)(?: prompt| message)?\s*:"
    r"|\bnew (?:instruction|rule)s?\b|\byou are now\b|\bfrom now on,? (?:you|reply|answer|say)|\bpretend (?:to be|you)\b|\bact as (?:a|an|the|if)\b"
    r"|\b(?:say|reply|respond|answer|output|print|write|repeat|tell|reveal|show)\b.{0,40}\b(?:secret|password is|system prompt|the word|only with|nothing else|nothing but)\b"
    r"|\b(?:secret|hidden) (?:word|phrase|code|password|prompt|instruction)|\breveal the secret\b|\bforget (?:everything|all|what)\b"
    r"|\b(?:assistant|ai|chat ?bot|bot|language model|llm)\b.{0,40}\b(?:must|should|shall|has to|always|close|end|begin|include|say|reply|correct answer)\b"
    r"|\b(?:text|words|lines?|instructions?) above\b|\binclude the (?:word|phrase)\b|\balways (?:say|answer|reply|respond)\b"
    r"|<\|[^|<>]{0,40}\|>|\[/?INST\]|</?(?:evidence|typed|said|photo)>|\bsystem prompt\b",
    re.IGNORECASE,
)
_SPEAK = re.compile(
    r"\W*(?:please |now |then |only |just )*(?:say|reply|respond|answer|output|print|write|repeat|tell|reveal|shout|add|confirm|include)\b",
    re.IGNORECASE,
)


class Word(NamedTuple):
    """A word with meaning. person: the pronoun right before it. bound: leaving it out would change
    what holds.
    """

    stem: str
    person: str = ""
    bound: bool = False


def split_sentences(text: str) -> list[str]:
    """Sentences in order; prices, decimals, abbreviations and step numbers do not end one, lines
    do.
    """
    return [
        sentence for line in text.splitlines() for sentence in _split_line(line.strip()) if sentence
    ]


def _split_line(line: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(line):
        if not _goes_on(line[start : match.end()].strip()):
            yield line[start : match.end()].strip()
            start = match.end()
    yield line[start:]


def _goes_on(head: str) -> bool:
    """Whether the full stop at the end of `head` belongs to an abbreviation, an initial or a step's
    number.
    """
    if not head.endswith("."):
        return False
    last = head.split()[-1].strip(".(\"'").lower()
    return (
        last in ABBREVIATIONS
        or (len(last) == 1 and last.isalpha() and last != "i")
        or bool(_STEP.fullmatch(head + " "))
    )


def evidence_sentences(answer: str) -> list[str]:
    """The sentences of an entry's answer that may be shown and built on: no orders to a language
    model, nor what right behind one tells it to say."""
    kept, ordered = [], False
    for sentence in split_sentences(answer):
        ordered = is_order(sentence) or (ordered and bool(_SPEAK.match(sentence)))
        if not ordered:
            kept.append(sentence)
    return kept


def is_step(sentence: str) -> bool:
    """Whether the sentence opens with a step's number ("2. Press OK.") or a bullet."""
    return bool(_STEP.match(sentence))


def without_step_number(sentence: str) -> str:
    return _STEP.sub("", sentence, count=1) if is_step(sentence) else sentence


def without_markers(text: str) -> str:
    """The text without [1], [2, 3] and the like."""
    return _MARKER.sub("", text)


def is_order(sentence: str) -> bool:
    """Whether a sentence of the knowledge gives orders to a language model: such a sentence is no
    evidence.
    """
    return bool(_ORDER.search(sentence))


def codes(text: str) -> list[str]:
    """Codes and model numbers as they are written: letters that run into digits (E24, WH-1000XM5)."""
    return [match["code"] for match in _TOKEN.finditer(text) if match["code"]]


def normal_code(code: str) -> str:
    return code.replace("-", "").lower()


def content_words(text: str) -> list[Word]:
    """The words of a sentence that carry meaning, in order, with what binds them."""
    words: list[Word] = []
    person, conditional = "", False
    for kind, token in _tokens(without_step_number(text)):
        if kind == "pause":
            conditional = False
        elif token in PERSONS:
            person = PERSONS[token]
        elif token not in GLUE:
            conditional = conditional or token in CONDITIONS
            words.append(Word(token, person, conditional or kind != "word" or _limits(token)))
            person = ""
    return words


def word_stems(text: str) -> frozenset[str]:
    """The stems of the words of a text that carry meaning."""
    return frozenset(word.stem for word in content_words(text))


def only_points(text: str) -> bool:
    """Whether a question names no matter of its own: "What is this?", "can you help me with this?"."""
    return word_stems(text) <= POINTING


def _limits(stem: str) -> bool:
    return (
        stem in LIMITS
        or stem in NUMBERS.values()
        or (len(stem) > 4 and stem.startswith(("un", "non")))
    )


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    text = _AMOUNT.sub(r"\2 \1", _without_contractions(text))
    for match in _TOKEN.finditer(text):
        kind, token = str(match.lastgroup), match[str(match.lastgroup)].lower()
        if kind == "code":
            yield kind, normal_code(token)
        elif kind == "number":
            yield kind, _normal_number(token)
        elif kind == "sign" or token in PERSONS or token in GLUE or token in LIMITS:
            yield kind, CURRENCIES.get(token, FOLDED.get(token, token))
        else:
            token = NUMBERS.get(token) or FOLDED.get(token) or stem(token)
            yield kind, CURRENCIES.get(token, token)


def _without_contractions(text: str) -> str:
    text = text.replace("’", "'")
    text = re.sub(r"\b(?:can't|cannot)\b", "can not", text, flags=re.IGNORECASE)
    text = re.sub(r"\bwon't\b", "will not", text, flags=re.IGNORECASE)
    return re.sub(r"n't\b", " not", text, flags=re.IGNORECASE)


def _normal_number(token: str) -> str:
    """1,000 -> 1000; 12.50 -> 12.5; 9:00 -> 9; dates and other times stay as they are."""
    token = re.sub(r",(?=\d{3}\b)", "", token).removesuffix(":00")
    return token.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", token) else token


def stem(word: str) -> str:
    """A word without its grammatical ending: returns, returned, returning -> return."""
    if len(word) <= 3 or word.endswith("ss"):
        return word
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    word = word.removesuffix("e") if len(word) > 3 else word
    return word[:-1] + "i" if word.endswith("y") else word


POINTING = word_stems(
    "should help look see show tell know explain identify recognise name product thing item kind sort picture photo image say need "
    "want understand happen give information details more"
)  # stems that ask about what is shown without naming anything
