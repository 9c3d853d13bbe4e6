"""What a question asks for, by words of all languages that have a file (messages/*.toml): a price,
a time, another amount, steps, or anything; and what it says it does not ask about.

Guesses. Of all languages, since that of a short question is easily mistaken.
"""

from __future__ import annotations

import functools
import re
from itertools import dropwhile

from mm_support.language.detect import language_of, stop_words
from mm_support.language.facts import MONEY, facts_of
from mm_support.language.messages import listed
from mm_support.language.terms import BARE, edged

AMOUNTS = ("price", "time", "amount")
FIELD = re.compile(r"[^:：;；\n]{0,30}[:：]\s*\d")  # the rest of a field's name, and its number
TIMES = frozenset({"time", "months", "clock"})  # kinds of amounts that tell a time


def amounts_asked(question: str) -> frozenset[str]:
    """Which of AMOUNTS are asked for: one of any kind only where no other is."""
    asked = frozenset(kind for kind in AMOUNTS if _has(f"asks.{kind}", question))
    return asked - {"amount"} or asked


def amounts_stated(text: str) -> frozenset[str]:
    """Which of AMOUNTS a text states: a sum of money, or a number behind a word for one as in a
    column of prices; a time or a day, but not what each one costs; a number.
    """
    facts = facts_of(text)
    kinds = {amount.kind for amount in facts.amounts if amount.said or not amount.of}
    stated = (kinds & MONEY or _headed_price(text), kinds & TIMES or facts.days, facts.amounts)
    return frozenset(kind for kind, there in zip(AMOUNTS, stated) if there)


def _headed_price(text: str) -> bool:
    """Whether a field whose name has a word for a price is a number: "price: 329.00", "price per
    night (EUR): 31".
    """
    found = _wording("asks.price").finditer(text)
    return any(FIELD.match(text, word.end()) for word in found)


def without_amounts(question: str) -> str:
    """What a question says beside the words that ask for an amount."""
    for kind in AMOUNTS:
        question = _wording(f"asks.{kind}").sub(" ", question)
    return question


def asks_steps(question: str) -> bool:
    return _has("asks.steps", question)


def asks_in_words(clause: str) -> bool:
    """Whether a clause has a word by which one asks, whether or not a question mark ends it."""
    return _has("asks.at_all", clause)


def affirmed(question: str) -> str:
    """Without a clause that names what is not meant: "the S2, not the Mini", "not the Mini but the
    S2"; with one that tells what is wrong: "it is on, not charging".
    """
    unspaced = BARE.search(question)

    def left(match: re.Match[str]) -> str:
        return "" if unspaced or _names_a_thing(match[1]) else match[0]

    return _denied().sub(left, question)


def _names_a_thing(denied: str) -> bool:
    """Whether what is denied begins with an article or the like and says more, with a word that has
    a capital or a digit, or with one that a number ends: the mini, Mini, S2, brew 2.
    """
    words, stops = denied.split(), stop_words(language_of(denied))
    said = [*dropwhile(lambda word: word.lower() in stops, words)]
    if not said or len(said) < len(words):
        return bool(said)
    numbered = len(said) == 2 and said[1].isdigit()
    return numbered or any(sign.isdigit() or sign.isupper() for sign in said[0])


def opens_with_yes_or_no(sentence: str) -> bool:
    """Whether a yes or no of any language stands in front of what a sentence says: "No, it is"."""
    return bool(_yes_or_no().match(sentence))


@functools.cache
def _yes_or_no() -> re.Pattern[str]:
    said = {*listed("action.yes"), *listed("action.no")}
    either = "|".join(map(re.escape, sorted(said)))
    return re.compile(rf"\s*(?:{either})\s*[,.;:!–，。；：！、]", re.IGNORECASE)


@functools.cache
def _denied() -> re.Pattern[str]:
    denying, instead = _wording("asks.not").pattern, _wording("asks.instead").pattern
    return re.compile(
        rf"(?:^|[,;，；、،(])\s*(?:{denying})(?=\w|\s+\w)"
        rf"((?:(?!{instead})[^,.;!?，。；！？、،؟)])*)",
        re.IGNORECASE,
    )


def _has(key: str, text: str) -> bool:
    return bool(_wording(key).search(text.replace("’", "'")))


@functools.cache
def _wording(key: str) -> re.Pattern[str]:
    return re.compile(edged(listed(key)), re.IGNORECASE)
