"""Regular expressions mean the same on every Python that pyproject.toml allows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import demo
import mm_support

# Python before 3.11.5 matches these wrongly (CPython's issue 106052): (?>...) is to be written
POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\{?\d*,?\d*\}\}?)\+")


def texts_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_pattern_repeats_a_group_possessively():
    folders = [Path(str(package.__file__)).parent for package in (mm_support, demo)]
    sources = [path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py")]
    assert len(sources) > 300
    assert [
        text for own in sources for text in texts_of(own) if POSSESSIVE_GROUP.search(text)
    ] == []


def test_such_groups_are_found_and_others_are_not():
    for pattern in (r"(?:a|b)*+c", r"(a|b)++", r"(?:a|b)?+", r"(?:a|b){0,20}+", r"(?:a|b){,9}+"):
        assert list(filter(POSSESSIVE_GROUP.search, texts_of(f"x = r'{pattern}'")))
    for pattern in (r"(?>(?:a|b)*)c", r"[ab]*+", r"\)++", r"(a)+", r"(a){2}b+"):
        assert not list(filter(POSSESSIVE_GROUP.search, texts_of(f"x = r'{pattern}'")))
