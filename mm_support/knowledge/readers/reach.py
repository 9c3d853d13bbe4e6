"""How and when a company is reached, as the head or foot of a page says it.

A number to call, an address to write to or opening hours stand there on many sites and nowhere
else; links through the site stand beside them. Knows no file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from mm_support.knowledge.readers.base import Block, Remarks
from mm_support.knowledge.readers.blocks import tree_blocks
from mm_support.knowledge.readers.elements import letters_of
from mm_support.language.contacts import KINDS, states
from mm_support.language.facts import facts_of
from mm_support.language.telephone import LONG

CALLING = ("tel:", "mailto:")
NO_TEXT = ".//nav|.//form|.//dialog|.//button|.//iframe|.//svg|.//*[@role='navigation']"
DAYS_AND_HOURS = re.compile(  # "Mo-Fr 8-18": two short words, two hours
    r"\b[^\W\d_]{1,4}\.?\s?[-–—~～]\s?[^\W\d_]{1,4}\.?\s?[:：,]?\s*"
    r"(?<!\d)\d{1,2}\b[^\d\n]{0,9}[-–—~～][^\d\n]{0,3}\d{1,2}(?!\d)"
)
MAX_LETTERS = 600  # under one heading; of more, what is beside its numbers is another matter


def has_contact(text: str) -> bool:
    """Whether a text has a telephone number or an e-mail address."""
    may = "@" in text or sum(map(str.isdigit, text)) >= LONG
    return may and any(states(kind, text) for kind in KINDS)


def reaches(text: str) -> bool:
    """Whether a text has one of these or opening hours."""
    return has_contact(text) or _has_hours(text)


def _has_hours(text: str) -> bool:
    """Whether a text says when something is open: two times or days of the week. One of each, or
    a date, are those of an event."""
    facts = facts_of(text)
    times = sum(amount.kind == "clock" for amount in facts.amounts)
    days = sum(day.startswith("weekday") for day in facts.days)
    weekly = days and not any(day.startswith("month") for day in facts.days)
    return bool(times > 1 or weekly and (days > 1 or not times) or DAYS_AND_HOURS.search(text))


def reaching(element: Any, says: Callable[[str], bool] = reaches) -> tuple[Block, ...]:
    """What an element says of that, by its headings, with what stands beside it under the same.
    says: whether a text does; an <address> does always.
    """
    own = copy.deepcopy(element)
    own.tail = None
    for part in own.xpath(NO_TEXT):
        part.drop_tree()
    for link in own.xpath(".//a[@href]"):
        _read_link(link)
    places = " ".join(map(letters_of, own.iter("address")))
    blocks, _ = tree_blocks(own, Remarks(""))
    return tuple(_told(blocks, lambda text: "".join(text.split()) in places or says(text)))


def _read_link(link: Any) -> None:
    """A link that calls or has a figure is read as text, with the address that it hides; others
    lead through the site."""
    text, address = link.text_content(), link.get("href")
    if address.startswith(CALLING):
        number = address.partition(":")[2].partition("?")[0]
        if not has_contact(text) and number:
            link.text = f"{' '.join(text.split())} {number}"
            del link[:]
        link.drop_tag()
    elif any(map(str.isdigit, text)):
        link.drop_tag()
    else:
        link.drop_tree()


def _told(blocks: Iterable[Block], says: Callable[[str], bool]) -> Iterator[Block]:
    heading: list[Block] = []
    for is_heading, group in groupby(blocks, lambda block: block.kind == "heading"):
        under = [block for block in group if block.text and not block.text.startswith("©")]
        if is_heading:
            heading = under[-1:]
            continue
        if told := [block for block in under if says(block.text)]:
            short = sum(len(block.text) for block in under) <= MAX_LETTERS
            yield from heading
            yield from (under if short else told)
        heading = []
