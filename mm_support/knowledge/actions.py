"""Actions that a base declares in actions.toml: what can be looked up or done for a customer.

    [[action]]                    one table an action; docs/actions.md has every key
    name = "order-status"
    title = { en = "Where an order is" }
    examples = { en = ["Where is my order?"] }

Each class is such a table, checked as it is made: what cannot be declared raises pydantic's
ValidationError. An action is found like an entry; declarations.py reads the file. Knows no
conversation, and calls nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, field_validator, model_validator

from mm_support.language.codes import normalise
from mm_support.language.messages import DEFAULT
from mm_support.types import Entry, Hit, Kind

FILE = "actions.toml"
PREFIX = "action:"  # of the ids of entries that stand for actions
CUSTOMER = "customer"  # stands for whoever is signed in, in addresses and bodies
PLACE = re.compile(r"\{([A-Za-z0-9_.-]+)\}")  # where a value is put
SECRET = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
SECRETS = "MM_SUPPORT_ACTION_"  # begins the environment variables that headers may hold
MAX_SECONDS = 30.0


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", value):
        raise ValueError("it is made of small letters, digits, - and _")
    return value


def _words(value: Any) -> dict[str, str]:
    """A text for all languages, or one for each."""
    table = {DEFAULT: value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not all(re.fullmatch("[a-z]{2,3}", key) for key in table):
        raise ValueError("it is a text, or a table of languages like en and zh")
    if not all(isinstance(text, str) and text.strip() for text in table.values()):
        raise ValueError("it is no text, or empty in a language; leave that out")
    return {language: text.strip() for language, text in table.items()}


def _examples(value: Any) -> dict[str, tuple[str, ...]]:
    """A list, or one for each language."""
    lists = value if isinstance(value, Mapping) else {DEFAULT: value}
    if not lists or not all(isinstance(own, list) and own for own in lists.values()):
        raise ValueError("it is a list of questions, or one for each language")
    return {
        language: tuple(text for own in lists[language] for text in _words(own).values())
        for language in _words({language: language for language in lists})
    }


def _pattern(value: Any) -> str:
    try:
        return re.compile(value).pattern
    except (re.error, TypeError):
        raise ValueError(f"{value!r} is no regular expression") from None


def _options(value: Any) -> dict[str, dict[str, str]]:
    """value -> labels, of a list of {value, label}."""
    if not isinstance(value, list) or not all(isinstance(own, Mapping) for own in value):
        raise ValueError('it is a list of {value = "...", label = {en = "..."}}')
    if not all({"value"} <= set(own) <= {"value", "label"} for own in value):
        raise ValueError("an option has a value and a label")
    return {str(own["value"]): _words(own.get("label", own["value"])) for own in value}


Name = Annotated[str, PlainValidator(_name)]
Words = Annotated[Mapping[str, str], PlainValidator(_words)]  # language -> what is said in it
Examples = Annotated[Mapping[str, tuple[str, ...]], PlainValidator(_examples)]
Pattern = Annotated[str, PlainValidator(_pattern)]
Options = Annotated[Mapping[str, Mapping[str, str]], PlainValidator(_options)]


class _Table(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, strict=True, populate_by_name=True
    )


class Parameter(_Table):
    """What an action needs to know. pattern: of an identifier in capital letters and digits, or of
    a text; options: value -> its labels; least, most: of a number.
    """

    name: Name
    type: Kind
    ask: Words
    example: str = ""
    pattern: Pattern = ""
    options: Options = Field(default_factory=dict)
    least: float | None = Field(None, alias="min")
    most: float | None = Field(None, alias="max")

    @model_validator(mode="after")
    def _fits(self) -> Parameter:
        known = self.pattern and re.fullmatch(self.pattern, normalise(self.example))
        if self.type == "identifier" and not known:
            raise ValueError(
                "it needs a pattern of capital letters and digits, and an example that fits it"
            )
        if (self.type == "choice") != bool(self.options):
            raise ValueError("it needs options where its type is choice, and only there")
        return self

    @property
    def free(self) -> bool:
        """Whether its value is all that was answered."""
        return self.type == "text" and not self.pattern


class Call(_Table):
    """An HTTP call. url, body: with {parameter}; headers: with ${SECRET}. tool: of the MCP server
    at the url, its arguments the body.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    tool: str = ""

    @field_validator("url")
    @classmethod
    def _outside(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            raise ValueError(f"{url!r} is no address") from None
        if not sound or "@" in parts.netloc or PLACE.search(parts.netloc) or SECRET.search(url):
            raise ValueError("it begins with https:// and a fixed host; secrets go into headers")
        return url

    @field_validator("headers")
    @classmethod
    def _own_secrets(cls, headers: dict[str, str]) -> dict[str, str]:
        written = "".join([*headers, *headers.values()])
        own = all(name.startswith(SECRETS) for name in SECRET.findall(written))
        if not own or "\r" in written or "\n" in written:
            raise ValueError(f"a header is one line, and its secrets are variables {SECRETS}...")
        return headers

    @model_validator(mode="after")
    def _fits(self) -> Call:
        other = "method" in self.model_fields_set or not isinstance(self.body or {}, Mapping)
        if self.tool and other:
            raise ValueError("a tool has no method, and its body is a table")
        return self


class DeclaredAction(_Table):
    """does: what is shown of it, else its title. call: None where a Python function of the
    operator's does it. who: "customer", only those whose identity the site has bound. result,
    missing: what is said of the answer, and where there is none; source: what it is cited as;
    terms: field of the answer -> value -> words.
    """

    name: Name
    title: Words
    examples: Examples
    result: Words
    does: Words = Field(default_factory=dict)
    parameters: tuple[Parameter, ...] = Field((), alias="parameter", strict=False)
    call: Call | None = None
    missing: Words = Field(default_factory=dict)
    confirm: Words = Field(default_factory=dict)
    source: Words = Field(default_factory=dict)
    terms: dict[str, dict[str, Words]] = Field(default_factory=dict)
    who: Literal["anyone", "customer"] = "anyone"
    writes: bool = False
    timeout: float = Field(5, gt=0, le=MAX_SECONDS)

    @model_validator(mode="after")
    def _fits(self) -> DeclaredAction:
        names = [parameter.name for parameter in self.parameters]
        if len(set(names)) < len(names) or CUSTOMER in names:
            raise ValueError(f"it needs another name for each parameter, none {CUSTOMER!r}")
        if self.writes and not self.confirm:
            raise ValueError("it changes something, so it needs 'confirm', what is asked")
        called = [self.call.url, self.call.body] if self.call else []
        sent = set(PLACE.findall(json.dumps(called)))
        asked = {own for text in self.confirm.values() for own in PLACE.findall(text)}
        known = {*names, CUSTOMER} if self.signed_in else set(names)
        if unknown := sorted((sent - known) | (asked - set(names))):
            more = ' or who = "customer"' if unknown[0] == CUSTOMER else ""
            raise ValueError(f"it uses {{{unknown[0]}}}; declare that parameter{more}")
        return self

    @property
    def signed_in(self) -> bool:
        return self.who == CUSTOMER

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
