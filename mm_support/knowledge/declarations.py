"""actions.toml -> the actions that it declares, checked; what is wrong is told in a sentence.

Whoever writes the file decides what is called, so it is read only from a folder that the operator
ingests. An action is found like an entry, by its title and examples, so it becomes one for each
language of its examples (`as_entries`), which carries its declaration.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from mm_support.errors import KnowledgeError
from mm_support.knowledge.actions import (
    CUSTOMER,
    FILE,
    PLACE,
    SECRET,
    Call,
    DeclaredAction,
    Parameter,
    Words,
    entry_id,
    said,
)
from mm_support.language.identifiers import normalise
from mm_support.language.messages import DEFAULT
from mm_support.types import Entry, Kind

MAX_BYTES = 2**18  # of the file
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
BEGINS = re.compile(r"\s*\[\[\s*action\s*\]\]")
SECRETS = "MM_SUPPORT_ACTION_"  # begins the environment variables that headers may hold
MAX_SECONDS = 30.0
REQUIRED = ("name", "title", "examples", "result")
KEYS = (*REQUIRED, "does", "parameter", "call", "missing", "confirm", "source", "terms")
OPTIONS = ("who", "writes", "timeout")
OF_PARAMETER = ("name", "type", "ask", "example", "pattern", "options", "min", "max")
OF_CALL = ("method", "url", "headers", "body", "tool")


def read_file(path: Path) -> list[Entry]:
    """The entries that stand for the actions of a file. Raises KnowledgeError, which says in a
    sentence what is wrong.
    """
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise KnowledgeError(f"{path.name} is larger than {MAX_BYTES // 2**10} KB; shorten it.")
        text = content.decode("utf-8-sig")
        lines = (n for n, line in enumerate(text.splitlines(), 1) if BEGINS.match(line))
        places = (f"{path.name}:{line}" for line in lines)
        found = [as_entries(*pair) for pair in zip(tables(text), places)]
        return [entry for entries in found for entry in entries]
    except OSError as exc:
        raise KnowledgeError(f"{path.name} cannot be read ({exc.strerror}).") from exc
    except UnicodeDecodeError as exc:
        raise KnowledgeError(f"{path.name} is not in UTF-8; save it as that.") from exc


def tables(text: str) -> list[dict[str, Any]]:
    """The actions' tables, checked. Raises KnowledgeError."""
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise KnowledgeError(f"{FILE} is no TOML: {exc}.") from exc
    _known(whole, ("action",), FILE)
    found = whole.get("action")
    if not (isinstance(found, list) and found and all(isinstance(own, dict) for own in found)):
        raise KnowledgeError(f"{FILE} declares no action; begin one with [[action]].")
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise KnowledgeError(f"{FILE}: write days and times as texts, in quotes.") from exc
    names = [parsed(own).name for own in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise KnowledgeError(f"{FILE} declares {sorted(twice)[0]!r} twice; rename one of them.")
    return found


def as_entries(table: dict[str, Any], place: str) -> list[Entry]:
    """The entries by which an action is found, one for each language of its examples: what is asked
    in a language is compared with what is said in it. place: where the table stands.
    """
    action, declaration = parsed(table), json.dumps(table, ensure_ascii=False, sort_keys=True)
    first = next(iter(action.examples))
    return [
        Entry(
            entry_id(action) + ("" if language == first else f":{language}"),
            said(action.title, language),
            action.does.get(language) or said(action.title, language),
            tuple(dict.fromkeys([said(action.title, language), *examples])),
            source=place,
            language=language,
            declaration=declaration,
        )
        for language, examples in action.examples.items()
    ]


def action_of(entry: Entry) -> DeclaredAction | None:
    """What an entry stands for; None for one that only says something."""
    return _declared(entry.declaration) if entry.declaration else None


@functools.lru_cache(256)
def _declared(declaration: str) -> DeclaredAction:
    return parsed(json.loads(declaration))


# -- an action's table ----------------------------------------------------------------------


def parsed(table: Mapping[str, Any]) -> DeclaredAction:
    """Raises KnowledgeError for what is no declaration of an action."""
    name = str(table.get("name", ""))
    where = f"{FILE}: the action {name!r}"
    if not NAME.fullmatch(name):
        raise KnowledgeError(f"{where} needs a name of small letters, digits, - and _.")
    _known(table, (*KEYS, *OPTIONS), where)
    for key in REQUIRED:
        if not table.get(key):
            raise KnowledgeError(f"{where} needs {key!r}.")
    listed = _list(table.get("parameter", ()), f"{where}: 'parameter'")
    parameters = tuple(_parameter(own, where) for own in listed)
    writes = _of(bool, table.get("writes", False), f"{where}: 'writes'")
    action = DeclaredAction(
        name,
        _words(table["title"], f"{where}: 'title'"),
        _examples(table["examples"], f"{where}: 'examples'"),
        _words(table.get("does", table["title"]), f"{where}: 'does'"),
        parameters,
        _call(table["call"], f"{where}: 'call'") if "call" in table else None,
        _words(table["result"], f"{where}: 'result'"),
        _words(table.get("missing", {}), f"{where}: 'missing'"),
        _words(table.get("confirm", {}), f"{where}: 'confirm'"),
        _words(table.get("source", table["title"]), f"{where}: 'source'"),
        _terms(table.get("terms", {}), f"{where}: 'terms'"),
        _who(table.get("who", "anyone"), where),
        writes,
        _seconds(table.get("timeout", 5), where),
    )
    _fits(action, where)
    return action


def _fits(action: DeclaredAction, where: str) -> None:
    """Raises KnowledgeError where the parts of a declaration do not go together."""
    names = [parameter.name for parameter in action.parameters]
    if len(set(names)) < len(names) or CUSTOMER in names:
        raise KnowledgeError(f"{where} needs another name for each parameter, none {CUSTOMER!r}.")
    if action.writes and not action.confirm:
        raise KnowledgeError(f"{where} changes something, so it needs 'confirm', what is asked.")
    called = [action.call.url, action.call.body] if action.call else []
    sent = set(PLACE.findall(json.dumps(called)))
    asked = {own for text in action.confirm.values() for own in PLACE.findall(text)}
    unknown = sorted(asked.union(sent - {CUSTOMER} if action.signed_in else sent) - set(names))
    if unknown:
        more = ' or who = "customer"' if unknown[0] == CUSTOMER else ""
        raise KnowledgeError(f"{where} uses {{{unknown[0]}}}; declare that parameter{more}.")


def _parameter(table: Mapping[str, Any], action: str) -> Parameter:
    name = str(table.get("name", ""))
    where = f"{action}: the parameter {name!r}"
    if not NAME.fullmatch(name):
        raise KnowledgeError(f"{where} needs a name of small letters, digits, - and _.")
    _known(table, OF_PARAMETER, where)
    kind: Any = table.get("type")
    if kind not in get_args(Kind):
        raise KnowledgeError(f"{where} needs a type: {', '.join(get_args(Kind))}.")
    if "ask" not in table:
        raise KnowledgeError(f"{where} needs 'ask', the question for it.")
    example = _text(table.get("example", ""), f"{where}: 'example'")
    pattern = _pattern(table.get("pattern", ""), where)
    if kind == "identifier" and not (pattern and re.fullmatch(pattern, normalise(example))):
        raise KnowledgeError(
            f"{where} needs a pattern of capital letters and digits, and an example that fits it."
        )
    options = _options(table.get("options", ()), where)
    if (kind == "choice") != bool(options):
        raise KnowledgeError(f"{where} needs options where its type is choice, and only there.")
    bounds = (table.get(key) for key in ("min", "max"))
    least, most = (None if own is None else _of((int, float), own, where) for own in bounds)
    ask = _words(table["ask"], f"{where}: 'ask'")
    return Parameter(name, kind, ask, example, pattern, options, least, most)


def _call(table: Any, where: str) -> Call:
    if not isinstance(table, Mapping):
        raise KnowledgeError(f"{where} is a table of {', '.join(OF_CALL)}.")
    _known(table, OF_CALL, where)
    method, url = table.get("method", "GET"), _text(table.get("url", ""), f"{where}: 'url'")
    if method not in METHODS:
        raise KnowledgeError(f"{where}: the method is one of {', '.join(METHODS)}.")
    _check_url(url, where)
    body, tool = table.get("body"), _text(table.get("tool", ""), f"{where}: 'tool'")
    if tool and ("method" in table or not isinstance(body or {}, Mapping)):
        raise KnowledgeError(f"{where}: a tool has no method, and its body is a table.")
    return Call(method, url, _headers(table.get("headers", {}), where), body, tool)


def _check_url(url: str, where: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise KnowledgeError(f"{where}: {url!r} is no address.") from None
    if not sound or "@" in parts.netloc or PLACE.search(parts.netloc) or SECRET.search(url):
        raise KnowledgeError(
            f"{where}: the url begins with https:// and a fixed host; secrets go into headers."
        )


def _headers(table: Any, where: str) -> Mapping[str, str]:
    if not isinstance(table, Mapping):
        raise KnowledgeError(f"{where}: 'headers' is a table of names and texts.")
    headers = {str(name): str(value) for name, value in table.items()}
    for name, value in headers.items():
        foreign = [own for own in SECRET.findall(value) if not own.startswith(SECRETS)]
        if foreign or any(sign in name + value for sign in "\r\n"):
            raise KnowledgeError(
                f"{where}: a header is one line, and its secrets are variables {SECRETS}..."
            )
    return headers


def _known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    if unknown := sorted(set(table) - set(keys)):
        raise KnowledgeError(f"{where} has no key {unknown[0]!r}; there are {', '.join(keys)}.")


def _words(value: Any, where: str) -> Words:
    """A text for all languages, or one for each."""
    if isinstance(value, str):
        value = {DEFAULT: value}
    if not isinstance(value, Mapping) or not all(re.fullmatch("[a-z]{2,3}", key) for key in value):
        raise KnowledgeError(f"{where} is a text, or a table of languages like en and zh.")
    if not all(_text(text, where) for text in value.values()):
        raise KnowledgeError(f"{where} is empty in a language; leave that out.")
    return {key: _text(text, where) for key, text in value.items()}


def _examples(value: Any, where: str) -> Mapping[str, tuple[str, ...]]:
    """A list, or one for each language."""
    lists = value if isinstance(value, Mapping) else {DEFAULT: value}
    return {
        language: tuple(_text(own, where) for own in _list(lists[language], where))
        for language in _words({key: key for key in lists}, where)
    }


def _text(value: Any, where: str) -> str:
    return _of(str, value, where).strip()


def _of(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        named = {str: "a text", bool: "true or false"}.get(kind, "a number")
        raise KnowledgeError(f"{where}: {value!r} is not {named}.")
    return value


def _list(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise KnowledgeError(f"{where} is a list.")
    return value


def _pattern(value: Any, where: str) -> str:
    try:
        re.compile(_text(value, f"{where}: 'pattern'"))
    except re.error as exc:
        raise KnowledgeError(f"{where}: the pattern {value!r} is no regular expression.") from exc
    return value


def _options(value: Any, where: str) -> Mapping[str, Words]:
    """value -> labels, of a list of {value, label}."""
    found: dict[str, Words] = {}
    for option in _list(value, f"{where}: 'options'"):
        if not isinstance(option, Mapping) or not option.get("value"):
            raise KnowledgeError(
                f'{where}: an option is {{value = "...", label = {{en = "..."}}}}.'
            )
        _known(option, ("value", "label"), f"{where}: an option")
        own = _text(option["value"], f"{where}: 'value'")
        found[own] = _words(option.get("label", own), f"{where}: 'label'")
    return found


def _terms(value: Any, where: str) -> Mapping[str, Mapping[str, Words]]:
    if not isinstance(value, Mapping) or not all(isinstance(v, Mapping) for v in value.values()):
        raise KnowledgeError(f"{where} is a table of fields, each a table of values.")
    return {
        name: {str(own): _words(words, where) for own, words in values.items()}
        for name, values in value.items()
    }


def _who(value: Any, where: str) -> bool:
    if value not in ("anyone", CUSTOMER):
        raise KnowledgeError(f'{where}: who is "anyone" or "customer" (signed in on your site).')
    return value == CUSTOMER


def _seconds(value: Any, where: str) -> float:
    seconds = float(_of((int, float), value, f"{where}: 'timeout'"))
    if not 0 < seconds <= MAX_SECONDS:
        raise KnowledgeError(f"{where}: the timeout is at most {MAX_SECONDS:.0f} s.")
    return seconds
