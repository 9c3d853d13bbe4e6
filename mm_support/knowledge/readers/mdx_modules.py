"""The imports and exports of MDX, told from prose that begins with these words.

import Tabs from '@theme/Tabs';     code
export your data from the menu.     text
"""

from __future__ import annotations

import re
from collections.abc import Sequence

IMPORT = re.compile(
    r"import\s*(?:(?:type\s+)?(?:[\w$]+|(?:[\w$]+\s*,\s*)?(?:\{[\w$\s,]*\}|\*\s*as\s+[\w$]+))"
    r"\s*from\s*)?(?:'[^'\n]+'|\"[^\"\n]+\")\s*;?\s*$"
)
_OPEN_IMPORT = re.compile(r"import\s*(?:type\s+)?(?:[\w$]+\s*,\s*)?\{[\w$\s,]*$")
_EXPORT = re.compile(
    r"export\s*(?:\{|\*\s*(?:as\s+\w+\s+)?from\b|(?:const|let|var)\s*[\w$\[{][^=\n]*=|"
    r"(?:async\s+)?function\s*\*?\s*[\w$]*\s*\(|class\s+[\w$]+[^{\n]*\{|"
    r"(?:type|interface|enum)\s+[\w$]+\s*[={<]|"
    r"default\s*(?:[({\[<]|(?:async\s+)?function\b|class\b|[\w$.]+\s*(?:\(.*)?;?\s*$))"
)


def end_of_module(line: str, lines: Sequence[str], place: int) -> int:
    """The place behind an import or export that begins on the line before place, 0 where none
    does. Both end where their brackets are closed; if these never are, at an empty line.
    """
    if IMPORT.match(line):
        return place
    if _EXPORT.match(line):
        return _end_of_brackets(line, lines, place)
    if not _OPEN_IMPORT.match(line):
        return 0
    end = _end_of_brackets(line, lines, place)
    return end if IMPORT.match("\n".join([line, *lines[place:end]])) else 0


def _end_of_brackets(line: str, lines: Sequence[str], place: int) -> int:
    opened, empty = _opened(line), 0
    for at in range(place, len(lines)):
        if opened <= 0:
            return at
        empty = empty or (0 if lines[at].strip() else at)
        opened += _opened(lines[at])
    return len(lines) if opened <= 0 or not empty else empty


def _opened(line: str) -> int:
    """How many more brackets a line opens than it closes."""
    return line.count("{") - line.count("}") + line.count("(") - line.count(")")
