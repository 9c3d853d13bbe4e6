"""Actions that a base declares in actions.toml: what can be looked up or done for a customer.

    [[action]]                    one table an action; docs/actions.md has every key
    name = "order-status"
    title = { en = "Where an order is" }
    examples = { en = ["Where is my order?"] }

An action is found like an entry; declarations.py reads the file. Knows no conversation, and calls
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mm_support.language.messages import DEFAULT
from mm_support.types import Entry, Hit, Kind

FILE = "actions.toml"
PREFIX = "action:"  # of the ids of entries that stand for actions
CUSTOMER = "customer"  # stands for whoever is signed in, in addresses and bodies
PLACE = re.compile(r"\{([A-Za-z0-9_.-]+)\}")  # where a value is put
SECRET = re.compile(r"\$\{([A-Za-z0-9_]+)\}")

Words = Mapping[str, str]  # language -> what is said in it


@dataclass(frozen=True)
class Parameter:
    """What an action needs to know. pattern: how all of an identifier is written, in capital
    letters and digits, or a text; options: value -> its labels; least, most: of a number.
    """

    name: str
    type: Kind
    ask: Words
    example: str = ""
    pattern: str = ""
    options: Mapping[str, Words] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None

    @property
    def free(self) -> bool:
        """Whether its value is all that was answered."""
        return self.type == "text" and not self.pattern


@dataclass(frozen=True)
class Call:
    """An HTTP call. url, body: with {parameter} in it; headers: with ${SECRET}. tool: of the MCP
    server at the url, whose arguments are the body.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    tool: str = ""


@dataclass(frozen=True, eq=False)
class DeclaredAction:
    """examples: by language. call: None where a Python function of the operator's does it.
    signed_in: only for customers whose identity the site has bound; writes: it is confirmed before.
    result, missing: what is said of the answer, and where there is none; terms: field of the answer
    -> value -> words for it.
    """

    name: str
    title: Words
    examples: Mapping[str, tuple[str, ...]]
    does: Words
    parameters: tuple[Parameter, ...]
    call: Call | None
    result: Words
    missing: Words
    confirm: Words
    source: Words
    terms: Mapping[str, Mapping[str, Words]]
    signed_in: bool
    writes: bool
    timeout: float

    def parameter(self, name: str) -> Parameter | None:
        return next((own for own in self.parameters if own.name == name), None)


def entry_id(action: DeclaredAction) -> str:
    """Of the first entry by which it is found."""
    return PREFIX + action.name


def said(words: Words, language: str) -> str:
    """What is said in a language; in English, or in the first one, where there is nothing in it."""
    first = next(iter(words.values()), "")
    return words.get(language) or words.get(DEFAULT) or first


def once(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The first `limit` entries, and the actions in front of the last of them, each once."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.entry.declaration or hit.entry.id, hit)
    found = list(best.values())
    last = entries_of(found)[:limit][-1:]
    return found[: found.index(last[0]) + 1] if last and len(found) > limit else found


def entries_of(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits that are no actions."""
    return tuple(hit for hit in hits if not hit.entry.declaration)


def each_once(entries: Iterable[Entry]) -> list[Entry]:
    """Entries for people to look at: of an action, which has one a language, the first."""
    first: dict[str, Entry] = {}
    for entry in entries:
        first.setdefault(entry.declaration or entry.id, entry)
    return list(first.values())
