"""What columns of tables and keys of exports are called, and what their cells say, in the larger
languages: names and values of field_names.toml. Knows no file format.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from mm_support.language.folding import folded


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("field_names.toml").read_text(encoding="utf-8"))


YES, NO = (frozenset(_tables()["cells"][value].split()) for value in ("yes", "no"))
UNPUBLISHED = frozenset(_tables()["cells"]["unpublished"])


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
def is_aside(name: str) -> bool:
    """Whether a column says something of a record rather than of its matter, or has no name."""
    name, aside = folded(name), _tables()["aside"]
    if not name or name in aside["names"] or name.split()[-1] in aside["endings"]:
        return True
    return name.endswith(tuple(aside["unspaced"]))


def field_of(name: str) -> str:
    """The field that a column's name stands for, "" for a name that is not known."""
    return known_field(name)[0]


def known_field(name: str) -> tuple[str, int]:
    """The field that a name stands for and its place among the field's names, or ("", 0)."""
    name, known = folded(name), known_names()
    ended = (
        (field, len(known))
        for field, endings in _tables()["endings"].items()
        if name.endswith(tuple(endings))
    )
    return known.get(name) or next(ended, ("", 0))
