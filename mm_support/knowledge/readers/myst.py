"""Takes out of Markdown what Sphinx and Jupyter Book read in it (MyST): directives, roles and
targets.

A box (```{note}) becomes one of :::, code stays code, a figure becomes a picture; what the site
puts other texts in place of is left out. Every line stays in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

_DIRECTIVE = re.compile(r"(\s*)(`{3,}|~{3,}|:{3,})\{([A-Za-z][\w:.-]*)\}\s*(.*?)\s*$")
_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,}|:{3,})")
_OPTION = re.compile(r"\s*:[\w-]+:(?:\s.*)?$")
_CAPTION = re.compile(r"\s*:(?:caption|filename):\s*([^\"`]*[^\"`\s])\s*$")
MOST_OPTIONS = 20  # of a directive
_TARGET = re.compile(r"\s*\([^()]+\)=\s*$")
_ROLE = re.compile(r"\{[A-Za-z][\w:.-]*\}`([^`\n]+)`")
_NAMED = re.compile(r"(.*\S)\s*<[^<>]*>$")  # of a role: what it shows, and where it leads
BOXES = frozenset(
    "admonition attention caution danger error hint important note seealso tip warning topic "
    "sidebar todo dropdown details card grid-item-card grid grid-item tab-set tab-item tabbed "
    "panels margin epigraph pull-quote rubric container div only glossary list-table csv-table "
    "table versionadded versionchanged versionremoved deprecated".split()
)
VERSIONS = frozenset("versionadded versionchanged versionremoved deprecated".split())
CODE = frozenset("code code-block code-cell sourcecode parsed-literal prompt".split())
PICTURES = frozenset("figure image".split())
NAVIGATION = frozenset("toctree tableofcontents contents index".split())
ELSEWHERE = NAVIGATION | frozenset(  # what stands there on the site is not in the file
    "include literalinclude eval-rst raw bibliography automodule autoclass autofunction".split()
)
KNOWN = BOXES | CODE | PICTURES | ELSEWHERE


@dataclass
class Plain:
    """Lines of Markdown without MyST. left_out: (place, directive)."""

    lines: list[str] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Open:
    """A directive or a fence that is open. name: of a directive; "" for code."""

    fence: str
    name: str = ""

    def is_closed_by(self, line: str) -> bool:
        mark = line.strip()
        return len(mark) >= len(self.fence) and not mark.strip(self.fence[0])

    @property
    def is_code(self) -> bool:
        return self.name in CODE or not self.name and self.fence[0] != ":"


def without_myst(lines: list[str]) -> Plain:
    """As many lines as given; the same where there is no MyST among them."""
    plain = Plain()
    may_be = (line for line in lines if "}" in line or ")=" in line)
    if not any(_is_known(_DIRECTIVE.match(line)) or _TARGET.match(line) for line in may_be):
        plain.lines = lines
        return plain
    plain.lines = [*_plain(lines, plain.left_out)]
    return plain


def _is_known(directive: re.Match[str] | None) -> bool:
    return bool(directive) and directive[3] in KNOWN


def _plain(lines: list[str], left_out: list[tuple[int, str]]) -> Iterator[str]:
    opened: list[_Open] = []
    options = False  # whether the lines after a directive's head may be its options
    for at, line in enumerate(lines):
        if options and (_OPTION.match(line) or line.strip() == "---"):
            yield ""
            continue
        options = False
        if opened and opened[-1].is_closed_by(line):
            yield _closed(opened.pop(), line)
        elif opened and opened[-1].name in ELSEWHERE:
            yield ""
        elif opened and opened[-1].is_code:
            yield line
        elif _is_known(directive := _DIRECTIVE.match(line)):
            assert directive is not None
            opened.append(_Open(directive[2], directive[3]))
            options = True
            if directive[3] in ELSEWHERE:
                left_out.append((at, line.strip()))
            yield _head(directive, _caption(lines[at + 1 : at + 1 + MOST_OPTIONS]))
        elif fence := _FENCE.match(line):
            opened += [_Open(fence[1])] if fence[1][0] != ":" or line.strip(": ") else []
            yield line
        else:
            yield "" if _TARGET.match(line) or line.startswith("% ") else _without_roles(line)


def _caption(below: Iterable[str]) -> str:
    """What code is called among the options of its directive; "" where it is not."""
    named = (_CAPTION.match(line) for line in takewhile(_OPTION.match, below))
    return next((found[1] for found in named if found), "")


def _head(directive: re.Match[str], caption: str) -> str:
    """What stands in place of a directive's first line."""
    blanks, fence, name, said = directive.groups()
    if name in CODE:
        called = f' title="{caption}"' if caption else ""
        return f"{blanks}{fence.replace(':', '`')}{called}"
    if name in PICTURES:
        return f"{blanks}![](<{said}>)" if said else ""
    if name in ELSEWHERE:
        return ""
    title = f"Version {said}" if name in VERSIONS and said else _without_roles(said)
    return f"{blanks}:::{name} {title}".rstrip()


def _closed(own: _Open, line: str) -> str:
    """What stands in place of the line that closes a directive or a fence."""
    if own.name in CODE:
        return line.replace(":", "`")
    return ":::" if own.name in BOXES else "" if own.name else line


def _without_roles(line: str) -> str:
    """The line with what roles show: {ref}`Rooms <rooms>` is Rooms, {kbd}`F1` is F1. What looks
    like one within a code span stays.
    """
    pieces, last = [], 0
    for role in _ROLE.finditer(line) if "}`" in line else ():
        if line.count("`", 0, role.start()) % 2 == 0:
            named = _NAMED.match(role[1])
            pieces += [line[last : role.start()], named[1] if named else role[1].lstrip("~!")]
            last = role.end()
    return "".join([*pieces, line[last:]])
