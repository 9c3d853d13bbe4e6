"""What columns of tables and keys of exports are called, and what their cells say, in the larger
languages: names and values of field_names.toml. Knows no file format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from mm_support.language.folding import folded


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("field_names.toml").read_text(encoding="utf-8"))


_INNER_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
YES, NO = (frozenset(_tables()["cells"][value].split()) for value in ("yes", "no"))
UNPUBLISHED = frozenset(_tables()["cells"]["unpublished"])
RESTRICTED = frozenset(_tables()["cells"]["restricted"])


@cache
def known_names() -> dict[str, tuple[str, int]]:
    """Name, folded -> its field and its place among the field's names."""
    return {
        folded(name): (field, place)
        for field, names in _tables().items()
        if isinstance(names, list)
        for place, name in enumerate(names)
    }


@cache
def plain_name(name: str) -> str:
    """A name as the tables have it: viewCount is "view count"."""
    whole = folded(name)
    return whole if whole in known_names() else folded(_INNER_CAPITAL.sub(" ", name))


@cache
def is_aside(name: str) -> bool:
    """Whether a column says something of a record rather than of its matter, or has no name."""
    name, aside = plain_name(name), _tables()["aside"]
    if not name or name in aside["names"] or name.split()[-1] in aside["endings"]:
        return True
    return name.endswith(tuple(aside["unspaced"]))


@cache
def is_own(name: str) -> bool:
    """Whether a column is the company's own, beside what its customers read: notes, costs."""
    name, own = plain_name(name), _tables()["own"]
    words = name.split()
    if name in own["names"] or words[1:] and words[-1] in own["endings"]:
        return True
    return name.endswith(tuple(own["unspaced"])) and name not in own["unspaced"]


def of_customers(names: Iterable[str]) -> list[str]:
    """Those of the names that say who asked or ordered something, or who takes care of it."""
    customers, plain = _tables()["customers"], {name: plain_name(name) for name in names}
    found = [name for name, own in plain.items() if own in customers["names"]]
    return found + [name for name, own in plain.items() if found and own in customers["reached"]]


def is_numbered_draft(names: Collection[str], status: str) -> bool:
    """Whether a status that is a number says that customers do not see a record. names: its keys,
    which tell the program that it comes from."""
    known = {*map(plain_name, names)}
    return any(
        status in form["unpublished"] and known.issuperset(form["names"])
        for form in _tables()["numbered"].values()
    )


def field_of(name: str) -> str:
    """The field that a column's name stands for, "" for a name that is not known."""
    return known_field(name)[0]


def known_field(name: str) -> tuple[str, int]:
    """The field that a name stands for and its place among the field's names, or ("", 0)."""
    name, known = plain_name(name), known_names()
    ended = (
        (field, len(known))
        for field, endings in _tables()["endings"].items()
        if name.endswith(tuple(endings))
    )
    return known.get(name) or next(ended, ("", 0))
